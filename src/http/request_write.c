/*
 * request_write - one request out of a form: the writing half of request.h.
 */
#include "http/request.h"

#include <string.h>

#include "base/ascii.h"
#include "http/basic.h"

static uint8_t *
put(uint8_t *to, struct slice s)
{
	if (s.len > 0)
		memcpy(to, s.ptr, s.len);
	return to + s.len;
}

static inline uint8_t *
put_str(uint8_t *to, const char *text)
{
	return put(to, slice_str(text));
}

/* The authority, less the zone of an IPv6 address (RFC 6874, section 4). */
static uint8_t *
put_host(uint8_t *to, const struct url *url)
{
	struct slice host = url->authority;

	if (url->host_kind == URL_HOST_IPV6) {
		size_t zone = slice_find(host, '%');

		to = put(to, slice_first(host, zone));
		host = slice_from(host, zone);
		host = slice_from(host, slice_find(host, ']'));
		if (host.len == 0)
			return to;
	}
	return put(to, host);
}

/* The target: the origin-form, or for a proxy the absolute-form (RFC 9112,
 * section 3.2), which has no userinfo (RFC 9110, section 4.2.4). */
static uint8_t *
put_target(
    uint8_t *to, const struct url *url, const struct request_extra *extra)
{
	if (extra->is_absolute) {
		to = put(to, url->scheme);
		to = put_str(to, "://");
		to = put_host(to, url);
	}
	return put(to, url->target);
}

/* Octets of a coding are nothing that those of another one, or of none, could
 * be continued with. */
static struct slice
codings_line(const struct request_form *form, const struct request_extra *extra)
{
	if (form->codings.len > 0 && extra->range_from > 0 && !form->has_range)
		return slice_str("Accept-Encoding: identity\r\n");
	return buf_slice(&form->codings);
}

/* The whole head, with `more` field lines of this request's own. */
static struct err
write_head(const struct request_form *form, const struct url *url,
    const struct request_extra *extra, struct slice more, struct buf *out)
{
	static const char version[] = " HTTP/1.1\r\nHost: ";
	struct slice codings = codings_line(form, extra);
	size_t room = form->method.len + 1 + url->text.len + sizeof(version) +
	    url->authority.len + 2 + extra->proxy_field.len + more.len +
	    form->fields.len + codings.len + 2;
	struct err err = buf_reserve(out, room);
	uint8_t *to;

	if (err_is(err))
		return err;
	to = put(out->ptr + out->len, buf_slice(&form->method));
	*to++ = ' ';
	to = put_target(to, url, extra);
	if (form->has_host) {
		to = put_str(to, " HTTP/1.1\r\n");
	} else {
		to = put_str(to, version);
		to = put_host(to, url);
		to = put_str(to, "\r\n");
	}
	to = put(to, extra->proxy_field);
	to = put(to, more);
	to = put(to, buf_slice(&form->fields));
	to = put(to, codings);
	to = put_str(to, "\r\n");
	out->len = (size_t)(to - out->ptr);
	return err_none();
}

/* Authorization: from the URL, unless the user has a word on it. */
static struct err
append_credentials(
    const struct request_form *form, const struct url *url, struct buf *out)
{
	struct buf plain;
	struct err err;

	if (form->has_authorization || url->userinfo.len == 0)
		return buf_append(out, buf_slice(&form->credentials));
	buf_init(&plain, URL_SPACE_MAX);
	err = url_percent_decode(url->userinfo, &plain);
	if (!err_is(err))
		err = basic_append_field(buf_slice(&plain), out);
	buf_fini(&plain);
	return err;
}

/* Behind the obs-fold at `at` (RFC 9112, section 5.2); NULL for none there. */
static const uint8_t *
skip_fold(const uint8_t *at, const uint8_t *end)
{
	if (*at == '\r')
		at++;
	if (end - at < 2 || at[0] != '\n' || !ascii_is_blank(at[1]))
		return NULL;
	do {
		at++;
	} while (at < end && ascii_is_blank(*at));
	return at;
}

/* Append a value as a response's field had it, each fold one SP. */
static struct err
append_unfolded(struct slice value, struct buf *out)
{
	const uint8_t *at = value.ptr;
	const uint8_t *end = at + value.len;
	struct err err = buf_reserve(out, value.len);
	uint8_t *begin = out->ptr + out->len;
	uint8_t *to = begin;

	if (err_is(err))
		return err;
	while (at < end) {
		if (ascii_is(*at, ASCII_FIELD)) {
			*to++ = *at++;
			continue;
		}
		at = skip_fold(at, end);
		if (at == NULL)
			return err_why(
			    ERR_REQUEST, "a control octet in a validator");
		/* The blanks in front belong to the fold. */
		while (to > begin && ascii_is_blank(to[-1]))
			to--;
		*to++ = ' ';
	}
	out->len += (size_t)(to - begin);
	return err_none();
}

/* A whole field line; nothing for an empty value. */
static struct err
append_received(struct buf *out, const char *name, struct slice value)
{
	struct err err;

	if (value.len == 0)
		return err_none();
	err = buf_append_str(out, name);
	if (!err_is(err))
		err = append_unfolded(value, out);
	if (!err_is(err))
		err = buf_append_str(out, "\r\n");
	return err;
}

static struct err
append_range(const struct request_extra *extra, struct buf *out)
{
	struct err err = buf_append_str(out, "Range: bytes=");

	if (!err_is(err))
		err = buf_append_u64(out, extra->range_from);
	if (!err_is(err))
		err = buf_append_str(out, "-\r\n");
	if (!err_is(err))
		err = append_received(out, "If-Range: ", extra->if_range);
	return err;
}

/* Whether it has lines that append_extra() would write. */
static bool
has_lines(const struct request_extra *extra)
{
	return extra->range_from > 0 || extra->if_range.len > 0 ||
	    extra->if_none_match.len > 0 || extra->if_modified_since.len > 0;
}

/* What the user says of the same matter wins. */
static struct err
append_extra(const struct request_form *form, const struct request_extra *extra,
    struct buf *out)
{
	struct err err = err_none();

	if (extra->if_range.len > REQUEST_EXTRA_MAX ||
	    extra->if_none_match.len > REQUEST_EXTRA_MAX ||
	    extra->if_modified_since.len > REQUEST_EXTRA_MAX)
		return err_why(ERR_LIMIT, "a validator that is too long");
	if (extra->range_from > 0 && !form->has_range)
		err = append_range(extra, out);
	if (form->has_conditions)
		return err;
	if (!err_is(err))
		err = append_received(
		    out, "If-None-Match: ", extra->if_none_match);
	if (!err_is(err))
		err = append_received(
		    out, "If-Modified-Since: ", extra->if_modified_since);
	return err;
}

/* The cold path: field lines of this request's own. */
static struct err
write_with_lines(const struct request_form *form, const struct url *url,
    const struct request_extra *extra, struct buf *out)
{
	struct buf lines;
	struct err err;

	buf_init(&lines, REQUEST_HEAD_MAX);
	err = append_credentials(form, url, &lines);
	if (!err_is(err))
		err = append_extra(form, extra, &lines);
	if (!err_is(err))
		err = write_head(form, url, extra, buf_slice(&lines), out);
	buf_fini(&lines);
	return err;
}

struct err
request_write(const struct request_form *form, const struct url *url,
    const struct request_extra *extra, struct buf *out)
{
	static const struct request_extra none;

	if (extra == NULL)
		extra = &none;
	if (has_lines(extra) || url->userinfo.len > 0)
		return write_with_lines(form, url, extra, out);
	return write_head(form, url, extra, buf_slice(&form->credentials), out);
}
