/* Lists: pipes that are still being written, and what may stand in a line. */
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINES_TIMED 21

/* ---- Pipes -------------------------------------------------------------- */

static int
compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/*
 * One line after the other into a pipe that stays open; how long until the
 * origin sees each request.  The median, because the machine is not ours
 * alone; the first line, because nothing may wait for a second one.
 */
static void
asks_within_50_ms_of_a_line_from_an_open_pipe(void **state)
{
	static const char *const forms[][4] = {
		{ "-d", "out", "-", NULL },
		{ "-d", "out", NULL },
	};
	struct world *w = *state;

	for (size_t form = 0; form < COUNT(forms); form++) {
		struct run_spec spec = { .words = forms[form], .is_fed = true };
		int64_t lags_ms[LINES_TIMED];
		struct origin_request *requests;
		struct run *run;
		size_t count;

		origin_start(w, NULL, NULL);
		run = run_start(w, &spec);
		for (size_t i = 0; i < LINES_TIMED; i++) {
			int64_t fed_ms = world_now_ms();

			run_feed_text(run,
			    world_text(
				w, "%s%zu\n", origin_url(w, "/gen/1/"), i));
			origin_wait(w, "requests", i + 1);
			requests = origin_requests(w, &count);
			assert_int_equal(count, i + 1);
			lags_ms[i] = requests[i].at_ms - fed_ms;
		}
		expect_exit(run_finish(run), 0);
		/* The first one waits for the program to begin as well. */
		assert_true(lags_ms[0] < 1000 * run_slowness());
		qsort(lags_ms, LINES_TIMED, sizeof(*lags_ms), compare_times);
		assert_true(lags_ms[LINES_TIMED / 2] <= 50 * run_slowness());
	}
}

static void
a_fast_producer_is_held_up(void **state)
{
	static const char *const words[] = { "-c", "5", "-d", "out", NULL };
	struct run_spec spec = { .words = words, .is_fed = true };
	struct world *w = *state;
	struct slice line;
	size_t fed = 0;
	size_t at = 0;
	struct run *run;
	bool is_taken;

	origin_start(w, "/hold/*: stall", NULL);
	line = slice_str(origin_url(w, "/hold/x\n"));
	run = run_start(w, &spec);
	do {
		size_t written;

		is_taken = run_feed(run, line, 1000, &written);
		fed += written;
	} while (is_taken && fed < 8U << 20);
	assert_false(is_taken);
	assert_true(fed < 1U << 20);
	if (run_is_bare())
		assert_true(run->peak_kib < 16384);
	run_signal(run, SIGTERM);
	run_wait_for(run, "finishing 5 in flight", &at);
	run_signal(run, SIGTERM);
	expect_exit(run_finish(run), 7);
}

static void
ends_within_a_second_of_the_last_response(void **state)
{
	static const char *const words[] = { "-d", "out", "-", NULL };
	struct run_spec spec = { .words = words, .is_fed = true };
	struct world *w = *state;
	int64_t ended_ms;
	struct run *run;

	origin_start(w, NULL, NULL);
	run = run_start(w, &spec);
	for (int i = 0; i < 10; i++)
		run_feed_text(
		    run, world_text(w, "%s%d\n", origin_url(w, "/gen/1/"), i));
	origin_wait(w, "requests", 10);
	ended_ms = world_now_ms();
	run_end_input(run);
	expect_exit(run_finish(run), 0);
	assert_true(world_now_ms() - ended_ms < 1000 * run_slowness());
}

static void
a_silent_producer_does_not_hold_up_timeouts(void **state)
{
	static const char *const words[] = { "-d", "out", "--idle-timeout",
		"0.2", NULL };
	struct run_spec spec = { .words = words, .is_fed = true };
	struct world *w = *state;
	struct run *run;
	size_t at = 0;

	origin_start(w, "/hold: stall", NULL);
	run = run_start(w, &spec);
	run_feed_text(run, origin_url(w, "/hold\n"));
	run_wait_for(run, "timeout", &at);
	run_feed_text(run, origin_url(w, "/gen/5/a\n"));
	expect_exit(run_finish(run), 1);
	expect_generated(w, "out", "/gen/5/a");
}

static void
standard_input_that_is_empty_is_an_empty_list(void **state)
{
	static const char *const words[] = { "-d", "out", NULL };
	struct run_spec spec = { .words = words, .input = "" };
	struct world *w = *state;
	struct run *run = run_spec(w, &spec);

	expect_exit(run, 0);
	expect_summary(run, 0, 0, 0);
}

/* ---- FIFOs -------------------------------------------------------------- */

