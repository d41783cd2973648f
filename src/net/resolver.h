/*
 * resolver - host names to addresses, now or later.
 *
 * An interface, so that what answers can be replaced: by what the system is
 * set up with (resolver_system.h), by a test.  The caller owns the `struct
 * lookup`, which must stay in place, with the host's octets, until answered or
 * cancelled.
 */
#ifndef BULKFETCH_NET_RESOLVER_H
#define BULKFETCH_NET_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/slice.h"
#include "sys/reactor.h"
#include "sys/sock.h"

/* More addresses of one name are not tried for one request. */
#define LOOKUP_ADDRS_MAX 8

typedef void (*lookup_fn)(void *ctx);

struct lookup {
	lookup_fn fn;        /* called when answered later */
	void *ctx;           /* borrowed */
	int64_t deadline_ms; /* of the caller's own; INT64_MAX for none */

	/*
	 * The answer.  ERR_RESOLVE: there is no such name, or it has no
	 * address.  ERR_DNS: that could not be found out, and may be the next
	 * time.  ERR_TIMEOUT: the deadline.  ERR_SHORTAGE: ask again when
	 * descriptors are free.
	 */
	struct err err;
	struct endpoint addrs[LOOKUP_ADDRS_MAX];
	size_t count;   /* at least 1 without an error */
	bool was_asked; /* servers were; else the answer was at hand */

	/* The resolver's own, while it is pending: */
	struct list link;
	struct timer timer;
	struct slice host; /* borrowed */
	uint16_t port;
	size_t candidate; /* of the names to try for it */
	void *pending;    /* NULL while it is not */
};

/* All of a run; for people. */
struct resolver_stats {
	uint64_t resolved; /* names that servers gave an address for */
	uint64_t cached;   /* lookups answered out of the cache */
	uint64_t queries;  /* sent, those sent again included */
	uint64_t nxdomain; /* names that there are not, by a server's word */
	uint64_t nodata;   /* names without an address */
	uint64_t servfail; /* names that no server would answer for */
	uint64_t timeouts; /* names that no server has answered for */
};

struct resolver {
	/*
	 * Look up `host` (lower case; a final dot: no search list), the ports
	 * of the answer set to `port`.  Each answer begins with the next one of
	 * a name's addresses.  True: answered, `err` or `addrs` are set and
	 * `fn` is not called.  False: `fn` will be called from the reactor.
	 */
	bool (*start)(struct resolver *r, struct lookup *l, struct slice host,
	    uint16_t port);
	/* Forget a lookup that has not been answered. */
	void (*cancel)(struct resolver *r, struct lookup *l);
	void (*get_stats)(
	    const struct resolver *r, struct resolver_stats *stats);
	void (*free)(struct resolver *r);
};

/* For whoever embeds one: not pending. */
static inline void
lookup_init(struct lookup *l, lookup_fn fn, void *ctx)
{
	l->fn = fn;
	l->ctx = ctx;
	l->deadline_ms = INT64_MAX;
	l->count = 0;
	l->pending = NULL;
	list_init(&l->link);
}

#endif
