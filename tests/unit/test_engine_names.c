/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=resolver_system_new */
/* Names that take their time, and what goes on meanwhile. */
#include "fake_script.h"

static void
a_slow_name_takes_nobodys_turn(void **state)
{
	static const char *const urls[] = { "http://later/ok", "http://a/ok",
		"http://a/ok", "http://a/ok" };
	struct bulkfetch_stats stats;

	(void)state;
	world.options.concurrency = 1;
	(void)world_fetch(urls, COUNT(urls), COUNT(urls), &stats);
	assert_int_equal(stats.fetched, 4);
	assert_int_equal(world.told[0].ended_at_ms, WORLD_LATER_MS);
	for (size_t i = 1; i < COUNT(urls); i++)
		assert_int_equal(world.told[i].ended_at_ms, 0);
}

static void
many_slow_names_are_waited_for_together(void **state)
{
	static const char *const urls[] = { "http://later1/ok",
		"http://later2/ok", "http://later3/ok", "http://later4/ok" };
	struct bulkfetch_stats stats;

	(void)state;
	world.options.concurrency = 1;
	(void)world_fetch(urls, COUNT(urls), COUNT(urls), &stats);
	assert_int_equal(stats.fetched, 4);
	assert_int_equal(stats.connections_peak, 1);
	for (size_t i = 0; i < COUNT(urls); i++)
		assert_int_equal(world.told[i].ended_at_ms, WORLD_LATER_MS);
}

/* In reactor rounds the look-ahead is what bounds them. */
static void
no_more_names_are_waited_for_than_the_look_ahead_has(void **state)
{
	static const char *const urls[] = { "http://later1/ok",
		"http://later2/ok", "http://later3/ok", "http://later4/ok",
		"http://later5/ok", "http://later6/ok" };
	struct bulkfetch_stats stats;

	(void)state;
	world.options.concurrency = 1;
	world.options.look_ahead = 1;
	(void)world_fetch(urls, COUNT(urls), COUNT(urls), &stats);
	assert_int_equal(stats.fetched, 6);
	for (size_t i = 0; i < COUNT(urls); i++)
		assert_int_equal(world.told[i].ended_at_ms,
		    WORLD_LATER_MS * ((int64_t)i / 2 + 1));
}

static void
an_idle_connection_needs_no_name(void **state)
{
	static const char *const urls[] = { "http://a/ok" };
	struct bulkfetch_stats stats;

	(void)state;
	world.options.concurrency = 1;
	(void)world_fetch(urls, 1, 50, &stats);
	assert_int_equal(stats.fetched, 50);
	assert_int_equal(world.lookups_begun, 1);
}

static void
a_name_without_an_address_is_one_try(void **state)
{
	static const char *const urls[] = { "http://nowhere/ok" };
	struct bulkfetch_stats stats;

	(void)state;
	(void)world_fetch(urls, 1, 1, &stats);
	assert_string_equal(world.told[0].error, "resolve");
	assert_string_equal(world.told[0].stage, "dns");
	assert_int_equal(world.told[0].tries, 1);
	assert_int_equal(stats.retries, 0);
}

static void
a_name_that_could_not_be_found_out_is_tried_again(void **state)
{
	static const char *const urls[] = { "http://faint/ok" };
	struct bulkfetch_stats stats;

	(void)state;
	for (unsigned faints = 0; faints <= 3; faints++) {
		const struct told *t = &world.told[0];

		(void)world_setup(NULL);
		world.faint_lookups = faints;
		world.options.retries = 2;
		(void)world_fetch(urls, 1, 1, &stats);
		assert_int_equal(t->ok, faints < 3);
		assert_string_equal(t->error, faints < 3 ? "" : "dns");
		assert_int_equal(t->tries, faints < 3 ? faints + 1 : 3);
		/* Not before what is kept of the failure is forgotten. */
		if (faints > 0)
			assert_true(
			    stats.elapsed_ms >= (faints > 1 ? 3000 : 1000));
	}
}

static void
stop_soon(void)
{
	bulkfetch_stop(world.run, BULKFETCH_STOP_DRAIN);
}

static void
what_waits_for_its_name_is_not_begun_when_the_run_stops(void **state)
{
	static const char *const urls[] = { "http://never/ok" };
	struct bulkfetch_stats stats;

	(void)state;
	world.on_wait = stop_soon;
	assert_int_equal(
	    world_fetch(urls, 1, 5, &stats), BULKFETCH_END_STOPPED);
	assert_int_equal(stats.unbegun, 5);
	assert_int_equal(stats.failed, 0);
	assert_int_equal(world.cancelled, world.lookups_begun);
}

static void
a_slow_name_is_looked_up_once_for_its_turn(void **state)
{
	static const char *const urls[] = { "http://later/ok" };
	struct bulkfetch_stats stats;

	(void)state;
	world.options.rate = (struct bulkfetch_pace){ 1, 1000 };
	(void)world_fetch(urls, 1, 2, &stats);
	assert_int_equal(stats.fetched, 2);
	/* The second goes over the connection of the first, though both had
	 * asked for the name. */
	assert_true(world.lookups_begun <= 2);
	assert_int_equal(stats.connections_opened, 1);
}

/* By the time most have their turn, their addresses are old. */
static void
what_is_looked_up_again_keeps_its_turn(void **state)
{
	enum { NAMES = 25 };
	static char space[NAMES][24];
	static const char *urls[NAMES];
	struct bulkfetch_stats stats;

	(void)state;
	for (int i = 0; i < NAMES; i++) {
		(void)snprintf(
		    space[i], sizeof(space[i]), "http://later%d/last", i);
		urls[i] = space[i];
	}
	world.options.rate = (struct bulkfetch_pace){ 1, 1000 };
	world.options.max_duration_ms = 60000;
	(void)world_fetch(urls, NAMES, NAMES, &stats);
	assert_int_equal(stats.fetched, NAMES);
	/* A second for each, and a lookup before the first and after the
	 * last has its turn. */
	assert_in_range(
	    stats.elapsed_ms, 1, (NAMES - 1) * 1000 + 2 * WORLD_LATER_MS);
	assert_true(world.lookups_begun <= 2 * NAMES);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_slow_name_takes_nobodys_turn),
		TEST(many_slow_names_are_waited_for_together),
		TEST(no_more_names_are_waited_for_than_the_look_ahead_has),
		TEST(an_idle_connection_needs_no_name),
		TEST(a_name_without_an_address_is_one_try),
		TEST(a_name_that_could_not_be_found_out_is_tried_again),
		TEST(what_waits_for_its_name_is_not_begun_when_the_run_stops),
		TEST(a_slow_name_is_looked_up_once_for_its_turn),
		TEST(what_is_looked_up_again_keeps_its_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
