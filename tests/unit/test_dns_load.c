/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=sock_connect_udp,--wrap=send,--wrap=recvmmsg,--wrap=epoll_ctl,--wrap=getrandom,--wrap=close */
#include "exact.h"

#include "dns_calls.h"

/* send and recv, and a share of the socket, of waiting and of numbers. */
static void
ten_thousand_are_answered_with_two_calls_each(void **state)
{
	uint64_t rounds = reactor_round(bench.reactor);
	uint64_t shared;

	(void)state;
	ask_many(QUESTIONS);
	assert_int_equal(calls.send, 1000);
	bench_until(QUESTIONS);
	expect_found(QUESTIONS);
	assert_int_equal(bench_stats().queries, QUESTIONS);
	assert_int_equal(calls.send, QUESTIONS);
	assert_true(calls.recv <= QUESTIONS);
	/* socket, connect, epoll_ctl and close. */
	shared = 4 * (uint64_t)calls.udp + calls.random +
	    reactor_round(bench.reactor) - rounds;
	assert_true(shared < QUESTIONS / 5);
}

static void
ports_and_ids_are_spread(void **state)
{
	static unsigned by_port[65536];
	static uint8_t has_id[65536];
	unsigned ports = 0;
	unsigned ids = 0;

	(void)state;
	memset(by_port, 0, sizeof(by_port));
	memset(has_id, 0, sizeof(has_id));
	ask_many(QUESTIONS);
	bench_until(QUESTIONS);
	assert_int_equal(fake_dns_noted_count, QUESTIONS);
	for (size_t i = 0; i < QUESTIONS; i++) {
		ports += by_port[fake_dns_noted[i].port]++ == 0;
		ids += has_id[fake_dns_noted[i].id]++ == 0;
	}
	/* 157 sockets; few of them come to the same port by chance. */
	assert_true(calls.udp >= QUESTIONS / DNS_SOCKET_QUERIES);
	assert_true(ports > QUESTIONS / DNS_SOCKET_QUERIES / 2);
	/* About 9,280 different ones are to be expected. */
	assert_in_range(ids, 9000, 9600);
}

static void
no_more_are_under_way_than_may_be(void **state)
{
	(void)state;
	bench_close();
	open_with(1, 7);
	fake_dns_plan(&fake_dns[0], DEED_LATE);
	fake_dns[0].late_ms = 10;
	ask_many(70);
	for (int i = 0; i < 10; i++) {
		bench_run_for(9);
		assert_int_equal(bench_stats().queries, 7 * (i + 1));
		bench_run_for(1);
		while (bench.told < 7U * ((unsigned)i + 1))
			assert_false(
			    err_is(reactor_run_once(bench.reactor, false)));
	}
	/* And in the order that they came. */
	for (size_t i = 0; i < 70; i++)
		assert_int_equal(many[i].told_ms, 10 * (i / 7 + 1));
}

/* Two at a time, and the first four questions are not answered. */
static void
the_silent_ones_stand_back_for_those_not_asked_yet(void **state)
{
	(void)state;
	bench_close();
	open_with(1, 2);
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	for (int i = 0; i < 3; i++)
		fake_dns_then(&fake_dns[0], DEED_SILENCE);
	fake_dns_then(&fake_dns[0], DEED_ANSWER);
	ask_many(10);
	bench_until(10);
	expect_found(10);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(many[i].told_ms, 2000);
	assert_int_equal(bench_stats().queries, 14);
}

static void
a_limit_of_none_means_one(void **state)
{
	(void)state;
	bench_close();
	open_with(1, 0);
	ask_many(10);
	assert_int_equal(calls.send, 1);
	bench_until(10);
	expect_found(10);
}

/* The sockets are full, and what is beyond waits. */
static void
no_more_sockets_are_open_than_may_be(void **state)
{
	const unsigned room = DNS_UDP_SOCKETS_MAX * DNS_SOCKET_QUERIES;

	(void)state;
	bench_close();
	open_with(1, 5000);
	fake_dns_plan(&fake_dns[0], DEED_LATE);
	fake_dns[0].late_ms = 100;
	ask_many(5000);
	assert_int_equal(calls.udp, DNS_UDP_SOCKETS_MAX);
	assert_int_equal(bench_stats().queries, room);
	bench_until(5000);
	expect_found(5000);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(many[i].told_ms, 100 * (i / room + 1));
}

/* One slow answer on each of the sockets must not stop all others. */
static void
slow_answers_do_not_take_the_sockets_from_the_others(void **state)
{
	size_t slow = 0;

	(void)state;
	bench_close();
	open_with(1, 1000);
	bench.config.timeout_ms = 10000;
	dns_client_configure(bench.client, &bench.config);
	fake_dns[0].late_ms = 5000;
	for (size_t i = 0; i < QUESTIONS; i++) {
		fake_dns_plan(
		    &fake_dns[0], i % 50 == 0 ? DEED_LATE : DEED_ANSWER);
		slow += i % 50 == 0;
		bench_ask(&many[i], "a.test");
		(void)fake_dns_act();
		assert_false(err_is(reactor_run_once(bench.reactor, false)));
	}
	assert_int_equal(bench.told, QUESTIONS - slow);
	assert_int_equal(fake_now_ms, FAKE_START_MS);
	bench_until(QUESTIONS);
	expect_found(QUESTIONS);
	assert_int_equal(bench_stats().queries, QUESTIONS);
}

