/* Runs that are stopped before the end of the list, and what they leave. */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/*
 * Whatever stopped a run: what its log calls done is there, what failed has no
 * file, and nothing else is left.  The count of successes.
 */
static size_t
expect_consistent(struct world *w)
{
	struct records r = records_read(w, "log");
	size_t done = 0;

	for (size_t i = 0; i < r.count; i++) {
		char *url = json_get(w, r.lines[i], "url");

		if (strcmp(json_get(w, r.lines[i], "ok"), "true") != 0) {
			expect_member(&r, r.lines[i], "file", NULL);
			continue;
		}
		expect_generated(
		    w, "out", strchr(url + strlen("http://"), '/'));
		done++;
	}
	assert_int_equal(world_count_files(w, "out"), done);
	return done;
}

/* Another run does the rest, and nothing twice. */
static void
expect_resumed(struct world *w, size_t urls)
{
	struct records r;

	expect_exit(
	    bulkfetch(w, "--resume", "-d", "out", "--log", "log", "list", NULL),
	    0);
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "ok", "true"), urls);
	assert_int_equal(world_count_files(w, "out"), urls);
}

/* ---- Draining ----------------------------------------------------------- */

static void
draining_takes_no_longer_than_allowed(void **state)
{
	static const char *const words[] = { "--max-drain", "0.8", "-d", "out",
		"--log", "log", "list", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	int64_t signalled_ms;
	struct records r;
	struct run *run;

	origin_start(w, "/gen/9/1 on 1: stall\n", NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/gen/9/", 3);
	run = run_start(w, &spec);
	origin_wait(w, "requests", 3);
	run_signal(run, SIGTERM);
	signalled_ms = world_now_ms();
	expect_exit(run_finish(run), 7);
	assert_in_range(
	    world_now_ms() - signalled_ms, 700, 1500 * run_slowness());
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "error", "stopped"), 1);
	assert_int_equal(expect_consistent(w), 2);
	expect_resumed(w, 3);
}

/* What waits for a retry, a host or a rate is not in flight. */
static void
what_waits_is_not_waited_for(void **state)
{
	static const struct {
		const char *option;
		const char *value;
		const char *script;
	} rows[] = {
		{ "--retry-delay", "20",
		    "/gen/9/0-0 on 1: head 503 \"Content-Length: 0\"\n" },
		{ "--retry", "2",
		    "/gen/9/1-0 on 1: head 503 \"Content-Length: 0\" "
		    "\"Retry-After: 20\"\n" },
		{ "--rate", "2/m", NULL },
		{ "--rate-per-host", "2/m", NULL },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *words[] = { "-c", "5", "-d", "out", "--log", "log",
			"list", rows[i].option, rows[i].value, NULL };
		struct run_spec spec = { .words = words };
		int64_t signalled_ms;
		struct run *run;

		(void)unlink(world_path(w, "list"));
		(void)unlink(world_path(w, "log"));
		origin_start(w, rows[i].script, NULL);
		origin_add_urls(w, "list", "127.0.0.1",
		    world_text(w, "/gen/9/%zu-", i), 30);
		run = run_start(w, &spec);
		origin_wait(w, "requests", 1);
		for (int k = 0; k < 50; k++)
			world_pause();
		run_signal(run, SIGINT);
		signalled_ms = world_now_ms();
		expect_exit(run_finish(run), 7);
		assert_true(
		    world_now_ms() - signalled_ms < 3000 * run_slowness());
		expect_exit(bulkfetch(w, "--resume", "-d", "out", "--log",
				"log", "list", NULL),
		    0);
		expect_urls(
		    w, "out", "127.0.0.1", world_text(w, "/gen/9/%zu-", i), 30);
	}
}

/* ---- Budgets ------------------------------------------------------------ */

