/*
 * run - the public face of a run: checks the options, builds an engine and its
 * parts, and takes them down again.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/problem.h"
#include "bulkfetch.h"
#include "fetch/engine.h"
#include "fetch/forms.h"
#include "fetch/ways.h"
#include "net/dns_client.h"
#include "sys/nofile.h"

/*
 * Descriptors that are neither a connection nor its file: the epoll and event
 * descriptors, the pipe for splicing, a list, the output directory, those of
 * validators and of notes in it, the file being opened; and the share that a
 * collector may keep open between bodies.
 */
#define RESERVED_FDS 17
#define RESERVED_SHARE 8

/* Of the descriptors, for asking name servers: a share, and no more than those
 * use. */
#define RESERVED_DNS_SHARE 16
#define RESERVED_DNS_MAX ((uint64_t)DNS_UDP_SOCKETS_MAX + DNS_TCP_SOCKETS_MAX)

/* What nothing can be fetched without: the epoll and event descriptors, a
 * socket, a file, its directory and the one below it that is being made, the
 * list, and one to spare. */
#define LEAST_FDS 8

struct bulkfetch {
	struct engine engine;
};

void
bulkfetch_options_init(struct bulkfetch_options *options)
{
	*options = (struct bulkfetch_options){
		.concurrency = 50,
		.connect_timeout_ms = 10000,
		.head_timeout_ms = 60000,
		.idle_timeout_ms = 30000,
		.follows_redirects = true,
		.max_redirects = 10,
		.retries = 2,
		.max_retry_after_ms = 3600000,
		.speed_limit = 10,
		.speed_time_ms = 60000,
		.max_drain_ms = 30000,
	};
}

/*
 * How many connections the descriptors allow: each may need one for its socket
 * and one for its file.
 */
static bool
afford(struct engine *e, struct bulkfetch_problem *problem)
{
	unsigned wanted = e->env.options.concurrency;
	uint64_t limit = nofile_raise();
	uint64_t open = nofile_count_open();
	uint64_t dns = limit / RESERVED_DNS_SHARE;
	uint64_t taken = open + RESERVED_FDS + limit / RESERVED_SHARE +
	    (dns < RESERVED_DNS_MAX ? dns : RESERVED_DNS_MAX);
	uint64_t can = limit > taken ? (limit - taken) / 2 : 0;

	if (limit < open + LEAST_FDS)
		return problem_refuse(problem, false, EMFILE,
		    "%llu descriptors (ulimit -n) are too few; it takes %llu",
		    (unsigned long long)limit,
		    (unsigned long long)open + LEAST_FDS);
	if (can < 1)
		can = 1;
	if (can > wanted)
		can = wanted;
	e->concurrency = e->limit = (unsigned)can;
	if (can == wanted) {
		engine_tell(e, BULKFETCH_LEVEL_INFO,
		    "%u connections at most, %llu descriptors", wanted,
		    (unsigned long long)limit);
		return true;
	}
	engine_tell(e, BULKFETCH_LEVEL_WARNING,
	    "%u connections need more than the %llu descriptors allowed "
	    "(ulimit -n); going on with %llu",
	    wanted, (unsigned long long)limit, (unsigned long long)can);
	e->has_told_short = true;
	return true;
}

static void
trace(void *ctx, const void *conn, enum conn_state next)
{
	engine_tell(ctx, BULKFETCH_LEVEL_DEBUG, "connection %p: %s", conn,
	    conn_state_name(next));
}

static int64_t
timeout_of(uint64_t ms)
{
	return ms > 0 ? (int64_t)ms : INT64_MAX;
}

static struct err
init_conns(struct engine *e)
{
	const struct bulkfetch_options *o = &e->env.options;
	struct err err = conn_env_init(&e->conns, e->reactor);

	if (err_is(err))
		return err;
	err = throttle_set_rate(&e->conns.throttle, o->limit_rate);
	if (err_is(err))
		return err;
	e->conns.connect_timeout_ms = timeout_of(o->connect_timeout_ms);
	e->conns.head_timeout_ms = timeout_of(o->head_timeout_ms);
	e->conns.idle_timeout_ms = timeout_of(o->idle_timeout_ms);
	e->conns.speed_time_ms = timeout_of(o->speed_time_ms);
	/* Rounded up: a limit of an octet a minute is one. */
	if (o->speed_time_ms > 0)
		e->conns.speed_len =
		    (o->speed_limit * o->speed_time_ms + 999) / 1000;
	if (e->observer.level_max >= BULKFETCH_LEVEL_DEBUG) {
		e->conns.trace = trace;
		e->conns.trace_ctx = e;
	}
	e->conns.addresses = e->addresses;
	e->conns.sources = e->sources;
	return pool_init(&e->pool, &e->conns, e->concurrency);
}

