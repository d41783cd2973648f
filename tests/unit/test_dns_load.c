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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ten_thousand_are_answered_with_two_calls_each),
		TEST(ports_and_ids_are_spread),
		TEST(no_more_are_under_way_than_may_be),
		TEST(a_limit_of_none_means_one),
		TEST(no_more_sockets_are_open_than_may_be),
		TEST(slow_answers_do_not_take_the_sockets_from_the_others),
		TEST(sockets_go_to_the_server_that_needs_them),
		TEST(a_socket_that_nothing_is_out_on_gives_way),
		TEST(a_socket_stays_until_it_has_been_read),
		TEST(sockets_to_a_server_that_has_gone_are_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
