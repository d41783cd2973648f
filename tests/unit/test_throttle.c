/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "fake_time.h"
#include "refuse.h"

#include "net/throttle.h"

#define TAKERS_MAX 200

/* Somebody to whom there is always something to take. */
struct taker {
	struct throttled throttled;
	size_t max; /* that it takes at a time */
	bool is_paused;
	bool has_gone; /* wants nothing any more */
	uint64_t taken;
	uint64_t takes;
	size_t largest;
};

static struct {
	struct reactor *reactor;
	struct throttle throttle;
	struct taker takers[TAKERS_MAX];
	unsigned count;
	unsigned first; /* to be woken: another one each time */
	uint64_t taken; /* by all */
} w;

/* What a connection does when it is readable. */
static void
take(struct taker *taker)
{
	size_t len = throttle_allow(&w.throttle, &taker->throttled, taker->max);

	assert_false(taker->is_paused);
	assert_true(len <= taker->max);
	if (len == 0) {
		taker->is_paused = true;
		throttle_pause(&w.throttle, &taker->throttled);
		return;
	}
	taker->taken += len;
	taker->takes++;
	w.taken += len;
	if (len > taker->largest)
		taker->largest = len;
	throttle_took(&w.throttle, len);
}

static void
on_resume(void *ctx)
{
	struct taker *taker = ctx;

	taker->is_paused = false;
	take(taker);
}

/* Everybody who is readable and is not paused is told so, once a wait. */
static bool
wake_takers(void)
{
	bool have_taken = false;

	w.first++;
	for (unsigned i = 0; i < w.count; i++) {
		struct taker *taker = &w.takers[(w.first + i) % w.count];

		if (taker->is_paused || taker->has_gone)
			continue;
		take(taker);
		have_taken = true;
	}
	return have_taken;
}

static void
open_world(uint64_t rate, unsigned count, size_t max)
{
	memset(&w, 0, sizeof(w));
	fake_now_ms = FAKE_START_MS;
	assert_false(err_is(reactor_new(&w.reactor)));
	throttle_init(&w.throttle, w.reactor);
	assert_false(err_is(throttle_set_rate(&w.throttle, rate)));
	w.count = count;
	for (unsigned i = 0; i < count; i++) {
		throttled_init(&w.takers[i].throttled, on_resume, &w.takers[i]);
		w.takers[i].max = max;
	}
	fake_before_wait = wake_takers;
}

static void
close_world(void)
{
	for (unsigned i = 0; i < w.count; i++)
		throttle_forget(&w.takers[i].throttled);
	throttle_fini(&w.throttle);
	reactor_free(w.reactor);
	fake_before_wait = NULL;
}

static void
run_until(int64_t end_ms)
{
	while (fake_now_ms < end_ms)
		assert_false(err_is(reactor_run_once(w.reactor, true)));
}

/* Within 2 %, and what a tick brings. */
static bool
is_near(uint64_t taken, uint64_t expected, uint64_t rate)
{
	uint64_t slack = expected / 50 + rate * THROTTLE_TICK_MS / 1000 + 1;

	return taken + slack >= expected && taken <= expected + slack;
}

static const uint64_t rates[] = { 100, 10000, 1000000, 100000000,
	UINT64_C(10000000000) };
static const unsigned counts[] = { 1, 2, 200 };

static void
the_rate_is_exact_over_ten_seconds(void **state)
{
	static const size_t maxes[] = { 200, 4096, SIZE_MAX };
	/* Little takes a second, which are too many to try them all; under
	 * valgrind, fewer. */
	uint64_t most = getenv("TEST_WRAP") != NULL ? 20000 : 1000000;

	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++) {
		for (size_t k = 0; k < COUNT(counts); k++) {
			for (size_t m = 0; m < COUNT(maxes); m++) {
				if (rates[i] / maxes[m] > most)
					continue;
				open_world(rates[i], counts[k], maxes[m]);
				run_until(FAKE_START_MS + 10000);
				if (!is_near(w.taken, 10 * rates[i], 0))
					fail_msg("%llu/s, %u: %llu in 10 s",
					    (unsigned long long)rates[i],
					    counts[k],
					    (unsigned long long)w.taken);
				close_world();
			}
		}
	}
}

