#include "exact.h"

#include "base/ascii.h"

static bool
is_one_of(unsigned octet, const char *set)
{
	return octet != 0 && octet < 0x80 && strchr(set, (int)octet) != NULL;
}

/* The classes of an octet, read off the grammars. */
static unsigned
classes_of(unsigned o)
{
	bool digit = o >= '0' && o <= '9';
	bool alpha = (o >= 'A' && o <= 'Z') || (o >= 'a' && o <= 'z');
	bool control = o < 0x20 || o == 0x7f;
	unsigned classes = 0;

	if (digit)
		classes |= ASCII_DIGIT;
	if (alpha)
		classes |= ASCII_ALPHA;
	if (digit || is_one_of(o, "abcdefABCDEF"))
		classes |= ASCII_HEX;
	if (digit || alpha || is_one_of(o, "!#$%&'*+-.^_`|~"))
		classes |= ASCII_TCHAR;
	if (digit || alpha || is_one_of(o, "-._~"))
		classes |= ASCII_UNRESERVED;
	if (is_one_of(o, "!$&'()*+,;="))
		classes |= ASCII_SUB_DELIM;
	if (control)
		classes |= ASCII_CONTROL;
	if (!control || o == '\t')
		classes |= ASCII_FIELD;
	return classes;
}

static void
classes_are_those_of_the_grammars(void **state)
{
	(void)state;
	for (unsigned o = 0; o < 256; o++) {
		if (ascii_classes[o] != classes_of(o))
			fail_msg("octet 0x%02x: 0x%02x instead of 0x%02x", o,
			    ascii_classes[o], classes_of(o));
	}
}

static void
questions_agree_with_the_classes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		uint8_t o = (uint8_t)i;
		unsigned classes = classes_of(i);

		assert_int_equal(
		    ascii_is_digit(o), (classes & ASCII_DIGIT) != 0);
		assert_int_equal(
		    ascii_is_alpha(o), (classes & ASCII_ALPHA) != 0);
		assert_int_equal(ascii_is_hex(o), (classes & ASCII_HEX) != 0);
		assert_int_equal(
		    ascii_is_tchar(o), (classes & ASCII_TCHAR) != 0);
		assert_int_equal(
		    ascii_is_control(o), (classes & ASCII_CONTROL) != 0);
		assert_int_equal(ascii_is_blank(o), i == ' ' || i == '\t');
	}
}

static void
lowers_ascii_letters_alone(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		unsigned lower = i >= 'A' && i <= 'Z' ? i - 'A' + 'a' : i;

		assert_int_equal(ascii_lower((uint8_t)i), lower);
	}
}

static void
knows_what_hexadecimal_digits_are_worth(void **state)
{
	static const char digits[] = "0123456789abcdef";

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(ascii_hex_value((uint8_t)digits[i]), i);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(ascii_hex_value((uint8_t)('A' + i)), 10 + i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_are_those_of_the_grammars),
		cmocka_unit_test(questions_agree_with_the_classes),
		cmocka_unit_test(lowers_ascii_letters_alone),
		cmocka_unit_test(knows_what_hexadecimal_digits_are_worth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
