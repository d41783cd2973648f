#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

/* The first allocation: most heads and names fit, and malloc rounds up. */
#define BUF_FIRST_CAP 256

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_fini(struct buf *b)
{
	free(b->ptr);
	buf_init(b, b->max);
}

struct err
buf_reserve(struct buf *b, size_t more)
{
	size_t cap = b->cap > 0 ? b->cap : BUF_FIRST_CAP;
	uint8_t *ptr;

	if (more <= b->cap - b->len)
		return err_none();
	if (more > b->max - b->len)
		return err_of(ERR_LIMIT);
	while (cap < b->len + more)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if (cap > b->max)
		cap = b->max;
	ptr = realloc(b->ptr, cap);
	if (ptr == NULL)
		return err_of(ERR_NOMEM);
	b->ptr = ptr;
	b->cap = cap;
	return err_none();
}

struct err
buf_append(struct buf *b, struct slice s)
{
	struct err err = buf_reserve(b, s.len);

	if (err_is(err))
		return err;
	if (s.len > 0)
		memcpy(b->ptr + b->len, s.ptr, s.len);
	b->len += s.len;
	return err_none();
}

struct err
buf_append_str(struct buf *b, const char *text)
{
	return buf_append(b, slice_str(text));
}

struct err
buf_append_octet(struct buf *b, uint8_t octet)
{
	return buf_append(b, slice_of(&octet, 1));
}

struct err
buf_append_u64(struct buf *b, uint64_t value)
{
	char digits[NUM_U64_MAX_LEN];

	return buf_append(b, slice_of(digits, num_format_u64(value, digits)));
}

void
buf_drop(struct buf *b, size_t len)
{
	b->len -= len;
	if (b->len > 0)
		memmove(b->ptr, b->ptr + len, b->len);
}
