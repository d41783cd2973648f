/* Over TLS: files, versions, ciphers, names and sessions. */
#include "harness.h"
#include "https.h"
#include "pki.h"
#include "tls_server.h"

#include <stdio.h>

/* The file of a generated path that came from "HOST:PORT" over TLS. */
static void
expect_from(
    struct world *w, const char *host, unsigned port, const char *target)
{
	expect_generated_from(
	    w, "out", world_text(w, "%s:%u", host, port), target);
}

/* nginx in front of an origin; the test is skipped where something misses. */
static void
start(struct world *w, struct nginx *nginx, const char *name, const char *conf)
{
	if (!pki_make(w))
		skip();
	if (w->port == 0)
		origin_start(w, NULL, NULL);
	if (!tls_nginx_start(
		w, nginx, name, world_text(w, TLS_TO_ORIGIN " %s", conf)))
		skip();
}

static void
a_file_is_fetched_and_the_handshake_is_timed(void **state)
{
	struct world *w = *state;
	struct nginx nginx;
	struct records r;

	start(w, &nginx, "localhost", "");
	world_write(w, "list",
	    world_text(w, "%s\n%s\n",
		tls_url(w, nginx.port, "localhost", "/gen/5000/a"),
		tls_url(w, nginx.port, "localhost", "/gen/5000/b")));
	expect_exit(https_fetch(w, "-c", "1", "list", NULL), 0);
	expect_from(w, "localhost", nginx.port, "/gen/5000/a");
	expect_from(w, "localhost", nginx.port, "/gen/5000/b");
	r = records_read(w, "log");
	assert_int_equal(r.count, 2);
	assert_true(record_number(&r, records_find(&r, "n", "1"), "tls") >= 0);
	/* The second one found the connection open. */
	expect_member(&r, records_find(&r, "n", "2"), "tls", NULL);
	assert_int_equal(tls_connections(tls_requests(w, 2), 2), 1);
}

/* Around a record's 16384 octets, and none at all. */
static void
bodies_are_right_whatever_their_size(void **state)
{
	static const unsigned sizes[] = { 0, 1, 16383, 16384, 16385, 65536,
		65537, 1000000, 16 << 20 };
	static const char *const kinds[] = { "gen", "chunked", "close" };
	struct world *w = *state;
	char *list = world_text(w, "%s", "");
	struct nginx nginx;

	start(w, &nginx, "localhost", "");
	for (size_t i = 0; i < COUNT(sizes) * COUNT(kinds); i++)
		list = world_text(w, "%s%s\n", list,
		    tls_url(w, nginx.port, "127.0.0.1",
			world_text(w, "/%s/%u/a", kinds[i % COUNT(kinds)],
			    sizes[i / COUNT(kinds)])));
	world_write(w, "list", list);
	expect_exit(https_fetch(w, "list", NULL), 0);
	for (size_t i = 0; i < COUNT(sizes) * COUNT(kinds); i++)
		expect_from(w, "127.0.0.1", nginx.port,
		    world_text(w, "/%s/%u/a", kinds[i % COUNT(kinds)],
			sizes[i / COUNT(kinds)]));
}

/* ---- Versions and ciphers ------------------------------------------------ */

static void
the_version_is_the_best_that_both_allow(void **state)
{
	static const struct {
		const char *protocols;
		const char *option;  /* NULL: none */
		const char *version; /* NULL: refused */
	} rows[] = {
		{ "TLSv1.2", NULL, "TLSv1.2" },
		{ "TLSv1.3", NULL, "TLSv1.3" },
		{ "TLSv1.2 TLSv1.3", NULL, "TLSv1.3" },
		{ "TLSv1.2", "--tlsv1.2", "TLSv1.2" },
		{ "TLSv1.2 TLSv1.3", "--tlsv1.2", "TLSv1.3" },
		{ "TLSv1.2 TLSv1.3", "--tlsv1.3", "TLSv1.3" },
		{ "TLSv1.3", "--tlsv1.3", "TLSv1.3" },
		{ "TLSv1.2", "--tlsv1.3", NULL },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct nginx nginx;
		struct run *run;

		start(w, &nginx, "localhost",
		    world_text(w, "ssl_protocols %s;", rows[i].protocols));
		run = https_fetch(w,
		    tls_url(w, nginx.port, "localhost", "/gen/9/a"),
		    rows[i].option, NULL);
		if (rows[i].version != NULL) {
			expect_fetched(run);
			assert_string_equal(
			    tls_requests(w, 1)->protocol, rows[i].version);
		} else {
			expect_failed(run, "tls", "tls", "protocol_version");
			assert_int_equal(https_tries(run), 1);
		}
		nginx_stop(w, &nginx);
	}
}

