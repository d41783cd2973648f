/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect */
#include "exact.h"

#include <stdio.h>

#include "conn_bench.h"

/* What a response comes to. */
struct outcome {
	unsigned status;
	const char *body;
	enum err_kind kind;
	bool is_open; /* in the end */
};

struct reply {
	const char *name;
	struct slice octets;
	bool to_head;
	bool ends; /* the peer closes behind the octets */
	struct outcome outcome;
	unsigned pieces; /* of body, when all octets come at once */
};

#define OK "HTTP/1.1 200 OK\r\n"

static const struct reply replies[] = {
	/* Framing. */
	{ "length", TEXT(OK "Content-Length: 5\r\n\r\nhello"), false, false,
	    { 200, "hello", ERR_NONE, true }, 1 },
	{ "length, ended", TEXT(OK "Content-Length: 5\r\n\r\nhello"), false,
	    true, { 200, "hello", ERR_NONE, false }, 1 },
	{ "length 0", TEXT(OK "Content-Length: 0\r\n\r\n"), false, false,
	    { 200, "", ERR_NONE, true }, 0 },
	{ "bare LF", TEXT("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"), false,
	    false, { 200, "ok", ERR_NONE, true }, 1 },
	{ "one chunk",
	    TEXT(OK "Transfer-Encoding: chunked\r\n\r\n"
		    "5\r\nhello\r\n0\r\n\r\n"),
	    false, false, { 200, "hello", ERR_NONE, true }, 1 },
	{ "three chunks",
	    TEXT(OK "Transfer-Encoding: chunked\r\n\r\n"
		    "1\r\na\r\n2;x=y\r\nbc\r\n3\r\ndef\r\n0\r\nT: x\r\n\r\n"),
	    false, false, { 200, "abcdef", ERR_NONE, true }, 1 },
	{ "no chunk", TEXT(OK "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	    false, false, { 200, "", ERR_NONE, true }, 0 },
	{ "up to the end", TEXT(OK "\r\nhello"), false, true,
	    { 200, "hello", ERR_NONE, false }, 1 },
	{ "up to the end, empty", TEXT(OK "\r\n"), false, true,
	    { 200, "", ERR_NONE, false }, 0 },
	{ "204", TEXT("HTTP/1.1 204 No Content\r\n\r\n"), false, false,
	    { 204, "", ERR_NONE, true }, 0 },
	{ "304", TEXT("HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n"), false,
	    false, { 304, "", ERR_NONE, true }, 0 },
	{ "to HEAD", TEXT(OK "Content-Length: 5\r\n\r\n"), true, false,
	    { 200, "", ERR_NONE, true }, 0 },
	{ "404", TEXT("HTTP/1.1 404 x\r\nContent-Length: 2\r\n\r\nno"), false,
	    false, { 404, "no", ERR_NONE, true }, 1 },
	/* Interim responses. */
	{ "100 first",
	    TEXT("HTTP/1.1 100 Continue\r\n\r\n" OK
		 "Content-Length: 2\r\n\r\nok"),
	    false, false, { 200, "ok", ERR_NONE, true }, 1 },
	{ "three first",
	    TEXT("HTTP/1.1 100 Continue\r\n\r\n"
		 "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
		 "HTTP/1.1 102 x\r\nContent-Length: 9\r\n\r\n" OK
		 "Content-Length: 2\r\n\r\nok"),
	    false, false, { 200, "ok", ERR_NONE, true }, 1 },
	{ "100 only", TEXT("HTTP/1.1 100 Continue\r\n\r\n"), false, true,
	    { 0, "", ERR_TRUNCATED, false }, 0 },
	{ "101", TEXT("HTTP/1.1 101 x\r\n\r\n"), false, false,
	    { 0, "", ERR_PROTOCOL, false }, 0 },
	/* Persistence. */
	{ "close", TEXT(OK "Connection: close\r\nContent-Length: 2\r\n\r\nok"),
	    false, false, { 200, "ok", ERR_NONE, false }, 1 },
	{ "1.0", TEXT("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), false,
	    false, { 200, "ok", ERR_NONE, false }, 1 },
	{ "1.0 keep-alive",
	    TEXT("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
		 "Content-Length: 2\r\n\r\nok"),
	    false, false, { 200, "ok", ERR_NONE, true }, 1 },
	{ "length and chunked",
	    TEXT(OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "2\r\nok\r\n0\r\n\r\n"),
	    false, false, { 200, "ok", ERR_NONE, false }, 1 },
	/* Surplus octets. */
	{ "surplus octet", TEXT(OK "Content-Length: 2\r\n\r\nok!"), false,
	    false, { 200, "ok", ERR_NONE, false }, 1 },
	{ "surplus response",
	    TEXT(OK "Content-Length: 2\r\n\r\nok" OK
		    "Content-Length: 5\r\n\r\nwrong"),
	    false, false, { 200, "ok", ERR_NONE, false }, 1 },
	{ "surplus behind chunks",
	    TEXT(OK "Transfer-Encoding: chunked\r\n\r\n"
		    "2\r\nok\r\n0\r\n\r\n\r\n"),
	    false, false, { 200, "ok", ERR_NONE, false }, 1 },
	{ "surplus behind 204", TEXT("HTTP/1.1 204 x\r\n\r\nbody"), false,
	    false, { 204, "", ERR_NONE, false }, 0 },
	{ "surplus behind HEAD", TEXT(OK "Content-Length: 2\r\n\r\nok"), true,
	    false, { 200, "", ERR_NONE, false }, 0 },
	/* Ends that come too early. */
	{ "nothing", TEXT(""), false, true, { 0, "", ERR_TRUNCATED, false },
	    0 },
	{ "half a head", TEXT(OK "Content-Le"), false, true,
	    { 0, "", ERR_TRUNCATED, false }, 0 },
	{ "half a body", TEXT(OK "Content-Length: 5\r\n\r\nhel"), false, true,
	    { 200, "hel", ERR_TRUNCATED, false }, 1 },
	{ "no last chunk",
	    TEXT(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), false,
	    true, { 200, "hello", ERR_TRUNCATED, false }, 1 },
	{ "half a last chunk",
	    TEXT(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"),
	    false, true, { 200, "hello", ERR_TRUNCATED, false }, 1 },
	/* What is no HTTP. */
	{ "no status line", TEXT("<html>"), false, false,
	    { 0, "", ERR_PROTOCOL, false }, 0 },
	{ "two lengths",
	    TEXT(OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\nok"), false,
	    false, { 0, "", ERR_PROTOCOL, false }, 0 },
	{ "bad chunk", TEXT(OK "Transfer-Encoding: chunked\r\n\r\nx\r\n"),
	    false, false, { 200, "", ERR_PROTOCOL, false }, 0 },
};

/* Feed `octets` in pieces that end at `ends`, and look what comes of it. */
static void
play(const struct reply *reply, const size_t *ends, size_t count)
{
	bool is_whole = count == 1;
	struct talk t;
	struct conn c;
	size_t at = 0;

	bench_open();
	talk_init(&t);
	t.exchange.to_head = reply->to_head;
	talk_until_head(&t, &c);
	for (size_t i = 0; i < count; i++) {
		struct slice piece =
		    slice_of(reply->octets.ptr + at, ends[i] - at);

		/* Enough was said already. */
		if (!conn_is_open(&c))
			break;
		if (piece.len > 0)
			fake_say(0, piece);
		at = ends[i];
		if (at == reply->octets.len && reply->ends && is_whole)
			fake_close(0);
		bench_run();
	}
	if (reply->ends && !is_whole) {
		fake_close(0);
		bench_run();
	}
	if (t.dones != 1 || t.err.kind != reply->outcome.kind ||
	    t.status != reply->outcome.status ||
	    conn_is_open(&c) != reply->outcome.is_open)
		fail_msg("%s: done %u times, %s, %u, %s", reply->name, t.dones,
		    err_name(t.err.kind), t.status,
		    conn_is_open(&c) ? "open" : "closed");
	expect_text(reply->name, buf_slice(&t.body), reply->outcome.body);
	if (is_whole)
		assert_int_equal(t.pieces, reply->pieces);
	assert_int_equal(t.has_ended,
	    t.err.kind == ERR_NONE && c.body.framing != RESPONSE_CLOSE);
	conn_close(&c);
	talk_fini(&t);
	bench_close();
}

static void
reads_a_response_the_same_however_it_is_split(void **state)
{
	size_t ends[512];

	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		size_t len = replies[i].octets.len;

		assert_true(len <= COUNT(ends));
		ends[0] = len;
		play(&replies[i], ends, 1);
		for (size_t at = 0; at < len; at++)
			ends[at] = at + 1;
		if (len > 1)
			play(&replies[i], ends, len);
		for (size_t at = 1; at < len; at++) {
			ends[0] = at;
			ends[1] = len;
			play(&replies[i], ends, 2);
		}
	}
}

static void
a_small_body_comes_in_one_last_piece(void **state)
{
	static const struct slice cases[] = {
		TEXT(OK "Content-Length: 5\r\n\r\nhello"),
		TEXT(OK "Transfer-Encoding: chunked\r\n\r\n"
			"5\r\nhello\r\n0\r\n\r\n"),
		TEXT(OK "Content-Length: 0\r\n\r\n"),
		TEXT("HTTP/1.1 204 x\r\n\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct talk t;
		struct conn c;

		bench_open();
		talk_init(&t);
		talk_until_head(&t, &c);
		fake_say(0, cases[i]);
		bench_run();
		assert_true(t.pieces <= 1);
		assert_true(t.has_ended);
		conn_close(&c);
		talk_fini(&t);
		bench_close();
	}
}

/* Nobody is held up by interim responses without end. */
static void
interim_responses_are_too_many_at_some_point(void **state)
{
	static const char hint[] = "HTTP/1.1 103 Early Hints\r\n\r\n";
	unsigned said = 0;
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	talk_until_head(&t, &c);
	for (; t.dones == 0 && said <= RESPONSE_HEAD_MAX; said++) {
		fake_say_str(0, hint);
		bench_run();
	}
	assert_int_equal(t.err.kind, ERR_LIMIT);
	assert_in_range(
	    said * strlen(hint), RESPONSE_HEAD_MAX, RESPONSE_HEAD_MAX + 1000);
	talk_fini(&t);
}

static void
a_head_is_too_long_at_some_point(void **state)
{
	static const char line[] =
	    "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"
	    " zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\r\n";
	size_t said = 0;
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	talk_until_head(&t, &c);
	fake_say_str(0, OK);
	for (; t.dones == 0 && said <= 2 * RESPONSE_HEAD_MAX;
	     said += strlen(line)) {
		fake_say_str(0, line);
		bench_run();
	}
	assert_int_equal(t.err.kind, ERR_LIMIT);
	assert_true(said <= RESPONSE_HEAD_MAX + 1000);
	talk_fini(&t);
}

/* What is left of a response goes with its connection. */
static void
the_beginning_of_a_head_does_not_outlive_its_exchange(void **state)
{
	struct talk first;
	struct talk second;
	struct conn c;

	(void)state;
	talk_init(&first);
	talk_init(&second);
	talk_until_head(&first, &c);
	fake_say_str(0, OK "Content-");
	bench_run();
	assert_true(c.partial.len > 0);
	fake_say_str(0, "Length: 1\r\n\r\n1");
	bench_run();
	assert_int_equal(c.state, CONN_IDLE);
	assert_int_equal(c.partial.cap, 0);
	talk_begin(&second, &c);
	fake_say_str(0, OK "Content-Length: 1\r\n\r\n2");
	bench_run();
	assert_int_equal(second.err.kind, ERR_NONE);
	expect_text("first", buf_slice(&first.body), "1");
	expect_text("second", buf_slice(&second.body), "2");
	conn_close(&c);
	talk_fini(&first);
	talk_fini(&second);
}

/* Two connections share one buffer to receive in. */
static void
heads_in_pieces_of_two_connections_do_not_mix(void **state)
{
	static const char *const pieces[][2] = {
		{ "HTTP/1.", "HTTP" },
		{ "1 201 A\r\nContent-", "/1.1 202 B\r" },
		{ "Length: 3\r\n", "\nContent-Length: 3\r\n\r" },
		{ "\r\na", "\nb" },
		{ "a", "b" },
		{ "a", "b" },
	};
	struct talk t[2];
	struct conn c[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		talk_init(&t[i]);
		talk_until_head(&t[i], &c[i]);
	}
	for (size_t p = 0; p < COUNT(pieces); p++) {
		for (unsigned i = 0; i < 2; i++)
			fake_say_str(i, pieces[p][i]);
		bench_run();
	}
	assert_int_equal(t[0].status, 201);
	assert_int_equal(t[1].status, 202);
	expect_text("a", buf_slice(&t[0].body), "aaa");
	expect_text("b", buf_slice(&t[1].body), "bbb");
	for (unsigned i = 0; i < 2; i++) {
		conn_close(&c[i]);
		talk_fini(&t[i]);
	}
}

/* A body's last octets fill the buffer, and more wait behind them. */
static void
surplus_octets_are_found_behind_a_full_buffer(void **state)
{
	static const int room = 4 * 1024 * 1024;
	static char octets[CONN_RX_SIZE + 1];

	(void)state;
	for (size_t surplus = 0; surplus < 2; surplus++) {
		char head[128];
		struct talk t;
		struct conn c;
		size_t len = CONN_RX_SIZE + surplus;

		bench_open();
		talk_init(&t);
		talk_until_head(&t, &c);
		(void)setsockopt(fake_peer(0), SOL_SOCKET, SO_SNDBUFFORCE,
		    &room, sizeof(room));
		(void)snprintf(head, sizeof(head),
		    OK "Content-Length: %zu\r\n\r\n", CONN_RX_SIZE);
		fake_say_str(0, head);
		bench_run();
		if (fake_offer(0, slice_of(octets, len)) < len)
			skip(); /* not allowed so large a buffer */
		bench_run();
		assert_int_equal(t.err.kind, ERR_NONE);
		assert_int_equal(t.body.len, CONN_RX_SIZE);
		assert_int_equal(t.was_open, surplus == 0);
		conn_close(&c);
		talk_fini(&t);
		bench_close();
	}
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_response_the_same_however_it_is_split),
		cmocka_unit_test(a_small_body_comes_in_one_last_piece),
		TEST(interim_responses_are_too_many_at_some_point),
		TEST(a_head_is_too_long_at_some_point),
		TEST(the_beginning_of_a_head_does_not_outlive_its_exchange),
		TEST(heads_in_pieces_of_two_connections_do_not_mix),
		cmocka_unit_test(surplus_octets_are_found_behind_a_full_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
