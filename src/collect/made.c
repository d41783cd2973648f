#include "collect/made.h"

#include <stdlib.h>

/* A power of two; 256 KiB, and more names than are made between two looks at
 * one of them, as a rule. */
#define SLOTS 16384

struct slot {
	uint64_t name;
	uint64_t url;
};

struct made {
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
