/*
 * note - what is written down of a partial body, for a later run to go on with
 * it (collect/partial.h): lines of a name and a value, in this order.
 *
 *	bulkfetch-partial 1
 *	boot ID             of the kernel
 *	file DIR/.../TEMP   from the root of the tree
 *	id DEV INO SEC NSEC which file that is, and when it was made
 *	url URL             as listed, normalised, without userinfo
 *	user HASH           of the userinfo; 0 without
 *	from URL            that it came from, after redirects
 *	etag ETAG           or  last-modified DATE: what If-Range is to say
 *	total LENGTH        of the whole, or '-'
 *	sum HASH            of the lines above
 *
 * Pure; what is read may be anything, and is checked.
 */
#ifndef BULKFETCH_COLLECT_NOTE_H
#define BULKFETCH_COLLECT_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "bulkfetch.h"
#include "sys/outfile.h"

/* Bodies with longer URLs and the like do without a note. */
#define NOTE_MAX 16384

#define NOTE_BOOT_LEN 36

/* No text has control octets in it. */
struct note {
	struct slice boot; /* NOTE_BOOT_LEN octets */
	struct slice file; /* single slashes; no component is "..", "." */
	struct outfile_left left; /* its dev, ino and born alone */
	struct slice url;         /* not empty, like the next one */
	uint64_t user_hash;
	struct slice from;
	struct slice etag; /* strong; empty when there is a date */
	struct slice last_modified;
	uint64_t total; /* or BULKFETCH_LENGTH_UNKNOWN */
	uint64_t sum;   /* tells notes apart; set by reading */
};

/* Append the note; ERR_LIMIT when it could not be read back. */
struct err note_write(const struct note *note, struct buf *out);

/* Read one: all of `in`, which the texts point into. */
bool note_read(struct slice in, struct note *note);

#endif
