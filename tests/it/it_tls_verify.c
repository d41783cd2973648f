/* Certificates: which are believed, which are not and why, and our own. */
#include "harness.h"
#include "https.h"
#include "pki.h"
#include "tls_server.h"

#include <stdio.h>

#define VERSIONS 2

/* s_server's words for one version alone. */
static const char *const only[VERSIONS] = { "-tls1_2", "-tls1_3" };

/* "five", for those that answer by files. */
static void
start(struct world *w, struct tls_server *s, const char *name, bool is_v6)
{
	static const char *const options[] = { "-HTTP", NULL };

	if (!pki_make(w))
		skip();
	world_write(
	    w, "five", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	if (!tls_server_start(w, s, name, is_v6, options))
		skip();
}

static char *
url_of(struct world *w, const struct tls_server *s, const char *host)
{
	return tls_url(w, s->port, host, "/five");
}

/* It has refused what it was told, and has not begun. */
static void
expect_no_start(const struct run *run, const char *says)
{
	if (run->status != 2 && run->status != 3)
		fail_msg("exit status %d, signal %d:\n%s", run->status,
		    run->signal, run_err(run));
	if (says != NULL)
		expect_says(run, says);
	expect_says_not(run, " fetched");
}

/* ---- Right and wrong ----------------------------------------------------- */

static void
certificates_for_the_host_are_believed(void **state)
{
	static const struct {
		const char *name;
		const char *host;
	} rows[] = {
		{ "localhost", "localhost" },
		{ "localhost", "LocalHost" },
		{ "localhost", "127.0.0.1" },
		{ "localhost", "[::1]" },
		{ "rsa", "localhost" },
		{ "name", "localhost" },
		{ "address", "127.0.0.1" },
		{ "address6", "[::1]" },
		{ "address6", "[0:0:0:0:0:0:0:1]" },
		{ "wild", "a.wild.localhost" },
		{ "chained", "localhost" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_server s;

		start(w, &s, rows[i].name, rows[i].host[0] == '[');
		expect_fetched(
		    https_fetch(w, url_of(w, &s, rows[i].host), NULL));
		tls_server_stop(w, &s);
	}
}

static const struct wrong {
	const char *name;
	const char *host;
	const char *says[2];
} wrongs[] = {
	{ "expired", "localhost", { "expired" } },
	{ "future", "localhost", { "not yet valid" } },
	{ "self", "localhost", { "self-signed" } },
	{ "unknown", "localhost", { "issuer" } },
	{ "unchained", "localhost", { "issuer" } },
	{ "forged", "localhost", { "CA" } },
	{ "purpose", "localhost", { "purpose" } },
	{ "elsewhere", "localhost",
	    { "elsewhere.test", "www.elsewhere.test" } },
	{ "elsewhere", "127.0.0.1", { "elsewhere.test" } },
	{ "name", "127.0.0.1", { "localhost" } },
	{ "name", "a.localhost", { "localhost" } },
	{ "address", "localhost", { "127.0.0.1" } },
	{ "address6", "127.0.0.1", { NULL } },
	{ "address", "[::1]", { "127.0.0.1" } },
	{ "name", "[::1]", { "localhost" } },
	{ "nameless", "localhost", { "does not count" } },
	/* An asterisk is one label, and no part of an address. */
	{ "wild", "wild.localhost", { "*.wild.localhost" } },
	{ "wild", "a.b.wild.localhost", { "*.wild.localhost" } },
	{ "wild", "localhost", { "*.wild.localhost" } },
};

/* The server has seen no request. */
static void
expect_untold(struct world *w, const struct tls_server *s)
{
	if (strstr(world_read_text(w, s->log), "FILE:") != NULL)
		fail_msg("a server that is not believed was asked");
}

static void
what_is_wrong_is_told_and_not_tried_again(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(wrongs); i++) {
		struct tls_server s;
		struct run *run;

		start(w, &s, wrongs[i].name, wrongs[i].host[0] == '[');
		run = https_fetch(w, url_of(w, &s, wrongs[i].host), NULL);
		expect_failed(run, "tls", "tls", wrongs[i].says[0]);
		if (wrongs[i].says[1] != NULL)
			expect_says(run, wrongs[i].says[1]);
		assert_int_equal(https_tries(run), 1);
		expect_untold(w, &s);
		tls_server_stop(w, &s);
	}
}

/* The name is the URL's, wherever it leads. */
static void
the_name_is_not_that_of_where_it_connects(void **state)
{
	static const struct {
		const char *name;
		bool is_right;
	} rows[] = { { "elsewhere", true }, { "localhost", false } };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t k = 0; k < 2; k++) {
			struct tls_server s;
			struct run *run;

			start(w, &s, rows[i].name, false);
			run = https_fetch(w,
			    url_of(w, &s, "www.elsewhere.test"),
			    k == 0 ? "--resolve" : "--connect-to",
			    k == 0
				? world_text(w,
				      "www.elsewhere.test:%u:127.0.0.1", s.port)
				: world_text(w, "::localhost:%u", s.port),
			    NULL);
			if (rows[i].is_right)
				expect_fetched(run);
			else
				expect_failed(run, "tls", "tls", "localhost");
			tls_server_stop(w, &s);
		}
	}
}

