/*
 * response - the head of a response (RFC 9112, sections 2 to 6): status line,
 * field lines, how its body is framed and whether the connection persists.
 *
 * Pure and incremental: the caller gathers octets in one place and asks after
 * each arrival; `struct response_scan` remembers how far the end of the head
 * has been looked for, so the whole costs O(octets).  Slices of the result
 * point into what was passed in.
 *
 * Strict where lenience loses or mixes data, lenient where servers are sloppy.
 * These fail: differing, negative, overflowing (63 bits) or list-valued
 * Content-Length (unless all members are the same), a NUL or bare CR in a
 * field, no status line (HTTP/0.9), a version other than HTTP/1.x.  These are
 * read: bare LF line ends, obs-fold, empty lines before the status line (two
 * octets of them), a missing reason phrase.
 */
#ifndef BULKFETCH_HTTP_RESPONSE_H
#define BULKFETCH_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* The longest head read, and the most field lines in it.  Real heads stay
 * below 16 KiB; curl stops at 300 KiB. */
#define RESPONSE_HEAD_MAX ((size_t)256 * 1024)
#define RESPONSE_FIELDS_MAX 1024

/* How the end of the body is known (RFC 9112, section 6.3). */
enum response_framing {
	RESPONSE_NO_BODY, /* HEAD, 1xx, 204, 304 */
	RESPONSE_LENGTH,  /* Content-Length */
	RESPONSE_CHUNKED, /* Transfer-Encoding ends in chunked */
	RESPONSE_CLOSE,   /* the end of the connection */
};

struct response {
	unsigned minor;      /* of HTTP/1.x; 1 for what is newer */
	unsigned status;     /* 100 to 999 */
	struct slice reason; /* possibly empty */
	struct slice head;   /* status line to empty line, all octets */
	struct slice fields; /* the field lines, for fields_next() */
	enum response_framing framing;
	uint64_t length;    /* of the body with RESPONSE_LENGTH, else 0 */
	bool is_persistent; /* the connection may carry another request after
			     * this response (RFC 9112, section 9.3) */
	/* The first field of that name each; `ptr` is NULL when there is none,
	 * and not when it is empty.  obs-fold is left in, as in `struct
	 * field`. */
	struct slice content_encoding; /* there may be more: http/coding.h */
	struct slice content_range;
	struct slice date;
	struct slice etag;
	struct slice last_modified;
	struct slice location;
	struct slice retry_after;
};

struct response_scan {
	size_t at; /* octets of the head known to hold no end of it */
};

static inline void
response_scan_init(struct response_scan *scan)
{
	scan->at = 0;
}

/*
 * Look for a whole head at the front of `in`, which grows from call to call.
 * `*whole` is false while octets are missing; nothing else is set then.  With
 * true, `*res` is set and `res->head.len` octets of `in` were used.
 *
 * `to_head` says that the request's method was HEAD, which has no body
 * whatever the fields say.  An interim (1xx) response is given like any
 * other, with RESPONSE_NO_BODY; the caller drops it and scans again, having
 * reset `scan`.  101 is ERR_PROTOCOL: no upgrade was asked for.
 *
 * Transfer-Encoding wins over Content-Length, and the connection is then not
 * persistent.  Transfer-Encoding in an HTTP/1.0 response, or codings other
 * than a single chunked, are ERR_PROTOCOL, since the end could not be known.
 *
 * Fails with ERR_PROTOCOL and a reason, or ERR_LIMIT when there are more than
 * RESPONSE_HEAD_MAX octets without an end or too many fields.  An input that
 * cannot become a status line fails at once, without waiting for an end.
 */
struct err response_parse(struct response_scan *scan, struct slice in,
    bool to_head, struct response *res, bool *whole);

#endif
