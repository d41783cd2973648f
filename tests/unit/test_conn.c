/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=epoll_ctl,--wrap=send,--wrap=sendmsg,--wrap=recv */
#include "exact.h"

#include "conn_bench.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define HELLO OK "Content-Length: 5\r\n\r\nhello"

/* Calls of the code under test; the peer's are not counted. */
static struct {
	unsigned ctls;
	unsigned sends;
	unsigned recvs;
	bool is_on;
} calls;

int __real_epoll_ctl(int fd, int op, int of, struct epoll_event *event);
int __wrap_epoll_ctl(int fd, int op, int of, struct epoll_event *event);
ssize_t __real_send(int fd, const void *from, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *from, size_t len, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __real_recv(int fd, void *to, size_t cap, int flags);
ssize_t __wrap_recv(int fd, void *to, size_t cap, int flags);

int
__wrap_epoll_ctl(int fd, int op, int of, struct epoll_event *event)
{
	calls.ctls++;
	return __real_epoll_ctl(fd, op, of, event);
}

ssize_t
__wrap_send(int fd, const void *from, size_t len, int flags)
{
	calls.sends += calls.is_on;
	return __real_send(fd, from, len, flags);
}

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	calls.sends += calls.is_on;
	return __real_sendmsg(fd, msg, flags);
}

ssize_t
__wrap_recv(int fd, void *to, size_t cap, int flags)
{
	calls.recvs += calls.is_on;
	return __real_recv(fd, to, cap, flags);
}

/* ---- From state to state ------------------------------------------------ */

static void
goes_through_its_states_and_back_to_idle(void **state)
{
	struct talk t;
	struct talk u;
	struct conn c;

	(void)state;
	talk_init(&t);
	talk_init(&u);
	talk_until_head(&t, &c);
	assert_string_equal(bench.trace, "connect handshake send head");
	assert_int_equal(t.exchange.first_octet_ms, -1);
	assert_string_equal(c.ip, "192.0.2.1");
	fake_now_ms += 5;
	fake_say_str(0, HELLO);
	bench_run();
	assert_string_equal(
	    bench.trace, "connect handshake send head body done idle");
	assert_int_equal(t.dones, 1);
	assert_true(t.was_open);
	assert_int_equal(t.exchange.first_octet_ms, FAKE_START_MS + 5);

	bench.trace[0] = '\0';
	talk_begin(&u, &c);
	fake_say_str(0, OK "\r\nup to the end");
	fake_close(0);
	bench_run();
	assert_string_equal(bench.trace, "send head body done");
	expect_text("second", buf_slice(&u.body), "up to the end");
	assert_int_equal(t.dones, 1);
	assert_int_equal(u.dones, 1);
	assert_false(conn_is_open(&c));
	conn_close(&c); /* closed already is fine */
	talk_fini(&t);
	talk_fini(&u);
}

static void
a_small_exchange_costs_one_send_and_one_recv(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	talk_until_head(&t, &c);
	fake_say_str(0, HELLO);
	bench_run();
	for (int i = 0; i < 10; i++) {
		memset(&calls, 0, sizeof(calls));
		talk_fini(&t);
		talk_init(&t);
		calls.is_on = true;
		talk_begin(&t, &c);
		calls.is_on = false;
		fake_say_str(0, HELLO);
		calls.is_on = true;
		bench_run();
		calls.is_on = false;
		assert_int_equal(t.dones, 1);
		assert_int_equal(calls.sends, 1);
		assert_int_equal(calls.recvs, 1);
		assert_int_equal(calls.ctls, 0);
	}
	conn_close(&c);
	talk_fini(&t);
}

