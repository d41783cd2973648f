/*
 * dns_calls - the system calls of a dns_client, counted, and refused as a test
 * has it; and many questions at a time.  With dns_bench.h.  A test that
 * includes this wraps, beside what fake_time.h asks for: sock_connect,
 * sock_connect_udp, send, recvmmsg, epoll_ctl, getrandom and close.
 */
#ifndef BULKFETCH_TESTS_UNIT_DNS_CALLS_H
#define BULKFETCH_TESTS_UNIT_DNS_CALLS_H

#include "exact.h"

#include "dns_bench.h"

#include <sys/random.h>

#define QUESTIONS 10000

/* The calls of the code under test, and what they are refused. */
static struct {
	unsigned udp;
	unsigned tcp;
	unsigned send;
	unsigned recv;
	unsigned random;
	unsigned closed;
	unsigned refused_for; /* connections */
	unsigned short_for;   /* sockets, from now on */
	unsigned no_watch_for;
	unsigned no_change_for; /* of a watch */
	bool has_no_random;
	bool has_equal_ids; /* two of each */
	int send_errno;     /* of the next send, once */
} calls;

struct err __real_sock_connect(
    const struct endpoint *ep, const struct sock_source *from, int *fd);
struct err __wrap_sock_connect(
    const struct endpoint *ep, const struct sock_source *from, int *fd);
struct err __real_sock_connect_udp(const struct endpoint *ep, int *fd);
struct err __wrap_sock_connect_udp(const struct endpoint *ep, int *fd);
ssize_t __real_send(int fd, const void *ptr, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *ptr, size_t len, int flags);
int __real_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
    struct timespec *timeout);
int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
    struct timespec *timeout);
int __real_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int __real_close(int fd);
int __wrap_close(int fd);
ssize_t __real_getrandom(void *ptr, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *ptr, size_t len, unsigned flags);

static inline bool
take_one(unsigned *left)
{
	if (*left == 0)
		return false;
	--*left;
	return true;
}

struct err
__wrap_sock_connect(
    const struct endpoint *ep, const struct sock_source *from, int *fd)
{
	if (take_one(&calls.short_for))
		return err_code(ERR_SHORTAGE, EMFILE);
	if (take_one(&calls.refused_for))
		return err_code(ERR_CONNECT, ECONNREFUSED);
	calls.tcp++;
	return __real_sock_connect(ep, from, fd);
}

struct err
__wrap_sock_connect_udp(const struct endpoint *ep, int *fd)
{
	if (take_one(&calls.short_for))
		return err_code(ERR_SHORTAGE, EMFILE);
	calls.udp++;
	return __real_sock_connect_udp(ep, fd);
}

ssize_t
__wrap_send(int fd, const void *ptr, size_t len, int flags)
{
	calls.send++;
	if (calls.send_errno != 0) {
		errno = calls.send_errno;
		calls.send_errno = 0;
		return -1;
	}
	return __real_send(fd, ptr, len, flags);
}

int
__wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
    struct timespec *timeout)
{
	calls.recv++;
	return __real_recvmmsg(fd, messages, count, flags, timeout);
}

int
__wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	if (op == EPOLL_CTL_ADD && take_one(&calls.no_watch_for)) {
		errno = ENOSPC;
		return -1;
	}
	if (op == EPOLL_CTL_MOD && take_one(&calls.no_change_for)) {
		errno = ENOMEM;
		return -1;
	}
	return __real_epoll_ctl(epfd, op, fd, event);
}

int
__wrap_close(int fd)
{
	assert_int_not_equal(fd, -1);
	calls.closed++;
	return __real_close(fd);
}

ssize_t
__wrap_getrandom(void *ptr, size_t len, unsigned flags)
{
	uint16_t *ids = ptr;

	calls.random++;
	if (calls.has_no_random) {
		errno = EAGAIN;
		return -1;
	}
	if (!calls.has_equal_ids)
		return __real_getrandom(ptr, len, flags);
	for (size_t i = 0; i < len / sizeof(*ids); i++)
		ids[i] = (uint16_t)(i / 2);
	return (ssize_t)len;
}

static struct asking many[QUESTIONS];

static inline void
open_with(size_t servers, unsigned max_inflight)
{
	memset(&calls, 0, sizeof(calls));
	memset(many, 0, sizeof(many));
	bench_open(servers, max_inflight);
	/* Of the servers' own, which look for ports. */
	calls.closed = 0;
}

static inline int
setup(void **state)
{
	(void)state;
	open_with(2, 1000);
	return 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	bench_close();
	return 0;
}

static inline void
ask_many(size_t count)
{
	char name[32];

	for (size_t i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "host%zu.test", i);
		bench_ask(&many[i], name);
	}
}

static inline void
expect_found(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(many[i].told, 1);
		assert_int_equal(many[i].answer.verdict, DNS_FOUND);
	}
}

#endif
