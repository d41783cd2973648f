/*
 * decoding_bench - one decoding, everything that comes out of it, and bodies
 * to decode.  For the tests of decoding.
 */
#ifndef BULKFETCH_TESTS_UNIT_DECODING_BENCH_H
#define BULKFETCH_TESTS_UNIT_DECODING_BENCH_H

#include "exact.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "coded.h"
#include "fetch/decoding.h"

/* Asked in a process of its own, so that those to come find out for
 * themselves. */
static inline bool
has_libraries(void)
{
	int status = 1;
	pid_t pid = fork();

	assert_true(pid != -1);
	if (pid == 0) {
		for (size_t i = 0; i < CODING_KINDS; i++) {
			if (err_is(decoding_check((enum coding)i)))
				_exit(1);
		}
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
	if (status != 0)
		print_message("skipped: not all the libraries are there\n");
	return status == 0;
}

/* What has come out. */
struct output {
	struct buf data;
	size_t writes;
	size_t lasts;
	size_t max; /* octets, more are refused; 0: any */
};

static struct decoding_room room;

static struct err
keep(void *ctx, struct slice data, bool is_last)
{
	struct output *out = ctx;

	assert_int_equal(out->lasts, 0);
	assert_true(data.len <= DECODING_PIECE);
	assert_true(is_last || data.len > 0);
	out->writes++;
	out->lasts += is_last;
	assert_false(err_is(buf_append(&out->data, data)));
	if (out->max > 0 && out->data.len > out->max)
		return err_of(ERR_LIMIT);
	return err_none();
}

static inline void
output_init(struct output *out)
{
	*out = (struct output){ 0 };
	buf_init(&out->data, SIZE_MAX / 2);
}

/* In the order to undo them. */
#define CODINGS(...) \
	{ \
		.count = sizeof((enum coding[]){ __VA_ARGS__ }) / \
		    sizeof(enum coding), \
		.of = { __VA_ARGS__ } \
	}

static const struct codings one[CODING_KINDS] = {
	[CODING_GZIP] = CODINGS(CODING_GZIP),
	[CODING_DEFLATE] = CODINGS(CODING_DEFLATE),
	[CODING_BR] = CODINGS(CODING_BR),
	[CODING_ZSTD] = CODINGS(CODING_ZSTD),
};

static inline struct err
begin(struct decoding *d, const struct codings *codings, struct output *out)
{
	*d = (struct decoding){
		.room = &room,
		.write = keep,
		.ctx = out,
		.max_coded = UINT64_MAX,
		.turn = DECODING_TURN,
	};
	return decoding_init(d, codings);
}

/* Push `in` without an octet to spare, and let go of it. */
static inline struct err
push(struct decoding *d, struct slice in, bool is_last)
{
	struct slice copy = exact_copy(in);
	struct err err = decoding_push(d, copy, is_last);

	exact_free(copy);
	return err;
}

/* The same up to where more can be pushed. */
static inline struct err
push_all(struct decoding *d, struct slice in, bool is_last)
{
	struct err err = push(d, in, is_last);

	while (!err_is(err) && decoding_is_busy(d))
		err = decoding_go_on(d);
	return err;
}

/* `first` octets, then pieces of `step`; the last octet comes with the end, or
 * before an empty end. */
struct way {
	size_t first;
	size_t step;
	bool has_empty_end;
	size_t turn; /* 0: DECODING_TURN */
};

static inline struct err
run(const struct codings *codings, struct slice in, struct way way,
    struct output *out)
{
	struct decoding d;
	struct err err = begin(&d, codings, out);
	size_t len = way.first;

	assert_false(err_is(err));
	if (way.turn > 0)
		d.turn = way.turn;
	do {
		struct slice piece = in.len > len ? slice_first(in, len) : in;
		bool is_last = piece.len == in.len && !way.has_empty_end;

		in = slice_from(in, piece.len);
		err = push_all(&d, piece, is_last);
		len = way.step;
	} while (!err_is(err) && in.len > 0);
	if (!err_is(err) && way.has_empty_end)
		err = push_all(&d, slice_of(NULL, 0), true);
	if (!err_is(err))
		assert_false(err_is(decoding_end(&d)));
	decoding_fini(&d);
	return err;
}

/* The n-th of the ways to come by `len` octets; false when there are no
 * more. */
static inline bool
find_way(size_t n, size_t len, struct way *way)
{
	static const struct way some[] = {
		{ .first = SIZE_MAX, .step = SIZE_MAX },
		{ .first = SIZE_MAX, .step = SIZE_MAX, .has_empty_end = true },
		{ .first = 1, .step = 1 },
		{ .first = 1, .step = 1, .has_empty_end = true },
		{ .first = 2, .step = 3 },
	};
	static const size_t turns[] = { DECODING_TURN, 1 };
	size_t base = n / COUNT(turns);

	if (base < COUNT(some))
		*way = some[base];
	else
		*way = (struct way){ .first = base - COUNT(some) + 1,
			.step = SIZE_MAX };
	way->turn = turns[n % COUNT(turns)];
	return base < COUNT(some) || way->first < len;
}

/* However it comes, this comes out. */
static inline void
expect_decoded(const char *row, const struct codings *codings, struct slice in,
    struct slice expected)
{
	struct way way;

	for (size_t n = 0; find_way(n, in.len, &way); n++) {
		struct output out;

		output_init(&out);
		expect_kind(row, run(codings, in, way, &out), ERR_NONE);
		expect_slice(row, buf_slice(&out.data), expected);
		assert_int_equal(out.lasts, 1);
		buf_fini(&out.data);
	}
}

/* However it comes, it is refused for that reason. */
static inline void
expect_refused(const char *row, const struct codings *codings, struct slice in,
    const char *why)
{
	struct way way;

	for (size_t n = 0; find_way(n, in.len, &way); n++) {
		struct output out;
		struct err err;

		output_init(&out);
		err = run(codings, in, way, &out);
		expect_kind(row, err, ERR_CODING);
		assert_non_null(err.why);
		if (why != NULL && strcmp(err.why, why) != 0)
			fail_msg(
			    "%s: \"%s\" instead of \"%s\"", row, err.why, why);
		assert_int_equal(out.lasts, 0);
		buf_fini(&out.data);
	}
}

static inline struct slice
repeat(uint8_t octet, size_t len)
{
	uint8_t *ptr = malloc(len);

	assert_non_null(ptr);
	memset(ptr, octet, len);
	return slice_of(ptr, len);
}

/* One behind the other; exact_free() it. */
static inline struct slice
join(struct slice a, struct slice b)
{
	uint8_t *ptr = malloc(a.len + b.len);

	assert_non_null(ptr);
	memcpy(ptr, a.ptr, a.len);
	memcpy(ptr + a.len, b.ptr, b.len);
	return slice_of(ptr, a.len + b.len);
}

#define CODED(name) \
	{ \
		.ptr = coded_##name, .len = sizeof(coded_##name) \
	}

static const struct slice text = TEXT(CODED_TEXT);

/* Each coding's text. */
static const struct {
	const char *name;
	enum coding coding;
	struct slice in;
} texts[] = {
	{ "gzip", CODING_GZIP, CODED(gzip_text) },
	{ "gzip with a name", CODING_GZIP, CODED(gzip_named) },
	{ "zlib", CODING_DEFLATE, CODED(zlib_text) },
	{ "deflate", CODING_DEFLATE, CODED(raw_text) },
	{ "br", CODING_BR, CODED(br_text) },
	{ "zstd", CODING_ZSTD, CODED(zstd_text) },
	{ "zstd without a checksum", CODING_ZSTD, CODED(zstd_unchecked) },
	{ "zstd with its length", CODING_ZSTD, CODED(zstd_sized) },
};

static inline int
free_room(void **state)
{
	(void)state;
	decoding_room_fini(&room);
	return 0;
}

#endif
