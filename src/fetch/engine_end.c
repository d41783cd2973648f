/*
 * engine_end - how requests end, and the run: reports, budgets, shortages.
 */
#include "fetch/engine_internal.h"

#include <stdio.h>
#include <string.h>

#include "fetch/budget.h"
#include "sys/clock.h"

#define WHY_MAX 128

/* ---- Stopping ----------------------------------------------------------- */

static void
forget_source(struct engine *e)
{
	reactor_remove_fd(e->reactor, &e->source_watch, false);
	e->source_state = ENGINE_SOURCE_ENDED;
}

static void
abort_all(struct list *transfers)
{
	while (!list_is_empty(transfers))
		transfer_abort(
		    LIST_OBJECT(transfers->next, struct transfer, link),
		    err_of(ERR_STOPPED));
}

void
engine_drain(struct engine *e, enum bulkfetch_end end)
{
	uint64_t max_ms = e->env.options.max_drain_ms;
	int64_t now_ms = reactor_now_ms(e->reactor);

	if (e->phase != ENGINE_RUNNING)
		return;
	e->phase = ENGINE_DRAINING;
	e->end = end;
	forget_source(e);
	abort_all(&e->waiting);
	abort_all(&e->looking_up);
	reactor_disarm(e->reactor, &e->turn_timer);
	reactor_disarm(e->reactor, &e->end_timer);
	if (max_ms > 0)
		(void)reactor_arm(
		    e->reactor, &e->end_timer, now_ms + (int64_t)max_ms);
}

void
engine_stop_now(struct engine *e, enum bulkfetch_end end)
{
	engine_drain(e, end);
	e->phase = ENGINE_STOPPING;
	abort_all(&e->active);
	abort_all(&e->looking_up);
}

static void
stop_for_budget(struct engine *e, enum bulkfetch_end end, const char *why)
{
	if (e->phase == ENGINE_RUNNING)
		engine_tell(
		    e, BULKFETCH_LEVEL_WARNING, "stopping after %s", why);
	engine_drain(e, end);
}

void
engine_check_budget(struct engine *e)
{
	char why[WHY_MAX];

	/* What is at its end needs no other one. */
	if (e->source_state == ENGINE_SOURCE_ENDED && e->active_count == 0 &&
	    list_is_empty(&e->waiting) && list_is_empty(&e->looking_up))
		return;
	if (budget_is_spent(&e->env.options, e->env.received,
		clock_now_ms() - e->started_ms, why, sizeof(why)))
		stop_for_budget(e, BULKFETCH_END_BUDGET, why);
}

/* --max-duration, or --max-drain, is over. */
void
engine_on_end(void *ctx)
{
	struct engine *e = ctx;

	if (e->phase == ENGINE_RUNNING) {
		engine_check_budget(e);
		/* By another clock it may be a moment early. */
		if (e->phase == ENGINE_RUNNING)
			(void)reactor_arm(e->reactor, &e->end_timer,
			    reactor_now_ms(e->reactor) + 1);
		return;
	}
	if (e->active_count > 0)
		engine_tell(e, BULKFETCH_LEVEL_WARNING,
		    "%u still in flight after --max-drain; breaking off",
		    e->active_count);
	engine_stop_now(e, e->end);
}

/* Whether a failure to write `sys` is likely to meet the next file as well. */
static bool
is_output_wide(int sys)
{
	/* ENOENT: directories are made, so the root of all has gone. */
	return sys == ENOENT || sys == ENOSPC || sys == EDQUOT ||
	    sys == EROFS || sys == EIO || sys == EPIPE || sys == ENODEV ||
	    sys == ENXIO || sys == ESTALE;
}

static void
note_file_failures(struct engine *e, const struct bulkfetch_result *result)
{
	if (result->ok && !result->is_skipped)
		e->file_failures = 0;
	if (result->ok || strcmp(result->error, err_name(ERR_FILE)) != 0 ||
	    !is_output_wide(result->sys))
		return;
	e->file_failures++;
	/* A closed pipe stays closed; a full disk may have room for less. */
	if (result->sys == EPIPE ||
	    e->file_failures >= ENGINE_FILE_FAILURES_MAX) {
		if (e->phase == ENGINE_RUNNING)
			engine_tell(e, BULKFETCH_LEVEL_ERROR,
			    "nothing can be written any more (%s); stopping",
			    result->message);
		engine_drain(e, BULKFETCH_END_OUTPUT);
	}
}

