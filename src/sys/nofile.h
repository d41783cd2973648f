/*
 * nofile - how many descriptors this process may have (RLIMIT_NOFILE).
 */
#ifndef BULKFETCH_SYS_NOFILE_H
#define BULKFETCH_SYS_NOFILE_H

#include <stdint.h>

/* Raise the soft limit to the hard one; the soft limit then in force. */
uint64_t nofile_raise(void);

/* How many are open now, as /proc tells; a guess where there is no /proc. */
uint64_t nofile_count_open(void);

#endif
