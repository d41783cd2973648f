/* TLS that is spoiled on its way, and servers that speak something else. */
#include "harness.h"
#include "https.h"
#include "pki.h"
#include "relay.h"
#include "tls_server.h"

#include <stdio.h>
#include <unistd.h>

#define VERSIONS 2

/* Within what a server says before a handshake is done, in any version. */
static const uint64_t early[] = { 0, 1, 5, 100, 300, 600 };

/* From case to case: under valgrind each takes seconds. */
static size_t
stride(void)
{
	return run_is_wrapped() ? 3 : 1;
}

/* nginx for one version alone, in front of an origin. */
static void
start(struct world *w, struct nginx *nginx, size_t version)
{
	static const char *const versions[VERSIONS] = { "TLSv1.2", "TLSv1.3" };

	if (!pki_make(w))
		skip();
	if (w->port == 0)
		origin_start(w, NULL, NULL);
	if (!tls_nginx_start(w, nginx, "localhost",
		world_text(
		    w, "ssl_protocols %s; " TLS_TO_ORIGIN, versions[version])))
		skip();
}

/* A relay for one run, in front of `port`. */
static struct run *
fetch_spoiled(struct world *w, unsigned port, const struct relay_plan *plan,
    const char *target, const char *option, const char *value)
{
	struct relay relay;
	struct run *run;
	unsigned least = plan->spoils;

	relay_start(w, &relay, port, plan);
	run = https_fetch(w, tls_url(w, relay.port, "localhost", target),
	    option, value, NULL);
	if (run->status == 0 && world_has(w, "out") &&
	    strncmp(target, "/gen/", 5) == 0)
		expect_generated_from(w, "out",
		    world_text(w, "localhost:%u", relay.port), target);
	if (plan->trick != RELAY_PASS && plan->trick != RELAY_SPLIT &&
	    relay.seen->tricked < (least > 0 ? least : 1))
		fail_msg("the trick was not played");
	relay_stop(w, &relay);
	return run;
}

/* ---- Octets and records -------------------------------------------------- */

static void
octets_may_come_one_by_one(void **state)
{
	const struct relay_plan plan = { .trick = RELAY_SPLIT };
	struct world *w = *state;

	for (size_t v = 0; v < VERSIONS; v++) {
		struct nginx nginx;

		start(w, &nginx, v);
		expect_fetched(fetch_spoiled(
		    w, nginx.port, &plan, "/gen/300/a", NULL, NULL));
		nginx_stop(w, &nginx);
	}
}

static void
a_wrong_bit_is_found_and_another_try_is_right(void **state)
{
	/* The first records of 1.3 are of the handshake. */
	static const uint64_t ats[VERSIONS][3] = { { 0, 1, 20 }, { 6, 7, 20 } };
	struct world *w = *state;

	for (size_t v = 0; v < VERSIONS; v++) {
		struct nginx nginx;

		start(w, &nginx, v);
		for (size_t i = 0; i < COUNT(ats[v]); i++) {
			struct relay_plan plan = { .trick = RELAY_FLIP,
				.at = ats[v][i] };
			struct run *run;

			run = fetch_spoiled(w, nginx.port, &plan,
			    "/gen/300000/a", "--retry", "0");
			expect_failed(run, "reset", NULL, NULL);
			plan.spoils = 1;
			run = fetch_spoiled(
			    w, nginx.port, &plan, "/gen/300000/a", NULL, NULL);
			expect_fetched(run);
			assert_int_equal(https_tries(run), 2);
		}
		nginx_stop(w, &nginx);
	}
}

static void
a_wrong_bit_in_the_handshake_is_found(void **state)
{
	const struct relay_plan plan = { .trick = RELAY_FLIP, .at = 1 };
	struct world *w = *state;
	struct nginx nginx;

	start(w, &nginx, 1);
	expect_failed(
	    fetch_spoiled(w, nginx.port, &plan, "/gen/9/a", "--retry", "0"),
	    "tls", "tls", NULL);
}

/* ---- Alerts -------------------------------------------------------------- */

