#include "collect/made.h"

#include <stdlib.h>

/* A power of two; 256 KiB, and more names than are made between two looks at
 * one of them, as a rule. */
#define SLOTS 16384

/* A Bloom filter of 4 MiB.  With a million names kept one in 5,000 others is
 * taken for one of them, with five million one in 20; it then gets a longer
 * name, and loses nothing. */
#define KEPT_BITS (UINT64_C(1) << 25)
#define KEPT_PROBES 4

struct slot {
	uint64_t name;
	uint64_t url;
};

struct made {
	uint8_t *kept;            /* owned: the filter; NULL: nothing kept */
	struct slot slots[SLOTS]; /* both 0: empty */
};

struct err
made_new(struct made **m)
{
	*m = calloc(1, sizeof(**m));
	return *m == NULL ? err_of(ERR_NOMEM) : err_none();
}

void
made_free(struct made *m)
{
	if (m == NULL)
		return;
	free(m->kept);
	free(m);
}

void
made_add(struct made *m, uint64_t name, uint64_t url)
{
	m->slots[name & (SLOTS - 1)] = (struct slot){ name, url };
}

enum made_by
made_find(const struct made *m, uint64_t name, uint64_t url)
{
	const struct slot *slot = &m->slots[name & (SLOTS - 1)];

	if (slot->name != name)
		return MADE_UNKNOWN;
	return slot->url == url ? MADE_BY_URL : MADE_BY_OTHER;
}

/* Of `name`'s bits, one. */
static uint64_t
kept_bit(uint64_t name, unsigned probe)
{
	return (name + probe * (name >> 32 | 1)) & (KEPT_BITS - 1);
}

struct err
made_keep(struct made *m, uint64_t name)
{
	if (m->kept == NULL)
		m->kept = calloc(1, KEPT_BITS / 8);
	if (m->kept == NULL)
		return err_of(ERR_NOMEM);
	for (unsigned i = 0; i < KEPT_PROBES; i++) {
		uint64_t bit = kept_bit(name, i);

		m->kept[bit / 8] = (uint8_t)(m->kept[bit / 8] | 1U << bit % 8);
	}
	return err_none();
}

bool
made_may_be_kept(const struct made *m, uint64_t name)
{
	if (m->kept == NULL)
		return false;
	for (unsigned i = 0; i < KEPT_PROBES; i++) {
		uint64_t bit = kept_bit(name, i);

		if ((m->kept[bit / 8] & 1U << bit % 8) == 0)
			return false;
	}
	return true;
}
