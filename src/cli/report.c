#include "cli/report.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/slice.h"
#include "base/text.h"

#define PLACE_MAX 272 /* a host name and its port */
#define WORD_MAX 24
#define URL_SHOWN_MAX 512
#define MESSAGE_MAX 320
#define LINE_MAX_LEN 1792

/* Failures of one kind at one host, or in the lines of one list. */
struct pair {
	struct hash_node node;
	uint64_t untold;
	unsigned told;
	char word[WORD_MAX];
	char place[PLACE_MAX]; /* escaped */
};

struct report {
	bool is_verbose;
	report_print_fn print;
	void *ctx;
	uint64_t seed;
	struct hash_table table;
	struct pair *pairs; /* owned array; its pages are used as it fills */
	size_t pair_count;
	unsigned lines;
	uint64_t unlisted; /* untold, when the pairs were used up */
};

static const char *
escape(struct slice s, char *out, size_t cap)
{
	struct bulkfetch_text text = { .ptr = (const char *)s.ptr,
		.len = s.len };

	return bulkfetch_escape(text, out, cap);
}

struct report *
report_new(bool is_verbose, report_print_fn print, void *ctx)
{
	struct report *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->is_verbose = is_verbose;
	r->print = print;
	r->ctx = ctx;
	/* Any seed will do where there is no entropy yet. */
	if (getrandom(&r->seed, sizeof(r->seed), GRND_NONBLOCK) == -1)
		r->seed = (uintptr_t)r;
	r->pairs = calloc(REPORT_PAIRS, sizeof(*r->pairs));
	if (r->pairs == NULL ||
	    err_is(hash_table_init(&r->table, REPORT_PAIRS))) {
		report_free(r);
		return NULL;
	}
	return r;
}

void
report_free(struct report *report)
{
	if (report == NULL)
		return;
	hash_table_fini(&report->table);
	free(report->pairs);
	free(report);
}

/* A list's name as it is told. */
static const char *
list_name(const char *list)
{
	return strcmp(list, "-") == 0 ? "stdin" : list;
}

/* Where it happened: the host or, as there is none, the list.  A proxy's
 * failures are the same whatever the host. */
static struct slice
place_of(const struct bulkfetch_result *result)
{
	if (result->proxy.len > 0 && strcmp(result->error, "proxy") == 0)
		return text_slice(result->proxy);
	if (result->host.len > 0)
		return text_slice(result->host);
	if (result->list != NULL)
		return slice_str(list_name(result->list));
	return slice_str("command line");
}

/* The pair of `result`, made if need be; NULL when there is no more room. */
static struct pair *
find_pair(struct report *r, const struct bulkfetch_result *result)
{
	char place[PLACE_MAX];
	uint64_t hash;
	struct hash_node *node;
	struct pair *pair;

	(void)escape(place_of(result), place, sizeof(place));
	hash = hash_octets(slice_str(place), r->seed) ^
	    hash_octets(slice_str(result->error), ~r->seed);
	node = hash_table_first(&r->table, hash);
	for (; node != NULL; node = hash_table_next(node)) {
		pair = LIST_OBJECT(node, struct pair, node);
		if (strcmp(pair->place, place) == 0 &&
		    strncmp(pair->word, result->error, WORD_MAX - 1) == 0)
			return pair;
	}
	if (r->pair_count == REPORT_PAIRS)
		return NULL;
	pair = &r->pairs[r->pair_count++];
	(void)snprintf(pair->word, sizeof(pair->word), "%s", result->error);
	memcpy(pair->place, place, strlen(place) + 1);
	hash_table_add(&r->table, &pair->node, hash);
	return pair;
}

/* Whether to tell this one; counted if not. */
static bool
is_told(struct report *r, const struct bulkfetch_result *result)
{
	struct pair *pair;

	if (r->is_verbose)
		return true;
	if (strcmp(result->error, "stopped") == 0)
		return false;
	pair = find_pair(r, result);
	if (pair == NULL) {
		r->unlisted++;
		return false;
	}
	if (pair->told == REPORT_REPEATS || r->lines >= REPORT_LINES) {
		pair->untold++;
		return false;
	}
	pair->told++;
	return true;
}

