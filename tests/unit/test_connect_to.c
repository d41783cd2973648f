#include "exact.h"

#include <stdbool.h>

#include "route/connect_to.h"

static void
reads_two_hosts_and_two_ports(void **state)
{
	static const struct {
		struct slice text;
		const char *host;
		const char *to_host;
		uint16_t port;
		uint16_t to_port;
	} rows[] = {
		{ TEXT("a:80:b:81"), "a", "b", 80, 81 },
		{ TEXT(":::"), "", "", 0, 0 },
		{ TEXT("*:*:b:1"), "", "b", 0, 1 },
		{ TEXT("::b:"), "", "b", 0, 0 },
		{ TEXT("::b"), "", "b", 0, 0 },
		{ TEXT("::"), "", "", 0, 0 },
		{ TEXT("::[::1]"), "", "::1", 0, 0 },
		{ TEXT("a:80::"), "a", "", 80, 0 },
		{ TEXT(":::65535"), "", "", 0, 65535 },
		{ TEXT("[::1]:80:[fe80::1%eth0]:81"), "::1", "fe80::1%eth0", 80,
		    81 },
		{ TEXT("a.:1:b.:2"), "a.", "b.", 1, 2 },
		{ TEXT("10.0.0.1.:1:10.0.0.2.:2"), "10.0.0.1", "10.0.0.2", 1,
		    2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = exact_copy(rows[i].text);
		const char *row = (const char *)rows[i].text.ptr;
		struct connect_to rule;

		expect_kind(row, connect_to_parse(text, &rule), ERR_NONE);
		expect_text(row, rule.host, rows[i].host);
		expect_text(row, rule.to_host, rows[i].to_host);
		assert_int_equal(rule.port, rows[i].port);
		assert_int_equal(rule.to_port, rows[i].to_port);
		exact_free(text);
	}
}

static void
says_what_is_wrong(void **state)
{
	static const struct {
		struct slice text;
		const char *why;
	} rows[] = {
		{ TEXT(""), "form" },
		{ TEXT("a"), "form" },
		{ TEXT("a:80"), "form" },
		{ TEXT("a:80:b:81:c"), "more than" },
		{ TEXT("a:80:b:81:"), "more than" },
		{ TEXT("::1:80:b:81"), "more than" },
		{ TEXT("a:0:b:81"), "port" },
		{ TEXT("a:80:b:0"), "port" },
		{ TEXT("a:65536:b:1"), "port" },
		{ TEXT("a:x:b:1"), "port" },
		{ TEXT("a:80:b:*"), "port" },
		{ TEXT("a:80:*:81"), "octet" },
		{ TEXT("a b:80:c:81"), "octet" },
		{ TEXT("a%62:80:c:81"), "octet" },
		{ TEXT("a\0:80:c:81"), "octet" },
		{ TEXT("a..b:80:c:81"), "empty label" },
		{ TEXT("a:80:1.2.3:81"), "IPv4" },
		{ TEXT("[::g]:80:c:81"), "IPv6" },
		{ TEXT("[::1:80:c:81"), "form" },
		{ TEXT("[::1]x:80:c:81"), "octet" },
		{ TEXT("[fe80::1%25eth0]:80:c:81"), "%25" },
		{ TEXT("[fe80::1%]:80:c:81"), "zone" },
		{ TEXT("a:80:\xc3\xa9:81"), "non-ASCII" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = exact_copy(rows[i].text);
		const char *row = (const char *)rows[i].text.ptr;
		struct connect_to rule;
		struct err err = connect_to_parse(text, &rule);

		expect_kind(row, err, ERR_REQUEST);
		assert_non_null(err.why);
		if (strstr(err.why, rows[i].why) == NULL)
			fail_msg("%s: \"%s\"", row, err.why);
		exact_free(text);
	}
}

static void
a_host_has_a_longest(void **state)
{
	char text[2000];
	struct connect_to rule;

	(void)state;
	for (size_t len = 60; len < sizeof(text) - 8; len++) {
		struct err err;

		/* Labels of 49 octets. */
		for (size_t i = 0; i < len; i++)
			text[i] = i % 50 == 49 ? '.' : 'a';
		memcpy(text + len, ":1:b:2", 7);
		err = connect_to_parse(slice_str(text), &rule);
		if (len % 50 != 0)
			assert_int_equal(err_is(err), len > 253);
		else /* a final dot */
			assert_int_equal(err_is(err), len > 254);
	}
}

static void
says_where_to_connect_instead(void **state)
{
	static const struct {
		const char *rule;
		const char *host;
		const char *to_host; /* NULL: the rule is not for it */
		uint16_t port;
		uint16_t to_port;
	} rows[] = {
		{ "a:80:b:81", "a", "b", 80, 81 },
		{ "a:80:b:81", "a", NULL, 81, 0 },
		{ "a:80:b:81", "b", NULL, 80, 0 },
		{ "a:80:b:81", "x.a", NULL, 80, 0 },
		{ "A.example:80:b:81", "a.EXAMPLE", "b", 80, 81 },
		{ "a:80:b:81", "a.", "b", 80, 81 },
		{ "a.:80:b:81", "a", "b", 80, 81 },
		{ ":80:b:81", "anything", "b", 80, 81 },
		{ "*::b:", "anything", "b", 8080, 8080 },
		{ "a:::81", "a", "a", 80, 81 },
		{ ":::", "a", "a", 80, 80 },
		{ "[2001:DB8::1]:80:b:", "2001:db8:0::1", "b", 80, 80 },
		{ "[2001:DB8::1]:80:b:", "2001:db8:0::2", NULL, 80, 0 },
		{ "[fe80::1%a]:80:b:", "fe80:0::1%a", "b", 80, 80 },
		{ "[fe80::1%a]:80:b:", "fe80:0::1%A", NULL, 80, 0 },
		{ "[fe80::1%a]:80:b:", "fe80:0::1", NULL, 80, 0 },
		{ "10.0.0.1::b:", "10.0.0.1", "b", 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice host = slice_str(rows[i].host);
		uint16_t port = rows[i].port;
		struct connect_to rule;
		bool is_for;

		expect_kind(rows[i].rule,
		    connect_to_parse(slice_str(rows[i].rule), &rule), ERR_NONE);
		is_for = connect_to_apply(&rule, &host, &port);
		if (is_for != (rows[i].to_host != NULL))
			fail_msg("%s, %s: not %d", rows[i].rule, rows[i].host,
			    is_for);
		expect_text(rows[i].rule, host,
		    is_for ? rows[i].to_host : rows[i].host);
		assert_int_equal(port, is_for ? rows[i].to_port : rows[i].port);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_two_hosts_and_two_ports),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(a_host_has_a_longest),
		cmocka_unit_test(says_where_to_connect_instead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
