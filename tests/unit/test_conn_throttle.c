/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=splice,--wrap=epoll_ctl */
#include "exact.h"

#include <stdio.h>
#include <sys/mman.h>

#include "conn_bench.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CONNS 20

/* More than is taken until the next time; valgrind looks at each octet. */
#define SAID_AT_ONCE ((size_t)64 * 1024)

static unsigned splices;
static unsigned controls;
static int control_errno; /* what adding a descriptor fails with; 0 */

ssize_t __real_splice(int from, off64_t *from_at, int to, off64_t *to_at,
    size_t len, unsigned flags);
ssize_t __wrap_splice(int from, off64_t *from_at, int to, off64_t *to_at,
    size_t len, unsigned flags);
int __real_epoll_ctl(int ep, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int ep, int op, int fd, struct epoll_event *event);

ssize_t
__wrap_splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t len,
    unsigned flags)
{
	splices++;
	return __real_splice(from, from_at, to, to_at, len, flags);
}

int
__wrap_epoll_ctl(int ep, int op, int fd, struct epoll_event *event)
{
	controls++;
	if (op == EPOLL_CTL_ADD && control_errno != 0) {
		errno = control_errno;
		return -1;
	}
	return __real_epoll_ctl(ep, op, fd, event);
}

static void
limit(uint64_t rate)
{
	assert_false(err_is(throttle_set_rate(&bench.env.throttle, rate)));
}

/* Rounds that wait, until so much later. */
static void
run_for(int64_t ms)
{
	int64_t end_ms = fake_now_ms + ms;

	fake_wake_ms = end_ms;
	while (fake_now_ms < end_ms)
		assert_false(err_is(reactor_run_once(bench.reactor, true)));
	fake_wake_ms = INT64_MAX;
}

static bool
is_paused(const struct conn *c)
{
	return !watch_is_added(&c->watch) && conn_is_open(c);
}

/* What a peer has to say, as far as it could say it. */
static struct slice unsaid[CONNS];

static bool
say_more(void)
{
	for (unsigned i = 0; i < fake_peer_count; i++) {
		struct slice some = unsaid[i];

		if (some.len > SAID_AT_ONCE)
			some.len = SAID_AT_ONCE;
		unsaid[i] = slice_from(unsaid[i], fake_offer(i, some));
	}
	return false;
}

/* ---- Responses ---------------------------------------------------------- */

enum shape { SHAPE_LENGTH, SHAPE_CHUNKED, SHAPE_SINK, SHAPE_HEAD, SHAPES };

/* A response of that shape whose body, or head, has `len` octets. */
static void
build(enum shape shape, struct slice body, struct buf *out)
{
	char text[64];
	int len = 0;

	buf_init(out, SIZE_MAX / 2);
	assert_false(err_is(buf_append(out, slice_str(OK))));
	if (shape == SHAPE_HEAD)
		len = snprintf(text, sizeof(text), "Content-Length: 0\r\nX: ");
	else if (shape == SHAPE_CHUNKED)
		len = snprintf(text, sizeof(text),
		    "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", body.len);
	else
		len = snprintf(text, sizeof(text),
		    "Content-Length: %zu\r\n\r\n", body.len);
	assert_false(err_is(buf_append(out, slice_of(text, (size_t)len))));
	assert_false(err_is(buf_append(out, body)));
	if (shape == SHAPE_HEAD)
		assert_false(err_is(buf_append(out, slice_str("\r\n\r\n"))));
	else if (shape == SHAPE_CHUNKED)
		assert_false(err_is(
		    buf_append(out, slice_str("\r\n0\r\nT: x\r\n\r\n"))));
}

