/*
 * stream - the octet transport under a connection.  conn knows these five
 * operations and nothing of what is behind them: plain TCP (stream_tcp.h), and
 * whatever wraps it, which takes its place: a layer that is only there for
 * the preliminaries (stream_tunnel.h) hands the stream back to TCP, one that
 * stays (stream_tls.h) is what it is from then on.
 *
 * No operation blocks.  Each says what it waits for, since a transport may
 * have to read in order to send, and the other way round.
 */
#ifndef BULKFETCH_NET_STREAM_H
#define BULKFETCH_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "sys/sock.h"

enum stream_status {
	STREAM_OK,         /* done; `len` octets moved */
	STREAM_WAIT_READ,  /* try again when the descriptor is readable */
	STREAM_WAIT_WRITE, /* try again when it is writable */
	STREAM_END,        /* recv: the peer has ended its side properly */
	STREAM_FAILED,     /* stream.err says why */
};

struct stream_io {
	enum stream_status status;
	size_t len; /* with STREAM_OK */
};

struct stream;

struct stream_ops {
	/* After the transport below is connected, until STREAM_OK. */
	struct stream_io (*handshake)(struct stream *s);
	struct stream_io (*send)(
	    struct stream *s, const struct iovec *iov, int iov_count);
	/* All that has come, up to `cap` octets: fewer mean that no more have
	 * come, and the descriptor tells when more do.  Unless has_more or
	 * has_left say otherwise. */
	struct stream_io (*recv)(struct stream *s, void *to, size_t cap);
	/* A socket whose octets are the stream's own, for splice(2); or -1. */
	int (*plain_fd)(const struct stream *s);
	/* Close the descriptor and free what is behind; not `s` itself. */
	void (*close)(struct stream *s);
};

/* Embedded in its connection.  `fd` is owned, -1 when closed. */
struct stream {
	const struct stream_ops *ops;
	int fd;
	void *layer;    /* what is behind, the operations' own; or NULL */
	struct err err; /* with STREAM_FAILED: ERR_IO and errno, or more */
	/* With STREAM_FAILED: what there is to say beyond err.why, octets from
	 * the peer among it; lent until it is closed; or NULL. */
	const char *words;
	/* With STREAM_FAILED, before anything was sent: what it failed by was
	 * an offer that another stream to the same place will not make. */
	bool is_worth_anew;
	/* There is something to receive that the descriptor does not tell of,
	 * if only that no more will come. */
	bool has_more;
	/* The last recv gave fewer octets than there was room for, or had to
	 * wait, and yet may have left some in the socket, where the descriptor
	 * tells of them. */
	bool has_left;
};

static inline struct stream_io
stream_ok(size_t len)
{
	return (struct stream_io){ .status = STREAM_OK, .len = len };
}

static inline struct stream_io
stream_wait(enum stream_status status)
{
	return (struct stream_io){ .status = status };
}

static inline struct stream_io
stream_fail(struct stream *s, struct err err)
{
	s->err = err;
	return (struct stream_io){ .status = STREAM_FAILED };
}

#endif
