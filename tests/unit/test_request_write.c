/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
/*
 * What one request has beside its form: Range and conditions, and what a proxy
 * is told.  The rest of what
 * request.h says is in test_request.c.
 */
#include "exact.h"
#include "refuse.h"

#include "http/request.h"

/* With `.user_agent = ""` and "Accept:" a form that adds nothing. */
#define HEAD "GET /f HTTP/1.1\r\nHost: h\r\n"
#define MORE "X: y\r\n\r\n"

/* Write a request for `text` with a field of the user's, appended to `out`. */
static struct err
compose(const char *text, const char *field, const char *credentials,
    const struct request_extra *extra, struct buf *out)
{
	const char *fields[] = { "Accept:", field };
	struct request_wishes wishes = { .user_agent = "",
		.credentials = credentials,
		.fields = fields,
		.field_count = COUNT(fields) };
	struct request_form form;
	struct buf space;
	struct url url;
	struct err err = request_form_init(&form, &wishes);

	buf_init(&space, URL_SPACE_MAX);
	if (!err_is(err))
		err = url_parse(slice_str(text), &space, &url);
	if (!err_is(err))
		err = request_write(&form, &url, extra, out);
	buf_fini(&space);
	request_form_fini(&form);
	return err;
}

/* `extra` with values that have not an octet to spare. */
static struct request_extra
exact_extra(const struct request_extra *extra)
{
	return (struct request_extra){ .range_from = extra->range_from,
		.if_range = exact_copy(extra->if_range),
		.if_none_match = exact_copy(extra->if_none_match),
		.if_modified_since = exact_copy(extra->if_modified_since) };
}

static void
exact_extra_free(struct request_extra *extra)
{
	exact_free(extra->if_modified_since);
	exact_free(extra->if_none_match);
	exact_free(extra->if_range);
}

