/*
 * fake_dns - name servers on loopback addresses, over UDP and TCP, that do what
 * the test has written down for each question, and what no real one would.
 * They have their turn before each wait of the reactor, so that one thread
 * plays both sides; with fake_time.h, whose link line a test needs.
 */
#ifndef BULKFETCH_TESTS_UNIT_FAKE_DNS_H
#define BULKFETCH_TESTS_UNIT_FAKE_DNS_H

#include "exact.h"
#include "fake_dns_message.h"
#include "fake_time.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns/message.h"
#include "sys/sock.h"

#define FAKE_DNS_SERVERS 4
#define FAKE_DNS_PLAN 16
#define FAKE_DNS_HELD 4096
#define FAKE_DNS_CONNS 16
#define FAKE_DNS_NOTED 16384

struct fake_dns_conn {
	int fd; /* -1: free */
	uint8_t in[2 + DNS_QUERY_MAX];
	size_t in_len;
	bool is_answering;
	uint8_t out[2 + 65535];
	size_t out_len;
	size_t out_at;
	size_t piece; /* octets a turn */
	bool is_closed_then;
};

static struct fake_dns {
	struct endpoint ep;
	int udp;
	int tcp;
	enum fake_deed plan[FAKE_DNS_PLAN]; /* one a question, then the last */
	size_t plan_len;
	struct fake_zone zone;
	int64_t late_ms;
	/* What came: */
	unsigned questions; /* over UDP and TCP */
	unsigned over_tcp;
	unsigned with_edns;
	struct fake_dns_conn conns[FAKE_DNS_CONNS];
} fake_dns[FAKE_DNS_SERVERS];

static size_t fake_dns_count;
/* The questions as they came, ids and ports. */
static struct fake_dns_note {
	uint16_t id;
	uint16_t port;
} fake_dns_noted[FAKE_DNS_NOTED];
static size_t fake_dns_noted_count;

/* Answers that are held back. */
static struct fake_dns_held {
	int64_t due_ms;
	int fd;
	struct endpoint to;
	uint8_t octets[DNS_UDP_SIZE];
	size_t len;
} fake_dns_held[FAKE_DNS_HELD];
static size_t fake_dns_held_count;

/* ---- The servers -------------------------------------------------------- */

static inline enum fake_deed
fake_dns_next(struct fake_dns *s, const struct fake_dns_question *q)
{
	size_t at = s->questions++;

	assert_true(s->plan_len > 0);
	s->over_tcp += q->is_tcp;
	s->with_edns += q->has_edns;
	if (fake_dns_noted_count < FAKE_DNS_NOTED)
		fake_dns_noted[fake_dns_noted_count++] =
		    (struct fake_dns_note){ q->id, q->port };
	return s->plan[at < s->plan_len ? at : s->plan_len - 1];
}

/* Have all questions from now on dealt with like this. */
static inline void
fake_dns_plan(struct fake_dns *s, enum fake_deed deed)
{
	s->plan[0] = deed;
	s->plan_len = 1;
}

/* One question after those that are planned. */
static inline void
fake_dns_then(struct fake_dns *s, enum fake_deed deed)
{
	assert_true(s->plan_len < FAKE_DNS_PLAN);
	s->plan[s->plan_len++] = deed;
}

static inline void
fake_dns_say(int fd, const void *octets, size_t len, const struct endpoint *to)
{
	/* Where it goes to may be closed by now. */
	(void)sendto(fd, octets, len, MSG_NOSIGNAL | MSG_DONTWAIT, &to->addr.sa,
	    to->len);
}

static inline void
fake_dns_hold(struct fake_dns *s, const uint8_t *octets, size_t len,
    const struct endpoint *to)
{
	struct fake_dns_held *h = &fake_dns_held[fake_dns_held_count++];

	assert_true(fake_dns_held_count <= FAKE_DNS_HELD);
	assert_true(len <= sizeof(h->octets));
	*h = (struct fake_dns_held){ .due_ms = fake_now_ms + s->late_ms,
		.fd = s->udp,
		.to = *to,
		.len = len };
	memcpy(h->octets, octets, len);
}

/* By somebody else at our address, or with our port at another one. */
static inline void
fake_dns_forge(const struct fake_dns *s, enum fake_deed deed,
    const uint8_t *octets, size_t len, const struct endpoint *to)
{
	struct endpoint from = s->ep;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	if (deed == DEED_WRONG_PORT)
		endpoint_set_port(&from, 0);
	else
		from.addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 99);
	assert_int_equal(bind(fd, &from.addr.sa, from.len), 0);
	fake_dns_say(fd, octets, len, to);
	(void)close(fd);
}

