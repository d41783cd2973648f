/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"

#include "dns_bench.h"
#include "refuse.h"

static int
setup(void **state)
{
	(void)state;
	bench_open(1, 100);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bench_close();
	return 0;
}

/* ---- Whoever is told ---------------------------------------------------- */

static struct asking crowd[200];

static void
ask_again(struct asking *a)
{
	if (a->told < 5)
		bench_ask(a, "again.test");
}

static void
whoever_is_told_may_ask_again(void **state)
{
	static const enum fake_deed deeds[] = { DEED_ANSWER, DEED_REFUSED,
		DEED_SILENCE };

	(void)state;
	for (size_t i = 0; i < COUNT(deeds); i++) {
		memset(crowd, 0, sizeof(crowd));
		fake_dns_plan(&fake_dns[0], deeds[i]);
		for (size_t j = 0; j < COUNT(crowd); j++) {
			crowd[j].then = ask_again;
			bench_ask(&crowd[j], "a.test");
		}
		bench_until(bench.told + 5 * COUNT(crowd));
		for (size_t j = 0; j < COUNT(crowd); j++)
			assert_int_equal(crowd[j].told, 5);
	}
}

static void
cancel_others(struct asking *a)
{
	for (size_t i = 0; i < COUNT(crowd); i++) {
		if (&crowd[i] != a)
			dns_client_cancel(bench.client, &crowd[i].query);
	}
}

static void
whoever_is_told_may_cancel_all_others(void **state)
{
	static const enum fake_deed deeds[] = { DEED_ANSWER, DEED_REFUSED,
		DEED_SILENCE, DEED_TRUNCATED };
	struct asking a;

	(void)state;
	for (size_t i = 0; i < COUNT(deeds); i++) {
		memset(crowd, 0, sizeof(crowd));
		fake_dns_plan(&fake_dns[0], deeds[i]);
		for (size_t j = 0; j < COUNT(crowd); j++) {
			crowd[j].then = cancel_others;
			bench_ask(&crowd[j], "a.test");
		}
		bench_until(bench.told + 1);
		bench_run_for(10000);
		assert_int_equal(bench.told, 2 * i + 1);
		fake_dns_plan(&fake_dns[0], DEED_ANSWER);
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	}
}

static void
what_is_cancelled_is_never_told(void **state)
{
	static const struct {
		enum fake_deed deed;
		int64_t after_ms;
	} cases[] = {
		{ DEED_ANSWER, 0 },     /* on its way */
		{ DEED_LATE, 100 },     /* out */
		{ DEED_SILENCE, 1500 }, /* out again */
		{ DEED_ONLY_TCP, 100 }, /* out */
		{ DEED_TRUNCATED, 0 },  /* on its way */
		{ DEED_SERVFAIL, 0 },   /* the same */
	};
	struct asking a = { 0 };

	(void)state;
	fake_dns[0].late_ms = 300;
	for (size_t i = 0; i < COUNT(cases); i++) {
		fake_dns_plan(&fake_dns[0], cases[i].deed);
		bench_ask(&a, "a.test");
		if (cases[i].after_ms > 0)
			bench_run_for(cases[i].after_ms);
		else
			(void)fake_dns_act();
		dns_client_cancel(bench.client, &a.query);
		dns_client_cancel(bench.client, &a.query);
		bench_run_for(5000);
		assert_int_equal(a.told, 0);
	}
}

static void
what_is_cancelled_makes_room_for_the_next(void **state)
{
	struct asking a[3] = { 0 };

	(void)state;
	bench_close();
	bench_open(1, 1);
	for (size_t i = 0; i < COUNT(a); i++)
		bench_ask(&a[i], "a.test");
	assert_int_equal(bench_stats().queries, 1);
	dns_client_cancel(bench.client, &a[1].query);
	assert_int_equal(bench_stats().queries, 1);
	dns_client_cancel(bench.client, &a[0].query);
	bench_run_for(1);
	assert_int_equal(bench_stats().queries, 2);
	bench_until(1);
	assert_int_equal(a[2].told, 1);
}

/* Each would be sent in the place of the one before, for nothing. */
static void
the_end_of_all_sends_nothing(void **state)
{
	static struct asking a[200];

	(void)state;
	bench_close();
	bench_open(1, 4);
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	memset(a, 0, sizeof(a));
	for (size_t i = 0; i < COUNT(a); i++)
		bench_ask(&a[i], "a.test");
	assert_int_equal(bench_stats().queries, 4);
	for (size_t i = 0; i < COUNT(a); i++)
		dns_client_cancel(bench.client, &a[i].query);
	bench_run_for(5000);
	assert_int_equal(bench_stats().queries, 4);
	assert_int_equal(fake_dns[0].questions, 4);
	assert_int_equal(bench.told, 0);
	/* That was not the end of the client. */
	fake_dns_plan(&fake_dns[0], DEED_ANSWER);
	assert_int_equal(bench_resolve(&a[0], "a.test"), DNS_FOUND);
}

