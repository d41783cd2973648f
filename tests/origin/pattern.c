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
parse_size(struct slice rest, struct generated *out)
{
	return num_parse_size(take_segment(&rest), INT64_MAX, &out->size);
}

static bool
parse_delay(struct slice rest, struct generated *out)
{
	return num_parse_u64(take_segment(&rest), INT32_MAX, &out->delay_ms) &&
	    parse_size(rest, out);
}

/* The kind of validator may stand behind the number. */
static bool
parse_cut(struct slice rest, struct generated *out)
{
	if (!num_parse_size(take_segment(&rest), INT64_MAX, &out->cut))
		return false;
	if (take_prefix(&rest, "weak/"))
		out->validator = VALIDATOR_WEAK;
	else if (take_prefix(&rest, "dated/"))
		out->validator = VALIDATOR_DATE;
	else
		(void)take_prefix(&rest, "ver/");
	return parse_size(rest, out);
}

static bool
parse_status(struct slice rest, struct generated *out)
{
	uint64_t status;

	if (!num_parse_u64(take_segment(&rest), CODE_MAX, &status))
		return false;
	out->status = (unsigned)status;
	return true;
}

static bool
parse_redirect(struct slice rest, struct generated *out)
{
	if (!parse_status(rest, out))
		return false;
	(void)take_segment(&rest);
	out->hops = 1;
	out->rest = rest;
	return true;
}

static bool
parse_hops(struct slice rest, struct generated *out)
{
	if (!num_parse_u64(take_segment(&rest), INT64_MAX, &out->hops) ||
	    out->hops == 0)
		return false;
	out->status = 302;
	out->rest = rest;
	return true;
}

static bool
parse_nothing(struct slice rest, struct generated *out)
{
	(void)rest;
	(void)out;
	return true;
}

bool
generated_parse(struct slice target, struct generated *out)
{
	static const struct {
		const char *prefix;
		struct generated begun;
		bool (*parse)(struct slice rest, struct generated *out);
	} rows[] = {
		{ "/gen/", { .kind = GENERATED_PLAIN }, parse_size },
		{ "/chunked/", { .kind = GENERATED_CHUNKED }, parse_size },
		{ "/close/", { .kind = GENERATED_CLOSE }, parse_size },
		{ "/fresh/", { .kind = GENERATED_FRESH }, parse_size },
		{ "/delay/", { .kind = GENERATED_PLAIN }, parse_delay },
		{ "/ver/", { .kind = GENERATED_VERSIONED }, parse_size },
		{ "/weak/",
		    { .kind = GENERATED_VERSIONED,
			.validator = VALIDATOR_WEAK },
		    parse_size },
		{ "/dated/",
		    { .kind = GENERATED_VERSIONED,
			.validator = VALIDATOR_DATE },
		    parse_size },
		{ "/cut/", { .kind = GENERATED_VERSIONED }, parse_cut },
		{ "/redirect/", { .kind = GENERATED_REDIRECT },
		    parse_redirect },
		{ "/hops/", { .kind = GENERATED_REDIRECT }, parse_hops },
		{ "/status/", { .kind = GENERATED_STATUS }, parse_status },
		{ "/echo", { .kind = GENERATED_ECHO }, parse_nothing },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct generated g = rows[i].begun;
		struct slice rest = target;

		if (!take_prefix(&rest, rows[i].prefix))
			continue;
		g.status = 200;
		g.cut = GENERATED_UNCUT;
		if (!rows[i].parse(rest, &g))
			return false;
		*out = g;
		return true;
	}
	return false;
}

uint64_t
pattern_seed(struct slice target, uint64_t version)
{
	struct generated g;

	if (version != 0 &&
	    (!generated_parse(target, &g) || g.kind != GENERATED_VERSIONED))
		version = 0;
	return hash_octets(target, version);
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
