/*
 * update_record - what collect/update.h keeps of a URL, in octets.
 *
 *	 0  key[2], len, mtime: 8 octets each; 32 mtime_nsec: 4
 *	36  lengths of etag, last_modified, url: 2 each
 *	42  marks, flags: 1 each
 *	44  etag, last_modified, url
 *	    hash_octets() over all of that: 8
 *
 * Numbers are little-endian.  Pure; what is decoded may be anything.
 */
#ifndef BULKFETCH_COLLECT_UPDATE_RECORD_H
#define BULKFETCH_COLLECT_UPDATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/slice.h"
#include "collect/version.h"

/* Of that hash, which is told by it from others of the same octets. */
#define UPDATE_RECORD_SEED UINT64_C(0x7570646174653031)

#define UPDATE_RECORD_MIN 52
#define UPDATE_URL_MAX 4096
#define UPDATE_RECORD_MAX \
	(UPDATE_RECORD_MIN + 2 * VERSION_FIELD_MAX + UPDATE_URL_MAX)

/* A URL's, 128 bits that are taken for the URL. */
struct update_key {
	uint64_t word[2];
};

/* One of etag and last_modified is not empty, but in one that forgets. */
struct update_entry {
	struct slice etag;
	struct slice last_modified;
	struct slice url; /* that it came from; empty: the URL itself */
	uint64_t len;     /* of the stored file, as what follows */
	struct timespec mtime;
	unsigned marks; /* of enum target_mark */
	bool forgets;   /* there is no entry any more */
};

/* Whether an entry keeps to the maxima. */
bool update_record_fits(const struct update_entry *entry);

/* Write one that fits; the count of octets written. */
size_t update_record_write(const struct update_key *key,
    const struct update_entry *entry, uint8_t out[UPDATE_RECORD_MAX]);

enum update_read {
	UPDATE_READ,  /* `*key`, `*entry` and `*used` are set */
	UPDATE_SHORT, /* `in` holds the beginning of one at most */
	UPDATE_BAD,   /* no record begins here */
};

/* Read the record at the front of `in`, which the entry's slices point into. */
enum update_read update_record_read(struct slice in, struct update_key *key,
    struct update_entry *entry, size_t *used);

#endif