/* All sockets but those of one server are in use for another one's. */
static void
sockets_go_to_the_server_that_needs_them(void **state)
{
	(void)state;
	bench_close();
	open_with(2, 5000);
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	ask_many(5000);
	bench_until(5000);
	expect_found(5000);
	assert_true(fake_now_ms - FAKE_START_MS < 5000);
}

/* The one that waits for another question to the first server gives way. */
static void
a_socket_that_nothing_is_out_on_gives_way(void **state)
{
	const unsigned room = DNS_UDP_SOCKETS_MAX * DNS_SOCKET_QUERIES;
	struct asking a;

	(void)state;
	bench_close();
	open_with(2, 5000);
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	bench.config.server_count = 3;
	bench.config.servers[2] = bench.config.servers[0];
	bench.config.servers[0] = fake_dns_open()->ep;
	dns_client_configure(bench.client, &bench.config);
	fake_dns_plan(&fake_dns[2], DEED_LATE);
	fake_dns[2].late_ms = 100;
	calls.closed = 0;
	ask_many(room + 1);
	assert_int_equal(calls.closed, 1);
	assert_int_equal(calls.udp, DNS_UDP_SOCKETS_MAX + 1);
	assert_int_equal(bench_stats().queries, room + 1);
	bench_until(room + 2);
	expect_found(room + 1);
}

static void
ask_another(struct asking *a)
{
	a->then = NULL;
	bench_ask(a, "another.test");
}

/* Whoever is told asks again while what came with it is still to be read. */
static void
a_socket_stays_until_it_has_been_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < DNS_SOCKET_QUERIES; i++)
		many[i].then = ask_another;
	ask_many(DNS_SOCKET_QUERIES);
	bench_until(2 * DNS_SOCKET_QUERIES);
	assert_int_equal(calls.udp, 2);
	assert_int_equal(calls.closed, 2);
}

static void
sockets_to_a_server_that_has_gone_are_closed(void **state)
{
	struct asking a;

	(void)state;
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(calls.closed, 0);
	bench.config.server_count = 1;
	dns_client_configure(bench.client, &bench.config);
	assert_int_equal(calls.closed, 0);
	bench.config.servers[0] = fake_dns[1].ep;
	dns_client_configure(bench.client, &bench.config);
	assert_int_equal(calls.closed, 1);
}

/* ---- Questions that nobody waits for ------------------------------------ */

static void
set_awaited(size_t i, bool is_awaited)
{
	dns_client_set_awaited(bench.client, &many[i].query, is_awaited);
}

/* The first `silent` of `count` are not answered, the others are. */
static void
ask_with_silence_first(size_t silent, size_t count)
{
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	ask_many(silent);
	while (fake_dns[0].questions < silent)
		bench_run_for(1);
	fake_dns_plan(&fake_dns[0], DEED_ANSWER);
	for (size_t i = silent; i < count; i++)
		bench_ask(&many[i], "a.test");
}

static void
what_nobody_waits_for_gives_way_in_its_order(void **state)
{
	(void)state;
	bench_close();
	open_with(1, 3);
	ask_with_silence_first(3, 3);
	set_awaited(1, false);
	set_awaited(2, false);
	set_awaited(1, false);
	bench_run_for(10);
	assert_int_equal(bench.told, 0);
	bench_ask(&many[3], "a.test");
	assert_int_equal(bench_stats().queries, 4);
	bench_run_for(10);
	assert_int_equal(many[3].answer.verdict, DNS_FOUND);
	assert_int_equal(many[2].told, 1);
	assert_int_equal(many[2].answer.verdict, DNS_TIMEOUT);
	assert_int_equal(bench.told, 2);
	/* There is a place now, for as long as it takes. */
	bench_ask(&many[4], "a.test");
	bench_until(3);
	assert_int_equal(many[4].answer.verdict, DNS_FOUND);
	bench_until(5);
	assert_int_equal(many[1].told_ms, 1000);
	assert_int_equal(many[1].answer.verdict, DNS_FOUND);
	assert_int_equal(bench_stats().queries, 3 + 2 + 2);
}

static void
what_waits_gets_the_place_that_nobody_needs(void **state)
{
	(void)state;
	bench_close();
	open_with(1, 3);
	ask_with_silence_first(3, 100);
	bench_run_for(100);
	assert_int_equal(bench.told, 0);
	set_awaited(0, false);
	bench_until(1 + 97);
	assert_true(many[99].told_ms < 200);
	assert_int_equal(many[0].answer.verdict, DNS_TIMEOUT);
	assert_int_equal(many[1].told + many[2].told, 0);
	bench_until(100);
}

