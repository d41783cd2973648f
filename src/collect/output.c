#include "collect/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* What sendfile(2) moves at most. */
#define SEND_MAX 0x7ffff000

#define COPY_CHUNK 16384

static bool
is_given_up(const struct output *o)
{
	return o->is_given_up != NULL && *o->is_given_up;
}

/* Whether a write would not wait, or not within `timeout_ms` (-1: ever). */
static bool
takes_more(const struct output *o, int timeout_ms)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };

	return poll(&p, 1, timeout_ms) > 0;
}

/* After a failed call: true when it is worth repeating; errno is kept. */
static bool
can_go_on(const struct output *o)
{
	if (errno == EAGAIN && takes_more(o, -1))
		return true;
	return errno == EINTR && !is_given_up(o);
}

struct err
output_write(struct output *o, struct slice data)
{
	while (data.len > 0) {
		size_t want = data.len;
		ssize_t n;

		/* A call that was interrupted after a part does not say so. */
		if (is_given_up(o)) {
			if (!takes_more(o, 0))
				return err_code(ERR_FILE, EINTR);
			/* What a pipe takes without a wait now. */
			want = want < PIPE_BUF ? want : PIPE_BUF;
		}
		n = write(o->fd, data.ptr, want);
		if (n == -1 && !can_go_on(o))
			return err_sys(ERR_FILE);
		if (n == -1)
			continue;
		o->written += (uint64_t)n;
		data = slice_from(data, (size_t)n);
	}
	return err_none();
}

/* Where `o` takes no sendfile(2): a file opened with O_APPEND, some devices. */
static struct err
copy_by_hand(struct output *o, int fd, off_t from, off_t to)
{
	uint8_t chunk[COPY_CHUNK];
	struct err err = err_none();

	while (from < to && !err_is(err)) {
		size_t want =
		    to - from < COPY_CHUNK ? (size_t)(to - from) : COPY_CHUNK;
		ssize_t n;

		if (is_given_up(o))
			return err_code(ERR_FILE, EINTR);
		n = pread(fd, chunk, want, from);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? err_code(ERR_FILE, EIO)
				      : err_sys(ERR_FILE);
		err = output_write(o, slice_of(chunk, (size_t)n));
		from += n;
	}
	return err;
}

struct err
output_copy(struct output *o, int fd, uint64_t len)
{
	off_t to = (off_t)len;
	off_t at = 0;

	while (at < to) {
		size_t want = to - at < SEND_MAX ? (size_t)(to - at) : SEND_MAX;
		ssize_t n;

		if (is_given_up(o))
			return err_code(ERR_FILE, EINTR);
		n = sendfile(o->fd, fd, &at, want);
		if (n > 0) {
			o->written += (uint64_t)n;
			continue;
		}
		if (n == 0)
			return err_code(ERR_FILE, EIO);
		if (errno == EINVAL || errno == ENOSYS || errno == EBADF)
			return copy_by_hand(o, fd, at, to);
		if (!can_go_on(o))
			return err_sys(ERR_FILE);
	}
	return err_none();
}
