/*
 * problem - say why an output could not be opened.
 */
#ifndef BULKFETCH_BASE_PROBLEM_H
#define BULKFETCH_BASE_PROBLEM_H

#include "base/err.h"
#include "bulkfetch.h"

/* "WHAT 'NAME': reason"; `name` may be NULL.  Returns the errno to pass on. */
int problem_set(struct bulkfetch_problem *problem, struct err err,
    const char *what, const char *name);

/* The errno for an error that leaves through bulkfetch.h. */
int problem_errno(struct err err);

#endif
