/* Hosts: how much at a time, hosts that ask for patience, hosts that are down,
 * and how far a host can hold up the others. */
#include "harness.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const char *const busy = "127.0.0.2"; /* the host with the trouble */
static const char *const other = "127.0.0.1";

/* The requests for a host, by its field. */
static struct origin_request *
requests_to(struct world *w, const char *host, size_t *count)
{
	char *authority = world_text(w, "%s:%u", host, w->port);
	size_t all;
	struct origin_request *requests = origin_heads(w, &all);

	*count = 0;
	for (size_t i = 0; i < all; i++) {
		const char *value = origin_field(w, &requests[i], "Host");

		if (value != NULL && strcmp(value, authority) == 0)
			requests[(*count)++] = requests[i];
	}
	return requests;
}

/* ---- So many at a time -------------------------------------------------- */

static void
a_host_gets_no_more_requests_at_a_time_than_allowed(void **state)
{
	enum { URLS = 30, PER_HOST = 3 };
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	/* Addresses make hosts as names would. */
	origin_add_urls(w, "one", busy, "/delay/100/9/", URLS);
	run = bulkfetch(
	    w, "-c", "20", "--max-per-host", "3", "-d", "out", "one", NULL);
	expect_exit(run, 0);
	expect_urls(w, "out", busy, "/delay/100/9/", URLS);
	assert_int_equal(origin_stat(w, "peak"), PER_HOST);
	assert_true(run->took_ms >= URLS / PER_HOST * 100);

	/* Two hosts get twice that, and take no longer. */
	origin_start(w, NULL, NULL);
	origin_add_urls(w, "two", busy, "/delay/100/9/", URLS);
	origin_add_urls(w, "two", other, "/delay/100/9/", URLS);
	run = bulkfetch(
	    w, "-c", "20", "--max-per-host", "3", "-d", "out", "two", NULL);
	expect_exit(run, 0);
	expect_urls(w, "out", other, "/delay/100/9/", URLS);
	assert_int_equal(origin_stat(w, "peak"), 2 * PER_HOST);
	assert_true(run->took_ms < 3 * URLS / PER_HOST * 100 * run_slowness());
}

/* A redirect is a request to the host that it leads to. */
static void
redirects_count_for_the_host_that_they_lead_to(void **state)
{
	enum { URLS = 20 };
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", other,
	    world_text(w, "/redirect/302//%s:%u/delay/100/9/", busy, w->port),
	    URLS);
	run = bulkfetch(
	    w, "-c", "20", "--max-per-host", "2", "-d", "out", "list", NULL);
	expect_exit(run, 0);
	assert_int_equal(world_count_files(w, "out"), URLS);
	assert_true(run->took_ms >= URLS / 2 * 100);
	assert_true(origin_stat(w, "peak") <= 4);
}

/* ---- Patience ----------------------------------------------------------- */

static char *
date_in(struct world *w, int seconds)
{
	char *text = world_alloc(w, 64);
	time_t at = time(NULL) + seconds;
	struct tm tm;

	assert_non_null(gmtime_r(&at, &tm));
	(void)strftime(text, 64, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return text;
}

/* The third request for the host asks for two to three seconds. */
static void
start_asking_host(struct world *w, unsigned status, const char *retry_after)
{
	origin_start(w,
	    world_text(w,
		"/gen/9/park on 1: head %u \"Retry-After: %s\" "
		"\"Content-Length: 0\"\n",
		status, retry_after),
	    NULL);
	world_write(w, "list",
	    world_text(w, "%s\n", origin_url_at(w, busy, "/gen/9/park")));
	origin_add_urls(w, "list", busy, "/gen/9/", 20);
	origin_add_urls(w, "list", other, "/gen/9/", 500);
}

/*
 * After the first request for the busy host none leaves for it within
 * `least_ms`, and then all do; the other host is done long before.
 */
static void
expect_parked(struct world *w, size_t repeated, int64_t least_ms)
{
	size_t count;
	struct origin_request *requests = requests_to(w, busy, &count);
	int64_t parked_ms = requests[0].at_ms;

	assert_int_equal(count, 21 + repeated);
	for (size_t i = 1; i < count; i++) {
		if (requests[i].at_ms - parked_ms < least_ms)
			fail_msg("request %zu after %lld ms", i,
			    (long long)(requests[i].at_ms - parked_ms));
	}
	assert_true(requests[count - 1].at_ms - parked_ms <
	    3500 + 1000 * run_slowness());
	requests = requests_to(w, other, &count);
	assert_int_equal(count, 500);
	if (run_is_bare())
		assert_true(requests[count - 1].at_ms - parked_ms < 1000);
}

static void
retry_after_parks_its_host_and_no_other(void **state)
{
	static const unsigned statuses[] = { 429, 503 };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(statuses); i++) {
		struct records r;

		start_asking_host(w, statuses[i], "2");
		expect_exit(bulkfetch(w, "-c", "1", "--retry-delay", "0.01",
				"-d", "out", "--log", "log", "list", NULL),
		    0);
		expect_parked(w, 1, 1990);
		expect_generated_from(w, "out",
		    world_text(w, "%s:%u", busy, w->port), "/gen/9/park");
		expect_urls(w, "out", busy, "/gen/9/", 20);
		expect_urls(w, "out", other, "/gen/9/", 500);
		r = records_read(w, "log");
		assert_int_equal(records_count(&r, "tries", "2"), 1);
	}
}

