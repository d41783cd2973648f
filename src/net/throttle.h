/*
 * throttle - a limit to the octets a second that all the connections of a run
 * receive together.
 *
 * A connection asks before each receive how much it may take and tells how much
 * came.  When there is nothing to be had it is paused (it does not ask the
 * reactor for readability any more) and resumed in its turn, first paused,
 * first served, by a timer of THROTTLE_TICK_MS.  One turn is THROTTLE_SHARE at
 * most, and while others are paused nobody takes without a turn: so the flow is
 * smooth and no connection starves.
 *
 *	may take? --0--> PAUSED --timer--> resume(): its turn
 *
 * What was not taken in time is made up for as far as it is not longer ago than
 * THROTTLE_CATCH_UP_MS; the rate is exact within a percent over a few seconds.
 * Octets that the kernel has received for us beyond it wait in its buffers.
 */
#ifndef BULKFETCH_NET_THROTTLE_H
#define BULKFETCH_NET_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "sys/reactor.h"

#define THROTTLE_TICK_MS 10
#define THROTTLE_CATCH_UP_MS 100

/* What one connection may take at a time, in octets. */
#define THROTTLE_SHARE ((size_t)64 * 1024)

/* A terabyte a second: more is no limit. */
#define THROTTLE_RATE_MAX (UINT64_C(1) << 40)

typedef void (*throttle_resume_fn)(void *ctx);

/* Embedded in a connection. */
struct throttled {
	struct list link; /* while paused */
	throttle_resume_fn resume;
	void *ctx; /* borrowed */
};

struct throttle {
	struct reactor *reactor;      /* borrowed */
	uint64_t rate;                /* octets a second; 0: no limit */
	int64_t budget;               /* octets that may be taken; less than 0
				  * after more was taken than was allowed */
	uint64_t frac;                /* of an octet, in 1/1000 */
	int64_t at_ms;                /* when the budget was worked out */
	struct list paused;           /* the one that waits longest first */
	const struct throttled *turn; /* the one that is being resumed */
	struct timer timer;
};

/* Without a limit; in place, since the reactor and lists point into it. */
void throttle_init(struct throttle *t, struct reactor *reactor);

/* Nobody may be paused any more; before the reactor is freed. */
void throttle_fini(struct throttle *t);

/* Limit the rate from now on, once; 0 or a rate beyond THROTTLE_RATE_MAX is no
 * limit.  Fails with ERR_NOMEM. */
struct err throttle_set_rate(struct throttle *t, uint64_t rate);

void throttled_init(
    struct throttled *who, throttle_resume_fn resume, void *ctx);

/* What throttle_allow() allows at most, where there is a limit. */
size_t throttle_share(struct throttle *t, const struct throttled *who);

/* How many of `max` octets `who` may take now; at 0 it is to be paused. */
static inline size_t
throttle_allow(struct throttle *t, const struct throttled *who, size_t max)
{
	size_t share;

	if (t->rate == 0)
		return max;
	share = throttle_share(t, who);
	return share < max ? share : max;
}

/* `len` octets came, which ends its turn. */
static inline void
throttle_took(struct throttle *t, size_t len)
{
	if (t->rate == 0)
		return;
	t->budget -= (int64_t)len;
	t->turn = NULL;
}

/* Have resume() called when its turn comes, and not before this returns. */
void throttle_pause(struct throttle *t, struct throttled *who);

/* It is not to be resumed; not paused is fine. */
static inline void
throttle_forget(struct throttled *who)
{
	list_remove(&who->link);
}

#endif
