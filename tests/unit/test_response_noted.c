/*
 * Which fields of a head are noted, and by which names.  The rest of what
 * response.h says is in test_response.c.
 */
#include "exact.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "http/response.h"

/* A field, a value, and what shows that it was taken for that field. */
struct known {
	const char *name;
	const char *value;
	const char *status;
	size_t at; /* the slice of that name in a `struct response`, or */
	bool (*was_read)(const struct response *res);
};

static bool
is_closing(const struct response *res)
{
	return !res->is_persistent;
}

static bool
has_length(const struct response *res)
{
	return res->framing == RESPONSE_LENGTH;
}

static bool
is_chunked(const struct response *res)
{
	return res->framing == RESPONSE_CHUNKED;
}

#define NOTED(field) offsetof(struct response, field), NULL

static const struct known known[] = {
	{ "Content-Encoding", "v", "200", NOTED(content_encoding) },
	{ "Content-Range", "v", "206", NOTED(content_range) },
	{ "Date", "v", "200", NOTED(date) },
	{ "ETag", "v", "200", NOTED(etag) },
	{ "Last-Modified", "v", "200", NOTED(last_modified) },
	{ "Location", "v", "301", NOTED(location) },
	{ "Retry-After", "v", "503", NOTED(retry_after) },
	{ "Connection", "close", "204", 0, is_closing },
	{ "Content-Length", "5", "200", 0, has_length },
	{ "Transfer-Encoding", "chunked", "200", 0, is_chunked },
};

static struct slice
noted(const struct response *res, const struct known *k)
{
	struct slice value;

	memcpy(&value, (const char *)res + k->at, sizeof(value));
	return value;
}

/* Parse a head, without an octet to spare; it is whole.  Freed by the caller
 * by way of `res->head`. */
static void
parse(struct slice head, struct response *res)
{
	struct slice in = exact_copy(head);
	struct response_scan scan;
	bool whole = false;

	response_scan_init(&scan);
	expect_kind((const char *)head.ptr,
	    response_parse(&scan, in, false, res, &whole), ERR_NONE);
	assert_true(whole);
}

/* Whether a field called `name` is taken for `k`, and for nothing else. */
static bool
is_taken(const struct known *k, struct slice name)
{
	struct response res;
	struct buf head;
	bool taken;

	buf_init(&head, 1000);
	(void)buf_append_str(&head, "HTTP/1.1 ");
	(void)buf_append_str(&head, k->status);
	(void)buf_append_str(&head, "\r\n");
	(void)buf_append(&head, name);
	(void)buf_append_str(&head, ": ");
	(void)buf_append_str(&head, k->value);
	(void)buf_append_str(&head, "\r\n\r\n");
	parse(buf_slice(&head), &res);
	buf_fini(&head);
	taken = k->was_read != NULL ? k->was_read(&res)
				    : slice_eq_str(noted(&res, k), k->value);
	for (size_t i = 0; i < COUNT(known); i++) {
		if (&known[i] != k && known[i].was_read == NULL)
			assert_null(noted(&res, &known[i]).ptr);
	}
	exact_free(res.head);
	return taken;
}

static void
knows_names_in_any_case_and_no_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(known); i++) {
		struct slice right = slice_str(known[i].name);
		uint8_t name[32];

		for (size_t at = 0; at < right.len; at++) {
			for (int octet = 0; octet < 256; octet++) {
				struct slice tried = slice_of(name, right.len);

				memcpy(name, right.ptr, right.len);
				name[at] = (uint8_t)octet;
				if (!ascii_is_tchar(name[at]))
					continue;
				if (is_taken(&known[i], tried) !=
				    slice_eq_nocase(tried, right))
					fail_msg("%s: '%c' at %zu",
					    known[i].name, octet, at);
			}
		}
	}
}

static void
knows_names_all_in_one_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(known); i++) {
		struct slice right = slice_str(known[i].name);
		uint8_t lower[32];
		uint8_t upper[32];

		for (size_t at = 0; at < right.len; at++) {
			lower[at] = ascii_lower(right.ptr[at]);
			upper[at] = ascii_upper(right.ptr[at]);
		}
		assert_true(is_taken(&known[i], slice_of(lower, right.len)));
		assert_true(is_taken(&known[i], slice_of(upper, right.len)));
		assert_false(
		    is_taken(&known[i], slice_of(lower, right.len - 1)));
	}
}

