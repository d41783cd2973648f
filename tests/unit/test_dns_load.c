/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=sock_connect_udp,--wrap=send,--wrap=recvmmsg,--wrap=epoll_ctl,--wrap=getrandom */
#include "exact.h"

#include "dns_bench.h"

#include <sys/random.h>

#define QUESTIONS 10000

/* The calls of the code under test, and what they are refused. */
static struct {
	unsigned udp;
	unsigned tcp;
	unsigned send;
	unsigned recv;
	unsigned random;
	unsigned short_for; /* sockets, from now on */
	unsigned no_watch_for;
	unsigned no_change_for; /* of a watch */
	bool has_no_random;
	bool has_equal_ids; /* two of each */
	int send_errno;     /* of the next send, once */
} calls;

struct err __real_sock_connect(
    const struct endpoint *ep, const struct sock_source *from, int *fd);
struct err __wrap_sock_connect(
    const struct endpoint *ep, const struct sock_source *from, int *fd);
struct err __real_sock_connect_udp(const struct endpoint *ep, int *fd);
struct err __wrap_sock_connect_udp(const struct endpoint *ep, int *fd);
ssize_t __real_send(int fd, const void *ptr, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *ptr, size_t len, int flags);
int __real_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
    struct timespec *timeout);
int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
    struct timespec *timeout);
int __real_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
ssize_t __real_getrandom(void *ptr, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *ptr, size_t len, unsigned flags);

static bool
take_one(unsigned *left)
{
	if (*left == 0)
		return false;
	--*left;
	return true;
}

struct err
__wrap_sock_connect(
    const struct endpoint *ep, const struct sock_source *from, int *fd)
{
	if (take_one(&calls.short_for))
		return err_code(ERR_SHORTAGE, EMFILE);
	calls.tcp++;
	return __real_sock_connect(ep, from, fd);
}

struct err
__wrap_sock_connect_udp(const struct endpoint *ep, int *fd)
{
	if (take_one(&calls.short_for))
		return err_code(ERR_SHORTAGE, EMFILE);
	calls.udp++;
	return __real_sock_connect_udp(ep, fd);
}

ssize_t
__wrap_send(int fd, const void *ptr, size_t len, int flags)
{
	calls.send++;
	if (calls.send_errno != 0) {
		errno = calls.send_errno;
		calls.send_errno = 0;
		return -1;
	}
	return __real_send(fd, ptr, len, flags);
}

int
__wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
    struct timespec *timeout)
{
	calls.recv++;
	return __real_recvmmsg(fd, messages, count, flags, timeout);
}

int
__wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	if (op == EPOLL_CTL_ADD && take_one(&calls.no_watch_for)) {
		errno = ENOSPC;
		return -1;
	}
	if (op == EPOLL_CTL_MOD && take_one(&calls.no_change_for)) {
		errno = ENOMEM;
		return -1;
	}
	return __real_epoll_ctl(epfd, op, fd, event);
}

ssize_t
__wrap_getrandom(void *ptr, size_t len, unsigned flags)
{
	uint16_t *ids = ptr;

	calls.random++;
	if (calls.has_no_random) {
		errno = EAGAIN;
		return -1;
	}
	if (!calls.has_equal_ids)
		return __real_getrandom(ptr, len, flags);
	for (size_t i = 0; i < len / sizeof(*ids); i++)
		ids[i] = (uint16_t)(i / 2);
	return (ssize_t)len;
}

/* ---- Many questions ----------------------------------------------------- */

static struct asking many[QUESTIONS];

static void
open_with(size_t servers, unsigned max_inflight)
{
	memset(&calls, 0, sizeof(calls));
	memset(many, 0, sizeof(many));
	bench_open(servers, max_inflight);
}

static int
setup(void **state)
{
	(void)state;
	open_with(2, 1000);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bench_close();
	return 0;
}

static void
ask_many(size_t count)
{
	char name[32];

	for (size_t i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "host%zu.test", i);
		bench_ask(&many[i], name);
	}
}

static void
expect_found(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(many[i].told, 1);
		assert_int_equal(many[i].answer.verdict, DNS_FOUND);
	}
}

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
	ask_many(room + 1);
	assert_int_equal(calls.udp, DNS_UDP_SOCKETS_MAX + 1);
	assert_int_equal(bench_stats().queries, room + 1);
	bench_until(room + 2);
	expect_found(room + 1);
}

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

/* Two of a socket never have the same id, nor two tries of one question. */
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
		TEST(ten_thousand_are_answered_with_two_calls_each),
		TEST(ports_and_ids_are_spread),
		TEST(no_more_are_under_way_than_may_be),
		TEST(a_limit_of_none_means_one),
		TEST(no_more_sockets_are_open_than_may_be),
		TEST(slow_answers_do_not_take_the_sockets_from_the_others),
		TEST(sockets_go_to_the_server_that_needs_them),
		TEST(a_socket_that_nothing_is_out_on_gives_way),
		TEST(a_shortage_of_descriptors_is_waited_out),
		TEST(a_shortage_of_watches_is_waited_out),
		TEST(a_shortage_for_tcp_is_waited_out),
		TEST(the_socket_that_there_is_is_used_in_a_shortage),
		TEST(what_was_cancelled_in_a_shortage_stays_away),
		TEST(a_datagram_that_finds_no_room_is_lost),
		TEST(a_stream_that_has_no_room_yet_waits),
		TEST(a_stream_that_cannot_be_watched_fails),
		TEST(a_server_out_of_reach_is_passed_over_at_once),
		TEST(without_random_numbers_nothing_is_asked),
		TEST(ids_that_are_taken_are_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
