/*
 * ask - a request as the origin reads it (RFC 9112).
 *
 * Written without src/http on purpose: what tests the program must not share
 * its mistakes.  Lenient, and pure: slices are borrowed from the input.
 */
#ifndef ORIGIN_ASK_H
#define ORIGIN_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* The longest head that is waited for. */
#define ASK_HEAD_MAX (1U << 20)

enum ask_end {
	ASK_MORE,  /* the head is not complete */
	ASK_READY, /* `*ask` is set */
	ASK_BAD,   /* nothing that could be answered */
};

struct ask {
	struct slice line;   /* the request line, without its end */
	struct slice target; /* path and query, of an absolute form too */
	struct slice head;   /* all of it, with the empty line */
	bool is_head;        /* the method is HEAD */
	bool is_last;        /* the client wants the connection closed */
	uint64_t body_len;   /* octets that follow the head */
	/* Values of these fields; empty without. */
	struct slice range;
	struct slice if_range;
	struct slice if_none_match;
	struct slice if_modified_since;
};

enum ask_end ask_parse(struct slice in, struct ask *ask);

#endif
