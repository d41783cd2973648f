#include "fetch/engine_internal.h"

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

unsigned
engine_look_ahead(const struct bulkfetch_options *o)
{
	unsigned by_concurrency = ENGINE_LOOK_AHEAD_SHARE * o->concurrency;

	if (o->look_ahead > 0)
		return o->look_ahead;
	return by_concurrency > ENGINE_LOOK_AHEAD ? by_concurrency
						  : ENGINE_LOOK_AHEAD;
}

static void
get_name_stats(const struct engine *e, struct bulkfetch_stats *out)
{
	struct resolver_stats names = { 0 };

	e->resolver->get_stats(e->resolver, &names);
	out->names_resolved = names.resolved;
	out->names_cached = names.cached;
	out->names_missing = names.nxdomain;
	out->names_empty = names.nodata;
	out->names_refused = names.servfail;
	out->names_timed_out = names.timeouts;
	out->dns_queries = names.queries;
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
		.retries = e->env.retries,
		.redirects = e->env.redirects,
		.waiting = turns_waiting(e->env.turns) + e->env.looking_up,
		.parked_hosts =
		    turns_parked(e->env.turns, reactor_now_ms(e->reactor)),
		.elapsed_ms = (uint64_t)(now_ms - e->started_ms),
	};
	stats_get(&e->stats, out);
	get_name_stats(e, out);
	out->has_position = source->position != NULL &&
	    source->position(
		source->ctx, &out->position_done, &out->position_total);
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
		engine_drain(e, BULKFETCH_END_SOURCE);
	}
}

/* Whether another transfer can be had. */
static bool
has_free(const struct engine *e)
{
	return !list_is_empty(&e->free) || e->used < e->capacity;
}

static struct transfer *
take_free(struct engine *e)
{
	struct transfer *t;

	if (list_is_empty(&e->free)) {
		t = &e->transfers[e->used++];
		transfer_init(t, &e->env);
		return t;
	}
	t = LIST_OBJECT(e->free.next, struct transfer, link);
	list_remove(&t->link);
	return t;
}

/* Its turn has come. */
static void
start(struct engine *e, struct transfer *t)
{
	list_push_back(&e->active, &t->link);
	e->active_count++;
	transfer_start(t);
}

void
engine_wait(struct engine *e, struct transfer *t, int64_t at_ms)
{
	turns_wait(e->env.turns, &t->turn, transfer_origin(t), at_ms);
	list_push_back(&e->waiting, &t->link);
}

/* Look its name up, if that is to be done and takes time; it will ask for its
 * turn again. */
static bool
has_to_look_up(struct engine *e, struct transfer *t)
{
	if (transfer_resolve(t))
		return false;
	list_push_back(&e->looking_up, &t->link);
	return true;
}

void
engine_ask(struct engine *e, struct transfer *t)
{
	if (has_to_look_up(e, t))
		return;
	switch (turns_ask(e->env.turns, &t->turn, transfer_origin(t),
	    reactor_now_ms(e->reactor))) {
	case TURNS_GO:
		start(e, t);
		break;
	case TURNS_WAIT:
		list_push_back(&e->waiting, &t->link);
		break;
	case TURNS_DOWN:
		transfer_abort(t, err_of(ERR_HOST_DOWN));
		break;
	}
}

/* Begin the one of those that wait whose turn it is; false when none may. */
static bool
begin_waiting(struct engine *e)
{
	bool is_down;
	struct turn *turn =
	    turns_next(e->env.turns, reactor_now_ms(e->reactor), &is_down);
	struct transfer *t;

	if (turn == NULL)
		return false;
	t = LIST_OBJECT(turn, struct transfer, turn);
	list_remove(&t->link);
	if (is_down) {
		transfer_abort(t, err_of(ERR_HOST_DOWN));
	} else if (has_to_look_up(e, t)) {
		turns_leave(e->env.turns, &t->turn, reactor_now_ms(e->reactor));
	} else {
		start(e, t);
	}
	return true;
}

