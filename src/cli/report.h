/*
 * report - failures as lines for people, few enough to be read.
 *
 * Of each host and kind of failure the first REPORT_REPEATS are told in full
 * and the others counted, and no more than REPORT_LINES are told in all.
 * report_finish() tells what was only counted.  Requests that were stopped are
 * not told at all: why the run stopped is told elsewhere, once.  A verbose
 * report tells every failure.  Octets from lists and peers are escaped, and
 * what stands before the '@' of a URL is left out, because messages end in
 * mails and logs.
 */
#ifndef BULKFETCH_CLI_REPORT_H
#define BULKFETCH_CLI_REPORT_H

#include <stdbool.h>

#include "bulkfetch.h"

#define REPORT_REPEATS 3
#define REPORT_LINES 200
#define REPORT_PAIRS 1024 /* of host and kind, that are counted apart */
#define REPORT_MORE_LINES 20

/* Takes a line without its newline, lent for the call. */
typedef void (*report_print_fn)(void *ctx, const char *line);

struct report;

/* NULL when memory is refused. */
struct report *report_new(bool is_verbose, report_print_fn print, void *ctx);

/* `result` is not ok. */
void report_failure(
    struct report *report, const struct bulkfetch_result *result);

void report_finish(struct report *report);

/* NULL is fine. */
void report_free(struct report *report);

#endif
