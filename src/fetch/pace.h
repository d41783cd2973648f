/*
 * pace - so many events in a time, evenly spread: with N a second one each
 * 1/N s, and at N > 1000 several a millisecond.
 *
 * What a late wake-up has missed is made up for, as far as it is not longer
 * ago than PACE_CATCH_UP_MS: so the rate is exact over seconds, and what comes
 * after a pause is a burst of PACE_CATCH_UP_MS' worth at most.  The first
 * event is due at once, and nothing has been missed before it.
 *
 * Pure: the time is an argument, milliseconds from 0, never going back.
 */
#ifndef BULKFETCH_FETCH_PACE_H
#define BULKFETCH_FETCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "bulkfetch.h"

#define PACE_CATCH_UP_MS 100

/*
 * The next event is due at next_ms + next_frac / rate.count, which is kept
 * without rounding.  Invariant: next_frac < rate.count, unless that is 0.
 */
struct pace {
	struct bulkfetch_pace rate; /* no limit when its count is 0 */
	int64_t next_ms;            /* -1 before the first event */
	uint64_t next_frac;         /* in 1/rate.count ms */
};

void pace_init(struct pace *p, struct bulkfetch_pace rate);

/* Is the next one due? */
bool pace_is_due(const struct pace *p, int64_t now_ms);

/* When the next one is due, rounded up; -1 for at any time. */
int64_t pace_due_ms(const struct pace *p);

/* One has begun, which was due. */
void pace_take(struct pace *p, int64_t now_ms);

#endif
