/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=resolver_system_new */
/* Hosts and rates: what waits, and what goes on meanwhile. */
#include "fake_script.h"

static void
a_host_at_its_limit_keeps_no_other_one_waiting(void **state)
{
	static const char *const urls[] = { "http://a/1", "http://a/2",
		"http://a/3", "http://b/4" };
	static const struct move moves[] = {
		{ "GET /1", NULL, OK_5, false },
		{ "GET /4", NULL, OK_5, false },
		{ "GET /2", NULL, OK_5, false },
		{ "GET /3", NULL, OK_5, false },
	};
	struct bulkfetch_stats stats;

	(void)state;
	script_begin(moves, COUNT(moves));
	world.options.max_per_host = 1;
	(void)world_fetch(urls, COUNT(urls), COUNT(urls), &stats);
	script_end();
	assert_int_equal(stats.fetched, 4);
}

static unsigned open_at_most;

static void
look_at_peers(void)
{
	if (world.peers_open > open_at_most)
		open_at_most = world.peers_open;
}

static void
no_more_requests_than_allowed_are_under_way_to_a_host(void **state)
{
	static const char *const urls[] = { "http://a/split" };
	struct bulkfetch_stats stats;

	(void)state;
	for (unsigned max = 1; max <= 5; max++) {
		(void)world_setup(NULL);
		open_at_most = 0;
		world.on_wait = look_at_peers;
		world.options.concurrency = 10;
		world.options.max_per_host = max;
		(void)world_fetch(urls, 1, 100, &stats);
		assert_int_equal(stats.fetched, 100);
		assert_int_equal(stats.connections_peak, max);
		assert_true(open_at_most <= max);
	}
}

/* ---- The look-ahead ----------------------------------------------------- */

static size_t ahead_at_most;

static void
look_ahead(void)
{
	size_t ahead = world.given - world.results;

	if (ahead > ahead_at_most)
		ahead_at_most = ahead;
}

/* Of three hundred URLs of a parked host and one of another behind them. */
static void
the_source_is_asked_as_far_as_the_look_ahead_reaches(void **state)
{
	enum { COUNT_OF_PARKED = 300 };
	static const char *urls[COUNT_OF_PARKED + 1];
	static const struct {
		unsigned look_ahead;
		bool reaches;
	} cases[] = {
		{ 10, false }, { COUNT_OF_PARKED - 2, false },
		{ COUNT_OF_PARKED, true }, { 0, true }, /* a thousand */
	};
	struct bulkfetch_stats stats;

	(void)state;
	for (size_t i = 0; i < COUNT_OF_PARKED; i++)
		urls[i] = "http://a/silent";
	urls[COUNT_OF_PARKED] = "http://b/ok";
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct told *last = &world.told[COUNT_OF_PARKED];

		(void)world_setup(NULL);
		ahead_at_most = 0;
		world.on_wait = look_ahead;
		world.options.concurrency = 2;
		world.options.max_per_host = 1;
		world.options.head_timeout_ms = 1000;
		world.options.look_ahead = cases[i].look_ahead;
		(void)world_fetch(urls, COUNT(urls), COUNT(urls), &stats);
		assert_true(last->ok);
		assert_int_equal(stats.failed, COUNT_OF_PARKED);
		if (cases[i].look_ahead > 0)
			assert_in_range(
			    ahead_at_most, 1, cases[i].look_ahead + 2);
		/* Within a second, or when most of the others were done. */
		if (cases[i].reaches != (last->ended_at_ms < 1000))
			fail_msg("%u ahead: after %lld ms", cases[i].look_ahead,
			    (long long)last->ended_at_ms);
	}
}

/* ---- Paces -------------------------------------------------------------- */

static void
requests_begin_at_the_pace_of_all(void **state)
{
	static const char *const urls[] = { "http://a/1", "http://b/2" };
	static const struct move move = { NULL, NULL, OK_5, false };
	struct move moves[20];
	struct bulkfetch_stats stats;

	(void)state;
	for (size_t i = 0; i < COUNT(moves); i++)
		moves[i] = move;
	script_begin(moves, COUNT(moves));
	world.options.rate = (struct bulkfetch_pace){ 8, 1000 };
	(void)world_fetch(urls, 2, COUNT(moves), &stats);
	script_end();
	for (size_t i = 0; i < COUNT(moves); i++)
		assert_int_equal(script.at_ms[i], 125 * i);
}

static void
each_host_has_a_pace_of_its_own(void **state)
{
	static const char *const urls[] = { "http://a/1", "http://b/2" };
	static const struct move move = { NULL, NULL, OK_5, false };
	struct move moves[20];
	struct bulkfetch_stats stats;

	(void)state;
	for (size_t i = 0; i < COUNT(moves); i++)
		moves[i] = move;
	script_begin(moves, COUNT(moves));
	world.options.rate_per_host = (struct bulkfetch_pace){ 30, 60000 };
	(void)world_fetch(urls, 2, COUNT(moves), &stats);
	script_end();
	for (size_t i = 0; i < COUNT(moves); i++)
		assert_int_equal(script.at_ms[i], 2000 * (i / 2));
}

/* Nothing is read that could not begin. */
static void
a_pace_of_all_does_not_fill_the_look_ahead(void **state)
{
	static const char *const urls[] = { "http://a/ok", "http://b/ok" };
	struct bulkfetch_stats stats;

	(void)state;
	ahead_at_most = 0;
	world.on_wait = look_ahead;
	world.options.rate = (struct bulkfetch_pace){ 1, 1000 };
	(void)world_fetch(urls, 2, 30, &stats);
	assert_int_equal(stats.fetched, 30);
	assert_int_equal(stats.elapsed_ms, 29000);
	assert_int_equal(ahead_at_most, 2);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_host_at_its_limit_keeps_no_other_one_waiting),
		TEST(no_more_requests_than_allowed_are_under_way_to_a_host),
		TEST(the_source_is_asked_as_far_as_the_look_ahead_reaches),
		TEST(requests_begin_at_the_pace_of_all),
		TEST(each_host_has_a_pace_of_its_own),
		TEST(a_pace_of_all_does_not_fill_the_look_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
