/*
 * made - which names a run has made, and for which URL, as far as a fixed
 * amount of memory remembers.
 *
 * A direct-mapped table of hashes: a new name displaces an older one, so that
 * an answer of MADE_UNKNOWN says nothing about the past.  Names of files that
 * were kept from an earlier run, which no ctime tells from other old ones, are
 * never forgotten, but may be taken for more than they are.
 */
#ifndef BULKFETCH_COLLECT_MADE_H
#define BULKFETCH_COLLECT_MADE_H

#include <stdbool.h>
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

/* The file `name` is an earlier run's, and this one's as well. */
struct err made_keep(struct made *m, uint64_t name);

/* Whether it is, or may be. */
bool made_may_be_kept(const struct made *m, uint64_t name);

#endif
