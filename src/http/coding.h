/*
 * coding - the content codings of a response (RFC 9110, section 8.4): which
 * ones, and in which order they are to be undone.
 *
 * Pure; nothing but values and slices of the head.
 */
#ifndef BULKFETCH_HTTP_CODING_H
#define BULKFETCH_HTTP_CODING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "http/response.h"

enum coding {
	CODING_GZIP,    /* RFC 1952; "x-gzip" as well */
	CODING_DEFLATE, /* RFC 1950, or 1951 as many send it */
	CODING_BR,      /* RFC 7932 */
	CODING_ZSTD,    /* RFC 8878, 9659 */
	CODING_KINDS
};

/* So many one upon the other: nobody sends more than two, but for bombs. */
#define CODINGS_MAX 4

struct codings {
	size_t count;
	enum coding of[CODINGS_MAX]; /* the first one is undone first, which is
				      * the last that was applied */
};

/* As in Content-Encoding and Accept-Encoding: "gzip". */
const char *coding_name(enum coding coding);

/*
 * Read all the Content-Encoding lines of `fields`, the field lines of a head,
 * as one list.  "identity" and "none" are none, and there may be none at all.
 *
 * ERR_CODING for one that is not known, which is `*unknown` then, lent by the
 * head; ERR_LIMIT for more than CODINGS_MAX.
 */
struct err codings_read(
    struct slice fields, struct codings *codings, struct slice *unknown);

/* Whether there are any, known or not. */
bool codings_are_in(struct slice fields);

/* Whether a response has any, for which most need not be looked at. */
static inline bool
codings_any(const struct response *res)
{
	return res->content_encoding.ptr != NULL && codings_are_in(res->fields);
}

#endif
