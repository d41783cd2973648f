/*
 * idn - international domain names as ASCII (UTS 46, nontransitional; RFC
 * 5891), by libidn2, opened when the first such name comes.
 *
 * Whether there is one is found out once in the life of the process.  Threads
 * may do so at the same time.
 */
#ifndef BULKFETCH_SYS_IDN_H
#define BULKFETCH_SYS_IDN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define IDN_SONAME "libidn2.so.0"

/* The longest name looked at, in octets of UTF-8. */
#define IDN_NAME_MAX 1024

/*
 * Append the ASCII form of `name`, which is UTF-8.  ERR_REQUEST and a reason:
 * not UTF-8, too long, not allowed by IDNA (in the library's words), or no
 * libidn2, naming the file that was looked for; ERR_NOMEM.  `why` has static
 * storage.
 *
 * ASCII characters are taken as they are, and others may become such ('/' for
 * one): whether it is a host name then is for the caller to find out.
 */
struct err idn_to_ascii(struct slice name, struct buf *out);

/* "2.3.3", or NULL where there is no libidn2: opens it. */
const char *idn_version(void);

#endif
