/*
 * status - what the program ends with.
 */
#ifndef BULKFETCH_CLI_STATUS_H
#define BULKFETCH_CLI_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "bulkfetch.h"

enum status {
	STATUS_OK = 0,
	STATUS_SOME_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_FILE = 3,
	STATUS_NONE_FETCHED = 4,
	STATUS_TOO_MANY_ERRORS = 5,
	STATUS_BUDGET_SPENT = 6,
	STATUS_INTERRUPTED = 7,
	STATUS_LOCKED = 75, /* EX_TEMPFAIL of sysexits.h */
};

/* How a run has gone. */
struct outcome {
	enum bulkfetch_end end;
	bool is_given_up;      /* interrupted twice, even while closing logs */
	bool has_file_failure; /* of the local file system */
	uint64_t ok;           /* fetched, skipped or unchanged, ... */
	uint64_t ok_before;    /* ... also by a run that this one resumes */
	uint64_t failed;
};

/* The status of a run that could not be begun. */
enum status status_of_problem(const struct bulkfetch_problem *problem);

/* What the user has to act on first counts: an interruption, a file that could
 * not be written, an early stop, failures. */
enum status status_of_run(const struct outcome *outcome);

#endif
