/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=sock_connect_udp,--wrap=send,--wrap=recvmmsg,--wrap=epoll_ctl,--wrap=getrandom,--wrap=close */
#include "exact.h"

#include "dns_calls.h"

/* ---- Shortages ---------------------------------------------------------- */

static void
a_shortage_of_descriptors_is_waited_out(void **state)
{
	(void)state;
	calls.short_for = 5;
	ask_many(10);
	assert_int_equal(calls.short_for, 4); /* not tried for each of them */
	bench_until(10);
	expect_found(10);
	assert_int_equal(many[9].told_ms, 5 * DNS_SHORTAGE_MS);
	assert_int_equal(bench_stats().queries, 10);
}

static void
a_shortage_of_watches_is_waited_out(void **state)
{
	(void)state;
	calls.no_watch_for = 2;
	ask_many(10);
	bench_until(10);
	expect_found(10);
	assert_int_equal(many[9].told_ms, 2 * DNS_SHORTAGE_MS);
	calls.no_watch_for = 2;
	bench.config.uses_tcp = true;
	dns_client_configure(bench.client, &bench.config);
	assert_int_equal(bench_resolve(&many[10], "a.test"), DNS_FOUND);
	assert_int_equal(many[10].told_ms, 4 * DNS_SHORTAGE_MS);
}

static void
a_shortage_for_tcp_is_waited_out(void **state)
{
	(void)state;
	bench.config.uses_tcp = true;
	dns_client_configure(bench.client, &bench.config);
	calls.short_for = 3;
	ask_many(20);
	bench_until(20);
	expect_found(20);
	assert_int_equal(many[0].told_ms, 3 * DNS_SHORTAGE_MS);
	assert_int_equal(calls.tcp, 20);
}

/* The first answer, which is late, keeps the socket open beyond its time. */
static void
the_socket_that_there_is_is_used_in_a_shortage(void **state)
{
	(void)state;
	fake_dns_plan(&fake_dns[0], DEED_LATE);
	fake_dns_then(&fake_dns[0], DEED_ANSWER);
	fake_dns[0].late_ms = 900;
	for (unsigned i = 0; i < 1000; i++) {
		bench_ask(&many[i], "a.test");
		calls.short_for = UINT32_MAX;
		bench_until(i);
	}
	assert_int_equal(fake_now_ms, FAKE_START_MS);
	bench_until(1000);
	expect_found(1000);
	assert_int_equal(many[0].told_ms, 900);
	assert_int_equal(calls.udp, 1);
	assert_int_equal(fake_dns[0].questions, 1000);
}

static void
what_was_cancelled_in_a_shortage_stays_away(void **state)
{
	(void)state;
	calls.short_for = 3;
	ask_many(10);
	for (size_t i = 0; i < 10; i++)
		dns_client_cancel(bench.client, &many[i].query);
	bench_run_for(1000);
	assert_int_equal(bench.told, 0);
	assert_int_equal(bench_stats().queries, 0);
}

/* It was chosen before, and is asked where it stands then. */
static void
what_waits_in_a_shortage_follows_its_server(void **state)
{
	(void)state;
	for (int is_tcp = 0; is_tcp < 2; is_tcp++) {
		bench.config.uses_tcp = is_tcp == 1;
		bench.config.servers[0] = fake_dns[0].ep;
		bench.config.servers[1] = fake_dns[1].ep;
		/* A socket that is open already would do. */
		bench.config.server_count = 0;
		dns_client_configure(bench.client, &bench.config);
		bench.config.server_count = 2;
		dns_client_configure(bench.client, &bench.config);
		calls.short_for = 1;
		memset(many, 0, sizeof(many[0]));
		bench_ask(&many[0], "a.test");
		bench.config.servers[0] = fake_dns[1].ep;
		bench.config.servers[1] = fake_dns[0].ep;
		dns_client_configure(bench.client, &bench.config);
		bench_until(bench.told + 1);
		expect_found(1);
		assert_int_equal(fake_dns[0].questions, is_tcp + 1);
		assert_int_equal(fake_dns[1].questions, 0);
	}
}

static void
a_stream_that_fails_at_once_passes_the_question_on(void **state)
{
	(void)state;
	bench.config.uses_tcp = true;
	dns_client_configure(bench.client, &bench.config);
	calls.refused_for = 1;
	assert_int_equal(bench_resolve(&many[0], "a.test"), DNS_FOUND);
	assert_int_equal(many[0].told_ms, 0);
	assert_int_equal(fake_dns[1].over_tcp, 1);
}

static void
a_datagram_that_finds_no_room_is_lost(void **state)
{
	static const int errors[] = { EAGAIN, ENOBUFS, EINTR, ENOMEM };

	(void)state;
	for (size_t i = 0; i < COUNT(errors); i++) {
		struct asking a;
		int64_t begun_ms = fake_now_ms - FAKE_START_MS;

		calls.send_errno = errors[i];
		assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
		assert_int_equal(a.told_ms - begun_ms, 1000);
	}
}

