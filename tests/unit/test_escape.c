#include "exact.h"

#include "bulkfetch.h"

static const struct {
	struct slice in;
	size_t cap;
	const char *out;
} cases[] = {
	{ TEXT(""), 10, "" },
	{ TEXT("plain text"), 100, "plain text" },
	{ TEXT("a\nb\tc\0d"), 100, "a\\x0ab\\x09c\\x00d" },
	{ TEXT("\033[2J\x7f"), 100, "\\x1b[2J\\x7f" },
	{ TEXT("\xc3\xa4\xe2\x82\xac"), 100, "\xc3\xa4\xe2\x82\xac" },
	{ TEXT("\xc2\x9b"
	       "2J"),
	    100, "\\xc2\\x9b2J" },
	{ TEXT("\xc2\xa0"), 100, "\xc2\xa0" },
	{ TEXT("\xc2\x80"), 100, "\\xc2\\x80" },
	{ TEXT("\xc2\x9f"), 100, "\\xc2\\x9f" },
	/* U+061C and its neighbours */
	{ TEXT("\xd8\x9b"), 100, "\xd8\x9b" },
	{ TEXT("\xd8\x9c"), 100, "\\xd8\\x9c" },
	{ TEXT("\xd8\x9d"), 100, "\xd8\x9d" },
	/* U+200A to U+2010 */
	{ TEXT("\xe2\x80\x8a"), 100, "\xe2\x80\x8a" },
	{ TEXT("\xe2\x80\x8b"), 100, "\\xe2\\x80\\x8b" },
	{ TEXT("\xe2\x80\x8f"), 100, "\\xe2\\x80\\x8f" },
	{ TEXT("\xe2\x80\x90"), 100, "\xe2\x80\x90" },
	/* U+2027 to U+202F */
	{ TEXT("\xe2\x80\xa7"), 100, "\xe2\x80\xa7" },
	{ TEXT("\xe2\x80\xa8"), 100, "\\xe2\\x80\\xa8" },
	{ TEXT("a\xe2\x80\xae"
	       "gpj"),
	    100, "a\\xe2\\x80\\xaegpj" },
	{ TEXT("\xe2\x80\xaf"), 100, "\xe2\x80\xaf" },
	/* U+205F to U+206A */
	{ TEXT("\xe2\x81\x9f"), 100, "\xe2\x81\x9f" },
	{ TEXT("\xe2\x81\xa0"), 100, "\\xe2\\x81\\xa0" },
	{ TEXT("\xe2\x81\xa9"), 100, "\\xe2\\x81\\xa9" },
	{ TEXT("\xe2\x81\xaa"), 100, "\xe2\x81\xaa" },
	/* U+FEFE to U+FF00 */
	{ TEXT("\xef\xbb\xbe"), 100, "\xef\xbb\xbe" },
	{ TEXT("\xef\xbb\xbf"), 100, "\\xef\\xbb\\xbf" },
	{ TEXT("\xef\xbc\x80"), 100, "\xef\xbc\x80" },
	{ TEXT("\xf0\x9f\x98\x80"), 100, "\xf0\x9f\x98\x80" },
	{ TEXT("a\xff\xc3"), 100, "a\\xff\\xc3" },
	{ TEXT("\xed\xa0\x80"), 100, "\\xed\\xa0\\x80" },
	{ TEXT("abcdef"), 7, "abcdef" },
	{ TEXT("abcdef"), 6, "ab..." },
	{ TEXT("abcdef"), 4, "..." },
	{ TEXT("abcdef"), 3, ".." },
	{ TEXT("abcdef"), 1, "" },
	{ TEXT("a\nbc"), 8, "a\\x0abc" },
	{ TEXT("a\nbcd"), 8, "a..." },
	{ TEXT("\xe2\x82\xac\xe2\x82\xac"), 7, "\xe2\x82\xac\xe2\x82\xac" },
	{ TEXT("\xe2\x82\xac\xe2\x82\xac"), 6, "..." },
};

static void
makes_octets_harmless_and_fit(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice in = exact_copy(cases[i].in);
		char *out = malloc(cases[i].cap);
		struct bulkfetch_text text = { (const char *)in.ptr, in.len };

		assert_non_null(out);
		assert_ptr_equal(
		    bulkfetch_escape(text, out, cases[i].cap), out);
		if (strcmp(out, cases[i].out) != 0)
			fail_msg("row %zu: \"%s\" instead of \"%s\"", i, out,
			    cases[i].out);
		free(out);
		exact_free(in);
	}
}

static void
stays_within_any_room(void **state)
{
	struct slice in =
	    exact_copy(slice_str("a\n\xc3\xa4\xff \033\xe2\x82\xac"
				 "b"));
	struct bulkfetch_text text = { (const char *)in.ptr, in.len };

	(void)state;
	for (size_t cap = 0; cap < 40; cap++) {
		char *out = malloc(cap);

		(void)bulkfetch_escape(text, out, cap);
		if (cap > 0)
			assert_true(strlen(out) < cap);
		free(out);
	}
	exact_free(in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_octets_harmless_and_fit),
		cmocka_unit_test(stays_within_any_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
