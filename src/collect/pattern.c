#include "collect/pattern.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/num.h"
#include "base/text.h"
#include "collect/naming.h"

/* A scratch buffer that is worth keeping for the next name. */
#define KEEP_MAX 4096

enum part_kind {
	PART_LITERAL,
	PART_N,
	PART_HOST,
	PART_PATH,
	PART_NAME,
	PART_EXT,
	PART_QUERY,
	PART_HASH,
};

static const struct {
	const char *name;
	enum part_kind kind;
} known[] = {
	{ "n", PART_N },
	{ "host", PART_HOST },
	{ "path", PART_PATH },
	{ "name", PART_NAME },
	{ "ext", PART_EXT },
	{ "query", PART_QUERY },
	{ "hash", PART_HASH },
};

static const char known_list[] =
    "%{n} %{host} %{path} %{name} %{ext} %{query} %{hash} and %%";

struct part {
	enum part_kind kind;
	unsigned width;       /* PART_N: least count of digits */
	struct slice literal; /* PART_LITERAL: borrowed from the text */
};

struct pattern {
	char *text;         /* owned */
	struct part *parts; /* owned */
	size_t count;
	struct buf scratch; /* the name before it is made safe */
};

static void
add_literal(struct pattern *p, struct slice text)
{
	if (text.len > 0)
		p->parts[p->count++] =
		    (struct part){ .kind = PART_LITERAL, .literal = text };
}

/* `word` is what stands between the braces. */
static bool
add_value(struct pattern *p, struct slice word)
{
	size_t colon = slice_find(word, ':');
	struct slice name = slice_first(word, colon);
	uint64_t width = 0;

	if (colon < word.len &&
	    (!slice_eq_str(name, "n") ||
		!num_parse_u64(
		    slice_from(word, colon + 1), NUM_U64_MAX_LEN, &width)))
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!slice_eq_str(name, known[i].name))
			continue;
		p->parts[p->count++] = (struct part){
			.kind = known[i].kind,
			.width = (unsigned)width,
		};
		return true;
	}
	return false;
}

/* Add what the '%' at the front of `*text` begins, and step over it. */
static bool
add_percent(struct pattern *p, struct slice *text, char *why, size_t cap)
{
	char shown[64];
	size_t end = slice_find(*text, '}');

	if (text->len > 1 && text->ptr[1] == '%') {
		add_literal(p, slice_first(slice_from(*text, 1), 1));
		*text = slice_from(*text, 2);
		return true;
	}
	if (text->len < 2 || text->ptr[1] != '{' || end == text->len) {
		(void)snprintf(why, cap,
		    "'%%' begins one of %s; a '%%' itself is written %%%%",
		    known_list);
		return false;
	}
	if (!add_value(p, slice_of(text->ptr + 2, end - 2))) {
		(void)bulkfetch_escape(
		    (struct bulkfetch_text){ (const char *)text->ptr, end + 1 },
		    shown, sizeof(shown));
		(void)snprintf(why, cap, "%s is not known; there are %s", shown,
		    known_list);
		return false;
	}
	*text = slice_from(*text, end + 1);
	return true;
}

/* Components that the pattern itself spells out must be names. */
static bool
check_components(struct slice text, char *why, size_t cap)
{
	for (;;) {
		size_t at = slice_find(text, '/');
		struct slice name = slice_first(text, at);

		if (name.len == 0 || slice_eq_str(name, ".") ||
		    slice_eq_str(name, "..")) {
			(void)snprintf(why, cap,
			    "names are made under --dir: no '/' in front or "
			    "at the end, no '//', no '.' or '..'");
			return false;
		}
		if (at == text.len)
			return true;
		text = slice_from(text, at + 1);
	}
}

static bool
parse(struct pattern *p, char *why, size_t cap)
{
	struct slice text = slice_str(p->text);

	if (!check_components(text, why, cap))
		return false;
	while (text.len > 0) {
		size_t at = slice_find(text, '%');

		add_literal(p, slice_first(text, at));
		text = slice_from(text, at);
		if (text.len > 0 && !add_percent(p, &text, why, cap))
			return false;
	}
	return true;
}

struct err
pattern_new(const char *text, struct pattern **out, char *why, size_t cap)
{
	struct pattern *p = calloc(1, sizeof(*p));
	size_t parts_max = 1;

	if (p == NULL)
		return err_of(ERR_NOMEM);
	buf_init(&p->scratch, NAMING_SPACE_MAX);
	for (const char *at = text; *at != '\0'; at++)
		parts_max += *at == '%' ? 2 : 0;
	p->text = strdup(text);
	p->parts = calloc(parts_max, sizeof(*p->parts));
	if (p->text == NULL || p->parts == NULL) {
		pattern_free(p);
		return err_of(ERR_NOMEM);
	}
	if (!parse(p, why, cap)) {
		pattern_free(p);
		return err_of(ERR_REQUEST);
	}
	*out = p;
	return err_none();
}

void
pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	buf_fini(&p->scratch);
	free(p->parts);
	free(p->text);
	free(p);
}

static struct err
append_number(struct buf *out, uint64_t n, unsigned width)
{
	char digits[NUM_U64_MAX_LEN];
	size_t len = num_format_u64(n, digits);
	struct err err = err_none();

	for (size_t i = len; i < width && !err_is(err); i++)
		err = buf_append_octet(out, '0');
	return err_is(err) ? err : buf_append(out, slice_of(digits, len));
}

static struct err
append_path(struct buf *out, struct slice path)
{
	struct err err;

	if (path.len > 0 && path.ptr[0] == '/')
		path = slice_from(path, 1);
	err = buf_append(out, path);
	if (err_is(err) || (path.len > 0 && path.ptr[path.len - 1] != '/'))
		return err;
	return buf_append_str(out, NAMING_INDEX);
}

/* From the last dot on, unless it begins or ends the name. */
static struct slice
extension(struct slice name)
{
	const uint8_t *dot = memrchr(name.ptr, '.', name.len);
	size_t at = dot != NULL ? (size_t)(dot - name.ptr) : 0;

	return at == 0 || at + 1 == name.len ? slice_of(NULL, 0)
					     : slice_from(name, at);
}

static struct err
append_part(struct buf *out, const struct part *part,
    const struct bulkfetch_request *request)
{
	struct slice path = text_slice(request->path);
	char digits[16];

	switch (part->kind) {
	case PART_LITERAL:
		return buf_append(out, part->literal);
	case PART_N:
		return append_number(out, request->n, part->width);
	case PART_HOST:
		return naming_append_flat(text_slice(request->authority), out);
	case PART_PATH:
		return append_path(out, path);
	case PART_NAME:
		return buf_append(out, naming_last(path));
	case PART_EXT:
		return buf_append(out, extension(naming_last(path)));
	case PART_QUERY:
		return naming_append_flat(text_slice(request->query), out);
	case PART_HASH:
		num_format_hex64(
		    hash_octets(text_slice(request->url), 0), digits);
		return buf_append(out, slice_of(digits, sizeof(digits)));
	}
	return err_none();
}

struct err
pattern_append(
    struct pattern *p, const struct bulkfetch_request *request, struct buf *out)
{
	struct err err = err_none();

	buf_clear(&p->scratch);
	for (size_t i = 0; i < p->count && !err_is(err); i++)
		err = append_part(&p->scratch, &p->parts[i], request);
	if (!err_is(err))
		err = naming_append_path(buf_slice(&p->scratch), out);
	if (p->scratch.cap > KEEP_MAX)
		buf_fini(&p->scratch);
	return err;
}
