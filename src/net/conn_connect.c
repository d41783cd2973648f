/*
 * conn_connect - how a connection comes about: the CONNECT and HANDSHAKE
 * states.  The rest is in conn.c, conn_receive.c and
 * conn_deadline.c.
 *
 * The first address is tried by the connection itself, and hopefully: the
 * request is sent right away.  Only when that has to wait, and there are more
 * addresses, a dial takes over.
 */
#include "net/conn_internal.h"

#include <sys/socket.h>

#include "net/dial.h"
#include "net/stream_socks.h"
#include "net/stream_tcp.h"
#include "net/stream_tls.h"
#include "net/stream_tunnel.h"
#include "route/addresses.h"

/* That a proxy cannot be reached is not the host's failure. */
static struct err
blame(const struct conn_plan *plan, struct err err)
{
	if (plan->proxy != NULL && err.kind == ERR_CONNECT)
		err.kind = ERR_PROXY;
	return err;
}

static const struct endpoint *
address(const struct conn *c)
{
	return &c->plan->addrs[c->at];
}

/* The transport is a socket to plan->addrs[at]. */
static void
take_socket(struct conn *c, int fd, size_t at)
{
	c->stream = (struct stream){ .ops = &stream_tcp_ops, .fd = fd };
	c->at = at;
	(void)endpoint_format(address(c), c->ip);
}

void
conn_note_connected(const struct conn *c, bool is_raced)
{
	const struct conn_env *env = c->env;

	if (env->addresses != NULL)
		addresses_note_success(env->addresses, c->plan->name,
		    address(c), is_raced && c->plan->name.len > 0,
		    reactor_now_ms(env->reactor));
}

void
conn_note_late(const struct conn *c)
{
	if (c->dial != NULL)
		dial_note_late(c->dial);
	else
		dial_note_failure(c->env, address(c), ETIMEDOUT);
}

/* ---- The race ----------------------------------------------------------- */

static enum want
begin_handshake(struct conn *c)
{
	const struct conn_plan *plan = c->plan;
	struct err err = err_none();

	if (plan->proxy != NULL && plan->proxy->kind == PROXY_HTTP)
		err = stream_tunnel_begin(
		    &c->stream, plan->proxy, plan->host, plan->port);
	else if (plan->proxy != NULL)
		err = stream_socks_begin(
		    &c->stream, plan->proxy, plan->host, plan->port);
	return err_is(err) ? conn_fail(c, err) : conn_enter(c, CONN_HANDSHAKE);
}

static void
on_dialled(void *ctx, int fd, size_t at, struct err err)
{
	struct conn *c = ctx;

	c->dial = NULL;
	if (fd == -1) {
		(void)conn_fail(c, blame(c->plan, err));
	} else {
		take_socket(c, fd, at);
		conn_note_connected(c, true);
		(void)begin_handshake(c);
	}
	conn_run(c, 0);
}

/* Have a dial go on: with `fd`, or with the addresses that are left. */
static enum want
race(struct conn *c, int fd)
{
	struct err err;

	/* First, as the timer's place in the heap may be free just now. */
	c->race_at_ms = INT64_MAX;
	conn_touch(c);
	err = dial_new(c->env, c->plan, fd, c->at, c->passed_over, on_dialled,
	    c, &c->dial);
	return err_is(err) ? conn_fail(c, err) : WANT_DIAL;
}

void
conn_race(struct conn *c)
{
	int fd = c->stream.fd;

	reactor_remove_fd(c->env->reactor, &c->watch, false);
	c->stream.fd = -1;
	(void)race(c, fd);
	conn_run(c, 0);
}

static bool
has_more(const struct conn *c)
{
	return c->at + 1 < c->plan->count;
}

/* This address has failed, unless it is something else than connecting. */
static enum want
pass_over(struct conn *c, struct err err)
{
	if (err.kind != ERR_CONNECT)
		return conn_fail(c, err);
	dial_note_failure(c->env, address(c), err.sys);
	c->passed_over = dial_verdict(c->passed_over, err);
	if (!has_more(c))
		return conn_fail(c, blame(c->plan, c->passed_over));
	reactor_remove_fd(c->env->reactor, &c->watch, true);
	c->stream.ops->close(&c->stream);
	return race(c, -1);
}

