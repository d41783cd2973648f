#include "http/url.h"

#include <string.h>

#include "base/ascii.h"
#include "base/num.h"
#include "http/percent.h"

/* What normalising adds beside escapes: "/" for an empty path, a zone. */
#define ADDED_MAX (1 + HOST_ADDED_MAX)

/* The pieces of the input as they were written. */
struct pieces {
	struct slice authority;
	struct slice userinfo;
	struct slice host; /* with brackets */
	struct slice port;
	struct slice path;
	struct slice query;
	struct slice fragment;
	bool is_https;
	bool has_userinfo;
	bool has_query;
};

/* Unreserved or a sub-delimiter (RFC 3986, 2.2 and 2.3). */
static inline bool
is_plain(uint8_t octet)
{
	return (ascii_classes[octet] & (ASCII_UNRESERVED | ASCII_SUB_DELIM)) !=
	    0;
}

/* Reserved or unreserved, but not '#'. */
static inline bool
may_stand(uint8_t octet)
{
	if (is_plain(octet))
		return true;
	switch (octet) {
	case ':':
	case '/':
	case '?':
	case '[':
	case ']':
	case '@':
		return true;
	default:
		return false;
	}
}

static inline bool
may_stand_in_userinfo(uint8_t octet)
{
	return is_plain(octet) || octet == ':';
}

/* Add to `*escapes` how many octets may need one; false on a control octet. */
static bool
count_escapes(struct slice in, size_t *escapes)
{
	size_t count = 0;

	for (size_t i = 0; i < in.len; i++) {
		if (may_stand(in.ptr[i]))
			continue;
		if (ascii_is_control(in.ptr[i]))
			return false;
		count++;
	}
	*escapes += count;
	return true;
}

static uint8_t *
put(uint8_t *to, struct slice s)
{
	if (s.len > 0)
		memcpy(to, s.ptr, s.len);
	return to + s.len;
}

static uint8_t *
put_str(uint8_t *to, const char *text)
{
	return put(to, slice_str(text));
}

static uint8_t *
put_escaped(uint8_t *to, struct slice in, bool (*stands)(uint8_t octet))
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < in.len; i++) {
		uint8_t octet = in.ptr[i];

		if (stands(octet) || percent_is_escape(in, i)) {
			*to++ = octet;
			continue;
		}
		*to++ = '%';
		*to++ = (uint8_t)digits[octet >> 4];
		*to++ = (uint8_t)digits[octet & 15];
	}
	return to;
}

/* "example.com:80/x": a host and port rather than a scheme. */
static bool
looks_like_host(struct slice scheme, struct slice rest)
{
	return rest.len == 0 || ascii_is_digit(rest.ptr[0]) ||
	    slice_find(scheme, '.') < scheme.len;
}

size_t
url_scheme_len(struct slice in)
{
	size_t len = 0;

	while (len < in.len &&
	    (ascii_is(in.ptr[len], ASCII_ALPHA) ||
		(len > 0 &&
		    (ascii_is_digit(in.ptr[len]) || in.ptr[len] == '+' ||
			in.ptr[len] == '-' || in.ptr[len] == '.'))))
		len++;
	return len < in.len && in.ptr[len] == ':' ? len : 0;
}

static struct err
split_scheme(struct slice in, struct pieces *p, struct slice *rest)
{
	struct slice scheme;
	size_t len = url_scheme_len(in);

	if (len == 0)
		return err_why(ERR_REQUEST, "no http:// or https:// in front");
	scheme = slice_first(in, len);
	in = slice_from(in, len + 1);
	p->is_https = slice_eq_nocase_str(scheme, "https");
	if (!p->is_https && !slice_eq_nocase_str(scheme, "http"))
		return looks_like_host(scheme, in)
		    ? err_why(ERR_REQUEST, "no http:// or https:// in front")
		    : err_why(ERR_SCHEME, "neither http nor https");
	if (in.len < 2 || in.ptr[0] != '/' || in.ptr[1] != '/')
		return err_why(ERR_REQUEST, "no // behind the scheme");
	*rest = slice_from(in, 2);
	return err_none();
}

/* Userinfo ends at the last '@', so that one in a password does no harm. */
static struct err
split_authority(struct pieces *p)
{
	struct slice rest = p->authority;
	const uint8_t *at =
	    rest.len > 0 ? memrchr(rest.ptr, '@', rest.len) : NULL;

	if (at != NULL) {
		size_t len = (size_t)(at - rest.ptr);

		p->has_userinfo = true;
		p->userinfo = slice_first(rest, len);
		rest = slice_from(rest, len + 1);
	}
	return host_split_port(rest, &p->host, &p->port);
}

static struct err
split(struct slice in, struct pieces *p)
{
	struct slice rest = { 0 };
	struct err err = split_scheme(in, p, &rest);
	size_t at = 0;

	if (err_is(err))
		return err;
	while (at < rest.len && rest.ptr[at] != '/' && rest.ptr[at] != '?' &&
	    rest.ptr[at] != '#')
		at++;
	p->authority = slice_first(rest, at);
	rest = slice_from(rest, at);
	at = slice_find(rest, '#');
	p->fragment = slice_from(rest, at);
	rest = slice_first(rest, at);
	at = slice_find(rest, '?');
	p->path = slice_first(rest, at);
	p->has_query = at < rest.len;
	if (p->has_query)
		p->query = slice_from(rest, at + 1);
	return split_authority(p);
}

static struct err
parse_port(const struct pieces *p, uint16_t *port)
{
	uint64_t value = p->is_https ? 443 : 80;

	if (p->port.len > 0 &&
	    (!num_parse_u64(p->port, UINT16_MAX, &value) || value == 0))
		return err_why(ERR_REQUEST, "a bad port");
	*port = (uint16_t)value;
	return err_none();
}

