#include "dns_reading.h"

struct row {
	enum dns_type type;
	unsigned flags;
	const char *records;
	const char *read;
};

static void
expect_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *read;

		packet_begin(
		    &packet, ID, rows[i].flags, "www.example", rows[i].type);
		packet_add(&packet, rows[i].records);
		read = read_packet(rows[i].type, true);
		if (strcmp(read, rows[i].read) != 0)
			fail_msg("row %zu: \"%s\" instead of \"%s\"", i, read,
			    rows[i].read);
	}
}

static void
reads_addresses_of_the_name_and_of_what_it_is_an_alias_of(void **state)
{
	static const struct row rows[] = {
		{ DNS_A, ANSWER, "AN www.example 60 A 192.0.2.1",
		    "found 60 192.0.2.1," },
		{ DNS_AAAA, ANSWER, "AN @ 60 AAAA 2001:db8::1",
		    "found 60 2001:db8::1," },
		{ DNS_A, ANSWER,
		    "AN @ 60 A 192.0.2.2\nAN @ 30 A 192.0.2.1\n"
		    "AN @ 40 A 192.0.2.3",
		    "found 30 192.0.2.2,192.0.2.1,192.0.2.3," },
		{ DNS_A, ANSWER,
		    "AN @ 60 CNAME a.example\nAN a.example 70 A 192.0.2.1",
		    "found 60 192.0.2.1," },
		{ DNS_A, ANSWER,
		    "AN b.example 70 A 192.0.2.1\nAN a.example 80 CNAME "
		    "B.Example\nAN @ 90 CNAME a.example",
		    "found 70 192.0.2.1," },
		/* What is of another name, type or class says nothing. */
		{ DNS_A, ANSWER,
		    "AN evil.example 1 A 192.0.2.9\nAN @ 60 A 192.0.2.1\n"
		    "AN @ 1 AAAA ::9\nAN @ 1 TXT hello\nAN-CH @ 1 A 192.0.2.9\n"
		    "AN evil.example 1 CNAME www.example\n"
		    "NS @ 1 A 192.0.2.9\nAR @ 1 A 192.0.2.9",
		    "found 60 192.0.2.1," },
		{ DNS_A, ANSWER,
		    "AN-CH @ 60 CNAME a.example\nAN a.example 70 A 192.0.2.1",
		    "NODATA 0 " },
		/* Against the rules, but addresses they are. */
		{ DNS_A, ANSWER,
		    "AN @ 10 CNAME a.example\nAN @ 60 A 192.0.2.1\n"
		    "AN a.example 70 A 192.0.2.9",
		    "found 60 192.0.2.1," },
		{ DNS_A, ANSWER,
		    "AN @ 60 CNAME a.example\nAN @ 1 CNAME b.example\n"
		    "AN b.example 2 A 192.0.2.9\nAN a.example 70 A 192.0.2.1",
		    "found 60 192.0.2.1," },
		/* RFC 2181, section 8 */
		{ DNS_A, ANSWER, "AN @ 2147483647 A 192.0.2.1",
		    "found 2147483647 192.0.2.1," },
		{ DNS_A, ANSWER, "AN @ 2147483648 A 192.0.2.1",
		    "found 0 192.0.2.1," },
		{ DNS_A, ANSWER, "AN @ 0 A 192.0.2.1", "found 0 192.0.2.1," },
		/* Neither authority nor recursion is needed for it. */
		{ DNS_A, ANSWER_RA0, "AN @ 60 A 192.0.2.1\nAR . 0 OPT -",
		    "found 60 192.0.2.1," },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
tells_the_kinds_of_no_apart(void **state)
{
	static const struct row rows[] = {
		{ DNS_A, ANSWER, "NS example 60 SOA 50", "NODATA 50 " },
		{ DNS_A, ANSWER, "NS example 50 SOA 60", "NODATA 50 " },
		{ DNS_A, ANSWER, "NS . 60 SOA 4294967295", "NODATA 0 " },
		{ DNS_A, ANSWER, "NS www.example 4294967295 SOA 60",
		    "NODATA 0 " },
		{ DNS_A, ANSWER, "", "NODATA 0 " },
		{ DNS_A, ANSWER, "AN @ 60 AAAA ::1", "NODATA 0 " },
		/* A zone that the name is not in. */
		{ DNS_A, ANSWER, "NS evil 60 SOA 50", "NODATA 0 " },
		{ DNS_A, ANSWER, "NS evil 60 SOA 50\nNS example 70 SOA 65",
		    "NODATA 65 " },
		{ DNS_A, ANSWER, "AN example 60 SOA 50", "NODATA 0 " },
		{ DNS_A, ANSWER | 3, "NS example 60 SOA 50", "NXDOMAIN 50 " },
		{ DNS_A, ANSWER | 3, "", "NXDOMAIN 0 " },
		{ DNS_A, ANSWER | 3, "NS evil 60 SOA 50", "NXDOMAIN 0 " },
		/* Of what the name is an alias of. */
		{ DNS_A, ANSWER, "AN @ 60 CNAME a.net\nNS net 90 SOA 80",
		    "NODATA 60 " },
		{ DNS_A, ANSWER, "AN @ 60 CNAME a.net\nNS net 50 SOA 80",
		    "NODATA 50 " },
		{ DNS_A, ANSWER | 3, "AN @ 60 CNAME a.net\nNS net 50 SOA 80",
		    "NXDOMAIN 50 " },
		{ DNS_A, ANSWER | 3, "AN @ 60 CNAME a.net", "NXDOMAIN 0 " },
		{ DNS_A, ANSWER, "AN @ 60 CNAME a.net", "alias 60 a.net" },
		{ DNS_A, ANSWER,
		    "AN b.net 40 CNAME c.net\nAN @ 60 CNAME b.net\n"
		    "AN c.net 9 AAAA ::1",
		    "alias 40 c.net" },
		{ DNS_A, ANSWER, "AN @ 60 CNAME a.net\nNS example 50 SOA 80",
		    "alias 60 a.net" },
		{ DNS_A, ANSWER_RA0, "AN @ 60 CNAME a.net\nNS net 50 NS ns.net",
		    "alias 60 a.net" },
		/* It does not exist, whatever else is said. */
		{ DNS_A, ANSWER | 3,
		    "AN @ 60 A 192.0.2.1\nNS example 50 SOA 80",
		    "NXDOMAIN 50 " },
		/* A referral, and what only looks like one. */
		{ DNS_A, ANSWER_RA0, "NS net 50 NS ns.net", "REFUSED 0 " },
		{ DNS_A, ANSWER, "NS net 50 NS ns.net", "NODATA 0 " },
		{ DNS_A, ANSWER_RA0 | 0x0400, "NS net 50 NS ns.net",
		    "NODATA 0 " },
		{ DNS_A, ANSWER_RA0,
		    "NS example 50 NS ns.net\nNS example 9 SOA 8",
		    "NODATA 8 " },
		{ DNS_A, ANSWER_RA0, "", "NODATA 0 " },
	};

	(void)state;
	expect_rows(rows, COUNT(rows));
}

static void
tells_what_rcodes_mean(void **state)
{
	static const struct {
		unsigned rcode;
		bool has_edns;
		const char *read;
	} rows[] = {
		{ 1, true, "no EDNS" },
		{ 1, false, "SERVFAIL 0 " },
		{ 2, true, "SERVFAIL 0 " },
		{ 2, false, "SERVFAIL 0 " },
		{ 4, true, "no EDNS" },
		{ 4, false, "REFUSED 0 " },
		{ 5, true, "REFUSED 0 " },
		{ 5, false, "REFUSED 0 " },
		{ 6, true, "SERVFAIL 0 " },
		{ 9, true, "SERVFAIL 0 " },
		{ 15, true, "SERVFAIL 0 " },
		{ 16, true, "no EDNS" },
		{ 16, false, "SERVFAIL 0 " },
		{ 16 + 3, true, "SERVFAIL 0 " },
		{ 16 + 5, true, "SERVFAIL 0 " },
		{ 0xff0, true, "SERVFAIL 0 " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char opt[64];
		const char *read;

		(void)snprintf(opt, sizeof(opt), "AR . %u OPT -",
		    rows[i].rcode >> 4 << 24);
		packet_begin(&packet, ID, ANSWER | (rows[i].rcode & 15),
		    "www.example", DNS_A);
		packet_add(&packet, "AN @ 60 A 192.0.2.1");
		if (rows[i].rcode > 15)
			packet_add(&packet, opt);
		read = read_packet(DNS_A, rows[i].has_edns);
		if (strcmp(read, rows[i].read) != 0)
			fail_msg("rcode %u: \"%s\" instead of \"%s\"",
			    rows[i].rcode, read, rows[i].read);
	}
}

static void
the_whole_rcode_is_told(void **state)
{
	struct dns_name name = name_of("www.example");
	struct dns_answer a;

	(void)state;
	packet_begin(&packet, ID, ANSWER | 7, "www.example", DNS_A);
	packet_add(&packet, "AR . 4278190080 OPT -");
	assert_int_equal(
	    dns_answer_read(packet_slice(&packet), ID, &name, DNS_A, true, &a),
	    DNS_READ);
	assert_int_equal(a.rcode, 0xff7);
}

static void
takes_as_many_addresses_as_there_is_room_for(void **state)
{
	(void)state;
	packet_begin(&packet, ID, ANSWER, "www.example", DNS_A);
	for (unsigned i = 0; i < 2000; i++) {
		char line[64];

		(void)snprintf(line, sizeof(line), "AN @ %u A 10.0.%u.%u",
		    i < DNS_ADDRS_MAX ? 60 : 1, i / 256, i % 256);
		packet_add(&packet, line);
	}
	assert_string_equal(read_packet(DNS_A, true),
	    "found 60 10.0.0.0,10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,"
	    "10.0.0.5,10.0.0.6,10.0.0.7,10.0.0.8,10.0.0.9,10.0.0.10,"
	    "10.0.0.11,10.0.0.12,10.0.0.13,10.0.0.14,10.0.0.15,10.0.0.16,"
	    "10.0.0.17,10.0.0.18,10.0.0.19,10.0.0.20,10.0.0.21,10.0.0.22,"
	    "10.0.0.23,10.0.0.24,10.0.0.25,10.0.0.26,10.0.0.27,10.0.0.28,"
	    "10.0.0.29,10.0.0.30,10.0.0.31,");
}

/* Aliases 0 to count, of which the last has an address. */
static const char *
read_aliases(unsigned count, bool is_backwards, bool is_loop)
{
	packet_begin(&packet, ID, ANSWER, "www.example", DNS_A);
	for (unsigned i = 0; i <= count; i++) {
		unsigned at = is_backwards ? count - i : i;
		char name[32] = "www.example";
		char line[128];

		if (at > 0)
			(void)snprintf(name, sizeof(name), "a%u.net", at);
		if (at < count)
			(void)snprintf(line, sizeof(line),
			    "AN %s %u CNAME a%u.net", name, 100 - at, at + 1);
		else
			(void)snprintf(line, sizeof(line),
			    is_loop ? "AN %s 1 CNAME www.example"
				    : "AN %s 99 A 192.0.2.1",
			    name);
		packet_add(&packet, line);
	}
	return read_packet(DNS_A, true);
}

static void
follows_aliases_up_to_a_bound_in_any_order(void **state)
{
	(void)state;
	for (int backwards = 0; backwards < 2; backwards++) {
		assert_string_equal(
		    read_aliases(2, backwards, false), "found 99 192.0.2.1,");
		assert_string_equal(
		    read_aliases(DNS_ALIASES_MAX, backwards, false),
		    "found 89 192.0.2.1,");
		assert_string_equal(
		    read_aliases(DNS_ALIASES_MAX + 1, backwards, false),
		    "SERVFAIL 0 ");
		assert_string_equal(
		    read_aliases(0, backwards, true), "SERVFAIL 0 ");
		assert_string_equal(
		    read_aliases(1, backwards, true), "SERVFAIL 0 ");
		assert_string_equal(
		    read_aliases(5, backwards, true), "SERVFAIL 0 ");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    reads_addresses_of_the_name_and_of_what_it_is_an_alias_of),
		cmocka_unit_test(tells_the_kinds_of_no_apart),
		cmocka_unit_test(tells_what_rcodes_mean),
		cmocka_unit_test(the_whole_rcode_is_told),
		cmocka_unit_test(takes_as_many_addresses_as_there_is_room_for),
		cmocka_unit_test(follows_aliases_up_to_a_bound_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
