#include "http/international.h"

#include "base/ascii.h"
#include "http/percent.h"
#include "http/url.h"

/* The input in three: front, host, back, one behind the other. */
struct parts {
	struct slice front; /* to the "//", or the '@' behind it */
	struct slice host;
	struct slice back;
};

/* Where the authority begins: behind "//" or "scheme://"; 0 without one. */
static size_t
authority_at(struct slice text)
{
	size_t at = url_scheme_len(text);

	if (at > 0)
		at++;
	if (text.len - at < 2 || text.ptr[at] != '/' || text.ptr[at + 1] != '/')
		return 0;
	return at + 2;
}

static bool
ends_authority(uint8_t octet)
{
	return octet == '/' || octet == '?' || octet == '#';
}

/* Find the host as url_parse() does; false when there is none. */
static bool
split(struct slice in, struct parts *p)
{
	/* A reference may have blanks around it, which stay where they are. */
	struct slice text = slice_trim(in);
	size_t at = authority_at(text);
	size_t end = at;

	if (at == 0)
		return false;
	while (end < text.len && !ends_authority(text.ptr[end])) {
		if (text.ptr[end++] == '@')
			at = end;
	}
	p->host = slice_of(text.ptr + at, end - at);
	p->host.len = slice_find(p->host, ':');
	p->front = slice_first(in, (size_t)(p->host.ptr - in.ptr));
	p->back = slice_from(in, p->front.len + p->host.len);
	return true;
}

/* Whether the host begins with '[' or holds nothing beyond ASCII. */
static bool
is_ascii(struct slice host)
{
	if (host.len > 0 && host.ptr[0] == '[')
		return true;
	for (size_t i = 0; i < host.len; i++) {
		uint8_t octet = host.ptr[i];

		if (percent_is_escape(host, i))
			octet = percent_value(host.ptr + i);
		if (octet >= 0x80)
			return false;
	}
	return true;
}

bool
international_is(struct slice in)
{
	struct parts p;

	return split(in, &p) && !is_ascii(p.host);
}

/*
 * What was one character may have become several, '/' and '@' among them
 * (U+2100 is "a/c"): they would make another host of it.
 */
static bool
is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t octet = name.ptr[i];

		if (!ascii_is_alpha(octet) && !ascii_is_digit(octet) &&
		    octet != '-' && octet != '.' && octet != '_')
			return false;
	}
	return name.len > 0;
}

static struct err
convert(struct slice host, international_fn to_ascii, struct buf *name)
{
	struct buf decoded;
	struct err err;

	buf_init(&decoded, URL_MAX_LEN);
	err = url_percent_decode(host, &decoded);
	if (err.kind == ERR_LIMIT)
		err = err_why(ERR_REQUEST, "a host name that is too long");
	if (!err_is(err))
		err = to_ascii(buf_slice(&decoded), name);
	if (!err_is(err) && !is_name(buf_slice(name)))
		err = err_why(
		    ERR_REQUEST, "an octet that may not stand in a host name");
	buf_fini(&decoded);
	return err;
}

struct err
international_rewrite(
    struct slice in, international_fn to_ascii, struct buf *out)
{
	struct parts p;
	struct buf name;
	struct err err;

	if (!split(in, &p))
		return err_why(ERR_REQUEST, "no host");
	buf_init(&name, URL_MAX_LEN);
	err = convert(p.host, to_ascii, &name);
	if (!err_is(err))
		err = buf_reserve(out, p.front.len + name.len + p.back.len);
	if (!err_is(err)) {
		(void)buf_append(out, p.front);
		(void)buf_append(out, buf_slice(&name));
		(void)buf_append(out, p.back);
	}
	buf_fini(&name);
	return err;
}
