/* --resume, --resume-failed and --retry-failed: going on with an earlier run. */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void
append(struct world *w, const char *name, const char *text)
{
	FILE *f = fopen(world_path(w, name), "ae");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* A run over "list" that is stopped once the origin has had `least` requests. */
static void
stop_after(struct world *w, uint64_t least)
{
	static const char *const words[] = { "-c", "5", "--resume", "-d", "out",
		"--log", "log", "list", NULL };
	struct run_spec spec = { .words = words };
	struct run *run = run_start(w, &spec);

	origin_wait(w, "requests", least);
	run_signal(run, SIGINT);
	expect_exit(run_finish(run), 7);
}

/* ---- What a stopped run has left ---------------------------------------- */

static void
a_stopped_run_goes_on_where_it_was(void **state)
{
	enum { URLS = 200 };
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/delay/20/50/", URLS);
	stop_after(w, 20);
	stop_after(w, 100);
	run = bulkfetch(w, "-c", "5", "--resume", "-d", "out", "--log", "log",
	    "list", NULL);
	expect_exit(run, 0);
	expect_urls(w, "out", "127.0.0.1", "/delay/20/50/", URLS);
	expect_all_done(w, "log", URLS);
	/* Nothing twice. */
	assert_int_equal(origin_stat(w, "requests"), URLS);
	/* And nothing at all when there is nothing to do. */
	run =
	    bulkfetch(w, "--resume", "-d", "out", "--log", "log", "list", NULL);
	expect_exit(run, 0);
	assert_int_equal(origin_stat(w, "requests"), URLS);
	expect_all_done(w, "log", URLS);
}

static void
the_first_run_may_be_told_to_resume(void **state)
{
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/gen/5/", 10);
	expect_exit(
	    bulkfetch(w, "--resume", "-d", "out", "--log", "log", "list", NULL),
	    0);
	expect_all_done(w, "log", 10);
}

static void
a_list_from_standard_input_is_resumed_as_well(void **state)
{
	enum { URLS = 100 };
	static const char *const words[] = { "-c", "5", "--resume", "-d", "out",
		"--log", "log", NULL };
	struct world *w = *state;
	struct run_spec spec = { .words = words };
	struct run *run;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/delay/20/50/", URLS);
	spec.input = world_read_text(w, "list");
	run = run_start(w, &spec);
	origin_wait(w, "requests", 30);
	run_signal(run, SIGINT);
	expect_exit(run_finish(run), 7);
	expect_exit(run_spec(w, &spec), 0);
	expect_urls(w, "out", "127.0.0.1", "/delay/20/50/", URLS);
	expect_all_done(w, "log", URLS);
	assert_int_equal(origin_stat(w, "requests"), URLS);
}

/* Lines are numbered through all the lists. */
static void
several_lists_are_resumed_as_one(void **state)
{
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "one", "127.0.0.1", "/gen/5/", 3);
	origin_add_urls(w, "two", "127.0.0.1", "/gen/6/", 3);
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log", "one", NULL), 0);
	expect_exit(bulkfetch(w, "--resume", "-d", "out", "--log", "log", "one",
			"two", origin_url(w, "/gen/7/x"), NULL),
	    0);
	expect_urls(w, "out", "127.0.0.1", "/gen/6/", 3);
	expect_generated(w, "out", "/gen/7/x");
	expect_all_done(w, "log", 7);
	assert_int_equal(origin_stat(w, "requests"), 7);
}

static void
a_list_that_has_grown_at_its_end_is_accepted(void **state)
{
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/gen/5/", 10);
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log", "list", NULL), 0);
	origin_add_urls(w, "list", "127.0.0.1", "/gen/6/", 10);
	expect_exit(
	    bulkfetch(w, "--resume", "-d", "out", "--log", "log", "list", NULL),
	    0);
	expect_urls(w, "out", "127.0.0.1", "/gen/6/", 10);
	expect_all_done(w, "log", 20);
	assert_int_equal(origin_stat(w, "requests"), 20);
}

static void
a_list_that_has_changed_is_refused_by_name(void **state)
{
	/* How the line number `line` of ten changes. */
	static const struct {
		size_t line;
		const char *with; /* NULL: it goes */
	} rows[] = { { 1, "/gen/5/new" }, { 10, "/gen/5/new" }, { 5, NULL },
		{ 10, NULL } };
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *name = world_text(w, "urls%zu.txt", i);
		const char *log = world_text(w, "log%zu", i);
		uint64_t requests;
		struct run *run;
		FILE *f;

		origin_add_urls(w, name, "127.0.0.1", "/gen/5/", 10);
		expect_exit(
		    bulkfetch(w, "-d", "out", "--log", log, name, NULL), 0);
		requests = origin_stat(w, "requests");
		f = fopen(world_path(w, name), "we");
		assert_non_null(f);
		for (size_t n = 1; n <= 10; n++) {
			const char *target = n != rows[i].line
			    ? world_text(w, "/gen/5/%zu", n - 1)
			    : rows[i].with;

			if (target != NULL)
				(void)fprintf(f, "%s\n", origin_url(w, target));
		}
		assert_int_equal(fclose(f), 0);
		run = bulkfetch(
		    w, "--resume", "-d", "out", "--log", log, name, NULL);
		expect_exit(run, 2);
		expect_says(run, name);
		assert_int_equal(origin_stat(w, "requests"), requests);
	}
}

