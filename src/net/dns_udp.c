#include "net/dns_udp.h"

#include <sys/socket.h>
#include <unistd.h>

/* Calls an event: what a full socket can be owed, and as much again that
 * nobody asked for.  The rest has to wait for the others' turn. */
#define READS_MAX (2 * DNS_SOCKET_QUERIES / DNS_UDP_BATCH)

static void on_event(void *ctx, unsigned events);

void
dns_udp_init(struct dns_udp *u, struct reactor *reactor, struct dns_ids *ids,
    const struct dns_udp_ops *ops, void *ctx)
{
	u->reactor = reactor;
	u->ids = ids;
	u->ops = ops;
	u->ctx = ctx;
	u->reading = NULL;
	u->foreign = 0;
	for (size_t i = 0; i < DNS_UDP_SOCKETS_MAX; i++) {
		struct dns_socket *s = &u->sockets[i];

		s->udp = u;
		s->fd = -1;
		watch_init(&s->watch, on_event, s);
	}
}

static void
close_socket(struct dns_socket *s)
{
	reactor_remove_fd(s->udp->reactor, &s->watch, true);
	(void)close(s->fd);
	s->fd = -1;
}

void
dns_udp_fini(struct dns_udp *u)
{
	for (size_t i = 0; i < DNS_UDP_SOCKETS_MAX; i++) {
		if (u->sockets[i].fd != -1)
			close_socket(&u->sockets[i]);
	}
}

static void
close_if_over(struct dns_socket *s)
{
	if (s->is_retired && s->count == 0 && s != s->udp->reading)
		close_socket(s);
}

/* ---- What is out -------------------------------------------------------- */

/* s->count when none has this id. */
static unsigned
find_id(const struct dns_socket *s, uint16_t id)
{
	unsigned i = 0;

	while (i < s->count && s->ids[i] != id)
		i++;
	return i;
}

static void
put_out(struct dns_socket *s, struct dns_query *q)
{
	s->ids[s->count] = q->id;
	s->queries[s->count++] = q;
	q->carrier = s;
	if (++s->used >= DNS_SOCKET_QUERIES)
		s->is_retired = true;
}

static void
take_off(struct dns_socket *s, unsigned at)
{
	s->queries[at]->carrier = NULL;
	s->count--;
	s->ids[at] = s->ids[s->count];
	s->queries[at] = s->queries[s->count];
}

void
dns_udp_drop(struct dns_udp *u, struct dns_query *q, bool was_lost)
{
	struct dns_socket *s = q->carrier;

	(void)u;
	take_off(s, find_id(s, q->id));
	if (was_lost)
		s->is_retired = true;
	close_if_over(s);
}

/* Nobody is there: true of all that is out. */
static void
break_socket(struct dns_socket *s)
{
	struct dns_udp *u = s->udp;

	s->is_retired = true;
	while (s->count > 0) {
		struct dns_query *q = s->queries[s->count - 1];

		take_off(s, s->count - 1);
		u->ops->broken(u->ctx, q);
	}
	close_if_over(s);
}

void
dns_udp_renumber(struct dns_udp *u, const uint8_t map[DNS_SERVERS_MAX])
{
	for (size_t i = 0; i < DNS_UDP_SOCKETS_MAX; i++) {
		struct dns_socket *s = &u->sockets[i];

		if (s->fd == -1)
			continue;
		if (s->server != DNS_SERVER_NONE)
			s->server = map[s->server];
		if (s->server == DNS_SERVER_NONE) {
			s->is_retired = true;
			close_if_over(s);
		}
	}
}

/* ---- Reading ------------------------------------------------------------ */

static void
take_datagram(struct dns_socket *s, struct slice message)
{
	struct dns_udp *u = s->udp;
	unsigned at = s->count;

	if (message.len >= 2)
		at = find_id(
		    s, (uint16_t)(message.ptr[0] << 8 | message.ptr[1]));
	if (at == s->count ||
	    !u->ops->answered(u->ctx, s->queries[at], message))
		u->foreign++;
}

