#include "ask.h"

#include "base/num.h"

/* Take a line and its end off the front of `*s`. */
static struct slice
take_line(struct slice *s)
{
	size_t end = slice_find(*s, '\n');
	struct slice line = slice_first(*s, end);

	*s = slice_from(*s, end < s->len ? end + 1 : end);
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* Path and query, where the target may be "http://host/path" as well. */
static struct slice
path_of(struct slice target)
{
	size_t colon = slice_find(target, ':');
	size_t slash;

	if (target.len == 0 || target.ptr[0] == '/' || target.len - colon < 3 ||
	    memcmp(target.ptr + colon, "://", 3) != 0)
		return target;
	target = slice_from(target, colon + 3);
	slash = slice_find(target, '/');
	return slash < target.len ? slice_from(target, slash) : slice_str("/");
}

/* METHOD TARGET HTTP/1.x */
static bool
parse_line(struct slice line, struct ask *ask)
{
	size_t space = slice_find(line, ' ');
	struct slice method = slice_first(line, space);
	struct slice rest;
	struct slice version;

	ask->line = line;
	if (space == line.len)
		return false;
	rest = slice_from(line, space + 1);
	space = slice_find(rest, ' ');
	if (space == 0 || space == rest.len)
		return false;
	version = slice_from(rest, space + 1);
	ask->target = path_of(slice_first(rest, space));
	ask->is_head = slice_eq_str(method, "HEAD");
	ask->is_last = slice_eq_str(version, "HTTP/1.0");
	return ask->is_last || slice_eq_str(version, "HTTP/1.1");
}

/* The value when `line` is a field of that name. */
static bool
field_is(struct slice line, const char *name, struct slice *value)
{
	size_t colon = slice_find(line, ':');

	if (colon == line.len ||
	    !slice_eq_nocase_str(slice_first(line, colon), name))
		return false;
	*value = slice_trim(slice_from(line, colon + 1));
	return true;
}

/* Conditions and ranges: fields that say which octets are wanted. */
static void
parse_wish(struct slice line, struct ask *ask)
{
	const struct {
		const char *name;
		struct slice *value;
	} rows[] = {
		{ "range", &ask->range },
		{ "if-range", &ask->if_range },
		{ "if-none-match", &ask->if_none_match },
		{ "if-modified-since", &ask->if_modified_since },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (field_is(line, rows[i].name, rows[i].value))
			return;
	}
}

/* By the first letter, for most fields are of no interest. */
static bool
parse_field(struct slice line, struct ask *ask)
{
	struct slice value;

	switch (line.len > 0 ? line.ptr[0] | 0x20 : 0) {
	case 'c':
		if (field_is(line, "connection", &value))
			ask->is_last = slice_eq_nocase_str(value, "close");
		if (field_is(line, "content-length", &value))
			return num_parse_u64(value, INT64_MAX, &ask->body_len);
		return true;
	case 't':
		return !field_is(line, "transfer-encoding", &value);
	case 'i':
	case 'r':
		parse_wish(line, ask);
		return true;
	default:
		return true;
	}
}

enum ask_end
ask_parse(struct slice in, struct ask *ask)
{
	const uint8_t *end =
	    in.len > 0 ? memmem(in.ptr, in.len, "\r\n\r\n", 4) : NULL;
	struct slice lines;

	if (end == NULL)
		return in.len > ASK_HEAD_MAX ? ASK_BAD : ASK_MORE;
	*ask = (struct ask){ 0 };
	ask->head = slice_first(in, (size_t)(end - in.ptr) + 4);
	lines = ask->head;
	if (!parse_line(take_line(&lines), ask))
		return ASK_BAD;
	while (lines.len > 0) {
		if (!parse_field(take_line(&lines), ask))
			return ASK_BAD;
	}
	return ASK_READY;
}
