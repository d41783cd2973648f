#include "script.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/num.h"

#define OCTETS_MAX (16U << 20)
#define MOVES_MAX 65536U
#define STATUS_MAX 999U

/* Where the parser stands. */
struct parser {
	struct script *script;
	struct slice rest;
	size_t line;
	const char *problem;           /* static; NULL while all is well */
	size_t open[SCRIPT_DEPTH_MAX]; /* REPEAT moves not yet closed */
	size_t depth;
	size_t base; /* of this rule's moves */
};

void
script_init(struct script *s)
{
	*s = (struct script){ 0 };
	buf_init(&s->octets, OCTETS_MAX);
}

void
script_fini(struct script *s)
{
	free(s->rules);
	free(s->moves);
	buf_fini(&s->octets);
	script_init(s);
}

static bool
fail(struct parser *p, const char *problem)
{
	if (p->problem == NULL)
		p->problem = problem;
	return false;
}

static bool
append(struct parser *p, struct slice octets)
{
	if (err_is(buf_append(&p->script->octets, octets)))
		return fail(p, "too many octets");
	return true;
}

static bool
append_str(struct parser *p, const char *text)
{
	return append(p, slice_str(text));
}

/* ---- Words -------------------------------------------------------------- */

/* The next octet, or NUL at the end of the text. */
static uint8_t
peek(const struct parser *p)
{
	return p->rest.len > 0 ? p->rest.ptr[0] : 0;
}

static void
advance(struct parser *p)
{
	if (peek(p) == '\n')
		p->line++;
	p->rest = slice_from(p->rest, 1);
}

static bool
is_at_blank(const struct parser *p)
{
	return ascii_is_blank(peek(p)) || peek(p) == '\r';
}

/*
 * Pass over blanks and comments, and over line ends before a line that begins
 * with a blank, which continues the one above.
 */
static void
skip_blanks(struct parser *p)
{
	while (p->rest.len > 0) {
		if (is_at_blank(p)) {
			advance(p);
		} else if (peek(p) == '#') {
			while (p->rest.len > 0 && peek(p) != '\n')
				advance(p);
		} else if (peek(p) == '\n' && p->rest.len > 1 &&
		    ascii_is_blank(p->rest.ptr[1])) {
			advance(p);
		} else {
			return;
		}
	}
}

static bool
is_word_end(uint8_t octet)
{
	return ascii_is_blank(octet) || octet == '\r' || octet == '\n';
}

/* Everything up to a blank, and in moves up to punctuation, too. */
static struct slice
take_word(struct parser *p, bool is_move)
{
	const uint8_t *begin = p->rest.ptr;
	size_t len = 0;

	while (p->rest.len > 0 && !is_word_end(peek(p)) &&
	    !(is_move && strchr(";{}\"", peek(p)) != NULL)) {
		advance(p);
		len++;
	}
	return slice_of(begin, len);
}

static bool
take_number(struct parser *p, uint64_t *out)
{
	skip_blanks(p);
	if (!num_parse_size(take_word(p, true), INT64_MAX, out))
		return fail(p, "a number was expected");
	return true;
}

/* Two hexadecimal digits. */
static bool
take_hex(struct parser *p)
{
	const uint8_t *digits = p->rest.ptr;
	uint8_t octet;

	if (p->rest.len < 2 || !ascii_is_hex(digits[0]) ||
	    !ascii_is_hex(digits[1]))
		return fail(p, "two hexadecimal digits were expected");
	octet = (uint8_t)(ascii_hex_value(digits[0]) << 4 |
	    ascii_hex_value(digits[1]));
	advance(p);
	advance(p);
	return append(p, slice_of(&octet, 1));
}

static bool
take_escape(struct parser *p)
{
	uint8_t octet = peek(p);

	if (p->rest.len == 0)
		return fail(p, "a quoted text has no end");
	advance(p);
	switch (octet) {
	case 'r':
		return append(p, slice_of("\r", 1));
	case 'n':
		return append(p, slice_of("\n", 1));
	case 't':
		return append(p, slice_of("\t", 1));
	case '0':
		return append(p, slice_of("\0", 1));
	case '\\':
	case '"':
		return append(p, slice_of(&octet, 1));
	case 'x':
		return take_hex(p);
	default:
		return fail(p, "an unknown escape");
	}
}

/* Append what a quoted text stands for. */
static bool
take_quoted(struct parser *p)
{
	skip_blanks(p);
	if (peek(p) != '"')
		return fail(p, "a quoted text was expected");
	advance(p);
	while (p->rest.len > 0 && peek(p) != '"' && peek(p) != '\n') {
		uint8_t octet = peek(p);

		advance(p);
		if (octet == '\\' ? !take_escape(p)
				  : !append(p, slice_of(&octet, 1)))
			return false;
	}
	if (peek(p) != '"')
		return fail(p, "a quoted text has no end");
	advance(p);
	return true;
}