static void
versions_before_1_2_are_refused(void **state)
{
	static const char *const versions[] = { "-tls1", "-tls1_1" };
	struct world *w = *state;

	if (!pki_make(w))
		skip();
	world_write(w, "five", "HTTP/1.1 200 OK\r\n\r\nhello");
	for (size_t i = 0; i < COUNT(versions); i++) {
		const char *options[] = { "-HTTP", versions[i], "-cipher",
			"ALL:@SECLEVEL=0", NULL };
		struct tls_server s;
		struct run *run;

		if (!tls_server_start(w, &s, "rsa", false, options))
			skip();
		run = https_fetch(
		    w, tls_url(w, s.port, "localhost", "/five"), "-k", NULL);
		expect_failed(run, "tls", "tls", NULL);
		assert_int_equal(https_tries(run), 1);
		tls_server_stop(w, &s);
	}
}

static void
ciphers_are_those_of_the_list(void **state)
{
	static const struct {
		const char *protocols;
		const char *ciphers;
		const char *got; /* NULL: there is none in common */
	} rows[] = {
		{ "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256",
		    "ECDHE-RSA-AES128-GCM-SHA256" },
		{ "TLSv1.2", "ECDHE-RSA-CHACHA20-POLY1305",
		    "ECDHE-RSA-CHACHA20-POLY1305" },
		{ "TLSv1.3", "TLS_AES_128_GCM_SHA256",
		    "TLS_AES_128_GCM_SHA256" },
		{ "TLSv1.3",
		    "ECDHE-RSA-AES128-GCM-SHA256:TLS_CHACHA20_POLY1305_SHA256",
		    "TLS_CHACHA20_POLY1305_SHA256" },
		{ "TLSv1.2",
		    "TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-AES128-GCM-SHA256",
		    "ECDHE-RSA-AES128-GCM-SHA256" },
		/* For another kind of key. */
		{ "TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256", NULL },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct nginx nginx;
		struct run *run;

		start(w, &nginx, "rsa",
		    world_text(w, "ssl_protocols %s;", rows[i].protocols));
		run = https_fetch(w, "--ciphers", rows[i].ciphers,
		    tls_url(w, nginx.port, "localhost", "/gen/9/a"), NULL);
		if (rows[i].got != NULL) {
			expect_fetched(run);
			assert_string_equal(
			    tls_requests(w, 1)->cipher, rows[i].got);
		} else {
			expect_failed(run, "tls", "tls", "handshake_failure");
		}
		nginx_stop(w, &nginx);
	}
}

static void
a_list_of_unknown_ciphers_ends_the_run_at_its_start(void **state)
{
	static const char *const lists[] = { "ROT13", "TLS_ROT13" };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(lists); i++) {
		struct run *run = bulkfetch(w, "-d", "out", "--ciphers",
		    lists[i], "https://127.0.0.1:1/", NULL);

		expect_exit(run, 2);
		expect_says(run, "ROT13");
	}
}

/* ---- Names and protocols ------------------------------------------------- */

