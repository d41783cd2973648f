/*
 * update_store - the file that collect/update.h keeps its entries in.
 *
 *	header        magic, version, bits, seeds, count, size and a sum
 *	directory     2^bits + 1 offsets: where each bucket begins, and the end
 *	records       collect/update_record.h, in the order of their keys
 *
 * A bucket holds the records whose keys begin with the same `bits` bits, eight
 * or so; to find one takes two small reads and no memory.  A store is written
 * once, in order, and never changed.
 *
 * A file that is not what its header says is no store.  Behind a sound header
 * anything may stand: an offset that leads nowhere and a record whose sum does
 * not fit are no entry.  Keys depend on seeds, new with each store that does
 * not follow another, so that nobody can aim URLs at one bucket.
 */
#ifndef BULKFETCH_COLLECT_UPDATE_STORE_H
#define BULKFETCH_COLLECT_UPDATE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "collect/update_record.h"

struct update_seed {
	uint64_t word[2];
};

struct update_store {
	int fd; /* owned; -1 without a store */
	struct update_seed seed;
	unsigned bits;
	uint64_t count;
	uint64_t records_at; /* where the records stand in the file */
	uint64_t size;
};

/* Open the store `name` in `dir`; without one, or a sound one, it is empty. */
void update_store_open(struct update_store *s, int dir, const char *name);
void update_store_close(struct update_store *s);

/* Find `key`; slices of `*entry` point into `space`. */
bool update_store_find(const struct update_store *s,
    const struct update_key *key, struct buf *space,
    struct update_entry *entry);

/* What `space` above should be born with. */
#define UPDATE_SPACE_MAX 65536

/* One that is being written. */
struct update_writer {
	int fd; /* owned */
	unsigned bits;
	uint64_t count;
	uint64_t bucket; /* the next one to begin */
	uint64_t directory_at;
	uint64_t records_at;
	struct update_seed seed;
	struct buf directory; /* to be written at `directory_at` */
	struct buf records;   /* at `records_at` */
};

/*
 * Begin the store `name` in `dir` over what is there, for about `expected`
 * records.  ERR_FILE with the errno, ERR_NOMEM, here and below.
 */
struct err update_writer_open(struct update_writer *w, int dir,
    const char *name, struct update_seed seed, uint64_t expected);

/* Add the record of the next greater key. */
struct err update_writer_add(
    struct update_writer *w, const struct update_key *key, struct slice record);

/* Finish it, down to the disk. */
struct err update_writer_end(struct update_writer *w);

/* Close, if it is open. */
void update_writer_close(struct update_writer *w);

#endif
