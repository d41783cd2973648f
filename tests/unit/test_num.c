#include "exact.h"

#include "base/num.h"

/* What a parser makes of a text; it must leave the result alone on failure. */
struct row {
	const char *text;
	uint64_t max;
	bool is_good;
	uint64_t value;
};

typedef bool (*parse_fn)(struct slice text, uint64_t max, uint64_t *out);

static void
expect_rows(parse_fn parse, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct slice text = exact_copy(slice_str(rows[i].text));
		uint64_t value = 42;
		bool is_good = parse(text, rows[i].max, &value);

		if (is_good != rows[i].is_good)
			fail_msg("\"%s\": %d", rows[i].text, is_good);
		if (value != (is_good ? rows[i].value : 42))
			fail_msg("\"%s\": value %llu", rows[i].text,
			    (unsigned long long)value);
		exact_free(text);
	}
}

static void
parses_decimal_numbers(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, true, 0 },
		{ "7", 7, true, 7 },
		{ "8", 7, false, 0 },
		{ "0000000000000000000000000000012", 100, true, 12 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "18446744073709551625", UINT64_MAX, false, 0 },
		{ "99999999999999999999", UINT64_MAX, false, 0 },
		{ "", 9, false, 0 },
		{ " 1", 9, false, 0 },
		{ "1 ", 9, false, 0 },
		{ "+1", 9, false, 0 },
		{ "-1", 9, false, 0 },
		{ "0x1", 9, false, 0 },
		{ "1.0", 9, false, 0 },
		{ "1,000", 9999, false, 0 },
		{ "a", 99, false, 0 },
		{ "\xb2", 99, false, 0 },
	};

	(void)state;
	expect_rows(num_parse_u64, rows, COUNT(rows));
}

static void
parses_sizes_with_a_suffix(void **state)
{
	static const struct row rows[] = {
		{ "0", 9, true, 0 },
		{ "512", UINT64_MAX, true, 512 },
		{ "1k", UINT64_MAX, true, 1024 },
		{ "1K", UINT64_MAX, true, 1024 },
		{ "3M", UINT64_MAX, true, 3 << 20 },
		{ "2G", UINT64_MAX, true, UINT64_C(2) << 30 },
		{ "1T", UINT64_MAX, true, UINT64_C(1) << 40 },
		{ "16777215T", UINT64_MAX, true, UINT64_C(16777215) << 40 },
		{ "16777216T", UINT64_MAX, false, 0 },
		{ "1k", 1023, false, 0 },
		{ "k", 9, false, 0 },
		{ "", 9, false, 0 },
		{ "1m", UINT64_MAX, false, 0 },
		{ "1kk", UINT64_MAX, false, 0 },
		{ "1 k", UINT64_MAX, false, 0 },
		{ "1.5k", UINT64_MAX, false, 0 },
		{ "-1k", UINT64_MAX, false, 0 },
	};

	(void)state;
	expect_rows(num_parse_size, rows, COUNT(rows));
}

static void
parses_seconds_into_milliseconds(void **state)
{
	static const struct row rows[] = {
		{ "0", UINT64_MAX, true, 0 },
		{ "10", UINT64_MAX, true, 10000 },
		{ "0.5", UINT64_MAX, true, 500 },
		{ ".25", UINT64_MAX, true, 250 },
		{ "1.", UINT64_MAX, true, 1000 },
		{ "1.001", UINT64_MAX, true, 1001 },
		{ "1.0001", UINT64_MAX, true, 1001 },
		{ "1.0000", UINT64_MAX, true, 1000 },
		{ "0.9999", UINT64_MAX, true, 1000 },
		{ "0.0000000000000000000000001", UINT64_MAX, true, 1 },
		{ "2", 2000, true, 2000 },
		{ "2.001", 2000, false, 0 },
		{ "18446744073709551.615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551.6151", UINT64_MAX, false, 0 },
		{ "18446744073709552", UINT64_MAX, false, 0 },
		{ "", UINT64_MAX, false, 0 },
		{ ".", UINT64_MAX, false, 0 },
		{ "1.2.3", UINT64_MAX, false, 0 },
		{ "1,5", UINT64_MAX, false, 0 },
		{ "-1", UINT64_MAX, false, 0 },
		{ "1s", UINT64_MAX, false, 0 },
		{ "1e3", UINT64_MAX, false, 0 },
		{ "1. 5", UINT64_MAX, false, 0 },
		{ "1.000x", UINT64_MAX, false, 0 },
	};

	(void)state;
	expect_rows(num_parse_seconds, rows, COUNT(rows));
}

