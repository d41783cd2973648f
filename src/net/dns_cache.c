#include "net/dns_cache.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/list.h"

/* An answer: an allocation of just what it needs. */
struct entry {
	struct hash_node node;
	struct list used; /* in the cache's list */
	int64_t expires_ms;
	uint16_t turn;     /* wraps around, which does rotation no harm */
	uint8_t failure_s; /* how long a failure was kept; 0: it is none */
	uint8_t verdict;
	uint8_t type;
	uint8_t count;
	uint8_t name_len;
	uint8_t octets[]; /* the name, then the addresses */
};

/* So that an entry can be allocated to its last octet. */
_Static_assert(offsetof(struct entry, octets) + 1 >= sizeof(struct entry),
    "an entry ends with its octets: the root's name has one");

struct dns_cache {
	struct hash_table table;
	struct list used; /* of entries, last used first */
	size_t max;       /* octets */
	size_t size;
	uint64_t seed;
};

/* Lists of names have addresses of one family mostly: two in a chain. */
#define OCTETS_PER_HEAD 256

/* ---- Entries ------------------------------------------------------------ */

static size_t
addr_len(enum dns_type type)
{
	return type == DNS_A ? 4 : 16;
}

/* What an allocation of `len` octets takes from the heap: a word beside it, in
 * multiples of two. */
static size_t
heap_size(size_t len)
{
	const size_t unit = 2 * sizeof(size_t);

	return (len + sizeof(size_t) + unit - 1) / unit * unit;
}

static size_t
entry_len(size_t name_len, enum dns_type type, size_t count)
{
	return offsetof(struct entry, octets) + name_len +
	    count * addr_len(type);
}

static size_t
entry_size(const struct entry *e)
{
	return heap_size(
	    entry_len(e->name_len, (enum dns_type)e->type, e->count));
}

static uint64_t
hash_of(
    const struct dns_cache *c, const struct dns_name *name, enum dns_type type)
{
	return hash_octets(dns_name_slice(name), c->seed ^ (uint64_t)type);
}

static struct entry *
find(const struct dns_cache *c, const struct dns_name *name, enum dns_type type)
{
	struct hash_node *node =
	    hash_table_first(&c->table, hash_of(c, name, type));

	for (; node != NULL; node = hash_table_next(node)) {
		struct entry *e = LIST_OBJECT(node, struct entry, node);

		if (e->type == (uint8_t)type &&
		    slice_eq(
			slice_of(e->octets, e->name_len), dns_name_slice(name)))
			return e;
	}
	return NULL;
}

static void
drop(struct dns_cache *c, struct entry *e)
{
	c->size -= entry_size(e);
	list_remove(&e->used);
	hash_table_remove(&c->table, &e->node);
	free(e);
}

/* Let go of what was used least recently until there is room. */
static bool
make_room(struct dns_cache *c, size_t size)
{
	while (c->size > c->max || size > c->max - c->size) {
		if (list_is_empty(&c->used))
			return false;
		drop(c, LIST_OBJECT(c->used.prev, struct entry, used));
	}
	return true;
}

/* ---- How long it holds -------------------------------------------------- */

static uint32_t
clamp(uint32_t value, uint32_t min, uint32_t max)
{
	if (value < min)
		return min;
	return value < max ? value : max;
}

/* Twice as long as the failure before it, if there was one. */
static uint8_t
failure_s(const struct entry *before)
{
	if (before == NULL || before->failure_s == 0)
		return DNS_CACHE_FAILURE;
	return (uint8_t)clamp(2 * (uint32_t)before->failure_s,
	    DNS_CACHE_FAILURE, DNS_CACHE_FAILURE_MAX);
}

/* Seconds; 0 for what is not kept. */
static uint32_t
holds_s(const struct dns_answer *answer, const struct entry *before)
{
	switch (answer->verdict) {
	case DNS_FOUND:
		return clamp(
		    answer->ttl_s, DNS_CACHE_TTL_MIN, DNS_CACHE_TTL_MAX);
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		return clamp(answer->ttl_s, DNS_CACHE_NEGATIVE_MIN,
		    DNS_CACHE_NEGATIVE_MAX);
	case DNS_SERVFAIL:
	case DNS_REFUSED:
	case DNS_TIMEOUT:
		return failure_s(before);
	case DNS_ALIAS:
		break;
	}
	return 0;
}

