/*
 * lists - several lists of URLs in turn, as one source (bulkfetch.h).
 *
 * One list is open at a time.  It is read on demand only, a buffer at a time,
 * so a fast producer blocks in its own write.  A call that finds nothing but
 * comments in PATIENCE buffers says PENDING with a descriptor that is always
 * readable, so that the loop can look after its connections in between.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "bulkfetch.h"
#include "source/input.h"
#include "source/lines.h"
#include "source/nudge.h"

#define BUFFER_LEN 65536
#define PATIENCE 16 /* buffers, 1 MiB, without a URL */

struct entry {
	char *name;    /* owned */
	bool is_url;   /* stands for itself */
	uint64_t size; /* octets, as far as known */
};

enum lists_state {
	LISTS_BETWEEN, /* `at` is the next entry to begin with */
	LISTS_READING, /* in entry `at` */
	LISTS_ENDED,
};

struct lists {
	enum lists_state state;
	struct entry *entries; /* owned */
	size_t count;
	size_t at;
	bool has_position;     /* every size is known */
	uint64_t total;        /* of all sizes */
	uint64_t done;         /* of the entries before `at` */
	uint64_t lines_before; /* in the entries before `at` */
	struct input input;
	uint64_t octets_read; /* of this entry */
	struct nudge nudge;   /* for want of patience */
	struct slice rest;    /* of `buffer`: not yet split */
	struct lines lines;
	char problem[sizeof(((struct bulkfetch_problem *)0)->text)];
	uint8_t buffer[BUFFER_LEN];
};

static void
describe(const char *name, struct err err, char *out, size_t cap)
{
	char shown[320];
	char text[128];

	(void)snprintf(out, cap, "%s: %s",
	    input_show(name, shown, sizeof(shown)),
	    err_text(err, text, sizeof(text)));
}

static enum bulkfetch_next
give_error(struct lists *l, struct err err, struct bulkfetch_item *item)
{
	describe(l->entries[l->at].name, err, l->problem, sizeof(l->problem));
	*item =
	    (struct bulkfetch_item){ .problem = l->problem, .sys = err.sys };
	input_close(&l->input);
	l->state = LISTS_ENDED;
	return BULKFETCH_ERROR;
}

static enum bulkfetch_next
give_line(
    const struct lists *l, const struct line *line, struct bulkfetch_item *item)
{
	*item = (struct bulkfetch_item){
		.url = { .ptr = (const char *)line->text.ptr,
		    .len = line->text.len },
		.n = l->lines_before + line->number,
		.list = l->entries[l->at].name,
		.line = line->number,
	};
	if (line->is_cut) {
		item->is_cut = true;
		item->problem = "longer than 65536 octets";
	}
	return BULKFETCH_ITEM;
}

/* The entry was `size` octets and `lines` lines after all. */
static void
leave_entry(struct lists *l, uint64_t size, uint64_t lines)
{
	input_close(&l->input);
	l->total += size - l->entries[l->at].size;
	l->done += size;
	l->lines_before += lines;
	l->at++;
	l->state = LISTS_BETWEEN;
}

static enum bulkfetch_next
give_url(struct lists *l, struct bulkfetch_item *item)
{
	const struct entry *entry = &l->entries[l->at];

	*item = (struct bulkfetch_item){
		.url = { .ptr = entry->name, .len = strlen(entry->name) },
		.n = l->lines_before + 1,
	};
	leave_entry(l, entry->size, 1);
	return BULKFETCH_ITEM;
}

static struct err
begin_list(struct lists *l)
{
	lines_init(&l->lines);
	l->rest = slice_of(l->buffer, 0);
	l->octets_read = 0;
	l->state = LISTS_READING;
	return input_open(&l->input, l->entries[l->at].name);
}

/* Split and read until there is an item, or a reason that there is none. */
static enum bulkfetch_next
read_list(struct lists *l, struct bulkfetch_item *item)
{
	struct line line;
	unsigned reads = 0;
	size_t len;

	while (!lines_next(&l->lines, &l->rest, &line)) {
		if (reads++ == PATIENCE && nudge_set(&l->nudge))
			return BULKFETCH_PENDING;
		switch (input_read(&l->input, l->buffer, BUFFER_LEN, &len)) {
		case INPUT_OCTETS:
			l->rest = slice_of(l->buffer, len);
			l->octets_read += len;
			break;
		case INPUT_PENDING:
			return BULKFETCH_PENDING;
		case INPUT_FAILED:
			return give_error(l, err_sys(ERR_FILE), item);
		case INPUT_END: {
			bool found = lines_finish(&l->lines, &line);

			if (found)
				(void)give_line(l, &line, item);
			leave_entry(l, l->octets_read, lines_count(&l->lines));
			return found ? BULKFETCH_ITEM : BULKFETCH_END;
		}
		}
	}
	return give_line(l, &line, item);
}

