/*
 * chunked - decoder for the chunked transfer coding (RFC 9112, section 7.1).
 *
 * Pure: no I/O, no clock, no allocation.  The caller owns `struct chunked`
 * and every octet passed in; the decoder keeps no pointer between calls, so
 * input may be split anywhere.
 *
 *   SIZE -> [EXT] -> DATA -> DATA_END -> SIZE ... -> TRAILER -> DONE
 */
#ifndef BULKFETCH_HTTP_CHUNKED_H
#define BULKFETCH_HTTP_CHUNKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* A chunk's size with its extensions. */
#define CHUNKED_LINE_MAX 4096
/* A size of 64 bits with its line end, whatever the data. */
#define CHUNKED_LINE_USUAL 18
/* How much longer all the size lines of a body may be than their data: a peer
 * that sends little else than framing must not do so for ever, unseen by limits
 * to the size of files. */
#define CHUNKED_WASTE_MAX 65536
/* All the trailer fields together. */
#define CHUNKED_TRAILER_MAX 65536

enum chunked_state {
	CHUNKED_SIZE,    /* in the hexadecimal size */
	CHUNKED_EXT,     /* behind it, up to LF; passed over */
	CHUNKED_DATA,    /* `left` octets to come */
	CHUNKED_DATA_CR, /* at the end of a chunk's data */
	CHUNKED_DATA_LF,
	CHUNKED_TRAILER,      /* at the beginning of a trailer line */
	CHUNKED_TRAILER_LINE, /* within one */
	CHUNKED_END_LF,       /* after the CR of the last line */
	CHUNKED_DONE,
};

struct chunked {
	enum chunked_state state;
	uint64_t left;    /* octets of this chunk still to come */
	size_t line_len;  /* octets of this line, or of all trailers */
	size_t waste_len; /* of the size lines so far, unpaid by data */
	bool has_digit;   /* SIZE: one hexadecimal digit was seen */
	bool has_cr;      /* EXT, TRAILER_LINE: the last octet was a CR */
};

void chunked_init(struct chunked *dec);

/*
 * Decode the front of `in`: `*used` octets were consumed and `*data` is the
 * body among them, possibly empty, borrowed from `in`.  Call again with the
 * rest until chunked_done().  `*used` is 0 only when `in` is empty or the
 * decoder is done.
 *
 * Fails with ERR_PROTOCOL on malformed framing (no digit, a size beyond 64
 * bits, data not followed by a line end, a control octet in an extension, a
 * bare CR) and ERR_LIMIT when a line is longer than CHUNKED_LINE_MAX octets, the
 * trailers than CHUNKED_TRAILER_MAX, or the lines so far than their data by more
 * than CHUNKED_WASTE_MAX, CHUNKED_LINE_USUAL octets of each not counted.  Bare
 * LF ends a line.  After a failure `*used` and `*data` are unset and the decoder
 * is spent.
 */
struct err chunked_decode(
    struct chunked *dec, struct slice in, size_t *used, struct slice *data);

static inline bool
chunked_done(const struct chunked *dec)
{
	return dec->state == CHUNKED_DONE;
}

/* Behind the size of the last chunk, and not done. */
static inline bool
chunked_in_trailer(const struct chunked *dec)
{
	return dec->state == CHUNKED_TRAILER ||
	    dec->state == CHUNKED_TRAILER_LINE ||
	    dec->state == CHUNKED_END_LF ||
	    (dec->state == CHUNKED_EXT && dec->left == 0);
}

#endif
