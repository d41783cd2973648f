/*
 * forms - what a run was asked for, checked and made ready once: the bounds of
 * the options, and the forms of all its requests.
 */
#ifndef BULKFETCH_FETCH_FORMS_H
#define BULKFETCH_FETCH_FORMS_H

#include <stdbool.h>

#include "bulkfetch.h"
#include "fetch/transfer.h"

/* Whether all numbers are within their bounds; else `*problem` is set. */
bool forms_check_options(
    const struct bulkfetch_options *o, struct bulkfetch_problem *problem);

/*
 * The forms of the requests, those after redirects too, of env->options.  False
 * with `*problem` when they ask for what cannot be sent; forms_fini() is due in
 * either case.
 */
bool forms_init(struct transfer_env *env, struct bulkfetch_problem *problem);
void forms_fini(struct transfer_env *env);

#endif
