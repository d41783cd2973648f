#include "journal.h"

#include <stdlib.h>

#include "base/num.h"

#define VISITS_EXPECTED 4096

struct visit {
	struct hash_node node; /* first, so that a node is its visit */
	uint64_t count;
	size_t len;
	uint8_t name[];
};

struct err
journal_init(struct journal *j)
{
	*j = (struct journal){ 0 };
	buf_init(&j->log, JOURNAL_LOG_MAX);
	buf_init(&j->heads, JOURNAL_HEADS_MAX);
	return hash_table_init(&j->visits, VISITS_EXPECTED);
}

void
journal_fini(struct journal *j)
{
	for (size_t i = 0; j->visits.heads != NULL && i <= j->visits.mask;
	     i++) {
		struct hash_node *node = j->visits.heads[i];

		while (node != NULL) {
			struct hash_node *next = node->next;

			free(node);
			node = next;
		}
	}
	hash_table_fini(&j->visits);
	buf_fini(&j->log);
	buf_fini(&j->heads);
}

/* "MS CONNECTION " and then `text` and `end`; false without room for it. */
static bool
add(struct buf *log, int64_t now_ms, uint64_t connection, struct slice text,
    const char *end)
{
	if (err_is(buf_reserve(
		log, text.len + strlen(end) + 2 * NUM_U64_MAX_LEN + 2)))
		return false;
	(void)buf_append_u64(log, (uint64_t)now_ms);
	(void)buf_append_octet(log, ' ');
	(void)buf_append_u64(log, connection);
	(void)buf_append_octet(log, ' ');
	(void)buf_append(log, text);
	(void)buf_append_str(log, end);
	return true;
}

void
journal_add(struct journal *j, int64_t now_ms, uint64_t connection,
    struct slice line, struct slice head)
{
	j->requests++;
	if (!add(&j->log, now_ms, connection, line, "\n"))
		j->unlogged++;
	/* In order and without gaps: none after the first that did not fit. */
	if (j->headless > 0 || !add(&j->heads, now_ms, connection, head, ""))
		j->headless++;
}

static struct visit *
find_visit(struct journal *j, struct slice name, uint64_t hash)
{
	struct hash_node *node = hash_table_first(&j->visits, hash);

	for (; node != NULL; node = hash_table_next(node)) {
		struct visit *visit = (struct visit *)(void *)node;

		if (slice_eq(slice_of(visit->name, visit->len), name))
			return visit;
	}
	return NULL;
}

uint64_t
journal_visit(struct journal *j, struct slice name)
{
	uint64_t hash = hash_octets(name, 1);
	struct visit *visit = find_visit(j, name, hash);

	if (visit != NULL)
		return ++visit->count;
	visit = malloc(sizeof(*visit) + name.len);
	if (visit == NULL)
		return 1;
	visit->count = 1;
	visit->len = name.len;
	memcpy(visit->name, name.ptr, name.len);
	hash_table_add(&j->visits, &visit->node, hash);
	return 1;
}

struct err
journal_format_stats(const struct journal *j, struct buf *out)
{
	const struct {
		const char *name;
		uint64_t value;
	} lines[] = {
		{ "accepted ", j->accepted },
		{ "open ", j->open },
		{ "peak ", j->peak },
		{ "requests ", j->requests },
		{ "sent ", j->sent },
		{ "unlogged ", j->unlogged },
		{ "headless ", j->headless },
	};
	struct err err = err_none();

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		err = buf_append_str(out, lines[i].name);
		if (!err_is(err))
			err = buf_append_u64(out, lines[i].value);
		if (!err_is(err))
			err = buf_append_octet(out, '\n');
		if (err_is(err))
			return err;
	}
	return err;
}