static void
the_flow_is_smooth(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++) {
		for (size_t k = 0; k < COUNT(counts); k++) {
			uint64_t before = 0;

			open_world(rates[i], counts[k], SIZE_MAX);
			for (int t = 1; t <= 100; t++) {
				uint64_t part;

				run_until(FAKE_START_MS + t * 100);
				part = w.taken - before;
				before = w.taken;
				/* A tenth of a second's worth each, but that
				 * the first begins with nothing. */
				if (t > 1 &&
				    !is_near(part, rates[i] / 10, rates[i]))
					fail_msg("%llu/s, %u: %llu in 100 ms",
					    (unsigned long long)rates[i],
					    counts[k],
					    (unsigned long long)part);
			}
			close_world();
		}
	}
}

static void
nobody_starves(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++) {
		uint64_t least = UINT64_MAX;
		uint64_t most = 0;

		open_world(rates[i], TAKERS_MAX, SIZE_MAX);
		/* One turn each takes so long. */
		run_until(FAKE_START_MS + 100000);
		for (unsigned k = 0; k < w.count; k++) {
			assert_true(w.takers[k].largest <= THROTTLE_SHARE);
			if (w.takers[k].takes < least)
				least = w.takers[k].takes;
			if (w.takers[k].takes > most)
				most = w.takers[k].takes;
		}
		if (least == 0 || most - least > 1 + most / 10)
			fail_msg("%llu/s: %llu to %llu takes",
			    (unsigned long long)rates[i],
			    (unsigned long long)least,
			    (unsigned long long)most);
		close_world();
	}
}

static void
few_turns_are_enough(void **state)
{
	(void)state;
	/* 10 kB/s: one take of 100 octets a tick, not one of 10 each
	 * millisecond. */
	open_world(10000, 1, SIZE_MAX);
	run_until(FAKE_START_MS + 10000);
	assert_true(w.takers[0].takes <= 10000 / THROTTLE_TICK_MS + 1);
	assert_true(w.takers[0].takes >= 10000 / THROTTLE_TICK_MS / 2);
	close_world();
}

static void
a_late_loop_makes_up_for_it(void **state)
{
	(void)state;
	open_world(1000000, 10, SIZE_MAX);
	while (fake_now_ms < FAKE_START_MS + 10000) {
		assert_false(err_is(reactor_run_once(w.reactor, true)));
		fake_now_ms += 40; /* doing something else */
	}
	assert_true(is_near(w.taken, 10000000, 0));
	close_world();
}

static void
a_pause_is_not_made_up_for(void **state)
{
	(void)state;
	open_world(1000000, 1, SIZE_MAX);
	w.takers[0].has_gone = true;
	for (int i = 0; i < 1000; i++) {
		fake_now_ms += 500;
		assert_false(err_is(reactor_run_once(w.reactor, false)));
	}
	w.takers[0].has_gone = false;
	run_until(fake_now_ms + 1); /* or up to the next tick */
	assert_true(w.taken > 0);
	assert_true(w.taken <=
	    1000000 / 1000 * (THROTTLE_CATCH_UP_MS + THROTTLE_TICK_MS));
	close_world();
}

static void
debts_are_paid(void **state)
{
	static const uint64_t debts[] = { 1, 5000, 1000000, 20000000 };

	(void)state;
	for (size_t i = 0; i < COUNT(debts); i++) {
		open_world(1000000, 1, SIZE_MAX);
		throttle_took(&w.throttle, debts[i]);
		while (w.taken == 0)
			assert_false(err_is(reactor_run_once(w.reactor, true)));
		assert_in_range(fake_now_ms - FAKE_START_MS, debts[i] / 1000,
		    debts[i] / 1000 + 2 * THROTTLE_TICK_MS);
		run_until(FAKE_START_MS + 30000);
		assert_true(is_near(w.taken + debts[i], 30000000, 0));
		close_world();
	}
}

static void
while_others_wait_nobody_takes_without_a_turn(void **state)
{
	(void)state;
	open_world(1000, 3, SIZE_MAX);
	fake_before_wait = NULL;
	take(&w.takers[0]);
	take(&w.takers[1]);
	assert_true(w.takers[0].is_paused && w.takers[1].is_paused);
	fake_now_ms += 1000;
	reactor_refresh(w.reactor);
	take(&w.takers[2]); /* there would be enough */
	assert_true(w.takers[2].is_paused);
	assert_int_equal(w.taken, 0);
	/* The first gets all there is, and that ends its turn. */
	assert_false(err_is(reactor_run_once(w.reactor, false)));
	assert_int_equal(w.takers[0].taken, 100);
	assert_int_equal(w.taken, 100);
	take(&w.takers[0]);
	assert_true(w.takers[0].is_paused);
	/* They come one after the other. */
	for (unsigned i = 1; i <= 3; i++) {
		fake_now_ms += 1000;
		assert_false(err_is(reactor_run_once(w.reactor, false)));
		assert_int_equal(w.taken, 100 + 100 * i);
		assert_int_equal(w.takers[i % 3].taken, i == 3 ? 200 : 100);
	}
	close_world();
}