/* Cut `url` in two around "user:password@"; the first is empty without. */
static void
split_at_userinfo(struct slice url, struct slice *scheme, struct slice *rest)
{
	const uint8_t *mark =
	    url.len > 3 ? memmem(url.ptr, url.len, "://", 3) : NULL;
	size_t begin = mark != NULL ? (size_t)(mark - url.ptr) + 3 : 0;
	size_t at;

	/* What was meant to be a URL may lack its beginning. */
	if (mark == NULL && url.len >= 2 && memcmp(url.ptr, "//", 2) == 0)
		begin = 2;
	at = begin;
	*scheme = slice_first(url, 0);
	*rest = url;
	for (size_t i = begin; i < url.len && strchr("/?#", url.ptr[i]) == NULL;
	     i++) {
		if (url.ptr[i] == '@')
			at = i + 1;
	}
	if (at == begin)
		return;
	*scheme = slice_first(url, begin);
	*rest = slice_from(url, at);
}

static const char *
show_url(const struct bulkfetch_result *result, char out[URL_SHOWN_MAX])
{
	const char *dots = result->is_url_cut ? "..." : "";
	struct slice scheme;
	struct slice rest;
	char front[64];
	char back[URL_SHOWN_MAX - sizeof(front) - 4];

	split_at_userinfo(text_slice(result->url), &scheme, &rest);
	(void)escape(rest, back, sizeof(back));
	/* escape() may have cut it as well. */
	if (strlen(back) >= sizeof(back) - 4)
		dots = "";
	(void)snprintf(out, URL_SHOWN_MAX, "%s%s%s",
	    escape(scheme, front, sizeof(front)), back, dots);
	return out;
}

/* Where redirects have led to: that is where it failed. */
static void
show_redirect(
    const struct bulkfetch_result *result, char out[URL_SHOWN_MAX + 16])
{
	char url[URL_SHOWN_MAX];

	(void)snprintf(out, URL_SHOWN_MAX + 16, " -> %s",
	    escape(text_slice(result->final_url), url, sizeof(url)));
}

/* A line that is no URL is shown with its place, all others by the URL. */
static void
tell(struct report *r, const struct bulkfetch_result *result)
{
	bool is_bad_line =
	    result->stage != NULL && strcmp(result->stage, "url") == 0;
	const char *list = result->list != NULL ? list_name(result->list) : "";
	const char *why =
	    result->message != NULL ? result->message : "no reason known";
	char url[URL_SHOWN_MAX];
	char place[PLACE_MAX];
	char message[MESSAGE_MAX];
	char redirected[URL_SHOWN_MAX + 16] = "";
	char line[LINE_MAX_LEN];

	(void)show_url(result, url);
	if (result->redirects > 0)
		show_redirect(result, redirected);
	(void)escape(slice_str(list), place, sizeof(place));
	(void)escape(slice_str(why), message, sizeof(message));
	if (!is_bad_line)
		(void)snprintf(line, sizeof(line), "%s%s: %s: %s", url,
		    redirected, result->error, message);
	else if (result->list == NULL)
		(void)snprintf(line, sizeof(line), "%s: '%s'", message, url);
	else
		(void)snprintf(line, sizeof(line), "%s:%llu: %s: '%s'", place,
		    (unsigned long long)result->line, message, url);
	r->print(r->ctx, line);
}

void
report_failure(struct report *report, const struct bulkfetch_result *result)
{
	if (!is_told(report, result))
		return;
	tell(report, result);
	report->lines++;
	if (report->lines == REPORT_LINES && !report->is_verbose)
		report->print(report->ctx,
		    "further failures are only counted; --log and --failed "
		    "name every one");
}

static struct pair *
largest(struct report *r)
{
	struct pair *found = NULL;

	for (size_t i = 0; i < r->pair_count; i++) {
		struct pair *pair = &r->pairs[i];

		if (pair->untold > (found != NULL ? found->untold : 0))
			found = pair;
	}
	return found;
}

void
report_finish(struct report *report)
{
	uint64_t others = report->unlisted;
	char line[LINE_MAX_LEN];
	struct pair *pair;

	for (size_t i = 0; i < REPORT_MORE_LINES; i++) {
		pair = largest(report);
		if (pair == NULL)
			break;
		(void)snprintf(line, sizeof(line), "%s: %s: %llu more",
		    pair->place, pair->word, (unsigned long long)pair->untold);
		report->print(report->ctx, line);
		pair->untold = 0;
	}
	for (size_t i = 0; i < report->pair_count; i++)
		others += report->pairs[i].untold;
	if (others == 0)
		return;
	(void)snprintf(line, sizeof(line), "elsewhere: %llu more",
	    (unsigned long long)others);
	report->print(report->ctx, line);
}
