#include "net/tls_sessions.h"

#include <stdlib.h>
#include <sys/random.h>

/* For the hash table; of the size that real sessions have. */
#define SESSION_OCTETS_USUAL 2048

struct session {
	struct hash_node node;
	struct list link;
	bool was_offered;
	bool is_ban; /* without a session: none is wanted */
	size_t key_len;
	size_t len;
	uint8_t octets[]; /* the key, and the session behind it */
};

struct err
tls_sessions_init(struct tls_sessions *s, size_t octets_max)
{
	*s = (struct tls_sessions){ .octets_max = octets_max };
	list_init(&s->used);
	/* Without randomness the table still works, only not against an enemy
	 * who writes the list. */
	(void)!getrandom(&s->seed, sizeof(s->seed), GRND_NONBLOCK);
	return hash_table_init(&s->table, octets_max / SESSION_OCTETS_USUAL);
}

static size_t
size_of(const struct session *e)
{
	return sizeof(*e) + e->key_len + e->len;
}

static void
drop(struct tls_sessions *s, struct session *e)
{
	s->octets -= size_of(e);
	hash_table_remove(&s->table, &e->node);
	list_remove(&e->link);
	free(e);
}

void
tls_sessions_fini(struct tls_sessions *s)
{
	if (s->table.heads == NULL)
		return;
	while (!list_is_empty(&s->used))
		drop(s, LIST_OBJECT(s->used.prev, struct session, link));
	hash_table_fini(&s->table);
}

static struct session *
find(const struct tls_sessions *s, struct slice key, uint64_t hash)
{
	struct hash_node *node = hash_table_first(&s->table, hash);

	for (; node != NULL; node = hash_table_next(node)) {
		struct session *e = LIST_OBJECT(node, struct session, node);

		if (slice_eq(slice_of(e->octets, e->key_len), key))
			return e;
	}
	return NULL;
}

struct slice
tls_sessions_take(struct tls_sessions *s, struct slice key)
{
	struct session *e = find(s, key, hash_octets(key, s->seed));

	if (e == NULL || e->is_ban)
		return slice_of(NULL, 0);
	e->was_offered = true;
	list_remove(&e->link);
	list_push_front(&s->used, &e->link);
	return slice_of(e->octets + e->key_len, e->len);
}

bool
tls_sessions_want(const struct tls_sessions *s, struct slice key)
{
	const struct session *e = find(s, key, hash_octets(key, s->seed));

	return e == NULL || (e->was_offered && !e->is_ban);
}

/* In place of one before. */
static void
put(struct tls_sessions *s, struct slice key, struct slice session, bool is_ban)
{
	uint64_t hash = hash_octets(key, s->seed);
	struct session *e = find(s, key, hash);

	if (e != NULL)
		drop(s, e);
	if (session.len > TLS_SESSION_MAX)
		return;
	e = malloc(sizeof(*e) + key.len + session.len);
	if (e == NULL)
		return;
	*e = (struct session){
		.is_ban = is_ban, .key_len = key.len, .len = session.len
	};
	memcpy(e->octets, key.ptr, key.len);
	if (session.len > 0)
		memcpy(e->octets + key.len, session.ptr, session.len);
	list_push_front(&s->used, &e->link);
	hash_table_add(&s->table, &e->node, hash);
	s->octets += size_of(e);
	while (s->octets > s->octets_max)
		drop(s, LIST_OBJECT(s->used.prev, struct session, link));
}

void
tls_sessions_put(struct tls_sessions *s, struct slice key, struct slice session)
{
	const struct session *e = find(s, key, hash_octets(key, s->seed));

	if (e == NULL || !e->is_ban)
		put(s, key, session, false);
}

void
tls_sessions_ban(struct tls_sessions *s, struct slice key)
{
	put(s, key, slice_of(NULL, 0), true);
}

void
tls_sessions_drop(struct tls_sessions *s, struct slice key)
{
	struct session *e = find(s, key, hash_octets(key, s->seed));

	if (e != NULL && e->was_offered)
		drop(s, e);
}