static void
reads_a_fifo_whose_writer_comes_late_and_goes_on_meanwhile(void **state)
{
	static const char *const words[] = { "-d", "out", "list", "fifo",
		"list2", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	struct run *run;
	FILE *f;

	origin_start(w, NULL, NULL);
	assert_int_equal(mkfifo(world_path(w, "fifo"), 0600), 0);
	world_write(w, "list", origin_url(w, "/gen/5/a"));
	world_write(w, "list2", origin_url(w, "/gen/5/c"));
	run = run_start(w, &spec);
	origin_wait(w, "requests", 1);
	f = fopen(world_path(w, "fifo"), "we"); /* waits for the reader */
	assert_non_null(f);
	(void)fprintf(f, "%s", origin_url(w, "/gen/5/b"));
	assert_int_equal(fclose(f), 0);
	expect_exit(run_finish(run), 0);
	expect_summary(run, 3, 0, 0);
	expect_generated(w, "out", "/gen/5/a");
	expect_generated(w, "out", "/gen/5/b");
	expect_generated(w, "out", "/gen/5/c");
}

static void
a_fifo_without_a_writer_can_be_interrupted(void **state)
{
	static const char *const words[] = { "-d", "out", "list", "fifo",
		NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	assert_int_equal(mkfifo(world_path(w, "fifo"), 0600), 0);
	world_write(w, "list", origin_url(w, "/gen/5/a"));
	run = run_start(w, &spec);
	origin_wait(w, "requests", 1);
	run_signal(run, SIGINT);
	expect_exit(run_finish(run), 7);
}

/* ---- Lines -------------------------------------------------------------- */

static void
finds_the_urls_in_every_kind_of_line(void **state)
{
	struct world *w = *state;
	const char *o = NULL;
	struct run *run;
	static const char *const targets[] = { "/gen/1/bom", "/gen/1/crlf",
		"/gen/1/blanks", "/gen/1/hash?a", "/gen/1/tab", "/gen/1/last" };

	origin_start(w, NULL, NULL);
	o = origin_url(w, "");
	world_write(w, "list",
	    world_text(w,
		"\xef\xbb\xbf%s/gen/1/bom\n"
		"%s/gen/1/crlf\r\n"
		"\n"
		"\r\n"
		"   \t \n"
		"# a comment %s/gen/1/no\n"
		"   # another\n"
		"  \t%s/gen/1/blanks \t \r\n"
		"%s/gen/1/hash?a#fragment\n"
		"\t%s/gen/1/tab\n"
		"%s/gen/1/last",
		o, o, o, o, o, o, o));
	run = bulkfetch(w, "-d", "out", "--log", "log", "list", NULL);
	expect_exit(run, 0);
	expect_summary(run, COUNT(targets), 0, 0);
	for (size_t i = 0; i < COUNT(targets); i++)
		expect_generated(w, "out", targets[i]);
	assert_int_equal(origin_stat(w, "requests"), COUNT(targets));
}

static void
a_list_of_nothing_but_a_byte_order_mark_is_empty(void **state)
{
	struct world *w = *state;

	world_write(w, "list", "\xef\xbb\xbf");
	expect_exit(bulkfetch(w, "-d", "out", "list", NULL), 0);
	world_write(w, "list", "\xef\xbb");
	expect_exit(bulkfetch(w, "-d", "out", "list", NULL), 4);
}

static void
a_bad_line_fails_with_its_number_and_the_run_goes_on(void **state)
{
	static const struct {
		const char *line;
		const char *error;
	} bad[] = {
		{ "not a url", "url" },
		{ "http://", "url" },
		{ "http:///path", "url" },
		{ "http://host:99999/", "url" },
		{ "http://host:1x/", "url" },
		{ "http://[::1/", "url" },
		{ "http://[1.2.3.4]/", "url" },
		{ "http://a b/", "url" },
		{ "http://127.0.0.1/\001", "url" },
		{ "http://127.0.0.1/\177", "url" },
		{ "http://127.0.0.1/\\a", NULL },
		{ "ftp://127.0.0.1/", "scheme" },
		{ "file:///etc/passwd", "scheme" },
		{ "ftp://127.0.0.1/", "scheme" },
		{ "gopher://127.0.0.1/", "scheme" },
	};
	struct world *w = *state;
	struct records r;
	struct run *run;
	struct buf list;

	origin_start(w, NULL, NULL);
	buf_init(&list, 65536);
	assert_false(err_is(buf_append_str(&list, "# line 1\n")));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(err_is(
		    buf_append_str(&list, world_text(w, "%s\n", bad[i].line))));
	assert_false(err_is(buf_append_str(&list, origin_url(w, "/gen/5/a"))));
	world_write_octets(w, "list", buf_slice(&list));
	buf_fini(&list);
	/* A backslash in a path may be escaped and asked for, or refused. */
	run = bulkfetch(w, "-v", "-d", "out", "--log", "log",
	    "--connect-timeout", "0.5", "list", NULL);
	expect_exit(run, 1);
	expect_summary(run, 1, 0, COUNT(bad));
	expect_generated(w, "out", "/gen/5/a");
	r = records_read(w, "log");
	assert_int_equal(r.count, COUNT(bad) + 1);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct slice record =
		    records_find(&r, "n", world_text(w, "%zu", i + 2));

		expect_member(&r, record, "ok", "false");
		expect_member(&r, record, "url", bad[i].line);
		if (bad[i].error == NULL)
			continue;
		expect_member(&r, record, "error", bad[i].error);
		expect_member(&r, record, "stage", "url");
		expect_member(&r, record, "tries", "0");
		expect_says(run, world_text(w, "list:%zu: ", i + 2));
	}
}

static void
a_line_too_long_is_one_failure(void **state)
{
	static const size_t lens[] = { 65535, 65536, 65537, 1000000, 20000000 };
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(lens); i++) {
		char *url =
		    world_text(w, "http://127.0.0.1:%u/gen/1/", w->port);
		char *list = world_alloc(w, lens[i] + 100);
		struct run *run;

		memset(list, 'a', lens[i]);
		memcpy(list, url, strlen(url));
		(void)snprintf(
		    list + lens[i], 100, "\n%s", origin_url(w, "/gen/5/b"));
		world_write(w, "list", list);
		run = bulkfetch(w, "-d", "out", "--log", "log", "list", NULL);
		expect_says(run, " fetched, 0 skipped, ");
		if (lens[i] > 65536) {
			expect_exit(run, 1);
			expect_summary(run, 1, 0, 1);
			assert_true(run->err.len < 2000);
		}
		expect_generated(w, "out", "/gen/5/b");
		assert_int_equal(records_read(w, "log").count, 2);
		if (run_is_bare())
			assert_true(run->peak_kib < 16384);
	}
}

