/*
 * delayd - a server on loopback that answers every request after a delay.
 *
 *	delayd [-d MILLISECONDS]
 *
 * GET /SIZE/.../NAME is answered with the SIZE octets that content.h gives
 * NAME, on a connection that is kept alive.  It listens on a port of the
 * kernel's choice on 127.0.0.1, and prints the port.  It is made for many
 * connections and small bodies, and simply closes a connection on which
 * anything unusual happens.
 *
 * The delay is the same for all, so answers fall due in the order in which
 * the requests came: one queue serves as the timer.
 */
#include "content.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	FDS_MAX = 65536,
	BODY_MAX = 64 * 1024, /* fits a socket's send buffer with its head */
	REQUEST_MAX = 1024,
	EVENTS_MAX = 512,
	ACCEPTS_MAX = 64, /* a wake-up */
	DELAY_MAX_MS = 60000,
	BACKLOG = 4096,
};

/* At most one request of a connection is in the queue: `waiting`. */
struct conn {
	bool open;
	bool listening;
	bool waiting;
	uint32_t serial; /* tells a descriptor from its next use */
	size_t in_len;
	char in[REQUEST_MAX];
};

struct due {
	int64_t at_ns;
	int fd;
	uint32_t serial;
};

/* head <= tail; what is waiting is queue[head % FDS_MAX .. tail % FDS_MAX). */
struct server {
	int epoll;
	int64_t delay_ns;
	struct conn *conns; /* owned; by descriptor */
	struct due *queue;  /* owned; FDS_MAX, one a connection at most */
	size_t head;
	size_t tail;
};

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "delayd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t
now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void
watch(struct server *s, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (fd >= FDS_MAX || epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) == -1)
		die("epoll_ctl");
	s->conns[fd].open = true;
	s->conns[fd].waiting = false;
	s->conns[fd].in_len = 0;
	s->conns[fd].serial++;
}

/* Returns the port. */
static uint16_t
server_listen(struct server *s)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof addr;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1 ||
	    bind(fd, (const struct sockaddr *)&addr, sizeof addr) == -1 ||
	    listen(fd, BACKLOG) == -1 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) == -1)
		die("listen");
	watch(s, fd);
	s->conns[fd].listening = true;
	return ntohs(addr.sin_port);
}

static void
server_accept(struct server *s, int listener)
{
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		int fd =
		    accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd == -1)
			return;
		watch(s, fd);
	}
}

static void
conn_close(struct server *s, int fd)
{
	s->conns[fd].open = false;
	(void)close(fd);
}

/* Answer the request at the front of the connection's buffer. */
static void
conn_answer(struct server *s, int fd)
{
	char out[256 + BODY_MAX];
	struct conn *c = &s->conns[fd];
	struct content content;
	char *space;
	char *name;
	size_t size;
	size_t len;

	c->in[c->in_len - 1] = '\0';
	space = strncmp(c->in, "GET /", 5) == 0 ? strchr(c->in + 5, ' ') : NULL;
	if (space == NULL) {
		conn_close(s, fd);
		return;
	}
	*space = '\0';
	size = (size_t)strtoul(c->in + 5, NULL, 10);
	name = strrchr(c->in, '/') + 1;
	if (size > BODY_MAX)
		size = BODY_MAX;
	len = (size_t)snprintf(out, 256,
	    "HTTP/1.1 200 OK\r\nServer: delayd\r\n"
	    "Content-Type: application/octet-stream\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    size);
	content_init(&content, name, strlen(name));
	content_next(&content, out + len, size);
	len += size;
	c->in_len = 0;
	c->waiting = false;
	if (send(fd, out, len, MSG_NOSIGNAL) != (ssize_t)len)
		conn_close(s, fd);
}

static void
conn_read(struct server *s, int fd)
{
	struct conn *c = &s->conns[fd];
	ssize_t n = recv(fd, c->in + c->in_len, sizeof c->in - c->in_len, 0);

	/* Also a client that sends more before it has its answer. */
	if (n <= 0 || c->waiting) {
		conn_close(s, fd);
		return;
	}
	c->in_len += (size_t)n;
	if (c->in_len < 4 ||
	    memcmp(c->in + c->in_len - 4, "\r\n\r\n", 4) != 0) {
		if (c->in_len == sizeof c->in)
			conn_close(s, fd);
		return;
	}
	if (s->delay_ns == 0) {
		conn_answer(s, fd);
		return;
	}
	c->waiting = true;
	if (s->tail - s->head == FDS_MAX)
		die("queue full");
	s->queue[s->tail++ % FDS_MAX] = (struct due){
		.at_ns = now_ns() + s->delay_ns, .fd = fd, .serial = c->serial
	};
}

/* Answer what is due; returns how long epoll_wait may sleep. */
static int
server_due(struct server *s)
{
	int64_t now = s->head < s->tail ? now_ns() : 0;

	for (; s->head < s->tail; s->head++) {
		struct due due = s->queue[s->head % FDS_MAX];
		struct conn *c = &s->conns[due.fd];

		if (due.at_ns > now)
			return (int)((due.at_ns - now + 999999) / 1000000);
		if (c->open && c->serial == due.serial)
			conn_answer(s, due.fd);
	}
	return -1;
}

static void
serve(struct server *s)
{
	struct epoll_event events[EVENTS_MAX];

	for (;;) {
		int n = epoll_wait(s->epoll, events, EVENTS_MAX, server_due(s));

		if (n == -1 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (s->conns[fd].listening)
				server_accept(s, fd);
			else
				conn_read(s, fd);
		}
	}
}

int
main(int argc, char **argv)
{
	struct server s = { 0 };
	struct rlimit limit;
	long delay_ms = 100;
	int opt;

	while ((opt = getopt(argc, argv, "d:")) != -1) {
		if (opt == 'd')
			delay_ms = strtol(optarg, NULL, 10);
		else
			return 2;
	}
	if (optind != argc || delay_ms < 0 || delay_ms > DELAY_MAX_MS) {
		fputs("usage: delayd [-d MILLISECONDS]\n", stderr);
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		die("getrlimit");
	limit.rlim_cur = limit.rlim_max < FDS_MAX ? limit.rlim_max : FDS_MAX;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	s.delay_ns = delay_ms * 1000000;
	s.conns = calloc(FDS_MAX, sizeof *s.conns);
	s.queue = calloc(FDS_MAX, sizeof *s.queue);
	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s.conns == NULL || s.queue == NULL || s.epoll == -1)
		die("start");
	printf("%u\n", (unsigned)server_listen(&s));
	(void)fflush(stdout);
	serve(&s);
	return 0;
}
