/* kill -9 at any moment, and --resume. */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define KILLS 200
#define KILL_C 16
#define KILL_AFTER_MAX_US 80000
/* Valgrind needs a second to begin. */
#define KILL_WRAPPED_AFTER_MAX_US 1200000
#define KILLS_WRAPPED 20
#define SMALL "/delay/20/700/"
#define MIDDLE "/delay/20/90000/"
#define CHUNKED "/chunked/40000/"
#define LARGE "/ver/2M/"

static unsigned
choose_seed(void)
{
	const char *given = getenv("IT_SEED");
	unsigned seed = 0;

	if (given != NULL)
		return (unsigned)strtoul(given, NULL, 10);
	assert_int_equal(getrandom(&seed, sizeof(seed), 0), sizeof(seed));
	return seed;
}

static void
sleep_us(long us)
{
	(void)nanosleep(&(struct timespec){ .tv_sec = us / 1000000,
			    .tv_nsec = us % 1000000 * 1000 },
	    NULL);
}

/* How many of each there are in the list. */
struct mix {
	size_t small;
	size_t middle;
	size_t chunked;
	size_t large;
};

static size_t
write_mix(struct world *w, struct mix mix)
{
	origin_add_urls(w, "list", "127.0.0.1", SMALL, mix.small / 2);
	origin_add_urls(w, "list", "127.0.0.1", LARGE, mix.large);
	origin_add_urls(w, "list", "127.0.0.2", SMALL, mix.small / 2);
	origin_add_urls(w, "list", "127.0.0.1", CHUNKED, mix.chunked);
	origin_add_urls(w, "list", "127.0.0.1", MIDDLE, mix.middle);
	return mix.small / 2 * 2 + mix.middle + mix.chunked + mix.large;
}

static void
expect_mix(struct world *w, struct mix mix)
{
	expect_urls(w, "out", "127.0.0.1", SMALL, mix.small / 2);
	expect_urls(w, "out", "127.0.0.2", SMALL, mix.small / 2);
	expect_urls(w, "out", "127.0.0.1", LARGE, mix.large);
	expect_urls(w, "out", "127.0.0.1", CHUNKED, mix.chunked);
	expect_urls(w, "out", "127.0.0.1", MIDDLE, mix.middle);
}

/*
 * What a kill costs: a request under way on each connection, and one more that
 * had ended on each in the same round of events, at the end of which records
 * are written.
 */
static void
kills_at_any_moment_lose_nothing_and_repeat_little(void **state)
{
	static const char *const words[] = { "-c", "16", "--resume",
		"--limit-rate", "60M", "-d", "out", "--log", "log", "list",
		NULL };
	static const struct mix mix = {
		.small = 5000, .middle = 400, .chunked = 400, .large = 20
	};
	struct world *w = *state;
	struct run_spec spec = { .words = words };
	size_t kills = run_is_wrapped() ? KILLS_WRAPPED : KILLS;
	long after_max_us =
	    run_is_wrapped() ? KILL_WRAPPED_AFTER_MAX_US : KILL_AFTER_MAX_US;
	unsigned seed = choose_seed();
	size_t killed = 0;
	uint64_t requests;
	size_t urls;

	print_message("IT_SEED=%u\n", seed);
	srandom(seed);
	origin_start(w, NULL, NULL);
	urls = write_mix(w, mix);
	for (size_t i = 0; i < kills; i++) {
		struct run *run = run_start(w, &spec);

		sleep_us(random() % after_max_us);
		run_signal(run, SIGKILL);
		(void)run_finish(run);
		killed += run->signal == SIGKILL;
		if (run->signal == 0)
			expect_exit(run, 0);
	}
	expect_exit(run_spec(w, &spec), 0);
	requests = origin_stat(w, "requests");
	print_message("%zu kills, %llu requests for %zu URLs\n", killed,
	    (unsigned long long)requests, urls);
	/* The list has lasted for all of them. */
	assert_true(killed >= kills - 2);
	expect_mix(w, mix);
	assert_int_equal(world_count_files(w, "out"), urls);
	expect_all_done(w, "log", urls);
	assert_true(requests <= urls + killed * 2 * KILL_C);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(kills_at_any_moment_lose_nothing_and_repeat_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
