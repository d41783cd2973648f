#include "exact.h"

#include <stdio.h>

#include "../origin/versioned.h"

#define SIZE 100
#define ETAG "\"00000000000000aa\""
#define DATE "Thu, 02 Jan 2020 00:00:00 GMT"

/* What a request with these field lines gets of version 1. */
static struct selection
select_by(const char *fields, enum generated_validator kind)
{
	char text[512];
	struct validators v;
	struct selection selection;
	struct slice head;
	struct ask ask;

	(void)snprintf(text, sizeof(text), "GET /x HTTP/1.1\r\n%s\r\n", fields);
	head = exact_copy(slice_str(text));
	assert_int_equal(ask_parse(head, &ask), ASK_READY);
	validators_init(&v, kind, 0xaa, 1);
	selection = versioned_select(&ask, &v, SIZE);
	exact_free(head);
	return selection;
}

static void
a_version_has_its_own_etag_and_date(void **state)
{
	static const struct {
		enum generated_validator kind;
		uint64_t version;
		const char *etag;
		const char *last_modified;
	} rows[] = {
		{ VALIDATOR_STRONG, 0, ETAG, "Wed, 01 Jan 2020 00:00:00 GMT" },
		{ VALIDATOR_STRONG, 1, ETAG, DATE },
		{ VALIDATOR_WEAK, 366, "W/" ETAG,
		    "Fri, 01 Jan 2021 00:00:00 GMT" },
		{ VALIDATOR_DATE, 1, "", DATE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct validators v;

		validators_init(&v, rows[i].kind, 0xaa, rows[i].version);
		assert_string_equal(v.etag, rows[i].etag);
		assert_string_equal(v.last_modified, rows[i].last_modified);
	}
}

static void
conditions_and_ranges_choose_the_octets(void **state)
{
	static const struct {
		const char *fields;
		enum generated_validator kind;
		struct selection want;
	} rows[] = {
		{ "", VALIDATOR_STRONG, { 200, 0, SIZE } },
		/* Current or not. */
		{ "If-None-Match: " ETAG "\r\n", VALIDATOR_STRONG,
		    { 304, 0, 0 } },
		{ "if-none-match: \"x\", W/" ETAG "\r\n", VALIDATOR_WEAK,
		    { 304, 0, 0 } },
		{ "If-None-Match: *\r\n", VALIDATOR_DATE, { 304, 0, 0 } },
		{ "If-None-Match: \"aa\"\r\n", VALIDATOR_STRONG,
		    { 200, 0, SIZE } },
		{ "If-None-Match: " ETAG "\r\n", VALIDATOR_DATE,
		    { 200, 0, SIZE } },
		{ "If-Modified-Since: " DATE "\r\n", VALIDATOR_DATE,
		    { 304, 0, 0 } },
		{ "If-Modified-Since: Fri, 03 Jan 2020 00:00:00 GMT\r\n",
		    VALIDATOR_STRONG, { 304, 0, 0 } },
		{ "If-Modified-Since: Wed, 01 Jan 2020 23:59:59 GMT\r\n",
		    VALIDATOR_STRONG, { 200, 0, SIZE } },
		{ "If-Modified-Since: yesterday\r\n", VALIDATOR_STRONG,
		    { 200, 0, SIZE } },
		{ "If-None-Match: \"aa\"\r\nIf-Modified-Since: " DATE "\r\n",
		    VALIDATOR_STRONG, { 200, 0, SIZE } },
		/* Ranges. */
		{ "Range: bytes=0-\r\n", VALIDATOR_STRONG, { 206, 0, SIZE } },
		{ "Range: bytes=40-\r\n", VALIDATOR_STRONG, { 206, 40, 60 } },
		{ "Range: bytes=40-49\r\n", VALIDATOR_STRONG, { 206, 40, 10 } },
		{ "Range: bytes=40-100\r\n", VALIDATOR_STRONG,
		    { 206, 40, 60 } },
		{ "Range: bytes=-30\r\n", VALIDATOR_STRONG, { 206, 70, 30 } },
		{ "Range: bytes=-300\r\n", VALIDATOR_STRONG, { 206, 0, SIZE } },
		{ "Range: bytes=99-\r\n", VALIDATOR_STRONG, { 206, 99, 1 } },
		{ "Range: bytes=100-\r\n", VALIDATOR_STRONG, { 416, 0, 0 } },
		{ "Range: bytes=5-4\r\n", VALIDATOR_STRONG, { 200, 0, SIZE } },
		{ "Range: bytes=-\r\n", VALIDATOR_STRONG, { 200, 0, SIZE } },
		{ "Range: bytes=x-\r\n", VALIDATOR_STRONG, { 200, 0, SIZE } },
		{ "Range: bytes=1-2,4-5\r\n", VALIDATOR_STRONG,
		    { 200, 0, SIZE } },
		{ "Range: lines=1-2\r\n", VALIDATOR_STRONG, { 200, 0, SIZE } },
		/* Ranges of a version. */
		{ "Range: bytes=40-\r\nIf-Range: " ETAG "\r\n",
		    VALIDATOR_STRONG, { 206, 40, 60 } },
		{ "Range: bytes=40-\r\nIf-Range: \"aa\"\r\n", VALIDATOR_STRONG,
		    { 200, 0, SIZE } },
		{ "Range: bytes=40-\r\nIf-Range: W/" ETAG "\r\n",
		    VALIDATOR_WEAK, { 200, 0, SIZE } },
		{ "Range: bytes=40-\r\nIf-Range: " DATE "\r\n", VALIDATOR_DATE,
		    { 206, 40, 60 } },
		{ "Range: bytes=100-\r\nIf-Range: \"aa\"\r\n", VALIDATOR_STRONG,
		    { 200, 0, SIZE } },
		{ "Range: bytes=40-\r\nIf-None-Match: " ETAG "\r\n",
		    VALIDATOR_STRONG, { 304, 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct selection got = select_by(rows[i].fields, rows[i].kind);

		if (got.status != rows[i].want.status ||
		    got.first != rows[i].want.first ||
		    got.len != rows[i].want.len)
			fail_msg("%s: %u, %llu octets from %llu on",
			    rows[i].fields, got.status,
			    (unsigned long long)got.len,
			    (unsigned long long)got.first);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_has_its_own_etag_and_date),
		cmocka_unit_test(conditions_and_ranges_choose_the_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
