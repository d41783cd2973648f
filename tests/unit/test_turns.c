/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"

#include <stdio.h>

#include "fetch/known_hosts.h"
#include "fetch/turns.h"

#define TURNS 32
#define MANY 300000
#define START_MS INT64_C(1000000)

static const struct slice A = TEXT("http://a:80");
static const struct slice B = TEXT("http://b:80");
static const struct slice C = TEXT("http://c:80");

static struct turns *turns;
static struct turn turn[TURNS];
static int64_t now_ms;

static void
open_turns(struct turns_limits limits)
{
	now_ms = START_MS;
	assert_false(err_is(turns_new(&limits, TURNS, &turns)));
	for (unsigned i = 0; i < TURNS; i++)
		turn_init(&turn[i]);
}

/* Everybody leaves, whatever the test has left them in. */
static void
close_turns(void)
{
	for (unsigned i = 0; i < TURNS; i++) {
		turns_leave(turns, &turn[i], now_ms);
		assert_int_equal(turn[i].state, TURN_OUT);
	}
	assert_int_equal(turns_waiting(turns), 0);
	turns_free(turns);
}

static void
expect_ask(unsigned i, struct slice key, enum turns_answer answer)
{
	static const enum turn_state states[] = {
		[TURNS_GO] = TURN_GOING,
		[TURNS_WAIT] = TURN_QUEUED,
		[TURNS_DOWN] = TURN_OUT,
	};

	assert_int_equal(turns_ask(turns, &turn[i], key, now_ms), answer);
	assert_int_equal(turn[i].state, states[answer]);
}

static void
expect_next(unsigned i)
{
	bool is_down = true;

	assert_ptr_equal(turns_next(turns, now_ms, &is_down), &turn[i]);
	assert_false(is_down);
	assert_int_equal(turn[i].state, TURN_GOING);
}

static void
expect_sent_home(unsigned i)
{
	bool is_down = false;

	assert_ptr_equal(turns_next(turns, now_ms, &is_down), &turn[i]);
	assert_true(is_down);
	assert_int_equal(turn[i].state, TURN_OUT);
}

static void
expect_none(void)
{
	bool is_down = true;

	assert_null(turns_next(turns, now_ms, &is_down));
	assert_false(is_down);
}

static void
leave(unsigned i)
{
	turns_leave(turns, &turn[i], now_ms);
}

static void
without_limits_everything_goes_and_nothing_is_kept(void **state)
{
	(void)state;
	open_turns((struct turns_limits){ 0 });
	refuse_begin(1);
	for (unsigned i = 0; i < TURNS; i++) {
		expect_ask(i, A, TURNS_GO);
		assert_null(turn[i].host);
	}
	assert_false(turns_note_connect(turns, A, false, now_ms));
	assert_false(refuse_end());
	assert_int_equal(turns_waiting(turns), 0);
	assert_true(turns_due_ms(turns) == INT64_MAX);
	expect_none();
	close_turns();
}

static void
no_more_than_the_limit_are_under_way_to_a_host(void **state)
{
	(void)state;
	open_turns((struct turns_limits){ .max_per_host = 2 });
	expect_ask(0, A, TURNS_GO);
	expect_ask(1, A, TURNS_GO);
	expect_ask(2, A, TURNS_WAIT);
	expect_ask(3, A, TURNS_WAIT);
	expect_ask(4, B, TURNS_GO);
	now_ms += 1000000;
	expect_none();
	assert_true(turns_due_ms(turns) == INT64_MAX);
	assert_int_equal(turns_waiting(turns), 2);
	leave(1);
	assert_int_equal(turns_due_ms(turns), 0);
	expect_next(2);
	expect_none();
	leave(4);
	expect_none();
	leave(0);
	leave(2);
	expect_next(3);
	expect_ask(5, A, TURNS_GO);
	close_turns();
}

static void
within_a_host_it_is_first_come_first_served(void **state)
{
	(void)state;
	open_turns((struct turns_limits){ .max_per_host = 1 });
	expect_ask(0, A, TURNS_GO);
	for (unsigned i = 1; i < 10; i++)
		expect_ask(i, A, TURNS_WAIT);
	leave(5); /* out of the middle */
	for (unsigned i = 0; i < 9; i++) {
		if (i == 5)
			continue;
		leave(i);
		/* Nobody comes between. */
		expect_ask(20 + i, A, TURNS_WAIT);
		expect_next(i == 4 ? 6 : i + 1);
	}
	close_turns();
}

