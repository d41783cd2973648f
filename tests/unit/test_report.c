#include "exact.h"

#include <stdio.h>

#include "cli/report.h"

/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "refuse.h"

/* The last line, and how many there have been. */
struct printed {
	char last[2048];
	unsigned count;
};

static void
print(void *ctx, const char *line)
{
	struct printed *printed = ctx;

	(void)snprintf(printed->last, sizeof(printed->last), "%s", line);
	printed->count++;
}

static struct bulkfetch_text
text(const char *s)
{
	return (struct bulkfetch_text){ .ptr = s, .len = strlen(s) };
}

static struct bulkfetch_result
refused_at(const char *host)
{
	return (struct bulkfetch_result){
		.url = text("http://host/path"),
		.host = text(host),
		.error = "connect",
		.message = "Connection refused",
		.stage = "connect",
	};
}

static void
tells_failures_as_lines(void **state)
{
	static const struct {
		const char *url;
		const char *list;
		uint64_t line;
		const char *stage;
		const char *message;
		const char *expected;
	} cases[] = {
		{ "http://host/path", "urls.txt", 3, "connect",
		    "Connection refused",
		    "http://host/path: word: Connection refused" },
		{ "http://host/path", NULL, 0, "connect", "Connection refused",
		    "http://host/path: word: Connection refused" },
		{ "http://me:secret@host/path@x", "urls.txt", 3, "body",
		    "ended early", "http://host/path@x: word: ended early" },
		{ "http://me:p@ss@host?a@b", "urls.txt", 3, "body", "x",
		    "http://host?a@b: word: x" },
		/* Meant to be URLs. */
		{ "me:secret@host/x@y", "urls.txt", 3, "body", "x",
		    "host/x@y: word: x" },
		{ "//me:secret@host/", "urls.txt", 3, "body", "x",
		    "//host/: word: x" },
		{ "http://host/a@b", "urls.txt", 3, "body", "x",
		    "http://host/a@b: word: x" },
		{ "http://host/\033[1m", NULL, 0, "head", "bad \x07",
		    "http://host/\\x1b[1m: word: bad \\x07" },
		{ "foo bar", "urls.txt", 17, "url",
		    "no http:// or https:// in front",
		    "urls.txt:17: no http:// or https:// in front: 'foo bar'" },
		{ "foo bar", "-", 17, "url", "no http:// or https:// in front",
		    "stdin:17: no http:// or https:// in front: 'foo bar'" },
		{ "foo://bar", NULL, 0, "url",
		    "no http:// or https:// in front",
		    "no http:// or https:// in front: 'foo://bar'" },
		{ "\xff", "l\n", 1, "url", "bad", "l\\x0a:1: bad: '\\xff'" },
		{ "", "l", 1, "url", "bad", "l:1: bad: ''" },
		{ "http://h/", "l", 1, "head", NULL,
		    "http://h/: word: no reason known" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct printed printed = { 0 };
		struct report *report = report_new(false, print, &printed);
		struct bulkfetch_result result = {
			.url = text(cases[i].url),
			.list = cases[i].list,
			.line = cases[i].line,
			.error = "word",
			.message = cases[i].message,
			.stage = cases[i].stage,
		};

		assert_non_null(report);
		report_failure(report, &result);
		assert_string_equal(printed.last, cases[i].expected);
		report_finish(report);
		assert_int_equal(printed.count, 1);
		report_free(report);
	}
}

static void
counts_repeats_of_one_kind_at_one_host(void **state)
{
	struct printed printed = { 0 };
	struct report *report = report_new(false, print, &printed);
	struct bulkfetch_result result = refused_at("example.org");

	(void)state;
	for (int i = 0; i < 50000; i++)
		report_failure(report, &result);
	assert_int_equal(printed.count, REPORT_REPEATS);
	/* Another kind, another host. */
	result.error = "timeout";
	report_failure(report, &result);
	result = refused_at("example.net");
	report_failure(report, &result);
	assert_int_equal(printed.count, REPORT_REPEATS + 2);
	report_finish(report);
	assert_int_equal(printed.count, REPORT_REPEATS + 3);
	assert_string_equal(printed.last, "example.org: connect: 49997 more");
	report_free(report);
}

static void
counts_bad_lines_by_their_list(void **state)
{
	struct printed printed = { 0 };
	struct report *report = report_new(false, print, &printed);
	struct bulkfetch_result result = {
		.url = text("x"),
		.list = "urls.txt",
		.error = "url",
		.message = "no http:// or https:// in front",
		.stage = "url",
	};

	(void)state;
	for (result.line = 1; result.line <= 10; result.line++)
		report_failure(report, &result);
	assert_int_equal(printed.count, REPORT_REPEATS);
	report_finish(report);
	assert_string_equal(printed.last, "urls.txt: url: 7 more");
	report_free(report);
}

static void
stays_bounded_however_many_hosts_fail(void **state)
{
	struct printed printed = { 0 };
	struct report *report = report_new(false, print, &printed);

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		char host[32];
		struct bulkfetch_result result;

		(void)snprintf(host, sizeof(host), "host%u", i);
		result = refused_at(host);
		report_failure(report, &result);
	}
	assert_int_equal(printed.count, REPORT_LINES + 1);
	assert_string_equal(printed.last,
	    "further failures are only counted; --log and --failed name every "
	    "one");
	report_finish(report);
	assert_int_equal(
	    printed.count, REPORT_LINES + 1 + REPORT_MORE_LINES + 1);
	/* All but those told by themselves. */
	assert_string_equal(printed.last, "elsewhere: 99780 more");
	report_free(report);
}

