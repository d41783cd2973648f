/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include <netinet/tcp.h>

#include "exact.h"

#include "net/tls_internal.h"
#include "refuse.h"
#include "tls_bench.h"

/* How TLS connections come about, or do not; octets through them are in
 * test_stream_tls.c, certificates in test_tls_verify.c. */

static const long versions[] = { OPENSSL_TLS1_2_VERSION,
	OPENSSL_TLS1_3_VERSION };

static void
shake_with(const char *host)
{
	struct err err = tls_bench_begin(host);

	expect_kind(host, err, ERR_NONE);
}

#define HINT \
	": no cipher suite in common, or a client's certificate is wanted " \
	"(--cert)"

/* The handshake is made, or fails with ERR_TLS and these words. */
static void
expect_shaken(const char *host, const char *words)
{
	const struct stream *s = &tls_bench.stream;
	struct stream_io io;

	shake_with(host);
	io = tls_bench_shake();
	if (words == NULL && io.status != STREAM_OK)
		fail_msg("%s: %s", host,
		    s->words != NULL ? s->words : "without words");
	if (words == NULL)
		return;
	if (io.status != STREAM_FAILED)
		fail_msg(
		    "%s: status %d, no \"%s\"", host, (int)io.status, words);
	expect_kind(host, s->err, ERR_TLS);
	if (s->words == NULL || strcmp(s->words, words) != 0)
		fail_msg("%s: \"%s\" instead of \"%s\"", host,
		    s->words != NULL ? s->words : "", words);
}

/* ---- What the two sides agree on ----------------------------------------- */

/* Newer ones of OpenSSL see to it themselves, in words of their own. */
static void
speaks_http_1_1_and_nothing_else(void **state)
{
	static const struct {
		const char *alpn;
		bool is_ours;
	} rows[] = {
		{ NULL, true },
		{ "\x08http/1.1", true },
		{ "\x02h2", false },
		{ "\x08http/1.0", false },
	};

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		struct stream_io io;

		tls_bench_serve("cert", versions[i % 2]);
		tls_bench.alpn = rows[i / 2].alpn;
		shake_with("localhost");
		io = tls_bench_shake();
		if (rows[i / 2].is_ours) {
			assert_int_equal(io.status, STREAM_OK);
			continue;
		}
		assert_int_equal(io.status, STREAM_FAILED);
		expect_kind("alpn", tls_bench.stream.err, ERR_TLS);
		assert_non_null(tls_bench.stream.words);
	}
}

static void
speaks_no_version_that_is_not_wanted(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	tls_bench.options.needs_tls13 = true;
	tls_bench_trust();
	tls_bench_serve("cert", OPENSSL_TLS1_3_VERSION);
	expect_shaken("localhost", NULL);
	tls_bench_serve("cert", OPENSSL_TLS1_2_VERSION);
	expect_shaken("localhost",
	    "the server sent the alert protocol_version: no version of TLS "
	    "that both sides allow");
}

static void
shows_its_own_certificate_when_asked(void **state)
{
	static char cert[128];
	static char key[128];
	static char pass[128];

	(void)state;
	TLS_BENCH_OR_SKIP();
	(void)snprintf(cert, sizeof(cert), "%s", scratch_path("cert"));
	(void)snprintf(key, sizeof(key), "%s", scratch_path("locked-key"));
	(void)snprintf(pass, sizeof(pass), "%s", scratch_path("pass"));
	scratch_write("pass", "secret\r\nand not this\n", 0600);
	for (size_t i = 0; i < 2 * COUNT(versions); i++) {
		bool has_cert = i % 2 != 0;
		uint8_t octet;
		struct stream_io io;

		tls_bench.options.cert_file = has_cert ? cert : NULL;
		tls_bench.options.key_file = has_cert ? key : NULL;
		tls_bench.options.pass_file = has_cert ? pass : NULL;
		tls_bench_trust();
		tls_bench_serve("cert", versions[i / 2]);
		assert_int_equal(tls_bench.lib->SSL_CTX_load_verify_file(
				     tls_bench.ctx, scratch_path("ca")),
		    1);
		tls_bench.lib->SSL_CTX_set_verify(tls_bench.ctx,
		    OPENSSL_VERIFY_PEER | TLS_BENCH_VERIFY_FAIL_WITHOUT, NULL);
		/* So that sessions may be kept. */
		shake_with("localhost");
		io = tls_bench_shake();
		if (versions[i / 2] == OPENSSL_TLS1_2_VERSION && !has_cert) {
			assert_int_equal(io.status, STREAM_FAILED);
			expect_kind("1.2", tls_bench.stream.err, ERR_TLS);
			assert_string_equal(tls_bench.stream.words,
			    "the server sent the alert handshake_failure" HINT);
			continue;
		}
		/* A server of TLS 1.3 refuses behind the handshake. */
		assert_int_equal(io.status, STREAM_OK);
		(void)tls_server_work(&tls_bench.server);
		io = tls_bench.stream.ops->recv(&tls_bench.stream, &octet, 1);
		if (has_cert) {
			assert_int_equal(io.status, STREAM_WAIT_READ);
			continue;
		}
		assert_int_equal(io.status, STREAM_FAILED);
		expect_kind("1.3", tls_bench.stream.err, ERR_TLS);
		assert_string_equal(tls_bench.stream.words,
		    "the server sent the alert certificate_required: it wants "
		    "a client's certificate (--cert)");
	}
}

