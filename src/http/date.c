#include "http/date.h"

#include <string.h>

#include "base/ascii.h"
#include "base/num.h"

#define DAY_S INT64_C(86400)
#define YEAR_MIN 1900
#define YEAR_MAX 9999

/* The first and the last second that an IMF-fixdate is written of. */
#define TIME_MIN INT64_C(0)
#define TIME_MAX INT64_C(253402300799)

/* No wait is longer, in milliseconds; sums with instants then fit. */
#define WAIT_MAX_MS (INT64_MAX / 4)

static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday",
	"Thursday", "Friday", "Saturday" };
static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
#define DAYS (sizeof(days) / sizeof(*days))
#define MONTHS (sizeof(months) / sizeof(*months))
/* Octets of a month's name, and of a day's short one. */
#define SHORT_LEN 3

/* The three forms, in strftime(3)'s letters. */
static const char *const forms[] = {
	"%a, %d %b %Y %T GMT", /* IMF-fixdate */
	"%A, %d-%b-%y %T GMT", /* RFC 850 */
	"%a %b %e %T %Y",      /* asctime() */
};

/* A date and time as the calendar has it. */
struct calendar {
	int64_t year;
	int64_t month;      /* 1 to 12 */
	int64_t day;        /* 1 to 31 */
	int64_t second;     /* of the day */
	bool is_short_year; /* `year` is 0 to 99, of a century to be found */
};

/*
 * Days since 1970-01-01 of a day in the Gregorian calendar.  Years are counted
 * from March on, so that the leap day is a year's last, in spans of 400, which
 * are all alike.
 */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t from_march = (month + 9) % 12;
	int64_t y = year - (month <= 2 ? 1 : 0);
	int64_t span = y / 400;
	int64_t year_of_span = y % 400;
	int64_t day_of_year = (153 * from_march + 2) / 5 + day - 1;
	int64_t day_of_span = year_of_span * 365 + year_of_span / 4 -
	    year_of_span / 100 + day_of_year;

	/* 0000-03-01 lies 719468 days before 1970-01-01. */
	return span * 146097 + day_of_span - 719468;
}

static struct calendar
calendar_of(int64_t time)
{
	int64_t from_0000 = time / DAY_S + 719468;
	int64_t span = from_0000 / 146097;
	int64_t day = from_0000 % 146097; /* of the span, then of the year */
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t from_march;
	struct calendar c = { .second = time % DAY_S };

	day -= year * 365 + year / 4 - year / 100;
	from_march = (5 * day + 2) / 153;
	c.day = day - (153 * from_march + 2) / 5 + 1;
	c.month = from_march < 10 ? from_march + 3 : from_march - 9;
	c.year = span * 400 + year + (c.month <= 2 ? 1 : 0);
	return c;
}

static int64_t
time_of(const struct calendar *c)
{
	return days_of(c->year, c->month, c->day) * DAY_S + c->second;
}

static int64_t
days_in_month(int64_t year, int64_t month)
{
	int64_t next =
	    month == 12 ? days_of(year + 1, 1, 1) : days_of(year, month + 1, 1);

	return next - days_of(year, month, 1);
}

/* Into the years that we can write, so that no sum overflows. */
static int64_t
clamp_time(int64_t time)
{
	if (time < TIME_MIN)
		return TIME_MIN;
	return time > TIME_MAX ? TIME_MAX : time;
}

/*
 * The readers take what they look for off the front of `in`; false when it is
 * not there.  Letters may be of either case (RFC 9111, section 4.2).
 */
static bool
take_text(struct slice *in, struct slice text)
{
	if (in->len < text.len ||
	    !slice_eq_nocase(slice_first(*in, text.len), text))
		return false;
	*in = slice_from(*in, text.len);
	return true;
}

/*
 * One of `names`, cut to `max` octets each: its index, or `count` when none of
 * them is there.
 */
static size_t
take_name(struct slice *in, const char *const *names, size_t count, size_t max)
{
	for (size_t i = 0; i < count; i++) {
		struct slice name = slice_str(names[i]);

		if (name.len > max)
			name.len = max;
		if (take_text(in, name))
			return i;
	}
	return count;
}

static bool
take_number(struct slice *in, size_t len, int64_t *out)
{
	uint64_t value;

	if (in->len < len ||
	    !num_parse_u64(slice_first(*in, len), YEAR_MAX, &value))
		return false;
	*in = slice_from(*in, len);
	*out = (int64_t)value;
	return true;
}