static void
a_failure_to_connect_is_told_as_such(void **state)
{
	struct talk t;
	struct conn c;
	struct err err;

	(void)state;
	talk_init(&t);
	fake_plan.fate = FAKE_FAILS;
	fake_plan.times = 1;
	fake_plan.sys = ENETUNREACH;
	err = talk_connect(&t, &c);
	assert_int_equal(err.kind, ERR_CONNECT);
	assert_int_equal(err.sys, ENETUNREACH);
	assert_int_equal(t.dones, 0);

	fake_plan.fate = FAKE_REFUSED;
	fake_plan.times = 1;
	err = talk_connect(&t, &c);
	/* Some kernels know at once. */
	if (!err_is(err)) {
		bench_run();
		assert_int_equal(t.dones, 1);
		assert_false(t.was_open);
		assert_int_equal(c.failed_in, CONN_CONNECT);
		err = t.err;
	}
	assert_int_equal(err.kind, ERR_CONNECT);
	assert_int_equal(err.sys, ECONNREFUSED);
	talk_fini(&t);
}

/* Octets offered before it is connected are offered again, whole. */
static void
a_peer_that_has_not_accepted_yet_is_waited_for(void **state)
{
	char heard[4096];
	struct slice last = { 0 };
	struct talk t;
	struct conn c;
	size_t len;

	(void)state;
	talk_init(&t);
	fake_plan.fate = FAKE_HANGS;
	fake_plan.times = 1;
	assert_false(err_is(talk_connect(&t, &c)));
	bench_run();
	assert_int_equal(c.state, CONN_CONNECT);
	assert_int_equal(t.dones, 0);
	/* What stands for the handshake goes out of the way. */
	while (c.state == CONN_CONNECT) {
		assert_int_not_equal(fake_hear(0, heard, sizeof(heard)), 0);
		bench_run();
	}
	assert_int_equal(c.state, CONN_HEAD);
	while ((len = fake_hear(0, heard, sizeof(heard))) > 0)
		last = slice_of(heard, len);
	assert_true(last.len >= t.request.len);
	expect_slice(
	    "request", slice_from(last, last.len - t.request.len), t.request);
	conn_close(&c);
	talk_fini(&t);
}

/* ---- Sending ------------------------------------------------------------ */

/* Read as slowly as it gets, up to `len` octets. */
static void
hear_all(unsigned peer, struct buf *heard, size_t len)
{
	char octets[1000];

	while (heard->len < len) {
		size_t n = fake_hear(peer, octets, sizeof(octets));

		assert_false(err_is(buf_append(heard, slice_of(octets, n))));
		bench_run();
	}
}

