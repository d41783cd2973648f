/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=epoll_ctl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "fake_time.h"
#include "refuse.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/reactor.h"

static unsigned ctl_calls;

int __real_epoll_ctl(int fd, int op, int of, struct epoll_event *event);
int __wrap_epoll_ctl(int fd, int op, int of, struct epoll_event *event);

int
__wrap_epoll_ctl(int fd, int op, int of, struct epoll_event *event)
{
	ctl_calls++;
	return __real_epoll_ctl(fd, op, of, event);
}

/* One end of a connection, and what its callback does. */
struct end {
	struct reactor *reactor;
	struct watch watch;
	int fds[2]; /* the watched end, the other end */
	unsigned calls;
	unsigned events;
	void (*then)(struct end *end);
	struct end *other;
};

static void
on_event(void *ctx, unsigned events)
{
	struct end *end = ctx;

	end->calls++;
	end->events = events;
	if (end->then != NULL)
		end->then(end);
}

static void
open_end(struct end *end, struct reactor *r, unsigned events)
{
	*end = (struct end){ .reactor = r };
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		end->fds),
	    0);
	watch_init(&end->watch, on_event, end);
	assert_false(watch_is_added(&end->watch));
	assert_false(
	    err_is(reactor_add_fd(r, &end->watch, end->fds[0], events)));
	assert_true(watch_is_added(&end->watch));
}

static void
close_end(struct end *end)
{
	reactor_remove_fd(end->reactor, &end->watch, true);
	if (end->fds[0] != -1)
		(void)close(end->fds[0]);
	(void)close(end->fds[1]);
}

static void
say(const struct end *end)
{
	assert_int_equal(write(end->fds[1], "x", 1), 1);
}

static struct reactor *
new_reactor(void)
{
	struct reactor *r;

	assert_false(err_is(reactor_new(&r)));
	return r;
}

static void
run(struct reactor *r)
{
	assert_false(err_is(reactor_run_once(r, false)));
}

static void
tells_what_was_asked_for_and_nothing_else(void **state)
{
	static const struct {
		const char *name;
		unsigned asked;
		bool has_octet;
		bool has_ended;
		unsigned told;
	} cases[] = {
		{ "quiet, to read", REACTOR_READ, false, false, 0 },
		{ "octet, to read", REACTOR_READ, true, false, REACTOR_READ },
		{ "octet, to write", REACTOR_WRITE, true, false,
		    REACTOR_WRITE },
		{ "octet, both", REACTOR_READ | REACTOR_WRITE, true, false,
		    REACTOR_READ | REACTOR_WRITE },
		{ "octet, nothing", 0, true, false, 0 },
		/* That it is broken is told to everybody. */
		{ "ended, to read", REACTOR_READ, false, true,
		    REACTOR_READ | REACTOR_WRITE },
		{ "ended, to write", REACTOR_WRITE, false, true,
		    REACTOR_READ | REACTOR_WRITE },
		{ "ended, nothing", 0, false, true,
		    REACTOR_READ | REACTOR_WRITE },
	};
	struct reactor *r = new_reactor();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct end end;

		open_end(&end, r, cases[i].asked);
		if (cases[i].has_octet)
			say(&end);
		if (cases[i].has_ended) {
			(void)close(end.fds[1]);
			end.fds[1] = -1;
		}
		run(r);
		if (end.events != cases[i].told ||
		    end.calls != (cases[i].told != 0))
			fail_msg("%s: %u", cases[i].name, end.events);
		close_end(&end);
	}
	reactor_free(r);
	reactor_free(NULL);
}

static void
asks_the_kernel_only_when_something_changes(void **state)
{
	struct reactor *r = new_reactor();
	struct end end;

	(void)state;
	ctl_calls = 0;
	open_end(&end, r, REACTOR_READ);
	assert_int_equal(ctl_calls, 1);
	assert_false(err_is(reactor_set_events(r, &end.watch, REACTOR_READ)));
	assert_int_equal(ctl_calls, 1);
	assert_false(err_is(reactor_set_events(r, &end.watch, REACTOR_WRITE)));
	assert_int_equal(ctl_calls, 2);
	run(r);
	assert_int_equal(end.events, REACTOR_WRITE);
	reactor_remove_fd(r, &end.watch, true);
	assert_int_equal(ctl_calls, 2);
	reactor_remove_fd(r, &end.watch, false);
	assert_int_equal(ctl_calls, 2);
	close_end(&end);
	reactor_free(r);
}

