/* What is tried again, what is not, when, and how often. */
#include "harness.h"

#include <stdio.h>
#include <unistd.h>

/* ---- What is tried again ------------------------------------------------ */

/* What the first request for a path meets; the second one is answered. */
static const char *const passing[] = {
	"reset",
	"close",
	"send \"HTTP/1.1 2\"; close",
	"head 200 \"Content-Length: 1000\"; body 500; close",
	"head 200 \"Content-Length: 1000\"; body 500; reset",
	"head 200 \"Content-Length: 1000\"; close",
	"head 200 \"Transfer-Encoding: chunked\"; send \"3e8\\r\\n\"; body "
	"500; "
	"close",
	"head 200 \"Content-Length: 1000\"; body 500; stall",
	"head 200 \"Content-Length: 1000\"; stall",
	"stall",
	"head 103; stall",
	"head 408 \"Content-Length: 0\" \"Connection: close\"; close",
	"head 408 \"Content-Length: 0\"",
	"head 429 \"Content-Length: 0\"",
	"head 500 \"Content-Length: 5\"; body 5",
	"head 502 \"Content-Length: 0\"",
	"head 503 \"Transfer-Encoding: chunked\"; chunked 100",
	"head 504; close",
};

static void
what_may_pass_is_tried_again(void **state)
{
	struct world *w = *state;
	char *script = world_text(w, "%s", "");
	struct records r;
	struct run *run;

	for (size_t i = 0; i < COUNT(passing); i++)
		script = world_text(
		    w, "%s/gen/1000/%zu on 1: %s\n", script, i, passing[i]);
	origin_start(w, script, NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/gen/1000/", COUNT(passing));
	/* Fresh connections alone, so that none of it is for their sake. */
	run = bulkfetch(w, "-c", "30", "--retry-delay", "0.1", "-H",
	    "Connection: close", "--head-timeout", "1", "--idle-timeout", "1",
	    "-d", "out", "--log", "log", "list", NULL);
	expect_exit(run, 0);
	expect_summary(run, COUNT(passing), 0, 0);
	expect_urls(w, "out", "127.0.0.1", "/gen/1000/", COUNT(passing));
	assert_int_equal(world_count_files(w, "out"), COUNT(passing));
	r = records_read(w, "log");
	assert_int_equal(r.count, COUNT(passing));
	for (size_t i = 0; i < COUNT(passing); i++) {
		char *target = world_text(w, "/gen/1000/%zu", i);

		if (origin_count(w, target) != 2)
			fail_msg("%s: %zu requests", passing[i],
			    origin_count(w, target));
		expect_member(&r,
		    records_find(&r, "url", origin_url(w, target)), "tries",
		    "2");
	}
}

/* Nobody listens at first. */
static void
a_host_that_is_not_up_yet_is_tried_again(void **state)
{
	const char *words[] = { "-v", "--retry", "100", "--retry-delay", "0.1",
		"-d", "out", "--log", "log", NULL, NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	unsigned port;
	int listener = world_listen(w, false, &port);
	struct records r;
	struct run *run;
	size_t at = 0;

	assert_int_equal(close(listener), 0);
	words[9] = world_text(w, "http://127.0.0.1:%u/gen/5/a", port);
	run = run_start(w, &spec);
	run_wait_for(run, "trying again", &at);
	origin_start(w, NULL, world_text(w, "--port=%u", port));
	expect_exit(run_finish(run), 0);
	expect_generated(w, "out", "/gen/5/a");
	r = records_read(w, "log");
	assert_int_equal(r.count, 1);
	assert_true(record_number(&r, r.lines[0], "tries") > 1);
}

/* ---- What is not -------------------------------------------------------- */

static const unsigned lasting[] = { 400, 401, 403, 405, 406, 409, 411, 414, 416,
	418, 451, 501, 505, 599 };

static void
what_will_not_pass_is_not_tried_again(void **state)
{
	struct world *w = *state;
	struct records r;
	FILE *f;

	origin_start(w,
	    "/nonsense: send \"SSH-2.0-no\\r\\n\"; close\n"
	    "/two: head 200 \"Content-Length: 1\" \"Content-Length: 2\"\n"
	    "/nowhere: head 302 \"Content-Length: 0\"\n",
	    NULL);
	f = fopen(world_path(w, "list"), "we");
	assert_non_null(f);
	for (size_t i = 0; i < COUNT(lasting); i++)
		(void)fprintf(f, "%s\n",
		    origin_url(w, world_text(w, "/status/%u", lasting[i])));
	(void)fprintf(f, "%s\n%s\n%s\n%s\n%s\n%s\n",
	    origin_url(w, "/status/404"), origin_url(w, "/status/410"),
	    origin_url(w, "/nonsense"), origin_url(w, "/two"),
	    origin_url(w, "/nowhere"), origin_url(w, "/gen/2000/large"));
	assert_int_equal(fclose(f), 0);
	expect_exit(bulkfetch(w, "--max-filesize", "1000", "-d", "out", "--log",
			"log", "list", NULL),
	    4);
	r = records_read(w, "log");
	assert_int_equal(r.count, COUNT(lasting) + 6);
	assert_int_equal(records_count(&r, "tries", "1"), r.count);
	assert_int_equal(origin_stat(w, "requests"), r.count);
}

static void
all_errors_but_404_and_410_are_tried_again_if_asked_for(void **state)
{
	static const struct {
		const char *target;
		size_t requests;
	} rows[] = {
		{ "/status/400", 3 },
		{ "/status/403", 3 },
		{ "/status/501", 3 },
		{ "/nonsense", 3 },
		{ "/status/503", 3 },
		{ "/status/404", 1 },
		{ "/status/410", 1 },
		{ "/gen/2000/large", 1 },
	};
	struct world *w = *state;
	char *urls[COUNT(rows)];

	origin_start(w, "/nonsense: send \"SSH-2.0-no\\r\\n\"; close\n", NULL);
	for (size_t i = 0; i < COUNT(rows); i++)
		urls[i] = origin_url(w, rows[i].target);
	expect_exit(
	    bulkfetch(w, "--retry-all-errors", "--retry-delay", "0.01",
		"--max-filesize", "1000", "-d", "out", urls[0], urls[1],
		urls[2], urls[3], urls[4], urls[5], urls[6], urls[7], NULL),
	    4);
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t count = origin_count(w, rows[i].target);

		if (count != rows[i].requests)
			fail_msg("%s: %zu requests", rows[i].target, count);
	}
}

static void
a_request_that_is_not_idempotent_is_repeated_only_if_asked_for(void **state)
{
	static const struct {
		const char *method;
		bool is_idempotent;
	} rows[] = { { "POST", false }, { "PATCH", false }, { "GET", true },
		{ "PUT", true }, { "DELETE", true }, { "OPTIONS", true } };
	static const char *const targets[] = { "/reset", "/status/503" };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t k = 0; k < COUNT(targets); k++) {
			origin_start(w, "/reset: reset\n", NULL);
			(void)bulkfetch(w, "-X", rows[i].method,
			    "--retry-delay", "0.01", "-d", "out",
			    origin_url(w, targets[k]), NULL);
			assert_int_equal(origin_count(w, targets[k]),
			    rows[i].is_idempotent ? 3 : 1);
			(void)bulkfetch(w, "-X", rows[i].method,
			    "--retry-delay", "0.01", "--retry-unsafe", "-d",
			    "out", origin_url(w, targets[k]), NULL);
			assert_int_equal(origin_count(w, targets[k]),
			    rows[i].is_idempotent ? 6 : 4);
		}
	}
}

