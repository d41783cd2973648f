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

/* What responses are, until a test says otherwise. */
static struct collect_answer {
	unsigned status;    /* 0: 200 */
	const char *fields; /* lines of the head; NULL: no head at all */
	const char *url;    /* that they come from; NULL: the one asked for */
	uint64_t offset;
} collect_answer;

static inline struct bulkfetch_text
collect_text(const char *text)
{
	return (struct bulkfetch_text){ text, strlen(text) };
}

static inline int
collect_begin(const struct bulkfetch_collector *c, const char *url,
    uint64_t length, void **body)
{
	const struct collect_answer *answer = &collect_answer;
	struct buf space;
	struct bulkfetch_request request = asked_for(slice_str(url), 1, &space);
	struct bulkfetch_response response = {
		.request = &request,
		.status = answer->status != 0 ? answer->status : 200,
		.length = length,
		.url = request.url,
		.offset = answer->offset,
	};
	char head[4096] = "";
	int sys;

	if (answer->fields != NULL)
		(void)snprintf(head, sizeof(head), "HTTP/1.1 %u OK\r\n%s\r\n",
		    response.status, answer->fields);
	response.head = collect_text(head);
	if (answer->url != NULL)
		response.url = collect_text(answer->url);
	sys = c->begin(c->ctx, &response, body);
	/* Texts were lent for the call only. */
	memset(head, 'X', sizeof(head));
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

/* What current() said last. */
static struct collected_copy {
	bool is_whole;
	uint64_t len;
	uint64_t total;
	char etag[256];
	char last_modified[256];
	char url[256];
} collected_copy;

static inline void
collect_copy_text(char out[256], struct bulkfetch_text text)
{
	(void)snprintf(
	    out, 256, "%.*s", (int)text.len, text.len > 0 ? text.ptr : "");
}

/* current(), with what it found in collected_copy; 0 without a current(). */
static inline int
collect_current(const struct bulkfetch_collector *c, const char *url)
{
	struct bulkfetch_copy copy = { 0 };
	struct buf space;
	struct bulkfetch_request request = asked_for(slice_str(url), 1, &space);
	int rc = c->current != NULL ? c->current(c->ctx, &request, &copy) : 0;

	collected_copy = (struct collected_copy){ 0 };
	if (rc == 1) {
		collected_copy.is_whole = copy.is_whole;
		collected_copy.len = copy.len;
		collected_copy.total = copy.total;
		collect_copy_text(collected_copy.etag, copy.etag);
		collect_copy_text(
		    collected_copy.last_modified, copy.last_modified);
		collect_copy_text(collected_copy.url, copy.url);
	}
	buf_fini(&space);
	return rc;
}

/* keep(), with what it told in collected_*. */
static inline int
collect_keep(const struct bulkfetch_collector *c, const char *url)
{
	struct bulkfetch_stored stored = { 0 };
	struct buf space;
	struct bulkfetch_request request = asked_for(slice_str(url), 1, &space);
	int sys = c->keep(c->ctx, &request, &stored);

	collected(&stored);
	buf_fini(&space);
	return sys;
}

#endif
