/* Over TLS: many files, much data, proxies, and what else a run can do. */
#include "harness.h"
#include "https.h"
#include "pki.h"
#include "proxies.h"
#include "tls_server.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#define ECHOES 64

/* A location whose answers are their own URL, many times. */
#define SAY \
	"location /say/ { default_type text/plain; set $s " \
	"\"$request_uri;$request_uri;$request_uri;$request_uri;\"; " \
	"set $t \"$s$s$s$s\"; return 200 \"$t$t$t$t\"; }"

static void
start(struct world *w, struct nginx *nginx, const char *conf)
{
	if (!pki_make(w))
		skip();
	if (!tls_nginx_start(w, nginx, "localhost", conf))
		skip();
}

static void
write_list(struct world *w, const char *format, unsigned port, unsigned count)
{
	FILE *f = fopen(world_path(w, "list"), "we");

	assert_non_null(f);
	for (unsigned i = 0; i < count; i++)
		(void)fprintf(f, "https://localhost:%u%s%u\n", port, format, i);
	assert_int_equal(fclose(f), 0);
}

static void
expect_said(struct world *w, unsigned port, unsigned count)
{
	char expected[ECHOES * 32];
	char name[64];

	for (unsigned i = 0; i < count; i++) {
		size_t len = 0;

		for (unsigned k = 0; k < ECHOES; k++)
			len += (size_t)snprintf(expected + len,
			    sizeof(expected) - len, "/say/%u;", i);
		(void)snprintf(
		    name, sizeof(name), "out/localhost:%u/say/%u", port, i);
		expect_text_file(w, name, expected);
	}
	assert_int_equal(world_count_files(w, "out"), count);
}

/* ---- Many ---------------------------------------------------------------- */

static void
many_small_files_are_each_right(void **state)
{
	struct world *w = *state;
	unsigned count = 20000U / (unsigned)run_slowness();
	struct tls_request *requests;
	struct nginx nginx;

	start(w, &nginx, "keepalive_requests 100000; " SAY);
	write_list(w, "/say/", nginx.port, count);
	expect_exit(https_fetch(w, "-c", "200", "list", NULL), 0);
	expect_said(w, nginx.port, count);
	requests = tls_requests(w, count);
	assert_in_range(tls_connections(requests, count), 1, 200);
}

static void
many_connections_are_each_right(void **state)
{
	static const char *const versions[] = { "TLSv1.2", "TLSv1.3" };
	unsigned count = 2000U / (unsigned)run_slowness();
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(versions); i++) {
		struct nginx nginx;

		start(w, &nginx,
		    world_text(w, "keepalive_timeout 0; ssl_protocols %s; " SAY,
			versions[i]));
		write_list(w, "/say/", nginx.port, count);
		expect_exit(https_fetch(w, "-c", "100", "list", NULL), 0);
		expect_said(w, nginx.port, count);
		nginx_stop(w, &nginx);
	}
}

static void
a_thousand_connections_need_little_memory(void **state)
{
	enum { CONNECTIONS = 1000, PEAK_KIB = 100 << 10 };
	struct world *w = *state;
	struct nginx nginx;
	struct run *run;

	if (!run_is_bare()) {
		print_message("skipped: memory is not the program's own\n");
		skip();
	}
	/* Slow enough for all of them to be there at a time. */
	start(w, &nginx, "limit_rate 1k;");
	world_write_octets(w, "www/a", slice_of(world_alloc(w, 6000), 6000));
	write_list(w, "/a?", nginx.port, CONNECTIONS);
	run = https_fetch(w, "-c", "1000", "list", NULL);
	expect_exit(run, 0);
	expect_says(run, "1000 open at most");
	assert_int_equal(world_octets(w, "out"), 6000 * CONNECTIONS);
	if (run->peak_kib > PEAK_KIB)
		fail_msg("%ld KiB", run->peak_kib);
}

/* ---- Much ---------------------------------------------------------------- */

