/*
 * conn_internal - what the two halves of the connection's machine share: conn.c
 * connects, sends and drives, conn_receive.c reads the response.  For those two
 * files alone.
 */
#ifndef BULKFETCH_NET_CONN_INTERNAL_H
#define BULKFETCH_NET_CONN_INTERNAL_H

#include "net/conn.h"

/* What a step needs before the machine can move again; WANT_TURN: to be resumed
 * by the throttle. */
enum want { WANT_AGAIN, WANT_READ, WANT_WRITE, WANT_TURN, WANT_NOTHING };

/* Change the state; what that state's first step needs. */
enum want conn_enter(struct conn *c, enum conn_state next);

/* End the exchange with `err`, by way of DONE. */
enum want conn_fail(struct conn *c, struct err err);

/* Something has moved: put the idle deadline off, within the others. */
void conn_touch(struct conn *c);

/* The same of `len` octets of a request or a body. */
void conn_count(struct conn *c, size_t len);

/* The trailers have begun: end them within the timeout of a head. */
void conn_time_trailers(struct conn *c);

/* What a stream waits for, as a want; a failure of the transport as `kind`. */
enum want conn_wait_or_fail(
    struct conn *c, struct stream_io io, enum err_kind kind);

/*
 * One receive up to the end of the response head, and on with what came
 * behind it.  In HEAD, and in SEND when an answer comes before the request
 * is out: the state is then left only when the head is whole.
 */
enum want conn_receive_head(struct conn *c);

/* One receive, or splice, of the body. */
enum want conn_receive_body(struct conn *c);

#endif