static void
asks_for_parts_and_for_changes(void **state)
{
	static const struct {
		struct request_extra extra;
		const char *head;
	} rows[] = {
		{ { 0 }, HEAD MORE },
		{ { .range_from = 1 }, HEAD "Range: bytes=1-\r\n" MORE },
		{ { .range_from = UINT64_MAX },
		    HEAD "Range: bytes=18446744073709551615-\r\n" MORE },
		{ { .range_from = 70000, .if_range = TEXT("\"a\"") },
		    HEAD "Range: bytes=70000-\r\nIf-Range: \"a\"\r\n" MORE },
		/* never without a Range (RFC 9110, section 13.1.5) */
		{ { .if_range = TEXT("\"a\"") }, HEAD MORE },
		{ { .if_none_match = TEXT("W/\"a\"") },
		    HEAD "If-None-Match: W/\"a\"\r\n" MORE },
		{ { .if_modified_since = TEXT("x y") },
		    HEAD "If-Modified-Since: x y\r\n" MORE },
		{ { .if_none_match = TEXT("\"a\""),
		      .if_modified_since = TEXT("d") },
		    HEAD
		    "If-None-Match: \"a\"\r\nIf-Modified-Since: d\r\n" MORE },
		{ { .range_from = 5,
		      .if_range = TEXT("\"a\""),
		      .if_none_match = TEXT("\"b\""),
		      .if_modified_since = TEXT("d") },
		    HEAD
		    "Range: bytes=5-\r\nIf-Range: \"a\"\r\n"
		    "If-None-Match: \"b\"\r\nIf-Modified-Since: d\r\n" MORE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct request_extra extra = exact_extra(&rows[i].extra);
		struct buf out;

		buf_init(&out, REQUEST_HEAD_MAX);
		expect_kind(rows[i].head,
		    compose("http://h/f", "X: y", NULL, &extra, &out),
		    ERR_NONE);
		expect_text(rows[i].head, buf_slice(&out), rows[i].head);
		buf_fini(&out);
		exact_extra_free(&extra);
	}
}

/* What was not coded is not to be continued with what is. */
static void
asks_for_no_coding_of_a_part(void **state)
{
	static const struct request_extra part = { .range_from = 1 };
	static const char codings[] = "Accept-Encoding: gzip\r\n";
	static const char none[] = "Accept-Encoding: identity\r\n";
	const struct request_wishes wishes = { .accept_encoding = "gzip" };
	struct request_form form;
	struct buf space;
	struct url url;

	(void)state;
	buf_init(&space, URL_SPACE_MAX);
	expect_kind(
	    "url", url_parse(slice_str("http://h/"), &space, &url), ERR_NONE);
	expect_kind("form", request_form_init(&form, &wishes), ERR_NONE);
	assert_false(form.has_codings);
	for (int i = 0; i < 2; i++) {
		struct buf out;

		buf_init(&out, REQUEST_HEAD_MAX);
		expect_kind("write",
		    request_write(&form, &url, i == 0 ? NULL : &part, &out),
		    ERR_NONE);
		expect_kind("end", buf_append_octet(&out, '\0'), ERR_NONE);
		assert_int_equal(
		    strstr((char *)out.ptr, codings) != NULL, i == 0);
		assert_int_equal(strstr((char *)out.ptr, none) != NULL, i == 1);
		buf_fini(&out);
	}
	request_form_fini(&form);
	buf_fini(&space);
}

static void
stands_back_behind_the_fields_of_the_user(void **state)
{
	static const struct request_extra all = { .range_from = 5,
		.if_range = TEXT("\"a\""),
		.if_none_match = TEXT("\"b\""),
		.if_modified_since = TEXT("d") };
#define ALL_RANGE "Range: bytes=5-\r\nIf-Range: \"a\"\r\n"
#define ALL_CONDITIONS "If-None-Match: \"b\"\r\nIf-Modified-Since: d\r\n"
	static const struct {
		const char *field;
		const char *head;
	} rows[] = {
		{ "X: y", HEAD ALL_RANGE ALL_CONDITIONS "X: y\r\n\r\n" },
		{ "Range: bytes=0-1",
		    HEAD ALL_CONDITIONS "Range: bytes=0-1\r\n\r\n" },
		{ "if-range: \"u\"",
		    HEAD ALL_CONDITIONS "if-range: \"u\"\r\n\r\n" },
		{ "Range:", HEAD ALL_CONDITIONS "\r\n" },
		{ "If-None-Match: *",
		    HEAD ALL_RANGE "If-None-Match: *\r\n\r\n" },
		{ "if-modified-since: u",
		    HEAD ALL_RANGE "if-modified-since: u\r\n\r\n" },
		{ "If-Match: u", HEAD ALL_RANGE "If-Match: u\r\n\r\n" },
		{ "If-Unmodified-Since: u",
		    HEAD ALL_RANGE "If-Unmodified-Since: u\r\n\r\n" },
		{ "If-None-Match:", HEAD ALL_RANGE "\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;

		buf_init(&out, REQUEST_HEAD_MAX);
		expect_kind(rows[i].field,
		    compose("http://h/f", rows[i].field, NULL, &all, &out),
		    ERR_NONE);
		expect_text(rows[i].field, buf_slice(&out), rows[i].head);
		buf_fini(&out);
	}
}

/* a:b is YTpi, u:p is dTpw. */
static void
keeps_the_credentials_beside_it(void **state)
{
	static const struct {
		const char *url;
		const char *field;
		const char *head;
	} rows[] = {
		{ "http://h/f", "X: y",
		    HEAD "Authorization: Basic YTpi\r\nRange: bytes=5-\r\n"
			 "X: y\r\n\r\n" },
		{ "http://u:p@h/f", "X: y",
		    HEAD "Authorization: Basic dTpw\r\nRange: bytes=5-\r\n"
			 "X: y\r\n\r\n" },
		{ "http://u:p@h/f", "Authorization: t",
		    HEAD "Range: bytes=5-\r\nAuthorization: t\r\n\r\n" },
		{ "http://u:p@h/f",
		    "Authorization:", HEAD "Range: bytes=5-\r\n\r\n" },
		{ "http://h/f",
		    "Authorization:", HEAD "Range: bytes=5-\r\n\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct request_extra extra = { .range_from = 5 };
		struct buf out;

		buf_init(&out, REQUEST_HEAD_MAX);
		expect_kind(rows[i].url,
		    compose(rows[i].url, rows[i].field, "a:b", &extra, &out),
		    ERR_NONE);
		expect_text(rows[i].url, buf_slice(&out), rows[i].head);
		buf_fini(&out);
	}
}

static void
writes_each_fold_as_one_blank(void **state)
{
	static const struct {
		struct slice value;
		const char *written; /* NULL: refused */
	} rows[] = {
		{ TEXT("\"a\""), "\"a\"" },
		{ TEXT("a\tb  c\xff"), "a\tb  c\xff" },
		{ TEXT("a\r\n b"), "a b" },
		{ TEXT("a\n\tb"), "a b" },
		{ TEXT("a \t\r\n \t b"), "a b" },
		{ TEXT("a\r\n \r\n\t\n b"), "a b" },
		{ TEXT("a\r\n b \r\n  c"), "a b c" },
		{ TEXT("a\r\n "), "a " },
		{ TEXT("\r\n a"), " a" },
		{ TEXT("a\r\nb"), NULL },
		{ TEXT("a\r\nX: y"), NULL },
		{ TEXT("a\nb"), NULL },
		{ TEXT("a\rb"), NULL },
		{ TEXT("a\r b"), NULL },
		{ TEXT("a\r\r\n b"), NULL },
		{ TEXT("a\r\n\r\n b"), NULL },
		{ TEXT("a\n\r\n b"), NULL },
		{ TEXT("a\r\n"), NULL },
		{ TEXT("a\n"), NULL },
		{ TEXT("a\r"), NULL },
		{ TEXT("\r"), NULL },
		{ TEXT("a\0b"), NULL },
		{ TEXT("a\x01"), NULL },
		{ TEXT("a\x7f"), NULL },
	};
	static const char *const names[] = {
		"If-Range: ", "If-None-Match: ", "If-Modified-Since: "
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows) * COUNT(names); i++) {
		const char *name = names[i % COUNT(names)];
		struct slice value = exact_copy(rows[i / COUNT(names)].value);
		const char *written = rows[i / COUNT(names)].written;
		struct request_extra extra = { .range_from = 5 };
		struct buf out;

		if (i % COUNT(names) == 0)
			extra.if_range = value;
		else if (i % COUNT(names) == 1)
			extra.if_none_match = value;
		else
			extra.if_modified_since = value;
		buf_init(&out, REQUEST_HEAD_MAX);
		expect_kind(written != NULL ? written : name,
		    compose("http://h/f", "X: y", NULL, &extra, &out),
		    written != NULL ? ERR_NONE : ERR_REQUEST);
		if (written == NULL) {
			assert_int_equal(out.len, 0);
		} else {
			struct buf head;

			buf_init(&head, 1000);
			(void)buf_append_str(&head, HEAD);
			(void)buf_append_str(&head, "Range: bytes=5-\r\n");
			(void)buf_append_str(&head, name);
			(void)buf_append_str(&head, written);
			(void)buf_append_str(&head, "\r\n" MORE);
			expect_slice(
			    written, buf_slice(&out), buf_slice(&head));
			buf_fini(&head);
		}
		buf_fini(&out);
		exact_free(value);
	}
}

static void
holds_values_to_their_limit(void **state)
{
	static uint8_t octets[REQUEST_EXTRA_MAX + 1];
	struct slice fits = slice_of(octets, REQUEST_EXTRA_MAX);
	struct slice too_long = slice_of(octets, REQUEST_EXTRA_MAX + 1);
	struct request_extra extras[] = {
		{ .range_from = 1,
		    .if_range = fits,
		    .if_none_match = fits,
		    .if_modified_since = fits },
		{ .range_from = 1, .if_range = too_long },
		{ .if_none_match = too_long },
		{ .if_modified_since = too_long },
	};

	(void)state;
	memset(octets, 'a', sizeof(octets));
	for (size_t i = 0; i < COUNT(extras); i++) {
		struct buf out;

		buf_init(&out, REQUEST_HEAD_MAX);
		expect_kind("length",
		    compose("http://u@h/", "X: y", NULL, &extras[i], &out),
		    i == 0 ? ERR_NONE : ERR_LIMIT);
		assert_int_equal(out.len > 0, i == 0);
		buf_fini(&out);
	}
}

/* ---- For a proxy --------------------------------------------------------- */

#define PASS "Proxy-Authorization: Basic dTpw\r\n"

static void
gives_a_proxy_the_whole_url(void **state)
{
	static const struct {
		const char *url;
		const char *head;
	} rows[] = {
		{ "http://h/f",
		    "GET http://h/f HTTP/1.1\r\nHost: h\r\n" PASS MORE },
		{ "HTTP://H.Example.:80/a/../f?q=1&b#c",
		    "GET http://h.example./f?q=1&b HTTP/1.1\r\n"
		    "Host: h.example.\r\n" PASS MORE },
		{ "http://h:8080",
		    "GET http://h:8080/ HTTP/1.1\r\nHost: h:8080\r\n" PASS
			MORE },
		/* Neither userinfo nor a zone is for others. */
		{ "http://u:p@h/f",
		    "GET http://h/f HTTP/1.1\r\nHost: h\r\n" PASS
		    "Authorization: Basic dTpw\r\n" MORE },
		{ "http://[fe80::1%25eth0]:81/f",
		    "GET http://[fe80::1]:81/f HTTP/1.1\r\n"
		    "Host: [fe80::1]:81\r\n" PASS MORE },
		{ "http://[fe80::1%25a-long-zone]/",
		    "GET http://[fe80::1]/ HTTP/1.1\r\n"
		    "Host: [fe80::1]\r\n" PASS MORE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct request_extra extra = { .is_absolute = true,
			.proxy_field = exact_copy(slice_str(PASS)) };
		struct buf out;

		buf_init(&out, REQUEST_HEAD_MAX);
		expect_kind(rows[i].url,
		    compose(rows[i].url, "X: y", NULL, &extra, &out), ERR_NONE);
		expect_text(rows[i].url, buf_slice(&out), rows[i].head);
		buf_fini(&out);
		exact_free(extra.proxy_field);
	}
}

static void
writes_what_a_proxy_is_told_beside_the_rest(void **state)
{
	static const struct {
		struct request_extra extra;
		const char *field;
		const char *credentials;
		const char *head;
	} rows[] = {
		{ { .is_absolute = true }, "X: y", NULL,
		    "GET http://h/f HTTP/1.1\r\nHost: h\r\n" MORE },
		{ { .proxy_field = TEXT(PASS) }, "X: y", NULL, HEAD PASS MORE },
		{ { .is_absolute = true }, "Host: other", NULL,
		    "GET http://h/f HTTP/1.1\r\nHost: other\r\n\r\n" },
		{ { .is_absolute = true, .proxy_field = TEXT(PASS) }, "X: y",
		    "a:b",
		    "GET http://h/f HTTP/1.1\r\nHost: h\r\n" PASS
		    "Authorization: Basic YTpi\r\n" MORE },
		/* The user's own word comes by way of the proxy alone. */
		{ { .is_absolute = true, .proxy_field = TEXT(PASS) },
		    "Proxy-Authorization: mine", NULL,
		    "GET http://h/f HTTP/1.1\r\nHost: h\r\n" PASS "\r\n" },
		{ { .is_absolute = true }, "proxy-authorization: mine", NULL,
		    "GET http://h/f HTTP/1.1\r\nHost: h\r\n\r\n" },
		{ { 0 }, "Proxy-Authorization;", NULL, HEAD "\r\n" },
		{ { .range_from = 5,
		      .if_range = TEXT("\"a\""),
		      .is_absolute = true,
		      .proxy_field = TEXT(PASS) },
		    "X: y", "a:b",
		    "GET http://h/f HTTP/1.1\r\nHost: h\r\n" PASS
		    "Authorization: Basic YTpi\r\nRange: bytes=5-\r\n"
		    "If-Range: \"a\"\r\n" MORE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;

		buf_init(&out, REQUEST_HEAD_MAX);
		expect_kind(rows[i].head,
		    compose("http://h/f", rows[i].field, rows[i].credentials,
			&rows[i].extra, &out),
		    ERR_NONE);
		expect_text(rows[i].head, buf_slice(&out), rows[i].head);
		buf_fini(&out);
	}
}

/* A buffer takes the whole head, or is as it was. */
static void
fits_the_longest_url(void **state)
{
	static char text[URL_MAX_LEN];
	static const struct request_extra extra = { .is_absolute = true,
		.proxy_field = TEXT(PASS) };
	struct buf out;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "http://h/", 9);
	buf_init(&out, REQUEST_HEAD_MAX);
	expect_kind(
	    "long", compose(text, "X: y", "a:b", &extra, &out), ERR_NONE);
	assert_true(out.len > sizeof(text));
	buf_fini(&out);
	buf_init(&out, sizeof(text));
	expect_kind(
	    "short", compose(text, "X: y", "a:b", &extra, &out), ERR_LIMIT);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

static void
survives_each_refused_allocation(void **state)
{
	static const struct request_extra extra = { .range_from = 5,
		.if_range = TEXT("\"a\""),
		.if_none_match = TEXT("\"b\""),
		.is_absolute = true,
		.proxy_field = TEXT(PASS) };

	(void)state;
	for (size_t n = 1;; n++) {
		struct buf out;
		struct err err;

		buf_init(&out, REQUEST_HEAD_MAX);
		refuse_begin(n);
		err = compose("http://u:p@h/", "X: y", "a:b", &extra, &out);
		if (!refuse_end()) {
			assert_false(err_is(err));
			buf_fini(&out);
			assert_true(n > 5);
			break;
		}
		assert_int_equal(err.kind, ERR_NOMEM);
		assert_int_equal(out.len, 0);
		buf_fini(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_for_parts_and_for_changes),
		cmocka_unit_test(asks_for_no_coding_of_a_part),
		cmocka_unit_test(stands_back_behind_the_fields_of_the_user),
		cmocka_unit_test(keeps_the_credentials_beside_it),
		cmocka_unit_test(writes_each_fold_as_one_blank),
		cmocka_unit_test(holds_values_to_their_limit),
		cmocka_unit_test(gives_a_proxy_the_whole_url),
		cmocka_unit_test(writes_what_a_proxy_is_told_beside_the_rest),
		cmocka_unit_test(fits_the_longest_url),
		cmocka_unit_test(survives_each_refused_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
