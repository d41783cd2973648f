#include "versioned.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/num.h"

#define DATE_FORMAT "%a, %d %b %Y %H:%M:%S GMT"
/* 2020-01-01T00:00:00Z. */
#define FIRST_VERSION_S 1577836800
#define DAY_S 86400
/* Until the year 9999, the last one that the format can tell. */
#define DAYS_MAX 2900000

static void
format_date(time_t time, char out[VERSIONED_DATE_ROOM])
{
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&time, &tm) != NULL)
		(void)strftime(out, VERSIONED_DATE_ROOM, DATE_FORMAT, &tm);
}

void
versioned_date(char date[VERSIONED_DATE_ROOM])
{
	format_date(time(NULL), date);
}

void
validators_init(struct validators *v, enum generated_validator kind,
    uint64_t seed, uint64_t version)
{
	v->etag[0] = '\0';
	if (kind != VALIDATOR_DATE)
		(void)snprintf(v->etag, sizeof(v->etag), "%s\"%016llx\"",
		    kind == VALIDATOR_WEAK ? "W/" : "",
		    (unsigned long long)seed);
	format_date(FIRST_VERSION_S + DAY_S * (time_t)(version % DAYS_MAX),
	    v->last_modified);
}

/* ---- Conditions --------------------------------------------------------- */

static const char *
opaque(const char *etag)
{
	return strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
}

/* Whether any of a list of entity tags is that one, weak or not. */
static bool
has_etag(struct slice list, const char *etag)
{
	struct slice wanted = slice_str(opaque(etag));

	if (slice_eq_str(list, "*"))
		return true;
	return wanted.len > 0 && list.len > 0 &&
	    memmem(list.ptr, list.len, wanted.ptr, wanted.len) != NULL;
}

/* False when `text` is no date of the one format that is sent today. */
static bool
parse_date(struct slice text, time_t *out)
{
	char copy[VERSIONED_DATE_ROOM];
	struct tm tm = { 0 };
	const char *end;

	if (text.len >= sizeof(copy))
		return false;
	(void)snprintf(
	    copy, sizeof(copy), "%.*s", (int)text.len, (const char *)text.ptr);
	end = strptime(copy, DATE_FORMAT, &tm);
	if (end == NULL || *end != '\0')
		return false;
	*out = timegm(&tm);
	return true;
}

/* If-None-Match comes before If-Modified-Since (section 13.2.2). */
static bool
is_current(const struct ask *ask, const struct validators *v)
{
	time_t since;
	time_t modified;

	if (ask->if_none_match.len > 0)
		return has_etag(ask->if_none_match, v->etag);
	return parse_date(ask->if_modified_since, &since) &&
	    parse_date(slice_str(v->last_modified), &modified) &&
	    modified <= since;
}

/* Strong comparison: a weak tag is never the same (section 13.1.5). */
static bool
allows_range(const struct ask *ask, const struct validators *v)
{
	if (ask->if_range.len == 0)
		return true;
	if (v->etag[0] == '"' && slice_eq_str(ask->if_range, v->etag))
		return true;
	return slice_eq_str(ask->if_range, v->last_modified);
}

/* ---- Ranges ------------------------------------------------------------- */

enum range_end {
	RANGE_NONE, /* or none that is understood: all of it is sent */
	RANGE_GOOD,
	RANGE_BEYOND, /* the end of the file */
};

/* bytes=FIRST-LAST, bytes=FIRST- or bytes=-COUNT */
static enum range_end
parse_range(struct slice value, uint64_t size, struct selection *out)
{
	static const char unit[] = "bytes=";
	uint64_t first = 0;
	uint64_t last = UINT64_MAX;
	struct slice before;
	struct slice behind;
	size_t dash;

	if (value.len < strlen(unit) ||
	    memcmp(value.ptr, unit, strlen(unit)) != 0)
		return RANGE_NONE;
	value = slice_from(value, strlen(unit));
	dash = slice_find(value, '-');
	if (dash == value.len)
		return RANGE_NONE;
	before = slice_first(value, dash);
	behind = slice_from(value, dash + 1);
	if ((before.len > 0 && !num_parse_u64(before, INT64_MAX, &first)) ||
	    (behind.len > 0 && !num_parse_u64(behind, INT64_MAX, &last)) ||
	    (before.len == 0 && behind.len == 0) || first > last)
		return RANGE_NONE;
	if (before.len == 0) {
		first = last < size ? size - last : 0;
		last = UINT64_MAX;
	}
	if (first >= size)
		return RANGE_BEYOND;
	out->first = first;
	out->len = last < size ? last - first + 1 : size - first;
	return RANGE_GOOD;
}

struct selection
versioned_select(
    const struct ask *ask, const struct validators *v, uint64_t size)
{
	struct selection all = { .status = 200, .len = size };
	struct selection part = { .status = 206 };

	if (is_current(ask, v))
		return (struct selection){ .status = 304 };
	if (ask->range.len == 0 || !allows_range(ask, v))
		return all;
	switch (parse_range(ask->range, size, &part)) {
	case RANGE_NONE:
		return all;
	case RANGE_GOOD:
		return part;
	case RANGE_BEYOND:
		break;
	}
	return (struct selection){ .status = 416 };
}
