/*
 * hash - octets to 64 bits, and a table of intrusive chains over them.
 *
 * hash_octets() is stable: the same octets and seed give the same value on
 * every machine and in every release, because file names carry it.  It is not
 * a cryptographic hash.  Tables of names that strangers choose pass a random
 * seed, so that nobody can aim at one chain.
 */
#ifndef BULKFETCH_BASE_HASH_H
#define BULKFETCH_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

uint64_t hash_octets(struct slice s, uint64_t seed);

struct hash_node {
	struct hash_node *next; /* borrowed: next in the chain */
	uint64_t hash;
};

/* Invariant: the count of heads is a power of two, mask = heads - 1. */
struct hash_table {
	struct hash_node **heads; /* owned array, borrowed nodes */
	size_t mask;
	size_t count;
};

/* Chains for about `expected` nodes; more only makes chains longer. */
struct err hash_table_init(struct hash_table *t, size_t expected);
void hash_table_fini(struct hash_table *t);

void hash_table_add(
    struct hash_table *t, struct hash_node *node, uint64_t hash);
void hash_table_remove(struct hash_table *t, struct hash_node *node);

/*
 * The first node with this hash, or the next one after `node`; NULL at the
 * end.  The caller compares the keys.
 */
struct hash_node *hash_table_first(const struct hash_table *t, uint64_t hash);
struct hash_node *hash_table_next(const struct hash_node *node);

#endif
