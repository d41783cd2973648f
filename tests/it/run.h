/*
 * run - the program under test, run in a world's directory.
 *
 * A run that takes longer than its bound is killed and fails the test.
 */
#ifndef BULKFETCH_TESTS_IT_RUN_H
#define BULKFETCH_TESTS_IT_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/buf.h"
#include "world.h"

#define RUN_WORDS_MAX 64
/* Of standard output and of standard error, kept. */
#define RUN_OUTPUT_MAX (256U << 20)

/* How to run; zero is the ordinary way for every member. */
struct run_spec {
	const char *program;      /* absolute; NULL: bulkfetch */
	const char *const *words; /* the arguments, up to a NULL */
	const char *input;        /* for standard input; NULL: /dev/null */
	bool is_fed;              /* instead: a pipe, see run_feed() */
	const char *out;          /* standard output goes to that file */
	bool has_terminal;        /* standard error is a terminal */
	rlim_t nofile;
	rlim_t fsize;
	mode_t umask;
	const char *env[4]; /* NAME=value each, or NULL; nothing else is told of
			     * proxies and of certificates */
	int seconds;        /* the bound; 30 */
};

/* Results are valid after run_finish(). */
struct run {
	struct world *world;
	pid_t pid;
	int in;     /* -1 when closed */
	int out_fd; /* -1 at its end */
	int err_fd;
	struct buf out; /* what it has written so far, and a NUL behind it */
	struct buf err;
	int64_t begun_ms;
	int64_t deadline_ms;
	bool is_over;
	int status;    /* of exit; -1 when a signal ended it */
	int signal;    /* 0 without */
	long peak_kib; /* of resident memory, to 10 ms before the end */
	int64_t took_ms;
};

/* 1, or more under valgrind and sanitizers: multiply times, divide counts. */
int run_slowness(void);

/* Whether BULKFETCH_WRAP stands in front of the program. */
bool run_is_wrapped(void);

/* Whether memory is the program's own: no wrapper, no sanitizer. */
bool run_is_bare(void);

/* What sanitizers and, if so called, valgrind exit with: fails any test. */
#define RUN_STATUS_FAULT 99

/* In a child, have sanitizers end it so. */
void run_set_sanitizers(void);

/* The program that the environment variable `name` names, or `below` the
 * build directory; absolute, and good until the next call. */
const char *program_path(const char *name, const char *below);

/* Run with these arguments, up to a NULL, to the end. */
struct run *bulkfetch(struct world *w, ...) __attribute__((sentinel));

/* The same in another way. */
struct run *run_spec(struct world *w, const struct run_spec *spec);

/* Start only; collect output with the functions below. */
struct run *run_start(struct world *w, const struct run_spec *spec);

/* Write to standard input; false when the pipe stays full for `patience_ms`,
 * `*written` then tells how much went. */
bool run_feed(
    struct run *run, struct slice octets, int patience_ms, size_t *written);
void run_feed_text(struct run *run, const char *text);
void run_end_input(struct run *run);

void run_signal(struct run *run, int signal);

/* Until standard error holds `text` at or behind `*at`, which moves behind
 * it; fails at the run's bound or end. */
void run_wait_for(struct run *run, const char *text, size_t *at);

/* To the end. */
struct run *run_finish(struct run *run);

const char *run_out(const struct run *run);
const char *run_err(const struct run *run);

/* How it ended; what it said is shown if that is wrong. */
void expect_exit(const struct run *run, int status);

/* Standard error holds `text`, or does not. */
void expect_says(const struct run *run, const char *text);
void expect_says_not(const struct run *run, const char *text);

/* Nothing at all was said. */
void expect_silence(const struct run *run);

/* The first line of the summary, "N fetched, N skipped, N failed". */
void expect_summary(const struct run *run, unsigned long long fetched,
    unsigned long long skipped, unsigned long long failed);

#endif
