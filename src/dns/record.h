/*
 * record - one resource record of a DNS message (RFC 1035, section 4.1.3).
 *
 * Pure: no I/O, no allocation.
 */
#ifndef BULKFETCH_DNS_RECORD_H
#define BULKFETCH_DNS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "dns/name.h"

/* Of RFC 1035, RFC 3596 and RFC 6891: those that we look at. */
#define DNS_TYPE_A 1
#define DNS_TYPE_NS 2
#define DNS_TYPE_CNAME 5
#define DNS_TYPE_SOA 6
#define DNS_TYPE_AAAA 28
#define DNS_TYPE_OPT 41

#define DNS_CLASS_IN 1

struct dns_record {
	struct dns_name name;
	uint16_t type;
	uint16_t class;
	uint32_t ttl; /* as it stands there */
	size_t at;    /* of its data in the message, which it lies in */
	size_t len;
};

/* The number at `at`, which lies in the message with all its octets. */
uint16_t dns_get16(struct slice message, size_t at);
uint32_t dns_get32(struct slice message, size_t at);

/*
 * Read the record at `*at` and move `*at` behind it.  False, with `*record`
 * unset, when it leaves the message, or its data is not what its type says: an
 * address of another length, a CNAME or SOA whose names are broken or end
 * elsewhere, an OPT of another name than the root.
 */
bool dns_record_read(
    struct slice message, size_t *at, struct dns_record *record);

/* In seconds; 0 for one with its first bit set (RFC 2181, section 8). */
uint32_t dns_record_ttl(const struct dns_record *record);

/* How long a negative answer holds by this SOA, in seconds: the lesser of its
 * TTL and its last field (RFC 2308, section 5). */
uint32_t dns_record_negative_ttl(
    struct slice message, const struct dns_record *soa);

#endif
