/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=epoll_ctl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"

#include "conn_bench.h"
#include "net/dial.h"
#include "refuse.h"
#include "route/addresses.h"
#include "route/sources.h"

/* A dial, its plan, and what it told. */
static struct {
	struct endpoint addrs[BENCH_ADDRS_MAX];
	struct conn_plan plan;
	struct dial *dial; /* NULL after its end */
	unsigned ends;
	int fd;
	size_t at;
	struct err err;
} race;

static int refused_ctl; /* adding the n-th watch from now on fails; 0: none */

int __real_epoll_ctl(int fd, int op, int of, struct epoll_event *event);
int __wrap_epoll_ctl(int fd, int op, int of, struct epoll_event *event);

int
__wrap_epoll_ctl(int fd, int op, int of, struct epoll_event *event)
{
	if (op == EPOLL_CTL_ADD && refused_ctl > 0 && --refused_ctl == 0) {
		errno = ENOSPC;
		return -1;
	}
	return __real_epoll_ctl(fd, op, of, event);
}

static void
race_open(void)
{
	bench_open();
	assert_false(err_is(addresses_new(&bench.env.addresses)));
	memset(&race, 0, sizeof(race));
	race.plan.addrs = race.addrs;
	race.plan.name = slice_str("a.test");
	race.fd = -1;
	refused_ctl = 0;
}

static void
race_close(void)
{
	dial_cancel(race.dial);
	if (race.fd != -1)
		(void)close(race.fd);
	addresses_free(bench.env.addresses);
	sources_free(bench.env.sources);
	bench_close();
}

static int
race_setup(void **state)
{
	(void)state;
	race_open();
	return 0;
}

static int
race_teardown(void **state)
{
	(void)state;
	race_close();
	return 0;
}

static void
add_way(const char *addr, enum fake_fate fate, int sys)
{
	fake_add_way(
	    &(struct fake_way){ .addr = addr, .fate = fate, .sys = sys });
}

static void
plan_to(const char *addr)
{
	assert_true(race.plan.count < BENCH_ADDRS_MAX);
	assert_true(endpoint_parse(
	    slice_str(addr), 80, &race.addrs[race.plan.count++]));
}

/* 192.0.2.1 to 192.0.2.`count`, all of which hang. */
static void
plan_to_silent(unsigned count)
{
	static const char *const addrs[] = { "192.0.2.1", "192.0.2.2",
		"192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6" };

	assert_true(count <= COUNT(addrs));
	for (unsigned i = 0; i < count; i++) {
		add_way(addrs[i], FAKE_HANGS, 0);
		plan_to(addrs[i]);
	}
}

static void
on_end(void *ctx, int fd, size_t at, struct err err)
{
	assert_ptr_equal(ctx, &race);
	race.dial = NULL;
	race.ends++;
	race.fd = fd;
	race.at = at;
	race.err = err;
}

/* Hand the first attempt over, as a connection does after a while. */
static void
race_begin(void)
{
	int fd;

	assert_false(err_is(dial_open(&bench.env, &race.addrs[0], &fd)));
	assert_false(err_is(dial_new(&bench.env, &race.plan, fd, 0, err_none(),
	    on_end, &race, &race.dial)));
	assert_int_equal(race.ends, 0);
}

/* The order that is known for them, as "192.0.2.2 192.0.2.1". */
static void
expect_order(const char *expected)
{
	char text[BENCH_ADDRS_MAX * ENDPOINT_TEXT_MAX] = "";
	struct endpoint addrs[BENCH_ADDRS_MAX];

	memcpy(addrs, race.addrs, sizeof(addrs));
	addresses_order(bench.env.addresses, race.plan.name, addrs,
	    race.plan.count, reactor_now_ms(bench.reactor));
	for (size_t i = 0; i < race.plan.count; i++) {
		char one[ENDPOINT_TEXT_MAX];

		strcat(text, i > 0 ? " " : "");
		strcat(text, endpoint_format(&addrs[i], one));
	}
	assert_string_equal(text, expected);
}

/* ---- One attempt -------------------------------------------------------- */

static void
come_from(const char *text)
{
	const char *bad;

	assert_false(err_is(sources_new(&text, 1, &bench.env.sources, &bad)));
}

