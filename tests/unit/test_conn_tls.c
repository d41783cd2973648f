/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect */
#include "exact.h"

#include "conn_bench.h"
#include "route/proxy.h"
#include "tls_bench.h"

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define UNTIL_CLOSE "HTTP/1.1 200 OK\r\n\r\n"

static int
open_all(void **state)
{
	bench_open();
	return tls_bench_setup(state);
}

static int
close_all(void **state)
{
	int failed = tls_bench_teardown(state);

	bench_close();
	return failed;
}

static struct tls_server *
server(void)
{
	return &tls_bench.server;
}

/* Have both sides do all that they can. */
static void
work(void)
{
	do
		bench_run();
	while (tls_server_work(server()));
	bench_run();
}

/* Connect to a server that speaks TLS; it has done nothing yet. */
static void
begin_at(struct talk *t, struct conn *c, const char *host)
{
	tls_server_fini(server());
	talk_init(t);
	t->plan.tls = tls_bench.tls;
	t->plan.tls_host = slice_str(host);
	t->plan.origin = slice_str("https://origin");
	assert_false(err_is(talk_connect(t, c)));
	tls_server_init(server(), fake_peer(fake_peer_count - 1));
	fake_peers[fake_peer_count - 1] = -1; /* it is the server's */
}

/* The request has been sent, and heard. */
static void
until_head(struct talk *t, struct conn *c)
{
	begin_at(t, c, "localhost");
	work();
	assert_int_equal(c->state, CONN_HEAD);
	expect_slice("request", buf_slice(&server()->heard), t->request);
}

static void
end(struct talk *t, struct conn *c)
{
	conn_close(c);
	talk_fini(t);
}

static void
expect_body(const struct talk *t, const char *body)
{
	assert_int_equal(t->dones, 1);
	expect_kind("exchange", t->err, ERR_NONE);
	expect_text("body", buf_slice(&t->body), body);
}

/* ---- Connecting ---------------------------------------------------------- */

static void
shakes_hands_between_connecting_and_sending(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	TLS_BENCH_OR_SKIP();
	begin_at(&t, &c, "localhost");
	bench_run_after(5);
	assert_int_equal(c.state, CONN_TLS);
	assert_int_equal(t.exchange.tls_at_ms, FAKE_START_MS + 5);
	assert_int_equal(t.exchange.tls_ms, -1);
	assert_int_equal(t.composed, 0);
	bench_run_after(30);
	work();
	assert_int_equal(t.exchange.tls_ms, 30);
	tls_server_say_str(server(), HELLO);
	work();
	expect_body(&t, "hello");
	assert_true(t.was_open);
	assert_false(t.exchange.has_words);
	assert_string_equal(
	    bench.trace, "connect handshake tls send head body done idle");
	/* Not for the next one on the same connection. */
	bench.trace[0] = '\0';
	buf_clear(&t.body);
	t.dones = t.heads = 0;
	t.has_ended = false;
	talk_begin(&t, &c);
	work();
	assert_int_equal(t.exchange.tls_at_ms, -1);
	assert_int_equal(t.exchange.tls_ms, -1);
	tls_server_say_str(server(), HELLO);
	work();
	expect_body(&t, "hello");
	assert_string_equal(bench.trace, "send head body done idle");
	end(&t, &c);
}

static void
shakes_hands_behind_a_proxy(void **state)
{
	static const char granted[] = "HTTP/1.1 200 OK\r\n\r\n";
	struct proxy proxy;
	char heard[256];
	struct talk t;
	struct conn c;
	int fd;

	(void)state;
	TLS_BENCH_OR_SKIP();
	assert_false(err_is(proxy_init(&proxy, "http://p:3128", NULL)));
	talk_init(&t);
	t.plan.proxy = &proxy;
	t.plan.host = slice_str("localhost");
	t.plan.port = 443;
	t.plan.tls = tls_bench.tls;
	t.plan.tls_host = slice_str("localhost");
	t.plan.origin = slice_str("https://origin");
	assert_false(err_is(talk_connect(&t, &c)));
	bench_run();
	assert_int_equal(c.state, CONN_HANDSHAKE);
	fd = fake_peer(0);
	assert_in_range(fake_hear(0, heard, sizeof(heard)), 20, 255);
	assert_memory_equal(heard, "CONNECT localhost:443 ", 22);
	fake_peers[0] = -1;
	tls_server_init(server(), fd);
	assert_int_equal(
	    send(fd, granted, strlen(granted), MSG_NOSIGNAL), strlen(granted));
	work();
	assert_int_equal(c.state, CONN_HEAD);
	tls_server_say_str(server(), HELLO);
	work();
	expect_body(&t, "hello");
	assert_string_equal(
	    bench.trace, "connect handshake tls send head body done idle");
	end(&t, &c);
	proxy_fini(&proxy);
}

