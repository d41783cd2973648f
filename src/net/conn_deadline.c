/*
 * conn_deadline - the deadlines of a connection: of its state, of silence, of
 * slowness, of the race, and of the exchange as a whole.  The other parts are
 * conn.c, conn_connect.c and conn_receive.c.
 */
#include "net/conn_internal.h"

static int64_t
deadline_after(int64_t now_ms, int64_t timeout_ms)
{
	return timeout_ms < INT64_MAX - now_ms ? now_ms + timeout_ms
					       : INT64_MAX;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The states that --connect-timeout is about. */
static bool
is_connecting(enum conn_state state)
{
	return state == CONN_CONNECT || state == CONN_HANDSHAKE ||
	    state == CONN_TLS;
}

/* Arm the timer for the first of all deadlines. */
static void
arm(struct conn *c)
{
	int64_t deadline_ms =
	    deadline_after(c->moved_at_ms, c->env->idle_timeout_ms);

	/* Connecting has a timeout of its own, and no octets to wait for. */
	if (is_connecting(c->state))
		deadline_ms = INT64_MAX;
	deadline_ms = earlier(deadline_ms, c->phase_deadline_ms);
	deadline_ms = earlier(deadline_ms, c->speed_deadline_ms);
	deadline_ms = earlier(deadline_ms, c->race_at_ms);
	deadline_ms = earlier(deadline_ms, c->exchange->deadline_ms);
	/* Cannot fail: conn_connect() armed it, and it stays armed or was
	 * removed from a heap that keeps its room. */
	(void)reactor_arm(c->env->reactor, &c->timer, deadline_ms);
}

void
conn_touch(struct conn *c)
{
	c->moved_at_ms = reactor_now_ms(c->env->reactor);
	arm(c);
}

void
conn_count(struct conn *c, size_t len)
{
	c->speed_len += len;
	conn_touch(c);
}

/* Begin to count anew. */
static void
begin_speed_window(struct conn *c, int64_t now_ms)
{
	c->speed_len = 0;
	c->speed_deadline_ms = deadline_after(now_ms, c->env->speed_time_ms);
}

void
conn_time_trailers(struct conn *c)
{
	if (c->phase_deadline_ms != INT64_MAX)
		return;
	c->phase_deadline_ms = deadline_after(
	    reactor_now_ms(c->env->reactor), c->env->head_timeout_ms);
	conn_touch(c);
}

void
conn_time_state(struct conn *c)
{
	int64_t now_ms = reactor_now_ms(c->env->reactor);
	enum conn_state next = c->state;

	if (next == CONN_CONNECT)
		c->phase_deadline_ms =
		    deadline_after(now_ms, c->env->connect_timeout_ms);
	else if (next == CONN_HEAD)
		c->phase_deadline_ms =
		    deadline_after(now_ms, c->env->head_timeout_ms);
	else if (!is_connecting(next))
		c->phase_deadline_ms = INT64_MAX;
	c->speed_deadline_ms = INT64_MAX;
	c->race_at_ms = INT64_MAX;
	if (c->env->speed_len > 0 && c->env->throttle.rate == 0 &&
	    (next == CONN_SEND || next == CONN_BODY))
		begin_speed_window(c, now_ms);
	conn_touch(c);
}

void
conn_time_resumed(struct conn *c)
{
	int64_t now_ms = reactor_now_ms(c->env->reactor);

	c->phase_deadline_ms =
	    deadline_after(c->phase_deadline_ms, now_ms - c->paused_at_ms);
	if (c->speed_deadline_ms != INT64_MAX)
		begin_speed_window(c, now_ms);
	conn_touch(c);
}

static struct err
timeout_err(const struct conn *c)
{
	int64_t now_ms = reactor_now_ms(c->env->reactor);

	if (c->exchange->deadline_ms <= now_ms)
		return err_why(ERR_TIMEOUT, "longer than --max-time");
	if (c->phase_deadline_ms > now_ms && c->speed_deadline_ms <= now_ms)
		return err_why(ERR_TIMEOUT, "slower than --speed-limit");
	if (c->phase_deadline_ms > now_ms)
		return err_why(ERR_TIMEOUT, "no octet for --idle-timeout");
	if (c->state == CONN_HEAD)
		return err_why(ERR_TIMEOUT,
		    "no whole response head within --head-timeout");
	if (c->state == CONN_BODY)
		return err_why(
		    ERR_TIMEOUT, "trailers longer than --head-timeout");
	if (c->state == CONN_HANDSHAKE && c->plan->proxy != NULL)
		return err_why(ERR_TIMEOUT,
		    "the proxy gave no tunnel within --connect-timeout");
	if (c->state == CONN_TLS)
		return err_why(ERR_TIMEOUT,
		    "no end of the TLS handshake within --connect-timeout");
	return err_why(ERR_TIMEOUT, "not connected within --connect-timeout");
}

/* Whether nothing but the window of the speed has ended, and well. */
static bool
is_fast_enough(const struct conn *c, int64_t now_ms)
{
	return c->speed_deadline_ms <= now_ms &&
	    c->speed_len >= c->env->speed_len &&
	    c->phase_deadline_ms > now_ms &&
	    c->exchange->deadline_ms > now_ms &&
	    deadline_after(c->moved_at_ms, c->env->idle_timeout_ms) > now_ms;
}

/* Whether it is time to try other addresses as well, and not too late. */
static bool
is_to_race(const struct conn *c, int64_t now_ms)
{
	return c->race_at_ms <= now_ms && c->phase_deadline_ms > now_ms &&
	    c->exchange->deadline_ms > now_ms;
}

void
conn_on_deadline(void *ctx)
{
	struct conn *c = ctx;
	int64_t now_ms = reactor_now_ms(c->env->reactor);

	if (c->state == CONN_IDLE)
		return; /* left over from the last exchange */
	if (is_fast_enough(c, now_ms)) {
		begin_speed_window(c, now_ms);
		arm(c);
		return;
	}
	if (is_to_race(c, now_ms)) {
		conn_race(c);
		return;
	}
	if (c->state == CONN_CONNECT && c->phase_deadline_ms <= now_ms)
		conn_note_late(c);
	(void)conn_fail(c, timeout_err(c));
	conn_finish(c);
}
