/*
 * addresses - what is known of addresses: those that could not be connected to
 * a while ago, families that lead nowhere, and which family a host was last
 * connected by.  It decides in what order the addresses of a name are tried
 * (RFC 8305, section 4).
 *
 * Pure policy: the time is an argument.  Bounded; what was told first is
 * forgotten first.
 */
#ifndef BULKFETCH_ROUTE_ADDRESSES_H
#define BULKFETCH_ROUTE_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "sys/sock.h"

/* How long an address that failed is passed over, and a family. */
#define ADDRESSES_PASS_MS 30000

/* How long the family that a host was connected by is preferred. */
#define ADDRESSES_WINNER_MS 600000

/* Known at a time, of addresses and of hosts. */
#define ADDRESSES_MAX 4096

/* More than these of one name stay behind them, in the order given. */
#define ADDRESSES_ORDER_MAX 64

struct addresses;

struct err addresses_new(struct addresses **out);
void addresses_free(struct addresses *a);

/*
 * Put `addrs`, of the name `host`, into the order to try them in: the families
 * in turn, IPv6 first or the one that this host was last connected by, each in
 * the order given; then those that are passed over, the one that failed longest
 * ago first, at the same time in that same order.  Nothing known of any address
 * nor host costs no lookup.
 */
void addresses_order(struct addresses *a, struct slice host,
    struct endpoint *addrs, size_t count, int64_t now_ms);

/* The same where the order given is meant, as in a list that is gone through
 * in turn: only those that are passed over go behind. */
void addresses_pass_over(
    struct addresses *a, struct endpoint *addrs, size_t count, int64_t now_ms);

/* It could not be connected to; `sys` says why, ETIMEDOUT if it only was not
 * in time.  ENETUNREACH, EAFNOSUPPORT and EADDRNOTAVAIL are the whole
 * family's, not this address's. */
void addresses_note_failure(
    struct addresses *a, const struct endpoint *ep, int sys, int64_t now_ms);

/* It was; `is_raced`: in a race, which is worth remembering for `host`.  The
 * address and its family are not passed over any more. */
void addresses_note_success(struct addresses *a, struct slice host,
    const struct endpoint *ep, bool is_raced, int64_t now_ms);

#endif
