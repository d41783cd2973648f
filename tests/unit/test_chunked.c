#include "exact.h"

#include <stdio.h>

#include "base/buf.h"
#include "http/chunked.h"

/* A body in chunks, what it holds, and what follows its end. */
static const struct row {
	const char *name;
	struct slice in;
	const char *data;
	const char *rest;
	enum err_kind kind;
	bool is_done;
} rows[] = {
	{ "nothing", TEXT(""), "", "", ERR_NONE, false },
	{ "an empty body", TEXT("0\r\n\r\n"), "", "", ERR_NONE, true },
	{ "one chunk", TEXT("3\r\nabc\r\n0\r\n\r\n"), "abc", "", ERR_NONE,
	    true },
	{ "three chunks", TEXT("1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n"),
	    "abcdef", "", ERR_NONE, true },
	{ "something behind the end", TEXT("1\r\na\r\n0\r\n\r\nHTTP"), "a",
	    "HTTP", ERR_NONE, true },
	{ "bare LF", TEXT("3\nabc\n0\n\nX"), "abc", "X", ERR_NONE, true },
	{ "hexadecimal of either case",
	    TEXT("a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n"),
	    "01234567890123456789a", "", ERR_NONE, true },
	{ "leading zeros", TEXT("0003\r\nabc\r\n000\r\n\r\n"), "abc", "",
	    ERR_NONE, true },
	{ "line ends in the data", TEXT("4\r\n\r\n\r\n\r\n0\r\n\r\n"),
	    "\r\n\r\n", "", ERR_NONE, true },
	{ "extensions", TEXT("1;a=b;c=\"d\"\r\nx\r\n0;e\r\n\r\n"), "x", "",
	    ERR_NONE, true },
	{ "blanks behind the size", TEXT("1 \t\r\nx\r\n0  ;e\r\n\r\n"), "x", "",
	    ERR_NONE, true },
	{ "trailers", TEXT("1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\nY"), "x", "Y",
	    ERR_NONE, true },
	{ "trailers with bare LF", TEXT("0\nA: b\n\nY"), "", "Y", ERR_NONE,
	    true },
	{ "an end that is cut off", TEXT("1\r\nx\r\n0\r\n"), "x", "", ERR_NONE,
	    false },
	{ "data that is cut off", TEXT("5\r\nabc"), "abc", "", ERR_NONE,
	    false },
	{ "a size that is cut off", TEXT("1\r\nx\r\n1"), "x", "", ERR_NONE,
	    false },
	{ "the largest size", TEXT("ffffffffffffffff\r\nabc"), "abc", "",
	    ERR_NONE, false },

	{ "a size beyond 64 bits", TEXT("10000000000000000\r\n"), "", "",
	    ERR_PROTOCOL, false },
	{ "no size", TEXT("\r\nabc"), "", "", ERR_PROTOCOL, false },
	{ "no size but an extension", TEXT(";a\r\n"), "", "", ERR_PROTOCOL,
	    false },
	{ "a blank before the size", TEXT(" 1\r\na"), "", "", ERR_PROTOCOL,
	    false },
	{ "a negative size", TEXT("-1\r\n"), "", "", ERR_PROTOCOL, false },
	{ "a prefixed size", TEXT("0x1\r\na\r\n"), "", "", ERR_PROTOCOL,
	    false },
	{ "a size of no digits", TEXT("g\r\n"), "", "", ERR_PROTOCOL, false },
	{ "data longer than its size", TEXT("1\r\nab\r\n"), "a", "",
	    ERR_PROTOCOL, false },
	{ "data with a CR alone behind it", TEXT("1\r\na\rb"), "a", "",
	    ERR_PROTOCOL, false },
	{ "a bare CR behind the size", TEXT("1\rabc"), "", "", ERR_PROTOCOL,
	    false },
	{ "two CRs behind the size", TEXT("1\r\r\na"), "", "", ERR_PROTOCOL,
	    false },
	{ "a bare CR in an extension", TEXT("1;a\rb\r\n"), "", "", ERR_PROTOCOL,
	    false },
	{ "a NUL in an extension", TEXT("1;a\0b\r\n"), "", "", ERR_PROTOCOL,
	    false },
	{ "a bare CR in a trailer", TEXT("0\r\nA: b\rc\r\n\r\n"), "", "",
	    ERR_PROTOCOL, false },
	{ "a NUL in a trailer", TEXT("0\r\n\0A: b\r\n\r\n"), "", "",
	    ERR_PROTOCOL, false },
	{ "a bare CR at the end", TEXT("0\r\n\rx"), "", "", ERR_PROTOCOL,
	    false },
};

/* What a decoder made of its input. */
struct outcome {
	struct buf data;
	enum err_kind kind;
	size_t used;
	bool is_done;
};

