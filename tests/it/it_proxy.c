/* By HTTP proxies: Squid and Tinyproxy, and some that misbehave. */
#include "harness.h"
#include "proxies.h"

#include <stdio.h>
#include <unistd.h>

static const char *const bad = "127.0.0.9"; /* where a script is the proxy */

/* A proxy that says so in the origin's journal. */
static void
expect_via(struct world *w, const struct origin_request *request, bool is)
{
	if ((origin_field(w, request, "Via") != NULL) != is)
		fail_msg(
		    "%s came %s a proxy", request->line, is ? "without" : "by");
}

/* What is the proxy's business the origin never hears. */
static void
expect_no_credentials(struct world *w)
{
	size_t count;
	struct origin_request *requests = origin_heads(w, &count);

	assert_true(count > 0);
	for (size_t i = 0; i < count; i++)
		expect_field(w, &requests[i], "Proxy-Authorization", NULL);
}

/* The record of the log's one failure. */
static struct slice
failure_of(const struct records *r)
{
	return records_find(r, "ok", "false");
}

static unsigned long
connections_opened(const struct run *run)
{
	const char *at = strstr(run_err(run), " opened, ");

	assert_non_null(at);
	while (at > run_err(run) && at[-1] != '\n')
		at--;
	return strtoul(at + strlen("bulkfetch: "), NULL, 10);
}

/* ---- Requests that the proxy takes itself -------------------------------- */

static void
one_proxy_is_one_place_however_many_the_origins(void **state)
{
	enum { HOSTS = 20, URLS = 10 };
	struct world *w = *state;
	struct origin_request *requests;
	struct proxy_server p;
	struct run *run;
	size_t count;

	origin_start(w, NULL, "--any");
	if (!squid_start(w, &p, ""))
		skip();
	for (int i = 1; i <= HOSTS; i++)
		origin_add_urls(w, "list", world_text(w, "127.0.0.%d", i),
		    "/gen/2000/", URLS);
	run = bulkfetch(w, "-c", "4", "-x", proxy_url(w, "http", &p), "-d",
	    "out", "list", NULL);
	expect_exit(run, 0);
	for (int i = 1; i <= HOSTS; i++)
		expect_urls(w, "out", world_text(w, "127.0.0.%d", i),
		    "/gen/2000/", URLS);
	assert_in_range(connections_opened(run), 1, 4);
	requests = origin_heads(w, &count);
	assert_int_equal(count, HOSTS * URLS);
	for (size_t i = 0; i < count; i++)
		expect_via(w, &requests[i], true);
}

/* Names of which only the proxy knows the addresses. */
static void
names_are_the_proxys_to_look_up(void **state)
{
	struct world *w = *state;
	struct proxy_server p;
	const char *server;
	struct run *run;
	char *one;
	char *two;
	int fd;

	origin_start(w, NULL, "--any");
	if (!squid_start(w, &p, ""))
		skip();
	server = silent_name_server(w, &fd);
	one = world_text(w, "one.test:%u", w->port);
	two = world_text(w, "two.test:%u", w->port);
	for (int i = 0; i < 2; i++) {
		run = bulkfetch(w, "-x", proxy_url(w, "http", &p),
		    "--dns-servers", server, "-d", "out",
		    world_text(w, "http://%s/gen/9/%d", one, i),
		    world_text(w, "http://%s/gen/9/%d", two, i),
		    i == 1 ? "-p" : NULL, NULL);
		expect_exit(run, 0);
		assert_false(was_asked(fd));
		expect_generated_from(
		    w, "out", one, world_text(w, "/gen/9/%d", i));
		expect_generated_from(
		    w, "out", two, world_text(w, "/gen/9/%d", i));
	}
	/* What is left to us we would ask for. */
	run = bulkfetch(w, "-x", proxy_url(w, "http", &p), "--noproxy", "test",
	    "--retry", "0", "--max-time", "0.3", "--dns-servers", server, "-d",
	    "none", world_text(w, "http://%s/gen/9/x", one), NULL);
	expect_summary(run, 0, 0, 1);
	assert_true(was_asked(fd));
	assert_int_equal(close(fd), 0);
}

/* ---- Credentials --------------------------------------------------------- */

/* What lets "user:pass" in, in the user's own words. */
#define OPEN_FIELD "Proxy-Authorization: Basic dXNlcjpwYXNz"

/* Tinyproxy says 401 to wrong ones. */
static void
expect_refused_status(const struct records *r, struct slice record)
{
	long long status = record_number(r, record, "status");

	if (status != 401 && status != 407)
		fail_msg("status %lld", status);
}

