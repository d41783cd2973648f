/*
 * fields - the field lines of a head (RFC 9110, section 5; RFC 9112,
 * section 5): walking them, finding one, and reading list members.
 *
 * Pure; everything is a slice of the head that the caller owns.
 */
#ifndef BULKFETCH_HTTP_FIELDS_H
#define BULKFETCH_HTTP_FIELDS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

struct field {
	struct slice name;  /* a token, in the peer's case */
	struct slice value; /* without blanks at its ends; obs-fold left in: CR,
			     * LF are to be read as SP */
};

/*
 * Take the next field line off the front of `*lines`, which holds complete
 * lines (CRLF or bare LF) and perhaps the empty line at their end.  `*more` is
 * false, and `*field` unset, when there is none left.
 *
 * ERR_PROTOCOL: an empty or malformed name, blanks before the colon, a NUL or
 * another control octet but HTAB in the value, a bare CR, a first line that
 * begins with a blank.
 */
struct err fields_next(struct slice *lines, struct field *field, bool *more);

/*
 * The first field called `name` (any case) of `lines`, which fields_next() has
 * accepted before; false when there is none.
 */
bool fields_find(struct slice lines, const char *name, struct slice *value);

/*
 * Take the next member off a comma-separated list (RFC 9110, section 5.6.1):
 * empty members are passed over, blanks trimmed, commas within quoted strings
 * not taken for separators.  False at the end.
 */
bool fields_next_member(struct slice *list, struct slice *member);

#endif
