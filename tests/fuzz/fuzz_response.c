/*
 * response: a head is the same whether it comes whole or octet by octet, uses
 * no more than is there, and gives no control octet away.  The first octet of
 * an input says whether the request was a HEAD ('H').
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ascii.h"
#include "http/fields.h"
#include "http/response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_fields(struct slice lines)
{
	struct field field;
	bool more = true;

	for (;;) {
		struct err err = fields_next(&lines, &field, &more);

		assert(!err_is(err));
		if (!more)
			break;
		assert(field.name.len > 0);
		for (size_t i = 0; i < field.value.len; i++)
			assert(ascii_is(field.value.ptr[i], ASCII_FIELD) ||
			    field.value.ptr[i] == '\r' ||
			    field.value.ptr[i] == '\n');
	}
	assert(lines.len == 0);
}

/* A noted value is the first of its name. */
static void
check_noted(const struct response *res, const char *name, struct slice noted)
{
	struct slice value = { 0 };

	(void)fields_find(res->fields, name, &value);
	assert(noted.ptr == value.ptr && noted.len == value.len);
}

static void
check(const struct response *res, struct slice in)
{
	assert(res->head.ptr == in.ptr && res->head.len <= in.len);
	assert(res->status >= 100 && res->status <= 999 && res->minor <= 1);
	assert(res->framing == RESPONSE_LENGTH || res->length == 0);
	assert(res->framing != RESPONSE_CLOSE || !res->is_persistent);
	for (size_t i = 0; i < res->reason.len; i++)
		assert(ascii_is(res->reason.ptr[i], ASCII_FIELD));
	check_fields(res->fields);
	check_noted(res, "Content-Range", res->content_range);
	check_noted(res, "Date", res->date);
	check_noted(res, "ETag", res->etag);
	check_noted(res, "Last-Modified", res->last_modified);
	check_noted(res, "Location", res->location);
	check_noted(res, "Retry-After", res->retry_after);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool to_head = size > 0 && data[0] == 'H';
	struct slice in = slice_of(data + (size > 0), size - (size > 0));
	struct response res = { 0 };
	struct response again = { 0 };
	struct response_scan scan;
	struct err err;
	struct err slow = err_none();
	bool whole = false;
	bool slow_whole = false;

	if (in.len > 16384)
		return 0;
	response_scan_init(&scan);
	err = response_parse(&scan, in, to_head, &res, &whole);
	response_scan_init(&scan);
	for (size_t len = 0; len <= in.len && !err_is(slow) && !slow_whole;
	     len++)
		slow = response_parse(
		    &scan, slice_first(in, len), to_head, &again, &slow_whole);
	assert(err.kind == slow.kind);
	assert(err_is(err) ? err.why != NULL : whole == slow_whole);
	if (err_is(err) || !whole)
		return 0;
	check(&res, in);
	assert(slice_eq(res.head, again.head));
	assert(slice_eq(res.fields, again.fields));
	assert(slice_eq(res.reason, again.reason));
	assert(res.framing == again.framing && res.length == again.length);
	assert(res.is_persistent == again.is_persistent);
	return 0;
}
