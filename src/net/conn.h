/*
 * conn - one HTTP/1.1 connection (RFC 9112) as a state machine on the reactor.
 *
 *   CONNECT -> HANDSHAKE -> (TLS) -> SEND -> HEAD -> BODY -> DONE -> IDLE
 *                                     ^                               |
 *                                     +-------- conn_begin() ---------+
 *
 * Any state fails into DONE, the one door out.  There the connection is either
 * fit for another exchange (IDLE, still open) or closed, and its exchange is
 * told, exactly once.
 *
 * In HEAD and BODY the throttle may pause it (throttle.h), and in BODY it waits
 * for an exchange that is busy with what it was given: it is not watched then,
 * so that nothing is received, and no deadline but the exchange's own passes.
 *
 * The connection borrows its `struct conn_env` and, while an exchange lasts,
 * that.  It holds no memory of its own but the unsent rest of a long request
 * and the beginning of a head that came in pieces.
 */
#ifndef BULKFETCH_NET_CONN_H
#define BULKFETCH_NET_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/slice.h"
#include "http/body.h"
#include "http/response.h"
#include "net/stream.h"
#include "net/throttle.h"
#include "sys/conduit.h"
#include "sys/reactor.h"

struct addresses;
struct dial;
struct proxy;
struct sources;
struct tls;

/* The receive buffer that all connections share. */
#define CONN_RX_SIZE ((size_t)256 * 1024)

/* What is received of an answer that comes before the request is out, whatever
 * the throttle says: sending must go on. */
#define CONN_EARLY_MAX ((size_t)4096)

/* Fewer octets than this are received and written, not spliced. */
#define CONN_SPLICE_MIN ((uint64_t)(64 * 1024))

enum conn_state {
	CONN_CONNECT,   /* the transport is being connected */
	CONN_HANDSHAKE, /* the preliminaries of a proxy */
	CONN_TLS,       /* the handshake of TLS */
	CONN_SEND,      /* the request goes out */
	CONN_HEAD,      /* octets up to the end of the response head */
	CONN_BODY,      /* octets up to the end of the body */
	CONN_DONE,      /* the exchange is over */
	CONN_IDLE,      /* open, without an exchange */
	CONN_STATES
};

const char *conn_state_name(enum conn_state state);

/* What an exchange does for the connection.  All borrowed for the call. */
struct exchange_ops {
	/* The connection stands: append the request's head to `out` (empty) and
	 * set the body, which must stay until the exchange is over. */
	struct err (*compose)(void *owner, struct buf *out, struct slice *body);
	/* The final response's head. */
	struct err (*head)(void *owner, const struct response *res);
	/* Octets of its body; is_last when nothing can follow. */
	struct err (*data)(void *owner, struct slice data, bool is_last);
	/* It is busy: do some more of that work.  NULL where it never is. */
	struct err (*work)(void *owner);
	/* A file for the rest of the body, or -1 to have it by data(). */
	int (*sink)(void *owner);
	/* `len` octets went to the sink. */
	struct err (*sunk)(void *owner, size_t len);
	/* The exchange is over; give the connection to the pool. */
	void (*done)(void *owner, struct err err);
};

/* One request and its response, owned by whoever asked for it. */
struct exchange {
	const struct exchange_ops *ops;
	void *owner;
	bool to_head;        /* the request's method is HEAD */
	bool is_closing;     /* it says Connection: close (RFC 9112, 9.6) */
	int64_t deadline_ms; /* of the whole; INT64_MAX for none */
	/* Set by the owner in data() and work(): what it was given is not dealt
	 * with yet.  It gets work() once a batch until it is, and nothing else
	 * of the response before. */
	bool is_busy;
	/* Set by the connection: */
	int64_t first_octet_ms; /* of the response; -1 before */
	int64_t tls_at_ms;      /* the handshake of TLS has begun; -1: none */
	int64_t tls_ms;         /* and took so long; -1 before its end */
	/* Room for what there is to say of a failure beyond err.why, octets
	 * from the peer among it; or NULL. */
	char *words;
	size_t words_size;
	bool has_words; /* something is there, of this exchange */
};

/*
 * Where a connection leads to.  All borrowed, as the plan itself is, until the
 * first exchange is over.
 */
struct conn_plan {
	const struct endpoint *addrs; /* in the order to be tried */
	size_t count;                 /* at least 1 */
	struct slice name; /* that they are of, for which the one that connects
			    * is remembered; empty: none */
	const struct proxy *proxy; /* they are its own, and it is to be asked
				    * for a way to ... */
	struct slice host;         /* (a name or a numeric address) and */
	uint16_t port;             /* ... before anything else; or NULL */
	struct tls *tls; /* open: what speaks TLS with the origin; or NULL.  The
			  * certificate has to be for ... */
	struct slice tls_host; /* ... this name or address, without brackets
				* and final dot; sessions are kept for ... */
	struct slice origin;   /* ... this key */
};

