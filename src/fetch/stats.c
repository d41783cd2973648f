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

	s->bytes += result->bytes;
	if (result->ok && result->is_skipped) {
		s->skipped++;
		return;
	}
	if (result->ok) {
		s->fetched++;
		return;
	}
	s->failed++;
	kind = kind_of(result->error);
	s->by_kind[kind]++;
	if (kind == ERR_STATUS && result->status < STATS_STATUSES)
		s->by_status[result->status]++;
}

/* Insert into the counts in order; what falls off the end adds to "other". */
static void
insert(struct bulkfetch_stats *out, const struct bulkfetch_count *count)
{
	struct bulkfetch_count *list = out->failures;
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
	if (at == max)
		at = max - 1;
	(void)snprintf(
	    list[max - 1].error, sizeof(list[max - 1].error), "other");
	list[max - 1].count += count->count;
}

void
stats_get(const struct stats *s, struct bulkfetch_stats *out)
{
	out->fetched = s->fetched;
	out->skipped = s->skipped;
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
