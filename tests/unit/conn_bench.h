/*
 * conn_bench - a reactor, what connections share, and an exchange that writes
 * down what it is told.  For the tests of conn and pool; with fake_time.h and
 * fake_peer.h, whose link lines a test needs.
 */
#ifndef BULKFETCH_TESTS_UNIT_CONN_BENCH_H
#define BULKFETCH_TESTS_UNIT_CONN_BENCH_H

#include "exact.h"
#include "fake_peer.h"
#include "fake_time.h"

#include <stdio.h>

#include "base/buf.h"
#include "net/conn.h"

#define BENCH_TRACE_MAX 256
#define BENCH_ADDRS_MAX 8
#define BENCH_BODY_MAX ((size_t)(16 * 1024 * 1024))

/* One exchange and all that was heard of it. */
struct talk {
	struct exchange exchange;
	struct endpoint addrs[BENCH_ADDRS_MAX];
	struct conn_plan plan; /* to them; without any: to 192.0.2.1 */
	struct slice request;
	struct slice request_body;
	int sink; /* -1: none */
	/* What the callbacks fail with. */
	struct err compose_err;
	struct err head_err;
	struct err data_err;
	struct err sunk_err;
	struct err work_err;
	unsigned turns; /* of work() that each data() takes */

	unsigned composed;
	unsigned heads;
	unsigned status;
	unsigned pieces; /* data() with octets */
	bool has_ended;  /* data() with is_last */
	struct buf body; /* as given by data() */
	unsigned works;
	unsigned turns_left;
	uint64_t sunk; /* octets told by sunk() */
	unsigned dones;
	struct err err;
	bool was_open; /* after done() */
	struct conn *conn;
	void (*then)(struct talk *talk); /* at the end of done() */
};

static struct {
	struct reactor *reactor;
	struct conn_env env;
	char trace[BENCH_TRACE_MAX]; /* "connect handshake send ..." */
	unsigned idle_ends;
	void (*before_start)(struct conn *c); /* may be NULL */
} bench;

static void
bench_on_trace(void *ctx, const void *conn, enum conn_state next)
{
	size_t len = strlen(bench.trace);

	(void)ctx;
	(void)conn;
	(void)snprintf(bench.trace + len, sizeof(bench.trace) - len, "%s%s",
	    len > 0 ? " " : "", conn_state_name(next));
}

static inline void
bench_open(void)
{
	memset(&bench, 0, sizeof(bench));
	fake_peers_reset();
	fake_now_ms = FAKE_START_MS;
	assert_false(err_is(reactor_new(&bench.reactor)));
	assert_false(err_is(conn_env_init(&bench.env, bench.reactor)));
	bench.env.trace = bench_on_trace;
}

static inline void
bench_close(void)
{
	conn_env_fini(&bench.env);
	reactor_free(bench.reactor);
	fake_peers_reset();
}

static inline int
bench_setup(void **state)
{
	(void)state;
	bench_open();
	return 0;
}

static inline int
bench_teardown(void **state)
{
	(void)state;
	bench_close();
	return 0;
}

/* Deal with all that there is to deal with now. */
static inline void
bench_run(void)
{
	for (int i = 0; i < 20; i++)
		assert_false(err_is(reactor_run_once(bench.reactor, false)));
}

/* The same after so long. */
static inline void
bench_run_after(int64_t ms)
{
	fake_now_ms += ms;
	/* It was a wait, not a stall. */
	reactor_refresh(bench.reactor);
	bench_run();
}

/* Octets that differ from their neighbours far and near; exact_free() them. */
static inline struct slice
bench_octets(char first, size_t len)
{
	uint8_t *octets = malloc(len);

	assert_non_null(octets);
	for (size_t i = 0; i < len; i++)
		octets[i] = (uint8_t)('a' + (i * i / 7 + (uint8_t)first) % 26);
	if (len > 0)
		octets[0] = (uint8_t)first;
	return slice_of(octets, len);
}

static struct err
bench_compose(void *owner, struct buf *out, struct slice *body)
{
	struct talk *t = owner;

	t->composed++;
	assert_int_equal(out->len, 0);
	*body = t->request_body;
	if (err_is(t->compose_err))
		return t->compose_err;
	return buf_append(out, t->request);
}

