/* The command line, and the requests that it makes. */
#include "harness.h"

#include <stdio.h>
#include <unistd.h>

/* ---- Usage -------------------------------------------------------------- */

static void
a_wrong_command_line_is_a_usage_error_that_says_why(void **state)
{
	static const struct {
		const char *words[4];
		const char *says;
	} rows[] = {
		{ { "--no-such-option" }, "no-such-option" },
		{ { "-Z" }, "concurrency" },
		{ { "-O" }, "--output" },
		{ { "-P", "x" }, "--dir" },
		{ { "-t", "5" }, "-timeout" },
		{ { "-m", "5" }, "--max-time" },
		{ { "-w", "x" }, "--log" },
		{ { "-c", "list" }, "number" },
		{ { "-c", "0" }, "1 to 100000" },
		{ { "-c", "-1" }, "number" },
		{ { "-c", "100001" }, "100000" },
		{ { "-c", "5x" }, "number" },
		{ { "-c", "" }, "number" },
		{ { "-c" }, "missing" },
		{ { "--concurrency" }, "missing" },
		{ { "--dir=" }, "name" },
		{ { "--connect-timeout", "-1" }, "seconds" },
		{ { "--max-time", "1h" }, "seconds" },
		{ { "--max-filesize", "1Q" }, "size" },
		{ { "--max-filesize", "99999999999999999999" }, "size" },
		{ { "--progress", "dancing" }, "bar" },
		{ { "--quiet=yes" }, "no value" },
		{ { "--max" }, "--max-errors" },
		{ { "--conurrency", "5" }, "--concurrency" },
		{ { "-X", "CONNECT" }, "CONNECT" },
		{ { "-X", "A B" }, "A B" },
		{ { "-H", "no colon" }, "no colon" },
		{ { "-H", "A: b\r\nC: d" }, "" },
		{ { "-H", "Content-Length: 5" }, "Content-Length" },
		{ { "-H", "Transfer-Encoding: chunked" }, "Transfer-Encoding" },
		{ { "-A", "a\nb" }, "" },
		{ { "-o", "%{nonsense}" }, "nonsense" },
		{ { "-o", "-", "--log", "-" }, "standard output" },
		{ { "--data", "@file" }, "--data-file" },
		{ { "-I", "--data", "x" }, "" },
		{ { "--max-redirs", "101" }, "0 to 100" },
		{ { "--retry", "many" }, "0 to 1000" },
		{ { "--retry-delay", "1m" }, "seconds" },
		{ { "--rate", "fast" }, "20/s" },
		{ { "--rate-per-host", "1/w" }, "300/m" },
		{ { "--limit-rate", "1mbit" }, "size" },
		{ { "--look-ahead", "1000001" }, "1000000" },
		{ { "--max-errors", "101%" }, "5%" },
		{ { "--tries", "3" }, "--retry" },
		{ { "--wait", "3" }, "--rate" },
		{ { "--continue" }, "--resume" },
		{ { "--resume" }, "--log FILE" },
		{ { "--resume", "--log", "-" }, "standard output" },
		{ { "--retry-failed", "--log", "l", "list" }, "LIST 'list'" },
		{ { "--resume", "--resume-failed", "--log=l" }, "one of them" },
		{ { "--resume", "--log=l", "-o%{name}" }, "%{hash}" },
		{ { "--resume", "--log=." }, "regular file" },
		{ { "--resume", "--log=/dev/null" }, "regular file" },
		{ { "--durable" }, "--log FILE" },
		{ { "--durable", "--log=/dev/null" }, "regular file" },
		{ { "--update", "-N" }, "--timestamping" },
		{ { "--update", "--skip-existing" }, "--skip-existing" },
		{ { "--update", "-o-" }, "no files" },
		{ { "-R", "-I" }, "no files" },
		{ { "--update", "-HRange: bytes=1-2" }, "Range" },
		{ { "-4", "-6", "http://a/" }, "--ipv4 and --ipv6" },
		{ { "--dns-servers=here", "http://a/" }, "'here'" },
		{ { "--dns-servers=::1,", "http://a/" }, "'::1,'" },
		{ { "--dns-max-inflight", "0" }, "1 to 65535" },
		{ { "--resolve", "a:80", "http://a/" }, "'a:80'" },
		{ { "--connect-to", "a:b", "http://a/" }, "'a:b'" },
		{ { "--address-list=no", "-xh", "http://a/" }, "--proxy" },
		{ { "--address-list=/dev/null", "http://a/" }, "/dev/null" },
		{ { "--interface", "nosuch0", "http://a/" }, "'nosuch0'" },
		{ { "--interface", "192.0.2.1", "http://a/" }, "192.0.2.1" },
		{ { "--unix-socket=s", "--interface=lo" }, "--interface" },
		{ { "-x", "gopher://h", "http://a/" }, "socks5h" },
		{ { "-x", "h:99999", "http://a/" }, "a bad port" },
		{ { "--socks5", "h" }, "--proxy socks5://" },
		{ { "--no-proxy", "http://a/" }, "--noproxy" },
		{ { "--doh-url", "https://h/" }, "--dns-servers" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *words[] = { rows[i].words[0], rows[i].words[1],
			rows[i].words[2], rows[i].words[3], NULL };
		struct run_spec spec = { .words = words };
		struct run *run = run_spec(w, &spec);

		if (run->status != 2)
			fail_msg("%s %s: %d", words[0],
			    words[1] != NULL ? words[1] : "", run->status);
		expect_says(run, rows[i].says);
		expect_says(run, "bulkfetch: ");
		assert_int_equal(run->out.len, 0);
		assert_true(run->err.len < 1000);
	}
}

/* Neither of --proxy nor of the environment. */
static void
the_password_of_a_proxy_is_never_shown(void **state)
{
	static const char *const proxies[] = { "http://me:secret@[bad",
		"ftp://me:secret@h", "http://me:secret@h:port",
		"http://me:secret@h/path", "https://me:secret@h",
		"http://me:secret@", "me:secret@h h" };
	struct world *w = *state;

	for (size_t i = 0; i < 2 * COUNT(proxies); i++) {
		const char *proxy = proxies[i / 2];
		const char *words[] = { "http://a/", NULL, NULL, NULL };
		struct run_spec spec = { .words = words };
		struct run *run;

		if (i % 2 == 0) {
			words[1] = "-x";
			words[2] = proxy;
		} else {
			spec.env[0] = world_text(w, "http_proxy=%s", proxy);
		}
		run = run_spec(w, &spec);
		expect_exit(run, 2);
		expect_says(run, "proxy");
		expect_says_not(run, "secret");
	}
}

/* A port that refuses stands for the proxy: who is sent there fails. */
static void
proxies_of_the_environment_are_used_unless_told_otherwise(void **state)
{
	static const struct {
		const char *variable;
		const char *list;     /* of no_proxy */
		const char *words[3]; /* further ones */
		bool is_used;
	} rows[] = {
		{ .variable = "http_proxy", .is_used = true },
		{ .variable = "all_proxy", .is_used = true },
		{ .variable = "ALL_PROXY", .is_used = true },
		{ .variable = "HTTP_PROXY" },
		{ .variable = "https_proxy" },
		{ .variable = "http_proxy", .list = "127.0.0.0/8" },
		{ .variable = "http_proxy", .list = "*" },
		{ .variable = "http_proxy", .list = "h", .is_used = true },
		{ .variable = "http_proxy",
		    .list = "*",
		    .words = { "--noproxy", "" },
		    .is_used = true },
		{ .variable = "http_proxy",
		    .words = { "--noproxy=127.0.0.1" } },
		{ .variable = "http_proxy", .words = { "--proxy", "" } },
		{ .variable = "http_proxy", .words = { "--address-list=to" } },
	};
	struct world *w = *state;
	unsigned port;
	int listener = world_listen(w, false, &port);

	assert_int_equal(close(listener), 0);
	origin_start(w, NULL, NULL);
	world_write(w, "to", "127.0.0.1\n");
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *words[] = { "--retry=0", "--log=log", "-oout",
			origin_url(w, "/gen/5/a"), rows[i].words[0],
			rows[i].words[1], NULL };
		struct run_spec spec = {
			.words = words,
			.env = { world_text(
			    w, "%s=127.0.0.1:%u", rows[i].variable, port) },
		};
		struct run *run;
		struct records r;

		if (rows[i].list != NULL)
			spec.env[1] =
			    world_text(w, "no_proxy=%s", rows[i].list);
		run = run_spec(w, &spec);
		if (run->status != (rows[i].is_used ? 4 : 0))
			fail_msg("row %zu: %d", i, run->status);
		r = records_read(w, "log");
		expect_member(&r, records_find(&r, "n", "1"), "error",
		    rows[i].is_used ? "proxy" : NULL);
		expect_member(&r, records_find(&r, "n", "1"), "proxy",
		    rows[i].is_used ? world_text(w, "http://127.0.0.1:%u", port)
				    : NULL);
	}
}

