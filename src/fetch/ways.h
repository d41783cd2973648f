/*
 * ways - the network paths of a run: addresses to ask for names, to come from
 * and to go to, by proxies or without.
 */
#ifndef BULKFETCH_FETCH_WAYS_H
#define BULKFETCH_FETCH_WAYS_H

#include <stdbool.h>

#include "base/err.h"
#include "bulkfetch.h"
#include "fetch/engine.h"

/*
 * What the options say of the engine's routes, sources and name servers.  False
 * with `*problem`; ways_fini() is due in either case.
 */
bool ways_init(struct engine *e, struct bulkfetch_problem *problem);
void ways_fini(struct engine *e);

/* The resolver, on the engine's reactor; to be freed before that. */
struct err ways_init_names(struct engine *e);
void ways_fini_names(struct engine *e);

#endif
