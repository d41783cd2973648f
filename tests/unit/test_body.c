#include "exact.h"

#include "base/buf.h"
#include "http/body.h"

static const struct row {
	const char *name;
	enum response_framing framing;
	uint64_t length;
	const char *in;
	const char *data;
	const char *rest;
	bool is_done;
	enum err_kind end; /* when the connection ends there */
} rows[] = {
	{ "no body", RESPONSE_NO_BODY, 0, "", "", "", true, ERR_NONE },
	{ "no body, a surplus", RESPONSE_NO_BODY, 0, "abc", "", "abc", true,
	    ERR_NONE },
	{ "an empty length", RESPONSE_LENGTH, 0, "abc", "", "abc", true,
	    ERR_NONE },
	{ "a length", RESPONSE_LENGTH, 5, "abcde", "abcde", "", true,
	    ERR_NONE },
	{ "a length and a surplus", RESPONSE_LENGTH, 5, "abcdefg", "abcde",
	    "fg", true, ERR_NONE },
	{ "a length not reached", RESPONSE_LENGTH, 5, "abc", "abc", "", false,
	    ERR_TRUNCATED },
	{ "a length and nothing", RESPONSE_LENGTH, 5, "", "", "", false,
	    ERR_TRUNCATED },
	{ "chunks", RESPONSE_CHUNKED, 0, "3\r\nabc\r\n0\r\n\r\nX", "abc", "X",
	    true, ERR_NONE },
	{ "chunks without the last", RESPONSE_CHUNKED, 0, "3\r\nabc\r\n", "abc",
	    "", false, ERR_TRUNCATED },
	{ "chunks without the last line", RESPONSE_CHUNKED, 0,
	    "3\r\nabc\r\n0\r\n", "abc", "", false, ERR_TRUNCATED },
	{ "no chunk", RESPONSE_CHUNKED, 0, "", "", "", false, ERR_TRUNCATED },
	{ "to the end", RESPONSE_CLOSE, 0, "abc", "abc", "", false, ERR_NONE },
	{ "to the end, empty", RESPONSE_CLOSE, 0, "", "", "", false, ERR_NONE },
};

static void
begin(struct body *body, enum response_framing framing, uint64_t length)
{
	struct response res = { .framing = framing, .length = length };

	body_init(body, &res);
}

/* Feed a piece until the body is done or nothing is left of it. */
static size_t
feed(struct body *body, struct slice piece, struct buf *out)
{
	struct slice copy = exact_copy(piece);
	struct slice in = copy;

	while (in.len > 0 && !body_is_done(body)) {
		struct slice data;
		size_t used;

		assert_false(err_is(body_decode(body, in, &used, &data)));
		assert_in_range(used, 1, in.len);
		(void)buf_append(out, data);
		in = slice_from(in, used);
	}
	exact_free(copy);
	return piece.len - in.len;
}

static void
expect_row(const struct row *row, size_t first, size_t step)
{
	struct slice in = slice_str(row->in);
	struct body body;
	struct buf out;
	size_t len = first;

	buf_init(&out, 1000);
	begin(&body, row->framing, row->length);
	while (in.len > 0) {
		size_t used;

		if (len > in.len)
			len = in.len;
		used = feed(&body, slice_first(in, len), &out);
		in = slice_from(in, used);
		if (used < len)
			break;
		len = step;
	}
	expect_text(row->name, buf_slice(&out), row->data);
	expect_text(row->name, in, row->rest);
	assert_int_equal(body_is_done(&body), row->is_done);
	expect_kind(row->name, body_end(&body), row->end);
	buf_fini(&out);
}

static void
decodes_the_same_however_it_is_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = strlen(rows[i].in);

		expect_row(&rows[i], 1, 1);
		for (size_t at = 1; at <= len; at++)
			expect_row(&rows[i], at, len);
	}
}

static void
leaves_a_surplus_alone(void **state)
{
	struct body body;
	struct slice data;
	size_t used;

	(void)state;
	begin(&body, RESPONSE_LENGTH, 2);
	assert_false(
	    err_is(body_decode(&body, slice_str("abc"), &used, &data)));
	assert_int_equal(used, 2);
	assert_false(err_is(body_decode(&body, slice_str("c"), &used, &data)));
	assert_int_equal(used, 0);
	assert_int_equal(data.len, 0);
}

static void
passes_on_what_the_chunked_decoder_says(void **state)
{
	struct body body;
	struct slice data;
	size_t used;

	(void)state;
	begin(&body, RESPONSE_CHUNKED, 0);
	assert_int_equal(body_decode(&body, slice_str("x"), &used, &data).kind,
	    ERR_PROTOCOL);
}

static void
lets_plain_octets_be_moved_past_it(void **state)
{
	struct body body;
	struct slice data;
	size_t used;

	(void)state;
	begin(&body, RESPONSE_LENGTH, 10);
	assert_false(
	    err_is(body_decode(&body, slice_str("abc"), &used, &data)));
	assert_int_equal(body_plain_left(&body), 7);
	body_skip_plain(&body, 6);
	assert_int_equal(body_plain_left(&body), 1);
	assert_false(body_is_done(&body));
	assert_int_equal(body_end(&body).kind, ERR_TRUNCATED);
	body_skip_plain(&body, 1);
	assert_true(body_is_done(&body));
	assert_int_equal(body_plain_left(&body), 0);

	begin(&body, RESPONSE_CLOSE, 0);
	body_skip_plain(&body, 1000);
	assert_true(body_plain_left(&body) == UINT64_MAX);
	assert_false(body_is_done(&body));
	assert_false(err_is(body_end(&body)));

	begin(&body, RESPONSE_CHUNKED, 0);
	assert_int_equal(body_plain_left(&body), 0);
	begin(&body, RESPONSE_NO_BODY, 0);
	assert_int_equal(body_plain_left(&body), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_the_same_however_it_is_split),
		cmocka_unit_test(leaves_a_surplus_alone),
		cmocka_unit_test(passes_on_what_the_chunked_decoder_says),
		cmocka_unit_test(lets_plain_octets_be_moved_past_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
