/* link: -Wl,--wrap=dlopen,--wrap=dlsym,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "coded.h"
#include "fetch/decoding.h"

/* ---- Libraries ---------------------------------------------------------- */

/* In a process of its own, since they are looked for once. */
static const char *missing; /* names that begin so are not there */
static bool is_poor;        /* they are refused memory */

void *__real_dlopen(const char *name, int flags);
void *__real_dlsym(void *handle, const char *name);
void *__wrap_dlopen(const char *name, int flags);
void *__wrap_dlsym(void *handle, const char *name);

void *
__wrap_dlopen(const char *name, int flags)
{
	if (missing != NULL && strncmp(name, missing, strlen(missing)) == 0)
		return NULL;
	return __real_dlopen(name, flags);
}

static int
poor_inflate(void *z, int flush)
{
	(void)z;
	(void)flush;
	return -4; /* Z_MEM_ERROR */
}

static int
poor_code(const void *state)
{
	(void)state;
	return -26; /* BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_1 */
}

static size_t
poor_decompress(void *context, void *out, void *in)
{
	(void)context;
	(void)out;
	(void)in;
	return (size_t)-64; /* ZSTD_error_memory_allocation */
}

void *
__wrap_dlsym(void *handle, const char *name)
{
	void *address = __real_dlsym(handle, name);
	int (*inflate)(void *, int) = poor_inflate;
	int (*code)(const void *) = poor_code;
	size_t (*decompress)(void *, void *, void *) = poor_decompress;

	if (is_poor && strcmp(name, "inflate") == 0)
		memcpy(&address, &inflate, sizeof(address));
	if (is_poor && strcmp(name, "BrotliDecoderGetErrorCode") == 0)
		memcpy(&address, &code, sizeof(address));
	if (is_poor && strcmp(name, "ZSTD_decompressStream") == 0)
		memcpy(&address, &decompress, sizeof(address));
	return address;
}

static void
in_a_process(void (*test)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid != -1);
	if (pid == 0) {
		test();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* In such a process. */
static void
demand(bool is_so, const char *what)
{
	if (is_so)
		return;
	(void)fprintf(stderr, "not so: %s\n", what);
	_exit(1);
}

#define DEMAND(condition) demand(condition, #condition)

/* Ask in a process of its own, so that those to come find out for
 * themselves. */
static void
ask_for_libraries(void)
{
	for (size_t i = 0; i < CODING_KINDS; i++)
		DEMAND(!err_is(decoding_check((enum coding)i)));
}

static bool
has_libraries(void)
{
	int status = 1;
	pid_t pid = fork();

	assert_true(pid != -1);
	if (pid == 0) {
		ask_for_libraries();
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
	if (status != 0)
		print_message("skipped: not all the libraries are there\n");
	return status == 0;
}

/* ---- One decoding ------------------------------------------------------- */

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

static void
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

static struct err
begin(struct decoding *d, const struct codings *codings, struct output *out)
{
	*d = (struct decoding){
		.room = &room,
		.write = keep,
		.ctx = out,
		.max_coded = UINT64_MAX,
	};
	return decoding_init(d, codings);
}

/* Push `in` without an octet to spare. */
static struct err
push(struct decoding *d, struct slice in, bool is_last)
{
	struct slice copy = exact_copy(in);
	struct err err = decoding_push(d, copy, is_last);

	exact_free(copy);
	return err;
}

/* `first` octets, then pieces of `step`; the last octet comes with the end, or
 * before an empty end. */
struct way {
	size_t first;
	size_t step;
	bool has_empty_end;
};

static struct err
run(const struct codings *codings, struct slice in, struct way way,
    struct output *out)
{
	struct decoding d;
	struct err err = begin(&d, codings, out);
	size_t len = way.first;

	assert_false(err_is(err));
	do {
		struct slice piece = in.len > len ? slice_first(in, len) : in;
		bool is_last = piece.len == in.len && !way.has_empty_end;

		in = slice_from(in, piece.len);
		err = push(&d, piece, is_last);
		len = way.step;
	} while (!err_is(err) && in.len > 0);
	if (!err_is(err) && way.has_empty_end)
		err = push(&d, slice_of(NULL, 0), true);
	if (!err_is(err))
		assert_false(err_is(decoding_end(&d)));
	decoding_fini(&d);
	return err;
}

/* The n-th of the ways to come by `len` octets; false when there are no
 * more. */
static bool
find_way(size_t n, size_t len, struct way *way)
{
	static const struct way some[] = { { SIZE_MAX, SIZE_MAX, false },
		{ SIZE_MAX, SIZE_MAX, true }, { 1, 1, false }, { 1, 1, true },
		{ 2, 3, false } };

	if (n < COUNT(some)) {
		*way = some[n];
		return true;
	}
	*way = (struct way){ .first = n - COUNT(some) + 1, .step = SIZE_MAX };
	return way->first < len;
}

/* However it comes, this comes out. */
static void
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
static void
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
		if (err.why == NULL ||
		    (why != NULL && strcmp(err.why, why) != 0))
			fail_msg(
			    "%s: \"%s\" instead of \"%s\"", row, err.why, why);
		assert_int_equal(out.lasts, 0);
		buf_fini(&out.data);
	}
}

