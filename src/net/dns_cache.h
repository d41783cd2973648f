/*
 * dns_cache - what servers have said of names, by name and type, for as long as
 * they said (RFC 1035, section 7.4; RFC 2308; RFC 9520).
 *
 * TTLs are brought between a floor and a ceiling; a failure to find out is
 * kept DNS_CACHE_FAILURE, twice as long after each further one in a row.
 * Bounded in octets: what was used least recently goes.
 *
 * A name of 30 octets with one IPv4 address takes 96.
 */
#ifndef BULKFETCH_NET_DNS_CACHE_H
#define BULKFETCH_NET_DNS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/message.h"

#define DNS_CACHE_OCTETS ((size_t)(4 * 1024 * 1024))

/* Seconds. */
#define DNS_CACHE_TTL_MIN 5
#define DNS_CACHE_TTL_MAX 86400
#define DNS_CACHE_NEGATIVE_MIN 5
#define DNS_CACHE_NEGATIVE_MAX 900
#define DNS_CACHE_FAILURE 1
#define DNS_CACHE_FAILURE_MAX 60

struct dns_cache;

/* At most `octets` for what it keeps, on the heap as malloc takes them, table
 * included; a table of the least size is there in any case. */
struct err dns_cache_new(size_t octets, struct dns_cache **out);
void dns_cache_free(struct dns_cache *c);

/* One answer, lent until the next call. */
struct dns_cached {
	enum dns_verdict verdict;
	const uint8_t *addrs; /* `count` times 4 octets (A) or 16 */
	size_t count;
	size_t turn; /* how often the name was found before, modulo a power of
		      * two: for rotation */
};

/* Whether there is an answer that still holds.  Counts as a use. */
bool dns_cache_find(struct dns_cache *c, const struct dns_name *name,
    enum dns_type type, int64_t now_ms, struct dns_cached *out);

/*
 * Keep an answer, in place of one before, for the first name that was asked
 * for: DNS_ALIAS is none and ignored.  Where memory is short it is not kept.
 */
void dns_cache_put(struct dns_cache *c, const struct dns_name *name,
    enum dns_type type, const struct dns_answer *answer, int64_t now_ms);

#endif
