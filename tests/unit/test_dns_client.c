/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait */
#include "exact.h"

#include "dns_bench.h"

static int
open_with(size_t servers)
{
	bench_open(servers, 100);
	return 0;
}

static int
open_one(void **state)
{
	(void)state;
	return open_with(1);
}

static int
open_two(void **state)
{
	(void)state;
	return open_with(2);
}

static int
open_three(void **state)
{
	(void)state;
	return open_with(3);
}

static int
teardown(void **state)
{
	(void)state;
	bench_close();
	return 0;
}

/* Configure again, with something changed in bench.config. */
static void
reconfigure(void)
{
	dns_client_configure(bench.client, &bench.config);
}

/* ---- Answers ------------------------------------------------------------ */

static void
an_answer_is_told_with_what_is_in_it(void **state)
{
	const uint8_t v4[] = { 10, 0, 0, 1 };
	const uint8_t v6[16] = { 0xfd, [15] = 2 };
	struct asking a = { 0 };
	struct asking aaaa = { 0 };

	(void)state;
	fake_dns[0].zone.addrs = 3;
	bench_ask(&a, "www.example.com");
	bench_ask_type(&aaaa, "www.example.com", DNS_AAAA);
	bench_until(2);
	assert_int_equal(a.answer.verdict, DNS_FOUND);
	assert_int_equal(a.answer.count, 3);
	assert_int_equal(a.answer.ttl_s, 300);
	assert_memory_equal(a.answer.addrs[1], v4, 4);
	assert_int_equal(aaaa.answer.count, 3);
	assert_memory_equal(aaaa.answer.addrs[2], v6, 16);
	assert_int_equal(fake_dns[0].with_edns, 2);
	assert_int_equal(bench_stats().queries, 2);
	assert_int_equal(bench_stats().tcp, 0);
	assert_int_equal(a.told_ms, 0);
}

static void
what_a_server_knows_ends_the_question(void **state)
{
	static const struct {
		enum fake_deed deed;
		enum dns_verdict verdict;
		uint32_t ttl_s;
	} cases[] = {
		{ DEED_ANSWER, DNS_FOUND, 300 },
		{ DEED_NXDOMAIN, DNS_NXDOMAIN, 300 },
		{ DEED_NODATA, DNS_NODATA, 300 },
		{ DEED_ALIAS, DNS_ALIAS, 300 },
		{ DEED_LYING_TTL, DNS_FOUND, 0 },
	};
	struct asking a;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		fake_dns_plan(&fake_dns[0], cases[i].deed);
		assert_int_equal(bench_resolve(&a, "a.test"), cases[i].verdict);
		assert_int_equal(a.answer.ttl_s, cases[i].ttl_s);
		assert_int_equal(fake_dns[0].questions, i + 1);
	}
	assert_int_equal(fake_dns[1].questions, 0);
}

static void
a_server_that_does_not_know_has_had_its_say(void **state)
{
	static const enum fake_deed deeds[] = { DEED_SERVFAIL, DEED_REFUSED,
		DEED_FORMERR, DEED_CUT, DEED_LYING_COUNT };
	struct asking a;

	(void)state;
	for (size_t i = 0; i < COUNT(deeds); i++) {
		unsigned before = fake_dns[1].questions;

		fake_dns_plan(&fake_dns[0], deeds[i]);
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
		assert_int_equal(fake_dns[1].questions, before + 1);
		assert_int_equal(a.told_ms, 0);
	}
	/* Once each, and FORMERR without EDNS as well. */
	assert_int_equal(fake_dns[0].questions, COUNT(deeds) + 1);
}

