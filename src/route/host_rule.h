/*
 * host_rule - hosts in what the user lays down: --connect-to, --resolve and
 * no_proxy.  Letters in any case, a name with and without its final dot is the
 * same, and so is an IPv6 address however it is written.
 *
 * Pure.
 */
#ifndef BULKFETCH_ROUTE_HOST_RULE_H
#define BULKFETCH_ROUTE_HOST_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* A name with its final dot; or an IPv6 address and as long a zone as fits. */
#define HOST_RULE_MAX 254

/* A host in the one form that equal hosts share. */
struct host_key {
	uint8_t octets[HOST_RULE_MAX];
	uint8_t len;
};

/*
 * Cut `*rest` at its first ':' outside of brackets; `*part` stands before it,
 * `*rest` behind.  False when there is none: `*part` is all, `*rest` empty.
 */
bool host_rule_cut(struct slice *rest, struct slice *part);

/*
 * Whether `*host` is a name, an IPv4 address or an IPv6 address in brackets,
 * which are taken off, as is an IPv4 address's final dot; no percent-escapes.
 * ERR_REQUEST and a reason.
 */
struct err host_rule_check(struct slice *host);

/* A port from 1 on; ERR_REQUEST and a reason. */
struct err host_rule_port(struct slice text, uint16_t *port);

/* `host` without brackets.  False if it is too long to be one. */
bool host_rule_key(struct slice host, struct host_key *key);

/* Whether `a` and `b`, without brackets, are the same host. */
bool host_rule_eq(struct slice a, struct slice b);

#endif
