/*
 * fake_dns_message - what a fake name server reads and says, right and wrong.
 */
#ifndef BULKFETCH_TESTS_UNIT_FAKE_DNS_MESSAGE_H
#define BULKFETCH_TESTS_UNIT_FAKE_DNS_MESSAGE_H

#include "exact.h"

#include <stdbool.h>

#include "dns/message.h"

/* What becomes of a question. */
enum fake_deed {
	DEED_ANSWER, /* `addrs` addresses: 10.0.0.0 and so on, or fd00::0 */
	DEED_SILENCE,
	DEED_LATE,           /* the answer after `late_ms` */
	DEED_TWICE,          /* the answer, and once more */
	DEED_WRONG_ID,       /* and nothing more */
	DEED_WRONG_QUESTION, /* another name */
	DEED_WRONG_TYPE,
	DEED_WRONG_PORT,    /* the answer, by a stranger at the address */
	DEED_WRONG_ADDRESS, /* the same with the port at another address */
	DEED_NOISE,         /* octets, and then the answer */
	DEED_TRUNCATED,     /* over UDP; the answer over TCP */
	DEED_ALWAYS_TRUNCATED,
	DEED_LYING_TTL, /* its first bit set */
	DEED_LOOP,      /* a name that points to itself */
	DEED_CUT,       /* the end of the answer is missing */
	DEED_LYING_COUNT,
	DEED_NXDOMAIN,
	DEED_NODATA,
	DEED_ALIAS, /* of "alias.test", of which nothing is said */
	DEED_SERVFAIL,
	DEED_REFUSED,
	DEED_FORMERR,   /* always */
	DEED_NO_EDNS,   /* FORMERR to EDNS, else the answer */
	DEED_ONLY_TCP,  /* silent over UDP */
	DEED_FAILS_TCP, /* truncated over UDP, closes the connection over TCP */
	DEED_SHORT_TCP, /* the same after half of the answer */
	DEED_LYING_TCP, /* the same; it tells a greater length */
	DEED_PIECES,    /* over TCP octet by octet */
	DEED_WRONG_TCP, /* another id over TCP */
};

struct fake_dns_question {
	uint16_t id;
	uint16_t type;
	bool has_edns;
	bool is_tcp;
	uint16_t port; /* where it came from */
	struct slice section;
};

/* What there is to be said of each name. */
struct fake_zone {
	unsigned addrs;
	uint32_t ttl_s;
};

struct fake_out {
	uint8_t *ptr;
	size_t len;
};

static inline void
fake_put16(struct fake_out *o, unsigned value)
{
	o->ptr[o->len++] = (uint8_t)(value >> 8);
	o->ptr[o->len++] = (uint8_t)value;
}

static inline void
fake_put32(struct fake_out *o, uint32_t value)
{
	fake_put16(o, value >> 16);
	fake_put16(o, value & 0xffff);
}

static inline void
fake_put(struct fake_out *o, const void *ptr, size_t len)
{
	memcpy(o->ptr + o->len, ptr, len);
	o->len += len;
}

static inline unsigned
fake_get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* What we send is well-formed, or the test is wrong. */
static inline struct fake_dns_question
fake_dns_parse(struct slice message)
{
	struct fake_dns_question q = { 0 };
	size_t at = 12;

	assert_true(message.len >= 12 + 1 + 4);
	assert_int_equal(fake_get16(message.ptr + 2), 0x0100);
	assert_int_equal(fake_get16(message.ptr + 4), 1);
	q.id = (uint16_t)fake_get16(message.ptr);
	while (message.ptr[at] != 0) {
		at += 1U + message.ptr[at];
		assert_true(at + 5 <= message.len);
	}
	q.type = (uint16_t)fake_get16(message.ptr + at + 1);
	q.section = slice_of(message.ptr + 12, at + 5 - 12);
	q.has_edns = fake_get16(message.ptr + 10) == 1;
	assert_int_equal(message.len, at + 5 + (q.has_edns ? 11 : 0));
	return q;
}

