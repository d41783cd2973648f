#include "collect/update_merge.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/heap.h"
#include "base/list.h"

/* What all ranges together read ahead, and the least and most for one. */
#define READ_AHEAD (4 << 20)
#define CHUNK_MIN 4096
#define CHUNK_MAX (1 << 18)

/* A place in a range: its next record, which is not read any further. */
struct cursor {
	struct heap_node node; /* by the key; outside the heap: at the end */
	struct update_range range;
	struct buf ahead;
	size_t at;           /* of `ahead`: octets that are done with */
	struct slice record; /* lies in front of that */
	struct update_key key;
	bool forgets;
};

/* `word` among others, as a number with a sign. */
static int64_t
order(uint64_t word)
{
	return (int64_t)(word ^ UINT64_C(1) << 63);
}

static bool
read_ahead(struct cursor *c, size_t chunk)
{
	uint64_t left = c->range.end - c->range.at;
	ssize_t n;

	buf_drop(&c->ahead, c->at);
	c->at = 0;
	if (left == 0 || err_is(buf_reserve(&c->ahead, chunk)))
		return false;
	if (chunk > left)
		chunk = (size_t)left;
	do
		n = pread(c->range.fd, c->ahead.ptr + c->ahead.len, chunk,
		    (off_t)c->range.at);
	while (n == -1 && errno == EINTR);
	if (n <= 0)
		return false;
	c->ahead.len += (size_t)n;
	c->range.at += (uint64_t)n;
	return true;
}

/* The next record; false at the end. */
static bool
advance(struct cursor *c, size_t chunk)
{
	struct update_entry entry;
	enum update_read read;
	struct slice rest;
	size_t used = 0;

	do {
		rest = slice_from(buf_slice(&c->ahead), c->at);
		read = update_record_read(rest, &c->key, &entry, &used);
	} while (read == UPDATE_SHORT && read_ahead(c, chunk));
	if (read != UPDATE_READ)
		return false;
	c->record = slice_first(rest, used);
	c->at += used;
	c->forgets = entry.forgets;
	return true;
}

/* Take the record in front; `*newest` is its copy if it is the newest one. */
static struct err
take(struct cursor *c, struct buf *newest, struct cursor **from)
{
	if (*from != NULL && *from > c)
		return err_none();
	*from = c;
	buf_clear(newest);
	return buf_append(newest, c->record);
}

/* Add the record of the least key. */
static struct err
merge_one(struct heap *heap, size_t chunk, struct buf *newest,
    struct update_writer *w)
{
	int64_t key = heap_peek(heap)->key;
	struct cursor *from = NULL;
	struct update_key own = { 0 };
	bool forgets = false;
	struct err err = err_none();

	while (heap_peek(heap) != NULL && heap_peek(heap)->key <= key &&
	    !err_is(err)) {
		struct cursor *c =
		    LIST_OBJECT(heap_peek(heap), struct cursor, node);

		err = take(c, newest, &from);
		if (from == c) {
			own = c->key;
			forgets = c->forgets;
		}
		if (advance(c, chunk))
			heap_move(heap, &c->node, order(c->key.word[0]));
		else
			heap_remove(heap, &c->node);
	}
	if (err_is(err) || forgets)
		return err;
	return update_writer_add(w, &own, buf_slice(newest));
}

struct err
update_merge(
    const struct update_range *ranges, size_t count, struct update_writer *w)
{
	struct cursor *cursors = calloc(count, sizeof(*cursors));
	size_t chunk = count > 0 ? READ_AHEAD / count : 0;
	struct err err = err_none();
	struct buf newest;
	struct heap heap;

	if (cursors == NULL)
		return count > 0 ? err_of(ERR_NOMEM) : err_none();
	if (chunk > CHUNK_MAX)
		chunk = CHUNK_MAX;
	if (chunk < CHUNK_MIN)
		chunk = CHUNK_MIN;
	buf_init(&newest, UPDATE_RECORD_MAX);
	heap_init(&heap);
	for (size_t i = 0; i < count && !err_is(err); i++) {
		struct cursor *c = &cursors[i];

		heap_node_init(&c->node);
		buf_init(&c->ahead, chunk + UPDATE_RECORD_MAX);
		c->range = ranges[i];
		if (advance(c, chunk))
			err = heap_add(&heap, &c->node, order(c->key.word[0]));
	}
	while (heap_peek(&heap) != NULL && !err_is(err))
		err = merge_one(&heap, chunk, &newest, w);
	for (size_t i = 0; i < count; i++)
		buf_fini(&cursors[i].ahead);
	heap_fini(&heap);
	buf_fini(&newest);
	free(cursors);
	return err;
}
