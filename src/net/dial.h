/*
 * dial - a race to the first of several addresses that can be connected to (RFC
 * 8305, section 5): another attempt begins DIAL_DELAY_MS after the last one, or
 * at once when that has failed; the first that stands wins, and the others are
 * closed.
 *
 * A connection that stands at once, or has one address alone, never needs one.
 */
#ifndef BULKFETCH_NET_DIAL_H
#define BULKFETCH_NET_DIAL_H

#include "base/err.h"
#include "net/conn.h"
#include "sys/reactor.h"
#include "sys/sock.h"

/* RFC 8305's Connection Attempt Delay. */
#define DIAL_DELAY_MS 250

struct dial;

/*
 * The end: `fd` is the callee's, connected to plan->addrs[at]; or -1 when none
 * of the addresses could be, `err` being what the first to fail had to say.
 * The dial is freed when this returns.
 */
typedef void (*dial_fn)(void *ctx, int fd, size_t at, struct err err);

/*
 * One attempt: a socket on its way to `ep`, from the sources of `env` in turn;
 * one that has no port left is passed over.  Fails as sock_connect() does.
 */
struct err dial_open(struct conn_env *env, const struct endpoint *ep, int *fd);

/*
 * Go on with attempt `fd` at plan->addrs[at], which is owned from now on; or,
 * with -1, with the addresses behind `at`, which has failed with `err`.  Never
 * ends before it returns.  The plan is borrowed until the end.  ERR_NOMEM; `fd`
 * is closed then.
 */
struct err dial_new(struct conn_env *env, const struct conn_plan *plan, int fd,
    size_t at, struct err err, dial_fn fn, void *ctx, struct dial **out);

/* Break it off, and free it. */
void dial_cancel(struct dial *d);

#endif