static void
does_not_tell_what_was_stopped(void **state)
{
	struct printed printed = { 0 };
	struct report *report = report_new(false, print, &printed);
	struct bulkfetch_result result = refused_at("example.org");

	(void)state;
	result.error = "stopped";
	for (int i = 0; i < 10; i++)
		report_failure(report, &result);
	report_finish(report);
	assert_int_equal(printed.count, 0);
	report_free(report);
}

static void
counts_what_a_proxy_does_by_the_proxy(void **state)
{
	struct printed printed = { 0 };
	struct report *report = report_new(false, print, &printed);

	(void)state;
	for (int i = 0; i < 100; i++) {
		char host[32];
		struct bulkfetch_result result;

		(void)snprintf(host, sizeof(host), "host%d", i);
		result = refused_at(host);
		result.error = "proxy";
		result.proxy = text("http://proxy:3128");
		report_failure(report, &result);
	}
	assert_int_equal(printed.count, REPORT_REPEATS);
	report_finish(report);
	assert_string_equal(printed.last, "http://proxy:3128: proxy: 97 more");
	report_free(report);
}

static void
tells_where_redirects_have_led_to(void **state)
{
	struct printed printed = { 0 };
	struct report *report = report_new(false, print, &printed);
	struct bulkfetch_result result = refused_at("example.org");

	(void)state;
	result.redirects = 2;
	result.final_url = text("http://else\x1bwhere/");
	report_failure(report, &result);
	assert_string_equal(printed.last,
	    "http://host/path -> http://else\\x1bwhere/: connect: Connection "
	    "refused");
	report_free(report);
}

static void
tells_all_when_verbose(void **state)
{
	struct printed printed = { 0 };
	struct report *report = report_new(true, print, &printed);
	struct bulkfetch_result result = refused_at("example.org");

	(void)state;
	for (int i = 0; i < 1000; i++)
		report_failure(report, &result);
	report_finish(report);
	assert_int_equal(printed.count, 1000);
	report_free(report);
}

static void
cuts_what_is_too_long(void **state)
{
	struct printed printed = { 0 };
	struct report *report = report_new(false, print, &printed);
	struct bulkfetch_result result;
	char *url = malloc(65536);

	(void)state;
	assert_non_null(url);
	memset(url, 'a', 65536);
	result = refused_at(
	    "a-host-name-that-is-longer-than-any-host-name-that-can-be");
	result.url = (struct bulkfetch_text){ .ptr = url, .len = 65536 };
	result.error = "a-word-longer-than-any-there-is";
	result.is_url_cut = true;
	for (int i = 0; i < 5; i++)
		report_failure(report, &result);
	assert_int_equal(printed.count, REPORT_REPEATS);
	assert_true(strlen(printed.last) < 1000);
	report_free(report);
	free(url);
}

static void
survives_a_refused_allocation(void **state)
{
	struct printed printed = { 0 };
	struct report *report;
	size_t n = 0;
	bool was_refused;

	(void)state;
	do {
		refuse_begin(++n);
		report = report_new(false, print, &printed);
		was_refused = refuse_end();
		assert_int_equal(report == NULL, was_refused);
	} while (was_refused);
	report_free(report);
	report_free(NULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_failures_as_lines),
		cmocka_unit_test(counts_repeats_of_one_kind_at_one_host),
		cmocka_unit_test(counts_bad_lines_by_their_list),
		cmocka_unit_test(stays_bounded_however_many_hosts_fail),
		cmocka_unit_test(does_not_tell_what_was_stopped),
		cmocka_unit_test(counts_what_a_proxy_does_by_the_proxy),
		cmocka_unit_test(tells_where_redirects_have_led_to),
		cmocka_unit_test(tells_all_when_verbose),
		cmocka_unit_test(cuts_what_is_too_long),
		cmocka_unit_test(survives_a_refused_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