static void
a_torn_last_record_is_mended(void **state)
{
	/* How much of the last record is missing. */
	static const size_t missing[] = { 1, 2, 3, 10, 50, 100 };
	struct world *w = *state;
	struct slice log;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/gen/5/", 3);
	expect_exit(
	    bulkfetch(w, "-c", "1", "-d", "out", "--log", "log", "list", NULL),
	    0);
	log = world_read(w, "log");
	for (size_t i = 0; i < COUNT(missing); i++) {
		world_write_octets(
		    w, "log", slice_first(log, log.len - missing[i]));
		expect_exit(bulkfetch(w, "--resume", "-d", "out", "--log",
				"log", "list", NULL),
		    0);
		/* Two of them stood; the third one is made again. */
		expect_all_done(w, "log", 3);
		assert_int_equal(origin_stat(w, "requests"), 3 + i + 1);
	}
}

/* Somebody else's file as a log is another matter: it is not written to. */
static void
a_file_that_is_no_log_is_refused(void **state)
{
	static const char *const texts[] = { "nonsense\n",
		"#!/bin/sh\nexit 0\n", "http://example.org/\n", "\177ELF" };
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/gen/5/", 3);
	for (size_t i = 0; i < COUNT(texts); i++) {
		world_write(w, "mine", texts[i]);
		expect_exit(bulkfetch(w, "--resume", "-d", "out", "--log",
				"mine", "list", NULL),
		    2);
		expect_text_file(w, "mine", texts[i]);
	}
	assert_int_equal(origin_stat(w, "requests"), 0);
}

static void
records_that_are_none_are_passed_over(void **state)
{
	static const char *const lines[] = { "\n", "nonsense\n", "{}\n",
		"{\"n\":0,\"ok\":true}\n", "{\"n\":-1,\"ok\":true}\n",
		"{\"n\":99999999999999999999999,\"ok\":true}\n",
		"{\"n\":\"2\",\"ok\":true}\n", "[1,2]\n",
		"{\"n\":2,\"ok\":true\n" };
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	world_write(
	    w, "list", world_text(w, "%s\n", origin_url(w, "/gen/5/0")));
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log", "list", NULL), 0);
	for (size_t i = 0; i < COUNT(lines); i++)
		append(w, "log", lines[i]);
	append(w, "list", world_text(w, "%s\n", origin_url(w, "/gen/5/1")));
	append(w, "list", world_text(w, "%s\n", origin_url(w, "/gen/5/2")));
	run =
	    bulkfetch(w, "--resume", "-d", "out", "--log", "log", "list", NULL);
	expect_exit(run, 0);
	expect_urls(w, "out", "127.0.0.1", "/gen/5/", 3);
	assert_int_equal(origin_stat(w, "requests"), 3);
}

static void
two_runs_on_one_log_the_second_stops_at_once(void **state)
{
	static const char *const hows[] = { NULL, "--resume",
		"--resume-failed" };
	static const char *const words[] = { "-d", "out", "--log", "log",
		"list", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	struct slice before;
	struct run *first;

	origin_start(w, NULL, NULL);
	/* Long enough for three others to begin and end. */
	world_write(w, "list",
	    world_text(w, "%s\n%s\n", origin_url(w, "/gen/5/a"),
		origin_url(w,
		    run_slowness() > 1 ? "/delay/9000/5/b"
				       : "/delay/1500/5/b")));
	first = run_start(w, &spec);
	origin_wait(w, "requests", 2);
	for (size_t i = 0; i < COUNT(hows); i++) {
		struct run *run = bulkfetch(
		    w, "-d", "out", "--log", "log", "list", hows[i], NULL);

		expect_exit(run, 75);
		expect_says(run, "log");
	}
	before = world_read(w, "log");
	assert_true(before.len > 0);
	expect_exit(run_finish(first), 0);
	assert_int_equal(origin_stat(w, "requests"), 2);
	expect_all_done(w, "log", 2);
}

static void
resuming_needs_a_log(void **state)
{
	static const char *const options[] = { "--resume", "--resume-failed",
		"--retry-failed" };
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(options); i++) {
		struct run *run = bulkfetch(w, options[i], "-d", "out",
		    origin_url(w, "/gen/5/a"), NULL);

		expect_exit(run, 2);
		expect_says(run, "--log");
	}
	assert_int_equal(origin_stat(w, "requests"), 0);
}

/* ---- Failures of an earlier run ----------------------------------------- */