/* ---- What is no handshake ------------------------------------------------ */

/* The server answers the ClientHello with this. */
static struct stream_io
shake_raw(struct slice answer)
{
	struct stream_io io;

	shake_with("localhost");
	io = tls_bench.stream.ops->handshake(&tls_bench.stream);
	assert_int_equal(io.status, STREAM_WAIT_READ);
	assert_int_equal(
	    send(tls_bench.server.fd, answer.ptr, answer.len, MSG_NOSIGNAL),
	    answer.len);
	return tls_bench.stream.ops->handshake(&tls_bench.stream);
}

static void
says_so_when_the_server_does_not_speak_tls(void **state)
{
	static const struct {
		struct slice answer;
		const char *words; /* NULL: some */
	} rows[] = {
		{ TEXT("HTTP/1.1 400 Bad Request\r\n\r\n"),
		    "the server does not speak TLS" },
		{ TEXT("220 mail.test ESMTP\r\n"),
		    "the server does not speak TLS" },
		{ TEXT("SSH-2.0-OpenSSH\r\n"),
		    "the server does not speak TLS" },
		{ TEXT("\0\0\0\0\0\0\0\0\0\0\0\0"),
		    "the server does not speak TLS" },
		/* A ServerHello of TLS 1.1. */
		{ TEXT("\x16\x03\x02\0\x2a\x02\0\0\x26\x03\x02"
		       "0123456789abcdef0123456789abcdef\0\xc0\x09\0"),
		    "the server wants a version of TLS that is not allowed" },
		{ TEXT("\x16\x03\x03\xff\xff garbage garbage"), NULL },
		{ TEXT("\x17\x03\x03\x00\x01 "), NULL },
	};

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stream_io io = shake_raw(rows[i].answer);
		const struct stream *s = &tls_bench.stream;

		assert_int_equal(io.status, STREAM_FAILED);
		expect_kind("answer", s->err, ERR_TLS);
		assert_non_null(s->words);
		if (rows[i].words != NULL)
			assert_string_equal(s->words, rows[i].words);
	}
}

/* RFC 8446, section 6: alert(21), a version, two octets: fatal(2) and why. */
static void
names_the_alert_that_the_server_sends(void **state)
{
	static const struct {
		uint8_t code;
		const char *words;
	} rows[] = {
		{ 10, "the server sent the alert unexpected_message" },
		{ 40, "the server sent the alert handshake_failure" HINT },
		{ 42, "the server sent the alert bad_certificate" },
		{ 48, "the server sent the alert unknown_ca" },
		{ 49, "the server sent the alert access_denied" },
		{ 51, "the server sent the alert decrypt_error" },
		{ 70,
		    "the server sent the alert protocol_version: no version of "
		    "TLS that both sides allow" },
		{ 71, "the server sent the alert insufficient_security" },
		{ 80, "the server sent the alert internal_error" },
		{ 86, "the server sent the alert inappropriate_fallback" },
		{ 112, "the server sent the alert unrecognized_name" },
		{ 116,
		    "the server sent the alert certificate_required: it wants "
		    "a client's certificate (--cert)" },
		{ 120, "the server sent the alert no_application_protocol" },
		{ 200, "the server sent the alert 200" },
		{ 255, "the server sent the alert 255" },
	};

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(rows); i++) {
		const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, rows[i].code };
		struct stream_io io = shake_raw(slice_of(alert, sizeof(alert)));

		assert_int_equal(io.status, STREAM_FAILED);
		expect_kind("alert", tls_bench.stream.err, ERR_TLS);
		assert_string_equal(tls_bench.stream.words, rows[i].words);
	}
}