static inline void
fake_dns_reply(struct fake_dns *s, enum fake_deed deed,
    const struct fake_dns_question *q, const struct endpoint *to)
{
	static uint8_t octets[65536];
	size_t len = fake_dns_compose(&s->zone, deed, q, octets);

	if (deed == DEED_SILENCE || deed == DEED_ONLY_TCP)
		return;
	if (deed == DEED_LATE) {
		fake_dns_hold(s, octets, len, to);
		return;
	}
	if (deed == DEED_WRONG_PORT || deed == DEED_WRONG_ADDRESS) {
		fake_dns_forge(s, deed, octets, len, to);
		return;
	}
	if (deed == DEED_NOISE) {
		fake_dns_say(s->udp, octets, 0, to);
		fake_dns_say(s->udp, octets, 1, to);
		fake_dns_say(s->udp, octets, 11, to);
		memset(octets + 32768, octets[0], 5000);
		fake_dns_say(s->udp, octets + 32768, 5000, to);
	}
	if (deed == DEED_TWICE)
		fake_dns_say(s->udp, octets, len, to);
	fake_dns_say(s->udp, octets, len, to);
}

static inline bool
fake_dns_hear_udp(struct fake_dns *s)
{
	uint8_t octets[DNS_QUERY_MAX + 1];
	struct endpoint from = { .len = sizeof(from.addr.in) };
	struct fake_dns_question q;
	ssize_t n = recvfrom(s->udp, octets, sizeof(octets), MSG_DONTWAIT,
	    &from.addr.sa, &from.len);

	if (n == -1)
		return false;
	q = fake_dns_parse(slice_of(octets, (size_t)n));
	q.port = endpoint_port(&from);
	fake_dns_reply(s, fake_dns_next(s, &q), &q, &from);
	return true;
}

static inline void
fake_dns_hang_up(struct fake_dns_conn *c)
{
	(void)close(c->fd);
	memset(c, 0, sizeof(*c));
	c->fd = -1;
}

static inline void
fake_dns_reply_tcp(struct fake_dns *s, struct fake_dns_conn *c)
{
	struct fake_dns_question q =
	    fake_dns_parse(slice_of(c->in + 2, c->in_len - 2));
	enum fake_deed deed;
	size_t told;

	q.is_tcp = true;
	deed = fake_dns_next(s, &q);
	if (deed == DEED_SILENCE)
		return;
	c->is_answering = true;
	told = fake_dns_compose(&s->zone, deed, &q, c->out + 2);
	c->out_len = 2 + told;
	c->piece = deed == DEED_PIECES ? 1 : c->out_len;
	c->is_closed_then = deed == DEED_FAILS_TCP || deed == DEED_SHORT_TCP ||
	    deed == DEED_LYING_TCP;
	if (deed == DEED_FAILS_TCP)
		c->out_len = 0;
	if (deed == DEED_SHORT_TCP)
		c->out_len /= 2;
	if (deed == DEED_LYING_TCP)
		told = 65535;
	c->out[0] = (uint8_t)(told >> 8);
	c->out[1] = (uint8_t)told;
}

