#include "pattern.h"

#include <endian.h>

#include "base/hash.h"
#include "base/num.h"

#define WORD_LEN 8
#define CODE_MAX 999

/* Take `prefix` off the front of `*s`; false, with nothing taken, without. */
static bool
take_prefix(struct slice *s, const char *prefix)
{
	struct slice p = slice_str(prefix);

	if (s->len < p.len || !slice_eq(slice_first(*s, p.len), p))
		return false;
	*s = slice_from(*s, p.len);
	return true;
}

/* Take a segment and the slash behind it. */
static struct slice
take_segment(struct slice *s)
{
	size_t end = slice_find(*s, '/');
	struct slice segment = slice_first(*s, end);

	*s = slice_from(*s, end < s->len ? end + 1 : end);
	return segment;
}

static bool
parse_status(struct slice rest, struct generated *out)
{
	uint64_t status;

	if (!num_parse_u64(take_segment(&rest), CODE_MAX, &status))
		return false;
	out->kind = GENERATED_STATUS;
	out->status = (unsigned)status;
	return true;
}

bool
generated_parse(struct slice target, struct generated *out)
{
	struct generated g = { .status = 200 };

	if (take_prefix(&target, "/gen/")) {
		g.kind = GENERATED_PLAIN;
	} else if (take_prefix(&target, "/chunked/")) {
		g.kind = GENERATED_CHUNKED;
	} else if (take_prefix(&target, "/close/")) {
		g.kind = GENERATED_CLOSE;
	} else if (take_prefix(&target, "/fresh/")) {
		g.kind = GENERATED_FRESH;
	} else if (take_prefix(&target, "/delay/")) {
		g.kind = GENERATED_PLAIN;
		if (!num_parse_u64(
			take_segment(&target), INT32_MAX, &g.delay_ms))
			return false;
	} else if (take_prefix(&target, "/status/")) {
		if (!parse_status(target, &g))
			return false;
		*out = g;
		return true;
	} else if (take_prefix(&target, "/echo")) {
		g.kind = GENERATED_ECHO;
		*out = g;
		return true;
	} else {
		return false;
	}
	if (!num_parse_size(take_segment(&target), INT64_MAX, &g.size))
		return false;
	*out = g;
	return true;
}

uint64_t
pattern_seed(struct slice target)
{
	return hash_octets(target, 0);
}

/* The word of that number: splitmix64, which can be entered anywhere. */
static uint64_t
word_at(uint64_t seed, uint64_t number)
{
	uint64_t z = seed + (number + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return htole64(z ^ (z >> 31));
}

void
pattern_fill(uint64_t seed, uint64_t offset, uint8_t *out, size_t len)
{
	uint64_t number = offset / WORD_LEN;
	size_t skip = (size_t)(offset % WORD_LEN);

	while (len > 0) {
		uint64_t word = word_at(seed, number++);
		size_t n = WORD_LEN - skip < len ? WORD_LEN - skip : len;

		if (n == WORD_LEN)
			memcpy(out, &word, WORD_LEN);
		else
			memcpy(out, (const uint8_t *)&word + skip, n);
		skip = 0;
		out += n;
		len -= n;
	}
}

bool
pattern_matches(uint64_t seed, uint64_t offset, struct slice in)
{
	uint8_t expected[4096];

	while (in.len > 0) {
		size_t n =
		    in.len < sizeof(expected) ? in.len : sizeof(expected);

		pattern_fill(seed, offset, expected, n);
		if (memcmp(expected, in.ptr, n) != 0)
			return false;
		offset += n;
		in = slice_from(in, n);
	}
	return true;
}
