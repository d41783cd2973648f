/*
 * pattern - what the generated paths of the origin mean, and the octets behind
 * them.
 *
 *	/gen/SIZE/NAME         Content-Length
 *	/chunked/SIZE/NAME     chunked, odd sizes, extensions, trailers
 *	/close/SIZE/NAME       delimited by the end of the connection
 *	/fresh/SIZE/NAME       Content-Length, and Connection: close
 *	/delay/MS/SIZE/NAME    as /gen, after MS milliseconds
 *	/ver/SIZE/NAME         with validators and ranges (versioned.h)
 *	/weak/SIZE/NAME        the same with a weak ETag
 *	/dated/SIZE/NAME       the same with Last-Modified alone
 *	/cut/OCTETS/[ver/ | weak/ | dated/]SIZE/NAME
 *	                       the same, but the connection ends after so many
 *	                       octets of each response's body
 *	/redirect/CODE/TARGET  that status, to /TARGET or, when that is a whole
 *	                       URL, to TARGET
 *	/hops/N/TARGET         N redirects before it is /TARGET or TARGET
 *	/status/CODE[/NAME]    that status with a short text
 *	/echo[...]             the request's octets as the body
 *
 * SIZE is digits with an optional k, M, G or T (powers of 1024).
 *
 * Pure.  Contents are a function of the whole target (path and query) and the
 * offset, and for those with validators of the version, so that a checker needs
 * nothing but the URL.
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
	GENERATED_VERSIONED,
	GENERATED_REDIRECT,
	GENERATED_STATUS,
	GENERATED_ECHO,
};

/* What is told of the version of a file. */
enum generated_validator {
	VALIDATOR_STRONG, /* an ETag, and Last-Modified */
	VALIDATOR_WEAK,   /* the same, the ETag a weak one */
	VALIDATOR_DATE,   /* Last-Modified alone */
};

#define GENERATED_UNCUT UINT64_MAX

struct generated {
	enum generated_kind kind;
	uint64_t size;     /* octets of the body; not for REDIRECT, STATUS,
			    * ECHO */
	uint64_t delay_ms; /* before the first octet */
	unsigned status;
	enum generated_validator validator; /* VERSIONED */
	uint64_t cut;      /* octets that a body ends after, or UNCUT */
	uint64_t hops;     /* REDIRECT: how many are left, this one included */
	struct slice rest; /* REDIRECT: what it leads to; of the target */
};

/* What `target` asks for; false when it is no generated path. */
bool generated_parse(struct slice target, struct generated *out);

/* What pattern_fill() needs to know of a target; those without validators are
 * the same in every version. */
uint64_t pattern_seed(struct slice target, uint64_t version);

/* The octets from `offset` on, `len` of them. */
void pattern_fill(uint64_t seed, uint64_t offset, uint8_t *out, size_t len);

/* Whether `in` is what stands at `offset`. */
bool pattern_matches(uint64_t seed, uint64_t offset, struct slice in);

#endif