static void
hosts_take_turns(void **state)
{
	(void)state;
	open_turns((struct turns_limits){ 0 });
	turns_park(turns, A, now_ms + 10, now_ms);
	turns_park(turns, B, now_ms + 10, now_ms);
	turns_park(turns, C, now_ms + 11, now_ms);
	for (unsigned i = 0; i < 4; i++)
		expect_ask(i, A, TURNS_WAIT);
	for (unsigned i = 4; i < 6; i++)
		expect_ask(i, B, TURNS_WAIT);
	expect_ask(6, C, TURNS_WAIT);
	assert_int_equal(turns_due_ms(turns), now_ms + 10);
	now_ms += 9;
	expect_none();
	now_ms += 1;
	expect_next(0);
	expect_next(4);
	now_ms += 1;
	expect_next(1);
	expect_next(5);
	expect_next(6);
	expect_next(2);
	expect_next(3);
	expect_none();
	close_turns();
}

static void
a_parked_host_is_left_alone_while_others_go_on(void **state)
{
	(void)state;
	open_turns((struct turns_limits){ 0 });
	expect_ask(0, A, TURNS_GO); /* before anything is known of it */
	turns_park(turns, A, now_ms + 500, now_ms);
	turns_park(turns, A, now_ms + 100, now_ms); /* no earlier than that */
	turns_park(turns, B, now_ms, now_ms);       /* has passed */
	assert_int_equal(turns_parked(turns, now_ms), 1);
	leave(0);
	expect_ask(0, A, TURNS_WAIT);
	expect_ask(1, B, TURNS_GO);
	assert_int_equal(turns_due_ms(turns), now_ms + 500);
	now_ms += 499;
	expect_none();
	expect_ask(2, C, TURNS_GO);
	turns_park(turns, A, now_ms + 1000, now_ms); /* but later */
	now_ms += 999;
	expect_none();
	assert_int_equal(turns_parked(turns, now_ms), 1);
	now_ms += 1;
	assert_int_equal(turns_parked(turns, now_ms), 0);
	expect_next(0);
	expect_ask(3, A, TURNS_GO);
	close_turns();
}

/* Only when the time that it waits for has come is its host looked at. */
static void
who_waits_for_a_time_obeys_a_park_that_comes_later(void **state)
{
	(void)state;
	open_turns((struct turns_limits){ 0 });
	turns_wait(turns, &turn[0], A, now_ms + 100);
	turns_wait(turns, &turn[1], B, now_ms + 100);
	turns_wait(turns, &turn[2], C, now_ms - 5);
	assert_int_equal(turn[0].state, TURN_DELAYED);
	assert_int_equal(turns_waiting(turns), 3);
	turns_park(turns, A, now_ms + 300, now_ms);
	expect_next(2);
	assert_int_equal(turns_due_ms(turns), now_ms + 100);
	now_ms += 99;
	expect_none();
	now_ms += 1;
	expect_next(1);
	expect_none();
	assert_int_equal(turns_due_ms(turns), now_ms + 200);
	now_ms += 200;
	expect_next(0);
	close_turns();
}

static void
who_waits_for_a_time_comes_before_who_asks_later(void **state)
{
	(void)state;
	open_turns((struct turns_limits){ .max_per_host = 1 });
	turns_wait(turns, &turn[0], A, now_ms + 100);
	now_ms += 100;
	expect_ask(1, A, TURNS_WAIT);
	expect_next(0);
	leave(0);
	expect_next(1);
	/* But does not hold up whom it would not have met. */
	turns_wait(turns, &turn[0], A, now_ms + 100);
	leave(1);
	expect_ask(2, A, TURNS_GO);
	close_turns();
}

static void
where_the_pace_of_all_decides_an_ask_overtakes_nobody(void **state)
{
	(void)state;
	open_turns((struct turns_limits){ .rate = { 1, 1000 } });
	expect_ask(0, A, TURNS_GO);
	expect_ask(1, A, TURNS_WAIT);
	turns_wait(turns, &turn[2], B, now_ms + 100);
	assert_int_equal(turns_due_ms(turns), now_ms + 1000);
	now_ms += 1000;
	assert_true(turns_are_open(turns, now_ms));
	expect_ask(3, C, TURNS_WAIT);
	expect_next(1);
	assert_false(turns_are_open(turns, now_ms));
	expect_none();
	now_ms = turns_open_ms(turns);
	expect_next(2);
	now_ms += 1000;
	expect_next(3);
	now_ms += 1000;
	expect_ask(4, C, TURNS_GO);
	/* A parked host does not count. */
	turns_park(turns, A, now_ms + 1000000, now_ms);
	leave(0);
	expect_ask(0, A, TURNS_WAIT);
	now_ms += 1000;
	expect_ask(5, B, TURNS_GO);
	close_turns();
}

