#include "dns/hosts.h"

#include "base/ascii.h"

/* Blanks, and the CR of a file that came from elsewhere. */
static bool
is_gap(uint8_t octet)
{
	return ascii_is_blank(octet) || octet == '\r';
}

bool
hosts_next_name(struct slice *names, struct slice *name)
{
	size_t len = 0;

	while (names->len > 0 && is_gap(names->ptr[0]))
		*names = slice_from(*names, 1);
	while (len < names->len && !is_gap(names->ptr[len]))
		len++;
	*name = slice_first(*names, len);
	*names = slice_from(*names, len);
	return len > 0;
}

bool
hosts_next(struct slice *text, struct slice *addr, struct slice *names)
{
	while (text->len > 0) {
		size_t end = slice_find(*text, '\n');
		struct slice line = slice_first(*text, end);
		struct slice rest;
		struct slice name;

		*text = slice_from(*text, end < text->len ? end + 1 : end);
		line = slice_first(line, slice_find(line, '#'));
		if (!hosts_next_name(&line, addr))
			continue;
		rest = line;
		if (!hosts_next_name(&rest, &name))
			continue;
		*names = line;
		return true;
	}
	return false;
}
