#include "sys/conduit.h"

#include <fcntl.h>
#include <unistd.h>

/* What copy_rest() copies at a time, on the stack. */
#define COPY_CHUNK 16384

void
conduit_init(struct conduit *c)
{
	*c = (struct conduit){ .in = -1, .out = -1 };
}

void
conduit_fini(struct conduit *c)
{
	if (c->in != -1) {
		(void)close(c->in);
		(void)close(c->out);
	}
	conduit_init(c);
}

static bool
open_pipe(struct conduit *c)
{
	int ends[2];
	int size;

	if (c->in != -1)
		return true;
	if (pipe2(ends, O_CLOEXEC) == -1)
		return false;
	c->out = ends[0];
	c->in = ends[1];
	/* An unprivileged user may be held to less; then it holds less. */
	size = fcntl(c->in, F_SETPIPE_SZ, CONDUIT_SIZE);
	if (size <= 0)
		size = fcntl(c->in, F_GETPIPE_SZ);
	c->size = size > 0 ? (size_t)size : 4096;
	return true;
}

/* Write all; false with errno. */
static bool
write_all(int to, const char *from, size_t len)
{
	while (len > 0) {
		ssize_t n = write(to, from, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		from += n;
		len -= (size_t)n;
	}
	return true;
}

/* Empty the pipe by hand into a file that cannot be spliced to. */
static bool
copy_rest(struct conduit *c, int to, size_t len)
{
	char octets[COPY_CHUNK];

	while (len > 0) {
		ssize_t n = read(c->out, octets,
		    len < sizeof(octets) ? len : sizeof(octets));

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		if (!write_all(to, octets, (size_t)n))
			return false;
		len -= (size_t)n;
	}
	return true;
}

/* Empty the pipe, which holds `len` octets, into `to`; false with errno. */
static bool
empty_pipe(struct conduit *c, int to, size_t len)
{
	while (len > 0) {
		ssize_t n = splice(c->out, NULL, to, NULL, len, SPLICE_F_MOVE);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EINVAL)
			return copy_rest(c, to, len);
		if (n == 0)
			errno = EIO; /* a pipe that holds octets has no end */
		if (n <= 0)
			return false;
		len -= (size_t)n;
	}
	return true;
}

struct conduit_io
conduit_move(struct conduit *c, int from, int to, size_t max)
{
	ssize_t n;
	int sys;

	if (!open_pipe(c))
		return (struct conduit_io){ .status = CONDUIT_UNFIT };
	n = splice(from, NULL, c->in, NULL, max < c->size ? max : c->size,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n == 0)
		return (struct conduit_io){ .status = CONDUIT_END };
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (struct conduit_io){ .status = CONDUIT_WAIT };
	if (n == -1 && errno == EINVAL)
		return (struct conduit_io){ .status = CONDUIT_UNFIT };
	if (n == -1)
		return (struct conduit_io){ .status = CONDUIT_FAILED_READ,
			.sys = errno };
	if (!empty_pipe(c, to, (size_t)n)) {
		sys = errno;
		/* What is left in the pipe belongs to nobody. */
		conduit_fini(c);
		return (struct conduit_io){ .status = CONDUIT_FAILED_WRITE,
			.sys = sys };
	}
	return (struct conduit_io){ .status = CONDUIT_MOVED, .len = (size_t)n };
}