/* One step of a connection; whether there was one. */
static inline bool
fake_dns_step(struct fake_dns *s, struct fake_dns_conn *c)
{
	size_t whole = c->in_len < 2 ? 0 : 2 + fake_get16(c->in);
	ssize_t n;

	if (c->is_answering && c->out_at < c->out_len) {
		size_t left = c->out_len - c->out_at;

		n = sendto(c->fd, c->out + c->out_at,
		    left < c->piece ? left : c->piece,
		    MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
		if (n > 0)
			c->out_at += (size_t)n;
		return n > 0;
	}
	if (c->is_answering && c->is_closed_then) {
		fake_dns_hang_up(c);
		return true;
	}
	n = recvfrom(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len,
	    MSG_DONTWAIT, NULL, NULL);
	if (n == -1 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		fake_dns_hang_up(c);
		return true;
	}
	c->in_len += (size_t)n;
	if (whole == 0 && c->in_len >= 2)
		whole = 2 + fake_get16(c->in);
	if (whole > 0 && c->in_len == whole)
		fake_dns_reply_tcp(s, c);
	return true;
}

static inline bool
fake_dns_hear_tcp(struct fake_dns *s)
{
	bool has_acted = false;
	int fd;

	for (size_t i = 0; i < FAKE_DNS_CONNS; i++) {
		struct fake_dns_conn *c = &s->conns[i];

		if (c->fd == -1) {
			fd = accept4(s->tcp, NULL, NULL, SOCK_NONBLOCK);
			if (fd == -1)
				continue;
			c->fd = fd;
			has_acted = true;
		}
		has_acted = fake_dns_step(s, c) || has_acted;
	}
	return has_acted;
}

/* ---- Their turn --------------------------------------------------------- */

/* Say what is due; the others stay, and the world wakes for the first. */
static inline bool
fake_dns_say_held(void)
{
	size_t left = 0;
	bool has_said = false;

	fake_wake_ms = INT64_MAX;
	for (size_t i = 0; i < fake_dns_held_count; i++) {
		struct fake_dns_held *h = &fake_dns_held[i];

		if (h->due_ms <= fake_now_ms) {
			fake_dns_say(h->fd, h->octets, h->len, &h->to);
			has_said = true;
			continue;
		}
		if (h->due_ms < fake_wake_ms)
			fake_wake_ms = h->due_ms;
		if (left != i)
			fake_dns_held[left] = *h;
		left++;
	}
	fake_dns_held_count = left;
	return has_said;
}

static inline bool
fake_dns_act(void)
{
	bool has_acted = fake_dns_say_held();

	for (size_t i = 0; i < fake_dns_count; i++) {
		struct fake_dns *s = &fake_dns[i];

		while (s->udp != -1 && fake_dns_hear_udp(s))
			has_acted = true;
		if (s->tcp != -1)
			has_acted = fake_dns_hear_tcp(s) || has_acted;
	}
	return has_acted;
}

/* fake_before_wait.  Time leaps only when all has been said; what the kernel
 * has still under way between two sockets gets a moment of real time. */
static inline bool
fake_dns_turn(void)
{
	if (fake_dns_act())
		return true;
	if (fake_timeout_ms == 0)
		return false;
	(void)poll(NULL, 0, 3);
	return fake_dns_act();
}

static inline int
fake_dns_bind(struct endpoint *ep, int type)
{
	const int on = 1;
	int fd = socket(
	    ep->addr.sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &ep->addr.sa, ep->len) == -1) {
		(void)close(fd);
		return -1;
	}
	assert_int_equal(getsockname(fd, &ep->addr.sa, &ep->len), 0);
	return fd;
}

/* One that answers with one address, at a port that is free over both. */
static inline struct fake_dns *
fake_dns_open(void)
{
	struct fake_dns *s = &fake_dns[fake_dns_count++];
	const int room = 4 * 1024 * 1024;

	assert_true(fake_dns_count <= FAKE_DNS_SERVERS);
	memset(s, 0, sizeof(*s));
	s->zone.addrs = 1;
	s->zone.ttl_s = 300;
	for (size_t i = 0; i < FAKE_DNS_CONNS; i++)
		s->conns[i].fd = -1;
	do {
		assert_true(endpoint_parse(slice_str("127.0.0.1"), 0, &s->ep));
		s->udp = fake_dns_bind(&s->ep, SOCK_DGRAM);
		assert_int_not_equal(s->udp, -1);
		s->tcp = fake_dns_bind(&s->ep, SOCK_STREAM);
		if (s->tcp == -1)
			(void)close(s->udp);
	} while (s->tcp == -1);
	assert_int_equal(listen(s->tcp, FAKE_DNS_CONNS), 0);
	(void)setsockopt(s->udp, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	fake_dns_plan(s, DEED_ANSWER);
	fake_before_wait = fake_dns_turn;
	return s;
}

/* Nobody is there any more. */
static inline void
fake_dns_shut(struct fake_dns *s)
{
	for (size_t i = 0; i < FAKE_DNS_CONNS; i++) {
		if (s->conns[i].fd != -1)
			fake_dns_hang_up(&s->conns[i]);
	}
	if (s->udp != -1)
		(void)close(s->udp);
	if (s->tcp != -1)
		(void)close(s->tcp);
	s->udp = s->tcp = -1;
}

/* It is there again, over UDP. */
static inline void
fake_dns_reopen(struct fake_dns *s)
{
	s->udp = fake_dns_bind(&s->ep, SOCK_DGRAM);
	assert_int_not_equal(s->udp, -1);
}

static inline void
fake_dns_reset(void)
{
	while (fake_dns_count > 0)
		fake_dns_shut(&fake_dns[--fake_dns_count]);
	fake_dns_held_count = 0;
	fake_dns_noted_count = 0;
	fake_before_wait = NULL;
	fake_wake_ms = INT64_MAX;
}

#endif