static inline void
fake_put_addr(struct fake_out *o, unsigned type, uint32_t ttl_s, unsigned i)
{
	const uint8_t v4[4] = { 10, 0, (uint8_t)(i >> 8), (uint8_t)i };
	const uint8_t v6[16] = {
		0xfd, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i
	};

	fake_put16(o, 0xc00c); /* the question's name */
	fake_put16(o, type);
	fake_put16(o, 1);
	fake_put32(o, ttl_s);
	fake_put16(o, type == DNS_A ? 4 : 16);
	fake_put(o, type == DNS_A ? v4 : v6, type == DNS_A ? 4 : 16);
}

static inline unsigned
fake_rcode(enum fake_deed deed, const struct fake_dns_question *q)
{
	if (deed == DEED_FORMERR || (deed == DEED_NO_EDNS && q->has_edns))
		return 1;
	if (deed == DEED_SERVFAIL)
		return 2;
	if (deed == DEED_NXDOMAIN)
		return 3;
	return deed == DEED_REFUSED ? 5 : 0;
}

static inline bool
fake_is_truncated(enum fake_deed deed, bool is_tcp)
{
	if (deed == DEED_ALWAYS_TRUNCATED)
		return true;
	return !is_tcp &&
	    (deed == DEED_TRUNCATED || deed == DEED_FAILS_TCP ||
		deed == DEED_SHORT_TCP || deed == DEED_LYING_TCP ||
		deed == DEED_PIECES || deed == DEED_WRONG_TCP);
}

/* A SOA of the root whose minimum is the server's TTL. */
static inline void
fake_put_soa(struct fake_out *o, uint32_t ttl_s)
{
	*(o->ptr + o->len++) = 0;
	fake_put16(o, 6);
	fake_put16(o, 1);
	fake_put32(o, ttl_s);
	fake_put16(o, 2 + 20);
	fake_put16(o, 0); /* both names the root */
	for (int i = 0; i < 4; i++)
		fake_put32(o, 1);
	fake_put32(o, ttl_s);
}

static inline void
fake_put_answers(struct fake_out *o, const struct fake_zone *zone,
    enum fake_deed deed, const struct fake_dns_question *q, unsigned count)
{
	uint32_t ttl_s = deed == DEED_LYING_TTL ? UINT32_MAX : zone->ttl_s;

	if (deed == DEED_ALIAS) {
		const uint8_t alias[] = "\5alias\4test";

		fake_put16(o, 0xc00c);
		fake_put16(o, 5);
		fake_put16(o, 1);
		fake_put32(o, ttl_s);
		fake_put16(o, sizeof(alias));
		fake_put(o, alias, sizeof(alias));
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		size_t at = o->len;

		fake_put_addr(o, q->type, ttl_s, i);
		if (deed == DEED_LOOP) {
			o->ptr[at] = (uint8_t)(0xc0 | at >> 8);
			o->ptr[at + 1] = (uint8_t)at;
		}
	}
}

/* The answer to `q`, or what goes for one. */
static inline size_t
fake_dns_compose(const struct fake_zone *zone, enum fake_deed deed,
    const struct fake_dns_question *q, uint8_t *ptr)
{
	struct fake_out o = { ptr, 0 };
	bool is_truncated = fake_is_truncated(deed, q->is_tcp);
	unsigned rcode = fake_rcode(deed, q);
	bool is_negative = deed == DEED_NXDOMAIN || deed == DEED_NODATA;
	unsigned count = deed == DEED_ALIAS ? 1 : zone->addrs;
	bool is_wrong =
	    deed == DEED_WRONG_ID || (deed == DEED_WRONG_TCP && q->is_tcp);

	if (rcode != 0 || is_truncated || is_negative)
		count = 0;
	fake_put16(&o, is_wrong ? q->id ^ 0x5555U : q->id);
	fake_put16(&o, 0x8180U | (is_truncated ? 0x0200U : 0) | rcode);
	fake_put16(&o, 1);
	fake_put16(&o, deed == DEED_LYING_COUNT ? 0xffff : count);
	fake_put16(&o, is_negative ? 1 : 0);
	fake_put16(&o, 0);
	fake_put(&o, q->section.ptr, q->section.len);
	if (deed == DEED_WRONG_QUESTION)
		ptr[13] ^= 1; /* the first letter */
	if (deed == DEED_WRONG_TYPE)
		ptr[o.len - 3] ^= 1;
	fake_put_answers(&o, zone, deed, q, count);
	if (is_negative)
		fake_put_soa(&o, zone->ttl_s);
	return deed == DEED_CUT ? o.len - 1 : o.len;
}

#endif
