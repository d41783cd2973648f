#include "exact.h"

#include "tls_octets.h"

/* How TLS streams end, and what they do beside carrying octets. */

/* ---- Ends ---------------------------------------------------------------- */

static void
gives_data_before_the_end_that_came_with_it(void **state)
{
	uint8_t octets[64];
	struct stream_io io;

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(versions); i++) {
		tls_bench_serve("cert", versions[i]);
		tls_bench_connect();
		tls_server_say_str(&tls_bench.server, "data");
		tls_server_say_end(&tls_bench.server);
		tls_server_flush(&tls_bench.server);
		io = recv_some(octets, sizeof(octets));
		assert_int_equal(io.status, STREAM_OK);
		assert_int_equal(io.len, 4);
		/* The socket is empty, and says nothing more. */
		assert_false(tls_bench_is_readable());
		for (int k = 0; k < 3; k++) {
			assert_true(tls_bench.stream.has_more);
			assert_int_equal(
			    recv_some(octets, sizeof(octets)).status,
			    STREAM_END);
		}
		/* It may still be talked to. */
		assert_int_equal(send_text("a").status, STREAM_OK);
	}
}

static void
the_socket_s_end_alone_is_a_truncation(void **state)
{
	static const char *const texts[] = { "", "data" };
	uint8_t octets[64];

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < 2 * COUNT(texts); i++) {
		size_t len = strlen(texts[i / 2]);

		tls_bench_serve("cert", versions[i % 2]);
		tls_bench_connect();
		if (len > 0)
			tls_server_say_str(&tls_bench.server, texts[i / 2]);
		tls_server_flush(&tls_bench.server);
		tls_server_hang_up(&tls_bench.server);
		if (len > 0)
			assert_int_equal(
			    recv_some(octets, sizeof(octets)).len, len);
		for (int k = 0; k < 2; k++) {
			expect_failed(recv_some(octets, sizeof(octets)),
			    ERR_TRUNCATED, 0, NULL);
			assert_string_equal(tls_bench.stream.err.why,
			    "the TLS connection ended without close_notify");
		}
	}
}

/* Within a record it is no other. */
static void
half_a_record_is_none(void **state)
{
	uint8_t octets[64];

	(void)state;
	TLS_BENCH_OR_SKIP();
	tls_bench_connect();
	(void)recv_some(octets, sizeof(octets)); /* tickets */
	tls_server_say_str(&tls_bench.server, "data");
	tls_bench.server.cut = TLS_CUT_RECORDS;
	tls_bench.server.cut_at = -1;
	(void)tls_server_move(&tls_bench.server);
	assert_true(tls_bench.server.late.len > 0);
	assert_int_equal(
	    recv_some(octets, sizeof(octets)).status, STREAM_WAIT_READ);
	tls_server_hang_up(&tls_bench.server);
	expect_failed(
	    recv_some(octets, sizeof(octets)), ERR_TRUNCATED, 0, NULL);
}

/* A Unix socket is reset when it is closed with octets unread. */
static void
a_reset_keeps_its_errno(void **state)
{
	uint8_t octets[64];

	(void)state;
	TLS_BENCH_OR_SKIP();
	tls_bench_connect();
	(void)recv_some(octets, sizeof(octets));
	assert_int_equal(send_text("unread").status, STREAM_OK);
	tls_server_hang_up(&tls_bench.server);
	expect_failed(
	    recv_some(octets, sizeof(octets)), ERR_IO, ECONNRESET, NULL);
}

/* Turn over one bit of the last record. */
static void
tamper(void)
{
	struct tls_server *s = &tls_bench.server;

	s->is_mute = true;
	(void)tls_server_move(s);
	assert_true(s->late.len > 0);
	s->late.ptr[s->late.len - 1] ^= 1;
	s->is_mute = false;
	tls_server_flush(s);
}

static void
what_was_tampered_with_is_never_given(void **state)
{
	uint8_t octets[64];

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < 2 * COUNT(versions); i++) {
		bool has_data = i % 2 != 0;
		struct stream_io io;

		tls_bench_serve("cert", versions[i / 2]);
		tls_bench_connect();
		(void)recv_some(octets, sizeof(octets));
		if (has_data)
			tls_server_say_str(&tls_bench.server, "good");
		tls_server_flush(&tls_bench.server);
		tls_server_say_str(&tls_bench.server, "evil");
		tamper();
		io = recv_some(octets, sizeof(octets));
		if (has_data) {
			expect_text("before", slice_of(octets, io.len), "good");
			assert_true(tls_bench.stream.has_more);
			io = recv_some(octets, sizeof(octets));
		}
		/* It may come whole the next time. */
		for (int k = 0; k < 2; k++) {
			expect_failed(io, ERR_IO, 0, "");
			assert_non_null(strstr(tls_bench.stream.words,
			    "what came is not the server's TLS ("));
			io = recv_some(octets, sizeof(octets));
		}
	}
}

static void
words_go_with_the_stream(void **state)
{
	uint8_t octets[64];

	(void)state;
	TLS_BENCH_OR_SKIP();
	tls_bench_connect();
	tls_server_say_str(&tls_bench.server, "evil");
	tamper();
	assert_int_equal(
	    recv_some(octets, sizeof(octets)).status, STREAM_FAILED);
	assert_non_null(tls_bench.stream.words);
	tls_bench.stream.ops->close(&tls_bench.stream);
	assert_null(tls_bench.stream.words);
	assert_null(tls_bench.stream.layer);
	assert_ptr_equal(tls_bench.stream.ops, &stream_tcp_ops);
	assert_int_equal(tls_bench.stream.fd, -1);
}

