/*
 * international: what url_parse() takes is left alone; what is rewritten has
 * the very host that the conversion gave, whatever octets that may come up
 * with, and nothing else of it has changed.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/international.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct buf answer;

/* Octets beyond ASCII become any others, delimiters and blanks too. */
static struct err
convert(struct slice name, struct buf *out)
{
	struct err err = err_none();

	buf_clear(&answer);
	for (size_t i = 0; i < name.len && !err_is(err); i++)
		err = buf_append_octet(&answer, name.ptr[i] & 0x7f);
	if (!err_is(err))
		err = buf_append(out, buf_slice(&answer));
	return err;
}

static void
expect_host(const struct url *url)
{
	struct slice host = buf_slice(&answer);

	if (host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	assert(slice_eq_nocase(url->host, host));
}

/* As a reference, and as a URL if it is one. */
static void
read_rewritten(struct slice text)
{
	struct url base = { 0 };
	struct url url;
	struct buf base_space;
	struct buf space;

	buf_init(&base_space, 64);
	buf_init(&space, 2 * URL_SPACE_MAX);
	if (err_is(url_parse(slice_str("http://b/"), &base_space, &base)))
		abort();
	if (!err_is(url_parse(text, &space, &url)))
		expect_host(&url);
	buf_clear(&space);
	if (!err_is(url_resolve(&base, text, &space, &url)))
		expect_host(&url);
	buf_fini(&space);
	buf_fini(&base_space);
}

/* The same but for one place, where the answer stands. */
static void
compare(struct slice in, struct slice out)
{
	size_t front = 0;
	size_t back = 0;

	while (front < in.len && front < out.len &&
	    in.ptr[front] == out.ptr[front])
		front++;
	while (back < in.len - front && back < out.len - front &&
	    in.ptr[in.len - 1 - back] == out.ptr[out.len - 1 - back])
		back++;
	assert(out.len - front - back <= answer.len);
	assert(memmem(out.ptr, out.len, answer.ptr, answer.len) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct buf space;
	struct buf out;
	struct url url;
	struct err err;

	buf_init(&space, 2 * URL_SPACE_MAX);
	buf_init(&out, 2 * URL_MAX_LEN);
	buf_init(&answer, URL_MAX_LEN);
	err = url_parse(in, &space, &url);
	assert(err_is(err) || !international_is(in));
	err = international_rewrite(in, convert, &out);
	if (err_is(err)) {
		assert(err.why != NULL && out.len == 0);
	} else {
		assert(!international_is(buf_slice(&out)));
		read_rewritten(buf_slice(&out));
		compare(in, buf_slice(&out));
	}
	buf_fini(&answer);
	buf_fini(&out);
	buf_fini(&space);
	return 0;
}
