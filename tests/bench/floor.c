/*
 * floor - the least that a bulk HTTP fetcher can do: the yardstick of the
 * benchmark.
 *
 *	floor [-1n] [-c CONNECTIONS] [-d DIR] LIST
 *
 * It makes the system calls that a perfect fetcher would have to make, in the
 * cheapest order we know, and leaves out whatever is not a system call: no
 * protocol beyond a status line and a Content-Length, no names beyond the
 * last component of the path, no retries, limits, log or progress.  What is
 * slower than this pays for its features; nothing honest is much faster.
 *
 * LIST has a line http://A.B.C.D:PORT/path for each file and is held in
 * memory.  A request on a warm connection costs
 *
 *	send, recv, a share of epoll_wait (up to 512 events a call),
 *	openat, write, fchmod, close
 *
 * when its body is whole in the first receive.  Any other body goes to a
 * temporary name and is renamed; as long as 64 KiB or more of it are left
 * it is spliced through one pipe that all connections share.
 *
 * -1 opens a connection for each request; -n writes no files, which shows
 * what the network half costs.  Anything unexpected ends the program: a
 * yardstick that copes with errors could hide them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	EVENTS_MAX = 512,
	RECV_MAX = 256 * 1024,
	SPLICE_MIN = 64 * 1024, /* below this recv + write is as cheap */
	PIPE_LEN = 1024 * 1024, /* what an unprivileged user may have */
	REQUEST_MAX = 4096,
	NAME_LEN_MAX = 255,
	QUIET_MS = 30000, /* no event for so long: give up */
};

/* One line of the list; the pointers borrow from the list in memory. */
struct target {
	struct sockaddr_in addr;
	const char *host; /* A.B.C.D:PORT, for the Host field */
	size_t host_len;
	const char *path;
	size_t path_len;
	const char *name; /* last component of the path */
	size_t name_len;
};

struct conn {
	int fd;        /* owned; -1 before the first connection */
	int out;       /* owned; file of a body in progress, else -1 */
	uint64_t left; /* octets of the body still to come */
	struct target target;
	char *head; /* owned; NULL unless a head came split */
	size_t head_len;
	bool connecting; /* the request waits for the handshake */
};

struct floor {
	int epoll;
	int dir;
	int pipe[2];
	mode_t mode;
	bool fresh;       /* -1 */
	bool discard;     /* -n */
	const char *next; /* rest of the list */
	const char *end;
	uint64_t files;
	uint64_t octets;
	size_t busy; /* connections with a request in flight */
	char *buf;   /* owned, RECV_MAX octets, shared by all connections */
};

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what,
	    errno != 0 ? strerror(errno) : "unexpected");
	exit(1);
}

/* Whole list into memory; a trailing newline is added if there is none. */
static void
list_read(struct floor *f, const char *path)
{
	struct stat st;
	size_t len = 0;
	char *text;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || fstat(fd, &st) == -1)
		die(path);
	text = malloc((size_t)st.st_size + 1);
	if (text == NULL)
		die("list");
	while (len < (size_t)st.st_size &&
	    (n = read(fd, text + len, (size_t)st.st_size - len)) > 0)
		len += (size_t)n;
	if (n == -1)
		die(path);
	if (len > 0 && text[len - 1] != '\n')
		text[len++] = '\n';
	(void)close(fd);
	f->next = text;
	f->end = text + len;
}

/* Decimal digits up to `stop`; moves `*p` past it. */
static uint32_t
list_number(const char **p, const char *end, char stop)
{
	uint32_t value = 0;

	for (; *p < end && **p >= '0' && **p <= '9' && value < 100000; (*p)++)
		value = value * 10 + (uint32_t)(**p - '0');
	if (*p == end || **p != stop)
		die("list: not http://A.B.C.D:PORT/path");
	(*p)++;
	return value;
}

static bool
list_next(struct floor *f, struct target *t)
{
	const char *p = f->next;
	const char *eol;
	uint32_t ip = 0;

	if (p == f->end)
		return false;
	eol = memchr(p, '\n', (size_t)(f->end - p));
	if (eol - p < 7 || memcmp(p, "http://", 7) != 0)
		die("list: not http://A.B.C.D:PORT/path");
	p += 7;
	t->host = p;
	for (int i = 0; i < 4; i++)
		ip = ip << 8 | list_number(&p, eol, i < 3 ? '.' : ':');
	t->addr.sin_family = AF_INET;
	t->addr.sin_addr.s_addr = htonl(ip);
	t->addr.sin_port = htons((uint16_t)list_number(&p, eol, '/'));
	t->path = p - 1;
	t->path_len = (size_t)(eol - t->path);
	t->host_len = (size_t)(t->path - t->host);
	t->name = (const char *)memrchr(t->path, '/', t->path_len) + 1;
	t->name_len = (size_t)(eol - t->name);
	if (t->name_len == 0 || t->name_len > NAME_LEN_MAX - 4)
		die("list: name");
	f->next = eol + 1;
	return true;
}

