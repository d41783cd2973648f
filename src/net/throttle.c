#include "net/throttle.h"

/* Time beyond this counts no more than this: rate * ms must not overflow. */
#define REFILL_MAX_MS 3600000

/* The octets of so long, at least one. */
static int64_t
octets_of(const struct throttle *t, uint64_t ms)
{
	uint64_t octets = t->rate * ms / 1000;

	return octets > 0 ? (int64_t)octets : 1;
}

/* Whether there is enough for a turn: less would make some turns shorter than
 * others, and always the same ones. */
static bool
has_turn(const struct throttle *t)
{
	int64_t enough = octets_of(t, THROTTLE_TICK_MS);

	return t->budget >= enough || t->budget >= (int64_t)THROTTLE_SHARE;
}

/* Add what time has brought. */
static void
refill(struct throttle *t)
{
	int64_t now_ms = reactor_now_ms(t->reactor);
	int64_t passed_ms = now_ms - t->at_ms;
	int64_t max = octets_of(t, THROTTLE_CATCH_UP_MS);
	uint64_t brought; /* in 1/1000 octet */

	if (passed_ms <= 0)
		return;
	if (passed_ms > REFILL_MAX_MS)
		passed_ms = REFILL_MAX_MS;
	t->at_ms = now_ms;
	brought = t->rate * (uint64_t)passed_ms + t->frac;
	t->budget += (int64_t)(brought / 1000);
	t->frac = brought % 1000;
	if (t->budget > max) {
		t->budget = max;
		t->frac = 0;
	}
}

/* When there will be a tick's octets, but not too far ahead. */
static int64_t
next_ms(const struct throttle *t)
{
	int64_t lacks = octets_of(t, THROTTLE_TICK_MS) - t->budget;
	int64_t rate = (int64_t)t->rate;
	int64_t ms = 1;

	if (lacks > rate)
		ms = 1000;
	else if (lacks > 0)
		ms = (lacks * 1000 + rate - 1) / rate;
	return t->at_ms + ms;
}

static void
on_tick(void *ctx)
{
	struct throttle *t = ctx;

	/* First of all, since the room in the reactor's heap that this timer
	 * has just left is not refused now. */
	(void)reactor_arm(t->reactor, &t->timer, INT64_MAX);
	refill(t);
	while (has_turn(t) && !list_is_empty(&t->paused)) {
		struct throttled *who =
		    LIST_OBJECT(t->paused.next, struct throttled, link);

		list_remove(&who->link);
		t->turn = who;
		who->resume(who->ctx); /* who may be gone now */
	}
	t->turn = NULL;
	if (!list_is_empty(&t->paused))
		(void)reactor_arm(t->reactor, &t->timer, next_ms(t));
}

void
throttle_init(struct throttle *t, struct reactor *reactor)
{
	*t = (struct throttle){ .reactor = reactor };
	list_init(&t->paused);
	timer_init(&t->timer, on_tick, t);
}

void
throttle_fini(struct throttle *t)
{
	if (t->rate != 0)
		reactor_disarm(t->reactor, &t->timer);
	t->rate = 0;
}

struct err
throttle_set_rate(struct throttle *t, uint64_t rate)
{
	struct err err;

	if (rate == 0 || rate > THROTTLE_RATE_MAX)
		return err_none();
	/* Armed from now on, so that arming it never has to allocate. */
	err = reactor_arm(t->reactor, &t->timer, INT64_MAX);
	if (err_is(err))
		return err;
	t->rate = rate;
	t->at_ms = reactor_now_ms(t->reactor);
	return err_none();
}

void
throttled_init(struct throttled *who, throttle_resume_fn resume, void *ctx)
{
	*who = (struct throttled){ .resume = resume, .ctx = ctx };
	list_init(&who->link);
}

size_t
throttle_share(struct throttle *t, const struct throttled *who)
{
	if (t->turn != who && !list_is_empty(&t->paused))
		return 0;
	refill(t);
	if (!has_turn(t))
		return 0;
	return (uint64_t)t->budget < THROTTLE_SHARE ? (size_t)t->budget
						    : THROTTLE_SHARE;
}

void
throttle_pause(struct throttle *t, struct throttled *who)
{
	bool is_first = list_is_empty(&t->paused);

	refill(t);
	list_push_back(&t->paused, &who->link);
	if (is_first)
		(void)reactor_arm(t->reactor, &t->timer, next_ms(t));
}
