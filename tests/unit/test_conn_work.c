/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect */
#include "exact.h"

#include "conn_bench.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define HELLO OK "Content-Length: 5\r\n\r\nhello"

static void
run_once(void)
{
	assert_false(err_is(reactor_run_once(bench.reactor, true)));
}

/* Up to where the exchange is busy, with `turns` of work before it. */
static void
until_busy(struct talk *t, struct conn *c, unsigned turns, const char *said)
{
	talk_init(t);
	talk_until_head(t, c);
	t->turns = turns;
	fake_say_str(fake_peer_count - 1, said);
	for (int i = 0; i < 100 && !t->exchange.is_busy; i++)
		run_once();
	assert_true(t->exchange.is_busy);
	assert_int_equal(c->state, CONN_BODY);
	assert_int_equal(t->works, 0);
}

/* ---- Its turns ---------------------------------------------------------- */

static void
a_busy_exchange_has_one_turn_a_batch(void **state)
{
	static const char *const said[] = {
		HELLO,
		OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(said); i++) {
		struct talk t;
		struct conn c;

		until_busy(&t, &c, 5, said[i]);
		for (unsigned turn = 1; turn <= 5; turn++) {
			assert_int_equal(t.dones, 0);
			assert_false(watch_is_added(&c.watch));
			run_once();
			assert_int_equal(fake_timeout_ms, 0);
			assert_int_equal(t.works, turn);
		}
		assert_int_equal(t.dones, 1);
		assert_false(err_is(t.err));
		assert_true(t.was_open);
		assert_int_equal(t.pieces, 1);
		/* It is watched again, and good for another one. */
		talk_fini(&t);
		talk_init(&t);
		talk_begin(&t, &c);
		fake_say_str(fake_peer_count - 1, HELLO);
		bench_run();
		assert_int_equal(t.dones, 1);
		assert_int_equal(t.works, 0);
		conn_close(&c);
		talk_fini(&t);
	}
}

static void
nothing_is_received_meanwhile(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	until_busy(&t, &c, 3, OK "Content-Length: 5\r\n\r\nhe");
	fake_say_str(0, "ll");
	for (unsigned turn = 1; turn <= 3; turn++) {
		expect_slice("body", buf_slice(&t.body), slice_str("he"));
		run_once();
		assert_int_equal(t.works, turn);
	}
	run_once();
	expect_slice("body", buf_slice(&t.body), slice_str("hell"));
	assert_true(t.exchange.is_busy);
	fake_say_str(0, "o");
	bench_run();
	expect_slice("body", buf_slice(&t.body), slice_str("hello"));
	assert_int_equal(t.works, 9);
	assert_int_equal(t.dones, 1);
	assert_false(err_is(t.err));
	conn_close(&c);
	talk_fini(&t);
}

/* An answer before the request is out. */
static void
an_early_answer_may_keep_it_busy(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	talk_until_send(&t, &c);
	t.turns = 3;
	fake_say_str(0, HELLO);
	bench_run();
	assert_int_equal(t.works, 3);
	assert_int_equal(t.dones, 1);
	assert_false(err_is(t.err));
	assert_false(t.was_open);
	exact_free(t.request_body);
	talk_fini(&t);
}

/* ---- Its end ------------------------------------------------------------ */

