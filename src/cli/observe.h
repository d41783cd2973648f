/*
 * observe - what the run tells, passed on: results to the logs and to the
 * report of failures, messages and progress to the console.
 */
#ifndef BULKFETCH_CLI_OBSERVE_H
#define BULKFETCH_CLI_OBSERVE_H

#include <stdbool.h>

#include "bulkfetch.h"
#include "cli/console.h"
#include "cli/options.h"
#include "cli/report.h"

struct observe {
	const struct options *options; /* borrowed, as is the next */
	struct console *console;
	struct bulkfetch_log *log;    /* owned; NULL for none, or not yet */
	struct bulkfetch_log *failed; /* the same */
	struct report *report; /* owned; NULL when failures are not told */
	bool is_drain_told;
	bool has_file_failure; /* of the local file system */
};

/* Begins the console as well.  False with `*problem` when memory is short. */
bool observe_init(struct observe *ob, const struct options *o,
    struct console *console, struct bulkfetch_problem *problem);
void observe_fini(struct observe *ob);

/* For bulkfetch_new(); `ob` must stay where it is as long as the run. */
struct bulkfetch_observer observe_observer(struct observe *ob);

/*
 * The run is over: write what the logs still hold and say what was only
 * counted.  False when a log could not be written; told here, unless
 * `is_told`.
 */
bool observe_close_logs(struct observe *ob, bool is_told);
void observe_finish(struct observe *ob, const struct bulkfetch_stats *stats);

#endif