static void
retry_after_may_be_a_date(void **state)
{
	struct world *w = *state;

	/* Whole seconds: this is two to three from now. */
	start_asking_host(w, 503, date_in(w, 3));
	expect_exit(bulkfetch(w, "-c", "1", "-d", "out", "list", NULL), 0);
	expect_parked(w, 1, 1500);
	/* By the server's own clock, however wrong that is. */
	start_asking_host(w, 503,
	    "Tue, 01 Jan 2030 00:00:02 GMT\" \"Date: Tue, 01 Jan 2030 00:00:00 "
	    "GMT");
	expect_exit(bulkfetch(w, "-c", "1", "-d", "out", "list", NULL), 0);
	expect_parked(w, 1, 1990);
}

static void
a_host_is_parked_even_by_a_request_that_is_not_tried_again(void **state)
{
	struct world *w = *state;
	struct run *run;

	start_asking_host(w, 429, "2");
	run =
	    bulkfetch(w, "-c", "1", "--retry", "0", "-d", "out", "list", NULL);
	expect_exit(run, 1);
	expect_summary(run, 520, 0, 1);
	expect_parked(w, 0, 1990);
}

static void
retry_after_of_other_statuses_parks_nobody(void **state)
{
	struct world *w = *state;
	struct run *run;

	start_asking_host(w, 500, "20");
	run = bulkfetch(
	    w, "-c", "1", "--retry-delay", "0.01", "-d", "out", "list", NULL);
	expect_exit(run, 0);
	assert_true(run->took_ms < 10000 * run_slowness());
}

/* What cannot be understood asks for nothing. */
static void
retry_after_that_says_nothing_is_passed_over(void **state)
{
	static const char *const values[] = { "", "soon", "-5", "1.5",
		"99999999999999999999999", "Tue, 01 Jan 2030" };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(values); i++) {
		struct run *run;

		start_asking_host(w, 429, values[i]);
		run = bulkfetch(w, "-c", "1", "--retry-delay", "0.01", "-d",
		    "out", "list", NULL);
		/* Too long a wait is as good a reading of the digits. */
		if (values[i][0] != '9')
			expect_exit(run, 0);
		assert_true(run->took_ms < 10000 * run_slowness());
	}
}

static void
a_host_that_asks_for_too_long_is_given_up(void **state)
{
	static const struct {
		const char *retry_after;
		const char *max; /* NULL: an hour */
	} rows[] = { { "5", "4" }, { "3601", NULL },
		{ "Fri, 31 Dec 2100 00:00:00 GMT", "100" } };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct records r;
		struct run *run;
		size_t count;

		start_asking_host(w, 503, rows[i].retry_after);
		run = bulkfetch(w, "-c", "1", "-d", "out", "--log", "log",
		    "list", rows[i].max != NULL ? "--max-retry-after" : NULL,
		    rows[i].max, NULL);
		expect_exit(run, 1);
		expect_summary(run, 500, 0, 21);
		assert_true(run->took_ms < 3000 * run_slowness());
		r = records_read(w, "log");
		assert_int_equal(records_count(&r, "error", "status"), 1);
		assert_int_equal(records_count(&r, "error", "host-down"), 20);
		(void)requests_to(w, busy, &count);
		assert_int_equal(count, 1);
	}
}

/* ---- Hosts that are down ------------------------------------------------ */

static void
a_host_that_fails_to_connect_so_often_is_given_up(void **state)
{
	enum { URLS = 40 };
	static const struct {
		const char *max; /* NULL: no limit */
		size_t connects;
	} rows[] = { { "1", 1 }, { "3", 3 }, { "40", 40 }, { NULL, 40 },
		{ "0", 40 } };
	struct world *w = *state;
	unsigned port;
	int listener = world_listen(w, false, &port);
	FILE *f;

	assert_int_equal(close(listener), 0);
	origin_start(w, NULL, NULL);
	f = fopen(world_path(w, "list"), "we");
	assert_non_null(f);
	for (int i = 0; i < URLS; i++)
		(void)fprintf(f, "http://127.0.0.1:%u/%d\n", port, i);
	assert_int_equal(fclose(f), 0);
	origin_add_urls(w, "list", "127.0.0.1", "/gen/9/", URLS);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *log = world_text(w, "log%zu", i);
		struct records r;
		struct run *run;

		run = bulkfetch(w, "-c", "1", "--retry", "0", "-d", "out",
		    "--log", log, "list",
		    rows[i].max != NULL ? "--max-host-errors" : NULL,
		    rows[i].max, NULL);
		expect_exit(run, 1);
		expect_summary(run, URLS, 0, URLS);
		r = records_read(w, log);
		assert_int_equal(
		    records_count(&r, "error", "connect"), rows[i].connects);
		assert_int_equal(records_count(&r, "error", "host-down"),
		    URLS - rows[i].connects);
		/* Every one of them says which host. */
		expect_says(run, world_text(w, "127.0.0.1:%u", port));
	}
}

