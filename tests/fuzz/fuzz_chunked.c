/*
 * chunked: the same data, end and verdict however the input is split; each
 * call uses something and no more than is there.  The first octet of an input
 * is the size of the pieces.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/chunked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Decode all of `in` in pieces of `step` octets; `*used` of it in the end. */
static enum err_kind
decode(struct slice in, size_t step, struct buf *out, size_t *used)
{
	struct chunked dec;

	chunked_init(&dec);
	*used = 0;
	while (*used < in.len && !chunked_done(&dec)) {
		struct slice piece = slice_from(in, *used);
		struct slice data;
		size_t count;
		struct err err;

		if (piece.len > step)
			piece.len = step;
		err = chunked_decode(&dec, piece, &count, &data);
		if (err_is(err)) {
			assert(err.why != NULL);
			return err.kind;
		}
		assert(count > 0 && count <= piece.len && data.len <= count);
		assert(data.len == 0 ||
		    (data.ptr >= piece.ptr &&
			data.ptr + data.len <= piece.ptr + count));
		err = buf_append(out, data);
		assert(!err_is(err));
		*used += count;
	}
	return ERR_NONE;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t step = size > 0 && data[0] > 0 ? data[0] : 1;
	struct slice in = slice_of(data + (size > 0), size - (size > 0));
	struct buf whole;
	struct buf split;
	size_t used;
	size_t split_used;
	enum err_kind kind;

	buf_init(&whole, size);
	buf_init(&split, size);
	kind = decode(in, SIZE_MAX, &whole, &used);
	assert(decode(in, step, &split, &split_used) == kind);
	if (kind == ERR_NONE) {
		assert(used == split_used);
		assert(slice_eq(buf_slice(&whole), buf_slice(&split)));
	}
	buf_fini(&split);
	buf_fini(&whole);
	return 0;
}
