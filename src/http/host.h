/*
 * host - the host of a URL (RFC 3986, section 3.2.2): a registered name, an
 * IPv4 or an IPv6 address, checked and normalised.  The rules are in url.h.
 *
 * Pure; url_parse() is its caller.
 */
#ifndef BULKFETCH_HTTP_HOST_H
#define BULKFETCH_HTTP_HOST_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum url_host_kind {
	URL_HOST_NAME, /* a registered name, to be resolved */
	URL_HOST_IPV4, /* dotted decimal, four octets without leading zeros */
	URL_HOST_IPV6, /* the address without its brackets, and its zone, if
			* any, behind a '%': "fe80::1%eth0" */
};

struct host {
	enum url_host_kind kind;
	struct slice name; /* borrowed from where it was written: no brackets,
			    * zone or final dot */
	struct slice zone; /* IPv6: borrowed from what was read, else empty */
};

/*
 * Cut "host[:port]" in two; an IPv6 address keeps its brackets, and a port that
 * is not there is empty.  Neither is checked.  ERR_REQUEST and a reason.
 */
struct err host_split_port(
    struct slice in, struct slice *host, struct slice *port);

/* What host_put() may write more than it reads: a zone's "%" as "%25". */
#define HOST_ADDED_MAX 2

/*
 * Write the normalised form of `in`, brackets, zone and final dot included, to
 * `*to`, where in.len + HOST_ADDED_MAX octets have room, and move `*to` behind
 * it.  Fails with ERR_REQUEST and a reason.
 */
struct err host_put(struct slice in, uint8_t **to, struct host *host);

#endif
