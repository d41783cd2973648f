#include "dns_reading.h"

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

/* ---- Whether an answer is ours, and whole ----------------------------- */

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

/* The only record: `name`'s, of this type. */
static void
put_record(struct slice name, unsigned type, const void *data, unsigned len)
{
	packet_begin(&packet, ID, ANSWER, "www.example", DNS_A);
	packet_set16(&packet, 6, 1);
	packet_put(&packet, name.ptr, name.len);
	packet_put16(&packet, type);
	packet_put16(&packet, DNS_CLASS_IN);
	packet_put32(&packet, 60);
	packet_put16(&packet, len);
	packet_put(&packet, data, len);
}

static void
names_that_lead_nowhere_are_malformed(void **state)
{
	/* As a record's name, which begins at 29. */
	static const struct slice names[] = {
		TEXT("\xc0\x1d"),      /* itself */
		TEXT("\1a\xc0\x1d"),   /* its own label */
		TEXT("\xc0\x1f\1a\0"), /* ahead */
		TEXT("\xff\xff"),      /* behind the end */
		TEXT("\x40\1\2"),      /* a label of another kind */
	};
	/* As its data, which begins at 41 behind a pointer. */
	static const struct slice data[] = {
		TEXT("\xc0\x29"),
		TEXT("\1a\xc0\x29"),
		TEXT("\xff\xff"),
		TEXT("\x40\1\2"),
		TEXT("\3a"),
	};
	const struct slice pointer = TEXT("\xc0\x0c");

	(void)state;
	put_record(pointer, DNS_TYPE_CNAME, "\1a\xc0\x0c", 4);
	assert_string_equal(read_packet(DNS_A, true), "alias 60 a.www.example");
	for (size_t i = 0; i < COUNT(names); i++) {
		put_record(names[i], DNS_A, "\300\0\2\1", 4);
		if (strcmp(read_packet(DNS_A, true), "malformed") != 0)
			fail_msg("name %zu", i);
	}
	for (size_t i = 0; i < COUNT(data); i++) {
		put_record(pointer, DNS_TYPE_CNAME, data[i].ptr,
		    (unsigned)data[i].len);
		if (strcmp(read_packet(DNS_A, true), "malformed") != 0)
			fail_msg("data %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_queries),
		cmocka_unit_test(the_longest_query_has_room),
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
