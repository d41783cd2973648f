#include "exact.h"

#include "tls_bench.h"

/* Whose certificate is taken; the rest of the handshake is in
 * test_stream_tls_shake.c. */

static const long versions[] = { OPENSSL_TLS1_2_VERSION,
	OPENSSL_TLS1_3_VERSION };

static void
shake_with(const char *host)
{
	struct err err = tls_bench_begin(host);

	expect_kind(host, err, ERR_NONE);
}

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

/* ---- Whom a certificate is for ------------------------------------------- */

static void
wants_a_certificate_for_the_host(void **state)
{
	static const char other[] =
	    "the certificate is not for this host, but for localhost, "
	    "*.wild.test, 127.0.0.1 and 2 more";
	static const struct {
		const char *host;
		const char *words; /* NULL: it is for that */
		const char *sni;
	} rows[] = {
		{ "localhost", NULL, "localhost" },
		{ "LocalHost", NULL, "LocalHost" },
		{ "a.wild.test", NULL, "a.wild.test" },
		{ "wild.test", other, "wild.test" },
		{ "a.b.wild.test", other, "a.b.wild.test" },
		{ "server", other, "server" }, /* the common name */
		{ "localhost.test", other, "localhost.test" },
		{ "127.0.0.1", NULL, NULL },
		{ "127.0.0.2", other, NULL },
		{ "::1", NULL, NULL },
		{ "::2", other, NULL },
		/* Zones are for ourselves alone. */
		{ "fe80::1%eth0", NULL, NULL },
		{ "fe80::2%eth0", other, NULL },
	};

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		const char *sni;

		tls_bench_serve("cert", versions[i % 2]);
		/* A session that is resumed is not looked at again. */
		tls_bench_trust();
		expect_shaken(rows[i / 2].host, rows[i / 2].words);
		/* RFC 6066, section 3: a name, and never an address. */
		sni = tls_bench.calls.SSL_get_servername(
		    tls_bench.server.ssl, OPENSSL_NAMETYPE_HOST_NAME);
		if (rows[i / 2].sni == NULL)
			assert_null(sni);
		else
			assert_string_equal(sni, rows[i / 2].sni);
	}
}

/* OpenSSL would take no name for any name, and one that begins with a dot for
 * all that end so. */
static void
refuses_hosts_that_no_certificate_can_be_for(void **state)
{
	static const char *const hosts[] = { "", ".wild.test", "." };
	char name[257];

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(hosts); i++) {
		expect_kind(hosts[i], tls_bench_begin(hosts[i]), ERR_REQUEST);
		assert_ptr_equal(tls_bench.stream.ops, &stream_tcp_ops);
	}
	memset(name, 'a', sizeof(name) - 1);
	name[256] = '\0';
	expect_kind("long", tls_bench_begin(name), ERR_REQUEST);
	assert_ptr_equal(tls_bench.stream.ops, &stream_tcp_ops);
}

static void
a_percent_sign_ends_no_name(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	expect_shaken("localhost%evil",
	    "the certificate is not for this host, but for localhost, "
	    "*.wild.test, 127.0.0.1 and 2 more");
}

/* ---- What is wrong with certificates ------------------------------------- */

static void
says_what_is_wrong_with_a_certificate(void **state)
{
	static const struct {
		const char *cert;
		const char *words;
	} rows[] = {
		{ "expired",
		    "the certificate expired on 2001-02-03 04:05:06 UTC" },
		{ "early",
		    "the certificate is not yet valid, but from 2120-03-04 "
		    "05:06:07 UTC on" },
		{ "many",
		    "the certificate is not for this host, but for a.test, "
		    "b.test, c.test and 2 more" },
		{ "self", "the certificate is self-signed, and not trusted" },
	};

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		tls_bench_serve(rows[i / 2].cert, versions[i % 2]);
		tls_bench_trust();
		expect_shaken("localhost", rows[i / 2].words);
	}
}

static void
names_the_issuer_that_is_not_known(void **state)
{
	static char self[128];

	(void)state;
	TLS_BENCH_OR_SKIP();
	(void)snprintf(self, sizeof(self), "%s", scratch_path("self"));
	tls_bench.options.ca_file = self;
	tls_bench_trust();
	expect_shaken("localhost",
	    "unknown issuer: 'Test CA' is neither trusted nor in the server's "
	    "chain");
}

