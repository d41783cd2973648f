#include "sys/conduit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/slice.h"
#include "sys/write.h"

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

/* Empty the pipe by hand into a file that cannot be spliced to. */
static struct err
copy_rest(struct conduit *c, int to, size_t len)
{
	uint8_t octets[COPY_CHUNK];
	struct err err = err_none();

	while (len > 0 && !err_is(err)) {
		ssize_t n = read(c->out, octets,
		    len < sizeof(octets) ? len : sizeof(octets));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(ERR_FILE);
		if (n == 0) /* a pipe that holds octets has no end */
			return err_code(ERR_FILE, EIO);
		err = write_all(to, slice_of(octets, (size_t)n));
		len -= (size_t)n;
	}
	return err;
}

/* Empty the pipe, which holds `len` octets, into `to`. */
static struct err
empty_pipe(struct conduit *c, int to, size_t len)
{
	while (len > 0) {
		ssize_t n = splice(c->out, NULL, to, NULL, len, SPLICE_F_MOVE);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EINVAL)
			return copy_rest(c, to, len);
		if (n == -1)
			return err_sys(ERR_FILE);
		if (n == 0)
			return err_code(ERR_FILE, EIO);
		len -= (size_t)n;
	}
	return err_none();
}

struct conduit_io
conduit_move(struct conduit *c, int from, int to, size_t max)
{
	struct err err;
	ssize_t n;

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
	err = empty_pipe(c, to, (size_t)n);
	if (err_is(err)) {
		/* What is left in the pipe belongs to nobody. */
		conduit_fini(c);
		return (struct conduit_io){ .status = CONDUIT_FAILED_WRITE,
			.sys = err.sys };
	}
	return (struct conduit_io){ .status = CONDUIT_MOVED, .len = (size_t)n };
}
