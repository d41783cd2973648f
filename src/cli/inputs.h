/*
 * inputs - what the options name, looked at before anything is written: no
 * record may overwrite a list, and the request's body is read in.
 */
#ifndef BULKFETCH_CLI_INPUTS_H
#define BULKFETCH_CLI_INPUTS_H

#include <stdbool.h>

#include "bulkfetch.h"
#include "cli/options.h"

/* The whole of a request's body, which is held in memory. */
#define INPUTS_DATA_MAX (64U << 20)

/*
 * Whether --log, --failed and standard output, where it takes results, are
 * files of their own: neither each other, nor a LIST, nor a --data-file, nor
 * the --address-list; whether --log is such a file as resuming or --durable
 * need; and whether nobody else writes to --failed.  False with `*problem`,
 * whose `sys` is EWOULDBLOCK in the last case.
 */
bool inputs_check(const struct options *o, struct bulkfetch_problem *problem);

/*
 * Make the body of `o->fetch` out of --data and --data-file, joined by '&'.
 * False with `*problem`, which is_usage only if they are too large.
 */
bool inputs_load(struct options *o, struct bulkfetch_problem *problem);

#endif
