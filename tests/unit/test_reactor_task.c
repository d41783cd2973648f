/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait */
#include "exact.h"
#include "fake_time.h"

#include "sys/reactor.h"

struct chore {
	struct reactor *reactor;
	struct task task;
	struct timer timer; /* adds the task when it comes up */
	unsigned calls;
	unsigned again;      /* so many times more */
	struct chore *other; /* that is to be removed; or NULL */
};

static void
on_task(void *ctx)
{
	struct chore *chore = ctx;

	chore->calls++;
	if (chore->again > 0) {
		chore->again--;
		reactor_add_task(chore->reactor, &chore->task);
	}
	if (chore->other != NULL)
		reactor_remove_task(&chore->other->task);
}

static void
on_alarm(void *ctx)
{
	struct chore *chore = ctx;

	reactor_add_task(chore->reactor, &chore->task);
}

static void
chore_init(struct chore *chore, struct reactor *r)
{
	*chore = (struct chore){ .reactor = r };
	task_init(&chore->task, on_task, chore);
	timer_init(&chore->timer, on_alarm, chore);
}

static void
chore_set_alarm(struct chore *chore, int64_t ms)
{
	assert_false(err_is(reactor_arm(chore->reactor, &chore->timer,
	    reactor_now_ms(chore->reactor) + ms)));
}

static struct reactor *
new_reactor(void)
{
	struct reactor *r;

	assert_false(err_is(reactor_new(&r)));
	return r;
}

static void
a_task_is_called_once_a_batch_without_a_wait(void **state)
{
	struct reactor *r = new_reactor();
	struct chore chore;
	struct chore later;

	(void)state;
	chore_init(&chore, r);
	chore_init(&later, r);
	chore_set_alarm(&later, 1000);
	chore.again = 4;
	reactor_add_task(r, &chore.task);
	for (unsigned i = 1; i <= 5; i++) {
		assert_false(err_is(reactor_run_once(r, true)));
		assert_int_equal(fake_timeout_ms, 0);
		assert_int_equal(chore.calls, i);
	}
	assert_false(err_is(reactor_run_once(r, true)));
	assert_int_equal(fake_timeout_ms, 1000);
	assert_int_equal(chore.calls, 5);
	reactor_free(r);
}

static void
a_task_of_this_batch_is_for_the_next_one(void **state)
{
	struct reactor *r = new_reactor();
	struct chore before;
	struct chore chore;

	(void)state;
	chore_init(&before, r);
	chore_init(&chore, r);
	reactor_add_task(r, &before.task);
	chore_set_alarm(&chore, 0);
	assert_false(err_is(reactor_run_once(r, true)));
	assert_int_equal(before.calls, 1);
	assert_int_equal(chore.calls, 0);
	assert_false(err_is(reactor_run_once(r, true)));
	assert_int_equal(before.calls, 1);
	assert_int_equal(chore.calls, 1);
	reactor_free(r);
}

static void
a_task_that_is_removed_is_not_called(void **state)
{
	struct reactor *r = new_reactor();
	struct chore chores[3];

	(void)state;
	for (size_t i = 0; i < COUNT(chores); i++) {
		chore_init(&chores[i], r);
		reactor_add_task(r, &chores[i].task);
	}
	chores[0].other = &chores[2];
	reactor_remove_task(&chores[1].task);
	reactor_remove_task(&chores[1].task);
	for (int i = 0; i < 3; i++)
		assert_false(err_is(reactor_run_once(r, false)));
	assert_int_equal(chores[0].calls, 1);
	assert_int_equal(chores[1].calls, 0);
	assert_int_equal(chores[2].calls, 0);
	reactor_free(r);
}

static void
a_wait_that_fails_leaves_the_tasks_for_the_next(void **state)
{
	struct reactor *r = new_reactor();
	struct chore chore;

	(void)state;
	chore_init(&chore, r);
	reactor_add_task(r, &chore.task);
	fake_wait_errno = EBADF;
	assert_int_equal(reactor_run_once(r, false).kind, ERR_IO);
	assert_int_equal(chore.calls, 0);
	assert_false(err_is(reactor_run_once(r, false)));
	assert_int_equal(chore.calls, 1);
	reactor_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_is_called_once_a_batch_without_a_wait),
		cmocka_unit_test(a_task_of_this_batch_is_for_the_next_one),
		cmocka_unit_test(a_task_that_is_removed_is_not_called),
		cmocka_unit_test(
		    a_wait_that_fails_leaves_the_tasks_for_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
