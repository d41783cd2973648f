/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=resolver_system_new,--wrap=openssl_get */
#include "exact.h"

#include "fake_run.h"
#include "http/url.h"
#include "sys/openssl.h"

/* There is no library here. */
const struct openssl *__wrap_openssl_get(void);

const struct openssl *
__wrap_openssl_get(void)
{
	return NULL;
}

/* Begin anew: for tests that run more than once. */
static void
anew(void)
{
	(void)world_setup(NULL);
}

static void
ends_each_request_with_what_became_of_it(void **state)
{
	static const struct {
		const char *url;
		const char *error; /* "" when ok */
		const char *stage;
		unsigned status;
		uint64_t bytes;
		unsigned tries;
	} cases[] = {
		{ "http://a/ok", "", "", 200, 5, 1 },
		{ "http://a/last", "", "", 200, 5, 1 },
		{ "http://a/end", "", "", 200, 13, 1 },
		{ "http://a/chunked", "", "", 200, 5, 1 },
		{ "http://a/empty", "", "", 204, 0, 1 },
		{ "http://later/ok", "", "", 200, 5, 1 },
		{ "http://two/ok", "", "", 200, 5, 1 },
		{ "http://a/404", "status", "head", 404, 2, 1 },
		{ "http://a/404-large", "status", "head", 404, 0, 1 },
		{ "http://a/404-half", "status", "head", 404, 2, 1 },
		{ "http://a/206", "status", "head", 206, 2, 1 },
		{ "http://a/half", "truncated", "body", 200, 3, 1 },
		{ "http://a/stuck", "timeout", "body", 200, 3, 1 },
		{ "http://a/nonsense", "protocol", "head", 0, 0, 1 },
		{ "http://a/die", "truncated", "head", 0, 0, 1 },
		{ "http://a/silent", "timeout", "head", 0, 0, 1 },
		{ "http://nowhere/ok", "resolve", "dns", 0, 0, 1 },
		{ "ftp://a/ok", "scheme", "url", 0, 0, 0 },
		{ "a/ok", "url", "url", 0, 0, 0 },
		{ "http://", "url", "url", 0, 0, 0 },
		{ "", "url", "url", 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct told *t;

		anew();
		t = world_fetch_one(cases[i].url);
		if (strcmp(t->error, cases[i].error) != 0 ||
		    strcmp(t->stage, cases[i].stage) != 0 ||
		    t->status != cases[i].status ||
		    t->bytes != cases[i].bytes || t->tries != cases[i].tries)
			fail_msg("%s: %s, %s, %u, %llu octets, %u tries (%s)",
			    cases[i].url, t->error, t->stage, t->status,
			    (unsigned long long)t->bytes, t->tries, t->message);
		assert_int_equal(t->has_file, t->ok);
		assert_int_equal(world.committed, t->ok);
		assert_int_equal(t->url_len, strlen(cases[i].url));
	}
}

static void
fetches_schemes_that_are_allowed_alone(void **state)
{
	const struct told *t;

	(void)state;
	anew();
	world.options.schemes = BULKFETCH_SCHEME_HTTPS;
	t = world_fetch_one("http://a/ok");
	assert_string_equal(t->error, "scheme");
	assert_string_equal(t->message, "http is not among --proto");
	anew();
	world.options.schemes = BULKFETCH_SCHEME_HTTP;
	world.options.redirect_schemes = BULKFETCH_SCHEME_HTTPS;
	assert_true(world_fetch_one("http://a/ok")->ok);
}

/* And http goes on. */
static void
without_a_library_https_alone_fails(void **state)
{
	static const char *const urls[] = { "https://a/ok", "http://a/ok",
		"https://b/ok", "http://b/ok" };
	struct bulkfetch_stats stats;

	(void)state;
	assert_int_equal(world_fetch(urls, COUNT(urls), COUNT(urls), &stats),
	    BULKFETCH_END_LIST);
	for (size_t i = 0; i < COUNT(urls); i++) {
		const struct told *t = &world.told[i];

		assert_int_equal(t->ok, i % 2 != 0);
		if (t->ok)
			continue;
		assert_string_equal(t->error, "tls-unavailable");
		assert_string_equal(t->stage, "tls");
		assert_string_equal(
		    t->message, "libssl.so.3 is not there: https needs it");
		assert_int_equal(t->tries, 0);
		assert_int_equal(t->status, 0);
	}
	assert_int_equal(world.warnings, 0);
}

/* At the start already, when options show that it is wanted. */
static void
warns_when_options_are_about_a_library_that_is_missing(void **state)
{
	(void)state;
	anew();
	world.options.ciphers = "HIGH";
	assert_true(world_fetch_one("http://a/ok")->ok);
	assert_int_equal(world.warnings, 1);
	assert_string_equal(
	    world.message, "libssl.so.3 is not there: https needs it");
	anew();
	world.options.is_insecure = true;
	assert_true(world_fetch_one("http://a/ok")->ok);
	assert_int_equal(world.warnings, 1);
	assert_string_equal(world.message,
	    "certificates of https servers are not verified (--insecure)");
}

static void
says_what_the_status_was(void **state)
{
	(void)state;
	assert_string_equal(
	    world_fetch_one("http://a/404")->message, "404 Not Found");
	anew();
	assert_string_equal(world_fetch_one("http://a/206")->message,
	    "206 Partial (no range was asked for)");
}

static void
a_part_that_was_asked_for_is_a_success(void **state)
{
	static const char *const fields[] = { "Accept: */*",
		"range: bytes=0-1" };

	(void)state;
	world.options.fields = fields;
	world.options.field_count = COUNT(fields);
	assert_true(world_fetch_one("http://a/206")->ok);
}

static void
times_are_told_for_what_took_time(void **state)
{
	const struct told *t = world_fetch_one("http://later/ok");

	(void)state;
	assert_int_equal(t->dns_ms, WORLD_LATER_MS);
	assert_int_equal(t->connect_ms, 0);
	assert_int_equal(t->ttfb_ms, 0);
	assert_int_equal(t->total_ms, WORLD_LATER_MS);
	assert_string_equal(t->ip, "192.0.2.1");
	anew();
	t = world_fetch_one("http://nowhere/ok");
	assert_int_equal(t->connect_ms, -1);
	assert_int_equal(t->ttfb_ms, -1);
	assert_string_equal(t->ip, "");
	anew();
	fake_plan.fate = FAKE_REFUSED;
	fake_plan.times = 1;
	t = world_fetch_one("http://a/ok");
	assert_string_equal(t->stage, "connect");
	assert_int_equal(t->connect_ms, -1);
	assert_int_equal(t->ttfb_ms, -1);
}

static void
a_url_that_is_too_long_is_told_in_part(void **state)
{
	static char url[URL_MAX_LEN + 100];
	const struct told *t;

	(void)state;
	memset(url, 'x', sizeof(url) - 1);
	memcpy(url, "http://a/", 9);
	t = world_fetch_one(url);
	assert_string_equal(t->error, "url");
	assert_true(t->is_url_cut);
	assert_int_equal(t->url_len, URL_MAX_LEN);
	anew();
	world.problem = "the line is bad";
	t = world_fetch_one(url);
	assert_string_equal(t->message, "the line is bad");
	assert_string_equal(t->error, "url");
	assert_int_equal(t->url_len, URL_MAX_LEN);
}

/* ---- Addresses ---------------------------------------------------------- */

static enum fake_fate fate_of_nine;

static enum fake_fate
by_addr(const struct endpoint *ep)
{
	char text[ENDPOINT_TEXT_MAX];

	(void)endpoint_format(ep, text);
	return strcmp(text, "192.0.2.9") == 0 ? fate_of_nine : FAKE_CONNECTS;
}

static void
the_next_address_is_tried_when_one_is_no_good(void **state)
{
	static const enum fake_fate fates[] = { FAKE_FAILS, FAKE_REFUSED,
		FAKE_HANGS };

	(void)state;
	for (size_t i = 0; i < COUNT(fates); i++) {
		const struct told *t;

		anew();
		fate_of_nine = fates[i];
		fake_plan.by_addr = by_addr;
		fake_plan.sys = ENETUNREACH;
		t = world_fetch_one("http://two/ok");
		if (!t->ok)
			fail_msg("%zu: %s", i, t->message);
		assert_string_equal(t->ip, "192.0.2.1");
		assert_int_equal(world.lookups_begun, 1);
	}
}

static void
when_no_address_is_any_good_it_fails_to_connect(void **state)
{
	static const struct {
		enum fake_fate fate;
		const char *error;
	} cases[] = {
		{ FAKE_FAILS, "connect" },
		{ FAKE_REFUSED, "connect" },
		{ FAKE_HANGS, "timeout" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct told *t;

		anew();
		fake_plan.fate = cases[i].fate;
		fake_plan.times = 2;
		fake_plan.sys = ECONNREFUSED;
		t = world_fetch_one("http://two/ok");
		assert_string_equal(t->error, cases[i].error);
		assert_string_equal(t->stage, "connect");
		assert_int_equal(fake_plan.times, 0);
	}
}

static void
what_waits_for_a_port_has_made_no_request_yet(void **state)
{
	static const int shortages[] = { EMFILE, ENOBUFS };

	(void)state;
	for (size_t i = 0; i < COUNT(shortages); i++) {
		const struct told *t;

		anew();
		fake_plan.fate = FAKE_FAILS;
		fake_plan.times = 2;
		fake_plan.sys = shortages[i];
		t = world_fetch_one("http://a/ok");
		assert_true(t->ok);
		assert_int_equal(t->tries, 1);
	}
}

/* ---- Deadlines ---------------------------------------------------------- */

static void
the_whole_takes_no_longer_than_max_time(void **state)
{
	static const struct {
		const char *url;
		unsigned hangs;
		const char *stage;
	} cases[] = {
		{ "http://a/silent", 0, "head" },
		{ "http://a/stuck", 0, "body" },
		{ "http://two/ok", 2, "connect" },
		{ "http://later/silent", 0, "head" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct told *t;

		anew();
		world.options.max_time_ms = 7000;
		world.options.connect_timeout_ms = 9000;
		fake_plan.fate = FAKE_HANGS;
		fake_plan.times = cases[i].hangs;
		t = world_fetch_one(cases[i].url);
		assert_string_equal(t->error, "timeout");
		assert_string_equal(t->stage, cases[i].stage);
		if (t->total_ms != 7000)
			fail_msg("%s: %lld ms", cases[i].url,
			    (long long)t->total_ms);
	}
}

/* ---- Connections that had died ------------------------------------------ */

static void
close_idle_peers(void)
{
	/* Between the first response and the second request. */
	if (world.requests == 1 && fake_peer_count == 1 &&
	    fake_peers[0] != -1 && world.given == 2)
		fake_close(0);
}

static void
a_stale_connection_costs_no_failure_if_repeating_is_safe(void **state)
{
	static const char *const urls[] = { "http://a/ok" };
	static const struct {
		const char *method;
		bool ok;
	} cases[] = {
		{ "GET", true },
		{ "PUT", true },
		{ "POST", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bulkfetch_stats stats;

		anew();
		world.options.concurrency = 1;
		world.options.method = cases[i].method;
		world.on_wait = close_idle_peers;
		(void)world_fetch(urls, 1, 2, &stats);
		assert_true(world.told[0].ok);
		assert_int_equal(world.told[1].ok, cases[i].ok);
		assert_int_equal(world.told[1].tries, 1 + cases[i].ok);
		assert_int_equal(world.lookups_begun, 1 + cases[i].ok);
		assert_int_equal(stats.connections_opened, 1 + cases[i].ok);
	}
}

/* ---- The collector ------------------------------------------------------ */

static void
limits_the_size_of_what_is_stored(void **state)
{
	static const struct {
		const char *url;
		uint64_t max;
		const char *error;
		const char *stage;
	} cases[] = {
		{ "http://a/ok", 5, "", "" },
		{ "http://a/ok", 4, "limit", "head" },
		{ "http://a/chunked", 5, "", "" },
		{ "http://a/chunked", 4, "limit", "body" },
		{ "http://a/end", 12, "limit", "body" },
		{ "http://a/404", 1, "status", "head" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct told *t;

		anew();
		world.options.max_filesize = cases[i].max;
		t = world_fetch_one(cases[i].url);
		assert_string_equal(t->error, cases[i].error);
		assert_string_equal(t->stage, cases[i].stage);
	}
}

static void
bodies_of_failures_are_stored_if_asked_for(void **state)
{
	const struct told *t;

	(void)state;
	world.options.fail_with_body = true;
	t = world_fetch_one("http://a/404");
	assert_string_equal(t->error, "status");
	assert_string_equal(t->stage, "head");
	assert_string_equal(t->message, "404 Not Found");
	assert_true(t->has_file);
	assert_int_equal(world.committed, 1);
	anew();
	world.options.fail_with_body = true;
	world.commit = (struct fault){ ENOSPC, 1 };
	t = world_fetch_one("http://a/404");
	assert_string_equal(t->error, "file");
	assert_string_equal(t->message, "No space left on device");
	assert_false(t->has_file);
}

static void
what_the_collector_has_is_not_fetched(void **state)
{
	const struct told *t;

	(void)state;
	world.has_all = true;
	t = world_fetch_one("http://a/ok");
	assert_true(t->ok);
	assert_true(t->is_skipped);
	assert_true(t->has_file);
	assert_int_equal(t->tries, 0);
	assert_int_equal(world.requests, 0);
}

static void
a_failure_of_the_collector_fails_the_request(void **state)
{
	static const size_t calls[] = { offsetof(struct world, has),
		offsetof(struct world, begin), offsetof(struct world, write),
		offsetof(struct world, commit) };

	(void)state;
	for (size_t i = 0; i < COUNT(calls); i++) {
		static const struct fault fault = { EACCES, 1 };
		const struct told *t;

		anew();
		memcpy((char *)&world + calls[i], &fault, sizeof(fault));
		t = world_fetch_one("http://a/ok");
		assert_string_equal(t->error, "file");
		assert_string_equal(t->stage, "file");
		assert_int_equal(t->sys, EACCES);
		assert_false(t->has_file);
		assert_int_equal(world.committed, 0);
	}
}

static void
a_shortage_of_the_collector_fails_nothing(void **state)
{
	static const size_t calls[] = { offsetof(struct world, has),
		offsetof(struct world, begin), offsetof(struct world, write),
		offsetof(struct world, commit) };
	static const int sys[] = { EMFILE, ENFILE, ENOBUFS };

	(void)state;
	for (size_t i = 0; i < COUNT(calls) * COUNT(sys); i++) {
		const struct fault fault = { sys[i % COUNT(sys)], 3 };
		const struct told *t;

		anew();
		memcpy((char *)&world + calls[i / COUNT(sys)], &fault,
		    sizeof(fault));
		t = world_fetch_one("http://a/ok");
		if (!t->ok)
			fail_msg("%zu: %s", i, t->message);
		assert_int_equal(t->bytes, 5);
		assert_int_equal(world.committed, 1);
		/* The first time it is asked there is nothing to let go. */
		assert_int_equal(world.shrunk, i < COUNT(sys) ? 2 : 3);
		assert_int_equal(world.warnings, 1);
	}
	/* What must not be sent twice is given up instead. */
	anew();
	world.options.method = "POST";
	world.begin = (struct fault){ EMFILE, 1 };
	assert_string_equal(world_fetch_one("http://a/ok")->error, "shortage");
	assert_int_equal(world.requests, 1);
}

static void
a_shortage_of_the_resolver_fails_nothing(void **state)
{
	(void)state;
	world.short_lookups = 3;
	assert_true(world_fetch_one("http://a/ok")->ok);
	assert_int_equal(world.lookups_begun, 4);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ends_each_request_with_what_became_of_it),
		TEST(fetches_schemes_that_are_allowed_alone),
		TEST(without_a_library_https_alone_fails),
		TEST(warns_when_options_are_about_a_library_that_is_missing),
		TEST(says_what_the_status_was),
		TEST(a_part_that_was_asked_for_is_a_success),
		TEST(times_are_told_for_what_took_time),
		TEST(a_url_that_is_too_long_is_told_in_part),
		TEST(the_next_address_is_tried_when_one_is_no_good),
		TEST(when_no_address_is_any_good_it_fails_to_connect),
		TEST(what_waits_for_a_port_has_made_no_request_yet),
		TEST(the_whole_takes_no_longer_than_max_time),
		TEST(a_stale_connection_costs_no_failure_if_repeating_is_safe),
		TEST(limits_the_size_of_what_is_stored),
		TEST(bodies_of_failures_are_stored_if_asked_for),
		TEST(what_the_collector_has_is_not_fetched),
		TEST(a_failure_of_the_collector_fails_the_request),
		TEST(a_shortage_of_the_collector_fails_nothing),
		TEST(a_shortage_of_the_resolver_fails_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
