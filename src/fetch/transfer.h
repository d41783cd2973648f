/*
 * transfer - one request of the list, from its first try to its result.
 *
 *   FREE -> LOOKUP -> EXCHANGE -> FREE
 *             |  ^       |
 *             v  |       v
 *            (another address, a fresh connection)   any -> SHORT -> LOOKUP
 *
 * A transfer owns its URL, its exchange and, while one is under way, the
 * collector's handle of the body.  It borrows a connection from the pool.  The
 * engine owns the transfers and is told once how each ended.
 */
#ifndef BULKFETCH_FETCH_TRANSFER_H
#define BULKFETCH_FETCH_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "bulkfetch.h"
#include "http/request.h"
#include "http/url.h"
#include "net/conn.h"
#include "net/pool.h"
#include "net/resolver.h"

/* A body that is not wanted is read to its end if that is nearer than this, so
 * that its connection can be used again. */
#define TRANSFER_DISCARD_MAX ((uint64_t)(64 * 1024))

/* Room for words about a failure that name what the peer said. */
#define TRANSFER_MESSAGE_MAX 160

enum transfer_state {
	TRANSFER_FREE,
	TRANSFER_LOOKUP,   /* addresses are being looked up */
	TRANSFER_EXCHANGE, /* a connection carries it */
	TRANSFER_SHORT, /* descriptors, ports were used up: to be begun anew */
};

enum transfer_end {
	TRANSFER_ENDED,     /* see the result; the transfer is FREE */
	TRANSFER_POSTPONED, /* the transfer is SHORT: call transfer_resume() */
};

struct transfer;

/* What all transfers of a run share, owned by the engine. */
struct transfer_env {
	struct pool *pool;
	struct resolver *resolver;
	struct reactor *reactor;
	struct request_form form;
	struct bulkfetch_options options;
	struct bulkfetch_collector collector;
	struct slice request_body;
	bool may_be_partial; /* a Range was asked for: 206 is a success */
	/* `result` is lent, NULL when postponed. */
	void (*done)(void *ctx, struct transfer *t, enum transfer_end end,
	    const struct bulkfetch_result *result);
	void *ctx;
};

struct transfer {
	struct transfer_env *env; /* borrowed */
	struct list link;         /* the engine's */
	enum transfer_state state;

	struct bulkfetch_item item; /* without its texts */
	struct buf space;           /* the URL as listed, then normalised */
	size_t listed_len;
	struct url url; /* in `space` */

	struct lookup lookup;
	size_t addr_at;    /* of lookup.addrs, being tried */
	struct conn *conn; /* lent by the pool; NULL */
	struct exchange exchange;
	bool must_be_fresh; /* do not take an idle connection again */

	void *body;     /* the collector's handle */
	bool is_stored; /* the body goes to the collector */
	unsigned status;
	uint64_t bytes;
	unsigned tries;
	const char *stage; /* where it is, in the log's words */
	char ip[ENDPOINT_TEXT_MAX];
	char message[TRANSFER_MESSAGE_MAX];

	int64_t queued_at_ms;
	int64_t begun_at_ms; /* first try; -1 before, like those below */
	int64_t lookup_at_ms;
	int64_t lookup_ms;
	int64_t connect_at_ms;
	int64_t connect_ms;
	int64_t sent_at_ms;
	int64_t ttfb_ms;
};

void transfer_init(struct transfer *t, struct transfer_env *env);
void transfer_fini(struct transfer *t);

/* Begin with `item`.  The end may be told before this returns. */
void transfer_begin(struct transfer *t, const struct bulkfetch_item *item);

/* Try again after TRANSFER_POSTPONED. */
void transfer_resume(struct transfer *t);

/* Break it off, or a postponed one: it ends with `err`. */
void transfer_abort(struct transfer *t, struct err err);

#endif
