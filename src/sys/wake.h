/*
 * wake - make a reactor's wait end from a signal handler or another thread
 * (eventfd(2)).
 */
#ifndef BULKFETCH_SYS_WAKE_H
#define BULKFETCH_SYS_WAKE_H

#include "base/err.h"
#include "sys/reactor.h"

struct wake {
	int fd; /* owned */
	struct watch watch;
	reactor_timer_fn fn;
	void *ctx; /* borrowed */
};

/* `fn` is called from the reactor, once for any number of wake_up(). */
struct err wake_init(
    struct wake *wake, struct reactor *r, reactor_timer_fn fn, void *ctx);
void wake_fini(struct wake *wake, struct reactor *r);

/* Async-signal-safe; leaves errno alone. */
void wake_up(const struct wake *wake);

#endif
