/*
 * resolver - host names to addresses, now or later.
 *
 * An interface, so that what answers can be replaced: by the hosts file
 * (resolver_hosts.h), by a stub resolver on the reactor, by a test.  The
 * caller owns the `struct lookup`, which must stay in place until answered or
 * cancelled.
 */
#ifndef BULKFETCH_NET_RESOLVER_H
#define BULKFETCH_NET_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "sys/sock.h"

/* More addresses of one name are not tried for one request. */
#define LOOKUP_ADDRS_MAX 8

typedef void (*lookup_fn)(void *ctx);

struct lookup {
	lookup_fn fn;   /* called when answered later */
	void *ctx;      /* borrowed */
	struct err err; /* ERR_SHORTAGE: ask again when descriptors are free */
	struct endpoint addrs[LOOKUP_ADDRS_MAX];
	size_t count;  /* at least 1 without an error */
	void *pending; /* the resolver's */
};

struct resolver {
	/*
	 * Look up `host` (lower case, no final dot), the ports of the answer
	 * set to `port`.  True: answered, `err` or `addrs` are set and `fn` is
	 * not called.  False: `fn` will be called from the reactor.
	 */
	bool (*start)(struct resolver *r, struct lookup *l, struct slice host,
	    uint16_t port);
	/* Forget a lookup that has not been answered. */
	void (*cancel)(struct resolver *r, struct lookup *l);
	void (*free)(struct resolver *r);
};

#endif
