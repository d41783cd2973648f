/*
 * pace - so many events in a time, evenly spread: with N a second one each
 * 1/N s.  What a late wake-up has missed is made up for within
 * PACE_CATCH_UP_MS, so that the rate is exact over seconds and there is no
 * burst after a pause.
 *
 * Pure: the time is an argument, milliseconds, never going back.
 */
#ifndef BULKFETCH_FETCH_PACE_H
#define BULKFETCH_FETCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "bulkfetch.h"

#define PACE_CATCH_UP_MS 100

struct pace {
	struct bulkfetch_pace rate; /* no limit when its count is 0 */
	int64_t next_ms;            /* when the next one is due, and ... */
	uint64_t next_frac; /* ... its fraction in 1/rate.count ms, less than
			     * rate.count */
};

void pace_init(struct pace *p, struct bulkfetch_pace rate);

/* Is the next one due? */
bool pace_is_due(const struct pace *p, int64_t now_ms);

/* When the next one is due, rounded up. */
int64_t pace_due_ms(const struct pace *p);

/* One has begun, which was due. */
void pace_take(struct pace *p, int64_t now_ms);

#endif
