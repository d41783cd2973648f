#include "net/resolver_hosts.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"
#include "dns/hosts.h"
#include "sys/slurp.h"

/* One name of one line. */
struct host_entry {
	struct hash_node node;
	struct slice name; /* borrowed from the text */
	struct slice addr; /* likewise */
};

struct resolver_hosts {
	struct resolver base;
	const char *path; /* borrowed */
	bool is_loaded;
	struct buf text;            /* the file */
	struct host_entry *entries; /* owned array */
	struct hash_table names;
};

static struct resolver_hosts *
of_base(struct resolver *r)
{
	return LIST_OBJECT(r, struct resolver_hosts, base);
}

/* A hash that does not care about case; bounded like the name itself. */
static uint64_t
name_hash(struct slice name)
{
	uint8_t lower[256];
	size_t len = name.len < sizeof(lower) ? name.len : sizeof(lower);

	for (size_t i = 0; i < len; i++)
		lower[i] = ascii_lower(name.ptr[i]);
	return hash_octets(slice_of(lower, len), 0);
}

static size_t
count_names(struct slice text)
{
	struct slice addr;
	struct slice names;
	struct slice name;
	size_t count = 0;

	while (hosts_next(&text, &addr, &names)) {
		while (hosts_next_name(&names, &name))
			count++;
	}
	return count;
}

static struct err
index_names(struct resolver_hosts *h)
{
	struct slice text = buf_slice(&h->text);
	size_t count = count_names(text);
	struct slice addr;
	struct slice names;
	size_t i = count;
	struct err err = hash_table_init(&h->names, count);

	if (err_is(err))
		return err;
	h->entries = calloc(count > 0 ? count : 1, sizeof(*h->entries));
	if (h->entries == NULL)
		return err_of(ERR_NOMEM);
	while (hosts_next(&text, &addr, &names)) {
		struct slice name;

		while (hosts_next_name(&names, &name))
			h->entries[--i] =
			    (struct host_entry){ .name = name, .addr = addr };
	}
	/* Chains grow at the front: adding backwards keeps the file's order. */
	for (i = 0; i < count; i++)
		hash_table_add(&h->names, &h->entries[i].node,
		    name_hash(h->entries[i].name));
	return err_none();
}

static void
unload(struct resolver_hosts *h)
{
	buf_fini(&h->text);
	hash_table_fini(&h->names);
	free(h->entries);
	h->entries = NULL;
}

static struct err
load(struct resolver_hosts *h)
{
	struct err err = slurp_file(h->path, &h->text);

	if (err_is_shortage(err.sys))
		err.kind = ERR_SHORTAGE;
	else if (!err_is(err) || err.kind == ERR_FILE)
		err = index_names(h);
	h->is_loaded = !err_is(err);
	if (err_is(err))
		unload(h);
	return err;
}

static void
add_addr(struct lookup *l, struct slice addr, uint16_t port)
{
	if (l->count < LOOKUP_ADDRS_MAX &&
	    endpoint_parse(addr, port, &l->addrs[l->count]))
		l->count++;
}

static bool
is_localhost(struct slice host)
{
	const struct slice local = slice_str("localhost");

	if (slice_eq_nocase(host, local))
		return true;
	return host.len > local.len &&
	    host.ptr[host.len - local.len - 1] == '.' &&
	    slice_eq_nocase(slice_from(host, host.len - local.len), local);
}

static void
find_name(struct resolver_hosts *h, struct lookup *l, struct slice host,
    uint16_t port)
{
	struct hash_node *node = hash_table_first(&h->names, name_hash(host));

	for (; node != NULL; node = hash_table_next(node)) {
		struct host_entry *e =
		    LIST_OBJECT(node, struct host_entry, node);

		if (slice_eq_nocase(e->name, host))
			add_addr(l, e->addr, port);
	}
}

static bool
hosts_start(
    struct resolver *r, struct lookup *l, struct slice host, uint16_t port)
{
	struct resolver_hosts *h = of_base(r);

	l->err = err_none();
	l->count = 0;
	add_addr(l, host, port);
	if (l->count > 0)
		return true;
	if (!h->is_loaded) {
		l->err = load(h);
		if (err_is(l->err))
			return true;
	}
	find_name(h, l, host, port);
	if (l->count == 0 && is_localhost(host)) {
		add_addr(l, slice_str("127.0.0.1"), port);
		add_addr(l, slice_str("::1"), port);
	}
	if (l->count == 0)
		l->err = err_why(ERR_RESOLVE, "not in the hosts file");
	return true;
}

static void
hosts_cancel(struct resolver *r, struct lookup *l)
{
	/* Every lookup was answered when it was started. */
	(void)r;
	(void)l;
}

static void
hosts_free(struct resolver *r)
{
	struct resolver_hosts *h = of_base(r);

	unload(h);
	free(h);
}

struct err
resolver_hosts_new(const char *path, struct resolver **out)
{
	struct resolver_hosts *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return err_of(ERR_NOMEM);
	h->base.start = hosts_start;
	h->base.cancel = hosts_cancel;
	h->base.free = hosts_free;
	h->path = path;
	buf_init(&h->text, RESOLVER_HOSTS_FILE_MAX);
	*out = &h->base;
	return err_none();
}
