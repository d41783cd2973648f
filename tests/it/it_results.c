/* What is told of each request, and how the program ends. */
#include "harness.h"

#include <stdio.h>
#include <unistd.h>

/* ---- The log ------------------------------------------------------------ */

static void
every_line_ends_in_exactly_one_record(void **state)
{
	struct world *w = *state;
	char *list = world_text(w, "%s", "");
	struct records r;
	struct run *run;

	origin_start(
	    w, "/short: head 200 \"Content-Length: 9\"; close\n", NULL);
	for (int i = 0; i < 500; i++)
		list = world_text(w, "%s%s\n", list,
		    i % 5 == 0       ? origin_url(w, "/short")
			: i % 5 == 1 ? "no url"
			: i % 5 == 2
			? origin_url(w, "/status/500")
			: origin_url(w, world_text(w, "/gen/7/%d", i)));
	world_write(w, "list", list);
	run = bulkfetch(w, "--retry", "0", "-c", "20", "-d", "out", "--log",
	    "log", "list", NULL);
	expect_exit(run, 1);
	expect_summary(run, 200, 0, 300);
	r = records_read(w, "log");
	assert_int_equal(r.count, 500);
	for (int i = 0; i < 500; i++)
		(void)records_find(&r, "n", world_text(w, "%d", i + 1));
	assert_int_equal(records_count(&r, "ok", "true"), 200);
	assert_int_equal(records_count(&r, "error", "truncated"), 100);
	assert_int_equal(records_count(&r, "error", "url"), 100);
	assert_int_equal(records_count(&r, "error", "status"), 100);
}

static void
a_record_tells_what_happened(void **state)
{
	struct world *w = *state;
	struct slice record;
	struct records r;

	origin_start(w, NULL, NULL);
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log",
			origin_url(w, "/delay/60/1000/a"),
			origin_url(w, "/status/404"), NULL),
	    1);
	r = records_read(w, "log");
	record = records_find(&r, "n", "1");
	expect_member(&r, record, "url", origin_url(w, "/delay/60/1000/a"));
	expect_member(&r, record, "ok", "true");
	expect_member(&r, record, "status", "200");
	expect_member(&r, record, "error", NULL);
	expect_member(&r, record, "stage", NULL);
	expect_member(&r, record, "file",
	    world_text(w, "out/%s/delay/60/1000/a", origin_host(w)));
	expect_member(&r, record, "bytes", "1000");
	expect_member(&r, record, "tries", "1");
	expect_member(&r, record, "ip", "127.0.0.1");
	expect_member(&r, record, "tls", NULL);
	assert_in_range(record_number(&r, record, "queued"), 0, 1000);
	assert_in_range(record_number(&r, record, "ttfb"), 55, 3000);
	assert_in_range(record_number(&r, record, "total"), 55, 4000);
	record = records_find(&r, "n", "2");
	expect_member(&r, record, "ok", "false");
	expect_member(&r, record, "status", "404");
	expect_member(&r, record, "error", "status");
	expect_member(&r, record, "file", NULL);
}

