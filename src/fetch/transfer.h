/*
 * transfer - one request of the list, from its first try to its result.
 *
 *   FREE --begin--> READY --start--> (LOOKUP) -> EXCHANGE --> FREE
 *                   ^  | ^                          |
 *           resolve |  v |                          v
 *                  LOOKUP `---- TRANSFER_AGAIN, TRANSFER_SHORT
 *
 * READY is waiting for its turn (fetch/turns.h), before the first try, a
 * retry, the next URL of a redirect, or when descriptors were short; it holds
 * no connection and no descriptor then, but may hold the beginning of a body.
 * Its name is looked up before, so that slow names take nobody's turn.
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
#include "fetch/decoding.h"
#include "fetch/redirect.h"
#include "fetch/turns.h"
#include "http/request.h"
#include "http/url.h"
#include "net/conn.h"
#include "net/pool.h"
#include "net/resolver.h"
#include "route/addresses.h"
#include "route/routes.h"

/* A body that is not wanted is read to its end if that is nearer than this, so
 * that its connection can be used again. */
#define TRANSFER_DISCARD_MAX ((uint64_t)(64 * 1024))

/* Room for words about a failure that name what the peer said. */
#define TRANSFER_MESSAGE_MAX 256

/* The longest validator that is kept to continue a body. */
#define TRANSFER_VALIDATOR_MAX 128

enum transfer_state {
	TRANSFER_FREE,
	TRANSFER_READY,    /* for transfer_start() */
	TRANSFER_LOOKUP,   /* addresses are being looked up */
	TRANSFER_EXCHANGE, /* a connection carries it */
};

enum transfer_end {
	TRANSFER_ENDED, /* see the result; the transfer is FREE */
	TRANSFER_AGAIN, /* READY, for another request, not before again_at_ms */
	TRANSFER_SHORT, /* READY: descriptors, ports were used up */
	TRANSFER_RESOLVED, /* READY: transfer_resolve() has its answer */
};

/* What the present request asks for. */
enum transfer_asked {
	ASKED_ALL,
	ASKED_REST,  /* of the body, behind `stored_len` octets */
	ASKED_NEWER, /* than the collector's copy */
};

/* What the present response's head says is to be done. */
enum transfer_outcome {
	OUTCOME_NONE,      /* there was no head */
	OUTCOME_SUCCESS,   /* store the body */
	OUTCOME_FAILED,    /* store it only for --fail-with-body */
	OUTCOME_REDIRECT,  /* go on with another URL */
	OUTCOME_UNCHANGED, /* keep the copy */
	OUTCOME_RESTART,   /* what was begun cannot be continued */
};

/* What is to be told of a host. */
enum transfer_host_event {
	TRANSFER_HOST_PARKED,    /* it asks to be left alone for `wait_ms` */
	TRANSFER_HOST_GIVEN_UP,  /* the same, but for longer than is granted */
	TRANSFER_HOST_DOWN,      /* it could not be connected to too often */
	TRANSFER_HOST_CONNECTED, /* a new connection has brought a response */
};

struct transfer;

/* What all transfers of a run share, owned by the engine. */
struct transfer_env {
	struct pool *pool;
	struct resolver *resolver;
	struct routes *routes;
	struct addresses *addresses;
	struct tls *tls;
	struct reactor *reactor;
	struct turns *turns;
	/* By what has become of the request: is_foreign, is_rewritten. */
	struct request_form forms[2][2];
	char accept_encoding[DECODING_LIST_MAX]; /* "": none */
	struct decoding_room decoding_room;
	struct bulkfetch_options options;
	struct bulkfetch_collector collector;
	struct slice request_body;
	enum redirect_method method;
	uint64_t random;   /* state of the generator of retry times */
	uint64_t received; /* octets of bodies, of all */
	uint64_t retries;
	uint64_t redirects;
	unsigned looking_up; /* transfers that look up before their turn */
	/* `result` is set for TRANSFER_ENDED, and lent. */
	void (*done)(void *ctx, struct transfer *t, enum transfer_end end,
	    const struct bulkfetch_result *result);
	/* Something about the host of the present request, for people. */
	void (*host)(void *ctx, const struct transfer *t,
	    enum transfer_host_event event, int64_t wait_ms);
	void *ctx;
};

