/*
 * no_proxy - the hosts that no proxy is used for, as curl reads the variable:
 * names between commas or blanks, each good for the domain itself and all below
 * it, with or without a dot in front; numeric addresses, IPv6 with or without
 * brackets; address blocks ("10.0.0.0/8", "fd00::/8"); "*" for every host.
 * Letters in any case, a final dot means nothing.
 *
 * Pure.
 */
#ifndef BULKFETCH_ROUTE_NO_PROXY_H
#define BULKFETCH_ROUTE_NO_PROXY_H

#include <stdbool.h>

#include "base/slice.h"

/* Whether `list` has `host` (a name or a numeric address, no brackets; a zone
 * is left out of account).  Entries that are nothing of the kind have none. */
bool no_proxy_has(struct slice list, struct slice host);

#endif
