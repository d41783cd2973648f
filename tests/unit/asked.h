/*
 * asked - requests as the engine makes them, from URLs.
 */
#ifndef BULKFETCH_TESTS_UNIT_ASKED_H
#define BULKFETCH_TESTS_UNIT_ASKED_H

#include "exact.h"

#include "base/buf.h"
#include "bulkfetch.h"
#include "http/url.h"

static inline struct bulkfetch_text
asked_text(struct slice s)
{
	return (struct bulkfetch_text){ (const char *)s.ptr, s.len };
}

/* Texts live in `space`, which the caller frees. */
static inline struct bulkfetch_request
asked_for(struct slice text, uint64_t n, struct buf *space)
{
	struct url url;
	struct err err;

	buf_init(space, URL_SPACE_MAX);
	err = url_parse(text, space, &url);
	if (err_is(err))
		fail_msg(
		    "%.*s: %s", (int)text.len, (const char *)text.ptr, err.why);
	return (struct bulkfetch_request){
		.n = n,
		.url = asked_text(url.text),
		.scheme = asked_text(url.scheme),
		.host = asked_text(url.host),
		.authority = asked_text(url.authority),
		.path = asked_text(url.path),
		.query = url.has_query
		    ? (struct bulkfetch_text){ url.query.len > 0
			      ? (const char *)url.query.ptr
			      : "",
			  url.query.len }
		    : (struct bulkfetch_text){ NULL, 0 },
		.userinfo = asked_text(url.userinfo),
		.port = url.port,
	};
}

#endif
