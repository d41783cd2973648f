/*
 * escape - octets from outside, made harmless for a terminal.
 */
#include "base/ascii.h"
#include "base/slice.h"
#include "bulkfetch.h"
#include "collect/utf8.h"

#define DOTS "..."
#define DOTS_LEN 3
#define HEX_LEN 4 /* "\xHH" */

static const char digits[] = "0123456789abcdef";

/*
 * Octets at the front of `s` that may be shown as they are, one character; 0
 * when the first octet is to be escaped.  The C1 controls, U+0080 to U+009F,
 * are as good as an ESC to some terminals.
 */
static size_t
plain_len(struct slice s)
{
	if (s.ptr[0] < 0x80)
		return ascii_is_control(s.ptr[0]) ? 0 : 1;
	if (s.ptr[0] == 0xc2 && s.len > 1 && s.ptr[1] < 0xa0)
		return 0;
	return utf8_char_len(s);
}

const char *
bulkfetch_escape(struct bulkfetch_text in, char *out, size_t cap)
{
	struct slice s = slice_of(in.ptr, in.len);
	size_t len = 0;
	size_t fits = 0; /* `len` up to which there is room for the dots */

	if (cap == 0)
		return out;
	while (s.len > 0) {
		size_t plain = plain_len(s);
		size_t used = plain > 0 ? plain : 1;
		size_t more = plain > 0 ? plain : HEX_LEN;

		if (len + DOTS_LEN < cap)
			fits = len;
		if (more >= cap - len)
			break;
		if (plain > 0) {
			memcpy(out + len, s.ptr, plain);
		} else {
			out[len] = '\\';
			out[len + 1] = 'x';
			out[len + 2] = digits[s.ptr[0] >> 4];
			out[len + 3] = digits[s.ptr[0] & 0xf];
		}
		len += more;
		s = slice_from(s, used);
	}
	if (s.len > 0) {
		size_t dots = cap - 1 < DOTS_LEN ? cap - 1 : DOTS_LEN;

		len = fits;
		memcpy(out + len, DOTS, dots);
		len += dots;
	}
	out[len] = '\0';
	return out;
}
