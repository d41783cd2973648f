#include "net/conn.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/request.h"
#include "net/conn_internal.h"
#include "net/dial.h"

const char *
conn_state_name(enum conn_state state)
{
	static const char *const names[CONN_STATES] = {
		[CONN_CONNECT] = "connect",
		[CONN_HANDSHAKE] = "handshake",
		[CONN_TLS] = "tls",
		[CONN_SEND] = "send",
		[CONN_HEAD] = "head",
		[CONN_BODY] = "body",
		[CONN_DONE] = "done",
		[CONN_IDLE] = "idle",
	};

	return names[state];
}

struct err
conn_env_init(struct conn_env *env, struct reactor *reactor)
{
	*env = (struct conn_env){
		.reactor = reactor,
		.connect_timeout_ms = INT64_MAX,
		.head_timeout_ms = INT64_MAX,
		.idle_timeout_ms = INT64_MAX,
	};
	buf_init(&env->tx, REQUEST_HEAD_MAX);
	conduit_init(&env->conduit);
	throttle_init(&env->throttle, reactor);
	env->rx = malloc(CONN_RX_SIZE);
	return env->rx != NULL ? err_none() : err_of(ERR_NOMEM);
}

void
conn_env_fini(struct conn_env *env)
{
	free(env->rx);
	env->rx = NULL;
	buf_fini(&env->tx);
	conduit_fini(&env->conduit);
	throttle_fini(&env->throttle);
}

/* The only place that changes state, so the one place to trace and to time. */
enum want
conn_enter(struct conn *c, enum conn_state next)
{
	c->state = next;
	if (c->env->trace != NULL)
		c->env->trace(c->env->trace_ctx, c, next);
	if (next == CONN_DONE || next == CONN_IDLE)
		return WANT_NOTHING;
	conn_time_state(c);
	return WANT_AGAIN;
}

enum want
conn_fail(struct conn *c, struct err err)
{
	c->err = err;
	c->failed_in = c->state;
	return conn_enter(c, CONN_DONE);
}

/* The stream is closed before the exchange is told. */
static void
take_words(struct conn *c)
{
	struct exchange *x = c->exchange;

	if (c->stream.words == NULL || x->words == NULL)
		return;
	(void)snprintf(x->words, x->words_size, "%s", c->stream.words);
	x->has_words = true;
}

enum want
conn_wait_or_fail(struct conn *c, struct stream_io io, enum err_kind kind)
{
	struct err err;

	if (io.status == STREAM_WAIT_READ)
		return WANT_READ;
	if (io.status == STREAM_WAIT_WRITE)
		return WANT_WRITE;
	if (io.status == STREAM_END)
		return conn_fail(
		    c, err_why(ERR_TRUNCATED, "the connection was closed"));
	err = c->stream.err;
	take_words(c);
	if (err_is_shortage(err.sys))
		err.kind = ERR_SHORTAGE;
	else if (err.kind == ERR_IO)
		err.kind = kind;
	return conn_fail(c, err);
}

/* Have the request composed, once an exchange. */
static struct err
compose(struct conn *c)
{
	struct buf *tx = &c->env->tx;
	struct err err;

	buf_clear(tx);
	err = c->exchange->ops->compose(c->exchange->owner, tx, &c->out_body);
	if (err_is(err))
		return err;
	c->out = buf_slice(tx);
	if (c->out_body.len > 0)
		sock_set_nodelay(c->stream.fd);
	return err_none();
}

/* `len` octets have gone out. */
static void
advance(struct conn *c, size_t len)
{
	size_t of_head = len < c->out.len ? len : c->out.len;

	c->out = slice_from(c->out, of_head);
	c->out_body = slice_from(c->out_body, len - of_head);
}

/* The rest of a head must not stay in the buffer that all share. */
static struct err
keep_unsent(struct conn *c)
{
	struct err err;

	if (c->out.len == 0 || c->unsent.len > 0)
		return err_none();
	err = buf_append(&c->unsent, c->out);
	if (!err_is(err))
		c->out = buf_slice(&c->unsent);
	return err;
}

