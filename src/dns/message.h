/*
 * message - DNS queries for addresses and what servers answer (RFC 1035,
 * section 4; AAAA: RFC 3596; EDNS: RFC 6891; negative answers: RFC 2308).
 *
 * Pure: no I/O, no clock, no allocation.  Nothing in an answer is believed but
 * what belongs to the question: its name, or what that name is an alias of.
 */
#ifndef BULKFETCH_DNS_MESSAGE_H
#define BULKFETCH_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "dns/name.h"

enum dns_type { DNS_A = 1, DNS_AAAA = 28 };

/* What we say that a datagram may hold: it passes any path unfragmented. */
#define DNS_UDP_SIZE 1232

/* Header, question, OPT record. */
#define DNS_QUERY_MAX (12 + DNS_NAME_MAX + 4 + 11)

/* More addresses of one name are passed over. */
#define DNS_ADDRS_MAX 32

/* More aliases in a row are a loop, or as good as one. */
#define DNS_ALIASES_MAX 12

enum dns_verdict {
	DNS_FOUND,    /* there are addresses */
	DNS_NODATA,   /* the name exists, without addresses of this type */
	DNS_NXDOMAIN, /* there is no such name */
	DNS_ALIAS,    /* it is an alias, and nothing is said of what for: ask
		       * for `alias` */
	DNS_SERVFAIL, /* the server could not find out, or answered nonsense */
	DNS_REFUSED,  /* the server will not answer us, or knows only of
		       * others that could (a referral) */
	DNS_TIMEOUT,  /* no server has answered: the client's own verdict */
};

struct dns_answer {
	enum dns_verdict verdict;
	unsigned rcode;
	uint32_t ttl_s; /* the least of all that the verdict rests on; 0 when
			 * that is not known */
	size_t count;   /* with DNS_FOUND: 1 to DNS_ADDRS_MAX; else 0 */
	uint8_t addrs[DNS_ADDRS_MAX][16]; /* 4 octets of each for A */
	struct dns_name alias;            /* with DNS_ALIAS */
};

/*
 * Write a query with recursion desired, and with an OPT record if `has_edns`,
 * to `out`; its length.
 */
size_t dns_query_write(uint8_t out[DNS_QUERY_MAX], uint16_t id,
    const struct dns_name *name, enum dns_type type, bool has_edns);

enum dns_reading {
	DNS_READ,      /* `*answer` is set; else it is not */
	DNS_TRUNCATED, /* it is ours, but has to be asked for over TCP; from
			* there it is as good as malformed */
	DNS_NO_EDNS,   /* the server does not know EDNS: ask without */
	DNS_FOREIGN,   /* no answer to this question: to be ignored */
	DNS_MALFORMED, /* ours by its id and question, but broken */
};

/*
 * Read a response.  It is ours only if it is one, to a standard query, with
 * this id and this one question; letters may differ in case.  Servers that fail
 * may leave the question out: with an rcode other than NOERROR and NXDOMAIN,
 * which say something of the name, it is ours too.
 *
 * Of the answer section, records are followed from the question's name over
 * aliases, in whatever order they stand; the least TTL on that way counts, a
 * TTL with its first bit set being 0 (RFC 2181, section 8).  Of a negative
 * answer the lesser of the TTL and minimum of the SOA counts as well, which has
 * to be of a zone that the name is in; without one the TTL is 0.  NXDOMAIN is
 * said of the last alias (RFC 6604) and holds for the first name as well.  An
 * alias without addresses behind it is DNS_NODATA if there is a SOA, else
 * DNS_ALIAS; a loop is DNS_SERVFAIL.
 *
 * NOTIMP and REFUSED are DNS_REFUSED, and so is a referral; any other rcode is
 * DNS_SERVFAIL.  Octets behind the last record do no harm.
 */
enum dns_reading dns_answer_read(struct slice message, uint16_t id,
    const struct dns_name *name, enum dns_type type, bool has_edns,
    struct dns_answer *answer);

#endif