static void
says_why_a_descriptor_cannot_be_watched(void **state)
{
	struct reactor *r = new_reactor();
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct watch w;
	struct err err;

	(void)state;
	watch_init(&w, on_event, NULL);
	err = reactor_add_fd(r, &w, file, REACTOR_READ);
	assert_int_equal(err.kind, ERR_IO);
	assert_int_equal(err.sys, EPERM);
	assert_false(watch_is_added(&w));
	(void)close(file);
	reactor_free(r);
}

/* ---- Batches ------------------------------------------------------------ */

static void
drop_other(struct end *end)
{
	struct end *other = end->other;

	if (!watch_is_added(&other->watch))
		return;
	assert_true(watch_has_event(&other->watch));
	assert_false(watch_has_event(&end->watch));
	reactor_remove_fd(end->reactor, &other->watch, true);
	(void)close(other->fds[0]);
	other->fds[0] = -1;
	assert_false(watch_has_event(&other->watch));
}

/* Both have an event in one batch; whichever comes first does `then`. */
static void
expect_one_called_of_two(void (*then)(struct end *end))
{
	struct reactor *r = new_reactor();
	struct end a;
	struct end b;

	open_end(&a, r, REACTOR_READ);
	open_end(&b, r, REACTOR_READ);
	a.then = b.then = then;
	a.other = &b;
	b.other = &a;
	say(&a);
	say(&b);
	run(r);
	assert_int_equal(a.calls + b.calls, 1);
	close_end(&a);
	close_end(&b);
	reactor_free(r);
}

static void
an_event_does_not_reach_a_watch_removed_before_it(void **state)
{
	(void)state;
	expect_one_called_of_two(drop_other);
}

/* Close the other one and open a quiet one with its number, in its place. */
static void
replace_other(struct end *end)
{
	struct end *other = end->other;
	int old = other->fds[0];

	drop_other(end);
	if (other->calls > 0)
		return;
	(void)close(other->fds[1]);
	open_end(other, end->reactor, REACTOR_READ);
	assert_true(other->fds[0] == old || other->fds[1] == old);
}

static void
an_event_does_not_reach_the_next_owner_of_the_number(void **state)
{
	(void)state;
	expect_one_called_of_two(replace_other);
}

static void
drop_itself(struct end *end)
{
	reactor_remove_fd(end->reactor, &end->watch, false);
}

static void
a_callback_may_remove_its_own_watch(void **state)
{
	struct reactor *r = new_reactor();
	struct end end;

	(void)state;
	open_end(&end, r, REACTOR_READ);
	end.then = drop_itself;
	say(&end);
	run(r);
	run(r);
	assert_int_equal(end.calls, 1);
	close_end(&end);
	reactor_free(r);
}

static void
a_wait_that_is_interrupted_is_no_failure_but_a_broken_one_is(void **state)
{
	struct reactor *r = new_reactor();
	struct err err;

	(void)state;
	fake_wait_errno = EINTR;
	run(r);
	fake_wait_errno = EBADF;
	err = reactor_run_once(r, false);
	assert_int_equal(err.kind, ERR_IO);
	assert_int_equal(err.sys, EBADF);
	reactor_free(r);
}

/* ---- Deadlines ---------------------------------------------------------- */

struct alarm {
	struct reactor *reactor;
	struct timer timer;
	unsigned calls;
	int64_t called_ms;
	int64_t again_ms; /* after so long; 0: not again */
	int64_t takes_ms;
};

static void
on_alarm(void *ctx)
{
	struct alarm *a = ctx;
	int64_t now_ms = reactor_now_ms(a->reactor);

	a->calls++;
	a->called_ms = now_ms;
	fake_now_ms += a->takes_ms;
	if (a->again_ms > 0)
		assert_false(err_is(
		    reactor_arm(a->reactor, &a->timer, now_ms + a->again_ms)));
}

static void
set_alarm(struct alarm *a, struct reactor *r, int64_t deadline_ms)
{
	*a = (struct alarm){ .reactor = r };
	timer_init(&a->timer, on_alarm, a);
	assert_false(err_is(reactor_arm(r, &a->timer, deadline_ms)));
}