static bool
is_failure(enum dns_verdict verdict)
{
	return verdict == DNS_SERVFAIL || verdict == DNS_REFUSED ||
	    verdict == DNS_TIMEOUT;
}

/* ---- The cache ---------------------------------------------------------- */

struct err
dns_cache_new(size_t octets, struct dns_cache **out)
{
	struct dns_cache *c = calloc(1, sizeof(*c));
	struct err err;

	if (c == NULL)
		return err_of(ERR_NOMEM);
	/* Rounded up to a power of two: at most 1/16 of the octets. */
	err = hash_table_init(&c->table, octets / OCTETS_PER_HEAD);
	if (err_is(err)) {
		free(c);
		return err;
	}
	list_init(&c->used);
	c->max = octets;
	c->size = heap_size(sizeof(*c)) +
	    heap_size((c->table.mask + 1) * sizeof(*c->table.heads));
	(void)!getrandom(&c->seed, sizeof(c->seed), GRND_NONBLOCK);
	*out = c;
	return err_none();
}

void
dns_cache_free(struct dns_cache *c)
{
	if (c == NULL)
		return;
	while (!list_is_empty(&c->used))
		drop(c, LIST_OBJECT(c->used.prev, struct entry, used));
	hash_table_fini(&c->table);
	free(c);
}

bool
dns_cache_find(struct dns_cache *c, const struct dns_name *name,
    enum dns_type type, int64_t now_ms, struct dns_cached *out)
{
	struct entry *e = find(c, name, type);

	/* One that holds no longer still tells how long failures last. */
	if (e == NULL || now_ms >= e->expires_ms)
		return false;
	list_remove(&e->used);
	list_push_front(&c->used, &e->used);
	*out = (struct dns_cached){
		.verdict = (enum dns_verdict)e->verdict,
		.addrs = e->octets + e->name_len,
		.count = e->count,
		.turn = e->turn++,
	};
	return true;
}

/* The entry's octets; its place in the tables is left open. */
static struct entry *
new_entry(const struct dns_name *name, enum dns_type type,
    const struct dns_answer *answer)
{
	size_t count = answer->verdict == DNS_FOUND ? answer->count : 0;
	struct entry *e = malloc(entry_len(name->len, type, count));
	uint8_t *at;

	if (e == NULL)
		return NULL;
	e->verdict = (uint8_t)answer->verdict;
	e->type = (uint8_t)type;
	e->count = (uint8_t)count;
	e->name_len = name->len;
	at = e->octets;
	memcpy(at, name->octets, name->len);
	at += name->len;
	for (size_t i = 0; i < count; i++)
		memcpy(
		    at + i * addr_len(type), answer->addrs[i], addr_len(type));
	return e;
}

void
dns_cache_put(struct dns_cache *c, const struct dns_name *name,
    enum dns_type type, const struct dns_answer *answer, int64_t now_ms)
{
	struct entry *before = find(c, name, type);
	uint32_t s = holds_s(answer, before);
	struct entry *e;

	assert(name->len > 0 && answer->count <= DNS_ADDRS_MAX);
	if (s == 0)
		return;
	e = new_entry(name, type, answer);
	if (e != NULL) {
		e->expires_ms = now_ms + (int64_t)s * 1000;
		e->failure_s = is_failure(answer->verdict) ? (uint8_t)s : 0;
		e->turn = before != NULL ? before->turn : 0;
	}
	/* What it said is not true any more, even if there is no memory for
	 * what is. */
	if (before != NULL)
		drop(c, before);
	if (e == NULL)
		return;
	if (!make_room(c, entry_size(e))) {
		free(e);
		return;
	}
	c->size += entry_size(e);
	list_push_front(&c->used, &e->used);
	hash_table_add(&c->table, &e->node, hash_of(c, name, type));
}
