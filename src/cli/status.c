#include "cli/status.h"

#include <errno.h>

enum status
status_of_problem(const struct bulkfetch_problem *problem)
{
	if (problem->is_usage)
		return STATUS_USAGE;
	return problem->sys == EWOULDBLOCK ? STATUS_LOCKED : STATUS_FILE;
}

/* The status of requests that have failed, or have not. */
static enum status
status_of_failures(const struct outcome *outcome)
{
	if (outcome->failed == 0)
		return STATUS_OK;
	return outcome->ok > 0 || outcome->ok_before > 0 ? STATUS_SOME_FAILED
							 : STATUS_NONE_FETCHED;
}

enum status
status_of_run(const struct outcome *outcome)
{
	if (outcome->is_given_up)
		return STATUS_INTERRUPTED;
	switch (outcome->end) {
	case BULKFETCH_END_STOPPED:
		return STATUS_INTERRUPTED;
	case BULKFETCH_END_OUTPUT:
	case BULKFETCH_END_SOURCE:
		return STATUS_FILE;
	case BULKFETCH_END_ERRORS:
		return outcome->has_file_failure ? STATUS_FILE
						 : STATUS_TOO_MANY_ERRORS;
	case BULKFETCH_END_BUDGET:
		return outcome->has_file_failure ? STATUS_FILE
						 : STATUS_BUDGET_SPENT;
	case BULKFETCH_END_LIST:
		break;
	}
	return outcome->has_file_failure ? STATUS_FILE
					 : status_of_failures(outcome);
}
