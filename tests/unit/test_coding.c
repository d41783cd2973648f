#include "exact.h"

#include "base/buf.h"
#include "http/coding.h"

static void
append_names(const struct codings *codings, struct buf *out)
{
	for (size_t i = 0; i < codings->count; i++) {
		if (i > 0)
			assert_false(err_is(buf_append_octet(out, ' ')));
		assert_false(
		    err_is(buf_append_str(out, coding_name(codings->of[i]))));
	}
}

static void
reads_codings_in_the_order_to_undo_them(void **state)
{
	static const struct {
		const char *fields;
		const char *codings; /* the first to be undone first */
	} rows[] = {
		{ "", "" },
		{ "Content-Length: 5\r\n", "" },
		{ "Content-Encoding: gzip\r\n", "gzip" },
		{ "content-encoding:GZip\n", "gzip" },
		{ "Content-Encoding: x-gzip\r\n", "gzip" },
		{ "Content-Encoding: X-GZIP\r\n", "gzip" },
		{ "Content-Encoding: deflate\r\n", "deflate" },
		{ "Content-Encoding: br\r\n", "br" },
		{ "Content-Encoding: zstd\r\n", "zstd" },
		{ "Content-Encoding: \r\n", "" },
		{ "Content-Encoding: ,, ,\r\n", "" },
		{ "Content-Encoding: identity\r\n", "" },
		{ "Content-Encoding: Identity, none\r\n", "" },
		{ "Content-Encoding: gzip, br\r\n", "br gzip" },
		{ "Content-Encoding: gzip,identity,br ,\tzstd\r\n",
		    "zstd br gzip" },
		/* Several lines are one list, whatever stands between. */
		{ "Content-Encoding: gzip\r\nDate: x\r\n"
		  "CONTENT-ENCODING: br, zstd\r\n",
		    "zstd br gzip" },
		{ "Content-Encoding: gzip,\r\n br\r\n", "br gzip" },
		{ "Content-Encoding:\r\n\tgzip\r\n ,\r\n br\r\n", "br gzip" },
		{ "Content-Encoding: gzip, gzip, gzip, gzip\r\n",
		    "gzip gzip gzip gzip" },
		{ "Content-Encoding: gzip\r\n\r\nContent-Encoding: br\r\n",
		    "gzip" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice fields = exact_copy(slice_str(rows[i].fields));
		struct slice unknown;
		struct codings codings;
		struct buf out;

		buf_init(&out, 100);
		expect_kind(rows[i].fields,
		    codings_read(fields, &codings, &unknown), ERR_NONE);
		append_names(&codings, &out);
		expect_text(rows[i].fields, buf_slice(&out), rows[i].codings);
		buf_fini(&out);
		exact_free(fields);
	}
}

static void
names_what_it_does_not_know(void **state)
{
	static const struct {
		const char *fields;
		const char *unknown;
	} rows[] = {
		{ "Content-Encoding: compress\r\n", "compress" },
		{ "Content-Encoding: gzip, x-br\r\n", "x-br" },
		{ "Content-Encoding: x-deflate\r\n", "x-deflate" },
		{ "Content-Encoding: gzi\r\n", "gzi" },
		{ "Content-Encoding: gzipp\r\n", "gzipp" },
		{ "Content-Encoding: gzip;q=1\r\n", "gzip;q=1" },
		{ "Content-Encoding: gzip\r\nContent-Encoding: a, b\r\n", "a" },
		{ "Content-Encoding: gz\r\n ip\r\n", "gz\r\n ip" },
		{ "Content-Encoding: \"gzip\"\r\n", "\"gzip\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice fields = exact_copy(slice_str(rows[i].fields));
		struct codings codings = { .count = 3 };
		struct slice unknown = { 0 };
		struct err err = codings_read(fields, &codings, &unknown);

		expect_kind(rows[i].fields, err, ERR_CODING);
		assert_non_null(err.why);
		expect_text(rows[i].fields, unknown, rows[i].unknown);
		assert_int_equal(codings.count, 3);
		exact_free(fields);
	}
}

static void
has_a_bound_on_how_many_there_are(void **state)
{
	static const char fields[] = "Content-Encoding: br, br\r\n"
				     "Content-Encoding: br, br, identity, br";
	struct slice in = exact_copy(slice_str(fields));
	struct codings codings = { .count = 3 };
	struct slice unknown;

	(void)state;
	expect_kind(fields, codings_read(in, &codings, &unknown), ERR_LIMIT);
	assert_int_equal(codings.count, 3);
	exact_free(in);
}

static void
tells_whether_there_are_any(void **state)
{
	static const struct {
		const char *head;
		bool any;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\n\r\n", false },
		{ "HTTP/1.1 200 OK\r\nContent-Encoding:\r\n\r\n", false },
		{ "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n\r\n",
		    false },
		{ "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n"
		  "Content-Encoding: br\r\n\r\n",
		    true },
		{ "HTTP/1.1 200 OK\r\nContent-Encoding: compress\r\n\r\n",
		    true },
		{ "HTTP/1.1 200 OK\r\n"
		  "Content-Encoding: br,br,br,br,br\r\n\r\n",
		    true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice head = exact_copy(slice_str(rows[i].head));
		struct response_scan scan;
		struct response res;
		bool whole = false;

		response_scan_init(&scan);
		expect_kind(rows[i].head,
		    response_parse(&scan, head, false, &res, &whole), ERR_NONE);
		assert_true(whole);
		if (codings_any(&res) != rows[i].any)
			fail_msg("%s", rows[i].head);
		exact_free(head);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_codings_in_the_order_to_undo_them),
		cmocka_unit_test(names_what_it_does_not_know),
		cmocka_unit_test(tells_whether_there_are_any),
		cmocka_unit_test(has_a_bound_on_how_many_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