static void
options_may_be_written_in_every_gnu_way(void **state)
{
	static const char *const ways[][6] = {
		{ "-d", "out", "-c", "3", "-q", "list" },
		{ "-dout", "-c3", "-q", "list" },
		{ "-qdout", "-c3", "list" },
		{ "list", "--dir=out", "--concurrency=3", "--quiet" },
		{ "--dir", "out", "list", "--concurrency", "3", "--quiet" },
		{ "--di=out", "--conc=3", "--qui", "list" },
		{ "--jobs=3", "-d", "out", "-q", "--", "list" },
		{ "--parallel-max=3", "-d", "not", "-qdout", "list" },
	};
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	world_write(w, "list", origin_url(w, "/gen/5/a"));
	for (size_t i = 0; i < COUNT(ways); i++) {
		const char *words[7] = { 0 };
		struct run_spec spec = { .words = words };
		struct run *run;

		memcpy(words, ways[i], sizeof(ways[i]));
		run = run_spec(w, &spec);
		expect_exit(run, 0);
		expect_silence(run);
		assert_int_equal(origin_stat(w, "requests"), i + 1);
		expect_generated(w, "out", "/gen/5/a");
	}
}

static void
what_follows_two_dashes_is_a_list(void **state)
{
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	world_write(w, "-q", origin_url(w, "/gen/5/a"));
	expect_exit(bulkfetch(w, "-d", "out", "--", "-q", NULL), 0);
	expect_generated(w, "out", "/gen/5/a");
}

