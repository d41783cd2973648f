#include "cli/summary.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/units.h"

/* Invariant: len < cap. */
struct text {
	char *out;
	size_t cap;
	size_t len;
};

static void add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What does not fit is cut. */
static void
add(struct text *text, const char *format, ...)
{
	size_t room = text->cap - text->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text->out + text->len, room, format, args);
	va_end(args);
	if (len > 0)
		text->len += (size_t)len < room ? (size_t)len : room - 1;
}

static void
add_counts(struct text *text, const struct bulkfetch_stats *stats)
{
	add(text, "bulkfetch: ");
	if (stats->unchanged > 0)
		add(text, "%llu unchanged, ",
		    (unsigned long long)stats->unchanged);
	add(text, "%llu fetched, %llu skipped, %llu failed",
	    (unsigned long long)stats->fetched,
	    (unsigned long long)stats->skipped,
	    (unsigned long long)stats->failed);
	for (size_t i = 0; i < stats->failure_count; i++)
		add(text, "%s%s %llu", i == 0 ? " (" : ", ",
		    stats->failures[i].error,
		    (unsigned long long)stats->failures[i].count);
	if (stats->failure_count > 0)
		add(text, ")");
	if (stats->unbegun > 0)
		add(text, ", %llu not begun",
		    (unsigned long long)stats->unbegun);
	if (stats->in_flight > 0)
		add(text, ", %u in flight", stats->in_flight);
	if (stats->waiting > 0)
		add(text, ", %u waiting", stats->waiting);
	if (stats->parked_hosts > 0)
		add(text, ", %u host%s parked", stats->parked_hosts,
		    stats->parked_hosts == 1 ? "" : "s");
	add(text, "\n");
}

static void
add_speed(struct text *text, const struct bulkfetch_stats *stats)
{
	/* A run of no time took a millisecond, for a rate one can print. */
	double seconds =
	    (double)(stats->elapsed_ms > 0 ? stats->elapsed_ms : 1) / 1000;
	char requests[32];
	char octets[32];
	double ended =
	    (double)(stats->fetched + stats->unchanged + stats->failed);

	(void)units_rate(ended / seconds, requests, sizeof(requests));
	(void)units_octets(
	    (double)stats->bytes / seconds, octets, sizeof(octets));
	add(text, "bulkfetch: %llu bytes in %llu.%03u s, %s requests/s, %s/s\n",
	    (unsigned long long)stats->bytes,
	    (unsigned long long)(stats->elapsed_ms / 1000),
	    (unsigned)(stats->elapsed_ms % 1000), requests, octets);
}

static void
add_connections(struct text *text, const struct bulkfetch_stats *stats)
{
	add(text, "bulkfetch: %llu connection%s opened, %u open at most",
	    (unsigned long long)stats->connections_opened,
	    stats->connections_opened == 1 ? "" : "s", stats->connections_peak);
	if (stats->retries > 0)
		add(text, ", %llu %s", (unsigned long long)stats->retries,
		    stats->retries == 1 ? "retry" : "retries");
	if (stats->redirects > 0)
		add(text, ", %llu redirect%s",
		    (unsigned long long)stats->redirects,
		    stats->redirects == 1 ? "" : "s");
	add(text, "\n");
}

/* Add a part of a list; `*parts` were added before it. */
static void
add_part(struct text *text, unsigned *parts, uint64_t count, const char *one,
    const char *many)
{
	if (count == 0)
		return;
	add(text, "%s%llu %s", (*parts)++ > 0 ? ", " : "",
	    (unsigned long long)count, count == 1 ? one : many);
}

static void
add_name_failures(
    struct text *text, unsigned *parts, const struct bulkfetch_stats *stats)
{
	const struct {
		const char *name;
		uint64_t count;
	} kinds[] = {
		{ "NXDOMAIN", stats->names_missing },
		{ "NODATA", stats->names_empty },
		{ "SERVFAIL", stats->names_refused },
		{ "no answer", stats->names_timed_out },
	};
	uint64_t failed = 0;
	unsigned told = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		failed += kinds[i].count;
	add_part(text, parts, failed, "failed", "failed");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].count > 0)
			add(text, "%s%s %llu", told++ == 0 ? " (" : ", ",
			    kinds[i].name, (unsigned long long)kinds[i].count);
	}
	if (told > 0)
		add(text, ")");
}

static void
add_names(struct text *text, const struct bulkfetch_stats *stats)
{
	unsigned parts = 0;

	add(text, "bulkfetch: ");
	add_part(text, &parts, stats->names_resolved, "name resolved",
	    "names resolved");
	add_part(text, &parts, stats->names_cached, "lookup from the cache",
	    "lookups from the cache");
	add_name_failures(text, &parts, stats);
	add_part(text, &parts, stats->dns_queries, "query", "queries");
	add(text, "\n");
}

const char *
summary_compose(const struct bulkfetch_stats *stats, char *out, size_t cap)
{
	struct text text = { .out = out, .cap = cap };

	add_counts(&text, stats);
	add_speed(&text, stats);
	add_connections(&text, stats);
	if (stats->dns_queries > 0)
		add_names(&text, stats);
	return out;
}
