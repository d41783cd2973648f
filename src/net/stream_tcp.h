/*
 * stream_tcp - a plain TCP socket as a stream.
 */
#ifndef BULKFETCH_NET_STREAM_TCP_H
#define BULKFETCH_NET_STREAM_TCP_H

#include "net/stream.h"

/* Begin to connect; fails as sock_connect() does. */
struct err stream_tcp_connect(struct stream *s, const struct endpoint *ep);

#endif