/* ---- The states --------------------------------------------------------- */

/* Wait to be told that it is connected; not for ever if there are others. */
static enum want
await_connected(struct conn *c)
{
	enum want want = conn_enter(c, CONN_CONNECT);

	c->is_hopeful = false;
	if (has_more(c)) {
		c->race_at_ms = reactor_now_ms(c->env->reactor) + DIAL_DELAY_MS;
		conn_touch(c);
	}
	return want;
}

enum want
conn_end_hope(struct conn *c, struct stream_io io)
{
	struct err err = c->stream.err;
	enum want want = await_connected(c);

	c->out = c->out_body = (struct slice){ 0 };
	if (io.status != STREAM_FAILED)
		return want;
	if (err_is_shortage(err.sys))
		err.kind = ERR_SHORTAGE;
	else if (err.kind == ERR_IO)
		err.kind = ERR_CONNECT;
	return pass_over(c, err);
}

enum want
conn_step_connect(struct conn *c, unsigned events)
{
	int sys = 0;
	socklen_t len = sizeof(sys);

	if (c->dial != NULL)
		return WANT_DIAL;
	/* A peer that is near has accepted by now: rather than wait a round to
	 * be told so, go on and see whether the stream takes octets. */
	if (events == 0 && c->is_hopeful)
		return conn_enter(c, CONN_HANDSHAKE);
	if (events == 0)
		return WANT_WRITE;
	/* Only writability was asked for: readable as well means an error. */
	if ((events & REACTOR_READ) != 0) {
		if (getsockopt(c->stream.fd, SOL_SOCKET, SO_ERROR, &sys, &len))
			sys = errno;
		if (sys != 0)
			return pass_over(c, err_code(ERR_CONNECT, sys));
	}
	conn_note_connected(c, false);
	return begin_handshake(c);
}

/* The way to the origin stands, through a proxy or straight. */
static enum want
begin_tls(struct conn *c)
{
	const struct conn_plan *plan = c->plan;
	enum want want = conn_enter(c, CONN_TLS);
	struct err err = stream_tls_begin(
	    &c->stream, plan->tls, plan->tls_host, plan->origin);

	c->exchange->tls_at_ms = reactor_now_ms(c->env->reactor);
	return err_is(err) ? conn_fail(c, err) : want;
}

enum want
conn_step_handshake(struct conn *c)
{
	struct stream_io io = c->stream.ops->handshake(&c->stream);

	if (io.status != STREAM_OK && c->is_hopeful)
		return conn_end_hope(c, io);
	if (io.status != STREAM_OK)
		return conn_wait_or_fail(
		    c, io, c->plan->proxy != NULL ? ERR_PROXY : ERR_CONNECT);
	return c->plan->tls != NULL ? begin_tls(c) : conn_enter(c, CONN_SEND);
}

enum want
conn_step_tls(struct conn *c)
{
	struct stream_io io = c->stream.ops->handshake(&c->stream);
	struct exchange *x = c->exchange;

	if (io.status != STREAM_OK)
		return conn_wait_or_fail(c, io, ERR_CONNECT);
	x->tls_ms = reactor_now_ms(c->env->reactor) - x->tls_at_ms;
	return conn_enter(c, CONN_SEND);
}

struct err
conn_connect(struct conn *c, struct conn_env *env, const struct conn_plan *plan,
    struct exchange *exchange)
{
	struct err err;
	size_t at = 0;
	int fd;

	conn_init(c, env, plan);
	if (!dial_begin(env, plan, &at, &fd, &c->passed_over))
		return blame(plan, c->passed_over);
	take_socket(c, fd, at);
	/* Armed once here, so that conn_touch() never has to allocate. */
	err = reactor_arm(env->reactor, &c->timer, INT64_MAX);
	if (err_is(err)) {
		c->stream.ops->close(&c->stream);
		return err;
	}
	conn_reset(c, exchange);
	/* What stands in front of the request cannot be begun twice. */
	c->is_hopeful = plan->proxy == NULL && plan->tls == NULL;
	if (c->is_hopeful)
		(void)conn_enter(c, CONN_CONNECT);
	else
		(void)await_connected(c);
	return err_none();
}