static void
long_requests_go_out_in_pieces_and_do_not_mix(void **state)
{
	static const struct {
		size_t head;
		size_t body;
	} cases[] = {
		{ 100, 0 },
		{ 100, 100 },
		{ 60000, 0 },
		{ 100, 1000000 },
		{ 60000, 1000000 },
		{ 60000, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct talk t[2];
		struct conn c[2];
		struct buf heard;

		bench_open();
		fake_plan.send_room = 1; /* the kernel's minimum */
		for (unsigned k = 0; k < 2; k++) {
			talk_init(&t[k]);
			t[k].request =
			    bench_octets((char)('0' + k), cases[i].head);
			t[k].request_body =
			    bench_octets((char)('5' + k), cases[i].body + 1);
			t[k].request_body.len--;
			assert_false(err_is(talk_connect(&t[k], &c[k])));
		}
		bench_run();
		buf_init(&heard, BENCH_BODY_MAX);
		for (unsigned k = 0; k < 2; k++) {
			size_t head = cases[i].head;

			buf_clear(&heard);
			hear_all(k, &heard, head + cases[i].body);
			assert_int_equal(t[k].composed, 1);
			assert_true(
			    slice_eq(slice_first(buf_slice(&heard), head),
				t[k].request));
			assert_true(
			    slice_eq(slice_from(buf_slice(&heard), head),
				t[k].request_body));
			assert_int_equal(c[k].state, CONN_HEAD);
			assert_int_equal(c[k].unsent.cap, 0);
			fake_say_str(k, HELLO);
			bench_run();
			assert_int_equal(t[k].err.kind, ERR_NONE);
			assert_true(t[k].was_open);
			conn_close(&c[k]);
			exact_free(t[k].request);
			exact_free(t[k].request_body);
			talk_fini(&t[k]);
		}
		buf_fini(&heard);
		bench_close();
	}
}

static void
an_answer_before_the_request_is_out_is_taken_and_closes(void **state)
{
	static const char *const endings[] = { "open", "half", "reset" };

	(void)state;
	for (size_t i = 0; i < COUNT(endings); i++) {
		struct talk t;
		struct conn c;

		bench_open();
		talk_init(&t);
		talk_until_send(&t, &c);
		fake_say_str(0, "HTTP/1.1 100 Continue\r\n\r\n");
		bench_run();
		assert_int_equal(c.state, CONN_SEND);
		fake_say_str(0, "HTTP/1.1 413 Too Large\r\nContent-");
		if (i == 1)
			bench_run();
		fake_say_str(0, "Length: 2\r\n\r\nno");
		/* With octets unread: a reset. */
		if (i == 2)
			fake_close(0);
		bench_run();
		if (t.dones != 1 || err_is(t.err))
			fail_msg("%s: %s", endings[i], err_name(t.err.kind));
		assert_int_equal(t.status, 413);
		expect_text(endings[i], buf_slice(&t.body), "no");
		assert_false(t.was_open);
		exact_free(t.request_body);
		talk_fini(&t);
		bench_close();
	}
}

static void
a_break_while_sending_is_told_as_such(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	talk_until_send(&t, &c);
	fake_close(0);
	bench_run();
	assert_int_equal(t.dones, 1);
	assert_int_equal(t.err.kind, ERR_IO);
	assert_int_equal(t.err.sys, ECONNRESET);
	assert_int_equal(c.failed_in, CONN_SEND);
	exact_free(t.request_body);
	talk_fini(&t);
}

/* ---- An exchange that refuses ------------------------------------------- */

static void
what_a_callback_fails_with_ends_the_exchange(void **state)
{
	static const struct {
		enum conn_state failed_in;
		size_t at; /* of the callback's result in struct talk */
	} cases[] = {
		{ CONN_SEND, offsetof(struct talk, compose_err) },
		{ CONN_HEAD, offsetof(struct talk, head_err) },
		{ CONN_BODY, offsetof(struct talk, data_err) },
	};
	static const struct err verdict = { .kind = ERR_FILE, .sys = ENOSPC };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct talk t;
		struct conn c;

		bench_open();
		talk_init(&t);
		memcpy((char *)&t + cases[i].at, &verdict, sizeof(verdict));
		assert_false(err_is(talk_connect(&t, &c)));
		bench_run();
		if (t.dones == 0)
			fake_say_str(0, HELLO);
		bench_run();
		assert_int_equal(t.dones, 1);
		assert_int_equal(t.err.kind, ERR_FILE);
		assert_int_equal(t.err.sys, ENOSPC);
		assert_int_equal(c.failed_in, cases[i].failed_in);
		assert_false(t.was_open);
		talk_fini(&t);
		bench_close();
	}
}

/* ---- Idle connections --------------------------------------------------- */

static void
an_idle_connection_that_ends_or_speaks_is_told_of(void **state)
{
	(void)state;
	for (int speaks = 0; speaks < 2; speaks++) {
		struct talk t;
		struct conn c;

		bench_open();
		talk_init(&t);
		talk_until_head(&t, &c);
		fake_say_str(0, HELLO);
		bench_run();
		assert_int_equal(bench.idle_ends, 0);
		if (speaks)
			fake_say_str(0, "HTTP/1.1 408 x\r\n\r\n");
		else
			fake_close(0);
		bench_run();
		assert_int_equal(bench.idle_ends, 1);
		assert_int_equal(t.dones, 1);
		talk_fini(&t);
		bench_close();
	}
}