/* What is of one request and its response alone: begun anew with each. */
struct transfer_try {
	enum transfer_asked asked;
	enum transfer_outcome outcome;
	unsigned status;
	struct err verdict;     /* of the head, for when the body has ended */
	bool is_wanted;         /* the body is to be stored */
	uint64_t discarded;     /* octets of one that is not */
	int64_t retry_after_ms; /* the host's wish; 0 without, INT64_MAX when it
				 * is more than is granted */
	int64_t connect_at_ms;  /* these are -1 before they have a value */
	int64_t connect_ms;
	int64_t sent_at_ms;
	int64_t ttfb_ms;
};

struct transfer {
	struct transfer_env *env; /* borrowed */
	struct list link;         /* the engine's */
	struct turn turn;         /* the engine's */
	enum transfer_state state;

	struct bulkfetch_item item; /* without its texts */
	struct buf space;           /* the URL as listed, then normalised */
	size_t listed_len;
	struct url url;              /* in `space` */
	struct redirects *redirects; /* owned; NULL before the first one */

	/* The way to the present URL's host, and the addresses to connect to.
	 * Slices of the route lie in the URL, and are good until a redirect has
	 * been read. */
	struct route route;
	bool has_route;
	struct lookup lookup;
	bool is_resolved;   /* `lookup` has what came of it, be it an error */
	bool is_early;      /* LOOKUP: before the turn rather than within */
	bool is_for_target; /* it is of the host that a proxy is told, */
	char target[ENDPOINT_TEXT_MAX]; /* ... whose address this is, or "" */
	int64_t lookup_at_ms;
	int64_t lookup_ms; /* how long it took; -1 for none */
	int64_t resolved_at_ms;
	struct conn_plan plan;

	struct conn *conn; /* lent by the pool; NULL */
	struct exchange exchange;
	bool must_be_fresh; /* do not take an idle connection again */
	bool was_anew;      /* a connection was made anew, not to be done again
			     * in this try */
	bool is_checked;    /* the collector was asked whether it has() it */

	struct transfer_try try;

	/* The body.  `stored_len` octets are with the collector, or in the copy
	 * that current() has told of; `part_*` tell which version they are of,
	 * if that is known. */
	void *body;                /* the collector's handle */
	bool is_stored;            /* the body goes to the collector */
	struct decoding *decoding; /* owned; NULL: there is nothing to undo */
	bool is_suspended; /* `body` is there, but waits to be resumed */
	bool is_copy_void; /* do not ask current() again */
	uint64_t stored_len;
	uint64_t received;     /* octets of bodies, of all the tries */
	uint64_t continued_at; /* `stored_len` when it was last taken up */
	uint64_t total;    /* octets to store, or BULKFETCH_LENGTH_UNKNOWN */
	uint64_t part_url; /* hash of where they came from */
	size_t part_validator_len;
	char part_validator[TRANSFER_VALIDATOR_MAX];

	unsigned tries;
	unsigned retries;   /* of those that count against the options */
	struct err failure; /* that the coming try follows, if any */
	int64_t again_at_ms;
	int64_t left_ms;   /* of the try, while READY within one */
	const char *stage; /* where it is, in the log's words */
	char ip[ENDPOINT_TEXT_MAX];
	char message[TRANSFER_MESSAGE_MAX];

	int64_t queued_at_ms;
	int64_t begun_at_ms; /* first try; -1 before */
};

void transfer_init(struct transfer *t, struct transfer_env *env);
void transfer_fini(struct transfer *t);

/* Take `item`.  True: READY.  False: it has ended, which was told. */
bool transfer_begin(struct transfer *t, const struct bulkfetch_item *item);

/*
 * Find out the addresses that the next request will need, if it will.  True:
 * done, well or not.  False: it is in LOOKUP, and TRANSFER_RESOLVED will be
 * told.
 */
bool transfer_resolve(struct transfer *t);

/* Make the next request.  The end may be told before this returns. */
void transfer_start(struct transfer *t);

/* Give up the memory that its result was told from; it is FREE. */
void transfer_release(struct transfer *t);

/* Break it off, or end one that is READY, with `err`. */
void transfer_abort(struct transfer *t, struct err err);

/* "http://host:port" of the next request; lent until then. */
struct slice transfer_origin(const struct transfer *t);

#endif
