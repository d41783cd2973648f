#include "sys/reactor.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "sys/clock.h"

/* More a wait gains nothing measurable; fewer costs calls at c >= 1000. */
#define REACTOR_BATCH 512

#define NO_SLOT SIZE_MAX

struct reactor {
	int fd;            /* owned: the epoll descriptor */
	struct heap heap;  /* of timers, borrowed */
	struct list tasks; /* that are due, borrowed */
	uint64_t round;    /* how many times it has waited */
	int64_t now_ms;
	int64_t stalled_ms; /* taken out of the clock so far: now_ms is
			     * clock_now_ms() - stalled_ms of some moment */
	size_t batch_len;   /* events being delivered; 0 between batches */
	struct epoll_event batch[REACTOR_BATCH];
};

struct err
reactor_new(struct reactor **out)
{
	struct reactor *r = calloc(1, sizeof(*r));
	struct err err;

	if (r == NULL)
		return err_of(ERR_NOMEM);
	heap_init(&r->heap);
	list_init(&r->tasks);
	r->fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->fd == -1) {
		err = err_sys(ERR_IO);
		free(r);
		return err;
	}
	r->now_ms = clock_now_ms();
	*out = r;
	return err_none();
}

void
reactor_free(struct reactor *r)
{
	if (r == NULL)
		return;
	(void)close(r->fd);
	heap_fini(&r->heap);
	free(r);
}

void
watch_init(struct watch *w, reactor_fn fn, void *ctx)
{
	*w = (struct watch){ .fd = -1, .fn = fn, .ctx = ctx, .slot = NO_SLOT };
}

static struct err
control(struct reactor *r, int op, struct watch *w, unsigned events)
{
	struct epoll_event ev = { .data.ptr = w };

	if ((events & REACTOR_READ) != 0)
		ev.events |= EPOLLIN;
	if ((events & REACTOR_WRITE) != 0)
		ev.events |= EPOLLOUT;
	if (epoll_ctl(r->fd, op, w->fd, &ev) == -1)
		/* ENOSPC: more watches than a user may have (epoll(7)). */
		return err_sys(errno == ENOSPC ? ERR_SHORTAGE : ERR_IO);
	w->events = events;
	return err_none();
}

struct err
reactor_add_fd(struct reactor *r, struct watch *w, int fd, unsigned events)
{
	struct err err;

	w->fd = fd;
	w->slot = NO_SLOT;
	err = control(r, EPOLL_CTL_ADD, w, events);
	if (err_is(err))
		w->fd = -1;
	return err;
}

bool
watch_has_event(const struct watch *w)
{
	return w->slot != NO_SLOT;
}

struct err
reactor_set_events(struct reactor *r, struct watch *w, unsigned events)
{
	if (w->events == events)
		return err_none();
	return control(r, EPOLL_CTL_MOD, w, events);
}

void
reactor_remove_fd(struct reactor *r, struct watch *w, bool is_closing)
{
	if (w->fd == -1)
		return;
	if (!is_closing)
		(void)epoll_ctl(r->fd, EPOLL_CTL_DEL, w->fd, NULL);
	if (w->slot < r->batch_len && r->batch[w->slot].data.ptr == w)
		r->batch[w->slot].data.ptr = NULL;
	w->fd = -1;
	w->slot = NO_SLOT;
}

void
timer_init(struct timer *t, reactor_timer_fn fn, void *ctx)
{
	heap_node_init(&t->node);
	t->deadline_ms = 0;
	t->fn = fn;
	t->ctx = ctx;
}

struct err
reactor_reserve_timers(struct reactor *r, size_t count)
{
	return heap_reserve(&r->heap, count);
}

struct err
reactor_arm(struct reactor *r, struct timer *t, int64_t deadline_ms)
{
	t->deadline_ms = deadline_ms;
	if (!heap_has(&t->node))
		return heap_add(&r->heap, &t->node, deadline_ms);
	if (deadline_ms < t->node.key)
		heap_move(&r->heap, &t->node, deadline_ms);
	return err_none();
}