static void
hosts_are_told_by_name_but_not_by_address(void **state)
{
	static const struct {
		const char *host;
		const char *name; /* in the log of nginx */
	} rows[] = {
		{ "localhost", "localhost" },
		{ "LOCALHOST", "localhost" },
		{ "a.wild.localhost", "a.wild.localhost" },
		{ "127.0.0.1", "-" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct nginx nginx;

		start(w, &nginx, "wild", "");
		expect_fetched(https_fetch(w, "-k",
		    tls_url(w, nginx.port, rows[i].host, "/gen/9/a"), NULL));
		assert_string_equal(
		    tls_requests(w, 1)->server_name, rows[i].name);
		nginx_stop(w, &nginx);
	}
}

static void
http_1_1_is_what_it_speaks(void **state)
{
	static const char *const takes[] = { "-HTTP", "-alpn", "h2,http/1.1",
		NULL };
	static const char *const refuses[] = { "-HTTP", "-alpn", "h2", NULL };
	struct world *w = *state;
	struct tls_server s;

	if (!pki_make(w))
		skip();
	world_write(w, "five", "HTTP/1.1 200 OK\r\n\r\nhello");
	if (!tls_server_start(w, &s, "localhost", false, takes))
		skip();
	expect_fetched(
	    https_fetch(w, tls_url(w, s.port, "localhost", "/five"), NULL));
	tls_server_stop(w, &s);
	if (!tls_server_start(w, &s, "localhost", false, refuses))
		skip();
	expect_failed(
	    https_fetch(w, tls_url(w, s.port, "localhost", "/five"), NULL),
	    "tls", "tls", "no_application_protocol");
}

/* What -www answers tells what the client had offered. */
static void
nothing_dangerous_is_offered(void **state)
{
	static const char *const options[] = { "-www", "-tls1_2", NULL };
	struct world *w = *state;
	struct tls_server s;
	const char *page;

	if (!pki_make(w))
		skip();
	if (!tls_server_start(w, &s, "localhost", false, options))
		skip();
	expect_fetched(
	    https_fetch(w, tls_url(w, s.port, "localhost", "/"), NULL));
	page = world_read_text(
	    w, world_text(w, "out/localhost:%u/index.html", s.port));
	assert_non_null(strstr(page, "Secure Renegotiation IS supported"));
	assert_null(strstr(page, "Compression: zlib"));
	assert_null(strstr(page, "RC4"));
	assert_null(strstr(page, "NULL"));
	assert_null(strstr(page, "DES-CBC3"));
}

/* ---- Negotiating anew ---------------------------------------------------- */

static void
negotiating_anew_is_refused(void **state)
{
	static const char *const options[] = { "-tls1_2", NULL };
	struct world *w = *state;
	const char *words[] = { "--cacert", NULL, "--retry", "0", "-d", "out",
		"--log", "log", NULL, NULL };
	struct run_spec spec = { .words = words };
	struct tls_server s;
	struct run *run;

	if (!pki_make(w))
		skip();
	if (!tls_server_start(w, &s, "localhost", false, options))
		skip();
	words[1] = pki_file(w, "root.pem");
	words[8] = tls_url(w, s.port, "localhost", "/a");
	run = run_start(w, &spec);
	tls_server_wait(w, &s, "GET /a HTTP/1.1");
	tls_server_say(&s, "r\n");
	/* It hears no from the client, or is left. */
	tls_server_wait(w, &s, "no renegotiation");
	tls_server_say(&s, "Q\n");
	expect_exit(run_finish(run), 4);
	assert_int_equal(world_count_files(w, "out"), 0);
}

/* ---- Sessions ------------------------------------------------------------ */

/* Each request by a connection of its own. */
static void
expect_sessions(
    struct world *w, const char *conf, const char *version, bool is_resuming)
{
	enum { URLS = 6 };
	struct tls_request *requests;
	struct nginx nginx;
	FILE *f = fopen(world_path(w, "list"), "we");

	assert_non_null(f);
	start(w, &nginx, "localhost",
	    world_text(
		w, "keepalive_timeout 0; ssl_protocols %s; %s", version, conf));
	for (int i = 0; i < URLS; i++)
		(void)fprintf(
		    f, "https://localhost:%u/gen/9/%d\n", nginx.port, i);
	assert_int_equal(fclose(f), 0);
	expect_exit(https_fetch(w, "-c", "1", "list", NULL), 0);
	requests = tls_requests(w, URLS);
	assert_int_equal(tls_connections(requests, URLS), URLS);
	for (size_t i = 0; i < URLS; i++) {
		if (requests[i].is_resumed != (is_resuming && i > 0))
			fail_msg("%s, %s: connection %zu is%s resumed", version,
			    conf, i + 1, requests[i].is_resumed ? "" : " not");
	}
	nginx_stop(w, &nginx);
}

static void
sessions_are_resumed_where_the_server_lets_them(void **state)
{
	static const struct {
		const char *conf;
		const char *version;
		bool is_resuming;
	} rows[] = {
		{ "", "TLSv1.2", true },
		{ "", "TLSv1.3", true },
		/* By the server's memory instead of tickets. */
		{ "ssl_session_tickets off; ssl_session_cache builtin;",
		    "TLSv1.2", true },
		{ "ssl_session_tickets off; ssl_session_cache shared:s:1m;",
		    "TLSv1.3", true },
		{ "ssl_session_tickets off; ssl_session_cache off;", "TLSv1.2",
		    false },
		{ "ssl_session_tickets off; ssl_session_cache off;", "TLSv1.3",
		    false },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++)
		expect_sessions(
		    w, rows[i].conf, rows[i].version, rows[i].is_resuming);
}

static void
a_session_is_of_one_host_alone(void **state)
{
	static const char *const hosts[] = { "localhost", "127.0.0.1",
		"a.localhost", "b.localhost" };
	static const char *const versions[] = { "TLSv1.2", "TLSv1.3" };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(versions); i++) {
		struct tls_request *requests;
		struct nginx nginx;
		char *list = world_text(w, "%s", "");

		start(w, &nginx, "localhost",
		    world_text(w, "keepalive_timeout 0; ssl_protocols %s;",
			versions[i]));
		for (size_t k = 0; k < 2 * COUNT(hosts); k++)
			list = world_text(w, "%s%s\n", list,
			    tls_url(w, nginx.port, hosts[k % COUNT(hosts)],
				world_text(w, "/gen/9/%zu", k)));
		world_write(w, "list", list);
		expect_exit(https_fetch(w, "-c", "1", "-k", "list", NULL), 0);
		requests = tls_requests(w, 2 * COUNT(hosts));
		for (size_t k = 0; k < COUNT(hosts); k++) {
			if (requests[k].is_resumed)
				fail_msg("%s has the session of another host",
				    hosts[k]);
			if (!requests[COUNT(hosts) + k].is_resumed)
				fail_msg("%s has lost its session", hosts[k]);
		}
		nginx_stop(w, &nginx);
	}
}