static enum want
step_send(struct conn *c, unsigned events)
{
	struct iovec iov[2];
	int count = 0;
	struct stream_io io;
	struct err err;

	/* A server may answer, a refusal mostly, before it has read all; if
	 * it then breaks the connection, sending would only meet that. */
	if ((events & REACTOR_READ) != 0) {
		enum want want = conn_receive_head(c);

		if (c->state != CONN_SEND)
			return want;
	}
	if (c->out.len + c->out_body.len == 0) {
		err = compose(c);
		if (err_is(err))
			return conn_fail(c, err);
	}
	/* iovec is shared with reading, hence its lack of const. */
	if (c->out.len > 0)
		iov[count++] =
		    (struct iovec){ .iov_base = (void *)(uintptr_t)c->out.ptr,
			    .iov_len = c->out.len };
	if (c->out_body.len > 0)
		iov[count++] =
		    (struct iovec){ .iov_base =
					(void *)(uintptr_t)c->out_body.ptr,
			    .iov_len = c->out_body.len };
	io = c->stream.ops->send(&c->stream, iov, count);
	if (io.status != STREAM_OK && c->is_hopeful)
		return conn_end_hope(c, io);
	if (c->is_hopeful)
		conn_note_connected(c, false);
	c->is_hopeful = false;
	if (io.status == STREAM_OK) {
		advance(c, io.len);
		if (c->out.len + c->out_body.len == 0) {
			buf_fini(&c->unsent);
			return conn_enter(c, CONN_HEAD) == WANT_AGAIN
			    ? WANT_READ
			    : WANT_NOTHING;
		}
		conn_count(c, io.len);
	} else if (io.status != STREAM_WAIT_WRITE &&
	    io.status != STREAM_WAIT_READ) {
		return conn_wait_or_fail(c, io, ERR_IO);
	}
	err = keep_unsent(c);
	if (err_is(err))
		return conn_fail(c, err);
	return io.status == STREAM_WAIT_READ ? WANT_READ : WANT_WRITE;
}

/*
 * `events` are those that woke the machine, for its first step; a step that
 * follows another in the same run finds out by trying.
 */
static enum want
conn_step(struct conn *c, unsigned events)
{
	switch (c->state) {
	case CONN_CONNECT:
		return conn_step_connect(c, events);
	case CONN_HANDSHAKE:
		return conn_step_handshake(c);
	case CONN_TLS:
		return conn_step_tls(c);
	case CONN_SEND:
		return step_send(c, events);
	case CONN_HEAD:
		return conn_receive_head(c);
	case CONN_BODY:
		return c->exchange->is_busy ? conn_work(c)
					    : conn_receive_body(c);
	case CONN_DONE:
	case CONN_IDLE:
	case CONN_STATES:
		break;
	}
	return WANT_NOTHING;
}

static void
conn_forget(struct conn *c)
{
	buf_fini(&c->unsent);
	buf_fini(&c->partial);
	c->out = c->out_body = (struct slice){ 0 };
}

void
conn_close(struct conn *c)
{
	conn_forget(c);
	reactor_disarm(c->env->reactor, &c->timer);
	throttle_forget(&c->throttled);
	reactor_remove_task(&c->work);
	dial_cancel(c->dial);
	c->dial = NULL;
	c->plan = NULL;
	c->exchange = NULL;
	if (!conn_is_open(c))
		return;
	reactor_remove_fd(c->env->reactor, &c->watch, true);
	c->stream.ops->close(&c->stream);
}

/* Registered when there is first something to wait for. */
static struct err
watch_events(struct conn *c, unsigned events)
{
	struct reactor *reactor = c->env->reactor;

	if (watch_is_added(&c->watch))
		return reactor_set_events(reactor, &c->watch, events);
	return reactor_add_fd(reactor, &c->watch, c->stream.fd, events);
}

/* Whether it can be left alone: it is told when it ends.  One that came out of
 * a pause has to be watched again for that. */
static bool
may_idle(struct conn *c)
{
	return watch_is_added(&c->watch) ||
	    !err_is(watch_events(c, REACTOR_READ));
}

/* The door out of an exchange. */
void
conn_finish(struct conn *c)
{
	struct exchange *x = c->exchange;
	struct err err = c->err;

	if (!err_is(err) && c->is_persistent && may_idle(c)) {
		c->plan = NULL;
		c->exchange = NULL;
		(void)conn_enter(c, CONN_IDLE);
	} else {
		conn_close(c);
	}
	x->ops->done(x->owner, err); /* last use of c: it may be freed */
}