static void
help_and_version_go_to_standard_output(void **state)
{
	static const char *const words[][2] = { { "--help" }, { "-h" },
		{ "--version" }, { "-V" } };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(words); i++) {
		struct run_spec spec = { .words = words[i] };
		struct run *run = run_spec(w, &spec);

		expect_exit(run, 0);
		expect_silence(run);
		assert_non_null(strstr(run_out(run), "bulkfetch"));
		if (i < 2)
			assert_non_null(strstr(run_out(run), "--concurrency"));
		spec.out = "/dev/full";
		run = run_spec(w, &spec);
		expect_exit(run, 3);
		expect_says(run, "No space left on device");
	}
}

static void
standard_input_that_is_no_list_is_not_waited_for(void **state)
{
	static const char *const words[] = { "-d", "out", "list", NULL };
	struct run_spec spec = { .words = words, .is_fed = true };
	struct world *w = *state;
	struct run *run;
	int in;

	origin_start(w, NULL, NULL);
	world_write(w, "list", origin_url(w, "/gen/5/a"));
	run = run_start(w, &spec);
	in = run->in;
	run->in = -1; /* stays open */
	expect_exit(run_finish(run), 0);
	assert_int_equal(close(in), 0);
}

/* ---- Requests ----------------------------------------------------------- */

/* What the origin was sent with these words before the URL. */
static const char *
echo(struct world *w, const char *target, ...)
{
	const char *words[RUN_WORDS_MAX] = { "-q", "-o", "echo" };
	struct run_spec spec = { .words = words };
	size_t count = 3;
	va_list args;

	va_start(args, target);
	do {
		words[count] = va_arg(args, const char *);
	} while (words[count++] != NULL);
	va_end(args);
	words[count - 1] = target[0] == '/' ? origin_url(w, target) : target;
	words[count] = NULL;
	expect_exit(run_spec(w, &spec), 0);
	return world_read_text(w, "echo");
}

