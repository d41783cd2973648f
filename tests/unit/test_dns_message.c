#include "dns_packet.h"

#include "dns/message.h"

#define ID 0x1234

/* QR, RD, RA; QR, RD. */
#define ANSWER 0x8180
#define ANSWER_RA0 0x8100

static struct packet packet;

static struct dns_name
name_of(const char *text)
{
	struct dns_name name;

	assert_true(dns_name_parse(slice_str(text), &name));
	return name;
}

/* ---- Queries ------------------------------------------------------------ */

static void
writes_queries(void **state)
{
	static const struct {
		enum dns_type type;
		bool has_edns;
		struct slice octets;
	} rows[] = {
		{ DNS_A, false,
		    TEXT("\x12\x34\1\0\0\1\0\0\0\0\0\0"
			 "\3www\7example\0\0\1\0\1") },
		{ DNS_AAAA, false,
		    TEXT("\x12\x34\1\0\0\1\0\0\0\0\0\0"
			 "\3www\7example\0\0\34\0\1") },
		{ DNS_A, true,
		    TEXT("\x12\x34\1\0\0\1\0\0\0\0\0\1"
			 "\3www\7example\0\0\1\0\1"
			 "\0\0\51\4\320\0\0\0\0\0\0") },
	};
	struct dns_name name = name_of("WWW.example");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t out[DNS_QUERY_MAX];
		size_t len = dns_query_write(
		    out, ID, &name, rows[i].type, rows[i].has_edns);

		if (!slice_eq(slice_of(out, len), rows[i].octets))
			fail_msg("row %zu", i);
	}
}

static void
the_longest_query_has_room(void **state)
{
	struct dns_name name = { .len = DNS_NAME_MAX };
	uint8_t *out = malloc(DNS_QUERY_MAX);

	(void)state;
	assert_non_null(out);
	memset(name.octets, 'x', sizeof(name.octets));
	assert_int_equal(
	    dns_query_write(out, ID, &name, DNS_AAAA, true), DNS_QUERY_MAX);
	free(out);
}

/* ---- Answers ------------------------------------------------------------ */

static const char *
reading_name(enum dns_reading reading)
{
	static const char *const names[] = {
		[DNS_READ] = "read",
		[DNS_TRUNCATED] = "truncated",
		[DNS_NO_EDNS] = "no EDNS",
		[DNS_FOREIGN] = "foreign",
		[DNS_MALFORMED] = "malformed",
	};

	return names[reading];
}

/* "VERDICT TTL ADDR,ADDR," or "alias TTL NAME", or what else was read. */
static const char *
read_octets(struct slice octets, enum dns_type type, bool has_edns)
{
	static char out[4096];
	struct slice exact = exact_copy(octets);
	struct dns_name name = name_of("www.example");
	struct dns_answer a;
	enum dns_reading reading =
	    dns_answer_read(exact, ID, &name, type, has_edns, &a);
	char text[DNS_NAME_TEXT_MAX];
	size_t len;

	exact_free(exact);
	if (reading != DNS_READ)
		return reading_name(reading);
	assert_true(a.count <= DNS_ADDRS_MAX);
	assert_true((a.count > 0) == (a.verdict == DNS_FOUND));
	len = (size_t)snprintf(
	    out, sizeof(out), "%s %u ", dns_verdict_name(a.verdict), a.ttl_s);
	for (size_t i = 0; i < a.count; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s,",
		    inet_ntop(type == DNS_A ? AF_INET : AF_INET6, a.addrs[i],
			text, sizeof(text)));
	if (a.verdict == DNS_ALIAS)
		(void)snprintf(out + len, sizeof(out) - len, "%s",
		    dns_name_format(&a.alias, text));
	return out;
}

