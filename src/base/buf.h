/*
 * buf - octets that we own, growing up to a maximum fixed at birth.
 *
 * Invariant: len <= cap <= max.  `ptr` moves when the buffer grows, so slices
 * into it are good until the next append or reserve.
 */
#ifndef BULKFETCH_BASE_BUF_H
#define BULKFETCH_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct buf {
	uint8_t *ptr; /* owned; NULL until something is reserved */
	size_t len;
	size_t cap;
	size_t max;
};

/* An empty buffer; allocates nothing. */
void buf_init(struct buf *b, size_t max);

/* Free the octets; the buffer is empty afterwards and may be used again. */
void buf_fini(struct buf *b);

/*
 * Room for `more` octets behind `len`.  ERR_LIMIT beyond the maximum,
 * ERR_NOMEM when memory is refused; the contents stay as they were.
 */
struct err buf_reserve(struct buf *b, size_t more);

/* Append; fails as buf_reserve does, with nothing appended. */
struct err buf_append(struct buf *b, struct slice s);
struct err buf_append_str(struct buf *b, const char *text);
struct err buf_append_octet(struct buf *b, uint8_t octet);
struct err buf_append_u64(struct buf *b, uint64_t value);

/* Forget the contents but keep the room. */
static inline void
buf_clear(struct buf *b)
{
	b->len = 0;
}

/* Drop the first `len` octets; there must be as many. */
void buf_drop(struct buf *b, size_t len);

static inline struct slice
buf_slice(const struct buf *b)
{
	return slice_of(b->ptr, b->len);
}

#endif