/* Every octet but NUL and LF, in lines that are no URLs, and in URLs. */
static void
records_are_valid_json_whatever_stands_in_a_line(void **state)
{
	static const char *const oddities[] = { "\xff\xfe", "\xc3", "\xc3\x28",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x9f\x98\x80",
		"\xe2\x80\xa8", "\"quoted\\\"", "\\u0000", "</script>",
		"\x1b[31mred", "\x01\x02\x7f" };
	struct world *w = *state;
	struct records r;
	struct run *run;
	struct buf list;
	size_t count = 0;

	origin_start(w, NULL, NULL);
	buf_init(&list, 1U << 20);
	for (unsigned octet = 1; octet < 256; octet++) {
		char *urls = world_text(w, "a%cb\nhttp://127.0.0.1:%u/%cz\n",
		    (int)octet, w->port, (int)octet);

		if (octet == '\n')
			continue;
		assert_false(err_is(buf_append_str(&list, urls)));
		count += 2;
	}
	for (size_t i = 0; i < COUNT(oddities); i++) {
		assert_false(err_is(buf_append_str(
		    &list, world_text(w, "x%s\n", oddities[i]))));
		count++;
	}
	world_write_octets(w, "list", buf_slice(&list));
	buf_fini(&list);
	run = bulkfetch(w, "-v", "-d", "out", "--log", "log", "--failed",
	    "failed", "list", NULL);
	expect_exit(run, 4);
	r = records_read(w, "log");
	assert_int_equal(r.count, count);
	/* What is valid comes back as it was. */
	(void)records_find(&r, "url", "x\xf0\x9f\x98\x80");
	(void)records_find(&r, "url", "x\"quoted\\\"");
	(void)records_find(&r, "url", "x\x01\x02\x7f");
	(void)records_find(&r, "url", "x\xe2\x80\xa8");
	/* None of it can do anything to a terminal. */
	for (size_t i = 0; i < run->err.len; i++) {
		uint8_t octet = run->err.ptr[i];

		assert_true(octet >= ' ' || octet == '\n');
		assert_int_not_equal(octet, 0x7f);
		if (octet == 0xc2)
			assert_true(run->err.ptr[i + 1] >= 0xa0);
	}
}

static void
the_log_may_be_standard_output(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	run = bulkfetch(w, "-d", "out", "--log", "-", origin_url(w, "/gen/5/a"),
	    origin_url(w, "/gen/5/b"), NULL);
	expect_exit(run, 0);
	world_write(w, "log", run_out(run));
	assert_int_equal(records_read(w, "log").count, 2);
}

static void
standard_output_is_otherwise_empty(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	run = bulkfetch(w, "-v", "-d", "out", "--progress", "plain",
	    origin_url(w, "/gen/5/a"), origin_url(w, "/status/500"), NULL);
	expect_exit(run, 1);
	assert_int_equal(run->out.len, 0);
}

/* A record is there as soon as its file is, not at the end. */
static void
records_are_written_while_the_run_goes_on(void **state)
{
	static const char *const words[] = { "-d", "out", "--log", "log", "-",
		NULL };
	struct run_spec spec = { .words = words, .is_fed = true };
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	run = run_start(w, &spec);
	run_feed_text(run, origin_url(w, "/gen/5/a\n"));
	while (!world_has(w, "log") || world_read(w, "log").len == 0) {
		assert_true(world_now_ms() < run->deadline_ms);
		world_pause();
	}
	assert_int_equal(records_read(w, "log").count, 1);
	expect_generated(w, "out", "/gen/5/a");
	expect_exit(run_finish(run), 0);
}

/* ---- Failures as a list ------------------------------------------------- */

static void
failed_urls_can_be_fed_in_again(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w,
	    "/later on 1: reset\n/later: head 200 \"Content-Length: 2\"; "
	    "body 2\n",
	    NULL);
	world_write(w, "list",
	    world_text(w, "%s\nnot a url\n  %s  \r\n%s#x\n",
		origin_url(w, "/gen/5/a"), origin_url(w, "/later"),
		origin_url(w, "/status/500")));
	run = bulkfetch(
	    w, "--retry", "0", "-d", "out", "--failed", "failed", "list", NULL);
	expect_exit(run, 1);
	expect_summary(run, 1, 0, 3);
	run = bulkfetch(w, "--retry", "0", "-d", "out", "--failed", "failed2",
	    "failed", NULL);
	expect_exit(run, 1);
	expect_pattern(
	    w, world_text(w, "out/%s/later", origin_host(w)), "/later", 2);
	assert_int_equal(origin_count(w, "/gen/5/a"), 1);
	assert_int_equal(origin_count(w, "/status/500"), 2);
	run = bulkfetch(w, "--retry", "0", "-d", "out", "--failed", "failed3",
	    "failed2", NULL);
	expect_exit(run, 4);
	assert_int_equal(origin_count(w, "/later"), 2);
	assert_int_equal(origin_count(w, "/status/500"), 3);
}

