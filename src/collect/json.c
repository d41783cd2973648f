#include "collect/json.h"

#include <stdbool.h>

#include "base/ascii.h"
#include "base/num.h"
#include "base/utf8.h"

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
	size_t len;

	if (value < 10) { /* as most are */
		*at = (uint8_t)('0' + value);
		return at + 1;
	}
	len = num_format_u64(value, digits);
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

#define EACH(octet) (UINT64_C(0x0101010101010101) * (octet))

/* Has one of the eight octets its high bit, for each that is less than `n`? */
static uint64_t
less(uint64_t word, uint64_t n)
{
	return (word - EACH(n)) & ~word;
}

/* Eight octets at a time; what is not plain may also be told of its neighbour.
 */
static bool
are_plain(const uint8_t *octets)
{
	uint64_t word;

	memcpy(&word, octets, sizeof(word));
	return ((word | less(word, 0x20) | less(word ^ EACH('"'), 1) |
		    less(word ^ EACH('\\'), 1) | less(word ^ EACH(0x7f), 1)) &
		   EACH(0x80)) == 0;
}

/* The ordinary string needs nothing: how much of `s` is like that? */
static size_t
plain_len(struct slice s)
{
	size_t len = 0;

	while (s.len - len >= sizeof(uint64_t) && are_plain(s.ptr + len))
		len += sizeof(uint64_t);
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