static void
expect_has(const char *request, const char *text)
{
	if (strstr(request, text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, request);
}

static void
expect_has_not(const char *request, const char *text)
{
	if (strstr(request, text) != NULL)
		fail_msg("\"%s\" in:\n%s", text, request);
}

static void
an_ordinary_request_is_a_decent_one(void **state)
{
	struct world *w = *state;
	const char *request;

	origin_start(w, NULL, NULL);
	request = echo(w, "/echo/a?b=c", NULL);
	expect_has(request, "GET /echo/a?b=c HTTP/1.1\r\n");
	expect_has(
	    request, world_text(w, "\r\nHost: 127.0.0.1:%u\r\n", w->port));
	expect_has(request, "\r\nUser-Agent: bulkfetch/");
	expect_has(request, "\r\nAccept: */*\r\n");
	expect_has_not(request, "Content-Length");
	expect_has_not(request, "Authorization");
	expect_has_not(request, "Connection");
	assert_string_equal(strstr(request, "\r\n\r\n"), "\r\n\r\n");
	request =
	    echo(w, world_text(w, "http://LocalHost:%u/echo#x", w->port), NULL);
	expect_has(request, "GET /echo HTTP/1.1\r\n");
	expect_has(
	    request, world_text(w, "\r\nHost: localhost:%u\r\n", w->port));
	request = echo(w, world_text(w, "http://[::1]:%u/echo", w->port), NULL);
	expect_has(request, world_text(w, "\r\nHost: [::1]:%u\r\n", w->port));
}

static void
header_options_add_replace_and_leave_out(void **state)
{
	struct world *w = *state;
	const char *request;

	origin_start(w, NULL, NULL);
	request = echo(w, "/echo", "-H", "X-One: 1", "--header=X-Two:2", "-H",
	    "X-Empty;", "-H", "Accept:", "-H", "User-Agent: other", NULL);
	expect_has(request, "\r\nX-One: 1\r\n");
	expect_has(request, "\r\nX-Two: 2\r\n");
	expect_has(request, "\r\nX-Empty:\r\n");
	expect_has(request, "\r\nUser-Agent: other\r\n");
	expect_has_not(request, "Accept");
	expect_has_not(request, "bulkfetch/");
	request = echo(w, "/echo", "-H", "Host: elsewhere", NULL);
	expect_has(request, "\r\nHost: elsewhere\r\n");
	expect_has_not(request, "Host: 127");
	request =
	    echo(w, "/echo", "-A", "agent/1 (x)", "-e", "http://from/", NULL);
	expect_has(request, "\r\nUser-Agent: agent/1 (x)\r\n");
	expect_has(request, "\r\nReferer: http://from/\r\n");
	request = echo(w, "/echo", "-A", "", NULL);
	expect_has_not(request, "User-Agent");
}

static void
credentials_come_from_the_url_or_the_command_line(void **state)
{
	struct world *w = *state;
	const char *request;
	char *url;

	origin_start(w, NULL, NULL);
	request = echo(w, "/echo", "-u", "Aladdin:open sesame", NULL);
	expect_has(request,
	    "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
	url = world_text(
	    w, "http://Aladdin:open%%20sesame@127.0.0.1:%u/echo", w->port);
	request = echo(w, url, NULL);
	expect_has(request,
	    "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
	expect_has_not(request, "@");
	/* The URL's own win; a field wins over both. */
	request = echo(w, url, "-u", "other:one", NULL);
	expect_has(request, "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	request = echo(w, url, "-H", "Authorization: Bearer x", NULL);
	expect_has(request, "\r\nAuthorization: Bearer x\r\n");
	expect_has_not(request, "Basic");
}

/* Those of one URL are not those of the next, on the same connection. */
static void
credentials_stay_with_their_url(void **state)
{
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	expect_exit(
	    bulkfetch(w, "-c", "1", "-o", "%{n}",
		world_text(w, "http://me:secret@127.0.0.1:%u/echo/1", w->port),
		origin_url(w, "/echo/2"), NULL),
	    0);
	expect_has(world_read_text(w, "1"), "Authorization");
	expect_has_not(world_read_text(w, "2"), "Authorization");
	assert_int_equal(origin_stat(w, "accepted"), 1);
}

/* RFC 9112, section 9.6: whatever the answer says of it. */
static void
who_asks_to_close_does_not_ask_again(void **state)
{
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	expect_exit(
	    bulkfetch(w, "-c", "1", "-H", "Connection: x, Close", "-o", "%{n}",
		origin_url(w, "/echo/1"), origin_url(w, "/echo/2"), NULL),
	    0);
	assert_int_equal(origin_stat(w, "accepted"), 2);
}

static void
data_makes_a_post_with_that_body(void **state)
{
	static const char octets[] = "a\0b\r\n\xff";
	struct world *w = *state;
	const char *request;
	struct slice whole;

	origin_start(w, NULL, NULL);
	world_write_octets(w, "data", slice_of(octets, sizeof(octets) - 1));
	request = echo(w, "/echo", "--data", "a=1", NULL);
	expect_has(request, "POST /echo HTTP/1.1\r\n");
	expect_has(request, "\r\nContent-Length: 3\r\n");
	expect_has(
	    request, "\r\nContent-Type: application/x-www-form-urlencoded\r\n");
	expect_has(request, "\r\n\r\na=1");
	request = echo(w, "/echo", "--data", "a=1", "--data", "b=2", NULL);
	expect_has(request, "\r\n\r\na=1&b=2");
	request = echo(w, "/echo", "-X", "PUT", "-H", "Content-Type: text/x",
	    "--data-file", "data", NULL);
	expect_has(request, "PUT /echo HTTP/1.1\r\n");
	expect_has(request, "\r\nContent-Type: text/x\r\n");
	expect_has_not(request, "urlencoded");
	whole = world_read(w, "echo");
	assert_true(whole.len > sizeof(octets));
	assert_memory_equal(whole.ptr + whole.len - (sizeof(octets) - 1),
	    octets, sizeof(octets) - 1);
	request = echo(w, "/echo", "-X", "POST", NULL);
	expect_has(request, "POST /echo HTTP/1.1\r\n");
	expect_has(request, "\r\nContent-Length: 0\r\n");
	request = echo(w, "/echo", "--data", "", NULL);
	expect_has(request, "POST /echo HTTP/1.1\r\n");
	expect_has(request, "\r\nContent-Length: 0\r\n");
}

/* Each request has the whole of it, over connections used again. */
static void
every_request_carries_the_body(void **state)
{
	enum { LEN = 3000000 };
	struct world *w = *state;
	char *data = world_alloc(w, LEN);
	struct run *run;

	for (size_t i = 0; i < LEN; i++)
		data[i] = (char)('a' + i % 23);
	origin_start(w, NULL, NULL);
	world_write_octets(w, "data", slice_of(data, LEN));
	run = bulkfetch(w, "-c", "3", "--data-file", "data", "-o", "%{n}",
	    origin_url(w, "/echo/1"), origin_url(w, "/echo/2"),
	    origin_url(w, "/echo/3"), origin_url(w, "/echo/4"),
	    origin_url(w, "/echo/5"), origin_url(w, "/echo/6"), NULL);
	expect_exit(run, 0);
	for (int i = 1; i <= 6; i++) {
		struct slice whole = world_read(w, world_text(w, "%d", i));

		assert_true(whole.len > LEN);
		assert_memory_equal(whole.ptr + whole.len - LEN, data, LEN);
	}
	assert_true(origin_stat(w, "accepted") <= 3);
}

static void
data_that_cannot_be_read_is_told_at_once(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	run = bulkfetch(
	    w, "--data-file", "missing", origin_url(w, "/echo"), NULL);
	expect_exit(run, 3);
	expect_says(run, "missing");
	assert_int_equal(origin_stat(w, "requests"), 0);
}

static void
methods_are_sent_as_they_are_given(void **state)
{
	static const char *const methods[] = { "DELETE", "OPTIONS", "PATCH",
		"get", "X-Y!" };
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(methods); i++)
		expect_has(echo(w, "/echo", "-X", methods[i], NULL),
		    world_text(w, "%s /echo HTTP/1.1\r\n", methods[i]));
	expect_exit(bulkfetch(w, "-X", "HEAD", "-d", "out",
			origin_url(w, "/gen/5/a"), NULL),
	    0);
	expect_exit(
	    bulkfetch(w, "-I", "-d", "out", origin_url(w, "/gen/5/a"), NULL),
	    0);
	assert_int_equal(world_count_files(w, "out"), 0);
	assert_int_equal(origin_count(w, "/gen/5/a"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_wrong_command_line_is_a_usage_error_that_says_why),
		WORLD_TEST(the_password_of_a_proxy_is_never_shown),
		WORLD_TEST(
		    proxies_of_the_environment_are_used_unless_told_otherwise),
		WORLD_TEST(options_may_be_written_in_every_gnu_way),
		WORLD_TEST(what_follows_two_dashes_is_a_list),
		WORLD_TEST(help_and_version_go_to_standard_output),
		WORLD_TEST(standard_input_that_is_no_list_is_not_waited_for),
		WORLD_TEST(an_ordinary_request_is_a_decent_one),
		WORLD_TEST(header_options_add_replace_and_leave_out),
		WORLD_TEST(credentials_come_from_the_url_or_the_command_line),
		WORLD_TEST(credentials_stay_with_their_url),
		WORLD_TEST(who_asks_to_close_does_not_ask_again),
		WORLD_TEST(data_makes_a_post_with_that_body),
		WORLD_TEST(every_request_carries_the_body),
		WORLD_TEST(data_that_cannot_be_read_is_told_at_once),
		WORLD_TEST(methods_are_sent_as_they_are_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
