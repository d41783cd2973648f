/*
 * reactor - descriptors, deadlines and callbacks on one thread (epoll(7)).
 *
 * Level-triggered.  The caller owns every `struct watch` and `struct timer`;
 * they are embedded in its own objects and must stay in place while added.
 * A callback may add and remove anything, its own watch included: removing a
 * watch also scrubs it from the batch being delivered, because a descriptor's
 * number can come back within that batch.
 *
 * Time is milliseconds on the monotonic clock, read once a batch: a callback
 * that asks reactor_now_ms() makes no call.  Time spent between two waits
 * beyond REACTOR_STALL_MS (a slow disk, a blocked standard output) is taken out
 * of the clock, so that it does not look like a peer's silence.
 *
 * Deadlines are O(log n) at worst, and moving one later, which is what each
 * arriving octet does, is O(1): the heap is corrected when the old
 * deadline comes up.  No system call is made for a deadline.
 *
 * Work that is too long for one batch is cut into pieces by a `struct task`:
 * one call a batch, so that everybody else has a turn in between.
 */
#ifndef BULKFETCH_SYS_REACTOR_H
#define BULKFETCH_SYS_REACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/heap.h"
#include "base/list.h"

/* What keeps the thread longer than this from waiting stops the clock. */
#define REACTOR_STALL_MS 1000

struct reactor;

enum reactor_event {
	REACTOR_READ = 1,  /* readable, ended or broken: read to find out */
	REACTOR_WRITE = 2, /* writable or broken */
};

typedef void (*reactor_fn)(void *ctx, unsigned events);

struct watch {
	int fd;          /* borrowed; -1 while not added */
	unsigned events; /* of enum reactor_event, asked for */
	reactor_fn fn;
	void *ctx;   /* borrowed */
	size_t slot; /* in the batch being delivered, for scrubbing */
};

typedef void (*reactor_timer_fn)(void *ctx);

/* Invariant while armed: node.key <= deadline_ms. */
struct timer {
	struct heap_node node;
	int64_t deadline_ms;
	reactor_timer_fn fn;
	void *ctx; /* borrowed */
};

typedef void (*task_fn)(void *ctx);

struct task {
	struct list link; /* while it is due */
	uint64_t round;   /* of the batch that it was added in */
	task_fn fn;
	void *ctx; /* borrowed */
};

struct err reactor_new(struct reactor **out);
void reactor_free(struct reactor *r);

void watch_init(struct watch *w, reactor_fn fn, void *ctx);

/* Whether it is added. */
static inline bool
watch_is_added(const struct watch *w)
{
	return w->fd != -1;
}

/*
 * Watch `fd` for `events`.  Fails with ERR_SHORTAGE when a user may not
 * watch more, else with ERR_IO and errno: EPERM for a descriptor that cannot be
 * waited for (a regular file), ENOMEM.
 */
struct err reactor_add_fd(
    struct reactor *r, struct watch *w, int fd, unsigned events);

/*
 * Whether an event of the batch being delivered is still on its way to `w`, and
 * will be lost if it is removed.
 */
bool watch_has_event(const struct watch *w);

/* Ask for other events.  No call is made when nothing changes. */
struct err reactor_set_events(
    struct reactor *r, struct watch *w, unsigned events);

/*
 * Stop watching.  Before the descriptor is closed, or with `is_closing` when
 * its only descriptor is closed right after, which saves the call.
 */
void reactor_remove_fd(struct reactor *r, struct watch *w, bool is_closing);

void timer_init(struct timer *t, reactor_timer_fn fn, void *ctx);

/* Room for `count` timers, so that arming cannot fail below it. */
struct err reactor_reserve_timers(struct reactor *r, size_t count);

/* Call back at or after `deadline_ms`; replaces the deadline before. */
struct err reactor_arm(struct reactor *r, struct timer *t, int64_t deadline_ms);
void reactor_disarm(struct reactor *r, struct timer *t);

void task_init(struct task *t, task_fn fn, void *ctx);

/* Call back once, in the next batch, which is not waited for then.  It must not
 * be due already. */
void reactor_add_task(struct reactor *r, struct task *t);

/* It is not to be called; not due is fine. */
static inline void
reactor_remove_task(struct task *t)
{
	list_remove(&t->link);
}

int64_t reactor_now_ms(const struct reactor *r);

/* How many times it has waited. */
uint64_t reactor_round(const struct reactor *r);

/* Read the clock between batches: before beginning after a pause. */
void reactor_refresh(struct reactor *r);

/*
 * Wait at most until the next deadline (not at all when `may_wait` is false),
 * then deliver one batch: events, the deadlines that have passed, and the tasks
 * of before.  A signal ends the waiting early.  Fails when epoll_wait does.
 */
struct err reactor_run_once(struct reactor *r, bool may_wait);

#endif
