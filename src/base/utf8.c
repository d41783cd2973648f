#include "base/utf8.h"

static bool
is_tail(uint8_t octet)
{
	return (octet & 0xc0) == 0x80;
}

/* RFC 3629, section 4: no overlong forms, no surrogates, up to U+10FFFF. */
static bool
is_second(uint8_t lead, uint8_t octet)
{
	switch (lead) {
	case 0xe0:
		return octet >= 0xa0 && octet <= 0xbf;
	case 0xed:
		return octet >= 0x80 && octet <= 0x9f;
	case 0xf0:
		return octet >= 0x90 && octet <= 0xbf;
	case 0xf4:
		return octet >= 0x80 && octet <= 0x8f;
	default:
		return is_tail(octet);
	}
}

size_t
utf8_char_len(struct slice s)
{
	uint8_t lead = s.len > 0 ? s.ptr[0] : 0xff;
	size_t len;

	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	len = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (s.len < len || !is_second(lead, s.ptr[1]))
		return 0;
	for (size_t i = 2; i < len; i++) {
		if (!is_tail(s.ptr[i]))
			return 0;
	}
	return len;
}

bool
utf8_is_valid(struct slice s)
{
	while (s.len > 0) {
		size_t len = utf8_char_len(s);

		if (len == 0)
			return false;
		s = slice_from(s, len);
	}
	return true;
}
