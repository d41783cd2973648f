/*
 * coded - bodies as the real tools code them, an origin that sends them, and
 * the program that fetches them.
 */
#ifndef BULKFETCH_TESTS_IT_CODED_H
#define BULKFETCH_TESTS_IT_CODED_H

#include "harness.h"

#include "base/slice.h"

#define CODED_LIBRARIES 3

/* By their sonames. */
extern const char *const coded_libraries[CODED_LIBRARIES];

/* The tools that code and the libraries that decode are there; said so if
 * not. */
bool coded_has_tools(struct world *w);

/* Run a command line in the world's directory. */
void coded_shell(struct world *w, const char *command);

/* What `in` is when it went through the command. */
struct slice coded_through(
    struct world *w, const char *command, struct slice in);

struct slice coded_join(struct world *w, struct slice a, struct slice b);

/* Lines that can be compressed to a fifth or so, also in the file "plain". */
struct slice coded_lines(struct world *w, size_t count);

/* What `gzip -n` has made, as bare deflate, and in zlib's format. */
struct slice coded_bare(struct slice gzip);
struct slice coded_zlib(struct world *w, struct slice gzip, struct slice plain);

/* The octets as a word of an origin's script. */
char *coded_word(struct world *w, struct slice octets);

enum framing { BY_LENGTH, IN_CHUNKS, TO_THE_CLOSE, FRAMINGS };

/* The moves of a whole answer; `fields` are words of a script, too. */
char *coded_answer(struct world *w, enum framing framing, const char *fields,
    struct slice body);

/* The default name for a target of the origin below "out". */
char *coded_file(struct world *w, const char *target);

/* Without what runs before have left. */
void coded_clean(struct world *w);

/*
 * Fetch the origin's /a into "out" with --compressed, an option and its value,
 * which may be NULL; it is to end with that status.  Its record in "log".
 */
struct slice coded_fetch(
    struct world *w, int status, const char *option, const char *value);

/* That has failed in its body, with this and, unless NULL, these words, and has
 * left nothing. */
void expect_not_coded(struct world *w, const char *error, const char *says);

#endif
