#include "fetch/known_hosts.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

struct err
known_hosts_init(
    struct known_hosts *hosts, struct bulkfetch_pace rate, size_t capacity)
{
	struct err err;

	*hosts = (struct known_hosts){ .rate = rate };
	list_init(&hosts->remembered);
	list_init(&hosts->parked);
	heap_init(&hosts->fading);
	/* Without randomness the table still works, only not against an
	 * enemy who writes the list. */
	(void)!getrandom(&hosts->seed, sizeof(hosts->seed), GRND_NONBLOCK);
	err = heap_reserve(&hosts->fading, KNOWN_HOSTS_IDLE_MAX + 1);
	if (err_is(err))
		return err;
	return hash_table_init(
	    &hosts->table, capacity + KNOWN_HOSTS_IDLE_MAX + 1);
}

static void
forget(struct known_hosts *hosts, struct known_host *host)
{
	hash_table_remove(&hosts->table, &host->node);
	list_remove(&host->in_parked);
	free(host);
}

void
known_hosts_fini(struct known_hosts *hosts)
{
	for (size_t i = 0; hosts->table.heads != NULL && i <= hosts->table.mask;
	     i++) {
		while (hosts->table.heads[i] != NULL)
			forget(hosts,
			    LIST_OBJECT(hosts->table.heads[i],
				struct known_host, node));
	}
	hash_table_fini(&hosts->table);
	heap_fini(&hosts->fading);
}

/* Take a host that nobody holds out of what is remembered. */
static void
recall(struct known_hosts *hosts, struct known_host *host)
{
	list_remove(&host->link);
	heap_remove(&hosts->fading, &host->due);
	hosts->remembered_count--;
}

static struct known_host *
find(struct known_hosts *hosts, struct slice key, uint64_t hash)
{
	struct hash_node *node = hash_table_first(&hosts->table, hash);

	for (; node != NULL; node = hash_table_next(node)) {
		struct known_host *host =
		    LIST_OBJECT(node, struct known_host, node);

		if (!slice_eq(slice_of(host->key, host->key_len), key))
			continue;
		if (host->holds++ == 0)
			recall(hosts, host);
		return host;
	}
	return NULL;
}

struct known_host *
known_hosts_find(struct known_hosts *hosts, struct slice key)
{
	if (known_hosts_is_empty(hosts))
		return NULL;
	return find(hosts, key, hash_octets(key, hosts->seed));
}

struct known_host *
known_hosts_hold(struct known_hosts *hosts, struct slice key)
{
	uint64_t hash = hash_octets(key, hosts->seed);
	struct known_host *host = find(hosts, key, hash);

	if (host != NULL)
		return host;
	host = malloc(sizeof(*host) + key.len);
	if (host == NULL)
		return NULL;
	*host = (struct known_host){ .holds = 1, .key_len = key.len };
	list_init(&host->link);
	heap_node_init(&host->due);
	list_init(&host->in_parked);
	pace_init(&host->pace, hosts->rate);
	list_init(&host->queue);
	list_init(&host->delayed);
	if (key.len > 0)
		memcpy(host->key, key.ptr, key.len);
	hash_table_add(&hosts->table, &host->node, hash);
	return host;
}

/* Remember a host that nobody holds, for as long as that makes sense. */
static void
remember(struct known_hosts *hosts, struct known_host *host, int64_t now_ms)
{
	bool is_lasting = host->is_down || host->failures > 0;

	if (!is_lasting && host_due_ms(host) <= now_ms) {
		forget(hosts, host);
		return;
	}
	list_push_front(&hosts->remembered, &host->link);
	hosts->remembered_count++;
	if (!is_lasting) /* cannot fail: there is room for all remembered */
		(void)heap_add(&hosts->fading, &host->due, host_due_ms(host));
	if (hosts->remembered_count > KNOWN_HOSTS_IDLE_MAX) {
		host = LIST_OBJECT(
		    hosts->remembered.prev, struct known_host, link);
		recall(hosts, host);
		forget(hosts, host);
	}
}

void
known_hosts_release(
    struct known_hosts *hosts, struct known_host *host, int64_t now_ms)
{
	assert(host->holds > 0);
	if (--host->holds > 0)
		return;
	assert(host->place == HOST_ASIDE);
	remember(hosts, host, now_ms);
}

void
known_hosts_fade(struct known_hosts *hosts, int64_t now_ms)
{
	struct heap_node *first;

	while ((first = heap_peek(&hosts->fading)) != NULL &&
	    first->key <= now_ms) {
		struct known_host *host =
		    LIST_OBJECT(first, struct known_host, due);

		recall(hosts, host);
		forget(hosts, host);
	}
}

void
known_hosts_park(
    struct known_hosts *hosts, struct known_host *host, int64_t until_ms)
{
	if (until_ms <= host->parked_until_ms)
		return;
	host->parked_until_ms = until_ms;
	list_remove(&host->in_parked);
	list_push_back(&hosts->parked, &host->in_parked);
}

int64_t
host_due_ms(const struct known_host *host)
{
	int64_t pace_ms = pace_due_ms(&host->pace);

	return pace_ms > host->parked_until_ms ? pace_ms
					       : host->parked_until_ms;
}

unsigned
known_hosts_parked(const struct known_hosts *hosts, int64_t now_ms)
{
	unsigned count = 0;

	for (struct list *at = hosts->parked.next; at != &hosts->parked;
	     at = at->next)
		count += LIST_OBJECT(at, struct known_host, in_parked)
			     ->parked_until_ms > now_ms;
	return count;
}
