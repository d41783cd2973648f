/* Connections that die, requests that are answered early, and time. */
#include "harness.h"

#include <stdio.h>
#include <unistd.h>

/* ---- Connections that die ----------------------------------------------- */

static void
a_reused_connection_that_dies_is_replaced_at_once(void **state)
{
	struct world *w = *state;
	struct records r;
	struct run *run;

	origin_start(w,
	    "/closed on 1: close\n/closed: head 200 \"Content-Length: 2\"; "
	    "body 2\n"
	    "/reset on 1: reset\n/reset: head 200 \"Content-Length: 2\"; "
	    "body 2\n"
	    "/late on 1: send \"H\"; reset\n",
	    NULL);
	run = bulkfetch(w, "--retry", "0", "-c", "1", "-d", "out", "--log",
	    "log", origin_url(w, "/gen/1/a"), origin_url(w, "/closed"),
	    origin_url(w, "/gen/1/b"), origin_url(w, "/reset"),
	    origin_url(w, "/gen/1/c"), origin_url(w, "/late"), NULL);
	expect_exit(run, 1);
	expect_summary(run, 5, 0, 1);
	expect_pattern(
	    w, world_text(w, "out/%s/closed", origin_host(w)), "/closed", 2);
	expect_pattern(
	    w, world_text(w, "out/%s/reset", origin_host(w)), "/reset", 2);
	assert_int_equal(origin_count(w, "/closed"), 2);
	assert_int_equal(origin_count(w, "/reset"), 2);
	assert_int_equal(origin_count(w, "/late"), 1);
	r = records_read(w, "log");
	assert_int_equal(r.count, 6);
}

static void
a_fresh_connection_that_dies_is_a_failure(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, "/reset: reset\n/close: close\n", NULL);
	run = bulkfetch(w, "--retry", "0", "-c", "2", "-d", "out",
	    origin_url(w, "/reset"), origin_url(w, "/close"), NULL);
	expect_exit(run, 4);
	assert_int_equal(origin_stat(w, "requests"), 2);
}

/* RFC 9110, section 9.2.2: it may have had its effect. */
static void
a_request_that_is_not_idempotent_is_not_sent_again(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, "/post: reset\n", NULL);
	run = bulkfetch(w, "-c", "1", "-X", "POST", "-d", "out",
	    origin_url(w, "/gen/1/a"), origin_url(w, "/post"), NULL);
	expect_exit(run, 1);
	assert_int_equal(origin_count(w, "/post"), 1);
}

static void
what_comes_before_the_request_is_not_its_response(void **state)
{
	struct world *w = *state;
	struct records r;
	struct run *run;

	origin_start(w,
	    "@127.0.0.9: send \"SSH-2.0-no\\r\\n\"; close\n"
	    "@127.0.0.8: close\n"
	    "@127.0.0.7: reset\n"
	    "@127.0.0.6: stall\n",
	    NULL);
	run = bulkfetch(w, "--retry", "0", "-d", "out", "--log", "log",
	    "--head-timeout", "1",
	    world_text(w, "http://127.0.0.9:%u/gen/1/a", w->port),
	    world_text(w, "http://127.0.0.8:%u/gen/1/a", w->port),
	    world_text(w, "http://127.0.0.7:%u/gen/1/a", w->port),
	    world_text(w, "http://127.0.0.6:%u/gen/1/a", w->port),
	    world_text(w, "http://127.0.0.5:%u/gen/1/a", w->port), NULL);
	expect_exit(run, 1);
	expect_summary(run, 1, 0, 4);
	r = records_read(w, "log");
	expect_member(
	    &r, records_find(&r, "ip", "127.0.0.9"), "error", "protocol");
	expect_member(
	    &r, records_find(&r, "ip", "127.0.0.6"), "error", "timeout");
	expect_member(&r, records_find(&r, "ip", "127.0.0.5"), "ok", "true");
}

/* A body sent to a server that does not wait for its end. */
static void
an_answer_before_the_end_of_the_request_counts(void **state)
{
	static char data[8 << 20];
	struct world *w = *state;
	struct records r;
	struct run *run;

	memset(data, 'x', sizeof(data));
	origin_start(w,
	    "/early early: head 200 \"Content-Length: 2\"; body 2\n"
	    "/closed early: head 413 \"Content-Length: 0\" \"Connection: "
	    "close\"; close\n",
	    NULL);
	world_write_octets(w, "data", slice_of(data, sizeof(data)));
	run = bulkfetch(w, "-c", "1", "-d", "out", "--log", "log",
	    "--data-file", "data", origin_url(w, "/early"),
	    origin_url(w, "/closed"), origin_url(w, "/gen/5/a"), NULL);
	expect_exit(run, 1);
	r = records_read(w, "log");
	expect_member(
	    &r, records_find(&r, "url", origin_url(w, "/early")), "ok", "true");
	expect_member(&r, records_find(&r, "url", origin_url(w, "/closed")),
	    "status", "413");
	expect_generated(w, "out", "/gen/5/a");
}

/* ---- Time --------------------------------------------------------------- */

static void
timeouts_are_those_asked_for(void **state)
{
	struct world *w = *state;
	unsigned full;
	int listener = world_listen(w, true, &full);
	struct records r;
	struct run *run;
	long long ms;

	origin_start(w,
	    "/drip: head 200 \"Content-Length: 1000000\"; drip 20;"
	    "body 1000000\n",
	    NULL);
	run = bulkfetch(w, "--retry", "0", "-d", "out", "--log", "log",
	    "--connect-timeout", "0.6", "--max-time", "1.2",
	    world_text(w, "http://127.0.0.1:%u/", full), origin_url(w, "/drip"),
	    origin_url(w, "/gen/5/a"), NULL);
	expect_exit(run, 1);
	r = records_read(w, "log");
	expect_member(
	    &r, records_find(&r, "stage", "connect"), "error", "timeout");
	ms = record_number(&r, records_find(&r, "stage", "connect"), "total");
	assert_in_range(ms, 600, 1100 * run_slowness());
	expect_member(
	    &r, records_find(&r, "stage", "body"), "error", "timeout");
	ms = record_number(&r, records_find(&r, "stage", "body"), "total");
	assert_in_range(ms, 1200, 2000 * run_slowness());
	assert_int_equal(close(listener), 0);
}

static void
a_port_that_nobody_listens_on_is_refused(void **state)
{
	struct world *w = *state;
	unsigned port;
	int listener = world_listen(w, false, &port);
	struct run *run;

	assert_int_equal(close(listener), 0);
	run = bulkfetch(w, "--retry", "0", "-d", "out", "--log", "log",
	    world_text(w, "http://127.0.0.1:%u/", port), NULL);
	expect_exit(run, 4);
	expect_says(run, "connect: Connection refused");
	assert_int_equal(world_count_files(w, "out"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_reused_connection_that_dies_is_replaced_at_once),
		WORLD_TEST(a_fresh_connection_that_dies_is_a_failure),
		WORLD_TEST(a_request_that_is_not_idempotent_is_not_sent_again),
		WORLD_TEST(what_comes_before_the_request_is_not_its_response),
		WORLD_TEST(an_answer_before_the_end_of_the_request_counts),
		WORLD_TEST(timeouts_are_those_asked_for),
		WORLD_TEST(a_port_that_nobody_listens_on_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
