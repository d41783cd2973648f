#include "net/dns_tcp.h"

#include <sys/socket.h>
#include <unistd.h>

/* Room for most answers, before the length of this one is known. */
#define FIRST_READ 2048

static void on_event(void *ctx, unsigned events);

void
dns_tcp_init(struct dns_tcp *t, struct reactor *reactor, struct dns_ids *ids,
    const struct dns_tcp_ops *ops, void *ctx)
{
	t->reactor = reactor;
	t->ids = ids;
	t->ops = ops;
	t->ctx = ctx;
	for (size_t i = 0; i < DNS_TCP_SOCKETS_MAX; i++) {
		struct dns_conn *c = &t->conns[i];

		c->tcp = t;
		c->fd = -1;
		watch_init(&c->watch, on_event, c);
		buf_init(&c->in, 2 + DNS_TCP_MESSAGE_MAX);
	}
}

static void
close_conn(struct dns_conn *c)
{
	reactor_remove_fd(c->tcp->reactor, &c->watch, true);
	(void)close(c->fd);
	c->fd = -1;
	buf_fini(&c->in);
}

void
dns_tcp_drop(struct dns_tcp *t, struct dns_query *q)
{
	struct dns_conn *c = q->carrier;

	(void)t;
	q->carrier = NULL;
	close_conn(c);
}

static void
fail(struct dns_conn *c)
{
	struct dns_tcp *t = c->tcp;
	struct dns_query *q = c->query;

	dns_tcp_drop(t, q);
	t->ops->broken(t->ctx, q);
	t->ops->settled(t->ctx);
}

/* ---- The answer --------------------------------------------------------- */

/* Its octets with the length in front; 0 while that is not known. */
static size_t
whole_len(const struct buf *in)
{
	return in->len < 2 ? 0 : 2 + ((size_t)in->ptr[0] << 8 | in->ptr[1]);
}

static void
take_answer(struct dns_conn *c)
{
	struct dns_tcp *t = c->tcp;
	struct slice message = slice_of(c->in.ptr + 2, whole_len(&c->in) - 2);

	t->ops->answered(t->ctx, c->query, message);
	/* Another question may have the connection now. */
	t->ops->settled(t->ctx);
}

/* One call an event, and nothing beyond the one answer. */
static void
receive(struct dns_conn *c)
{
	size_t whole = whole_len(&c->in);
	size_t room = (whole > 0 ? whole : FIRST_READ) - c->in.len;
	ssize_t n;

	if (err_is(buf_reserve(&c->in, room))) {
		fail(c);
		return;
	}
	n = recv(c->fd, c->in.ptr + c->in.len, room, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		fail(c);
		return;
	}
	c->in.len += (size_t)n;
	whole = whole_len(&c->in);
	if (whole > 0 && c->in.len >= whole)
		take_answer(c);
}

/* ---- The question ------------------------------------------------------- */

/* Also how it is learned that there is no connection. */
static void
transmit(struct dns_conn *c)
{
	ssize_t n =
	    send(c->fd, c->out + c->sent, c->out_len - c->sent, MSG_NOSIGNAL);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) {
		fail(c);
		return;
	}
	c->sent += (size_t)n;
	if (c->sent == c->out_len &&
	    err_is(
		reactor_set_events(c->tcp->reactor, &c->watch, REACTOR_READ)))
		fail(c);
}

static void
on_event(void *ctx, unsigned events)
{
	struct dns_conn *c = ctx;

	(void)events;
	if (c->sent < c->out_len)
		transmit(c);
	else
		receive(c);
}

static void
compose(struct dns_conn *c)
{
	const struct dns_query *q = c->query;
	size_t len =
	    dns_query_write(c->out + 2, q->id, &q->name, q->type, q->has_edns);

	c->out[0] = (uint8_t)(len >> 8);
	c->out[1] = (uint8_t)len;
	c->out_len = 2 + len;
	c->sent = 0;
}

enum dns_sending
dns_tcp_send(struct dns_tcp *t, struct dns_query *q, const struct endpoint *ep)
{
	struct dns_conn *c = t->conns;
	struct err err;

	while (c < t->conns + DNS_TCP_SOCKETS_MAX && c->fd != -1)
		c++;
	if (c == t->conns + DNS_TCP_SOCKETS_MAX)
		return DNS_NO_ROOM;
	if (!dns_ids_take(t->ids, &q->id))
		return DNS_NO_ID;
	err = sock_connect(ep, NULL, &c->fd);
	if (err_is(err)) {
		c->fd = -1;
		return err.kind == ERR_SHORTAGE ? DNS_SHORT : DNS_UNREACHABLE;
	}
	err = reactor_add_fd(t->reactor, &c->watch, c->fd, REACTOR_WRITE);
	if (err_is(err)) {
		close_conn(c);
		return DNS_SHORT;
	}
	q->carrier = c;
	c->query = q;
	compose(c);
	return DNS_SENT;
}
