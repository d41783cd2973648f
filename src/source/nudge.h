/*
 * nudge - a descriptor that is always readable, for a source that says PENDING
 * only so that others can run.
 */
#ifndef BULKFETCH_SOURCE_NUDGE_H
#define BULKFETCH_SOURCE_NUDGE_H

#include <stdbool.h>

struct nudge {
	int fd;      /* owned eventfd; -1 until it is needed */
	bool is_set; /* the last PENDING was for the sake of others */
};

void nudge_init(struct nudge *nudge);
void nudge_fini(struct nudge *nudge);

/* Whether to pause, which is then what `is_set` says.  Never if the descriptor
 * is refused. */
bool nudge_set(struct nudge *nudge);

#endif
