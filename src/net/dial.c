#include "net/dial.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "route/addresses.h"
#include "route/sources.h"
#include "sys/reactor.h"

struct attempt {
	struct dial *dial;
	struct watch watch;
	int fd;    /* owned; -1: none */
	size_t at; /* in the plan; who began earlier has a lower one */
	int64_t begun_ms;
};

struct dial {
	struct conn_env *env;         /* borrowed */
	const struct conn_plan *plan; /* borrowed */
	size_t next;                  /* of the plan, to be tried */
	struct timer timer; /* always armed, so that it never has to allocate */
	struct err err;     /* the verdict so far */
	dial_fn fn;
	void *ctx;
	struct attempt attempts[DIAL_ATTEMPTS_MAX];
};

/* ---- One attempt -------------------------------------------------------- */

/* From each of the sources until one has a port left. */
static struct err
open_from_sources(struct sources *sources, const struct endpoint *ep, int *fd)
{
	sa_family_t family = ep->addr.sa.sa_family;
	size_t count = sources_count(sources, family);
	struct err err = { .kind = ERR_CONNECT,
		.sys = EAFNOSUPPORT,
		.why = "--interface has no address of this family" };

	for (size_t i = 0; i < count; i++) {
		struct err now =
		    sock_connect(ep, sources_next(sources, family), fd);

		if (now.sys != EADDRNOTAVAIL)
			return now;
		err = i == 0 ? now : dial_verdict(err, now);
	}
	return err;
}

struct err
dial_open(struct conn_env *env, const struct endpoint *ep, int *fd)
{
	if (env->sources == NULL || ep->addr.sa.sa_family == AF_UNIX)
		return sock_connect(ep, NULL, fd);
	return open_from_sources(env->sources, ep, fd);
}

bool
dial_begin(struct conn_env *env, const struct conn_plan *plan, size_t *at,
    int *fd, struct err *err)
{
	for (; *at < plan->count; ++*at) {
		const struct endpoint *ep = &plan->addrs[*at];
		struct err now = dial_open(env, ep, fd);

		if (!err_is(now))
			return true;
		*err = dial_verdict(*err, now);
		/* Ports are used up to this address alone; of descriptors there
		 * are no more for the next one either. */
		if (err_is_shortage(now.sys))
			return false;
		if (now.kind != ERR_SHORTAGE)
			dial_note_failure(env, ep, now.sys);
	}
	return false;
}

static int
rank(struct err err)
{
	if (!err_is(err))
		return 0;
	if (err.kind == ERR_SHORTAGE)
		return 3;
	return err.sys == ENETUNREACH || err.sys == EAFNOSUPPORT ||
		err.sys == EADDRNOTAVAIL
	    ? 1
	    : 2;
}

struct err
dial_verdict(struct err before, struct err err)
{
	return rank(err) > rank(before) ? err : before;
}

void
dial_note_failure(
    const struct conn_env *env, const struct endpoint *ep, int sys)
{
	if (env->addresses != NULL)
		addresses_note_failure(
		    env->addresses, ep, sys, reactor_now_ms(env->reactor));
}

/* ---- Those of a race ---------------------------------------------------- */

static void on_event(void *ctx, unsigned events);

/* Begin with `fd`, which is closed on failure. */
static struct err
attempt_begin(struct attempt *a, int fd, size_t at, int64_t begun_ms)
{
	struct err err;

	err =
	    reactor_add_fd(a->dial->env->reactor, &a->watch, fd, REACTOR_WRITE);
	if (err_is(err)) {
		(void)close(fd);
		return err;
	}
	a->fd = fd;
	a->at = at;
	a->begun_ms = begun_ms;
	return err;
}

static void
attempt_end(struct attempt *a)
{
	if (a->fd == -1)
		return;
	reactor_remove_fd(a->dial->env->reactor, &a->watch, true);
	(void)close(a->fd);
	a->fd = -1;
}

static void
note(const struct attempt *a, int sys)
{
	dial_note_failure(a->dial->env, &a->dial->plan->addrs[a->at], sys);
}

static struct attempt *
find_unused(struct dial *d)
{
	for (size_t i = 0; i < DIAL_ATTEMPTS_MAX; i++) {
		if (d->attempts[i].fd == -1)
			return &d->attempts[i];
	}
	return NULL;
}

/* The attempt under way that began first; NULL: none is. */
static struct attempt *
find_oldest(struct dial *d)
{
	struct attempt *oldest = NULL;

	for (size_t i = 0; i < DIAL_ATTEMPTS_MAX; i++) {
		struct attempt *a = &d->attempts[i];

		if (a->fd != -1 && (oldest == NULL || a->at < oldest->at))
			oldest = a;
	}
	return oldest;
}

/* ---- The race ----------------------------------------------------------- */

static void
arm(struct dial *d, int64_t deadline_ms)
{
	/* Cannot fail: it is armed, or was a moment ago. */
	(void)reactor_arm(d->env->reactor, &d->timer, deadline_ms);
}

/* Tell of the end; `fd` is nobody else's any more. */
static void
end(struct dial *d, int fd, size_t at)
{
	struct err err = d->err;
	dial_fn fn = d->fn;
	void *ctx = d->ctx;

	dial_cancel(d);
	fn(ctx, fd, at, fd == -1 ? err : err_none());
}