/* Ask and, as the engine does, begin whoever may; how many began before
 * `end_ms` with three hosts that always want. */
static unsigned
run_until(int64_t end_ms, int64_t step_ms, unsigned begun[3])
{
	const struct slice keys[] = { A, B, C };
	unsigned total = 0;
	bool is_down;

	for (; now_ms < end_ms; now_ms += step_ms) {
		struct turn *next;

		for (unsigned i = 0; i < TURNS; i++) {
			if (turn[i].state == TURN_OUT &&
			    turns_ask(turns, &turn[i], keys[i % 3], now_ms) ==
				TURNS_GO) {
				leave(i);
				begun[i % 3]++;
				total++;
			}
		}
		while ((next = turns_next(turns, now_ms, &is_down)) != NULL) {
			begun[(next - turn) % 3]++;
			total++;
			turns_leave(turns, next, now_ms);
			assert_int_equal(turns_ask(turns, next,
					     keys[(next - turn) % 3], now_ms),
			    TURNS_WAIT);
		}
	}
	return total;
}

static void
rates_are_kept_over_ten_seconds(void **state)
{
	static const struct {
		struct turns_limits limits;
		unsigned expected; /* in 10 s */
		unsigned each;     /* of it, for each of the three hosts */
	} rows[] = {
		{ { .rate = { 200, 1000 } }, 2000, 666 },
		{ { .rate = { 5, 1000 } }, 50, 16 },
		{ { .rate = { 9000, 1000 } }, 90000, 30000 },
		{ { .rate = { 7200, 3600000 } }, 20, 6 },
		{ { .rate_per_host = { 50, 1000 } }, 1500, 500 },
		{ { .rate_per_host = { 2, 1000 } }, 60, 20 },
		{ { .rate_per_host = { 4000, 1000 } }, 120000, 40000 },
		{ { .rate = { 90, 1000 }, .rate_per_host = { 50, 1000 } }, 900,
		    300 },
		{ { .rate = { 200, 1000 }, .rate_per_host = { 50, 1000 } },
		    1500, 500 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned begun[3] = { 0 };
		unsigned total;

		open_turns(rows[i].limits);
		total = run_until(now_ms + 10000, 1, begun);
		/* One is due at the beginning, for each host; what comes in
		 * the last millisecond is not seen any more. */
		if (total + rows[i].expected / 10000 + 1 < rows[i].expected ||
		    total > rows[i].expected + 3 + rows[i].expected / 500)
			fail_msg("row %zu: %u instead of %u", i, total,
			    rows[i].expected);
		for (unsigned k = 0; k < 3; k++) {
			if (begun[k] + rows[i].each / 1000 + 1 < rows[i].each ||
			    begun[k] > rows[i].each + 2 + rows[i].each / 50)
				fail_msg("row %zu: host %u: %u instead of %u",
				    i, k, begun[k], rows[i].each);
		}
		close_turns();
	}
}

static void
a_rate_is_kept_when_the_loop_is_late(void **state)
{
	static const int64_t steps_ms[] = { 2, 5, 17, 40, 99 };

	(void)state;
	for (size_t i = 0; i < COUNT(steps_ms); i++) {
		unsigned begun[3] = { 0 };
		unsigned total;

		open_turns((struct turns_limits){ .rate = { 300, 1000 } });
		total = run_until(now_ms + 10000, steps_ms[i], begun);
		if (total < 2940 || total > 3060)
			fail_msg("every %lld ms: %u instead of 3000",
			    (long long)steps_ms[i], total);
		close_turns();
	}
}

static void
the_pace_of_a_host_outlives_its_turns(void **state)
{
	(void)state;
	open_turns((struct turns_limits){ .rate_per_host = { 1, 3600000 } });
	expect_ask(0, A, TURNS_GO);
	leave(0);
	now_ms += 3599999;
	expect_ask(0, A, TURNS_WAIT);
	expect_ask(1, B, TURNS_GO);
	leave(0);
	now_ms += 1;
	expect_ask(0, A, TURNS_GO);
	close_turns();
}

static void
a_host_is_down_after_so_many_failures_in_a_row(void **state)
{
	(void)state;
	open_turns((struct turns_limits){ .max_host_errors = 3 });
	for (int i = 0; i < 5; i++) {
		assert_false(turns_note_connect(turns, A, false, now_ms));
		assert_false(turns_note_connect(turns, A, false, now_ms));
		assert_false(turns_note_connect(turns, A, true, now_ms));
		assert_false(turns_note_connect(turns, B, true, now_ms));
	}
	expect_ask(0, A, TURNS_GO);
	assert_false(turns_note_connect(turns, A, false, now_ms));
	now_ms += 1000000; /* in a row, however slow */
	assert_false(turns_note_connect(turns, A, false, now_ms));
	assert_true(turns_note_connect(turns, A, false, now_ms));
	assert_false(turns_note_connect(turns, A, false, now_ms));
	expect_ask(1, A, TURNS_DOWN);
	expect_ask(2, B, TURNS_GO);
	/* For good: what was under way has connected after all. */
	assert_false(turns_note_connect(turns, A, true, now_ms));
	expect_ask(1, A, TURNS_DOWN);
	assert_false(turns_give_up(turns, A, now_ms));
	close_turns();
}

static void
who_waits_for_a_host_that_goes_down_is_sent_home_at_once(void **state)
{
	(void)state;
	open_turns((struct turns_limits){
	    .max_per_host = 1, .max_host_errors = 1, .rate = { 1, 1000 } });
	expect_ask(0, A, TURNS_GO);
	expect_ask(1, A, TURNS_WAIT);
	turns_wait(turns, &turn[2], A, now_ms + 3600000);
	expect_ask(3, B, TURNS_WAIT);
	turns_park(turns, A, now_ms + 1000, now_ms);
	expect_none();
	assert_true(turns_give_up(turns, A, now_ms));
	assert_int_equal(turns_due_ms(turns), 0);
	expect_sent_home(1);
	expect_sent_home(2);
	expect_none();
	assert_int_equal(turns_due_ms(turns), now_ms + 1000);
	turns_wait(turns, &turn[4], A, now_ms + 3600000);
	expect_sent_home(4);
	now_ms += 1000;
	expect_next(3);
	close_turns();
}

static void
what_is_remembered_of_hosts_is_bounded(void **state)
{
	char key[32];
	unsigned count = KNOWN_HOSTS_IDLE_MAX + 1000;

	(void)state;
	open_turns((struct turns_limits){ 0 });
	expect_ask(0, A, TURNS_GO);
	turns_park(turns, A, now_ms + 5000, now_ms);
	turns_park(turns, B, now_ms + 5000, now_ms);
	leave(0);
	expect_ask(0, B, TURNS_WAIT); /* held */
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(key, sizeof(key), "http://%u:80", i);
		turns_park(turns, slice_str(key), now_ms + 5000, now_ms);
		if (i == 5000) { /* again: it is not the oldest any more */
			turns_park(turns, slice_str("http://0:80"),
			    now_ms + 5001, now_ms);
		}
	}
	assert_int_equal(turns_parked(turns, now_ms), KNOWN_HOSTS_IDLE_MAX + 1);
	/* The first 1001 that were let go of are forgotten. */
	expect_ask(1, A, TURNS_GO);
	expect_ask(2, slice_str("http://1:80"), TURNS_GO);
	expect_ask(3, slice_str("http://1000:80"), TURNS_GO);
	expect_ask(4, slice_str("http://1001:80"), TURNS_WAIT);
	expect_ask(5, slice_str(key), TURNS_WAIT);
	expect_ask(6, slice_str("http://0:80"), TURNS_WAIT);
	/* All is forgotten in time. */
	now_ms += 5000;
	for (unsigned i = 0; i < 3; i++)
		assert_non_null(turns_next(turns, now_ms, &(bool){ false }));
	expect_none();
	now_ms += 1;
	expect_next(6);
	for (unsigned i = 0; i < TURNS; i++)
		leave(i);
	expect_ask(0, A, TURNS_GO);
	assert_null(turn[0].host);
	close_turns();
}