static struct err
bench_head(void *owner, const struct response *res)
{
	struct talk *t = owner;

	assert_int_equal(t->dones, 0);
	t->heads++;
	t->status = res->status;
	return t->head_err;
}

static struct err
bench_data(void *owner, struct slice data, bool is_last)
{
	struct talk *t = owner;

	assert_int_equal(t->heads, 1);
	assert_int_equal(t->dones, 0);
	assert_false(t->has_ended);
	assert_false(t->exchange.is_busy);
	t->turns_left = t->turns;
	t->exchange.is_busy = t->turns > 0;
	t->pieces += data.len > 0;
	t->has_ended = is_last;
	assert_false(err_is(buf_append(&t->body, data)));
	return t->data_err;
}

static struct err
bench_work(void *owner)
{
	struct talk *t = owner;

	assert_true(t->exchange.is_busy);
	assert_int_equal(t->dones, 0);
	t->works++;
	t->exchange.is_busy = --t->turns_left > 0;
	return t->work_err;
}

static int
bench_sink(void *owner)
{
	const struct talk *t = owner;

	return t->sink;
}

static struct err
bench_sunk(void *owner, size_t len)
{
	struct talk *t = owner;

	assert_int_not_equal(t->sink, -1);
	t->sunk += len;
	return t->sunk_err;
}

static void
bench_done(void *owner, struct err err)
{
	struct talk *t = owner;

	t->dones++;
	t->err = err;
	t->was_open = conn_is_open(t->conn);
	if (t->then != NULL)
		t->then(t);
}

static const struct exchange_ops bench_ops = {
	.compose = bench_compose,
	.head = bench_head,
	.data = bench_data,
	.work = bench_work,
	.sink = bench_sink,
	.sunk = bench_sunk,
	.done = bench_done,
};

static inline void
talk_init(struct talk *t)
{
	*t = (struct talk){ .sink = -1,
		.request = TEXT("GET / HTTP/1.1\r\n\r\n") };
	t->exchange.ops = &bench_ops;
	t->exchange.owner = t;
	t->exchange.deadline_ms = INT64_MAX;
	buf_init(&t->body, BENCH_BODY_MAX);
}

static inline void
talk_fini(struct talk *t)
{
	buf_fini(&t->body);
}

static void
bench_on_idle(void *ctx, struct conn *c)
{
	(void)ctx;
	bench.idle_ends++;
	conn_close(c);
}

/* One more address to connect to. */
static inline void
talk_add_addr(struct talk *t, const char *addr)
{
	assert_true(t->plan.count < BENCH_ADDRS_MAX);
	assert_true(
	    endpoint_parse(slice_str(addr), 80, &t->addrs[t->plan.count++]));
}

/* Begin to connect; what conn_connect() says. */
static inline struct err
talk_connect(struct talk *t, struct conn *c)
{
	struct err err;

	if (t->plan.count == 0)
		talk_add_addr(t, "192.0.2.1");
	t->plan.addrs = t->addrs;
	t->conn = c;
	err = conn_connect(c, &bench.env, &t->plan, &t->exchange);
	c->idle_fn = bench_on_idle;
	if (!err_is(err) && bench.before_start != NULL)
		bench.before_start(c);
	if (!err_is(err))
		conn_start(c);
	return err;
}

static inline void
talk_begin(struct talk *t, struct conn *c)
{
	t->conn = c;
	conn_begin(c, &t->exchange);
}

/* Connect with a request that does not go out while nobody hears it; its body
 * is the test's to exact_free(). */
static inline void
talk_until_send(struct talk *t, struct conn *c)
{
	fake_plan.send_room = 1; /* the kernel's minimum */
	t->request_body = bench_octets('b', 1000000);
	assert_false(err_is(talk_connect(t, c)));
	bench_run();
	assert_int_equal(c->state, CONN_SEND);
}

/* Connect and send the request, which the peer has heard then. */
static inline void
talk_until_head(struct talk *t, struct conn *c)
{
	char heard[256];

	assert_false(err_is(talk_connect(t, c)));
	bench_run();
	assert_int_equal(c->state, CONN_HEAD);
	expect_slice("request",
	    slice_of(
		heard, fake_hear(fake_peer_count - 1, heard, sizeof(heard))),
	    t->request);
}

#endif
