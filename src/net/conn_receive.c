/*
 * conn_receive - the receiving half of a connection: the HEAD and BODY states.
 * The other parts are conn.c, conn_connect.c and conn_deadline.c.
 */
#include "net/conn_internal.h"

#include <string.h>

/* How much of `max` octets may be received now. */
static size_t
allow(struct conn *c, size_t max)
{
	return throttle_allow(&c->env->throttle, &c->throttled, max);
}

/* Receive up to `max` octets into the buffer that all connections share. */
static struct stream_io
receive(struct conn *c, size_t max)
{
	struct stream_io io = c->stream.ops->recv(&c->stream, c->env->rx, max);

	c->is_drained = (io.status != STREAM_OK || io.len < max) &&
	    !c->stream.has_more && !c->stream.has_left;
	if (io.status == STREAM_OK)
		throttle_took(&c->env->throttle, io.len);
	return io;
}

/* More is to come.  What has come already would only wake us to be paused. */
static enum want
await_more(struct conn *c)
{
	return c->is_drained || allow(c, 1) > 0 ? WANT_READ : WANT_TURN;
}

/*
 * The response is whole.  Octets behind its end are nobody's, least of all the
 * next one's; where some may still lie in the socket, a look tells.
 */
static enum want
end_response(struct conn *c)
{
	if (c->is_persistent && !c->is_drained)
		c->is_persistent = conn_is_quiet(c);
	return conn_enter(c, CONN_DONE);
}

/* The exchange was given all that has come of the body. */
static enum want
follow_data(struct conn *c, bool is_done)
{
	if (c->exchange->is_busy)
		return WANT_WORK;
	if (is_done)
		return end_response(c);
	if (body_in_trailer(&c->body))
		conn_time_trailers(c);
	return await_more(c);
}

enum want
conn_work(struct conn *c)
{
	struct err err = c->exchange->ops->work(c->exchange->owner);

	if (err_is(err))
		return conn_fail(c, err);
	/* Octets may have come since the last receive. */
	c->is_drained = false;
	return follow_data(c, body_is_done(&c->body));
}

/*
 * Give what `in` holds of the body to the exchange, as one piece: the data of
 * several chunks is moved together, in `in` itself, so that a peer that sends
 * many small ones costs one write all the same, and a small body, chunked or
 * not, arrives whole.  `in` lies in one of our own buffers.
 */
static enum want
consume_body(struct conn *c, struct slice in)
{
	struct exchange *x = c->exchange;
	uint8_t *begin = (uint8_t *)(uintptr_t)in.ptr;
	size_t len = 0;
	struct err err;
	bool is_done = body_is_done(&c->body);

	while (in.len > 0 && !is_done) {
		struct slice data;
		size_t used;

		err = body_decode(&c->body, in, &used, &data);
		if (err_is(err))
			return conn_fail(c, err);
		in = slice_from(in, used);
		is_done = body_is_done(&c->body);
		if (len == 0)
			begin = (uint8_t *)(uintptr_t)data.ptr;
		else if (data.len > 0)
			memmove(begin + len, data.ptr, data.len);
		len += data.len;
	}
	if (is_done && in.len > 0)
		c->is_persistent = false;
	if (len > 0 || is_done) {
		err = x->ops->data(x->owner, slice_of(begin, len), is_done);
		if (err_is(err))
			return conn_fail(c, err);
	}
	return follow_data(c, is_done);
}

/* The head is whole: tell of it and go on with what `in` holds behind it. */
static enum want
take_head(struct conn *c, const struct response *res, struct slice in)
{
	struct exchange *x = c->exchange;
	struct err err = x->ops->head(x->owner, res);
	enum want want;

	if (err_is(err))
		return conn_fail(c, err);
	/* What was not sent yet never will be. */
	c->is_persistent = res->is_persistent && !x->is_closing &&
	    c->out.len + c->out_body.len == 0;
	c->out = c->out_body = (struct slice){ 0 };
	body_init(&c->body, res);
	(void)conn_enter(c, CONN_BODY);
	want = consume_body(c, in);
	buf_fini(&c->partial);
	return want;
}

/*
 * Look for a final head in `in`, all the response octets so far.  Interim
 * responses are passed over, as long as they are not too many (RFC 9110,
 * section 15.2).
 */