/* Take what one call brings; false when that was all, or nothing can come. */
static bool
read_batch(struct dns_socket *s)
{
	struct dns_udp *u = s->udp;
	struct iovec iov[DNS_UDP_BATCH];
	struct mmsghdr messages[DNS_UDP_BATCH] = { 0 };
	int n;

	for (size_t i = 0; i < DNS_UDP_BATCH; i++) {
		iov[i] = (struct iovec){ u->in[i], DNS_DATAGRAM_MAX };
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(s->fd, messages, DNS_UDP_BATCH, MSG_DONTWAIT, NULL);
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		break_socket(s);
	for (int i = 0; i < n; i++)
		take_datagram(s, slice_of(u->in[i], messages[i].msg_len));
	return n == DNS_UDP_BATCH;
}

static void
on_event(void *ctx, unsigned events)
{
	struct dns_socket *s = ctx;
	struct dns_udp *u = s->udp;
	unsigned reads = 0;

	(void)events;
	u->reading = s;
	while (reads++ < READS_MAX && read_batch(s))
		;
	u->reading = NULL;
	close_if_over(s);
	u->ops->settled(u->ctx);
}

/* ---- Sending ------------------------------------------------------------ */

/* What there is for a question to one server. */
struct survey {
	struct dns_socket *current; /* good for another question */
	struct dns_socket *least;   /* of the server's others, with room */
	struct dns_socket *vacant;  /* not open */
	struct dns_socket *idle;    /* of another server, with nothing out */
};

static struct survey
look_around(struct dns_udp *u, uint8_t server)
{
	struct survey found = { 0 };

	for (size_t i = 0; i < DNS_UDP_SOCKETS_MAX; i++) {
		struct dns_socket *s = &u->sockets[i];

		if (s->fd == -1)
			found.vacant = s;
		else if (s->server == server && !s->is_retired)
			found.current = s;
		else if (s->server != server && s->count == 0 &&
		    s != u->reading)
			found.idle = s;
		else if (s->server == server && s->count < DNS_SOCKET_QUERIES &&
		    (found.least == NULL || s->count < found.least->count))
			found.least = s;
	}
	return found;
}

static struct err
open_socket(struct dns_socket *s, uint8_t server, const struct endpoint *ep)
{
	struct err err = sock_connect_udp(ep, &s->fd);

	if (err_is(err)) {
		s->fd = -1;
		return err;
	}
	err = reactor_add_fd(s->udp->reactor, &s->watch, s->fd, REACTOR_READ);
	if (err_is(err)) {
		(void)close(s->fd);
		s->fd = -1;
		/* Nothing that the server could be blamed for. */
		return err_code(ERR_SHORTAGE, err.sys);
	}
	s->server = server;
	s->is_retired = false;
	s->used = 0;
	s->count = 0;
	return err;
}

/* The socket for a question; DNS_SENT when there is one. */
static enum dns_sending
choose_socket(struct dns_udp *u, uint8_t server, const struct endpoint *ep,
    struct dns_socket **chosen)
{
	struct survey found = look_around(u, server);
	struct err err = err_none();

	if (found.current != NULL) {
		*chosen = found.current;
		return DNS_SENT;
	}
	if (found.vacant == NULL && found.idle != NULL) {
		close_socket(found.idle);
		found.vacant = found.idle;
	}
	if (found.vacant != NULL) {
		err = open_socket(found.vacant, server, ep);
		if (!err_is(err)) {
			*chosen = found.vacant;
			return DNS_SENT;
		}
		if (err.kind != ERR_SHORTAGE)
			return DNS_UNREACHABLE;
	}
	if (found.least != NULL) {
		*chosen = found.least;
		return DNS_SENT;
	}
	return err_is(err) ? DNS_SHORT : DNS_NO_ROOM;
}

/* Another one than it had before, and than those that are out have. */
static bool
choose_id(struct dns_udp *u, const struct dns_socket *s, struct dns_query *q)
{
	uint16_t id;

	do {
		if (!dns_ids_take(u->ids, &id))
			return false;
	} while (find_id(s, id) < s->count || (q->tried > 0 && id == q->id));
	q->id = id;
	return true;
}

/* Whether an error of send() says that the server cannot be reached, and not
 * only that there was no room on the way. */
static bool
is_unreachable(int sys)
{
	return sys != EAGAIN && sys != EINTR && sys != ENOBUFS && sys != ENOMEM;
}

enum dns_sending
dns_udp_send(struct dns_udp *u, struct dns_query *q, const struct endpoint *ep)
{
	uint8_t message[DNS_QUERY_MAX];
	struct dns_socket *s;
	enum dns_sending sending = choose_socket(u, q->server, ep, &s);
	size_t len;

	if (sending != DNS_SENT)
		return sending;
	if (!choose_id(u, s, q))
		return DNS_NO_ID;
	len = dns_query_write(message, q->id, &q->name, q->type, q->has_edns);
	if (send(s->fd, message, len, MSG_NOSIGNAL) == -1 &&
	    is_unreachable(errno)) {
		break_socket(s);
		return DNS_UNREACHABLE;
	}
	put_out(s, q);
	return DNS_SENT;
}
