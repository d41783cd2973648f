/*
 * resolv_conf - the file /etc/resolv.conf (resolv.conf(5)): which servers to
 * ask, and for which names.
 *
 * Pure: slices of the text, which the caller owns.  Lines that are malformed,
 * and values that are none, are passed over; numbers are brought into their
 * bounds.  A '#' or ';' in front of a word makes a comment of the line's rest.
 */
#ifndef BULKFETCH_DNS_RESOLV_CONF_H
#define BULKFETCH_DNS_RESOLV_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "dns/name.h"

#define RESOLV_SERVERS_MAX 8
#define RESOLV_SEARCH_MAX 16
#define RESOLV_NDOTS_MAX 15
#define RESOLV_TIMEOUT_MAX 30
#define RESOLV_ATTEMPTS_MAX 5

/* Where the file says nothing. */
#define RESOLV_NDOTS 1
#define RESOLV_TIMEOUT 2
#define RESOLV_ATTEMPTS 3

struct resolv_conf {
	struct slice servers[RESOLV_SERVERS_MAX]; /* numeric addresses, as
						   * written, not checked */
	size_t server_count;
	struct dns_name search[RESOLV_SEARCH_MAX]; /* of the last `search` or
						    * `domain`; "." is none */
	size_t search_count;
	unsigned ndots;
	unsigned timeout_s; /* until another server is asked; at least 1 */
	unsigned attempts;  /* rounds over all servers; at least 1 */
	bool is_rotated;    /* begin with another server each time */
	bool uses_tcp;      /* options use-vc */
};

/* An empty text gives the defaults, without a server. */
void resolv_conf_parse(struct slice text, struct resolv_conf *conf);

/*
 * The names to ask for in turn for `host`, as a URL has it: with a final dot,
 * with as many dots as `ndots`, or without a search list, it is that name
 * alone; else with each name of the search list behind it, and then by itself.
 * `*at` is 0 for the first; the caller adds 1 for the next.  One that would be
 * too long is passed over: `*at` is moved past those.  False when there is no
 * further one, or `host` is no name at all.
 */
bool resolv_conf_candidate(const struct resolv_conf *conf, struct slice host,
    size_t *at, struct dns_name *name);

#endif
