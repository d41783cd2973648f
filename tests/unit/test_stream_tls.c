#include "exact.h"

#include "tls_octets.h"

/* Octets through TLS; how that ends is in test_stream_tls_end.c, how it begins
 * in test_stream_tls_shake.c and test_tls_verify.c. */

#define LOTS ((size_t)600000)

/* ---- There and back ------------------------------------------------------ */

static void
carries_octets_both_ways_in_every_version(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(versions); i++) {
		uint8_t octets[64];
		struct stream_io io;

		tls_bench_serve("cert", versions[i]);
		tls_bench_connect();
		assert_int_equal(
		    tls_bench.calls.SSL_version(tls_bench.server.ssl),
		    versions[i]);
		assert_int_equal(
		    tls_bench.stream.ops->plain_fd(&tls_bench.stream), -1);
		io = send_text("request");
		assert_int_equal(io.status, STREAM_OK);
		assert_int_equal(io.len, 7);
		assert_int_equal(
		    recv_some(octets, sizeof(octets)).status, STREAM_WAIT_READ);
		(void)tls_server_work(&tls_bench.server);
		expect_text(
		    "request", buf_slice(&tls_bench.server.heard), "request");
		tls_server_say_str(&tls_bench.server, "response");
		tls_server_flush(&tls_bench.server);
		io = recv_some(octets, sizeof(octets));
		assert_int_equal(io.status, STREAM_OK);
		expect_text("response", slice_of(octets, io.len), "response");
		assert_int_equal(
		    recv_some(octets, sizeof(octets)).status, STREAM_WAIT_READ);
		assert_false(tls_bench.stream.has_more);
	}
}

/* With the octets of the server cut so, from its first one on. */
static void
talk_in_pieces(enum tls_cut cut, int at)
{
	char row[64];

	(void)snprintf(row, sizeof(row), "cut %d at %d", (int)cut, at);
	assert_false(err_is(tls_bench_begin("localhost")));
	tls_bench.server.cut = cut;
	tls_bench.server.cut_at = at;
	if (tls_bench_shake().status != STREAM_OK)
		fail_msg("%s: no handshake", row);
	tls_server_say_str(&tls_bench.server, "first");
	tls_server_say_str(&tls_bench.server, "second");
	tls_server_say_end(&tls_bench.server);
	expect_drained(row, 65536, slice_str("firstsecond"), STREAM_END);
}

static void
is_the_same_however_the_server_s_octets_are_cut(void **state)
{
	static const int pieces[] = { 1, 2, 5, 6, 100, 1000 };

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(versions); i++) {
		tls_bench_serve("cert", versions[i]);
		talk_in_pieces(TLS_CUT_NOT, 0);
		for (size_t k = 0; k < COUNT(pieces); k++)
			talk_in_pieces(TLS_CUT_PIECES, pieces[k]);
		for (int at = -7; at <= 7; at++)
			talk_in_pieces(TLS_CUT_RECORDS, at);
	}
}

/* Records of all sizes, all in the socket as far as it goes: nothing is lost,
 * nothing comes twice, and nothing waits for an event that does not come. */
static void
is_the_same_whatever_the_caller_has_room_for(void **state)
{
	static const size_t caps[] = { 1, 7, 4096, (size_t)34 * 1024 - 1,
		(size_t)34 * 1024, (size_t)34 * 1024 + 1, (size_t)40 * 1024,
		(size_t)256 * 1024, (size_t)512 * 1024 };
	static const size_t records[] = { 1, 16384, 300, 40000, 5 };
	struct slice octets = make_octets(LOTS);

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < 2 * COUNT(caps); i++) {
		size_t len = caps[i / 2] < 4096 ? 50000 : LOTS;
		struct slice left = slice_first(octets, len);
		char row[32];

		(void)snprintf(row, sizeof(row), "cap %zu", caps[i / 2]);
		tls_bench_serve("cert", versions[i % 2]);
		tls_bench_connect();
		for (size_t k = 0; left.len > 0; k++) {
			size_t n = records[k % COUNT(records)];

			n = n < left.len ? n : left.len;
			tls_server_say(&tls_bench.server, slice_first(left, n));
			left = slice_from(left, n);
		}
		tls_server_say_end(&tls_bench.server);
		expect_drained(
		    row, caps[i / 2], slice_first(octets, len), STREAM_END);
	}
	exact_free(octets);
}

/* The handshake receives all that has come: what is not its own is kept, and
 * given without a look at the socket. */
static void
keeps_what_came_with_the_end_of_the_handshake(void **state)
{
	static const size_t caps[] = { 1, 4000, (size_t)64 * 1024 };
	struct slice octets = make_octets(50000);

	(void)state;
	TLS_BENCH_OR_SKIP();
	tls_bench_serve("cert", OPENSSL_TLS1_2_VERSION);
	for (size_t i = 0; i < COUNT(caps); i++) {
		struct stream *s = &tls_bench.stream;

		/* A full handshake, at whose end the server is the last. */
		tls_bench_trust();
		assert_false(err_is(tls_bench_begin("localhost")));
		while (s->ops->handshake(s).status == STREAM_WAIT_READ) {
			assert_false(s->has_more);
			tls_bench.server.is_mute = true;
			(void)tls_server_work(&tls_bench.server);
			if (tls_bench.server.has_finished)
				tls_server_say(&tls_bench.server, octets);
			tls_bench.server.is_mute = false;
			tls_server_flush(&tls_bench.server);
		}
		assert_false(tls_bench_is_readable());
		assert_true(s->has_more);
		assert_int_equal(send_text("a").status, STREAM_OK);
		assert_true(s->has_more);
		expect_drained("kept", caps[i], octets, STREAM_WAIT_READ);
		assert_false(s->has_more);
		(void)tls_server_work(&tls_bench.server);
		tls_server_say_str(&tls_bench.server, "more");
		expect_drained(
		    "more", caps[i], slice_str("more"), STREAM_WAIT_READ);
	}
	exact_free(octets);
}