/* Ask the source once; whether there is reason to ask it again. */
static bool
begin_next(struct engine *e)
{
	struct bulkfetch_item item = { 0 };
	struct transfer *t;

	switch (e->source.next(e->source.ctx, &item)) {
	case BULKFETCH_ITEM:
		t = take_free(e);
		if (transfer_begin(t, &item))
			engine_ask(e, t);
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
	engine_drain(e, BULKFETCH_END_SOURCE);
	return false;
}

/* Whether there is room for another request under way. */
static bool
has_room(const struct engine *e)
{
	return e->phase == ENGINE_RUNNING && !e->is_short &&
	    !e->is_output_lost && e->active_count < e->limit;
}

/* While nothing may begin, not for more than one item: enough to know whether
 * there is one. */
static bool
may_ask_source(const struct engine *e)
{
	return e->source_state == ENGINE_SOURCE_READY && has_free(e) &&
	    (list_is_empty(&e->waiting) ||
		turns_are_open(e->env.turns, reactor_now_ms(e->reactor)));
}

/* Wake up when something may begin because time has passed. */
static void
await_turn(struct engine *e)
{
	int64_t due_ms = turns_due_ms(e->env.turns);
	int64_t open_ms = turns_open_ms(e->env.turns);

	if (e->source_state == ENGINE_SOURCE_READY && has_free(e) &&
	    open_ms < due_ms)
		due_ms = open_ms;
	if (due_ms != INT64_MAX)
		(void)reactor_arm(e->reactor, &e->turn_timer, due_ms);
	else
		reactor_disarm(e->reactor, &e->turn_timer);
}

bool
engine_pump(struct engine *e)
{
	int begun = 0;

	for (; begun < ENGINE_PUMP_MAX && has_room(e); begun++) {
		if (!list_is_empty(&e->waiting) && begin_waiting(e))
			continue;
		if (!may_ask_source(e) || !begin_next(e))
			break;
	}
	/* Without room, the end of a request comes first. */
	if (begun == ENGINE_PUMP_MAX)
		return false;
	if (has_room(e))
		await_turn(e);
	return true;
}

void
engine_on_turn(void *ctx)
{
	(void)engine_pump(ctx);
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
	(void)engine_pump(e);
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
		engine_stop_now(e, BULKFETCH_END_OUTPUT);
	else if (asked == 1 + BULKFETCH_STOP_NOW)
		engine_stop_now(e, BULKFETCH_END_STOPPED);
	else if (asked == 1 + BULKFETCH_STOP_DRAIN)
		engine_drain(e, BULKFETCH_END_STOPPED);
	if (e->env.options.max_transfer > 0)
		engine_check_budget(e);
}

static bool
is_over(const struct engine *e)
{
	return e->active_count == 0 && list_is_empty(&e->waiting) &&
	    list_is_empty(&e->looking_up) &&
	    e->source_state == ENGINE_SOURCE_ENDED;
}

static void
flush(struct engine *e)
{
	if (e->observer.flush != NULL)
		engine_check_observer(e, e->observer.flush(e->observer.ctx));
}

static void
finish_collector(struct engine *e)
{
	const struct bulkfetch_collector *collector = &e->env.collector;
	int sys =
	    collector->finish != NULL ? collector->finish(collector->ctx) : 0;

	if (sys == 0)
		return;
	engine_tell(e, BULKFETCH_LEVEL_ERROR,
	    "the record of what is stored cannot be written: %s",
	    strerrordesc_np(sys));
	if (e->end != BULKFETCH_END_STOPPED)
		e->end = BULKFETCH_END_OUTPUT;
}

enum bulkfetch_end
engine_run(struct engine *e)
{
	uint64_t max_ms = e->env.options.max_duration_ms;
	bool has_begun_all;
	struct err err;

	e->started_ms = clock_now_ms();
	reactor_refresh(e->reactor);
	e->ended_ms = -1;
	if (max_ms > 0)
		(void)reactor_arm(e->reactor, &e->end_timer,
		    reactor_now_ms(e->reactor) + (int64_t)max_ms);
	if (e->observer.tick_ms > 0)
		engine_on_tick(e);
	for (;;) {
		obey(e);
		/* Once a batch, when all that has ended in it has made room:
		 * a server that sleeps is woken by the first of many requests
		 * rather than by each, which costs us a fifth of the time that
		 * a new connection takes. */
		has_begun_all = engine_pump(e);
		flush(e);
		if (is_over(e))
			break;
		err = reactor_run_once(
		    e->reactor, has_begun_all && !e->is_output_lost);
		if (err_is(err)) {
			engine_tell(e, BULKFETCH_LEVEL_ERROR,
			    "cannot wait for events: %s",
			    strerrordesc_np(err.sys));
			engine_stop_now(e, BULKFETCH_END_OUTPUT);
		}
	}
	if (e->is_output_lost)
		e->end = BULKFETCH_END_OUTPUT;
	finish_collector(e);
	e->ended_ms = clock_now_ms();
	return e->end;
}
