/*
 * resolver_stub - names to addresses by asking servers: A and AAAA side by side
 * (either alone for one family), over the search list, over aliases, and over a
 * cache.  Names alone come here, no numeric addresses.
 *
 * One query a name and type is under way however many lookups wait for it.  A
 * lookup is answered when both types are, or RESOLVER_STUB_DELAY_MS after one
 * has brought addresses (RFC 8305, section 3).  A type that could not be found
 * out does no harm where the other one has addresses.  A candidate of the
 * search list that could not be found out ends the lookup: another one's answer
 * could be a wrong one.
 *
 * Never answers before returning but from the cache.
 */
#ifndef BULKFETCH_NET_RESOLVER_STUB_H
#define BULKFETCH_NET_RESOLVER_STUB_H

#include "dns/resolv_conf.h"
#include "net/resolver.h"
#include "net/resolver_system.h"

#define RESOLVER_STUB_DELAY_MS 50

struct resolver_stub;

/* `options` as for resolver_system_new(). */
struct err resolver_stub_new(const struct resolver_options *options,
    struct reactor *reactor, struct resolver_stub **out);

/* Another set of servers or names to search in; what is under way goes on.
 * Borrowed for the call. */
void resolver_stub_configure(
    struct resolver_stub *r, const struct resolv_conf *conf);

/* As `struct resolver` has them. */
bool resolver_stub_start(struct resolver_stub *r, struct lookup *l,
    struct slice host, uint16_t port);
void resolver_stub_cancel(struct resolver_stub *r, struct lookup *l);
void resolver_stub_get_stats(
    const struct resolver_stub *r, struct resolver_stats *stats);
void resolver_stub_free(struct resolver_stub *r);

#endif
