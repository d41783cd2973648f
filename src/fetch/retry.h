/*
 * retry - which failures are worth another try, and when.
 *
 * Worth it is what may well be different the next time: a connection that
 * could not be made or broke, a timeout, a response that ended early, and the
 * statuses 408, 429, 500, 502, 503 and 504.  404 and 410 never are.
 *
 * Pure: no clock; randomness is an argument.
 */
#ifndef BULKFETCH_FETCH_RETRY_H
#define BULKFETCH_FETCH_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "bulkfetch.h"

/* The first wait is up to this long, the next one up to twice as long. */
#define RETRY_FIRST_MS 1000
#define RETRY_DELAY_MAX_MS 600000

/* How one try has ended. */
struct retry_case {
	struct err err;
	unsigned status;    /* with ERR_STATUS */
	bool is_idempotent; /* the method is (RFC 9110, section 9.2.2) */
	bool was_sent;      /* the peer may have seen the request */
};

bool retry_is_worth(
    const struct bulkfetch_options *o, const struct retry_case *c);

/*
 * How long to wait before retry number `retries` + 1: retry_delay_ms if that is
 * set, else a random time ("full jitter"), so that those who failed together
 * do not come back together.
 */
int64_t retry_delay_ms(
    const struct bulkfetch_options *o, unsigned retries, uint64_t random);

#endif