static size_t
count_text(const char *in, const char *text)
{
	size_t count = 0;

	while ((in = strstr(in, text)) != NULL) {
		in += strlen(text);
		count++;
	}
	return count;
}

static void
insecure_takes_all_of_them_and_warns_once(void **state)
{
	struct world *w = *state;
	struct tls_server s[COUNT(wrongs)];
	char *list = world_text(w, "%s", "");
	struct run *run;

	for (size_t i = 0; i < COUNT(wrongs); i++) {
		start(w, &s[i], wrongs[i].name, wrongs[i].host[0] == '[');
		list = world_text(
		    w, "%s%s\n", list, url_of(w, &s[i], wrongs[i].host));
	}
	world_write(w, "list", list);
	run = https_fetch_distrusting(w, "-k", "list", NULL);
	expect_exit(run, 0);
	expect_all_done(w, "log", COUNT(wrongs));
	assert_int_equal(count_text(run_err(run), "bulkfetch: warning: "), 1);
}

/* ---- Who is trusted ------------------------------------------------------ */

static void
trust_is_where_the_options_say(void **state)
{
	static const struct {
		const char *option;
		const char *file;
		bool is_trusted;
	} rows[] = {
		{ "--cacert", "root.pem", true },
		{ "--cacert", "bundle.pem", true },
		{ "--cacert", "other.pem", false },
		{ "--capath", "hashed", true },
		{ "--capath", "", false }, /* the same without hashes */
		{ NULL, NULL, false },
	};
	struct world *w = *state;
	struct tls_server s;

	start(w, &s, "localhost", false);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct run *run = https_fetch_distrusting(w,
		    url_of(w, &s, "localhost"), rows[i].option,
		    rows[i].file != NULL ? pki_file(w, rows[i].file) : NULL,
		    NULL);

		if (rows[i].is_trusted)
			expect_fetched(run);
		else
			expect_failed(run, "tls", "tls", "issuer");
	}
	/* Both are there, one of them has it. */
	expect_fetched(https_fetch_distrusting(w, url_of(w, &s, "localhost"),
	    "--cacert", pki_file(w, "other.pem"), "--capath",
	    pki_file(w, "hashed"), NULL));
}

/* Whoever names an intermediate, or the server itself, means that. */
static void
what_is_trusted_need_not_be_a_root(void **state)
{
	static const struct {
		const char *name;
		const char *file;
	} rows[] = {
		{ "chained", "between.pem" },
		{ "unchained", "between.pem" },
		{ "self", "self.pem" },
		{ "unknown", "unknown.pem" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_server s;

		start(w, &s, rows[i].name, false);
		expect_fetched(
		    https_fetch_distrusting(w, url_of(w, &s, "localhost"),
			"--cacert", pki_file(w, rows[i].file), NULL));
		/* For all else it is what it was. */
		expect_failed(
		    https_fetch_distrusting(w, url_of(w, &s, "a.localhost"),
			"--cacert", pki_file(w, rows[i].file), NULL),
		    "tls", "tls", "localhost");
		tls_server_stop(w, &s);
	}
}

static void
trust_is_where_the_environment_says(void **state)
{
	static const struct {
		const char *variable;
		const char *file;
		const char *option; /* --cacert, which is stronger; or NULL */
		bool is_trusted;
	} rows[] = {
		{ "SSL_CERT_FILE", "root.pem", NULL, true },
		{ "SSL_CERT_FILE", "other.pem", NULL, false },
		{ "SSL_CERT_DIR", "hashed", NULL, true },
		{ "SSL_CERT_FILE", "root.pem", "other.pem", false },
		{ "SSL_CERT_FILE", "other.pem", "root.pem", true },
	};
	struct world *w = *state;
	struct tls_server s;

	start(w, &s, "localhost", false);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *env = world_text(
		    w, "%s=%s", rows[i].variable, pki_file(w, rows[i].file));
		struct run *run = https_fetch_by(w, env,
		    url_of(w, &s, "localhost"),
		    rows[i].option != NULL ? "--cacert" : NULL,
		    rows[i].option != NULL ? pki_file(w, rows[i].option) : NULL,
		    NULL);

		if (rows[i].is_trusted)
			expect_fetched(run);
		else
			expect_failed(run, "tls", "tls", "issuer");
	}
}