/* ---- Moves -------------------------------------------------------------- */

static bool
add_move(struct parser *p, struct move move)
{
	struct script *s = p->script;
	struct move *moves;

	if (s->move_count >= MOVES_MAX)
		return fail(p, "too many moves");
	moves = realloc(s->moves, (s->move_count + 1) * sizeof(*moves));
	if (moves == NULL)
		return fail(p, "out of memory");
	s->moves = moves;
	s->moves[s->move_count++] = move;
	return true;
}

/* Add what was appended since `at` as octets to send. */
static bool
add_send(struct parser *p, size_t at)
{
	return add_move(p,
	    (struct move){ .kind = MOVE_SEND,
		.at = at,
		.len = p->script->octets.len - at });
}

static bool
parse_send(struct parser *p)
{
	size_t at = p->script->octets.len;

	return take_quoted(p) && add_send(p, at);
}

/* head STATUS "Field: value"... */
static bool
parse_head(struct parser *p)
{
	size_t at = p->script->octets.len;
	struct slice status;
	uint64_t value;

	skip_blanks(p);
	status = take_word(p, true);
	if (!num_parse_u64(status, STATUS_MAX, &value))
		return fail(p, "a status was expected");
	if (!append_str(p, "HTTP/1.1 ") || !append(p, status) ||
	    !append_str(p, " As Scripted\r\n"))
		return false;
	for (skip_blanks(p); peek(p) == '"'; skip_blanks(p)) {
		if (!take_quoted(p) || !append_str(p, "\r\n"))
			return false;
	}
	return append_str(p, "\r\n") && add_send(p, at);
}

static bool
parse_counted(struct parser *p, enum move_kind kind)
{
	struct move move = { .kind = kind };

	if (!take_number(p, &move.count))
		return false;
	if (kind == MOVE_DRIP && move.count == 0)
		return fail(p, "drip needs a millisecond at least");
	return add_move(p, move);
}

/* `count` times the moves between braces, the first of which follows. */
static bool
open_loop(struct parser *p, uint64_t count)
{
	skip_blanks(p);
	if (peek(p) != '{')
		return fail(p, "a brace was expected");
	advance(p);
	if (p->depth == SCRIPT_DEPTH_MAX)
		return fail(p, "loops are nested too deeply");
	p->open[p->depth++] = p->script->move_count;
	return add_move(
	    p, (struct move){ .kind = MOVE_REPEAT, .count = count });
}

static bool
close_loop(struct parser *p)
{
	size_t begin;

	advance(p);
	if (p->depth == 0)
		return fail(p, "a brace too many");
	begin = p->open[--p->depth];
	if (begin + 1 == p->script->move_count)
		return fail(p, "an empty loop");
	if (!add_move(
		p, (struct move){ .kind = MOVE_AGAIN, .at = begin - p->base }))
		return false;
	p->script->moves[begin].at = p->script->move_count - p->base;
	return true;
}

static bool
parse_repeat(struct parser *p)
{
	uint64_t count;

	return take_number(p, &count) && open_loop(p, count);
}

static bool
parse_move(struct parser *p)
{
	struct slice word = take_word(p, true);

	if (slice_eq_str(word, "send"))
		return parse_send(p);
	if (slice_eq_str(word, "head"))
		return parse_head(p);
	if (slice_eq_str(word, "from"))
		return parse_counted(p, MOVE_FROM);
	if (slice_eq_str(word, "body"))
		return parse_counted(p, MOVE_BODY);
	if (slice_eq_str(word, "chunked"))
		return parse_counted(p, MOVE_CHUNKED);
	if (slice_eq_str(word, "delay"))
		return parse_counted(p, MOVE_DELAY);
	if (slice_eq_str(word, "drip"))
		return parse_counted(p, MOVE_DRIP);
	if (slice_eq_str(word, "flow"))
		return add_move(p, (struct move){ .kind = MOVE_FLOW });
	if (slice_eq_str(word, "stall"))
		return add_move(p, (struct move){ .kind = MOVE_STALL });
	if (slice_eq_str(word, "close"))
		return add_move(p, (struct move){ .kind = MOVE_CLOSE });
	if (slice_eq_str(word, "reset"))
		return add_move(p, (struct move){ .kind = MOVE_RESET });
	if (slice_eq_str(word, "repeat"))
		return parse_repeat(p);
	if (slice_eq_str(word, "forever"))
		return open_loop(p, SCRIPT_FOREVER);
	return fail(p, "no such move");
}

