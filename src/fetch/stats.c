#include "fetch/stats.h"

#include <stdio.h>
#include <string.h>

static enum err_kind
kind_of(const char *name)
{
	for (int kind = 0; kind < ERR_KINDS; kind++) {
		if (strcmp(name, err_name((enum err_kind)kind)) == 0)
			return (enum err_kind)kind;
	}
	return ERR_NONE;
}

void
stats_add(struct stats *s, const struct bulkfetch_result *result)
{
	enum err_kind kind;

	s->bytes += result->received;
	if (result->ok && result->is_skipped) {
		s->skipped++;
		return;
	}
	if (result->ok && result->is_unchanged) {
		s->unchanged++;
		return;
	}
	if (result->ok) {
		s->fetched++;
		return;
	}
	kind = kind_of(result->error);
	if (kind == ERR_STOPPED && result->tries == 0) {
		s->unbegun++;
		return;
	}
	s->failed++;
	s->by_kind[kind]++;
	if (kind == ERR_STATUS && result->status < STATS_STATUSES)
		s->by_status[result->status]++;
}

/*
 * Insert into the counts in order.  When they are full the last one stands for
 * all that have no place of their own.
 */
static void
insert(struct bulkfetch_stats *out, const struct bulkfetch_count *count)
{
	struct bulkfetch_count *list = out->failures;
	struct bulkfetch_count *last = &list[BULKFETCH_ERRORS_MAX - 1];
	const size_t max = BULKFETCH_ERRORS_MAX;
	size_t at = 0;

	if (count->count == 0)
		return;
	while (at < out->failure_count && list[at].count >= count->count)
		at++;
	if (out->failure_count < max) {
		memmove(list + at + 1, list + at,
		    (out->failure_count - at) * sizeof(*list));
		list[at] = *count;
		out->failure_count++;
		return;
	}
	(void)snprintf(last->error, sizeof(last->error), "other");
	if (at >= max - 1) {
		last->count += count->count;
		return;
	}
	last->count += list[max - 2].count;
	memmove(list + at + 1, list + at, (max - 2 - at) * sizeof(*list));
	list[at] = *count;
}

void
stats_get(const struct stats *s, struct bulkfetch_stats *out)
{
	out->fetched = s->fetched;
	out->skipped = s->skipped;
	out->unchanged = s->unchanged;
	out->unbegun = s->unbegun;
	out->failed = s->failed;
	out->bytes = s->bytes;
	out->failure_count = 0;
	for (int kind = 0; kind < ERR_KINDS; kind++) {
		struct bulkfetch_count count = { .count = s->by_kind[kind] };

		if (kind == ERR_STATUS)
			continue;
		(void)snprintf(count.error, sizeof(count.error), "%s",
		    err_name((enum err_kind)kind));
		insert(out, &count);
	}
	for (unsigned status = 0; status < STATS_STATUSES; status++) {
		struct bulkfetch_count count = { .count =
						     s->by_status[status] };

		if (count.count == 0)
			continue;
		(void)snprintf(
		    count.error, sizeof(count.error), "http-%u", status);
		insert(out, &count);
	}
}
