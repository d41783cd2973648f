/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect */
#include "exact.h"

#include "conn_bench.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define HELLO OK "Content-Length: 5\r\n\r\nhello"

enum silence {
	SILENT_CONNECT,
	SILENT_SEND,
	SILENT_INTERIM, /* reads nothing, but says 100 every second */
	SILENT_HEAD,
	SILENT_DRIP_HEAD, /* an octet a second */
	SILENT_BODY,
	SILENT_DRIP_BODY,
	SILENT_DRIP_CHUNKS,
	SILENT_DRIP_LAST,    /* in the extension of the last chunk */
	SILENT_DRIP_TRAILER, /* in a trailer field */
	SILENCES
};

/* What comes before the dripping, if anything does. */
static const char *const beginnings[SILENCES] = {
	[SILENT_BODY] = OK "Content-Length: 1000000\r\n\r\n",
	[SILENT_DRIP_BODY] = OK "Content-Length: 1000000\r\n\r\n",
	[SILENT_DRIP_CHUNKS] =
	    OK "Transfer-Encoding: chunked\r\n\r\n40000000\r\n",
	[SILENT_DRIP_LAST] =
	    OK "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0;",
	[SILENT_DRIP_TRAILER] = OK "Transfer-Encoding: chunked\r\n\r\n0\r\nT: ",
};

static bool
is_dripping(enum silence silence)
{
	return silence == SILENT_DRIP_HEAD || silence == SILENT_DRIP_BODY ||
	    silence == SILENT_DRIP_CHUNKS || silence == SILENT_DRIP_LAST ||
	    silence == SILENT_DRIP_TRAILER;
}

static void
reach(enum silence silence, struct talk *t, struct conn *c)
{
	if (silence == SILENT_CONNECT) {
		fake_plan.fate = FAKE_HANGS;
		fake_plan.times = 1;
		assert_false(err_is(talk_connect(t, c)));
		bench_run();
		assert_int_equal(c->state, CONN_CONNECT);
	} else if (silence == SILENT_SEND || silence == SILENT_INTERIM) {
		talk_until_send(t, c);
	} else {
		talk_until_head(t, c);
	}
	if (beginnings[silence] != NULL) {
		fake_say_str(0, beginnings[silence]);
		bench_run();
		assert_int_equal(c->state, CONN_BODY);
	}
}