static void
the_connect_timeout_is_for_tls_as_well(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	TLS_BENCH_OR_SKIP();
	bench.env.connect_timeout_ms = 10000;
	bench.env.idle_timeout_ms = 1000;
	bench.env.speed_len = 1;
	bench.env.speed_time_ms = 1000;
	begin_at(&t, &c, "localhost");
	bench_run_after(9999);
	assert_int_equal(c.state, CONN_TLS);
	bench_run_after(1);
	assert_int_equal(t.dones, 1);
	expect_kind("timeout", t.err, ERR_TIMEOUT);
	assert_string_equal(
	    t.err.why, "no end of the TLS handshake within --connect-timeout");
	assert_int_equal(c.failed_in, CONN_TLS);
	assert_int_equal(t.exchange.tls_ms, -1);
	assert_false(t.exchange.has_words);
	talk_fini(&t);
}

/* ---- Failing ------------------------------------------------------------- */

static void
keeps_the_words_of_a_failure(void **state)
{
	static const char all[] =
	    "the certificate is not for this host, but for localhost, "
	    "*.wild.test, 127.0.0.1 and 2 more";
	char words[200];
	struct talk t;
	struct conn c;

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t size = 0; size <= sizeof(words); size += 20) {
		begin_at(&t, &c, "other.test");
		memset(words, '#', sizeof(words));
		t.exchange.words = size > 0 ? words : NULL;
		t.exchange.words_size = size;
		work();
		assert_int_equal(t.dones, 1);
		assert_false(t.was_open);
		expect_kind("host", t.err, ERR_TLS);
		assert_int_equal(c.failed_in, CONN_TLS);
		assert_int_equal(t.exchange.has_words, size > 0);
		if (size > 0 && size < sizeof(all)) {
			assert_int_equal(strlen(words), size - 1);
			assert_memory_equal(words, all, size - 1);
		} else if (size > 0) {
			assert_string_equal(words, all);
		}
		talk_fini(&t);
	}
}

static void
a_break_within_the_handshake_is_no_connection(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	TLS_BENCH_OR_SKIP();
	begin_at(&t, &c, "localhost");
	bench_run();
	tls_server_hang_up(server()); /* with a ClientHello unread */
	bench_run();
	assert_int_equal(t.dones, 1);
	expect_kind("reset", t.err, ERR_CONNECT);
	assert_int_equal(t.err.sys, ECONNRESET);
	assert_int_equal(c.failed_in, CONN_TLS);
	assert_false(conn_was_stale(&c, &t.exchange, t.err));
	talk_fini(&t);
}

static void
a_host_that_no_certificate_is_for_fails_its_request(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	TLS_BENCH_OR_SKIP();
	begin_at(&t, &c, ".wild.test");
	bench_run();
	assert_int_equal(t.dones, 1);
	expect_kind("host", t.err, ERR_REQUEST);
	assert_non_null(t.err.why);
	talk_fini(&t);
}

/* ---- Receiving ----------------------------------------------------------- */

/* Anybody on the way can end a transport, so that alone ends no body. */
static void
a_body_until_the_end_needs_close_notify(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	TLS_BENCH_OR_SKIP();
	until_head(&t, &c);
	tls_server_say_str(server(), UNTIL_CLOSE "body");
	tls_server_say_end(server());
	work();
	/* No event tells of an end that came with the rest. */
	expect_body(&t, "body");
	assert_false(t.was_open);
	talk_fini(&t);
	until_head(&t, &c);
	tls_server_say_str(server(), UNTIL_CLOSE "body");
	work();
	assert_int_equal(t.dones, 0);
	tls_server_hang_up(server());
	work();
	assert_int_equal(t.dones, 1);
	expect_kind("cut", t.err, ERR_TRUNCATED);
	assert_string_equal(
	    t.err.why, "the TLS connection ended without close_notify");
	assert_false(t.has_ended);
	talk_fini(&t);
}

/* A length says enough. */
static void
a_body_of_known_length_needs_none(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	TLS_BENCH_OR_SKIP();
	until_head(&t, &c);
	tls_server_say_str(server(), HELLO);
	tls_server_flush(server());
	tls_server_hang_up(server());
	bench_run();
	expect_body(&t, "hello");
	assert_false(conn_is_open(&c));
	talk_fini(&t);
}

