/* Whole bodies, those that are not, and bounds. */
#include "decoding_bench.h"

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
	struct slice big;

	(void)state;
	if (!has_libraries())
		skip();
	big = repeat('x', CODED_BIG_LEN);
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
	struct slice big;

	(void)state;
	if (!has_libraries())
		skip();
	big = repeat('x', CODED_BIG_LEN);
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
		struct way way = { .first = SIZE_MAX };
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
			struct way way = { .first = SIZE_MAX };
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
		struct way way = { .first = SIZE_MAX };
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

/* ---- Turns -------------------------------------------------------------- */

/* Each call makes a turn's octets and at most a piece more, and hands them on
 * before it returns. */
static void
a_call_ends_with_its_turn(void **state)
{
	static const struct {
		const char *name;
		struct codings codings;
		struct slice in;
	} rows[] = {
		{ "gzip", CODINGS(CODING_GZIP), CODED(gzip_big) },
		{ "deflate", CODINGS(CODING_DEFLATE), CODED(raw_big) },
		{ "br", CODINGS(CODING_BR), CODED(br_big) },
		{ "zstd", CODINGS(CODING_ZSTD), CODED(zstd_big) },
		{ "gzip of br", CODINGS(CODING_GZIP, CODING_BR),
		    CODED(gzip_of_br_big) },
	};

	(void)state;
	if (!has_libraries())
		skip();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct output out;
		struct decoding d;
		size_t calls = 1;
		size_t before;

		output_init(&out);
		expect_kind(
		    rows[i].name, begin(&d, &rows[i].codings, &out), ERR_NONE);
		d.turn = 1;
		expect_kind(rows[i].name, push(&d, rows[i].in, true), ERR_NONE);
		assert_true(out.data.len <= DECODING_PIECE);
		while (decoding_is_busy(&d)) {
			assert_int_equal(out.lasts, 0);
			before = out.data.len;
			calls++;
			expect_kind(rows[i].name, decoding_go_on(&d), ERR_NONE);
			assert_true(out.data.len - before <= DECODING_PIECE);
		}
		assert_int_equal(out.lasts, 1);
		assert_int_equal(out.data.len, CODED_BIG_LEN);
		assert_in_range(calls, 4, 6);
		decoding_fini(&d);
		buf_fini(&out.data);
	}
}

/* 20,000 members of gzip, of which none has an octet. */
static void
octets_that_come_to_nothing_end_a_turn_too(void **state)
{
	static const struct codings br_gzip = CODINGS(CODING_BR, CODING_GZIP);
	struct output out;
	struct decoding d;
	size_t calls = 1;

	(void)state;
	if (!has_libraries())
		skip();
	output_init(&out);
	assert_false(err_is(begin(&d, &br_gzip, &out)));
	d.turn = 1;
	expect_kind("push",
	    push(&d, slice_of(coded_br_of_empties, sizeof(coded_br_of_empties)),
		true),
	    ERR_NONE);
	while (decoding_is_busy(&d)) {
		assert_int_equal(out.writes, 0);
		calls++;
		expect_kind("more", decoding_go_on(&d), ERR_NONE);
	}
	assert_true(calls >= 400000 / DECODING_PIECE);
	assert_int_equal(out.writes, 1);
	assert_int_equal(out.lasts, 1);
	assert_int_equal(out.data.len, 0);
	decoding_fini(&d);
	buf_fini(&out.data);
}

/* Some octets are kept, for one decoder and for both. */
static void
may_be_given_up_while_it_is_busy(void **state)
{
	static const struct codings gzip_br = CODINGS(CODING_GZIP, CODING_BR);
	static const struct {
		const struct codings *codings;
		struct slice in;
	} rows[] = {
		{ &one[CODING_GZIP], CODED(gzip_big) },
		{ &gzip_br, CODED(gzip_of_br_big) },
	};

	(void)state;
	if (!has_libraries())
		skip();
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t calls = 0; calls < 3; calls++) {
			struct output out;
			struct decoding d;

			output_init(&out);
			assert_false(err_is(begin(&d, rows[i].codings, &out)));
			d.turn = 1;
			expect_kind(
			    "push", push(&d, rows[i].in, false), ERR_NONE);
			for (size_t j = 0; j < calls; j++)
				expect_kind(
				    "more", decoding_go_on(&d), ERR_NONE);
			assert_true(decoding_is_busy(&d));
			decoding_fini(&d);
			buf_fini(&out.data);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
		cmocka_unit_test(a_call_ends_with_its_turn),
		cmocka_unit_test(octets_that_come_to_nothing_end_a_turn_too),
		cmocka_unit_test(may_be_given_up_while_it_is_busy),
	};

	return cmocka_run_group_tests(tests, NULL, free_room);
}
