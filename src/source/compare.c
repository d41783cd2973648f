#include "source/compare.h"

#include <stdio.h>
#include <string.h>

#include "source/input.h"
#include "source/lines.h"

/* What a name may take in a description. */
#define NAME_MAX_LEN 160

void
compare_init(struct compare *c, const struct done *done)
{
	*c = (struct compare){ .done = done, .is_over = done->max_n == 0 };
}

/* Only what differs is worth a search for the place. */
static bool
note(struct compare *c, enum compare_change change)
{
	c->change = change;
	return false;
}

/* The items of `c->block` have all been fed, and there are none up to block
 * `next`. */
static bool
end_blocks(struct compare *c, uint64_t next)
{
	uint64_t end = done_block(c->done->max_n) + 1;

	if (c->sum != done_sum(c->done, c->block))
		return note(c, c->first.n > 0 ? COMPARE_OTHER : COMPARE_GONE);
	for (uint64_t i = c->block + 1; i < next && i < end; i++) {
		if (!done_is_empty(c->done, i))
			return note(c, COMPARE_GONE);
	}
	c->block = next;
	c->sum = 0;
	c->first.n = 0;
	return true;
}

/* A URL as a log can have it: those on the command line may be longer. */
static struct slice
comparable(struct bulkfetch_text url)
{
	return slice_of(
	    url.ptr, url.len < LINES_TEXT_MAX ? url.len : LINES_TEXT_MAX);
}

bool
compare_item(struct compare *c, const struct bulkfetch_item *item)
{
	uint64_t block = done_block(item->n);

	if (c->is_over)
		return true;
	c->at = (struct compare_place){ item->list, item->line, item->n };
	if (item->n > c->done->max_n) {
		c->is_over = true;
		return end_blocks(c, done_block(c->done->max_n) + 1);
	}
	if (block != c->block && !end_blocks(c, block))
		return false;
	if (!done_has(c->done, item->n))
		return true;
	c->sum += done_hash(item->n, comparable(item->url));
	if (c->first.n == 0)
		c->first = c->at;
	c->last = c->at;
	return true;
}

bool
compare_end(struct compare *c)
{
	if (c->is_over)
		return true;
	c->is_over = true;
	if (c->at.n < c->done->max_n)
		return note(c, COMPARE_SHORT);
	return end_blocks(c, c->block + 1);
}

/* "urls.txt, line 5". */
static void
show_place(const struct compare_place *at, char *out, size_t cap)
{
	char name[NAME_MAX_LEN];

	if (at->list == NULL)
		(void)snprintf(
		    out, cap, "URL %llu of all", (unsigned long long)at->n);
	else
		(void)snprintf(out, cap, "%s, line %llu",
		    input_show(at->list, name, sizeof(name)),
		    (unsigned long long)at->line);
}

static void
describe_other(const struct compare *c, const char *log, char *out, size_t cap)
{
	char first[NAME_MAX_LEN + 32];
	char last[NAME_MAX_LEN + 32];
	char name[NAME_MAX_LEN];

	show_place(&c->first, first, sizeof(first));
	show_place(&c->last, last, sizeof(last));
	if (c->first.n == c->last.n)
		(void)snprintf(out, cap,
		    "%s: not what %s has a result for; the list has changed",
		    first, log);
	else if (c->first.list != c->last.list || c->first.list == NULL)
		(void)snprintf(out, cap,
		    "%s, to %s: not what %s has results for; the lists have "
		    "changed",
		    first, last, log);
	else
		(void)snprintf(out, cap,
		    "%s: lines %llu to %llu are not those that %s has results "
		    "for; the list has changed",
		    input_show(c->first.list, name, sizeof(name)),
		    (unsigned long long)c->first.line,
		    (unsigned long long)c->last.line, log);
}

const char *
compare_describe(
    const struct compare *c, const char *log, char *out, size_t cap)
{
	char path[NAME_MAX_LEN];
	char at[NAME_MAX_LEN + 32];

	(void)bulkfetch_escape(
	    (struct bulkfetch_text){ log, strlen(log) }, path, sizeof(path));
	show_place(&c->at, at, sizeof(at));
	switch (c->change) {
	case COMPARE_SAME:
		(void)snprintf(out, cap, "the list has not changed");
		break;
	case COMPARE_OTHER:
		describe_other(c, path, out, cap);
		break;
	case COMPARE_GONE:
		(void)snprintf(out, cap,
		    "%s: %s has results for lines before it that are none any "
		    "more; the list has changed",
		    at, path);
		break;
	case COMPARE_SHORT:
		if (c->at.n > 0)
			(void)snprintf(out, cap,
			    "%s: the last one, but %s has results for more; "
			    "the list has changed",
			    at, path);
		else
			(void)snprintf(out, cap,
			    "%s has results, but the list is empty", path);
		break;
	}
	return out;
}
