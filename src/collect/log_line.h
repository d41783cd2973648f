/*
 * log_line - a result as a line of a log: an object of RFC 8259, or a URL to
 * be fed in again.
 *
 * Pure: written into memory that is known to suffice, as with json.h.
 */
#ifndef BULKFETCH_COLLECT_LOG_LINE_H
#define BULKFETCH_COLLECT_LOG_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "bulkfetch.h"

/* Octets that the line takes at most, with its newline; 0 when the format has
 * none for this result. */
size_t log_line_max(
    enum bulkfetch_log_format format, const struct bulkfetch_result *result);

/* Write it; where the next octet goes. */
uint8_t *log_line_put(uint8_t *at, enum bulkfetch_log_format format,
    const struct bulkfetch_result *result);

#endif
