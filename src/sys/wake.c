#include "sys/wake.h"

#include <sys/eventfd.h>
#include <unistd.h>

static void
on_wake(void *ctx, unsigned events)
{
	struct wake *wake = ctx;
	uint64_t count;

	(void)events;
	/* Resets the counter; that it is zero already is no harm. */
	if (read(wake->fd, &count, sizeof(count)) == sizeof(count))
		wake->fn(wake->ctx);
}

struct err
wake_init(struct wake *wake, struct reactor *r, reactor_timer_fn fn, void *ctx)
{
	struct err err;

	*wake = (struct wake){ .fn = fn, .ctx = ctx };
	watch_init(&wake->watch, on_wake, wake);
	wake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake->fd == -1)
		return err_sys(ERR_IO);
	err = reactor_add_fd(r, &wake->watch, wake->fd, REACTOR_READ);
	if (err_is(err)) {
		(void)close(wake->fd);
		wake->fd = -1;
	}
	return err;
}

void
wake_fini(struct wake *wake, struct reactor *r)
{
	if (wake->fd == -1)
		return;
	reactor_remove_fd(r, &wake->watch, true);
	(void)close(wake->fd);
	wake->fd = -1;
}

void
wake_up(const struct wake *wake)
{
	const uint64_t one = 1;
	int saved = errno;
	/* Fails only when the counter is full, and then it wakes anyway. */
	ssize_t n = write(wake->fd, &one, sizeof(one));

	(void)n;
	errno = saved;
}
