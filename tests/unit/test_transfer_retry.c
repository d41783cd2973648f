/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=resolver_system_new */
#include "fake_script.h"

#define HALF "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"
#define S503 "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

static void
tries_again_as_often_as_it_may(void **state)
{
	static const struct move moves[] = {
		{ "GET /x", NULL, S503, false },
		{ "GET /x", NULL, HALF, true },
		{ "GET /x", NULL, OK_5, false },
	};

	(void)state;
	for (unsigned retries = 0; retries <= 2; retries++) {
		const struct told *t;

		script_begin(moves, retries + 1);
		world.options.retries = retries;
		t = script_fetch("http://a/x");
		assert_int_equal(t->ok, retries == 2);
		assert_int_equal(t->tries, retries + 1);
		assert_int_equal(world.committed, t->ok);
	}
}

static void
the_last_failure_is_the_one_that_is_told(void **state)
{
	static const struct move moves[] = {
		{ NULL, NULL, "", true },
		{ NULL, NULL, S503, false },
	};
	const struct told *t;

	(void)state;
	script_begin(moves, COUNT(moves));
	world.options.retries = 1;
	t = script_fetch("http://a/x");
	assert_string_equal(t->error, "status");
	assert_string_equal(t->message, "503 Busy");
	assert_int_equal(t->status, 503);
}

static void
waits_between_tries(void **state)
{
	static const struct move moves[] = {
		{ NULL, NULL, S503, false },
		{ NULL, NULL, S503, false },
		{ NULL, NULL, S503, false },
		{ NULL, NULL, OK_5, false },
	};

	(void)state;
	script_begin(moves, COUNT(moves));
	world.options.retries = 3;
	world.options.retry_delay_ms = 3000;
	assert_true(script_fetch("http://a/x")->ok);
	for (size_t i = 0; i < COUNT(moves); i++)
		assert_int_equal(script.at_ms[i], 3000 * i);
	/* Random waits are no longer than 1, 2 and 4 s, and not all the same
	 * in a hundred runs. */
	for (int run = 0, longest = 0; run < 100 || longest < 2000; run++) {
		script_begin(moves, COUNT(moves));
		world.options.retries = 3;
		assert_true(script_fetch("http://a/x")->ok);
		for (size_t i = 1; i < COUNT(moves); i++) {
			int64_t waited = script.at_ms[i] - script.at_ms[i - 1];

			assert_in_range(waited, 0, 500 << i);
			if (waited > longest)
				longest = (int)waited;
		}
		assert_true(run < 1000);
	}
}

static void
begins_no_retry_after_the_longest_time_for_them(void **state)
{
	static const struct move moves[] = {
		{ NULL, NULL, S503, false },
		{ NULL, NULL, S503, false },
		{ NULL, NULL, S503, false },
	};

	(void)state;
	script_begin(moves, COUNT(moves));
	world.options.retries = 100;
	world.options.retry_delay_ms = 3000;
	world.options.retry_max_time_ms = 8000;
	assert_false(script_fetch("http://a/x")->ok);
	assert_int_equal(fake_now_ms - FAKE_START_MS, 6000);
	/* A random wait is rather cut short. */
	for (int i = 0; i < 20; i++) {
		script_begin(moves, COUNT(moves));
		world.options.retries = 2;
		world.options.retry_max_time_ms = 1;
		assert_false(script_fetch("http://a/x")->ok);
		assert_in_range(fake_now_ms - FAKE_START_MS, 0, 1);
	}
}

static void
repeats_only_what_is_safe_unless_asked(void **state)
{
	static const struct move moves[] = {
		{ "POST /x", NULL, S503, false },
		{ "POST /x", NULL, OK_5, false },
	};

	(void)state;
	for (size_t asked = 0; asked < 2; asked++) {
		script_begin(moves, 1 + asked);
		world.options.retries = 1;
		world.options.method = "POST";
		world.options.retry_unsafe = asked != 0;
		assert_int_equal(script_fetch("http://a/x")->ok, asked);
	}
	/* Nobody can have seen it. */
	script_begin(&moves[1], 1);
	fake_plan.fate = FAKE_REFUSED;
	fake_plan.times = 1;
	world.options.retries = 1;
	world.options.method = "POST";
	assert_true(script_fetch("http://a/x")->ok);
}

