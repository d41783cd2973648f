/*
 * range - the Content-Range field of a 206 or 416 response with one range of
 * bytes (RFC 9110, section 14.4).  Pure.
 */
#ifndef BULKFETCH_HTTP_RANGE_H
#define BULKFETCH_HTTP_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define RANGE_TOTAL_UNKNOWN UINT64_MAX

struct content_range {
	bool is_satisfied; /* false: "bytes *" "/TOTAL", of a 416 */
	uint64_t first;    /* octets, inclusive, when satisfied */
	uint64_t last;
	uint64_t total; /* or RANGE_TOTAL_UNKNOWN */
};

/*
 * "bytes FIRST-LAST/TOTAL", TOTAL perhaps '*', or "bytes *" "/TOTAL".
 * ERR_PROTOCOL with a reason for anything else: other units, first > last,
 * last >= total, numbers with which a count or the place behind the last octet
 * would not fit 63 bits.
 */
struct err range_parse_content(struct slice value, struct content_range *range);

#endif
