#include "exact.h"

#include <stdio.h>

#include "cli/summary.h"

static const struct {
	struct bulkfetch_stats stats;
	const char *text;
} cases[] = {
	{ { .fetched = 20064,
	      .failed = 3,
	      .bytes = 1094221824,
	      .connections_opened = 200,
	      .connections_peak = 200,
	      .elapsed_ms = 3210,
	      .failures = { { "connect", 2 }, { "timeout", 1 } },
	      .failure_count = 2 },
	    "bulkfetch: 20064 fetched, 0 skipped, 3 failed (connect 2, "
	    "timeout 1)\n"
	    "bulkfetch: 1094221824 bytes in 3.210 s, 6251 requests/s, "
	    "325.1 MiB/s\n"
	    "bulkfetch: 200 connections opened, 200 open at most\n" },
	{ { .elapsed_ms = 0 },
	    "bulkfetch: 0 fetched, 0 skipped, 0 failed\n"
	    "bulkfetch: 0 bytes in 0.000 s, 0 requests/s, 0 B/s\n"
	    "bulkfetch: 0 connections opened, 0 open at most\n" },
	{ { .fetched = 1,
	      .skipped = 7,
	      .bytes = 5,
	      .connections_opened = 1,
	      .connections_peak = 1,
	      .in_flight = 2,
	      .elapsed_ms = 2007 },
	    "bulkfetch: 1 fetched, 7 skipped, 0 failed, 2 in flight\n"
	    "bulkfetch: 5 bytes in 2.007 s, 0.5 requests/s, 2 B/s\n"
	    "bulkfetch: 1 connection opened, 1 open at most\n" },
	{ { .unchanged = 99800,
	      .fetched = 200,
	      .bytes = 1000,
	      .retries = 17,
	      .redirects = 5,
	      .connections_opened = 51,
	      .connections_peak = 50,
	      .elapsed_ms = 10000 },
	    "bulkfetch: 99800 unchanged, 200 fetched, 0 skipped, 0 failed\n"
	    "bulkfetch: 1000 bytes in 10.000 s, 10000 requests/s, 100 B/s\n"
	    "bulkfetch: 51 connections opened, 50 open at most, 17 retries, 5 "
	    "redirects\n" },
	{ { .fetched = 1,
	      .retries = 1,
	      .redirects = 1,
	      .in_flight = 3,
	      .waiting = 1000,
	      .parked_hosts = 1,
	      .connections_opened = 2,
	      .connections_peak = 2,
	      .elapsed_ms = 1000 },
	    "bulkfetch: 1 fetched, 0 skipped, 0 failed, 3 in flight, 1000 "
	    "waiting, 1 host parked\n"
	    "bulkfetch: 0 bytes in 1.000 s, 1.0 requests/s, 0 B/s\n"
	    "bulkfetch: 2 connections opened, 2 open at most, 1 retry, 1 "
	    "redirect\n" },
	{ { .names_resolved = 1200,
	      .names_cached = 5300,
	      .names_missing = 9,
	      .names_empty = 1,
	      .names_refused = 1,
	      .names_timed_out = 1,
	      .dns_queries = 2450 },
	    "bulkfetch: 0 fetched, 0 skipped, 0 failed\n"
	    "bulkfetch: 0 bytes in 0.000 s, 0 requests/s, 0 B/s\n"
	    "bulkfetch: 0 connections opened, 0 open at most\n"
	    "bulkfetch: 1200 names resolved, 5300 lookups from the cache, 12 "
	    "failed (NXDOMAIN 9, NODATA 1, SERVFAIL 1, no answer 1), 2450 "
	    "queries\n" },
	{ { .names_resolved = 1, .names_cached = 1, .dns_queries = 1 },
	    "bulkfetch: 0 fetched, 0 skipped, 0 failed\n"
	    "bulkfetch: 0 bytes in 0.000 s, 0 requests/s, 0 B/s\n"
	    "bulkfetch: 0 connections opened, 0 open at most\n"
	    "bulkfetch: 1 name resolved, 1 lookup from the cache, 1 query\n" },
	{ { .names_timed_out = 3, .dns_queries = 12 },
	    "bulkfetch: 0 fetched, 0 skipped, 0 failed\n"
	    "bulkfetch: 0 bytes in 0.000 s, 0 requests/s, 0 B/s\n"
	    "bulkfetch: 0 connections opened, 0 open at most\n"
	    "bulkfetch: 3 failed (no answer 3), 12 queries\n" },
	{ { .dns_queries = 2 },
	    "bulkfetch: 0 fetched, 0 skipped, 0 failed\n"
	    "bulkfetch: 0 bytes in 0.000 s, 0 requests/s, 0 B/s\n"
	    "bulkfetch: 0 connections opened, 0 open at most\n"
	    "bulkfetch: 2 queries\n" },
};

static void
tells_all_figures(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[SUMMARY_MAX];

		assert_string_equal(
		    summary_compose(&cases[i].stats, text, sizeof(text)),
		    cases[i].text);
	}
}

static void
cuts_what_does_not_fit(void **state)
{
	(void)state;
	for (size_t cap = 1; cap < 200; cap++) {
		char *text = malloc(cap);
		size_t len;

		assert_non_null(text);
		(void)summary_compose(&cases[0].stats, text, cap);
		len = strlen(text);
		assert_true(len < cap);
		assert_memory_equal(text, cases[0].text, len);
		free(text);
	}
}

static void
has_room_for_the_largest_numbers(void **state)
{
	struct bulkfetch_stats stats;
	char text[SUMMARY_MAX];

	(void)state;
	memset(&stats, 0xff, sizeof(stats));
	stats.failure_count = BULKFETCH_ERRORS_MAX;
	for (size_t i = 0; i < BULKFETCH_ERRORS_MAX; i++)
		(void)snprintf(stats.failures[i].error,
		    sizeof(stats.failures[i].error), "%s",
		    "too-many-redirects-here");
	(void)summary_compose(&stats, text, sizeof(text));
	assert_int_equal(text[strlen(text) - 1], '\n');
	assert_non_null(strstr(text, " queries\n"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_all_figures),
		cmocka_unit_test(cuts_what_does_not_fit),
		cmocka_unit_test(has_room_for_the_largest_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
