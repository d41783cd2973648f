/*
 * log_file - open a log so that lines can be added at its end, and nobody else
 * does so at the same time.
 */
#ifndef BULKFETCH_COLLECT_LOG_FILE_H
#define BULKFETCH_COLLECT_LOG_FILE_H

#include <stdbool.h>

#include "bulkfetch.h"

/*
 * Create `path` if it is missing.  A regular file is locked (flock), then
 * emptied, or with `is_append` mended: what a kill or a crash has left of a
 * last line is cut off a log of records, which must be one; a list of failures
 * gets the newline that it lacks.  A file that is refused is left as it was.
 * The descriptor in `*fd` is the caller's.  0, or an errno value with
 * `*problem`: EWOULDBLOCK when it is locked.
 */
int log_file_open(const char *path, enum bulkfetch_log_format format,
    bool is_append, int *fd, struct bulkfetch_problem *problem);

#endif
