#include "exact.h"

#include <stdio.h>

#include "collect/version.h"

#define NOW INT64_C(1700000000)
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define LATER "Sun, 06 Nov 1994 09:49:37 GMT"

static void
reads_what_tells_versions_apart(void **state)
{
	static const struct {
		const char *fields;
		const char *etag;
		const char *last_modified;
		const char *for_range;
	} rows[] = {
		{ "ETag: \"a\"\r\nLast-Modified: " DATE "\r\n", "\"a\"", DATE,
		    "\"a\"" },
		{ "etag: \"a\"\r\n", "\"a\"", "", "\"a\"" },
		{ "ETag: W/\"a\"\r\n", "W/\"a\"", "", "" },
		{ "ETag: W/\"a\"\r\nLast-Modified: " DATE "\r\nDate: " LATER
		  "\r\n",
		    "W/\"a\"", DATE, "" },
		{ "Last-Modified: " DATE "\r\nDate: " LATER "\r\n", "", DATE,
		    DATE },
		{ "Last-Modified: " DATE "\r\nDate: " DATE "\r\n", "", DATE,
		    "" },
		{ "ETag: a\r\nLast-Modified: now\r\n", "", "", "" },
		{ "ETag: \"a\"\r\n b\r\n", "", "", "" },
		{ "ETag:\r\nLast-Modified:\r\n", "", "", "" },
		{ "", "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[512];
		struct slice head;
		struct version v;

		(void)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n%s\r\n",
		    rows[i].fields);
		head = exact_copy(slice_str(text));
		version_read(head, NOW, &v);
		expect_text(rows[i].fields, v.etag, rows[i].etag);
		expect_text(
		    rows[i].fields, v.last_modified, rows[i].last_modified);
		if (v.last_modified.len > 0)
			assert_int_equal(v.time, 784111777);
		expect_text(rows[i].fields, v.for_range, rows[i].for_range);
		exact_free(head);
	}
}

static void
reads_nothing_from_what_is_no_head(void **state)
{
	static const char *const texts[] = { "", "HTTP/1.1 200 OK\r\n",
		"HTTP/1.1 200 OK\r\nETag: \"a\"\r\n",
		"200 OK\r\nETag: \"a\"\r\n\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct slice head = exact_copy(slice_str(texts[i]));
		struct version v;

		version_read(head, NOW, &v);
		assert_int_equal(v.etag.len, 0);
		assert_int_equal(v.last_modified.len, 0);
		assert_int_equal(v.for_range.len, 0);
		exact_free(head);
	}
}

static void
takes_endless_validators_for_none(void **state)
{
	for (size_t len = VERSION_FIELD_MAX; len <= VERSION_FIELD_MAX + 1;
	     len++) {
		static char text[4096];
		char etag[2048];
		struct version v;

		(void)state;
		memset(etag, 'a', len);
		etag[0] = etag[len - 1] = '"';
		(void)snprintf(text, sizeof(text),
		    "HTTP/1.1 200 OK\r\nETag: %.*s\r\n\r\n", (int)len, etag);
		version_read(slice_str(text), NOW, &v);
		assert_int_equal(v.etag.len, len > VERSION_FIELD_MAX ? 0 : len);
		assert_int_equal(v.for_range.len, v.etag.len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_tells_versions_apart),
		cmocka_unit_test(reads_nothing_from_what_is_no_head),
		cmocka_unit_test(takes_endless_validators_for_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
