#include "exact.h"

#include <stdio.h>

#include "base/num.h"
#include "collect/json.h"
#include "source/records.h"

static const char whole[] =
    "{\"n\":7,\"url\":\"http://h/a\",\"ok\":true,\"status\":200,"
    "\"error\":null,\"bytes\":5}";

/* Parse an exact copy; the slices of `*r` are good until the next call. */
static bool
parse(struct slice line, struct record *r)
{
	static struct slice copy;

	exact_free(copy);
	copy = exact_copy(line);
	return records_parse(copy, r);
}

static void
reads_what_the_log_writes(void **state)
{
	static const struct {
		const char *line;
		uint64_t n;
		const char *url;
		bool ok;
		bool is_result;
	} cases[] = {
		{ whole, 7, "http://h/a", true, true },
		{ "{\"n\":1,\"url\":\"u\",\"ok\":false,\"status\":404,"
		  "\"error\":\"http\"}",
		    1, "u", false, true },
		{ "{\"n\":68719476736,\"url\":\"u\",\"ok\":true,}",
		    RECORDS_N_MAX, "u", true, true },
		{ "{\"n\":1,\"url\":\"u\",\"ok\":false,\"status\":null,"
		  "\"error\":\"stopped\",\"stage\":null}",
		    1, "u", false, false },
		{ "{\"n\":1,\"url\":\"u\",\"ok\":false,\"status\":200,"
		  "\"error\":\"stopped\"}",
		    1, "u", false, false },
		/* Refused memory before it was taken. */
		{ "{\"n\":1,\"url\":\"\",\"ok\":false,\"status\":null,"
		  "\"error\":\"memory\"}",
		    1, "", false, false },
		/* Quotes and backslashes. */
		{ "{\"n\":1,\"url\":\"a\\\"b\\\\\",\"ok\":true,}", 1,
		    "a\\\"b\\\\", true, true },
		{ "{\"n\":1,\"url\":\"\\\"\",\"ok\":true,}", 1, "\\\"", true,
		    true },
		{ "{\"n\":1,\"url\":\"\\\\\",\"ok\":true,}", 1, "\\\\", true,
		    true },
		{ "{\"n\":1,\"url\":\"\\\",\\\"ok\\\":true,\",\"ok\":false,}",
		    1, "\\\",\\\"ok\\\":true,", false, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct record r;

		if (!parse(slice_str(cases[i].line), &r))
			fail_msg("foreign: %s", cases[i].line);
		assert_int_equal(r.n, cases[i].n);
		expect_text(cases[i].line, r.url, cases[i].url);
		assert_int_equal(r.ok, cases[i].ok);
		assert_int_equal(r.is_result, cases[i].is_result);
	}
}

/* Whose fault it was: what is missing here says nothing of the host. */
static void
knows_failures_that_are_our_own(void **state)
{
	static const struct {
		const char *error;
		bool is_local;
	} cases[] = {
		{ "\"file\"", true },
		{ "\"memory\"", true },
		{ "\"tls-unavailable\"", true },
		{ "\"tls\"", false },
		{ "\"tls-unavailabl\"", false },
		{ "\"connect\"", false },
		{ "\"status\"", false },
		{ "null", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char line[128];
		struct record r;

		(void)snprintf(line, sizeof(line),
		    "{\"n\":1,\"url\":\"u\",\"ok\":false,\"status\":200,"
		    "\"error\":%s}",
		    cases[i].error);
		assert_true(parse(slice_str(line), &r));
		if (r.is_local != cases[i].is_local)
			fail_msg("%s", cases[i].error);
	}
}

static void
takes_nothing_else_for_a_record(void **state)
{
	static const struct slice cases[] = {
		TEXT(""),
		TEXT("{}"),
		TEXT("null"),
		TEXT("http://h/a"),
		TEXT("{\"n\":,\"url\":\"u\",\"ok\":true,}"),
		TEXT("{\"n\":0,\"url\":\"u\",\"ok\":true,}"),
		TEXT("{\"n\":01,\"url\":\"u\",\"ok\":true,}"),
		TEXT("{\"n\":-1,\"url\":\"u\",\"ok\":true,}"),
		TEXT("{\"n\":1.5,\"url\":\"u\",\"ok\":true,}"),
		TEXT("{\"n\":68719476737,\"url\":\"u\",\"ok\":true,}"),
		TEXT("{\"n\":18446744073709551617,\"url\":\"u\",\"ok\":true,}"),
		TEXT("{\"n\": 1,\"url\":\"u\",\"ok\":true,}"),
		TEXT("{\"n\":1,\"u\":\"u\",\"ok\":true,}"),
		TEXT("{\"n\":1,\"url\":\"u,\"ok\":true,}"),
		TEXT("{\"n\":1,\"url\":\"u\\\",\"ok\":true,}"),
		TEXT("{\"n\":1,\"url\":\"u\",\"ok\":null,}"),
		TEXT("{\"n\":1,\"url\":\"u\",\"ok\":true}"),
		TEXT("{\"n\":1,\"url\":\"u\",\"ok\":true,\"a\":1"),
		TEXT("{\"n\":1,\"url\":\"u\",\"ok\":true,"),
		TEXT("{\"n\":1,\"url\":\"u\",\"ok\":truer,}"),
		TEXT(" {\"n\":1,\"url\":\"u\",\"ok\":true,}"),
		TEXT("\0\0\0{\"n\":1,\"url\":\"u\",\"ok\":true,}"),
		TEXT("{\"n\":1,\"url\":\"ht\0\0\0\0u\",\"ok\":true,}"),
	};
	struct record r;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (parse(cases[i], &r))
			fail_msg("a record: %.*s", (int)cases[i].len,
			    (const char *)cases[i].ptr);
	}
}

static void
takes_no_part_of_a_record_for_one(void **state)
{
	size_t len = sizeof(whole) - 1;
	struct record r;

	(void)state;
	for (size_t i = 0; i < len; i++)
		assert_false(parse(slice_of(whole, i), &r));
	assert_true(parse(slice_of(whole, len), &r));
}

static void
splits_lines_and_leaves_the_last(void **state)
{
	static const char text[] = "{\"n\":1,\"url\":\"a\",\"ok\":true,}\n"
				   "\n"
				   "some line\n"
				   "{\"n\":2,\"url\":\"b\",\"ok\":false,}\n"
				   "{\"n\":3,";
	struct slice in = slice_str(text);
	struct record r;

	(void)state;
	assert_int_equal(records_next(&in, &r), RECORDS_RECORD);
	assert_int_equal(r.n, 1);
	assert_int_equal(records_next(&in, &r), RECORDS_FOREIGN);
	assert_int_equal(records_next(&in, &r), RECORDS_FOREIGN);
	assert_int_equal(records_next(&in, &r), RECORDS_RECORD);
	assert_int_equal(r.n, 2);
	assert_int_equal(records_next(&in, &r), RECORDS_MORE);
	expect_text("rest", in, "{\"n\":3,");
	in = slice_of(NULL, 0);
	assert_int_equal(records_next(&in, &r), RECORDS_MORE);
}

static void
knows_the_beginning_of_a_record(void **state)
{
	static const struct {
		struct slice text;
		bool whole;
		bool torn;
	} cases[] = {
		{ TEXT(""), false, true },
		{ TEXT("{"), false, true },
		{ TEXT("{\"n\":"), false, true },
		{ TEXT("{\"n\":12"), false, true },
		{ TEXT("{\"n\":12,\"ur"), false, true },
		{ TEXT("{\"n\":12,\"url\":\""), true, true },
		{ TEXT("{\"n\":12,\"url\":\"http"), true, true },
		{ TEXT("{\"n\":,\"url\":\"http"), false, false },
		{ TEXT("{\"n\":,"), false, false },
		{ TEXT("{\"n\":1}"), false, false },
		{ TEXT("{\"n\":12,\"line"), false, false },
		{ TEXT("{\"n\":123456789012345678901,\"url\":\""), false,
		    false },
		{ TEXT("{ "), false, false },
		{ TEXT("http://h/"), false, false },
		{ TEXT("\0"), false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice text = exact_copy(cases[i].text);

		if (records_begins(text, false) != cases[i].whole ||
		    records_begins(text, true) != cases[i].torn)
			fail_msg("case %zu", i);
		exact_free(text);
	}
}

static void
finds_members_by_name(void **state)
{
	static const char line[] =
	    "{\"n\":9,\"url\":\",\\\"list\\\":\\\"no\\\"\",\"ok\":false,"
	    "\"message\":\"a,\",\"url_cut\":true,"
	    "\"list\":\"x\\\"y,}\",\"line\":12}";
	static const struct {
		const char *name;
		const char *value;
	} cases[] = {
		{ "message", "a," },
		{ "url_cut", "true" },
		{ "list", "x\\\"y,}" },
		{ "line", "12" },
		{ "lin", NULL },
		{ "n", NULL }, /* before "ok" */
		{ "a name that is longer than any is", NULL },
	};
	struct record r;

	(void)state;
	assert_true(parse(slice_str(line), &r));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice value;
		bool found = records_member(&r, cases[i].name, &value);

		assert_int_equal(found, cases[i].value != NULL);
		if (found)
			expect_text(cases[i].name, value, cases[i].value);
	}
}

/* The writer's own function, for each pair of octets. */
static void
restores_any_octets(void **state)
{
	uint8_t json[JSON_STRING_MAX(4)];
	struct buf space;

	(void)state;
	buf_init(&space, 64);
	for (unsigned i = 0; i < 65536; i++) {
		uint8_t octets[4] = { 'a', (uint8_t)(i >> 8), (uint8_t)i, 'b' };
		struct slice in = slice_of(octets, sizeof(octets));
		uint8_t *end = json_string(json, in);
		struct slice out;

		assert_false(err_is(
		    records_text(slice_of(json + 1, (size_t)(end - json) - 2),
			&space, &out)));
		expect_slice("octets", out, in);
	}
	buf_fini(&space);
}

static void
does_not_guess_what_others_have_escaped(void **state)
{
	static const struct slice cases[] = { TEXT("a\\n"), TEXT("a\\/b"),
		TEXT("\\u20ac"), TEXT("\\u00"), TEXT("\\u00g0"), TEXT("a\\") };
	struct buf space;
	struct slice out;

	(void)state;
	buf_init(&space, 64);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice in = exact_copy(cases[i]);

		expect_kind(
		    "escape", records_text(in, &space, &out), ERR_PROTOCOL);
		exact_free(in);
	}
	/* What has nothing escaped needs no space at all. */
	assert_false(
	    err_is(records_text(slice_str("http://h/"), &space, &out)));
	expect_text("plain", out, "http://h/");
	buf_fini(&space);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_log_writes),
		cmocka_unit_test(knows_failures_that_are_our_own),
		cmocka_unit_test(takes_nothing_else_for_a_record),
		cmocka_unit_test(takes_no_part_of_a_record_for_one),
		cmocka_unit_test(splits_lines_and_leaves_the_last),
		cmocka_unit_test(knows_the_beginning_of_a_record),
		cmocka_unit_test(finds_members_by_name),
		cmocka_unit_test(restores_any_octets),
		cmocka_unit_test(does_not_guess_what_others_have_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
