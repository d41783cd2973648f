#include "net/stream_tcp.h"

#include <unistd.h>

static struct stream_io
failed(struct stream *s, enum stream_status again)
{
	if (errno == EAGAIN || errno == EINTR)
		return stream_wait(again);
	return stream_fail(s, err_sys(ERR_IO));
}

static struct stream_io
tcp_handshake(struct stream *s)
{
	(void)s;
	return stream_ok(0);
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
		return failed(s, STREAM_WAIT_WRITE);
	return stream_ok((size_t)n);
}

static struct stream_io
tcp_recv(struct stream *s, void *to, size_t cap)
{
	ssize_t n = recv(s->fd, to, cap, 0);

	if (n == -1)
		return failed(s, STREAM_WAIT_READ);
	if (n == 0)
		return stream_wait(STREAM_END);
	return stream_ok((size_t)n);
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

const struct stream_ops stream_tcp_ops = {
	.handshake = tcp_handshake,
	.send = tcp_send,
	.recv = tcp_recv,
	.plain_fd = tcp_plain_fd,
	.close = tcp_close,
};