void
reactor_disarm(struct reactor *r, struct timer *t)
{
	heap_remove(&r->heap, &t->node);
}

void
task_init(struct task *t, task_fn fn, void *ctx)
{
	*t = (struct task){ .fn = fn, .ctx = ctx };
	list_init(&t->link);
}

void
reactor_add_task(struct reactor *r, struct task *t)
{
	t->round = r->round;
	list_push_back(&r->tasks, &t->link);
}

int64_t
reactor_now_ms(const struct reactor *r)
{
	return r->now_ms;
}

uint64_t
reactor_round(const struct reactor *r)
{
	return r->round;
}

void
reactor_refresh(struct reactor *r)
{
	r->now_ms = clock_now_ms() - r->stalled_ms;
}

/* The clock after a batch was dealt with, however long that took. */
static int64_t
forgive_stall(struct reactor *r)
{
	int64_t now_ms = clock_now_ms() - r->stalled_ms;
	int64_t late_ms = now_ms - r->now_ms - REACTOR_STALL_MS;

	if (late_ms <= 0)
		return now_ms;
	r->stalled_ms += late_ms;
	return now_ms - late_ms;
}

/* How long epoll_wait may sleep: to the first key, early for a timer that was
 * moved later, which then only costs one more round. */
static int
wait_ms(const struct reactor *r, int64_t now_ms)
{
	const struct heap_node *first = heap_peek(&r->heap);
	int64_t left;

	if (first == NULL)
		return -1;
	left = first->key - now_ms;
	if (left <= 0)
		return 0;
	return left < INT_MAX ? (int)left : INT_MAX;
}

static void
deliver(struct reactor *r)
{
	for (size_t i = 0; i < r->batch_len; i++) {
		struct watch *w = r->batch[i].data.ptr;

		w->slot = i;
	}
	for (size_t i = 0; i < r->batch_len; i++) {
		struct watch *w = r->batch[i].data.ptr;
		uint32_t got = r->batch[i].events;
		unsigned events = 0;

		if (w == NULL)
			continue; /* removed by a callback before */
		w->slot = NO_SLOT;
		if ((got & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
			events |= REACTOR_READ;
		if ((got & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
			events |= REACTOR_WRITE;
		w->fn(w->ctx, events); /* w may be gone now */
	}
	r->batch_len = 0;
}

static void
expire(struct reactor *r)
{
	struct heap_node *first;

	while (
	    (first = heap_peek(&r->heap)) != NULL && first->key <= r->now_ms) {
		struct timer *t = LIST_OBJECT(first, struct timer, node);

		if (t->deadline_ms > r->now_ms) {
			heap_move(&r->heap, first, t->deadline_ms);
			continue;
		}
		heap_remove(&r->heap, first);
		t->fn(t->ctx); /* t may be gone now */
	}
}

/* What was added in this batch is for the next one. */
static void
run_tasks(struct reactor *r)
{
	while (!list_is_empty(&r->tasks)) {
		struct task *t = LIST_OBJECT(r->tasks.next, struct task, link);

		if (t->round == r->round)
			return;
		list_remove(&t->link);
		t->fn(t->ctx); /* t may be gone now */
	}
}

struct err
reactor_run_once(struct reactor *r, bool may_wait)
{
	int64_t now_ms = forgive_stall(r);
	bool has_tasks = !list_is_empty(&r->tasks);
	int n = epoll_wait(r->fd, r->batch, REACTOR_BATCH,
	    may_wait && !has_tasks ? wait_ms(r, now_ms) : 0);

	if (n == -1 && errno != EINTR)
		return err_sys(ERR_IO);
	r->round++;
	reactor_refresh(r);
	r->batch_len = n > 0 ? (size_t)n : 0;
	deliver(r);
	expire(r);
	run_tasks(r);
	return err_none();
}
