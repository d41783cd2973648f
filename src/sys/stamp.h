/*
 * stamp - what tells one version of a file from another without reading it.
 */
#ifndef BULKFETCH_SYS_STAMP_H
#define BULKFETCH_SYS_STAMP_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* All zero for no file. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size; /* octets */
	struct timespec modified;
	struct timespec changed; /* tells a chmod, and an mtime set back */
};

/*
 * Of the file that `path` leads to.  To be taken before the file is read: what
 * changes meanwhile is then seen as a change the next time.
 */
struct stamp stamp_of(const char *path);

/* Whether there is a file. */
static inline bool
stamp_is(const struct stamp *s)
{
	return s->inode != 0;
}

bool stamp_eq(const struct stamp *a, const struct stamp *b);

#endif