static void
only_a_used_connection_without_an_answer_was_stale(void **state)
{
	static const struct {
		const char *name;
		bool is_used;
		const char *said;
		int64_t waits_ms;
		bool is_stale;
	} cases[] = {
		{ "closed", true, "", 0, true },
		{ "closed, new", false, "", 0, false },
		{ "after an octet", true, "H", 0, false },
		{ "after a head", true, OK "Content-Length: 1\r\n\r\n", 0,
		    false },
		{ "nonsense", true, "x", 0, false },
		{ "timeout", true, "", 60000, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct talk t;
		struct talk u;
		struct talk *last = cases[i].is_used ? &u : &t;
		struct conn c;

		bench_open();
		bench.env.idle_timeout_ms = 30000;
		talk_init(&t);
		talk_init(&u);
		talk_until_head(&t, &c);
		if (cases[i].is_used) {
			fake_say_str(0, HELLO);
			bench_run();
			talk_begin(&u, &c);
		}
		fake_say_str(0, cases[i].said);
		if (cases[i].waits_ms == 0)
			fake_close(0);
		bench_run_after(cases[i].waits_ms);
		assert_int_equal(last->dones, 1);
		assert_true(err_is(last->err));
		if (conn_was_stale(&c, &last->exchange, last->err) !=
		    cases[i].is_stale)
			fail_msg("%s", cases[i].name);
		talk_fini(&t);
		talk_fini(&u);
		bench_close();
	}
}

static void
a_connection_closed_before_it_is_used_again_was_stale(void **state)
{
	struct talk t;
	struct talk u;
	struct conn c;

	(void)state;
	talk_init(&t);
	talk_init(&u);
	talk_until_head(&t, &c);
	fake_say_str(0, HELLO);
	bench_run();
	fake_close(0);
	talk_begin(&u, &c); /* meets EPIPE */
	assert_int_equal(u.dones, 1);
	assert_int_equal(u.err.kind, ERR_IO);
	assert_true(conn_was_stale(&c, &u.exchange, u.err));
	talk_fini(&t);
	talk_fini(&u);
}

/* A server that is tired of waiting says 408 and closes; when that crosses the
 * next request it looks like the answer. */
static void
its_owner_can_tell_a_408_that_is_no_answer(void **state)
{
	struct talk t;
	struct talk u;
	struct conn c;

	(void)state;
	talk_init(&t);
	talk_init(&u);
	talk_until_head(&t, &c);
	assert_false(conn_is_reused(&c));
	fake_say_str(0, HELLO);
	bench_run();
	assert_false(conn_is_reused(&c));
	fake_say_str(0, "HTTP/1.1 408 x\r\nContent-Length: 0\r\n\r\n");
	talk_begin(&u, &c);
	bench_run();
	assert_int_equal(u.dones, 1);
	assert_false(err_is(u.err));
	assert_int_equal(u.status, 408);
	assert_true(conn_is_reused(&c));
	talk_fini(&t);
	talk_fini(&u);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(goes_through_its_states_and_back_to_idle),
		TEST(a_small_exchange_costs_one_send_and_one_recv),
		TEST(a_failure_to_connect_is_told_as_such),
		TEST(a_peer_that_has_not_accepted_yet_is_waited_for),
		cmocka_unit_test(long_requests_go_out_in_pieces_and_do_not_mix),
		cmocka_unit_test(
		    an_answer_before_the_request_is_out_is_taken_and_closes),
		TEST(a_break_while_sending_is_told_as_such),
		cmocka_unit_test(what_a_callback_fails_with_ends_the_exchange),
		cmocka_unit_test(
		    an_idle_connection_that_ends_or_speaks_is_told_of),
		cmocka_unit_test(
		    only_a_used_connection_without_an_answer_was_stale),
		TEST(a_connection_closed_before_it_is_used_again_was_stale),
		TEST(its_owner_can_tell_a_408_that_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
