#include "source/done.h"

#include <stdlib.h>

#include "base/hash.h"

#define CHUNK_BLOCKS 4096
#define CHUNKS (RECORDS_N_MAX / DONE_BLOCK_LINES / CHUNK_BLOCKS)

struct done_chunk {
	uint64_t has[CHUNK_BLOCKS];
	uint64_t ok[CHUNK_BLOCKS];
	uint32_t sums[CHUNK_BLOCKS];
};

struct err
done_init(struct done *done)
{
	*done = (struct done){ 0 };
	/* 2 MiB of addresses; memory is only where numbers are. */
	done->chunks = calloc(CHUNKS, sizeof(struct done_chunk *));
	return done->chunks != NULL ? err_none() : err_of(ERR_NOMEM);
}

void
done_fini(struct done *done)
{
	uint64_t last = done->max_n > 0 ? done_block(done->max_n) : 0;

	if (done->chunks == NULL)
		return;
	for (uint64_t i = 0; i <= last / CHUNK_BLOCKS; i++)
		free(done->chunks[i]);
	free(done->chunks);
	*done = (struct done){ 0 };
}

/* NULL when there is nothing in it. */
static const struct done_chunk *
find_chunk(const struct done *done, uint64_t block)
{
	uint64_t index = block / CHUNK_BLOCKS;

	return index < CHUNKS ? done->chunks[index] : NULL;
}

static uint64_t
bit_of(uint64_t n)
{
	return UINT64_C(1) << ((n - 1) % DONE_BLOCK_LINES);
}

static struct done_chunk *
make_chunk(struct done *done, uint64_t block)
{
	struct done_chunk **chunk = &done->chunks[block / CHUNK_BLOCKS];

	if (*chunk == NULL)
		*chunk = calloc(1, sizeof(**chunk));
	return *chunk;
}

struct err
done_add(struct done *done, uint64_t n, struct slice url, bool ok)
{
	uint64_t block = done_block(n);
	uint64_t at = block % CHUNK_BLOCKS;
	uint64_t bit = bit_of(n);
	struct done_chunk *chunk = make_chunk(done, block);

	if (chunk == NULL)
		return err_of(ERR_NOMEM);
	if ((chunk->has[at] & bit) == 0) {
		chunk->has[at] |= bit;
		chunk->sums[at] += done_hash(n, url);
	} else if ((chunk->ok[at] & bit) != 0) {
		done->ok--;
	} else {
		done->failed--;
	}
	if (ok) {
		chunk->ok[at] |= bit;
		done->ok++;
	} else {
		chunk->ok[at] &= ~bit;
		done->failed++;
	}
	if (n > done->max_n)
		done->max_n = n;
	return err_none();
}

bool
done_take_failed(struct done *done, uint64_t n)
{
	uint64_t block = done_block(n);
	struct done_chunk *chunk;

	if (!done_has(done, n) || done_is_ok(done, n))
		return false;
	chunk = done->chunks[block / CHUNK_BLOCKS];
	chunk->ok[block % CHUNK_BLOCKS] |= bit_of(n);
	done->failed--;
	done->ok++;
	return true;
}

bool
done_has(const struct done *done, uint64_t n)
{
	uint64_t block = done_block(n);
	const struct done_chunk *chunk = find_chunk(done, block);

	return chunk != NULL &&
	    (chunk->has[block % CHUNK_BLOCKS] & bit_of(n)) != 0;
}

bool
done_is_ok(const struct done *done, uint64_t n)
{
	uint64_t block = done_block(n);
	const struct done_chunk *chunk = find_chunk(done, block);

	return chunk != NULL &&
	    (chunk->ok[block % CHUNK_BLOCKS] & bit_of(n)) != 0;
}

uint32_t
done_hash(uint64_t n, struct slice url)
{
	return (uint32_t)hash_octets(url, n);
}

uint32_t
done_sum(const struct done *done, uint64_t block)
{
	const struct done_chunk *chunk = find_chunk(done, block);

	return chunk != NULL ? chunk->sums[block % CHUNK_BLOCKS] : 0;
}

bool
done_is_empty(const struct done *done, uint64_t block)
{
	const struct done_chunk *chunk = find_chunk(done, block);

	return chunk == NULL || chunk->has[block % CHUNK_BLOCKS] == 0;
}