static void
expect_credentials_matter(struct world *w, const struct proxy_server *p)
{
	static const struct {
		const char *scheme;
		const char *option; /* "-U", "-H"; NULL: none */
		const char *value;
		bool is_let_in;
	} rows[] = {
		{ "http", "-U", "user:pass", true },
		{ "http://user:pass@", NULL, NULL, true },
		{ "http://us%65r:p%61ss@", NULL, NULL, true },
		{ "http://user:wrong@", "-U", "user:pass", true },
		{ "http", "-H", OPEN_FIELD, true },
		{ "http://user:wrong@", "-H", OPEN_FIELD, true },
		{ "http://user:pass@", "-H", "Proxy-Authorization:", false },
		{ "http", "-U", "user:wrong", false },
		{ "http", NULL, NULL, false },
	};

	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		bool is_tunnel = i >= COUNT(rows);
		const char *target = world_text(w, "/gen/9/%u-%zu", p->port, i);
		const char *log = world_text(w, "log%u-%zu", p->port, i);
		struct slice record;
		struct records r;
		struct run *run;

		run = bulkfetch(w, "-x",
		    proxy_url(w, rows[i % COUNT(rows)].scheme, p), "-d", "out",
		    "--log", log, origin_url(w, target),
		    is_tunnel ? "-p" : "-q", rows[i % COUNT(rows)].option,
		    rows[i % COUNT(rows)].value, NULL);
		r = records_read(w, log);
		assert_int_equal(r.count, 1);
		if (rows[i % COUNT(rows)].is_let_in) {
			expect_exit(run, 0);
			expect_generated(w, "out", target);
			continue;
		}
		/* It would say the same again. */
		expect_exit(run, 4);
		record = failure_of(&r);
		expect_member(
		    &r, record, "error", is_tunnel ? "proxy" : "status");
		if (is_tunnel)
			expect_member(&r, record, "status", NULL);
		else
			expect_refused_status(&r, record);
		expect_member(&r, record, "tries", "1");
		if (is_tunnel)
			expect_says(run, "the proxy wants credentials (40");
		assert_int_equal(origin_count(w, target), 0);
	}
	expect_no_credentials(w);
}

static void
credentials_are_for_the_proxy_alone(void **state)
{
	struct world *w = *state;
	struct proxy_server p;
	bool has_any = false;

	origin_start(w, NULL, NULL);
	if (squid_start(w, &p, squid_auth(w))) {
		expect_credentials_matter(w, &p);
		has_any = true;
	}
	if (tinyproxy_start(w, &p, "BasicAuth user pass\n")) {
		expect_credentials_matter(w, &p);
		has_any = true;
	}
	if (!has_any)
		skip();
}

/* ---- Tunnels ------------------------------------------------------------- */

static void
a_tunnel_leads_to_one_origin_and_is_kept(void **state)
{
	enum { URLS = 20 };
	struct world *w = *state;
	struct haproxy other;
	struct origin_request *requests;
	struct proxy_server p;
	char *authority;
	struct run *run;
	size_t count;
	FILE *f;

	origin_start(w, NULL, "--any");
	if (!squid_start(w, &p, squid_auth(w)) || !haproxy_start(w, &other, ""))
		skip();
	authority = world_text(w, "127.0.0.1:%u", other.port);
	origin_add_urls(w, "list", "127.0.0.1", "/gen/2000/", URLS);
	origin_add_urls(w, "list", "127.0.0.2", "/gen/2000/", URLS);
	f = fopen(world_path(w, "list"), "ae");
	assert_non_null(f);
	for (int i = 0; i < URLS; i++)
		(void)fprintf(f, "http://%s/gen/2000/%d\n", authority, i);
	assert_int_equal(fclose(f), 0);
	run = bulkfetch(w, "-p", "-c", "1", "-x",
	    proxy_url(w, "http://user:pass@", &p), "-d", "out", "list", NULL);
	expect_exit(run, 0);
	expect_urls(w, "out", "127.0.0.1", "/gen/2000/", URLS);
	expect_urls(w, "out", "127.0.0.2", "/gen/2000/", URLS);
	for (int i = 0; i < URLS; i++)
		expect_generated_from(
		    w, "out", authority, world_text(w, "/gen/2000/%d", i));
	assert_int_equal(connections_opened(run), 3);
	/* The proxy had no part in the requests. */
	expect_no_credentials(w);
	requests = origin_heads(w, &count);
	assert_int_equal(count, 3 * URLS);
	for (size_t i = 0; i < count; i++)
		expect_via(w, &requests[i], false);
}

