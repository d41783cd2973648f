/*
 * stream_tunnel - CONNECT (RFC 9110, section 9.3.6) as a stream's
 * preliminaries: asks an HTTP proxy for a tunnel, and is then what it was
 * before.
 *
 * Its handshake fails with ERR_PROXY and the proxy's reason in words: EACCES
 * for what it would say again (401, 403, 405, 407 and the like), no errno for
 * what may pass (408, 429, 5xx).  A response head beyond RESPONSE_HEAD_MAX,
 * octets behind it, or one that is none are ERR_PROXY as well; as is a broken
 * connection, with its errno.
 */
#ifndef BULKFETCH_NET_STREAM_TUNNEL_H
#define BULKFETCH_NET_STREAM_TUNNEL_H

#include "base/err.h"
#include "base/slice.h"
#include "net/stream.h"
#include "route/proxy.h"

/*
 * Put the preliminaries in front of `s`, a TCP stream, which may not be
 * connected yet: a tunnel to `host`, a name or an address without brackets.
 * `proxy` is borrowed for the call.  ERR_NOMEM.
 */
struct err stream_tunnel_begin(struct stream *s, const struct proxy *proxy,
    struct slice host, uint16_t port);

#endif