static void
an_authority_that_cannot_be_read_ends_the_run_at_its_start(void **state)
{
	struct world *w = *state;

	if (!pki_make(w))
		skip();
	world_write(w, "rubbish", "this is no certificate\n");
	expect_no_start(https_fetch_distrusting(w, "https://127.0.0.1:1/",
			    "--cacert", "absent.pem", NULL),
	    "absent.pem");
	expect_no_start(https_fetch_distrusting(w, "https://127.0.0.1:1/",
			    "--cacert", "rubbish", NULL),
	    "rubbish");
}

/* ---- Pinned keys --------------------------------------------------------- */

static void
a_pinned_key_is_wanted_besides_all_else(void **state)
{
	struct world *w = *state;
	const char *right;
	const char *wrong;
	struct tls_server s;

	start(w, &s, "localhost", false);
	right = pki_pin(w, "localhost");
	wrong = pki_pin(w, "rsa");
	{
		const struct {
			const char *pins;
			const char *option; /* -k, or NULL */
			bool trusts;
			bool is_fetched;
		} rows[] = {
			{ right, NULL, true, true },
			{ wrong, NULL, true, false },
			{ world_text(w, "%s;%s", wrong, right), NULL, true,
			    true },
			{ world_text(w, "%s;%s", right, wrong), NULL, true,
			    true },
			{ right, NULL, false, false },
			{ right, "-k", false, true },
			{ wrong, "-k", false, false },
		};

		for (size_t i = 0; i < COUNT(rows); i++) {
			const char *url = url_of(w, &s, "localhost");
			struct run *run = rows[i].trusts
			    ? https_fetch(w, url, "--pinnedpubkey",
				  rows[i].pins, rows[i].option, NULL)
			    : https_fetch_distrusting(w, url, "--pinnedpubkey",
				  rows[i].pins, rows[i].option, NULL);

			if (rows[i].is_fetched) {
				expect_fetched(run);
				continue;
			}
			expect_failed(run, "tls", "tls", NULL);
			assert_int_equal(https_tries(run), 1);
		}
	}
}

static void
a_pin_that_is_none_is_wrong_usage(void **state)
{
	static const char *const pins[] = { "sha256//", "sha256//abc",
		"sha1//cd6qDuDY3l+rK8GDH0IRX/MOoDJrGUHGNFeuJETrVtY=",
		"sha256//cd6qDuDY3l+rK8GDH0IRX/MOoDJrGUHGNFeuJETrVt*=",
		"sha256//cd6qDuDY3l+rK8GDH0IRX/MOoDJrGUHGNFeuJETrVtY=;x" };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(pins); i++)
		expect_exit(bulkfetch(w, "-d", "out", "--pinnedpubkey", pins[i],
				"https://127.0.0.1:1/", NULL),
		    2);
}

/* ---- Our own certificate ------------------------------------------------- */

