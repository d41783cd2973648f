#include "http/range.h"

#include "base/num.h"

/* A place or a count in a file: what off_t holds. */
#define OFFSET_MAX ((uint64_t)INT64_MAX)

static struct err
malformed(void)
{
	return err_why(ERR_PROTOCOL, "a malformed Content-Range");
}

/* "TOTAL" or "*". */
static bool
read_total(struct slice text, uint64_t *total)
{
	if (slice_eq_str(text, "*")) {
		*total = RANGE_TOTAL_UNKNOWN;
		return true;
	}
	return num_parse_u64(text, OFFSET_MAX, total);
}

/* "FIRST-LAST"; what lies behind LAST has a place as well. */
static bool
read_span(struct slice text, struct content_range *range)
{
	size_t dash = slice_find(text, '-');

	return dash < text.len &&
	    num_parse_u64(
		slice_first(text, dash), OFFSET_MAX - 1, &range->first) &&
	    num_parse_u64(
		slice_from(text, dash + 1), OFFSET_MAX - 1, &range->last);
}

struct err
range_parse_content(struct slice value, struct content_range *range)
{
	struct content_range read = { 0 };
	size_t blank = slice_find(value, ' ');
	struct slice span;
	size_t slash;

	if (!slice_eq_nocase_str(slice_first(value, blank), "bytes"))
		return err_why(
		    ERR_PROTOCOL, "a Content-Range in other units than bytes");
	if (blank == value.len)
		return malformed();
	value = slice_from(value, blank + 1);
	slash = slice_find(value, '/');
	if (slash == value.len ||
	    !read_total(slice_from(value, slash + 1), &read.total))
		return malformed();
	span = slice_first(value, slash);
	read.is_satisfied = !slice_eq_str(span, "*");
	if (!read.is_satisfied && read.total == RANGE_TOTAL_UNKNOWN)
		return malformed();
	if (read.is_satisfied) {
		if (!read_span(span, &read))
			return malformed();
		if (read.first > read.last)
			return err_why(ERR_PROTOCOL,
			    "a Content-Range that ends before it begins");
		if (read.last >= read.total)
			return err_why(
			    ERR_PROTOCOL, "a Content-Range beyond its total");
	}
	*range = read;
	return err_none();
}