static struct slice
repeat(uint8_t octet, size_t len)
{
	uint8_t *ptr = malloc(len);

	assert_non_null(ptr);
	memset(ptr, octet, len);
	return slice_of(ptr, len);
}

/* One behind the other; exact_free() it. */
static struct slice
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

/* ---- What is whole ------------------------------------------------------ */

static void
decodes_the_same_however_it_is_split(void **state)
{
	static const struct {
		const char *name;
		enum coding coding;
		struct slice in;
		size_t len; /* of 'x' */
	} rows[] = {
		{ "big gzip", CODING_GZIP, CODED(gzip_big), CODED_BIG_LEN },
		{ "big zlib", CODING_DEFLATE, CODED(zlib_big), CODED_BIG_LEN },
		{ "big deflate", CODING_DEFLATE, CODED(raw_big),
		    CODED_BIG_LEN },
		{ "big br", CODING_BR, CODED(br_big), CODED_BIG_LEN },
		{ "big zstd", CODING_ZSTD, CODED(zstd_big), CODED_BIG_LEN },
		{ "empty gzip", CODING_GZIP, CODED(gzip_empty), 0 },
		{ "empty deflate", CODING_DEFLATE, CODED(raw_empty), 0 },
		{ "empty br", CODING_BR, CODED(br_empty), 0 },
		{ "empty zstd", CODING_ZSTD, CODED(zstd_empty), 0 },
	};
	struct slice big = repeat('x', CODED_BIG_LEN);

	(void)state;
	if (!has_libraries())
		skip();
	for (size_t i = 0; i < COUNT(texts); i++)
		expect_decoded(
		    texts[i].name, &one[texts[i].coding], texts[i].in, text);
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_decoded(rows[i].name, &one[rows[i].coding], rows[i].in,
		    slice_first(big, rows[i].len));
	exact_free(big);
}

#define SKIPPABLE TEXT("\x5a\x2a\x4d\x18\x05\0\0\0abcde")

/* Members of gzip, and frames of zstd, are one file (RFC 1952, section 2.2;
 * RFC 8878, section 3.1). */
static void
reads_all_the_members_and_frames(void **state)
{
	static const struct {
		const char *name;
		enum coding coding;
		struct slice a;
		struct slice b;
		const char *text;
	} rows[] = {
		{ "two members", CODING_GZIP, CODED(gzip_text),
		    CODED(gzip_named), CODED_TEXT CODED_TEXT },
		{ "an empty one first", CODING_GZIP, CODED(gzip_empty),
		    CODED(gzip_text), CODED_TEXT },
		{ "an empty one last", CODING_GZIP, CODED(gzip_text),
		    CODED(gzip_empty), CODED_TEXT },
		{ "two frames", CODING_ZSTD, CODED(zstd_text),
		    CODED(zstd_sized), CODED_TEXT CODED_TEXT },
		{ "an empty frame", CODING_ZSTD, CODED(zstd_empty),
		    CODED(zstd_unchecked), CODED_TEXT },
		{ "skipped first", CODING_ZSTD, SKIPPABLE, CODED(zstd_text),
		    CODED_TEXT },
		{ "skipped last", CODING_ZSTD, CODED(zstd_sized), SKIPPABLE,
		    CODED_TEXT },
		{ "only skipped", CODING_ZSTD, SKIPPABLE, SKIPPABLE, "" },
	};

	(void)state;
	if (!has_libraries())
		skip();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice in = join(rows[i].a, rows[i].b);

		expect_decoded(rows[i].name, &one[rows[i].coding], in,
		    slice_str(rows[i].text));
		exact_free(in);
	}
}

