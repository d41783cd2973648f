#include "exact.h"

#include <stdbool.h>

#include "route/host_rule.h"

static void
cuts_at_colons_outside_of_brackets(void **state)
{
	static const struct {
		struct slice text;
		const char *parts; /* "part|part|rest" */
	} rows[] = {
		{ TEXT(""), "" },
		{ TEXT("a"), "a" },
		{ TEXT("a:"), "a|" },
		{ TEXT(":a"), "|a" },
		{ TEXT("a:b:c"), "a|b|c" },
		{ TEXT("[::1]:b"), "[::1]|b" },
		{ TEXT("a:[::1]"), "a|[::1]" },
		{ TEXT("[::1]x:b"), "[::1]x|b" },
		/* One that is never closed hides all the colons. */
		{ TEXT("[::1"), "[::1" },
		{ TEXT("x[:]"), "x[|]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = exact_copy(rows[i].text);
		struct slice rest = text;
		struct slice part;
		char parts[64] = "";

		while (host_rule_cut(&rest, &part)) {
			(void)strncat(parts, (const char *)part.ptr, part.len);
			(void)strcat(parts, "|");
		}
		if (part.len > 0)
			(void)strncat(parts, (const char *)part.ptr, part.len);
		assert_string_equal(parts, rows[i].parts);
		assert_int_equal(rest.len, 0);
		exact_free(text);
	}
}

static void
checks_hosts_and_takes_brackets_off(void **state)
{
	static const struct {
		struct slice text;
		const char *host; /* NULL: no host */
	} rows[] = {
		{ TEXT("example.com"), "example.com" },
		{ TEXT("Example.com."), "Example.com." },
		{ TEXT("10.0.0.1"), "10.0.0.1" },
		{ TEXT("10.0.0.1."), "10.0.0.1" },
		{ TEXT("[::1]"), "::1" },
		{ TEXT("[fe80::1%eth0]"), "fe80::1%eth0" },
		{ TEXT(""), NULL },
		{ TEXT("."), NULL },
		{ TEXT("*"), NULL },
		{ TEXT("::1"), NULL },
		{ TEXT("["), NULL },
		{ TEXT("[]"), NULL },
		{ TEXT("[fe80::1%25eth0]"), NULL },
		{ TEXT("%61"), NULL },
		{ TEXT("a\0"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = exact_copy(rows[i].text);
		const char *row = (const char *)rows[i].text.ptr;
		struct slice host = text;
		struct err err = host_rule_check(&host);

		expect_kind(
		    row, err, rows[i].host != NULL ? ERR_NONE : ERR_REQUEST);
		if (rows[i].host != NULL)
			expect_text(row, host, rows[i].host);
		else
			assert_non_null(err.why);
		exact_free(text);
	}
}

/* A host of `len` octets, all of it `front` and then labels of 49. */
static bool
is_host(const char *front, size_t len, const char *end)
{
	uint8_t text[600];
	struct slice copy;
	struct slice host;
	bool is_one;

	for (size_t i = 0; i < len; i++)
		text[i] = i % 50 == 49 ? '.' : 'a';
	memcpy(text, front, strlen(front));
	memcpy(text + len - strlen(end), end, strlen(end));
	copy = host = exact_copy(slice_of(text, len));
	is_one = !err_is(host_rule_check(&host));
	exact_free(copy);
	return is_one;
}

static void
a_host_has_a_longest(void **state)
{
	(void)state;
	assert_true(is_host("", 253, ""));
	assert_false(is_host("", 254, ""));
	assert_true(is_host("", 254, "."));
	assert_false(is_host("", 255, "."));
	assert_false(is_host("", 600, ""));
	assert_true(is_host("[fe80::1%", 254, "]"));
	assert_false(is_host("[fe80::1%", 255, "]"));
	assert_false(is_host("[fe80::1%", 600, "]"));
}

static void
a_port_is_from_1_to_65535(void **state)
{
	static const char *const bad[] = { "", "0", "00", "65536", "-1", "+1",
		" 1", "1 ", "x", "99999999999999999999" };
	uint16_t port = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		expect_kind(bad[i], host_rule_port(slice_str(bad[i]), &port),
		    ERR_REQUEST);
		assert_int_equal(port, 7);
	}
	expect_kind("1", host_rule_port(slice_str("1"), &port), ERR_NONE);
	assert_int_equal(port, 1);
	expect_kind(
	    "65535", host_rule_port(slice_str("65535"), &port), ERR_NONE);
	assert_int_equal(port, 65535);
}

static void
knows_the_same_host_however_it_is_written(void **state)
{
	static const struct {
		struct slice a;
		struct slice b;
		bool is_same;
	} rows[] = {
		{ TEXT("a"), TEXT("A"), true },
		{ TEXT("a."), TEXT("a"), true },
		{ TEXT("a"), TEXT("b"), false },
		{ TEXT("a"), TEXT("aa"), false },
		{ TEXT("::1"), TEXT("0:0:0::1"), true },
		{ TEXT("::1"), TEXT("::2"), false },
		{ TEXT("::ffff:1.2.3.4"), TEXT("::ffff:102:304"), true },
		{ TEXT("fe80::1%a"), TEXT("FE80:0::1%a"), true },
		{ TEXT("fe80::1%a"), TEXT("FE80:0::1%b"), false },
		/* Nothing is the same as what is no host but itself. */
		{ TEXT(":x"), TEXT(":y"), false },
		{ TEXT(":\0"), TEXT(":"), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice a = exact_copy(rows[i].a);
		struct slice b = exact_copy(rows[i].b);

		assert_int_equal(host_rule_eq(a, b), rows[i].is_same);
		assert_int_equal(host_rule_eq(b, a), rows[i].is_same);
		assert_true(host_rule_eq(a, a));
		exact_free(a);
		exact_free(b);
	}
}

static void
a_host_that_is_too_long_has_no_key(void **state)
{
	char text[400];
	struct host_key key;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_true(host_rule_key(slice_of(text, HOST_RULE_MAX), &key));
	assert_int_equal(key.len, HOST_RULE_MAX);
	assert_false(host_rule_key(slice_of(text, HOST_RULE_MAX + 1), &key));
	memcpy(text, "fe80::1%", 8);
	assert_true(host_rule_key(slice_of(text, HOST_RULE_MAX), &key));
	assert_false(host_rule_key(slice_of(text, HOST_RULE_MAX + 1), &key));
	memset(text, ':', sizeof(text));
	assert_false(host_rule_key(slice_of(text, sizeof(text)), &key));
	/* In the shared form it is longer than it was. */
	memset(text, 'a', sizeof(text));
	memcpy(text, "::ffff:ffff%", 12);
	assert_false(host_rule_key(slice_of(text, HOST_RULE_MAX), &key));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_at_colons_outside_of_brackets),
		cmocka_unit_test(checks_hosts_and_takes_brackets_off),
		cmocka_unit_test(a_host_has_a_longest),
		cmocka_unit_test(a_port_is_from_1_to_65535),
		cmocka_unit_test(knows_the_same_host_however_it_is_written),
		cmocka_unit_test(a_host_that_is_too_long_has_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
