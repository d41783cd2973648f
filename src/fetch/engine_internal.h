/*
 * engine_internal - what the two halves of the engine share: engine.c begins
 * requests and runs the loop, engine_end.c deals with their ends and with that
 * of the run.  For those two files alone.
 */
#ifndef BULKFETCH_FETCH_ENGINE_INTERNAL_H
#define BULKFETCH_FETCH_ENGINE_INTERNAL_H

#include "fetch/engine.h"

/* Begin what can be begun; false when there may be more. */
bool engine_pump(struct engine *e);

/* Ask for a turn of `t`, which is READY, and begin it when it may go. */
void engine_ask(struct engine *e, struct transfer *t);

/* Let `t` wait until `at_ms`, and then for its turn. */
void engine_wait(struct engine *e, struct transfer *t, int64_t at_ms);

/* Begin nothing more; the first reason is the one that counts. */
void engine_drain(struct engine *e, enum bulkfetch_end end);

/* Break off what is under way.  Not from within a transfer's callback. */
void engine_stop_now(struct engine *e, enum bulkfetch_end end);

/* The observer's own verdict, an errno value, on what it was told. */
void engine_check_observer(struct engine *e, int sys);

/* Stop when the options' bounds are reached. */
void engine_check_budget(struct engine *e);

#endif
