#include "route/fixed_names.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/list.h"
#include "route/host_rule.h"

/* The addresses of one host and port. */
struct fixed_entry {
	struct hash_node node;
	struct host_key host; /* "*" for any */
	uint16_t port;
	unsigned turn; /* of the address to begin with */
	size_t count;
	struct endpoint addrs[];
};

struct fixed_names {
	struct hash_table table;
	uint64_t seed;
};

/* One text, read. */
struct fixed_text {
	bool is_removal;
	struct host_key host;
	uint16_t port;
	size_t count;
	struct endpoint addrs[FIXED_ADDRS_MAX];
};

/* ---- Reading ------------------------------------------------------------ */

static struct err
read_host(struct slice text, struct host_key *host)
{
	struct err err;

	if (!slice_eq_str(text, "*")) {
		err = host_rule_check(&text);
		if (err_is(err))
			return err;
	}
	if (!host_rule_key(text, host))
		return err_why(ERR_REQUEST, "a host name that is too long");
	return err_none();
}

static struct err
read_addr(struct slice text, uint16_t port, struct endpoint *out)
{
	if (text.len >= 2 && text.ptr[0] == '[' &&
	    text.ptr[text.len - 1] == ']')
		text = slice_first(slice_from(text, 1), text.len - 2);
	return endpoint_parse(text, port, out)
	    ? err_none()
	    : err_why(ERR_REQUEST, "a bad address");
}

static struct err
read_addrs(struct slice text, struct fixed_text *t)
{
	bool is_last = false;

	while (!is_last) {
		size_t comma = slice_find(text, ',');
		struct err err;

		if (t->count == FIXED_ADDRS_MAX)
			return err_why(ERR_REQUEST, "more than 64 addresses");
		err = read_addr(
		    slice_first(text, comma), t->port, &t->addrs[t->count]);
		if (err_is(err))
			return err;
		t->count++;
		is_last = comma == text.len;
		text = slice_from(text, is_last ? comma : comma + 1);
	}
	return err_none();
}

static struct err
read_text(struct slice text, struct fixed_text *t)
{
	struct slice host;
	struct slice port;
	bool has_port;
	bool has_addrs;
	struct err err;

	t->count = 0;
	t->is_removal = text.len > 0 && text.ptr[0] == '-';
	if (t->is_removal || (text.len > 0 && text.ptr[0] == '+'))
		text = slice_from(text, 1);
	has_port = host_rule_cut(&text, &host);
	has_addrs = host_rule_cut(&text, &port);
	if (!has_port || has_addrs == t->is_removal)
		return err_why(ERR_REQUEST,
		    "it takes the form HOST:PORT:ADDR[,ADDR] or -HOST:PORT");
	err = read_host(host, &t->host);
	if (!err_is(err))
		err = host_rule_port(port, &t->port);
	if (err_is(err) || t->is_removal)
		return err;
	return read_addrs(text, t);
}

/* ---- The table ---------------------------------------------------------- */

static struct slice
key_slice(const struct host_key *key)
{
	return slice_of(key->octets, key->len);
}

static struct fixed_entry *
find(const struct fixed_names *f, struct slice host, uint16_t port)
{
	struct hash_node *node =
	    hash_table_first(&f->table, hash_octets(host, f->seed + port));

	for (; node != NULL; node = hash_table_next(node)) {
		struct fixed_entry *e =
		    LIST_OBJECT(node, struct fixed_entry, node);

		if (e->port == port && slice_eq(key_slice(&e->host), host))
			return e;
	}
	return NULL;
}

static struct err
apply(struct fixed_names *f, const struct fixed_text *t)
{
	struct fixed_entry *old = find(f, key_slice(&t->host), t->port);
	struct fixed_entry *e;

	if (old != NULL) {
		hash_table_remove(&f->table, &old->node);
		free(old);
	}
	if (t->is_removal)
		return err_none();
	e = malloc(sizeof(*e) + t->count * sizeof(e->addrs[0]));
	if (e == NULL)
		return err_of(ERR_NOMEM);
	*e = (struct fixed_entry){
		.host = t->host, .port = t->port, .count = t->count
	};
	memcpy(e->addrs, t->addrs, t->count * sizeof(e->addrs[0]));
	hash_table_add(&f->table, &e->node,
	    hash_octets(key_slice(&e->host), f->seed + e->port));
	return err_none();
}

struct err
fixed_names_new(const char *const *texts, size_t count,
    struct fixed_names **out, const char **bad)
{
	struct fixed_names *f = calloc(1, sizeof(*f));
	struct fixed_text t = { .count = 0 };
	struct err err;

	if (f == NULL)
		return err_of(ERR_NOMEM);
	(void)!getrandom(&f->seed, sizeof(f->seed), GRND_NONBLOCK);
	err = hash_table_init(&f->table, count);
	for (size_t i = 0; i < count && !err_is(err); i++) {
		err = read_text(slice_str(texts[i]), &t);
		if (err.kind == ERR_REQUEST)
			*bad = texts[i];
		if (!err_is(err))
			err = apply(f, &t);
	}
	if (err_is(err)) {
		fixed_names_free(f);
		return err;
	}
	*out = f;
	return err;
}

void
fixed_names_free(struct fixed_names *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; f->table.heads != NULL && i <= f->table.mask; i++) {
		struct hash_node *node = f->table.heads[i];

		while (node != NULL) {
			struct fixed_entry *e =
			    LIST_OBJECT(node, struct fixed_entry, node);

			node = node->next;
			free(e);
		}
	}
	hash_table_fini(&f->table);
	free(f);
}

/* ---- Looking up --------------------------------------------------------- */

/* Those of a family, beginning with the next one. */
static size_t
take_turn(
    struct fixed_entry *e, sa_family_t family, struct endpoint *out, size_t max)
{
	const struct endpoint *fit[FIXED_ADDRS_MAX];
	size_t count = 0;
	size_t begin;

	for (size_t i = 0; i < e->count; i++) {
		if (family == AF_UNSPEC ||
		    e->addrs[i].addr.sa.sa_family == family)
			fit[count++] = &e->addrs[i];
	}
	if (count == 0)
		return 0;
	begin = e->turn++ % count;
	if (max > count)
		max = count;
	for (size_t i = 0; i < max; i++)
		out[i] = *fit[(begin + i) % count];
	return max;
}

size_t
fixed_names_find(struct fixed_names *f, struct slice host, uint16_t port,
    sa_family_t family, struct endpoint *out, size_t max, bool *is_known)
{
	struct fixed_entry *e = NULL;
	struct host_key key;

	*is_known = false;
	if (f->table.count == 0)
		return 0;
	if (host_rule_key(host, &key))
		e = find(f, key_slice(&key), port);
	if (e == NULL)
		e = find(f, slice_str("*"), port);
	if (e == NULL)
		return 0;
	*is_known = true;
	return take_turn(e, family, out, max);
}
