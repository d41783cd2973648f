/*
 * write - all of some octets to a file, however many calls that takes.
 */
#ifndef BULKFETCH_SYS_WRITE_H
#define BULKFETCH_SYS_WRITE_H

#include "base/err.h"
#include "base/slice.h"

/*
 * Write all of `data` to `fd`, which blocks; again after a signal.  Failures
 * are ERR_FILE with the errno, after which a part of it may be written.
 */
struct err write_all(int fd, struct slice data);

#endif
