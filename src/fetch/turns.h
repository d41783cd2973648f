/*
 * turns - who may begin a request, and when.
 *
 * Every transfer has a `struct turn` and asks with it before each request.  It
 * may go at once, or waits: for the time of a retry, for its host (a host here
 * is an origin: scheme, host and port), or for the pace of all.
 *
 *	(out) --ask--> GOING ----------------leave----------------> (out)
 *	   |  `------> QUEUED, DELAYED --turns_next()--> GOING
 *	   `--wait---> DELAYED                  any wait --leave--> (out)
 *
 * A host limits what is under way to it (max_per_host), begins requests at a
 * pace, can be parked until a time, and is down after too many failures to
 * connect in a row.  Within a host it is first come, first served; one that is
 * DELAYED comes when its time does.  Hosts with something to begin take turns.
 * An ask never overtakes: not its own host's, nor, where the general pace
 * decides, anybody who may begin.
 *
 * Hosts are known only as long as there is something to know of them, and what
 * is remembered of those without a turn is bounded (known_hosts.h).  Without
 * limits and with nothing known, asking costs a few comparisons and no lookup.
 *
 * Pure policy: the time is an argument (milliseconds from 0, never going back),
 * and nothing calls back.  Every operation but turns_parked() is O(1), or
 * O(log n) in what waits.
 */
#ifndef BULKFETCH_FETCH_TURNS_H
#define BULKFETCH_FETCH_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/slice.h"
#include "bulkfetch.h"

struct turns;
struct known_host;

enum turn_state { TURN_OUT, TURN_GOING, TURN_QUEUED, TURN_DELAYED };

/* In a transfer.  The key is lent, and stays in place, while the turn is not
 * OUT. */
struct turn {
	enum turn_state state;
	struct slice key;        /* "http://host:port", borrowed */
	struct known_host *host; /* held; NULL while OUT, and maybe GOING */
	struct list link;        /* in its host, while it waits */
	struct heap_node node;   /* while DELAYED */
};

/* 0 for no limit. */
struct turns_limits {
	unsigned max_per_host;
	unsigned max_host_errors;
	struct bulkfetch_pace rate;
	struct bulkfetch_pace rate_per_host;
};

enum turns_answer {
	TURNS_GO,   /* it is GOING: begin the request */
	TURNS_WAIT, /* it is QUEUED; DELAYED a little if memory is short */
	TURNS_DOWN, /* it is OUT: its host is down */
};

/* `capacity`: how many turns there will be at most.  Fails with ERR_NOMEM, and
 * is the only one that fails. */
struct err turns_new(
    const struct turns_limits *limits, size_t capacity, struct turns **out);
void turns_free(struct turns *t);

void turn_init(struct turn *turn);

/* May a request to `key` begin?  The turn is OUT. */
enum turns_answer turns_ask(
    struct turns *t, struct turn *turn, struct slice key, int64_t now_ms);

/* Not before `at_ms`, which may be now; the turn is OUT and will be DELAYED. */
void turns_wait(
    struct turns *t, struct turn *turn, struct slice key, int64_t at_ms);

/*
 * The next one that may begin: it is GOING now; or, with `*is_down`, the next
 * one whose host is down, be it DELAYED: it is OUT now.  NULL, with `*is_down`
 * false, when there is none.
 */
struct turn *turns_next(struct turns *t, int64_t now_ms, bool *is_down);

/*
 * When turns_next() may have something because time has passed: 0 for at once,
 * INT64_MAX when only a turns_leave() can bring that about.
 */
int64_t turns_due_ms(const struct turns *t);

/* The request is over, or is not going to be begun: OUT.  OUT already is
 * fine. */
void turns_leave(struct turns *t, struct turn *turn, int64_t now_ms);

/* The host asks to be left alone: nothing begins before `until_ms`.  A later
 * time than before counts, an earlier one does not.  Like the next two it is
 * forgotten at once where memory is short. */
void turns_park(
    struct turns *t, struct slice key, int64_t until_ms, int64_t now_ms);

/* The host is given up for the rest of the run; false when it was already. */
bool turns_give_up(struct turns *t, struct slice key, int64_t now_ms);

/*
 * The host was connected to, or could not be.  True when this was the failure
 * that brought it down.
 */
bool turns_note_connect(
    struct turns *t, struct slice key, bool is_connected, int64_t now_ms);

/* How many turns are QUEUED or DELAYED, and how many hosts are parked; the
 * latter looks at each. */
unsigned turns_waiting(const struct turns *t);
unsigned turns_parked(const struct turns *t, int64_t now_ms);

/* Whether the pace of all lets anything begin now, and when it will. */
bool turns_are_open(const struct turns *t, int64_t now_ms);
int64_t turns_open_ms(const struct turns *t);

#endif
