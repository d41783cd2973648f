#include "json.h"

#include "base/ascii.h"
#include "harness.h"

#define MEMBERS_MAX 64

/* A text being read; `problem` is static and the first one stays. */
struct reader {
	struct slice rest;
	const char *problem;
};

struct member {
	struct slice name;  /* with its quotes */
	struct slice value; /* with its quotes, if a string */
};

static bool
fails(struct reader *r, const char *problem)
{
	if (r->problem == NULL)
		r->problem = problem;
	return false;
}

static bool
take(struct reader *r, uint8_t octet)
{
	if (r->rest.len == 0 || r->rest.ptr[0] != octet)
		return false;
	r->rest = slice_from(r->rest, 1);
	return true;
}

static bool
take_octet(struct reader *r, uint8_t *octet)
{
	if (r->rest.len == 0)
		return false;
	*octet = r->rest.ptr[0];
	r->rest = slice_from(r->rest, 1);
	return true;
}

/* Four hexadecimal digits. */
static bool
take_unit(struct reader *r, uint32_t *unit)
{
	uint8_t digit;

	*unit = 0;
	for (int i = 0; i < 4; i++) {
		if (!take_octet(r, &digit) || !ascii_is_hex(digit))
			return fails(r, "a bad \\u escape");
		*unit = *unit << 4 | ascii_hex_value(digit);
	}
	return true;
}

/* What follows "\u": a unit, or a pair of surrogates. */
static bool
take_code(struct reader *r, uint32_t *code)
{
	uint32_t low;

	if (!take_unit(r, code))
		return false;
	if (*code < 0xd800 || *code > 0xdfff)
		return true;
	if (*code > 0xdbff || !take(r, '\\') || !take(r, 'u') ||
	    !take_unit(r, &low) || low < 0xdc00 || low > 0xdfff)
		return fails(r, "a lone surrogate");
	*code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

static void
append_code(char *out, size_t *len, uint32_t code)
{
	if (code < 0x80) {
		out[(*len)++] = (char)code;
	} else if (code < 0x800) {
		out[(*len)++] = (char)(0xc0 | code >> 6);
		out[(*len)++] = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		out[(*len)++] = (char)(0xe0 | code >> 12);
		out[(*len)++] = (char)(0x80 | (code >> 6 & 0x3f));
		out[(*len)++] = (char)(0x80 | (code & 0x3f));
	} else {
		out[(*len)++] = (char)(0xf0 | code >> 18);
		out[(*len)++] = (char)(0x80 | (code >> 12 & 0x3f));
		out[(*len)++] = (char)(0x80 | (code >> 6 & 0x3f));
		out[(*len)++] = (char)(0x80 | (code & 0x3f));
	}
}

static bool
take_escape(struct reader *r, char *out, size_t *len)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	uint32_t code;
	uint8_t octet;

	if (!take_octet(r, &octet))
		return fails(r, "a string has no end");
	if (octet == 'u') {
		if (!take_code(r, &code))
			return false;
		append_code(out, len, code);
		return true;
	}
	at = octet != 0 ? strchr(from, octet) : NULL;
	if (at == NULL)
		return fails(r, "an unknown escape");
	out[(*len)++] = to[at - from];
	return true;
}

