#include "dns/nsswitch.h"

#include <stdbool.h>

#include "base/ascii.h"

static bool
is_gap(uint8_t octet)
{
	return ascii_is_blank(octet) || octet == '\r';
}

static struct slice
skip_gaps(struct slice s)
{
	while (s.len > 0 && is_gap(s.ptr[0]))
		s = slice_from(s, 1);
	return s;
}

/* Take lines off the front up to one for hosts; what follows its colon. */
static bool
next_hosts_line(struct slice *text, struct slice *services)
{
	while (text->len > 0) {
		size_t end = slice_find(*text, '\n');
		struct slice line = slice_first(*text, end);
		size_t colon;

		*text = slice_from(*text, end < text->len ? end + 1 : end);
		line = skip_gaps(slice_first(line, slice_find(line, '#')));
		colon = slice_find(line, ':');
		if (colon == line.len ||
		    !slice_eq_str(
			slice_trim(slice_first(line, colon)), "hosts"))
			continue;
		*services = slice_from(line, colon + 1);
		return true;
	}
	return false;
}

/* Take the next service; what stands in brackets says what to do with its
 * answer and is no service. */
static bool
next_service(struct slice *rest, struct slice *service)
{
	size_t len = 0;

	*rest = skip_gaps(*rest);
	while (rest->len > 0 && rest->ptr[0] == '[') {
		size_t end = slice_find(*rest, ']');

		*rest = slice_from(*rest, end < rest->len ? end + 1 : end);
		*rest = skip_gaps(*rest);
	}
	while (
	    len < rest->len && !is_gap(rest->ptr[len]) && rest->ptr[len] != '[')
		len++;
	*service = slice_first(*rest, len);
	*rest = slice_from(*rest, len);
	return len > 0;
}

static bool
is_other(struct slice service)
{
	for (size_t i = 0; i < service.len; i++) {
		uint8_t octet = service.ptr[i];

		if (!ascii_is_alpha(octet) && !ascii_is_digit(octet) &&
		    octet != '_' && octet != '-')
			return false;
	}
	return !slice_eq_str(service, "files") && !slice_eq_str(service, "dns");
}

const char *
nsswitch_others(struct slice text, char *out, size_t cap)
{
	struct slice services = { 0 };
	struct slice service;
	size_t len = 0;

	/* The last such line counts. */
	while (next_hosts_line(&text, &services))
		;
	while (next_service(&services, &service)) {
		size_t gap = len > 0 ? 1 : 0;

		if (!is_other(service))
			continue;
		if (service.len >= cap - len - gap)
			break;
		if (gap > 0)
			out[len++] = ' ';
		memcpy(out + len, service.ptr, service.len);
		len += service.len;
	}
	out[len] = '\0';
	return out;
}
