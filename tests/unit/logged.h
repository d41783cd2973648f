/*
 * logged - lists and logs of runs that never were, and what a source makes of
 * them.  The directory of scratch.h is the working directory.
 */
#ifndef BULKFETCH_TESTS_UNIT_LOGGED_H
#define BULKFETCH_TESTS_UNIT_LOGGED_H

#include "scratch.h"

#include <poll.h>

#include "bulkfetch.h"

enum logged_end { LOGGED_OK, LOGGED_FAILED, LOGGED_STOPPED, LOGGED_FULL };

/* A text with NULs in it, as an initialiser. */
#define LOG_TEXT(text) \
	{ \
		(text), sizeof(text) - 1 \
	}

static inline int
logged_setup(void **state)
{
	return scratch_setup(state) == 0 ? chdir(scratch_dir) : -1;
}

static inline int
logged_teardown(void **state)
{
	return chdir("/") == 0 ? scratch_teardown(state) : -1;
}

static inline struct bulkfetch_log *
logged_open(const char *name)
{
	const struct bulkfetch_log_options options = {
		.format = BULKFETCH_LOG_JSON,
		.is_append = true,
	};
	struct bulkfetch_problem problem;
	struct bulkfetch_log *log;

	if (bulkfetch_log_open(name, &options, &log, &problem) != 0)
		fail_msg("%s", problem.text);
	return log;
}

static inline struct bulkfetch_result
logged_result(uint64_t n, struct bulkfetch_text url, enum logged_end end)
{
	static const char *const errors[] = { NULL, "http", "stopped", "file" };

	return (struct bulkfetch_result){
		.n = n,
		.url = url,
		.ok = end == LOGGED_OK,
		.status = end == LOGGED_FAILED ? 404 : 0,
		.error = errors[end],
		.message = end == LOGGED_OK ? NULL : "a, \"message\"",
		.dns_ms = -1,
		.connect_ms = -1,
		.tls_ms = -1,
		.ttfb_ms = -1,
	};
}

static inline void
logged_add(
    struct bulkfetch_log *log, uint64_t n, const char *url, enum logged_end end)
{
	struct bulkfetch_result result =
	    logged_result(n, (struct bulkfetch_text){ url, strlen(url) }, end);

	assert_int_equal(bulkfetch_log_add(log, &result), 0);
}

/* Replace the file, or make it. */
static inline void
logged_put(const char *name, const char *content)
{
	(void)unlink(name);
	scratch_write(name, content, 0644);
}

/* The items of `source` up to its end, as "n:url n:url ...", with '!' before
 * one that has a problem, and what it ended with behind. */
static inline const char *
logged_items(struct bulkfetch_source *source)
{
	static char text[65536];
	struct bulkfetch_item item;
	size_t len = 0;

	text[0] = '\0';
	for (;;) {
		enum bulkfetch_next got = source->next(source->ctx, &item);
		struct pollfd pollfd = { .events = POLLIN };

		if (got == BULKFETCH_END)
			return text;
		if (got == BULKFETCH_ERROR) {
			(void)snprintf(text + len, sizeof(text) - len,
			    "error: %s", item.problem);
			return text;
		}
		if (got == BULKFETCH_PENDING) {
			pollfd.fd = source->fd(source->ctx);
			assert_int_equal(poll(&pollfd, 1, 10000), 1);
			continue;
		}
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%llu:%.*s ", item.problem != NULL ? "!" : "",
		    (unsigned long long)item.n, (int)item.url.len,
		    item.url.ptr);
		assert_true(len < sizeof(text));
	}
}

#endif
