/*
 * script - what the origin plays for a request: moves, and the rules that
 * choose them.  tests/origin/README.md describes the language.
 *
 *	/short: head 200 "Content-Length: 10"; body 5; close
 *	/twice on 1: reset
 *	/twice: head 200 "Content-Length: 2"; send "ok"
 *	@127.0.0.9: send "220 ready\r\n"; close
 *
 * Pure: text in, arrays out.
 */
#ifndef ORIGIN_SCRIPT_H
#define ORIGIN_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* Loops within loops. */
#define SCRIPT_DEPTH_MAX 4
#define SCRIPT_FOREVER UINT64_MAX

enum move_kind {
	MOVE_SEND,    /* the octets at `at`, `len` of them */
	MOVE_FROM,    /* generated octets go on at offset `count` */
	MOVE_BODY,    /* `count` generated octets */
	MOVE_CHUNKED, /* the same as a whole chunked body */
	MOVE_DELAY,   /* nothing for `count` ms */
	MOVE_DRIP,    /* from here on one octet every `count` ms */
	MOVE_FLOW,    /* from here on at full speed again */
	MOVE_STALL,   /* nothing more, ever, on an open connection */
	MOVE_CLOSE,   /* FIN */
	MOVE_RESET,   /* RST */
	MOVE_REPEAT,  /* what follows `count` times; `at`: behind its AGAIN */
	MOVE_AGAIN,   /* end of the loop that began at `at` */
};

struct move {
	enum move_kind kind;
	uint64_t count;
	size_t at;
	size_t len;
};

/* Slices are offsets into script.octets, which moves while it grows. */
struct rule {
	size_t name_at;
	size_t name_len;
	bool is_address; /* played on accepting at that address */
	bool is_prefix;  /* the name ended in an asterisk */
	bool is_early;   /* played without waiting for the request's body */
	uint64_t visit_min;
	uint64_t visit_max;
	size_t move_first; /* in script.moves, counted from this rule's base */
	size_t move_count;
};

struct script {
	struct rule *rules; /* owned */
	size_t rule_count;
	struct move *moves; /* owned */
	size_t move_count;
	struct buf octets; /* owned: names and octets to send */
};

struct script_problem {
	size_t line;      /* from 1 */
	const char *text; /* static */
};

void script_init(struct script *s);
void script_fini(struct script *s);

/* Parse into an initialised, empty script; false with `*problem`. */
bool script_parse(
    struct script *s, struct slice text, struct script_problem *problem);

/* Whether any rule, whatever the visit, is for this target. */
bool script_knows(const struct script *s, struct slice target);

/*
 * The first rule for the `visit`-th request (from 1) for `target`, or the
 * connection to the address `target` when `is_address`; NULL without.
 */
const struct rule *script_find(const struct script *s, bool is_address,
    struct slice target, uint64_t visit);

/* The moves of a rule; offsets in them are into script.octets. */
static inline const struct move *
script_moves(const struct script *s, const struct rule *rule)
{
	return s->moves == NULL ? NULL : s->moves + rule->move_first;
}

#endif