static void
a_million_that_wait_for_one_host_hold_up_nobody(void **state)
{
	const struct turns_limits limits = { .max_per_host = 1 };
	struct turn *many = malloc(MANY * sizeof(*many));
	struct turn other[2];
	bool is_down;

	(void)state;
	assert_non_null(many);
	now_ms = START_MS;
	assert_false(err_is(turns_new(&limits, MANY + 2, &turns)));
	turns_park(turns, A, now_ms + 2 * MANY, now_ms);
	turn_init(&other[0]);
	turn_init(&other[1]);
	/* If one step looked at all, this would take hours. */
	for (unsigned i = 0; i < MANY; i++) {
		turn_init(&many[i]);
		if (i % 3 == 0)
			turns_wait(turns, &many[i], A, now_ms + MANY);
		else
			assert_int_equal(
			    turns_ask(turns, &many[i], A, now_ms), TURNS_WAIT);
		assert_int_equal(
		    turns_ask(turns, &other[0], B, now_ms), TURNS_GO);
		assert_int_equal(
		    turns_ask(turns, &other[1], B, now_ms), TURNS_WAIT);
		assert_null(turns_next(turns, now_ms, &is_down));
		turns_leave(turns, &other[0], now_ms);
		assert_ptr_equal(
		    turns_next(turns, now_ms, &is_down), &other[1]);
		turns_leave(turns, &other[1], now_ms);
		assert_int_equal(turns_waiting(turns), i + 1);
		now_ms++;
	}
	for (unsigned i = 0; i < MANY; i++)
		turns_leave(turns, &many[i], now_ms);
	turns_free(turns);
	free(many);
}

