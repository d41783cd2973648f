/*
 * url: what is parsed and normalised parses to the same again, holds no octet
 * that may not stand in a URI, and no dot segment.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ascii.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct url *url)
{
	struct slice rest = url->path;

	for (size_t i = 0; i < url->text.len; i++)
		assert(url->text.ptr[i] > ' ' && url->text.ptr[i] < 0x7f);
	for (size_t i = 0; i < url->host.len; i++)
		assert(url->host.ptr[i] > ' ' && url->host.ptr[i] < 0x7f);
	assert(url->host.len > 0 && url->port > 0);
	assert(url->text.len ==
	    url->scheme.len + 3 + url->authority.len + url->target.len);
	while (rest.len > 0) {
		size_t end;

		assert(rest.ptr[0] == '/');
		rest = slice_from(rest, 1);
		end = slice_find(rest, '/');
		assert(!slice_eq_str(slice_first(rest, end), "."));
		assert(!slice_eq_str(slice_first(rest, end), ".."));
		rest = slice_from(rest, end);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf space;
	struct url url;
	struct url again;
	struct err err;

	buf_init(&space, 2 * URL_SPACE_MAX);
	err = url_parse(slice_of(data, size), &space, &url);
	if (err_is(err)) {
		assert(err.why != NULL && space.len == 0);
	} else {
		struct buf second;

		check(&url);
		assert(space.len <= URL_SPACE_MAX);
		buf_init(&second, 2 * URL_SPACE_MAX);
		if (url.text.len <= URL_MAX_LEN) {
			err = url_parse(url.text, &second, &again);
			assert(!err_is(err) && !again.has_userinfo);
			assert(slice_eq(url.text, again.text));
			assert(slice_eq(url.host, again.host));
			assert(slice_eq(url.authority, again.authority));
			assert(slice_eq(url.target, again.target));
			assert(url.port == again.port);
			assert(url.host_kind == again.host_kind);
		}
		buf_clear(&second);
		err = url_percent_decode(url.userinfo, &second);
		assert(!err_is(err) && second.len <= url.userinfo.len);
		buf_fini(&second);
	}
	buf_fini(&space);
	return 0;
}
