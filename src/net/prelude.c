#include "net/prelude.h"

/* Between the layer and what is below. */
static void
change_places(struct prelude *p, struct stream *s)
{
	const struct stream_ops *ops = s->ops;
	void *layer = s->layer;

	s->ops = p->ops;
	s->layer = p->layer;
	p->ops = ops;
	p->layer = layer;
}

void
prelude_begin(struct prelude *p, struct stream *s, const struct stream_ops *ops,
    void *layer)
{
	*p = (struct prelude){ .ops = ops, .layer = layer };
	change_places(p, s);
}

void
prelude_end(struct prelude *p, struct stream *s)
{
	change_places(p, s);
}

/* What the one below said, as a word about the proxy. */
static struct stream_io
about_proxy(struct stream *s, struct stream_io io)
{
	if (io.status == STREAM_END)
		return stream_fail(
		    s, err_why(ERR_PROXY, "the proxy closed the connection"));
	if (io.status != STREAM_FAILED)
		return io;
	/* It is still on its way to being connected. */
	if (s->err.sys == ENOTCONN)
		return stream_wait(STREAM_WAIT_WRITE);
	if (s->err.kind == ERR_IO)
		s->err.kind = ERR_PROXY;
	return io;
}

static struct stream_io
ready_below(struct prelude *p, struct stream *s)
{
	struct stream_io io;

	if (p->is_below_ready)
		return stream_ok(0);
	change_places(p, s);
	io = s->ops->handshake(s);
	change_places(p, s);
	p->is_below_ready = io.status == STREAM_OK;
	return io;
}

struct stream_io
prelude_send(struct prelude *p, struct stream *s)
{
	struct stream_io io = ready_below(p, s);
	struct iovec iov;

	while (io.status == STREAM_OK && p->out.len > 0) {
		/* iovec is shared with reading, hence its lack of const. */
		iov.iov_base = (void *)(uintptr_t)p->out.ptr;
		iov.iov_len = p->out.len;
		change_places(p, s);
		io = s->ops->send(s, &iov, 1);
		change_places(p, s);
		if (io.status == STREAM_OK)
			p->out = slice_from(p->out, io.len);
	}
	return about_proxy(s, io);
}

struct stream_io
prelude_recv(struct prelude *p, struct stream *s, void *to, size_t cap)
{
	struct stream_io io;

	change_places(p, s);
	io = s->ops->recv(s, to, cap);
	change_places(p, s);
	return about_proxy(s, io);
}

int
prelude_plain_fd(const struct stream *s)
{
	(void)s;
	return -1;
}