static void
receives_a_long_body_whole(void **state)
{
	static const char head[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n";
	struct slice body = bench_octets('0', 2000000);
	struct talk t;
	struct conn c;

	(void)state;
	TLS_BENCH_OR_SKIP();
	until_head(&t, &c);
	t.sink = 0; /* which is of no use */
	tls_server_say_str(server(), head);
	tls_server_say(server(), body);
	work();
	assert_int_equal(t.dones, 1);
	expect_kind("long", t.err, ERR_NONE);
	assert_true(slice_eq(buf_slice(&t.body), body));
	assert_int_equal(t.sunk, 0);
	assert_true(t.was_open);
	end(&t, &c);
	exact_free(body);
}

/* The same by a throttle, which leaves octets in OpenSSL's hands. */
static void
receives_by_and_by_under_a_throttle(void **state)
{
	static const char head[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
	struct slice body = bench_octets('0', 100000);
	int64_t ms = 0;
	struct talk t;
	struct conn c;

	(void)state;
	TLS_BENCH_OR_SKIP();
	assert_false(err_is(throttle_set_rate(&bench.env.throttle, 20000)));
	until_head(&t, &c);
	tls_server_say_str(server(), head);
	tls_server_say(server(), body);
	work();
	for (; t.dones == 0 && ms < 20000; ms += 100) {
		bench_run_after(100);
		(void)tls_server_work(server());
	}
	expect_kind("throttled", t.err, ERR_NONE);
	assert_int_equal(t.dones, 1);
	assert_true(slice_eq(buf_slice(&t.body), body));
	assert_in_range(ms, 3000, 6000);
	end(&t, &c);
	exact_free(body);
}

/* ---- Between exchanges --------------------------------------------------- */

static void
idles_through_what_is_no_octet(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	TLS_BENCH_OR_SKIP();
	until_head(&t, &c);
	tls_server_say_str(server(), HELLO);
	work();
	expect_body(&t, "hello");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
		    tls_bench.calls.SSL_new_session_ticket(server()->ssl), 1);
		assert_int_equal(
		    tls_bench.lib->SSL_do_handshake(server()->ssl), 1);
		tls_server_flush(server());
		bench_run();
		assert_int_equal(c.state, CONN_IDLE);
		assert_int_equal(bench.idle_ends, 0);
		assert_true(conn_is_quiet(&c));
	}
	tls_server_say_str(server(), "?");
	work();
	assert_int_equal(bench.idle_ends, 1);
	assert_false(conn_is_open(&c));
	talk_fini(&t);
}

static void
an_idle_one_ends_with_its_server(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	for (int is_rude = 0; is_rude < 2; is_rude++) {
		struct talk t;
		struct conn c;

		bench.idle_ends = 0;
		until_head(&t, &c);
		tls_server_say_str(server(), HELLO);
		work();
		assert_int_equal(c.state, CONN_IDLE);
		if (is_rude == 1)
			tls_server_hang_up(server());
		else
			tls_server_say_end(server());
		work();
		assert_int_equal(bench.idle_ends, 1);
		talk_fini(&t);
	}
}

static void
surplus_ends_a_connection(void **state)
{
	static const char *const surplus[] = { "HTTP/1.1 200 OK\r\n", "x" };
	struct talk t;
	struct conn c;

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(surplus); i++) {
		until_head(&t, &c);
		tls_server_say_str(server(), HELLO);
		tls_server_say_str(server(), surplus[i]);
		work();
		expect_body(&t, "hello");
		assert_false(t.was_open);
		talk_fini(&t);
	}
	/* And so does an end that has come with the response. */
	until_head(&t, &c);
	tls_server_say_str(server(), HELLO);
	tls_server_say_end(server());
	work();
	expect_body(&t, "hello");
	assert_false(t.was_open);
	talk_fini(&t);
}

/* A server that has closed it in the meantime is asked again elsewhere. */
static void
one_that_ends_before_it_answers_was_stale(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	for (int is_rude = 0; is_rude < 2; is_rude++) {
		struct talk t;
		struct conn c;

		until_head(&t, &c);
		assert_false(
		    conn_was_stale(&c, &t.exchange, err_of(ERR_TRUNCATED)));
		tls_server_say_str(server(), HELLO);
		work();
		t.dones = t.heads = 0;
		talk_begin(&t, &c);
		work();
		if (is_rude == 0)
			tls_server_say_end(server());
		tls_server_flush(server());
		tls_server_hang_up(server());
		bench_run();
		assert_int_equal(t.dones, 1);
		expect_kind("stale", t.err, ERR_TRUNCATED);
		assert_true(conn_was_stale(&c, &t.exchange, t.err));
		talk_fini(&t);
	}
}