static void
calls_at_the_deadline_and_not_before(void **state)
{
	struct reactor *r = new_reactor();
	int64_t start_ms = reactor_now_ms(r);
	struct alarm a;

	(void)state;
	set_alarm(&a, r, start_ms + 100);
	fake_now_ms += 99;
	run(r);
	assert_int_equal(a.calls, 0);
	fake_now_ms += 1;
	run(r);
	assert_int_equal(a.calls, 1);
	fake_now_ms += 1000;
	run(r);
	assert_int_equal(a.calls, 1);
	reactor_free(r);
}

/* Where moving a deadline leads, and how often it is waited for. */
static void
a_deadline_can_be_moved_later_and_earlier(void **state)
{
	static const struct {
		const char *name;
		int64_t moves_ms[4]; /* 0 ends them; -1: disarm */
		int64_t called_ms;   /* 0: never */
	} cases[] = {
		{ "kept", { 0 }, 100 },
		{ "later", { 500 }, 500 },
		{ "earlier", { 30 }, 30 },
		{ "later, earlier", { 500, 200 }, 200 },
		{ "later, before the first", { 500, 20 }, 20 },
		{ "earlier, later", { 20, 700 }, 700 },
		{ "off", { -1 }, 0 },
		{ "later, off", { 900, -1 }, 0 },
		{ "off, on", { -1, 300 }, 300 },
		{ "for ever", { INT64_MAX - FAKE_START_MS }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reactor *r;
		struct alarm a;
		struct alarm end;
		int64_t start_ms;

		fake_now_ms = start_ms = FAKE_START_MS;
		r = new_reactor();
		set_alarm(&a, r, start_ms + 100);
		set_alarm(&end, r, start_ms + 1000);
		for (size_t m = 0; cases[i].moves_ms[m] != 0; m++) {
			if (cases[i].moves_ms[m] == -1)
				reactor_disarm(r, &a.timer);
			else
				assert_false(err_is(reactor_arm(r, &a.timer,
				    start_ms + cases[i].moves_ms[m])));
		}
		while (end.calls == 0)
			assert_false(err_is(reactor_run_once(r, true)));
		assert_int_equal(a.calls, cases[i].called_ms != 0);
		if (a.calls > 0 && a.called_ms != start_ms + cases[i].called_ms)
			fail_msg("%s: after %lld ms", cases[i].name,
			    (long long)(a.called_ms - start_ms));
		reactor_free(r);
	}
}

static void
sleeps_to_the_first_deadline(void **state)
{
	struct reactor *r = new_reactor();
	struct alarm a;
	struct alarm b;

	(void)state;
	set_alarm(&a, r, reactor_now_ms(r) + 700);
	set_alarm(&b, r, reactor_now_ms(r) + 250);
	assert_false(err_is(reactor_run_once(r, false)));
	assert_int_equal(fake_timeout_ms, 0);
	assert_false(err_is(reactor_run_once(r, true)));
	assert_int_equal(fake_timeout_ms, 250);
	assert_int_equal(b.calls, 1);
	assert_false(err_is(reactor_run_once(r, true)));
	assert_int_equal(fake_timeout_ms, 450);
	assert_int_equal(a.calls, 1);
	/* Longer than an int of milliseconds. */
	set_alarm(&a, r, reactor_now_ms(r) + INT64_C(1) + INT32_MAX);
	assert_false(err_is(reactor_run_once(r, true)));
	assert_int_equal(fake_timeout_ms, INT32_MAX);
	assert_false(err_is(reactor_run_once(r, true)));
	assert_int_equal(a.calls, 1);
	reactor_free(r);
}

static void
a_callback_may_arm_its_own_deadline_again(void **state)
{
	struct reactor *r = new_reactor();
	struct alarm a;

	(void)state;
	set_alarm(&a, r, reactor_now_ms(r) + 10);
	a.again_ms = 10;
	for (unsigned i = 1; i <= 5; i++) {
		assert_false(err_is(reactor_run_once(r, true)));
		assert_int_equal(a.calls, i);
	}
	reactor_free(r);
}

static void
reserved_timers_cannot_be_refused(void **state)
{
	struct reactor *r = new_reactor();
	struct alarm alarms[200];

	(void)state;
	assert_false(err_is(reactor_reserve_timers(r, COUNT(alarms))));
	refuse_begin(1);
	for (size_t i = 0; i < COUNT(alarms); i++)
		set_alarm(&alarms[i], r, INT64_MAX);
	assert_false(refuse_end());
	reactor_free(r);
	refuse_begin(1);
	assert_int_equal(reactor_new(&r).kind, ERR_NOMEM);
	assert_true(refuse_end());
}

/* ---- Stalls ------------------------------------------------------------- */

static void
stall(struct end *end)
{
	(void)end;
	fake_now_ms += 60000;
}

static void
what_keeps_us_is_not_taken_for_silence(void **state)
{
	struct reactor *r = new_reactor();
	int64_t start_ms = reactor_now_ms(r);
	struct alarm a;
	struct alarm b;
	struct end end;

	(void)state;
	set_alarm(&a, r, start_ms + 10000);
	open_end(&end, r, REACTOR_READ);
	end.then = stall;
	say(&end);
	/* A callback that takes a minute. */
	run(r);
	reactor_remove_fd(r, &end.watch, false);
	run(r);
	assert_int_equal(a.calls, 0);
	assert_int_equal(reactor_now_ms(r), start_ms + REACTOR_STALL_MS);
	/* Somebody who takes a minute between two batches. */
	fake_now_ms += 60000;
	run(r);
	assert_int_equal(a.calls, 0);
	assert_int_equal(reactor_now_ms(r), start_ms + 2 * REACTOR_STALL_MS);
	/* A deadline's callback that takes one. */
	set_alarm(&b, r, start_ms);
	b.takes_ms = 60000;
	run(r);
	run(r);
	assert_int_equal(b.calls, 1);
	assert_int_equal(a.calls, 0);
	assert_int_equal(reactor_now_ms(r), start_ms + 3 * REACTOR_STALL_MS);
	/* And yet the deadline is met to the millisecond. */
	assert_false(err_is(reactor_run_once(r, true)));
	assert_int_equal(a.calls, 1);
	assert_int_equal(a.called_ms, start_ms + 10000);
	close_end(&end);
	reactor_free(r);
}

static void
waiting_is_no_stall(void **state)
{
	struct reactor *r = new_reactor();
	int64_t start_ms = reactor_now_ms(r);
	struct alarm a;

	(void)state;
	set_alarm(&a, r, start_ms + 3600000);
	assert_false(err_is(reactor_run_once(r, true)));
	assert_int_equal(a.calls, 1);
	assert_int_equal(reactor_now_ms(r), start_ms + 3600000);
	reactor_free(r);
}

static void
the_clock_can_be_read_anew_after_a_pause(void **state)
{
	struct reactor *r = new_reactor();
	int64_t start_ms = reactor_now_ms(r);

	(void)state;
	fake_now_ms += 60000;
	assert_int_equal(reactor_now_ms(r), start_ms);
	reactor_refresh(r);
	assert_int_equal(reactor_now_ms(r), start_ms + 60000);
	run(r);
	assert_int_equal(reactor_now_ms(r), start_ms + 60000);
	reactor_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_was_asked_for_and_nothing_else),
		cmocka_unit_test(asks_the_kernel_only_when_something_changes),
		cmocka_unit_test(says_why_a_descriptor_cannot_be_watched),
		cmocka_unit_test(
		    an_event_does_not_reach_a_watch_removed_before_it),
		cmocka_unit_test(
		    an_event_does_not_reach_the_next_owner_of_the_number),
		cmocka_unit_test(a_callback_may_remove_its_own_watch),
		cmocka_unit_test(
		    a_wait_that_is_interrupted_is_no_failure_but_a_broken_one_is),
		cmocka_unit_test(calls_at_the_deadline_and_not_before),
		cmocka_unit_test(a_deadline_can_be_moved_later_and_earlier),
		cmocka_unit_test(sleeps_to_the_first_deadline),
		cmocka_unit_test(a_callback_may_arm_its_own_deadline_again),
		cmocka_unit_test(reserved_timers_cannot_be_refused),
		cmocka_unit_test(what_keeps_us_is_not_taken_for_silence),
		cmocka_unit_test(waiting_is_no_stall),
		cmocka_unit_test(the_clock_can_be_read_anew_after_a_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
