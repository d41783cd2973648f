#include "source/log_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Large enough for the system calls not to count, and for the second-level
 * cache of a processor to hold it. */
#define BLOCK_LEN 262144

static struct err
open_file(struct log_reader *r, const char *path)
{
	struct stat st;

	/* A FIFO must not be waited for; it is refused below. */
	r->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (r->fd == -1 || fstat(r->fd, &st) == -1)
		return err_sys(ERR_FILE);
	if (!S_ISREG(st.st_mode))
		return err_why(ERR_FILE, "not a regular file");
	r->end = (uint64_t)st.st_size;
	(void)posix_fadvise(r->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return err_none();
}

struct err
log_reader_open(struct log_reader *r, const char *path)
{
	struct err err;

	*r = (struct log_reader){ .fd = -1 };
	err = open_file(r, path);
	if (!err_is(err)) {
		r->buffer = malloc(RECORDS_LINE_MAX + BLOCK_LEN);
		if (r->buffer == NULL)
			err = err_of(ERR_NOMEM);
	}
	if (err_is(err))
		log_reader_close(r);
	else
		log_reader_rewind(r);
	return err;
}

void
log_reader_close(struct log_reader *r)
{
	if (r->fd != -1)
		(void)close(r->fd);
	free(r->buffer);
	*r = (struct log_reader){ .fd = -1 };
}

void
log_reader_rewind(struct log_reader *r)
{
	r->at = 0;
	r->foreign = 0;
	r->is_passing = false;
	r->rest = slice_of(r->buffer, 0);
}

/* A last line without its end is torn. */
static enum log_reader_got
end_file(struct log_reader *r)
{
	if (r->rest.len > 0)
		r->foreign++;
	r->rest.len = 0;
	r->at = r->end;
	return LOG_READER_END;
}

/* Pass over the rest of a line that was too long. */
static void
pass_over(struct log_reader *r)
{
	size_t end = slice_find(r->rest, '\n');

	if (end < r->rest.len) {
		r->is_passing = false;
		end++;
	}
	r->rest = slice_from(r->rest, end);
}

/* Read a block behind the line that has begun in the last one. */
static enum log_reader_got
read_block(struct log_reader *r)
{
	uint64_t left = r->end - r->at;
	size_t len = left < BLOCK_LEN ? (size_t)left : BLOCK_LEN;
	ssize_t got;

	if (r->rest.len > RECORDS_LINE_MAX) {
		r->foreign++;
		r->rest.len = 0;
		r->is_passing = true;
	}
	if (r->rest.len > 0)
		memmove(r->buffer, r->rest.ptr, r->rest.len);
	do {
		got = pread(r->fd, r->buffer + r->rest.len, len, (off_t)r->at);
	} while (got == -1 && errno == EINTR);
	if (got == -1)
		return LOG_READER_FAILED;
	if (got == 0) /* also of a file that has become shorter */
		return end_file(r);
	r->at += (uint64_t)got;
	r->rest = slice_of(r->buffer, r->rest.len + (size_t)got);
	if (r->is_passing)
		pass_over(r);
	return LOG_READER_MORE;
}

enum log_reader_got
log_reader_next(struct log_reader *r, struct record *record)
{
	for (;;) {
		switch (records_next(&r->rest, record)) {
		case RECORDS_RECORD:
			return LOG_READER_RECORD;
		case RECORDS_FOREIGN:
			r->foreign++;
			break;
		case RECORDS_MORE:
			return read_block(r);
		}
	}
}