/* ---- How often and when ------------------------------------------------- */

static void
there_are_so_many_retries(void **state)
{
	static const struct {
		const char *retries; /* NULL: not said */
		size_t requests;
	} rows[] = { { NULL, 3 }, { "0", 1 }, { "1", 2 }, { "5", 6 } };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct records r;
		struct run *run;

		origin_start(w, NULL, NULL);
		run = bulkfetch(w, "-d", "out", "--log", "log", "--failed",
		    "failed", "--retry-delay", "0.01",
		    origin_url(w, "/status/503"),
		    rows[i].retries != NULL ? "--retry" : NULL, rows[i].retries,
		    NULL);
		expect_exit(run, 4);
		assert_int_equal(
		    origin_count(w, "/status/503"), rows[i].requests);
		/* One result, whatever the tries. */
		r = records_read(w, "log");
		assert_int_equal(r.count, 1);
		expect_member(&r, r.lines[0], "error", "status");
		expect_member(&r, r.lines[0], "status", "503");
		expect_member(&r, r.lines[0], "tries",
		    world_text(w, "%zu", rows[i].requests));
		expect_text_file(w, "failed",
		    world_text(w, "%s\n", origin_url(w, "/status/503")));
	}
}

/* The waits of each URL of a run that fails three times, in ms. */
struct waits {
	int64_t least[2];
	int64_t most[2];
	int64_t sum[2];
};

