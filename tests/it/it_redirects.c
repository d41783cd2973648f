/* Redirects (RFC 9110, section 15.4). */
#include "harness.h"

#include <stdio.h>

static const unsigned statuses[] = { 301, 302, 303, 307, 308 };

/* The file of a URL whose way ended at `led_to`, a path that generates. */
static void
expect_led_to(
    struct world *w, const char *target, const char *led_to, uint64_t len)
{
	expect_pattern(
	    w, world_text(w, "out/%s%s", origin_host(w), target), led_to, len);
}

/* ---- Where they lead ---------------------------------------------------- */

static void
every_redirect_is_followed_and_the_file_keeps_its_name(void **state)
{
	struct world *w = *state;
	struct run *run;
	struct records r;

	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(statuses); i++)
		world_write(w, world_text(w, "list%zu", i),
		    origin_url(w,
			world_text(
			    w, "/redirect/%u/gen/1000/%zu", statuses[i], i)));
	run = bulkfetch(w, "-c", "1", "-d", "out", "--log", "log", "list0",
	    "list1", "list2", "list3", "list4", NULL);
	expect_exit(run, 0);
	expect_summary(run, COUNT(statuses), 0, 0);
	r = records_read(w, "log");
	assert_int_equal(r.count, COUNT(statuses));
	for (size_t i = 0; i < COUNT(statuses); i++) {
		char *led_to = world_text(w, "/gen/1000/%zu", i);
		char *target =
		    world_text(w, "/redirect/%u%s", statuses[i], led_to);
		struct slice record =
		    records_find(&r, "url", origin_url(w, target));

		expect_led_to(w, target, led_to, 1000);
		expect_member(&r, record, "final_url", origin_url(w, led_to));
		expect_member(&r, record, "redirects", "1");
		expect_member(&r, record, "tries", "1");
		expect_member(&r, record, "status", "200");
		expect_member(&r, record, "bytes", "1000");
	}
	assert_int_equal(world_count_files(w, "out"), COUNT(statuses));
	/* The connection is used again. */
	assert_int_equal(origin_stat(w, "accepted"), 1);
}

/* Each is told of at "/N/sub/page?old=1"; every %s stands for "/N". */
static const struct {
	const char *location; /* as in a script */
	const char *led_to;
} ways[] = {
	{ "other", "%s/sub/other" },
	{ "./other?x=y", "%s/sub/other?x=y" },
	{ "../other", "%s/other" },
	{ "../sub/../page/.", "%s/page/" },
	{ "../../../..%s/up", "%s/up" },
	{ "%s/whole", "%s/whole" },
	{ "?q=1", "%s/sub/page?q=1" },
	{ "?", "%s/sub/page?" },
	{ "part#of?it", "%s/sub/part" },
	{ "   blanks\\t ", "%s/sub/blanks" },
	{ "in between", "%s/sub/in%%20between" },
	{ "caf\\xc3\\xa9", "%s/sub/caf%%C3%%A9" },
	{ "latin\\xe9", "%s/sub/latin%%E9" },
	{ "kept%%2Fas%%3fit", "%s/sub/kept%%2Fas%%3fit" },
};

/* The rows have one %s at most, or two that are the same. */
static char *
with_name(struct world *w, const char *text, const char *name)
{
	char *out = world_alloc(w, strlen(text) + 2 * strlen(name) + 1);
	size_t len = 0;

	for (; *text != '\0'; text++) {
		if (text[0] == '%' && text[1] == 's') {
			(void)strcpy(out + len, name);
			len += strlen(name);
			text++;
		} else {
			text += text[0] == '%';
			out[len++] = *text;
		}
	}
	return out;
}

static void
a_location_is_resolved_against_the_url_it_came_from(void **state)
{
	struct world *w = *state;
	char *script = world_text(w, "%s", "");

	for (size_t i = 0; i < COUNT(ways); i++) {
		char *name = world_text(w, "/%zu", i);

		script = world_text(w,
		    "%s%s/sub/page?old=1: head 302 \"Location: %s\" "
		    "\"Content-Length: 3\"; send \"abc\"\n",
		    script, name, with_name(w, ways[i].location, name));
	}
	script = world_text(
	    w, "%s/*: head 200 \"Content-Length: 9\"; body 9\n", script);
	origin_start(w, script, NULL);
	for (size_t i = 0; i < COUNT(ways); i++)
		world_write(w, world_text(w, "list%zu", i),
		    origin_url(w, world_text(w, "/%zu/sub/page?old=1", i)));
	for (size_t i = 0; i < COUNT(ways); i++) {
		char *led_to =
		    with_name(w, ways[i].led_to, world_text(w, "/%zu", i));
		char *log = world_text(w, "log%zu", i);
		struct records r;

		expect_exit(bulkfetch(w, "-d", "out", "--log", log,
				world_text(w, "list%zu", i), NULL),
		    0);
		expect_led_to(
		    w, world_text(w, "/%zu/sub/page?old=1", i), led_to, 9);
		assert_int_equal(origin_count(w, led_to), 1);
		r = records_read(w, log);
		expect_member(
		    &r, r.lines[0], "final_url", origin_url(w, led_to));
	}
}