static void
what_has_failed_may_be_cancelled_before_it_is_told(void **state)
{
	struct asking a = { 0 };

	(void)state;
	bench.config.server_count = 0;
	dns_client_configure(bench.client, &bench.config);
	bench_ask(&a, "a.test");
	dns_client_cancel(bench.client, &a.query);
	bench_run_for(10);
	assert_int_equal(a.told, 0);
	bench_ask(&a, "a.test");
	bench_until(1);
}

static void
what_waits_between_rounds_may_be_cancelled(void **state)
{
	struct asking a = { 0 };

	(void)state;
	fake_dns_shut(&fake_dns[0]);
	bench_ask(&a, "a.test");
	bench_run_for(DNS_PAUSE_MS / 2);
	dns_client_cancel(bench.client, &a.query);
	bench_run_for(5000);
	assert_int_equal(a.told, 0);
	assert_int_equal(bench_stats().queries, 1);
}

/* ---- Memory ------------------------------------------------------------- */

static struct timer fill[1000];

/* Arm timers for ever until there is no room for another one; how many. */
static size_t
fill_reactor(void)
{
	size_t count = 0;

	refuse_begin(1);
	for (;; count++) {
		assert_true(count < COUNT(fill));
		timer_init(&fill[count], bench_on_end, NULL);
		if (err_is(reactor_arm(bench.reactor, &fill[count], INT64_MAX)))
			break;
	}
	assert_true(refuse_end());
	return count;
}

static void
a_question_without_room_for_its_timer_fails_alone(void **state)
{
	struct asking a[2] = { 0 };
	size_t count = fill_reactor();

	(void)state;
	refuse_begin(1);
	bench_ask(&a[0], "a.test");
	assert_true(refuse_end());
	assert_int_equal(a[0].told, 0);
	bench_until(1);
	assert_int_equal(a[0].answer.verdict, DNS_SERVFAIL);
	/* Its answer comes, and is nobody's. */
	bench_run_for(10);
	assert_int_equal(bench_stats().foreign, 1);
	reactor_disarm(bench.reactor, &fill[--count]);
	assert_int_equal(bench_resolve(&a[1], "b.test"), DNS_FOUND);
	while (count > 0)
		reactor_disarm(bench.reactor, &fill[--count]);
}

/* The kernel refuses at once, so that the pause is the first timer. */
static void
a_pause_without_room_for_its_timer_fails_the_question(void **state)
{
	struct asking a;
	size_t count = fill_reactor();

	(void)state;
	assert_true(endpoint_parse(
	    slice_str("255.255.255.255"), 53, &bench.config.servers[0]));
	dns_client_configure(bench.client, &bench.config);
	refuse_begin(1);
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_SERVFAIL);
	assert_true(refuse_end());
	while (count > 0)
		reactor_disarm(bench.reactor, &fill[--count]);
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_TIMEOUT);
}

/* Each allocation in turn, for what comes over TCP. */
static void
memory_that_is_refused_fails_the_try_alone(void **state)
{
	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_TRUNCATED);
	fake_dns[0].zone.addrs = 500;
	for (unsigned n = 1;; n++) {
		struct asking a = { 0 };
		bool was_refused;

		assert_true(n < 20);
		refuse_begin(n);
		bench_ask(&a, "a.test");
		bench_until(n);
		was_refused = refuse_end();
		assert_int_equal(a.answer.verdict, DNS_FOUND);
		if (!was_refused) {
			assert_true(n > 2);
			break;
		}
	}
}

static void
memory_that_is_refused_at_the_start_is_told(void **state)
{
	struct reactor *reactor;
	struct dns_client *client;
	struct err err;

	(void)state;
	for (size_t n = 1;; n++) {
		assert_false(err_is(reactor_new(&reactor)));
		refuse_begin(n);
		err = dns_client_new(reactor, 10, &client);
		if (!refuse_end())
			break;
		assert_int_equal(err.kind, ERR_NOMEM);
		reactor_free(reactor);
	}
	assert_false(err_is(err));
	dns_client_free(client);
	reactor_free(reactor);
	dns_client_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whoever_is_told_may_ask_again),
		TEST(whoever_is_told_may_cancel_all_others),
		TEST(what_is_cancelled_is_never_told),
		TEST(what_is_cancelled_makes_room_for_the_next),
		TEST(the_end_of_all_sends_nothing),
		TEST(what_has_failed_may_be_cancelled_before_it_is_told),
		TEST(what_waits_between_rounds_may_be_cancelled),
		TEST(a_question_without_room_for_its_timer_fails_alone),
		TEST(a_pause_without_room_for_its_timer_fails_the_question),
		TEST(memory_that_is_refused_fails_the_try_alone),
		cmocka_unit_test(memory_that_is_refused_at_the_start_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
