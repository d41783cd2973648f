#include "exact.h"

#include <stdio.h>

#include "base/num.h"
#include "collect/json.h"

static const struct {
	struct slice in;
	const char *out;
} cases[] = {
	{ TEXT(""), "\"\"" },
	{ TEXT("http://h/a?b=c"), "\"http://h/a?b=c\"" },
	{ TEXT("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"" },
	{ TEXT("\0\1\n\x1f\x7f"), "\"\\u0000\\u0001\\u000a\\u001f\\u007f\"" },
	{ TEXT("\xc3\xa4\xf0\x9f\x98\x80"), "\"\xc3\xa4\xf0\x9f\x98\x80\"" },
	{ TEXT("\xc3\xa4\n"), "\"\xc3\xa4\\u000a\"" },
	/* Not UTF-8 as a whole: octet for octet. */
	{ TEXT("\xc3\xa4\xff"), "\"\\u00c3\\u00a4\\u00ff\"" },
	{ TEXT("\xff\xc3\xa4"), "\"\\u00ff\\u00c3\\u00a4\"" },
	{ TEXT("a\xed\xa0\x80"), "\"a\\u00ed\\u00a0\\u0080\"" },
	{ TEXT("\xc3"), "\"\\u00c3\"" },
};

static void
writes_any_octets_as_a_string(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice in = exact_copy(cases[i].in);
		uint8_t *out = malloc(JSON_STRING_MAX(in.len));
		uint8_t *end;

		assert_non_null(out);
		end = json_string(out, in);
		expect_text(cases[i].out, slice_of(out, (size_t)(end - out)),
		    cases[i].out);
		free(out);
		exact_free(in);
	}
}

/* Eight octets are looked at a time. */
static void
sees_each_octet_wherever_it_stands(void **state)
{
	(void)state;
	for (unsigned octet = 0; octet <= 0xff; octet++) {
		for (size_t at = 0; at < 20; at++) {
			char in[20];
			char expected[64];
			uint8_t out[JSON_STRING_MAX(20)];
			bool is_plain = octet >= 0x20 && octet < 0x7f &&
			    octet != '"' && octet != '\\';
			size_t len;

			memset(in, 'a', sizeof(in));
			in[at] = (char)octet;
			(void)snprintf(expected, sizeof(expected),
			    octet == '"' || octet == '\\'
				? "\"%.*s\\%c%.*s\""
				: (is_plain ? "\"%.*s%c%.*s\""
					    : "\"%.*s\\u%04x%.*s\""),
			    (int)at, "aaaaaaaaaaaaaaaaaaaa", octet,
			    (int)(sizeof(in) - 1 - at), "aaaaaaaaaaaaaaaaaaaa");
			len = (size_t)(json_string(
					   out, slice_of(in, sizeof(in))) -
			    out);
			expect_text("octet", slice_of(out, len), expected);
		}
	}
}

static void
keeps_to_the_room_for_any_octet(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			uint8_t in[2] = { (uint8_t)a, (uint8_t)b };
			uint8_t out[JSON_STRING_MAX(2)];
			uint8_t *end = json_string(out, slice_of(in, 2));

			assert_true(end <= out + sizeof(out));
			assert_int_equal(out[0], '"');
			assert_int_equal(end[-1], '"');
			for (uint8_t *at = out; at < end; at++)
				assert_true(*at >= 0x20);
		}
	}
}

static void
writes_numbers(void **state)
{
	uint8_t out[NUM_U64_MAX_LEN];

	(void)state;
	expect_text(
	    "0", slice_of(out, (size_t)(json_number(out, 0) - out)), "0");
	expect_text("max",
	    slice_of(out, (size_t)(json_number(out, UINT64_MAX) - out)),
	    "18446744073709551615");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_any_octets_as_a_string),
		cmocka_unit_test(sees_each_octet_wherever_it_stands),
		cmocka_unit_test(keeps_to_the_room_for_any_octet),
		cmocka_unit_test(writes_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