/* Room for another attempt; NULL and `*at_ms` when there will be. */
static struct attempt *
make_room(struct dial *d, int64_t now_ms, int64_t *at_ms)
{
	struct attempt *a = find_unused(d);

	if (a != NULL)
		return a;
	a = find_oldest(d);
	if (a->begun_ms + DIAL_PATIENCE_MS > now_ms) {
		*at_ms = a->begun_ms + DIAL_PATIENCE_MS;
		return NULL;
	}
	note(a, ETIMEDOUT);
	d->err = dial_verdict(d->err, err_code(ERR_CONNECT, ETIMEDOUT));
	attempt_end(a);
	return a;
}

/*
 * Begin with the next address.  When to go on, should nothing happen until
 * then.  No descriptor is no reason to end while others are under way: some may
 * become free.
 */
static int64_t
begin_next(struct dial *d)
{
	int64_t now_ms = reactor_now_ms(d->env->reactor);
	int64_t at_ms = now_ms + DIAL_DELAY_MS;
	struct attempt *a = make_room(d, now_ms, &at_ms);
	struct err err = d->err;
	bool is_alone = find_oldest(d) == NULL;
	int fd;

	if (a == NULL)
		return at_ms;
	if (dial_begin(d->env, d->plan, &d->next, &fd, &err)) {
		struct err added = attempt_begin(a, fd, d->next++, now_ms);

		d->err = dial_verdict(err, added);
	} else if (is_alone || d->next == d->plan->count) {
		d->err = err;
		d->next = d->plan->count;
	}
	return d->next < d->plan->count ? at_ms : INT64_MAX;
}

/* Begin the next attempt, if there is one to begin; end if there is none. */
static void
go_on(struct dial *d)
{
	do {
		arm(d, INT64_MAX);
		if (d->next < d->plan->count)
			arm(d, begin_next(d));
	} while (find_oldest(d) == NULL && d->next < d->plan->count);
	if (find_oldest(d) == NULL)
		end(d, -1, 0);
}

static void
on_timer(void *ctx)
{
	go_on(ctx);
}

/* It stands.  Those that had begun before were not in time. */
static void
win(struct attempt *a)
{
	struct dial *d = a->dial;
	int fd = a->fd;
	size_t at = a->at;

	reactor_remove_fd(d->env->reactor, &a->watch, false);
	a->fd = -1;
	for (size_t i = 0; i < DIAL_ATTEMPTS_MAX; i++) {
		if (d->attempts[i].fd != -1 && d->attempts[i].at < at)
			note(&d->attempts[i], ETIMEDOUT);
	}
	end(d, fd, at);
}

static void
on_event(void *ctx, unsigned events)
{
	struct attempt *a = ctx;
	struct dial *d = a->dial;
	int sys = 0;
	socklen_t len = sizeof(sys);

	(void)events; /* SO_ERROR tells */
	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &sys, &len) == -1)
		sys = errno;
	if (sys == 0) {
		win(a);
		return;
	}
	note(a, sys);
	d->err = dial_verdict(d->err, err_code(ERR_CONNECT, sys));
	attempt_end(a);
	go_on(d);
}

/* ---- Its life ----------------------------------------------------------- */

struct err
dial_new(struct conn_env *env, const struct conn_plan *plan, int fd, size_t at,
    struct err before, dial_fn fn, void *ctx, struct dial **out)
{
	int64_t now_ms = reactor_now_ms(env->reactor);
	struct dial *d = malloc(sizeof(*d));
	struct err err = err_of(ERR_NOMEM);

	if (d == NULL)
		goto fail;
	*d = (struct dial){ .env = env,
		.plan = plan,
		.next = at + 1,
		.err = before,
		.fn = fn,
		.ctx = ctx };
	timer_init(&d->timer, on_timer, d);
	for (size_t i = 0; i < DIAL_ATTEMPTS_MAX; i++) {
		struct attempt *a = &d->attempts[i];

		*a = (struct attempt){ .dial = d, .fd = -1 };
		watch_init(&a->watch, on_event, a);
	}
	/* The next attempt is due, and begins in this very round. */
	err = reactor_arm(env->reactor, &d->timer, now_ms);
	if (err_is(err))
		goto fail;
	if (fd != -1)
		err = attempt_begin(
		    &d->attempts[0], fd, at, now_ms - DIAL_DELAY_MS);
	if (err_is(err)) {
		dial_cancel(d);
		return err;
	}
	*out = d;
	return err;

fail:
	free(d);
	if (fd != -1)
		(void)close(fd);
	return err;
}

void
dial_note_late(const struct dial *d)
{
	for (size_t i = 0; i < DIAL_ATTEMPTS_MAX; i++) {
		if (d->attempts[i].fd != -1)
			note(&d->attempts[i], ETIMEDOUT);
	}
}

void
dial_cancel(struct dial *d)
{
	if (d == NULL)
		return;
	reactor_disarm(d->env->reactor, &d->timer);
	for (size_t i = 0; i < DIAL_ATTEMPTS_MAX; i++)
		attempt_end(&d->attempts[i]);
	free(d);
}