static void
some_statuses_are_final(void **state)
{
	static const char *const replies[] = {
		"HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 410 x\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 501 x\r\nContent-Length: 0\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		const struct move move = { NULL, NULL, replies[i], false };

		script_begin(&move, 1);
		world.options.retries = 5;
		assert_int_equal(script_fetch("http://a/x")->tries, 1);
	}
}

/* With one connection allowed, others go on while one waits to be retried. */
static void
a_retry_waits_without_a_connection(void **state)
{
	static const char *const urls[] = { "http://a/x", "http://b/y" };
	static const struct move moves[] = {
		{ "GET /x", NULL, "", true },
		{ "GET /y", NULL, OK_5, false },
		{ "GET /x", NULL, OK_5, false },
	};
	struct bulkfetch_stats stats;

	(void)state;
	script_begin(moves, COUNT(moves));
	world.options.concurrency = 1;
	world.options.retries = 1;
	world.options.retry_delay_ms = 5000;
	assert_int_equal(
	    world_fetch(urls, COUNT(urls), 2, &stats), BULKFETCH_END_LIST);
	script_end();
	assert_int_equal(stats.fetched, 2);
	assert_int_equal(stats.retries, 1);
	assert_int_equal(script.at_ms[1], 0);
	assert_int_equal(script.at_ms[2], 5000);
}

static void
each_try_has_all_the_time(void **state)
{
	static const struct move moves[] = {
		{ NULL, NULL, "", false },
		{ NULL, NULL, "", false },
		{ NULL, NULL, OK_5, false },
	};
	const struct told *t;

	(void)state;
	script_begin(moves, COUNT(moves));
	world.options.retries = 2;
	world.options.retry_delay_ms = 1000;
	world.options.max_time_ms = 7000;
	t = script_fetch("http://a/x");
	assert_true(t->ok);
	assert_int_equal(t->total_ms, 16000);
}

/* ---- Retry-After -------------------------------------------------------- */

static void
a_host_that_asks_for_it_is_left_alone(void **state)
{
	static const char *const replies[] = {
		"HTTP/1.1 429 x\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 503 x\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 503 x\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		"Retry-After: Sun, 06 Nov 1994 08:49:44 GMT\r\n"
		"Content-Length: 0\r\n\r\n",
	};
	static const char *const urls[] = { "http://a/1", "http://a/2",
		"http://b/3", "http://a/4", "http://b/5" };

	(void)state;
	/* Whether it may be retried itself or not. */
	for (size_t i = 0; i < 2 * COUNT(replies); i++) {
		bool is_retried = i % 2 == 0;
		const struct move moves[] = {
			{ "GET /1", NULL, replies[i / 2], false },
			{ "GET /3", NULL, OK_5, false },
			{ "GET /5", NULL, OK_5, false },
			{ "Host: a\r\n", NULL, OK_5, false },
			{ "Host: a\r\n", NULL, OK_5, false },
			{ "Host: a\r\n", NULL, OK_5, false },
		};
		struct bulkfetch_stats stats;

		script_begin(moves, is_retried ? 6 : 5);
		world.options.concurrency = 1;
		world.options.retries = is_retried;
		(void)world_fetch(urls, COUNT(urls), COUNT(urls), &stats);
		script_end();
		assert_int_equal(stats.fetched, is_retried ? 5 : 4);
		assert_int_equal(script.at_ms[2], 0);
		for (size_t k = 3; k < script.count; k++)
			assert_int_equal(script.at_ms[k], 7000);
	}
}

