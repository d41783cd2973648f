/*
 * prelude - what the preliminaries of a stream have in common (stream_tunnel,
 * stream_socks): they take the stream's place, talk by means of what it was
 * before, and give it back.
 *
 * What lies below may be any stream, with preliminaries of its own: for each
 * call down there the stream is made what it was.
 */
#ifndef BULKFETCH_NET_PRELUDE_H
#define BULKFETCH_NET_PRELUDE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "net/stream.h"

/* Embedded in the layer. */
struct prelude {
	/* The other one of the two that the stream changes between. */
	const struct stream_ops *ops;
	void *layer;
	bool is_below_ready; /* its handshake is over */
	struct slice out;    /* borrowed from the layer: still to be sent */
};

/* Put `ops` and their `layer` in front of `s`. */
void prelude_begin(struct prelude *p, struct stream *s,
    const struct stream_ops *ops, void *layer);

/* Give the stream back; `p` may be freed then. */
void prelude_end(struct prelude *p, struct stream *s);

/*
 * Send `out`, after the handshake of what is below: STREAM_OK when all of it
 * is gone.  Fails with ERR_PROXY and the errno, or as the one below does.
 */
struct stream_io prelude_send(struct prelude *p, struct stream *s);

/* Receive up to `cap` octets, at least one with STREAM_OK.  Fails as
 * prelude_send() does, and with ERR_PROXY at the end. */
struct stream_io prelude_recv(
    struct prelude *p, struct stream *s, void *to, size_t cap);

/* For the operations: there is nothing yet to splice from. */
int prelude_plain_fd(const struct stream *s);

#endif