static void
the_best_of_what_failed_is_the_verdict(void **state)
{
	static const struct {
		enum fake_deed deeds[3];
		enum dns_verdict verdict;
		int64_t told_ms;
	} cases[] = {
		{ { DEED_SERVFAIL, DEED_REFUSED, DEED_REFUSED }, DNS_SERVFAIL,
		    1 },
		{ { DEED_REFUSED, DEED_REFUSED, DEED_REFUSED }, DNS_REFUSED,
		    1 },
		{ { DEED_REFUSED, DEED_REFUSED, DEED_CUT }, DNS_SERVFAIL, 1 },
		{ { DEED_SILENCE, DEED_REFUSED, DEED_REFUSED }, DNS_REFUSED,
		    3001 },
		{ { DEED_SILENCE, DEED_REFUSED, DEED_SERVFAIL }, DNS_SERVFAIL,
		    3001 },
		{ { DEED_SILENCE, DEED_SILENCE, DEED_SILENCE }, DNS_TIMEOUT,
		    9001 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct asking a;
		int64_t begun_ms = fake_now_ms - FAKE_START_MS;

		/* Nothing is held against anybody. */
		bench.config.server_count = 0;
		reconfigure();
		bench.config.server_count = 3;
		reconfigure();
		for (size_t j = 0; j < 3; j++)
			fake_dns_plan(&fake_dns[j], cases[i].deeds[j]);
		assert_int_equal(bench_resolve(&a, "a.test"), cases[i].verdict);
		assert_int_equal(a.told_ms - begun_ms, cases[i].told_ms);
	}
}

/* ---- Time --------------------------------------------------------------- */

static void
the_timeout_doubles_each_round_up_to_a_bound(void **state)
{
	struct asking a;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	bench.config.attempts = 7;
	reconfigure();
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_TIMEOUT);
	assert_int_equal(
	    a.told_ms, 1000 + 2000 + 4000 + 8000 + 16000 + 30000 + 30000 + 1);
	assert_int_equal(fake_dns[0].questions, 7);
	bench.config.attempts = 1;
	bench.config.timeout_ms = 100000;
	reconfigure();
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_TIMEOUT);
	assert_int_equal(a.told_ms, 91001 + 100001);
}

static void
bounds_that_are_none_are_brought_into_order(void **state)
{
	struct asking a;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	bench.config.attempts = 0;
	bench.config.timeout_ms = 0;
	reconfigure();
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_TIMEOUT);
	assert_int_equal(fake_dns[0].questions, 1);
	bench.config.attempts = UINT32_MAX;
	reconfigure();
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_TIMEOUT);
	assert_int_equal(fake_dns[0].questions, 101);
}

static void
asks_again_with_another_id_from_another_port(void **state)
{
	struct asking a;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	fake_dns_then(&fake_dns[0], DEED_ANSWER);
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(a.told_ms, 1000);
	assert_int_equal(fake_dns_noted_count, 2);
	assert_int_not_equal(fake_dns_noted[0].id, fake_dns_noted[1].id);
	assert_int_not_equal(fake_dns_noted[0].port, fake_dns_noted[1].port);
}

static void
a_late_answer_comes_in_time_or_not_at_all(void **state)
{
	struct asking a;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_LATE);
	fake_dns[0].late_ms = 999;
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(a.told_ms, 999);
	/* The first one's comes while the second one is out, and is not it. */
	fake_dns[0].late_ms = 1500;
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(a.told_ms, 999 + 1000 + 1500);
	assert_int_equal(a.told, 1);
	assert_int_equal(fake_dns[0].questions, 3);
}

/* ---- Servers ------------------------------------------------------------ */

static void
without_servers_it_ends_at_once_but_not_within_asking(void **state)
{
	struct asking a = { 0 };

	(void)state;
	bench.config.server_count = 0;
	reconfigure();
	bench_ask(&a, "a.test");
	assert_int_equal(a.told, 0);
	bench_until(1);
	assert_int_equal(a.answer.verdict, DNS_TIMEOUT);
	assert_int_equal(a.told_ms, 1);
	assert_int_equal(fake_dns[0].questions, 0);
}

static void
begins_with_another_server_when_told_to(void **state)
{
	struct asking a;

	(void)state;
	bench.config.is_rotated = true;
	reconfigure();
	for (int i = 0; i < 9; i++)
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(fake_dns[i].questions, 3);
}

static void
a_silent_server_costs_nothing_after_a_few(void **state)
{
	struct asking a;
	int64_t begun_ms;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(a.told_ms, 3000);
	for (int i = 0; i < 100; i++)
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(a.told_ms, 3000);
	assert_int_equal(fake_dns[0].questions, 3);
	/* One finds out, and the others do not wait for that. */
	bench_run_for(2000);
	fake_dns_plan(&fake_dns[0], DEED_LATE);
	fake_dns[0].late_ms = 700;
	begun_ms = fake_now_ms - FAKE_START_MS;
	struct asking probe = { 0 };
	bench_ask(&probe, "a.test");
	for (int i = 0; i < 10; i++) {
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
		assert_int_equal(a.told_ms, begun_ms);
	}
	assert_int_equal(fake_dns[0].questions, 4);
	bench_until(bench.told + 1);
	assert_int_equal(probe.told_ms, begun_ms + 700);
	assert_int_equal(probe.answer.verdict, DNS_FOUND);
	/* It lives. */
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(fake_dns[0].questions, 5);
}

