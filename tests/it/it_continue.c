/* Bodies that a kill has broken off are continued by the next run. */
#include "harness.h"

#include "../origin/pattern.h"
#include "../origin/versioned.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define MIB (1 << 20)

static char *
etag_of(struct world *w, const char *target)
{
	struct validators v;

	validators_init(&v, VALIDATOR_STRONG,
	    pattern_seed(slice_str(target), w->origin_version),
	    w->origin_version);
	return world_text(w, "%s", v.etag);
}

/*
 * Fetch `target` until the files below "out" hold `octets` or more, then kill.
 * What is there then is unfinished.
 */
static void
kill_within(struct world *w, const char *target, uint64_t octets, int signal)
{
	const char *words[] = { "--limit-rate", "4M", "-d", "out", "--log",
		"log", origin_url(w, target), NULL };
	struct run_spec spec = { .words = words };
	struct run *run = run_start(w, &spec);

	while (world_octets(w, "out") < octets) {
		if (world_now_ms() > run->deadline_ms)
			fail_msg("only %llu octets",
			    (unsigned long long)world_octets(w, "out"));
		world_pause();
	}
	run_signal(run, signal);
	if (signal == SIGINT) {
		size_t at = 0;

		run_wait_for(run, "again to stop at once", &at);
		run_signal(run, signal);
	}
	(void)run_finish(run);
	assert_int_not_equal(run->status, 0);
	assert_false(
	    world_has(w, world_text(w, "out/%s%s", origin_host(w), target)));
	assert_int_equal(unlink(world_path(w, "log")), 0);
}

static void
expect_finished(struct world *w, const char *target)
{
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log",
			origin_url(w, target), NULL),
	    0);
	expect_generated(w, "out", target);
	/* Nothing else is left. */
	assert_int_equal(world_count_files(w, "out"), 1);
}

/* The last request the origin has had. */
static struct origin_request
last_request(struct world *w)
{
	size_t count;
	struct origin_request *requests = origin_heads(w, &count);

	assert_true(count > 0);
	return requests[count - 1];
}

static long long
range_of(struct world *w, const struct origin_request *request)
{
	const char *range = origin_field(w, request, "Range");

	assert_non_null(range);
	assert_memory_equal(range, "bytes=", 6);
	return strtoll(range + 6, NULL, 10);
}

static void
the_next_run_continues_what_a_kill_has_left(void **state)
{
	static const struct {
		const char *target;
		const char *if_range; /* NULL: its ETag */
	} rows[] = {
		{ "/ver/6M/a", NULL },
		{ "/ver/6M/a?b", NULL },
		{ "/dated/6M/a", "Wed, 01 Jan 2020 00:00:00 GMT" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct origin_request request;
		struct records r;
		long long first;

		origin_start(w, NULL, NULL);
		kill_within(w, rows[i].target, 2 * MIB, SIGKILL);
		expect_finished(w, rows[i].target);
		request = last_request(w);
		first = range_of(w, &request);
		assert_in_range(first, MIB, 5 * MIB);
		expect_field(w, &request, "If-Range",
		    rows[i].if_range != NULL ? rows[i].if_range
					     : etag_of(w, rows[i].target));
		r = records_read(w, "log");
		assert_int_equal(
		    record_number(&r, r.lines[0], "continued_at"), first);
		assert_int_equal(unlink(world_path(w,
				     world_text(w, "out/%s%s", origin_host(w),
					 rows[i].target))),
		    0);
	}
}

static void
the_next_run_continues_only_the_same_version(void **state)
{
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	kill_within(w, "/ver/6M/a", 2 * MIB, SIGKILL);
	origin_set_version(w, 1);
	expect_finished(w, "/ver/6M/a");
	assert_int_equal(origin_stat(w, "requests"), 2);
}

static void
what_is_small_or_has_no_strong_validator_starts_again(void **state)
{
	static const struct {
		const char *target;
		uint64_t octets;
	} rows[] = { { "/ver/900k/a", 300000 }, { "/weak/6M/a", 2 * MIB },
		{ "/gen/6M/a", 2 * MIB } };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct origin_request request;

		origin_start(w, NULL, NULL);
		kill_within(w, rows[i].target, rows[i].octets, SIGKILL);
		expect_finished(w, rows[i].target);
		request = last_request(w);
		expect_field(w, &request, "Range", NULL);
		assert_int_equal(unlink(world_path(w,
				     world_text(w, "out/%s%s", origin_host(w),
					 rows[i].target))),
		    0);
	}
}

/* A bad line: two mebioctets at a time, and no retry. */
static void
the_next_run_continues_what_has_failed(void **state)
{
	static const char target[] = "/cut/2M/ver/5M/a";
	struct world *w = *state;
	struct origin_request request;

	origin_start(w, NULL, NULL);
	for (int left = 2; left >= 0; left--)
		expect_exit(bulkfetch(w, "--retry", "0", "-d", "out",
				origin_url(w, target), NULL),
		    left > 0 ? 4 : 0);
	request = last_request(w);
	assert_int_equal(range_of(w, &request), 4 * MIB);
	expect_generated(w, "out", target);
	assert_int_equal(world_count_files(w, "out"), 1);
}

/* Killed again and again, a file still comes to its end. */
static void
many_kills_only_take_their_time(void **state)
{
	struct world *w = *state;
	struct origin_request request;

	origin_start(w, NULL, NULL);
	for (int i = 2; i <= 8; i += 2)
		kill_within(w, "/ver/10M/a", (uint64_t)i * MIB, SIGKILL);
	expect_finished(w, "/ver/10M/a");
	assert_int_equal(origin_stat(w, "requests"), 5);
	request = last_request(w);
	assert_true(range_of(w, &request) >= 7 * MIB);
}

/* Another URL's unfinished file is not ours to continue. */
static void
a_part_is_continued_by_its_own_url_alone(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	kill_within(w, "/ver/6M/a", 2 * MIB, SIGKILL);
	run = bulkfetch(w, "-d", "out", origin_url(w, "/ver/6M/b"),
	    origin_url(w, "/ver/6M/c"), NULL);
	expect_exit(run, 0);
	expect_generated(w, "out", "/ver/6M/b");
	expect_generated(w, "out", "/ver/6M/c");
	expect_exit(
	    bulkfetch(w, "-d", "out", origin_url(w, "/ver/6M/a"), NULL), 0);
	expect_generated(w, "out", "/ver/6M/a");
	assert_int_equal(world_count_files(w, "out"), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(the_next_run_continues_what_a_kill_has_left),
		WORLD_TEST(the_next_run_continues_only_the_same_version),
		WORLD_TEST(
		    what_is_small_or_has_no_strong_validator_starts_again),
		WORLD_TEST(the_next_run_continues_what_has_failed),
		WORLD_TEST(many_kills_only_take_their_time),
		WORLD_TEST(a_part_is_continued_by_its_own_url_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
