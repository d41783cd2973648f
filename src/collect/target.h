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

/* What stands behind the file's own name. */
enum target_mark {
	TARGET_MARK_FILE = 1 << 0, /* NAMING_MARK_FILE */
	TARGET_MARK_HASH = 1 << 1, /* NAMING_MARK_HASH and a hash */
};

/* Invariant, once set: root <= base < plain <= name.len, and a NUL behind the
 * name. */
struct target {
	struct buf name;
	size_t root;    /* octets of prefix */
	size_t base;    /* where the file's own name begins */
	size_t plain;   /* where it ends, without marks */
	unsigned marks; /* of enum target_mark */
	bool is_moved;  /* not the name that the URL asks for */
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

/* The file's own name, without marks. */
struct slice target_plain(const struct target *t);

/* Append NAMING_MARK_FILE, or NAMING_MARK_HASH and `hash`. */
struct err target_mark_file(struct target *t);
struct err target_mark_hash(struct target *t, uint64_t hash);

/* What marks have changed, to go back to it. */
struct target_state {
	size_t len;
	unsigned marks;
	bool is_moved;
};

struct target_state target_save(const struct target *t);
void target_restore(struct target *t, struct target_state state);

#endif
