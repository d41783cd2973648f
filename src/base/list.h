/*
 * list - doubly linked, circular, intrusive: the node lives in the object, so
 * linking never allocates and unlinking is O(1).
 *
 * A head and an unlinked node both point at themselves; list_remove() of an
 * unlinked node is harmless.
 */
#ifndef BULKFETCH_BASE_LIST_H
#define BULKFETCH_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next;
	struct list *prev;
};

/* The object that holds `node` as its member `member`. */
#define LIST_OBJECT(node, type, member) \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void
list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool
list_is_empty(const struct list *l)
{
	return l->next == l;
}

static inline void
list_remove(struct list *node)
{
	/* The analyser cannot tell that a freed object was unlinked before.
	 * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Put `node` first; it must be unlinked. */
static inline void
list_push_front(struct list *head, struct list *node)
{
	node->next = head->next;
	node->prev = head;
	head->next->prev = node;
	head->next = node;
}

/* Put `node` last; it must be unlinked. */
static inline void
list_push_back(struct list *head, struct list *node)
{
	list_push_front(head->prev, node);
}

#endif
