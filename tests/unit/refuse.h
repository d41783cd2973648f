/*
 * refuse - an allocator that refuses its n-th request.  A test that includes
 * this has the line
 *
 *     link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray
 *
 * in a comment of its own, and runs the code under test once for each n until
 * refuse_end() says that nothing was refused any more.
 */
#ifndef BULKFETCH_TESTS_UNIT_REFUSE_H
#define BULKFETCH_TESTS_UNIT_REFUSE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

static size_t refuse_left; /* requests up to the one refused; 0: grant all */
static bool refuse_done;   /* it was refused */

/* Refuse the `n`-th request from now on, counted from 1. */
static inline void
refuse_begin(size_t n)
{
	refuse_left = n;
	refuse_done = false;
}

/* Grant everything again; whether a request was refused meanwhile. */
static inline bool
refuse_end(void)
{
	refuse_left = 0;
	return refuse_done;
}

static bool
refuse_this(void)
{
	if (refuse_left == 0 || --refuse_left > 0)
		return false;
	refuse_done = true;
	errno = ENOMEM;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__real_reallocarray(void *ptr, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);
void *__wrap_reallocarray(void *ptr, size_t count, size_t size);

void *
__wrap_malloc(size_t size)
{
	return refuse_this() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return refuse_this() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *ptr, size_t size)
{
	return refuse_this() ? NULL : __real_realloc(ptr, size);
}

void *
__wrap_reallocarray(void *ptr, size_t count, size_t size)
{
	return refuse_this() ? NULL : __real_reallocarray(ptr, count, size);
}

#endif