static void
records_do_not_overwrite_the_lists_they_are_made_from(void **state)
{
	struct world *w = *state;
	char *list;

	origin_start(w, NULL, NULL);
	list = world_text(w, "%s\n", origin_url(w, "/status/404"));
	world_write(w, "list", list);
	expect_exit(
	    bulkfetch(w, "-d", "out", "--failed", "list", "list", NULL), 2);
	expect_exit(
	    bulkfetch(w, "-d", "out", "--log", "./list", "list", NULL), 2);
	expect_text_file(w, "list", list);
}

/* ---- Standard error ----------------------------------------------------- */

static void
standard_error_stays_short_however_much_fails(void **state)
{
	struct world *w = *state;
	FILE *f = fopen(world_path(w, "list"), "we");
	struct run *run;

	origin_start(w, NULL, NULL);
	assert_non_null(f);
	for (int i = 0; i < 50000; i++)
		(void)fprintf(f, "not a url %d\n", i);
	for (int i = 0; i < 3000; i++)
		(void)fprintf(f, "http://127.0.%d.%d:%u/status/5%02d\n",
		    i / 250 % 5, i % 250 + 1, w->port, i % 100);
	assert_int_equal(fclose(f), 0);
	run = bulkfetch(
	    w, "--retry", "0", "-d", "out", "--failed", "failed", "list", NULL);
	expect_exit(run, 4);
	expect_summary(run, 0, 0, 53000);
	expect_says(run, "list: url: 49997 more");
	assert_true(run->err.len < 65536);
	run = bulkfetch(w, "--retry", "0", "-v", "-d", "out", "list", NULL);
	assert_true(run->err.len > 53000);
}

static void
quiet_and_silent_say_less(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	run = bulkfetch(w, "-q", "-d", "out", origin_url(w, "/gen/5/a"), NULL);
	expect_exit(run, 0);
	expect_silence(run);
	run =
	    bulkfetch(w, "-q", "-d", "out", origin_url(w, "/status/404"), NULL);
	expect_exit(run, 4);
	expect_summary(run, 0, 0, 1);
	run =
	    bulkfetch(w, "-s", "-d", "out", origin_url(w, "/status/404"), NULL);
	expect_exit(run, 4);
	expect_silence(run);
	run = bulkfetch(w, "-s", "-d", "out", "no such list", NULL);
	expect_exit(run, 3);
	assert_true(run->err.len > 0);
}

static void
the_summary_counts_by_kind(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(
	    w, "/short: head 200 \"Content-Length: 9\"; close\n", NULL);
	run = bulkfetch(w, "--retry", "0", "-c", "1", "-d", "out",
	    origin_url(w, "/gen/5000/a"), origin_url(w, "/short"),
	    "http://nowhere.invalid/", "http://more.nowhere.invalid/", NULL);
	expect_exit(run, 1);
	expect_summary(run, 1, 0, 3);
	expect_says(run, "resolve 2");
	expect_says(run, "truncated 1");
	expect_says(run, "bulkfetch: 5000 bytes in ");
	expect_says(run, " requests/s");
	expect_says(run, "1 connection opened, 1 open at most");
}

static void
passwords_are_not_told(void **state)
{
	struct world *w = *state;
	char *url;
	struct run *run;

	origin_start(w, NULL, NULL);
	url =
	    world_text(w, "http://me:secret@127.0.0.1:%u/status/500", w->port);
	run = bulkfetch(w, "--retry", "0", "-vv", "-d", "out", url, NULL);
	expect_exit(run, 4);
	expect_says_not(run, "secret");
	expect_says(run, "/status/500");
}

/* ---- Exit statuses ------------------------------------------------------ */

static void
the_exit_status_tells_how_it_went(void **state)
{
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	expect_exit(
	    bulkfetch(w, "-d", "out", origin_url(w, "/gen/5/a"), NULL), 0);
	expect_exit(bulkfetch(w, "-d", "out", origin_url(w, "/gen/5/a"),
			origin_url(w, "/status/404"), NULL),
	    1);
	expect_exit(bulkfetch(w, "--no-such-option", NULL), 2);
	expect_exit(bulkfetch(w, "missing list", NULL), 3);
	expect_exit(
	    bulkfetch(w, "-d", "out", origin_url(w, "/status/404"), NULL), 4);
	expect_exit(
	    bulkfetch(w, "-d", "out", "--fail-early",
		origin_url(w, "/status/404"), origin_url(w, "/gen/5/a"), NULL),
	    5);
}

