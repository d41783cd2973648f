#include "http/validator.h"

#include "base/ascii.h"
#include "http/date.h"

/* A date that old when it was sent is of a version that was not replaced
 * within the second that it names (RFC 9110, section 8.8.2.2, leaves "how old"
 * to us; RFC 7232 said a minute). */
#define SETTLED_S 60

/* "W/" and the rest of a weak entity tag; strong ones are all rest. */
static struct slice
without_weakness(struct slice etag)
{
	bool is_weak =
	    etag.len >= 2 && etag.ptr[0] == 'W' && etag.ptr[1] == '/';

	return slice_from(etag, is_weak ? 2 : 0);
}

bool
validator_is_strong_etag(struct slice etag)
{
	if (etag.len < 2 || etag.ptr[0] != '"' || etag.ptr[etag.len - 1] != '"')
		return false;
	for (size_t i = 1; i < etag.len - 1; i++) {
		uint8_t octet = etag.ptr[i];

		if (octet == '"' || ascii_is_blank(octet) ||
		    !ascii_is(octet, ASCII_FIELD))
			return false;
	}
	return true;
}

bool
validator_is_etag(struct slice etag)
{
	return validator_is_strong_etag(without_weakness(etag));
}

struct slice
validator_for_range(const struct response *res, int64_t now)
{
	struct slice none = { 0 };
	int64_t modified;
	int64_t sent;

	if (validator_is_strong_etag(res->etag))
		return res->etag;
	if (res->etag.len > 0 ||
	    !date_parse(res->last_modified, now, &modified) ||
	    !date_parse(res->date, now, &sent))
		return none;
	return sent - modified >= SETTLED_S ? res->last_modified : none;
}
