/*
 * throttle - a limit to the octets a second that all the connections of a run
 * receive together.
 *
 * A connection asks before each receive how much it may take and tells how much
 * came.  When there is nothing to be had it is paused (it stops asking the
 * reactor for readability) and resumed in its turn, first paused, first served,
 * by a timer of some milliseconds; the share of one turn is small, so that the
 * flow is smooth and no connection starves.  The time spent paused counts
 * towards no timeout but the whole request's.
 *
 * The rate is exact within a percent over a few seconds.  Octets that the
 * kernel has received for us beyond it wait in its buffers.
 */
#ifndef BULKFETCH_NET_THROTTLE_H
#define BULKFETCH_NET_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "sys/reactor.h"

struct throttle {
	struct reactor *reactor; /* borrowed */
	uint64_t rate;           /* octets a second; 0: no limit */
	int64_t budget;          /* octets that may be received; may be less
				  * than 0 after what could not be bounded */
	uint64_t frac;           /* of an octet, in 1/1000 */
	int64_t at_ms;           /* when the budget was worked out */
	struct list paused;
	struct timer timer;
};

struct throttled; /* embedded in a connection: link and callback */

#endif