static void
a_certificate_that_is_trusted_may_be_its_own_issuer(void **state)
{
	static char self[128];

	(void)state;
	TLS_BENCH_OR_SKIP();
	(void)snprintf(self, sizeof(self), "%s", scratch_path("self"));
	tls_bench.options.ca_file = self;
	tls_bench_trust();
	tls_bench_serve("self", OPENSSL_TLS1_3_VERSION);
	expect_shaken("localhost", NULL);
}

/* The server's own certificate will do. */
static void
what_is_trusted_need_not_be_a_root(void **state)
{
	static char cert[128];

	(void)state;
	TLS_BENCH_OR_SKIP();
	(void)snprintf(cert, sizeof(cert), "%s", scratch_path("cert"));
	tls_bench.options.ca_file = cert;
	tls_bench_trust();
	expect_shaken("localhost", NULL);
}

/* RFC 9525, section 2: hosts are in the subjectAltName, or nowhere. */
static void
a_common_name_is_no_host(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < COUNT(versions); i++) {
		tls_bench_serve("nameless", versions[i]);
		expect_shaken("localhost",
		    "the certificate is not for this host, but for no host at "
		    "all (the common name 'localhost' does not count)");
	}
}

static void
insecure_takes_any_certificate(void **state)
{
	static const char *const certs[] = { "expired", "early", "many", "self",
		"nameless" };

	(void)state;
	TLS_BENCH_OR_SKIP();
	tls_bench.options.is_insecure = true;
	tls_bench_trust();
	for (size_t i = 0; i < 2 * COUNT(certs); i++) {
		tls_bench_serve(certs[i / 2], versions[i % 2]);
		expect_shaken("other.test", NULL);
		expect_shaken("192.0.2.7", NULL);
	}
}

/* ---- Pins ---------------------------------------------------------------- */

#define PIN_OTHER "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PIN_WORDS \
	"the server's key is not one of --pinnedpubkey, but " TLS_PEM_PIN

static void
wants_a_key_that_is_pinned(void **state)
{
	static const struct {
		const char *pins;
		bool is_insecure;
		const char *words;
	} rows[] = {
		{ TLS_PEM_PIN, false, NULL },
		{ PIN_OTHER ";" TLS_PEM_PIN, false, NULL },
		{ TLS_PEM_PIN ";" PIN_OTHER, true, NULL },
		{ PIN_OTHER, false, PIN_WORDS },
		{ PIN_OTHER, true, PIN_WORDS },
	};

	(void)state;
	TLS_BENCH_OR_SKIP();
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		tls_bench.options.pins = rows[i / 2].pins;
		tls_bench.options.is_insecure = rows[i / 2].is_insecure;
		tls_bench_serve("cert", versions[i % 2]);
		tls_bench_trust();
		/* The second time with a session, of TLS 1.2 at least. */
		expect_shaken("localhost", rows[i / 2].words);
		expect_shaken("localhost", rows[i / 2].words);
	}
}

/* A pin is no certificate. */
static void
a_pinned_key_still_needs_its_certificate(void **state)
{
	(void)state;
	TLS_BENCH_OR_SKIP();
	tls_bench.options.pins = TLS_PEM_PIN;
	tls_bench_trust();
	tls_bench_serve("expired", OPENSSL_TLS1_3_VERSION);
	expect_shaken(
	    "localhost", "the certificate expired on 2001-02-03 04:05:06 UTC");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown( \
	    name, tls_bench_setup, tls_bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(wants_a_certificate_for_the_host),
		TEST(refuses_hosts_that_no_certificate_can_be_for),
		TEST(a_percent_sign_ends_no_name),
		TEST(says_what_is_wrong_with_a_certificate),
		TEST(names_the_issuer_that_is_not_known),
		TEST(a_certificate_that_is_trusted_may_be_its_own_issuer),
		TEST(what_is_trusted_need_not_be_a_root),
		TEST(a_common_name_is_no_host),
		TEST(insecure_takes_any_certificate),
		TEST(wants_a_key_that_is_pinned),
		TEST(a_pinned_key_still_needs_its_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