static void
undoes_codings_upon_codings(void **state)
{
	static const struct codings br_gzip = CODINGS(CODING_BR, CODING_GZIP);
	static const struct codings gzip_br = CODINGS(CODING_GZIP, CODING_BR);
	static const struct codings four =
	    CODINGS(CODING_ZSTD, CODING_BR, CODING_DEFLATE, CODING_GZIP);
	struct slice big = repeat('x', CODED_BIG_LEN);

	(void)state;
	if (!has_libraries())
		skip();
	expect_decoded("br of gzip", &br_gzip,
	    slice_of(coded_br_of_gzip, sizeof(coded_br_of_gzip)), text);
	expect_decoded("gzip of br", &gzip_br,
	    slice_of(coded_gzip_of_br_big, sizeof(coded_gzip_of_br_big)), big);
	expect_decoded("four", &four,
	    slice_of(coded_zstd_of_br_of_zlib_of_gzip,
		sizeof(coded_zstd_of_br_of_zlib_of_gzip)),
	    text);
	/* The other way round they are nothing. */
	expect_refused("order", &gzip_br,
	    slice_of(coded_br_of_gzip, sizeof(coded_br_of_gzip)), NULL);
	exact_free(big);
}

/* So that a small body is put under its name at once. */
static void
what_is_whole_in_one_piece_is_written_in_one(void **state)
{
	static const struct {
		enum coding coding;
		struct slice in;
		size_t writes;
	} rows[] = {
		{ CODING_GZIP, CODED(gzip_text), 1 },
		{ CODING_BR, CODED(br_empty), 1 },
		{ CODING_GZIP, CODED(gzip_piece), 1 },
		{ CODING_BR, CODED(br_piece), 1 },
		/* The piece is full before the checksum is looked at. */
		{ CODING_ZSTD, CODED(zstd_piece), 2 },
		{ CODING_DEFLATE, CODED(zlib_big), 4 },
	};

	(void)state;
	if (!has_libraries())
		skip();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct way way = { SIZE_MAX, SIZE_MAX, false };
		struct output out;

		output_init(&out);
		assert_false(
		    err_is(run(&one[rows[i].coding], rows[i].in, way, &out)));
		assert_int_equal(out.writes, rows[i].writes);
		assert_int_equal(out.lasts, 1);
		buf_fini(&out.data);
	}
}

static void
no_octets_are_a_body_only_where_nothing_can_be_missing(void **state)
{
	(void)state;
	if (!has_libraries())
		skip();
	for (size_t i = 0; i < CODING_KINDS; i++) {
		struct output out;
		struct decoding d;

		output_init(&out);
		assert_false(err_is(begin(&d, &one[i], &out)));
		d.may_be_empty = true;
		assert_false(err_is(push(&d, slice_of(NULL, 0), true)));
		assert_int_equal(out.writes, 1);
		assert_int_equal(out.lasts, 1);
		d.may_be_empty = false;
		expect_kind("end", decoding_end(&d), ERR_CODING);
		decoding_fini(&d);
		buf_fini(&out.data);
	}
}

/* ---- What is not -------------------------------------------------------- */

static void
what_ends_early_is_refused_wherever_it_ends(void **state)
{
	(void)state;
	if (!has_libraries())
		skip();
	for (size_t i = 0; i < COUNT(texts); i++) {
		for (size_t len = 1; len < texts[i].in.len; len++)
			expect_refused(texts[i].name, &one[texts[i].coding],
			    slice_first(texts[i].in, len),
			    "the coded body ends early");
	}
}

static void
octets_behind_the_end_are_refused(void **state)
{
	static const struct slice behind[] = { TEXT("x"), TEXT("\0"),
		TEXT("\n"), TEXT("\0\0\0\0\0\0\0\0\0\0"), TEXT("\x1f\x1f") };

	(void)state;
	if (!has_libraries())
		skip();
	for (size_t i = 0; i < COUNT(texts); i++) {
		for (size_t j = 0; j < COUNT(behind); j++) {
			struct slice in = join(texts[i].in, behind[j]);

			expect_refused(texts[i].name, &one[texts[i].coding], in,
			    DECODER_BEHIND);
			exact_free(in);
		}
	}
}

