/*
 * pool - the connections of a run: at most `limit` open at any time, idle ones
 * included, those of an origin found again by its key.
 *
 * When a connection is wanted and there is no room, the least recently used
 * idle one of another origin gives way.  Every operation is O(1).
 */
#ifndef BULKFETCH_NET_POOL_H
#define BULKFETCH_NET_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/slice.h"
#include "net/conn.h"

struct pool {
	struct conn_env *env;      /* borrowed */
	struct hash_table origins; /* of those with connections */
	uint64_t seed;
	struct list idle; /* least recently used last */
	unsigned limit;
	unsigned open;
	unsigned peak;   /* the most that were ever open */
	uint64_t opened; /* in all */
};

struct err pool_init(struct pool *p, struct conn_env *env, unsigned limit);

/* Closes the idle connections; there must be no others. */
void pool_fini(struct pool *p);

/* Whether there is an idle connection to `key`, fit or not. */
bool pool_has_idle(const struct pool *p, struct slice key);

/*
 * Take the idle connection to `key` ("http://host:port", or the proxy's) that
 * was used last; NULL when there is none.  It is the caller's until
 * pool_give().
 */
struct conn *pool_take_idle(struct pool *p, struct slice key);

/*
 * Begin a new connection as `plan` says, for `exchange`, and lend it until
 * pool_give(); conn_start() it.  There must be fewer than `limit` in use.
 * Fails with ERR_SHORTAGE, ERR_CONNECT or ERR_NOMEM, the exchange not told.
 */
struct err pool_connect(struct pool *p, struct slice key,
    const struct conn_plan *plan, struct exchange *exchange, struct conn **out);

/* Give back a connection without an exchange: kept if open, else freed. */
void pool_give(struct pool *p, struct conn *c);

/* Close every idle connection; how many there were. */
unsigned pool_close_idle(struct pool *p);

#endif