static void
notes_the_first_field_of_each_name(void **state)
{
	static const struct {
		struct slice head;
		const char *etag;
		const char *location;
	} rows[] = {
		{ TEXT("HTTP/1.1 200 OK\r\n\r\n"), "", "" },
		{ TEXT("HTTP/1.1 200 OK\r\nETag: a\r\nETag: b\r\n\r\n"), "a",
		    "" },
		{ TEXT("HTTP/1.1 200 OK\r\nLocation: /a\r\nETag: a\r\n"
		       "location: /b\r\nLOCATION: /c\r\n\r\n"),
		    "a", "/a" },
		/* an empty one is the first as well */
		{ TEXT("HTTP/1.1 200 OK\r\nETag:\r\nETag: b\r\n\r\n"), "", "" },
		{ TEXT("HTTP/1.1 200 OK\nETag: \t a \t\nLocation:b\n\n"), "a",
		    "b" },
		{ TEXT("HTTP/1.1 200 OK\r\nETag: a\r\n b\r\nLocation: \r\n"
		       " c\r\n \r\n\r\n"),
		    "a\r\n b", "c" },
		{ TEXT("HTTP/1.1 200 OK\r\nLocation: a, b\r\nETag: \"a,b\"\r\n"
		       "\r\n"),
		    "\"a,b\"", "a, b" },
		{ TEXT("HTTP/1.1 200 OK\r\nX-ETag: a\r\nETags: b\r\n"
		       "X-Location: c\r\n\r\n"),
		    "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *row = (const char *)rows[i].head.ptr;
		struct response res = { 0 };

		parse(rows[i].head, &res);
		expect_text(row, res.etag, rows[i].etag);
		expect_text(row, res.location, rows[i].location);
		exact_free(res.head);
	}
}

static void
tells_an_empty_field_from_none(void **state)
{
	static const struct slice heads[] = {
		TEXT("HTTP/1.1 301 X\r\nA: b\r\n\r\n"),
		TEXT("HTTP/1.1 301 X\r\nLocation:\r\n\r\n"),
		TEXT("HTTP/1.1 301 X\r\nLocation: \t\r\n \r\nA: b\r\n\r\n"),
		TEXT("HTTP/1.1 301 X\nLocation:\n\n"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(heads); i++) {
		struct response res;

		parse(heads[i], &res);
		assert_int_equal(res.location.len, 0);
		assert_int_equal(res.location.ptr != NULL, i > 0);
		exact_free(res.head);
	}
}

static void
notes_all_of_them_beside_one_another(void **state)
{
	static const struct slice head = TEXT("HTTP/1.1 503 Later\r\n"
					      "Server: nginx/1.22.1\r\n"
					      "Date: d\r\n"
					      "Content-Type: text/html\r\n"
					      "Content-Length: 7\r\n"
					      "Retry-After: 30\r\n"
					      "Last-Modified: m\r\n"
					      "Connection: keep-alive\r\n"
					      "ETag: \"e\"\r\n"
					      "Accept-Ranges: bytes\r\n"
					      "Cache-Control: no-store\r\n"
					      "Content-Range: bytes */7\r\n"
					      "Location: /l\r\n"
					      "\r\n");
	struct response res;

	(void)state;
	parse(head, &res);
	expect_text("Date", res.date, "d");
	expect_text("ETag", res.etag, "\"e\"");
	expect_text("Last-Modified", res.last_modified, "m");
	expect_text("Location", res.location, "/l");
	expect_text("Content-Range", res.content_range, "bytes */7");
	expect_text("Retry-After", res.retry_after, "30");
	assert_int_equal(res.length, 7);
	assert_true(res.is_persistent);
	assert_true(res.date.ptr > res.head.ptr &&
	    res.date.ptr < res.head.ptr + res.head.len);
	exact_free(res.head);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_names_in_any_case_and_no_others),
		cmocka_unit_test(knows_names_all_in_one_case),
		cmocka_unit_test(notes_the_first_field_of_each_name),
		cmocka_unit_test(tells_an_empty_field_from_none),
		cmocka_unit_test(notes_all_of_them_beside_one_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
