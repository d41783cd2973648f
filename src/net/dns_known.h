/*
 * dns_known - what is known of a name by now: of each type its addresses, or
 * why there are none, and what that comes to for a lookup.
 *
 * Pure: no I/O, no clock, no allocation.
 */
#ifndef BULKFETCH_NET_DNS_KNOWN_H
#define BULKFETCH_NET_DNS_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/message.h"
#include "net/dns_cache.h"
#include "net/resolver_system.h"
#include "sys/sock.h"

#define KNOWN_TYPES 2

/* Invariant: count > 0 exactly when it is known to be DNS_FOUND. */
struct known_type {
	enum dns_type type;
	bool is_wanted;
	bool is_known;
	enum dns_verdict verdict; /* when it is known */
	size_t count;             /* addresses */
	size_t turn;              /* the one that the next lookup begins with,
				   * modulo count */
	uint8_t addrs[DNS_ADDRS_MAX][16]; /* 4 octets of each for A */
};

/* AAAA first, as its addresses go first (RFC 8305, section 4). */
struct dns_known {
	struct known_type types[KNOWN_TYPES];
};

/* Nothing is known yet of the types that are wanted for `family`. */
void dns_known_init(struct dns_known *k, enum resolver_family family);

/* What a server has said; DNS_ALIAS is no answer to be set. */
void known_set_answer(struct known_type *t, const struct dns_answer *answer);
void known_set_cached(struct known_type *t, const struct dns_cached *cached);

/* All that is wanted is known. */
bool dns_known_is_complete(const struct dns_known *k);
bool dns_known_has_addrs(const struct dns_known *k);

/*
 * All in all, when it is complete or has addresses: DNS_FOUND with any; else a
 * failure to find out if there was one, as there may be addresses; else
 * DNS_NXDOMAIN only when nothing speaks for the name.
 */
enum dns_verdict dns_known_verdict(const struct dns_known *k);

/* The verdict as an error, in words; `family` is what was wanted. */
struct err dns_known_err(enum dns_verdict verdict, enum resolver_family family);

/* Whether another name may be tried after this verdict: servers have said that
 * this one has no address. */
static inline bool
dns_verdict_is_negative(enum dns_verdict verdict)
{
	return verdict == DNS_NXDOMAIN || verdict == DNS_NODATA;
}

/*
 * Addresses for one lookup, at most `max`, the families by turns; the next
 * lookup's begin with the next address of each family.  Returns their count.
 */
size_t dns_known_take(
    struct dns_known *k, uint16_t port, struct endpoint *out, size_t max);

#endif
