#include "collect/json.h"

#include <stdbool.h>

#include "base/ascii.h"
#include "base/num.h"
#include "collect/utf8.h"

uint8_t *
json_raw(uint8_t *at, struct slice s)
{
	if (s.len > 0)
		memcpy(at, s.ptr, s.len);
	return at + s.len;
}

uint8_t *
json_number(uint8_t *at, uint64_t value)
{
	char digits[NUM_U64_MAX_LEN];
	size_t len = num_format_u64(value, digits);

	memcpy(at, digits, len);
	return at + len;
}

static uint8_t *
put_escape(uint8_t *at, uint8_t octet)
{
	static const char digits[] = "0123456789abcdef";

	*at++ = '\\';
	if (octet == '"' || octet == '\\') {
		*at++ = octet;
		return at;
	}
	at = json_raw(at, slice_str("u00"));
	*at++ = (uint8_t)digits[octet >> 4];
	*at++ = (uint8_t)digits[octet & 0xf];
	return at;
}

static bool
is_plain(uint8_t octet)
{
	return octet < 0x80 && octet != '"' && octet != '\\' &&
	    !ascii_is_control(octet);
}

/* The ordinary string needs nothing: how much of `s` is like that? */
static size_t
plain_len(struct slice s)
{
	size_t len = 0;

	while (len < s.len && is_plain(s.ptr[len]))
		len++;
	return len;
}

uint8_t *
json_string(uint8_t *at, struct slice s)
{
	size_t plain = plain_len(s);
	bool is_utf8;

	*at++ = '"';
	at = json_raw(at, slice_first(s, plain));
	if (plain < s.len) {
		s = slice_from(s, plain);
		is_utf8 = utf8_is_valid(s);
		for (size_t i = 0; i < s.len; i++) {
			if (is_plain(s.ptr[i]) || (is_utf8 && s.ptr[i] >= 0x80))
				*at++ = s.ptr[i];
			else
				at = put_escape(at, s.ptr[i]);
		}
	}
	*at++ = '"';
	return at;
}