static void
what_somebody_waits_for_again_keeps_its_place(void **state)
{
	(void)state;
	bench_close();
	open_with(1, 2);
	ask_with_silence_first(2, 2);
	set_awaited(0, false);
	set_awaited(0, true);
	bench_ask(&many[2], "a.test");
	bench_run_for(500);
	assert_int_equal(bench.told, 0);
	assert_int_equal(bench_stats().queries, 2);
	bench_until(3);
	/* The others were asked again in between. */
	assert_int_equal(many[0].answer.verdict, DNS_FOUND);
}

static void
what_has_no_place_yet_is_given_up_when_nobody_waits_for_it(void **state)
{
	(void)state;
	bench_close();
	open_with(1, 2);
	ask_with_silence_first(2, 4);
	set_awaited(2, false);
	assert_int_equal(many[2].told, 0);
	bench_run_for(10);
	assert_int_equal(bench.told, 1);
	assert_int_equal(many[2].answer.verdict, DNS_TIMEOUT);
	assert_int_equal(bench_stats().queries, 2);
	/* It took no place, and leaves none. */
	set_awaited(2, false);
	set_awaited(1, false);
	bench_until(3);
	assert_int_equal(many[3].answer.verdict, DNS_FOUND);
	assert_true(many[3].told_ms < 100);
}

/* Between its rounds it is nowhere but on a list. */
static void
what_pauses_for_nobody_gives_way_too(void **state)
{
	(void)state;
	bench_close();
	open_with(1, 1);
	fake_dns_shut(&fake_dns[0]);
	bench_ask(&many[0], "a.test");
	bench_run_for(10);
	fake_dns_reopen(&fake_dns[0]);
	bench_ask(&many[1], "a.test");
	set_awaited(0, false);
	bench_until(2);
	assert_int_equal(many[0].answer.verdict, DNS_TIMEOUT);
	assert_int_equal(many[1].answer.verdict, DNS_FOUND);
	assert_true(many[1].told_ms < 100);
}

static void
sockets_are_not_held_for_nobody(void **state)
{
	const unsigned room = DNS_UDP_SOCKETS_MAX * DNS_SOCKET_QUERIES;

	(void)state;
	bench_close();
	open_with(1, 5000);
	ask_with_silence_first(room, room + 10);
	assert_int_equal(bench_stats().queries, room);
	for (size_t i = 0; i < 20; i++)
		set_awaited(i, false);
	bench_until(20);
	assert_true(fake_now_ms - FAKE_START_MS < 100);
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(many[i].answer.verdict, DNS_TIMEOUT);
		assert_int_equal(many[room + i].answer.verdict, DNS_FOUND);
	}
	assert_int_equal(many[10].told, 0);
}

static void
connections_are_not_held_for_nobody(void **state)
{
	(void)state;
	bench_close();
	open_with(1, 100);
	bench.config.uses_tcp = true;
	dns_client_configure(bench.client, &bench.config);
	ask_with_silence_first(DNS_TCP_SOCKETS_MAX, DNS_TCP_SOCKETS_MAX + 3);
	bench_run_for(10);
	assert_int_equal(calls.tcp, DNS_TCP_SOCKETS_MAX);
	set_awaited(5, false);
	bench_until(4);
	assert_true(fake_now_ms - FAKE_START_MS < 100);
	assert_int_equal(many[5].answer.verdict, DNS_TIMEOUT);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(
		    many[DNS_TCP_SOCKETS_MAX + i].answer.verdict, DNS_FOUND);
}

static void
what_nobody_waits_for_may_be_cancelled_and_asked_again(void **state)
{
	(void)state;
	bench_close();
	open_with(1, 2);
	ask_with_silence_first(2, 2);
	set_awaited(0, false);
	dns_client_cancel(bench.client, &many[0].query);
	set_awaited(0, false);
	fake_dns_plan(&fake_dns[0], DEED_LATE);
	fake_dns[0].late_ms = 100;
	bench_ask(&many[0], "a.test");
	bench_ask(&many[2], "a.test");
	bench_until(1);
	assert_int_equal(many[0].answer.verdict, DNS_FOUND);
	bench_until(3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ten_thousand_are_answered_with_two_calls_each),
		TEST(ports_and_ids_are_spread),
		TEST(no_more_are_under_way_than_may_be),
		TEST(the_silent_ones_stand_back_for_those_not_asked_yet),
		TEST(a_limit_of_none_means_one),
		TEST(no_more_sockets_are_open_than_may_be),
		TEST(slow_answers_do_not_take_the_sockets_from_the_others),
		TEST(sockets_go_to_the_server_that_needs_them),
		TEST(a_socket_that_nothing_is_out_on_gives_way),
		TEST(a_socket_stays_until_it_has_been_read),
		TEST(sockets_to_a_server_that_has_gone_are_closed),
		TEST(what_nobody_waits_for_gives_way_in_its_order),
		TEST(what_waits_gets_the_place_that_nobody_needs),
		TEST(what_somebody_waits_for_again_keeps_its_place),
		TEST(
		    what_has_no_place_yet_is_given_up_when_nobody_waits_for_it),
		TEST(what_pauses_for_nobody_gives_way_too),
		TEST(sockets_are_not_held_for_nobody),
		TEST(connections_are_not_held_for_nobody),
		TEST(what_nobody_waits_for_may_be_cancelled_and_asked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
