#include "exact.h"

#include "fetch/budget.h"

static char why[128];

static bool
has_failed(const struct bulkfetch_options *o, uint64_t failed, uint64_t ok)
{
	const struct stats stats = { .failed = failed, .fetched = ok };

	why[0] = '\0';
	return budget_has_failed(o, &stats, why, sizeof(why));
}

static void
so_many_failures_are_too_many(void **state)
{
	const struct bulkfetch_options o = { .max_errors = 3 };

	(void)state;
	assert_false(has_failed(&o, 2, 0));
	assert_true(has_failed(&o, 3, 1000000));
	assert_string_equal(why, "3 failures");
	assert_true(
	    has_failed(&(struct bulkfetch_options){ .max_errors = 1 }, 1, 0));
	assert_string_equal(why, "1 failure");
}

/* The first of all requests to fail is no 100 %. */
static void
a_percentage_is_one_of_a_hundred_or_more(void **state)
{
	const struct bulkfetch_options o = { .max_error_percent = 5 };

	(void)state;
	assert_false(has_failed(&o, 99, 0));
	assert_true(has_failed(&o, 99, 1));
	assert_false(has_failed(&o, 4, 96));
	assert_true(has_failed(&o, 5, 95));
	assert_string_equal(why, "5 failures of 100 (5.0 %)");
	assert_false(has_failed(&o, 49, 951));
	assert_true(has_failed(&o, 50, 950));
	/* All of them, that is. */
	assert_true(has_failed(
	    &(struct bulkfetch_options){ .max_error_percent = 100 }, 100, 0));
}

static void
everything_that_has_ended_counts(void **state)
{
	const struct bulkfetch_options o = { .max_error_percent = 10 };
	struct stats stats = { .failed = 10, .skipped = 31, .unchanged = 60 };

	(void)state;
	assert_false(budget_has_failed(&o, &stats, why, sizeof(why)));
	stats.failed++;
	assert_true(budget_has_failed(&o, &stats, why, sizeof(why)));
}

static void
octets_and_time_are_spent(void **state)
{
	const struct bulkfetch_options octets = { .max_transfer = 1000 };
	const struct bulkfetch_options time = { .max_duration_ms = 1500 };

	(void)state;
	assert_false(budget_is_spent(&octets, 999, 99999, why, sizeof(why)));
	assert_true(budget_is_spent(&octets, 1000, 0, why, sizeof(why)));
	assert_string_equal(why, "1000 octets (--max-transfer)");
	assert_false(
	    budget_is_spent(&time, UINT64_MAX, 1499, why, sizeof(why)));
	assert_true(budget_is_spent(&time, 0, 1500, why, sizeof(why)));
	assert_string_equal(why, "1.5 s (--max-duration)");
}

static void
without_bounds_there_is_no_end(void **state)
{
	const struct bulkfetch_options o = { 0 };

	(void)state;
	assert_false(has_failed(&o, UINT64_MAX / 2, 0));
	assert_false(
	    budget_is_spent(&o, UINT64_MAX, INT64_MAX, why, sizeof(why)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_failures_are_too_many),
		cmocka_unit_test(a_percentage_is_one_of_a_hundred_or_more),
		cmocka_unit_test(everything_that_has_ended_counts),
		cmocka_unit_test(octets_and_time_are_spent),
		cmocka_unit_test(without_bounds_there_is_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