/* An alert that the server's end follows is told all the same. */
static void
an_alert_goes_before_the_end_behind_it(void **state)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 112 };
	uint8_t hello[4096];

	(void)state;
	TLS_BENCH_OR_SKIP();
	shake_with("localhost");
	assert_int_equal(
	    tls_bench.stream.ops->handshake(&tls_bench.stream).status,
	    STREAM_WAIT_READ);
	assert_true(recv(tls_bench.server.fd, hello, sizeof(hello), 0) > 0);
	assert_int_equal(
	    send(tls_bench.server.fd, alert, sizeof(alert), MSG_NOSIGNAL),
	    sizeof(alert));
	tls_server_hang_up(&tls_bench.server);
	assert_int_equal(
	    tls_bench.stream.ops->handshake(&tls_bench.stream).status,
	    STREAM_FAILED);
	expect_kind("alert", tls_bench.stream.err, ERR_TLS);
	assert_string_equal(tls_bench.stream.words,
	    "the server sent the alert unrecognized_name");
}

static void
expect_cut(int sys)
{
	const struct stream *s = &tls_bench.stream;

	expect_kind("cut", s->err, ERR_IO);
	assert_int_equal(s->err.sys, sys);
	assert_null(s->words);
	if (sys == 0)
		assert_string_equal(s->err.why,
		    "the server closed the connection instead of the TLS "
		    "handshake");
}

/* After each octet of what the server says. */
static void
a_cut_within_the_handshake_is_a_break(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(versions); i++) {
		size_t at = 0;
		bool is_over = false;

		tls_bench_serve("cert", versions[i]);
		for (; !is_over; at += 1 + at / 8) {
			size_t left = at;
			struct stream_io io;

			shake_with("localhost");
			io = tls_bench.stream.ops->handshake(&tls_bench.stream);
			while (io.status == STREAM_WAIT_READ && left > 0) {
				tls_bench.server.cut = TLS_CUT_PIECES;
				tls_bench.server.cut_at = (int)left;
				if (!tls_server_work(&tls_bench.server))
					break;
				left -= left < 700 ? left : 700;
				io = tls_bench.stream.ops->handshake(
				    &tls_bench.stream);
			}
			is_over = io.status == STREAM_OK;
			if (is_over)
				break;
			assert_int_equal(io.status, STREAM_WAIT_READ);
			/* What it has not read would be a reset. */
			tls_bench.server.is_mute = true;
			(void)tls_server_work(&tls_bench.server);
			tls_server_hang_up(&tls_bench.server);
			io = tls_bench.stream.ops->handshake(&tls_bench.stream);
			assert_int_equal(io.status, STREAM_FAILED);
			expect_cut(0);
		}
		assert_true(at > 100);
	}
}

/* close_notify, in the clear: it is no handshake, and nobody's proper end. */
static void
a_goodbye_instead_of_the_handshake_is_a_break(void **state)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 1, 0 };

	(void)state;
	TLS_BENCH_OR_SKIP();
	assert_int_equal(
	    shake_raw(slice_of(alert, sizeof(alert))).status, STREAM_FAILED);
	expect_cut(0);
}

static void
a_reset_within_the_handshake_keeps_its_errno(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	shake_with("localhost");
	assert_int_equal(
	    tls_bench.stream.ops->handshake(&tls_bench.stream).status,
	    STREAM_WAIT_READ);
	tls_server_hang_up(&tls_bench.server); /* with a ClientHello unread */
	assert_int_equal(
	    tls_bench.stream.ops->handshake(&tls_bench.stream).status,
	    STREAM_FAILED);
	expect_cut(ECONNRESET);
}

/* ---- Other libraries than the real one ---------------------------------- */

/* The client's library with some functions of the test's own. */
static struct openssl dressed;

static void
dress(void)
{
	tls_bench_close_stream();
	dressed = *tls_bench.lib;
	tls_bench.tls->lib = &dressed;
}

