/*
 * dirs - directories below a root, made as they are needed, never outside it.
 *
 * A directory is opened beneath the root's descriptor without following any
 * symlink: with openat2(2), or a component at a time where the kernel or a
 * sandbox refuses that.  Where a component is there but is no directory (a
 * file, a symlink), "NAME%dir" beside it is taken in its place.
 *
 * Descriptors are cached, the least recently used go first.  Failures are
 * ERR_FILE with the errno, or ERR_NOMEM.
 */
#ifndef BULKFETCH_COLLECT_DIRS_H
#define BULKFETCH_COLLECT_DIRS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

struct dirs;

/* Lent until the next call for the same `struct dirs`. */
struct dir {
	int fd;            /* O_PATH */
	struct slice path; /* as it is called, from the root; no final slash */
	bool is_marked;    /* `path` is not what was asked for */
};

enum dirs_how {
	DIRS_FIND, /* ENOENT when it is not there */
	DIRS_MAKE,
};

/*
 * A cache of up to `bound` descriptors, at least 1.  `root` is a directory's
 * descriptor, borrowed.
 */
struct err dirs_new(int root, size_t bound, struct dirs **d);
void dirs_free(struct dirs *d);

/*
 * The directory `path`: relative, single slashes between components none of
 * which is "." or ".."; empty for the root.  EMFILE and ENFILE when it could
 * not be opened even after the cache was given up.
 */
struct err dirs_get(struct dirs *d, struct slice path, enum dirs_how how,
    const struct dir **dir);

/* Descriptors are short: keep one, and half as many from now on. */
void dirs_shrink(struct dirs *d);

/* Close all: somebody has removed directories behind our back. */
void dirs_forget(struct dirs *d);

/* Descriptors held, the root's not counted. */
size_t dirs_count(const struct dirs *d);

#endif