static void
max_duration_stops_with_its_own_status(void **state)
{
	enum { URLS = 300 };
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/delay/50/9/", URLS);
	run = bulkfetch(w, "-c", "5", "--max-duration", "1", "-d", "out",
	    "--log", "log", "list", NULL);
	expect_exit(run, 6);
	expect_says(run, "--max-duration");
	assert_in_range(run->took_ms, 1000, 1500 * run_slowness());
	assert_in_range(expect_consistent(w), 5, 150);
	expect_resumed(w, URLS);
	assert_int_equal(origin_stat(w, "requests"), URLS);
	/* A list that ends in time is just a list that ends. */
	expect_exit(bulkfetch(w, "--max-duration", "60", "-d", "out",
			origin_url(w, "/gen/9/a"), NULL),
	    0);
}

static void
max_transfer_stops_with_its_own_status(void **state)
{
	enum { URLS = 100, SIZE = 100000, C = 4 };
	struct world *w = *state;
	struct run *run;
	size_t done;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/gen/100000/", URLS);
	run = bulkfetch(w, "-c", "4", "--max-transfer", "1000000", "-d", "out",
	    "--log", "log", "list", NULL);
	expect_exit(run, 6);
	expect_says(run, "--max-transfer");
	done = expect_consistent(w);
	/* What was in flight then is not thrown away, and on each connection
	 * one may have ended and begun before it was noticed. */
	assert_in_range(done, 10, 10 + 2 * C);
	expect_resumed(w, URLS);
	assert_int_equal(origin_stat(w, "requests"), URLS);
}

/* ---- Failures ----------------------------------------------------------- */

/* Every `nth` of so many URLs fails. */
static void
write_failing_list(struct world *w, size_t urls, size_t nth)
{
	FILE *f = fopen(world_path(w, "list"), "we");

	assert_non_null(f);
	for (size_t i = 1; i <= urls; i++)
		(void)fprintf(f, "http://127.0.0.1:%u%s/%zu\n", w->port,
		    i % nth == 0 ? "/status/404" : "/gen/9", i);
	assert_int_equal(fclose(f), 0);
}

static void
too_many_failures_stop_with_their_own_status(void **state)
{
	static const struct {
		const char *option;
		const char *value; /* NULL: it takes none */
		size_t urls;
		size_t nth;
		int status;
		size_t requests; /* with one connection; 0: all of them */
	} rows[] = {
		{ "--fail-early", NULL, 50, 10, 5, 10 },
		{ "--max-errors", "1", 50, 10, 5, 10 },
		{ "--max-errors", "3", 50, 10, 5, 30 },
		{ "--max-errors", "6", 50, 10, 1, 0 },
		/* Of a hundred or more: too few say nothing. */
		{ "--max-errors", "5%", 500, 10, 5, 100 },
		{ "--max-errors", "5%", 90, 2, 1, 0 },
		{ "--max-errors", "15%", 500, 10, 1, 0 },
		{ "--max-errors", "0.5%", 1000, 100, 5, 100 },
		{ "--max-errors", "10%", 500, 10, 5, 100 },
		{ "--max-errors", "10.5%", 500, 10, 1, 0 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct run *run;

		origin_start(w, NULL, NULL);
		write_failing_list(w, rows[i].urls, rows[i].nth);
		run = bulkfetch(w, "-c", "1", "-d", world_text(w, "out%zu", i),
		    "--log", "log", "list", rows[i].option, rows[i].value,
		    NULL);
		expect_exit(run, rows[i].status);
		if (rows[i].status == 5)
			expect_says(run, "stopping");
		assert_int_equal(origin_stat(w, "requests"),
		    rows[i].requests > 0 ? rows[i].requests : rows[i].urls);
	}
}

/* A retry may still turn it into a success. */
static void
a_failed_try_is_no_failure_yet(void **state)
{
	struct world *w = *state;

	origin_start(
	    w, "/gen/9/1 on 1: head 503 \"Content-Length: 0\"\n", NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/gen/9/", 3);
	expect_exit(bulkfetch(w, "--fail-early", "--retry-delay", "0.01", "-d",
			"out", "list", NULL),
	    0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(draining_takes_no_longer_than_allowed),
		WORLD_TEST(what_waits_is_not_waited_for),
		WORLD_TEST(max_duration_stops_with_its_own_status),
		WORLD_TEST(max_transfer_stops_with_its_own_status),
		WORLD_TEST(too_many_failures_stop_with_their_own_status),
		WORLD_TEST(a_failed_try_is_no_failure_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