static void
each_deadline_ends_what_it_is_for(void **state)
{
	static const struct {
		enum silence silence;
		int64_t connect_ms; /* the timeouts, 0: none */
		int64_t head_ms;
		int64_t idle_ms;
		int64_t max_ms;
		int64_t ends_ms; /* after so long */
		const char *why;
		uint64_t speed_len; /* in 40 s */
	} cases[] = {
		{ SILENT_CONNECT, 10000, 0, 0, 0, 10000, "--connect-timeout",
		    0 },
		{ SILENT_CONNECT, 10000, 5, 5, 0, 10000, "--connect-timeout",
		    0 },
		{ SILENT_CONNECT, 10000, 0, 0, 7000, 7000, "--max-time", 0 },
		{ SILENT_SEND, 5, 5, 30000, 0, 30000, "--idle-timeout", 0 },
		{ SILENT_SEND, 5, 5, 30000, 7000, 7000, "--max-time", 0 },
		{ SILENT_INTERIM, 5, 5, 30000, 0, 30000, "--idle-timeout", 0 },
		{ SILENT_HEAD, 5, 60000, 30000, 0, 30000, "--idle-timeout", 0 },
		{ SILENT_HEAD, 5, 20000, 30000, 0, 20000, "--head-timeout", 0 },
		{ SILENT_HEAD, 5, 20000, 30000, 7000, 7000, "--max-time", 0 },
		{ SILENT_DRIP_HEAD, 5, 60000, 30000, 0, 60000, "--head-timeout",
		    0 },
		{ SILENT_DRIP_HEAD, 5, 60000, 30000, 7000, 7000, "--max-time",
		    0 },
		{ SILENT_BODY, 5, 5, 30000, 0, 30000, "--idle-timeout", 0 },
		{ SILENT_BODY, 5, 5, 30000, 7000, 7000, "--max-time", 0 },
		{ SILENT_DRIP_BODY, 5, 5, 30000, 100000, 100000, "--max-time",
		    0 },
		{ SILENT_DRIP_BODY, 5, 5, 900, 0, 900, "--idle-timeout", 0 },
		/* An octet a second is 40 of them. */
		{ SILENT_DRIP_BODY, 5, 5, 30000, 0, 40000, "--speed-limit",
		    42 },
		{ SILENT_DRIP_BODY, 5, 5, 30000, 170000, 170000, "--max-time",
		    30 },
		{ SILENT_DRIP_CHUNKS, 5, 5, 30000, 0, 40000, "--speed-limit",
		    42 },
		/* Some went out in the first of them. */
		{ SILENT_SEND, 5, 5, 0, 0, 80000, "--speed-limit", 1 },
		/* What is still silent is told so, at its own time. */
		{ SILENT_BODY, 5, 5, 30000, 0, 30000, "--idle-timeout", 1 },
		{ SILENT_DRIP_CHUNKS, 5, 5, 30000, 100000, 100000, "--max-time",
		    0 },
		{ SILENT_DRIP_LAST, 5, 20000, 30000, 0, 20000, "trailers", 0 },
		{ SILENT_DRIP_TRAILER, 5, 20000, 30000, 0, 20000,
		    "--head-timeout", 0 },
		{ SILENT_DRIP_TRAILER, 5, 20000, 30000, 7000, 7000,
		    "--max-time", 0 },
		{ SILENT_DRIP_TRAILER, 5, 20000, 900, 0, 900, "--idle-timeout",
		    0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum silence silence = cases[i].silence;
		struct talk t;
		struct conn c;
		int64_t at_ms = 0;

		bench_open();
		talk_init(&t);
		bench.env.connect_timeout_ms =
		    cases[i].connect_ms > 0 ? cases[i].connect_ms : INT64_MAX;
		bench.env.head_timeout_ms =
		    cases[i].head_ms > 0 ? cases[i].head_ms : INT64_MAX;
		bench.env.idle_timeout_ms =
		    cases[i].idle_ms > 0 ? cases[i].idle_ms : INT64_MAX;
		bench.env.speed_len = cases[i].speed_len;
		bench.env.speed_time_ms = 40000;
		if (cases[i].max_ms > 0)
			t.exchange.deadline_ms =
			    FAKE_START_MS + cases[i].max_ms;
		reach(silence, &t, &c);
		while (t.dones == 0 && at_ms < 200000) {
			at_ms += 100;
			if (is_dripping(silence) && at_ms % 1000 == 0)
				fake_say_str(0, "H");
			if (silence == SILENT_INTERIM && at_ms % 1000 == 0)
				fake_say_str(0, "HTTP/1.1 100 x\r\n\r\n");
			/* An octet that is too late to matter. */
			if (silence == SILENT_DRIP_HEAD && at_ms == 1000)
				fake_say_str(0, "TTP/1.1 200 ");
			bench_run_after(100);
		}
		if (t.err.kind != ERR_TIMEOUT || at_ms != cases[i].ends_ms ||
		    strstr(t.err.why, cases[i].why) == NULL)
			fail_msg("case %zu: %s (%s) after %lld ms", i,
			    err_name(t.err.kind), t.err.why, (long long)at_ms);
		assert_int_equal(t.dones, 1);
		assert_false(t.was_open);
		if (t.request_body.len > 0)
			exact_free(t.request_body);
		talk_fini(&t);
		bench_close();
	}
}

static void
without_timeouts_it_waits_for_ever(void **state)
{
	(void)state;
	for (unsigned silence = 0; silence < SILENCES; silence++) {
		struct talk t;
		struct conn c;

		bench_open();
		talk_init(&t);
		reach((enum silence)silence, &t, &c);
		bench_run_after(INT64_C(1000) * 3600 * 24 * 365);
		assert_int_equal(t.dones, 0);
		conn_close(&c);
		assert_int_equal(t.dones, 0);
		if (t.request_body.len > 0)
			exact_free(t.request_body);
		talk_fini(&t);
		bench_close();
	}
}

static void
a_deadline_does_not_outlive_its_exchange(void **state)
{
	struct talk t;
	struct talk u;
	struct conn c;

	(void)state;
	talk_init(&t);
	talk_init(&u);
	bench.env.idle_timeout_ms = 30000;
	bench.env.head_timeout_ms = 60000;
	t.exchange.deadline_ms = FAKE_START_MS + 5000;
	talk_until_head(&t, &c);
	fake_say_str(0, HELLO);
	bench_run();
	bench_run_after(3600000);
	assert_int_equal(c.state, CONN_IDLE);
	assert_int_equal(bench.idle_ends, 0);
	talk_begin(&u, &c);
	bench_run_after(29999);
	assert_int_equal(u.dones, 0);
	bench_run_after(1);
	assert_int_equal(u.err.kind, ERR_TIMEOUT);
	talk_fini(&t);
	talk_fini(&u);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_deadline_ends_what_it_is_for),
		cmocka_unit_test(without_timeouts_it_waits_for_ever),
		TEST(a_deadline_does_not_outlive_its_exchange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
