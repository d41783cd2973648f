/*
 * slice - octets that somebody else owns.  Passed by value; not terminated,
 * may hold NULs, and `ptr` may be NULL when `len` is 0.
 */
#ifndef BULKFETCH_BASE_SLICE_H
#define BULKFETCH_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *ptr;
	size_t len; /* octets */
};

static inline struct slice
slice_of(const void *ptr, size_t len)
{
	return (struct slice){ .ptr = ptr, .len = len };
}

/* The octets of a C string, without its NUL; NULL is the empty slice. */
static inline struct slice
slice_str(const char *text)
{
	return slice_of(text, text != NULL ? strlen(text) : 0);
}

/* Everything from `at` on; `at` must not be beyond the end. */
static inline struct slice
slice_from(struct slice s, size_t at)
{
	/* Without an offset from NULL, which C does not know. */
	return at == 0 ? s : slice_of(s.ptr + at, s.len - at);
}

/* The first `len` octets; there must be as many. */
static inline struct slice
slice_first(struct slice s, size_t len)
{
	return slice_of(s.ptr, len);
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len &&
	    (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool
slice_eq_str(struct slice a, const char *text)
{
	return slice_eq(a, slice_str(text));
}

/* Where `octet` first stands in `s`; `s.len` when it does not. */
static inline size_t
slice_find(struct slice s, uint8_t octet)
{
	const uint8_t *at = s.len > 0 ? memchr(s.ptr, octet, s.len) : NULL;

	return at != NULL ? (size_t)(at - s.ptr) : s.len;
}

/* Equal but for the case of ASCII letters. */
bool slice_eq_nocase(struct slice a, struct slice b);

static inline bool
slice_eq_nocase_str(struct slice a, const char *text)
{
	return slice_eq_nocase(a, slice_str(text));
}

/* Without the blanks (SP and HTAB) at both ends. */
struct slice slice_trim(struct slice s);

#endif
