/*
 * date, range, validator: what a date is read as is written as a date that
 * reads the same; no wait and no range is out of bounds; an entity tag holds
 * nothing that would break a field.  An input is up to three lines, taken for
 * what a response's fields may say.
 */
#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "http/date.h"
#include "http/range.h"
#include "http/validator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 1900-01-01 and the last second of 9999. */
#define TIME_MIN (-INT64_C(2208988800))
#define TIME_MAX INT64_C(253402300799)

static const int64_t clocks[] = { 1700000000, 0, INT64_MIN, INT64_MAX };

static struct slice
take_line(struct slice *in)
{
	size_t end = slice_find(*in, '\n');
	struct slice line = slice_first(*in, end);

	*in = slice_from(*in, end < in->len ? end + 1 : end);
	return line;
}

static void
check_date(struct slice text, int64_t now)
{
	char written[DATE_LEN];
	int64_t again;
	int64_t time;

	if (!date_parse(text, now, &time))
		return;
	assert(time >= TIME_MIN && time <= TIME_MAX + 1);
	date_format(time, written);
	assert(date_parse(slice_of(written, DATE_LEN), now, &again));
	assert(again == time || time < 0 || time > TIME_MAX);
}

static void
check_retry_after(struct slice value, struct slice date, int64_t now)
{
	int64_t wait_ms;

	if (date_parse_retry_after(value, date, now, &wait_ms))
		assert(wait_ms >= 0 && wait_ms <= INT64_MAX / 4);
}

static void
check_range(struct slice value)
{
	struct content_range range;
	struct content_range again;
	struct err err = range_parse_content(value, &range);
	char span[64] = "*";
	char total[32] = "*";
	char text[128];

	if (err_is(err)) {
		assert(err.kind == ERR_PROTOCOL && err.why != NULL);
		return;
	}
	assert(range.total <= INT64_MAX ||
	    (range.is_satisfied && range.total == RANGE_TOTAL_UNKNOWN));
	if (range.is_satisfied) {
		assert(range.first <= range.last && range.last < range.total);
		assert(range.last < INT64_MAX);
		(void)snprintf(span, sizeof(span), "%" PRIu64 "-%" PRIu64,
		    range.first, range.last);
	}
	if (range.total != RANGE_TOTAL_UNKNOWN)
		(void)snprintf(total, sizeof(total), "%" PRIu64, range.total);
	(void)snprintf(text, sizeof(text), "bytes %s/%s", span, total);
	assert(!err_is(range_parse_content(slice_str(text), &again)));
	assert(again.is_satisfied == range.is_satisfied);
	assert(again.first == range.first && again.last == range.last);
	assert(again.total == range.total);
}

static void
check_validators(const struct response *res, int64_t now)
{
	struct slice chosen = validator_for_range(res, now);

	if (validator_is_strong_etag(res->etag)) {
		assert(validator_is_etag(res->etag));
		assert(chosen.ptr == res->etag.ptr);
	} else if (chosen.len > 0) {
		assert(res->etag.len == 0);
		assert(chosen.ptr == res->last_modified.ptr);
	}
	if (!validator_is_etag(res->etag))
		return;
	for (size_t i = 0; i < res->etag.len; i++)
		assert(res->etag.ptr[i] > ' ' && res->etag.ptr[i] != 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size);
	struct slice first = take_line(&rest);
	struct slice second = take_line(&rest);
	struct response res = {
		.last_modified = first, .date = second, .etag = rest
	};

	check_range(first);
	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		check_date(first, clocks[i]);
		check_date(second, clocks[i]);
		check_retry_after(first, second, clocks[i]);
		check_validators(&res, clocks[i]);
	}
	return 0;
}
