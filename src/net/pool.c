#include "net/pool.h"

#include <stdlib.h>
#include <sys/random.h>

/* Connections of one origin.  Lives as long as one of them is open. */
struct origin {
	struct hash_node node;
	struct list idle; /* most recently used first */
	unsigned conns;
	size_t key_len;
	uint8_t key[];
};

struct err
pool_init(struct pool *p, struct conn_env *env, unsigned limit)
{
	*p = (struct pool){ .env = env, .limit = limit };
	list_init(&p->idle);
	/* Without randomness the table still works, only not against an
	 * enemy who writes the list. */
	(void)!getrandom(&p->seed, sizeof(p->seed), GRND_NONBLOCK);
	return hash_table_init(&p->origins, limit);
}

void
pool_fini(struct pool *p)
{
	if (p->origins.heads == NULL)
		return;
	(void)pool_close_idle(p);
	hash_table_fini(&p->origins);
}

static struct origin *
find_origin(const struct pool *p, struct slice key, uint64_t hash)
{
	struct hash_node *node = hash_table_first(&p->origins, hash);

	for (; node != NULL; node = hash_table_next(node)) {
		struct origin *o = LIST_OBJECT(node, struct origin, node);

		if (slice_eq(slice_of(o->key, o->key_len), key))
			return o;
	}
	return NULL;
}

static struct origin *
take_origin(struct pool *p, struct slice key)
{
	uint64_t hash = hash_octets(key, p->seed);
	struct origin *o = find_origin(p, key, hash);

	if (o == NULL) {
		o = malloc(sizeof(*o) + key.len);
		if (o == NULL)
			return NULL;
		*o = (struct origin){ .key_len = key.len };
		memcpy(o->key, key.ptr, key.len);
		list_init(&o->idle);
		hash_table_add(&p->origins, &o->node, hash);
	}
	o->conns++;
	return o;
}

static void
release_origin(struct pool *p, struct origin *o)
{
	if (--o->conns > 0)
		return;
	hash_table_remove(&p->origins, &o->node);
	free(o);
}

static void
unlink_idle(struct conn *c)
{
	list_remove(&c->in_origin);
	list_remove(&c->in_lru);
}

/* Close, forget and free a connection that is in nobody's hands. */
static void
drop(struct pool *p, struct conn *c)
{
	unlink_idle(c);
	conn_close(c);
	release_origin(p, c->origin);
	free(c);
	p->open--;
}

static void
on_idle_end(void *ctx, struct conn *c)
{
	drop(ctx, c);
}

/*
 * Whether an idle connection can carry a request: its end, or octets that
 * nobody asked for and that would be taken for the next response, may be
 * waiting in the batch at hand or, unless it was busy a moment ago, in the
 * socket.
 */
static bool
is_fit(const struct pool *p, struct conn *c)
{
	return (c->idle_round == reactor_round(p->env->reactor) &&
		   !watch_has_event(&c->watch)) ||
	    conn_is_quiet(c);
}

bool
pool_has_idle(const struct pool *p, struct slice key)
{
	struct origin *o = find_origin(p, key, hash_octets(key, p->seed));

	return o != NULL && !list_is_empty(&o->idle);
}

struct conn *
pool_take_idle(struct pool *p, struct slice key)
{
	uint64_t hash = hash_octets(key, p->seed);

	for (;;) {
		struct origin *o = find_origin(p, key, hash);
		struct conn *c;

		if (o == NULL || list_is_empty(&o->idle))
			return NULL;
		c = LIST_OBJECT(o->idle.next, struct conn, in_origin);
		if (is_fit(p, c)) {
			unlink_idle(c);
			return c;
		}
		drop(p, c);
	}
}

static void
make_room(struct pool *p)
{
	while (p->open >= p->limit && !list_is_empty(&p->idle))
		drop(p, LIST_OBJECT(p->idle.prev, struct conn, in_lru));
}

struct err
pool_connect(struct pool *p, struct slice key, const struct conn_plan *plan,
    struct exchange *exchange, struct conn **out)
{
	struct conn *c = malloc(sizeof(*c));
	struct origin *o;
	struct err err;

	if (c == NULL)
		return err_of(ERR_NOMEM);
	make_room(p);
	o = take_origin(p, key);
	if (o == NULL) {
		free(c);
		return err_of(ERR_NOMEM);
	}
	err = conn_connect(c, p->env, plan, exchange);
	if (err_is(err)) {
		release_origin(p, o);
		free(c);
		return err;
	}
	c->origin = o;
	c->idle_fn = on_idle_end;
	c->idle_ctx = p;
	p->opened++;
	p->open++;
	if (p->open > p->peak)
		p->peak = p->open;
	*out = c;
	return err_none();
}

void
pool_give(struct pool *p, struct conn *c)
{
	/* A pool that had to shrink lets go as soon as it can. */
	if (!conn_is_open(c) || p->open > p->limit) {
		drop(p, c);
		return;
	}
	c->idle_round = reactor_round(p->env->reactor);
	list_push_front(&c->origin->idle, &c->in_origin);
	list_push_front(&p->idle, &c->in_lru);
}

unsigned
pool_close_idle(struct pool *p)
{
	unsigned count = 0;

	for (; !list_is_empty(&p->idle); count++)
		drop(p, LIST_OBJECT(p->idle.prev, struct conn, in_lru));
	return count;
}
