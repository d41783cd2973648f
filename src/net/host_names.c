#include "net/host_names.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"
#include "dns/hosts.h"
#include "dns/name.h"
#include "sys/slurp.h"
#include "sys/stamp.h"

/* One name of one line. */
struct host_entry {
	struct hash_node node;       /* only of a name's first entry */
	struct slice name;           /* borrowed from the text */
	const struct endpoint *addr; /* borrowed: its line's */
	struct host_entry *next;     /* of the same name, in a ring */
	struct host_entry *begun;    /* in the first: with which the last answer
				      * began, at first the last one */
};

/* What a file says. */
struct host_table {
	struct buf text;
	struct endpoint *addrs;     /* owned array, one a line at most */
	struct host_entry *entries; /* owned array */
	struct hash_table names;
};

struct host_names {
	const char *path; /* borrowed */
	uint64_t seed;
	bool is_read;
	struct stamp stamp; /* of what `table` was made from */
	struct host_table table;
};

/* ---- Names -------------------------------------------------------------- */

/* Does not care about case; a name is DNS_NAME_MAX octets long at most. */
static uint64_t
name_hash(const struct host_names *h, struct slice name)
{
	uint8_t lower[DNS_NAME_MAX];

	for (size_t i = 0; i < name.len; i++)
		lower[i] = ascii_lower(name.ptr[i]);
	return hash_octets(slice_of(lower, name.len), h->seed);
}

static struct host_entry *
find_first(const struct hash_table *names, struct slice name, uint64_t hash)
{
	struct hash_node *node = hash_table_first(names, hash);

	for (; node != NULL; node = hash_table_next(node)) {
		struct host_entry *e =
		    LIST_OBJECT(node, struct host_entry, node);

		if (slice_eq_nocase(e->name, name))
			return e;
	}
	return NULL;
}

/* ---- Reading ------------------------------------------------------------ */

static void
count_names(struct slice text, size_t *lines, size_t *count)
{
	struct slice addr;
	struct slice names;
	struct slice name;

	*lines = 0;
	*count = 0;
	while (hosts_next(&text, &addr, &names)) {
		++*lines;
		while (hosts_next_name(&names, &name))
			++*count;
	}
}

static struct err
make_arrays(struct host_table *t)
{
	struct err err;
	size_t lines;
	size_t count;

	count_names(buf_slice(&t->text), &lines, &count);
	err = hash_table_init(&t->names, count);
	if (err_is(err) || count == 0)
		return err;
	t->addrs = calloc(lines, sizeof(*t->addrs));
	t->entries = calloc(count, sizeof(*t->entries));
	if (t->addrs == NULL || t->entries == NULL)
		return err_of(ERR_NOMEM);
	return err_none();
}

/* Put `e`, whose name and address are set, behind those of its name. */
static void
add_entry(
    const struct host_names *h, struct host_table *t, struct host_entry *e)
{
	uint64_t hash = name_hash(h, e->name);
	struct host_entry *first = find_first(&t->names, e->name, hash);

	if (first == NULL) {
		e->next = e;
		e->begun = e;
		hash_table_add(&t->names, &e->node, hash);
		return;
	}
	e->next = first;
	first->begun->next = e;
	first->begun = e;
}

static void
index_names(const struct host_names *h, struct host_table *t)
{
	struct slice text = buf_slice(&t->text);
	struct endpoint *addr = t->addrs;
	struct host_entry *e = t->entries;
	struct slice addr_text;
	struct slice names;

	while (hosts_next(&text, &addr_text, &names)) {
		struct slice name;

		if (!endpoint_parse(addr_text, 0, addr))
			continue;
		while (hosts_next_name(&names, &name)) {
			if (name.len > DNS_NAME_MAX)
				continue;
			e->name = name;
			e->addr = addr;
			add_entry(h, t, e++);
		}
		addr++;
	}
}

static void
table_fini(struct host_table *t)
{
	buf_fini(&t->text);
	free(t->addrs);
	free(t->entries);
	hash_table_fini(&t->names);
}

/* `exists`: there is a file to read. */
static struct err
table_init(const struct host_names *h, bool exists, struct host_table *t)
{
	struct err err = err_none();

	*t = (struct host_table){ .addrs = NULL };
	buf_init(&t->text, HOST_NAMES_FILE_MAX);
	if (exists)
		err = slurp_file(h->path, &t->text);
	if (err_is_shortage(err.sys))
		err.kind = ERR_SHORTAGE;
	if (err.sys == ENOMEM)
		err.kind = ERR_NOMEM;
	if (err.kind == ERR_FILE || err.kind == ERR_LIMIT) {
		buf_fini(&t->text);
		err = err_none();
	}
	if (!err_is(err))
		err = make_arrays(t);
	if (err_is(err)) {
		table_fini(t);
		return err;
	}
	index_names(h, t);
	return err_none();
}

/* ---- The table ---------------------------------------------------------- */

struct err
host_names_new(const char *path, struct host_names **out)
{
	struct host_names *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return err_of(ERR_NOMEM);
	h->path = path;
	(void)!getrandom(&h->seed, sizeof(h->seed), GRND_NONBLOCK);
	*out = h;
	return err_none();
}

void
host_names_free(struct host_names *h)
{
	if (h == NULL)
		return;
	table_fini(&h->table);
	free(h);
}

struct err
host_names_refresh(struct host_names *h)
{
	struct stamp stamp = stamp_of(h->path);
	struct host_table table;
	struct err err;

	if (h->is_read && stamp_eq(&stamp, &h->stamp))
		return err_none();
	err = table_init(h, stamp_is(&stamp), &table);
	if (err_is(err))
		return err;
	table_fini(&h->table);
	h->table = table;
	h->stamp = stamp;
	h->is_read = true;
	return err_none();
}

size_t
host_names_find(struct host_names *h, struct slice host, uint16_t port,
    sa_family_t family, struct endpoint *out, size_t max, bool *is_known)
{
	struct host_entry *first = NULL;
	struct host_entry *e;
	struct host_entry *end;
	size_t count = 0;

	if (h->is_read && host.len <= DNS_NAME_MAX)
		first = find_first(&h->table.names, host, name_hash(h, host));
	*is_known = first != NULL;
	if (first == NULL)
		return 0;
	end = first->begun->next;
	e = end;
	do {
		if (family == AF_UNSPEC ||
		    family == e->addr->addr.sa.sa_family) {
			if (count == max)
				break;
			if (count == 0)
				first->begun = e;
			out[count] = *e->addr;
			endpoint_set_port(&out[count++], port);
		}
		e = e->next;
	} while (e != end);
	return count;
}
