/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=resolver_system_new */
#include "exact.h"

#include "fake_run.h"

/* One of each kind, but for those that only a timeout ends. */
static const char *const mixture[] = {
	"http://a/ok",
	"http://later/ok",
	"http://b/last",
	"http://a/404",
	"http://two/chunked",
	"nonsense",
	"http://b/end",
	"http://a/die",
	"http://a/half",
	"ftp://a/ok",
	"http://nowhere/ok",
	"http://later-2/404-large",
	"http://c/empty",
};

/* And those. */
static const char *const trouble[] = {
	"http://a/silent",
	"http://later/ok",
	"http://never/ok",
	"http://a/stuck",
	"nonsense",
	"http://a/ok",
};

static const char *const fine[] = { "http://a/ok", "http://b/ok" };

static void
every_request_has_one_result_at_any_concurrency(void **state)
{
	static const unsigned concurrencies[] = { 1, 2, 3, 10, 50, 1000 };

	(void)state;
	for (size_t i = 0; i < COUNT(concurrencies); i++) {
		struct bulkfetch_stats stats;
		size_t count = 20 * COUNT(mixture);

		(void)world_setup(NULL);
		world.options.concurrency = concurrencies[i];
		assert_int_equal(
		    world_fetch(mixture, COUNT(mixture), count, &stats),
		    BULKFETCH_END_LIST);
		for (size_t n = 0; n < count; n++) {
			const struct told *t = &world.told[n];
			const struct told *first =
			    &world.told[n % COUNT(mixture)];

			assert_string_equal(t->error, first->error);
			assert_int_equal(t->status, first->status);
		}
		assert_int_equal(stats.fetched, 6 * 20);
		assert_true(world.peers_peak <= concurrencies[i]);
		assert_int_equal(world.warnings + world.errors, 0);
	}
}

static void
connections_are_kept_and_used_again(void **state)
{
	static const char *const urls[] = { "http://a/ok" };
	struct bulkfetch_stats stats;

	(void)state;
	(void)world_fetch(urls, 1, 1000, &stats);
	assert_int_equal(stats.fetched, 1000);
	assert_int_equal(stats.connections_opened, 4);
	assert_int_equal(stats.connections_peak, 4);
	assert_int_equal(stats.bytes, 5000);
}

/* ---- Running short ------------------------------------------------------ */

static void
a_shortage_of_descriptors_fails_no_request(void **state)
{
	static const unsigned times[] = { 1, 2, 3, 4, 5, 10, 100 };
	static const int sys[] = { EMFILE, ENFILE, ENOBUFS };

	(void)state;
	for (size_t i = 0; i < COUNT(times) * COUNT(sys); i++) {
		struct bulkfetch_stats stats;

		(void)world_setup(NULL);
		world.options.concurrency = 8;
		fake_plan.fate = FAKE_FAILS;
		fake_plan.times = times[i / COUNT(sys)];
		fake_plan.sys = sys[i % COUNT(sys)];
		assert_int_equal(world_fetch(fine, COUNT(fine), 200, &stats),
		    BULKFETCH_END_LIST);
		assert_int_equal(stats.fetched, 200);
		assert_int_equal(fake_plan.times, 0);
		assert_int_equal(world.warnings, 1);
		assert_true(world.shrunk >= 1);
	}
}

static unsigned most_open; /* that the fake system allows */

static enum fake_fate
by_count(const struct endpoint *ep)
{
	struct bulkfetch_stats stats;

	(void)ep;
	bulkfetch_get_stats(world.run, &stats);
	return stats.connections_open >= most_open ? FAKE_FAILS : FAKE_CONNECTS;
}

/* A connection to each, none kept. */
static void
goes_on_with_as_many_as_there_are(void **state)
{
	static const char *const urls[] = { "http://a/last",
		"http://later/last" };
	struct bulkfetch_stats stats;

	(void)state;
	most_open = 3;
	world.options.concurrency = 20;
	fake_plan.by_addr = by_count;
	fake_plan.sys = EMFILE;
	assert_int_equal(
	    world_fetch(urls, COUNT(urls), 100, &stats), BULKFETCH_END_LIST);
	assert_int_equal(stats.fetched, 100);
	assert_int_equal(world.warnings, 1);
	assert_true(stats.connections_peak <= most_open);
}

