/*
 * problem - say why something could not be begun.
 */
#ifndef BULKFETCH_BASE_PROBLEM_H
#define BULKFETCH_BASE_PROBLEM_H

#include <stdbool.h>

#include "base/err.h"
#include "bulkfetch.h"

/* "WHAT 'NAME': reason"; `name` may be NULL.  Returns the errno to pass on. */
int problem_set(struct bulkfetch_problem *problem, struct err err,
    const char *what, const char *name);

/* In words of one's own; false, for a caller to return. */
bool problem_refuse(struct bulkfetch_problem *problem, bool is_usage, int sys,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* An error without a name to it; ERR_REQUEST is_usage.  False. */
bool problem_refuse_err(struct bulkfetch_problem *problem, struct err err);

/* The errno for an error that leaves through bulkfetch.h. */
int problem_errno(struct err err);

#endif