static enum bulkfetch_next
lists_next(void *ctx, struct bulkfetch_item *item)
{
	struct lists *l = ctx;

	l->nudge.is_set = false;
	while (l->at < l->count && l->state != LISTS_ENDED) {
		enum bulkfetch_next got;

		if (l->entries[l->at].is_url)
			return give_url(l, item);
		if (l->state == LISTS_BETWEEN) {
			struct err err = begin_list(l);

			if (err_is(err))
				return give_error(l, err, item);
		}
		got = read_list(l, item);
		if (got != BULKFETCH_END)
			return got;
	}
	return BULKFETCH_END;
}

static int
lists_fd(void *ctx)
{
	const struct lists *l = ctx;

	return l->nudge.is_set ? l->nudge.fd : l->input.fd;
}

static bool
lists_position(void *ctx, uint64_t *done, uint64_t *total)
{
	const struct lists *l = ctx;
	uint64_t here = 0;

	if (!l->has_position)
		return false;
	if (l->state == LISTS_READING)
		here = l->octets_read - l->rest.len;
	*done = l->done + here;
	*total = *done > l->total ? *done : l->total;
	return true;
}

static void
lists_free(void *ctx)
{
	struct lists *l = ctx;

	if (l == NULL)
		return;
	input_close(&l->input);
	nudge_fini(&l->nudge);
	for (size_t i = 0; i < l->count; i++)
		free(l->entries[i].name);
	free(l->entries);
	free(l);
}

static int
refuse(struct bulkfetch_problem *problem, struct err err, const char *name)
{
	*problem = (struct bulkfetch_problem){ .sys = err.sys };
	describe(name, err, problem->text, sizeof(problem->text));
	return err.sys != 0 ? err.sys : EINVAL;
}

static int
refuse_usage(struct bulkfetch_problem *problem, const char *text)
{
	*problem = (struct bulkfetch_problem){ .is_usage = true };
	(void)snprintf(problem->text, sizeof(problem->text), "%s", text);
	return EINVAL;
}

/* Look at one name and fill in its entry, but for the name. */
static struct err
look(struct lists *l, const char *name, struct entry *entry)
{
	bool is_regular;
	struct err err;

	entry->is_url = strstr(name, "://") != NULL;
	if (entry->is_url) {
		entry->size = strlen(name);
		return err_none();
	}
	err = input_look(name, &is_regular, &entry->size);
	if (!err_is(err) && !is_regular)
		l->has_position = false;
	return err;
}

static int
add_names(struct lists *l, const char *const *names, size_t count,
    struct bulkfetch_problem *problem)
{
	bool has_stdin = false;

	for (size_t i = 0; i < count; i++) {
		struct entry *entry = &l->entries[i];
		bool is_stdin = strcmp(names[i], "-") == 0;
		struct err err;

		if (names[i][0] == '\0')
			return refuse_usage(problem, "an empty name of a list");
		if (is_stdin && has_stdin)
			return refuse_usage(
			    problem, "standard input is named twice");
		has_stdin = has_stdin || is_stdin;
		err = look(l, names[i], entry);
		if (err_is(err))
			return refuse(problem, err, names[i]);
		entry->name = strdup(names[i]);
		if (entry->name == NULL)
			return refuse(problem, err_sys(ERR_NOMEM), names[i]);
		l->count = i + 1;
		if (!num_add(l->total, entry->size, &l->total))
			l->has_position = false;
	}
	return 0;
}

int
bulkfetch_lists_new(const char *const *names, size_t count,
    struct bulkfetch_source *source, struct bulkfetch_problem *problem)
{
	struct lists *l = malloc(sizeof(*l));
	int failure;

	if (l == NULL)
		return refuse(problem, err_sys(ERR_NOMEM), "lists");
	/* The buffers need no value, and pages no use until they are used. */
	memset(l, 0, offsetof(struct lists, lines));
	l->input.fd = -1;
	nudge_init(&l->nudge);
	l->has_position = true;
	l->entries = calloc(count > 0 ? count : 1, sizeof(*l->entries));
	if (l->entries == NULL) {
		lists_free(l);
		return refuse(problem, err_sys(ERR_NOMEM), "lists");
	}
	failure = add_names(l, names, count, problem);
	if (failure != 0) {
		lists_free(l);
		return failure;
	}
	*source = (struct bulkfetch_source){
		.ctx = l,
		.next = lists_next,
		.fd = lists_fd,
		.position = lists_position,
		.free = lists_free,
	};
	return 0;
}
