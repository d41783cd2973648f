/*
 * decoding: the same output and verdict however the input is split; nothing is
 * written behind the end or beyond the bound, and no last piece without a clean
 * end.  The first octet of an input says which codings, the second one seeds
 * the places of the cuts.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "fetch/decoding.h"

/* Bombs need not be seen to their end. */
#define OUT_MAX ((size_t)1 << 20)
#define CODED_MAX ((uint64_t)1 << 18)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct codings stacks[] = {
	{ 1, { CODING_GZIP } },
	{ 1, { CODING_DEFLATE } },
	{ 1, { CODING_BR } },
	{ 1, { CODING_ZSTD } },
	{ 2, { CODING_BR, CODING_GZIP } },
	{ 2, { CODING_GZIP, CODING_BR } },
	{ 2, { CODING_GZIP, CODING_ZSTD } },
	{ 2, { CODING_ZSTD, CODING_DEFLATE } },
};

#define STACKS (sizeof(stacks) / sizeof(stacks[0]))

struct output {
	struct buf data;
	bool is_over;
};

static struct err
keep(void *ctx, struct slice data, bool is_last)
{
	struct output *out = ctx;

	assert(!out->is_over);
	assert(data.len <= DECODING_PIECE && (is_last || data.len > 0));
	assert(!err_is(buf_append(&out->data, data)));
	out->is_over = is_last;
	return out->data.len > OUT_MAX ? err_of(ERR_LIMIT) : err_none();
}

/* The next length up to `most`, short ones more often than long ones. */
static size_t
next_len(uint32_t *state, size_t most)
{
	uint32_t random;

	*state = *state * 1664525 + 1013904223;
	random = *state >> 8;
	if (random % 4 == 0)
		return 1 + random / 4 % most;
	return random / 4 % (most < 16 ? most : 16);
}

/* Decode all of `in`, whole without a `seed`. */
static struct err
decode(const struct codings *codings, struct slice in, uint32_t seed,
    struct output *out)
{
	static struct decoding_room room;
	struct decoding d = {
		.room = &room,
		.write = keep,
		.ctx = out,
		.max_coded = CODED_MAX,
		.turn = seed % 2 == 0 ? DECODING_TURN : 1,
	};
	struct err err = decoding_init(&d, codings);
	bool is_last;

	assert(!err_is(err));
	do {
		size_t len =
		    seed > 0 && in.len > 0 ? next_len(&seed, in.len) : in.len;
		uint8_t *copy = malloc(len);

		assert(copy != NULL || len == 0);
		if (len > 0)
			memcpy(copy, in.ptr, len);
		in = slice_from(in, len);
		is_last = in.len == 0;
		err = decoding_push(&d, slice_of(copy, len), is_last);
		free(copy);
		while (!err_is(err) && decoding_is_busy(&d))
			err = decoding_go_on(&d);
	} while (!err_is(err) && !is_last);
	assert(err_is(err) || (out->is_over && !err_is(decoding_end(&d))));
	assert(err.kind != ERR_CODING || err.why != NULL);
	assert(!out->is_over || err.kind == ERR_NONE || err.kind == ERR_LIMIT);
	decoding_fini(&d);
	return err;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct codings *codings;
	struct slice in;
	struct output whole = { .is_over = false };
	struct output split = { .is_over = false };
	struct err err;
	struct err split_err;

	if (size < 2)
		return 0;
	codings = &stacks[data[0] % STACKS];
	/* Where a library is missing there is nothing to see. */
	for (size_t i = 0; i < codings->count; i++) {
		if (err_is(decoding_check(codings->of[i])))
			return 0;
	}
	in = slice_of(data + 2, size - 2);
	buf_init(&whole.data, OUT_MAX + DECODING_PIECE);
	buf_init(&split.data, OUT_MAX + DECODING_PIECE);
	err = decode(codings, in, 0, &whole);
	split_err = decode(codings, in, 1 + (uint32_t)data[1], &split);
	/* Which of two bounds is met first depends on the cuts. */
	if (err.kind != ERR_LIMIT && split_err.kind != ERR_LIMIT) {
		assert(err.kind == split_err.kind);
		/* Of two decoders that refuse the same input, the one that is
		 * asked first does. */
		assert(err.why == NULL || codings->count > 1 ||
		    strcmp(err.why, split_err.why) == 0);
	}
	if (!err_is(err) && !err_is(split_err))
		assert(
		    slice_eq(buf_slice(&whole.data), buf_slice(&split.data)));
	buf_fini(&split.data);
	buf_fini(&whole.data);
	return 0;
}
