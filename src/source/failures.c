#include "source/failures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "source/lines.h"
#include "source/nudge.h"

#define PATIENCE 4 /* blocks of the log without an item */

/* Names of lists that are kept; they stood on a command line, so there are
 * not many, but what a file says is bounded. */
#define NAMES_MAX 4096
#define NAME_MAX_LEN 4096

struct failures {
	struct log_reader log;
	struct done done; /* what has been given is ok in it */
	struct nudge nudge;
	struct buf url;  /* of the item last given */
	struct buf name; /* unescaped, before it is looked up */
	char **names;    /* owned, as are those in it */
	size_t name_count;
	size_t name_at; /* the one last found */
	char problem[160];
};

/* The kept copy of a name, or NULL if it cannot be kept. */
static const char *
keep_name(struct failures *f, struct slice name)
{
	/* From the last one on: in a log, one list follows the other. */
	for (size_t i = 0; i < f->name_count; i++) {
		size_t at = (f->name_at + i) % f->name_count;

		if (slice_eq_str(name, f->names[at])) {
			f->name_at = at;
			return f->names[at];
		}
	}
	if (f->name_count == NAMES_MAX || name.len > NAME_MAX_LEN ||
	    slice_find(name, '\0') < name.len)
		return NULL;
	if (f->names == NULL)
		f->names = calloc(NAMES_MAX, sizeof(*f->names));
	if (f->names == NULL)
		return NULL;
	f->names[f->name_count] = strndup((const char *)name.ptr, name.len);
	if (f->names[f->name_count] == NULL)
		return NULL;
	f->name_at = f->name_count;
	return f->names[f->name_count++];
}

/* Where the request stood, as far as the record tells. */
static void
find_place(struct failures *f, const struct record *record,
    struct bulkfetch_item *item)
{
	struct slice value;
	struct slice name;

	item->line = record->n;
	if (!records_member(record, "list", &value) ||
	    err_is(records_text(value, &f->name, &name)))
		return;
	item->list = keep_name(f, name);
	if (item->list != NULL && records_member(record, "line", &value))
		(void)num_parse_u64(value, RECORDS_N_MAX, &item->line);
}

static void
give(struct failures *f, const struct record *record,
    struct bulkfetch_item *item)
{
	struct slice value;
	struct slice url;

	*item = (struct bulkfetch_item){ .n = record->n };
	find_place(f, record, item);
	if (err_is(records_url(record, &f->url, &url))) {
		item->problem = "the log does not tell its URL";
		item->is_cut = true;
		url = record->url;
		if (url.len > LINES_CUT_LEN)
			url = slice_first(url, LINES_CUT_LEN);
	} else if (records_member(record, "url_cut", &value)) {
		item->problem = "the log has only the beginning of its URL";
		item->is_cut = true;
	}
	item->url = (struct bulkfetch_text){
		.ptr = (const char *)url.ptr,
		.len = url.len,
	};
}

static enum bulkfetch_next
failures_next(void *ctx, struct bulkfetch_item *item)
{
	struct failures *f = ctx;
	struct record record;
	unsigned blocks = 0;
	int sys;

	f->nudge.is_set = false;
	for (;;) {
		switch (log_reader_next(&f->log, &record)) {
		case LOG_READER_RECORD:
			if (!record.is_result || record.ok ||
			    !done_take_failed(&f->done, record.n))
				break;
			give(f, &record, item);
			return BULKFETCH_ITEM;
		case LOG_READER_MORE:
			if (++blocks > PATIENCE && nudge_set(&f->nudge))
				return BULKFETCH_PENDING;
			break;
		case LOG_READER_END:
			return BULKFETCH_END;
		case LOG_READER_FAILED:
			sys = errno;
			(void)snprintf(f->problem, sizeof(f->problem),
			    "reading the log: %s", strerrordesc_np(sys));
			*item = (struct bulkfetch_item){
				.problem = f->problem,
				.sys = sys,
			};
			return BULKFETCH_ERROR;
		}
	}
}

static int
failures_fd(void *ctx)
{
	const struct failures *f = ctx;

	return f->nudge.fd;
}

static bool
failures_position(void *ctx, uint64_t *done, uint64_t *total)
{
	const struct failures *f = ctx;

	*done = f->log.at - f->log.rest.len;
	*total = f->log.end;
	return true;
}

static void
failures_free(void *ctx)
{
	struct failures *f = ctx;

	if (f == NULL)
		return;
	log_reader_close(&f->log);
	done_fini(&f->done);
	nudge_fini(&f->nudge);
	buf_fini(&f->url);
	buf_fini(&f->name);
	for (size_t i = 0; i < f->name_count; i++)
		free(f->names[i]);
	free(f->names);
	free(f);
}

struct err
failures_new(
    struct log_reader *log, struct done *done, struct bulkfetch_source *source)
{
	struct failures *f = calloc(1, sizeof(*f));

	if (f == NULL) {
		log_reader_close(log);
		done_fini(done);
		return err_of(ERR_NOMEM);
	}
	f->log = *log;
	f->done = *done;
	log_reader_rewind(&f->log);
	nudge_init(&f->nudge);
	buf_init(&f->url, RECORDS_LINE_MAX);
	buf_init(&f->name, RECORDS_LINE_MAX);
	*source = (struct bulkfetch_source){
		.ctx = f,
		.next = failures_next,
		.fd = failures_fd,
		.position = failures_position,
		.free = failures_free,
	};
	return err_none();
}
