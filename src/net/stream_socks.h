/*
 * stream_socks - SOCKS as a stream's preliminaries: version 5 (RFC 1928, with
 * user and password as in RFC 1929) and version 4 with its extension 4A; the
 * stream is then what it was before.
 *
 * Its handshake fails with ERR_PROXY and the proxy's reason in words; EACCES
 * for what it would say again (not allowed, credentials, a type of address),
 * no errno for what may pass (network or host unreachable, refused, general
 * failure), the transport's where that broke.
 */
#ifndef BULKFETCH_NET_STREAM_SOCKS_H
#define BULKFETCH_NET_STREAM_SOCKS_H

#include "base/err.h"
#include "base/slice.h"
#include "net/stream.h"
#include "route/proxy.h"

/*
 * As stream_tunnel_begin().  `host` is sent as an address if it is a numeric
 * one, else as a name.  ERR_PROXY with EACCES for what the version has no way
 * to say: a name longer than 255 octets, an IPv6 address in version 4, a name
 * in version 4 without A.
 */
struct err stream_socks_begin(struct stream *s, const struct proxy *proxy,
    struct slice host, uint16_t port);

#endif
