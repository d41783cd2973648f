/*
 * lines - the URLs of a list, one a line, out of input that comes in pieces.
 *
 * LF or CRLF ends a line, the last one may lack it.  Blanks (SP and HTAB)
 * around the text and a UTF-8 byte order mark at the very beginning are
 * dropped; blank lines and those whose text begins with '#' are passed over,
 * but counted.  Whatever else stands in a line, control octets too, is left for
 * the URL parser to judge.
 *
 * A text longer than LINES_TEXT_MAX (to the end of its line, blanks included)
 * is given at once as its first LINES_CUT_LEN octets, and the rest is passed
 * over, so that memory stays bounded.
 *
 * Pure: no I/O, no allocation.  Input may be split anywhere.  The struct is
 * large, as it holds the beginning of a line that was split.
 */
#ifndef BULKFETCH_SOURCE_LINES_H
#define BULKFETCH_SOURCE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* As long as a URL may be (http/url.h). */
#define LINES_TEXT_MAX 65536
#define LINES_CUT_LEN 256

enum lines_state {
	LINES_MARK,    /* before the list: perhaps in a byte order mark */
	LINES_START,   /* before the first octet of a line that is no blank */
	LINES_TEXT,    /* in a text: its first octets may be in `part` */
	LINES_COMMENT, /* passing over the rest of a line */
};

struct lines {
	enum lines_state state;
	bool is_begun;   /* the line has an octet */
	uint64_t ended;  /* lines that have ended */
	size_t mark_len; /* octets of the mark that have been seen */
	size_t part_len; /* octets in `part` */
	uint8_t part[LINES_TEXT_MAX + 1]; /* with the CR of a CRLF */
};

struct line {
	struct slice
	    text;        /* not empty; in the input or in the `struct lines` */
	uint64_t number; /* from 1 */
	bool is_cut;     /* too long: only its beginning */
};

void lines_init(struct lines *lines);

/*
 * Take the next text off the front of `*in`.  False when there is none in what
 * is left, which then has been used up: call again with what follows, or
 * lines_finish() at the end.  `line->text` is good until the next call and
 * while the input is.
 */
bool lines_next(struct lines *lines, struct slice *in, struct line *line);

/* The input has ended: the text of a last line without its end, if any. */
bool lines_finish(struct lines *lines, struct line *line);

/* How many lines have begun, which after lines_finish() is all of them. */
uint64_t lines_count(const struct lines *lines);

#endif
