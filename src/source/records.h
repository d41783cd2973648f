/*
 * records - read the lines of a result log back.
 *
 * A record is a line that begins
 *
 *     {"n":N,"url":"...","ok":true|false,
 *
 * with N from 1 to RECORDS_N_MAX, and ends with '}': what collect/log_line.c
 * writes.  No more than the beginning and the members that are asked for is
 * looked at.  Any other line is foreign: of another program, or damaged in a
 * crash.
 *
 * Pure: no I/O, and no allocation but in records_url().  Slices are in the
 * input.
 */
#ifndef BULKFETCH_SOURCE_RECORDS_H
#define BULKFETCH_SOURCE_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* More lines than a run could get through in years, and still numbers for
 * which memory can be had. */
#define RECORDS_N_MAX (UINT64_C(1) << 36)

/* The longest line that is written or read: a URL, a second one after
 * redirects, a file name and texts, each octet escaped. */
#define RECORDS_LINE_MAX (4U << 20)

struct record {
	uint64_t n;
	struct slice url; /* as it stands there, escaped */
	bool ok;
	bool is_result;    /* false: stopped, or failed before it had a URL */
	bool is_local;     /* failed for a reason of this side's: a full disk,
			    * memory, descriptors */
	struct slice rest; /* behind "ok":true or "ok":false, with the '}' */
};

enum records_got {
	RECORDS_RECORD,
	RECORDS_FOREIGN, /* a line that is none */
	RECORDS_MORE,    /* no whole line is left in `*in` */
};

/* Take the next line off the front of `*in`. */
enum records_got records_next(struct slice *in, struct record *record);

/* Whether `line`, without its newline, is a record. */
bool records_parse(struct slice line, struct record *record);

/*
 * Whether `text` begins as a record does.  A torn one may end before that is
 * certain.
 */
bool records_begins(struct slice text, bool is_torn);

/*
 * The URL's own octets: in the input when nothing is escaped, else in `space`,
 * until that is used again.  ERR_PROTOCOL when they cannot be told, because
 * something is escaped in a way that we do not write; ERR_NOMEM, ERR_LIMIT.
 */
struct err records_url(
    const struct record *record, struct buf *space, struct slice *url);

/* The same for any text between quotes. */
struct err records_text(
    struct slice escaped, struct buf *space, struct slice *text);

/*
 * The value of the member `name` behind "ok": a text without its quotes, still
 * escaped, or a number or word.  False when there is none.
 */
bool records_member(
    const struct record *record, const char *name, struct slice *value);

#endif
