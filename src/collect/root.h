/*
 * root - the directory that a tree of files is made in.
 */
#ifndef BULKFETCH_COLLECT_ROOT_H
#define BULKFETCH_COLLECT_ROOT_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Open `dir` with O_PATH; it and what is missing above it is made, as mkdir -p
 * does, and may be reached by symlinks, which are the user's.  ERR_FILE with
 * the errno, ERR_NOMEM.
 */
struct err root_open(const char *dir, int *fd);

/* Append what stands before a name in `dir` for it to be found from here:
 * "DIR/", or nothing for the working directory. */
struct err root_append_prefix(const char *dir, struct buf *out);

#endif
