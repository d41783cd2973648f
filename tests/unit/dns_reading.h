/*
 * dns_reading - what dns_answer_read() makes of a message, in words.
 */
#ifndef BULKFETCH_TESTS_UNIT_DNS_READING_H
#define BULKFETCH_TESTS_UNIT_DNS_READING_H

#include "dns_packet.h"

#include "dns/message.h"

#define ID 0x1234

/* QR, RD, RA; QR, RD. */
#define ANSWER 0x8180
#define ANSWER_RA0 0x8100

static struct packet packet;

static inline struct dns_name
name_of(const char *text)
{
	struct dns_name name;

	assert_true(dns_name_parse(slice_str(text), &name));
	return name;
}

static inline const char *
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

static inline const char *
verdict_name(enum dns_verdict verdict)
{
	static const char *const names[] = {
		[DNS_FOUND] = "found",
		[DNS_NODATA] = "NODATA",
		[DNS_NXDOMAIN] = "NXDOMAIN",
		[DNS_ALIAS] = "alias",
		[DNS_SERVFAIL] = "SERVFAIL",
		[DNS_REFUSED] = "REFUSED",
	};

	assert_true(verdict < COUNT(names));
	return names[verdict];
}

/* "VERDICT TTL ADDR,ADDR," or "alias TTL NAME", or what else was read. */
static inline const char *
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
	    out, sizeof(out), "%s %u ", verdict_name(a.verdict), a.ttl_s);
	for (size_t i = 0; i < a.count; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s,",
		    inet_ntop(type == DNS_A ? AF_INET : AF_INET6, a.addrs[i],
			text, sizeof(text)));
	if (a.verdict == DNS_ALIAS)
		(void)snprintf(out + len, sizeof(out) - len, "%s",
		    dns_name_format(&a.alias, text));
	return out;
}

static inline const char *
read_packet(enum dns_type type, bool has_edns)
{
	return read_octets(packet_slice(&packet), type, has_edns);
}

#endif