static void
a_host_that_there_was_no_memory_for_is_found_later(void **state)
{
	struct slice key = exact_copy(A);

	(void)state;
	open_turns((struct turns_limits){ 0 });
	refuse_begin(1);
	turns_wait(turns, &turn[0], key, now_ms + 10);
	assert_true(refuse_end());
	turns_park(turns, A, now_ms + 20, now_ms);
	now_ms += 10;
	expect_none();
	now_ms += 10;
	expect_next(0);
	close_turns();
	exact_free(key);
}

static void
where_memory_is_short_limits_hold_all_the_same(void **state)
{
	(void)state;
	open_turns((struct turns_limits){ .rate = { 1, 1000 } });
	expect_ask(0, A, TURNS_GO);
	refuse_begin(1);
	assert_int_equal(turns_ask(turns, &turn[1], B, now_ms), TURNS_WAIT);
	assert_true(refuse_end());
	assert_int_equal(turn[1].state, TURN_DELAYED);
	assert_int_equal(turns_waiting(turns), 1);
	now_ms += 999;
	refuse_begin(1);
	expect_none();
	assert_true(refuse_end());
	assert_int_equal(turn[1].state, TURN_DELAYED);
	assert_int_equal(turns_waiting(turns), 1);
	assert_true(turns_due_ms(turns) > now_ms);
	assert_true(turns_due_ms(turns) <= now_ms + 1000);
	now_ms = turns_due_ms(turns);
	expect_next(1);
	/* And what must be remembered is lost without harm. */
	refuse_begin(1);
	turns_park(turns, C, now_ms + 1000, now_ms);
	assert_true(refuse_end());
	refuse_begin(1);
	assert_true(turns_give_up(turns, C, now_ms));
	assert_true(refuse_end());
	now_ms += 1000;
	expect_ask(3, C, TURNS_GO);
	close_turns();
}

static void
fails_to_begin_only_for_lack_of_memory(void **state)
{
	const struct turns_limits limits = { .max_per_host = 1 };
	size_t refused = 0;

	(void)state;
	for (size_t n = 1;; n++) {
		struct err err;

		refuse_begin(n);
		err = turns_new(&limits, TURNS, &turns);
		if (!refuse_end()) {
			assert_false(err_is(err));
			break;
		}
		assert_int_equal(err.kind, ERR_NOMEM);
		refused++;
	}
	assert_true(refused >= 4);
	turns_free(turns);
	turns_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    without_limits_everything_goes_and_nothing_is_kept),
		cmocka_unit_test(
		    no_more_than_the_limit_are_under_way_to_a_host),
		cmocka_unit_test(within_a_host_it_is_first_come_first_served),
		cmocka_unit_test(hosts_take_turns),
		cmocka_unit_test(
		    a_parked_host_is_left_alone_while_others_go_on),
		cmocka_unit_test(
		    who_waits_for_a_time_obeys_a_park_that_comes_later),
		cmocka_unit_test(
		    who_waits_for_a_time_comes_before_who_asks_later),
		cmocka_unit_test(
		    where_the_pace_of_all_decides_an_ask_overtakes_nobody),
		cmocka_unit_test(rates_are_kept_over_ten_seconds),
		cmocka_unit_test(a_rate_is_kept_when_the_loop_is_late),
		cmocka_unit_test(the_pace_of_a_host_outlives_its_turns),
		cmocka_unit_test(
		    a_host_is_down_after_so_many_failures_in_a_row),
		cmocka_unit_test(
		    who_waits_for_a_host_that_goes_down_is_sent_home_at_once),
		cmocka_unit_test(what_is_remembered_of_hosts_is_bounded),
		cmocka_unit_test(
		    a_million_that_wait_for_one_host_hold_up_nobody),
		cmocka_unit_test(
		    a_host_that_there_was_no_memory_for_is_found_later),
		cmocka_unit_test(
		    where_memory_is_short_limits_hold_all_the_same),
		cmocka_unit_test(fails_to_begin_only_for_lack_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
