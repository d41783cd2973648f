#include "sys/slurp.h"

#include <fcntl.h>
#include <unistd.h>

#define SLURP_CHUNK 16384

static struct err
slurp_fd(int fd, struct buf *out)
{
	for (;;) {
		size_t room = out->max - out->len;
		uint8_t extra;
		ssize_t n;
		struct err err;

		if (room > SLURP_CHUNK)
			room = SLURP_CHUNK;
		err = buf_reserve(out, room);
		if (err_is(err))
			return err;
		/* A full buffer is fine if nothing follows. */
		n = room > 0 ? read(fd, out->ptr + out->len, room)
			     : read(fd, &extra, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(ERR_FILE);
		if (n == 0)
			return err_none();
		if (room == 0)
			return err_of(ERR_LIMIT);
		out->len += (size_t)n;
	}
}

struct err
slurp_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct err err;

	if (fd == -1)
		return err_sys(ERR_FILE);
	err = slurp_fd(fd, out);
	(void)close(fd);
	return err;
}
