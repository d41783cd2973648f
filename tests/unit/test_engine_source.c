/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=resolver_system_new */
#include "exact.h"

#include <fcntl.h>

#include "fake_run.h"

static const char *const fine[] = { "http://a/ok", "http://b/ok" };

static int pipe_ends[2];
static unsigned act_at; /* the wait before which something happens */

static void
write_then(void)
{
	if (world.waits == act_at)
		assert_int_equal(write(pipe_ends[1], "x", 1), 1);
}

static void
close_then(void)
{
	if (world.waits == act_at)
		(void)close(pipe_ends[1]);
}

static void
wake_then(void)
{
	if (world.waits == act_at)
		bulkfetch_wake(world.run);
}

static void
a_source_without_an_item_is_asked_again_when_it_has_one(void **state)
{
	static void (*const acts[])(
	    void) = { write_then, close_then, wake_then };

	(void)state;
	for (size_t i = 0; i < COUNT(acts); i++) {
		struct bulkfetch_stats stats;

		(void)world_setup(NULL);
		assert_int_equal(pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK), 0);
		if (acts[i] != wake_then)
			world.pending_fd = pipe_ends[0];
		world.on_wait = acts[i];
		world.pending_at = 5;
		act_at = 20;
		fake_wake_ms = INT64_MAX;
		world.options.idle_timeout_ms = 0;
		/* Something to wait for besides. */
		world.observer.tick_ms = 1000;
		assert_int_equal(world_fetch(fine, COUNT(fine), 100, &stats),
		    BULKFETCH_END_LIST);
		assert_int_equal(stats.fetched, 100);
		assert_true(world.waits > 20);
		(void)close(pipe_ends[0]);
		if (acts[i] != close_then)
			(void)close(pipe_ends[1]);
	}
}

/* An ended pipe is readable for ever. */
static void
a_ready_source_does_not_wake_us_while_no_slot_is_free(void **state)
{
	static const char *const urls[] = { "http://a/silent" };
	struct bulkfetch_stats stats;

	(void)state;
	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK), 0);
	(void)close(pipe_ends[1]);
	world.pending_fd = pipe_ends[0];
	world.pending_at = 2;
	(void)world_fetch(urls, 1, 8, &stats);
	assert_int_equal(stats.failed, 8);
	assert_true(world.waits < 40);
	(void)close(pipe_ends[0]);
}

static void
a_source_that_breaks_ends_the_run(void **state)
{
	struct bulkfetch_stats stats;

	(void)state;
	world.error_at = 50;
	assert_int_equal(
	    world_fetch(fine, COUNT(fine), 100, &stats), BULKFETCH_END_SOURCE);
	assert_int_equal(stats.fetched, 50);
	assert_int_equal(world.errors, 1);
	assert_string_equal(
	    world.message, "the source failed: Input/output error");
}

static void
a_source_that_cannot_be_waited_for_ends_the_run(void **state)
{
	struct bulkfetch_stats stats;

	(void)state;
	world.pending_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	world.pending_at = 50;
	assert_int_equal(
	    world_fetch(fine, COUNT(fine), 100, &stats), BULKFETCH_END_SOURCE);
	assert_int_equal(stats.fetched, 50);
	assert_int_equal(world.errors, 1);
	(void)close(world.pending_fd);
}

static void
a_stop_does_not_wait_for_the_source(void **state)
{
	struct bulkfetch_stats stats;

	(void)state;
	world.urls = fine;
	world.urls_len = COUNT(fine);
	world.url_count = 100;
	world.pending_at = 10;
	assert_true(world_new());
	bulkfetch_stop(world.run, BULKFETCH_STOP_DRAIN);
	assert_int_equal(world_go(&stats), BULKFETCH_END_STOPPED);
}

static void
an_empty_source_is_a_run(void **state)
{
	struct bulkfetch_stats stats;

	(void)state;
	assert_int_equal(
	    world_fetch(fine, COUNT(fine), 0, &stats), BULKFETCH_END_LIST);
	assert_int_equal(world.ticks, 0);
}

/* Bad lines alone, a millisecond each. */
static void
a_list_of_bad_lines_leaves_time_for_the_rest(void **state)
{
	static const char *const urls[] = { "nonsense" };
	struct bulkfetch_stats stats;

	(void)state;
	world.next_takes_ms = 1;
	world.observer.tick_ms = 500;
	assert_int_equal(
	    world_fetch(urls, 1, 8000, &stats), BULKFETCH_END_LIST);
	assert_int_equal(stats.failed, 8000);
	assert_in_range(world.ticks, 8, 20);
	assert_true(world.waits >= 8000 / 512);
}

/* Each ends within the call that begins it. */
static void
what_ends_at_once_does_not_pile_up_on_the_stack(void **state)
{
	static const char *const urls[] = { "http://nowhere/ok" };
	struct bulkfetch_stats stats;

	(void)state;
	(void)world_fetch(urls, 1, 8000, &stats);
	assert_int_equal(stats.failed, 8000);
	(void)world_setup(NULL);
	world.has_all = true;
	(void)world_fetch(fine, COUNT(fine), 8000, &stats);
	assert_int_equal(stats.skipped, 8000);
}

static bool
position(void *ctx, uint64_t *done, uint64_t *total)
{
	(void)ctx;
	*done = 3;
	*total = 7;
	return true;
}

static void
tells_how_far_it_is(void **state)
{
	struct bulkfetch_stats stats;

	(void)state;
	world.source.position = position;
	assert_true(world_new());
	bulkfetch_get_stats(world.run, &stats);
	assert_int_equal(stats.elapsed_ms, 0);
	assert_int_equal(stats.concurrency, 4);
	assert_true(stats.has_position);
	assert_int_equal(stats.position_done, 3);
	assert_int_equal(stats.position_total, 7);
	bulkfetch_wake(world.run);
	assert_int_equal(world_go(&stats), BULKFETCH_END_LIST);
}

/* What passes between making a run and running it is nobody's time. */
static void
a_run_may_begin_long_after_it_was_made(void **state)
{
	static const char *const urls[] = { "http://a/silent" };
	struct bulkfetch_stats stats;

	(void)state;
	world.urls = urls;
	world.urls_len = world.url_count = 1;
	assert_true(world_new());
	fake_now_ms += 3600000;
	assert_int_equal(world_go(&stats), BULKFETCH_END_LIST);
	assert_int_equal(world.told[0].total_ms, 30000);
	assert_int_equal(stats.elapsed_ms, 30000);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_source_without_an_item_is_asked_again_when_it_has_one),
		TEST(a_ready_source_does_not_wake_us_while_no_slot_is_free),
		TEST(a_source_that_breaks_ends_the_run),
		TEST(a_source_that_cannot_be_waited_for_ends_the_run),
		TEST(a_stop_does_not_wait_for_the_source),
		TEST(an_empty_source_is_a_run),
		TEST(a_list_of_bad_lines_leaves_time_for_the_rest),
		TEST(what_ends_at_once_does_not_pile_up_on_the_stack),
		TEST(tells_how_far_it_is),
		TEST(a_run_may_begin_long_after_it_was_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
