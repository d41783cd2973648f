/*
 * units - numbers for people: octets, rates and durations as short text.
 * Each writes at most `cap` octets with the NUL and returns `out`.
 */
#ifndef BULKFETCH_CLI_UNITS_H
#define BULKFETCH_CLI_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* "512 B", "1.5 KiB", "12.3 MiB": powers of 1024. */
const char *units_octets(double octets, char *out, size_t cap);

/* "0.3", "5.1", "5123": one decimal below ten. */
const char *units_rate(double rate, char *out, size_t cap);

/* "0:07", "12:34", "1:02:03", "3d 04:05". */
const char *units_duration(uint64_t seconds, char *out, size_t cap);

#endif