static struct waits
measure_waits(struct world *w, size_t urls)
{
	struct waits waits = { .least = { INT64_MAX, INT64_MAX } };
	size_t count;
	struct origin_request *requests = origin_requests(w, &count);

	assert_int_equal(count, 3 * urls);
	for (size_t i = 0; i < urls; i++) {
		char *target = world_text(w, "/status/503/%zu", i);
		int64_t last_ms = -1;
		size_t n = 0;

		for (size_t k = 0; k < count; k++) {
			int64_t ms = requests[k].at_ms - last_ms;

			if (!origin_is_for(&requests[k], target))
				continue;
			last_ms = requests[k].at_ms;
			if (n++ == 0)
				continue;
			waits.sum[n - 2] += ms;
			if (ms < waits.least[n - 2])
				waits.least[n - 2] = ms;
			if (ms > waits.most[n - 2])
				waits.most[n - 2] = ms;
		}
		assert_int_equal(n, 3);
	}
	return waits;
}

/*
 * Full jitter: uniform from nothing to a second, then to two.  The mean of 100
 * uniform values is off by more than a fifth of the range once in 10^11 runs.
 */
static void
waits_are_random_and_double_from_a_second_on(void **state)
{
	enum { URLS = 100 };
	struct world *w = *state;
	int slack_ms = 150 * run_slowness();
	struct waits waits;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/status/503/", URLS);
	expect_exit(bulkfetch(w, "-c", "200", "-d", "out", "list", NULL), 4);
	waits = measure_waits(w, URLS);
	for (int i = 0; i < 2; i++) {
		int64_t range_ms = (i + 1) * 1000;

		assert_in_range(waits.sum[i] / URLS, range_ms * 3 / 10,
		    range_ms * 7 / 10 + slack_ms);
		assert_true(waits.most[i] <= range_ms + slack_ms);
		assert_true(waits.most[i] >= range_ms * 8 / 10);
		assert_true(waits.least[i] <= range_ms * 2 / 10 + slack_ms);
	}
}

static void
a_delay_that_was_asked_for_is_kept(void **state)
{
	enum { URLS = 20 };
	struct world *w = *state;
	struct waits waits;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/status/503/", URLS);
	expect_exit(bulkfetch(w, "--retry-delay", "0.4", "-c", "50", "-d",
			"out", "list", NULL),
	    4);
	waits = measure_waits(w, URLS);
	for (int i = 0; i < 2; i++) {
		assert_true(waits.least[i] >= 399);
		assert_true(waits.most[i] <= 500 * run_slowness());
	}
}

static void
no_retry_begins_after_the_time_for_retries(void **state)
{
	struct world *w = *state;
	struct origin_request *requests;
	struct run *run;
	size_t count;

	origin_start(w, NULL, NULL);
	run = bulkfetch(w, "--retry", "1000", "--retry-delay", "0.2",
	    "--retry-max-time", "1.1", "-d", "out",
	    origin_url(w, "/status/503"), NULL);
	expect_exit(run, 4);
	requests = origin_requests(w, &count);
	assert_in_range(count, 3, 6);
	assert_true(requests[count - 1].at_ms - requests[0].at_ms <=
	    1100 + 100 * run_slowness());
	/* Nor is the end waited for. */
	assert_true(run->took_ms < 1500 * run_slowness());
}

