#include "exact.h"

#include "cli/rate.h"
#include "cli/units.h"

static void
shows_octets_in_powers_of_1024(void **state)
{
	static const struct {
		double octets;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 1, "1 B" },
		{ 1023, "1023 B" },
		{ 1023.4, "1023 B" },
		{ 1023.6, "1.0 KiB" },
		{ 1024, "1.0 KiB" },
		{ 1536, "1.5 KiB" },
		{ 1048575, "1.0 MiB" },
		{ 1048576, "1.0 MiB" },
		{ 1e9, "953.7 MiB" },
		{ 1e12, "931.3 GiB" },
		{ 1e19, "8.7 EiB" },
		{ 1e24, "867361.7 EiB" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[32];

		assert_string_equal(
		    units_octets(cases[i].octets, text, sizeof(text)),
		    cases[i].text);
	}
}

static void
shows_small_rates_with_a_decimal(void **state)
{
	static const struct {
		double rate;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 0.31, "0.3" },
		{ 9.94, "9.9" },
		{ 9.96, "10" },
		{ 5123.4, "5123" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[32];

		assert_string_equal(
		    units_rate(cases[i].rate, text, sizeof(text)),
		    cases[i].text);
	}
}

static void
shows_durations_as_clocks_do(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "0:00" },
		{ 7, "0:07" },
		{ 754, "12:34" },
		{ 3599, "59:59" },
		{ 3600, "1:00:00" },
		{ 86399, "23:59:59" },
		{ 86400, "1d 00:00" },
		{ 273900, "3d 04:05" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[32];

		assert_string_equal(
		    units_duration(cases[i].seconds, text, sizeof(text)),
		    cases[i].text);
	}
}

static void
tells_the_rate_of_the_last_moments(void **state)
{
	struct rate rate;
	uint64_t value = 0;

	(void)state;
	rate_init(&rate, 100);
	assert_true(rate_per_second(&rate, 0, 0) == 0);
	assert_true(rate_per_second(&rate, 500, 50) == 100);
	/* A minute at 10 a second, then ten seconds at 1000 a second. */
	for (uint64_t ms = 0; ms < 60000; ms += 100)
		rate_add(&rate, ms, value = ms / 100);
	assert_true(rate_per_second(&rate, 60000, 600) > 9.9);
	assert_true(rate_per_second(&rate, 60000, 600) < 10.1);
	for (uint64_t ms = 60000; ms < 70000; ms += 100)
		rate_add(&rate, ms, value += 100);
	assert_true(rate_per_second(&rate, 69900, value) > 999);
	assert_true(rate_per_second(&rate, 69900, value) < 1001);
	/* Nothing any more. */
	assert_true(rate_per_second(&rate, 90000, value) < 200);
}

static void
takes_no_more_samples_than_its_step(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, 100);
	for (uint64_t ms = 0; ms <= 1000; ms++)
		rate_add(&rate, ms, ms);
	assert_int_equal(rate.count, 11);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_octets_in_powers_of_1024),
		cmocka_unit_test(shows_small_rates_with_a_decimal),
		cmocka_unit_test(shows_durations_as_clocks_do),
		cmocka_unit_test(tells_the_rate_of_the_last_moments),
		cmocka_unit_test(takes_no_more_samples_than_its_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