/* Of ten URLs 3, 4 and 5 fail at their first request. */
static void
run_with_failures(struct world *w)
{
	char *list = world_text(w, "%s", "");

	origin_start(w,
	    "/gen/5/3 on 1: head 404 \"Content-Length: 0\"\n"
	    "/gen/5/4 on 1: reset\n"
	    "/gen/5/5 on 1: head 503 \"Content-Length: 0\"\n",
	    NULL);
	for (int i = 0; i < 10; i++)
		list = world_text(w, "%s%s\n", list,
		    origin_url(w, world_text(w, "/gen/5/%d", i)));
	world_write(w, "list", list);
	(void)unlink(world_path(w, "log"));
	expect_exit(
	    bulkfetch(w, "-c", "1", "--retry", "0", "-H", "Connection: close",
		"-d", "out", "--log", "log", "list", NULL),
	    1);
}

/* What failed counts as done. */
static void
resume_leaves_failures_alone(void **state)
{
	struct world *w = *state;
	struct run *run;

	run_with_failures(w);
	append(w, "list", world_text(w, "%s\n", origin_url(w, "/gen/5/10")));
	run =
	    bulkfetch(w, "--resume", "-d", "out", "--log", "log", "list", NULL);
	assert_int_equal(origin_stat(w, "requests"), 11);
	expect_generated(w, "out", "/gen/5/10");
	assert_int_equal(world_count_files(w, "out"), 8);
	(void)run;
}

static void
resume_failed_makes_failures_again_and_what_is_left(void **state)
{
	struct world *w = *state;

	run_with_failures(w);
	append(w, "list", world_text(w, "%s\n", origin_url(w, "/gen/5/10")));
	expect_exit(bulkfetch(w, "--resume-failed", "-d", "out", "--log", "log",
			"list", NULL),
	    0);
	assert_int_equal(origin_stat(w, "requests"), 14);
	expect_urls(w, "out", "127.0.0.1", "/gen/5/", 11);
	/* The last record of each counts: now there is nothing to do. */
	expect_exit(bulkfetch(w, "--resume-failed", "-d", "out", "--log", "log",
			"list", NULL),
	    0);
	assert_int_equal(origin_stat(w, "requests"), 14);
}

static void
retry_failed_needs_no_list(void **state)
{
	struct world *w = *state;

	run_with_failures(w);
	append(w, "list", world_text(w, "%s\n", origin_url(w, "/gen/5/10")));
	expect_exit(
	    bulkfetch(w, "--retry-failed", "-d", "out", "--log", "log", NULL),
	    0);
	/* Failures alone: not what has come behind. */
	assert_int_equal(origin_stat(w, "requests"), 13);
	expect_urls(w, "out", "127.0.0.1", "/gen/5/", 10);
	expect_exit(
	    bulkfetch(w, "--retry-failed", "-d", "out", "--log", "log", NULL),
	    0);
	assert_int_equal(origin_stat(w, "requests"), 13);
}

/* What a second signal broke off is neither done nor failed. */
static void
what_was_broken_off_is_made_again(void **state)
{
	static const char *const words[] = { "-d", "out", "--log", "log",
		"list", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	struct run *run;
	size_t at = 0;

	origin_start(w, "/gen/9/1 on 1: stall\n", NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/gen/9/", 3);
	run = run_start(w, &spec);
	origin_wait(w, "requests", 3);
	run_signal(run, SIGINT);
	run_wait_for(run, "again to stop at once", &at);
	run_signal(run, SIGINT);
	expect_exit(run_finish(run), 7);
	expect_exit(
	    bulkfetch(w, "--resume", "-d", "out", "--log", "log", "list", NULL),
	    0);
	expect_urls(w, "out", "127.0.0.1", "/gen/9/", 3);
	assert_int_equal(origin_count(w, "/gen/9/1"), 2);
	assert_int_equal(origin_stat(w, "requests"), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_stopped_run_goes_on_where_it_was),
		WORLD_TEST(the_first_run_may_be_told_to_resume),
		WORLD_TEST(a_list_from_standard_input_is_resumed_as_well),
		WORLD_TEST(several_lists_are_resumed_as_one),
		WORLD_TEST(a_list_that_has_grown_at_its_end_is_accepted),
		WORLD_TEST(a_list_that_has_changed_is_refused_by_name),
		WORLD_TEST(a_torn_last_record_is_mended),
		WORLD_TEST(a_file_that_is_no_log_is_refused),
		WORLD_TEST(records_that_are_none_are_passed_over),
		WORLD_TEST(two_runs_on_one_log_the_second_stops_at_once),
		WORLD_TEST(resuming_needs_a_log),
		WORLD_TEST(resume_leaves_failures_alone),
		WORLD_TEST(resume_failed_makes_failures_again_and_what_is_left),
		WORLD_TEST(retry_failed_needs_no_list),
		WORLD_TEST(what_was_broken_off_is_made_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
