#include "http/fields.h"

#include <endian.h>
#include <string.h>

#include "base/ascii.h"

/* Blank, or part of an obs-fold, which is to be read as a blank. */
static bool
is_space(uint8_t octet)
{
	return ascii_is_blank(octet) || octet == '\r' || octet == '\n';
}

static struct slice
trim(const uint8_t *from, const uint8_t *to)
{
	while (from < to && is_space(*from))
		from++;
	while (from < to && is_space(to[-1]))
		to--;
	return slice_of(from, (size_t)(to - from));
}

/* Behind the line end at `at`, or `at` itself when there is none. */
static const uint8_t *
skip_line_end(const uint8_t *at, const uint8_t *end)
{
	if (at < end && *at == '\n')
		return at + 1;
	if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
		return at + 2;
	return at;
}

#define ONES (UINT64_MAX / 255)

/*
 * On to the first octet that wants a look of its own: a control octet, HTAB
 * among them, or DEL; or to within eight octets of `end`.  Eight are compared
 * at a time, each against a borrow into its highest bit; the lowest one that
 * shows is true, and obs-text (0x80 and above) does not show.
 */
static inline const uint8_t *
skip_plain(const uint8_t *at, const uint8_t *end)
{
	for (; end - at >= 8; at += 8) {
		uint64_t word;
		uint64_t del;
		uint64_t found;

		memcpy(&word, at, sizeof(word));
		word = le64toh(word);
		del = word ^ ONES * 0x7f;
		found =
		    (((word - ONES * 0x20) & ~word) | ((del - ONES) & ~del)) &
		    ONES * 0x80;
		if (found != 0)
			return at + __builtin_ctzll(found) / 8;
	}
	return at;
}

/*
 * Behind the value that begins at `at` and its line end; a line that begins
 * with a blank continues it (obs-fold).  NULL when an octet may not stand
 * there.
 */
static const uint8_t *
skip_value(const uint8_t *at, const uint8_t *end)
{
	for (;;) {
		const uint8_t *next;

		at = skip_plain(at, end);
		while (at < end && ascii_is(*at, ASCII_FIELD))
			at++;
		if (at == end)
			return at;
		next = skip_line_end(at, end);
		if (next == at)
			return NULL;
		if (next == end || !ascii_is_blank(*next))
			return next;
		at = next;
	}
}

static struct err
bad_name(struct slice name, struct slice rest)
{
	if (rest.len > 0 && ascii_is_blank(*rest.ptr))
		return name.len == 0
		    ? err_why(ERR_PROTOCOL, "a fold before the first field")
		    : err_why(ERR_PROTOCOL, "a blank in a field name");
	if (rest.len > 0 && *rest.ptr == ':')
		return err_why(ERR_PROTOCOL, "a field without a name");
	return err_why(ERR_PROTOCOL, "a malformed field name");
}

struct err
fields_next(struct slice *lines, struct field *field, bool *more)
{
	const uint8_t *at = lines->ptr;
	const uint8_t *end;
	const uint8_t *next;
	struct slice name;

	if (lines->len == 0 || *at == '\n' ||
	    (*at == '\r' && skip_line_end(at, at + lines->len) != at)) {
		*more = false;
		return err_none();
	}
	end = at + lines->len;
	while (at < end && ascii_is_tchar(*at))
		at++;
	name = slice_first(*lines, (size_t)(at - lines->ptr));
	if (name.len == 0 || at == end || *at != ':')
		return bad_name(name, slice_from(*lines, name.len));
	at++;
	next = skip_value(at, end);
	if (next == NULL)
		return err_why(ERR_PROTOCOL, "a control octet in a field");
	field->name = name;
	field->value = trim(at, next);
	*lines = slice_of(next, (size_t)(end - next));
	*more = true;
	return err_none();
}

bool
fields_find(struct slice lines, const char *name, struct slice *value)
{
	struct slice wanted = slice_str(name);
	struct field field;
	bool more;

	while (!err_is(fields_next(&lines, &field, &more)) && more) {
		if (slice_eq_nocase(field.name, wanted)) {
			*value = field.value;
			return true;
		}
	}
	return false;
}

/* Behind the list member at `at`: its comma, or the end. */
static const uint8_t *
skip_member(const uint8_t *at, const uint8_t *end)
{
	bool quoted = false;

	for (; at < end; at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (*at == '\\' && quoted && end - at >= 2)
			at++;
		else if (*at == ',' && !quoted)
			break;
	}
	return at;
}

bool
fields_next_member(struct slice *list, struct slice *member)
{
	while (list->len > 0) {
		const uint8_t *end = list->ptr + list->len;
		const uint8_t *at = skip_member(list->ptr, end);
		struct slice found = trim(list->ptr, at);

		if (at < end)
			at++;
		*list = slice_of(at, (size_t)(end - at));
		if (found.len > 0) {
			*member = found;
			return true;
		}
	}
	return false;
}
