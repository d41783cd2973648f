/*
 * fixed_names - the entries of curl's --resolve: "HOST:PORT:ADDR[,ADDR]...",
 * HOST "*" for any, an address perhaps in brackets, a "+" in front without
 * meaning here; "-HOST:PORT" takes an earlier entry away.  An IPv6 HOST stands
 * in brackets.  A later entry for the same host and port replaces an earlier
 * one; "*" counts where nothing else does.
 */
#ifndef BULKFETCH_ROUTE_FIXED_NAMES_H
#define BULKFETCH_ROUTE_FIXED_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "sys/sock.h"

/* Addresses of one entry. */
#define FIXED_ADDRS_MAX 64

struct fixed_names;

/* `texts` are borrowed for the call.  ERR_REQUEST with a reason, and the one at
 * fault in `*bad`; ERR_NOMEM. */
struct err fixed_names_new(const char *const *texts, size_t count,
    struct fixed_names **out, const char **bad);
void fixed_names_free(struct fixed_names *f);

/*
 * Up to `max` addresses for `host` and `port` in `out`, those of `family`
 * (AF_UNSPEC for both), beginning with another one each time; how many.
 * `*is_known`: there is an entry.
 */
size_t fixed_names_find(struct fixed_names *f, struct slice host, uint16_t port,
    sa_family_t family, struct endpoint *out, size_t max, bool *is_known);

#endif
