/*
 * target - the name that a response's file is going to have.
 *
 * It begins with a prefix that leads to the root of the tree, followed by
 * directories and the file's own name.  It may change on the way, when what it
 * asks for is taken.
 */
#ifndef BULKFETCH_COLLECT_TARGET_H
#define BULKFETCH_COLLECT_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* Invariant, once set: root <= base < name.len, and a NUL behind the name. */
struct target {
	struct buf name;
	size_t root;   /* octets of prefix */
	size_t base;   /* where the file's own name begins */
	bool is_moved; /* not the name that the URL asks for */
};

void target_init(struct target *t);
void target_fini(struct target *t);

/*
 * `prefix` and, behind it, `name`: not empty, as naming.h makes them.  Fails
 * as buf_append() does; the target is then to be set again.
 */
struct err target_set(struct target *t, struct slice prefix, struct slice name);

/* All of it, and the file's own name, as C strings; lent until it changes. */
const char *target_name(const struct target *t);
const char *target_base(const struct target *t);

/* The directory, from the root, without a final slash; empty for the root. */
struct slice target_dir(const struct target *t);

/* Of what stands behind the prefix; the same in either case of letters. */
uint64_t target_hash(const struct target *t);
uint64_t target_hash_nocase(const struct target *t);

/* The directory is `path` in truth: the same one with marks in it. */
struct err target_move_dir(struct target *t, struct slice path);

/* Append NAMING_MARK_FILE, or NAMING_MARK_HASH and `hash`. */
struct err target_mark_file(struct target *t);
struct err target_mark_hash(struct target *t, uint64_t hash);

/* Go back to the first `len` octets; `is_moved` stays. */
void target_unmark(struct target *t, size_t len);

#endif