static void
parses_thousandths(void **state)
{
	static const struct row rows[] = {
		{ "5", 100000, true, 5000 },
		{ "0.5", 100000, true, 500 },
		{ ".125", 100000, true, 125 },
		{ "100", 100000, true, 100000 },
		{ "100.0001", 100000, false, 0 },
		{ "0.0001", 100000, true, 1 },
		{ "5%", 100000, false, 0 },
		{ "", 100000, false, 0 },
	};

	(void)state;
	expect_rows(num_parse_thousandths, rows, COUNT(rows));
}

static void
parses_a_pace_with_its_unit(void **state)
{
	static const struct {
		const char *text;
		uint64_t count; /* 0: refused */
		uint64_t per_ms;
	} rows[] = {
		{ "20", 20, 1000 },
		{ "20/s", 20, 1000 },
		{ "1/m", 1, 60000 },
		{ "300/h", 300, 3600000 },
		{ "1000/d", 1000, 86400000 },
		{ "1001/d", 0, 0 },
		{ "0/s", 0, 0 },
		{ "0", 0, 0 },
		{ "", 0, 0 },
		{ "/s", 0, 0 },
		{ "20/", 0, 0 },
		{ "20/w", 0, 0 },
		{ "20/S", 0, 0 },
		{ "20/sec", 0, 0 },
		{ "20/s/s", 0, 0 },
		{ "20s", 0, 0 },
		{ "2.5/s", 0, 0 },
		{ "-1/s", 0, 0 },
		{ " 1/s", 0, 0 },
		{ "20 /s", 0, 0 },
		{ "18446744073709551617/s", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = exact_copy(slice_str(rows[i].text));
		bool is_good = rows[i].count > 0;
		uint64_t count = 42;
		uint64_t per_ms = 43;

		if (num_parse_pace(text, 1000, &count, &per_ms) != is_good)
			fail_msg("\"%s\": %d", rows[i].text, !is_good);
		assert_true(count == (is_good ? rows[i].count : 42));
		assert_true(per_ms == (is_good ? rows[i].per_ms : 43));
		exact_free(text);
	}
}

static void
adds_and_multiplies_with_a_check(void **state)
{
	uint64_t out = 42;

	(void)state;
	assert_false(num_add(UINT64_MAX, 1, &out));
	assert_false(num_mul(UINT64_MAX / 2 + 1, 2, &out));
	assert_true(out == 42);
	assert_true(num_add(UINT64_MAX - 1, 1, &out));
	assert_true(out == UINT64_MAX);
	assert_true(num_mul(UINT64_MAX / 2, 2, &out));
	assert_true(out == UINT64_MAX - 1);
	assert_true(num_mul(0, UINT64_MAX, &out));
	assert_true(out == 0);
}

static void
formats_decimal_numbers(void **state)
{
	static const struct {
		uint64_t value;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 9, "9" },
		{ 10, "10" },
		{ 1234567890, "1234567890" },
		{ UINT64_MAX, "18446744073709551615" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[NUM_U64_MAX_LEN];
		size_t len = num_format_u64(rows[i].value, out);

		expect_text("decimal", slice_of(out, len), rows[i].text);
	}
}

static void
formats_hexadecimal_numbers_at_full_length(void **state)
{
	char out[16];

	(void)state;
	num_format_hex64(0, out);
	expect_text("zero", slice_of(out, 16), "0000000000000000");
	num_format_hex64(UINT64_C(0x0123456789abcdef), out);
	expect_text("digits", slice_of(out, 16), "0123456789abcdef");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_decimal_numbers),
		cmocka_unit_test(parses_sizes_with_a_suffix),
		cmocka_unit_test(parses_seconds_into_milliseconds),
		cmocka_unit_test(parses_thousandths),
		cmocka_unit_test(parses_a_pace_with_its_unit),
		cmocka_unit_test(adds_and_multiplies_with_a_check),
		cmocka_unit_test(formats_decimal_numbers),
		cmocka_unit_test(formats_hexadecimal_numbers_at_full_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
