/*
 * basic - credentials of the Basic scheme (RFC 7617): base64 (RFC 4648) of
 * "user:password".  Pure.
 */
#ifndef BULKFETCH_HTTP_BASIC_H
#define BULKFETCH_HTTP_BASIC_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * Append "Basic " and the encoded credentials.  A colon is added behind a
 * user name without one.  Fails as buf_append() does, `out` then as before.
 */
struct err basic_append(struct slice credentials, struct buf *out);

/* The same as a whole field line: "Authorization: Basic ...", CRLF. */
struct err basic_append_field(struct slice credentials, struct buf *out);

/* For a proxy (RFC 9110, section 11.7.2): "Proxy-Authorization: Basic ...". */
struct err basic_append_proxy_field(struct slice credentials, struct buf *out);

#endif
