/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "fake_stream.h"
#include "refuse.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bulkfetch.h"
#include "http/response.h"
#include "net/stream_tcp.h"
#include "net/stream_tunnel.h"

#define ASK \
	"CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n" \
	"User-Agent: bulkfetch/" BULKFETCH_VERSION "\r\n"
#define GRANTED "HTTP/1.1 200 OK\r\n\r\n"

static struct proxy proxy;
static struct fake_stream fake;
static struct stream stream;

static int
setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	return err_is(proxy_init(&proxy, "http://p:3128", NULL));
}

static int
teardown(void **state)
{
	(void)state;
	proxy_fini(&proxy);
	return 0;
}

static void
begin(void)
{
	fake_stream_init(&fake, &stream);
	assert_false(
	    err_is(stream_tunnel_begin(&stream, &proxy, slice_str("h"), 80)));
	fake.answers[0].after = strlen(ASK "\r\n");
}

static struct stream_io
shake(void)
{
	return fake_stream_shake(&fake, &stream);
}

/* It ended so, and the layer is still there to be closed. */
static void
expect_failure(const char *row, struct stream_io io, int sys, const char *why)
{
	if (io.status != STREAM_FAILED)
		fail_msg("%s: status %d", row, (int)io.status);
	expect_kind(row, stream.err, ERR_PROXY);
	if (stream.err.sys != sys)
		fail_msg(
		    "%s: errno %d instead of %d", row, stream.err.sys, sys);
	if (why != NULL)
		expect_text(row, slice_str(stream.err.why), why);
	stream.ops->close(&stream);
	assert_true(fake_stream_is_bare(&fake, &stream));
	assert_int_equal(fake.closes, 1);
	assert_int_equal(stream.fd, -1);
}

/* ---- Asking -------------------------------------------------------------- */

static void
asks_for_host_and_port(void **state)
{
	static const struct {
		const char *host;
		uint16_t port;
		const char *authority;
	} rows[] = {
		{ "h", 80, "h:80" },
		{ "www.example.com.", 65535, "www.example.com.:65535" },
		{ "192.0.2.1", 8080, "192.0.2.1:8080" },
		{ "2001:db8::1", 443, "[2001:db8::1]:443" },
		{ "fe80::1%eth0", 1, "[fe80::1]:1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice host = exact_copy(slice_str(rows[i].host));
		char ask[400];

		(void)snprintf(ask, sizeof(ask),
		    "CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: "
		    "bulkfetch/%s\r\n\r\n",
		    rows[i].authority, rows[i].authority, BULKFETCH_VERSION);
		fake_stream_init(&fake, &stream);
		assert_false(err_is(
		    stream_tunnel_begin(&stream, &proxy, host, rows[i].port)));
		exact_free(host);
		assert_int_equal(shake().status, STREAM_WAIT_READ);
		expect_text(
		    rows[i].host, slice_of(fake.said, fake.said_len), ask);
		stream.ops->close(&stream);
	}
}

/* The user's word on that is for proxies as well. */
static void
asks_as_whoever_the_user_says(void **state)
{
	static const struct {
		const char *agent;
		const char *rest;
	} rows[] = {
		{ "me/1", "User-Agent: me/1\r\n\r\n" },
		{ "", "\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char ask[200];

		(void)snprintf(ask, sizeof(ask),
		    "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n%s", rows[i].rest);
		proxy.agent = rows[i].agent;
		fake_stream_init(&fake, &stream);
		assert_false(err_is(
		    stream_tunnel_begin(&stream, &proxy, slice_str("h"), 80)));
		assert_int_equal(shake().status, STREAM_WAIT_READ);
		expect_text(
		    rows[i].agent, slice_of(fake.said, fake.said_len), ask);
		stream.ops->close(&stream);
	}
	proxy.agent = NULL;
}

/* u:p is dTpw. */
static void
sends_credentials_whatever_the_pieces(void **state)
{
	static const char ask[] = ASK "Proxy-Authorization: Basic dTpw\r\n\r\n";

	(void)state;
	proxy_fini(&proxy);
	assert_false(err_is(proxy_init(&proxy, "http://u:p@p:3128", NULL)));
	for (size_t i = 0; i < 2 * sizeof(ask); i++) {
		begin();
		fake.send_split = i / 2;
		fake.send_max = i < 2 ? 1 : 0;
		fake.is_slow = i % 2 != 0;
		assert_int_equal(shake().status, STREAM_WAIT_READ);
		expect_text("request", slice_of(fake.said, fake.said_len), ask);
		stream.ops->close(&stream);
	}
}

/* ---- Granted ------------------------------------------------------------- */

static const struct slice granted[] = {
	TEXT(GRANTED),
	TEXT("HTTP/1.0 200 Connection established\r\n\r\n"),
	TEXT("HTTP/1.1 200\n\n"),
	TEXT("HTTP/1.1 200 OK\r\n\n"),
	TEXT("HTTP/1.1 200 OK\n\r\n"),
	TEXT("\r\n" GRANTED),
	TEXT("HTTP/1.1 204 No Content\r\nVia: p\r\n\r\n"),
	TEXT("HTTP/1.1 299 \r\nA: b\r\n c\r\n\r\n"),
	/* Fields that frame a body say nothing here. */
	TEXT("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
	TEXT("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
	TEXT("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n"
	     "Transfer-Encoding: gzip\r\n\r\n"),
	TEXT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
	TEXT("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"),
	/* Interim ones. */
	TEXT("HTTP/1.1 100 Continue\r\n\r\n" GRANTED),
	TEXT("HTTP/1.1 103 Hints\nLink: a\n\nHTTP/1.1 102 \r\n\r\n" GRANTED),
};

/* The stream is what it was, and nothing was taken from it. */
static void
expect_granted(const char *row, struct slice answer)
{
	if (shake().status != STREAM_OK)
		fail_msg("%s: %s", row, stream.err.why);
	assert_true(fake_stream_is_bare(&fake, &stream));
	assert_int_equal(fake.given, answer.len);
	assert_int_equal(fake.closes, 0);
	assert_int_equal(stream.ops->plain_fd(&stream), FAKE_STREAM_FD);
}

static void
gives_the_stream_back_when_it_is_granted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(granted); i++) {
		struct slice answer = exact_copy(granted[i]);
		const char *row = (const char *)granted[i].ptr;

		fake.answers[0].octets = answer;
		for (size_t n = 0; n <= 2 * answer.len + 1; n++) {
			fake.recv_split = n / 2;
			fake.recv_max = n < 2 ? 1 : 0;
			fake.is_slow = n % 2 != 0;
			begin();
			assert_int_equal(stream.ops->plain_fd(&stream), -1);
			expect_granted(row, answer);
		}
		exact_free(answer);
	}
}

static void
waits_for_as_long_as_the_answer_is_not_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(granted); i++) {
		for (size_t len = 0; len < granted[i].len; len++) {
			fake.answers[0].octets = slice_first(granted[i], len);
			begin();
			assert_int_equal(shake().status, STREAM_WAIT_READ);
			assert_false(fake_stream_is_bare(&fake, &stream));
			stream.ops->close(&stream);
			assert_int_equal(fake.closes, 1);
		}
	}
}