static void
grows_again_when_the_shortage_is_over(void **state)
{
	static const char *const urls[] = { "http://a/stuck" };
	struct bulkfetch_stats stats;

	(void)state;
	world.options.concurrency = 40;
	world.options.idle_timeout_ms = 1000;
	fake_plan.fate = FAKE_FAILS;
	fake_plan.times = 5;
	fake_plan.sys = EMFILE;
	(void)world_fetch(urls, 1, 400, &stats);
	assert_int_equal(stats.connections_peak, 40);
	assert_int_equal(stats.concurrency, 40);
}

static void
a_shortage_without_end_is_a_failure_after_all(void **state)
{
	struct bulkfetch_stats stats;

	(void)state;
	fake_plan.fate = FAKE_FAILS;
	fake_plan.times = UINT32_MAX;
	fake_plan.sys = EMFILE;
	assert_int_equal(
	    world_fetch(fine, COUNT(fine), 10, &stats), BULKFETCH_END_LIST);
	assert_int_equal(stats.failed, 10);
	assert_string_equal(world.told[9].error, "shortage");
	assert_int_equal(world.told[9].sys, 0);
	assert_in_range(world.told[0].total_ms, 60000, 61000);
	assert_int_equal(world.warnings, 1);
}

/* ---- Ends before the end ------------------------------------------------ */

static unsigned stop_at; /* the wait before which to stop, from 1 */
static enum bulkfetch_stop stop_how;

static void
stop_then(void)
{
	if (world.waits == stop_at)
		bulkfetch_stop(world.run, stop_how);
	/* Drained, it ends by itself; lest it take for ever: */
	if (stop_how == BULKFETCH_STOP_DRAIN && world.waits == stop_at + 60)
		bulkfetch_stop(world.run, BULKFETCH_STOP_NOW);
}

static void
can_be_stopped_at_any_moment(void **state)
{
	size_t given_before = 0;

	(void)state;
	for (int how = 0; how < 2; how++) {
		stop_how = how == 0 ? BULKFETCH_STOP_DRAIN : BULKFETCH_STOP_NOW;
		for (stop_at = 1; stop_at < 40; stop_at++) {
			struct bulkfetch_stats stats;

			(void)world_setup(NULL);
			world.on_wait = stop_then;
			/* Something to wait for besides. */
			world.observer.tick_ms = 1000;
			assert_int_equal(
			    world_fetch(trouble, COUNT(trouble), 5000, &stats),
			    BULKFETCH_END_STOPPED);
			assert_true(world.given < 5000);
			if (stop_at > 1 && how == 1)
				assert_true(world.given >= given_before);
			given_before = world.given;
			if (stop_how == BULKFETCH_STOP_NOW)
				assert_true(stats.failed > 0);
			(void)world_teardown(NULL);
		}
	}
}

static void
a_run_stopped_before_it_begins_begins_nothing(void **state)
{
	static const enum bulkfetch_stop hows[] = { BULKFETCH_STOP_DRAIN,
		BULKFETCH_STOP_NOW };

	(void)state;
	for (size_t i = 0; i < COUNT(hows); i++) {
		struct bulkfetch_stats stats;

		(void)world_setup(NULL);
		assert_true(world_new());
		bulkfetch_stop(world.run, hows[i]);
		/* A late DRAIN does not take NOW back. */
		bulkfetch_stop(world.run, BULKFETCH_STOP_DRAIN);
		assert_int_equal(world_go(&stats), BULKFETCH_END_STOPPED);
		assert_int_equal(world.given, 0);
	}
}

static void
draining_finishes_what_is_in_flight(void **state)
{
	struct bulkfetch_stats stats;

	(void)state;
	world.options.concurrency = 6;
	stop_at = 1;
	stop_how = BULKFETCH_STOP_DRAIN;
	world.on_wait = stop_then;
	(void)world_fetch(fine, COUNT(fine), 1000, &stats);
	assert_int_equal(stats.failed, 0);
	assert_int_equal(stats.fetched, world.given);
	assert_in_range(stats.fetched, 1, 12);
}

/* Those that wait for a descriptor have not been begun. */
static void
draining_does_not_wait_for_descriptors(void **state)
{
	struct bulkfetch_stats stats;

	(void)state;
	stop_at = 5;
	stop_how = BULKFETCH_STOP_DRAIN;
	world.on_wait = stop_then;
	fake_plan.fate = FAKE_FAILS;
	fake_plan.times = UINT32_MAX;
	fake_plan.sys = EMFILE;
	assert_int_equal(world_fetch(fine, COUNT(fine), 1000, &stats),
	    BULKFETCH_END_STOPPED);
	assert_int_equal(stats.fetched, 0);
	assert_string_equal(world.told[0].error, "stopped");
	assert_in_range(stats.elapsed_ms, 0, 2000);
}

