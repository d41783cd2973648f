#include "exact.h"

#include <stdbool.h>
#include <stdio.h>

#include "fetch/stats.h"

static struct bulkfetch_result
failure(const char *error, unsigned status)
{
	return (struct bulkfetch_result){ .error = error, .status = status };
}

static void
add(struct stats *s, const char *error, unsigned status, unsigned times)
{
	const struct bulkfetch_result result = failure(error, status);

	for (unsigned i = 0; i < times; i++)
		stats_add(s, &result);
}

static void
counts_each_result_once(void **state)
{
	struct stats s = { 0 };
	struct bulkfetch_stats out = { 0 };
	const struct bulkfetch_result results[] = {
		{ .ok = true, .status = 200, .bytes = 12, .received = 10 },
		{ .ok = true, .status = 204 },
		{ .ok = true, .is_skipped = true },
		{ .ok = true, .is_unchanged = true, .status = 304 },
		{ .error = "stopped" },
		{ .error = "truncated", .status = 200, .received = 7 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(results); i++)
		stats_add(&s, &results[i]);
	stats_get(&s, &out);
	assert_int_equal(out.fetched, 2);
	assert_int_equal(out.skipped, 1);
	assert_int_equal(out.unchanged, 1);
	assert_int_equal(out.unbegun, 1);
	assert_int_equal(out.failed, 1);
	assert_int_equal(out.bytes, 17);
	assert_int_equal(out.failure_count, 1);
	assert_string_equal(out.failures[0].error, "truncated");
}

static void
tells_failures_apart_the_most_frequent_first(void **state)
{
	static const struct bulkfetch_count expected[] = {
		{ "http-404", 5 },
		{ "timeout", 4 },
		{ "http-999", 3 },
		{ "connect", 2 },
		{ "http-503", 1 },
	};
	struct stats s = { 0 };
	struct bulkfetch_stats out = { 0 };

	(void)state;
	add(&s, "status", 503, 1);
	add(&s, "timeout", 0, 4);
	add(&s, "status", 404, 5);
	add(&s, "connect", 0, 2);
	add(&s, "status", 999, 3);
	stats_get(&s, &out);
	assert_int_equal(out.failed, 15);
	assert_int_equal(out.failure_count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_string_equal(out.failures[i].error, expected[i].error);
		assert_int_equal(out.failures[i].count, expected[i].count);
	}
}

/* Whatever the order in which statuses come to be counted. */
static void
the_rare_ones_are_counted_together_when_there_are_many(void **state)
{
	enum { KINDS = 50 };

	(void)state;
	for (int falls = 0; falls < 2; falls++) {
		struct stats s = { 0 };
		struct bulkfetch_stats out = { 0 };
		uint64_t sum = 0;
		uint64_t last = UINT64_MAX;

		for (unsigned i = 1; i <= KINDS; i++)
			add(&s, "status", falls ? 500 - i : 400 + i, i);
		stats_get(&s, &out);
		assert_int_equal(out.failure_count, BULKFETCH_ERRORS_MAX);
		for (size_t i = 0; i < BULKFETCH_ERRORS_MAX; i++) {
			char name[24];
			unsigned count = KINDS - (unsigned)i;

			sum += out.failures[i].count;
			if (i == BULKFETCH_ERRORS_MAX - 1)
				break;
			(void)snprintf(name, sizeof(name), "http-%u",
			    falls ? 500 - count : 400 + count);
			assert_string_equal(out.failures[i].error, name);
			assert_true(out.failures[i].count < last);
			last = out.failures[i].count;
		}
		assert_string_equal(
		    out.failures[BULKFETCH_ERRORS_MAX - 1].error, "other");
		assert_int_equal(sum, out.failed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_each_result_once),
		cmocka_unit_test(tells_failures_apart_the_most_frequent_first),
		cmocka_unit_test(
		    the_rare_ones_are_counted_together_when_there_are_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
