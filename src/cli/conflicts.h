/*
 * conflicts - options that cannot be had together: because one of them would
 * mean nothing, or because data would be lost or mixed.  Pure.
 */
#ifndef BULKFETCH_CLI_CONFLICTS_H
#define BULKFETCH_CLI_CONFLICTS_H

#include <stdbool.h>

#include "bulkfetch.h"
#include "cli/options.h"

/* False with `*problem`, which names two that conflict. */
bool conflicts_check(
    const struct options *o, struct bulkfetch_problem *problem);

#endif