static void
ends_after_so_many_errors(void **state)
{
	static const char *const urls[] = { "http://a/ok", "http://a/404" };

	(void)state;
	for (uint64_t max = 1; max < 5; max++) {
		struct bulkfetch_stats stats;

		(void)world_setup(NULL);
		world.options.max_errors = max;
		assert_int_equal(world_fetch(urls, COUNT(urls), 1000, &stats),
		    BULKFETCH_END_ERRORS);
		/* What was in flight then may have failed as well. */
		assert_in_range(stats.failed, max, max + 4);
		/* It says that it did not end by itself. */
		assert_int_equal(world.warnings, 1);
	}
}

/* ---- Output ------------------------------------------------------------- */

static void
a_full_disk_ends_the_run_and_a_full_quota_too(void **state)
{
	static const struct {
		int sys;
		unsigned times;
		bool ends;
	} cases[] = {
		{ ENOSPC, 15, false },
		{ ENOSPC, 16, true },
		{ EDQUOT, 16, true },
		{ EIO, 1000, true },
		{ EROFS, 1000, true },
		{ EPIPE, 1, true },
		/* A matter of one name alone. */
		{ EACCES, 500, false },
		{ ENAMETOOLONG, 500, false },
		{ EISDIR, 500, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bulkfetch_stats stats;
		enum bulkfetch_end end;

		(void)world_setup(NULL);
		world.write = (struct fault){ cases[i].sys, cases[i].times };
		end = world_fetch(fine, COUNT(fine), 500, &stats);
		if (end !=
		    (cases[i].ends ? BULKFETCH_END_OUTPUT : BULKFETCH_END_LIST))
			fail_msg("%s, %u times: %d", strerror(cases[i].sys),
			    cases[i].times, (int)end);
		assert_int_equal(world.errors, cases[i].ends);
		if (!cases[i].ends)
			assert_int_equal(stats.failed, cases[i].times);
		else
			assert_true(stats.failed < cases[i].times + 4);
	}
}

static int
fail_now_and_then(
    void *ctx, void *body, struct bulkfetch_text data, bool is_last)
{
	struct fake_body *b = body;

	return b->n % 10 != 0 ? ENOSPC : world_write(ctx, body, data, is_last);
}

static void
a_success_in_between_says_that_there_is_room(void **state)
{
	struct bulkfetch_stats stats;

	(void)state;
	world.collector.write = fail_now_and_then;
	assert_int_equal(
	    world_fetch(fine, COUNT(fine), 500, &stats), BULKFETCH_END_LIST);
	assert_int_equal(stats.fetched, 50);
}

static void
an_observer_that_cannot_tell_ends_the_run(void **state)
{
	static const size_t calls[] = { offsetof(struct world, result),
		offsetof(struct world, flush) };

	(void)state;
	for (size_t i = 0; i < COUNT(calls); i++) {
		static const struct fault fault = { ENOSPC, 1 };
		struct bulkfetch_stats stats;

		(void)world_setup(NULL);
		memcpy((char *)&world + calls[i], &fault, sizeof(fault));
		assert_int_equal(
		    world_fetch(trouble, COUNT(trouble), 500, &stats),
		    BULKFETCH_END_OUTPUT);
		assert_true(world.given < 20);
		assert_int_equal(world.errors, 1);
		assert_in_range(stats.elapsed_ms, 0, WORLD_LATER_MS);
		(void)world_teardown(NULL);
	}
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_request_has_one_result_at_any_concurrency),
		TEST(connections_are_kept_and_used_again),
		TEST(a_shortage_of_descriptors_fails_no_request),
		TEST(goes_on_with_as_many_as_there_are),
		TEST(grows_again_when_the_shortage_is_over),
		TEST(a_shortage_without_end_is_a_failure_after_all),
		TEST(can_be_stopped_at_any_moment),
		TEST(a_run_stopped_before_it_begins_begins_nothing),
		TEST(draining_finishes_what_is_in_flight),
		TEST(draining_does_not_wait_for_descriptors),
		TEST(ends_after_so_many_errors),
		TEST(a_full_disk_ends_the_run_and_a_full_quota_too),
		TEST(a_success_in_between_says_that_there_is_room),
		TEST(an_observer_that_cannot_tell_ends_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
