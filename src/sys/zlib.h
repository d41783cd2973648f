/*
 * zlib - decoders for gzip (RFC 1952) and deflate (RFC 1950, 1951), by zlib,
 * opened when the first is made.
 *
 * Whether there is one is found out once in the life of the process.  Threads
 * may do so at the same time.
 */
#ifndef BULKFETCH_SYS_ZLIB_H
#define BULKFETCH_SYS_ZLIB_H

#include "base/err.h"
#include "sys/decoder.h"

#define ZLIB_SONAME "libz.so.1"

/*
 * All the members of a file, each with its CRC and length checked; what follows
 * one has to be another one.  About 40 KiB of memory.  ERR_CODING, naming the
 * file, without a zlib; ERR_NOMEM.
 */
struct err zlib_new_gzip(struct decoder **decoder);

/*
 * What HTTP calls deflate: in zlib's format with its checksum, or bare, as many
 * servers send it.  The first octet tells.
 */
struct err zlib_new_deflate(struct decoder **decoder);

/* "1.2.13", or NULL where there is no zlib: opens it. */
const char *zlib_version(void);

#endif