static void
an_alert_is_told_by_its_name(void **state)
{
	static const struct {
		uint8_t alert;
		const char *says;
	} rows[] = {
		{ 40, "handshake_failure" },
		{ 42, "bad_certificate" },
		{ 48, "unknown_ca" },
		{ 49, "access_denied" },
		{ 70, "protocol_version" },
		{ 71, "insufficient_security" },
		{ 80, "internal_error" },
		{ 112, "unrecognized_name" },
		{ 120, "no_application_protocol" },
		/* There is none such. */
		{ 200, "200" },
	};
	struct world *w = *state;

	for (size_t v = 0; v < VERSIONS; v++) {
		struct nginx nginx;

		start(w, &nginx, v);
		for (size_t i = 0; i < COUNT(rows); i += stride()) {
			struct relay_plan plan = { .trick = RELAY_ALERT,
				.alert = rows[i].alert };

			expect_failed(fetch_spoiled(w, nginx.port, &plan,
					  "/gen/9/a", "--retry", "0"),
			    "tls", "tls", rows[i].says);
		}
		nginx_stop(w, &nginx);
	}
}

static void
an_alert_may_come_at_any_stage(void **state)
{
	/* Those in the clear: in 1.2 ServerHello, Certificate,
	 * ServerKeyExchange, ServerHelloDone. */
	static const uint64_t clear[VERSIONS] = { 4, 1 };
	struct world *w = *state;

	for (size_t v = 0; v < VERSIONS; v++) {
		struct nginx nginx;

		start(w, &nginx, v);
		for (uint64_t at = 0; at < 12; at += stride()) {
			struct relay_plan plan = {
				.trick = RELAY_ALERT, .at = at, .alert = 40
			};
			struct run *run = fetch_spoiled(w, nginx.port, &plan,
			    "/gen/300000/a", "--retry", "0");
			struct slice record;
			struct records r;

			expect_exit(run, 4);
			assert_int_equal(world_count_files(w, "out"), 0);
			r = records_read(w, "log");
			record = records_find(&r, "ok", "false");
			if (at < clear[v]) {
				expect_says(run, "handshake_failure");
				expect_member(&r, record, "error", "tls");
				expect_member(&r, record, "stage", "tls");
				continue;
			}
			/* Where all is sealed, an alert in the clear is a
			 * broken record. */
			expect_member(&r, record, "error",
			    strcmp(json_get(w, record, "stage"), "tls") == 0
				? "tls"
				: "reset");
		}
		nginx_stop(w, &nginx);
	}
}

/* ---- Cuts ---------------------------------------------------------------- */

static void
a_handshake_that_is_cut_is_a_failed_connection(void **state)
{
	static const enum relay_trick tricks[] = { RELAY_FIN, RELAY_RESET };
	struct world *w = *state;

	for (size_t v = 0; v < VERSIONS; v++) {
		struct nginx nginx;

		start(w, &nginx, v);
		for (size_t i = 0; i < COUNT(early) * COUNT(tricks);
		     i += stride()) {
			struct relay_plan plan = {
				.trick = tricks[i / COUNT(early)],
				.at = early[i % COUNT(early)],
			};
			struct run *run;

			run = fetch_spoiled(
			    w, nginx.port, &plan, "/gen/9/a", "--retry", "0");
			expect_failed(run, "connect", "tls", NULL);
			plan.spoils = 1;
			run = fetch_spoiled(
			    w, nginx.port, &plan, "/gen/9/a", NULL, NULL);
			expect_fetched(run);
			assert_int_equal(https_tries(run), 2);
		}
		nginx_stop(w, &nginx);
	}
}

static void
a_body_that_is_cut_leaves_no_file(void **state)
{
	static const struct {
		enum relay_trick trick;
		const char *error;
	} rows[] = { { RELAY_FIN, "truncated" }, { RELAY_RESET, "reset" } };
	struct world *w = *state;

	for (size_t v = 0; v < VERSIONS; v++) {
		struct nginx nginx;

		start(w, &nginx, v);
		for (size_t i = 0; i < COUNT(rows); i++) {
			struct relay_plan plan = { .trick = rows[i].trick,
				.at = 100000 };
			struct run *run;

			run = fetch_spoiled(w, nginx.port, &plan,
			    "/gen/300000/a", "--retry", "0");
			expect_failed(run, rows[i].error, "body", NULL);
			plan.spoils = 1;
			run = fetch_spoiled(
			    w, nginx.port, &plan, "/gen/300000/a", NULL, NULL);
			expect_fetched(run);
			assert_int_equal(https_tries(run), 2);
		}
		nginx_stop(w, &nginx);
	}
}

/* ---- The end of a connection --------------------------------------------- */

