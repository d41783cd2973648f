/*
 * place - the name that a response's file is to have, when something has that
 * name already.
 *
 * Whether it may be replaced is decided when the file is whole: a file of an
 * earlier run may, one that another URL's response got in this run may not,
 * nor one that was found to be good for another URL, nor a directory; then the
 * name is marked as collect/naming.h says.  Memory is flat, so the table of
 * names made forgets; then the file's ctime tells, and in doubt nothing is
 * replaced.
 *
 * Failures are ERR_FILE with the errno, or those of buf_append().
 */
#ifndef BULKFETCH_COLLECT_PLACE_H
#define BULKFETCH_COLLECT_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "bulkfetch.h"
#include "collect/made.h"
#include "collect/target.h"
#include "sys/outfile.h"

/* All those of a run. */
struct places {
	const struct outfile_rules *rules; /* borrowed */
	struct made *made;                 /* owned */
	bool are_shared; /* any two URLs may ask for one name */
	unsigned seen;   /* kinds of all URLs so far */
};

/* One response's.  The caller sets and finishes `target`. */
struct place {
	struct target target;
	uint64_t url_hash;
	unsigned kinds; /* of enum naming_kind */
	bool is_taken;  /* something has this name already */
};

/* `are_shared`: names are not made by naming_append() alone. */
struct err places_init(
    struct places *places, const struct outfile_rules *rules, bool are_shared);
void places_fini(struct places *places);

/* Begin anew with another URL, but for the target. */
void place_begin(struct places *places, struct place *p,
    const struct bulkfetch_request *request);

/* The target's name is the URL's from now on. */
void place_remember(struct places *places, const struct place *p);

/* The same where the file is one of an earlier run, that it has kept. */
struct err place_keep(struct places *places, const struct place *p);

/*
 * Give the finished `temp`, in the target's directory `dir`, its name,
 * whichever that is by now; `p->target` tells.
 */
struct err place_take(struct places *places, struct place *p, int dir,
    const struct outfile *temp);

/* A file that is there, complete. */
struct place_file {
	struct timespec mtime;
	uint64_t len;
};

/*
 * Is the response there, complete?  Where names are shared, the file that only
 * this URL's response can have comes first.  `p->target` tells its name.
 */
struct err place_find(struct places *places, struct place *p, int dir,
    bool *is_there, struct place_file *file);

/* Give the target, which has none, these of enum target_mark. */
struct err place_mark(struct place *p, unsigned marks);

/* Is there a complete file of the target's name as it is now, which no other
 * URL's response has got in this run, as far as that is remembered? */
bool place_look(const struct places *places, const struct place *p, int dir,
    struct place_file *file);

#endif