/* Feed a piece as a caller does: again with the rest until nothing moves. */
static void
feed(struct chunked *dec, struct slice piece, struct outcome *o)
{
	struct slice copy = exact_copy(piece);
	struct slice in = copy;

	while (in.len > 0 && o->kind == ERR_NONE && !chunked_done(dec)) {
		struct slice data = { 0 };
		size_t used = 0;

		o->kind = chunked_decode(dec, in, &used, &data).kind;
		if (o->kind != ERR_NONE)
			break;
		assert_in_range(used, 1, in.len);
		assert_in_range(data.len, 0, used);
		if (data.len > 0) {
			assert_true(data.ptr >= in.ptr);
			assert_true(data.ptr + data.len <= in.ptr + used);
		}
		assert_false(err_is(buf_append(&o->data, data)));
		o->used += used;
		in = slice_from(in, used);
	}
	exact_free(copy);
}

static void
outcome_init(struct outcome *o)
{
	*o = (struct outcome){ 0 };
	buf_init(&o->data, 1 << 20);
}

/* Feed `in` in pieces of `first`, then `step` octets. */
static void
decode(struct slice in, size_t first, size_t step, struct outcome *o)
{
	struct chunked dec;
	size_t len = first;

	outcome_init(o);
	chunked_init(&dec);
	while (in.len > 0) {
		if (len > in.len)
			len = in.len;
		feed(&dec, slice_first(in, len), o);
		in = slice_from(in, len);
		len = step;
	}
	o->is_done = o->kind == ERR_NONE && chunked_done(&dec);
}

/*
 * A failure hides the data that the same call came upon; octet by octet it
 * shows all of it.
 */
static void
expect_row(const struct row *row, size_t first, size_t step)
{
	struct outcome o;

	decode(row->in, first, step, &o);
	if (o.kind != row->kind || o.is_done != row->is_done)
		fail_msg("%s, split at %zu: err %s, %s", row->name, first,
		    err_name(o.kind), o.is_done ? "done" : "not done");
	if (o.kind == ERR_NONE) {
		expect_text(row->name, buf_slice(&o.data), row->data);
		expect_text(row->name, slice_from(row->in, o.used), row->rest);
	} else if (step == 1) {
		expect_text(row->name, buf_slice(&o.data), row->data);
	}
	buf_fini(&o.data);
}

static void
decodes_the_same_however_it_is_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = rows[i].in.len;

		expect_row(&rows[i], 1, 1);
		for (size_t at = 1; at <= len; at++)
			expect_row(&rows[i], at, len);
	}
}

static void
gives_a_small_body_and_its_end_in_one_call(void **state)
{
	struct slice in = slice_str("3;x\r\nabc\r\n0\r\nA: b\r\n\r\nHTTP");
	struct chunked dec;
	struct slice data;
	size_t used;

	(void)state;
	chunked_init(&dec);
	assert_false(err_is(chunked_decode(&dec, in, &used, &data)));
	expect_text("data", data, "abc");
	expect_text("rest", slice_from(in, used), "HTTP");
	assert_true(chunked_done(&dec));
}

static void
uses_nothing_once_it_is_done(void **state)
{
	struct chunked dec;
	struct slice data;
	size_t used;

	(void)state;
	chunked_init(&dec);
	assert_false(
	    err_is(chunked_decode(&dec, slice_str("0\r\n\r\n"), &used, &data)));
	assert_false(err_is(
	    chunked_decode(&dec, slice_str("5\r\nhello"), &used, &data)));
	assert_int_equal(used, 0);
	assert_int_equal(data.len, 0);
	assert_true(chunked_done(&dec));
}

/* Decode HEAD, then `count` times `octet`, then TAIL. */
static enum err_kind
decode_long(const char *head, size_t count, uint8_t octet, const char *tail)
{
	struct outcome o;
	struct buf text;
	enum err_kind kind;

	buf_init(&text, 1 << 20);
	(void)buf_append_str(&text, head);
	for (size_t i = 0; i < count; i++)
		(void)buf_append_octet(&text, octet);
	(void)buf_append_str(&text, tail);
	decode(buf_slice(&text), text.len, text.len, &o);
	kind = o.kind;
	buf_fini(&o.data);
	buf_fini(&text);
	return kind;
}

