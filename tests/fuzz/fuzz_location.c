/*
 * location: what a reference resolves to is a normalised URL, the same when it
 * is resolved again, and in another origin, or with other credentials, only
 * where the reference names them.  An input is a base, LF, and a reference.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
parse_base(struct slice text, struct buf *space, struct url *base)
{
	static const char usual[] = "http://u:p@a:81/b/c/d;p?q";

	if (err_is(url_parse(text, space, base)))
		assert(!err_is(url_parse(slice_str(usual), space, base)));
}

static void
check(const struct url *base, struct slice reference, const struct url *url)
{
	bool has_same_origin = url_has_same_origin(base, url);

	for (size_t i = 0; i < url->text.len; i++)
		assert(url->text.ptr[i] > ' ' && url->text.ptr[i] < 0x7f);
	assert(slice_find(url->text, '#') == url->text.len);
	assert(has_same_origin ||
	    memmem(reference.ptr, reference.len, "//", 2) != NULL);
	if (url->has_userinfo && slice_find(reference, '@') == reference.len) {
		assert(has_same_origin && base->has_userinfo);
		assert(slice_eq(url->userinfo, base->userinfo));
	}
}

/* A URL is its own target from anywhere. */
static void
check_again(const struct url *base, const struct url *url)
{
	struct buf space;
	struct url again;

	if (url->text.len > URL_MAX_LEN)
		return;
	buf_init(&space, URL_SPACE_MAX);
	assert(!err_is(url_resolve(base, url->text, &space, &again)));
	assert(slice_eq(again.text, url->text));
	assert(url_has_same_origin(&again, url));
	buf_clear(&space);
	assert(!err_is(url_resolve(url, slice_str("#f"), &space, &again)));
	assert(slice_eq(again.text, url->text));
	assert(slice_eq(again.userinfo, url->userinfo));
	buf_fini(&space);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	size_t end = slice_find(in, '\n');
	struct slice reference = slice_from(in, end < size ? end + 1 : end);
	struct buf base_space;
	struct buf space;
	struct url base;
	struct url url;
	struct err err;

	if (size > 16384)
		return 0;
	buf_init(&base_space, URL_SPACE_MAX);
	buf_init(&space, URL_SPACE_MAX);
	parse_base(slice_first(in, end), &base_space, &base);
	err = url_resolve(&base, reference, &space, &url);
	if (err_is(err)) {
		assert(err.why != NULL && space.len == 0);
	} else {
		check(&base, reference, &url);
		check_again(&base, &url);
	}
	buf_fini(&space);
	buf_fini(&base_space);
	return 0;
}
