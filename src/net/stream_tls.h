/*
 * stream_tls - TLS as a stream (RFC 8446, RFC 5246), by OpenSSL (tls.h).
 *
 * The handshake fails with ERR_TLS and words when a certificate is not the
 * server's, or one of the two sides does not like what the other one says, and
 * with ERR_IO and the errno, or without one when the server has closed the
 * connection, when the transport breaks.
 *
 * Receiving ends (STREAM_END) when the peer has said so (close_notify); the end
 * of the transport alone is ERR_TRUNCATED, since anybody on the way can cause
 * it.  What is not TLS or was tampered with, and an alert, are ERR_IO and words,
 * but an alert ERR_TLS as long as nothing was received: servers of TLS 1.3
 * refuse a handshake behind its end.
 *
 * Renegotiation is refused, session tickets and key updates are dealt with
 * while receiving.
 */
#ifndef BULKFETCH_NET_STREAM_TLS_H
#define BULKFETCH_NET_STREAM_TLS_H

#include "base/err.h"
#include "base/slice.h"
#include "net/stream.h"
#include "net/tls.h"

/*
 * Put TLS in front of `s`, a TCP stream that is connected and ready.  `t`, which
 * is open, is borrowed until the stream is closed; `host`, whom the certificate
 * has to be for, a name without a final dot or an address without brackets, and
 * `origin`, under which its sessions are kept, for the call.  ERR_NOMEM;
 * ERR_REQUEST for a host that cannot be in a certificate.
 */
struct err stream_tls_begin(
    struct stream *s, struct tls *t, struct slice host, struct slice origin);

/* Whether the handshake has resumed a session; for tests. */
bool stream_tls_was_resumed(const struct stream *s);

#endif
