/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=resolver_system_new */
/* What ends a run before its list does. */
#include "exact.h"

#include "fake_run.h"

static const char *const slow_and_fine[] = { "http://a/silent", "http://b/ok" };

/* Each `silent` takes as long as the timeout for heads. */
static void
a_run_lasts_no_longer_than_it_may(void **state)
{
	struct bulkfetch_stats stats;

	(void)state;
	world.options.head_timeout_ms = 1000;
	world.options.max_duration_ms = 4500;
	assert_int_equal(
	    world_fetch(slow_and_fine, 2, 1000, &stats), BULKFETCH_END_BUDGET);
	assert_int_equal(stats.elapsed_ms, 5000); /* those in flight ended */
	assert_int_equal(world.warnings, 1);
	assert_non_null(strstr(world.message, "--max-duration"));
	assert_true(world.given < 1000);
}

static void
a_run_receives_no_more_than_it_may(void **state)
{
	static const char *const urls[] = { "http://a/ok", "http://a/404" };
	struct bulkfetch_stats stats;

	(void)state;
	world.options.max_transfer = 70;
	assert_int_equal(
	    world_fetch(urls, 2, 1000, &stats), BULKFETCH_END_BUDGET);
	/* 5 and 2 octets each; what is in flight then ends. */
	assert_in_range(stats.bytes, 70, 70 + 4 * 5);
	assert_non_null(strstr(world.message, "--max-transfer"));
}

static void
a_run_fails_no_more_than_so_many_percent(void **state)
{
	static const char *const urls[] = { "http://a/ok", "http://a/ok",
		"http://a/ok", "http://a/404" };
	struct bulkfetch_stats stats;

	(void)state;
	world.options.max_error_percent = 24;
	assert_int_equal(
	    world_fetch(urls, 4, 1000, &stats), BULKFETCH_END_ERRORS);
	assert_in_range(stats.fetched + stats.failed, 100, 106);
	(void)world_setup(NULL);
	world.options.max_error_percent = 30;
	assert_int_equal(
	    world_fetch(urls, 4, 1000, &stats), BULKFETCH_END_LIST);
}

/* ---- Draining ----------------------------------------------------------- */

static int64_t stop_at_ms;

static void
stop_in_time(void)
{
	if (fake_now_ms < FAKE_START_MS + stop_at_ms)
		return;
	bulkfetch_stop(world.run, BULKFETCH_STOP_DRAIN);
	world.on_wait = NULL;
}

static void
what_is_in_flight_has_a_time_to_end(void **state)
{
	static const char *const urls[] = { "http://a/silent" };
	static const struct {
		uint64_t max_drain_ms;
		uint64_t ends_ms;
		const char *error;
	} cases[] = {
		{ 5000, 7000, "stopped" },
		{ 0, 60000, "timeout" },
		{ 58001, 60000, "timeout" },
		{ 57999, 59999, "stopped" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bulkfetch_stats stats;

		(void)world_setup(NULL);
		stop_at_ms = 2000;
		world.on_wait = stop_in_time;
		world.options.idle_timeout_ms = 0;
		world.options.max_drain_ms = cases[i].max_drain_ms;
		world.observer.tick_ms = 500;
		assert_int_equal(
		    world_fetch(urls, 1, 100, &stats), BULKFETCH_END_STOPPED);
		assert_int_equal(world.given, 4);
		assert_int_equal(stats.elapsed_ms, cases[i].ends_ms);
		for (size_t n = 0; n < world.given; n++)
			assert_string_equal(
			    world.told[n].error, cases[i].error);
	}
}

/* Neither for the time of a retry, nor for a host. */
static void
draining_does_not_wait_for_turns(void **state)
{
	static const char *const urls[] = { "http://a/half", "http://a/ok",
		"http://a/ok" };
	struct bulkfetch_stats stats;

	(void)state;
	stop_at_ms = 2000;
	world.on_wait = stop_in_time;
	world.observer.tick_ms = 500;
	world.options.retries = 1;
	world.options.retry_delay_ms = 60000;
	world.options.rate_per_host = (struct bulkfetch_pace){ 1, 60000 };
	assert_int_equal(
	    world_fetch(urls, 3, 3, &stats), BULKFETCH_END_STOPPED);
	assert_int_equal(stats.elapsed_ms, 2000);
	for (size_t n = 0; n < 3; n++)
		assert_string_equal(world.told[n].error, "stopped");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_run_lasts_no_longer_than_it_may),
		TEST(a_run_receives_no_more_than_it_may),
		TEST(a_run_fails_no_more_than_so_many_percent),
		TEST(what_is_in_flight_has_a_time_to_end),
		TEST(draining_does_not_wait_for_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
