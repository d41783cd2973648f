/*
 * stats - what a run has done so far, in numbers.  Pure counting.
 */
#ifndef BULKFETCH_FETCH_STATS_H
#define BULKFETCH_FETCH_STATS_H

#include <stdint.h>

#include "base/err.h"
#include "bulkfetch.h"

/* Statuses are three digits, 100 to 999. */
#define STATS_STATUSES 1000

struct stats {
	uint64_t fetched;
	uint64_t skipped;
	uint64_t unchanged;
	uint64_t unbegun;
	uint64_t failed;
	uint64_t bytes; /* of bodies, received */
	uint64_t by_kind[ERR_KINDS];
	uint64_t by_status[STATS_STATUSES]; /* of ERR_STATUS */
};

/* Count one result. */
void stats_add(struct stats *s, const struct bulkfetch_result *result);

/*
 * Fill the counts of `out`: failures by kind, and by status where that was the
 * failure, most frequent first, the rest under the last as "other".
 */
void stats_get(const struct stats *s, struct bulkfetch_stats *out);

#endif