static void
a_server_that_answers_now_and_then_is_asked_on(void **state)
{
	struct asking a;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		fake_dns_plan(&fake_dns[0], DEED_SILENCE);
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
		fake_dns_plan(&fake_dns[0], DEED_ANSWER);
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
		assert_int_equal(fake_dns[0].questions, 3 * (i + 1));
	}
}

/* However the one ends that was to find out, another one can. */
static void
a_probe_that_is_cancelled_is_made_again(void **state)
{
	struct asking a = { 0 };

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	bench_run_for(2000);
	a = (struct asking){ 0 };
	bench_ask(&a, "a.test");
	bench_run_for(10);
	assert_int_equal(fake_dns[0].questions, 4);
	dns_client_cancel(bench.client, &a.query);
	fake_dns_plan(&fake_dns[0], DEED_ANSWER);
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(fake_dns[0].questions, 5);
}

static void
where_nobody_listens_the_next_one_is_asked_at_once(void **state)
{
	struct asking a;

	(void)state;
	fake_dns_shut(&fake_dns[0]);
	for (int i = 0; i < 20; i++)
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(a.told_ms, 0);
	assert_int_equal(fake_dns[1].questions, 20);
	/* Three went to the first one, in vain. */
	assert_int_equal(bench_stats().queries, 23);
}

static void
a_server_that_is_starting_is_waited_for(void **state)
{
	struct asking a[10] = { 0 };

	(void)state;
	fake_dns_shut(&fake_dns[0]);
	for (size_t i = 0; i < COUNT(a); i++)
		bench_ask(&a[i], "a.test");
	bench_run_for(100);
	assert_int_equal(bench.told, 0);
	fake_dns_reopen(&fake_dns[0]);
	bench_until(COUNT(a));
	for (size_t i = 0; i < COUNT(a); i++) {
		assert_int_equal(a[i].answer.verdict, DNS_FOUND);
		assert_int_equal(a[i].told_ms, DNS_PAUSE_MS);
	}
}

/* Nobody is there, and then somebody who is silent, for whom there is no
 * pause. */
static void
a_round_waits_for_what_happened_in_it_alone(void **state)
{
	struct asking a = { 0 };

	(void)state;
	bench.config.attempts = 3;
	reconfigure();
	fake_dns_shut(&fake_dns[0]);
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	bench_ask(&a, "a.test");
	bench_run_for(100);
	fake_dns_reopen(&fake_dns[0]);
	bench_until(1);
	assert_int_equal(a.answer.verdict, DNS_TIMEOUT);
	assert_int_equal(a.told_ms, DNS_PAUSE_MS + 2000 + 4000 + 1);
}

static void
a_server_that_never_starts_is_given_up(void **state)
{
	struct asking a;

	(void)state;
	fake_dns_shut(&fake_dns[0]);
	bench.config.attempts = 4;
	reconfigure();
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_TIMEOUT);
	assert_int_equal(a.told_ms, 200 + 400 + 800 + 1);
	assert_int_equal(bench_stats().queries, 4);
}

static void
a_server_without_edns_is_asked_without(void **state)
{
	struct asking a;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_NO_EDNS);
	for (int i = 0; i < 5; i++)
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(fake_dns[0].with_edns, 1);
	assert_int_equal(fake_dns[0].questions, 6);
	assert_int_equal(fake_dns[1].questions, 0);
}

/* The server knows EDNS, and cannot do with this one name. */
static void
one_name_that_fails_does_not_end_edns(void **state)
{
	struct asking a;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_FORMERR);
	fake_dns_then(&fake_dns[0], DEED_FORMERR);
	fake_dns_then(&fake_dns[0], DEED_ANSWER);
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_SERVFAIL);
	assert_int_equal(bench_resolve(&a, "b.test"), DNS_FOUND);
	assert_int_equal(fake_dns[0].questions, 3);
	assert_int_equal(fake_dns[0].with_edns, 2);
}

/* ---- Other servers meanwhile -------------------------------------------- */

static void
what_is_under_way_goes_on_with_other_servers(void **state)
{
	struct asking a[3] = { 0 };

	(void)state;
	bench.config.server_count = 1;
	bench.config.attempts = 1;
	reconfigure();
	fake_dns_plan(&fake_dns[0], DEED_LATE);
	fake_dns[0].late_ms = 600;
	fake_dns_then(&fake_dns[0], DEED_SILENCE);
	for (size_t i = 0; i < COUNT(a); i++)
		bench_ask(&a[i], "a.test");
	bench_run_for(500);
	bench.config.servers[0] = fake_dns[1].ep;
	reconfigure();
	bench_until(COUNT(a));
	/* Who was asked may still answer. */
	assert_int_equal(a[0].told_ms, 600);
	assert_int_equal(a[1].told_ms, 1000);
	assert_int_equal(a[2].told_ms, 1000);
	for (size_t i = 0; i < COUNT(a); i++)
		assert_int_equal(a[i].answer.verdict, DNS_FOUND);
	assert_int_equal(fake_dns[1].questions, 2);
}