/* Whether a segment begins with a dot. */
static bool
may_have_dot_segment(struct slice path)
{
	size_t at = slice_find(path, '.');

	while (at < path.len) {
		if (path.ptr[at - 1] == '/')
			return true;
		at++;
		at += slice_find(slice_from(path, at), '.');
	}
	return false;
}

/*
 * Take the dot segments out of `path`, which begins with '/', in place (RFC
 * 3986, section 5.2.4); the length that is left, at least 1.
 */
static size_t
remove_dot_segments(uint8_t *path, size_t len)
{
	size_t in = 0;
	size_t out = 0;

	while (in < len) {
		size_t rest = len - in - 1;
		size_t seg = slice_find(slice_of(path + in + 1, rest), '/');
		const uint8_t *name = path + in + 1;
		bool is_last = seg == rest;

		if (seg == 2 && name[0] == '.' && name[1] == '.') {
			while (out > 0 && path[--out] != '/')
				;
		} else if (seg != 1 || name[0] != '.') {
			memmove(path + out, path + in, seg + 1);
			out += seg + 1;
			is_last = false;
		}
		if (is_last)
			path[out++] = '/';
		in += seg + 1;
	}
	return out;
}

static uint8_t *
put_target(const struct pieces *p, size_t escapes, uint8_t *to, struct url *url)
{
	uint8_t *begin = to;

	if (p->path.len == 0)
		*to++ = '/';
	to = escapes == 0 ? put(to, p->path)
			  : put_escaped(to, p->path, may_stand);
	if (may_have_dot_segment(p->path))
		to = begin + remove_dot_segments(begin, (size_t)(to - begin));
	url->path = slice_of(begin, (size_t)(to - begin));
	if (p->has_query) {
		*to++ = '?';
		url->has_query = true;
		url->query.ptr = to;
		to = escapes == 0 ? put(to, p->query)
				  : put_escaped(to, p->query, may_stand);
		url->query.len = (size_t)(to - url->query.ptr);
	}
	url->target = slice_of(begin, (size_t)(to - begin));
	return to;
}

/* Write what stands beside the text: userinfo, and a host with a zone. */
static uint8_t *
put_beside(
    const struct pieces *p, struct slice zone, uint8_t *to, struct url *url)
{
	if (p->has_userinfo) {
		url->has_userinfo = true;
		url->userinfo.ptr = to;
		to = put_escaped(to, p->userinfo, may_stand_in_userinfo);
		url->userinfo.len = (size_t)(to - url->userinfo.ptr);
	}
	if (zone.len > 0) {
		struct slice address = url->host;

		url->host.ptr = to;
		to = put(put_str(put(to, address), "%"), zone);
		url->host.len = (size_t)(to - url->host.ptr);
	}
	return to;
}

/* Write everything to `to`, where there is room; `*end` is behind it. */
static struct err
compose(const struct pieces *p, size_t escapes, uint8_t *to, struct url *url,
    uint8_t **end)
{
	struct host host = { 0 };
	uint8_t *begin = to;
	struct err err = parse_port(p, &url->port);

	if (err_is(err))
		return err;
	url->scheme = slice_of(to, p->is_https ? 5 : 4);
	to = put_str(to, p->is_https ? "https://" : "http://");
	url->authority.ptr = to;
	err = host_put(p->host, &to, &host);
	if (err_is(err))
		return err;
	url->host = host.name;
	url->host_kind = host.kind;
	if (url->port != (p->is_https ? 443 : 80)) {
		char digits[NUM_U64_MAX_LEN];
		size_t len = num_format_u64(url->port, digits);

		*to++ = ':';
		to = put(to, slice_of(digits, len));
	}
	url->authority.len = (size_t)(to - url->authority.ptr);
	to = put_target(p, escapes, to, url);
	url->text = slice_of(begin, (size_t)(to - begin));
	*end = put_beside(p, host.zone, to, url);
	return err_none();
}

struct err
url_parse(struct slice in, struct buf *space, struct url *url)
{
	struct pieces p = { 0 };
	struct url parsed = { 0 };
	size_t ignored = 0;
	size_t escapes = 0;
	uint8_t *end = NULL;
	struct err err;

	if (in.len > URL_MAX_LEN)
		return err_why(ERR_REQUEST, "a URL longer than 64 KiB");
	err = split(in, &p);
	if (err_is(err))
		return err;
	if (!count_escapes(p.authority, &ignored) ||
	    !count_escapes(p.path, &escapes) ||
	    !count_escapes(p.query, &escapes) ||
	    !count_escapes(p.fragment, &ignored))
		return err_why(ERR_REQUEST, "a control octet in the URL");
	err = buf_reserve(space,
	    in.len + 2 * (escapes + p.authority.len) + p.host.len + ADDED_MAX);
	if (err_is(err))
		return err;
	err = compose(&p, escapes, space->ptr + space->len, &parsed, &end);
	if (err_is(err))
		return err;
	space->len = (size_t)(end - space->ptr);
	*url = parsed;
	return err_none();
}

struct err
url_percent_decode(struct slice in, struct buf *out)
{
	struct err err = buf_reserve(out, in.len);
	uint8_t *to;

	if (err_is(err) || in.len == 0)
		return err;
	to = out->ptr + out->len;
	for (size_t i = 0; i < in.len; i++) {
		if (in.ptr[i] != '%') {
			*to++ = in.ptr[i];
			continue;
		}
		if (!percent_is_escape(in, i))
			return err_why(ERR_REQUEST,
			    "a '%' without two hexadecimal digits");
		*to++ = percent_value(in.ptr + i);
		i += PERCENT_LEN - 1;
	}
	out->len = (size_t)(to - out->ptr);
	return err_none();
}