static void
takes_its_sources_in_turn(void **state)
{
	struct endpoint ep;
	int fd;

	(void)state;
	come_from("127.0.0.2,127.0.0.3");
	assert_true(endpoint_parse(slice_str("192.0.2.1"), 80, &ep));
	for (int i = 0; i < 3; i++) {
		assert_false(err_is(dial_open(&bench.env, &ep, &fd)));
		(void)close(fd);
	}
	assert_true(endpoint_local("/a", &ep));
	assert_false(err_is(dial_open(&bench.env, &ep, &fd)));
	(void)close(fd);
	assert_string_equal(fake_tried,
	    "192.0.2.1<127.0.0.2 192.0.2.1<127.0.0.3 192.0.2.1<127.0.0.2 ");
}

static void
add_way_from(const char *from, enum fake_fate fate, int sys)
{
	fake_add_way(&(struct fake_way){
	    .addr = "192.0.2.1", .from = from, .fate = fate, .sys = sys });
}

#define FROM_2 "192.0.2.1<127.0.0.2"
#define FROM_BOTH FROM_2 " 192.0.2.1<127.0.0.3"

/* What becomes of it by each of two sources, and what that comes to. */
static void
a_source_without_a_port_gives_way_to_the_next(void **state)
{
	static const struct {
		enum fake_fate fates[2];
		int sys[2];
		struct err err;
		const char *tried;
	} cases[] = {
		{ { FAKE_NO_PORT, FAKE_CONNECTS }, { 0, 0 },
		    { .kind = ERR_NONE }, FROM_BOTH },
		{ { FAKE_NO_PORT, FAKE_NO_PORT }, { 0, 0 },
		    { ERR_SHORTAGE, EADDRNOTAVAIL, NULL }, FROM_BOTH },
		{ { FAKE_NO_PORT, FAKE_FAILS }, { 0, EHOSTUNREACH },
		    { ERR_CONNECT, EHOSTUNREACH, NULL }, FROM_BOTH },
		/* The address itself is gone. */
		{ { FAKE_FAILS, FAKE_CONNECTS }, { EADDRNOTAVAIL, 0 },
		    { .kind = ERR_NONE }, FROM_BOTH },
		{ { FAKE_FAILS, FAKE_FAILS }, { EADDRNOTAVAIL, EADDRNOTAVAIL },
		    { ERR_CONNECT, EADDRNOTAVAIL, NULL }, FROM_BOTH },
		{ { FAKE_NO_PORT, FAKE_FAILS }, { 0, EADDRNOTAVAIL },
		    { ERR_SHORTAGE, EADDRNOTAVAIL, NULL }, FROM_BOTH },
		{ { FAKE_FAILS, FAKE_NO_PORT }, { EADDRNOTAVAIL, 0 },
		    { ERR_SHORTAGE, EADDRNOTAVAIL, NULL }, FROM_BOTH },
		/* That the other one would fare no better with. */
		{ { FAKE_FAILS, FAKE_CONNECTS }, { EMFILE, 0 },
		    { ERR_SHORTAGE, EMFILE, NULL }, FROM_2 },
		{ { FAKE_FAILS, FAKE_CONNECTS }, { EHOSTUNREACH, 0 },
		    { ERR_CONNECT, EHOSTUNREACH, NULL }, FROM_2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct endpoint ep;
		struct err err;
		int fd = -1;

		race_open();
		add_way_from("127.0.0.2", cases[i].fates[0], cases[i].sys[0]);
		add_way_from("127.0.0.3", cases[i].fates[1], cases[i].sys[1]);
		come_from("127.0.0.2,127.0.0.3");
		assert_true(endpoint_parse(slice_str("192.0.2.1"), 80, &ep));
		err = dial_open(&bench.env, &ep, &fd);
		assert_int_equal(err.kind, cases[i].err.kind);
		assert_int_equal(err.sys, cases[i].err.sys);
		assert_string_equal(fake_tried, cases[i].tried);
		if (fd != -1)
			(void)close(fd);
		race_close();
	}
}

static void
a_family_without_a_source_is_not_connected_to(void **state)
{
	struct endpoint ep;
	struct err err;
	int fd;

	(void)state;
	come_from("127.0.0.2");
	assert_true(endpoint_parse(slice_str("2001:db8::1"), 80, &ep));
	err = dial_open(&bench.env, &ep, &fd);
	assert_int_equal(err.kind, ERR_CONNECT);
	assert_int_equal(err.sys, EAFNOSUPPORT);
	assert_string_equal(
	    err.why, "--interface has no address of this family");
	assert_string_equal(fake_tried, "");
}

/* ---- Several that fail at once ------------------------------------------ */

static void
passes_over_what_fails_at_once(void **state)
{
	static const struct {
		int sys[3]; /* of the three addresses; 0: connects */
		bool begins;
		size_t at;
		enum err_kind kind; /* the verdict */
		int err_sys;
	} cases[] = {
		{ { 0, 0, 0 }, true, 0, ERR_NONE, 0 },
		{ { EHOSTUNREACH, 0, 0 }, true, 1, ERR_CONNECT, EHOSTUNREACH },
		{ { ENETUNREACH, EACCES, 0 }, true, 2, ERR_CONNECT, EACCES },
		{ { EACCES, ENETUNREACH, EPERM }, false, 3, ERR_CONNECT,
		    EACCES },
		{ { EAFNOSUPPORT, ENETUNREACH, ENETUNREACH }, false, 3,
		    ERR_CONNECT, EAFNOSUPPORT },
		{ { EACCES, EMFILE, 0 }, false, 1, ERR_SHORTAGE, EMFILE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const char *const addrs[] = { "192.0.2.1", "192.0.2.2",
			"192.0.2.3" };
		struct err err = err_none();
		size_t at = 0;
		int fd = -1;

		race_open();
		for (size_t k = 0; k < COUNT(addrs); k++) {
			if (cases[i].sys[k] != 0)
				add_way(addrs[k], FAKE_FAILS, cases[i].sys[k]);
			plan_to(addrs[k]);
		}
		assert_int_equal(
		    dial_begin(&bench.env, &race.plan, &at, &fd, &err),
		    cases[i].begins);
		assert_int_equal(at, cases[i].at);
		assert_int_equal(err.kind, cases[i].kind);
		assert_int_equal(err.sys, cases[i].err_sys);
		assert_int_equal(fd != -1, cases[i].begins);
		if (fd != -1)
			(void)close(fd);
		race_close();
	}
}

/* Others have ports of their own; it is not the address's fault, and worth
 * waiting for should the others fail. */
static void
an_address_without_a_port_left_gives_way_to_the_next(void **state)
{
	struct err err = err_none();
	size_t at = 0;
	int fd;

	(void)state;
	add_way("2001:db8::1", FAKE_NO_PORT, 0);
	add_way("192.0.2.3", FAKE_FAILS, EHOSTUNREACH);
	plan_to("2001:db8::1");
	plan_to("192.0.2.2");
	plan_to("192.0.2.3");
	assert_true(dial_begin(&bench.env, &race.plan, &at, &fd, &err));
	(void)close(fd);
	assert_int_equal(at, 1);
	assert_int_equal(err.kind, ERR_SHORTAGE);
	expect_order("2001:db8::1 192.0.2.2 192.0.2.3");
	at = 2;
	assert_false(dial_begin(&bench.env, &race.plan, &at, &fd, &err));
	assert_int_equal(at, 3);
	assert_int_equal(err.kind, ERR_SHORTAGE);
	assert_int_equal(err.sys, EADDRNOTAVAIL);
	expect_order("2001:db8::1 192.0.2.2 192.0.2.3");
}

static void
the_verdict_is_the_first_failure_of_an_address(void **state)
{
	static const struct {
		struct err before;
		struct err err;
		bool is_new;
	} cases[] = {
		{ { .kind = ERR_NONE }, { ERR_CONNECT, ENETUNREACH, NULL },
		    true },
		{ { ERR_CONNECT, ENETUNREACH, NULL },
		    { ERR_CONNECT, EAFNOSUPPORT, NULL }, false },
		{ { ERR_CONNECT, ENETUNREACH, NULL },
		    { ERR_CONNECT, ECONNREFUSED, NULL }, true },
		{ { ERR_CONNECT, ECONNREFUSED, NULL },
		    { ERR_CONNECT, ETIMEDOUT, NULL }, false },
		{ { ERR_CONNECT, ECONNREFUSED, NULL }, { .kind = ERR_NONE },
		    false },
		{ { ERR_CONNECT, ECONNREFUSED, NULL },
		    { ERR_SHORTAGE, EADDRNOTAVAIL, NULL }, true },
		{ { ERR_SHORTAGE, EADDRNOTAVAIL, NULL },
		    { ERR_CONNECT, ECONNREFUSED, NULL }, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = dial_verdict(cases[i].before, cases[i].err);
		struct err expected =
		    cases[i].is_new ? cases[i].err : cases[i].before;

		assert_int_equal(err.kind, expected.kind);
		assert_int_equal(err.sys, expected.sys);
	}
}

/* ---- The race ----------------------------------------------------------- */

static void
tries_another_address_every_250_ms(void **state)
{
	(void)state;
	plan_to_silent(3);
	race_begin();
	bench_run();
	assert_string_equal(fake_tried, "192.0.2.1 192.0.2.2");
	bench_run_after(DIAL_DELAY_MS - 1);
	assert_string_equal(fake_tried, "192.0.2.1 192.0.2.2");
	bench_run_after(1);
	assert_string_equal(fake_tried, "192.0.2.1 192.0.2.2 192.0.2.3");
	bench_run_after(60000);
	assert_string_equal(fake_tried, "192.0.2.1 192.0.2.2 192.0.2.3");
	assert_int_equal(race.ends, 0);
}

static void
the_first_that_stands_wins_and_the_others_are_closed(void **state)
{
	(void)state;
	for (unsigned winner = 0; winner < 3; winner++) {
		race_open();
		plan_to_silent(3);
		race_begin();
		bench_run();
		bench_run_after(DIAL_DELAY_MS);
		fake_drain(winner);
		bench_run();
		assert_int_equal(race.ends, 1);
		assert_int_equal(race.at, winner);
		assert_int_equal(race.err.kind, ERR_NONE);
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(fake_hears_end(i), i != winner);
		bench_run_after(60000);
		assert_int_equal(race.ends, 1);
		race_close();
	}
}

static void
whoever_began_before_the_winner_is_passed_over_for_a_while(void **state)
{
	(void)state;
	plan_to_silent(3);
	race_begin();
	bench_run();
	bench_run_after(DIAL_DELAY_MS);
	fake_drain(1);
	bench_run();
	assert_int_equal(race.at, 1);
	expect_order("192.0.2.2 192.0.2.3 192.0.2.1");
}

static void
goes_on_at_once_when_an_attempt_fails(void **state)
{
	(void)state;
	add_way("192.0.2.1", FAKE_HANGS, 0);
	add_way("192.0.2.2", FAKE_REFUSED, 0);
	add_way("192.0.2.3", FAKE_FAILS, EHOSTUNREACH);
	plan_to("192.0.2.1");
	plan_to("192.0.2.2");
	plan_to("192.0.2.3");
	plan_to("192.0.2.4");
	race_begin();
	bench_run();
	assert_string_equal(
	    fake_tried, "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4");
	assert_int_equal(race.ends, 1);
	assert_int_equal(race.at, 3);
	expect_order("192.0.2.4 192.0.2.1 192.0.2.2 192.0.2.3");
}

static void
ends_with_the_first_failure_when_all_have_failed(void **state)
{
	(void)state;
	add_way("192.0.2.1", FAKE_FAILS, EHOSTUNREACH);
	add_way("192.0.2.2", FAKE_REFUSED, 0);
	plan_to("2001:db8::1");
	plan_to("192.0.2.1");
	plan_to("192.0.2.2");
	assert_false(err_is(dial_new(&bench.env, &race.plan, -1, 0,
	    err_code(ERR_CONNECT, ENETUNREACH), on_end, &race, &race.dial)));
	assert_int_equal(race.ends, 0);
	bench_run();
	assert_int_equal(race.ends, 1);
	assert_int_equal(race.fd, -1);
	assert_int_equal(race.err.kind, ERR_CONNECT);
	assert_int_equal(race.err.sys, EHOSTUNREACH);
	assert_string_equal(fake_tried, "192.0.2.1 192.0.2.2");
}

/* So that a host with many addresses takes no more descriptors. */
static void
has_four_attempts_under_way_at_most(void **state)
{
	(void)state;
	plan_to_silent(6);
	race_begin();
	for (int i = 0; i < 6; i++) {
		bench_run();
		bench_run_after(DIAL_DELAY_MS);
	}
	assert_int_equal(fake_peer_count, DIAL_ATTEMPTS_MAX);
	/* The first had begun 250 ms before the race. */
	bench_run_after(DIAL_PATIENCE_MS - 7 * DIAL_DELAY_MS - 1);
	assert_int_equal(fake_peer_count, DIAL_ATTEMPTS_MAX);
	bench_run_after(1);
	assert_int_equal(fake_peer_count, DIAL_ATTEMPTS_MAX + 1);
	assert_true(fake_hears_end(0));
	bench_run_after(DIAL_DELAY_MS);
	assert_int_equal(fake_peer_count, DIAL_ATTEMPTS_MAX + 2);
	assert_true(fake_hears_end(1));
	expect_order("192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.1 "
		     "192.0.2.2");
	/* Nobody has to give way any more. */
	bench_run_after(60000);
	for (unsigned i = 2; i < 6; i++)
		assert_false(fake_hears_end(i));
	assert_int_equal(race.ends, 0);
}

static void
a_shortage_waits_while_others_are_under_way(void **state)
{
	(void)state;
	add_way("192.0.2.1", FAKE_HANGS, 0);
	add_way("192.0.2.2", FAKE_FAILS, EMFILE);
	plan_to("192.0.2.1");
	plan_to("192.0.2.2");
	race_begin();
	bench_run();
	bench_run_after(DIAL_DELAY_MS);
	assert_string_equal(fake_tried, "192.0.2.1 192.0.2.2 192.0.2.2");
	assert_int_equal(race.ends, 0);
	fake_ways[1].fate = FAKE_CONNECTS;
	bench_run_after(DIAL_DELAY_MS);
	assert_int_equal(race.ends, 1);
	assert_int_equal(race.at, 1);
}

static void
a_shortage_ends_a_race_that_nobody_runs(void **state)
{
	(void)state;
	add_way("192.0.2.2", FAKE_FAILS, EMFILE);
	plan_to("192.0.2.1");
	plan_to("192.0.2.2");
	plan_to("192.0.2.3");
	assert_false(err_is(dial_new(&bench.env, &race.plan, -1, 0,
	    err_code(ERR_CONNECT, ECONNREFUSED), on_end, &race, &race.dial)));
	bench_run();
	assert_int_equal(race.ends, 1);
	assert_int_equal(race.fd, -1);
	assert_int_equal(race.err.kind, ERR_SHORTAGE);
	assert_int_equal(race.err.sys, EMFILE);
	assert_string_equal(fake_tried, "192.0.2.2");
}

/* The failure of an attempt must not hide that another would have had only to
 * wait for a descriptor. */
static void
a_shortage_is_met_again_when_the_last_attempt_fails(void **state)
{
	struct endpoint dead;
	int fd;

	(void)state;
	add_way("192.0.2.2", FAKE_FAILS, EMFILE);
	plan_to("192.0.2.1");
	plan_to("192.0.2.2");
	dead = fake_dead_end();
	assert_false(err_is(__real_sock_connect(&dead, NULL, &fd)));
	assert_false(err_is(dial_new(&bench.env, &race.plan, fd, 0, err_none(),
	    on_end, &race, &race.dial)));
	bench_run();
	assert_int_equal(race.ends, 1);
	assert_int_equal(race.err.kind, ERR_SHORTAGE);
	assert_int_equal(race.err.sys, EMFILE);
}

static void
what_cannot_be_watched_is_passed_over(void **state)
{
	(void)state;
	plan_to_silent(2);
	plan_to("192.0.2.9");
	race_begin();
	refused_ctl = 1;
	bench_run();
	assert_true(fake_hears_end(1));
	assert_int_equal(race.ends, 0);
	bench_run_after(DIAL_DELAY_MS);
	assert_int_equal(race.ends, 1);
	assert_int_equal(race.at, 2);
}

static void
what_cannot_be_watched_does_not_end_a_race(void **state)
{
	(void)state;
	plan_to("192.0.2.1");
	plan_to("192.0.2.2");
	plan_to("192.0.2.3");
	assert_false(err_is(dial_new(&bench.env, &race.plan, -1, 0,
	    err_code(ERR_CONNECT, ECONNREFUSED), on_end, &race, &race.dial)));
	refused_ctl = 1;
	bench_run();
	assert_string_equal(fake_tried, "192.0.2.2 192.0.2.3");
	assert_int_equal(race.ends, 1);
	assert_int_equal(race.at, 2);
	assert_int_equal(race.err.kind, ERR_NONE);
}

static void
a_race_that_is_broken_off_closes_all_and_tells_nobody(void **state)
{
	(void)state;
	plan_to_silent(3);
	race_begin();
	bench_run();
	dial_cancel(race.dial);
	race.dial = NULL;
	bench_run_after(60000);
	assert_int_equal(race.ends, 0);
	assert_int_equal(fake_peer_count, 2);
	assert_true(fake_hears_end(0));
	assert_true(fake_hears_end(1));
}

static void
those_that_were_not_in_time_are_passed_over(void **state)
{
	(void)state;
	plan_to_silent(2);
	plan_to("192.0.2.9");
	race_begin();
	bench_run();
	dial_note_late(race.dial);
	expect_order("192.0.2.9 192.0.2.1 192.0.2.2");
}

static void
closes_the_socket_when_memory_or_watches_are_refused(void **state)
{
	size_t n;

	(void)state;
	for (n = 1;; n++) {
		struct err err;
		int fd;

		race_open();
		plan_to_silent(2);
		assert_false(
		    err_is(dial_open(&bench.env, &race.addrs[0], &fd)));
		refuse_begin(n);
		err = dial_new(&bench.env, &race.plan, fd, 0, err_none(),
		    on_end, &race, &race.dial);
		if (!refuse_end()) {
			assert_false(err_is(err));
			race_close();
			break;
		}
		assert_int_equal(err.kind, ERR_NOMEM);
		assert_null(race.dial);
		assert_true(fake_hears_end(0));
		race_close();
	}
	assert_true(n > 2);

	race_open();
	plan_to_silent(2);
	refused_ctl = 1;
	{
		struct err err;
		int fd;

		assert_false(
		    err_is(dial_open(&bench.env, &race.addrs[0], &fd)));
		err = dial_new(&bench.env, &race.plan, fd, 0, err_none(),
		    on_end, &race, &race.dial);
		assert_int_equal(err.kind, ERR_SHORTAGE);
		assert_true(fake_hears_end(0));
	}
	race_close();
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, race_setup, race_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_its_sources_in_turn),
		cmocka_unit_test(a_source_without_a_port_gives_way_to_the_next),
		TEST(a_family_without_a_source_is_not_connected_to),
		cmocka_unit_test(passes_over_what_fails_at_once),
		TEST(an_address_without_a_port_left_gives_way_to_the_next),
		cmocka_unit_test(
		    the_verdict_is_the_first_failure_of_an_address),
		TEST(tries_another_address_every_250_ms),
		cmocka_unit_test(
		    the_first_that_stands_wins_and_the_others_are_closed),
		TEST(
		    whoever_began_before_the_winner_is_passed_over_for_a_while),
		TEST(goes_on_at_once_when_an_attempt_fails),
		TEST(ends_with_the_first_failure_when_all_have_failed),
		TEST(has_four_attempts_under_way_at_most),
		TEST(a_shortage_waits_while_others_are_under_way),
		TEST(a_shortage_ends_a_race_that_nobody_runs),
		TEST(a_shortage_is_met_again_when_the_last_attempt_fails),
		TEST(what_cannot_be_watched_is_passed_over),
		TEST(what_cannot_be_watched_does_not_end_a_race),
		TEST(a_race_that_is_broken_off_closes_all_and_tells_nobody),
		TEST(those_that_were_not_in_time_are_passed_over),
		cmocka_unit_test(
		    closes_the_socket_when_memory_or_watches_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
