/*
 * fake_time - a clock that only a test moves, and a wait that never sleeps.  A
 * test that includes this has the line
 *
 *     link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait
 *
 * in a comment of its own.  Where a reactor would sleep, the clock leaps to
 * the end of its sleep; where it would sleep for ever, the test fails.
 */
#ifndef BULKFETCH_TESTS_UNIT_FAKE_TIME_H
#define BULKFETCH_TESTS_UNIT_FAKE_TIME_H

#include "exact.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>

/* Some instant that is neither 0 nor the real one. */
#define FAKE_START_MS INT64_C(1000000000)

static int64_t fake_now_ms = FAKE_START_MS;
static int fake_timeout_ms; /* of the last wait */
static int fake_wait_errno; /* what the next wait fails with, once; 0: none */

/* When the world outside does something that no reactor knows of. */
static int64_t fake_wake_ms = INT64_MAX;

/* Called before each wait, for whoever has his turn then; may be NULL.  True:
 * it has called the code under test, which may want to wait less long now. */
static bool (*fake_before_wait)(void);

int64_t __wrap_clock_now_ms(void);
int __real_epoll_wait(
    int fd, struct epoll_event *events, int max, int timeout_ms);
int __wrap_epoll_wait(
    int fd, struct epoll_event *events, int max, int timeout_ms);

int64_t
__wrap_clock_now_ms(void)
{
	return fake_now_ms;
}

int
__wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
	int n;

	fake_timeout_ms = timeout_ms;
	if (fake_wait_errno != 0) {
		errno = fake_wait_errno;
		fake_wait_errno = 0;
		return -1;
	}
	if (fake_before_wait != NULL && fake_before_wait())
		timeout_ms = 0;
	n = __real_epoll_wait(fd, events, max, 0);
	if (n != 0 || timeout_ms == 0)
		return n;
	if (timeout_ms != -1 && fake_wake_ms - fake_now_ms >= timeout_ms)
		fake_now_ms += timeout_ms;
	else if (fake_wake_ms != INT64_MAX)
		fake_now_ms = fake_wake_ms;
	else
		fail_msg("waits for ever");
	return n;
}

#endif