static void
what_a_checksum_covers_cannot_be_changed(void **state)
{
	(void)state;
	if (!has_libraries())
		skip();
	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct slice right = texts[i].in;

		if (texts[i].coding == CODING_BR ||
		    right.ptr == coded_raw_text ||
		    right.ptr == coded_zstd_unchecked)
			continue;
		for (size_t bit = 0; bit < right.len * 8; bit++) {
			struct slice in = exact_copy(right);
			struct way way = { SIZE_MAX, SIZE_MAX, false };
			struct output out;
			struct err err;

			((uint8_t *)(uintptr_t)in.ptr)[bit / 8] ^=
			    (uint8_t)(1 << bit % 8);
			output_init(&out);
			err = run(&one[texts[i].coding], in, way, &out);
			/* Of a name or a time there is none. */
			if (!err_is(err))
				expect_slice(
				    texts[i].name, buf_slice(&out.data), text);
			else
				assert_int_equal(out.lasts, 0);
			if (bit >= right.len * 8 - 32)
				expect_kind(texts[i].name, err, ERR_CODING);
			buf_fini(&out.data);
			exact_free(in);
		}
	}
}

static void
what_is_malformed_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *name;
		enum coding coding;
		struct slice in;
		const char *why;
	} rows[] = {
		{ "text as gzip", CODING_GZIP, TEXT("hello, world"),
		    "incorrect header check" },
		{ "zlib as gzip", CODING_GZIP, CODED(zlib_text),
		    "incorrect header check" },
		{ "gzip as deflate", CODING_DEFLATE, CODED(gzip_text), NULL },
		{ "a dictionary", CODING_DEFLATE,
		    TEXT("\x78\xbb\0\0\0\1abcdef"), "a dictionary is needed" },
		{ "text as br", CODING_BR, TEXT("hello, world"), NULL },
		{ "text as zstd", CODING_ZSTD, TEXT("hello, world"),
		    "no frame of zstd" },
		/* Of zstd 0.5. */
		{ "an old zstd", CODING_ZSTD, TEXT("\x25\xb5\x2f\xfd\0\0\0"),
		    "no frame of zstd" },
		{ "a wide zstd", CODING_ZSTD, CODED(zstd_wide),
		    "a window of more than 8 MiB" },
	};

	(void)state;
	if (!has_libraries())
		skip();
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_refused(rows[i].name, &one[rows[i].coding], rows[i].in,
		    rows[i].why);
}

/* ---- Bounds ------------------------------------------------------------- */

static void
stops_where_writing_fails(void **state)
{
	static const struct slice bombs[] = { CODED(gzip_big), CODED(br_big),
		CODED(zstd_big) };
	static const enum coding codings[] = { CODING_GZIP, CODING_BR,
		CODING_ZSTD };

	(void)state;
	if (!has_libraries())
		skip();
	for (size_t i = 0; i < COUNT(bombs); i++) {
		struct way way = { SIZE_MAX, SIZE_MAX, false };
		struct output out;

		output_init(&out);
		out.max = 1000;
		expect_kind("bomb", run(&one[codings[i]], bombs[i], way, &out),
		    ERR_LIMIT);
		assert_int_equal(out.writes, 1);
		assert_int_equal(out.data.len, DECODING_PIECE);
		buf_fini(&out.data);
	}
}

static void
coded_octets_have_a_bound_wherever_they_stand(void **state)
{
	static const struct codings gzip_br = CODINGS(CODING_GZIP, CODING_BR);
	/* Coded, and between the two. */
	static const size_t lens[] = { sizeof(coded_gzip_of_br_big),
		sizeof(coded_br_big) };

	(void)state;
	if (!has_libraries())
		skip();
	for (size_t max = 1; max < 40; max++) {
		struct output out;
		struct decoding d;
		bool fits = max >= lens[0] && max >= lens[1];

		output_init(&out);
		assert_false(err_is(begin(&d, &gzip_br, &out)));
		d.max_coded = max;
		expect_kind("bound",
		    push(&d,
			slice_of(
			    coded_gzip_of_br_big, sizeof(coded_gzip_of_br_big)),
			true),
		    fits ? ERR_NONE : ERR_LIMIT);
		decoding_fini(&d);
		buf_fini(&out.data);
	}
}

/* ---- What is refused ---------------------------------------------------- */

static void
refused_memory_is_told(void **state)
{
	static const struct codings four =
	    CODINGS(CODING_ZSTD, CODING_BR, CODING_DEFLATE, CODING_GZIP);
	struct err err = err_none();
	size_t n = 0;

	(void)state;
	if (!has_libraries())
		skip();
	do {
		struct decoding d;

		decoding_room_fini(&room);
		refuse_begin(++n);
		err = begin(&d, &four, NULL);
		if (refuse_end())
			expect_kind("init", err, ERR_NOMEM);
		decoding_fini(&d);
	} while (err_is(err));
	/* Four pieces, four decoders. */
	assert_int_equal(n, 9);
}