/* Whole answers, as s_server sends them, and whether they tell their end. */
static const struct {
	const char *name;
	const char *octets;
	const char *body;
	bool tells_end;
} answers[] = {
	{ "close", "HTTP/1.1 200 OK\r\n\r\nhello", "hello", false },
	{ "nothing", "HTTP/1.1 200 OK\r\n\r\n", "", false },
	{ "old", "HTTP/1.0 200 OK\r\nServer: x\r\n\r\nhello", "hello", false },
	{ "length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
	    "hello", true },
	{ "closing",
	    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n"
	    "\r\nhello",
	    "hello", true },
	{ "chunked",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
	    "hello", true },
	{ "empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true },
};

static void
start_files(struct world *w, struct tls_server *s, size_t version)
{
	static const char *const versions[VERSIONS] = { "-tls1_2", "-tls1_3" };
	const char *options[] = { "-HTTP", versions[version], NULL };

	if (!pki_make(w))
		skip();
	for (size_t i = 0; i < COUNT(answers); i++)
		world_write(w, answers[i].name, answers[i].octets);
	if (!tls_server_start(w, s, "localhost", false, options))
		skip();
}

static void
expect_answer(struct world *w, unsigned port, size_t i)
{
	expect_text_file(w,
	    world_text(w, "out/localhost:%u/%s", port, answers[i].name),
	    answers[i].body);
}

static void
close_notify_ends_a_body(void **state)
{
	struct world *w = *state;

	for (size_t v = 0; v < VERSIONS; v++) {
		struct tls_server s;

		start_files(w, &s, v);
		for (size_t i = 0; i < COUNT(answers); i++) {
			expect_fetched(https_fetch(w,
			    tls_url(w, s.port, "localhost",
				world_text(w, "/%s", answers[i].name)),
			    NULL));
			expect_answer(w, s.port, i);
		}
		tls_server_stop(w, &s);
	}
}

static void
without_close_notify_only_a_body_that_tells_its_end_is_whole(void **state)
{
	const struct relay_plan plan = { .trick = RELAY_MUTE };
	struct world *w = *state;

	for (size_t v = 0; v < VERSIONS; v++) {
		struct tls_server s;

		start_files(w, &s, v);
		for (size_t i = 0; i < COUNT(answers); i++) {
			struct relay relay;
			struct run *run;

			relay_start(w, &relay, s.port, &plan);
			run = https_fetch(w, "--retry", "0",
			    tls_url(w, relay.port, "localhost",
				world_text(w, "/%s", answers[i].name)),
			    NULL);
			if (answers[i].tells_end) {
				expect_fetched(run);
				expect_answer(w, relay.port, i);
			} else {
				assert_int_equal(relay.seen->tricked, 1);
				expect_failed(
				    run, "truncated", NULL, "close_notify");
			}
			relay_stop(w, &relay);
		}
		tls_server_stop(w, &s);
	}
}

/* ---- Silence ------------------------------------------------------------- */

static void
a_handshake_has_to_be_done_in_time(void **state)
{
	struct world *w = *state;

	for (size_t v = 0; v < VERSIONS; v++) {
		struct nginx nginx;

		start(w, &nginx, v);
		for (size_t i = 0; i < COUNT(early); i += 2) {
			struct relay_plan plan = { .trick = RELAY_STALL,
				.at = early[i] };
			struct relay relay;
			struct run *run;

			relay_start(w, &relay, nginx.port, &plan);
			run = https_fetch(w, "--retry", "0",
			    "--connect-timeout", "0.4",
			    tls_url(w, relay.port, "localhost", "/gen/9/a"),
			    NULL);
			expect_failed(run, "timeout", "tls", NULL);
			assert_in_range(run->took_ms, 390, 20000);
			relay_stop(w, &relay);
		}
		nginx_stop(w, &nginx);
	}
}

static void
another_try_is_not_held_up_by_a_handshake_that_was(void **state)
{
	const struct relay_plan plan = {
		.trick = RELAY_STALL, .at = 100, .spoils = 1
	};
	struct world *w = *state;
	struct nginx nginx;
	struct run *run;

	start(w, &nginx, 1);
	run = fetch_spoiled(w, nginx.port, &plan, "/gen/9/a",
	    "--connect-timeout", world_text(w, "%d", run_slowness()));
	expect_fetched(run);
	assert_int_equal(https_tries(run), 2);
}

static void
silence_in_a_body_is_not_waited_for_longer_than_allowed(void **state)
{
	const struct relay_plan plan = { .trick = RELAY_STALL, .at = 100000 };
	struct world *w = *state;

	for (size_t v = 0; v < VERSIONS; v++) {
		struct nginx nginx;
		struct relay relay;

		start(w, &nginx, v);
		relay_start(w, &relay, nginx.port, &plan);
		expect_failed(
		    https_fetch(w, "--retry", "0", "--idle-timeout", "0.4",
			tls_url(w, relay.port, "localhost", "/gen/300000/a"),
			NULL),
		    "timeout", "body", NULL);
		relay_stop(w, &relay);
		nginx_stop(w, &nginx);
	}
}

/* ---- What is no TLS ------------------------------------------------------ */

static void
what_is_no_tls_is_a_named_failure(void **state)
{
	static const struct {
		const char *moves; /* of the origin, for a connection */
		const char *error;
	} rows[] = {
		{ "send \"HTTP/1.1 400 Bad Request\\r\\n\\r\\n\"; close",
		    "tls" },
		{ "send \"SSH-2.0-no\\r\\n\"; close", "tls" },
		{ "send \"SSH-2.0-no\\r\\n\"; stall", "tls" },
		{ "send \"\\x00\\xff\\x17\\xa3\\x8c\\x01\\x99\\x7e\"; close",
		    "tls" },
		/* As many octets as no record has. */
		{ "send \"\\x16\\x03\\x03\\xff\\xff\"; stall", "tls" },
		{ "forever { send \"\\x16\\x03\\x03\\x00\\x00\" }", "tls" },
		/* Warnings, on and on. */
		{ "forever { send \"\\x15\\x03\\x03\\x00\\x02\\x01\\x5a\" }",
		    "tls" },
		/* A handshake message of 16 MiB. */
		{ "send \"\\x16\\x03\\x03\\x00\\x04\\x02\\xff\\xff\\xff\"; "
		  "forever { send \"\\x16\\x03\\x03\\x00\\x04zzzz\" }",
		    "tls" },
		{ "close", "connect" },
	};
	struct world *w = *state;

	if (!pki_make(w))
		skip();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct run *run;

		origin_start(
		    w, world_text(w, "@127.0.0.9: %s\n", rows[i].moves), NULL);
		run = https_fetch(w, "--retry", "0", "--connect-timeout", "20",
		    tls_url(w, w->port, "127.0.0.9", "/gen/9/a"), NULL);
		expect_failed(run, rows[i].error, "tls", NULL);
		if (run->took_ms > 10000 * run_slowness())
			fail_msg(
			    "row %zu took %lld ms", i, (long long)run->took_ms);
	}
}

