#include "source/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bulkfetch.h"

static bool
is_stdin_name(const char *name)
{
	return strcmp(name, "-") == 0;
}

const char *
input_show(const char *name, char *space, size_t cap)
{
	if (is_stdin_name(name))
		return "standard input";
	return bulkfetch_escape(
	    (struct bulkfetch_text){ .ptr = name, .len = strlen(name) }, space,
	    cap);
}

/* Octets from the current position to the end of a regular file. */
static uint64_t
octets_left(int fd, const struct stat *st)
{
	off_t at = fd != -1 ? lseek(fd, 0, SEEK_CUR) : 0;

	return at >= 0 && at < st->st_size ? (uint64_t)(st->st_size - at) : 0;
}

/* Standard input may be closed, or open for writing only. */
static struct err
look_at_stdin(struct stat *st)
{
	int flags = fcntl(STDIN_FILENO, F_GETFL);

	if (flags == -1 || fstat(STDIN_FILENO, st) == -1)
		return err_sys(ERR_FILE);
	if ((flags & O_ACCMODE) == O_WRONLY)
		return err_code(ERR_FILE, EBADF);
	return err_none();
}

static struct err
look_at_file(const char *name, struct stat *st)
{
	if (stat(name, st) == -1)
		return err_sys(ERR_FILE);
	if (S_ISSOCK(st->st_mode))
		return err_code(ERR_FILE, ENXIO);
	if (!S_ISDIR(st->st_mode) && eaccess(name, R_OK) == -1)
		return err_sys(ERR_FILE);
	return err_none();
}

struct err
input_look(const char *name, bool *is_regular, uint64_t *size)
{
	bool is_stdin = is_stdin_name(name);
	struct stat st;
	struct err err =
	    is_stdin ? look_at_stdin(&st) : look_at_file(name, &st);

	if (err_is(err))
		return err;
	if (S_ISDIR(st.st_mode))
		return err_code(ERR_FILE, EISDIR);
	*is_regular = S_ISREG(st.st_mode);
	*size =
	    *is_regular ? octets_left(is_stdin ? STDIN_FILENO : -1, &st) : 0;
	return err_none();
}

struct err
input_open(struct input *in, const char *name)
{
	struct stat st;
	struct err err;

	*in = (struct input){ .fd = -1, .is_stdin = is_stdin_name(name) };
	if (in->is_stdin)
		in->fd = STDIN_FILENO;
	else
		in->fd =
		    open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (in->fd == -1)
		return err_sys(ERR_FILE);
	if (fstat(in->fd, &st) == -1) {
		err = err_sys(ERR_FILE);
		input_close(in);
		return err;
	}
	in->is_regular = S_ISREG(st.st_mode);
	if (in->is_regular && !in->is_stdin)
		(void)posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return err_none();
}

void
input_close(struct input *in)
{
	if (in->fd != -1 && !in->is_stdin)
		(void)close(in->fd);
	in->fd = -1;
}

/* 1 when a read will not block, 0 when it might, -1 with errno. */
static int
poll_now(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	int count;

	do {
		count = poll(&pollfd, 1, 0);
	} while (count == -1 && errno == EINTR);
	if (count == 1 && (pollfd.revents & POLLNVAL) != 0) {
		errno = EBADF;
		return -1;
	}
	return count;
}

enum input_got
input_read(struct input *in, uint8_t *octets, size_t cap, size_t *len)
{
	ssize_t got;

	if (!in->is_regular) {
		int ready = poll_now(in->fd);

		if (ready != 1)
			return ready == 0 ? INPUT_PENDING : INPUT_FAILED;
	}
	do {
		got = read(in->fd, octets, cap);
	} while (got == -1 && errno == EINTR);
	if (got == -1)
		return errno == EAGAIN ? INPUT_PENDING : INPUT_FAILED;
	*len = (size_t)got;
	return got > 0 ? INPUT_OCTETS : INPUT_END;
}