static void
choose_h2(const struct ssl_st *ssl, const unsigned char **name, unsigned *len)
{
	(void)ssl;
	*name = (const unsigned char *)"h2";
	*len = 2;
}

static int
encode_no_key(const struct x509_pubkey_st *key, unsigned char **to)
{
	(void)key;
	(void)to;
	return -1;
}

static unsigned long
peek_at_poverty(void)
{
	return OPENSSL_R_MALLOC_FAILURE;
}

/* OpenSSL 3.0.0 did not look whether it had been offered. */
static void
looks_at_the_protocol_itself(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	dress();
	dressed.SSL_get0_alpn_selected = choose_h2;
	expect_shaken(
	    "localhost", "the server wants another protocol than http/1.1");
}

static void
a_key_that_cannot_be_told_is_no_pinned_one(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	tls_bench.options.pins = TLS_PEM_PIN;
	tls_bench_trust();
	dress();
	dressed.i2d_X509_PUBKEY = encode_no_key;
	expect_shaken(
	    "localhost", "the server's key is not one of --pinnedpubkey");
}

static void
tells_want_of_memory_from_a_bad_peer(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	dress();
	dressed.ERR_get_error = peek_at_poverty;
	assert_int_equal(
	    shake_raw(slice_str("HTTP/1.1 400 ")).status, STREAM_FAILED);
	expect_kind("memory", tls_bench.stream.err, ERR_NOMEM);
	assert_null(tls_bench.stream.words);
}

/* ---- Sessions ------------------------------------------------------------ */

/* Connect, take the tickets of TLS 1.3, and end properly; whether a session
 * was resumed. */
static bool
visit(void)
{
	struct stream *s = &tls_bench.stream;
	uint8_t octet;
	bool was_resumed;

	tls_bench_connect();
	was_resumed = stream_tls_was_resumed(s);
	assert_int_equal(s->ops->recv(s, &octet, 1).status, STREAM_WAIT_READ);
	s->ops->close(s);
	return was_resumed;
}

static void
goes_on_with_a_session_from_before(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(versions); i++) {
		tls_bench_serve("cert", versions[i]);
		tls_bench_trust();
		assert_false(visit());
		for (int k = 0; k < 4; k++)
			assert_true(visit());
		/* Other keys of tickets: what is offered is not known. */
		tls_bench_serve("cert", versions[i]);
		assert_false(visit());
		assert_true(visit());
	}
}

/* With the certificate of the one before, which was looked at then. */
static void
a_session_is_for_its_origin_alone(void **state)
{
	struct stream *s = &tls_bench.stream;
	uint8_t octet;

	(void)state;
	TLS_BENCH_OR_SKIP();
	assert_false(visit());
	/* The bench's connections have one origin; here is another. */
	shake_with("localhost");
	s->ops->close(s);
	tls_server_fini(&tls_bench.server);
	assert_true(visit());
	for (int i = 0; i < 2; i++) {
		int fds[2];

		tls_bench_close();
		assert_int_equal(
		    socketpair(AF_UNIX,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
		    0);
		*s = (struct stream){ .ops = &stream_tcp_ops, .fd = fds[0] };
		tls_server_init(&tls_bench.server, fds[1]);
		assert_false(err_is(stream_tls_begin(s, tls_bench.tls,
		    slice_str("localhost"), slice_str("https://origin2"))));
		assert_int_equal(tls_bench_shake().status, STREAM_OK);
		assert_int_equal(stream_tls_was_resumed(s), i > 0);
		assert_int_equal(
		    s->ops->recv(s, &octet, 1).status, STREAM_WAIT_READ);
	}
}

/* Some servers choke on what they gave out themselves. */
static void
a_session_that_led_to_a_failure_is_not_offered_again(void **state)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 51 };

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(versions); i++) {
		tls_bench_serve("cert", versions[i]);
		tls_bench_trust();
		assert_false(visit());
		assert_int_equal(
		    shake_raw(slice_of(alert, sizeof(alert))).status,
		    STREAM_FAILED);
		assert_true(tls_bench.stream.is_worth_anew);
		/* Nor is any other one of that server. */
		assert_false(visit());
		assert_false(visit());
		assert_int_equal(
		    shake_raw(slice_of(alert, sizeof(alert))).status,
		    STREAM_FAILED);
		assert_false(tls_bench.stream.is_worth_anew);
	}
}

