#include "route/addresses.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/list.h"

/* Something known for a while, oldest first in its list. */
struct known {
	struct hash_node node;
	struct list link;
	int64_t told_ms;
	union {
		struct endpoint ep; /* that failed */
		sa_family_t family; /* that a host was connected by */
	} what;
};

/*
 * Invariant: as many are in `told` as in the table; they, the unused ones and
 * those of the pool from `fresh` on, never touched so far, are all there are.
 */
struct memory {
	struct hash_table table;
	struct list told;
	struct list unused;
	size_t fresh;
	int64_t lasts_ms;
	struct known pool[ADDRESSES_MAX];
};

/* When a family led nowhere. */
struct family {
	bool has_failed;
	int64_t failed_ms;
};

struct addresses {
	uint64_t seed;
	struct memory failed;      /* by address */
	struct memory winners;     /* by host: its hash alone, since two that
				* share one only share a preference */
	struct family families[2]; /* IPv4, IPv6 */
};

/* Where an address comes among those of its name. */
struct rank {
	int64_t failed_ms; /* INT64_MIN: not passed over */
	size_t place;      /* among those that failed at the same time */
	struct endpoint ep;
};

/* ---- Memory ------------------------------------------------------------- */

static struct err
memory_init(struct memory *m, int64_t lasts_ms)
{
	m->lasts_ms = lasts_ms;
	list_init(&m->told);
	list_init(&m->unused);
	return hash_table_init(&m->table, ADDRESSES_MAX);
}

static void
forget(struct memory *m, struct known *k)
{
	hash_table_remove(&m->table, &k->node);
	list_remove(&k->link);
	list_push_front(&m->unused, &k->link);
}

static struct known *
oldest(struct memory *m)
{
	return LIST_OBJECT(m->told.next, struct known, link);
}

/* Forget what has lasted long enough. */
static void
fade(struct memory *m, int64_t now_ms)
{
	while (!list_is_empty(&m->told) &&
	    now_ms - oldest(m)->told_ms >= m->lasts_ms)
		forget(m, oldest(m));
}

static struct known *
take(struct memory *m)
{
	struct known *k;

	if (list_is_empty(&m->unused) && m->fresh < ADDRESSES_MAX) {
		k = &m->pool[m->fresh++];
		list_init(&k->link);
		return k;
	}
	if (list_is_empty(&m->unused))
		forget(m, oldest(m));
	k = LIST_OBJECT(m->unused.next, struct known, link);
	list_remove(&k->link);
	return k;
}

/* One more, in place of `old` unless that is NULL. */
static struct known *
remember(struct memory *m, struct known *old, uint64_t hash, int64_t now_ms)
{
	struct known *k;

	if (old != NULL)
		forget(m, old);
	k = take(m);
	list_push_back(&m->told, &k->link);
	hash_table_add(&m->table, &k->node, hash);
	k->told_ms = now_ms;
	return k;
}

/* ---- What is known ------------------------------------------------------ */

static struct family *
family_of(struct addresses *a, const struct endpoint *ep)
{
	return &a->families[ep->addr.sa.sa_family == AF_INET6];
}

static bool
is_internet(const struct endpoint *ep)
{
	return ep->addr.sa.sa_family == AF_INET ||
	    ep->addr.sa.sa_family == AF_INET6;
}

static uint64_t
endpoint_hash(const struct addresses *a, const struct endpoint *ep)
{
	uint64_t seed = a->seed + endpoint_port(ep);

	if (ep->addr.sa.sa_family == AF_INET)
		return hash_octets(slice_of(&ep->addr.in.sin_addr,
				       sizeof(ep->addr.in.sin_addr)),
		    seed);
	return hash_octets(
	    slice_of(&ep->addr.in6.sin6_addr, sizeof(ep->addr.in6.sin6_addr)),
	    seed);
}

static struct known *
find_failed(struct addresses *a, const struct endpoint *ep, uint64_t hash)
{
	struct hash_node *node = hash_table_first(&a->failed.table, hash);

	for (; node != NULL; node = hash_table_next(node)) {
		struct known *k = LIST_OBJECT(node, struct known, node);

		if (endpoint_eq(&k->what.ep, ep))
			return k;
	}
	return NULL;
}

static struct known *
find_winner(struct addresses *a, uint64_t hash)
{
	struct hash_node *node = hash_table_first(&a->winners.table, hash);

	return node != NULL ? LIST_OBJECT(node, struct known, node) : NULL;
}

static bool
leads_nowhere(int sys)
{
	return sys == ENETUNREACH || sys == EAFNOSUPPORT ||
	    sys == EADDRNOTAVAIL;
}

void
addresses_note_failure(
    struct addresses *a, const struct endpoint *ep, int sys, int64_t now_ms)
{
	uint64_t hash;

	if (!is_internet(ep))
		return;
	if (leads_nowhere(sys)) {
		*family_of(a, ep) =
		    (struct family){ .has_failed = true, .failed_ms = now_ms };
		return;
	}
	hash = endpoint_hash(a, ep);
	remember(&a->failed, find_failed(a, ep, hash), hash, now_ms)->what.ep =
	    *ep;
}

void
addresses_note_success(struct addresses *a, struct slice host,
    const struct endpoint *ep, bool is_raced, int64_t now_ms)
{
	if (!is_internet(ep))
		return;
	family_of(a, ep)->has_failed = false;
	if (a->failed.table.count > 0) {
		struct known *k = find_failed(a, ep, endpoint_hash(a, ep));

		if (k != NULL)
			forget(&a->failed, k);
	}
	if (is_raced) {
		uint64_t hash = hash_octets(host, a->seed);

		remember(&a->winners, find_winner(a, hash), hash, now_ms)
		    ->what.family = ep->addr.sa.sa_family;
	}
}

