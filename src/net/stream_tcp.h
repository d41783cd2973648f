/*
 * stream_tcp - a plain TCP (or Unix) socket as a stream.
 */
#ifndef BULKFETCH_NET_STREAM_TCP_H
#define BULKFETCH_NET_STREAM_TCP_H

#include "net/stream.h"

/* Begin to connect; fails as sock_connect() does. */
struct err stream_tcp_connect(struct stream *s, const struct endpoint *ep,
    const struct sock_source *from);

/* For layers that end with their preliminaries, and for those that go on. */
extern const struct stream_ops stream_tcp_ops;

#endif
