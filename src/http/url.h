/*
 * url - parse and normalise an http or https URL (RFC 3986; RFC 9110,
 * section 4.2).
 *
 * Normalising: scheme and host in lower case, the scheme's default port
 * dropped, an empty path made "/", dot segments removed (section 5.2.4),
 * octets that may not stand in a URI percent-encoded (a blank, quotes, angle
 * brackets, braces, backslash, caret, backquote, bar, a '%' without two digits,
 * non-ASCII octets).  Percent-escapes that are there are left as they are, so
 * that what the server is asked for is what the list says.  The fragment is
 * dropped.
 *
 * Pure: no I/O, no clock; writes to the caller's buffer alone.
 */
#ifndef BULKFETCH_HTTP_URL_H
#define BULKFETCH_HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "http/host.h"

/* The longest URL read: well above what servers accept (8 to 64 KiB). */
#define URL_MAX_LEN ((size_t)64 * 1024)

/* What url_parse() may write for an input of URL_MAX_LEN: each octet tripled,
 * userinfo kept beside it, a few octets of separators. */
#define URL_SPACE_MAX (4 * URL_MAX_LEN)

/*
 * All slices point into `space` of url_parse() and live as long as its octets
 * stay in place.
 */
struct url {
	struct slice text;     /* the whole, normalised, without userinfo */
	struct slice scheme;   /* "http" or "https" */
	struct slice userinfo; /* "user[:password]" up to the last '@', escaped
				* where it must be, or empty */
	bool has_userinfo;
	struct slice host;      /* lower case, without brackets or final dot;
				 * a zone behind '%': "fe80::1%eth0" */
	struct slice authority; /* host[:port], brackets kept: the Host field,
				 * but for a zone ("%25eth0") */
	struct slice target;    /* path[?query]: the origin-form */
	struct slice path;      /* begins with '/' */
	struct slice query;     /* without the '?', possibly empty */
	bool has_query;
	enum url_host_kind host_kind;
	uint16_t port; /* the scheme's default when none was written */
};

/*
 * Parse `in`, which the caller has trimmed and which is not in `space`.  The
 * normalised text is appended to `space` in one piece (room is reserved first,
 * so slices stay good), and behind it what is kept beside it.
 *
 * Fails with ERR_REQUEST and a reason: no scheme ("no http:// or https:// in front"), no
 * host, bad port, control octet, bad IPv6 literal, a host with octets that no
 * name has, longer than URL_MAX_LEN; with ERR_SCHEME for a scheme other than
 * http and https; ERR_NOMEM.  `space` is then as before and `*url` unset.
 *
 * A host name may hold letters, digits, '-', '_' and '.', percent-escapes of
 * those (decoded), at most 253 octets and 63 a label; one final dot is
 * kept out of `host` and kept in `authority`.  Other octets, non-ASCII ones
 * among them, are ERR_REQUEST.  A name whose last label is a number, decimal or
 * 0x, and that is no IPv4 address is refused (WHATWG's "ends in a number").
 */
struct err url_parse(struct slice in, struct buf *space, struct url *url);

/*
 * How many octets at the front of `in` are a scheme (RFC 3986, section 3.1),
 * its ':' not counted; 0 when there is none.
 */
size_t url_scheme_len(struct slice in);

/*
 * The URL that `reference`, a Location field's value (RFC 9110, section
 * 10.2.2), leads to from `base` (RFC 3986, section 5.2), normalised and
 * appended to `space` as by url_parse().  `base` must not lie in `space`.
 *
 * Read are relative references of every kind, an empty one too ("//host/x",
 * "/x", "x", "?q=1", "#f", ""), and, as browsers do, ones behind the scheme of
 * the base ("http:x").  The fragment is dropped; blanks around the value are
 * dropped; other blanks, backslashes and octets that may not stand in a URI are
 * percent-encoded, so that no '\' is taken for a '/'.  Userinfo comes from
 * `base` only where the whole authority does.
 *
 * Fails as url_parse() does: ERR_REQUEST for control octets (CR, LF, NUL and
 * HTAB among them), a bad host or port, too long a result; ERR_SCHEME for other
 * schemes than http and https.
 */
struct err url_resolve(const struct url *base, struct slice reference,
    struct buf *space, struct url *url);

/*
 * Whether scheme, host and port are the same (RFC 6454).  A host with a final
 * dot is another one, as it is for browsers.
 */
bool url_has_same_origin(const struct url *a, const struct url *b);

/*
 * Percent-decode `in` to the end of `out`.  Fails with ERR_REQUEST on a '%'
 * without two hexadecimal digits, and as buf_append() does.
 */
struct err url_percent_decode(struct slice in, struct buf *out);

#endif