static void
what_comes_meanwhile_is_seen_afterwards(void **state)
{
	static const struct {
		const char *name;
		const char *said;
		const char *then; /* while it is busy */
		bool closes;
		enum err_kind kind;
		bool was_open;
		const char *body;
	} rows[] = {
		{ "nothing", HELLO, "", false, ERR_NONE, true, "hello" },
		{ "surplus", HELLO "x", "", false, ERR_NONE, false, "hello" },
		{ "late surplus", HELLO, "x", false, ERR_NONE, false, "hello" },
		{ "an end", HELLO, "", true, ERR_NONE, false, "hello" },
		{ "the end of the body", OK "\r\nhello", " all", true, ERR_NONE,
		    false, "hello all" },
		{ "an early end", OK "Content-Length: 9\r\n\r\nhello", "", true,
		    ERR_TRUNCATED, false, "hello" },
		{ "a broken chunk",
		    OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "x",
		    false, ERR_PROTOCOL, false, "hello" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct talk t;
		struct conn c;

		until_busy(&t, &c, 4, rows[i].said);
		fake_say_str(fake_peer_count - 1, rows[i].then);
		if (rows[i].closes)
			fake_close(fake_peer_count - 1);
		for (unsigned turn = 1; turn <= 3; turn++) {
			run_once();
			assert_int_equal(t.dones, 0);
		}
		bench_run();
		expect_kind(rows[i].name, t.err, rows[i].kind);
		expect_slice(
		    rows[i].name, buf_slice(&t.body), slice_str(rows[i].body));
		assert_int_equal(t.dones, 1);
		assert_int_equal(t.was_open, rows[i].was_open);
		assert_false(t.exchange.is_busy);
		conn_close(&c);
		talk_fini(&t);
	}
}

static void
its_failure_ends_the_exchange(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	until_busy(&t, &c, 3, HELLO);
	t.work_err = err_of(ERR_CODING);
	run_once();
	assert_int_equal(t.works, 1);
	assert_int_equal(t.dones, 1);
	expect_kind("work", t.err, ERR_CODING);
	assert_false(t.was_open);
	assert_int_equal(c.failed_in, CONN_BODY);
	bench_run();
	assert_int_equal(t.works, 1);
	talk_fini(&t);
}

static void
closed_it_has_no_more_turns(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	until_busy(&t, &c, 10, HELLO);
	run_once();
	conn_close(&c);
	bench_run();
	assert_int_equal(t.works, 1);
	assert_int_equal(t.dones, 0);
	talk_fini(&t);
}

/* ---- Deadlines ---------------------------------------------------------- */

/* Those of before go on where they were, whatever the work took. */
static void
its_work_is_not_the_peers_silence(void **state)
{
	static const struct {
		const char *said;
		int64_t head_ms;
		uint64_t speed_len; /* in 500 ms */
		int64_t ends_ms;    /* after the work */
		const char *why;
	} rows[] = {
		{ OK "Content-Length: 9\r\n\r\nhello", 100, 0, 800,
		    "--idle-timeout" },
		{ OK "Content-Length: 9\r\n\r\nhello", 100, 9, 500,
		    "--speed-limit" },
		{ OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT:",
		    300, 0, 300, "trailers" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct talk t;
		struct conn c;
		int64_t at_ms = 0;

		bench.env.idle_timeout_ms = 800;
		bench.env.head_timeout_ms = rows[i].head_ms;
		bench.env.speed_len = rows[i].speed_len;
		bench.env.speed_time_ms = 500;
		until_busy(&t, &c, 20, rows[i].said);
		for (unsigned turn = 1; turn <= 20; turn++) {
			fake_now_ms += 700;
			run_once();
			assert_int_equal(t.works, turn);
			assert_int_equal(t.dones, 0);
		}
		while (t.dones == 0 && at_ms < 2000) {
			at_ms += 100;
			bench_run_after(100);
		}
		assert_int_equal(at_ms, rows[i].ends_ms);
		expect_kind("deadline", t.err, ERR_TIMEOUT);
		assert_non_null(strstr(t.err.why, rows[i].why));
		talk_fini(&t);
	}
}

static void
the_deadline_of_the_whole_holds(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	bench.env.idle_timeout_ms = 100;
	talk_init(&t);
	t.exchange.deadline_ms = FAKE_START_MS + 5000;
	talk_until_head(&t, &c);
	t.turns = 1000;
	fake_say_str(0, HELLO);
	run_once();
	for (int i = 0; i < 49; i++) {
		fake_now_ms += 100;
		run_once();
		assert_int_equal(t.dones, 0);
	}
	fake_now_ms += 100;
	run_once();
	assert_int_equal(t.dones, 1);
	expect_kind("deadline", t.err, ERR_TIMEOUT);
	assert_non_null(strstr(t.err.why, "--max-time"));
	assert_int_equal(t.works, 49);
	bench_run();
	assert_int_equal(t.works, 49);
	talk_fini(&t);
}

/* ---- With others -------------------------------------------------------- */

static void
others_go_on_meanwhile(void **state)
{
	struct talk busy;
	struct talk t;
	struct conn c[2];

	(void)state;
	until_busy(&busy, &c[0], 100, HELLO);
	talk_init(&t);
	talk_until_head(&t, &c[1]);
	fake_say_str(1, HELLO);
	bench_run();
	assert_int_equal(t.dones, 1);
	assert_int_equal(busy.dones, 0);
	conn_close(&c[0]);
	conn_close(&c[1]);
	talk_fini(&busy);
	talk_fini(&t);
}

/* Both pause it, one after the other. */
static void
works_under_a_throttle(void **state)
{
	struct talk t;
	struct conn c;
	struct slice body = bench_octets('x', 3000);
	int64_t begun_ms;

	(void)state;
	assert_false(err_is(throttle_set_rate(&bench.env.throttle, 1000)));
	until_busy(&t, &c, 3, OK "Content-Length: 3000\r\n\r\n.");
	begun_ms = fake_now_ms;
	fake_say(0, slice_from(body, 1));
	for (int i = 0; i < 100000 && t.dones == 0; i++)
		run_once();
	assert_int_equal(t.dones, 1);
	assert_false(err_is(t.err));
	assert_int_equal(t.body.len, 3000);
	assert_true(t.works > 3 * 2 && t.works == 3 * t.pieces);
	assert_in_range(fake_now_ms - begun_ms, 2500, 3500);
	conn_close(&c);
	talk_fini(&t);
	exact_free(body);
}

/* A stream that takes all and gives it in pieces of two, as TLS may. */
static struct {
	const struct stream_ops *tcp;
	uint8_t octets[256];
	size_t len;
	size_t at;
} hoard;

static struct stream_io
hoard_recv(struct stream *s, void *to, size_t cap)
{
	size_t len;

	if (hoard.at == hoard.len) {
		struct stream_io io =
		    hoard.tcp->recv(s, hoard.octets, sizeof(hoard.octets));

		if (io.status != STREAM_OK)
			return io;
		hoard.at = 0;
		hoard.len = io.len;
	}
	len = hoard.len - hoard.at < 2 ? hoard.len - hoard.at : 2;
	assert_true(cap >= len);
	memcpy(to, hoard.octets + hoard.at, len);
	hoard.at += len;
	s->has_more = hoard.at < hoard.len;
	return stream_ok(len);
}

static void
wrap_stream(struct conn *c)
{
	static struct stream_ops ops;

	hoard.tcp = c->stream.ops;
	ops = *hoard.tcp;
	ops.recv = hoard_recv;
	c->stream.ops = &ops;
}

static void
what_the_stream_holds_waits_as_well(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	bench.before_start = wrap_stream;
	until_busy(&t, &c, 2, OK "Content-Length: 9\r\n\r\nhello all");
	for (unsigned turn = 1; t.dones == 0; turn++) {
		assert_true(turn < 100);
		run_once();
		assert_int_equal(fake_timeout_ms, 0);
		assert_int_equal(t.works, turn);
	}
	assert_false(err_is(t.err));
	assert_true(t.was_open);
	expect_slice("body", buf_slice(&t.body), slice_str("hello all"));
	assert_int_equal(t.works, 2 * t.pieces);
	assert_in_range(t.pieces, 4, 6);
	conn_close(&c);
	talk_fini(&t);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_busy_exchange_has_one_turn_a_batch),
		TEST(nothing_is_received_meanwhile),
		TEST(an_early_answer_may_keep_it_busy),
		TEST(what_comes_meanwhile_is_seen_afterwards),
		TEST(its_failure_ends_the_exchange),
		TEST(closed_it_has_no_more_turns),
		TEST(its_work_is_not_the_peers_silence),
		TEST(the_deadline_of_the_whole_holds),
		TEST(others_go_on_meanwhile),
		TEST(works_under_a_throttle),
		TEST(what_the_stream_holds_waits_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
