/*
 * budget - whether a run has failed, received or lasted as much as it may.
 * Pure.
 */
#ifndef BULKFETCH_FETCH_BUDGET_H
#define BULKFETCH_FETCH_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bulkfetch.h"
#include "fetch/stats.h"

/* A percentage says nothing of fewer results. */
#define BUDGET_PERCENT_MIN 100

/*
 * Too many failures?  If so, why is written to `text`, at most `cap` octets
 * with the NUL.
 */
bool budget_has_failed(const struct bulkfetch_options *o,
    const struct stats *stats, char *text, size_t cap);

/* The same of octets received and of time. */
bool budget_is_spent(const struct bulkfetch_options *o, uint64_t received,
    int64_t elapsed_ms, char *text, size_t cap);

#endif
