/*
 * date - HTTP dates (RFC 9110, section 5.6.7): the IMF-fixdate that is sent
 * today, the RFC 850 and asctime forms that are still to be read, and the wait
 * that a Retry-After field asks for (section 10.2.3).
 *
 * Times are seconds since 1970-01-01T00:00:00Z.  Pure: no clock, no locale, no
 * time zone.
 */
#ifndef BULKFETCH_HTTP_DATE_H
#define BULKFETCH_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* "Sun, 06 Nov 1994 08:49:37 GMT", without a NUL. */
#define DATE_LEN 29

/*
 * Read any of the three forms, letters in either case; false for anything else,
 * a day that the calendar has not, a time past 23:59:59 but the leap second
 * 23:59:60, a year before 1900.  The name of the day of the week must be one,
 * but not the right one.  Two-digit years are the latest that are not more than
 * 50 years ahead of `now` (RFC 9110).
 */
bool date_parse(struct slice text, int64_t now, int64_t *time);

/*
 * Write the IMF-fixdate of `time`, unterminated.  Times outside of the years
 * 1970 to 9999 become the nearest second in them.
 */
void date_format(int64_t time, char out[DATE_LEN]);

/*
 * How long, in milliseconds, a Retry-After field asks to wait: a number of
 * seconds, or until a date, counted from the response's Date if that can be
 * read (`date`, perhaps empty), so that a wrong clock on either side does no
 * harm, else from `now`.  0 for a date that has passed; a number however large
 * is at most INT64_MAX / 4.
 * False when `value` is neither.
 */
bool date_parse_retry_after(
    struct slice value, struct slice date, int64_t now, int64_t *wait_ms);

#endif
