/*
 * exact - what most unit tests need: octets in an allocation of exactly their
 * size, so that valgrind or ASan sees a read one octet too far, and
 * comparisons that say which row of a table they failed in.
 */
#ifndef BULKFETCH_TESTS_UNIT_EXACT_H
#define BULKFETCH_TESTS_UNIT_EXACT_H

/* cmocka.h wants the first three before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/slice.h"

/* A slice of a literal, which may hold NULs, as an initialiser. */
#define TEXT(text) \
	{ \
		.ptr = (const uint8_t *)(text), .len = sizeof(text) - 1 \
	}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A copy of `s` without an octet to spare; freed with exact_free(). */
static inline struct slice
exact_copy(struct slice s)
{
	uint8_t *copy = malloc(s.len);

	if (s.len > 0) {
		assert_non_null(copy);
		memcpy(copy, s.ptr, s.len);
	}
	return slice_of(copy, s.len);
}

static inline void
exact_free(struct slice copy)
{
	free((void *)(uintptr_t)copy.ptr);
}

/* `actual` holds `expected`; `row` is for the message. */
static inline void
expect_slice(const char *row, struct slice actual, struct slice expected)
{
	if (!slice_eq(actual, expected))
		fail_msg("%s: \"%.*s\" instead of \"%.*s\"", row,
		    (int)actual.len, (const char *)actual.ptr,
		    (int)expected.len, (const char *)expected.ptr);
}

static inline void
expect_text(const char *row, struct slice actual, const char *expected)
{
	expect_slice(row, actual, slice_str(expected));
}

static inline void
expect_kind(const char *row, struct err err, enum err_kind kind)
{
	if (err.kind != kind)
		fail_msg("%s: err %s (%s) instead of %s", row,
		    err_name(err.kind), err.why != NULL ? err.why : "",
		    err_name(kind));
}

#endif