static void
other_hosts_are_followed_to_with_a_scheme_and_without(void **state)
{
	static const char *const forms[] = { "/127.0.0.2:%u/gen/100/a",
		"http://127.0.0.2:%u/gen/100/a",
		"HTTP://127.0.0.2:%u/gen/100/a" };
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(forms); i++) {
		const char *at = strstr(forms[i], "%u");
		char *target = world_text(w, "/redirect/302/%.*s%u%s",
		    (int)(at - forms[i]), forms[i], w->port, at + 2);
		struct records r;

		expect_exit(bulkfetch(w, "-d", "out", "--log", "log",
				origin_url(w, target), NULL),
		    0);
		r = records_read(w, "log");
		expect_member(&r, r.lines[0], "final_url",
		    origin_url_at(w, "127.0.0.2", "/gen/100/a"));
		expect_member(&r, r.lines[0], "ip", "127.0.0.2");
		expect_pattern(
		    w, json_get(w, r.lines[0], "file"), "/gen/100/a", 100);
	}
	assert_int_equal(origin_count(w, "/gen/100/a"), COUNT(forms));
}

/* ---- Where they do not -------------------------------------------------- */

static void
a_redirect_that_leads_nowhere_is_a_failure(void **state)
{
	static const struct {
		const char *fields; /* of a script */
		const char *error;
	} rows[] = {
		{ "", "redirect" },
		{ "\"Location:\"", "redirect" }, /* to itself */
		{ "\"Location: #there\"", "redirect" },
		{ "\"Location: ftp://127.0.0.1/a\"", "redirect" },
		{ "\"Location: file:///etc/passwd\"", "redirect" },
		{ "\"Location: javascript:alert(1)\"", "redirect" },
		{ "\"Location: http://\"", "redirect" },
		{ "\"Location: http:///gen/5/a\"", "redirect" },
		{ "\"Location: http://[::1/a\"", "redirect" },
		{ "\"Location: http://127.0.0.1:99999/a\"", "redirect" },
		{ "\"Location: /a\\0b\"", "protocol" },
		{ "\"Location: /a\\rb\"", "protocol" },
		{ "\"Location: /a\\r\\n\\r\\nHTTP/1.1 200 OK\"", "" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct records r;

		origin_start(w,
		    world_text(w,
			"/x: head 302 %s \"Content-Length: 0\"; close\n",
			rows[i].fields),
		    NULL);
		(void)bulkfetch(w, "--retry", "0", "-d", "out", "--log", "log",
		    origin_url(w, "/x"), NULL);
		r = records_read(w, "log");
		if (rows[i].error[0] == '\0') {
			/* The rest is a body: nothing is made of it. */
			assert_int_equal(origin_count(w, "/a"), 1);
			continue;
		}
		expect_member(&r, r.lines[0], "ok", "false");
		expect_member(&r, r.lines[0], "error", rows[i].error);
		assert_int_equal(world_count_files(w, "out"), 0);
		assert_int_equal(origin_stat(w, "requests"), 1);
	}
}

static void
other_statuses_of_the_300s_are_failures_by_their_status(void **state)
{
	static const unsigned others[] = { 300, 304, 305, 306, 399 };
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(others); i++) {
		struct records r;

		expect_exit(
		    bulkfetch(w, "-d", "out", "--log", "log",
			origin_url(w,
			    world_text(w, "/redirect/%u/gen/5/a", others[i])),
			NULL),
		    4);
		r = records_read(w, "log");
		expect_member(&r, r.lines[0], "error", "status");
		expect_member(
		    &r, r.lines[0], "status", world_text(w, "%u", others[i]));
	}
	assert_int_equal(origin_count(w, "/gen/5/a"), 0);
}

static void
loops_are_named_as_such(void **state)
{
	struct world *w = *state;
	struct records r;
	struct run *run;

	origin_start(w,
	    "/one: head 301 \"Location: /two\" \"Content-Length: 0\"\n"
	    "/two: head 302 \"Location: /three\" \"Content-Length: 0\"\n"
	    "/three: head 307 \"Location: /two#x\" \"Content-Length: 0\"\n",
	    NULL);
	run = bulkfetch(
	    w, "-d", "out", "--log", "log", origin_url(w, "/one"), NULL);
	expect_exit(run, 4);
	expect_says(run, "loop");
	r = records_read(w, "log");
	expect_member(&r, r.lines[0], "error", "redirect");
	assert_int_equal(origin_stat(w, "requests"), 3);
	assert_int_equal(world_count_files(w, "out"), 0);
}

