/*
 * option_find - from what somebody has typed to the option that is meant, or to
 * what to say when there is none.
 */
#ifndef BULKFETCH_CLI_OPTION_FIND_H
#define BULKFETCH_CLI_OPTION_FIND_H

#include <stddef.h>

#include "base/slice.h"
#include "cli/option_table.h"

/* Room for all the candidates that a beginning can have. */
#define OPTION_CANDIDATES_MAX 1024

/* NULL when there is none. */
const struct option_row *option_find_letter(char letter);

/*
 * The option whose name, or synonym, is `name` or alone begins with it; NULL
 * when there is none.  When several begin so, NULL with them in `candidates`
 * ("--failed, --fail-early"), which is otherwise empty.
 */
const struct option_row *option_find_name(
    struct slice name, char candidates[OPTION_CANDIDATES_MAX]);

/*
 * What to do instead of an option that other programs have and this one has
 * not, or means something else by, as a part of a sentence; NULL when there is
 * nothing to say.
 */
const char *option_hint_letter(char letter);
const char *option_hint_name(struct slice name);

/* The name most like `name`, NULL when none is near. */
const char *option_nearest(struct slice name);

#endif
