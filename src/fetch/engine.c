#include "fetch/engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sys/clock.h"

#define TELL_MAX 512

void
engine_tell(
    struct engine *e, enum bulkfetch_level level, const char *format, ...)
{
	char text[TELL_MAX];
	va_list args;

	if (e->observer.message == NULL || level > e->observer.level_max)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	e->observer.message(e->observer.ctx, level, text);
}

void
engine_get_stats(const struct engine *e, struct bulkfetch_stats *out)
{
	const struct bulkfetch_source *source = &e->source;
	int64_t now_ms = e->ended_ms != -1 ? e->ended_ms : clock_now_ms();

	*out = (struct bulkfetch_stats){
		.connections_opened = e->pool.opened,
		.connections_open = e->pool.open,
		.connections_peak = e->pool.peak,
		.concurrency = e->limit,
		.in_flight = e->active_count,
		.elapsed_ms = (uint64_t)(now_ms - e->started_ms),
	};
	stats_get(&e->stats, out);
	out->has_position = source->position != NULL &&
	    source->position(
		source->ctx, &out->position_done, &out->position_total);
}

/* ---- Stopping ----------------------------------------------------------- */

static void
activate(struct engine *e, struct transfer *t)
{
	list_remove(&t->link);
	list_push_back(&e->active, &t->link);
	e->active_count++;
}

static void
forget_source(struct engine *e)
{
	reactor_remove_fd(e->reactor, &e->source_watch, false);
	e->source_state = ENGINE_SOURCE_ENDED;
}

/* Begin nothing more; the first reason is the one that counts. */
static void
drain(struct engine *e, enum bulkfetch_end end)
{
	if (e->phase != ENGINE_RUNNING)
		return;
	e->phase = ENGINE_DRAINING;
	e->end = end;
	forget_source(e);
	while (!list_is_empty(&e->waiting)) {
		struct transfer *t =
		    LIST_OBJECT(e->waiting.next, struct transfer, link);

		activate(e, t);
		transfer_abort(t, err_of(ERR_STOPPED));
	}
}

/* Break off what is under way.  Not from within a transfer's callback. */
static void
stop_now(struct engine *e, enum bulkfetch_end end)
{
	drain(e, end);
	e->phase = ENGINE_STOPPING;
	while (!list_is_empty(&e->active))
		transfer_abort(
		    LIST_OBJECT(e->active.next, struct transfer, link),
		    err_of(ERR_STOPPED));
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
		drain(e, BULKFETCH_END_OUTPUT);
	}
}

/* ---- Ends of transfers -------------------------------------------------- */

/* The observer's own verdict on what it was told. */
static void
check_observer(struct engine *e, int sys)
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
	uint64_t max = e->env.options.max_errors;

	stats_add(&e->stats, result);
	if (e->observer.result != NULL)
		check_observer(e, e->observer.result(e->observer.ctx, result));
	note_file_failures(e, result);
	if (result->ok || max == 0 || e->stats.failed < max)
		return;
	if (e->phase == ENGINE_RUNNING)
		engine_tell(e, BULKFETCH_LEVEL_WARNING,
		    "stopping after %llu failure%s",
		    (unsigned long long)e->stats.failed,
		    e->stats.failed == 1 ? "" : "s");
	drain(e, BULKFETCH_END_ERRORS);
}

/* Make do with less: see the top of engine.h. */
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
	if (e->phase != ENGINE_RUNNING) {
		activate(e, t);
		transfer_abort(t, err_of(ERR_STOPPED));
	} else if (e->stuck_since_ms != -1 &&
	    now_ms - e->stuck_since_ms > ENGINE_SHORT_MAX_MS) {
		activate(e, t);
		transfer_abort(t, err_of(ERR_SHORTAGE));
	}
}

static void pump(struct engine *e);

void
engine_on_transfer(void *ctx, struct transfer *t, enum transfer_end end,
    const struct bulkfetch_result *result)
{
	struct engine *e = ctx;

	list_remove(&t->link);
	e->active_count--;
	if (end == TRANSFER_POSTPONED) {
		list_push_back(&e->waiting, &t->link);
		shrink(e, t);
		return;
	}
	list_push_front(&e->free, &t->link);
	e->is_short = false;
	e->regrow_ms = ENGINE_REGROW_MS;
	e->stuck_since_ms = -1;
	report(e, result);
	pump(e);
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
	if (e->limit < e->concurrency || !list_is_empty(&e->waiting))
		(void)reactor_arm(e->reactor, &e->regrow,
		    reactor_now_ms(e->reactor) + ENGINE_REGROW_MS);
	pump(e);
}

/* ---- Beginnings --------------------------------------------------------- */

static void
await_source(struct engine *e)
{
	int fd = e->source.fd != NULL ? e->source.fd(e->source.ctx) : -1;
	struct err err;

	e->source_state = ENGINE_SOURCE_PENDING;
	if (fd == -1)
		return; /* engine_on_wake() will be heard */
	err = reactor_add_fd(e->reactor, &e->source_watch, fd, REACTOR_READ);
	if (err_is(err)) {
		engine_tell(e, BULKFETCH_LEVEL_ERROR,
		    "cannot wait for the list: %s", strerrordesc_np(err.sys));
		drain(e, BULKFETCH_END_SOURCE);
	}
}