static void
a_tunnel_that_is_refused_is_not_asked_for_again(void **state)
{
	struct world *w = *state;
	struct proxy_server p;
	struct slice record;
	struct records r;
	struct run *run;

	origin_start(w, NULL, NULL);
	if (!squid_start(w, &p,
		world_text(w,
		    "acl fine port %u\n"
		    "http_access deny CONNECT !fine\n",
		    w->port)))
		skip();
	run = bulkfetch(w, "-p", "-x", proxy_url(w, "http", &p), "-d", "out",
	    "--log", "log", "http://127.0.0.1:1/x", origin_url(w, "/gen/9/a"),
	    NULL);
	expect_exit(run, 1);
	expect_summary(run, 1, 0, 1);
	expect_says(run, "the proxy refuses the tunnel (403)");
	r = records_read(w, "log");
	record = failure_of(&r);
	expect_member(&r, record, "error", "proxy");
	expect_member(&r, record, "tries", "1");
}

/* The host is away, not the proxy; who knows for how long. */
static void
a_host_that_the_proxy_cannot_reach_is_tried_again(void **state)
{
	struct world *w = *state;
	unsigned dead = dead_port(w);
	struct proxy_server p;
	struct slice record;
	struct records r;
	struct run *run;

	if (!squid_start(w, &p, ""))
		skip();
	for (int i = 0; i < 2; i++) {
		const char *log = world_text(w, "log%d", i);

		run = bulkfetch(w, i == 1 ? "-p" : "-q", "-x",
		    proxy_url(w, "http", &p), "--retry", "1", "--retry-delay",
		    "0.01", "-d", "out", "--log", log,
		    world_text(w, "http://127.0.0.1:%u/", dead), NULL);
		expect_exit(run, 4);
		r = records_read(w, log);
		record = failure_of(&r);
		expect_member(&r, record, "error", i == 1 ? "proxy" : "status");
		expect_member(&r, record, "tries", "2");
	}
}

/* ---- What goes by it, and what does not ---------------------------------- */

struct way {
	const char *words[4]; /* after "-d out"; PROXY is the proxy's URL */
	const char *env[3];
	bool is_by_proxy;
};

#define PROXY "\1"

/* `text` with the proxy's URL in it. */
static const char *
fill_in(struct world *w, const char *text, const char *url)
{
	const char *at = text != NULL ? strstr(text, PROXY) : NULL;

	if (at == NULL)
		return text;
	return world_text(
	    w, "%.*s%s%s", (int)(at - text), text, url, at + strlen(PROXY));
}

static void
options_and_variables_say_what_goes_by_it(void **state)
{
	static const struct way ways[] = {
		{ { NULL }, { NULL }, false },
		{ { "-x", PROXY }, { NULL }, true },
		{ { "-x", PROXY, "--noproxy", "127.0.0.1" }, { NULL }, false },
		{ { "-x", PROXY, "--noproxy", "127.0.0.0/8" }, { NULL },
		    false },
		{ { "-x", PROXY, "--noproxy", "example.com" }, { NULL }, true },
		{ { "-x", PROXY, "--noproxy", "*" }, { NULL }, false },
		{ { "-x", PROXY, "--noproxy", "10.0.0.0/8,127.0.0.2" },
		    { NULL }, true },
		{ { NULL }, { "http_proxy=" PROXY }, true },
		{ { NULL }, { "all_proxy=" PROXY }, true },
		{ { NULL }, { "ALL_PROXY=" PROXY }, true },
		/* Another's field, for a CGI program. */
		{ { NULL }, { "HTTP_PROXY=" PROXY }, false },
		{ { NULL }, { "https_proxy=" PROXY }, false },
		/* What is of no use for https does http no harm. */
		{ { NULL }, { "https_proxy=https://proxy.test:443" }, false },
		{ { NULL }, { "http_proxy=" PROXY, "https_proxy=ftp://h" },
		    true },
		/* Whoever has a field for the proxy may go without one. */
		{ { "-H", OPEN_FIELD }, { NULL }, false },
		{ { "-x", PROXY, "--noproxy=127.0.0.1", "-H" OPEN_FIELD },
		    { NULL }, false },
		{ { NULL }, { "http_proxy=" PROXY, "no_proxy=127.0.0.1" },
		    false },
		{ { NULL }, { "http_proxy=" PROXY, "no_proxy=localhost" },
		    true },
		{ { "--noproxy", "" },
		    { "http_proxy=" PROXY, "no_proxy=127.0.0.1" }, true },
		{ { "-x", "" }, { "http_proxy=" PROXY }, false },
		{ { "-x", PROXY },
		    { "http_proxy=http://127.0.0.1:1", "no_proxy=*" }, false },
		{ { NULL },
		    { "all_proxy=http://127.0.0.1:1", "http_proxy=" PROXY },
		    true },
	};
	struct world *w = *state;
	struct origin_request *requests;
	struct proxy_server p;
	const char *url;
	size_t count;

	origin_start(w, NULL, NULL);
	if (!squid_start(w, &p, squid_auth(w)))
		skip();
	url = proxy_url(w, "http://user:pass@", &p);
	for (size_t i = 0; i < COUNT(ways); i++) {
		const char *target = world_text(w, "/gen/9/%zu", i);
		const char *words[] = { "-d", "out", "--log",
			world_text(w, "log%zu", i), origin_url(w, target),
			fill_in(w, ways[i].words[0], url),
			fill_in(w, ways[i].words[1], url), ways[i].words[2],
			ways[i].words[3], NULL };
		struct run_spec spec = { .words = words,
			.env = { fill_in(w, ways[i].env[0], url),
			    fill_in(w, ways[i].env[1], url) } };
		struct records r;

		expect_exit(run_spec(w, &spec), 0);
		r = records_read(w, words[3]);
		expect_member(&r, records_find(&r, "n", "1"), "proxy",
		    ways[i].is_by_proxy ? proxy_url(w, "http", &p) : NULL);
	}
	requests = origin_heads(w, &count);
	assert_int_equal(count, COUNT(ways));
	for (size_t i = 0; i < count; i++)
		expect_via(w, &requests[i], ways[i].is_by_proxy);
	expect_no_credentials(w);
}

