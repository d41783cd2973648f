/*
 * international - URLs and references whose host is not ASCII (RFC 3987,
 * section 3.1): the same with the host's ASCII form, for url_parse() and
 * url_resolve().
 *
 * Pure but for the conversion, which the caller brings.
 */
#ifndef BULKFETCH_HTTP_INTERNATIONAL_H
#define BULKFETCH_HTTP_INTERNATIONAL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* Append the ASCII form of a host, as idn_to_ascii() does. */
typedef struct err (*international_fn)(struct slice name, struct buf *out);

/*
 * Whether `in`, a URL ("http://host/") or a reference with an authority
 * ("//host/"), has a host with octets beyond ASCII, percent-encoded ones
 * included.
 */
bool international_is(struct slice in);

/*
 * Append `in` with the ASCII form of its host.  Fails as `to_ascii` does, with
 * ERR_REQUEST where what that gives is no host name, and as buf_append().
 */
struct err international_rewrite(
    struct slice in, international_fn to_ascii, struct buf *out);

#endif
