/*
 * percent - percent-escapes, one at a time (RFC 3986, section 2.1).  Pure.
 */
#ifndef BULKFETCH_HTTP_PERCENT_H
#define BULKFETCH_HTTP_PERCENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ascii.h"
#include "base/slice.h"

/* Octets of an escape. */
#define PERCENT_LEN 3

/* Whether a '%' with two hexadecimal digits stands at `at`, which is inside. */
static inline bool
percent_is_escape(struct slice in, size_t at)
{
	return in.ptr[at] == '%' && in.len - at >= PERCENT_LEN &&
	    ascii_is_hex(in.ptr[at + 1]) && ascii_is_hex(in.ptr[at + 2]);
}

/* The octet that the escape at `escape` stands for. */
static inline uint8_t
percent_value(const uint8_t *escape)
{
	return (uint8_t)(ascii_hex_value(escape[1]) << 4 |
	    ascii_hex_value(escape[2]));
}

#endif
