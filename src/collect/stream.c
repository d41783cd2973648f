/*
 * stream - the collector that writes whole bodies to one descriptor, one
 * after the other.
 *
 * What is whole in its first write goes straight out.  Anything else is
 * gathered, small bodies in memory, others in an unlinked temporary file,
 * and copied by commit().  Once a part of a body is out and the rest cannot
 * be written, nothing more is: a reader could not tell where it belongs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/problem.h"
#include "bulkfetch.h"
#include "collect/output.h"

/* Bodies up to here wait in memory: a page a connection. */
#define MEMORY_MAX 4096

struct body {
	struct body *next; /* in stream.spare */
	struct buf head;   /* all of it, while `fd` is -1 */
	int fd;            /* owned: temporary file, or -1 */
	bool is_large;     /* longer than MEMORY_MAX, or may be */
	bool is_out;       /* written already */
};

struct stream {
	struct output out;
	int broken;         /* errno of a write that broke off a body, or 0 */
	const char *dir;    /* for temporary files; the environment's */
	struct body *spare; /* owned */
};

/* An unlinked file; -1 with errno. */
static int
temp_open(const char *dir)
{
	char *path;
	int fd = open(dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);

	/* EISDIR, ENOENT: kernels that do not know O_TMPFILE say so. */
	if (fd != -1 ||
	    (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return fd;
	if (asprintf(&path, "%s/bulkfetch.XXXXXX", dir) == -1) {
		errno = ENOMEM;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd != -1)
		(void)unlink(path);
	free(path);
	return fd;
}

static struct err
write_file(int fd, struct slice data)
{
	struct output file = { .fd = fd };

	return output_write(&file, data);
}

/* From memory to a file. */
static struct err
spill(struct stream *s, struct body *b)
{
	struct err err;
	int fd = temp_open(s->dir);

	if (fd == -1)
		return err_sys(ERR_FILE);
	err = write_file(fd, buf_slice(&b->head));
	if (err_is(err)) {
		(void)close(fd);
		return err;
	}
	buf_fini(&b->head);
	b->fd = fd;
	return err_none();
}

/* A whole body goes out; `fd` is where it is, or -1 for `data`. */
static struct err
emit(struct stream *s, int fd, struct slice data)
{
	uint64_t before = s->out.written;
	struct stat st;
	struct err err;

	if (s->broken != 0)
		return err_code(ERR_FILE, s->broken);
	if (fd == -1)
		err = output_write(&s->out, data);
	else if (fstat(fd, &st) == -1)
		err = err_sys(ERR_FILE);
	else
		err = output_copy(&s->out, fd, (uint64_t)st.st_size);
	if (err_is(err) && s->out.written != before)
		s->broken = err.sys;
	return err;
}

static int
stream_begin(void *ctx, const struct bulkfetch_response *response, void **body)
{
	struct stream *s = ctx;
	struct body *b = s->spare;

	if (b != NULL) {
		s->spare = b->next;
	} else {
		b = calloc(1, sizeof(*b));
		if (b == NULL)
			return ENOMEM;
		buf_init(&b->head, MEMORY_MAX);
		b->fd = -1;
	}
	b->is_large = response->length > MEMORY_MAX;
	b->is_out = false;
	*body = b;
	return 0;
}

static int
stream_write(void *ctx, void *body, struct bulkfetch_text text, bool is_last)
{
	struct stream *s = ctx;
	struct body *b = body;
	struct slice data = slice_of(text.ptr, text.len);
	struct err err = err_none();

	if (is_last && b->fd == -1 && b->head.len == 0) {
		err = emit(s, -1, data);
		b->is_out = !err_is(err);
		return problem_errno(err);
	}
	if (b->fd == -1 && data.len <= MEMORY_MAX - b->head.len)
		return problem_errno(buf_append(&b->head, data));
	if (b->fd == -1)
		err = spill(s, b);
	if (!err_is(err))
		err = write_file(b->fd, data);
	return problem_errno(err);
}

static int
stream_fd(void *ctx, void *body)
{
	struct stream *s = ctx;
	struct body *b = body;

	/* A failure to open comes up again in the write that follows. */
	if (b->fd == -1 && b->is_large)
		(void)spill(s, b);
	return b->fd;
}

static void
end(struct stream *s, struct body *b)
{
	if (b->fd != -1)
		(void)close(b->fd);
	b->fd = -1;
	buf_fini(&b->head);
	b->next = s->spare;
	s->spare = b;
}

static int
stream_commit(void *ctx, void *body, struct bulkfetch_stored *stored)
{
	struct stream *s = ctx;
	struct body *b = body;
	struct err err = err_none();

	if (!b->is_out)
		err = emit(s, b->fd, buf_slice(&b->head));
	end(s, b);
	if (!err_is(err))
		*stored = (struct bulkfetch_stored){ 0 };
	return problem_errno(err);
}

static void
stream_abort(void *ctx, void *body)
{
	end(ctx, body);
}

static void
stream_free(void *ctx)
{
	struct stream *s = ctx;

	while (s->spare != NULL) {
		struct body *b = s->spare;

		s->spare = b->next;
		free(b);
	}
	free(s);
}

int
bulkfetch_stream_new(int fd, const volatile bool *is_given_up,
    struct bulkfetch_collector *collector, struct bulkfetch_problem *problem)
{
	struct stream *s;
	const char *dir = secure_getenv("TMPDIR");
	int temp;

	if (fcntl(fd, F_GETFL) == -1)
		return problem_set(problem, err_sys(ERR_FILE), "output", NULL);
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return problem_set(problem, err_of(ERR_NOMEM), "output", NULL);
	s->out = (struct output){ .fd = fd, .is_given_up = is_given_up };
	s->dir = dir != NULL && dir[0] != '\0' ? dir : "/tmp";
	/* Told now rather than with the first large body. */
	temp = temp_open(s->dir);
	if (temp == -1) {
		(void)problem_set(
		    problem, err_sys(ERR_FILE), "temporary directory", s->dir);
		free(s);
		return problem->sys;
	}
	(void)close(temp);
	*collector = (struct bulkfetch_collector){
		.ctx = s,
		.begin = stream_begin,
		.write = stream_write,
		.fd = stream_fd,
		.commit = stream_commit,
		.abort = stream_abort,
		.free = stream_free,
	};
	return 0;
}
