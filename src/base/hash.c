#include "base/hash.h"

#include <endian.h>
#include <stdlib.h>

/*
 * Multiply-and-fold over eight octets at a time: the 128-bit product of two
 * mixed words, its halves xored.  The constants are odd with about half of
 * their bits set; octets are read in little-endian order on every machine.
 */
#define K1 UINT64_C(0x9e3779b97f4a7c15)
#define K2 UINT64_C(0xd6e8feb86659fd93)

static uint64_t
fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* `len` octets, at most eight, as a number; those that lack are zero. */
static inline uint64_t
load(const uint8_t *ptr, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, ptr, len);
	return le64toh(word);
}

uint64_t
hash_octets(struct slice s, uint64_t seed)
{
	uint64_t h = seed ^ K1;
	size_t i = 0;

	for (; s.len - i >= 8; i += 8)
		h = fold(h ^ load(s.ptr + i, 8), K2) + K1;
	if (i < s.len)
		h ^= load(s.ptr + i, s.len - i);
	h = fold(h, K2);
	return fold(h ^ s.len, K1 ^ (h >> 32));
}

struct err
hash_table_init(struct hash_table *t, size_t expected)
{
	size_t heads = 16;

	while (heads < expected && heads <= SIZE_MAX / 4)
		heads *= 2;
	*t = (struct hash_table){ 0 };
	t->heads = calloc(heads, sizeof(struct hash_node *));
	if (t->heads == NULL)
		return err_of(ERR_NOMEM);
	t->mask = heads - 1;
	return err_none();
}

void
hash_table_fini(struct hash_table *t)
{
	free(t->heads);
	*t = (struct hash_table){ 0 };
}

void
hash_table_add(struct hash_table *t, struct hash_node *node, uint64_t hash)
{
	struct hash_node **head = &t->heads[hash & t->mask];

	node->hash = hash;
	node->next = *head;
	*head = node;
	t->count++;
}

void
hash_table_remove(struct hash_table *t, struct hash_node *node)
{
	struct hash_node **at = &t->heads[node->hash & t->mask];

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	t->count--;
}

struct hash_node *
hash_table_first(const struct hash_table *t, uint64_t hash)
{
	struct hash_node *node = t->heads[hash & t->mask];

	while (node != NULL && node->hash != hash)
		node = node->next;
	return node;
}

struct hash_node *
hash_table_next(const struct hash_node *node)
{
	struct hash_node *next = node->next;

	while (next != NULL && next->hash != node->hash)
		next = next->next;
	return next;
}