/* What the connections of a run share.  Timeouts are INT64_MAX for none. */
struct conn_env {
	struct reactor *reactor; /* borrowed */
	uint8_t *rx;             /* owned, CONN_RX_SIZE octets */
	struct buf tx;           /* the request being composed */
	struct conduit conduit;
	struct throttle throttle; /* without a limit unless it is given one */
	struct addresses *addresses; /* borrowed: told of what connects, and
				      * what does not; or NULL */
	struct sources *sources;     /* borrowed: where connections come from;
				      * or NULL for anywhere */
	int64_t connect_timeout_ms;
	int64_t head_timeout_ms;
	int64_t idle_timeout_ms;
	/* So many octets have to move in so long, in SEND and in BODY; no bound
	 * when speed_len is 0.  Off under a throttle. */
	uint64_t speed_len;
	int64_t speed_time_ms;
	/* Told of every change of state, for -v; may be NULL. */
	void (*trace)(void *ctx, const void *conn, enum conn_state next);
	void *trace_ctx;
};

struct err conn_env_init(struct conn_env *env, struct reactor *reactor);
void conn_env_fini(struct conn_env *env);

struct conn;
typedef void (*conn_idle_fn)(void *ctx, struct conn *c);

/* Visible so that the pool can link it.  Others read `state`, `failed_in`,
 * `ip` and stream.is_worth_anew, and keep out of the rest. */
struct conn {
	struct conn_env *env; /* borrowed */
	enum conn_state state;
	enum conn_state failed_in; /* the state that an error ended */
	struct stream stream;
	struct watch watch;
	struct timer timer;
	struct throttled throttled;
	struct task work;     /* due while the exchange is busy */
	int64_t paused_at_ms; /* by the throttle, or for that */
	bool is_hopeful;      /* nobody has said yet that it is connected */
	const struct conn_plan *plan; /* borrowed; NULL after the first
				       * exchange */
	size_t at;                 /* in the plan: where the stream leads to */
	struct err passed_over;    /* the verdict on addresses that failed */
	struct dial *dial;         /* owned: tries several; or NULL */
	int64_t race_at_ms;        /* when it is to begin */
	int64_t phase_deadline_ms; /* of CONNECT+HANDSHAKE, of HEAD, or of the
				    * trailers */
	int64_t moved_at_ms;       /* something did, for the idle timeout */
	int64_t speed_deadline_ms; /* when the octets of this window count */
	uint64_t speed_len;        /* that moved in it */
	struct exchange *exchange; /* borrowed; NULL when IDLE or closed */
	uint64_t exchanges;        /* begun on this connection */
	struct err err;            /* the verdict, for DONE */

	struct buf unsent; /* head octets a short send left over */
	struct slice out;  /* of the head still to go, in tx or unsent */
	struct slice out_body;
	struct buf partial; /* response octets of an unfinished head */
	struct response_scan scan;
	size_t interim_len; /* octets of 1xx responses before the head */
	struct body body;
	bool is_persistent; /* as the response says */
	bool is_drained;    /* the last receive has left nothing behind */

	char ip[ENDPOINT_TEXT_MAX]; /* of the address at hand; "" for a Unix
				     * socket */

	struct list in_origin; /* the pool's: idle ones of the same origin */
	struct list in_lru;    /* the pool's: idle ones by age */
	struct origin *origin; /* the pool's */
	uint64_t idle_round;   /* the pool's: the reactor's when it came */
	conn_idle_fn idle_fn;  /* the pool's: an idle one has ended */
	void *idle_ctx;
};

/*
 * Begin to connect as `plan` says, for `exchange`; conn_start() must follow.
 * Addresses that fail at once are passed over, others later, in a race (dial.h)
 * when the first one takes its time; what proxy->kind has to say comes before
 * the request.
 *
 * Fails, with nothing to undo and the exchange not told, as dial_begin() does
 * when no address is left (ERR_SHORTAGE, ERR_CONNECT, or ERR_PROXY with the
 * errno where a proxy is what cannot be connected to), or with ERR_NOMEM.
 */
struct err conn_connect(struct conn *c, struct conn_env *env,
    const struct conn_plan *plan, struct exchange *exchange);

/* Take the first steps.  The exchange may be told of its end in here. */
void conn_start(struct conn *c);

/* Carry another exchange over an idle connection. */
void conn_begin(struct conn *c, struct exchange *exchange);

/*
 * Close without telling the exchange.  Not from within one of its own
 * callbacks but done().  Closed already is fine.
 */
void conn_close(struct conn *c);

/*
 * Whether nothing has come from the peer of an idle connection, not even its
 * end.  One receive; when it is not so, the connection is good for nothing.
 */
bool conn_is_quiet(struct conn *c);

static inline bool
conn_is_open(const struct conn *c)
{
	return c->stream.fd != -1;
}

/*
 * Whether an exchange that failed with `err` did so because an idle
 * connection had been closed by the peer in the meantime: it had been used
 * before and no octet of this response came.
 */
bool conn_was_stale(
    const struct conn *c, const struct exchange *exchange, struct err err);

/*
 * Whether its exchange is not the first: then a 408 may be no answer, but what
 * the peer said when it had waited long enough for a request (RFC 9110, section
 * 15.5.9) and that crossed ours on the way.
 */
static inline bool
conn_is_reused(const struct conn *c)
{
	return c->exchanges > 1;
}

#endif