/* ---- Ends of transfers -------------------------------------------------- */

void
engine_check_observer(struct engine *e, int sys)
{
	if (sys == 0 || e->is_output_lost)
		return;
	e->is_output_lost = true;
	engine_tell(e, BULKFETCH_LEVEL_ERROR,
	    "results cannot be written any more: %s; stopping",
	    strerrordesc_np(sys));
}

static void
report(struct engine *e, const struct bulkfetch_result *result)
{
	char why[WHY_MAX];

	stats_add(&e->stats, result);
	if (e->observer.result != NULL)
		engine_check_observer(
		    e, e->observer.result(e->observer.ctx, result));
	note_file_failures(e, result);
	if (!result->ok &&
	    budget_has_failed(&e->env.options, &e->stats, why, sizeof(why)))
		stop_for_budget(e, BULKFETCH_END_ERRORS, why);
}

/* Make do with less: see the top of engine.h.  `t` waits already. */
static void
shrink(struct engine *e, struct transfer *t)
{
	const struct bulkfetch_collector *collector = &e->env.collector;
	int64_t now_ms = reactor_now_ms(e->reactor);
	unsigned limit = e->active_count > 0 ? e->active_count : 1;

	(void)pool_close_idle(&e->pool);
	if (collector->shrink != NULL)
		collector->shrink(collector->ctx);
	if (limit < e->limit)
		e->limit = e->pool.limit = limit;
	if (!e->has_told_short)
		engine_tell(e, BULKFETCH_LEVEL_WARNING,
		    "out of descriptors or ports; going on with %u "
		    "connection%s",
		    e->limit, e->limit == 1 ? "" : "s");
	e->has_told_short = true;
	e->is_short = true;
	(void)reactor_arm(e->reactor, &e->regrow, now_ms + e->regrow_ms);
	if (e->active_count > 0) {
		e->stuck_since_ms = -1;
		/* They hold what is missing, and may for long. */
		if (e->regrow_ms < ENGINE_REGROW_MAX_MS)
			e->regrow_ms *= 2;
	} else if (e->stuck_since_ms == -1) {
		e->stuck_since_ms = now_ms;
	}
	if (e->phase != ENGINE_RUNNING)
		transfer_abort(t, err_of(ERR_STOPPED));
	else if (e->stuck_since_ms != -1 &&
	    now_ms - e->stuck_since_ms > ENGINE_SHORT_MAX_MS)
		transfer_abort(t, err_of(ERR_SHORTAGE));
}

void
engine_on_regrow(void *ctx)
{
	struct engine *e = ctx;

	e->is_short = false;
	e->limit += e->limit / 4 + 1;
	if (e->limit > e->concurrency)
		e->limit = e->concurrency;
	e->pool.limit = e->limit;
	if (e->limit < e->concurrency)
		(void)reactor_arm(e->reactor, &e->regrow,
		    reactor_now_ms(e->reactor) + ENGINE_REGROW_MS);
	(void)engine_pump(e);
}

static void
tell_retry(struct engine *e, const struct transfer *t)
{
	struct slice url = t->url.text;
	int64_t wait_ms = t->again_at_ms - reactor_now_ms(e->reactor);
	char status[16] = "";

	if (e->observer.level_max < BULKFETCH_LEVEL_INFO)
		return;
	if (t->failure.kind == ERR_STATUS)
		(void)snprintf(status, sizeof(status), " %u", t->try.status);
	engine_tell(e, BULKFETCH_LEVEL_INFO,
	    "%.*s: %s%s; trying again in %.1f s",
	    (int)(url.len < 256 ? url.len : 256), (const char *)url.ptr,
	    err_name(t->failure.kind), status,
	    (double)(wait_ms + t->try.retry_after_ms) / 1000);
}

/* It had a slot until a moment ago, or has its addresses now; but there may be
 * no room for it. */
static void
ask_or_wait(struct engine *e, struct transfer *t)
{
	if (e->active_count < e->limit && !e->is_short)
		engine_ask(e, t);
	else
		engine_wait(e, t, reactor_now_ms(e->reactor));
	/* What would have to wait now would wait for ever. */
	if (e->phase != ENGINE_RUNNING && t->turn.state != TURN_GOING &&
	    t->state == TRANSFER_READY)
		transfer_abort(t, err_of(ERR_STOPPED));
}

