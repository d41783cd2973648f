/*
 * fake_peer - connections that lead to the test itself: sock_connect() gives
 * one end of a socket pair, and the test plays the other.  A test that includes
 * this has the line
 *
 *     link: -Wl,--wrap=sock_connect
 *
 * in a comment of its own.
 */
#ifndef BULKFETCH_TESTS_UNIT_FAKE_PEER_H
#define BULKFETCH_TESTS_UNIT_FAKE_PEER_H

#include "exact.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/sock.h"

#define FAKE_PEERS_MAX 1024
#define FAKE_TRIED_MAX 512

/* What becomes of the next connections. */
enum fake_fate {
	FAKE_CONNECTS,
	FAKE_FAILS,   /* at once, with `sys` */
	FAKE_NO_PORT, /* at once, with a shortage of ports */
	FAKE_REFUSED, /* when it is looked at, by the kernel */
	FAKE_HANGS,   /* it never becomes writable */
};

/* The peer's ends, in the order of connecting; -1 when closed. */
static int fake_peers[FAKE_PEERS_MAX];
static bool fake_hangs[FAKE_PEERS_MAX];
static unsigned fake_peer_count;

/* Where was connected to, as far as there is room: "192.0.2.1 192.0.2.2", with
 * "<127.0.0.1" behind it if from there. */
static char fake_tried[FAKE_TRIED_MAX];
static const struct sock_source *fake_from; /* the last one; NULL: any */

static struct {
	enum fake_fate fate;
	unsigned times; /* the fate of so many; they connect after that */
	int sys;
	int send_room; /* SO_SNDBUF of our end; 0: as it comes */
	/* The fate by address; may be NULL. */
	enum fake_fate (*by_addr)(const struct endpoint *ep);
} fake_plan;

/* What becomes of connections to an address; to others they connect. */
#define FAKE_WAYS_MAX 8

struct fake_way {
	const char *addr;
	const char *from; /* from there alone; NULL: from anywhere */
	enum fake_fate fate;
	int sys; /* with FAKE_FAILS */
};

static struct fake_way fake_ways[FAKE_WAYS_MAX];
static size_t fake_way_count;

struct err __real_sock_connect(
    const struct endpoint *ep, const struct sock_source *from, int *fd);
struct err __wrap_sock_connect(
    const struct endpoint *ep, const struct sock_source *from, int *fd);

static inline int
fake_peer(unsigned i)
{
	assert_true(i < fake_peer_count);
	assert_int_not_equal(fake_peers[i], -1);
	return fake_peers[i];
}

static inline void
fake_close(unsigned i)
{
	assert_int_equal(close(fake_peer(i)), 0);
	fake_peers[i] = -1;
}

/* Forget all of them, and the plan. */
static inline void
fake_peers_reset(void)
{
	for (unsigned i = 0; i < fake_peer_count; i++) {
		if (fake_peers[i] != -1)
			(void)close(fake_peers[i]);
	}
	fake_peer_count = 0;
	fake_way_count = 0;
	fake_tried[0] = '\0';
	memset(&fake_plan, 0, sizeof(fake_plan));
}

/* As much of `octets` as the socket takes. */
static inline size_t
fake_offer(unsigned i, struct slice octets)
{
	size_t len = 0;

	while (len < octets.len) {
		ssize_t n = send(fake_peer(i), octets.ptr + len,
		    octets.len - len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n == -1)
			break;
		len += (size_t)n;
	}
	return len;
}

static inline void
fake_say(unsigned i, struct slice octets)
{
	assert_int_equal(fake_offer(i, octets), octets.len);
}

static inline void
fake_say_str(unsigned i, const char *text)
{
	fake_say(i, slice_str(text));
}

/* What has come, up to `cap` octets; 0 when nothing has. */
static inline size_t
fake_hear(unsigned i, char *to, size_t cap)
{
	ssize_t n = recv(fake_peer(i), to, cap, MSG_DONTWAIT);

	return n > 0 ? (size_t)n : 0;
}

