#include "exact.h"

#include <stdio.h>

#include "fetch/pace.h"

#define START_MS INT64_C(123456789)

/* How many begin from now to before `end_ms`, when somebody who always has one
 * to begin looks every `step_ms`. */
static uint64_t
run(struct pace *p, int64_t now_ms, int64_t end_ms, int64_t step_ms)
{
	uint64_t count = 0;

	for (; now_ms < end_ms; now_ms += step_ms) {
		for (; pace_is_due(p, now_ms); count++)
			pace_take(p, now_ms);
	}
	return count;
}

static void
a_rate_is_kept_over_ten_seconds(void **state)
{
	static const struct bulkfetch_pace rates[] = {
		{ 1, 1000 },
		{ 3, 1000 },
		{ 7, 1000 },
		{ 200, 1000 },
		{ 999, 1000 },
		{ 1000, 1000 },
		{ 1001, 1000 },
		{ 33333, 1000 },
		{ 1000000, 1000 },
		{ 60, 60000 },
		{ 100000, 60000 },
		{ 3600, 3600000 },
		{ 1234567, 3600000 },
		{ 86400, BULKFETCH_PACE_MS_MAX },
	};
	static const int64_t steps_ms[] = { 1, 2, 7, 50 };

	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++) {
		for (size_t k = 0; k < COUNT(steps_ms); k++) {
			uint64_t exact =
			    10000 * rates[i].count / rates[i].per_ms;
			uint64_t late = (uint64_t)steps_ms[k] * rates[i].count /
			    rates[i].per_ms;
			struct pace p;
			uint64_t count;

			pace_init(&p, rates[i]);
			count =
			    run(&p, START_MS, START_MS + 10000, steps_ms[k]);
			/* One is due at the beginning; what the last look came
			 * too early for is not there yet. */
			if (count > exact + 1 || count + late + 1 < exact)
				fail_msg("%llu in %llu ms, every %lld ms: %llu "
					 "instead of %llu",
				    (unsigned long long)rates[i].count,
				    (unsigned long long)rates[i].per_ms,
				    (long long)steps_ms[k],
				    (unsigned long long)count,
				    (unsigned long long)exact);
		}
	}
}

/* A rate that does not divide, over long: fractions are not lost. */
static void
a_year_is_as_exact_as_a_second(void **state)
{
	const struct bulkfetch_pace rate = { .count = 7, .per_ms = 3600000 };
	const int64_t year_ms = INT64_C(365) * 24 * 3600 * 1000;
	int64_t now_ms = START_MS;
	uint64_t count = 0;
	struct pace p;

	(void)state;
	pace_init(&p, rate);
	while (now_ms < START_MS + year_ms) {
		assert_true(pace_is_due(&p, now_ms));
		pace_take(&p, now_ms);
		count++;
		assert_true(pace_due_ms(&p) > now_ms);
		assert_false(pace_is_due(&p, pace_due_ms(&p) - 1));
		now_ms = pace_due_ms(&p);
	}
	assert_int_equal(count, 7 * 24 * 365);
}

static void
events_are_evenly_spread(void **state)
{
	static const struct {
		struct bulkfetch_pace rate;
		uint64_t in_a_ms; /* at most, when each is looked at */
		int64_t apart_ms; /* at least */
	} rows[] = {
		{ { 1, 1000 }, 1, 1000 },
		{ { 2, 3600000 }, 1, 1800000 },
		{ { 400, 1000 }, 1, 2 },
		{ { 1000, 1000 }, 1, 1 },
		{ { 2500, 1000 }, 3, 0 },
		{ { 100000, 1000 }, 100, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t last_ms = -1;
		int64_t end_ms = START_MS +
		    (rows[i].apart_ms > 1000 ? 4 * rows[i].apart_ms : 5000);
		struct pace p;

		pace_init(&p, rows[i].rate);
		for (int64_t ms = START_MS; ms < end_ms; ms++) {
			uint64_t count = run(&p, ms, ms + 1, 1);

			assert_true(count <= rows[i].in_a_ms);
			if (count > 0 && last_ms != -1)
				assert_true(ms - last_ms >= rows[i].apart_ms);
			if (count > 0)
				last_ms = ms;
		}
	}
}

static void
lateness_is_made_up_for_but_a_pause_is_not(void **state)
{
	static const struct {
		int64_t away_ms;
		uint64_t burst; /* at 1000/s, on coming back */
	} rows[] = {
		{ 1, 1 },
		{ 30, 30 },
		{ PACE_CATCH_UP_MS, PACE_CATCH_UP_MS },
		{ PACE_CATCH_UP_MS + 1, PACE_CATCH_UP_MS + 1 },
		{ PACE_CATCH_UP_MS + 2, PACE_CATCH_UP_MS + 1 },
		{ 3600000, PACE_CATCH_UP_MS + 1 },
	};
	const struct bulkfetch_pace rate = { .count = 1000, .per_ms = 1000 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t now_ms = START_MS;
		struct pace p;

		pace_init(&p, rate);
		assert_int_equal(run(&p, now_ms, now_ms + 1, 1), 1);
		now_ms += rows[i].away_ms;
		assert_int_equal(run(&p, now_ms, now_ms + 1, 1), rows[i].burst);
	}
}

static void
the_first_event_comes_alone(void **state)
{
	const struct bulkfetch_pace rate = { .count = 1000, .per_ms = 1000 };
	struct pace p;

	(void)state;
	pace_init(&p, rate);
	assert_true(pace_is_due(&p, 0));
	assert_int_equal(run(&p, START_MS, START_MS + 1, 1), 1);
}

static void
without_a_rate_there_is_no_limit(void **state)
{
	const struct bulkfetch_pace rate = { .count = 0 };
	struct pace p;

	(void)state;
	pace_init(&p, rate);
	for (int i = 0; i < 1000; i++) {
		assert_true(pace_is_due(&p, 0));
		pace_take(&p, 0);
	}
}

static void
the_extremes_do_not_overflow(void **state)
{
	static const struct bulkfetch_pace rates[] = {
		{ BULKFETCH_PACE_COUNT_MAX, 1000 },
		{ BULKFETCH_PACE_COUNT_MAX, BULKFETCH_PACE_MS_MAX },
		{ BULKFETCH_PACE_COUNT_MAX, 1 },
		{ 1, BULKFETCH_PACE_MS_MAX },
		{ 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++) {
		struct pace p;
		int64_t now_ms = 0;

		pace_init(&p, rates[i]);
		for (int k = 0; k < 100000; k++) {
			if (!pace_is_due(&p, now_ms))
				now_ms = pace_due_ms(&p);
			pace_take(&p, now_ms);
			assert_true(p.next_frac < rates[i].count);
		}
		assert_true(now_ms <= INT64_C(100000) * BULKFETCH_PACE_MS_MAX);
		pace_take(&p, INT64_MAX / 2);
		assert_true(pace_due_ms(&p) > INT64_MAX / 2 - 1000);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_is_kept_over_ten_seconds),
		cmocka_unit_test(a_year_is_as_exact_as_a_second),
		cmocka_unit_test(events_are_evenly_spread),
		cmocka_unit_test(lateness_is_made_up_for_but_a_pause_is_not),
		cmocka_unit_test(the_first_event_comes_alone),
		cmocka_unit_test(without_a_rate_there_is_no_limit),
		cmocka_unit_test(the_extremes_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
