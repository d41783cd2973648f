/*
 * collecting - play the engine to a collector: one response, in one of the
 * ways in which bodies arrive.
 */
#ifndef BULKFETCH_TESTS_UNIT_COLLECTING_H
#define BULKFETCH_TESTS_UNIT_COLLECTING_H

#include "asked.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "bulkfetch.h"

enum arrival {
	ARRIVES_WHOLE,   /* one write, known to be the last */
	ARRIVES_SPLIT,   /* several, of known length */
	ARRIVES_CHUNKED, /* several, the end comes as a surprise */
	ARRIVES_SPLICED, /* a first write, then by way of fd() */
	ARRIVALS
};

/* What commit() said last. */
static char collected_file[8192];
static bool collected_moved;

static inline void
collected(const struct bulkfetch_stored *stored)
{
	collected_file[0] = '\0';
	if (stored->file != NULL)
		(void)snprintf(
		    collected_file, sizeof(collected_file), "%s", stored->file);
	collected_moved = stored->is_moved;
}

static inline struct bulkfetch_text
collect_text(const char *text)
{
	return (struct bulkfetch_text){ text, strlen(text) };
}

static inline int
collect_begin(const struct bulkfetch_collector *c, const char *url,
    uint64_t length, void **body)
{
	struct buf space;
	struct bulkfetch_request request = asked_for(slice_str(url), 1, &space);
	struct bulkfetch_response response = {
		.request = &request,
		.status = 200,
		.length = length,
	};
	int sys = c->begin(c->ctx, &response, body);

	/* Texts were lent for the call only. */
	memset(space.ptr, 'X', space.len);
	buf_fini(&space);
	return sys;
}

static inline int
collect_commit(const struct bulkfetch_collector *c, void *body)
{
	struct bulkfetch_stored stored = { 0 };
	int sys = c->commit(c->ctx, body, &stored);

	collected(&stored);
	return sys;
}

/* As with splice(2): past the collector, at the descriptor's offset. */
static inline int
collect_splice(
    const struct bulkfetch_collector *c, void *body, struct bulkfetch_text data)
{
	int fd = c->fd(c->ctx, body);

	if (fd == -1)
		return c->write(c->ctx, body, data, true);
	return write(fd, data.ptr, data.len) == (ssize_t)data.len ? 0 : errno;
}

static inline int
collect_parts(const struct bulkfetch_collector *c, void *body,
    struct bulkfetch_text data, enum arrival how)
{
	size_t half = data.len / 2;
	struct bulkfetch_text first = { data.ptr, half };
	struct bulkfetch_text rest = { data.ptr + half, data.len - half };
	int sys;

	if (how == ARRIVES_WHOLE)
		return c->write(c->ctx, body, data, true);
	sys = c->write(c->ctx, body, first, false);
	if (sys != 0)
		return sys;
	if (how == ARRIVES_SPLICED)
		return collect_splice(c, body, rest);
	return c->write(c->ctx, body, rest, how == ARRIVES_SPLIT);
}

/* One response from begin to end; the errno of what failed, after an abort. */
static inline int
collect(const struct bulkfetch_collector *c, const char *url,
    const char *content, enum arrival how)
{
	struct bulkfetch_text data = collect_text(content);
	void *body;
	int sys = collect_begin(c, url,
	    how == ARRIVES_CHUNKED ? BULKFETCH_LENGTH_UNKNOWN : data.len,
	    &body);

	if (sys != 0)
		return sys;
	sys = collect_parts(c, body, data, how);
	if (sys != 0) {
		c->abort(c->ctx, body);
		return sys;
	}
	return collect_commit(c, body);
}

/* has(), with what it found in collected_*. */
static inline int
collect_has(const struct bulkfetch_collector *c, const char *url)
{
	struct bulkfetch_stored stored = { 0 };
	struct buf space;
	struct bulkfetch_request request = asked_for(slice_str(url), 1, &space);
	int rc = c->has(c->ctx, &request, &stored);

	collected(&stored);
	buf_fini(&space);
	return rc;
}

#endif
