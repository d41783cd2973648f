#include "http/basic.h"

static const char scheme[] = "Basic ";
static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The octet at `at`; behind the end first the colon, if any, then zeros. */
static uint32_t
octet_at(struct slice s, bool adds_colon, size_t at)
{
	if (at < s.len)
		return s.ptr[at];
	return at == s.len && adds_colon ? (uint32_t)':' : 0;
}

struct err
basic_append(struct slice credentials, struct buf *out)
{
	bool adds_colon = slice_find(credentials, ':') == credentials.len;
	size_t len = credentials.len + (adds_colon ? 1 : 0);
	size_t room = sizeof(scheme) - 1 + (len + 2) / 3 * 4;
	struct err err;
	uint8_t *to;

	if (len > SIZE_MAX / 2)
		return err_of(ERR_LIMIT);
	err = buf_reserve(out, room);
	if (err_is(err))
		return err;
	to = out->ptr + out->len;
	memcpy(to, scheme, sizeof(scheme) - 1);
	to += sizeof(scheme) - 1;
	for (size_t i = 0; i < len; i += 3) {
		uint32_t word = octet_at(credentials, adds_colon, i) << 16 |
		    octet_at(credentials, adds_colon, i + 1) << 8 |
		    octet_at(credentials, adds_colon, i + 2);

		*to++ = (uint8_t)digits[word >> 18];
		*to++ = (uint8_t)digits[word >> 12 & 63];
		*to++ = (uint8_t)(i + 1 < len ? digits[word >> 6 & 63] : '=');
		*to++ = (uint8_t)(i + 2 < len ? digits[word & 63] : '=');
	}
	out->len += room;
	return err_none();
}

static struct err
append_line(const char *name, struct slice credentials, struct buf *out)
{
	size_t before = out->len;
	struct err err = buf_append_str(out, name);

	if (!err_is(err))
		err = basic_append(credentials, out);
	if (!err_is(err))
		err = buf_append_str(out, "\r\n");
	if (err_is(err))
		out->len = before;
	return err;
}

struct err
basic_append_field(struct slice credentials, struct buf *out)
{
	return append_line("Authorization: ", credentials, out);
}

struct err
basic_append_proxy_field(struct slice credentials, struct buf *out)
{
	return append_line("Proxy-Authorization: ", credentials, out);
}
