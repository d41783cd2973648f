/* By SOCKS proxies: Microsocks and Dante, and some that misbehave. */
#include "harness.h"
#include "proxies.h"

#include <stdio.h>
#include <unistd.h>

static const char *const bad = "127.0.0.9"; /* where a script is the proxy */

/* The record of the log's one failure. */
static struct slice
failure_of(const struct records *r)
{
	return records_find(r, "ok", "false");
}

/* ---- Microsocks ---------------------------------------------------------- */

static void
fetches_over_connections_that_are_kept(void **state)
{
	enum { URLS = 60 };
	struct world *w = *state;
	struct proxy_server p;
	struct records r;
	struct run *run;

	origin_start(w, NULL, NULL);
	if (!microsocks_start(w, &p, NULL, NULL))
		skip();
	origin_add_urls(w, "list", "127.0.0.1", "/gen/2000/", URLS);
	run = bulkfetch(w, "-c", "3", "-x", proxy_url(w, "socks5", &p), "-d",
	    "out", "--log", "log", "list", NULL);
	expect_exit(run, 0);
	expect_urls(w, "out", "127.0.0.1", "/gen/2000/", URLS);
	assert_int_equal(origin_stat(w, "requests"), URLS);
	assert_in_range(origin_stat(w, "accepted"), 1, 3);
	r = records_read(w, "log");
	assert_int_equal(
	    records_count(&r, "proxy", proxy_url(w, "socks5", &p)), URLS);
}

static void
fetches_from_an_ipv6_address(void **state)
{
	struct world *w = *state;
	struct proxy_server p;
	struct records r;
	struct run *run;

	origin_start(w, NULL, "--v6");
	if (!microsocks_start(w, &p, NULL, NULL))
		skip();
	expect_exit(bulkfetch(w, "-x", proxy_url(w, "socks5", &p), "-d", "out",
			origin_url_at(w, "[::1]", "/gen/9/a"), NULL),
	    0);
	/* For which version 4 has no way. */
	run = bulkfetch(w, "-x", proxy_url(w, "socks4a", &p), "-d", "out",
	    "--log", "log", origin_url_at(w, "[::1]", "/gen/9/b"), NULL);
	expect_exit(run, 4);
	expect_says(run, "SOCKS4 takes no IPv6 address");
	r = records_read(w, "log");
	expect_member(&r, failure_of(&r), "error", "proxy");
	expect_member(&r, failure_of(&r), "tries", "1");
}

static void
says_who_it_is(void **state)
{
	static const struct {
		const char *scheme;
		const char *credentials; /* -U; NULL: none */
		const char *message;     /* NULL: it is let in */
	} rows[] = {
		{ "socks5", "user:pass", NULL },
		{ "socks5h://user:pass@", NULL, NULL },
		{ "socks5h://u%73er:p%61ss@", NULL, NULL },
		{ "socks5://user:wrong@", "user:pass", NULL },
		{ "socks5", "user:wrong", "the proxy refuses the credentials" },
		{ "socks5", "user:", "the proxy refuses the credentials" },
		{ "socks5", NULL, "the proxy wants credentials" },
	};
	struct world *w = *state;
	struct proxy_server p;

	origin_start(w, NULL, NULL);
	if (!microsocks_start(w, &p, "user", "pass"))
		skip();
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *target = world_text(w, "/gen/9/%zu", i);
		const char *log = world_text(w, "log%zu", i);
		struct slice record;
		struct records r;
		struct run *run;

		run = bulkfetch(w, "-x", proxy_url(w, rows[i].scheme, &p), "-d",
		    "out", "--log", log, origin_url(w, target),
		    rows[i].credentials != NULL ? "-U" : NULL,
		    rows[i].credentials, NULL);
		expect_exit(run, rows[i].message == NULL ? 0 : 4);
		expect_says_not(run, "pass@");
		r = records_read(w, log);
		assert_int_equal(r.count, 1);
		if (rows[i].message == NULL) {
			expect_generated(w, "out", target);
			continue;
		}
		/* It would say the same again. */
		record = failure_of(&r);
		expect_member(&r, record, "error", "proxy");
		expect_says(run, rows[i].message);
		expect_member(&r, record, "tries", "1");
	}
}

/* ---- Names --------------------------------------------------------------- */

/* Names of which only the proxy knows the addresses. */
static void
expect_names_are_the_proxys(
    struct world *w, const char *scheme, const struct proxy_server *p)
{
	char *target = world_text(w, "/gen/9/%s-%u", scheme, p->port);
	char *one = world_text(w, "one.test:%u", w->port);
	char *two = world_text(w, "two.test:%u", w->port);
	int fd;
	const char *server = silent_name_server(w, &fd);
	struct run *run;

	run = bulkfetch(w, "-x", proxy_url(w, scheme, p), "--dns-servers",
	    server, "-d", "out", world_text(w, "http://%s%s", one, target),
	    world_text(w, "http://%s%s", two, target), NULL);
	expect_exit(run, 0);
	assert_false(was_asked(fd));
	assert_int_equal(close(fd), 0);
	expect_generated_from(w, "out", one, target);
	expect_generated_from(w, "out", two, target);
}

