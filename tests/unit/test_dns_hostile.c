/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait */
#include "exact.h"

#include "dns_bench.h"

static int
setup(void **state)
{
	(void)state;
	bench_open(2, 100);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bench_close();
	return 0;
}

/* ---- Datagrams ---------------------------------------------------------- */

/* It is as if nothing had come, but for being counted. */
static void
what_is_no_answer_to_the_question_is_ignored(void **state)
{
	static const enum fake_deed deeds[] = { DEED_WRONG_ID,
		DEED_WRONG_QUESTION, DEED_WRONG_TYPE };

	(void)state;
	for (size_t i = 0; i < COUNT(deeds); i++) {
		struct asking a;
		int64_t begun_ms = fake_now_ms - FAKE_START_MS;

		fake_dns_plan(&fake_dns[0], deeds[i]);
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
		assert_int_equal(a.told_ms - begun_ms, 1000);
		assert_int_equal(bench_stats().foreign, i + 1);
		assert_int_equal(fake_dns[1].questions, i + 1);
	}
}

static void
what_comes_from_elsewhere_is_not_even_seen(void **state)
{
	static const enum fake_deed deeds[] = { DEED_WRONG_PORT,
		DEED_WRONG_ADDRESS };

	(void)state;
	for (size_t i = 0; i < COUNT(deeds); i++) {
		struct asking a;

		fake_dns_plan(&fake_dns[0], deeds[i]);
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
		assert_int_equal(bench_stats().foreign, 0);
		assert_int_equal(fake_dns[0].questions, i + 1);
		assert_int_equal(fake_dns[1].questions, i + 1);
	}
}

static void
an_answer_is_found_among_noise(void **state)
{
	struct asking a;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_NOISE);
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(fake_dns[1].questions, 0);
	assert_int_equal(bench_stats().foreign, 4);
}

static void
an_answer_counts_once(void **state)
{
	struct asking a;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_TWICE);
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	bench_run_for(10);
	assert_int_equal(a.told, 1);
	assert_int_equal(bench_stats().foreign, 1);
}

static void
names_that_loop_are_passed_on_to_the_next_server(void **state)
{
	struct asking a;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_LOOP);
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(a.told_ms, 0);
	assert_int_equal(fake_dns[0].questions, 1);
	assert_int_equal(fake_dns[1].questions, 1);
	fake_dns_plan(&fake_dns[1], DEED_LOOP);
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_SERVFAIL);
}

/* More than one event takes, all of it for nothing. */
static void
a_flood_does_not_keep_the_others_waiting(void **state)
{
	struct asking a[2] = { 0 };
	uint8_t octets[64] = { 0 };
	struct endpoint to = fake_dns[0].ep;
	uint64_t before;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	fake_dns_then(&fake_dns[0], DEED_ANSWER);
	bench_ask(&a[0], "a.test");
	(void)fake_dns_act();
	endpoint_set_port(&to, fake_dns_noted[0].port);
	for (int i = 0; i < 200; i++) {
		/* Never the id that is out. */
		octets[0] = (uint8_t)(fake_dns_noted[0].id >> 8 ^ 0x80);
		fake_dns_say(fake_dns[0].udp, octets, sizeof(octets), &to);
	}
	before = reactor_round(bench.reactor);
	while (bench_stats().foreign < 200) {
		uint64_t foreign = bench_stats().foreign;

		assert_false(err_is(reactor_run_once(bench.reactor, false)));
		assert_true(
		    bench_stats().foreign - foreign <= 2 * DNS_SOCKET_QUERIES);
	}
	assert_true(reactor_round(bench.reactor) - before >= 2);
	dns_client_cancel(bench.client, &a[0].query);
	assert_int_equal(bench_resolve(&a[1], "b.test"), DNS_FOUND);
}

/* ---- Over TCP ----------------------------------------------------------- */

static void
what_does_not_fit_comes_over_tcp(void **state)
{
	struct asking a;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_TRUNCATED);
	fake_dns[0].zone.addrs = 2000;
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(a.answer.count, DNS_ADDRS_MAX);
	assert_int_equal(a.told_ms, 0);
	assert_int_equal(fake_dns[0].over_tcp, 1);
	assert_int_equal(bench_stats().tcp, 1);
	assert_int_equal(bench_stats().queries, 2);
	/* The largest message that there can be: 65535 octets at most. */
	fake_dns[0].zone.addrs = 4093;
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(fake_dns[1].questions, 0);
}

static void
a_message_may_come_in_pieces(void **state)
{
	struct asking a;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_PIECES);
	fake_dns[0].zone.addrs = 20;
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(a.answer.count, 20);
	assert_int_equal(fake_dns[1].questions, 0);
}

/* The next server is asked at once, over UDP again. */
static void
a_connection_that_fails_passes_the_question_on(void **state)
{
	static const enum fake_deed deeds[] = { DEED_FAILS_TCP, DEED_SHORT_TCP,
		DEED_LYING_TCP, DEED_WRONG_TCP, DEED_ALWAYS_TRUNCATED };

	(void)state;
	for (size_t i = 0; i < COUNT(deeds); i++) {
		struct asking a;

		fake_dns_plan(&fake_dns[0], deeds[i]);
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
		assert_int_equal(a.told_ms, 0);
		assert_int_equal(fake_dns[0].over_tcp, i + 1);
		assert_int_equal(fake_dns[1].questions, i + 1);
	}
	assert_int_equal(fake_dns[1].over_tcp, 0);
}

