/*
 * done - which requests have a result, which of those were ok, and what their
 * URLs were, in 2.5 bits a line.
 *
 * Lines come in blocks of 64.  Each has two words of bits and a sum, modulo
 * 2^32, of a hash over number and URL of its lines with a result: the order in
 * which they are added does not matter, and a list that gives other URLs for
 * the same numbers has another sum but once in 2^32.
 *
 * Memory is allocated where numbers are, so one that is out of all proportion
 * costs no more than another.  Pure.
 */
#ifndef BULKFETCH_SOURCE_DONE_H
#define BULKFETCH_SOURCE_DONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "source/records.h"

#define DONE_BLOCK_LINES 64

struct done_chunk;

struct done {
	struct done_chunk **chunks; /* owned, as are those in it, or NULL */
	uint64_t max_n;             /* the largest with a result; 0: none */
	uint64_t ok;                /* whose last result is that */
	uint64_t failed;
};

struct err done_init(struct done *done);
void done_fini(struct done *done);

/* A result; of several for one number, the last counts, but with the URL of
 * the first.  `n` is from 1 to RECORDS_N_MAX.  ERR_NOMEM. */
struct err done_add(struct done *done, uint64_t n, struct slice url, bool ok);

/* Whether the last result is a failure; then it is taken for ok from now on. */
bool done_take_failed(struct done *done, uint64_t n);

/* These take any `n`. */
bool done_has(const struct done *done, uint64_t n);
bool done_is_ok(const struct done *done, uint64_t n);

/* Blocks count from 0: lines 1 to 64 are the first. */
static inline uint64_t
done_block(uint64_t n)
{
	return (n - 1) / DONE_BLOCK_LINES;
}

/* What a line adds to the sum of its block. */
uint32_t done_hash(uint64_t n, struct slice url);

uint32_t done_sum(const struct done *done, uint64_t block);
bool done_is_empty(const struct done *done, uint64_t block);

#endif