static const char *
read_packet(enum dns_type type, bool has_edns)
{
	return read_octets(packet_slice(&packet), type, has_edns);
}

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
a_server_that_fails_may_leave_the_question_out(void **state)
{
	static const struct {
		unsigned flags;
		const char *read;
	} rows[] = {
		{ ANSWER, "foreign" },
		{ ANSWER | 1, "no EDNS" },
		{ ANSWER | 2, "SERVFAIL 0 " },
		{ ANSWER | 3, "foreign" },
		{ ANSWER | 4, "no EDNS" },
		{ ANSWER | 5, "REFUSED 0 " },
		{ 0x0002, "foreign" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		packet_begin(&packet, ID, rows[i].flags, NULL, 0);
		assert_string_equal(read_packet(DNS_A, true), rows[i].read);
	}
	/* What it says there is behind its header need not be there. */
	packet_begin(&packet, ID, ANSWER | 2, NULL, 0);
	packet_set16(&packet, 10, 1);
	assert_string_equal(read_packet(DNS_A, true), "SERVFAIL 0 ");
}

static void
what_does_not_belong_to_the_question_is_foreign(void **state)
{
	static const struct {
		unsigned id;
		unsigned flags;
		const char *name;
		unsigned type;
		const char *read;
	} rows[] = {
		{ ID, ANSWER, "WWW.Example", DNS_A, "found 60 192.0.2.1," },
		{ ID + 1, ANSWER, "www.example", DNS_A, "foreign" },
		{ 0x3412, ANSWER, "www.example", DNS_A, "foreign" },
		/* a query; a response to an inverse one, a NOTIFY */
		{ ID, 0x0100, "www.example", DNS_A, "foreign" },
		{ ID, ANSWER | 0x0800, "www.example", DNS_A, "foreign" },
		{ ID, ANSWER | 0x2000, "www.example", DNS_A, "foreign" },
		{ ID, ANSWER | 0x4000, "www.example", DNS_A, "foreign" },
		{ ID, ANSWER, "www.examplf", DNS_A, "foreign" },
		{ ID, ANSWER, "example", DNS_A, "foreign" },
		{ ID, ANSWER, ".", DNS_A, "foreign" },
		{ ID, ANSWER, "www.example", DNS_AAAA, "foreign" },
		{ ID, ANSWER, "www.example", 255, "foreign" },
		/* A failure, too, has to be of the question, if of any. */
		{ ID, ANSWER | 2, "example", DNS_A, "foreign" },
		{ ID, ANSWER | 0x0200, "example", DNS_A, "foreign" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *read;

		packet_begin(&packet, rows[i].id, rows[i].flags, rows[i].name,
		    rows[i].type);
		packet_add(&packet, "AN www.example 60 A 192.0.2.1");
		read = read_packet(DNS_A, true);
		if (strcmp(read, rows[i].read) != 0)
			fail_msg("row %zu: \"%s\"", i, read);
	}
	/* another class, and two questions */
	packet_begin(&packet, ID, ANSWER, "www.example", DNS_A);
	packet_set16(&packet, packet.len - 2, 3);
	assert_string_equal(read_packet(DNS_A, true), "foreign");
	packet_begin(&packet, ID, ANSWER, "www.example", DNS_A);
	packet_set16(&packet, 4, 2);
	packet_put_name(&packet, "@");
	packet_put16(&packet, DNS_A);
	packet_put16(&packet, DNS_CLASS_IN);
	assert_string_equal(read_packet(DNS_A, true), "foreign");
}

static void
a_truncated_one_is_not_read_any_further(void **state)
{
	(void)state;
	packet_begin(&packet, ID, ANSWER | 0x0200, "www.example", DNS_A);
	packet_add(&packet, "AN @ 60 A 192.0.2.1");
	assert_string_equal(read_packet(DNS_A, true), "truncated");
	packet.len -= 2;
	assert_string_equal(read_packet(DNS_A, true), "truncated");
}

static void
nothing_that_is_cut_off_is_read(void **state)
{
	size_t question;

	(void)state;
	packet_begin(&packet, ID, ANSWER, "www.example", DNS_A);
	question = packet.len;
	packet_add(&packet,
	    "AN @ 60 CNAME a.net\nAN a.net 60 A 192.0.2.1\n"
	    "NS net 60 SOA 60\nAR ns.net 60 AAAA ::1\nAR . 0 OPT -");
	assert_string_equal(read_packet(DNS_A, true), "found 60 192.0.2.1,");
	for (size_t len = 0; len < packet.len; len++) {
		const char *read =
		    read_octets(slice_of(packet.octets, len), DNS_A, true);

		assert_string_equal(
		    read, len < question ? "foreign" : "malformed");
	}
}

static void
octets_behind_the_last_record_do_no_harm(void **state)
{
	(void)state;
	packet_begin(&packet, ID, ANSWER, "www.example", DNS_A);
	packet_add(&packet, "AN @ 60 A 192.0.2.1");
	packet_put(&packet, "\xff\xff", 2);
	assert_string_equal(read_packet(DNS_A, true), "found 60 192.0.2.1,");
}

/* Records of which one octet or length is then changed. */
static void
data_that_is_not_what_its_type_says_is_malformed(void **state)
{
	static const struct {
		const char *record;
		int more; /* of the data's length */
	} rows[] = {
		{ "AN @ 60 A 192.0.2.1", -1 },
		{ "AN @ 60 A 192.0.2.1", 1 },
		{ "AN @ 60 AAAA ::1", -12 },
		{ "AN @ 60 AAAA ::1", 1 },
		{ "AN evil.net 60 A 192.0.2.1", 1 },
		{ "NS @ 60 A 192.0.2.1", 1 },
		{ "AR @ 60 A 192.0.2.1", 1 },
		{ "AN @ 60 CNAME a.net", -1 },
		{ "AN @ 60 CNAME a.net", 1 },
		{ "NS . 60 SOA 60", -1 },
		{ "NS . 60 SOA 60", 1 },
		{ "NS . 60 SOA 60", -33 },
		{ "AN @ 60 TXT hello", 5 },
		{ "AR a 0 OPT -", 0 },
		{ "AR . 0 OPT -\nAR . 0 OPT -", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		static const uint8_t zeros[4];
		struct packet *p = &packet;
		size_t len;
		size_t at;

		packet_begin(p, ID, ANSWER, "www.example", DNS_A);
		packet_add(p, rows[i].record);
		/* The data of each of these is at the end. */
		for (at = p->len - 2, len = 0;
		     dns_get16(packet_slice(p), at) != len; at--)
			len++;
		if (rows[i].more != 0)
			assert_string_not_equal(
			    read_packet(DNS_A, true), "malformed");
		packet_set16(p, at, (unsigned)((int)len + rows[i].more));
		packet_put(p, zeros, sizeof(zeros));
		if (strcmp(read_packet(DNS_A, true), "malformed") != 0)
			fail_msg("row %zu: %s", i, read_packet(DNS_A, true));
	}
}

static void
names_that_lead_nowhere_are_malformed(void **state)
{
	static const struct slice names[] = {
		TEXT("\xc0\x1d"),      /* itself: it begins at 29 */
		TEXT("\1a\xc0\x1d"),   /* its own label */
		TEXT("\xc0\x1f\1a\0"), /* ahead */
		TEXT("\xff\xff"),      /* behind the end */
		TEXT("\x40\1\2"),      /* a label of another kind */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		packet_begin(&packet, ID, ANSWER, "www.example", DNS_A);
		assert_int_equal(packet.len, 29);
		packet_set16(&packet, 6, 1);
		packet_put(&packet, names[i].ptr, names[i].len);
		packet_put16(&packet, DNS_A);
		packet_put16(&packet, DNS_CLASS_IN);
		packet_put32(&packet, 60);
		packet_put16(&packet, 4);
		packet_put32(&packet, 0xc0000201);
		if (strcmp(read_packet(DNS_A, true), "malformed") != 0)
			fail_msg("row %zu: %s", i, read_packet(DNS_A, true));
	}
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

static void
verdicts_have_names(void **state)
{
	static const char *const names[] = {
		[DNS_FOUND] = "found",
		[DNS_NODATA] = "NODATA",
		[DNS_NXDOMAIN] = "NXDOMAIN",
		[DNS_ALIAS] = "alias",
		[DNS_SERVFAIL] = "SERVFAIL",
		[DNS_REFUSED] = "REFUSED",
		[DNS_TIMEOUT] = "no answer",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(
		    dns_verdict_name((enum dns_verdict)i), names[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_queries),
		cmocka_unit_test(the_longest_query_has_room),
		cmocka_unit_test(
		    reads_addresses_of_the_name_and_of_what_it_is_an_alias_of),
		cmocka_unit_test(tells_the_kinds_of_no_apart),
		cmocka_unit_test(tells_what_rcodes_mean),
		cmocka_unit_test(the_whole_rcode_is_told),
		cmocka_unit_test(
		    a_server_that_fails_may_leave_the_question_out),
		cmocka_unit_test(
		    what_does_not_belong_to_the_question_is_foreign),
		cmocka_unit_test(a_truncated_one_is_not_read_any_further),
		cmocka_unit_test(nothing_that_is_cut_off_is_read),
		cmocka_unit_test(octets_behind_the_last_record_do_no_harm),
		cmocka_unit_test(
		    data_that_is_not_what_its_type_says_is_malformed),
		cmocka_unit_test(names_that_lead_nowhere_are_malformed),
		cmocka_unit_test(takes_as_many_addresses_as_there_is_room_for),
		cmocka_unit_test(follows_aliases_up_to_a_bound_in_any_order),
		cmocka_unit_test(verdicts_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
