/*
 * fake_stream - a transport below a stream's layer that keeps what is sent and
 * gives what a test has written down, in pieces as the test wants them.
 */
#ifndef BULKFETCH_TESTS_UNIT_FAKE_STREAM_H
#define BULKFETCH_TESTS_UNIT_FAKE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"
#include "net/stream.h"

#define FAKE_STREAM_FD 1000 /* what plain_fd() says */
#define FAKE_STREAM_MAX 65536
#define FAKE_ANSWERS_MAX 4

/* Octets that it gives once so many were sent. */
struct fake_answer {
	size_t after;
	struct slice octets;
};

struct fake_stream {
	uint8_t said[FAKE_STREAM_MAX];
	size_t said_len;
	struct fake_answer answers[FAKE_ANSWERS_MAX];
	size_t given; /* of all answers together */
	/* Octets that a call moves at most; 0: all. */
	size_t send_max;
	size_t recv_max;
	/* Neither sends nor gives across this many; 0: nothing of the kind. */
	size_t send_split;
	size_t recv_split;
	bool is_slow; /* every other call has to wait */
	bool has_ended;
	int sys; /* rather than wait for answers, it fails */
	/* Calls of the handshake that wait, and what it fails with. */
	unsigned handshake_waits;
	struct err handshake_err;
	unsigned handshakes;
	unsigned calls;
	unsigned closes;
	bool is_dry; /* the last one had nothing to give */
};

static inline struct fake_stream *
fake_of(const struct stream *s)
{
	return s->layer;
}

/* Whether this call has to wait. */
static inline bool
fake_is_slow(struct fake_stream *f)
{
	return f->calls++ % 2 == 0 && f->is_slow;
}

/* As much of `len` octets as may move now, `at` having moved before. */
static inline size_t
fake_piece(size_t len, size_t max, size_t split, size_t at)
{
	if (max > 0 && len > max)
		len = max;
	if (split > at && len > split - at)
		len = split - at;
	return len;
}

/* What may be given next. */
static inline struct slice
fake_next(const struct fake_stream *f)
{
	size_t at = f->given;

	for (size_t i = 0; i < FAKE_ANSWERS_MAX; i++) {
		struct slice octets = f->answers[i].octets;

		if (at < octets.len && f->said_len >= f->answers[i].after)
			return slice_from(octets, at);
		if (at < octets.len)
			break;
		at -= octets.len;
	}
	return (struct slice){ 0 };
}

static struct stream_io
fake_stream_handshake(struct stream *s)
{
	struct fake_stream *f = fake_of(s);

	f->handshakes++;
	if (f->handshake_waits > 0) {
		f->handshake_waits--;
		return stream_wait(STREAM_WAIT_READ);
	}
	if (err_is(f->handshake_err))
		return stream_fail(s, f->handshake_err);
	return stream_ok(0);
}

static struct stream_io
fake_stream_send(struct stream *s, const struct iovec *iov, int iov_count)
{
	struct fake_stream *f = fake_of(s);
	size_t len =
	    fake_piece(iov->iov_len, f->send_max, f->send_split, f->said_len);

	f->is_dry = false;
	if (fake_is_slow(f))
		return stream_wait(STREAM_WAIT_WRITE);
	if (iov_count != 1 || len > sizeof(f->said) - f->said_len)
		return stream_fail(s, err_code(ERR_IO, ENOBUFS));
	memcpy(f->said + f->said_len, iov->iov_base, len);
	f->said_len += len;
	return stream_ok(len);
}

static struct stream_io
fake_stream_recv(struct stream *s, void *to, size_t cap)
{
	struct fake_stream *f = fake_of(s);
	struct slice next = fake_next(f);
	size_t len = fake_piece(next.len < cap ? next.len : cap, f->recv_max,
	    f->recv_split, f->given);

	f->is_dry = false;
	if (fake_is_slow(f))
		return stream_wait(STREAM_WAIT_READ);
	if (len == 0 && f->sys != 0)
		return stream_fail(s, err_code(ERR_IO, f->sys));
	if (len == 0 && f->has_ended)
		return stream_wait(STREAM_END);
	if (len == 0) {
		f->is_dry = true;
		return stream_wait(STREAM_WAIT_READ);
	}
	memcpy(to, next.ptr, len);
	f->given += len;
	return stream_ok(len);
}

static int
fake_stream_plain_fd(const struct stream *s)
{
	(void)s;
	return FAKE_STREAM_FD;
}

static void
fake_stream_close(struct stream *s)
{
	fake_of(s)->closes++;
	s->fd = -1;
}

static const struct stream_ops fake_stream_ops = {
	.handshake = fake_stream_handshake,
	.send = fake_stream_send,
	.recv = fake_stream_recv,
	.plain_fd = fake_stream_plain_fd,
	.close = fake_stream_close,
};

static inline void
fake_stream_init(struct fake_stream *f, struct stream *s)
{
	*s = (struct stream){
		.ops = &fake_stream_ops, .fd = FAKE_STREAM_FD, .layer = f
	};
	f->said_len = f->given = 0;
	f->handshakes = f->calls = f->closes = 0;
	f->is_dry = false;
}

/* Whether the stream is what it was. */
static inline bool
fake_stream_is_bare(const struct fake_stream *f, const struct stream *s)
{
	return s->ops == &fake_stream_ops && s->layer == f;
}

/* Shake hands until that is over, or nothing more comes. */
static inline struct stream_io
fake_stream_shake(struct fake_stream *f, struct stream *s)
{
	struct stream_io io;

	do
		io = s->ops->handshake(s);
	while ((io.status == STREAM_WAIT_READ && !f->is_dry) ||
	    io.status == STREAM_WAIT_WRITE);
	return io;
}

#endif
