#include "collect/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/num.h"
#include "base/problem.h"
#include "base/slice.h"
#include "source/records.h"
#include "sys/write.h"

/* Octets that are looked at on the way back to the last newline. */
#define BLOCK_LEN 16384

/* The beginning of a record, as far as it tells one from other files. */
#define HEAD_LEN 64

/* A crash can leave a log that has a length but no octets yet.  What is
 * larger was made so by somebody. */
#define BLANK_MAX (1 << 20)

static const char not_a_log[] = "is no log of bulkfetch; another name?";
static const char is_in_use[] = "another run is writing it";

/* ---- A torn end --------------------------------------------------------- */

/* Up to `len` octets at `at`; fewer only at the end of the file. */
static struct err
read_at(int fd, uint8_t *octets, size_t len, off_t at, struct slice *out)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n =
		    pread(fd, octets + have, len - have, at + (off_t)have);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(ERR_FILE);
		if (n == 0)
			break;
		have += (size_t)n;
	}
	*out = slice_of(octets, have);
	return err_none();
}

/* Octets up to the last newline and with it, 0 without one. */
static struct err
find_last_line_end(int fd, off_t size, off_t *end)
{
	uint8_t block[BLOCK_LEN];
	const uint8_t *newline = NULL;
	off_t at = size;

	while (at > 0 && newline == NULL) {
		size_t len = at < BLOCK_LEN ? (size_t)at : BLOCK_LEN;
		struct slice got;
		struct err err;

		at -= (off_t)len;
		err = read_at(fd, block, len, at, &got);
		if (err_is(err))
			return err;
		newline = got.len > 0 ? memrchr(got.ptr, '\n', got.len) : NULL;
		if (newline != NULL)
			at += newline - got.ptr + 1;
	}
	*end = at;
	return err_none();
}

/*
 * Is what stands at `at` the beginning of a record, as far as a line of it is
 * there?  Of a torn one there may be less, or NULs instead.
 */
static struct err
look_for_record(int fd, off_t at, bool is_torn)
{
	uint8_t octets[HEAD_LEN];
	struct slice text;
	struct err err = read_at(fd, octets, sizeof(octets), at, &text);

	if (err_is(err))
		return err;
	text.len = slice_find(text, '\n');
	if (is_torn)
		text.len = slice_find(text, '\0');
	if (!records_begins(text, is_torn))
		return err_why(ERR_FILE, not_a_log);
	return err_none();
}

/* Whether all of a file is NULs. */
static struct err
is_blank(int fd, off_t size, bool *answer)
{
	uint8_t block[BLOCK_LEN];
	off_t at = 0;

	while (at < size) {
		struct slice got;
		struct err err = read_at(fd, block, sizeof(block), at, &got);

		if (err_is(err))
			return err;
		for (size_t i = 0; i < got.len; i++) {
			if (got.ptr[i] != '\0') {
				*answer = false;
				return err_none();
			}
		}
		at += BLOCK_LEN;
	}
	*answer = true;
	return err_none();
}

/* A file without a newline: one torn record, or octets that never came. */
static struct err
look_at_only_line(int fd, off_t size)
{
	uint8_t first;
	struct slice got;
	bool answer = false;
	struct err err = read_at(fd, &first, 1, 0, &got);

	if (err_is(err) || !slice_eq(got, slice_of("", 1)))
		return err_is(err) ? err : look_for_record(fd, 0, true);
	if (size <= BLANK_MAX)
		err = is_blank(fd, size, &answer);
	if (err_is(err) || answer)
		return err;
	return err_why(ERR_FILE, not_a_log);
}

static struct err
mend_records(int fd, off_t size)
{
	off_t end;
	struct err err = find_last_line_end(fd, size, &end);

	if (err_is(err))
		return err;
	err = end > 0 ? look_for_record(fd, 0, false)
		      : look_at_only_line(fd, size);
	if (!err_is(err) && end > 0 && end < size)
		err = look_for_record(fd, end, true);
	if (err_is(err) || end == size)
		return err;
	return ftruncate(fd, end) == 0 ? err_none() : err_sys(ERR_FILE);
}

static struct err
mend_urls(int fd, off_t size)
{
	uint8_t octet;
	struct slice last;
	struct err err = read_at(fd, &octet, 1, size - 1, &last);

	if (err_is(err) || slice_eq_str(last, "\n"))
		return err;
	return write_all(fd, slice_str("\n"));
}

/* ---- Opening ------------------------------------------------------------ */

/* Mending reads the end.  Anything but a file is for writing alone: a FIFO
 * would not wait for its reader, and never tell that he has gone. */
static int
open_path(const char *path, bool is_append)
{
	struct stat st;
	bool is_file = stat(path, &st) == -1 || S_ISREG(st.st_mode);
	int how = is_append && is_file ? O_RDWR : O_WRONLY;

	return open(
	    path, how | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
}

/* Where there are no locks, we do without. */
static bool
is_locked_by_another(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK;
}

static struct err
prepare(int fd, enum bulkfetch_log_format format, bool is_append)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_sys(ERR_FILE);
	if (!S_ISREG(st.st_mode))
		return err_none();
	if (is_locked_by_another(fd))
		return err_why(ERR_FILE, is_in_use);
	if (!is_append)
		return ftruncate(fd, 0) == 0 ? err_none() : err_sys(ERR_FILE);
	/* Again: the other run has perhaps just ended. */
	if (fstat(fd, &st) == -1)
		return err_sys(ERR_FILE);
	if (st.st_size == 0)
		return err_none();
	return format == BULKFETCH_LOG_JSON ? mend_records(fd, st.st_size)
					    : mend_urls(fd, st.st_size);
}

int
log_file_open(const char *path, enum bulkfetch_log_format format,
    bool is_append, int *fd, struct bulkfetch_problem *problem)
{
	const char *what =
	    format == BULKFETCH_LOG_JSON ? "log" : "list of failures";
	struct err err;

	*fd = open_path(path, is_append);
	if (*fd == -1)
		return problem_set(problem, err_sys(ERR_FILE), what, path);
	err = prepare(*fd, format, is_append);
	if (!err_is(err))
		return 0;
	(void)close(*fd);
	*fd = -1;
	(void)problem_set(problem, err, what, path);
	if (err.why == is_in_use)
		problem->sys = EWOULDBLOCK;
	problem->is_usage = err.why == not_a_log;
	return problem->sys;
}
