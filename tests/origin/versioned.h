/*
 * versioned - files that come in versions: their validators, and what a request
 * with conditions or a range gets (RFC 9110, sections 13 and 14).
 *
 * Written without src/http, as ask is.  Pure.
 */
#ifndef ORIGIN_VERSIONED_H
#define ORIGIN_VERSIONED_H

#include <stddef.h>
#include <stdint.h>

#include "ask.h"
#include "base/slice.h"
#include "pattern.h"

/* "Wed, 01 Jan 2020 00:00:00 GMT" and a NUL. */
#define VERSIONED_DATE_ROOM 30
/* W/"16 digits" and a NUL. */
#define VERSIONED_ETAG_ROOM 21

/* As they stand in fields; empty: not told. */
struct validators {
	char etag[VERSIONED_ETAG_ROOM];
	char last_modified[VERSIONED_DATE_ROOM];
};

/*
 * Those of the version `version` of a target whose octets have that seed: the
 * ETag is the seed, and each version is a day younger than the one before, from
 * 2020-01-01 on.
 */
void validators_init(struct validators *v, enum generated_validator kind,
    uint64_t seed, uint64_t version);

/* The time now as a field has it. */
void versioned_date(char date[VERSIONED_DATE_ROOM]);

struct selection {
	unsigned status; /* 200, 206, 304 or 416 */
	uint64_t first;  /* the octets of the body, `len` from there on */
	uint64_t len;
};

/* What `ask` gets of a file of that size; several ranges get all of it. */
struct selection versioned_select(
    const struct ask *ask, const struct validators *v, uint64_t size);

#endif
