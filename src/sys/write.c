#include "sys/write.h"

#include <unistd.h>

struct err
write_all(int fd, struct slice data)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.ptr, data.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(ERR_FILE);
		if (n == 0) /* what no file does, but do not spin */
			return err_code(ERR_FILE, EIO);
		data = slice_from(data, (size_t)n);
	}
	return err_none();
}