/* "HH:MM:SS"; a leap second counts as the second after it. */
static bool
take_time(struct slice *in, int64_t *second)
{
	struct slice colon = slice_str(":");
	int64_t h;
	int64_t m;
	int64_t s;

	if (!take_number(in, 2, &h) || !take_text(in, colon) ||
	    !take_number(in, 2, &m) || !take_text(in, colon) ||
	    !take_number(in, 2, &s))
		return false;
	if (h > 23 || m > 59 || s > (h == 23 && m == 59 ? 60 : 59))
		return false;
	*second = (h * 60 + m) * 60 + s;
	return true;
}

/* What one letter of a form stands for. */
static bool
take_item(struct slice *in, char letter, struct calendar *c)
{
	size_t month;

	switch (letter) {
	case 'A':
		return take_name(in, days, DAYS, SIZE_MAX) < DAYS;
	case 'a':
		return take_name(in, days, DAYS, SHORT_LEN) < DAYS;
	case 'b':
		month = take_name(in, months, MONTHS, SHORT_LEN);
		c->month = (int64_t)month + 1;
		return month < MONTHS;
	case 'e':
		if (take_text(in, slice_str(" ")))
			return take_number(in, 1, &c->day);
		return take_number(in, 2, &c->day);
	case 'd':
		return take_number(in, 2, &c->day);
	case 'y':
		c->is_short_year = true;
		return take_number(in, 2, &c->year);
	case 'Y':
		return take_number(in, 4, &c->year);
	default: /* 'T' */
		return take_time(in, &c->second);
	}
}

static bool
read_form(struct slice in, const char *form, struct calendar *c)
{
	for (; *form != '\0'; form++) {
		if (*form != '%') {
			if (!take_text(&in, slice_of(form, 1)))
				return false;
		} else if (!take_item(&in, *++form, c)) {
			return false;
		}
	}
	return in.len == 0;
}

/*
 * The century of a two-digit year: the latest that does not put the date more
 * than 50 years ahead of `now`.
 */
static void
find_century(struct calendar *c, int64_t now)
{
	struct calendar latest = calendar_of(clamp_time(now));

	latest.year += 50;
	if (latest.year > YEAR_MAX)
		latest = calendar_of(TIME_MAX);
	c->year += latest.year / 100 * 100;
	if (time_of(c) > time_of(&latest))
		c->year -= 100;
}

bool
date_parse(struct slice text, int64_t now, int64_t *time)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct calendar c = { 0 };

		if (!read_form(text, forms[i], &c))
			continue;
		if (c.is_short_year)
			find_century(&c, now);
		if (c.year < YEAR_MIN || c.day < 1 ||
		    c.day > days_in_month(c.year, c.month))
			return false;
		*time = time_of(&c);
		return true;
	}
	return false;
}

static char *
put_text(char *to, const char *text, size_t len)
{
	memcpy(to, text, len);
	return to + len;
}

/* `width` digits of `value`. */
static char *
put_number(char *to, int64_t value, size_t width)
{
	for (size_t i = width; i > 0; i--) {
		to[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	return to + width;
}

void
date_format(int64_t time, char out[DATE_LEN])
{
	struct calendar c;
	char *to = out;

	time = clamp_time(time);
	c = calendar_of(time);
	/* 1970-01-01 was a Thursday. */
	to = put_text(to, days[(time / DAY_S + 4) % (int64_t)DAYS], SHORT_LEN);
	to = put_text(to, ", ", 2);
	to = put_number(to, c.day, 2);
	*to++ = ' ';
	to = put_text(to, months[c.month - 1], SHORT_LEN);
	*to++ = ' ';
	to = put_number(to, c.year, 4);
	*to++ = ' ';
	to = put_number(to, c.second / 3600, 2);
	*to++ = ':';
	to = put_number(to, c.second / 60 % 60, 2);
	*to++ = ':';
	to = put_number(to, c.second % 60, 2);
	(void)put_text(to, " GMT", 4);
}

/* A number of seconds in milliseconds; what is too large is the longest wait. */
static bool
read_seconds(struct slice value, int64_t *wait_ms)
{
	uint64_t seconds;

	for (size_t i = 0; i < value.len; i++) {
		if (!ascii_is_digit(value.ptr[i]))
			return false;
	}
	if (value.len == 0)
		return false;
	*wait_ms = num_parse_u64(value, WAIT_MAX_MS / 1000, &seconds)
	    ? (int64_t)seconds * 1000
	    : WAIT_MAX_MS;
	return true;
}

bool
date_parse_retry_after(
    struct slice value, struct slice date, int64_t now, int64_t *wait_ms)
{
	int64_t from;
	int64_t until;

	if (read_seconds(value, wait_ms))
		return true;
	if (!date_parse(value, now, &until))
		return false;
	if (!date_parse(date, now, &from))
		from = clamp_time(now);
	*wait_ms = until > from ? (until - from) * 1000 : 0;
	return true;
}