/* Ask the source once; whether there is reason to ask it again. */
static bool
begin_next(struct engine *e)
{
	struct bulkfetch_item item = { 0 };
	struct transfer *t;

	switch (e->source.next(e->source.ctx, &item)) {
	case BULKFETCH_ITEM:
		t = LIST_OBJECT(e->free.next, struct transfer, link);
		activate(e, t);
		transfer_begin(t, &item);
		return true;
	case BULKFETCH_PENDING:
		await_source(e);
		return false;
	case BULKFETCH_END:
		e->source_state = ENGINE_SOURCE_ENDED;
		return false;
	case BULKFETCH_ERROR:
		break;
	}
	engine_tell(e, BULKFETCH_LEVEL_ERROR, "%s%s%s",
	    item.problem != NULL ? item.problem : "the source failed",
	    item.sys != 0 ? ": " : "",
	    item.sys != 0 ? strerrordesc_np(item.sys) : "");
	drain(e, BULKFETCH_END_SOURCE);
	return false;
}

static bool
may_begin(const struct engine *e)
{
	return e->phase == ENGINE_RUNNING && !e->is_short &&
	    !e->is_output_lost && e->active_count < e->limit &&
	    (!list_is_empty(&e->waiting) ||
		(e->source_state == ENGINE_SOURCE_READY &&
		    !list_is_empty(&e->free)));
}

/* Begin what can be begun.  A transfer that ends at once calls this again. */
static void
pump(struct engine *e)
{
	if (e->is_pumping)
		return;
	e->is_pumping = true;
	for (int i = 0; i < ENGINE_PUMP_MAX && may_begin(e); i++) {
		if (!list_is_empty(&e->waiting)) {
			struct transfer *t =
			    LIST_OBJECT(e->waiting.next, struct transfer, link);

			activate(e, t);
			transfer_resume(t);
		} else if (!begin_next(e)) {
			break;
		}
	}
	e->is_pumping = false;
}

void
engine_on_source(void *ctx, unsigned events)
{
	struct engine *e = ctx;

	(void)events;
	/* Removed rather than left: an ended pipe would wake us for ever while
	 * no slot is free. */
	reactor_remove_fd(e->reactor, &e->source_watch, false);
	e->source_state = ENGINE_SOURCE_READY;
	pump(e);
}

/* ---- The loop ----------------------------------------------------------- */

void
engine_on_tick(void *ctx)
{
	struct engine *e = ctx;
	struct bulkfetch_stats stats;

	if (e->observer.tick_ms > 0)
		(void)reactor_arm(e->reactor, &e->tick,
		    reactor_now_ms(e->reactor) + e->observer.tick_ms);
	if (e->observer.tick == NULL)
		return;
	engine_get_stats(e, &stats);
	e->observer.tick(e->observer.ctx, &stats);
}

void
engine_on_wake(void *ctx)
{
	struct engine *e = ctx;

	if (e->source_state == ENGINE_SOURCE_PENDING &&
	    !watch_is_added(&e->source_watch))
		e->source_state = ENGINE_SOURCE_READY;
	engine_on_tick(e);
}

static void
obey(struct engine *e)
{
	int asked = atomic_load(&e->stop_asked);

	if (e->is_output_lost)
		stop_now(e, BULKFETCH_END_OUTPUT);
	else if (asked == 1 + BULKFETCH_STOP_NOW)
		stop_now(e, BULKFETCH_END_STOPPED);
	else if (asked == 1 + BULKFETCH_STOP_DRAIN)
		drain(e, BULKFETCH_END_STOPPED);
}

static bool
is_over(const struct engine *e)
{
	return e->active_count == 0 && list_is_empty(&e->waiting) &&
	    e->source_state == ENGINE_SOURCE_ENDED;
}

static void
flush(struct engine *e)
{
	if (e->observer.flush != NULL)
		check_observer(e, e->observer.flush(e->observer.ctx));
}

enum bulkfetch_end
engine_run(struct engine *e)
{
	struct err err;

	reactor_refresh(e->reactor);
	e->started_ms = clock_now_ms();
	e->ended_ms = -1;
	if (e->observer.tick_ms > 0)
		engine_on_tick(e);
	for (;;) {
		obey(e);
		pump(e);
		flush(e);
		if (is_over(e))
			break;
		err = reactor_run_once(
		    e->reactor, !may_begin(e) && !e->is_output_lost);
		if (err_is(err)) {
			engine_tell(e, BULKFETCH_LEVEL_ERROR,
			    "cannot wait for events: %s",
			    strerrordesc_np(err.sys));
			stop_now(e, BULKFETCH_END_OUTPUT);
		}
	}
	if (e->is_output_lost)
		e->end = BULKFETCH_END_OUTPUT;
	e->ended_ms = clock_now_ms();
	return e->end;
}
