/*
 * pattern - what the generated paths of the origin mean, and the octets behind
 * them.
 *
 *	/gen/SIZE/NAME         Content-Length
 *	/chunked/SIZE/NAME     chunked, odd sizes, extensions, trailers
 *	/close/SIZE/NAME       delimited by the end of the connection
 *	/fresh/SIZE/NAME       Content-Length, and Connection: close
 *	/delay/MS/SIZE/NAME    as /gen, after MS milliseconds
 *	/status/CODE[/NAME]    that status with a short text
 *	/echo[...]             the request's octets as the body
 *
 * SIZE is digits with an optional k, M, G or T (powers of 1024).
 *
 * Pure.  Contents are a function of the whole target (path and query) and the
 * offset alone, so that a checker needs nothing but the URL.
 */
#ifndef ORIGIN_PATTERN_H
#define ORIGIN_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum generated_kind {
	GENERATED_PLAIN,
	GENERATED_CHUNKED,
	GENERATED_CLOSE,
	GENERATED_FRESH,
	GENERATED_STATUS,
	GENERATED_ECHO,
};

struct generated {
	enum generated_kind kind;
	uint64_t size;     /* octets of the body; not for STATUS, ECHO */
	uint64_t delay_ms; /* before the first octet */
	unsigned status;
};

/* What `target` asks for; false when it is no generated path. */
bool generated_parse(struct slice target, struct generated *out);

/* What pattern_fill() needs to know of a target. */
uint64_t pattern_seed(struct slice target);

/* The octets from `offset` on, `len` of them. */
void pattern_fill(uint64_t seed, uint64_t offset, uint8_t *out, size_t len);

/* Whether `in` is what stands at `offset`. */
bool pattern_matches(uint64_t seed, uint64_t offset, struct slice in);

#endif
