/* Behind HAProxy, which closes connections, refuses, resets and limits. */
#include "harness.h"

#include <stdio.h>

static void
write_list(struct world *w, const struct haproxy *haproxy, size_t count)
{
	FILE *f = fopen(world_path(w, "list"), "we");

	assert_non_null(f);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(
		    f, "http://127.0.0.1:%u/gen/2000/%zu\n", haproxy->port, i);
	assert_int_equal(fclose(f), 0);
}

static void
expect_list(struct world *w, const char *dir, const struct haproxy *haproxy,
    size_t count)
{
	char *authority = world_text(w, "127.0.0.1:%u", haproxy->port);

	for (size_t i = 0; i < count; i++)
		expect_generated_from(
		    w, dir, authority, world_text(w, "/gen/2000/%zu", i));
	assert_int_equal(world_count_files(w, dir), count);
}

/* Closed while they are idle, often just when the next request leaves. */
static void
idle_connections_that_it_closes_cost_nothing(void **state)
{
	static const char *const confs[] = {
		"  timeout http-keep-alive 50ms\n",
		"  timeout http-request 50ms\n",
		"  timeout client 50ms\n",
		"  option httpclose\n",
	};
	enum { URLS = 400 };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(confs); i++) {
		const char *dir = world_text(w, "out%zu", i);
		struct haproxy haproxy;
		struct records r;
		struct run *run;

		origin_start(w, NULL, NULL);
		if (!haproxy_start(w, &haproxy, confs[i]))
			skip();
		write_list(w, &haproxy, URLS);
		/* Ten connections that are used every 50 ms. */
		run = bulkfetch(w, "-c", "10", "--rate", "200/s", "--retry",
		    "0", "-d", dir, "--log", "log", "list", NULL);
		expect_exit(run, 0);
		r = records_read(w, "log");
		assert_int_equal(records_count(&r, "tries", "1"), URLS);
		expect_list(w, dir, &haproxy, URLS);
	}
}

static void
its_rate_limit_is_kept_to_and_everything_is_fetched(void **state)
{
	enum { URLS = 300 };
	struct world *w = *state;
	struct haproxy haproxy;
	struct records r;
	struct run *run;
	long long tries = 0;

	origin_start(w, NULL, NULL);
	if (!haproxy_start(w, &haproxy,
		"  stick-table type ip size 1k expire 10s store "
		"http_req_rate(1s)\n"
		"  http-request track-sc0 src\n"
		"  http-request return status 429 hdr Retry-After 1 if { "
		"sc_http_req_rate(0) gt 100 }\n"))
		skip();
	write_list(w, &haproxy, URLS);
	run = bulkfetch(w, "-c", "10", "--retry", "5", "-d", "out", "--log",
	    "log", "list", NULL);
	expect_exit(run, 0);
	expect_list(w, "out", &haproxy, URLS);
	/* Each second at most what was in flight was refused. */
	r = records_read(w, "log");
	for (size_t i = 0; i < r.count; i++)
		tries += record_number(&r, r.lines[i], "tries");
	assert_in_range(tries - URLS, 1, 10 * (run->took_ms / 1000 + 1));
	assert_true(run->took_ms >= 2000);
}

static void
what_it_breaks_off_is_tried_again(void **state)
{
	static const char *const confs[] = {
		"  http-request reject if { rand(100) lt 20 }\n",
		"  http-request return status 503 if { rand(100) lt 20 }\n",
		("  tcp-request connection reject if { rand(100) lt 30 }\n"
		 "  option httpclose\n"),
		"  http-response return status 502 if { rand(100) lt 20 }\n",
	};
	enum { URLS = 200 };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(confs); i++) {
		const char *dir = world_text(w, "out%zu", i);
		struct haproxy haproxy;
		struct records r;
		struct run *run;

		origin_start(w, NULL, NULL);
		if (!haproxy_start(w, &haproxy, confs[i]))
			skip();
		write_list(w, &haproxy, URLS);
		/* 20 in a row happen once in 10^10 of these runs. */
		run = bulkfetch(w, "-c", "10", "--retry", "20", "--retry-delay",
		    "0.02", "-d", dir, "--log", "log", "list", NULL);
		expect_exit(run, 0);
		r = records_read(w, "log");
		assert_true(records_count(&r, "tries", "1") < URLS);
		expect_list(w, dir, &haproxy, URLS);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(idle_connections_that_it_closes_cost_nothing),
		WORLD_TEST(its_rate_limit_is_kept_to_and_everything_is_fetched),
		WORLD_TEST(what_it_breaks_off_is_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