/* What is tested by the silence of a name server is that it would be asked. */
static void
expect_names_are_ours(
    struct world *w, const char *scheme, const struct proxy_server *p)
{
	int fd;
	const char *server = silent_name_server(w, &fd);
	struct run *run;

	run = bulkfetch(w, "-x", proxy_url(w, scheme, p), "--retry", "0",
	    "--max-time", "0.3", "--dns-servers", server, "-d", "none",
	    world_text(w, "http://one.test:%u/gen/9/x", w->port), NULL);
	expect_summary(run, 0, 0, 1);
	assert_true(was_asked(fd));
	assert_int_equal(close(fd), 0);
}

static void
names_are_looked_up_by_whom_the_scheme_says(void **state)
{
	struct world *w = *state;
	struct proxy_server p;
	bool has_any = false;

	origin_start(w, NULL, "--any");
	if (!proxies_know_names(w))
		skip();
	if (microsocks_start(w, &p, NULL, NULL)) {
		expect_names_are_the_proxys(w, "socks5h", &p);
		expect_names_are_ours(w, "socks5", &p);
		has_any = true;
	}
	if (danted_start(w, &p, "")) {
		/* It knows SOCKS4, but not 4A. */
		expect_names_are_the_proxys(w, "socks5h", &p);
		expect_names_are_ours(w, "socks4", &p);
		has_any = true;
	}
	if (!has_any)
		skip();
}

/* "localhost" needs no name server anywhere. */
static void
the_proxy_is_told_a_name_or_an_address(void **state)
{
	struct world *w = *state;
	struct proxy_server p;
	const char *url;

	origin_start(w, NULL, NULL);
	if (!microsocks_start(w, &p, NULL, NULL))
		skip();
	url = origin_url_at(w, "localhost", "/gen/9/a");
	expect_exit(bulkfetch(w, "-4", "-x", proxy_url(w, "socks5", &p), "-d",
			"a", url, NULL),
	    0);
	assert_non_null(strstr(world_read_text(w, p.log),
	    world_text(w, "connected to 127.0.0.1:%u", w->port)));
	assert_null(strstr(world_read_text(w, p.log), "localhost"));
	expect_exit(bulkfetch(w, "-x", proxy_url(w, "socks5h", &p), "-d", "b",
			url, NULL),
	    0);
	assert_non_null(strstr(world_read_text(w, p.log),
	    world_text(w, "connected to localhost:%u", w->port)));
}

/* ---- Dante --------------------------------------------------------------- */

static void
speaks_every_version(void **state)
{
	static const char *const schemes[] = { "socks4", "socks4a", "socks5",
		"socks5h", "socks4://me@", "socks4a://me@" };
	enum { URLS = 20 };
	struct world *w = *state;
	struct proxy_server p;

	origin_start(w, NULL, NULL);
	if (!danted_start(w, &p, ""))
		skip();
	origin_add_urls(w, "list", "127.0.0.1", "/gen/2000/", URLS);
	for (size_t i = 0; i < COUNT(schemes); i++) {
		const char *dir = world_text(w, "out%zu", i);

		expect_exit(
		    bulkfetch(w, "-c", "4", "-x", proxy_url(w, schemes[i], &p),
			"-d", dir, "list", NULL),
		    0);
		expect_urls(w, dir, "127.0.0.1", "/gen/2000/", URLS);
	}
	assert_in_range(
	    origin_stat(w, "accepted"), COUNT(schemes), 4 * COUNT(schemes));
}

static void
follows_redirects_and_tries_again(void **state)
{
	struct world *w = *state;
	struct proxy_server p;
	struct records r;
	struct run *run;

	origin_start(w,
	    "/flaky on 1: reset\n"
	    "/flaky: head 200 \"Content-Length: 3\"; body 3\n",
	    "--any");
	if (!microsocks_start(w, &p, NULL, NULL))
		skip();
	run = bulkfetch(w, "-x", proxy_url(w, "socks5", &p), "-d", "out",
	    "--retry-delay", "0.01", "--log", "log",
	    origin_url(w,
		world_text(w, "/redirect/302//127.0.0.2:%u/gen/9/to", w->port)),
	    origin_url(w, "/flaky"), NULL);
	expect_exit(run, 0);
	expect_pattern(
	    w, world_text(w, "out/%s/flaky", origin_host(w)), "/flaky", 3);
	assert_int_equal(origin_count(w, "/gen/9/to"), 1);
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "tries", "2"), 1);
	assert_non_null(strstr(world_read_text(w, p.log), "127.0.0.2"));
}

/* ---- Refused ------------------------------------------------------------- */

