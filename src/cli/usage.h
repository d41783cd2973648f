/*
 * usage - saying that the command line is wrong.
 */
#ifndef BULKFETCH_CLI_USAGE_H
#define BULKFETCH_CLI_USAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "bulkfetch.h"

/* Of a word, in a message. */
#define USAGE_SHOWN_MAX 160

/* Compose `*problem`, which is_usage; false, for the caller to return. */
bool usage_refuse(struct bulkfetch_problem *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The word, which need not be terminated, for a message; returns `space`. */
const char *usage_shown(
    const char *word, size_t len, char space[USAGE_SHOWN_MAX]);

#endif