static void
a_host_that_asks_for_too_much_is_given_up(void **state)
{
	static const char *const urls[] = { "http://a/1", "http://a/2",
		"http://b/3" };
	static const struct move moves[] = {
		{ "GET /1", NULL,
		    "HTTP/1.1 503 x\r\nRetry-After: 3601\r\n"
		    "Content-Length: 0\r\n\r\n",
		    false },
		{ "GET /3", NULL, OK_5, false },
	};
	struct bulkfetch_stats stats;

	(void)state;
	script_begin(moves, COUNT(moves));
	world.options.concurrency = 1;
	world.options.retries = 9;
	(void)world_fetch(urls, COUNT(urls), COUNT(urls), &stats);
	script_end();
	assert_string_equal(world.told[0].error, "status");
	assert_string_equal(world.told[1].error, "host-down");
	assert_string_equal(world.told[1].stage, "connect");
	assert_int_equal(world.told[1].tries, 0);
	assert_true(world.told[2].ok);
	assert_int_equal(world.warnings, 1);
}

/* ---- Connections kept too long ------------------------------------------ */

#define S408 \
	"HTTP/1.1 408 Too late\r\nContent-Length: 0\r\n" \
	"Connection: close\r\n\r\n"

/* What a proxy says when it closes an idle connection. */
static void
a_408_on_a_kept_connection_costs_no_retry(void **state)
{
	static const char *const urls[] = { "http://a/1", "http://a/2" };
	static const struct move moves[] = {
		{ "GET /1", NULL, OK_5, false },
		{ "GET /2", NULL, S408, true },
		{ "GET /2", NULL, OK_5, false },
	};
	static const struct move bad[] = {
		{ "GET /1", NULL, OK_5, false },
		{ "GET /2", NULL, S408, true },
		{ "GET /2", NULL, S408, true },
	};
	struct bulkfetch_stats stats;

	(void)state;
	script_begin(moves, COUNT(moves));
	world.options.concurrency = 1;
	(void)world_fetch(urls, COUNT(urls), COUNT(urls), &stats);
	script_end();
	assert_int_equal(stats.fetched, 2);
	/* On a fresh one it means us. */
	script_begin(bad, COUNT(bad));
	world.options.concurrency = 1;
	(void)world_fetch(urls, COUNT(urls), COUNT(urls), &stats);
	script_end();
	assert_int_equal(stats.fetched, 1);
	assert_int_equal(world.told[1].status, 408);
}

/* ---- Hosts that are down ------------------------------------------------ */

static void
a_host_that_cannot_be_connected_to_is_given_up(void **state)
{
	static const char *const urls[] = { "http://a/1", "http://a/2",
		"http://a/3", "http://a/4", "http://b/5" };
	static const struct move moves[] = {
		{ "GET /5", NULL, OK_5, false },
	};
	struct bulkfetch_stats stats;

	(void)state;
	script_begin(moves, COUNT(moves));
	world.options.concurrency = 1;
	world.options.max_host_errors = 2;
	fake_plan.fate = FAKE_REFUSED;
	fake_plan.times = 2;
	(void)world_fetch(urls, COUNT(urls), COUNT(urls), &stats);
	script_end();
	assert_string_equal(world.told[0].error, "connect");
	assert_string_equal(world.told[1].error, "connect");
	assert_string_equal(world.told[2].error, "host-down");
	assert_string_equal(world.told[3].error, "host-down");
	assert_true(world.told[4].ok);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tries_again_as_often_as_it_may),
		TEST(the_last_failure_is_the_one_that_is_told),
		TEST(waits_between_tries),
		TEST(begins_no_retry_after_the_longest_time_for_them),
		TEST(repeats_only_what_is_safe_unless_asked),
		TEST(some_statuses_are_final),
		TEST(a_retry_waits_without_a_connection),
		TEST(each_try_has_all_the_time),
		TEST(a_host_that_asks_for_it_is_left_alone),
		TEST(a_host_that_asks_for_too_much_is_given_up),
		TEST(a_408_on_a_kept_connection_costs_no_retry),
		TEST(a_host_that_cannot_be_connected_to_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