/* ---- Several of them ---------------------------------------------------- */

static void
lists_and_urls_are_read_in_turn(void **state)
{
	static const char *const order[] = { "/gen/1/a", "/gen/1/b", "/gen/1/c",
		"/gen/1/d", "/gen/1/e", "/gen/1/f" };
	struct world *w = *state;
	struct origin_request *requests;
	const char *words[] = { "-c", "1", "-d", "out", "list1", NULL, "-",
		"empty", "list2", "--log=log", NULL };
	struct run_spec spec = { .words = words };
	struct records r;
	size_t count;

	origin_start(w, NULL, NULL);
	world_write(w, "list1",
	    world_text(
		w, "%s\n%s", origin_url(w, order[0]), origin_url(w, order[1])));
	words[5] = origin_url(w, order[2]);
	spec.input = world_text(w, "%s\n", origin_url(w, order[3]));
	world_write(w, "empty", "");
	world_write(w, "list2",
	    world_text(w, "\xef\xbb\xbf%s\n\n%s", origin_url(w, order[4]),
		origin_url(w, order[5])));
	expect_exit(run_spec(w, &spec), 0);
	requests = origin_requests(w, &count);
	assert_int_equal(count, COUNT(order));
	for (size_t i = 0; i < COUNT(order); i++) {
		assert_non_null(strstr(requests[i].line, order[i]));
		expect_generated(w, "out", order[i]);
	}
	r = records_read(w, "log");
	assert_int_equal(r.count, COUNT(order));
	expect_member(&r, records_find(&r, "url", origin_url(w, order[5])),
	    "list", "list2");
	expect_member(
	    &r, records_find(&r, "url", origin_url(w, order[5])), "line", "3");
}

static void
a_list_that_cannot_be_read_is_told_at_once(void **state)
{
	struct world *w = *state;
	const char *names[] = { "missing", ".", "secret" };
	size_t count = geteuid() == 0 ? 2 : 3;

	origin_start(w, NULL, NULL);
	world_write(w, "secret", "x");
	assert_int_equal(chmod(world_path(w, "secret"), 0), 0);
	for (size_t i = 0; i < count; i++) {
		struct run *run = bulkfetch(
		    w, "-d", "out", origin_url(w, "/gen/5/a"), names[i], NULL);

		expect_exit(run, 3);
		expect_says(run, names[i]);
		assert_int_equal(origin_stat(w, "requests"), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(asks_within_50_ms_of_a_line_from_an_open_pipe),
		WORLD_TEST(a_fast_producer_is_held_up),
		WORLD_TEST(ends_within_a_second_of_the_last_response),
		WORLD_TEST(a_silent_producer_does_not_hold_up_timeouts),
		WORLD_TEST(standard_input_that_is_empty_is_an_empty_list),
		WORLD_TEST(
		    reads_a_fifo_whose_writer_comes_late_and_goes_on_meanwhile),
		WORLD_TEST(a_fifo_without_a_writer_can_be_interrupted),
		WORLD_TEST(finds_the_urls_in_every_kind_of_line),
		WORLD_TEST(a_list_of_nothing_but_a_byte_order_mark_is_empty),
		WORLD_TEST(
		    a_bad_line_fails_with_its_number_and_the_run_goes_on),
		WORLD_TEST(a_line_too_long_is_one_failure),
		WORLD_TEST(lists_and_urls_are_read_in_turn),
		WORLD_TEST(a_list_that_cannot_be_read_is_told_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