/* It may be the way there that broke. */
static void
a_cut_in_a_handshake_is_not_laid_to_the_session_for_good(void **state)
{
	struct stream *s = &tls_bench.stream;

	(void)state;
	TLS_BENCH_OR_SKIP();
	tls_bench_serve("cert", OPENSSL_TLS1_3_VERSION);
	tls_bench_trust();
	assert_false(visit());
	shake_with("localhost");
	assert_int_equal(s->ops->handshake(s).status, STREAM_WAIT_READ);
	assert_int_equal(shutdown(tls_bench.server.fd, SHUT_RDWR), 0);
	assert_int_equal(s->ops->handshake(s).status, STREAM_FAILED);
	assert_false(s->is_worth_anew);
	assert_false(visit());
	assert_true(visit());
}

/* What the client says last must not wait for what it said before. */
static void
sends_without_delay(void **state)
{
	struct stream s = { .ops = &stream_tcp_ops,
		.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	socklen_t len = sizeof(int);
	int is_on = 0;

	(void)state;
	TLS_BENCH_OR_SKIP();
	assert_int_not_equal(s.fd, -1);
	tls_bench_trust();
	expect_kind("begin",
	    stream_tls_begin(&s, tls_bench.tls, slice_str("localhost"),
		slice_str("https://localhost")),
	    ERR_NONE);
	assert_int_equal(
	    getsockopt(s.fd, IPPROTO_TCP, TCP_NODELAY, &is_on, &len), 0);
	assert_int_not_equal(is_on, 0);
	s.ops->close(&s);
}

/* ---- Memory -------------------------------------------------------------- */

static void
may_be_closed_at_any_time(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	for (int steps = 0; steps < 4; steps++) {
		struct stream_io io = { .status = STREAM_WAIT_READ };

		shake_with("localhost");
		for (int i = 0; i < steps; i++) {
			io = tls_bench.stream.ops->handshake(&tls_bench.stream);
			(void)tls_server_work(&tls_bench.server);
			if (io.status == STREAM_OK)
				break;
		}
		tls_bench.stream.ops->close(&tls_bench.stream);
		assert_int_equal(tls_bench.stream.fd, -1);
	}
}

static void
survives_refused_allocations(void **state)
{
	bool was_refused = true;

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t n = 1; was_refused; n++) {
		struct stream *s = &tls_bench.stream;
		struct err err;
		int fds[2];

		tls_bench_close();
		assert_int_equal(
		    socketpair(AF_UNIX,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
		    0);
		*s = (struct stream){ .ops = &stream_tcp_ops, .fd = fds[0] };
		tls_server_init(&tls_bench.server, fds[1]);
		refuse_begin(n);
		err = stream_tls_begin(s, tls_bench.tls, slice_str("localhost"),
		    slice_str("https://origin"));
		was_refused = refuse_end();
		if (!was_refused)
			break;
		expect_kind("begin", err, ERR_NOMEM);
		assert_ptr_equal(s->ops, &stream_tcp_ops);
		assert_true(n < 10);
	}
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown( \
	    name, tls_bench_setup, tls_bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(speaks_http_1_1_and_nothing_else),
		TEST(speaks_no_version_that_is_not_wanted),
		TEST(shows_its_own_certificate_when_asked),
		TEST(says_so_when_the_server_does_not_speak_tls),
		TEST(names_the_alert_that_the_server_sends),
		TEST(an_alert_goes_before_the_end_behind_it),
		TEST(a_cut_within_the_handshake_is_a_break),
		TEST(a_goodbye_instead_of_the_handshake_is_a_break),
		TEST(a_reset_within_the_handshake_keeps_its_errno),
		TEST(looks_at_the_protocol_itself),
		TEST(a_key_that_cannot_be_told_is_no_pinned_one),
		TEST(tells_want_of_memory_from_a_bad_peer),
		TEST(goes_on_with_a_session_from_before),
		TEST(a_session_is_for_its_origin_alone),
		TEST(a_session_that_led_to_a_failure_is_not_offered_again),
		TEST(a_cut_in_a_handshake_is_not_laid_to_the_session_for_good),
		TEST(sends_without_delay),
		TEST(may_be_closed_at_any_time),
		TEST(survives_refused_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
