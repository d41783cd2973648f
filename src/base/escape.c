/*
 * escape - octets from outside, made harmless for a terminal.
 */
#include "base/ascii.h"
#include "base/slice.h"
#include "base/utf8.h"
#include "bulkfetch.h"

#define DOTS "..."
#define DOTS_LEN 3
#define HEX_LEN 4 /* "\xHH" */

static const char digits[] = "0123456789abcdef";

/*
 * Code points that do not show, or show others in another place: a name with
 * one of them is not what it looks like.  The C1 controls are as good as an
 * ESC to some terminals.
 */
static const struct {
	uint32_t first;
	uint32_t last;
} deceptive[] = {
	{ 0x0080, 0x009f }, /* C1 controls */
	{ 0x061c, 0x061c }, /* Arabic letter mark */
	{ 0x200b, 0x200f }, /* of no width, and marks of direction */
	{ 0x2028, 0x202e }, /* separators of lines, embeddings, overrides */
	{ 0x2060, 0x2069 }, /* word joiner, invisible operators, isolates */
	{ 0xfeff, 0xfeff }, /* byte order mark */
};

/* The code point of one well-formed character of 2 to 4 octets. */
static uint32_t
code_point(struct slice one)
{
	uint32_t code = one.ptr[0] & (0x7fU >> one.len);

	for (size_t i = 1; i < one.len; i++)
		code = code << 6 | (one.ptr[i] & 0x3f);
	return code;
}

static bool
is_deceptive(uint32_t code)
{
	for (size_t i = 0; i < sizeof(deceptive) / sizeof(deceptive[0]); i++) {
		if (code >= deceptive[i].first && code <= deceptive[i].last)
			return true;
	}
	return false;
}

/*
 * Octets at the front of `s` that may be shown as they are, one character; 0
 * when the first octet is to be escaped.  So are then the others of its
 * character, which are none without it.
 */
static size_t
plain_len(struct slice s)
{
	size_t len;

	if (s.ptr[0] < 0x80)
		return ascii_is_control(s.ptr[0]) ? 0 : 1;
	len = utf8_char_len(s);
	if (len > 0 && is_deceptive(code_point(slice_first(s, len))))
		return 0;
	return len;
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
