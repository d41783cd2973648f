#include "base/heap.h"

#include <stdlib.h>

void
heap_init(struct heap *h)
{
	*h = (struct heap){ 0 };
}

void
heap_fini(struct heap *h)
{
	free(h->nodes);
	heap_init(h);
}

struct err
heap_reserve(struct heap *h, size_t count)
{
	struct heap_node **nodes;

	if (count <= h->cap)
		return err_none();
	nodes = reallocarray(h->nodes, count, sizeof(*nodes));
	if (nodes == NULL)
		return err_of(ERR_NOMEM);
	h->nodes = nodes;
	h->cap = count;
	return err_none();
}

static void
place(struct heap *h, struct heap_node *node, size_t at)
{
	h->nodes[at] = node;
	node->at = at;
}

static void
sift_up(struct heap *h, struct heap_node *node, size_t at)
{
	while (at > 0) {
		size_t parent = (at - 1) / 2;

		if (h->nodes[parent]->key <= node->key)
			break;
		place(h, h->nodes[parent], at);
		at = parent;
	}
	place(h, node, at);
}

static void
sift_down(struct heap *h, struct heap_node *node, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= h->count)
			break;
		if (child + 1 < h->count &&
		    h->nodes[child + 1]->key < h->nodes[child]->key)
			child++;
		if (node->key <= h->nodes[child]->key)
			break;
		place(h, h->nodes[child], at);
		at = child;
	}
	place(h, node, at);
}

struct err
heap_add(struct heap *h, struct heap_node *node, int64_t key)
{
	if (h->count == h->cap) {
		struct err err = heap_reserve(h, h->cap > 0 ? 2 * h->cap : 64);

		if (err_is(err))
			return err;
	}
	node->key = key;
	sift_up(h, node, h->count++);
	return err_none();
}

/* Let a node whose key has changed find its place from `at`. */
static void
settle(struct heap *h, struct heap_node *node, size_t at)
{
	if (at > 0 && node->key < h->nodes[(at - 1) / 2]->key)
		sift_up(h, node, at);
	else
		sift_down(h, node, at);
}

void
heap_move(struct heap *h, struct heap_node *node, int64_t key)
{
	node->key = key;
	settle(h, node, node->at);
}

void
heap_remove(struct heap *h, struct heap_node *node)
{
	size_t at = node->at;
	struct heap_node *last;

	if (at == HEAP_NOWHERE)
		return;
	node->at = HEAP_NOWHERE;
	last = h->nodes[--h->count];
	if (last != node)
		settle(h, last, at);
}
