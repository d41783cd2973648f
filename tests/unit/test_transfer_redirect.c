/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=resolver_system_new,--wrap=openssl_get */
#include "fake_script.h"

#include <arpa/inet.h>

#include "sys/openssl.h"

/* There is no library here. */
const struct openssl *__wrap_openssl_get(void);

const struct openssl *
__wrap_openssl_get(void)
{
	return NULL;
}

#define TO(status, location) \
	"HTTP/1.1 " status " x\r\nLocation: " location \
	"\r\nContent-Length: 3\r\n\r\nbye"

static void
follows_to_the_end_and_says_where_that_was(void **state)
{
	static const struct move moves[] = {
		{ "GET /x HTTP", NULL, TO("301", "y?z"), false },
		{ "GET /y?z HTTP", NULL, TO("302", "//b/c"), false },
		{ "GET /c HTTP", NULL, TO("307", "http://a/x/.."), false },
		{ "GET / HTTP", NULL, OK_5, false },
	};
	struct bulkfetch_stats stats;
	static const char *const urls[] = { "http://a/x" };
	const struct told *t = &world.told[0];

	(void)state;
	script_begin(moves, COUNT(moves));
	(void)world_fetch(urls, 1, 1, &stats);
	script_end();
	assert_true(t->ok);
	assert_int_equal(t->redirects, 3);
	assert_string_equal(t->final_url, "http://a/");
	assert_int_equal(t->tries, 1);
	assert_int_equal(t->bytes, 5);
	assert_int_equal(world.begun, 1);
	assert_int_equal(stats.redirects, 3);
	/* The two of a were one connection, kept. */
	assert_int_equal(stats.connections_opened, 2);
}