static void
the_wrong_scheme_for_a_port_is_a_named_failure(void **state)
{
	struct world *w = *state;
	struct tls_server s;
	struct nginx nginx;

	if (!pki_make(w))
		skip();
	world_mkdir(w, "www");
	world_write(w, "www/a", "hello");
	if (!nginx_start(w, &nginx, "www", "", ""))
		skip();
	expect_failed(https_fetch(w, "--retry", "0",
			  tls_url(w, nginx.port, "127.0.0.1", "/a"), NULL),
	    "tls", "tls", NULL);
	nginx_stop(w, &nginx);
	/* nginx knows what that is, s_server does not. */
	if (!tls_nginx_start(w, &nginx, "localhost", ""))
		skip();
	expect_failed(
	    https_fetch(w, "--retry", "0",
		world_text(w, "http://127.0.0.1:%u/a", nginx.port), NULL),
	    "status", NULL, "400");
	if (!tls_server_start_files(w, &s, "localhost"))
		skip();
	expect_exit(https_fetch(w, "--retry", "0",
			world_text(w, "http://127.0.0.1:%u/a", s.port), NULL),
	    4);
	assert_int_equal(world_count_files(w, "out"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(octets_may_come_one_by_one),
		WORLD_TEST(a_wrong_bit_is_found_and_another_try_is_right),
		WORLD_TEST(a_wrong_bit_in_the_handshake_is_found),
		WORLD_TEST(an_alert_is_told_by_its_name),
		WORLD_TEST(an_alert_may_come_at_any_stage),
		WORLD_TEST(a_handshake_that_is_cut_is_a_failed_connection),
		WORLD_TEST(a_body_that_is_cut_leaves_no_file),
		WORLD_TEST(close_notify_ends_a_body),
		WORLD_TEST(
		    without_close_notify_only_a_body_that_tells_its_end_is_whole),
		WORLD_TEST(a_handshake_has_to_be_done_in_time),
		WORLD_TEST(another_try_is_not_held_up_by_a_handshake_that_was),
		WORLD_TEST(
		    silence_in_a_body_is_not_waited_for_longer_than_allowed),
		WORLD_TEST(what_is_no_tls_is_a_named_failure),
		WORLD_TEST(the_wrong_scheme_for_a_port_is_a_named_failure),
	};

	return cmocka_run_group_tests(tests, NULL, pki_remove);
}
