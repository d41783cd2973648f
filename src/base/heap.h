/*
 * heap - binary min-heap of deadlines, intrusive and indexed: the least key is
 * found in O(1); adding, removing and moving any node is O(log n).
 *
 * The heap owns its array of pointers and borrows the nodes; a node must stay
 * in place while it is in the heap.
 */
#ifndef BULKFETCH_BASE_HEAP_H
#define BULKFETCH_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HEAP_NOWHERE SIZE_MAX

struct heap_node {
	int64_t key;
	size_t at; /* index in the heap, HEAP_NOWHERE outside */
};

struct heap {
	struct heap_node **nodes; /* owned array, borrowed nodes */
	size_t count;
	size_t cap;
};

void heap_init(struct heap *h);
void heap_fini(struct heap *h);

static inline void
heap_node_init(struct heap_node *node)
{
	node->key = 0;
	node->at = HEAP_NOWHERE;
}

static inline bool
heap_has(const struct heap_node *node)
{
	return node->at != HEAP_NOWHERE;
}

/* Room for `count` nodes in all, so that heap_add() cannot fail below it. */
struct err heap_reserve(struct heap *h, size_t count);

/* Add a node that is outside; ERR_NOMEM when the array cannot grow. */
struct err heap_add(struct heap *h, struct heap_node *node, int64_t key);

/* Give a node that is inside another key. */
void heap_move(struct heap *h, struct heap_node *node, int64_t key);

/* Take a node out; one that is outside already is left alone. */
void heap_remove(struct heap *h, struct heap_node *node);

/* The node with the least key, lent; NULL when the heap is empty. */
static inline struct heap_node *
heap_peek(const struct heap *h)
{
	return h->count > 0 ? h->nodes[0] : NULL;
}

#endif