/* A server that wants one. */
static void
start_demanding(struct world *w, struct tls_server *s, const char *version)
{
	const char *options[] = { "-HTTP", "-Verify", "1",
		"-verify_return_error", "-CAfile", NULL, version, NULL };

	if (!pki_make(w))
		skip();
	options[5] = pki_file(w, "root.pem");
	world_write(
	    w, "five", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	if (!tls_server_start(w, s, "localhost", false, options))
		skip();
}

static void
a_server_that_wants_a_certificate_gets_it(void **state)
{
	static const struct {
		const char *cert;
		const char *key;  /* NULL: in the same file */
		const char *pass; /* NULL: none is needed */
	} rows[] = {
		{ "client.pem", NULL, NULL },
		{ "client.pem", "client.pem", NULL },
		{ "locked.pem", "client.pem", NULL },
		{ "locked.pem", NULL, "pass" },
		{ "client.pem", "locked.key", "pass" },
		/* One that is not needed does no harm. */
		{ "client.pem", NULL, "pass" },
	};
	struct world *w = *state;
	struct tls_server s;

	for (size_t k = 0; k < VERSIONS; k++) {
		start_demanding(w, &s, only[k]);
		for (size_t i = 0; i < COUNT(rows); i++) {
			const char *rest[5] = { NULL };
			size_t count = 0;

			if (rows[i].key != NULL) {
				rest[count++] = "--key";
				rest[count++] = pki_file(w, rows[i].key);
			}
			if (rows[i].pass != NULL) {
				rest[count++] = "--pass-file";
				rest[count++] = pki_file(w, rows[i].pass);
			}
			expect_fetched(
			    https_fetch(w, url_of(w, &s, "localhost"), "--cert",
				pki_file(w, rows[i].cert), rest[0], rest[1],
				rest[2], rest[3], NULL));
		}
		tls_server_stop(w, &s);
	}
}

/* In TLS 1.3 the server refuses when the handshake is done for us, so that is
 * told where an answer was waited for. */
static void
without_the_right_certificate_the_servers_alert_is_told(void **state)
{
	static const struct {
		const char *cert;            /* NULL: none */
		const char *alert[VERSIONS]; /* for 1.2 and 1.3 */
	} rows[] = {
		{ NULL, { "handshake_failure", "certificate_required" } },
		{ "stranger.pem", { "unknown_ca", "unknown_ca" } },
	};
	struct world *w = *state;

	for (size_t k = 0; k < VERSIONS; k++) {
		struct tls_server s;

		start_demanding(w, &s, only[k]);
		for (size_t i = 0; i < COUNT(rows); i++) {
			struct run *run =
			    https_fetch(w, url_of(w, &s, "localhost"),
				rows[i].cert != NULL ? "--cert" : NULL,
				rows[i].cert != NULL ? pki_file(w, rows[i].cert)
						     : NULL,
				NULL);

			expect_failed(run, "tls", NULL, rows[i].alert[k]);
			assert_int_equal(https_tries(run), 1);
			expect_untold(w, &s);
		}
		tls_server_stop(w, &s);
	}
}

static void
nginx_may_want_a_certificate_too(void **state)
{
	struct world *w = *state;
	struct nginx nginx;
	const char *url;

	if (!pki_make(w))
		skip();
	if (!tls_nginx_start(w, &nginx, "localhost",
		world_text(w,
		    "ssl_verify_client on; ssl_client_certificate \"%s\";",
		    pki_file(w, "root.pem"))))
		skip();
	world_write(w, "www/a", "hello");
	url = tls_url(w, nginx.port, "localhost", "/a");
	expect_fetched(
	    https_fetch(w, url, "--cert", pki_file(w, "client.pem"), NULL));
	assert_string_equal(tls_requests(w, 1)->verified, "SUCCESS");
	/* It says so by a status. */
	expect_failed(https_fetch(w, url, NULL), "status", NULL, "400");
}

static void
a_certificate_that_cannot_be_used_ends_the_run_at_its_start(void **state)
{
	static const struct {
		const char *cert;
		const char *key;
		const char *pass;
	} rows[] = {
		{ "absent.pem", NULL, NULL },
		{ "client.pem", "absent.key", NULL },
		{ "locked.pem", NULL, "absent" },
		{ "locked.pem", NULL, "wrong" },
		{ "locked.pem", NULL, NULL }, /* and nobody is asked */
		{ "client.pem", "localhost.pem", NULL },
		{ "client.pem", "rsa.pem", NULL }, { "pass", NULL, NULL },
		{ "root.pem", NULL, NULL }, /* there is no key in it */
	};
	struct world *w = *state;

	if (!pki_make(w))
		skip();
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *rest[5] = { NULL };
		size_t count = 0;
		struct run *run;

		if (rows[i].key != NULL) {
			rest[count++] = "--key";
			rest[count++] = pki_file(w, rows[i].key);
		}
		if (rows[i].pass != NULL) {
			rest[count++] = "--pass-file";
			rest[count++] = pki_file(w, rows[i].pass);
		}
		run = https_fetch(w, "https://127.0.0.1:1/", "--cert",
		    pki_file(w, rows[i].cert), rest[0], rest[1], rest[2],
		    rest[3], NULL);
		expect_no_start(run, NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(certificates_for_the_host_are_believed),
		WORLD_TEST(what_is_wrong_is_told_and_not_tried_again),
		WORLD_TEST(the_name_is_not_that_of_where_it_connects),
		WORLD_TEST(insecure_takes_all_of_them_and_warns_once),
		WORLD_TEST(trust_is_where_the_options_say),
		WORLD_TEST(what_is_trusted_need_not_be_a_root),
		WORLD_TEST(trust_is_where_the_environment_says),
		WORLD_TEST(
		    an_authority_that_cannot_be_read_ends_the_run_at_its_start),
		WORLD_TEST(a_pinned_key_is_wanted_besides_all_else),
		WORLD_TEST(a_pin_that_is_none_is_wrong_usage),
		WORLD_TEST(a_server_that_wants_a_certificate_gets_it),
		WORLD_TEST(
		    without_the_right_certificate_the_servers_alert_is_told),
		WORLD_TEST(nginx_may_want_a_certificate_too),
		WORLD_TEST(
		    a_certificate_that_cannot_be_used_ends_the_run_at_its_start),
	};

	return cmocka_run_group_tests(tests, NULL, pki_remove);
}
