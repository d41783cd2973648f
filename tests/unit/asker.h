/*
 * asker - somebody who looks up a host and writes down what he is told.
 */
#ifndef BULKFETCH_TESTS_UNIT_ASKER_H
#define BULKFETCH_TESTS_UNIT_ASKER_H

#include "exact.h"

#include <stdio.h>

#include "net/resolver.h"

#define ASKER_PORT 8080

struct asker {
	struct lookup lookup;
	unsigned calls;
	void (*then)(struct asker *asker); /* when called; may be NULL */
};

static void
asker_on_answer(void *ctx)
{
	struct asker *asker = ctx;

	asker->calls++;
	assert_null(asker->lookup.pending);
	if (asker->then != NULL)
		asker->then(asker);
}

static inline void
asker_init(struct asker *asker)
{
	*asker = (struct asker){ .calls = 0 };
	lookup_init(&asker->lookup, asker_on_answer, asker);
}

/* "addr,addr" or the failure in words; lent until the next call. */
static const char *
asker_answer(const struct asker *asker)
{
	static char text[LOOKUP_ADDRS_MAX * ENDPOINT_TEXT_MAX + 128];
	const struct lookup *l = &asker->lookup;
	size_t len = 0;

	if (err_is(l->err)) {
		assert_int_equal(l->count, 0);
		(void)snprintf(text, sizeof(text), "%s: %s",
		    err_name(l->err.kind),
		    l->err.why != NULL ? l->err.why : "");
		return text;
	}
	assert_in_range(l->count, 1, LOOKUP_ADDRS_MAX);
	for (size_t i = 0; i < l->count; i++) {
		char addr[ENDPOINT_TEXT_MAX];

		assert_int_equal(endpoint_port(&l->addrs[i]), ASKER_PORT);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
		    i > 0 ? "," : "", endpoint_format(&l->addrs[i], addr));
	}
	return text;
}

/* It was called once, and was told that. */
static inline void
expect_told(const struct asker *asker, const char *expected)
{
	assert_int_equal(asker->calls, 1);
	assert_true(asker->lookup.was_asked);
	expect_text("told", slice_str(asker_answer(asker)), expected);
}

#endif
