/*
 * made - which names a run has made, and for which URL, as far as a fixed
 * amount of memory remembers.
 *
 * A direct-mapped table of hashes: a new name displaces an older one, so that
 * an answer of MADE_UNKNOWN says nothing about the past.
 */
#ifndef BULKFETCH_COLLECT_MADE_H
#define BULKFETCH_COLLECT_MADE_H

#include <stdint.h>

#include "base/err.h"

struct made;

enum made_by {
	MADE_UNKNOWN,
	MADE_BY_URL,   /* the one that asks */
	MADE_BY_OTHER, /* another URL */
};

struct err made_new(struct made **m);
void made_free(struct made *m);

/* `name` and `url` are hashes of a name and of the URL that has it now. */
void made_add(struct made *m, uint64_t name, uint64_t url);

enum made_by made_find(const struct made *m, uint64_t name, uint64_t url);

#endif
