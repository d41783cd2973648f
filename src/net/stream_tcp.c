#include "net/stream_tcp.h"

#include <unistd.h>

static struct stream_io
failed(enum stream_status again)
{
	if (errno == EAGAIN || errno == EINTR)
		return (struct stream_io){ .status = again };
	return (struct stream_io){ .status = STREAM_FAILED, .sys = errno };
}

static struct stream_io
tcp_handshake(struct stream *s)
{
	(void)s;
	return (struct stream_io){ .status = STREAM_OK };
}

static struct stream_io
tcp_send(struct stream *s, const struct iovec *iov, int iov_count)
{
	ssize_t n;

	if (iov_count == 1) {
		n = send(s->fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL);
	} else {
		const struct msghdr msg = {
			.msg_iov = (struct iovec *)(uintptr_t)iov,
			.msg_iovlen = (size_t)iov_count,
		};

		n = sendmsg(s->fd, &msg, MSG_NOSIGNAL);
	}
	if (n == -1)
		return failed(STREAM_WAIT_WRITE);
	return (struct stream_io){ .status = STREAM_OK, .len = (size_t)n };
}

static struct stream_io
tcp_recv(struct stream *s, void *to, size_t cap)
{
	ssize_t n = recv(s->fd, to, cap, 0);

	if (n == -1)
		return failed(STREAM_WAIT_READ);
	if (n == 0)
		return (struct stream_io){ .status = STREAM_END };
	return (struct stream_io){ .status = STREAM_OK, .len = (size_t)n };
}

static int
tcp_plain_fd(const struct stream *s)
{
	return s->fd;
}

static void
tcp_close(struct stream *s)
{
	if (s->fd != -1)
		(void)close(s->fd);
	s->fd = -1;
}

static const struct stream_ops tcp_ops = {
	.handshake = tcp_handshake,
	.send = tcp_send,
	.recv = tcp_recv,
	.plain_fd = tcp_plain_fd,
	.close = tcp_close,
};

struct err
stream_tcp_connect(struct stream *s, const struct endpoint *ep)
{
	s->ops = &tcp_ops;
	s->fd = -1;
	return sock_connect(ep, &s->fd);
}
