/*
 * dial - how connections begin: one attempt (dial_begin), and a race to the
 * first of several addresses that can be connected to (RFC 8305, section 5):
 * another attempt begins DIAL_DELAY_MS after the last one, or at once when that
 * has failed; the first that stands wins, and the others are closed.
 *
 * A connection that stands at once, or has one address alone, never needs a
 * race.  What connects, what fails and what was overtaken is noted in
 * env->addresses.
 */
#ifndef BULKFETCH_NET_DIAL_H
#define BULKFETCH_NET_DIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "net/conn.h"
#include "sys/sock.h"

/* RFC 8305's Connection Attempt Delay. */
#define DIAL_DELAY_MS 250

/* Under way at a time: a race must not take many more descriptors than are
 * planned for a connection. */
#define DIAL_ATTEMPTS_MAX 4

/* Where so many are, the oldest gives way to an address that was not tried yet,
 * but not before its first packet could be lost and a second one answered. */
#define DIAL_PATIENCE_MS 2000

struct dial;

/*
 * The end: `fd` is the callee's, connected to plan->addrs[at]; or -1 when none
 * of the addresses could be, `err` being the verdict (dial_verdict) on all of
 * them.  The dial is gone then.
 */
typedef void (*dial_fn)(void *ctx, int fd, size_t at, struct err err);

/*
 * One attempt: a socket on its way to `ep`, from the sources of `env` in turn;
 * one that has no port left is passed over.  Fails as sock_connect() does.
 */
struct err dial_open(struct conn_env *env, const struct endpoint *ep, int *fd);

/*
 * dial_open() to plan->addrs[*at], or, where that fails at once, to one behind
 * it.  True when `*fd` is on its way to `*at`; false when there is none left
 * (`*at` is plan->count) or no descriptor for this one.  `*err` is gone on with
 * as dial_verdict() has it.
 */
bool dial_begin(struct conn_env *env, const struct conn_plan *plan, size_t *at,
    int *fd, struct err *err);

/*
 * The verdict when one attempt after another has failed, `before` on the
 * earlier ones: the first failure, but rather one of an address than that there
 * is no way to its whole family, and a shortage, which passes, in any case.
 */
struct err dial_verdict(struct err before, struct err err);

/* `ep` could not be connected to: have it passed over for a while. */
void dial_note_failure(
    const struct conn_env *env, const struct endpoint *ep, int sys);

/*
 * Go on with attempt `fd` at plan->addrs[at], which is owned from now on; or,
 * with -1, with the addresses behind `at`.  `err` is the verdict so far.  Never
 * ends before it returns.  The plan is borrowed until the end.  ERR_NOMEM, or
 * as reactor_add_fd() fails; `fd` is closed then.
 */
struct err dial_new(struct conn_env *env, const struct conn_plan *plan, int fd,
    size_t at, struct err err, dial_fn fn, void *ctx, struct dial **out);

/* The attempts under way were not in time: note that. */
void dial_note_late(const struct dial *d);

/* Break it off, and free it; NULL is fine. */
void dial_cancel(struct dial *d);

#endif
