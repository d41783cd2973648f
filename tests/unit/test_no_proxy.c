#include "exact.h"

#include <stdbool.h>

#include "route/no_proxy.h"

struct row {
	struct slice list;
	struct slice host;
	bool has;
};

static void
check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct slice list = exact_copy(rows[i].list);
		struct slice host = exact_copy(rows[i].host);

		if (no_proxy_has(list, host) != rows[i].has)
			fail_msg("\"%.*s\" and %.*s: not %d", (int)list.len,
			    (const char *)list.ptr, (int)host.len,
			    (const char *)host.ptr, rows[i].has);
		exact_free(list);
		exact_free(host);
	}
}

static void
has_a_domain_and_all_below_it(void **state)
{
	static const struct row rows[] = {
		{ TEXT("example.com"), TEXT("example.com"), true },
		{ TEXT("example.com"), TEXT("www.example.com"), true },
		{ TEXT("example.com"), TEXT("a.b.example.com"), true },
		{ TEXT(".example.com"), TEXT("example.com"), true },
		{ TEXT(".example.com"), TEXT("www.example.com"), true },
		{ TEXT("example.com"), TEXT("badexample.com"), false },
		{ TEXT(".example.com"), TEXT("badexample.com"), false },
		{ TEXT("www.example.com"), TEXT("example.com"), false },
		{ TEXT("example.com"), TEXT("example.com.net"), false },
		{ TEXT("example.com"), TEXT("xample.com"), false },
		{ TEXT("Example.COM"), TEXT("www.eXample.com"), true },
		{ TEXT("example.com."), TEXT("www.example.com"), true },
		{ TEXT("example.com"), TEXT("example.com."), true },
		{ TEXT(".example.com."), TEXT("example.com."), true },
		{ TEXT("com"), TEXT("example.com"), true },
		{ TEXT("localhost"), TEXT("localhost"), true },
		{ TEXT("localhost"), TEXT("127.0.0.1"), false },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void
has_every_entry_between_commas_and_blanks(void **state)
{
	static const struct row rows[] = {
		{ TEXT("a,b,c"), TEXT("a"), true },
		{ TEXT("a,b,c"), TEXT("b"), true },
		{ TEXT("a,b,c"), TEXT("c"), true },
		{ TEXT("a,b,c"), TEXT("d"), false },
		{ TEXT(" ,, a\t b ,"), TEXT("b"), true },
		{ TEXT("a , b"), TEXT("b"), true },
		{ TEXT("a;b"), TEXT("b"), false },
		{ TEXT(""), TEXT("a"), false },
		{ TEXT(" , "), TEXT("a"), false },
		{ TEXT("*"), TEXT("a"), true },
		{ TEXT("*"), TEXT("10.0.0.1"), true },
		{ TEXT("*"), TEXT("::1"), true },
		{ TEXT("x,*"), TEXT("a.b"), true },
		{ TEXT("*.b"), TEXT("a.b"), false },
		{ TEXT("."), TEXT("a"), false },
		{ TEXT(".."), TEXT("a"), false },
		{ TEXT("a"), TEXT(""), false },
		{ TEXT("\0,a"), TEXT("a"), true },
		{ TEXT("\0a"), TEXT("a"), false },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void
has_numeric_addresses(void **state)
{
	static const struct row rows[] = {
		{ TEXT("10.0.0.1"), TEXT("10.0.0.1"), true },
		{ TEXT("10.0.0.1"), TEXT("10.0.0.2"), false },
		/* No name, so nothing is below it. */
		{ TEXT("0.0.1"), TEXT("10.0.0.1"), false },
		{ TEXT(".0.0.1"), TEXT("10.0.0.1"), false },
		{ TEXT("1"), TEXT("10.0.0.1"), false },
		{ TEXT("10.0.0.1"), TEXT("x.10.0.0.1"), true },
		{ TEXT("::1"), TEXT("::1"), true },
		{ TEXT("[::1]"), TEXT("::1"), true },
		{ TEXT("0:0::0:1"), TEXT("::1"), true },
		{ TEXT("2001:DB8::a"), TEXT("2001:db8:0::A"), true },
		{ TEXT("2001:db8::a"), TEXT("2001:db8::b"), false },
		{ TEXT("fe80::1%eth0"), TEXT("fe80::1"), true },
		{ TEXT("fe80::1"), TEXT("fe80::1%eth0"), true },
		{ TEXT("[fe80::1%a]"), TEXT("fe80::1%b"), true },
		{ TEXT("::ffff:10.0.0.1"), TEXT("10.0.0.1"), false },
		{ TEXT("10.0.0.1"), TEXT("::ffff:10.0.0.1"), false },
		{ TEXT("[::1"), TEXT("::1"), false },
		{ TEXT("[]"), TEXT("::1"), false },
		{ TEXT("10.0.0.1:80"), TEXT("10.0.0.1"), false },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void
has_blocks_of_addresses(void **state)
{
	static const struct row rows[] = {
		{ TEXT("10.0.0.0/8"), TEXT("10.255.1.2"), true },
		{ TEXT("10.0.0.0/8"), TEXT("11.0.0.0"), false },
		{ TEXT("192.168.128.0/17"), TEXT("192.168.128.0"), true },
		{ TEXT("192.168.128.0/17"), TEXT("192.168.255.255"), true },
		{ TEXT("192.168.128.0/17"), TEXT("192.168.127.255"), false },
		{ TEXT("10.1.2.3/8"), TEXT("10.9.9.9"), true },
		{ TEXT("10.0.0.4/30"), TEXT("10.0.0.7"), true },
		{ TEXT("10.0.0.4/30"), TEXT("10.0.0.8"), false },
		{ TEXT("10.0.0.4/31"), TEXT("10.0.0.5"), true },
		{ TEXT("10.0.0.4/31"), TEXT("10.0.0.6"), false },
		{ TEXT("10.0.0.1/32"), TEXT("10.0.0.1"), true },
		{ TEXT("10.0.0.1/32"), TEXT("10.0.0.0"), false },
		{ TEXT("0.0.0.0/0"), TEXT("255.1.2.3"), true },
		{ TEXT("0.0.0.0/0"), TEXT("::1"), false },
		{ TEXT("::/0"), TEXT("::1"), true },
		{ TEXT("::/0"), TEXT("10.0.0.1"), false },
		{ TEXT("0.0.0.0/0"), TEXT("example.com"), false },
		{ TEXT("10.0.0.1/33"), TEXT("10.0.0.1"), false },
		{ TEXT("10.0.0.1/"), TEXT("10.0.0.1"), false },
		{ TEXT("10.0.0.1/x"), TEXT("10.0.0.1"), false },
		{ TEXT("10.0.0.1/-1"), TEXT("10.0.0.1"), false },
		{ TEXT("10.0.0.1/8/8"), TEXT("10.0.0.1"), false },
		{ TEXT("10/8"), TEXT("10.0.0.1"), false },
		{ TEXT("fd00::/8"), TEXT("fdff::1"), true },
		{ TEXT("fd00::/8"), TEXT("fc00::1"), false },
		{ TEXT("[2001:db8::]/33"), TEXT("2001:db8:7fff::1"), true },
		{ TEXT("[2001:db8::]/33"), TEXT("2001:db8:8000::1"), false },
		{ TEXT("::2/127"), TEXT("::3"), true },
		{ TEXT("::2/127"), TEXT("::4"), false },
		{ TEXT("::2/128"), TEXT("::2"), true },
		{ TEXT("::2/128"), TEXT("::3"), false },
		{ TEXT("::2/129"), TEXT("::2"), false },
		{ TEXT("example.com/8"), TEXT("example.com"), false },
	};

	(void)state;
	check(rows, COUNT(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_a_domain_and_all_below_it),
		cmocka_unit_test(has_every_entry_between_commas_and_blanks),
		cmocka_unit_test(has_numeric_addresses),
		cmocka_unit_test(has_blocks_of_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