static void
who_is_forgotten_is_not_resumed(void **state)
{
	(void)state;
	open_world(1000, 2, SIZE_MAX);
	fake_before_wait = NULL;
	take(&w.takers[0]);
	take(&w.takers[1]);
	throttle_forget(&w.takers[0].throttled);
	throttle_forget(&w.takers[0].throttled);
	fake_now_ms += 1000;
	assert_false(err_is(reactor_run_once(w.reactor, false)));
	assert_int_equal(w.takers[0].taken, 0);
	assert_int_equal(w.takers[1].taken, 100);
	close_world();
}

static void
without_a_limit_everything_is_allowed(void **state)
{
	static const uint64_t none[] = { 0, THROTTLE_RATE_MAX + 1, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++) {
		open_world(none[i], 1, SIZE_MAX);
		fake_before_wait = NULL;
		for (int k = 0; k < 1000; k++)
			take(&w.takers[0]);
		assert_int_equal(w.takers[0].takes, 1000);
		assert_int_equal(w.takers[0].largest, SIZE_MAX);
		/* And nothing is to wake up for. */
		fake_wake_ms = INT64_MAX - 1;
		assert_false(err_is(reactor_run_once(w.reactor, true)));
		assert_int_equal(fake_timeout_ms, -1);
		fake_wake_ms = INT64_MAX;
		fake_now_ms = FAKE_START_MS;
		close_world();
	}
}

static void
the_extremes_do_not_overflow(void **state)
{
	static const uint64_t extremes[] = { 1, 3, 99, THROTTLE_RATE_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(extremes); i++) {
		open_world(extremes[i], 1, SIZE_MAX);
		throttle_took(&w.throttle, 8000);
		fake_now_ms += INT64_C(1000) * 3600 * 24 * 365;
		reactor_refresh(w.reactor);
		fake_before_wait = NULL;
		take(&w.takers[0]);
		assert_true(w.throttle.frac < 1000);
		if (w.takers[0].is_paused) {
			/* In debt for longer than an hour, at 1/s. */
			assert_int_equal(extremes[i], 1);
			run_until(fake_now_ms + 10000000);
		}
		assert_true(w.taken > 0);
		close_world();
	}
}

/* The timer is armed once when the limit is set, and not refused later. */
static void
only_setting_the_rate_needs_memory(void **state)
{
	struct throttle refused;

	(void)state;
	open_world(1000, 1, SIZE_MAX);
	throttle_init(&refused, w.reactor);
	throttle_fini(&refused);
	refuse_begin(1);
	run_until(FAKE_START_MS + 10000);
	assert_false(refuse_end());
	assert_true(is_near(w.taken, 10000, 0));
	close_world();
	assert_false(err_is(reactor_new(&w.reactor)));
	throttle_init(&refused, w.reactor);
	refuse_begin(1);
	assert_int_equal(throttle_set_rate(&refused, 1000).kind, ERR_NOMEM);
	assert_true(refuse_end());
	assert_int_equal(refused.rate, 0);
	throttle_fini(&refused);
	reactor_free(w.reactor);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rate_is_exact_over_ten_seconds),
		cmocka_unit_test(the_flow_is_smooth),
		cmocka_unit_test(nobody_starves),
		cmocka_unit_test(few_turns_are_enough),
		cmocka_unit_test(a_late_loop_makes_up_for_it),
		cmocka_unit_test(a_pause_is_not_made_up_for),
		cmocka_unit_test(debts_are_paid),
		cmocka_unit_test(while_others_wait_nobody_takes_without_a_turn),
		cmocka_unit_test(who_is_forgotten_is_not_resumed),
		cmocka_unit_test(without_a_limit_everything_is_allowed),
		cmocka_unit_test(the_extremes_do_not_overflow),
		cmocka_unit_test(only_setting_the_rate_needs_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
