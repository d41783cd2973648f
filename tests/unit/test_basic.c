/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"

#include "http/basic.h"

static void
encodes_as_rfc_7617_and_4648_show(void **state)
{
	static const struct {
		struct slice in;
		const char *out;
	} rows[] = {
		{ TEXT("Aladdin:open sesame"),
		    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" },
		{ TEXT("test:123\xc2\xa3"), "Basic dGVzdDoxMjPCow==" },
		{ TEXT(""), "Basic Og==" },
		{ TEXT(":"), "Basic Og==" },
		{ TEXT("f:"), "Basic Zjo=" },
		{ TEXT("f"), "Basic Zjo=" },
		{ TEXT("fo"), "Basic Zm86" },
		{ TEXT("foo"), "Basic Zm9vOg==" },
		{ TEXT("a:b"), "Basic YTpi" },
		{ TEXT(":\xff\xff\xff\xfb\xf0"), "Basic Ov////vw" },
		{ TEXT(":a\0b"), "Basic OmEAYg==" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice in = exact_copy(rows[i].in);
		struct buf out;

		buf_init(&out, 100);
		expect_kind(rows[i].out, basic_append(in, &out), ERR_NONE);
		expect_text(rows[i].out, buf_slice(&out), rows[i].out);
		buf_fini(&out);
		exact_free(in);
	}
}

static void
appends_behind_what_is_there(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	(void)buf_append_str(&out, "Authorization: ");
	assert_false(err_is(basic_append(slice_str("a:b"), &out)));
	expect_text("out", buf_slice(&out), "Authorization: Basic YTpi");
	buf_fini(&out);
}

static void
writes_a_whole_field_line(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 50);
	(void)buf_append_str(&out, "before");
	assert_false(err_is(basic_append_field(slice_str("a:b"), &out)));
	expect_text(
	    "out", buf_slice(&out), "beforeAuthorization: Basic YTpi\r\n");
	/* no room for all of it, however much of it fits */
	for (size_t max = out.len; max < 2 * (out.len - 6) + 6; max++) {
		struct buf small;

		buf_init(&small, max);
		(void)buf_append(&small, buf_slice(&out));
		assert_int_equal(
		    basic_append_field(slice_str("a:b"), &small).kind,
		    ERR_LIMIT);
		expect_slice("small", buf_slice(&small), buf_slice(&out));
		buf_fini(&small);
	}
	buf_fini(&out);
}

static void
writes_the_line_for_a_proxy_likewise(void **state)
{
	const char line[] = "Proxy-Authorization: Basic YTpi\r\n";
	struct buf out;

	(void)state;
	buf_init(&out, sizeof(line) - 1);
	expect_kind(
	    "line", basic_append_proxy_field(slice_str("a:b"), &out), ERR_NONE);
	expect_text("line", buf_slice(&out), line);
	buf_fini(&out);

	buf_init(&out, sizeof(line) - 2);
	expect_kind("limit", basic_append_proxy_field(slice_str("a:b"), &out),
	    ERR_LIMIT);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

static void
leaves_out_as_it_was_when_it_fails(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 9);
	(void)buf_append_str(&out, "x");
	assert_int_equal(basic_append(slice_str("a:b"), &out).kind, ERR_LIMIT);
	expect_text("limit", buf_slice(&out), "x");
	buf_fini(&out);

	buf_init(&out, 100);
	refuse_begin(1);
	assert_int_equal(basic_append(slice_str("a:b"), &out).kind, ERR_NOMEM);
	assert_true(refuse_end());
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_as_rfc_7617_and_4648_show),
		cmocka_unit_test(appends_behind_what_is_there),
		cmocka_unit_test(writes_a_whole_field_line),
		cmocka_unit_test(writes_the_line_for_a_proxy_likewise),
		cmocka_unit_test(leaves_out_as_it_was_when_it_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
