/*
 * brotli - a decoder for br (RFC 7932), by libbrotlidec, opened when the first
 * is made.
 *
 * Whether there is one is found out once in the life of the process.  Threads
 * may do so at the same time.
 */
#ifndef BULKFETCH_SYS_BROTLI_H
#define BULKFETCH_SYS_BROTLI_H

#include "base/err.h"
#include "sys/decoder.h"

#define BROTLI_SONAME "libbrotlidec.so.1"

/*
 * One stream, which has no checksum.  Up to 17 MiB of memory, as much as its
 * window takes.  ERR_CODING, naming the file, without a libbrotlidec;
 * ERR_NOMEM.
 */
struct err brotli_new(struct decoder **decoder);

/* "1.0.9", or NULL where there is no libbrotlidec: opens it.  Lent until the
 * thread's next call. */
const char *brotli_version(void);

#endif
