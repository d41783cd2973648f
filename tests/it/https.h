/*
 * https - one URL fetched, or a list, by those who trust the root of the PKI.
 */
#ifndef BULKFETCH_TESTS_IT_HTTPS_H
#define BULKFETCH_TESTS_IT_HTTPS_H

#include "run.h"
#include "world.h"

/*
 * Fetch into "out", which is removed first, with the log "log"; the words are
 * URLs, lists and options, up to a NULL.  Retries, two as ever, come soon.
 */
struct run *https_fetch(struct world *w, ...) __attribute__((sentinel));

/* The same without trust in the root. */
struct run *https_fetch_distrusting(struct world *w, ...)
    __attribute__((sentinel));

/* The same, and with this in its environment: NAME=value. */
struct run *https_fetch_by(struct world *w, const char *env, ...)
    __attribute__((sentinel));

/* It was one URL; all of it was right. */
void expect_fetched(struct run *run);

/*
 * It was one URL, which has failed and left no file: the log's "error" and
 * "stage" (NULL: not looked at), and what the message has (NULL: anything).
 */
void expect_failed(
    struct run *run, const char *error, const char *stage, const char *says);

/* How many tries the one URL took. */
long long https_tries(struct run *run);

#endif
