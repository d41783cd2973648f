/*
 * records: whatever stands in a log, what is found lies in its line, numbers are
 * in their range, texts do not grow by being restored, no line is given or left
 * out by the way, and a record torn anywhere still begins like one.
 */
#include <assert.h>
#include <stdlib.h>

#include "source/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_within(struct slice part, struct slice line)
{
	assert(part.ptr >= line.ptr && part.len <= line.len);
	assert((size_t)(part.ptr - line.ptr) <= line.len - part.len);
}

static void
check_texts(const struct record *r, struct slice line)
{
	static const char *const names[] = { "list", "line", "url_cut", "" };
	struct slice text;
	struct buf space;

	buf_init(&space, RECORDS_LINE_MAX);
	if (!err_is(records_url(r, &space, &text)))
		assert(text.len <= r->url.len);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice value;

		if (!records_member(r, names[i], &value))
			continue;
		check_within(value, line);
		if (!err_is(records_text(value, &space, &text)))
			assert(text.len <= value.len);
	}
	buf_fini(&space);
}

static void
check_record(const struct record *r, struct slice line)
{
	assert(r->n > 0 && r->n <= RECORDS_N_MAX);
	check_within(r->url, line);
	check_within(r->rest, line);
	assert(r->url.len > 0 || !r->is_result);
	assert(slice_find(r->url, '\0') == r->url.len);
	assert(records_begins(line, false));
	for (size_t i = 0; i <= line.len; i++)
		assert(records_begins(slice_first(line, i), true));
	check_texts(r, line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);

	for (;;) {
		struct slice line = slice_first(in, slice_find(in, '\n'));
		struct record r;
		struct record again;
		enum records_got got = records_next(&in, &r);

		if (got == RECORDS_MORE)
			break;
		assert(records_parse(line, &again) == (got == RECORDS_RECORD));
		if (got == RECORDS_RECORD)
			check_record(&r, line);
	}
	assert(slice_find(in, '\n') == in.len);
	return 0;
}
