#include "cli/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "cli/status.h"

static struct bulkfetch *volatile signal_run;
static volatile sig_atomic_t signal_interrupts;
static volatile sig_atomic_t signal_wants_summary;
static volatile bool signal_is_given_up; /* interrupted twice */

static void
on_interrupt(int number)
{
	int saved = errno;
	struct bulkfetch *run = signal_run;

	(void)number;
	signal_interrupts++;
	if (signal_interrupts > 2)
		_exit(STATUS_INTERRUPTED);
	signal_is_given_up = signal_interrupts == 2;
	if (run != NULL) {
		bulkfetch_stop(run,
		    signal_is_given_up ? BULKFETCH_STOP_NOW
				       : BULKFETCH_STOP_DRAIN);
		bulkfetch_wake(run);
	}
	errno = saved;
}

static void
on_summary_wanted(int number)
{
	int saved = errno;
	struct bulkfetch *run = signal_run;

	(void)number;
	signal_wants_summary = 1;
	if (run != NULL)
		bulkfetch_wake(run);
	errno = saved;
}

/* Without SA_RESTART: a write to a slow reader must be interrupted. */
static void
handle(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(number, &action, NULL);
}

/* nohup(1) has SIGHUP ignored, a shell SIGINT for what runs behind it. */
static void
handle_unless_ignored(int number, void (*handler)(int))
{
	struct sigaction present;

	if (sigaction(number, NULL, &present) == 0 &&
	    present.sa_handler != SIG_IGN)
		handle(number, handler);
}

void
signals_attend(struct bulkfetch *run)
{
	signal_run = run;
	handle_unless_ignored(SIGINT, on_interrupt);
	handle(SIGTERM, on_interrupt);
	handle(SIGUSR1, on_summary_wanted);
	handle_unless_ignored(SIGHUP, on_interrupt);
}

void
signals_leave(void)
{
	signal_run = NULL;
}

bool
signals_have_interrupted(void)
{
	return signal_interrupts > 0;
}

const volatile bool *
signals_given_up(void)
{
	return &signal_is_given_up;
}

bool
signals_take_summary(void)
{
	bool is_wanted = signal_wants_summary != 0;

	signal_wants_summary = 0;
	return is_wanted;
}