static void
what_is_known_of_servers_that_stay_is_kept(void **state)
{
	struct endpoint first;
	struct asking a;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	fake_dns_plan(&fake_dns[1], DEED_NO_EDNS);
	for (int i = 0; i < 3; i++)
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	first = bench.config.servers[0];
	bench.config.servers[0] = bench.config.servers[1];
	bench.config.servers[1] = first;
	reconfigure();
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	fake_dns_plan(&fake_dns[1], DEED_SERVFAIL);
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_SERVFAIL);
	assert_int_equal(fake_dns[0].questions, 3);
	assert_int_equal(fake_dns[1].with_edns, 1);
	assert_int_equal(a.told_ms, 3001);
}

/* It says that there is more, when it is nobody to be asked any more. */
static void
who_has_gone_is_not_asked_over_tcp(void **state)
{
	struct asking a = { 0 };

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_TRUNCATED);
	bench_ask(&a, "a.test");
	(void)fake_dns_act();
	bench.config.server_count = 1;
	bench.config.servers[0] = fake_dns[1].ep;
	reconfigure();
	bench_until(1);
	assert_int_equal(a.answer.verdict, DNS_FOUND);
	assert_int_equal(a.told_ms, 0);
	assert_int_equal(fake_dns[0].questions, 1);
	assert_int_equal(fake_dns[1].questions, 1);
}

/* A broadcast address is none to ask, as the kernel says at once. */
static void
an_address_that_is_none_is_passed_over(void **state)
{
	struct asking a;

	(void)state;
	assert_true(endpoint_parse(
	    slice_str("255.255.255.255"), 53, &bench.config.servers[0]));
	reconfigure();
	for (int i = 0; i < 10; i++)
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(a.told_ms, 0);
	assert_int_equal(bench_stats().queries, 10);
}

static void
all_servers_may_go_while_they_are_asked(void **state)
{
	struct asking a[2] = { 0 };

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	bench_ask(&a[0], "a.test");
	bench_run_for(10);
	bench.config.server_count = 0;
	reconfigure();
	bench_ask(&a[1], "b.test");
	bench_until(2);
	assert_int_equal(a[1].told_ms, 11);
	assert_int_equal(a[0].told_ms, 1001);
	assert_int_equal(a[0].answer.verdict, DNS_TIMEOUT);
}

#define ONE(name) cmocka_unit_test_setup_teardown(name, open_one, teardown)
#define TWO(name) cmocka_unit_test_setup_teardown(name, open_two, teardown)
#define THREE(name) cmocka_unit_test_setup_teardown(name, open_three, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(an_answer_is_told_with_what_is_in_it),
		TWO(what_a_server_knows_ends_the_question),
		TWO(a_server_that_does_not_know_has_had_its_say),
		THREE(the_best_of_what_failed_is_the_verdict),
		ONE(the_timeout_doubles_each_round_up_to_a_bound),
		ONE(bounds_that_are_none_are_brought_into_order),
		ONE(asks_again_with_another_id_from_another_port),
		ONE(a_late_answer_comes_in_time_or_not_at_all),
		ONE(without_servers_it_ends_at_once_but_not_within_asking),
		THREE(begins_with_another_server_when_told_to),
		TWO(a_silent_server_costs_nothing_after_a_few),
		TWO(a_server_that_answers_now_and_then_is_asked_on),
		TWO(a_probe_that_is_cancelled_is_made_again),
		TWO(where_nobody_listens_the_next_one_is_asked_at_once),
		ONE(a_server_that_is_starting_is_waited_for),
		ONE(a_round_waits_for_what_happened_in_it_alone),
		ONE(a_server_that_never_starts_is_given_up),
		TWO(a_server_without_edns_is_asked_without),
		ONE(one_name_that_fails_does_not_end_edns),
		TWO(what_is_under_way_goes_on_with_other_servers),
		TWO(what_is_known_of_servers_that_stay_is_kept),
		TWO(who_has_gone_is_not_asked_over_tcp),
		TWO(an_address_that_is_none_is_passed_over),
		ONE(all_servers_may_go_while_they_are_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
