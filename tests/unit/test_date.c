#include "exact.h"

#include <stdio.h>
#include <time.h>

#include "http/date.h"

/* 2023-11-14T22:13:20Z */
#define NOW INT64_C(1700000000)
/* "Sun, 06 Nov 1994 08:49:37 GMT" */
#define NOV INT64_C(784111777)

/* Parse a copy that has not an octet to spare. */
static bool
parse(struct slice text, int64_t now, int64_t *time)
{
	struct slice copy = exact_copy(text);
	bool ok = date_parse(copy, now, time);

	exact_free(copy);
	return ok;
}

static void
expect_time(const char *text, int64_t now, int64_t expected)
{
	int64_t time = -1;

	if (!parse(slice_str(text), now, &time))
		fail_msg("%s: not read", text);
	if (time != expected)
		fail_msg("%s: %jd instead of %jd", text, (intmax_t)time,
		    (intmax_t)expected);
}

static void
expect_written(int64_t time, const char *expected)
{
	char *out = malloc(DATE_LEN);

	assert_non_null(out);
	date_format(time, out);
	expect_text(expected, slice_of(out, DATE_LEN), expected);
	free(out);
}

static void
reads_the_three_forms(void **state)
{
	static const struct {
		const char *text;
		int64_t time;
	} rows[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", NOV },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", NOV },
		{ "Sun Nov  6 08:49:37 1994", NOV },
		{ "Sun Nov 06 08:49:37 1994", NOV },
		{ "Sun Nov 16 08:49:37 1994", NOV + 10 * 86400 },
		{ "sun, 06 nOV 1994 08:49:37 gmt", NOV },
		{ "SUNDAY, 06-NOV-94 08:49:37 GMT", NOV },
		/* the wrong day of the week */
		{ "Wed, 06 Nov 1994 08:49:37 GMT", NOV },
		{ "Wednesday, 06-Nov-94 08:49:37 GMT", NOV },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Wed, 31 Dec 1969 23:59:59 GMT", -1 },
		{ "Mon, 01 Jan 1900 00:00:00 GMT", -2208988800 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
		{ "Tue, 29 Feb 2000 00:00:00 GMT", 951782400 },
		{ "Thu, 29 Feb 1996 00:00:00 GMT", 825552000 },
		/* a leap second */
		{ "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 },
		{ "Sat Dec 31 23:59:60 2016", 1483228800 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_time(rows[i].text, NOW, rows[i].time);
}

static void
refuses_anything_else(void **state)
{
	static const struct slice rows[] = {
		TEXT(""),
		TEXT("0"),
		TEXT("-1"),
		TEXT("784111777"),
		TEXT("Sun"),
		TEXT("Sun,"),
		TEXT(" Sun, 06 Nov 1994 08:49:37 GMT"),
		TEXT("Sun, 06 Nov 1994 08:49:37 GMT "),
		TEXT("Sun, 06 Nov 1994 08:49:37 GMT\0"),
		TEXT("Sun, 06 Nov 1994 08:49:37"),
		TEXT("Sun, 06 Nov 1994 08:49:37 UTC"),
		TEXT("Sun, 06 Nov 1994 08:49:37 +0000"),
		TEXT("Sun, 06 Nov 1994 08:49 GMT"),
		TEXT("Sun, 06 Nov 1994 08:49:7 GMT"),
		TEXT("Sun, 06 Nov 1994 8:49:37 GMT"),
		TEXT("Sun, 6 Nov 1994 08:49:37 GMT"),
		TEXT("Sun, 06 Nov  1994 08:49:37 GMT"),
		TEXT("Sun,  6 Nov 1994 08:49:37 GMT"),
		TEXT("Sun, 06\tNov 1994 08:49:37 GMT"),
		TEXT("Sun, 06\r\n Nov 1994 08:49:37 GMT"),
		TEXT("Sun, 06 Nov 94 08:49:37 GMT"),
		TEXT("Sun, 06-Nov-1994 08:49:37 GMT"),
		TEXT("Sun, 06-Nov-94 08:49:37 GMT"),
		TEXT("Sunday, 06 Nov 1994 08:49:37 GMT"),
		TEXT("Sunday, 06-Nov-1994 08:49:37 GMT"),
		TEXT("Sun 06 Nov 1994 08:49:37 GMT"),
		TEXT("06 Nov 1994 08:49:37 GMT"),
		TEXT("Son, 06 Nov 1994 08:49:37 GMT"),
		TEXT("Sunda, 06-Nov-94 08:49:37 GMT"),
		TEXT("Sun, 06 Nob 1994 08:49:37 GMT"),
		TEXT("Sun, 06 November 1994 08:49:37 GMT"),
		TEXT("Sun, 06 11 1994 08:49:37 GMT"),
		TEXT("Sun, +6 Nov 1994 08:49:37 GMT"),
		TEXT("Sun, 06 Nov -994 08:49:37 GMT"),
		TEXT("Sun, 06 Nov 19940 08:49:37 GMT"),
		TEXT("Sun, 06 Nov 10000 08:49:37 GMT"),
		TEXT("Sun Nov 6 08:49:37 1994"),
		TEXT("Sun Nov   6 08:49:37 1994"),
		TEXT("Sun Nov  6 08:49:37 94"),
		TEXT("Sun Nov  6 08:49:37 1994 GMT"),
		TEXT("Sun Nov  6 08:49:37 GMT 1994"),
		/* not in the calendar, or not on the clock */
		TEXT("Sun, 00 Nov 1994 08:49:37 GMT"),
		TEXT("Sun, 31 Nov 1994 08:49:37 GMT"),
		TEXT("Sun, 32 Dec 1994 08:49:37 GMT"),
		TEXT("Sun, 99 Dec 1994 08:49:37 GMT"),
		TEXT("Sun, 29 Feb 1995 08:49:37 GMT"),
		TEXT("Sun, 29 Feb 1900 08:49:37 GMT"),
		TEXT("Sun, 30 Feb 2000 08:49:37 GMT"),
		TEXT("Sunday, 29-Feb-95 08:49:37 GMT"),
		TEXT("Sun Feb 29 08:49:37 1995"),
		TEXT("Sun Nov  0 08:49:37 1994"),
		TEXT("Sun, 06 Nov 1994 24:00:00 GMT"),
		TEXT("Sun, 06 Nov 1994 23:60:00 GMT"),
		TEXT("Sun, 06 Nov 1994 23:59:61 GMT"),
		TEXT("Sun, 06 Nov 1994 23:58:60 GMT"),
		TEXT("Sun, 06 Nov 1994 22:59:60 GMT"),
		TEXT("Sun, 31 Dec 1899 23:59:59 GMT"),
		TEXT("Sun, 06 Nov 0000 08:49:37 GMT"),
		TEXT("Sun, 06 Nov 0094 08:49:37 GMT"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t time = 42;

		if (parse(rows[i], NOW, &time))
			fail_msg("%s: read", (const char *)rows[i].ptr);
		assert_int_equal(time, 42);
	}
}

static void
refuses_each_beginning_and_each_octet_more(void **state)
{
	static const struct slice forms[] = {
		TEXT("Sun, 06 Nov 1994 08:49:37 GMT"),
		TEXT("Sunday, 06-Nov-94 08:49:37 GMT"),
		TEXT("Sun Nov  6 08:49:37 1994"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		char more[DATE_LEN + 2];
		int64_t time;

		for (size_t len = 0; len < forms[i].len; len++)
			assert_false(
			    parse(slice_first(forms[i], len), NOW, &time));
		memcpy(more, forms[i].ptr, forms[i].len);
		for (int octet = 0; octet < 256; octet++) {
			more[forms[i].len] = (char)octet;
			assert_false(parse(
			    slice_of(more, forms[i].len + 1), NOW, &time));
		}
	}
}

static void
puts_two_digit_years_at_most_50_years_ahead(void **state)
{
	static const struct {
		const char *text;
		int64_t now;
		int64_t time;
	} rows[] = {
		{ "Sunday, 06-Nov-94 08:49:37 GMT", NOW, NOV },
		/* 50 years from NOW to the second, and one more */
		{ "Tuesday, 14-Nov-73 22:13:20 GMT", NOW, 3277923200 },
		{ "Tuesday, 14-Nov-73 22:13:21 GMT", NOW, 122163201 },
		{ "Tuesday, 15-Nov-73 00:00:00 GMT", NOW, 122169600 },
		{ "Monday, 01-Jan-73 00:00:00 GMT", NOW, 3250454400 },
		{ "Monday, 01-Jan-74 00:00:00 GMT", NOW, 126230400 },
		{ "Saturday, 01-Jan-00 00:00:00 GMT", NOW, 946684800 },
		{ "Friday, 31-Dec-99 23:59:59 GMT", NOW, 946684799 },
		/* a leap day, where one of the centuries has it */
		{ "Tuesday, 29-Feb-00 00:00:00 GMT", NOW, 951782400 },
		/* in 1970 the years to 2020 are near, 21 is 1921 */
		{ "Wednesday, 01-Jan-20 00:00:00 GMT", 0, 1577836800 },
		{ "Saturday, 01-Jan-21 00:00:00 GMT", 0, -1546300800 },
		/* in 2090 05 is 2105, 41 is 2041 */
		{ "Thursday, 01-Jan-05 00:00:00 GMT", 3800000000, 4260211200 },
		{ "Tuesday, 01-Jan-41 00:00:00 GMT", 3800000000, 2240611200 },
		/* clocks that are far off */
		{ "Thursday, 01-Jan-70 00:00:00 GMT", INT64_MIN, 0 },
		{ "Friday, 01-Jan-99 00:00:00 GMT", INT64_MAX, 253370764800 },
		{ "Monday, 01-Jan-00 00:00:00 GMT", INT64_MAX, 250246627200 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_time(rows[i].text, rows[i].now, rows[i].time);
}

/* The forms of a time are as the C library writes them. */
static void
check_time(int64_t time)
{
	time_t t = (time_t)time;
	struct tm tm;
	char day[32];
	char text[100];

	assert_non_null(gmtime_r(&t, &tm));
	assert_true(strftime(text, sizeof(text), "%a %b %e %T %Y", &tm) > 0);
	expect_time(text, NOW, time);
	assert_true(
	    strftime(text, sizeof(text), "%a, %d %b %Y %T GMT", &tm) > 0);
	expect_time(text, NOW, time);
	if (time < 0)
		return;
	expect_written(time, text);
	assert_true(strftime(day, sizeof(day), "%A, %d-%b", &tm) > 0);
	(void)snprintf(text, sizeof(text), "%s-%02d %02d:%02d:%02d GMT", day,
	    tm.tm_year % 100, tm.tm_hour, tm.tm_min, tm.tm_sec);
	expect_time(text, time, time);
}

static void
agrees_with_the_c_library_on_the_ends_of_months(void **state)
{
	(void)state;
	for (int year = 1900; year <= 9999; year++) {
		/* 600 years one by one, then some of each century. */
		if (year > 2500 && year % 100 > 4)
			continue;
		for (int month = 0; month < 12; month++) {
			struct tm tm = { .tm_year = year - 1900,
				.tm_mon = month,
				.tm_mday = 1 };
			int64_t time = timegm(&tm);

			check_time(time);
			check_time(time + 15 * 86400 + 12345);
			if (year > 1900 || month > 0)
				check_time(time - 1);
		}
	}
}

static void
writes_the_fixdate(void **state)
{
	static const struct {
		int64_t time;
		const char *text;
	} rows[] = {
		{ NOV, "Sun, 06 Nov 1994 08:49:37 GMT" },
		{ NOW, "Tue, 14 Nov 2023 22:13:20 GMT" },
		{ 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
		{ 253402300799, "Fri, 31 Dec 9999 23:59:59 GMT" },
		/* what a file's mtime can be */
		{ -1, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ INT64_MIN, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ 253402300800, "Fri, 31 Dec 9999 23:59:59 GMT" },
		{ INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_written(rows[i].time, rows[i].text);
}

static void
says_how_long_retry_after_asks_to_wait(void **state)
{
	static const char date[] = "Tue, 14 Nov 2023 22:13:20 GMT"; /* NOW */
	static const struct {
		const char *value;
		const char *date;
		int64_t now;
		int64_t wait_ms; /* -1: neither seconds nor a date */
	} rows[] = {
		{ "0", "", NOW, 0 },
		{ "1", "", NOW, 1000 },
		{ "120", date, NOW + 99, 120000 },
		{ "007", "", NOW, 7000 },
		{ "2305843009213693", "", NOW, 2305843009213693000 },
		{ "2305843009213694", "", NOW, INT64_MAX / 4 },
		{ "9223372036854775807", "", NOW, INT64_MAX / 4 },
		{ "18446744073709551616", "", NOW, INT64_MAX / 4 },
		{ "99999999999999999999999999999999", "", NOW, INT64_MAX / 4 },
		/* a date, by the peer's clock if it tells it, else by ours */
		{ "Tue, 14 Nov 2023 22:13:25 GMT", "", NOW, 5000 },
		{ "Tue, 14 Nov 2023 22:13:25 GMT", "", NOW + 2, 3000 },
		{ "Tue, 14 Nov 2023 22:13:25 GMT", date, NOW - 999, 5000 },
		{ "Tue, 14 Nov 2023 22:13:25 GMT", date, NOW + 999, 5000 },
		{ "Tue, 14 Nov 2023 22:13:25 GMT", "soon", NOW + 2, 3000 },
		{ "Tuesday, 14-Nov-23 22:13:25 GMT", date, NOW, 5000 },
		{ "Tue Nov 14 22:13:25 2023", date, NOW, 5000 },
		/* passed */
		{ "Tue, 14 Nov 2023 22:13:20 GMT", date, NOW, 0 },
		{ "Tue, 14 Nov 2023 22:13:19 GMT", date, NOW, 0 },
		{ "Mon, 01 Jan 1900 00:00:00 GMT", date, NOW, 0 },
		/* far off */
		{ "Fri, 31 Dec 9999 23:59:59 GMT", date, NOW, 251702300799000 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", "", INT64_MIN,
		    253402300799000 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", "", -1, 253402300799000 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", "", INT64_MAX, 0 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT",
		    "Mon, 01 Jan 1900 00:00:00 GMT", NOW, 255611289599000 },
		/* neither */
		{ "", "", NOW, -1 },
		{ "-1", "", NOW, -1 },
		{ "+1", "", NOW, -1 },
		{ "1.5", "", NOW, -1 },
		{ "1e3", "", NOW, -1 },
		{ "0x10", "", NOW, -1 },
		{ "10s", "", NOW, -1 },
		{ " 10", "", NOW, -1 },
		{ "10, 20", "", NOW, -1 },
		{ "soon", "", NOW, -1 },
		{ "Tue, 14 Nov 2023 22:13:25", date, NOW, -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice value = exact_copy(slice_str(rows[i].value));
		struct slice sent = exact_copy(slice_str(rows[i].date));
		int64_t wait_ms = -1;
		bool ok =
		    date_parse_retry_after(value, sent, rows[i].now, &wait_ms);

		if (ok != (rows[i].wait_ms >= 0) || wait_ms != rows[i].wait_ms)
			fail_msg("%s: %d, %jd ms", rows[i].value, ok,
			    (intmax_t)wait_ms);
		exact_free(sent);
		exact_free(value);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_three_forms),
		cmocka_unit_test(refuses_anything_else),
		cmocka_unit_test(refuses_each_beginning_and_each_octet_more),
		cmocka_unit_test(puts_two_digit_years_at_most_50_years_ahead),
		cmocka_unit_test(
		    agrees_with_the_c_library_on_the_ends_of_months),
		cmocka_unit_test(writes_the_fixdate),
		cmocka_unit_test(says_how_long_retry_after_asks_to_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
