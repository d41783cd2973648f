/*
 * update_merge - one store from an older one and from what a run has noted.
 */
#ifndef BULKFETCH_COLLECT_UPDATE_MERGE_H
#define BULKFETCH_COLLECT_UPDATE_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "collect/update_store.h"

/* Records in the order of their keys, in a file. */
struct update_range {
	int fd; /* borrowed */
	uint64_t at;
	uint64_t end;
};

/* More of them would take too much memory. */
#define UPDATE_RANGES_MAX 1024

/*
 * Add to `w` what the ranges hold.  Of the records of a key the one of the last
 * range is taken; keys that have their first word in common count as one, at
 * the price of a URL that is fetched again.  A range ends where no record can
 * be read.  Memory is at most 12 MiB.  Fails as the writer does.
 */
struct err update_merge(
    const struct update_range *ranges, size_t count, struct update_writer *w);

#endif
