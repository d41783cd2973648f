/*
 * compare - is a list still the one that a log has results for?
 *
 * Feed it the items of the list in their order.  Blocks of `struct done` are
 * compared when they end, so a changed line is known of at most 64 lines later.
 * Lines without a result may be any, and so may lines behind the last result.
 *
 * Pure.
 */
#ifndef BULKFETCH_SOURCE_COMPARE_H
#define BULKFETCH_SOURCE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bulkfetch.h"
#include "source/done.h"

struct compare_place {
	const char *list; /* borrowed from the item; NULL: no list */
	uint64_t line;
	uint64_t n; /* 0: no item */
};

enum compare_change {
	COMPARE_SAME,
	COMPARE_OTHER, /* `first` to `last` are not what they were */
	COMPARE_GONE,  /* lines before `at` are none any more */
	COMPARE_SHORT, /* results are beyond `at`, which is the last item */
};

struct compare {
	const struct done *done; /* borrowed */
	enum compare_change change;
	bool is_over;   /* nothing that follows has a result */
	uint64_t block; /* that the items are in */
	uint32_t sum;   /* of those with a result, since it began */
	struct compare_place first, last; /* those */
	struct compare_place at;          /* the item last fed */
};

void compare_init(struct compare *c, const struct done *done);

/* False: the list has changed, before `item` or up to it. */
bool compare_item(struct compare *c, const struct bulkfetch_item *item);

/* The list has ended.  False: it has changed. */
bool compare_end(struct compare *c);

/* Say what has changed; `log` is the path of the log.  Returns `out`. */
const char *compare_describe(
    const struct compare *c, const char *log, char *out, size_t cap);

#endif
