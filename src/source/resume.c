/*
 * resume - go on with an earlier run by its log (bulkfetch.h).
 *
 * The log is read once into `struct done`.  Then the lists are read as in the
 * first run, with the same numbers, and what is done is left out; each block
 * of lines is compared with the log on the way.  Since a list that has changed
 * should be refused before anything is fetched, files are read once more ahead
 * of that, as far as the log has results.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulkfetch.h"
#include "source/compare.h"
#include "source/done.h"
#include "source/failures.h"
#include "source/input.h"
#include "source/log_reader.h"
#include "source/nudge.h"

#define PATIENCE 65536 /* lines that are done, one after the other */

struct resume {
	struct bulkfetch_source lists; /* owned; without free() before it is
					* there */
	struct done done;
	struct compare compare;
	struct nudge nudge;
	bool repeats_failed; /* what is done is what was ok */
	char *log;           /* owned path */
	char problem[sizeof(((struct bulkfetch_problem *)0)->text)];
};

/* ---- What cannot be begun ----------------------------------------------- */

static int
refuse(struct bulkfetch_problem *problem, struct err err, const char *log)
{
	char shown[256];
	char text[128];

	*problem = (struct bulkfetch_problem){
		.sys = err.kind == ERR_NOMEM ? ENOMEM : err.sys,
		.is_usage = err.why != NULL,
	};
	(void)snprintf(problem->text, sizeof(problem->text), "log '%s': %s",
	    bulkfetch_escape((struct bulkfetch_text){ log, strlen(log) }, shown,
		sizeof(shown)),
	    err_text(err, text, sizeof(text)));
	return problem->sys != 0 ? problem->sys : EINVAL;
}

static int
refuse_change(struct bulkfetch_problem *problem, const struct compare *compare,
    const char *log)
{
	*problem = (struct bulkfetch_problem){ .is_usage = true };
	(void)compare_describe(
	    compare, log, problem->text, sizeof(problem->text));
	return EINVAL;
}

/* ---- The log ------------------------------------------------------------ */

/*
 * What failed here, on a full disk for one, has no result either where only
 * those are of interest that have none: the next run may well have the room.
 */
static bool
is_of_interest(const struct record *record, enum bulkfetch_resume_how how)
{
	return record->is_result &&
	    !(record->is_local && how == BULKFETCH_RESUME);
}

static struct err
add_record(struct done *done, const struct record *record, struct buf *space)
{
	struct slice url;
	struct err err;

	err = records_url(record, space, &url);
	/* No list has such a line, so that is what the comparison finds. */
	if (err.kind == ERR_PROTOCOL)
		url = record->url;
	else if (err_is(err))
		return err;
	return done_add(done, record->n, url, record->ok);
}

static struct err
read_records(struct log_reader *log, struct done *done,
    enum bulkfetch_resume_how how, struct buf *space)
{
	struct record record;
	struct err err = err_none();

	while (!err_is(err)) {
		switch (log_reader_next(log, &record)) {
		case LOG_READER_RECORD:
			if (is_of_interest(&record, how))
				err = add_record(done, &record, space);
			break;
		case LOG_READER_MORE:
			break;
		case LOG_READER_END:
			return err_none();
		case LOG_READER_FAILED:
			return err_sys(ERR_FILE);
		}
	}
	return err;
}

/* Fill `done` from the log, which is left open for a second reading. */
static struct err
load(struct log_reader *log, const char *path, enum bulkfetch_resume_how how,
    struct done *done, struct bulkfetch_resumed *resumed)
{
	struct buf space;
	struct err err = log_reader_open(log, path);

	if (err_is(err))
		return err;
	err = done_init(done);
	if (err_is(err))
		goto close;
	buf_init(&space, RECORDS_LINE_MAX);
	err = read_records(log, done, how, &space);
	buf_fini(&space);
	if (err_is(err))
		goto fini;
	*resumed = (struct bulkfetch_resumed){
		.ok = done->ok,
		.failed = done->failed,
		.foreign = log->foreign,
	};
	return err_none();
fini:
	done_fini(done);
close:
	log_reader_close(log);
	return err;
}

/* ---- Comparing ahead ---------------------------------------------------- */

/* How many names at the front can be read twice. */
static size_t
count_files(const char *const *names, size_t count)
{
	size_t files = 0;

	while (files < count) {
		const char *name = names[files];
		bool is_regular = strstr(name, "://") != NULL;
		uint64_t size;

		if (!is_regular &&
		    (strcmp(name, "-") == 0 ||
			err_is(input_look(name, &is_regular, &size)) ||
			!is_regular))
			break;
		files++;
	}
	return files;
}

/* PENDING for want of patience alone: files are never waited for. */
static bool
is_ready(const struct bulkfetch_source *source)
{
	struct pollfd pollfd = { .fd = source->fd(source->ctx),
		.events = POLLIN };

	return poll(&pollfd, 1, 0) == 1;
}

/* Feed `compare` from the lists up to their end or the last result.  `is_all`:
 * there are no others behind them. */
static int
compare_lists(struct compare *compare, const struct bulkfetch_source *lists,
    bool is_all, const char *log, struct bulkfetch_problem *problem)
{
	struct bulkfetch_item item;

	while (!compare->is_over) {
		switch (lists->next(lists->ctx, &item)) {
		case BULKFETCH_ITEM:
			if (!compare_item(compare, &item))
				return refuse_change(problem, compare, log);
			break;
		case BULKFETCH_PENDING:
			/* What was a file is none any more. */
			if (!is_ready(lists))
				return 0;
			break;
		case BULKFETCH_END:
			if (is_all && !compare_end(compare))
				return refuse_change(problem, compare, log);
			return 0;
		case BULKFETCH_ERROR:
			*problem = (struct bulkfetch_problem){
				.sys = item.sys,
			};
			(void)snprintf(problem->text, sizeof(problem->text),
			    "%s", item.problem);
			return item.sys != 0 ? item.sys : EIO;
		}
	}
	return 0;
}