static void
a_large_body_is_sent(void **state)
{
	enum { LEN = 1 << 20 };
	struct world *w = *state;
	char *data = world_alloc(w, LEN + 1);
	struct nginx nginx;
	const char *echo;

	for (size_t i = 0; i < LEN; i++)
		data[i] = (char)('a' + (i * i / 7) % 26);
	world_write(w, "data", data);
	origin_start(w, NULL, NULL);
	start(w, &nginx, "client_max_body_size 8m; " TLS_TO_ORIGIN);
	expect_fetched(https_fetch(w, "--data-file", "data",
	    tls_url(w, nginx.port, "localhost", "/echo"), NULL));
	echo = world_read_text(
	    w, world_text(w, "out/localhost:%u/echo", nginx.port));
	assert_int_equal(strncmp(echo, "POST /echo ", 11), 0);
	echo = strstr(echo, "\r\n\r\n");
	assert_non_null(echo);
	assert_string_equal(echo + 4, data);
}

static void
a_body_is_no_faster_than_allowed(void **state)
{
	struct world *w = *state;
	struct nginx nginx;
	struct run *run;

	origin_start(w, NULL, NULL);
	start(w, &nginx, TLS_TO_ORIGIN);
	run = https_fetch(w, "--limit-rate", "500K",
	    tls_url(w, nginx.port, "localhost", "/gen/1M/a"), NULL);
	expect_fetched(run);
	expect_generated_from(
	    w, "out", world_text(w, "localhost:%u", nginx.port), "/gen/1M/a");
	assert_in_range(run->took_ms, 1500, 10000 * run_slowness());
}

static void
a_body_has_to_be_there_in_time(void **state)
{
	struct world *w = *state;
	struct nginx nginx;

	start(w, &nginx, "limit_rate 1k;");
	world_write_octets(w, "www/a", slice_of(world_alloc(w, 60000), 60000));
	expect_failed(https_fetch(w, "--retry", "0", "--max-time",
			  world_text(w, "%d", run_slowness()),
			  tls_url(w, nginx.port, "localhost", "/a"), NULL),
	    "timeout", "body", "--max-time");
}

static void
bodies_go_to_standard_output(void **state)
{
	struct world *w = *state;
	struct nginx nginx;
	struct run *run;

	start(w, &nginx, "location /say/ { return 200 \"$request_uri;\"; }");
	write_list(w, "/say/", nginx.port, 5);
	run = bulkfetch(w, "-c", "1", "--cacert", pki_file(w, "root.pem"), "-o",
	    "-", "list", NULL);
	expect_exit(run, 0);
	assert_string_equal(
	    run_out(run), "/say/0;/say/1;/say/2;/say/3;/say/4;");
}

/* ---- Interrupted --------------------------------------------------------- */

static void
what_was_interrupted_is_gone_on_with(void **state)
{
	enum { URLS = 200, CONNECTIONS = 4 };
	struct world *w = *state;
	const char *words[] = { "-c", "4", "-d", "out", "--log", "log",
		"--cacert", NULL, "list", NULL };
	struct run_spec spec = { .words = words };
	struct nginx nginx;
	struct run *run;
	char *authority;

	origin_start(w, NULL, NULL);
	start(w, &nginx, TLS_TO_ORIGIN);
	words[7] = pki_file(w, "root.pem");
	write_list(w, "/delay/20/2000/", nginx.port, URLS);
	run = run_start(w, &spec);
	origin_wait(w, "requests", 50);
	run_signal(run, SIGINT);
	expect_exit(run_finish(run), 7);
	assert_true(origin_stat(w, "requests") < URLS);
	expect_exit(bulkfetch(w, "--resume", "-c", "4", "-d", "out", "--log",
			"log", "--cacert", words[7], "list", NULL),
	    0);
	authority = world_text(w, "localhost:%u", nginx.port);
	for (unsigned i = 0; i < URLS; i++)
		expect_generated_from(
		    w, "out", authority, world_text(w, "/delay/20/2000/%u", i));
	assert_int_equal(world_count_files(w, "out"), URLS);
	/* Nothing but what was on its way was fetched twice. */
	assert_in_range(origin_stat(w, "requests"), URLS, URLS + CONNECTIONS);
}

/* ---- Proxies ------------------------------------------------------------- */

enum proxy_kind { SQUID, TINYPROXY, MICROSOCKS, DANTED, PROXY_KINDS };

