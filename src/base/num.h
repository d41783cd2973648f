/*
 * num - numbers from outside: parsed without sign, blank or locale, added and
 * multiplied with a check.
 *
 * Every parser wants the whole slice to be the number and returns false, with
 * nothing written, for an empty slice, a foreign octet or an overflow.
 */
#ifndef BULKFETCH_BASE_NUM_H
#define BULKFETCH_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* The sum or product; false when it does not fit, `*out` then untouched. */
bool num_add(uint64_t a, uint64_t b, uint64_t *out);
bool num_mul(uint64_t a, uint64_t b, uint64_t *out);

/* Decimal digits, at most `max`. */
bool num_parse_u64(struct slice text, uint64_t max, uint64_t *out);

/*
 * Octets for people: digits, then nothing or one of k K M G T (powers of
 * 1024, as curl and wget count), at most `max`.
 */
bool num_parse_size(struct slice text, uint64_t max, uint64_t *out);

/*
 * A decimal fraction ("10", "0.5", ".25") in thousandths, anything smaller
 * rounded up, at most `max`.
 */
bool num_parse_thousandths(struct slice text, uint64_t max, uint64_t *out);

/* Seconds with an optional decimal fraction, in milliseconds. */
bool num_parse_seconds(struct slice text, uint64_t max_ms, uint64_t *ms);

/*
 * So many in a time: digits, then nothing, "/s", "/m", "/h" or "/d", for a
 * second without; from 1 to `max` of them in `*per_ms` milliseconds.
 */
bool num_parse_pace(
    struct slice text, uint64_t max, uint64_t *count, uint64_t *per_ms);

/* Octets that the longest uint64_t needs in decimal, without a NUL. */
#define NUM_U64_MAX_LEN 20

/* Write `value` in decimal, unterminated; the count of octets written. */
size_t num_format_u64(uint64_t value, char out[NUM_U64_MAX_LEN]);

/* Write `value` as 16 lower-case hexadecimal digits, unterminated. */
void num_format_hex64(uint64_t value, char out[16]);

#endif