/* Whether our end was closed; what was said before is passed over. */
static inline bool
fake_hears_end(unsigned i)
{
	char octets[1024];
	ssize_t n;

	do
		n = recv(fake_peer(i), octets, sizeof(octets), MSG_DONTWAIT);
	while (n > 0);
	return n == 0;
}

static inline bool
fake_is_addr(const struct endpoint *ep, const char *text)
{
	char own[ENDPOINT_TEXT_MAX];

	return strcmp(endpoint_format(ep, own), text) == 0;
}

static inline enum fake_fate
fake_fate_of_way(const struct endpoint *ep)
{
	for (size_t i = 0; i < fake_way_count; i++) {
		const struct fake_way *w = &fake_ways[i];

		if (!fake_is_addr(ep, w->addr) ||
		    (w->from != NULL &&
			(fake_from == NULL ||
			    !fake_is_addr(&fake_from->addr, w->from))))
			continue;
		fake_plan.sys = w->sys;
		return w->fate;
	}
	return FAKE_CONNECTS;
}

static inline void
fake_add_way(const struct fake_way *way)
{
	assert_true(fake_way_count < FAKE_WAYS_MAX);
	fake_ways[fake_way_count++] = *way;
	fake_plan.by_addr = fake_fate_of_way;
}

static inline enum fake_fate
fake_next_fate(const struct endpoint *ep)
{
	if (fake_plan.by_addr != NULL)
		return fake_plan.by_addr(ep);
	if (fake_plan.times == 0)
		return FAKE_CONNECTS;
	fake_plan.times--;
	return fake_plan.fate;
}

static inline void
fake_note_try(const struct endpoint *ep, const struct sock_source *from)
{
	char text[ENDPOINT_TEXT_MAX];
	size_t len = strlen(fake_tried);

	fake_from = from;
	(void)snprintf(fake_tried + len, sizeof(fake_tried) - len, "%s%s",
	    len > 0 ? " " : "", endpoint_format(ep, text));
	len = strlen(fake_tried);
	if (from != NULL)
		(void)snprintf(fake_tried + len, sizeof(fake_tried) - len,
		    "<%s", endpoint_format(&from->addr, text));
}

/* Take what our end has sent, so that it is writable again. */
static inline void
fake_drain(unsigned i)
{
	char octets[4096];

	while (fake_hear(i, octets, sizeof(octets)) > 0)
		;
}

/* A port of this machine where nobody listens. */
static inline struct endpoint
fake_dead_end(void)
{
	struct endpoint ep = { .addr.in.sin_family = AF_INET,
		.addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.len = sizeof(ep.addr.in) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, &ep.addr.sa, ep.len), 0);
	assert_int_equal(getsockname(fd, &ep.addr.sa, &ep.len), 0);
	(void)close(fd);
	return ep;
}

struct err
__wrap_sock_connect(
    const struct endpoint *ep, const struct sock_source *from, int *fd)
{
	enum fake_fate fate;
	struct endpoint dead;
	char octets[1024] = { 0 };
	int fds[2];

	fake_note_try(ep, from);
	fate = fake_next_fate(ep);
	if (fate == FAKE_FAILS)
		return err_code(
		    err_is_shortage(fake_plan.sys) ? ERR_SHORTAGE : ERR_CONNECT,
		    fake_plan.sys);
	if (fate == FAKE_NO_PORT)
		return err_code(ERR_SHORTAGE, EADDRNOTAVAIL);
	if (fate == FAKE_REFUSED) {
		dead = fake_dead_end();
		return __real_sock_connect(&dead, from, fd);
	}
	assert_true(fake_peer_count < FAKE_PEERS_MAX);
	assert_int_equal(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
	    0);
	if (fake_plan.send_room > 0)
		assert_int_equal(
		    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF,
			&fake_plan.send_room, sizeof(fake_plan.send_room)),
		    0);
	while (fate == FAKE_HANGS &&
	    send(fds[0], octets, sizeof(octets), MSG_NOSIGNAL) > 0)
		;
	fake_hangs[fake_peer_count] = fate == FAKE_HANGS;
	fake_peers[fake_peer_count++] = fds[1];
	*fd = fds[0];
	return err_none();
}

#endif