static const char *
start_proxy(struct world *w, enum proxy_kind kind, struct proxy_server *p)
{
	switch (kind) {
	case SQUID:
		return squid_start(w, p, "") ? "http" : NULL;
	case TINYPROXY:
		return tinyproxy_start(w, p, "") ? "http" : NULL;
	case MICROSOCKS:
		return microsocks_start(w, p, NULL, NULL) ? "socks5" : NULL;
	case DANTED:
		return danted_start(w, p, "") ? "socks4" : NULL;
	case PROXY_KINDS:
		break;
	}
	return NULL;
}

static void
expect_by_proxy(struct world *w, enum proxy_kind kind)
{
	enum { URLS = 60, CONNECTIONS = 3 };
	struct tls_request *requests;
	struct proxy_server p;
	struct nginx nginx;
	const char *scheme;
	char *authority;
	char *url;

	origin_start(w, NULL, NULL);
	start(w, &nginx, TLS_TO_ORIGIN);
	scheme = start_proxy(w, kind, &p);
	if (scheme == NULL)
		skip();
	url = proxy_url(w, scheme, &p);
	write_list(w, "/gen/20000/", nginx.port, URLS);
	expect_exit(https_fetch(w, "-c", "3", "-x", url, "list", NULL), 0);
	authority = world_text(w, "localhost:%u", nginx.port);
	for (unsigned i = 0; i < URLS; i++)
		expect_generated_from(
		    w, "out", authority, world_text(w, "/gen/20000/%u", i));
	requests = tls_requests(w, URLS);
	assert_in_range(tls_connections(requests, URLS), 1, CONNECTIONS);
	assert_string_equal(requests[0].server_name, "localhost");
	/* Who is at the other end is looked at all the same. */
	expect_failed(
	    https_fetch_distrusting(w, "-x", url,
		tls_url(w, nginx.port, "localhost", "/gen/9/a"), NULL),
	    "tls", "tls", "issuer");
}

static void
squid_tunnels(void **state)
{
	expect_by_proxy(*state, SQUID);
}

static void
tinyproxy_tunnels(void **state)
{
	expect_by_proxy(*state, TINYPROXY);
}

static void
microsocks_connects(void **state)
{
	expect_by_proxy(*state, MICROSOCKS);
}

static void
danted_connects(void **state)
{
	expect_by_proxy(*state, DANTED);
}

/* ---- Keys for those who look on ------------------------------------------ */

static void
keys_are_logged_for_who_asks_for_them(void **state)
{
	static const struct {
		const char *protocol;
		const char *label;
	} rows[] = {
		{ "TLSv1.2", "CLIENT_RANDOM " },
		{ "TLSv1.3", "CLIENT_HANDSHAKE_TRAFFIC_SECRET " },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *keys = world_path(w, world_text(w, "keys%zu", i));
		struct nginx nginx;
		struct stat st;

		start(w, &nginx,
		    world_text(w, "ssl_protocols %s; " SAY, rows[i].protocol));
		expect_fetched(
		    https_fetch_by(w, world_text(w, "SSLKEYLOGFILE=%s", keys),
			tls_url(w, nginx.port, "localhost", "/say/0"),
			"--cacert", pki_file(w, "root.pem"), NULL));
		assert_non_null(
		    strstr(world_read_text(w, keys), rows[i].label));
		/* They are nobody else's. */
		assert_int_equal(stat(keys, &st), 0);
		assert_int_equal(st.st_mode & 077, 0);
		nginx_stop(w, &nginx);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(many_small_files_are_each_right),
		WORLD_TEST(many_connections_are_each_right),
		WORLD_TEST(a_thousand_connections_need_little_memory),
		WORLD_TEST(a_large_body_is_sent),
		WORLD_TEST(a_body_is_no_faster_than_allowed),
		WORLD_TEST(a_body_has_to_be_there_in_time),
		WORLD_TEST(bodies_go_to_standard_output),
		WORLD_TEST(what_was_interrupted_is_gone_on_with),
		WORLD_TEST(squid_tunnels),
		WORLD_TEST(tinyproxy_tunnels),
		WORLD_TEST(microsocks_connects),
		WORLD_TEST(danted_connects),
		WORLD_TEST(keys_are_logged_for_who_asks_for_them),
	};

	return cmocka_run_group_tests(tests, NULL, pki_remove);
}
