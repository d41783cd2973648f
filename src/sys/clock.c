#include "sys/clock.h"

#include <time.h>

int64_t
clock_now_ms(void)
{
	struct timespec ts;

	/* Cannot fail: the clock exists since Linux 2.6 and `ts` is ours. */
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
