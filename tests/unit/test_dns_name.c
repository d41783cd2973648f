#include "exact.h"

#include <stdio.h>

#include "dns/name.h"

static struct slice
literal(const char *octets, size_t len)
{
	return slice_of(octets, len);
}

static void
parses_text_to_labels_in_lower_case(void **state)
{
	static const struct {
		struct slice text;
		struct slice octets;
	} rows[] = {
		{ TEXT("a"), TEXT("\1a\0") },
		{ TEXT("a."), TEXT("\1a\0") },
		{ TEXT("Example.COM"), TEXT("\7example\3com\0") },
		{ TEXT("example.com."), TEXT("\7example\3com\0") },
		{ TEXT("_dns-1.x"), TEXT("\6_dns-1\1x\0") },
		{ TEXT("\xc3\x84.\\"), TEXT("\2\xc3\x84\1\\\0") },
		{ TEXT("@[`{"), TEXT("\4@[`{\0") },
		{ TEXT("AZ"), TEXT("\2az\0") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = exact_copy(rows[i].text);
		struct dns_name name;

		if (!dns_name_parse(text, &name))
			fail_msg("row %zu", i);
		expect_slice("octets", dns_name_slice(&name), rows[i].octets);
		exact_free(text);
	}
}

static void
refuses_text_that_is_no_name(void **state)
{
	static const struct slice rows[] = {
		TEXT(""),
		TEXT("."),
		TEXT(".."),
		TEXT(".a"),
		TEXT("a.."),
		TEXT("a..b"),
		TEXT("a b"),
		TEXT("a\tb"),
		TEXT("a "),
		TEXT("a\0"),
		TEXT("a.\0.b"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = exact_copy(rows[i]);
		struct dns_name name = { .len = 77 };

		if (dns_name_parse(text, &name))
			fail_msg("row %zu", i);
		assert_int_equal(name.len, 77);
		exact_free(text);
	}
}

/* Labels of 63 octets up to `len` octets of text, dots included. */
static struct slice
long_text(size_t len)
{
	uint8_t *text = malloc(len);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = i % 64 == 63 ? '.' : 'x';
	return slice_of(text, len);
}

static void
parses_up_to_the_longest_label_and_name(void **state)
{
	static const struct {
		size_t len;
		bool is_name;
	} rows[] = {
		{ 63, true },
		{ 253, true },
		{ 254, false },
		{ 255, false },
		{ 300, false },
		{ 5000, false },
	};
	static const char label[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
				    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
	struct dns_name name;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = long_text(rows[i].len);

		if (dns_name_parse(text, &name) != rows[i].is_name)
			fail_msg("%zu octets", rows[i].len);
		if (rows[i].is_name)
			assert_int_equal(name.len, rows[i].len + 2);
		exact_free(text);
	}
	assert_true(dns_name_parse(literal(label, 63), &name));
	assert_false(dns_name_parse(literal(label, 64), &name));
}

static struct dns_name
name_of(const char *text)
{
	struct dns_name name = { .len = 1, .octets = { 0 } };

	if (strcmp(text, ".") != 0)
		assert_true(dns_name_parse(slice_str(text), &name));
	return name;
}

static void
joins_names_up_to_the_longest(void **state)
{
	struct dns_name host = name_of("www");
	struct dns_name zone = name_of("example.com");
	struct dns_name root = name_of(".");
	struct dns_name both = name_of("www.example.com");
	struct slice text = long_text(249);
	struct dns_name longest;
	struct dns_name out;

	(void)state;
	assert_true(dns_name_join(&host, &zone, &out));
	assert_true(dns_name_eq(&out, &both));
	assert_true(dns_name_join(&host, &root, &out));
	assert_true(dns_name_eq(&out, &host));
	assert_true(dns_name_join(&root, &zone, &out));
	assert_true(dns_name_eq(&out, &zone));
	/* 251 octets: room for four more */
	assert_true(dns_name_parse(text, &longest));
	assert_true(dns_name_join(&host, &longest, &out));
	assert_int_equal(out.len, DNS_NAME_MAX);
	host = name_of("wwww");
	out.len = 77;
	assert_false(dns_name_join(&host, &longest, &out));
	assert_false(dns_name_join(&longest, &longest, &out));
	assert_int_equal(out.len, 77);
	/* in place */
	assert_true(dns_name_join(&host, &zone, &host));
	both = name_of("wwww.example.com");
	assert_true(dns_name_eq(&host, &both));
	exact_free(text);
}

static void
formats_names_for_people(void **state)
{
	static const struct {
		struct slice octets;
		const char *text;
	} rows[] = {
		{ TEXT("\0"), "." },
		{ TEXT("\1a\0"), "a" },
		{ TEXT("\7example\3com\0"), "example.com" },
		{ TEXT("\5a-b_0\1z\0"), "a-b_0.z" },
		{ TEXT("\4a.b\\\2\0\xff\0"), "a\\046b\\092.\\000\\255" },
		{ TEXT("\3\x1b[m\0"), "\\027\\091m" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dns_name name = { .len = (uint8_t)rows[i].octets.len };
		char text[DNS_NAME_TEXT_MAX];

		memcpy(name.octets, rows[i].octets.ptr, rows[i].octets.len);
		assert_string_equal(dns_name_format(&name, text), rows[i].text);
	}
}

static void
the_longest_text_has_room(void **state)
{
	struct dns_name name = { .len = DNS_NAME_MAX };
	char *text = malloc(DNS_NAME_TEXT_MAX);

	(void)state;
	assert_non_null(text);
	memset(name.octets, 0xff, sizeof(name.octets));
	for (size_t i = 0; i < 4; i++)
		name.octets[64 * i] = i < 3 ? 63 : 61;
	name.octets[254] = 0;
	(void)dns_name_format(&name, text);
	assert_int_equal(strlen(text), 4 * (3 * 63 + 61) + 3);
	free(text);
}

static void
a_name_is_in_its_zones(void **state)
{
	static const struct {
		const char *name;
		const char *zone;
		bool is_in;
	} rows[] = {
		{ "www.example.com", "www.example.com", true },
		{ "www.example.com", "example.com", true },
		{ "www.example.com", "com", true },
		{ "www.example.com", ".", true },
		{ ".", ".", true },
		{ "www.example.com", "ample.com", false },
		{ "www.example.com", "example.org", false },
		{ "example.com", "www.example.com", false },
		{ ".", "com", false },
		{ "a.b", "b.a", false },
		/* The octets agree, but not as labels. */
		{ "a.bcd", "cd", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dns_name name = name_of(rows[i].name);
		struct dns_name zone = name_of(rows[i].zone);

		if (dns_name_is_in(&name, &zone) != rows[i].is_in)
			fail_msg("%s in %s", rows[i].name, rows[i].zone);
	}
}

/* ---- In messages -------------------------------------------------------- */

static void
reads_names_with_and_without_pointers(void **state)
{
	static const struct {
		struct slice message;
		size_t at;
		size_t end;
		struct slice octets;
	} rows[] = {
		{ TEXT("\0"), 0, 1, TEXT("\0") },
		{ TEXT("\1a\0"), 0, 3, TEXT("\1a\0") },
		{ TEXT("\7EXAMPLE\3Com\0zzz"), 0, 13,
		    TEXT("\7example\3com\0") },
		{ TEXT("\1a\0\xc0\0z"), 3, 5, TEXT("\1a\0") },
		{ TEXT("\1a\0\1b\xc0\0z"), 3, 7, TEXT("\1b\1a\0") },
		{ TEXT("\1a\0\1b\xc0\0\1c\xc0\3"), 7, 11, TEXT("\1c\1b\1a\0") },
		/* to the middle of a name, and to its root */
		{ TEXT("\1a\1b\0\1c\xc0\2"), 5, 9, TEXT("\1c\1b\0") },
		{ TEXT("\1a\1b\0\1c\xc0\4"), 5, 9, TEXT("\1c\0") },
		/* a pointer to a pointer */
		{ TEXT("\1a\0\xc0\0\xc0\3"), 5, 7, TEXT("\1a\0") },
		{ TEXT("\3\0.\xff\0"), 0, 5, TEXT("\3\0.\xff\0") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice message = exact_copy(rows[i].message);
		size_t at = rows[i].at;
		struct dns_name name;

		if (!dns_name_read(message, &at, &name))
			fail_msg("row %zu", i);
		assert_int_equal(at, rows[i].end);
		expect_slice("octets", dns_name_slice(&name), rows[i].octets);
		exact_free(message);
	}
}

static void
refuses_names_that_are_broken(void **state)
{
	static const struct {
		struct slice message;
		size_t at;
	} rows[] = {
		{ TEXT(""), 0 },
		{ TEXT("\0"), 1 },
		{ TEXT("\0"), 7 },
		{ TEXT("\1"), 0 },
		{ TEXT("\1a"), 0 },
		{ TEXT("\2a\0"), 0 },
		{ TEXT("\xc0"), 0 },
		{ TEXT("\0\1a\xc0"), 1 },
		/* to itself, to its own labels, ahead, and behind the end */
		{ TEXT("\xc0\0"), 0 },
		{ TEXT("\1a\xc0\0"), 0 },
		{ TEXT("\1a\1b\xc0\2"), 0 },
		{ TEXT("\xc0\2\1a\0"), 0 },
		{ TEXT("\1a\0\xc0\377"), 3 },
		{ TEXT("\1a\0\xff\377"), 3 },
		/* to and fro */
		{ TEXT("\xc0\2\xc0\0"), 0 },
		{ TEXT("\xc0\2\xc0\0"), 2 },
		{ TEXT("\1a\xc0\4\1b\xc0\0"), 4 },
		/* what it leads to is broken */
		{ TEXT("\5a\xc0\0"), 2 },
		/* labels of other kinds */
		{ TEXT("\x40\0"), 0 },
		{ TEXT("\x41\1\0"), 0 },
		{ TEXT("\x80\0"), 0 },
		{ TEXT("\1a\xbf\0"), 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice message = exact_copy(rows[i].message);
		size_t at = rows[i].at;
		struct dns_name name;

		if (dns_name_read(message, &at, &name))
			fail_msg("row %zu", i);
		assert_int_equal(at, rows[i].at);
		exact_free(message);
	}
}

static void
reads_up_to_the_longest_name(void **state)
{
	uint8_t octets[300];
	struct dns_name name;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = i % 2 == 0 ? 1 : 'a';
	octets[254] = 0;
	assert_true(dns_name_read(slice_of(octets, 255), &at, &name));
	assert_int_equal(name.len, DNS_NAME_MAX);
	assert_int_equal(at, 255);
	/* One octet more: 255 of labels, and the root. */
	octets[252] = 2;
	octets[254] = 'b';
	octets[255] = 0;
	at = 0;
	assert_false(dns_name_read(slice_of(octets, 256), &at, &name));
	/* Made too long by a pointer, from a short front. */
	octets[252] = 1;
	octets[254] = 0;
	memcpy(octets + 255, "\1b\xc0", 4);
	at = 255;
	assert_false(dns_name_read(slice_of(octets, 259), &at, &name));
	octets[258] = 2;
	assert_true(dns_name_read(slice_of(octets, 259), &at, &name));
	assert_int_equal(name.len, DNS_NAME_MAX);
}

/* A root, and `pointers` of which each leads to the one before. */
static bool
read_chain(size_t pointers)
{
	uint8_t octets[2 * 200 + 1] = { 0 };
	size_t at = 1 + 2 * (pointers - 1);
	struct dns_name name;

	for (size_t i = 0; i < pointers; i++) {
		octets[1 + 2 * i] =
		    (uint8_t)(0xc0 | (i > 0 ? (2 * i - 1) >> 8 : 0));
		octets[2 + 2 * i] = (uint8_t)(i > 0 ? 2 * i - 1 : 0);
	}
	return dns_name_read(slice_of(octets, 1 + 2 * pointers), &at, &name);
}

static void
follows_as_many_pointers_as_a_name_has_labels(void **state)
{
	(void)state;
	assert_true(read_chain(1));
	assert_true(read_chain(127));
	assert_false(read_chain(128));
	assert_false(read_chain(200));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_text_to_labels_in_lower_case),
		cmocka_unit_test(refuses_text_that_is_no_name),
		cmocka_unit_test(parses_up_to_the_longest_label_and_name),
		cmocka_unit_test(joins_names_up_to_the_longest),
		cmocka_unit_test(formats_names_for_people),
		cmocka_unit_test(the_longest_text_has_room),
		cmocka_unit_test(a_name_is_in_its_zones),
		cmocka_unit_test(reads_names_with_and_without_pointers),
		cmocka_unit_test(refuses_names_that_are_broken),
		cmocka_unit_test(reads_up_to_the_longest_name),
		cmocka_unit_test(follows_as_many_pointers_as_a_name_has_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