static void
silence_over_tcp_times_out_and_is_not_held_against_udp(void **state)
{
	struct asking a[5] = { 0 };
	struct asking b;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_TRUNCATED);
	for (size_t i = 1; i < COUNT(a); i++)
		fake_dns_then(&fake_dns[0], DEED_TRUNCATED);
	fake_dns_then(&fake_dns[0], DEED_SILENCE);
	for (size_t i = 0; i < COUNT(a); i++)
		bench_ask(&a[i], "a.test");
	bench_until(COUNT(a));
	assert_int_equal(fake_dns[0].over_tcp, COUNT(a));
	for (size_t i = 0; i < COUNT(a); i++) {
		assert_int_equal(a[i].answer.verdict, DNS_FOUND);
		assert_int_equal(a[i].told_ms, 1000);
	}
	fake_dns_plan(&fake_dns[0], DEED_ANSWER);
	assert_int_equal(bench_resolve(&b, "a.test"), DNS_FOUND);
	assert_int_equal(fake_dns[1].questions, COUNT(a));
}

/* Where TCP is all that there is. */
static void
a_server_that_is_silent_over_tcp_alone_is_passed_over(void **state)
{
	struct asking a;

	(void)state;
	bench.config.uses_tcp = true;
	dns_client_configure(bench.client, &bench.config);
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	for (int i = 0; i < 20; i++)
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(a.told_ms, 3000);
	assert_int_equal(fake_dns[0].questions, 3);
}

static void
where_nobody_listens_on_tcp_the_next_one_is_asked(void **state)
{
	struct asking a;

	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_TRUNCATED);
	(void)close(fake_dns[0].tcp);
	fake_dns[0].tcp = -1;
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(a.told_ms, 0);
	assert_int_equal(fake_dns[1].questions, 1);
}

static void
all_questions_go_over_tcp_when_told_to(void **state)
{
	static struct asking a[100];

	(void)state;
	memset(a, 0, sizeof(a));
	bench.config.uses_tcp = true;
	dns_client_configure(bench.client, &bench.config);
	fake_dns_plan(&fake_dns[0], DEED_ONLY_TCP);
	for (size_t i = 0; i < COUNT(a); i++)
		bench_ask(&a[i], "a.test");
	bench_until(COUNT(a));
	for (size_t i = 0; i < COUNT(a); i++)
		assert_int_equal(a[i].answer.verdict, DNS_FOUND);
	assert_int_equal(fake_dns[0].over_tcp, COUNT(a));
	assert_int_equal(fake_dns[0].questions, COUNT(a));
	assert_int_equal(bench_stats().tcp, COUNT(a));
}

static void
an_old_server_is_asked_without_edns_over_tcp_too(void **state)
{
	struct asking a;

	(void)state;
	bench.config.uses_tcp = true;
	dns_client_configure(bench.client, &bench.config);
	fake_dns_plan(&fake_dns[0], DEED_NO_EDNS);
	for (int i = 0; i < 3; i++)
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(fake_dns[0].over_tcp, 4);
	assert_int_equal(fake_dns[0].with_edns, 1);
}

/* Both that are connected and those that wait for it. */
static void
streams_go_on_with_other_servers_or_are_cancelled(void **state)
{
	static struct asking a[2 * DNS_TCP_SOCKETS_MAX];

	(void)state;
	memset(a, 0, sizeof(a));
	bench.config.uses_tcp = true;
	bench.config.server_count = 1;
	dns_client_configure(bench.client, &bench.config);
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	for (size_t i = 0; i < COUNT(a); i++)
		bench_ask(&a[i], "a.test");
	bench_run_for(500);
	assert_int_equal(fake_dns[0].over_tcp, DNS_TCP_SOCKETS_MAX);
	dns_client_cancel(bench.client, &a[0].query);
	dns_client_cancel(bench.client, &a[COUNT(a) - 1].query);
	bench.config.servers[0] = fake_dns[1].ep;
	dns_client_configure(bench.client, &bench.config);
	bench_until(COUNT(a) - 2);
	assert_int_equal(a[0].told, 0);
	assert_int_equal(a[COUNT(a) - 1].told, 0);
	for (size_t i = 1; i < COUNT(a) - 1; i++)
		assert_int_equal(a[i].answer.verdict, DNS_FOUND);
	assert_int_equal(fake_dns[1].over_tcp, COUNT(a) - 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_no_answer_to_the_question_is_ignored),
		TEST(what_comes_from_elsewhere_is_not_even_seen),
		TEST(an_answer_is_found_among_noise),
		TEST(an_answer_counts_once),
		TEST(names_that_loop_are_passed_on_to_the_next_server),
		TEST(a_flood_does_not_keep_the_others_waiting),
		TEST(what_does_not_fit_comes_over_tcp),
		TEST(a_message_may_come_in_pieces),
		TEST(a_connection_that_fails_passes_the_question_on),
		TEST(silence_over_tcp_times_out_and_is_not_held_against_udp),
		TEST(a_server_that_is_silent_over_tcp_alone_is_passed_over),
		TEST(where_nobody_listens_on_tcp_the_next_one_is_asked),
		TEST(all_questions_go_over_tcp_when_told_to),
		TEST(an_old_server_is_asked_without_edns_over_tcp_too),
		TEST(streams_go_on_with_other_servers_or_are_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