static void
holds_lines_and_trailers_to_their_limits(void **state)
{
	static const struct {
		const char *head;
		size_t count;
		uint8_t octet;
		const char *tail;
		enum err_kind kind;
	} limits[] = {
		{ "1;", CHUNKED_LINE_MAX - 4, 'x', "\r\na", ERR_NONE },
		{ "1;", CHUNKED_LINE_MAX - 3, 'x', "\r\na", ERR_LIMIT },
		{ "", CHUNKED_LINE_MAX - 2, '0', "\r\n", ERR_NONE },
		{ "", CHUNKED_LINE_MAX - 1, '0', "\r\n", ERR_LIMIT },
		{ "1\r\na\r\n1;", CHUNKED_LINE_MAX - 4, 'x', "\r\na",
		    ERR_NONE },
		{ "1\r\na\r\n1;", CHUNKED_LINE_MAX - 3, 'x', "\r\na",
		    ERR_LIMIT },
		{ "0\r\nA:", CHUNKED_TRAILER_MAX - 6, 'x', "\r\n\r\n",
		    ERR_NONE },
		{ "0\r\nA:", CHUNKED_TRAILER_MAX, 'x', "\r\n\r\n", ERR_LIMIT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++) {
		enum err_kind kind = decode_long(limits[i].head,
		    limits[i].count, limits[i].octet, limits[i].tail);

		if (kind != limits[i].kind)
			fail_msg("row %zu: err %s", i, err_name(kind));
	}
}

/* Decode `count` chunks of `data_len` octets with size lines of `line_len`. */
static enum err_kind
decode_chunks(size_t count, size_t line_len, size_t data_len)
{
	struct chunked dec;
	struct outcome o;
	enum err_kind kind;
	char size[16];
	int digits = snprintf(size, sizeof(size), "%zx", data_len);
	struct buf chunk;

	buf_init(&chunk, 1 << 16);
	(void)buf_append_str(&chunk, size);
	for (size_t len = (size_t)digits + 2; len < line_len; len++)
		(void)buf_append_octet(&chunk, ' ');
	(void)buf_append_str(&chunk, "\r\n");
	for (size_t i = 0; i < data_len; i++)
		(void)buf_append_octet(&chunk, 'x');
	(void)buf_append_str(&chunk, "\r\n");
	outcome_init(&o);
	chunked_init(&dec);
	for (size_t i = 0; i < count && o.kind == ERR_NONE; i++) {
		buf_clear(&o.data);
		feed(&dec, buf_slice(&chunk), &o);
	}
	kind = o.kind;
	buf_fini(&o.data);
	buf_fini(&chunk);
	return kind;
}

static void
refuses_bodies_that_are_little_but_framing(void **state)
{
	static const struct {
		size_t count;
		size_t line_len;
		size_t data_len;
		enum err_kind kind;
	} limits[] = {
		/* small chunks cost what they must */
		{ 10000, 3, 1, ERR_NONE },
		{ 10000, CHUNKED_LINE_USUAL + 1, 1, ERR_NONE },
		/* so do extensions that are no longer than the data */
		{ 10000, 100, 100 - CHUNKED_LINE_USUAL, ERR_NONE },
		/* one octet a line beyond that, up to the limit */
		{ CHUNKED_WASTE_MAX, CHUNKED_LINE_USUAL + 2, 1, ERR_NONE },
		{ CHUNKED_WASTE_MAX + 1, CHUNKED_LINE_USUAL + 2, 1, ERR_LIMIT },
		{ 16, CHUNKED_LINE_MAX, 1, ERR_NONE },
		{ 17, CHUNKED_LINE_MAX, 1, ERR_LIMIT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++) {
		enum err_kind kind = decode_chunks(
		    limits[i].count, limits[i].line_len, limits[i].data_len);

		if (kind != limits[i].kind)
			fail_msg("row %zu: err %s", i, err_name(kind));
	}
}

/* What little framing has wasted, much data makes good. */
static void
forgives_framing_that_data_has_paid_for(void **state)
{
	static const char size[] = "8000\r\n";
	struct chunked dec;
	struct buf in;
	struct slice data;
	size_t used;

	(void)state;
	buf_init(&in, 1 << 20);
	for (int i = 0; i < 40; i++) {
		if (i % 10 == 0) {
			(void)buf_append_str(&in, size);
			for (int at = 0; at < 0x8000; at++)
				(void)buf_append_octet(&in, 'x');
			(void)buf_append_str(&in, "\r\n");
		}
		(void)buf_append_octet(&in, '1');
		for (int at = 0; at < CHUNKED_LINE_MAX - 3; at++)
			(void)buf_append_octet(&in, ' ');
		(void)buf_append_str(&in, "\r\nx\r\n");
	}
	chunked_init(&dec);
	for (struct slice rest = buf_slice(&in); rest.len > 0;
	     rest = slice_from(rest, used))
		assert_false(err_is(chunked_decode(&dec, rest, &used, &data)));
	buf_fini(&in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_the_same_however_it_is_split),
		cmocka_unit_test(gives_a_small_body_and_its_end_in_one_call),
		cmocka_unit_test(uses_nothing_once_it_is_done),
		cmocka_unit_test(holds_lines_and_trailers_to_their_limits),
		cmocka_unit_test(refuses_bodies_that_are_little_but_framing),
		cmocka_unit_test(forgives_framing_that_data_has_paid_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
