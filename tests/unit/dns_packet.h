/*
 * dns_packet - DNS messages as a name server writes them, from lines of text.
 */
#ifndef BULKFETCH_TESTS_UNIT_DNS_PACKET_H
#define BULKFETCH_TESTS_UNIT_DNS_PACKET_H

#include "exact.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>

#include "dns/name.h"
#include "dns/record.h"

/* As large as one can be, over TCP. */
#define PACKET_MAX 65535

struct packet {
	size_t len;
	uint8_t octets[PACKET_MAX];
};

static inline struct slice
packet_slice(const struct packet *p)
{
	return slice_of(p->octets, p->len);
}

static inline void
packet_put(struct packet *p, const void *octets, size_t len)
{
	assert_true(len <= PACKET_MAX - p->len);
	memcpy(p->octets + p->len, octets, len);
	p->len += len;
}

static inline void
packet_put16(struct packet *p, unsigned value)
{
	const uint8_t octets[] = { (uint8_t)(value >> 8), (uint8_t)value };

	packet_put(p, octets, sizeof(octets));
}

static inline void
packet_put32(struct packet *p, uint32_t value)
{
	packet_put16(p, value >> 16);
	packet_put16(p, value & 0xffff);
}

static inline void
packet_set16(struct packet *p, size_t at, unsigned value)
{
	p->octets[at] = (uint8_t)(value >> 8);
	p->octets[at + 1] = (uint8_t)value;
}

static inline void
packet_add16(struct packet *p, size_t at, unsigned value)
{
	packet_set16(p, at, dns_get16(packet_slice(p), at) + value);
}

/* "." is the root, "@" a pointer to the question's name. */
static inline void
packet_put_name(struct packet *p, const char *text)
{
	struct dns_name name = { .len = 1, .octets = { 0 } };

	if (strcmp(text, "@") == 0) {
		packet_put16(p, 0xc00c);
		return;
	}
	if (strcmp(text, ".") != 0)
		assert_true(dns_name_parse(slice_str(text), &name));
	packet_put(p, name.octets, name.len);
}

/* A header, and a question if `name` is not NULL. */
static inline void
packet_begin(struct packet *p, unsigned id, unsigned flags, const char *name,
    unsigned type)
{
	p->len = 0;
	packet_put16(p, id);
	packet_put16(p, flags);
	packet_put16(p, name != NULL);
	for (size_t i = 0; i < 3; i++)
		packet_put16(p, 0);
	if (name == NULL)
		return;
	packet_put_name(p, name);
	packet_put16(p, type);
	packet_put16(p, DNS_CLASS_IN);
}

static inline void
packet_put_data(struct packet *p, const char *type, const char *data)
{
	uint8_t addr[16];

	if (strcmp(type, "A") == 0) {
		assert_int_equal(inet_pton(AF_INET, data, addr), 1);
		packet_put(p, addr, 4);
	} else if (strcmp(type, "AAAA") == 0) {
		assert_int_equal(inet_pton(AF_INET6, data, addr), 1);
		packet_put(p, addr, 16);
	} else if (strcmp(type, "CNAME") == 0 || strcmp(type, "NS") == 0) {
		packet_put_name(p, data);
	} else if (strcmp(type, "SOA") == 0) {
		packet_put_name(p, "ns.example");
		packet_put_name(p, ".");
		for (size_t i = 0; i < 4; i++)
			packet_put32(p, 0x01020304);
		packet_put32(p, (uint32_t)strtoul(data, NULL, 10));
	} else if (strcmp(type, "OPT") != 0) {
		packet_put(p, data, strlen(data));
	}
}

static inline unsigned
packet_type(const char *type)
{
	static const struct {
		const char *name;
		unsigned type;
	} types[] = {
		{ "A", DNS_TYPE_A },
		{ "NS", DNS_TYPE_NS },
		{ "CNAME", DNS_TYPE_CNAME },
		{ "SOA", DNS_TYPE_SOA },
		{ "TXT", 16 },
		{ "AAAA", DNS_TYPE_AAAA },
		{ "OPT", DNS_TYPE_OPT },
	};

	for (size_t i = 0; i < COUNT(types); i++) {
		if (strcmp(types[i].name, type) == 0)
			return types[i].type;
	}
	fail_msg("no type %s", type);
	return 0;
}

/*
 * "SECTION NAME TTL TYPE DATA": SECTION is AN, NS or AR, as RFC 1035 has them,
 * or AN-CH for the class CHAOS; DATA of SOA is its minimum, of OPT nothing of
 * which matters, while its TTL's front octet is the rcode's.
 */
static inline void
packet_add_record(struct packet *p, const char *line)
{
	char section[8];
	char name[256];
	uint32_t ttl;
	char type[8];
	char data[256];
	size_t data_at;

	if (sscanf(line, " %7s %255s %u %7s %255s", section, name, &ttl, type,
		data) != 5)
		fail_msg("no record: %s", line);
	packet_add16(p,
	    strcmp(section, "NS") == 0       ? 8
		: strcmp(section, "AR") == 0 ? 10
					     : 6,
	    1);
	packet_put_name(p, name);
	packet_put16(p, packet_type(type));
	packet_put16(p, strcmp(section, "AN-CH") == 0 ? 3 : DNS_CLASS_IN);
	packet_put32(p, ttl);
	data_at = p->len + 2;
	packet_put16(p, 0);
	packet_put_data(p, type, data);
	packet_set16(p, data_at - 2, (unsigned)(p->len - data_at));
}

/* One a line; the sections have to come in their order. */
static inline void
packet_add(struct packet *p, const char *lines)
{
	char line[600];

	while (*lines != '\0') {
		size_t len = strcspn(lines, "\n");

		assert_true(len < sizeof(line));
		memcpy(line, lines, len);
		line[len] = '\0';
		packet_add_record(p, line);
		lines += len + (lines[len] == '\n');
	}
}

#endif