static enum want
scan_head(struct conn *c, struct slice in)
{
	struct response res;
	struct err err;
	bool whole;

	for (;;) {
		err = response_parse(
		    &c->scan, in, c->exchange->to_head, &res, &whole);
		if (err_is(err))
			return conn_fail(c, err);
		if (!whole)
			break;
		in = slice_from(in, res.head.len);
		if (res.status >= 200)
			return take_head(c, &res, in);
		c->interim_len += res.head.len;
		if (c->interim_len > RESPONSE_HEAD_MAX)
			return conn_fail(c,
			    err_why(ERR_LIMIT, "too many interim responses"));
		response_scan_init(&c->scan);
	}
	/* Keep what there is of a head; `in` may lie in `partial` itself. */
	if (c->partial.len > 0) {
		buf_drop(&c->partial, c->partial.len - in.len);
		return await_more(c);
	}
	err = buf_append(&c->partial, in);
	return err_is(err) ? conn_fail(c, err) : await_more(c);
}

enum want
conn_receive_head(struct conn *c)
{
	struct conn_env *env = c->env;
	size_t max = allow(c, CONN_RX_SIZE);
	struct stream_io io;
	struct slice in;

	if (max == 0 && c->state == CONN_SEND)
		max = CONN_EARLY_MAX;
	if (max == 0)
		return WANT_TURN;
	io = receive(c, max);
	if (io.status == STREAM_END && c->exchange->first_octet_ms == -1)
		return conn_fail(
		    c, err_why(ERR_TRUNCATED, "closed before the response"));
	if (io.status == STREAM_END)
		return conn_fail(c,
		    err_why(ERR_TRUNCATED, "closed within the response head"));
	if (io.status != STREAM_OK)
		return conn_wait_or_fail(c, io, ERR_IO);
	if (c->exchange->first_octet_ms == -1)
		c->exchange->first_octet_ms = reactor_now_ms(env->reactor);
	/* While the request is on its way only what is sent counts: interim
	 * responses must not keep a peer that does not read it alive. */
	if (c->state != CONN_SEND)
		conn_touch(c);
	in = slice_of(env->rx, io.len);
	if (c->partial.len > 0) {
		struct err err = buf_append(&c->partial, in);

		if (err_is(err))
			return conn_fail(c, err);
		in = buf_slice(&c->partial);
	}
	return scan_head(c, in);
}

/* The peer has ended; does the body? */
static enum want
end_body(struct conn *c)
{
	struct err err = body_end(&c->body);

	if (err_is(err))
		return conn_fail(c, err);
	c->is_persistent = false;
	return conn_enter(c, CONN_DONE);
}

/* Move body octets from the socket to the sink without touching them. */
static enum want
splice_body(struct conn *c, int source, int sink, size_t max)
{
	struct conduit_io io =
	    conduit_move(&c->env->conduit, source, sink, max);
	struct err err;

	switch (io.status) {
	case CONDUIT_MOVED:
		conn_count(c, io.len);
		throttle_took(&c->env->throttle, io.len);
		body_skip_plain(&c->body, io.len);
		err = c->exchange->ops->sunk(c->exchange->owner, io.len);
		if (err_is(err))
			return conn_fail(c, err);
		c->is_drained = false;
		return body_is_done(&c->body) ? end_response(c) : await_more(c);
	case CONDUIT_WAIT:
		return WANT_READ;
	case CONDUIT_END:
		return end_body(c);
	case CONDUIT_FAILED_READ:
		return conn_fail(c, err_code(ERR_IO, io.sys));
	case CONDUIT_FAILED_WRITE:
		return conn_fail(c, err_code(ERR_FILE, io.sys));
	case CONDUIT_UNFIT:
		break;
	}
	return WANT_AGAIN; /* by hand, then */
}

enum want
conn_receive_body(struct conn *c)
{
	uint64_t left = body_plain_left(&c->body);
	int source =
	    left >= CONN_SPLICE_MIN ? c->stream.ops->plain_fd(&c->stream) : -1;
	size_t max =
	    allow(c, left < SIZE_MAX && source != -1 ? (size_t)left : SIZE_MAX);
	struct stream_io io;

	if (max == 0)
		return WANT_TURN;
	if (source != -1) {
		int sink = c->exchange->ops->sink(c->exchange->owner);
		enum want want =
		    sink != -1 ? splice_body(c, source, sink, max) : WANT_AGAIN;

		if (want != WANT_AGAIN)
			return want;
	}
	io = receive(c, max < CONN_RX_SIZE ? max : CONN_RX_SIZE);
	if (io.status == STREAM_END)
		return end_body(c);
	if (io.status != STREAM_OK)
		return conn_wait_or_fail(c, io, ERR_IO);
	conn_count(c, io.len);
	return consume_body(c, slice_of(c->env->rx, io.len));
}
