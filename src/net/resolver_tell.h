/*
 * resolver_tell - what the resolver of a run says under -v, a line each,
 * through `tell` of its options.  Nothing is composed where nobody listens.
 */
#ifndef BULKFETCH_NET_RESOLVER_TELL_H
#define BULKFETCH_NET_RESOLVER_TELL_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "net/dns_known.h"
#include "net/resolver_system.h"

/* Which servers are asked from now on. */
void tell_servers(const struct resolver_options *o,
    const struct endpoint *servers, size_t count);

/* A line of the file that names no server. */
void tell_no_server(const struct resolver_options *o, struct slice word);

/* What nsswitch.conf names beyond files and servers, if anything. */
void tell_others(const struct resolver_options *o, struct slice nsswitch);

/* What servers have said of a name. */
void tell_answer(const struct resolver_options *o, const struct dns_name *name,
    const struct dns_known *known, int64_t took_ms);

#endif