static struct err
init_transfers(struct engine *e)
{
	const struct bulkfetch_options *o = &e->env.options;
	size_t count = (size_t)e->concurrency + engine_look_ahead(o);
	const struct turns_limits limits = {
		.max_per_host = o->max_per_host,
		.max_host_errors = o->max_host_errors,
		.rate = o->rate,
		.rate_per_host = o->rate_per_host,
	};
	/* One timer a connection, and the engine's own. */
	struct err err =
	    reactor_reserve_timers(e->reactor, (size_t)e->concurrency + 16);

	if (!err_is(err))
		err = turns_new(&limits, count, &e->env.turns);
	if (err_is(err))
		return err;
	/* Pages that are not used do not exist. */
	e->transfers = calloc(count, sizeof(*e->transfers));
	if (e->transfers == NULL)
		return err_of(ERR_NOMEM);
	e->env.pool = &e->pool;
	e->env.resolver = e->resolver;
	e->env.routes = e->routes;
	e->env.addresses = e->addresses;
	e->env.reactor = e->reactor;
	e->env.done = engine_on_transfer;
	e->env.host = engine_on_host;
	e->env.ctx = e;
	e->capacity = count;
	(void)!getrandom(&e->env.random, sizeof(e->env.random), GRND_NONBLOCK);
	if (e->env.random == 0) /* the one value that stays what it is */
		e->env.random = 1;
	return err_none();
}

/* Who asks for codings may wonder why a server sends none. */
static void
tell_codings(struct engine *e)
{
	if (!e->env.options.compressed)
		return;
	if (e->env.accept_encoding[0] == '\0')
		engine_tell(e, BULKFETCH_LEVEL_WARNING,
		    "no content coding is asked for: none of the libraries is "
		    "there that know them");
	for (size_t i = 0; i < CODING_KINDS; i++) {
		struct err err = decoding_check((enum coding)i);

		if (err_is(err))
			engine_tell(e, BULKFETCH_LEVEL_INFO, "%s", err.why);
	}
}

static struct err
init_engine(struct engine *e)
{
	struct err err = reactor_new(&e->reactor);

	if (err_is(err))
		return err;
	err = wake_init(&e->wake, e->reactor, engine_on_wake, e);
	if (err_is(err))
		return err;
	err = init_conns(e);
	if (!err_is(err))
		err = ways_init_names(e);
	if (err_is(err))
		return err;
	return init_transfers(e);
}

struct bulkfetch *
bulkfetch_new(const struct bulkfetch_options *options,
    const struct bulkfetch_source *source,
    const struct bulkfetch_collector *collector,
    const struct bulkfetch_observer *observer,
    struct bulkfetch_problem *problem)
{
	struct bulkfetch *run;
	struct engine *e;
	struct err err;

	if (!forms_check_options(options, problem))
		return NULL;
	run = calloc(1, sizeof(*run));
	if (run == NULL) {
		(void)problem_refuse_err(problem, err_of(ERR_NOMEM));
		return NULL;
	}
	e = &run->engine;
	e->env.options = *options;
	e->env.collector = *collector;
	e->source = *source;
	e->observer = *observer;
	e->wake.fd = -1;
	list_init(&e->free);
	list_init(&e->active);
	list_init(&e->waiting);
	list_init(&e->looking_up);
	conduit_init(&e->conns.conduit);
	watch_init(&e->source_watch, engine_on_source, e);
	timer_init(&e->tick, engine_on_tick, e);
	timer_init(&e->regrow, engine_on_regrow, e);
	timer_init(&e->turn_timer, engine_on_turn, e);
	timer_init(&e->end_timer, engine_on_end, e);
	e->regrow_ms = ENGINE_REGROW_MS;
	e->stuck_since_ms = -1;
	if (!forms_init(&e->env, problem) || !ways_init(e, problem) ||
	    !afford(e, problem)) {
		bulkfetch_free(run);
		return NULL;
	}
	tell_codings(e);
	err = init_engine(e);
	if (err_is(err)) {
		(void)problem_refuse_err(problem, err);
		bulkfetch_free(run);
		return NULL;
	}
	return run;
}

enum bulkfetch_end
bulkfetch_run(struct bulkfetch *run)
{
	return engine_run(&run->engine);
}

void
bulkfetch_stop(struct bulkfetch *run, enum bulkfetch_stop how)
{
	struct engine *e = &run->engine;
	int asked = 1 + (int)how;
	int before = atomic_load(&e->stop_asked);

	/* Only ever sharper: a late DRAIN does not take NOW back, nor does one
	 * that a NOW has come in between. */
	while (before < asked &&
	    !atomic_compare_exchange_weak(&e->stop_asked, &before, asked))
		;
	wake_up(&e->wake);
}

void
bulkfetch_wake(struct bulkfetch *run)
{
	wake_up(&run->engine.wake);
}

void
bulkfetch_get_stats(const struct bulkfetch *run, struct bulkfetch_stats *stats)
{
	engine_get_stats(&run->engine, stats);
}

void
bulkfetch_free(struct bulkfetch *run)
{
	struct engine *e;

	if (run == NULL)
		return;
	e = &run->engine;
	for (size_t i = 0; i < e->used; i++)
		transfer_fini(&e->transfers[i]);
	free(e->transfers);
	turns_free(e->env.turns);
	ways_fini_names(e);
	pool_fini(&e->pool);
	conn_env_fini(&e->conns);
	ways_fini(e);
	if (e->reactor != NULL) {
		wake_fini(&e->wake, e->reactor);
		reactor_free(e->reactor);
	}
	forms_fini(&e->env);
	decoding_room_fini(&e->env.decoding_room);
	free(run);
}
