/*
 * engine - keeps `concurrency` transfers going: takes items from the source as
 * soon as one can start, and counts and reports how each ended.
 *
 *   RUNNING -> DRAINING -> STOPPING      (forward only)
 *
 * RUNNING begins requests; DRAINING lets those under way end, for
 * --max-drain; STOPPING breaks them off.  The run is over when no transfer is
 * left and, if RUNNING, the source has ended.
 *
 * Items that may not start yet, since their name, their host, a rate or a retry
 * has to be waited for, wait in transfers of their own (fetch/turns.h),
 * `look_ahead` of them at most, while the source is asked for others.  When all
 * of them wait, it is not asked any more.
 *
 * Descriptors or ports that run out are no failure of a request: what is idle
 * is closed, the limit comes down to what is under way, the request waits until
 * another has ended or a while has passed, which doubles while others hold what
 * is missing, and the limit grows again by a quarter every ENGINE_REGROW_MS.
 */
#ifndef BULKFETCH_FETCH_ENGINE_H
#define BULKFETCH_FETCH_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "bulkfetch.h"
#include "fetch/stats.h"
#include "fetch/transfer.h"
#include "fetch/turns.h"
#include "net/conn.h"
#include "net/pool.h"
#include "net/resolver_system.h"
#include "route/addresses.h"
#include "route/routes.h"
#include "route/sources.h"
#include "sys/reactor.h"
#include "sys/wake.h"

/* Items begun in a row before the reactor gets its turn: a list of nothing but
 * bad lines must not keep signals and the progress line waiting. */
#define ENGINE_PUMP_MAX 512

/* Transfers that may wait: as many, or a multiple of the concurrency. */
#define ENGINE_LOOK_AHEAD 1000
#define ENGINE_LOOK_AHEAD_SHARE 4

#define ENGINE_REGROW_MS 200
#define ENGINE_REGROW_MAX_MS 10000

/* When nothing at all has been under way for so long, because there was no
 * descriptor or port for it, what waits fails after all. */
#define ENGINE_SHORT_MAX_MS 60000

/* Local failures in a row, none of them a matter of one file alone, that mean
 * that nothing can be written any more. */
#define ENGINE_FILE_FAILURES_MAX 16

enum engine_phase { ENGINE_RUNNING, ENGINE_DRAINING, ENGINE_STOPPING };

/* What keeps the source from being asked. */
enum engine_source_state {
	ENGINE_SOURCE_READY,
	ENGINE_SOURCE_PENDING, /* until its descriptor or a wake says so */
	ENGINE_SOURCE_ENDED,
};

struct engine {
	struct transfer_env env;
	struct bulkfetch_source source;
	struct bulkfetch_observer observer;
	struct reactor *reactor; /* owned */
	struct conn_env conns;
	struct pool pool;
	struct resolver *resolver;     /* owned */
	struct routes *routes;         /* owned */
	struct addresses *addresses;   /* owned */
	struct sources *sources;       /* owned; NULL without --interface */
	struct resolver_options names; /* the resolver borrows them */
	struct endpoint dns_servers[BULKFETCH_DNS_SERVERS_MAX];
	struct wake wake;
	struct watch source_watch;
	struct timer tick;
	struct timer regrow;
	struct timer turn_timer; /* turns_due_ms() */
	struct timer end_timer; /* of --max-duration, and then of --max-drain */

	/* Owned array of concurrency + look-ahead.  Those from `used` on have
	 * never been used, nor touched: memory is for what waits only. */
	struct transfer *transfers;
	size_t capacity;
	size_t used;
	struct list free;
	struct list active;     /* their turn is GOING */
	struct list waiting;    /* their turn is QUEUED or DELAYED */
	struct list looking_up; /* their turn is OUT, for a name */
	unsigned active_count;
	unsigned concurrency; /* the most that descriptors allow */
	unsigned limit;       /* in force: 1 <= limit <= concurrency */

	enum engine_phase phase;
	enum engine_source_state source_state;
	enum bulkfetch_end end;
	bool is_short;          /* begin nothing until something has ended */
	int64_t regrow_ms;      /* how long to wait the next time */
	int64_t stuck_since_ms; /* short with nothing under way; -1 if not */
	bool has_told_short;    /* one warning a run is enough */
	bool is_output_lost;    /* the observer cannot tell any more */
	unsigned file_failures; /* in a row */
	atomic_int stop_asked;  /* 1 + enum bulkfetch_stop, or 0 */

	struct stats stats;
	int64_t started_ms;
	int64_t ended_ms; /* -1 while running */
};

/* Run to the end. */
enum bulkfetch_end engine_run(struct engine *e);

/* Compose and tell, if the observer wants that level. */
void engine_tell(struct engine *e, enum bulkfetch_level level,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

void engine_get_stats(const struct engine *e, struct bulkfetch_stats *out);

/* The look-ahead in force for these options. */
unsigned engine_look_ahead(const struct bulkfetch_options *o);

/* For whoever builds an engine: the callbacks to wire. */
void engine_on_transfer(void *ctx, struct transfer *t, enum transfer_end end,
    const struct bulkfetch_result *result);
void engine_on_wake(void *ctx);
void engine_on_source(void *ctx, unsigned events);
void engine_on_tick(void *ctx);
void engine_on_regrow(void *ctx);
void engine_on_host(void *ctx, const struct transfer *t,
    enum transfer_host_event event, int64_t wait_ms);
void engine_on_turn(void *ctx);
void engine_on_end(void *ctx);

#endif
