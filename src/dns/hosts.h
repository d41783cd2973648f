/*
 * hosts - the lines of a hosts file (hosts(5)).
 *
 * Pure: slices of the text that the caller owns.
 */
#ifndef BULKFETCH_DNS_HOSTS_H
#define BULKFETCH_DNS_HOSTS_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * Take lines off the front of `*text` up to one that has an address and at
 * least one name; comments, blank and incomplete lines are passed over.
 * `*names` is for hosts_next_name().  False at the end.
 */
bool hosts_next(struct slice *text, struct slice *addr, struct slice *names);

/* Take the next name; false at the end. */
bool hosts_next_name(struct slice *names, struct slice *name);

#endif
