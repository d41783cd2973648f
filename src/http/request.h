/*
 * request - the head of a request (RFC 9112, section 3; RFC 9110, section 7.2).
 *
 * What is the same for all the requests of a run is checked and composed once
 * as a `struct request_form`; request_write() then copies that and what differs
 * into the caller's buffer.
 */
#ifndef BULKFETCH_HTTP_REQUEST_H
#define BULKFETCH_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "http/url.h"

/* All the fields of the command line together. */
#define REQUEST_FORM_MAX 65536
/* The longest value of a `struct request_extra`; entity tags have a few dozen
 * octets. */
#define REQUEST_EXTRA_MAX 4096
/* The longest head that request_write() makes. */
#define REQUEST_HEAD_MAX (REQUEST_FORM_MAX + 2 * URL_SPACE_MAX)

/* What the user asked for; everything borrowed, NULL for the default. */
struct request_wishes {
	const char *method;     /* NULL: GET, or POST when has_body */
	const char *user_agent; /* NULL: "bulkfetch/VERSION"; "": none */
	const char *referer;
	const char *accept_encoding; /* NULL: none; "identity" instead where a
				      * part is asked for, by the user or by
				      * us, which could not be decoded */
	const char *credentials;     /* "user:password" */
	const char *const *fields;   /* as curl's -H: "Name: value", "Name:" to
				    * leave a default out, "Name;" for an empty
				    * value */
	size_t field_count;
	bool has_body;
	uint64_t body_len;
	/* After a redirect to another origin: without what was meant for the
	 * first one alone: the credentials and the user's Authorization,
	 * Cookie, Cookie2 and Host.  A field that the user leaves out stays
	 * left out. */
	bool is_foreign;
	/* After a redirect that turns the method into GET (303, or 301 and 302
	 * of a POST; HEAD stays HEAD): without the body, its length, and the
	 * user's Content-* fields (RFC 9110, section 15.4). */
	bool is_rewritten;
};

struct request_form {
	struct buf method;      /* owned */
	struct buf fields;      /* owned: whole field lines, each with CRLF */
	struct buf credentials; /* owned: an Authorization line, or empty */
	struct buf codings;     /* owned: an Accept-Encoding line, or empty */
	bool is_get;            /* the method is GET */
	bool is_head;           /* or HEAD */
	bool is_idempotent;     /* RFC 9110, section 9.2.2 */
	bool is_closing;        /* Connection: close was asked for */
	bool has_host;          /* a Host field of the user's is in `fields` */
	/* The user's word on these: in `fields`, or left out.  Ours are then
	 * not sent. */
	bool has_authorization;
	bool has_range;      /* Range or If-Range */
	bool has_codings;    /* the user asks for codings: what comes may be
			      * coded in one try and not in another, so that no
			      * rest should be asked for */
	bool has_conditions; /* If-Match, If-None-Match, If-Modified-Since or
			      * If-Unmodified-Since */
};

/*
 * What one request asks for beyond its form, where the user's fields say
 * nothing of it (has_range, has_conditions).  Values are as fields_next() gave
 * them; empty ones are left out.
 */
struct request_extra {
	uint64_t range_from;   /* "Range: bytes=N-"; 0 for none */
	struct slice if_range; /* sent beside a Range alone */
	struct slice if_none_match;
	struct slice if_modified_since;
	/* For a proxy that takes the request itself (RFC 9112, section
	 * 3.2.2): the whole URL as target, less userinfo and the zone of an
	 * IPv6 address; and a whole Proxy-Authorization line with CRLF, sent
	 * as it is, or empty. */
	bool is_absolute;
	struct slice proxy_field;
};

/*
 * Check and compose.  By default: User-Agent, "Accept: *" "/" "*",
 * Accept-Encoding if there is a wish for it; with a body
 * Content-Length and Content-Type: application/x-www-form-urlencoded, as
 * curl; without one "Content-Length: 0" for POST, PUT and PATCH (RFC 9110,
 * section 8.6).  ERR_REQUEST with a reason: a method or name that is no token,
 * CONNECT, a value with CR, LF, NUL or another control octet but HTAB, a field
 * that frames the message (Content-Length, Transfer-Encoding, TE, Trailer,
 * Upgrade, Expect; leaving one out that is never sent, as "Expect:", is
 * granted), no Host or more than one; ERR_LIMIT beyond REQUEST_FORM_MAX.  The
 * form is then as after request_form_fini().
 *
 * Proxy-Authorization is checked like the others, but never in the form, which
 * origins get to see: request_find_proxy_field().
 */
struct err request_form_init(
    struct request_form *form, const struct request_wishes *wishes);
void request_form_fini(struct request_form *form);

/*
 * What the user's fields say of Proxy-Authorization, the last one of them: true
 * with the value, borrowed, empty when none is to be sent; false when they say
 * nothing of it.  request_form_init() has checked them.
 */
bool request_find_proxy_field(
    const char *const *fields, size_t count, struct slice *value);

/*
 * Append the head of a request for `url`; `extra` may be NULL.  Authorization
 * comes from the URL's userinfo (percent-decoded) unless that is empty, else
 * from the form; the user's word on that field wins over both.  Host is the
 * authority without the zone of an IPv6 address (RFC 6874, section 4).  An
 * obs-fold in a value of `extra` becomes one SP.
 *
 * Fails as buf_append() does; with ERR_REQUEST for userinfo with a bad escape
 * or a value of `extra` with another control octet than HTAB; with ERR_LIMIT
 * for one longer than REQUEST_EXTRA_MAX.  `out` is then as before.
 */
struct err request_write(const struct request_form *form, const struct url *url,
    const struct request_extra *extra, struct buf *out);

#endif
