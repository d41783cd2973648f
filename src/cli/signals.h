/*
 * signals - SIGINT, SIGTERM and SIGHUP stop the run, the first one in order, the
 * second at once, the third by ending the program; SIGUSR1 asks for a summary.
 *
 * A handler is given nothing but a number, so what it works on is the one thing
 * of the program at file scope.
 */
#ifndef BULKFETCH_CLI_SIGNALS_H
#define BULKFETCH_CLI_SIGNALS_H

#include <stdbool.h>

#include "bulkfetch.h"

/* Handle them from now on, for `run`, which is borrowed until signals_leave().
 * SIGHUP is left alone where it is ignored, as nohup(1) has it. */
void signals_attend(struct bulkfetch *run);

/* The run is over; signals are still counted. */
void signals_leave(void);

/* Whether the run was asked to stop. */
bool signals_have_interrupted(void);

/* Set once it was asked to stop at once; for as long as the program lives. */
const volatile bool *signals_given_up(void);

/* Whether a summary was asked for since the last call. */
bool signals_take_summary(void);

#endif