/* ---- Refused ------------------------------------------------------------- */

static void
tells_refusals_apart(void **state)
{
	static const struct {
		unsigned status;
		int sys;
		const char *why;
	} rows[] = {
		{ 407, EACCES, "the proxy wants credentials (407)" },
		{ 403, EACCES, "the proxy refuses the tunnel (403)" },
		{ 401, EACCES, "the proxy wants credentials (401)" },
		{ 405, EACCES, "the proxy makes no tunnels (405)" },
		{ 400, EACCES, NULL },
		{ 404, EACCES, NULL },
		{ 418, EACCES, "the proxy refuses the tunnel (4xx)" },
		{ 408, 0, NULL },
		{ 425, 0, NULL },
		{ 429, 0, NULL },
		{ 500, 0, "the proxy failed (500)" },
		{ 502, 0, "the proxy could not reach the host (502)" },
		{ 503, 0, NULL },
		{ 504, 0, NULL },
		{ 599, 0, "the proxy failed (5xx)" },
		{ 300, EACCES, NULL },
		{ 302, EACCES,
		    "the proxy redirects instead of a tunnel (3xx)" },
		{ 600, EACCES, "the proxy answers with a status that is none" },
		{ 999, EACCES, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[200];

		(void)snprintf(text, sizeof(text),
		    "HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 %u No\r\n"
		    "Proxy-Authenticate: Basic\r\nContent-Length: 9\r\n\r\n"
		    "<h1>No</h",
		    rows[i].status);
		fake.answers[0].octets = slice_str(text);
		for (fake.recv_max = 0; fake.recv_max < 2; fake.recv_max++) {
			begin();
			expect_failure(text, shake(), rows[i].sys, rows[i].why);
		}
	}
}

static void
takes_nothing_that_is_no_answer(void **state)
{
	static const char strange[] = "the proxy's answer is not HTTP";
	static const struct {
		struct slice answer;
		const char *why;
	} rows[] = {
		{ TEXT("SSH-2.0-x"), strange },
		{ TEXT("\x05\xff"), strange },
		{ TEXT("\x15\x03\x01"), strange },
		{ TEXT("HTTP/2.0 200 OK\r\n\r\n"), strange },
		{ TEXT("HTTP/1.1 2000 OK\r\n\r\n"), strange },
		{ TEXT("HTTP/1.1 099 OK\r\n\r\n"), strange },
		{ TEXT("HTTP/1.1 200 O\0K\r\n\r\n"), strange },
		{ TEXT("\r\n\r\n\r\n" GRANTED), strange },
		{ TEXT("\n\n\n" GRANTED), strange },
		{ TEXT("<html>"), strange },
		{ TEXT("HTTP/1.1 101 Switching\r\n\r\n"), strange },
		{ TEXT("HTTP/1.1 100 Continue\r\n\r\nrubbish"), strange },
		{ TEXT(GRANTED "S"), "octets behind the proxy's answer" },
		{ TEXT(GRANTED GRANTED), "octets behind the proxy's answer" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice answer = exact_copy(rows[i].answer);

		fake.answers[0].octets = answer;
		begin();
		expect_failure(
		    (const char *)rows[i].answer.ptr, shake(), 0, rows[i].why);
		exact_free(answer);
	}
}

/* What came in time was in front of the answer's end. */
static void
leaves_alone_what_comes_behind_the_answer(void **state)
{
	uint8_t octet;

	(void)state;
	fake.answers[0].octets = slice_str(GRANTED "S");
	fake.recv_split = strlen(GRANTED);
	begin();
	expect_granted("later", slice_str(GRANTED));
	assert_int_equal(
	    stream.ops->recv(&stream, &octet, 1).status, STREAM_OK);
	assert_int_equal(octet, 'S');
}

static void
holds_answers_to_their_limit(void **state)
{
	static const char interim[] = "HTTP/1.1 102 Processing\r\n\r\n";
	static uint8_t octets[2 * RESPONSE_HEAD_MAX];
	static const char front[] = "HTTP/1.1 200 OK\r\nA: ";

	(void)state;
	memset(octets, 'a', sizeof(octets));
	memcpy(octets, front, strlen(front));
	memcpy(octets + RESPONSE_HEAD_MAX - 4, "\r\n\r\n", 4);
	fake.answers[0].octets = slice_of(octets, RESPONSE_HEAD_MAX);
	begin();
	expect_granted("longest", fake.answers[0].octets);
	/* One more. */
	memcpy(octets + RESPONSE_HEAD_MAX - 4, "a\r\n\r", 4);
	octets[RESPONSE_HEAD_MAX] = '\n';
	fake.answers[0].octets = slice_of(octets, sizeof(octets));
	begin();
	expect_failure(
	    "one line", shake(), 0, "the proxy's answer is too long");
	assert_true(fake.given <= RESPONSE_HEAD_MAX);
	/* Interim ones without end. */
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)interim[i % strlen(interim)];
	begin();
	expect_failure("interim", shake(), 0, "the proxy's answer is too long");
	assert_true(fake.given <= RESPONSE_HEAD_MAX);
}

/* ---- Below --------------------------------------------------------------- */

static void
says_how_the_connection_broke(void **state)
{
	static const char *const answers[] = { "", "HT", "HTTP/1.1 200 OK\r\n",
		"HTTP/1.1 100 Go on\r\n\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		fake.answers[0].octets = slice_str(answers[i]);
		fake.has_ended = true;
		begin();
		expect_failure(
		    answers[i], shake(), 0, "the proxy closed the connection");
		fake.sys = ECONNRESET;
		begin();
		expect_failure(answers[i], shake(), ECONNRESET, NULL);
		assert_null(stream.err.why);
		fake.sys = 0;
	}
}

static void
shakes_hands_below_first(void **state)
{
	static const struct err failure = { .kind = ERR_TIMEOUT, .why = "x" };

	(void)state;
	fake.handshake_waits = 2;
	fake.answers[0].octets = slice_str(GRANTED);
	begin();
	assert_int_equal(
	    stream.ops->handshake(&stream).status, STREAM_WAIT_READ);
	assert_int_equal(
	    stream.ops->handshake(&stream).status, STREAM_WAIT_READ);
	assert_int_equal(fake.said_len, 0);
	fake.is_slow = true;
	expect_granted("below", fake.answers[0].octets);
	assert_int_equal(fake.handshakes, 3); /* never again */
	/* Its failure is its own. */
	fake.handshake_err = failure;
	begin();
	assert_int_equal(shake().status, STREAM_FAILED);
	assert_int_equal(stream.err.kind, ERR_TIMEOUT);
	stream.ops->close(&stream);
	assert_int_equal(fake.closes, 1);
}

/* A socket that is not connected takes nothing yet. */
static void
waits_until_the_socket_is_connected(void **state)
{
	(void)state;
	begin();
	fake.handshake_err = err_code(ERR_IO, ENOTCONN);
	assert_int_equal(
	    stream.ops->handshake(&stream).status, STREAM_WAIT_WRITE);
	fake.handshake_err = err_none();
	fake.answers[0].octets = slice_str(GRANTED);
	expect_granted("later", fake.answers[0].octets);
}

/* Wait for what it waits for, in a real socket. */
static struct stream_io
shake_socket(struct stream *s)
{
	for (;;) {
		struct stream_io io = s->ops->handshake(s);
		struct pollfd p = { .fd = s->fd,
			.events =
			    io.status == STREAM_WAIT_READ ? POLLIN : POLLOUT };

		if (io.status != STREAM_WAIT_READ &&
		    io.status != STREAM_WAIT_WRITE)
			return io;
		if (poll(&p, 1, io.status == STREAM_WAIT_READ ? 0 : 10000) == 0)
			return io;
	}
}

static void
is_plain_tcp_afterwards(void **state)
{
	struct endpoint ep = { .addr.in.sin_family = AF_INET,
		.addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.len = sizeof(ep.addr.in) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[400] = { 0 };
	struct stream s;
	int peer;

	(void)state;
	assert_int_equal(bind(listener, &ep.addr.sa, ep.len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, &ep.addr.sa, &ep.len), 0);
	s = (struct stream){ .ops = &stream_tcp_ops };
	assert_false(err_is(sock_connect(&ep, NULL, &s.fd)));
	assert_false(
	    err_is(stream_tunnel_begin(&s, &proxy, slice_str("h"), 80)));
	assert_int_equal(shake_socket(&s).status, STREAM_WAIT_READ);
	peer = accept(listener, NULL, NULL);
	assert_int_not_equal(peer, -1);
	assert_int_equal(
	    recv(peer, text, sizeof(text) - 1, 0), strlen(ASK "\r\n"));
	assert_string_equal(text, ASK "\r\n");
	assert_int_equal(send(peer, GRANTED, strlen(GRANTED), MSG_NOSIGNAL),
	    strlen(GRANTED));
	while (shake_socket(&s).status == STREAM_WAIT_READ)
		;
	assert_ptr_equal(s.ops, &stream_tcp_ops);
	assert_null(s.layer);
	assert_int_equal(s.ops->plain_fd(&s), s.fd);
	s.ops->close(&s);
	(void)close(peer);
	(void)close(listener);
}

static void
survives_each_refused_allocation(void **state)
{
	static char answer[5000];
	size_t n;

	(void)state;
	(void)snprintf(
	    answer, sizeof(answer), "HTTP/1.1 200 OK\r\nA: %04000d\r\n\r\n", 1);
	fake.answers[0].octets = slice_str(answer);
	fake.answers[0].after = strlen(ASK "\r\n");
	for (n = 1;; n++) {
		struct stream_io io = { .status = STREAM_FAILED };
		struct err err;

		fake_stream_init(&fake, &stream);
		refuse_begin(n);
		err = stream_tunnel_begin(&stream, &proxy, slice_str("h"), 80);
		if (err_is(err))
			assert_true(fake_stream_is_bare(&fake, &stream));
		else
			io = shake();
		if (!refuse_end()) {
			assert_int_equal(io.status, STREAM_OK);
			break;
		}
		assert_int_equal(io.status, STREAM_FAILED);
		if (!err_is(err))
			err = stream.err;
		assert_int_equal(err.kind, ERR_NOMEM);
		stream.ops->close(&stream);
	}
	assert_true(n > 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(asks_for_host_and_port),
		TEST(asks_as_whoever_the_user_says),
		TEST(sends_credentials_whatever_the_pieces),
		TEST(gives_the_stream_back_when_it_is_granted),
		TEST(waits_for_as_long_as_the_answer_is_not_whole),
		TEST(tells_refusals_apart),
		TEST(takes_nothing_that_is_no_answer),
		TEST(leaves_alone_what_comes_behind_the_answer),
		TEST(holds_answers_to_their_limit),
		TEST(says_how_the_connection_broke),
		TEST(shakes_hands_below_first),
		TEST(waits_until_the_socket_is_connected),
		TEST(is_plain_tcp_afterwards),
		TEST(survives_each_refused_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