static char *
put(char *p, const char *s, size_t len)
{
	memcpy(p, s, len);
	return p + len;
}

static void
conn_watch(struct floor *f, struct conn *c, int op, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (epoll_ctl(f->epoll, op, c->fd, &ev) == -1)
		die("epoll_ctl");
}

/* False when the handshake is still under way. */
static bool
conn_send(struct conn *c)
{
	char request[REQUEST_MAX];
	const struct target *t = &c->target;
	char *p = request;
	ssize_t n;

	if (t->path_len + t->host_len > sizeof request - 64)
		die("list: URL too long");
	p = put(p, "GET ", 4);
	p = put(p, t->path, t->path_len);
	p = put(p, " HTTP/1.1\r\nHost: ", 17);
	p = put(p, t->host, t->host_len);
	p = put(p, "\r\n\r\n", 4);
	n = send(c->fd, request, (size_t)(p - request), MSG_NOSIGNAL);
	if (n == -1 && errno == EAGAIN && c->connecting)
		return false;
	if (n != p - request)
		die("send");
	c->connecting = false;
	return true;
}

/*
 * The request is sent in the hope that the handshake is over when connect
 * returns, as it is on loopback: that saves waiting for it.
 */
static void
conn_open(struct floor *f, struct conn *c)
{
	c->fd = socket(
	    AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (c->fd == -1)
		die("socket");
	if (connect(c->fd, (const struct sockaddr *)&c->target.addr,
		sizeof c->target.addr) == -1 &&
	    errno != EINPROGRESS)
		die("connect");
	c->connecting = true;
	conn_watch(f, c, EPOLL_CTL_ADD, conn_send(c) ? EPOLLIN : EPOLLOUT);
}

/* The next request of the list on this connection, or none. */
static void
conn_next(struct floor *f, struct conn *c)
{
	struct sockaddr_in was = c->target.addr;
	bool more = list_next(f, &c->target);

	if (c->fd != -1 && more && !f->fresh &&
	    was.sin_addr.s_addr == c->target.addr.sin_addr.s_addr &&
	    was.sin_port == c->target.addr.sin_port) {
		if (!conn_send(c))
			die("send");
		return;
	}
	if (c->fd != -1 && close(c->fd) == -1)
		die("close");
	c->fd = -1;
	if (more)
		conn_open(f, c);
	else
		f->busy--;
}

/* A write to a regular file is short only when the disk is full. */
static void
file_write(const struct floor *f, int fd, const char *body, size_t len)
{
	if (!f->discard && len > 0 && write(fd, body, len) != (ssize_t)len)
		die("write");
}

static void
file_name(const struct target *t, char name[NAME_LEN_MAX + 1], bool temp)
{
	char *p = put(name, t->name, t->name_len);

	if (temp)
		p = put(p, ".tmp", 4);
	*p = '\0';
}

/* A body that is all there: nobody can read it until it has its mode. */
static void
file_whole(
    const struct floor *f, const struct target *t, const char *body, size_t len)
{
	char name[NAME_LEN_MAX + 1];
	int fd;

	if (f->discard)
		return;
	file_name(t, name, false);
	fd = openat(f->dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd == -1)
		die(name);
	file_write(f, fd, body, len);
	if (fchmod(fd, f->mode) == -1 || close(fd) == -1)
		die(name);
}

static int
file_begin(const struct floor *f, const struct target *t)
{
	char name[NAME_LEN_MAX + 1];
	int fd;

	if (f->discard)
		return -1;
	file_name(t, name, true);
	fd = openat(f->dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, f->mode);
	if (fd == -1)
		die(name);
	return fd;
}

static void
file_end(const struct floor *f, const struct target *t, int fd)
{
	char temp[NAME_LEN_MAX + 1];
	char name[NAME_LEN_MAX + 1];

	file_name(t, temp, true);
	file_name(t, name, false);
	if (close(fd) == -1 || renameat(f->dir, temp, f->dir, name) == -1)
		die(name);
}

/* Length of the head that `head` begins with, 0 when it is not all there. */
static size_t
head_parse(const char *head, size_t len, uint64_t *body_len)
{
	static const char field[] = "\r\nContent-Length: ";
	const char *end = memmem(head, len, "\r\n\r\n", 4);
	const char *p;

	if (end == NULL)
		return 0;
	if (memcmp(head, "HTTP/1.1 200", 12) != 0)
		die("not a 200");
	p = memmem(head, (size_t)(end - head), field, sizeof field - 1);
	if (p == NULL)
		die("no Content-Length");
	*body_len = 0;
	for (p += sizeof field - 1; *p >= '0' && *p <= '9'; p++)
		*body_len = *body_len * 10 + (uint64_t)(*p - '0');
	return (size_t)(end - head) + 4;
}

/* What came of a head that is not whole yet is kept with the connection. */
static void
head_keep(struct conn *c, const char *octets, size_t len)
{
	c->head = realloc(c->head, c->head_len + len);
	if (c->head == NULL)
		die("head");
	memcpy(c->head + c->head_len, octets, len);
	c->head_len += len;
}

static void
conn_head(struct floor *f, struct conn *c, const char *in, size_t len)
{
	uint64_t body_len;
	size_t head_len;

	if (c->head != NULL) {
		head_keep(c, in, len);
		in = c->head;
		len = c->head_len;
	}
	head_len = head_parse(in, len, &body_len);
	if (head_len == 0) {
		if (c->head == NULL)
			head_keep(c, in, len);
		return;
	}
	len -= head_len;
	if (len > body_len)
		die("surplus octets");
	f->octets += len;
	if (len == body_len) {
		file_whole(f, &c->target, in + head_len, len);
	} else {
		c->left = body_len - len;
		c->out = file_begin(f, &c->target);
		file_write(f, c->out, in + head_len, len);
	}
	free(c->head);
	c->head = NULL;
	c->head_len = 0;
}

static void
conn_splice(struct floor *f, struct conn *c)
{
	size_t want = c->left < PIPE_LEN ? (size_t)c->left : PIPE_LEN;
	ssize_t got = splice(c->fd, NULL, f->pipe[1], NULL, want,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (got <= 0)
		die("splice from the connection");
	c->left -= (uint64_t)got;
	f->octets += (uint64_t)got;
	while (got > 0) {
		ssize_t n = splice(
		    f->pipe[0], NULL, c->out, NULL, (size_t)got, SPLICE_F_MOVE);

		if (n <= 0)
			die("splice to the file");
		got -= n;
	}
}

static void
conn_body(struct floor *f, struct conn *c, const char *in, size_t len)
{
	if (len > c->left)
		die("surplus octets");
	file_write(f, c->out, in, len);
	c->left -= len;
	f->octets += len;
}

static void
conn_recv(struct floor *f, struct conn *c)
{
	ssize_t n = recv(c->fd, f->buf, RECV_MAX, 0);

	if (n <= 0)
		die("recv");
	if (c->left == 0)
		conn_head(f, c, f->buf, (size_t)n);
	else
		conn_body(f, c, f->buf, (size_t)n);
}

/* One wake-up: one receive. */
static void
conn_read(struct floor *f, struct conn *c)
{
	if (c->left >= SPLICE_MIN && !f->discard)
		conn_splice(f, c);
	else
		conn_recv(f, c);
	if (c->left > 0 || c->head != NULL)
		return;
	if (c->out != -1)
		file_end(f, &c->target, c->out);
	c->out = -1;
	f->files++;
	conn_next(f, c);
}

static void
conn_event(struct floor *f, struct conn *c)
{
	if (!c->connecting)
		conn_read(f, c);
	else if (conn_send(c))
		conn_watch(f, c, EPOLL_CTL_MOD, EPOLLIN);
}

static void
fetch(struct floor *f, struct conn *conns, size_t count)
{
	struct epoll_event events[EVENTS_MAX];

	f->busy = count;
	for (size_t i = 0; i < count; i++) {
		conns[i] = (struct conn){ .fd = -1, .out = -1 };
		conn_next(f, &conns[i]);
	}
	while (f->busy > 0) {
		int n = epoll_wait(f->epoll, events, EVENTS_MAX, QUIET_MS);

		if (n <= 0) {
			errno = n == 0 ? ETIMEDOUT : errno;
			die("epoll_wait");
		}
		for (int i = 0; i < n; i++)
			conn_event(f, events[i].data.ptr);
	}
}

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		die("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int
main(int argc, char **argv)
{
	struct floor f = { 0 };
	const char *dir = ".";
	size_t count = 50;
	struct conn *conns;
	mode_t mask = umask(0);
	double start = now();
	int opt;

	(void)umask(mask);
	f.mode = 0666 & ~mask;
	while ((opt = getopt(argc, argv, "1nc:d:")) != -1) {
		if (opt == '1')
			f.fresh = true;
		else if (opt == 'n')
			f.discard = true;
		else if (opt == 'c')
			count = (size_t)strtoul(optarg, NULL, 10);
		else if (opt == 'd')
			dir = optarg;
		else
			return 2;
	}
	if (optind + 1 != argc || count == 0 || count > 1000000) {
		fputs("usage: floor [-1n] [-c N] [-d DIR] LIST\n", stderr);
		return 2;
	}
	descriptors_raise();
	list_read(&f, argv[optind]);
	f.epoll = epoll_create1(EPOLL_CLOEXEC);
	f.dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (f.epoll == -1 || f.dir == -1 || pipe2(f.pipe, O_CLOEXEC) == -1)
		die(dir);
	(void)fcntl(f.pipe[1], F_SETPIPE_SZ, PIPE_LEN);
	f.buf = malloc(RECV_MAX);
	conns = calloc(count, sizeof *conns);
	if (f.buf == NULL || conns == NULL)
		die("memory");
	fetch(&f, conns, count);
	fprintf(stderr, "floor: %llu files, %llu octets, %.3f s\n",
	    (unsigned long long)f.files, (unsigned long long)f.octets,
	    now() - start);
	free(conns);
	free(f.buf);
	return 0;
}
