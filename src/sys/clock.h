/*
 * clock - the monotonic clock, in milliseconds, rounded down.
 */
#ifndef BULKFETCH_SYS_CLOCK_H
#define BULKFETCH_SYS_CLOCK_H

#include <stdint.h>

int64_t clock_now_ms(void);

#endif