static void
a_chain_is_followed_as_far_as_allowed(void **state)
{
	static const struct {
		const char *max; /* NULL: 10 */
		unsigned hops;
		int status;
	} rows[] = {
		{ NULL, 10, 0 },
		{ NULL, 11, 4 },
		{ NULL, 1000000, 4 },
		{ "0", 1, 4 },
		{ "1", 1, 0 },
		{ "3", 3, 0 },
		{ "3", 4, 4 },
		{ "100", 100, 0 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned max = rows[i].max != NULL
		    ? (unsigned)strtoul(rows[i].max, NULL, 10)
		    : 10;
		char *target = world_text(w, "/hops/%u/gen/5/a", rows[i].hops);
		struct records r;
		struct run *run;

		origin_start(w, NULL, NULL);
		run = bulkfetch(w, "-d", "out", "--log", "log",
		    origin_url(w, target), "--max-redirs",
		    rows[i].max != NULL ? rows[i].max : "10", NULL);
		if (rows[i].max == NULL)
			run = bulkfetch(w, "-d", "out", "--log", "log",
			    origin_url(w, target), NULL);
		expect_exit(run, rows[i].status);
		r = records_read(w, "log");
		if (rows[i].status == 0) {
			expect_led_to(w, target, "/gen/5/a", 5);
			expect_member(&r, r.lines[0], "redirects",
			    world_text(w, "%u", rows[i].hops));
			continue;
		}
		expect_member(&r, r.lines[0], "error", "redirect");
		expect_says(run, "--max-redirs");
		assert_int_equal(origin_stat(w, "requests"),
		    (rows[i].max == NULL ? 2 : 1) * (max + 1));
		assert_int_equal(origin_count(w, "/gen/5/a"), 0);
	}
}

static void
no_location_makes_every_redirect_a_failure(void **state)
{
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(statuses); i++) {
		struct records r;

		expect_exit(
		    bulkfetch(w, "--no-location", "-d", "out", "--log", "log",
			origin_url(w,
			    world_text(w, "/redirect/%u/gen/5/a", statuses[i])),
			NULL),
		    4);
		r = records_read(w, "log");
		expect_member(&r, r.lines[0], "error", "status");
		expect_member(
		    &r, r.lines[0], "status", world_text(w, "%u", statuses[i]));
		expect_member(&r, r.lines[0], "final_url", NULL);
	}
	assert_int_equal(origin_count(w, "/gen/5/a"), 0);
}

static void
what_it_leads_to_counts_as_the_response(void **state)
{
	struct world *w = *state;
	struct records r;
	struct run *run;

	origin_start(w, NULL, NULL);
	run = bulkfetch(w, "-d", "out", "--log", "log",
	    origin_url(w, "/hops/2/status/404"), NULL);
	expect_exit(run, 4);
	r = records_read(w, "log");
	expect_member(&r, r.lines[0], "status", "404");
	expect_member(&r, r.lines[0], "error", "status");
	expect_member(
	    &r, r.lines[0], "final_url", origin_url(w, "/status/404"));
	expect_member(&r, r.lines[0], "redirects", "2");
	assert_int_equal(world_count_files(w, "out"), 0);
}

/* ---- Their bodies ------------------------------------------------------- */

static void
whatever_body_a_redirect_has_it_is_followed(void **state)
{
	static const char *const bodies[] = {
		"\"Content-Length: 100000\"; body 100000",
		"\"Transfer-Encoding: chunked\"; chunked 3000",
		"; body 3000; close",
		"\"Content-Length: 1000\"; body 10; close",
		"\"Content-Length: 1000\"; body 10; reset",
		"\"Content-Length: 100000000000\"; forever { body 1000000 }",
		"; forever { body 1000000 }",
		"\"Transfer-Encoding: chunked\"; forever { chunked 1000 }",
		"\"Connection: close\"; close",
		"\"Transfer-Encoding: chunked\"; send \"rubbish\"; close",
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct run *run;

		if (world_has(w, "out"))
			assert_int_equal(world_remove(world_path(w, "out")), 0);
		origin_start(w,
		    world_text(w, "/x: head 302 \"Location: /gen/50/a\" %s\n",
			bodies[i]),
		    NULL);
		run = bulkfetch(w, "--retry", "0", "-d", "out",
		    "--idle-timeout", "5", origin_url(w, "/x"), NULL);
		if (run->status != 0)
			fail_msg("%s: %s", bodies[i], run_err(run));
		expect_led_to(w, "/x", "/gen/50/a", 50);
		assert_int_equal(world_count_files(w, "out"), 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(
		    every_redirect_is_followed_and_the_file_keeps_its_name),
		WORLD_TEST(a_location_is_resolved_against_the_url_it_came_from),
		WORLD_TEST(
		    other_hosts_are_followed_to_with_a_scheme_and_without),
		WORLD_TEST(a_redirect_that_leads_nowhere_is_a_failure),
		WORLD_TEST(
		    other_statuses_of_the_300s_are_failures_by_their_status),
		WORLD_TEST(loops_are_named_as_such),
		WORLD_TEST(a_chain_is_followed_as_far_as_allowed),
		WORLD_TEST(no_location_makes_every_redirect_a_failure),
		WORLD_TEST(what_it_leads_to_counts_as_the_response),
		WORLD_TEST(whatever_body_a_redirect_has_it_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
