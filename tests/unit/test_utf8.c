#include "exact.h"

#include "base/utf8.h"

static const struct {
	struct slice text;
	size_t len; /* of the first character, 0 for none */
} cases[] = {
	{ TEXT(""), 0 },
	{ TEXT("a"), 1 },
	{ TEXT("\0"), 1 },
	{ TEXT("\x7f"), 1 },
	{ TEXT("\x80"), 0 },
	{ TEXT("\xbf"), 0 },
	{ TEXT("\xc0\x80"), 0 },
	{ TEXT("\xc1\xbf"), 0 },
	{ TEXT("\xc2\x80"), 2 },
	{ TEXT("\xc2"), 0 },
	{ TEXT("\xc2\x41"), 0 },
	{ TEXT("\xdf\xbf"), 2 },
	{ TEXT("\xe0\x9f\xbf"), 0 },
	{ TEXT("\xe0\xa0\x80"), 3 },
	{ TEXT("\xe2\x82\xac"), 3 },
	{ TEXT("\xe2\x82"), 0 },
	{ TEXT("\xe2\x82\x41"), 0 },
	{ TEXT("\xed\x9f\xbf"), 3 },
	{ TEXT("\xed\xa0\x80"), 0 },
	{ TEXT("\xef\xbf\xbf"), 3 },
	{ TEXT("\xf0\x8f\xbf\xbf"), 0 },
	{ TEXT("\xf0\x90\x80\x80"), 4 },
	{ TEXT("\xf0\x9f\x98\x80"), 4 },
	{ TEXT("\xf0\x9f\x98"), 0 },
	{ TEXT("\xf4\x8f\xbf\xbf"), 4 },
	{ TEXT("\xf4\x90\x80\x80"), 0 },
	{ TEXT("\xf5\x80\x80\x80"), 0 },
	{ TEXT("\xff"), 0 },
};

static void
takes_the_well_formed_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice copy = exact_copy(cases[i].text);
		size_t len = utf8_char_len(copy);

		if (len != cases[i].len)
			fail_msg("row %zu: %zu", i, len);
		assert_true(
		    utf8_is_valid(copy) == (cases[i].len == cases[i].text.len));
		exact_free(copy);
	}
	assert_true(utf8_is_valid(slice_str("a\xc3\xa4\xe2\x82\xac z")));
	assert_false(utf8_is_valid(slice_str("a\xc3\xa4\xe2\x82 z")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_well_formed_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