/* ---- What a stream may say ----------------------------------------------- */

/* Plain octets, of which it receives a few at a time: the rest is in the socket
 * (is_leaving), or as if it were at hand already. */
static bool is_leaving;
static size_t few_max;
static struct stream_ops few_ops;

static struct stream_io
few_recv(struct stream *s, void *to, size_t cap)
{
	struct stream_io io =
	    stream_tcp_ops.recv(s, to, few_max < cap ? few_max : cap);

	s->has_left = is_leaving && io.status == STREAM_OK && few_max < cap &&
	    io.len == few_max;
	s->has_more = !is_leaving && io.status == STREAM_OK;
	return io;
}

static void
make_few(struct conn *c)
{
	few_ops = stream_tcp_ops;
	few_ops.recv = few_recv;
	c->stream.ops = &few_ops;
}

static void
looks_behind_a_response_when_something_may_be_left(void **state)
{
	static const char *const surplus[] = { "", "x" };

	(void)state;
	bench.before_start = make_few;
	is_leaving = true;
	few_max = strlen(HELLO);
	for (size_t i = 0; i < COUNT(surplus); i++) {
		struct talk t;
		struct conn c;

		talk_init(&t);
		talk_until_head(&t, &c);
		fake_say_str(fake_peer_count - 1, HELLO);
		fake_say_str(fake_peer_count - 1, surplus[i]);
		bench_run();
		expect_body(&t, "hello");
		/* Before anybody else could have it. */
		assert_int_equal(t.was_open, surplus[i][0] == '\0');
		end(&t, &c);
	}
}

/* One wait of the reactor, and whatever is there is taken. */
static void
takes_what_is_at_hand_without_an_event(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	bench.before_start = make_few;
	is_leaving = false;
	few_max = 3;
	talk_init(&t);
	talk_until_head(&t, &c);
	fake_say_str(0, HELLO);
	assert_false(err_is(reactor_run_once(bench.reactor, false)));
	expect_body(&t, "hello");
	assert_true(t.was_open);
	end(&t, &c);
}

static unsigned sends;
static enum stream_status shy_waits;

/* It has to hear what is at hand already before it can send. */
static struct stream_io
shy_send(struct stream *s, const struct iovec *iov, int iov_count)
{
	if (!s->has_more)
		return stream_tcp_ops.send(s, iov, iov_count);
	assert_true(++sends < 10);
	return stream_wait(shy_waits);
}

static struct stream_io
shy_recv(struct stream *s, void *to, size_t cap)
{
	s->has_more = false;
	return stream_tcp_ops.recv(s, to, cap);
}

static void
make_shy(struct conn *c)
{
	few_ops = stream_tcp_ops;
	few_ops.send = shy_send;
	few_ops.recv = shy_recv;
	c->stream.ops = &few_ops;
	c->stream.has_more = true;
	c->is_hopeful = false; /* nothing is at hand before it is connected */
}

static void
receives_what_is_at_hand_in_order_to_send(void **state)
{
	static const enum stream_status waits[] = { STREAM_WAIT_READ,
		STREAM_WAIT_WRITE };

	(void)state;
	bench.before_start = make_shy;
	for (size_t i = 0; i < COUNT(waits); i++) {
		struct talk t;
		struct conn c;

		shy_waits = waits[i];
		sends = 0;
		talk_init(&t);
		talk_until_head(&t, &c);
		assert_int_equal(sends, 1);
		fake_say_str(fake_peer_count - 1, HELLO);
		bench_run();
		expect_body(&t, "hello");
		end(&t, &c);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
#define PLAIN(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(shakes_hands_between_connecting_and_sending),
		TEST(shakes_hands_behind_a_proxy),
		TEST(the_connect_timeout_is_for_tls_as_well),
		TEST(keeps_the_words_of_a_failure),
		TEST(a_break_within_the_handshake_is_no_connection),
		TEST(a_host_that_no_certificate_is_for_fails_its_request),
		TEST(a_body_until_the_end_needs_close_notify),
		TEST(a_body_of_known_length_needs_none),
		TEST(receives_a_long_body_whole),
		TEST(receives_by_and_by_under_a_throttle),
		TEST(idles_through_what_is_no_octet),
		TEST(an_idle_one_ends_with_its_server),
		TEST(surplus_ends_a_connection),
		TEST(one_that_ends_before_it_answers_was_stale),
		PLAIN(looks_behind_a_response_when_something_may_be_left),
		PLAIN(takes_what_is_at_hand_without_an_event),
		PLAIN(receives_what_is_at_hand_in_order_to_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
