/*
 * log - results as lines of a file.
 *
 * Lines gather in a buffer and leave it whole, so that a kill between two
 * writes tears none.  Room for a line is made before it is written, from the
 * lengths of its texts.
 *
 * A durable log holds lines back in groups: while the disk is synced for one,
 * the next one gathers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/problem.h"
#include "bulkfetch.h"
#include "collect/log_file.h"
#include "collect/log_line.h"
#include "collect/output.h"
#include "source/records.h"
#include "sys/syncer.h"

/* Octets gathered for one write(2). */
#define LOG_BUFFER 65536

/* Octets of a group.  Two of them are 8 MiB that wait for the disk. */
#define GROUP_MAX (4U << 20)

/* How soon it is noticed that waiting for the disk is given up. */
#define WAIT_MS 100

/* Invariant: group.len > 0 as long as a sync is under way, and only then. */
struct bulkfetch_log {
	struct output out;
	bool is_owned; /* out.fd is to be closed */
	enum bulkfetch_log_format format;
	struct buf lines;      /* whole ones */
	struct syncer *syncer; /* owned; NULL: nothing is held back */
	struct buf group;      /* those that are written after the sync */
	int broken;            /* errno of what failed, or 0 */
};

static void
free_log(struct bulkfetch_log *log)
{
	syncer_free(log->syncer);
	buf_fini(&log->lines);
	buf_fini(&log->group);
	free(log);
}

/* The syncer first, so that its process never has the file. */
static int
open_output(struct bulkfetch_log *log, const char *path,
    const struct bulkfetch_log_options *options,
    struct bulkfetch_problem *problem)
{
	struct err err;

	if (options->durable_dir != NULL) {
		err = syncer_new(options->durable_dir, &log->syncer);
		if (err_is(err))
			return problem_set(problem, err, "syncing directory",
			    options->durable_dir);
	}
	log->is_owned = strcmp(path, "-") != 0;
	if (log->is_owned)
		return log_file_open(path, options->format, options->is_append,
		    &log->out.fd, problem);
	log->out.fd = STDOUT_FILENO;
	if (fcntl(log->out.fd, F_GETFL) == -1)
		return problem_set(
		    problem, err_sys(ERR_FILE), "log on", "standard output");
	return 0;
}

int
bulkfetch_log_open(const char *path,
    const struct bulkfetch_log_options *options, struct bulkfetch_log **out,
    struct bulkfetch_problem *problem)
{
	struct bulkfetch_log *log = calloc(1, sizeof(*log));
	int sys;

	if (log == NULL)
		return problem_set(problem, err_of(ERR_NOMEM), "log", path);
	log->format = options->format;
	log->out.is_given_up = options->is_given_up;
	buf_init(&log->lines, GROUP_MAX + RECORDS_LINE_MAX);
	buf_init(&log->group, GROUP_MAX + RECORDS_LINE_MAX);
	if (err_is(buf_reserve(&log->lines, LOG_BUFFER)))
		sys = problem_set(problem, err_of(ERR_NOMEM), "log", path);
	else
		sys = open_output(log, path, options, problem);
	if (sys != 0) {
		free_log(log);
		return sys;
	}
	*out = log;
	return 0;
}

/* ---- Writing ------------------------------------------------------------ */

static int
note(struct bulkfetch_log *log, struct err err)
{
	log->broken = problem_errno(err);
	return log->broken;
}

static int
write_lines(struct bulkfetch_log *log, struct buf *lines)
{
	struct err err = output_write(&log->out, buf_slice(lines));

	buf_clear(lines);
	/* One giant among the lines shall not cost memory for ever. */
	if (lines->cap > LOG_BUFFER)
		buf_fini(lines);
	return note(log, err);
}

/* What has gathered now waits for a sync that begins now. */
static int
begin_group(struct bulkfetch_log *log)
{
	struct buf empty = log->group;

	log->group = log->lines;
	log->lines = empty;
	return note(log, syncer_begin(log->syncer));
}

/* Whether the sync has ended, which is waited for only if `waits`. */
static bool
is_synced(struct bulkfetch_log *log, bool waits, struct err *err)
{
	const volatile bool *is_given_up = log->out.is_given_up;

	*err = err_none();
	if (!waits)
		return syncer_poll(log->syncer, 0, err);
	while (!syncer_poll(log->syncer, WAIT_MS, err)) {
		if (is_given_up != NULL && *is_given_up) {
			*err = err_code(ERR_FILE, EINTR);
			return true;
		}
	}
	return true;
}

/* End the group that waits for the disk, if it is there, and begin another. */
static int
advance(struct bulkfetch_log *log, bool waits)
{
	struct err err;

	if (log->group.len > 0) {
		if (!is_synced(log, waits, &err))
			return 0;
		if (err_is(err))
			return note(log, err);
		if (write_lines(log, &log->group) != 0)
			return log->broken;
	}
	return log->lines.len > 0 ? begin_group(log) : 0;
}

int
bulkfetch_log_flush(struct bulkfetch_log *log)
{
	if (log->broken != 0)
		return log->broken;
	if (log->syncer != NULL)
		return advance(log, false);
	return log->lines.len > 0 ? write_lines(log, &log->lines) : 0;
}

/* Get rid of the lines that have gathered. */
static int
drain(struct bulkfetch_log *log)
{
	if (log->broken != 0)
		return log->broken;
	return log->syncer != NULL ? advance(log, true)
				   : bulkfetch_log_flush(log);
}

/* Room for a line of `len` octets. */
static int
make_room(struct bulkfetch_log *log, size_t len)
{
	size_t max = log->syncer != NULL ? GROUP_MAX : LOG_BUFFER;

	if (log->lines.len > 0 && log->lines.len + len > max && drain(log) != 0)
		return log->broken;
	if (log->lines.cap == 0 && err_is(buf_reserve(&log->lines, LOG_BUFFER)))
		return ENOMEM;
	return problem_errno(buf_reserve(&log->lines, len));
}

int
bulkfetch_log_add(
    struct bulkfetch_log *log, const struct bulkfetch_result *result)
{
	size_t len = log_line_max(log->format, result);
	uint8_t *end;
	int sys;

	if (log->broken != 0 || len == 0)
		return log->broken;
	sys = make_room(log, len);
	if (sys != 0)
		return sys;
	end =
	    log_line_put(log->lines.ptr + log->lines.len, log->format, result);
	log->lines.len = (size_t)(end - log->lines.ptr);
	return 0;
}

/* ---- The end ------------------------------------------------------------ */

/* A durable log is on the disk when it is closed. */
static int
sync_file(const struct bulkfetch_log *log)
{
	struct stat st;

	if (log->syncer == NULL || fstat(log->out.fd, &st) == -1 ||
	    !S_ISREG(st.st_mode))
		return 0;
	return fsync(log->out.fd) == 0 ? 0 : errno;
}

int
bulkfetch_log_close(struct bulkfetch_log *log)
{
	int sys;

	if (log == NULL)
		return 0;
	sys = drain(log);
	/* What that has begun. */
	if (sys == 0)
		sys = drain(log);
	if (sys == 0)
		sys = sync_file(log);
	if (log->is_owned && close(log->out.fd) == -1 && sys == 0)
		sys = errno;
	free_log(log);
	return sys;
}