/* RFC 8446, section 6.1: close_notify, unless the connection has failed. */
static void
says_goodbye_when_it_is_closed(void **state)
{
	uint8_t octets[64];

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(versions); i++) {
		tls_bench_serve("cert", versions[i]);
		tls_bench_connect();
		tls_bench.stream.ops->close(&tls_bench.stream);
		(void)tls_server_work(&tls_bench.server);
		assert_true(tls_bench.server.has_end);
		tls_bench_connect();
		tls_server_say_end(&tls_bench.server);
		tls_server_flush(&tls_bench.server);
		assert_int_equal(
		    recv_some(octets, sizeof(octets)).status, STREAM_END);
		tls_bench.stream.ops->close(&tls_bench.stream);
		(void)tls_server_work(&tls_bench.server);
		assert_true(tls_bench.server.has_end);
		tls_bench_connect();
		tls_server_say_str(&tls_bench.server, "evil");
		tamper();
		assert_int_equal(
		    recv_some(octets, sizeof(octets)).status, STREAM_FAILED);
		tls_bench.stream.ops->close(&tls_bench.stream);
		(void)tls_server_work(&tls_bench.server);
		assert_false(tls_bench.server.has_end);
	}
}

/* ---- What the protocol does for itself ----------------------------------- */

static void
tickets_are_no_octets(void **state)
{
	uint8_t octets[2];

	(void)state;
	TLS_BENCH_OR_SKIP();
	tls_bench_connect();
	while (recv_some(octets, 1).status == STREAM_OK)
		;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tls_bench.calls.SSL_new_session_ticket(
				     tls_bench.server.ssl),
		    1);
		assert_int_equal(
		    tls_bench.lib->SSL_do_handshake(tls_bench.server.ssl), 1);
		tls_server_flush(&tls_bench.server);
		assert_true(tls_bench_is_readable());
		assert_int_equal(recv_some(octets, 1).status, STREAM_WAIT_READ);
		assert_false(tls_bench.stream.has_more);
		assert_false(tls_bench_is_readable());
	}
}

/* However much of it a server sends, the others have their turn. */
static void
what_is_no_octet_does_not_go_on_for_ever(void **state)
{
	static const size_t caps[] = { 1, (size_t)64 * 1024 };
	uint8_t *to = malloc(caps[1]);

	(void)state;
	TLS_BENCH_OR_SKIP();
	assert_non_null(to);
	for (size_t i = 0; i < COUNT(caps); i++) {
		unsigned calls = 0;

		tls_bench_connect();
		for (int k = 0; k < 400; k++) {
			(void)tls_bench.calls.SSL_new_session_ticket(
			    tls_bench.server.ssl);
			assert_int_equal(tls_bench.lib->SSL_do_handshake(
					     tls_bench.server.ssl),
			    1);
		}
		tls_server_flush(&tls_bench.server);
		for (; tls_bench_is_readable(); calls++) {
			assert_int_equal(
			    recv_some(to, caps[i]).status, STREAM_WAIT_READ);
			assert_false(tls_bench.stream.has_more);
			if (tls_bench_is_readable())
				assert_true(tls_bench.stream.has_left);
			(void)tls_server_move(&tls_bench.server);
		}
		assert_in_range(calls, 2, 20);
		assert_int_equal(
		    recv_some(to, caps[i]).status, STREAM_WAIT_READ);
		assert_false(tls_bench.stream.has_left);
	}
	free(to);
}

static void
keys_are_changed_in_the_middle(void **state)
{
	struct buf got;

	(void)state;
	TLS_BENCH_OR_SKIP();
	buf_init(&got, 1024);
	tls_bench_connect();
	for (int i = 0; i < 5; i++) {
		tls_server_say_str(&tls_bench.server, "a");
		assert_int_equal(
		    tls_bench.calls.SSL_key_update(
			tls_bench.server.ssl, TLS_BENCH_KEY_UPDATE_REQUESTED),
		    1);
		tls_server_say_str(&tls_bench.server, "b");
		assert_int_equal(
		    tls_bench_drain(64, &got).status, STREAM_WAIT_READ);
		/* Ours is changed with the next that is sent. */
		assert_int_equal(send_text("c").status, STREAM_OK);
		(void)tls_server_work(&tls_bench.server);
	}
	expect_text("client", buf_slice(&got), "ababababab");
	expect_text("server", buf_slice(&tls_bench.server.heard), "ccccc");
	buf_fini(&got);
}

static void
another_handshake_is_refused(void **state)
{
	struct buf got;

	(void)state;
	TLS_BENCH_OR_SKIP();
	buf_init(&got, 1024);
	tls_bench_serve("cert", OPENSSL_TLS1_2_VERSION);
	tls_bench_connect();
	(void)tls_bench.calls.SSL_renegotiate(tls_bench.server.ssl);
	(void)tls_bench.lib->SSL_do_handshake(tls_bench.server.ssl);
	/* OpenSSL's server takes the refusal badly. */
	expect_failed(tls_bench_drain(64, &got), ERR_TLS, 0,
	    "the server sent the alert handshake_failure: no cipher suite in "
	    "common, or a client's certificate is wanted (--cert)");
	assert_int_equal(got.len, 0);
	buf_fini(&got);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown( \
	    name, tls_bench_setup, tls_bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(gives_data_before_the_end_that_came_with_it),
		TEST(the_socket_s_end_alone_is_a_truncation),
		TEST(half_a_record_is_none),
		TEST(a_reset_keeps_its_errno),
		TEST(what_was_tampered_with_is_never_given),
		TEST(words_go_with_the_stream),
		TEST(says_goodbye_when_it_is_closed),
		TEST(tickets_are_no_octets),
		TEST(what_is_no_octet_does_not_go_on_for_ever),
		TEST(keys_are_changed_in_the_middle),
		TEST(another_handshake_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