/* Octets of a UTF-8 sequence that begins so; 0 for none. */
static size_t
sequence_len(const uint8_t *s, size_t left)
{
	size_t len = s[0] < 0x80 ? 1
	    : s[0] < 0xc2        ? 0
	    : s[0] < 0xe0        ? 2
	    : s[0] < 0xf0        ? 3
	    : s[0] < 0xf5        ? 4
				 : 0;

	if (len == 0 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

static bool
take_plain(struct reader *r, char *out, size_t *len)
{
	size_t n = sequence_len(r->rest.ptr, r->rest.len);

	if (n == 0)
		return fails(r, "not UTF-8");
	if (r->rest.ptr[0] < 0x20)
		return fails(r, "a control octet in a string");
	memcpy(out + *len, r->rest.ptr, n);
	*len += n;
	r->rest = slice_from(r->rest, n);
	return true;
}

/* A string into `out`, which has room for as many octets as the text. */
static bool
take_string(struct reader *r, char *out)
{
	size_t len = 0;

	if (!take(r, '"'))
		return fails(r, "a string was expected");
	while (r->rest.len > 0 && !take(r, '"')) {
		if (take(r, '\\') ? !take_escape(r, out, &len)
				  : !take_plain(r, out, &len))
			return false;
		if (r->rest.len == 0)
			return fails(r, "a string has no end");
	}
	out[len] = '\0';
	return true;
}

static size_t
take_digits(struct reader *r)
{
	size_t count = 0;

	while (r->rest.len > 0 && ascii_is_digit(r->rest.ptr[0])) {
		r->rest = slice_from(r->rest, 1);
		count++;
	}
	return count;
}

static bool
take_number(struct reader *r)
{
	bool has_zero;

	(void)take(r, '-');
	has_zero = r->rest.len > 0 && r->rest.ptr[0] == '0';
	switch (take_digits(r)) {
	case 0:
		return fails(r, "a value was expected");
	case 1:
		break;
	default:
		if (has_zero)
			return fails(r, "a number that begins with 0");
	}
	if (take(r, '.') && take_digits(r) == 0)
		return fails(r, "a point without digits");
	return true;
}

static bool
take_word(struct reader *r, const char *word)
{
	size_t len = strlen(word);

	if (r->rest.len < len || memcmp(r->rest.ptr, word, len) != 0)
		return false;
	r->rest = slice_from(r->rest, len);
	return true;
}

static bool
take_value(struct reader *r, char *space)
{
	if (r->rest.len > 0 && r->rest.ptr[0] == '"')
		return take_string(r, space);
	return take_word(r, "true") || take_word(r, "false") ||
	    take_word(r, "null") || take_number(r);
}

static bool
take_member(struct reader *r, char *space, struct member *member)
{
	const uint8_t *begin = r->rest.ptr;

	if (!take_string(r, space))
		return false;
	member->name = slice_of(begin, (size_t)(r->rest.ptr - begin));
	(void)take(r, ' ');
	if (!take(r, ':'))
		return fails(r, "a colon was expected");
	(void)take(r, ' ');
	begin = r->rest.ptr;
	if (!take_value(r, space))
		return false;
	member->value = slice_of(begin, (size_t)(r->rest.ptr - begin));
	return true;
}

static bool
is_repeated(const struct member *members, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++) {
		if (slice_eq(members[i].name, members[count - 1].name))
			return true;
	}
	return false;
}

static bool
take_object(
    struct reader *r, char *space, struct member *members, size_t *count)
{
	*count = 0;
	if (!take(r, '{'))
		return fails(r, "an object was expected");
	do {
		(void)take(r, ' ');
		if (*count == MEMBERS_MAX)
			return fails(r, "too many members");
		if (!take_member(r, space, &members[*count]))
			return false;
		(*count)++;
		if (is_repeated(members, *count))
			return fails(r, "a name twice");
	} while (take(r, ','));
	if (!take(r, '}') || r->rest.len > 0)
		return fails(r, "an end was expected");
	return true;
}

const char *
json_problem(struct slice text)
{
	struct reader r = { .rest = text };
	struct member members[MEMBERS_MAX];
	char *space = malloc(text.len + 1);
	size_t count;

	if (space == NULL)
		return "out of memory";
	(void)take_object(&r, space, members, &count);
	free(space);
	return r.problem;
}

bool
json_find(struct slice text, const char *name, char *space)
{
	struct reader r = { .rest = text };
	struct member members[MEMBERS_MAX];
	size_t len = strlen(name);
	size_t count;

	if (!take_object(&r, space, members, &count))
		fail_msg("%s: %.*s", r.problem, (int)text.len,
		    (const char *)text.ptr);
	for (size_t i = 0; i < count; i++) {
		struct slice quoted = members[i].name;
		struct reader value = { .rest = members[i].value };

		if (quoted.len != len + 2 ||
		    memcmp(quoted.ptr + 1, name, len) != 0)
			continue;
		if (value.rest.ptr[0] == '"')
			return take_string(&value, space);
		memcpy(space, value.rest.ptr, value.rest.len);
		space[value.rest.len] = '\0';
		return true;
	}
	return false;
}

char *
json_get(struct world *w, struct slice text, const char *name)
{
	char *space = world_alloc(w, text.len + 1);

	return json_find(text, name, space) ? space : NULL;
}