/* conn looks at has_more behind whatever it did last. */
static void
sending_does_not_forget_what_there_is_to_receive(void **state)
{
	uint8_t octets[64];

	(void)state;
	TLS_BENCH_OR_SKIP();
	tls_bench_connect();
	tls_server_say_str(&tls_bench.server, "first");
	tls_server_flush(&tls_bench.server);
	assert_int_equal(recv_some(octets, 2).len, 2);
	assert_true(tls_bench.stream.has_more);
	assert_int_equal(send_text("a").status, STREAM_OK);
	assert_true(tls_bench.stream.has_more);
	assert_int_equal(recv_some(octets, sizeof(octets)).len, 3);
	assert_false(tls_bench.stream.has_more);
	/* The same of the end. */
	tls_server_say_str(&tls_bench.server, "last");
	tls_server_say_end(&tls_bench.server);
	tls_server_flush(&tls_bench.server);
	assert_int_equal(recv_some(octets, sizeof(octets)).len, 4);
	assert_true(tls_bench.stream.has_more);
	assert_int_equal(send_text("b").status, STREAM_OK);
	assert_true(tls_bench.stream.has_more);
	assert_int_equal(recv_some(octets, sizeof(octets)).status, STREAM_END);
}

/* What a receive has left in the socket is not told by has_more, so that one
 * that is fast does not keep the others waiting, but it is told. */
static void
says_that_a_receive_may_have_left_something(void **state)
{
	struct slice octets = make_octets(100000);
	size_t cap = (size_t)64 * 1024;
	uint8_t *to = malloc(cap);
	struct stream_io io;

	(void)state;
	TLS_BENCH_OR_SKIP();
	assert_non_null(to);
	tls_bench_connect();
	tls_server_say(&tls_bench.server, octets);
	tls_server_flush(&tls_bench.server);
	io = recv_some(to, cap);
	assert_int_equal(io.status, STREAM_OK);
	assert_true(io.len < cap);
	assert_true(tls_bench_is_readable());
	assert_true(tls_bench.stream.has_left);
	while (tls_bench_is_readable()) {
		assert_int_equal(recv_some(to, cap).status, STREAM_OK);
		assert_false(tls_bench.stream.has_more);
	}
	assert_int_equal(recv_some(to, cap).status, STREAM_WAIT_READ);
	assert_false(tls_bench.stream.has_left);
	free(to);
	exact_free(octets);
}

/* ---- Sending ------------------------------------------------------------- */

/* As conn does: what was not taken is offered again, from elsewhere. */
static void
send_all(struct slice head, struct slice body, unsigned *waits)
{
	struct stream *s = &tls_bench.stream;

	while (head.len + body.len > 0) {
		struct slice head_copy = exact_copy(head);
		struct slice body_copy = exact_copy(body);
		struct iovec iov[2] = {
			{ (void *)(uintptr_t)head_copy.ptr, head.len },
			{ (void *)(uintptr_t)body_copy.ptr, body.len },
		};
		struct stream_io io = s->ops->send(
		    s, head.len > 0 ? iov : iov + 1, head.len > 0 ? 2 : 1);
		size_t of_head = 0;

		exact_free(head_copy);
		exact_free(body_copy);
		if (io.status == STREAM_WAIT_WRITE) {
			++*waits;
			assert_true(tls_server_work(&tls_bench.server));
			continue;
		}
		assert_int_equal(io.status, STREAM_OK);
		assert_in_range(io.len, 1, head.len + body.len);
		of_head = io.len < head.len ? io.len : head.len;
		head = slice_from(head, of_head);
		body = slice_from(body, io.len - of_head);
	}
}

static void
sends_what_fills_the_socket_whole_and_in_order(void **state)
{
	struct slice octets = make_octets(2 * LOTS);

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct slice head = slice_first(octets, LOTS);
		struct slice body = slice_from(octets, LOTS);
		unsigned waits = 0;

		tls_bench_serve("cert", versions[i]);
		tls_bench_connect();
		send_all(head, body, &waits);
		while (tls_server_work(&tls_bench.server))
			;
		expect_octets(
		    "heard", buf_slice(&tls_bench.server.heard), octets);
		assert_true(waits > 0);
	}
	exact_free(octets);
}

static void
a_break_while_sending_keeps_its_errno(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	tls_bench_connect();
	tls_server_hang_up(&tls_bench.server);
	expect_failed(send_text("a"), ERR_IO, EPIPE, NULL);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown( \
	    name, tls_bench_setup, tls_bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(carries_octets_both_ways_in_every_version),
		TEST(is_the_same_however_the_server_s_octets_are_cut),
		TEST(is_the_same_whatever_the_caller_has_room_for),
		TEST(keeps_what_came_with_the_end_of_the_handshake),
		TEST(sending_does_not_forget_what_there_is_to_receive),
		TEST(says_that_a_receive_may_have_left_something),
		TEST(sends_what_fills_the_socket_whole_and_in_order),
		TEST(a_break_while_sending_keeps_its_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
