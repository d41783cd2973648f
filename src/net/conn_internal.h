/*
 * conn_internal - what the parts of the connection's machine share: conn.c
 * sends and drives, conn_connect.c connects, conn_receive.c reads the response,
 * conn_deadline.c keeps the time.  For those four files alone.
 */
#ifndef BULKFETCH_NET_CONN_INTERNAL_H
#define BULKFETCH_NET_CONN_INTERNAL_H

#include "net/conn.h"

/* What a step needs before the machine can move again. */
enum want {
	WANT_AGAIN,
	WANT_READ,
	WANT_WRITE,
	WANT_TURN, /* to be resumed by the throttle */
	WANT_WORK, /* to give the exchange another turn, in the next batch */
	WANT_DIAL, /* to be told by the dial */
	WANT_NOTHING
};

/* On its way nowhere yet, in the caller's storage. */
void conn_init(
    struct conn *c, struct conn_env *env, const struct conn_plan *plan);

/* What a new exchange finds, on a new connection and on an old one. */
void conn_reset(struct conn *c, struct exchange *exchange);

/* Step until the machine has to wait, or has ended; `events` woke it. */
void conn_run(struct conn *c, unsigned events);

/* Change the state; what that state's first step needs. */
enum want conn_enter(struct conn *c, enum conn_state next);

/* End the exchange with `err`, by way of DONE. */
enum want conn_fail(struct conn *c, struct err err);

/* The door out of an exchange, from DONE: last use of `c`, it may be freed. */
void conn_finish(struct conn *c);

/* The deadlines of the state that has just been entered. */
void conn_time_state(struct conn *c);

/* It was paused, which counts for no deadline but the whole's. */
void conn_time_resumed(struct conn *c);

/* For its timer. */
void conn_on_deadline(void *ctx);

/* Something has moved: put the idle deadline off, within the others. */
void conn_touch(struct conn *c);

/* The same of `len` octets of a request or a body. */
void conn_count(struct conn *c, size_t len);

/* The trailers have begun: end them within the timeout of a head. */
void conn_time_trailers(struct conn *c);

/* What a stream waits for, as a want; a failure of the transport as `kind`. */
enum want conn_wait_or_fail(
    struct conn *c, struct stream_io io, enum err_kind kind);

enum want conn_step_connect(struct conn *c, unsigned events);
enum want conn_step_handshake(struct conn *c);
enum want conn_step_tls(struct conn *c);

/*
 * What the stream said before anything told that it is connected: if it has to
 * wait, then because it is not; if it failed, connecting did.
 */
enum want conn_end_hope(struct conn *c, struct stream_io io);

/* In CONNECT: it has been waited for long enough, try other addresses too. */
void conn_race(struct conn *c);

/* For env->addresses: it stands; it was not in time. */
void conn_note_connected(const struct conn *c, bool is_raced);
void conn_note_late(const struct conn *c);

/*
 * One receive up to the end of the response head, and on with what came
 * behind it.  In HEAD, and in SEND when an answer comes before the request
 * is out: the state is then left only when the head is whole.
 */
enum want conn_receive_head(struct conn *c);

/* One receive, or splice, of the body. */
enum want conn_receive_body(struct conn *c);

/* Instead of that: a turn of an exchange that is busy. */
enum want conn_work(struct conn *c);

#endif