static void
redirects_change_the_way(void **state)
{
	struct world *w = *state;
	struct origin_request *requests;
	struct proxy_server p;
	size_t count;

	origin_start(w, NULL, "--any");
	if (!squid_start(w, &p, squid_auth(w)))
		skip();
	/* By the proxy, then without, and back; with either's credentials. */
	for (int i = 0; i < 2; i++)
		expect_exit(
		    bulkfetch(w, "-x",
			proxy_url(w, i == 0 ? "http://user:pass@" : "http", &p),
			"--noproxy", "127.0.0.2", "-d", "out",
			origin_url(w,
			    world_text(w,
				"/redirect/302/http://127.0.0.2:%u"
				"/redirect/302/http://127.0.0.3:%u"
				"/gen/9/%d",
				w->port, w->port, i)),
			i == 1 ? "-H" : NULL, OPEN_FIELD, NULL),
		    0);
	requests = origin_heads(w, &count);
	assert_int_equal(count, 6);
	for (size_t i = 0; i < count; i++)
		expect_via(w, &requests[i], i % 3 != 1);
	expect_no_credentials(w);
}

static void
failures_behind_it_are_tried_again(void **state)
{
	struct world *w = *state;
	struct proxy_server p;

	origin_start(w,
	    "/busy on 1: head 503 \"Content-Length: 0\"\n"
	    "/busy on 2: head 503 \"Content-Length: 0\"\n"
	    "/busy: head 200 \"Content-Length: 3\"; body 3\n"
	    "/cut on 1: head 200 \"Content-Length: 3\"; body 1; close\n"
	    "/cut on 2: head 200 \"Content-Length: 3\"; body 1; close\n"
	    "/cut: head 200 \"Content-Length: 3\"; body 3\n",
	    NULL);
	if (!squid_start(w, &p, ""))
		skip();
	for (int i = 0; i < 2; i++) {
		const char *dir = world_text(w, "out%d", i);

		expect_exit(bulkfetch(w, i == 1 ? "-p" : "-q", "-x",
				proxy_url(w, "http", &p), "--retry-delay",
				"0.01", "-d", dir, origin_url(w, "/busy"),
				origin_url(w, "/cut"), NULL),
		    0);
		expect_pattern(w,
		    world_text(w, "%s/%s/busy", dir, origin_host(w)), "/busy",
		    3);
		expect_pattern(w,
		    world_text(w, "%s/%s/cut", dir, origin_host(w)), "/cut", 3);
	}
	assert_int_equal(origin_count(w, "/busy"), 4);
}

/* ---- Large bodies -------------------------------------------------------- */

/* How the program copies, when it is watched. */
static void
expect_splice(struct world *w, const char *url, const char *target)
{
	const char *words[] = { "-f", "-qq", "-e", "trace=splice", "-o",
		"trace", program_path("BULKFETCH", "bulkfetch"), "-p", "-x",
		url, "-d", "watched", origin_url(w, target), NULL };
	struct run_spec spec = { .words = words,
		.program = world_find_program(w, "strace") };

	if (spec.program == NULL)
		return;
	words[6] = world_text(w, "%s", words[6]);
	expect_exit(run_spec(w, &spec), 0);
	expect_generated(w, "watched", target);
	assert_non_null(strstr(world_read_text(w, "trace"), "splice("));
}

