/*
 * version - what the head of a response says of the version of its content.
 *
 * The one place where a collector reads a head; only the runs and bodies that
 * have a use for it come here.
 */
#ifndef BULKFETCH_COLLECT_VERSION_H
#define BULKFETCH_COLLECT_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Longer validators are taken for none: real ones have some 30 octets. */
#define VERSION_FIELD_MAX 1024

/* Slices of the head. */
struct version {
	struct slice etag;          /* empty without a well-formed one */
	struct slice last_modified; /* empty without a date */
	int64_t time;               /* that date, with one */
	struct slice for_range;     /* validator_for_range(): one of the two;
				     * empty without, or of a coded body */
};

/* `head`: status line to empty line; anything else tells of nothing.  `now` is
 * the time of day. */
void version_read(struct slice head, int64_t now, struct version *v);

#endif