/* ---- The order ---------------------------------------------------------- */

/* When `ep` or its family failed, if it is passed over; else INT64_MIN. */
static int64_t
failed_at(struct addresses *a, const struct endpoint *ep)
{
	const struct family *f = family_of(a, ep);
	int64_t failed_ms = f->has_failed ? f->failed_ms : INT64_MIN;

	if (a->failed.table.count > 0 && is_internet(ep)) {
		const struct known *k =
		    find_failed(a, ep, endpoint_hash(a, ep));

		if (k != NULL && k->told_ms > failed_ms)
			failed_ms = k->told_ms;
	}
	return failed_ms;
}

/* The family to begin with. */
static sa_family_t
first_family(struct addresses *a, struct slice host)
{
	const struct known *k = NULL;

	if (a->winners.table.count > 0)
		k = find_winner(a, hash_octets(host, a->seed));
	return k != NULL ? k->what.family : AF_INET6;
}

static bool
has_one_family(const struct endpoint *addrs, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (addrs[i].addr.sa.sa_family != addrs[0].addr.sa.sa_family)
			return false;
	}
	return true;
}

static bool
is_behind(const struct rank *a, const struct rank *b)
{
	if (a->failed_ms != b->failed_ms)
		return a->failed_ms > b->failed_ms;
	return a->place > b->place;
}

/* Stable, and good enough for a handful. */
static void
sort(struct rank *ranks, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct rank moving = ranks[i];
		size_t at = i;

		for (; at > 0 && is_behind(&ranks[at - 1], &moving); at--)
			ranks[at] = ranks[at - 1];
		ranks[at] = moving;
	}
}

/* What is known of each, and the place that it has. */
static void
rank_all(struct addresses *a, const struct endpoint *addrs, size_t count,
    struct rank *ranks)
{
	for (size_t i = 0; i < count; i++)
		ranks[i] = (struct rank){ .failed_ms = failed_at(a, &addrs[i]),
			.place = i,
			.ep = addrs[i] };
}

static void
sort_into(struct rank *ranks, size_t count, struct endpoint *addrs)
{
	sort(ranks, count);
	for (size_t i = 0; i < count; i++)
		addrs[i] = ranks[i].ep;
}

/* The families in turn among those that failed at the same time: the i-th of
 * the first family comes before the i-th of the other one. */
static void
interleave(struct rank *ranks, size_t count, sa_family_t first)
{
	for (size_t i = 0; i < count; i++) {
		sa_family_t family = ranks[i].ep.addr.sa.sa_family;
		size_t before = 0;

		for (size_t j = 0; j < i; j++)
			before += ranks[j].failed_ms == ranks[i].failed_ms &&
			    ranks[j].ep.addr.sa.sa_family == family;
		ranks[i].place = 2 * before + (family != first);
	}
}

static void
fade_all(struct addresses *a, int64_t now_ms)
{
	fade(&a->failed, now_ms);
	fade(&a->winners, now_ms);
	for (size_t i = 0; i < 2; i++) {
		if (now_ms - a->families[i].failed_ms >= ADDRESSES_PASS_MS)
			a->families[i].has_failed = false;
	}
}

/* Functions of their own, since `ranks` is cleared where it is declared (HARDEN
 * in the Makefile) and most calls need none. */
static void
put_in_order(struct addresses *a, struct slice host, struct endpoint *addrs,
    size_t count, bool is_mixed)
{
	struct rank ranks[ADDRESSES_ORDER_MAX];

	rank_all(a, addrs, count, ranks);
	interleave(ranks, count, is_mixed ? first_family(a, host) : AF_INET6);
	sort_into(ranks, count, addrs);
}

static void
put_behind(struct addresses *a, struct endpoint *addrs, size_t count)
{
	struct rank ranks[ADDRESSES_ORDER_MAX];

	rank_all(a, addrs, count, ranks);
	sort_into(ranks, count, addrs);
}

void
addresses_order(struct addresses *a, struct slice host, struct endpoint *addrs,
    size_t count, int64_t now_ms)
{
	bool is_mixed = !has_one_family(addrs, count);

	fade_all(a, now_ms);
	if (count > ADDRESSES_ORDER_MAX)
		count = ADDRESSES_ORDER_MAX;
	if (count >= 2 && (is_mixed || a->failed.table.count > 0))
		put_in_order(a, host, addrs, count, is_mixed);
}

void
addresses_pass_over(
    struct addresses *a, struct endpoint *addrs, size_t count, int64_t now_ms)
{
	fade_all(a, now_ms);
	if (count > ADDRESSES_ORDER_MAX)
		count = ADDRESSES_ORDER_MAX;
	if (count >= 2 &&
	    (a->failed.table.count > 0 || a->families[0].has_failed ||
		a->families[1].has_failed))
		put_behind(a, addrs, count);
}

struct err
addresses_new(struct addresses **out)
{
	struct addresses *a = calloc(1, sizeof(*a));
	struct err err;

	if (a == NULL)
		return err_of(ERR_NOMEM);
	(void)!getrandom(&a->seed, sizeof(a->seed), GRND_NONBLOCK);
	err = memory_init(&a->failed, ADDRESSES_PASS_MS);
	if (!err_is(err))
		err = memory_init(&a->winners, ADDRESSES_WINNER_MS);
	if (err_is(err)) {
		addresses_free(a);
		return err;
	}
	*out = a;
	return err;
}

void
addresses_free(struct addresses *a)
{
	if (a == NULL)
		return;
	hash_table_fini(&a->failed.table);
	hash_table_fini(&a->winners.table);
	free(a);
}