static void
tells_what_may_pass_from_what_stays(void **state)
{
	struct world *w = *state;
	unsigned dead = dead_port(w);
	unsigned denied = dead_port(w);
	struct proxy_server p;
	struct slice record;
	struct records r;
	struct run *run;

	if (!danted_start(w, &p,
		world_text(w,
		    "socks block {\n"
		    "  from: 0.0.0.0/0 to: 0.0.0.0/0 port = %u\n"
		    "}\n",
		    denied)))
		skip();
	run = bulkfetch(w, "-x", proxy_url(w, "socks5", &p), "--retry", "2",
	    "--retry-delay", "0.01", "-d", "out", "--log", "log",
	    world_text(w, "http://127.0.0.1:%u/dead", dead),
	    world_text(w, "http://127.0.0.1:%u/denied", denied), NULL);
	expect_exit(run, 4);
	expect_summary(run, 0, 0, 2);
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "error", "proxy"), 2);
	record = records_find(&r, "n", "1");
	expect_member(&r, record, "tries", "3");
	expect_says(
	    run, "the host refuses the proxy's connection (SOCKS5 reply 5)");
	record = records_find(&r, "n", "2");
	expect_member(&r, record, "tries", "1");
	expect_says(run, "the proxy's rules do not allow it (SOCKS5 reply 2)");
}

/* What a proxy that is none does costs those alone that go by it. */
static void
misbehaviour_fails_only_what_goes_by_it(void **state)
{
	static const struct {
		const char *script;
		const char *message; /* NULL: as it comes */
	} rows[] = {
		{ "send \"SSH-2.0-x\\r\\n\"; close",
		    "the proxy's answer is not SOCKS" },
		{ "send \"HTTP/1.1 400 Bad\\r\\n\\r\\n\"; close",
		    "the proxy's answer is not SOCKS" },
		{ "close", NULL },
		{ "reset", NULL },
		{ "send \"\\x05\"; close", NULL },
		{ "send \"\\x05\\xff\"", "the proxy wants credentials" },
		{ "send \"\\x05\\x00\\x05\\x04\"",
		    "the proxy cannot reach the host (SOCKS5 reply 4)" },
		{ "send \"\\x05\\x00\\x05\\x00\\x00\\x09\\x00\"",
		    "the proxy's answer is not SOCKS" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *log = world_text(w, "log%zu", i);
		struct slice record;
		struct records r;
		struct run *run;

		origin_start(w, world_text(w, "@%s: %s\n", bad, rows[i].script),
		    "--any");
		run = bulkfetch(w, "-x",
		    world_text(w, "socks5://%s:%u", bad, w->port), "--retry",
		    "0", "--noproxy", "127.0.0.2", "-d", "out", "--log", log,
		    origin_url(w, "/gen/9/a"),
		    origin_url_at(w, "127.0.0.2", "/gen/9/b"), NULL);
		expect_exit(run, 1);
		expect_summary(run, 1, 0, 1);
		r = records_read(w, log);
		record = failure_of(&r);
		expect_member(&r, record, "error", "proxy");
		expect_member(&r, record, "n", "1");
		if (rows[i].message != NULL)
			expect_says(run, rows[i].message);
	}
}

static void
waits_no_longer_than_for_a_host(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 2; i++) {
		const char *log = world_text(w, "log%d", i);
		struct records r;
		struct run *run;
		unsigned port;
		/* One that never says a word, one that never connects. */
		int fd = world_listen(w, i == 1, &port);

		run = bulkfetch(w, "-x",
		    world_text(w, "socks5h://127.0.0.1:%u", port), "--retry",
		    "0", "--connect-timeout", "0.3", "-d", "out", "--log", log,
		    "http://one.test/a", NULL);
		expect_exit(run, 4);
		assert_in_range(run->took_ms, 290, 5000 * run_slowness());
		r = records_read(w, log);
		expect_member(&r, failure_of(&r), "error", "timeout");
		assert_int_equal(close(fd), 0);
	}
}

static void
a_proxy_that_is_away_is_a_failure_of_its_own(void **state)
{
	struct world *w = *state;
	struct slice record;
	struct records r;
	struct run *run;

	run = bulkfetch(w, "-x",
	    world_text(w, "socks4a://127.0.0.1:%u", dead_port(w)), "--retry",
	    "1", "--retry-delay", "0.01", "-d", "out", "--log", "log",
	    "http://one.test/a", NULL);
	expect_exit(run, 4);
	r = records_read(w, "log");
	record = failure_of(&r);
	expect_member(&r, record, "error", "proxy");
	expect_member(&r, record, "tries", "2");
	expect_says(run, "Connection refused");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(fetches_over_connections_that_are_kept),
		WORLD_TEST(fetches_from_an_ipv6_address),
		WORLD_TEST(says_who_it_is),
		WORLD_TEST(names_are_looked_up_by_whom_the_scheme_says),
		WORLD_TEST(the_proxy_is_told_a_name_or_an_address),
		WORLD_TEST(speaks_every_version),
		WORLD_TEST(follows_redirects_and_tries_again),
		WORLD_TEST(tells_what_may_pass_from_what_stays),
		WORLD_TEST(misbehaviour_fails_only_what_goes_by_it),
		WORLD_TEST(waits_no_longer_than_for_a_host),
		WORLD_TEST(a_proxy_that_is_away_is_a_failure_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
