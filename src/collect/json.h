/*
 * json - write values of RFC 8259 into memory that is known to suffice.
 *
 * Pure.  Every function returns where the next octet goes; the caller has
 * seen to it that there is room.
 */
#ifndef BULKFETCH_COLLECT_JSON_H
#define BULKFETCH_COLLECT_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Room for a string of `len` octets: each "\u00HH", and the quotes. */
#define JSON_STRING_MAX(len) (6 * (len) + 2)

/*
 * Any octets as a string.  UTF-8 goes through as it is but for quotes,
 * backslashes and controls; when `s` as a whole is not UTF-8, octets of 0x80
 * and above are written \u0080 to \u00ff, one for one, so that every parser
 * can read them and nothing is lost.
 */
uint8_t *json_string(uint8_t *at, struct slice s);

/* At most NUM_U64_MAX_LEN octets. */
uint8_t *json_number(uint8_t *at, uint64_t value);

/* Octets of our own. */
uint8_t *json_raw(uint8_t *at, struct slice s);

#endif