static void
a_stream_that_has_no_room_yet_waits(void **state)
{
	(void)state;
	bench.config.uses_tcp = true;
	dns_client_configure(bench.client, &bench.config);
	calls.send_errno = EAGAIN;
	assert_int_equal(bench_resolve(&many[0], "a.test"), DNS_FOUND);
	assert_int_equal(many[0].told_ms, 0);
	assert_int_equal(fake_dns[1].questions, 0);
}

/* We could not hear its answer. */
static void
a_stream_that_cannot_be_watched_fails(void **state)
{
	(void)state;
	bench.config.uses_tcp = true;
	dns_client_configure(bench.client, &bench.config);
	calls.no_change_for = 1;
	assert_int_equal(bench_resolve(&many[0], "a.test"), DNS_FOUND);
	assert_int_equal(many[0].told_ms, 0);
	assert_int_equal(fake_dns[1].over_tcp, 1);
}

/* What is out on the socket goes on with another server too. */
static void
a_server_out_of_reach_is_passed_over_at_once(void **state)
{
	static const int errors[] = { ENETUNREACH, ECONNREFUSED, EPERM,
		EHOSTUNREACH };

	(void)state;
	for (size_t i = 0; i < COUNT(errors); i++) {
		struct asking a[2] = { 0 };
		unsigned before = bench.told;

		/* Nothing is held against anybody. */
		bench.config.server_count = 0;
		dns_client_configure(bench.client, &bench.config);
		bench.config.server_count = 2;
		dns_client_configure(bench.client, &bench.config);
		fake_dns_plan(&fake_dns[0], DEED_SILENCE);
		bench_ask(&a[0], "a.test");
		calls.send_errno = errors[i];
		bench_ask(&a[1], "b.test");
		bench_until(before + 2);
		assert_int_equal(a[0].told_ms, 0);
		assert_int_equal(a[1].told_ms, 0);
		assert_int_equal(a[0].answer.verdict, DNS_FOUND);
		assert_int_equal(a[1].answer.verdict, DNS_FOUND);
		assert_int_equal(fake_dns[1].questions, 2 * (i + 1));
	}
}

/* ---- Numbers ------------------------------------------------------------ */

static void
without_random_numbers_nothing_is_asked(void **state)
{
	struct asking a;

	(void)state;
	calls.has_no_random = true;
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_SERVFAIL);
	bench.config.uses_tcp = true;
	dns_client_configure(bench.client, &bench.config);
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_SERVFAIL);
	assert_int_equal(bench_stats().queries, 0);
	calls.has_no_random = false;
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
}

static void
a_second_try_has_another_id(void **state)
{
	struct asking a;

	(void)state;
	calls.has_equal_ids = true;
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	assert_int_equal(bench_resolve(&a, "a.test"), DNS_FOUND);
	assert_int_equal(fake_dns_noted_count, 2);
	assert_int_not_equal(fake_dns_noted[0].id, fake_dns_noted[1].id);
}

/* Two of a socket never have the same id. */
static void
ids_that_are_taken_are_not_used(void **state)
{
	(void)state;
	calls.has_equal_ids = true;
	fake_dns_plan(&fake_dns[0], DEED_SILENCE);
	ask_many(2);
	(void)fake_dns_act();
	assert_int_equal(fake_dns_noted_count, 2);
	assert_int_not_equal(fake_dns_noted[0].id, fake_dns_noted[1].id);
	assert_int_equal(fake_dns_noted[0].port, fake_dns_noted[1].port);
	bench_until(2);
	expect_found(2);
	assert_int_equal(fake_dns_noted_count, 4);
	for (size_t i = 0; i < 2; i++)
		assert_int_not_equal(
		    fake_dns_noted[i].id, fake_dns_noted[i + 2].id);
	assert_int_equal(fake_dns[1].questions, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_shortage_of_descriptors_is_waited_out),
		TEST(a_shortage_of_watches_is_waited_out),
		TEST(a_shortage_for_tcp_is_waited_out),
		TEST(the_socket_that_there_is_is_used_in_a_shortage),
		TEST(what_was_cancelled_in_a_shortage_stays_away),
		TEST(what_waits_in_a_shortage_follows_its_server),
		TEST(a_stream_that_fails_at_once_passes_the_question_on),
		TEST(a_datagram_that_finds_no_room_is_lost),
		TEST(a_stream_that_has_no_room_yet_waits),
		TEST(a_stream_that_cannot_be_watched_fails),
		TEST(a_server_out_of_reach_is_passed_over_at_once),
		TEST(without_random_numbers_nothing_is_asked),
		TEST(a_second_try_has_another_id),
		TEST(ids_that_are_taken_are_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
