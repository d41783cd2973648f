#include "route/address_list.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "sys/slurp.h"

struct address_list {
	size_t next;
	size_t count;
	struct endpoint addrs[]; /* port 0 where none was written */
};

/* The next line of `*text` without comment and blanks; false at the end. */
static bool
next_line(struct slice *text, struct slice *line)
{
	size_t end = slice_find(*text, '\n');

	if (text->len == 0)
		return false;
	*line = slice_first(*text, end);
	*text = slice_from(*text, end < text->len ? end + 1 : end);
	*line = slice_first(*line, slice_find(*line, '#'));
	if (line->len > 0 && line->ptr[line->len - 1] == '\r')
		line->len--;
	*line = slice_trim(*line);
	return true;
}

static size_t
count_entries(struct slice text)
{
	struct slice line;
	size_t count = 0;

	while (next_line(&text, &line))
		count += line.len > 0;
	return count;
}

/* Port 0 if the line has none. */
static bool
read_entry(struct slice line, struct endpoint *ep)
{
	if (endpoint_parse_port(line, 0, ep))
		return true;
	if (!endpoint_parse_port(line, 1, ep))
		return false;
	endpoint_set_port(ep, 0);
	return true;
}

static struct err
fill(struct address_list *l, struct slice text, sa_family_t family,
    size_t *bad_line)
{
	struct slice line;

	for (size_t n = 1; next_line(&text, &line); n++) {
		struct endpoint *ep = &l->addrs[l->count];

		if (line.len == 0)
			continue;
		if (!read_entry(line, ep)) {
			*bad_line = n;
			return err_why(ERR_REQUEST,
			    "neither ADDR, IPV4:PORT nor [IPV6]:PORT");
		}
		if (family == AF_UNSPEC || ep->addr.sa.sa_family == family)
			l->count++;
	}
	*bad_line = 0;
	return l->count > 0
	    ? err_none()
	    : err_why(ERR_REQUEST, "a list without an address to use");
}

static struct err
build(struct slice text, sa_family_t family, struct address_list **out,
    size_t *line)
{
	size_t count = count_entries(text);
	struct address_list *l;
	struct err err;

	if (count > ADDRESS_LIST_MAX)
		return err_why(ERR_LIMIT, "more than a million addresses");
	l = calloc(1, sizeof(*l) + count * sizeof(l->addrs[0]));
	if (l == NULL)
		return err_of(ERR_NOMEM);
	err = fill(l, text, family, line);
	if (err_is(err))
		free(l);
	else
		*out = l;
	return err;
}

struct err
address_list_new(const char *path, sa_family_t family,
    struct address_list **out, size_t *line)
{
	struct buf text;
	struct err err;

	*line = 0;
	buf_init(&text, ADDRESS_LIST_OCTETS_MAX);
	err = slurp_file(path, &text);
	if (err.kind == ERR_LIMIT)
		err.why = "larger than 16 MiB";
	if (!err_is(err))
		err = build(buf_slice(&text), family, out, line);
	buf_fini(&text);
	return err;
}

void
address_list_free(struct address_list *l)
{
	free(l);
}

size_t
address_list_next(
    struct address_list *l, uint16_t port, struct endpoint *out, size_t max)
{
	size_t at = l->next;

	if (max > l->count)
		max = l->count;
	for (size_t i = 0; i < max; i++) {
		out[i] = l->addrs[at];
		if (endpoint_port(&out[i]) == 0)
			endpoint_set_port(&out[i], port);
		at = at + 1 < l->count ? at + 1 : 0;
	}
	l->next = l->next + 1 < l->count ? l->next + 1 : 0;
	return max;
}