/* Moves up to the end of the line, with semicolons between them. */
static bool
parse_moves(struct parser *p)
{
	p->base = p->script->move_count;
	p->depth = 0;
	for (skip_blanks(p); p->rest.len > 0 && peek(p) != '\n';
	     skip_blanks(p)) {
		bool ok = true;

		if (peek(p) == ';')
			advance(p);
		else if (peek(p) == '}')
			ok = close_loop(p);
		else
			ok = parse_move(p);
		if (!ok)
			return false;
	}
	return p->depth == 0 || fail(p, "a loop has no end");
}

/* ---- Rules -------------------------------------------------------------- */

/* "3", or "3+" for the third and all later ones. */
static bool
parse_visit(struct parser *p, struct slice word, struct rule *rule)
{
	bool is_open = word.len > 0 && word.ptr[word.len - 1] == '+';

	if (is_open)
		word.len--;
	if (!num_parse_u64(word, INT64_MAX, &rule->visit_min) ||
	    rule->visit_min == 0)
		return fail(p, "\"on\" wants a number from 1");
	rule->visit_max = is_open ? UINT64_MAX : rule->visit_min;
	return true;
}

/* A word of the left side; `*is_last` when the colon was behind it. */
static struct slice
take_selector(struct parser *p, bool *is_last)
{
	struct slice word;

	skip_blanks(p);
	word = take_word(p, false);
	*is_last = word.len > 0 && word.ptr[word.len - 1] == ':';
	if (*is_last)
		word.len--;
	return word;
}

static bool
parse_name(struct parser *p, struct slice name, struct rule *rule)
{
	if (name.len == 0 || (name.ptr[0] != '/' && name.ptr[0] != '@'))
		return fail(p, "a line begins with /PATH or @ADDRESS");
	rule->is_address = name.ptr[0] == '@';
	if (rule->is_address)
		name = slice_from(name, 1);
	rule->is_prefix = name.len > 0 && name.ptr[name.len - 1] == '*';
	if (rule->is_prefix)
		name.len--;
	rule->name_at = p->script->octets.len;
	rule->name_len = name.len;
	return append(p, name);
}

/* NAME [on N] [early]: */
static bool
parse_left(struct parser *p, struct rule *rule)
{
	bool is_last;

	if (!parse_name(p, take_selector(p, &is_last), rule))
		return false;
	while (!is_last) {
		struct slice word = take_selector(p, &is_last);

		if (slice_eq_str(word, "early")) {
			rule->is_early = true;
		} else if (slice_eq_str(word, "on") && !is_last) {
			word = take_selector(p, &is_last);
			if (!parse_visit(p, word, rule))
				return false;
		} else {
			return fail(p, "a colon was expected");
		}
	}
	return true;
}

static bool
add_rule(struct parser *p, struct rule rule)
{
	struct script *s = p->script;
	struct rule *rules =
	    realloc(s->rules, (s->rule_count + 1) * sizeof(*rules));

	if (rules == NULL)
		return fail(p, "out of memory");
	s->rules = rules;
	s->rules[s->rule_count++] = rule;
	return true;
}

static bool
parse_rule(struct parser *p)
{
	struct rule rule = { .visit_min = 1, .visit_max = UINT64_MAX };

	if (!parse_left(p, &rule))
		return false;
	rule.move_first = p->script->move_count;
	if (!parse_moves(p))
		return false;
	rule.move_count = p->script->move_count - rule.move_first;
	return add_rule(p, rule);
}

bool
script_parse(
    struct script *s, struct slice text, struct script_problem *problem)
{
	struct parser p = { .script = s, .rest = text, .line = 1 };

	while (p.rest.len > 0) {
		skip_blanks(&p);
		if (p.rest.len == 0)
			break;
		if (peek(&p) == '\n') {
			advance(&p);
			continue;
		}
		if (!parse_rule(&p)) {
			*problem = (struct script_problem){ .line = p.line,
				.text = p.problem };
			return false;
		}
	}
	return true;
}

/* ---- Choosing ----------------------------------------------------------- */

static bool
rule_matches(const struct script *s, const struct rule *rule, bool is_address,
    struct slice target)
{
	struct slice name =
	    slice_of(s->octets.ptr + rule->name_at, rule->name_len);

	if (rule->is_address != is_address || target.len < name.len)
		return false;
	if (rule->is_prefix)
		target = slice_first(target, name.len);
	return slice_eq(target, name);
}

bool
script_knows(const struct script *s, struct slice target)
{
	for (size_t i = 0; i < s->rule_count; i++) {
		if (rule_matches(s, &s->rules[i], false, target))
			return true;
	}
	return false;
}

const struct rule *
script_find(const struct script *s, bool is_address, struct slice target,
    uint64_t visit)
{
	for (size_t i = 0; i < s->rule_count; i++) {
		const struct rule *rule = &s->rules[i];

		if (visit >= rule->visit_min && visit <= rule->visit_max &&
		    rule_matches(s, rule, is_address, target))
			return rule;
	}
	return NULL;
}
