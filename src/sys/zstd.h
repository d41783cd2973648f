/*
 * zstd - a decoder for zstd (RFC 8878), by libzstd, opened when the first is
 * made.
 *
 * Whether there is one is found out once in the life of the process.  Threads
 * may do so at the same time.
 */
#ifndef BULKFETCH_SYS_ZSTD_H
#define BULKFETCH_SYS_ZSTD_H

#include "base/err.h"
#include "sys/decoder.h"

#define ZSTD_SONAME "libzstd.so.1"

/* The largest window that a server may count on (RFC 9659), as a power of 2:
 * 8 MiB. */
#define ZSTD_WINDOW_LOG_MAX 23

/*
 * All the frames, skippable ones passed over, with their checksums if they have
 * some; what follows one has to be another one.  Up to 9 MiB of memory, as much
 * as its window takes; a larger one is a failure.  ERR_CODING, naming the file,
 * without a libzstd, which has to be 1.4.0 at least; ERR_NOMEM.
 */
struct err zstd_new(struct decoder **decoder);

/* "1.5.4", or NULL where there is no libzstd: opens it. */
const char *zstd_version(void);

#endif
