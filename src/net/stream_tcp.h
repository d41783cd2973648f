/*
 * stream_tcp - a plain TCP (or Unix) socket as a stream.
 */
#ifndef BULKFETCH_NET_STREAM_TCP_H
#define BULKFETCH_NET_STREAM_TCP_H

#include "net/stream.h"

/* For layers that end with their preliminaries, and for those that go on. */
extern const struct stream_ops stream_tcp_ops;

#endif