/*
 * Wait for a turn of the throttle, or for the exchange to deal with what it was
 * given.  Not being watched rather than watched for nothing, since what ends or
 * breaks the connection would be told again and again.  What it has to wait for
 * is not the peer's fault, so only the deadline of the whole goes on.
 */
static void
pause(struct conn *c, enum want want)
{
	struct reactor *reactor = c->env->reactor;

	c->paused_at_ms = reactor_now_ms(reactor);
	reactor_remove_fd(reactor, &c->watch, false);
	(void)reactor_arm(reactor, &c->timer, c->exchange->deadline_ms);
	if (want == WANT_TURN)
		throttle_pause(&c->env->throttle, &c->throttled);
	else
		reactor_add_task(reactor, &c->work);
}

/* Whether it waits for octets: while sending, an answer may come early. */
static bool
is_to_receive(const struct conn *c, enum want want)
{
	return want == WANT_READ ||
	    (want == WANT_WRITE && c->state == CONN_SEND);
}

void
conn_run(struct conn *c, unsigned events)
{
	enum want want;
	struct err err;

	do {
		want = conn_step(c, events);
		/* What the stream has at hand no event will tell of. */
		events = want == WANT_AGAIN ? 0 : REACTOR_READ;
	} while (want == WANT_AGAIN ||
	    (c->stream.has_more && is_to_receive(c, want)));
	if (want == WANT_TURN || want == WANT_WORK) {
		pause(c, want);
		return;
	}
	if (want == WANT_DIAL)
		return;
	if (want != WANT_NOTHING) {
		unsigned ask = REACTOR_READ;

		if (c->state == CONN_CONNECT)
			ask = REACTOR_WRITE;
		else if (want == WANT_WRITE)
			ask = REACTOR_READ | REACTOR_WRITE;
		err = watch_events(c, ask);
		if (!err_is(err))
			return;
		(void)conn_fail(c, err);
	}
	conn_finish(c);
}

static void
on_turn(void *ctx)
{
	struct conn *c = ctx;

	conn_time_resumed(c);
	conn_run(c, REACTOR_READ);
}

static void
on_event(void *ctx, unsigned events)
{
	struct conn *c = ctx;

	/* An idle connection has nothing to say: this is its end, or octets
	 * that nobody asked for, which is as bad.  Unless it is a matter of the
	 * transport alone, as a ticket of TLS. */
	if (c->state != CONN_IDLE)
		conn_run(c, events);
	else if (!conn_is_quiet(c))
		c->idle_fn(c->idle_ctx, c);
}

void
conn_init(struct conn *c, struct conn_env *env, const struct conn_plan *plan)
{
	*c = (struct conn){ .env = env, .plan = plan };
	c->stream.fd = -1;
	buf_init(&c->unsent, REQUEST_HEAD_MAX);
	buf_init(&c->partial, RESPONSE_HEAD_MAX + CONN_RX_SIZE);
	watch_init(&c->watch, on_event, c);
	timer_init(&c->timer, conn_on_deadline, c);
	throttled_init(&c->throttled, on_turn, c);
	task_init(&c->work, on_turn, c);
	list_init(&c->in_origin);
	list_init(&c->in_lru);
}

void
conn_reset(struct conn *c, struct exchange *exchange)
{
	exchange->first_octet_ms = -1;
	exchange->tls_at_ms = -1;
	exchange->tls_ms = -1;
	exchange->has_words = false;
	exchange->is_busy = false;
	c->exchange = exchange;
	c->exchanges++;
	c->err = err_none();
	c->interim_len = 0;
	c->is_persistent = false;
	c->is_drained = true;
	response_scan_init(&c->scan);
}

void
conn_start(struct conn *c)
{
	conn_run(c, 0);
}

void
conn_begin(struct conn *c, struct exchange *exchange)
{
	conn_reset(c, exchange);
	(void)conn_enter(c, CONN_SEND);
	conn_run(c, 0);
}

bool
conn_is_quiet(struct conn *c)
{
	uint8_t octet;

	return c->stream.ops->recv(&c->stream, &octet, 1).status ==
	    STREAM_WAIT_READ &&
	    !c->stream.has_left;
}

bool
conn_was_stale(
    const struct conn *c, const struct exchange *exchange, struct err err)
{
	return conn_is_reused(c) && exchange->first_octet_ms == -1 &&
	    (err.kind == ERR_IO || err.kind == ERR_TRUNCATED);
}