/* In a row: what lies behind a success is forgiven. */
static void
a_host_that_answers_now_and_then_is_not_given_up(void **state)
{
	enum { URLS = 20 };
	struct world *w = *state;
	struct records r;

	/* Every other connection is reset before it has said a word, which is
	 * no failure to connect. */
	origin_start(w, "/down/*: reset\n", NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/down/", URLS);
	expect_exit(bulkfetch(w, "-c", "1", "--retry", "0", "--max-host-errors",
			"3", "-d", "out", "--log", "log", "list", NULL),
	    4);
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "error", "host-down"), 0);
	assert_int_equal(origin_stat(w, "requests"), URLS);
}

/* ---- Head of line ------------------------------------------------------- */

/* A host that answers one request at a time, never, and behind it others. */
static void
write_stuck_list(struct world *w, size_t stuck, size_t others)
{
	origin_start(w, "/stuck/*: stall\n", NULL);
	origin_add_urls(w, "list", busy, "/stuck/", stuck);
	origin_add_urls(w, "list", other, "/gen/9/", others);
}

static struct run *
start_stuck_run(struct world *w, const char *look_ahead)
{
	static const char *words[] = { "-c", "10", "--max-per-host", "2", "-d",
		"out", "--log", "log", "list", "--look-ahead", NULL, NULL };
	struct run_spec spec = { .words = words };

	words[10] = look_ahead;
	words[9] = look_ahead != NULL ? "--look-ahead" : NULL;
	return run_start(w, &spec);
}

static void
stop_at_once(struct run *run)
{
	size_t at = 0;

	run_signal(run, SIGINT);
	run_wait_for(run, "again to stop at once", &at);
	run_signal(run, SIGINT);
	expect_exit(run_finish(run), 7);
}

static void
others_go_on_as_far_as_the_look_ahead_reaches(void **state)
{
	static const struct {
		const char *look_ahead; /* NULL: 1000 */
		size_t stuck;
		bool is_enough;
	} rows[] = {
		{ NULL, 900, true },
		{ NULL, 1100, false },
		{ "100", 90, true },
		{ "100", 110, false },
		{ "20000", 19000, true },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct run *run;

		(void)unlink(world_path(w, "list"));
		write_stuck_list(w, rows[i].stuck, 50);
		run = start_stuck_run(w, rows[i].look_ahead);
		origin_wait(w, "requests", rows[i].is_enough ? 52 : 2);
		/* Time in which more might come, wrongly. */
		for (int k = 0; k < 100; k++)
			world_pause();
		assert_int_equal(
		    origin_stat(w, "requests"), rows[i].is_enough ? 52 : 2);
		stop_at_once(run);
	}
}

static void
a_stuck_host_of_a_million_urls_costs_no_memory(void **state)
{
	struct world *w = *state;
	struct run *run;

	if (!run_is_bare())
		skip();
	write_stuck_list(w, 1000000, 50);
	run = start_stuck_run(w, NULL);
	origin_wait(w, "requests", 2);
	for (int i = 0; i < 200; i++)
		world_pause();
	stop_at_once(run);
	assert_true(run->peak_kib > 0);
	assert_true(run->peak_kib <= 16384);
}

/* What waits is not lost when it can go on. */
static void
a_capped_host_gets_all_of_its_requests_in_the_end(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", busy, "/delay/2/9/", 300);
	origin_add_urls(w, "list", other, "/gen/9/", 300);
	origin_add_urls(w, "list", busy, "/gen/8/", 300);
	run = bulkfetch(w, "-c", "10", "--max-per-host", "2", "--look-ahead",
	    "7", "-d", "out", "list", NULL);
	expect_exit(run, 0);
	expect_summary(run, 900, 0, 0);
	expect_urls(w, "out", busy, "/delay/2/9/", 300);
	expect_urls(w, "out", other, "/gen/9/", 300);
	expect_urls(w, "out", busy, "/gen/8/", 300);
	assert_int_equal(origin_stat(w, "requests"), 900);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_host_gets_no_more_requests_at_a_time_than_allowed),
		WORLD_TEST(redirects_count_for_the_host_that_they_lead_to),
		WORLD_TEST(retry_after_parks_its_host_and_no_other),
		WORLD_TEST(retry_after_may_be_a_date),
		WORLD_TEST(
		    a_host_is_parked_even_by_a_request_that_is_not_tried_again),
		WORLD_TEST(retry_after_of_other_statuses_parks_nobody),
		WORLD_TEST(retry_after_that_says_nothing_is_passed_over),
		WORLD_TEST(a_host_that_asks_for_too_long_is_given_up),
		WORLD_TEST(a_host_that_fails_to_connect_so_often_is_given_up),
		WORLD_TEST(a_host_that_answers_now_and_then_is_not_given_up),
		WORLD_TEST(others_go_on_as_far_as_the_look_ahead_reaches),
		WORLD_TEST(a_stuck_host_of_a_million_urls_costs_no_memory),
		WORLD_TEST(a_capped_host_gets_all_of_its_requests_in_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