static char *
list_of_failures(struct world *w, size_t count)
{
	char *list = world_text(w, "%s", "");

	for (size_t i = 0; i < count; i++)
		list = world_text(w, "%s%s\n", list,
		    origin_url(w, world_text(w, "/status/500/%zu", i)));
	return list;
}

static void
the_run_stops_at_the_first_or_the_nth_failure(void **state)
{
	struct world *w = *state;
	struct run *run;
	uint64_t before;

	origin_start(w, NULL, NULL);
	world_write(w, "list", list_of_failures(w, 300));
	run = bulkfetch(w, "--retry", "0", "-c", "1", "--fail-early", "-d",
	    "out", "list", NULL);
	expect_exit(run, 5);
	assert_int_equal(origin_stat(w, "requests"), 1);
	run = bulkfetch(w, "--retry", "0", "-c", "1", "--max-errors", "7", "-d",
	    "out", "list", NULL);
	expect_exit(run, 5);
	assert_int_equal(origin_stat(w, "requests"), 1 + 7);
	/* What is in flight may end; each has its record. */
	before = origin_stat(w, "requests");
	run = bulkfetch(w, "--retry", "0", "-c", "10", "--max-errors", "20",
	    "-d", "out", "--log", "log", "list", NULL);
	expect_exit(run, 5);
	assert_in_range(origin_stat(w, "requests") - before, 20, 40);
	assert_int_equal(
	    records_read(w, "log").count, origin_stat(w, "requests") - before);
	run = bulkfetch(w, "--retry", "0", "-c", "10", "--max-errors", "301",
	    "-d", "out", "list", NULL);
	expect_exit(run, 4);
}

/* ---- Bodies of failures ------------------------------------------------- */

static void
bodies_of_failures_are_stored_only_on_request(void **state)
{
	struct world *w = *state;
	struct records r;
	struct run *run;
	char *name;

	origin_start(w,
	    "/missing: head 404 \"Content-Length: 5\"; body 5\n"
	    "/short: head 404 \"Content-Length: 5\"; body 4; close\n",
	    NULL);
	name = world_text(w, "out/%s/missing", origin_host(w));
	run = bulkfetch(w, "-d", "out", origin_url(w, "/missing"), NULL);
	expect_exit(run, 4);
	assert_int_equal(world_count_files(w, "out"), 0);
	run = bulkfetch(w, "--fail-with-body", "-d", "out", "--log", "log",
	    origin_url(w, "/missing"), origin_url(w, "/short"), NULL);
	expect_exit(run, 4);
	expect_pattern(w, name, "/missing", 5);
	assert_int_equal(world_count_files(w, "out"), 1);
	r = records_read(w, "log");
	expect_member(&r, records_find(&r, "n", "1"), "file", name);
	expect_member(&r, records_find(&r, "n", "1"), "error", "status");
	expect_member(&r, records_find(&r, "n", "2"), "file", NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(every_line_ends_in_exactly_one_record),
		WORLD_TEST(a_record_tells_what_happened),
		WORLD_TEST(records_are_valid_json_whatever_stands_in_a_line),
		WORLD_TEST(the_log_may_be_standard_output),
		WORLD_TEST(standard_output_is_otherwise_empty),
		WORLD_TEST(records_are_written_while_the_run_goes_on),
		WORLD_TEST(failed_urls_can_be_fed_in_again),
		WORLD_TEST(
		    records_do_not_overwrite_the_lists_they_are_made_from),
		WORLD_TEST(standard_error_stays_short_however_much_fails),
		WORLD_TEST(quiet_and_silent_say_less),
		WORLD_TEST(the_summary_counts_by_kind),
		WORLD_TEST(passwords_are_not_told),
		WORLD_TEST(the_exit_status_tells_how_it_went),
		WORLD_TEST(the_run_stops_at_the_first_or_the_nth_failure),
		WORLD_TEST(bodies_of_failures_are_stored_only_on_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
