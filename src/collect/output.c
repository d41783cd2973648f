#include "collect/output.h"

#include <errno.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* What sendfile(2) moves at most. */
#define SEND_MAX 0x7ffff000

#define COPY_CHUNK 16384

/* After a failed call: true when it is worth repeating; errno is kept. */
static bool
can_go_on(const struct output *o)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };

	if (errno == EAGAIN && poll(&p, 1, -1) != -1)
		return true;
	if (errno != EINTR)
		return false;
	return o->is_given_up == NULL || !*o->is_given_up;
}

struct err
output_write(struct output *o, struct slice data)
{
	while (data.len > 0) {
		ssize_t n = write(o->fd, data.ptr, data.len);

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
		ssize_t n = pread(fd, chunk, want, from);

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
		ssize_t n = sendfile(o->fd, fd, &at, want);

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
