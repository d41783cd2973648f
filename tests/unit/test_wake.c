/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait */
#include "exact.h"
#include "fake_time.h"

#include <signal.h>

#include "sys/wake.h"

static unsigned calls;
static struct wake *to_wake;

static void
on_wake(void *ctx)
{
	assert_ptr_equal(ctx, to_wake);
	calls++;
}

static void
on_signal(int number)
{
	(void)number;
	wake_up(to_wake);
}

static void
run(struct reactor *r)
{
	assert_false(err_is(reactor_run_once(r, false)));
}

static void
is_told_once_for_any_number_of_calls(void **state)
{
	struct reactor *r;
	struct wake wake;

	(void)state;
	to_wake = &wake;
	assert_false(err_is(reactor_new(&r)));
	assert_false(err_is(wake_init(&wake, r, on_wake, &wake)));
	calls = 0;
	run(r);
	assert_int_equal(calls, 0);
	for (int i = 0; i < 1000; i++)
		wake_up(&wake);
	run(r);
	run(r);
	assert_int_equal(calls, 1);
	wake_up(&wake);
	run(r);
	assert_int_equal(calls, 2);
	wake_fini(&wake, r);
	wake_fini(&wake, r);
	reactor_free(r);
}

static void
can_be_used_in_a_signal_handler(void **state)
{
	struct reactor *r;
	struct wake wake;

	(void)state;
	to_wake = &wake;
	assert_false(err_is(reactor_new(&r)));
	assert_false(err_is(wake_init(&wake, r, on_wake, &wake)));
	calls = 0;
	assert_true(signal(SIGUSR1, on_signal) != SIG_ERR);
	errno = ENOTTY;
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(errno, ENOTTY);
	run(r);
	assert_int_equal(calls, 1);
	(void)signal(SIGUSR1, SIG_DFL);
	wake_fini(&wake, r);
	/* Too late, and no harm. */
	errno = ENOTTY;
	wake_up(&wake);
	assert_int_equal(errno, ENOTTY);
	reactor_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_told_once_for_any_number_of_calls),
		cmocka_unit_test(can_be_used_in_a_signal_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