static void
connections_are_kept(void **state)
{
	static const char *const versions[] = { "TLSv1.2", "TLSv1.3" };
	enum { URLS = 100, CONNECTIONS = 4 };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(versions); i++) {
		struct tls_request *requests;
		struct nginx nginx;
		FILE *f = fopen(world_path(w, "list"), "we");

		assert_non_null(f);
		start(w, &nginx, "localhost",
		    world_text(w, "keepalive_requests 1000; ssl_protocols %s;",
			versions[i]));
		for (int k = 0; k < URLS; k++)
			(void)fprintf(f, "https://localhost:%u/delay/3/9/%d\n",
			    nginx.port, k);
		assert_int_equal(fclose(f), 0);
		expect_exit(https_fetch(w, "-c", "4", "list", NULL), 0);
		expect_all_done(w, "log", URLS);
		requests = tls_requests(w, URLS);
		assert_int_equal(tls_connections(requests, URLS), CONNECTIONS);
		nginx_stop(w, &nginx);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_file_is_fetched_and_the_handshake_is_timed),
		WORLD_TEST(bodies_are_right_whatever_their_size),
		WORLD_TEST(the_version_is_the_best_that_both_allow),
		WORLD_TEST(versions_before_1_2_are_refused),
		WORLD_TEST(ciphers_are_those_of_the_list),
		WORLD_TEST(a_list_of_unknown_ciphers_ends_the_run_at_its_start),
		WORLD_TEST(hosts_are_told_by_name_but_not_by_address),
		WORLD_TEST(http_1_1_is_what_it_speaks),
		WORLD_TEST(nothing_dangerous_is_offered),
		WORLD_TEST(negotiating_anew_is_refused),
		WORLD_TEST(sessions_are_resumed_where_the_server_lets_them),
		WORLD_TEST(a_session_is_of_one_host_alone),
		WORLD_TEST(connections_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, pki_remove);
}