static void
names_what_is_wrong_with_a_redirect(void **state)
{
	static const struct {
		const char *reply;
		unsigned replies;
		const char *error;
		const char *message;
	} cases[] = {
		{ TO("302", "/x"), 1, "redirect", "a loop of redirects" },
		{ "HTTP/1.1 302 x\r\nContent-Length: 0\r\n\r\n", 1, "redirect",
		    "a redirect without Location" },
		{ TO("302", "gopher://x/"), 1, "redirect",
		    "a redirect to another scheme than http and https" },
		{ TO("300", "/y"), 1, "status", "300 x" },
		{ TO("304", "/y"), 1, "status", "304 x" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct move move = { NULL, NULL, cases[i].reply, true };
		const struct told *t;

		script_begin(&move, 1);
		t = script_fetch("http://a/x");
		assert_string_equal(t->error, cases[i].error);
		assert_string_equal(t->message, cases[i].message);
		assert_string_equal(t->stage, "head");
		assert_int_equal(world.begun, 0);
	}
}

static void
leads_to_schemes_that_are_allowed_alone(void **state)
{
	static const struct {
		unsigned schemes;
		unsigned redirect_schemes;
		const char *message;
	} cases[] = {
		{ BULKFETCH_SCHEME_HTTP, 0, "https is not among --proto" },
		{ BULKFETCH_SCHEME_HTTP, BULKFETCH_SCHEME_HTTPS,
		    "https is not among --proto" },
		{ 0, BULKFETCH_SCHEME_HTTP,
		    "https is not among --proto-redir" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct move move = { NULL, NULL, TO("302", "https://b/"),
			true };
		const struct told *t;

		script_begin(&move, 1);
		world.options.schemes = cases[i].schemes;
		world.options.redirect_schemes = cases[i].redirect_schemes;
		t = script_fetch("http://a/x");
		assert_string_equal(t->error, "redirect");
		assert_string_equal(t->message, cases[i].message);
		assert_string_equal(t->stage, "head");
	}
}

static void
says_what_a_redirect_to_https_lacks(void **state)
{
	static const struct move move = { NULL, NULL, TO("302", "https://b/"),
		true };
	const struct told *t;

	(void)state;
	script_begin(&move, 1);
	t = script_fetch("http://a/x");
	assert_string_equal(t->error, "tls-unavailable");
	assert_string_equal(
	    t->message, "libssl.so.3 is not there: https needs it");
	assert_string_equal(t->stage, "tls");
	assert_int_equal(t->tries, 1);
	assert_int_equal(world.begun, 0);
}

static void
ends_a_long_way(void **state)
{
	static const struct move moves[] = {
		{ "GET /0", NULL, TO("302", "/1"), false },
		{ "GET /1", NULL, TO("302", "/2"), false },
		{ "GET /2", NULL, TO("302", "/3"), false },
	};
	const struct told *t;

	(void)state;
	for (unsigned max = 0; max < COUNT(moves); max++) {
		script_begin(moves, max + 1);
		world.options.max_redirects = max;
		t = script_fetch("http://a/0");
		assert_string_equal(t->error, "redirect");
		assert_string_equal(
		    t->message, "more redirects than --max-redirs");
		assert_int_equal(t->redirects, max);
	}
}

static void
follows_nothing_if_so_wished(void **state)
{
	static const struct move move = { NULL, NULL, TO("302", "/y"), false };
	const struct told *t;

	(void)state;
	script_begin(&move, 1);
	world.options.follows_redirects = false;
	t = script_fetch("http://a/x");
	assert_string_equal(t->error, "status");
	assert_int_equal(t->status, 302);
	assert_int_equal(t->redirects, 0);
}

/* Nobody listens at port 81. */
static enum fake_fate
refuse_81(const struct endpoint *ep)
{
	return ntohs(ep->addr.in.sin_port) == 81 ? FAKE_REFUSED : FAKE_CONNECTS;
}

static void
what_is_for_one_origin_goes_to_no_other(void **state)
{
	static const char *const fields[] = { "Cookie: c=1", "Host: h",
		"X-Other: o" };
	static const struct move moves[] = {
		{ "Authorization: Basic dTpw", NULL, TO("302", "/y"), false },
		{ "Authorization: Basic dTpw", NULL, TO("302", "http://b/"),
		    false },
		{ "X-Other: o", "Authorization", TO("302", "/2"), false },
		{ "Host: b\r\n", "Cookie", TO("302", "http://a/z"), false },
		{ "Cookie: c=1", NULL, OK_5, false },
	};

	(void)state;
	script_begin(moves, COUNT(moves));
	world.options.fields = fields;
	world.options.field_count = COUNT(fields);
	assert_true(script_fetch("http://u:p@a/x")->ok);
}

static void
a_post_becomes_a_get_or_stays_what_it_is(void **state)
{
	static const struct {
		const char *reply;
		const char *wants;
		const char *lacks;
	} cases[] = {
		{ TO("301", "/y"), "GET /y", "data" },
		{ TO("302", "/y"), "GET /y", "Content-" },
		{ TO("303", "/y"), "GET /y", "data" },
		{ TO("307", "/y"), "POST /y", NULL },
		{ TO("308", "/y"), "\r\n\r\ndata", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct move moves[] = {
			{ "POST /x", NULL, cases[i].reply, false },
			{ cases[i].wants, cases[i].lacks, OK_5, false },
		};

		script_begin(moves, COUNT(moves));
		world.options.has_body = true;
		world.options.body = (struct bulkfetch_text){ "data", 4 };
		assert_true(script_fetch("http://a/x")->ok);
	}
}

/* How it ends does not matter. */
static void
the_body_of_a_redirect_is_of_no_interest(void **state)
{
	static const char *const replies[] = {
		"HTTP/1.1 302 x\r\nLocation: /y\r\nContent-Length: 9\r\n\r\nx",
		"HTTP/1.1 302 x\r\nLocation: /y\r\n\r\nx",
		"HTTP/1.1 302 x\r\nLocation: /y\r\n"
		"Content-Length: 99999999\r\n\r\nx",
		"HTTP/1.1 302 x\r\nLocation: /y\r\n"
		"Transfer-Encoding: chunked\r\n\r\nnonsense",
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(replies); i++) {
		const struct move moves[] = {
			{ "GET /x", NULL, replies[i / 2], true },
			{ "GET /y", NULL, OK_5, false },
		};

		script_begin(moves, COUNT(moves));
		world.options.fail_with_body = i % 2 != 0;
		assert_true(script_fetch("http://a/x")->ok);
		assert_int_equal(world.begun, 1);
	}
}

/* Of one that could not be used again anyway. */
static void
no_connection_is_held_for_the_body_of_a_redirect(void **state)
{
	static const struct move moves[] = {
		{ "GET /x", NULL, "HTTP/1.1 302 x\r\nLocation: /y\r\n\r\nx",
		    false },
		{ "GET /y", NULL, OK_5, false },
	};

	(void)state;
	script_begin(moves, COUNT(moves));
	assert_true(script_fetch("http://a/x")->ok);
	assert_int_equal(script.at_ms[1], 0);
}

/* Begins where the list says, as what was there may be somewhere else now. */
static void
a_retry_begins_at_the_beginning(void **state)
{
	static const struct move moves[] = {
		{ "GET /x", NULL, TO("302", "http://b/1"), false },
		{ "GET /1", NULL, "HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n",
		    false },
		{ "GET /x", NULL, TO("302", "http://c/2"), false },
		{ "GET /2", NULL, OK_5, false },
	};
	const struct told *t;

	(void)state;
	script_begin(moves, COUNT(moves));
	world.options.retries = 1;
	t = script_fetch("http://a/x");
	assert_true(t->ok);
	assert_int_equal(t->tries, 2);
	assert_int_equal(t->redirects, 1);
	assert_string_equal(t->final_url, "http://c/2");
}

/* The POST that led there was seen and answered. */
static void
what_is_behind_a_post_repeats_no_post(void **state)
{
	static const struct move moves[] = {
		{ "POST /x", NULL, TO("303", "/y"), false },
		{ "GET /y", NULL, "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n",
		    false },
	};
	static const struct move alone[] = {
		{ "POST /x", NULL, TO("303", "http://b:81/"), false },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		script_begin(i == 0 ? moves : alone, i == 0 ? 2 : 1);
		world.options.retries = 5;
		world.options.method = "POST";
		fake_plan.by_addr = refuse_81;
		assert_false(script_fetch("http://a/x")->ok);
	}
}

/* Twelve, each with a fast redirect, two requests a second. */
static void
waiting_for_a_turn_takes_none_of_the_time(void **state)
{
	static const char *const urls[] = { "http://a/x" };
	static const struct move there = { "GET /x", NULL, TO("302", "/y"),
		false };
	static const struct move then = { "GET /y", NULL, OK_5, false };
	struct bulkfetch_stats stats;
	struct move moves[24];

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		moves[i] = there;
		moves[12 + i] = then;
	}
	script_begin(moves, COUNT(moves));
	world.options.concurrency = 12;
	world.options.max_time_ms = 2000;
	world.options.rate_per_host = (struct bulkfetch_pace){ 2, 1000 };
	(void)world_fetch(urls, 1, 12, &stats);
	script_end();
	assert_int_equal(stats.fetched, 12);
}

static void
a_host_behind_redirects_is_given_up_and_no_other(void **state)
{
	static const char *const urls[] = { "http://a/x" };
	static const struct move there = { "GET /x", NULL,
		TO("302", "http://b:81/"), false };
	struct bulkfetch_stats stats;
	struct move moves[8];

	(void)state;
	for (size_t i = 0; i < COUNT(moves); i++)
		moves[i] = there;
	script_begin(moves, COUNT(moves));
	fake_plan.by_addr = refuse_81;
	world.options.concurrency = 1;
	world.options.max_host_errors = 2;
	(void)world_fetch(urls, 1, COUNT(moves), &stats);
	script_end();
	for (size_t n = 0; n < COUNT(moves); n++)
		assert_string_equal(
		    world.told[n].error, n < 2 ? "connect" : "host-down");
}

static void
the_whole_way_takes_no_longer_than_max_time(void **state)
{
	static const struct move moves[] = {
		{ "GET /x", NULL, TO("302", "http://later/1"), false },
		{ "GET /1", NULL, TO("302", "http://later2/2"), false },
		{ "GET /2", NULL, "", false },
	};
	const struct told *t;

	(void)state;
	script_begin(moves, COUNT(moves));
	world.options.max_time_ms = 5000;
	t = script_fetch("http://a/x");
	assert_string_equal(t->error, "timeout");
	assert_int_equal(t->total_ms, 5000);
}

static void
a_redirect_to_a_parked_host_waits_like_all(void **state)
{
	static const char *const urls[] = { "http://b/1", "http://a/2" };
	static const struct move moves[] = {
		{ "GET /1", NULL,
		    "HTTP/1.1 503 x\r\nRetry-After: 9\r\n"
		    "Content-Length: 0\r\n\r\n",
		    false },
		{ "GET /2", NULL, TO("302", "http://b/3"), false },
		{ "Host: b\r\n", NULL, OK_5, false },
	};
	struct bulkfetch_stats stats;

	(void)state;
	script_begin(moves, COUNT(moves));
	world.options.concurrency = 1;
	(void)world_fetch(urls, COUNT(urls), COUNT(urls), &stats);
	script_end();
	assert_int_equal(stats.fetched, 1);
	assert_int_equal(script.at_ms[1], 0);
	assert_int_equal(script.at_ms[2], 9000);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(follows_to_the_end_and_says_where_that_was),
		TEST(names_what_is_wrong_with_a_redirect),
		TEST(leads_to_schemes_that_are_allowed_alone),
		TEST(says_what_a_redirect_to_https_lacks),
		TEST(ends_a_long_way),
		TEST(follows_nothing_if_so_wished),
		TEST(what_is_for_one_origin_goes_to_no_other),
		TEST(a_post_becomes_a_get_or_stays_what_it_is),
		TEST(the_body_of_a_redirect_is_of_no_interest),
		TEST(no_connection_is_held_for_the_body_of_a_redirect),
		TEST(a_retry_begins_at_the_beginning),
		TEST(what_is_behind_a_post_repeats_no_post),
		TEST(waiting_for_a_turn_takes_none_of_the_time),
		TEST(a_host_behind_redirects_is_given_up_and_no_other),
		TEST(the_whole_way_takes_no_longer_than_max_time),
		TEST(a_redirect_to_a_parked_host_waits_like_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
