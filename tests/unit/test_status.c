#include "exact.h"

#include <errno.h>

#include "cli/status.h"

static void
tells_why_a_run_could_not_begin(void **state)
{
	static const struct {
		struct bulkfetch_problem problem;
		enum status status;
	} rows[] = {
		{ { .is_usage = true }, STATUS_USAGE },
		{ { .is_usage = true, .sys = EINVAL }, STATUS_USAGE },
		{ { .sys = EWOULDBLOCK }, STATUS_LOCKED },
		{ { .sys = ENOENT }, STATUS_FILE },
		{ { .sys = ENOMEM }, STATUS_FILE },
		{ { .sys = 0 }, STATUS_FILE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(
		    status_of_problem(&rows[i].problem), rows[i].status);
}

static void
tells_how_a_run_has_ended(void **state)
{
	static const struct {
		struct outcome outcome;
		enum status status;
	} rows[] = {
		{ { .ok = 5 }, STATUS_OK },
		{ { .ok = 0 }, STATUS_OK },
		{ { .ok = 5, .failed = 1 }, STATUS_SOME_FAILED },
		{ { .failed = 1 }, STATUS_NONE_FETCHED },
		/* What an earlier run has fetched is not nothing. */
		{ { .failed = 1, .ok_before = 1 }, STATUS_SOME_FAILED },
		{ { .ok = 5, .has_file_failure = true }, STATUS_FILE },
		{ { .failed = 5, .has_file_failure = true }, STATUS_FILE },
		{ { .ok = 5, .is_given_up = true }, STATUS_INTERRUPTED },
		{ { .has_file_failure = true, .is_given_up = true },
		    STATUS_INTERRUPTED },

		{ { .end = BULKFETCH_END_STOPPED, .ok = 5 },
		    STATUS_INTERRUPTED },
		{ { .end = BULKFETCH_END_STOPPED, .has_file_failure = true },
		    STATUS_INTERRUPTED },
		{ { .end = BULKFETCH_END_OUTPUT, .ok = 5 }, STATUS_FILE },
		{ { .end = BULKFETCH_END_OUTPUT, .is_given_up = true },
		    STATUS_INTERRUPTED },
		{ { .end = BULKFETCH_END_SOURCE, .ok = 5 }, STATUS_FILE },
		{ { .end = BULKFETCH_END_ERRORS, .failed = 5 },
		    STATUS_TOO_MANY_ERRORS },
		{ { .end = BULKFETCH_END_ERRORS, .has_file_failure = true },
		    STATUS_FILE },
		{ { .end = BULKFETCH_END_BUDGET, .ok = 5 },
		    STATUS_BUDGET_SPENT },
		{ { .end = BULKFETCH_END_BUDGET, .failed = 5 },
		    STATUS_BUDGET_SPENT },
		{ { .end = BULKFETCH_END_BUDGET, .has_file_failure = true },
		    STATUS_FILE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum status status = status_of_run(&rows[i].outcome);

		if (status != rows[i].status)
			fail_msg("row %zu: %d", i, (int)status);
	}
}

/* They are told in the manual, and scripts rely on them. */
static void
has_the_numbers_of_the_manual(void **state)
{
	(void)state;
	assert_int_equal(STATUS_OK, 0);
	assert_int_equal(STATUS_SOME_FAILED, 1);
	assert_int_equal(STATUS_USAGE, 2);
	assert_int_equal(STATUS_FILE, 3);
	assert_int_equal(STATUS_NONE_FETCHED, 4);
	assert_int_equal(STATUS_TOO_MANY_ERRORS, 5);
	assert_int_equal(STATUS_BUDGET_SPENT, 6);
	assert_int_equal(STATUS_INTERRUPTED, 7);
	assert_int_equal(STATUS_LOCKED, 75);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_why_a_run_could_not_begin),
		cmocka_unit_test(tells_how_a_run_has_ended),
		cmocka_unit_test(has_the_numbers_of_the_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
