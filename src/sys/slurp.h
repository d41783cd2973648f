/*
 * slurp - a whole small file into memory.
 */
#ifndef BULKFETCH_SYS_SLURP_H
#define BULKFETCH_SYS_SLURP_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Append the file's octets to `out`, whose maximum bounds it.  ERR_FILE with
 * errno, ERR_LIMIT when it is larger, ERR_NOMEM; what was read by then stays.
 */
struct err slurp_file(const char *path, struct buf *out);

#endif