static void
every_octet_of_a_response_counts(void **state)
{
	static const struct {
		enum shape shape;
		uint64_t rate;
		size_t len;
	} rows[] = {
		{ SHAPE_LENGTH, 1000, 10000 },
		{ SHAPE_LENGTH, 1000000, 5000000 },
		{ SHAPE_CHUNKED, 1000, 10000 },
		{ SHAPE_CHUNKED, 1000000, 5000000 },
		{ SHAPE_SINK, 1000000, 5000000 },
		{ SHAPE_HEAD, 1000, 10000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice body = bench_octets('x', rows[i].len);
		int64_t due_ms;
		struct buf all;
		struct talk t;
		struct conn c;

		bench_open();
		limit(rows[i].rate);
		build(rows[i].shape, body, &all);
		due_ms = (int64_t)(all.len * 1000 / rows[i].rate);
		talk_init(&t);
		if (rows[i].shape == SHAPE_SINK)
			t.sink = memfd_create("sink", MFD_CLOEXEC);
		/* No timeout strikes, though it takes longer than those. */
		bench.env.head_timeout_ms = 500;
		bench.env.idle_timeout_ms = 500;
		splices = 0;
		talk_until_head(&t, &c);
		unsaid[0] = buf_slice(&all);
		fake_before_wait = say_more;
		run_for(due_ms - due_ms / 50);
		assert_int_equal(t.dones, 0);
		run_for(due_ms / 25 + 2 * THROTTLE_TICK_MS);
		if (t.dones != 1 || err_is(t.err))
			fail_msg("row %zu: %u, %s", i, t.dones, t.err.why);
		assert_true(t.was_open);
		assert_int_equal(c.state, CONN_IDLE);
		assert_true(watch_is_added(&c.watch));
		if (rows[i].shape == SHAPE_SINK) {
			assert_true(splices > 0);
			assert_int_equal(t.sunk + t.body.len, body.len);
			assert_int_equal(close(t.sink), 0);
		} else if (rows[i].shape != SHAPE_HEAD) {
			expect_slice("body", buf_slice(&t.body), body);
		}
		/* It is heard when it ends. */
		fake_close(0);
		bench_run();
		assert_int_equal(bench.idle_ends, 1);
		fake_before_wait = NULL;
		talk_fini(&t);
		buf_fini(&all);
		bench_close();
		exact_free(body);
	}
}

static void
many_connections_share_the_rate(void **state)
{
	static const uint64_t rates[] = { 10000, 1000000, 10000000 };
	struct slice body = bench_octets('x', 10000000);
	struct buf all;

	(void)state;
	build(SHAPE_LENGTH, body, &all);
	for (size_t i = 0; i < COUNT(rates); i++) {
		struct talk talks[CONNS];
		struct conn conns[CONNS];
		uint64_t total = 0;
		uint64_t least = UINT64_MAX;

		bench_open();
		for (unsigned k = 0; k < CONNS; k++) {
			talk_init(&talks[k]);
			assert_false(
			    err_is(talk_connect(&talks[k], &conns[k])));
			unsaid[k] = buf_slice(&all);
		}
		bench_run();
		limit(rates[i]);
		fake_before_wait = say_more;
		run_for(10000);
		for (unsigned k = 0; k < CONNS; k++) {
			uint64_t len = all.len - body.len + talks[k].body.len;

			assert_int_equal(talks[k].dones, 0);
			total += len;
			least = len < least ? len : least;
			conn_close(&conns[k]);
			talk_fini(&talks[k]);
		}
		assert_in_range(total, 10 * rates[i] - rates[i] / 5,
		    10 * rates[i] + rates[i] / 5);
		assert_true(least * CONNS >= total * 9 / 10);
		fake_before_wait = NULL;
		bench_close();
	}
	buf_fini(&all);
	exact_free(body);
}

/* A connection that is paused in its head, which was there at once. */
static void
pause_in_head(struct talk *t, struct conn *c, uint64_t rate)
{
	talk_until_head(t, c);
	limit(rate);
	fake_say_str(0, OK "Content-Length: 5\r\n\r\nhello");
	bench_run();
	assert_true(is_paused(c));
	assert_int_equal(c->state, CONN_HEAD);
	assert_int_equal(t->exchange.first_octet_ms, -1);
}

static void
paused_it_waits_for_nothing_but_its_turn(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	bench.env.head_timeout_ms = 20;
	bench.env.idle_timeout_ms = 10;
	pause_in_head(&t, &c, 1);
	/* What the peer does now is not told, let alone again and again. */
	controls = 0;
	fake_close(0);
	for (int i = 0; i < 3; i++) /* for deadlines that were moved, too */
		assert_false(err_is(reactor_run_once(bench.reactor, true)));
	assert_true(fake_now_ms >= FAKE_START_MS + 1000);
	assert_int_equal(controls, 0);
	assert_int_equal(t.dones, 0);
	/* Seconds without a deadline. */
	run_for(20000);
	assert_int_equal(t.dones, 0);
	run_for(60000);
	assert_int_equal(t.dones, 1);
	assert_false(err_is(t.err));
	assert_int_equal(t.body.len, 5);
	talk_fini(&t);
}

static void
paused_it_has_the_deadline_of_the_whole(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	t.exchange.deadline_ms = FAKE_START_MS + 3000;
	pause_in_head(&t, &c, 1);
	bench.env.throttle.budget = -1000000;
	run_for(2999);
	assert_int_equal(t.dones, 0);
	run_for(1);
	bench_run();
	assert_int_equal(t.dones, 1);
	assert_int_equal(t.err.kind, ERR_TIMEOUT);
	assert_non_null(strstr(t.err.why, "--max-time"));
	assert_false(t.was_open);
	run_for(5000000);
	talk_fini(&t);
}

/* The time it was paused does not count, the rest does. */
static void
resumed_it_has_the_deadlines_it_had(void **state)
{
	static const struct {
		int64_t idle_ms;
		int64_t left_ms; /* after 8 s, 4 of them paused */
		const char *why;
	} rows[] = {
		{ 5000, 5000, "--idle-timeout" },
		{ 7000, 6000, "--head-timeout" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct talk t;
		struct conn c;

		bench_open();
		talk_init(&t);
		bench.env.head_timeout_ms = 10000;
		bench.env.idle_timeout_ms = rows[i].idle_ms;
		talk_until_head(&t, &c);
		run_for(4000);
		limit(1);
		fake_say_str(0, "HTT");
		bench_run();
		assert_true(is_paused(&c));
		run_for(1000);
		assert_int_equal(c.partial.len, 1);
		assert_true(is_paused(&c));
		/* The fourth turn finds nothing. */
		run_for(3000);
		assert_int_equal(c.partial.len, 3);
		assert_false(is_paused(&c));
		run_for(rows[i].left_ms - 1);
		assert_int_equal(t.dones, 0);
		run_for(1);
		bench_run();
		assert_int_equal(t.dones, 1);
		assert_int_equal(t.err.kind, ERR_TIMEOUT);
		assert_non_null(strstr(t.err.why, rows[i].why));
		talk_fini(&t);
		bench_close();
	}
}

static void
paused_it_can_be_closed(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	pause_in_head(&t, &c, 1);
	conn_close(&c);
	assert_false(conn_is_open(&c));
	run_for(10000);
	assert_int_equal(t.dones, 0);
	talk_fini(&t);
}

/* A short receive has left nothing, one that was as long as allowed may. */
static void
a_surplus_is_found_though_less_was_asked_for(void **state)
{
	static const struct {
		const char *octets;
		bool is_open;
	} rows[] = {
		{ OK "Content-Length: 5\r\n\r\nhello", true },
		{ OK "Content-Length: 5\r\n\r\nhelloH", false },
		{ OK "Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n",
		    false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* Wherever the throttle cuts. */
		for (uint64_t rate = 100; rate <= 5000; rate += 100) {
			struct talk t;
			struct conn c;

			bench_open();
			limit(rate);
			talk_init(&t);
			talk_until_head(&t, &c);
			fake_say_str(0, rows[i].octets);
			run_for(3000);
			assert_int_equal(t.dones, 1);
			assert_false(err_is(t.err));
			assert_int_equal(t.was_open, rows[i].is_open);
			conn_close(&c);
			talk_fini(&t);
			bench_close();
		}
	}
}

/* An answer that comes early must not keep the request from going out. */
static void
while_it_sends_it_is_never_paused(void **state)
{
	static char heard[4096];
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	talk_until_send(&t, &c);
	limit(10);
	fake_say_str(0, "HTTP/1.1 100 Continue\r\n\r\n");
	for (int i = 0; i < 10; i++) {
		bench_run();
		assert_true(watch_is_added(&c.watch));
		assert_true(fake_hear(0, heard, sizeof(heard)) > 0);
	}
	/* But it is owed. */
	assert_true(bench.env.throttle.budget < 0);
	while (c.state == CONN_SEND) {
		bench_run();
		(void)fake_hear(0, heard, sizeof(heard));
	}
	assert_int_equal(c.state, CONN_HEAD);
	fake_say_str(0, OK "Content-Length: 0\r\n\r\n");
	run_for(10000);
	assert_int_equal(t.dones, 1);
	assert_false(err_is(t.err));
	assert_true(t.was_open);
	conn_close(&c);
	exact_free(t.request_body);
	talk_fini(&t);
}

static void
one_that_cannot_be_watched_again_is_not_kept(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	pause_in_head(&t, &c, 1000);
	control_errno = ENOSPC;
	run_for(1000);
	control_errno = 0;
	assert_int_equal(t.dones, 1);
	assert_false(err_is(t.err));
	assert_int_equal(t.body.len, 5);
	assert_false(t.was_open);
	talk_fini(&t);
}

static void
without_a_limit_nothing_is_called_that_was_not(void **state)
{
	struct slice body = bench_octets('x', 1000000);
	struct buf all;
	struct talk t;
	struct conn c;

	(void)state;
	build(SHAPE_LENGTH, body, &all);
	talk_init(&t);
	talk_until_head(&t, &c);
	controls = 0;
	unsaid[0] = buf_slice(&all);
	fake_before_wait = say_more;
	while (t.dones == 0)
		bench_run();
	assert_int_equal(controls, 0);
	expect_slice("body", buf_slice(&t.body), body);
	conn_close(&c);
	talk_fini(&t);
	buf_fini(&all);
	exact_free(body);
}

/* Also when it has failed. */
static int
teardown(void **state)
{
	fake_before_wait = NULL;
	return bench_teardown(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_octet_of_a_response_counts),
		cmocka_unit_test(many_connections_share_the_rate),
		TEST(paused_it_waits_for_nothing_but_its_turn),
		TEST(paused_it_has_the_deadline_of_the_whole),
		cmocka_unit_test(resumed_it_has_the_deadlines_it_had),
		TEST(paused_it_can_be_closed),
		cmocka_unit_test(a_surplus_is_found_though_less_was_asked_for),
		TEST(while_it_sends_it_is_never_paused),
		TEST(one_that_cannot_be_watched_again_is_not_kept),
		TEST(without_a_limit_nothing_is_called_that_was_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
