#include "exact.h"

static void
a_null_string_is_the_empty_slice(void **state)
{
	(void)state;
	assert_int_equal(slice_str(NULL).len, 0);
	assert_true(slice_eq(slice_str(NULL), slice_str("")));
	assert_int_equal(slice_find(slice_str(NULL), 'a'), 0);
	assert_int_equal(slice_trim(slice_str(NULL)).len, 0);
	/* UBSan has a say in this one. */
	assert_null(slice_from(slice_str(NULL), 0).ptr);
}

static void
cuts_pieces_off(void **state)
{
	struct slice s = slice_str("hello");

	(void)state;
	expect_text("first", slice_first(s, 2), "he");
	expect_text("first", slice_first(s, 0), "");
	expect_text("from", slice_from(s, 2), "llo");
	expect_text("from", slice_from(s, 5), "");
}

static void
compares_octets_and_length(void **state)
{
	static const struct {
		struct slice a;
		struct slice b;
		bool same;
		bool same_nocase;
	} rows[] = {
		{ TEXT(""), TEXT(""), true, true },
		{ TEXT("a"), TEXT("a"), true, true },
		{ TEXT("a"), TEXT("A"), false, true },
		{ TEXT("a"), TEXT("ab"), false, false },
		{ TEXT(""), TEXT("a"), false, false },
		{ TEXT("a\0b"), TEXT("a\0b"), true, true },
		{ TEXT("a\0b"), TEXT("a\0c"), false, false },
		{ TEXT("Content-LENGTH"), TEXT("content-length"), false, true },
		{ TEXT("@"), TEXT("`"), false, false },
		{ TEXT("["), TEXT("{"), false, false },
		{ TEXT("\xc4"), TEXT("\xe4"), false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice a = exact_copy(rows[i].a);
		struct slice b = exact_copy(rows[i].b);

		if (slice_eq(a, b) != rows[i].same ||
		    slice_eq(b, a) != rows[i].same)
			fail_msg("row %zu: slice_eq", i);
		if (slice_eq_nocase(a, b) != rows[i].same_nocase ||
		    slice_eq_nocase(b, a) != rows[i].same_nocase)
			fail_msg("row %zu: slice_eq_nocase", i);
		exact_free(b);
		exact_free(a);
	}
	assert_true(slice_eq_str(slice_str("ab"), "ab"));
	assert_false(slice_eq_str(slice_str("ab"), "abc"));
	assert_true(slice_eq_nocase_str(slice_str("aB"), "Ab"));
}

static void
finds_the_first_octet_or_the_end(void **state)
{
	struct slice s = slice_of("a\0ba", 4);

	(void)state;
	assert_int_equal(slice_find(s, 'a'), 0);
	assert_int_equal(slice_find(s, '\0'), 1);
	assert_int_equal(slice_find(s, 'b'), 2);
	assert_int_equal(slice_find(s, 'c'), 4);
}

static void
trims_blanks_at_both_ends(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} rows[] = {
		{ "", "" },
		{ " ", "" },
		{ " \t ", "" },
		{ "a", "a" },
		{ " a", "a" },
		{ "a\t", "a" },
		{ "\t a b \t", "a b" },
		{ "\na\r", "\na\r" },
		{ "\v", "\v" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice in = exact_copy(slice_str(rows[i].in));

		expect_text(rows[i].in, slice_trim(in), rows[i].out);
		exact_free(in);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_null_string_is_the_empty_slice),
		cmocka_unit_test(cuts_pieces_off),
		cmocka_unit_test(compares_octets_and_length),
		cmocka_unit_test(finds_the_first_octet_or_the_end),
		cmocka_unit_test(trims_blanks_at_both_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
