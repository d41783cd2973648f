/*
 * connect_to - one rule of curl's --connect-to, "HOST1:PORT1:HOST2:PORT2": for
 * requests to HOST1:PORT1 connect to HOST2:PORT2 instead.  An empty HOST1 or
 * PORT1, or "*", is any; an empty HOST2 or PORT2 is the request's own, and so
 * is a PORT2 that is left out with its colon.  IPv6 addresses stand in
 * brackets.  Letters in any case.
 *
 * Pure: slices of the rule's text.
 */
#ifndef BULKFETCH_ROUTE_CONNECT_TO_H
#define BULKFETCH_ROUTE_CONNECT_TO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct connect_to {
	struct slice host;    /* no brackets; empty: any */
	uint16_t port;        /* 0: any */
	struct slice to_host; /* no brackets; empty: the request's */
	uint16_t to_port;     /* 0: the request's */
};

/* ERR_REQUEST and a reason. */
struct err connect_to_parse(struct slice text, struct connect_to *rule);

/* Whether the rule is for `*host` and `*port`; if so these are what it says. */
bool connect_to_apply(
    const struct connect_to *rule, struct slice *host, uint16_t *port);

#endif