static void
decode_in_poverty(void)
{
	is_poor = true;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct way way = { SIZE_MAX, SIZE_MAX, false };
		/* Malformed for br, whose library is only then asked why. */
		struct slice in = texts[i].coding == CODING_BR
		    ? slice_str("hello, world")
		    : texts[i].in;
		struct output out;

		output_init(&out);
		DEMAND(run(&one[texts[i].coding], in, way, &out).kind ==
		    ERR_NOMEM);
		buf_fini(&out.data);
	}
	decoding_room_fini(&room);
}

static void
a_library_that_is_refused_memory_says_so(void **state)
{
	(void)state;
	if (!has_libraries())
		skip();
	in_a_process(decode_in_poverty);
}

static void
try_without_any(void)
{
	static const char *const why[CODING_KINDS] = {
		[CODING_GZIP] = "libz.so.1 is not there: gzip needs it",
		[CODING_DEFLATE] = "libz.so.1 is not there: deflate needs it",
		[CODING_BR] = "libbrotlidec.so.1 is not there: br needs it",
		[CODING_ZSTD] = "libzstd.so.1 is not there: zstd needs it",
	};
	char list[DECODING_LIST_MAX] = "x";

	missing = "lib";
	decoding_list(list);
	DEMAND(strcmp(list, "") == 0);
	for (size_t i = 0; i < CODING_KINDS; i++) {
		struct decoding d;
		struct err err = begin(&d, &one[i], NULL);

		DEMAND(err.kind == ERR_CODING);
		DEMAND(strcmp(err.why, why[i]) == 0);
		decoding_fini(&d);
		err = decoding_check((enum coding)i);
		DEMAND(err.kind == ERR_CODING);
		DEMAND(strcmp(err.why, why[i]) == 0);
	}
	decoding_room_fini(&room);
}

static void
try_without_zlib(void)
{
	static const struct codings br_gzip = CODINGS(CODING_BR, CODING_GZIP);
	char list[DECODING_LIST_MAX];
	struct decoding d;

	missing = "libz.";
	decoding_list(list);
	DEMAND(strcmp(list, "br, zstd") == 0);
	DEMAND(!err_is(begin(&d, &one[CODING_BR], NULL)));
	decoding_fini(&d);
	/* The one that could be made is given up. */
	DEMAND(begin(&d, &br_gzip, NULL).kind == ERR_CODING);
	decoding_fini(&d);
	decoding_room_fini(&room);
}

static void
without_a_library_the_failure_names_it(void **state)
{
	(void)state;
	in_a_process(try_without_any);
	if (!has_libraries())
		skip();
	in_a_process(try_without_zlib);
}

static void
lists_what_can_be_decoded(void **state)
{
	char list[DECODING_LIST_MAX];

	(void)state;
	if (!has_libraries())
		skip();
	decoding_list(list);
	assert_string_equal(list, "gzip, deflate, br, zstd");
}

static int
free_room(void **state)
{
	(void)state;
	decoding_room_fini(&room);
	return 0;
}

int
main(void)
{
	/* Those that look for libraries in processes of their own come before
	 * one here has found them. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_library_the_failure_names_it),
		cmocka_unit_test(a_library_that_is_refused_memory_says_so),
		cmocka_unit_test(decodes_the_same_however_it_is_split),
		cmocka_unit_test(reads_all_the_members_and_frames),
		cmocka_unit_test(undoes_codings_upon_codings),
		cmocka_unit_test(what_is_whole_in_one_piece_is_written_in_one),
		cmocka_unit_test(
		    no_octets_are_a_body_only_where_nothing_can_be_missing),
		cmocka_unit_test(what_ends_early_is_refused_wherever_it_ends),
		cmocka_unit_test(octets_behind_the_end_are_refused),
		cmocka_unit_test(what_a_checksum_covers_cannot_be_changed),
		cmocka_unit_test(what_is_malformed_is_refused_with_a_reason),
		cmocka_unit_test(stops_where_writing_fails),
		cmocka_unit_test(coded_octets_have_a_bound_wherever_they_stand),
		cmocka_unit_test(refused_memory_is_told),
		cmocka_unit_test(lists_what_can_be_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, free_room);
}