static int
compare_ahead(const struct done *done, const char *const *names, size_t count,
    const char *log, struct bulkfetch_problem *problem)
{
	size_t files = count_files(names, count);
	struct bulkfetch_source lists;
	struct compare compare;
	int sys;

	compare_init(&compare, done);
	if (compare.is_over || (files == 0 && count > 0))
		return 0;
	sys = bulkfetch_lists_new(names, files, &lists, problem);
	if (sys != 0)
		return sys;
	sys = compare_lists(&compare, &lists, files == count, log, problem);
	lists.free(lists.ctx);
	return sys;
}

/* ---- The source --------------------------------------------------------- */

static bool
is_done(const struct resume *r, uint64_t n)
{
	return r->repeats_failed ? done_is_ok(&r->done, n)
				 : done_has(&r->done, n);
}

static enum bulkfetch_next
give_change(struct resume *r, struct bulkfetch_item *item)
{
	*item = (struct bulkfetch_item){
		.problem = compare_describe(
		    &r->compare, r->log, r->problem, sizeof(r->problem)),
	};
	return BULKFETCH_ERROR;
}

static enum bulkfetch_next
resume_next(void *ctx, struct bulkfetch_item *item)
{
	struct resume *r = ctx;

	r->nudge.is_set = false;
	for (unsigned skipped = 0;;) {
		enum bulkfetch_next got = r->lists.next(r->lists.ctx, item);

		if (got == BULKFETCH_END && !compare_end(&r->compare))
			return give_change(r, item);
		if (got != BULKFETCH_ITEM)
			return got;
		if (!compare_item(&r->compare, item))
			return give_change(r, item);
		if (!is_done(r, item->n))
			return BULKFETCH_ITEM;
		if (++skipped >= PATIENCE && nudge_set(&r->nudge))
			return BULKFETCH_PENDING;
	}
}

static int
resume_fd(void *ctx)
{
	const struct resume *r = ctx;

	return r->nudge.is_set ? r->nudge.fd : r->lists.fd(r->lists.ctx);
}

static bool
resume_position(void *ctx, uint64_t *done, uint64_t *total)
{
	const struct resume *r = ctx;

	return r->lists.position(r->lists.ctx, done, total);
}

static void
resume_free(void *ctx)
{
	struct resume *r = ctx;

	if (r == NULL)
		return;
	if (r->lists.free != NULL)
		r->lists.free(r->lists.ctx);
	done_fini(&r->done);
	nudge_fini(&r->nudge);
	free(r->log);
	free(r);
}

static int
open_lists(struct resume *r, const char *path, const char *const *names,
    size_t count, struct bulkfetch_resumed *resumed,
    struct bulkfetch_problem *problem)
{
	struct log_reader log;
	struct err err;
	int sys;

	/* First, as a missing list is sooner told than a log is read. */
	sys = bulkfetch_lists_new(names, count, &r->lists, problem);
	if (sys != 0)
		return sys;
	r->log = strdup(path);
	if (r->log == NULL)
		return refuse(problem, err_of(ERR_NOMEM), path);
	err = load(&log, path,
	    r->repeats_failed ? BULKFETCH_RESUME_FAILED : BULKFETCH_RESUME,
	    &r->done, resumed);
	if (err_is(err))
		return refuse(problem, err, path);
	log_reader_close(&log);
	compare_init(&r->compare, &r->done);
	return compare_ahead(&r->done, names, count, path, problem);
}

static int
resume_lists(const char *path, bool repeats_failed, const char *const *names,
    size_t count, struct bulkfetch_source *source,
    struct bulkfetch_resumed *resumed, struct bulkfetch_problem *problem)
{
	struct resume *r = calloc(1, sizeof(*r));
	int sys;

	if (r == NULL)
		return refuse(problem, err_of(ERR_NOMEM), path);
	r->repeats_failed = repeats_failed;
	nudge_init(&r->nudge);
	sys = open_lists(r, path, names, count, resumed, problem);
	if (sys != 0) {
		resume_free(r);
		return sys;
	}
	*source = (struct bulkfetch_source){
		.ctx = r,
		.next = resume_next,
		.fd = resume_fd,
		.position = resume_position,
		.free = resume_free,
	};
	return 0;
}

static int
retry_failed(const char *path, struct bulkfetch_source *source,
    struct bulkfetch_resumed *resumed, struct bulkfetch_problem *problem)
{
	struct log_reader log;
	struct done done;
	struct err err =
	    load(&log, path, BULKFETCH_RETRY_FAILED, &done, resumed);

	if (!err_is(err))
		err = failures_new(&log, &done, source);
	return err_is(err) ? refuse(problem, err, path) : 0;
}

int
bulkfetch_resume_new(const char *path, enum bulkfetch_resume_how how,
    const char *const *names, size_t count, struct bulkfetch_source *source,
    struct bulkfetch_resumed *resumed, struct bulkfetch_problem *problem)
{
	if (strcmp(path, "-") == 0)
		return refuse(problem,
		    err_why(ERR_FILE, "standard output cannot be read back"),
		    path);
	if (how == BULKFETCH_RETRY_FAILED)
		return retry_failed(path, source, resumed, problem);
	return resume_lists(path, how == BULKFETCH_RESUME_FAILED, names, count,
	    source, resumed, problem);
}