static void
large_bodies_go_through_whole(void **state)
{
	static const char target[] = "/gen/16M/large";
	struct world *w = *state;
	struct proxy_server p;
	const char *url;

	origin_start(w, NULL, NULL);
	if (!tinyproxy_start(w, &p, ""))
		skip();
	url = proxy_url(w, "http", &p);
	for (int i = 0; i < 2; i++) {
		const char *dir = world_text(w, "out%d", i);

		expect_exit(bulkfetch(w, i == 1 ? "-p" : "-q", "-x", url, "-d",
				dir, origin_url(w, target), NULL),
		    0);
		expect_generated(w, dir, target);
	}
	/* Behind its tunnel it is a socket like others. */
	if (run_is_bare())
		expect_splice(w, url, target);
}

/* ---- Misbehaviour -------------------------------------------------------- */

/* What a proxy that is none does costs those alone that go by it. */
static void
misbehaviour_fails_only_what_goes_by_it(void **state)
{
	static const struct {
		const char *script;
		const char *message; /* NULL: as it comes */
	} rows[] = {
		{ "send \"SSH-2.0-x\\r\\n\"; close",
		    "the proxy's answer is not HTTP" },
		{ "send \"\\x05\\xff\"", "the proxy's answer is not HTTP" },
		{ "close", NULL },
		{ "reset", NULL },
		{ "send \"HTTP/1.1 200 OK\\r\\n\"; close", NULL },
		{ "send \"HTTP/1.1 200 OK\\r\\n\\r\\nHTTP/1.1 200 OK\\r\\n\"",
		    "octets behind the proxy's answer" },
		{ "forever { send \"HTTP/1.1 102 Wait\\r\\nA: b\\r\\n\\r\\n\" "
		  "}",
		    "the proxy's answer is too long" },
		{ "send \"HTTP/1.1 302 Found\\r\\n\\r\\n\"",
		    "the proxy redirects instead of a tunnel (3xx)" },
		{ "send \"HTTP/1.0 405 No\\n\\n<html>\"",
		    "the proxy makes no tunnels (405)" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *log = world_text(w, "log%zu", i);
		struct slice record;
		struct records r;
		struct run *run;

		origin_start(w, world_text(w, "@%s: %s\n", bad, rows[i].script),
		    "--any");
		run = bulkfetch(w, "-p", "-x",
		    world_text(w, "%s:%u", bad, w->port), "--retry", "0",
		    "--noproxy", "127.0.0.2", "-d", "out", "--log", log,
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

		run = bulkfetch(w, "-p", "-x",
		    world_text(w, "127.0.0.1:%u", port), "--retry", "0",
		    "--connect-timeout", "0.3", "-d", "out", "--log", log,
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

	for (int i = 0; i < 2; i++) {
		const char *log = world_text(w, "log%d", i);
		struct slice record;
		struct records r;
		struct run *run;

		run = bulkfetch(w, i == 1 ? "-p" : "-v", "-x",
		    world_text(w, "127.0.0.1:%u", dead_port(w)), "--retry", "1",
		    "--retry-delay", "0.01", "-d", "out", "--log", log,
		    "http://one.test/a", NULL);
		expect_exit(run, 4);
		r = records_read(w, log);
		record = failure_of(&r);
		expect_member(&r, record, "error", "proxy");
		expect_member(&r, record, "tries", "2");
		expect_says(run, "Connection refused");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(one_proxy_is_one_place_however_many_the_origins),
		WORLD_TEST(names_are_the_proxys_to_look_up),
		WORLD_TEST(credentials_are_for_the_proxy_alone),
		WORLD_TEST(a_tunnel_leads_to_one_origin_and_is_kept),
		WORLD_TEST(a_tunnel_that_is_refused_is_not_asked_for_again),
		WORLD_TEST(a_host_that_the_proxy_cannot_reach_is_tried_again),
		WORLD_TEST(options_and_variables_say_what_goes_by_it),
		WORLD_TEST(redirects_change_the_way),
		WORLD_TEST(failures_behind_it_are_tried_again),
		WORLD_TEST(large_bodies_go_through_whole),
		WORLD_TEST(misbehaviour_fails_only_what_goes_by_it),
		WORLD_TEST(waits_no_longer_than_for_a_host),
		WORLD_TEST(a_proxy_that_is_away_is_a_failure_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