static void
a_retry_waits_without_holding_a_connection(void **state)
{
	enum { OTHERS = 100 };
	struct world *w = *state;
	struct origin_request *requests;
	size_t count;

	origin_start(
	    w, "/gen/9/first on 1: head 503 \"Content-Length: 0\"\n", NULL);
	world_write(
	    w, "list", world_text(w, "%s\n", origin_url(w, "/gen/9/first")));
	origin_add_urls(w, "list", "127.0.0.1", "/gen/9/", OTHERS);
	expect_exit(bulkfetch(w, "-c", "1", "--retry-delay", "1", "-d", "out",
			"list", NULL),
	    0);
	expect_urls(w, "out", "127.0.0.1", "/gen/9/", OTHERS);
	expect_generated(w, "out", "/gen/9/first");
	requests = origin_requests(w, &count);
	assert_int_equal(count, OTHERS + 2);
	assert_true(origin_is_for(&requests[0], "/gen/9/first"));
	assert_true(origin_is_for(&requests[count - 1], "/gen/9/first"));
	assert_true(requests[count - 1].at_ms - requests[0].at_ms >= 999);
	if (run_is_bare())
		assert_true(
		    requests[count - 2].at_ms - requests[0].at_ms < 900);
	assert_int_equal(origin_stat(w, "peak"), 1);
}

/* ---- Connections that were used before ---------------------------------- */

/* The server was within its rights to close it: that is no failed try. */
static void
a_reused_connection_that_dies_costs_no_retry(void **state)
{
	static const char *const deaths[] = { "close", "reset",
		"head 408 \"Content-Length: 0\" \"Connection: close\"; close" };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(deaths); i++) {
		struct origin_request *requests;
		struct records r;
		size_t count;

		origin_start(
		    w, world_text(w, "/gen/5/b on 1: %s\n", deaths[i]), NULL);
		expect_exit(bulkfetch(w, "-c", "1", "--retry", "0", "-d", "out",
				"--log", "log", origin_url(w, "/gen/5/a"),
				origin_url(w, "/gen/5/b"), NULL),
		    0);
		expect_generated(w, "out", "/gen/5/b");
		requests = origin_requests(w, &count);
		assert_int_equal(count, 3);
		/* At once, and on a fresh connection. */
		assert_true(requests[2].at_ms - requests[1].at_ms <
		    100 * run_slowness());
		assert_int_not_equal(
		    requests[1].connection, requests[2].connection);
		r = records_read(w, "log");
		expect_member(&r, records_find(&r, "n", "2"), "tries", "2");
	}
}

static void
its_successor_has_all_the_retries_still(void **state)
{
	struct world *w = *state;

	origin_start(w,
	    "/gen/5/b on 1: close\n"
	    "/gen/5/b on 2: head 503 \"Content-Length: 0\"\n",
	    NULL);
	expect_exit(
	    bulkfetch(w, "-c", "1", "--retry", "1", "--retry-delay", "0.01",
		"-d", "out", "--log", "log", origin_url(w, "/gen/5/a"),
		origin_url(w, "/gen/5/b"), NULL),
	    0);
	assert_int_equal(origin_count(w, "/gen/5/b"), 3);
}

/* All of a pool may have died while nobody looked. */
static void
a_pool_of_dead_connections_costs_no_retry(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, "--requests-max=3");
	origin_add_urls(w, "list", "127.0.0.1", "/gen/100/", 500);
	run =
	    bulkfetch(w, "-c", "20", "--retry", "0", "-d", "out", "list", NULL);
	expect_exit(run, 0);
	expect_urls(w, "out", "127.0.0.1", "/gen/100/", 500);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(what_may_pass_is_tried_again),
		WORLD_TEST(a_host_that_is_not_up_yet_is_tried_again),
		WORLD_TEST(what_will_not_pass_is_not_tried_again),
		WORLD_TEST(
		    all_errors_but_404_and_410_are_tried_again_if_asked_for),
		WORLD_TEST(
		    a_request_that_is_not_idempotent_is_repeated_only_if_asked_for),
		WORLD_TEST(there_are_so_many_retries),
		WORLD_TEST(waits_are_random_and_double_from_a_second_on),
		WORLD_TEST(a_delay_that_was_asked_for_is_kept),
		WORLD_TEST(no_retry_begins_after_the_time_for_retries),
		WORLD_TEST(a_retry_waits_without_holding_a_connection),
		WORLD_TEST(a_reused_connection_that_dies_costs_no_retry),
		WORLD_TEST(its_successor_has_all_the_retries_still),
		WORLD_TEST(a_pool_of_dead_connections_costs_no_retry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
