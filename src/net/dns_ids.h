/*
 * dns_ids - numbers that nobody can guess, for questions to name servers
 * (RFC 5452, section 9.2), fetched from the kernel many at a time.
 */
#ifndef BULKFETCH_NET_DNS_IDS_H
#define BULKFETCH_NET_DNS_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What getrandom() gives in one piece, come what may: 256 octets. */
#define DNS_IDS_COUNT 128

/* All zero: none at hand. */
struct dns_ids {
	uint16_t ids[DNS_IDS_COUNT];
	size_t left; /* the first ones */
};

/* False when the kernel has no random numbers yet. */
bool dns_ids_take(struct dns_ids *s, uint16_t *id);

#endif