/* A try has failed, or a redirect has come: there is another request to make,
 * now or later. */
static void
go_on(struct engine *e, struct transfer *t)
{
	bool is_retry = err_is(t->failure);

	if (e->phase != ENGINE_RUNNING && is_retry) {
		transfer_abort(t, err_of(ERR_STOPPED));
		return;
	}
	if (is_retry) {
		tell_retry(e, t);
		engine_wait(e, t, t->again_at_ms);
		return;
	}
	ask_or_wait(e, t);
}

void
engine_on_transfer(void *ctx, struct transfer *t, enum transfer_end end,
    const struct bulkfetch_result *result)
{
	struct engine *e = ctx;

	list_remove(&t->link);
	if (t->turn.state == TURN_GOING)
		e->active_count--;
	turns_leave(e->env.turns, &t->turn, reactor_now_ms(e->reactor));
	switch (end) {
	case TRANSFER_SHORT:
		engine_wait(e, t, t->again_at_ms);
		shrink(e, t);
		return;
	case TRANSFER_AGAIN:
		go_on(e, t);
		break;
	case TRANSFER_RESOLVED:
		ask_or_wait(e, t);
		break;
	case TRANSFER_ENDED:
		list_push_front(&e->free, &t->link);
		e->is_short = false;
		e->regrow_ms = ENGINE_REGROW_MS;
		e->stuck_since_ms = -1;
		report(e, result);
		transfer_release(t);
		break;
	}
}

/* ---- Hosts -------------------------------------------------------------- */

/* Which address it was, and how long that took. */
static void
tell_connected(struct engine *e, const struct transfer *t)
{
	struct slice origin = transfer_origin(t);
	struct slice proxy = { 0 };
	char lookup[48] = "";
	char tls[48] = "";
	const char *ip = t->conn->ip;

	if (e->observer.level_max < BULKFETCH_LEVEL_INFO)
		return;
	if (t->route.proxy != NULL)
		proxy = buf_slice(&t->route.proxy->text);
	if (t->lookup_ms > 0)
		(void)snprintf(lookup, sizeof(lookup), "lookup %lld ms, ",
		    (long long)t->lookup_ms);
	if (t->exchange.tls_ms >= 0)
		(void)snprintf(tls, sizeof(tls), ", tls %lld ms",
		    (long long)t->exchange.tls_ms);
	engine_tell(e, BULKFETCH_LEVEL_INFO,
	    "%.*s: connected to %s%s%.*s (%sconnect %lld ms%s)",
	    (int)(origin.len < 256 ? origin.len : 256),
	    (const char *)origin.ptr, ip[0] != '\0' ? ip : "the Unix socket",
	    proxy.len > 0 ? " by " : "",
	    (int)(proxy.len < 256 ? proxy.len : 256), (const char *)proxy.ptr,
	    lookup, (long long)t->try.connect_ms, tls);
}

void
engine_on_host(void *ctx, const struct transfer *t,
    enum transfer_host_event event, int64_t wait_ms)
{
	struct engine *e = ctx;
	struct slice origin = transfer_origin(t);
	int len = (int)(origin.len < 256 ? origin.len : 256);
	const char *text = (const char *)origin.ptr;
	double wait_s = (double)wait_ms / 1000;

	switch (event) {
	case TRANSFER_HOST_PARKED:
		engine_tell(e, BULKFETCH_LEVEL_INFO,
		    "%.*s: asks to be left alone for %.0f s", len, text,
		    wait_s);
		break;
	case TRANSFER_HOST_GIVEN_UP:
		engine_tell(e, BULKFETCH_LEVEL_WARNING,
		    "%.*s: given up, as it asks to be left alone for %.0f s",
		    len, text, wait_s);
		break;
	case TRANSFER_HOST_DOWN:
		engine_tell(e, BULKFETCH_LEVEL_WARNING,
		    "%.*s: given up after %u failures to connect", len, text,
		    e->env.options.max_host_errors);
		break;
	case TRANSFER_HOST_CONNECTED:
		tell_connected(e, t);
		break;
	}
}
