/*
 * world - what a whole-program test stands in: a temporary directory, which is
 * the program's working directory, files in it, and an origin to fetch from.
 *
 * Everything that a world gives out lives until its end; whatever goes wrong
 * fails the test.  At the end the origin and the programs still running are
 * ended and the directory is removed (it stays if IT_KEEP is set).
 */
#ifndef BULKFETCH_TESTS_IT_WORLD_H
#define BULKFETCH_TESTS_IT_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"

#define WORLD_CHILDREN_MAX 64

struct world_child {
	pid_t pid;
	int signal; /* what ends it */
};

struct world {
	char dir[256];
	void **pieces; /* owned, and each of them */
	size_t piece_count;
	size_t piece_cap;
	struct world_child children[WORLD_CHILDREN_MAX]; /* still running */
	size_t child_count;
	unsigned port;           /* of the origin */
	pid_t origin;            /* 0 without */
	int origin_life;         /* the origin ends when this is closed */
	uint64_t origin_version; /* of its files that come in versions */
};

/* For cmocka: each test gets a world of its own as its state. */
#define WORLD_TEST(test) \
	cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
int world_setup(void **state);
int world_teardown(void **state);

/* Remove a directory, whatever is in it; -1 when something is left. */
int world_remove(const char *dir);

/* Memory that lives as long as the world. */
void *world_alloc(struct world *w, size_t len);
char *world_text(struct world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The whole name of a file in the directory. */
char *world_path(struct world *w, const char *name);

/* ---- Files; names are relative to the directory ------------------------- */

void world_write(struct world *w, const char *name, const char *text);
void world_write_octets(struct world *w, const char *name, struct slice octets);
void world_mkdir(struct world *w, const char *name);

/* Contents, with a NUL behind them for those who want text. */
struct slice world_read(struct world *w, const char *name);
const char *world_read_text(struct world *w, const char *name);

bool world_has(struct world *w, const char *name);

/* Files below `name`, at any depth; 0 when it is not there. */
size_t world_count_files(struct world *w, const char *name);

/* Octets in them. */
uint64_t world_octets(struct world *w, const char *name);

/* `name` is a regular file that holds exactly this. */
void expect_file(struct world *w, const char *name, struct slice octets);
void expect_text_file(struct world *w, const char *name, const char *text);

/* `name` holds the first `len` octets that the path `target` generates. */
void expect_pattern(
    struct world *w, const char *name, const char *target, uint64_t len);

/* The file below `dir`, under its default name, is that of a generated path. */
void expect_generated(struct world *w, const char *dir, const char *target);

/* The same for what came from another "HOST:PORT" than origin_host(). */
void expect_generated_from(struct world *w, const char *dir,
    const char *authority, const char *target);

/* ---- The origin (tests/origin) ------------------------------------------ */

/* Start it on all of 127.0.0.0/8 and [::1]; `script` may be NULL, and so may
 * `option`, one more word for its command line. */
void origin_start(struct world *w, const char *script, const char *option);

/* Stop it, if there is one; false, having said so, when it did not end well. */
bool origin_stop(struct world *w);

/* "http://127.0.0.1:PORT" and then `target`. */
char *origin_url(struct world *w, const char *target);

/* The same for another address that it listens on. */
char *origin_url_at(struct world *w, const char *host, const char *target);

/* "127.0.0.1:PORT", the directory of the origin's files. */
char *origin_host(struct world *w);

/* Append the URLs PREFIX0, PREFIX1 and so on to the list `name`. */
void origin_add_urls(struct world *w, const char *name, const char *host,
    const char *prefix, size_t count);

/* Those, which are generated paths, have their files below `dir`. */
void expect_urls(struct world *w, const char *dir, const char *host,
    const char *prefix, size_t count);

/* Have it serve that version of its files from now on; they begin with 0. */
void origin_set_version(struct world *w, uint64_t version);

/* A counter of /-/stats: "accepted", "open", "peak", "requests". */
uint64_t origin_stat(struct world *w, const char *name);

/* Wait until a counter has at least this value. */
void origin_wait(struct world *w, const char *name, uint64_t least);

/* A request that the origin has logged. */
struct origin_request {
	int64_t at_ms; /* as world_now_ms() counts */
	uint64_t connection;
	char *line; /* METHOD TARGET VERSION */
	char *head; /* fields, "\r\nName: value" each; NULL: not asked for */
};

/* All of them, in order. */
struct origin_request *origin_requests(struct world *w, size_t *count);

/* The same with their heads, of which the origin keeps 8 MiB. */
struct origin_request *origin_heads(struct world *w, size_t *count);

/* The value of a field of the request's head, NULL without. */
char *origin_field(
    struct world *w, const struct origin_request *request, const char *name);

/* The request has that field; NULL: it has none of that name. */
void expect_field(struct world *w, const struct origin_request *request,
    const char *name, const char *value);

/* Whether the request is for `target`, whatever the method. */
bool origin_is_for(const struct origin_request *request, const char *target);

/* How many of them were for `target`. */
size_t origin_count(struct world *w, const char *target);

/* ---- Odds and ends ------------------------------------------------------ */

int64_t world_now_ms(void);

/* Let a moment pass while waiting for something that tells nobody. */
void world_pause(void);

/* A socket listening on 127.0.0.1, with a queue that is full if so wished:
 * connecting to it then neither succeeds nor fails. */
int world_listen(struct world *w, bool is_full, unsigned *port);

/* Where a program is that may be installed, in PATH or where servers usually
 * are; NULL, with the reason printed, when it is not. */
const char *world_find_program(struct world *w, const char *name);

/* Let the world end this child, by that signal; drop it once it was waited
 * for. */
void world_add_child(struct world *w, pid_t pid, int signal);
void world_drop_child(struct world *w, pid_t pid);

#endif
