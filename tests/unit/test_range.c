#include "exact.h"

#include "http/range.h"

/* 2^63 - 1 and what may be the last octet before it. */
#define TOTAL_MAX INT64_MAX
#define LAST_MAX (INT64_MAX - 1)

static struct err
parse(struct slice value, struct content_range *range)
{
	struct slice copy = exact_copy(value);
	struct err err = range_parse_content(copy, range);

	exact_free(copy);
	return err;
}

static void
reads_what_rfc_9110_shows(void **state)
{
	static const struct {
		const char *value;
		struct content_range range;
	} rows[] = {
		{ "bytes 0-499/1234", { true, 0, 499, 1234 } },
		{ "bytes 734-1233/1234", { true, 734, 1233, 1234 } },
		{ "bytes 42-1233/*", { true, 42, 1233, RANGE_TOTAL_UNKNOWN } },
		{ "bytes */1234", { false, 0, 0, 1234 } },
		{ "bytes */0", { false, 0, 0, 0 } },
		{ "bytes 0-0/1", { true, 0, 0, 1 } },
		{ "BYTES 0-0/1", { true, 0, 0, 1 } },
		{ "bytes 00-007/08", { true, 0, 7, 8 } },
		{ "bytes 0-9223372036854775806/9223372036854775807",
		    { true, 0, LAST_MAX, TOTAL_MAX } },
		{ "bytes 9223372036854775806-9223372036854775806/*",
		    { true, LAST_MAX, LAST_MAX, RANGE_TOTAL_UNKNOWN } },
		{ "bytes */9223372036854775807", { false, 0, 0, TOTAL_MAX } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct content_range *want = &rows[i].range;
		struct content_range range;

		expect_kind(rows[i].value,
		    parse(slice_str(rows[i].value), &range), ERR_NONE);
		assert_int_equal(range.is_satisfied, want->is_satisfied);
		assert_int_equal(range.first, want->first);
		assert_int_equal(range.last, want->last);
		assert_int_equal(range.total, want->total);
	}
}

static void
refuses_anything_else_with_a_reason(void **state)
{
	static const struct {
		struct slice value;
		const char *why;
	} rows[] = {
		{ TEXT(""), "units" },
		{ TEXT("octets 0-1/2"), "units" },
		{ TEXT("byte 0-1/2"), "units" },
		{ TEXT("bytess 0-1/2"), "units" },
		{ TEXT("bytes=0-1/2"), "units" },
		{ TEXT("bytes: 0-1/2"), "units" },
		{ TEXT(" bytes 0-1/2"), "units" },
		{ TEXT("0-1/2"), "units" },
		{ TEXT("bytes\t0-1/2"), "units" },
		{ TEXT("bytes"), "malformed" },
		{ TEXT("bytes "), "malformed" },
		{ TEXT("bytes  0-1/2"), "malformed" },
		{ TEXT("bytes 0-1"), "malformed" },
		{ TEXT("bytes 0-1/"), "malformed" },
		{ TEXT("bytes 0-1/2/3"), "malformed" },
		{ TEXT("bytes 0-1/2 "), "malformed" },
		{ TEXT("bytes 0-1 /2"), "malformed" },
		{ TEXT("bytes 0-1/ 2"), "malformed" },
		{ TEXT("bytes 0 -1/2"), "malformed" },
		{ TEXT("bytes 0-1/2\0"), "malformed" },
		{ TEXT("bytes 0-1/2, bytes 0-1/2"), "malformed" },
		{ TEXT("bytes 0-0,1-1/2"), "malformed" },
		{ TEXT("bytes -1/2"), "malformed" },
		{ TEXT("bytes 0-/2"), "malformed" },
		{ TEXT("bytes -/2"), "malformed" },
		{ TEXT("bytes /2"), "malformed" },
		{ TEXT("bytes 0/2"), "malformed" },
		{ TEXT("bytes 0-+1/2"), "malformed" },
		{ TEXT("bytes 0--1/2"), "malformed" },
		{ TEXT("bytes 0-0x1/2"), "malformed" },
		{ TEXT("bytes *-1/2"), "malformed" },
		{ TEXT("bytes **/2"), "malformed" },
		{ TEXT("bytes */*"), "malformed" },
		{ TEXT("bytes */"), "malformed" },
		{ TEXT("bytes 0-1/**"), "malformed" },
		{ TEXT("bytes 0-1/-2"), "malformed" },
		{ TEXT("bytes 1-0/2"), "before it begins" },
		{ TEXT("bytes 1-0/*"), "before it begins" },
		{ TEXT("bytes 0-2/2"), "beyond its total" },
		{ TEXT("bytes 0-0/0"), "beyond its total" },
		{ TEXT("bytes 2-2/2"), "beyond its total" },
		/* more than 63 bits, more than 64 */
		{ TEXT("bytes 0-1/9223372036854775808"), "malformed" },
		{ TEXT("bytes 0-9223372036854775807/*"), "malformed" },
		{ TEXT("bytes 9223372036854775807-9223372036854775807/*"),
		    "malformed" },
		{ TEXT("bytes 0-18446744073709551616/*"), "malformed" },
		{ TEXT("bytes 18446744073709551616-1/*"), "malformed" },
		{ TEXT("bytes 0-1/18446744073709551618"), "malformed" },
		{ TEXT("bytes */18446744073709551615"), "malformed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *row = (const char *)rows[i].value.ptr;
		struct content_range range = { .total = 42 };
		struct err err = parse(rows[i].value, &range);

		expect_kind(row, err, ERR_PROTOCOL);
		if (err.why == NULL || strstr(err.why, rows[i].why) == NULL)
			fail_msg("%s: reason \"%s\"", row, err.why);
		assert_int_equal(range.total, 42);
	}
}

static void
refuses_each_beginning(void **state)
{
	static const struct slice whole = TEXT("bytes 734-1233/1234");
	struct content_range range;

	(void)state;
	for (size_t len = 0; len < whole.len; len++)
		expect_kind("beginning", parse(slice_first(whole, len), &range),
		    ERR_PROTOCOL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_rfc_9110_shows),
		cmocka_unit_test(refuses_anything_else_with_a_reason),
		cmocka_unit_test(refuses_each_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
