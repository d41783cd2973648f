/* Signals, pipes that break, and the progress line on a terminal. */
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* Requests that take a while, `count` of them; `c` of them at a time. */
static struct run *
start_slow_run(struct world *w, const char *c, size_t count, bool has_terminal)
{
	static const char *words[RUN_WORDS_MAX] = { "-d", "out", "--log", "log",
		"list", "-c" };
	struct run_spec spec = { .words = words, .has_terminal = has_terminal };
	FILE *f;

	if (w->origin == 0)
		origin_start(w, "/hold/*: stall\n", NULL);
	f = fopen(world_path(w, "list"), "we");
	assert_non_null(f);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(
		    f, "http://127.0.0.1:%u/delay/300/10/%zu\n", w->port, i);
	assert_int_equal(fclose(f), 0);
	words[6] = c;
	words[7] = NULL;
	return run_start(w, &spec);
}

static void
the_first_signal_drains_what_is_in_flight(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(signals); i++) {
		struct records r;
		struct run *run;
		size_t at = 0;

		assert_true(origin_stop(w));
		run = start_slow_run(w, "10", 1000, false);
		origin_wait(w, "requests", 15);
		run_signal(run, signals[i]);
		run_wait_for(run, "in flight; again to stop at once", &at);
		expect_exit(run_finish(run), 7);
		r = records_read(w, "log");
		assert_in_range(r.count, 10, 100);
		assert_int_equal(records_count(&r, "ok", "true"), r.count);
		assert_int_equal(origin_stat(w, "requests"), r.count);
		for (size_t n = 0; n < r.count; n++)
			expect_generated(w, "out",
			    strchr(json_get(w, r.lines[n], "url") + 7, '/'));
		assert_int_equal(unlink(world_path(w, "log")), 0);
	}
}

/* As it is for what a shell runs in the background, or nohup(1). */
static void
what_is_ignored_at_the_start_stays_ignored(void **state)
{
	static const int signals[] = { SIGINT, SIGHUP };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(signals); i++) {
		struct run *run;

		assert_true(origin_stop(w));
		assert_true(signal(signals[i], SIG_IGN) != SIG_ERR);
		run = start_slow_run(w, "10", 100, false);
		assert_true(signal(signals[i], SIG_DFL) != SIG_ERR);
		origin_wait(w, "requests", 15);
		run_signal(run, signals[i]);
		expect_exit(run_finish(run), 0);
		expect_summary(run, 100, 0, 0);
		assert_int_equal(unlink(world_path(w, "log")), 0);
	}
}

static void
the_second_signal_stops_at_once(void **state)
{
	static const char *words[] = { "-c", "5", "-d", "out", "--log", "log",
		NULL, NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	int64_t stopped_ms;
	struct records r;
	struct run *run;
	size_t at = 0;

	origin_start(w,
	    "/hold/*: head 200 \"Content-Length: 500000\"; body 400000; "
	    "stall\n",
	    NULL);
	world_write(w, "list",
	    world_text(w, "%s\n%s\n%s\n", origin_url(w, "/gen/5/a"),
		origin_url(w, "/hold/a"), origin_url(w, "/hold/b")));
	words[6] = "list";
	run = run_start(w, &spec);
	origin_wait(w, "sent", 800000);
	run_signal(run, SIGINT);
	run_wait_for(run, "again to stop at once", &at);
	run_signal(run, SIGINT);
	stopped_ms = world_now_ms();
	expect_exit(run_finish(run), 7);
	assert_true(world_now_ms() - stopped_ms < 1000 * run_slowness());
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "error", "stopped"), 2);
	assert_int_equal(records_count(&r, "ok", "true"), 1);
	assert_int_equal(world_count_files(w, "out"), 1);
}

static void
sigusr1_prints_the_summary_and_the_run_goes_on(void **state)
{
	struct world *w = *state;
	struct run *run = start_slow_run(w, "10", 40, false);
	size_t at = 0;

	for (int i = 0; i < 3; i++) {
		/* All of them are under way then, each for 0.3 s. */
		origin_wait(w, "requests", (uint64_t)(i + 1) * 10);
		run_signal(run, SIGUSR1);
		run_wait_for(run, " fetched, ", &at);
		run_wait_for(run, "10 in flight", &at);
		run_wait_for(run, "open at most", &at);
	}
	expect_exit(run_finish(run), 0);
	expect_summary(run, 40, 0, 0);
}

static void
sigpipe_never_kills(void **state)
{
	static const char *const options[] = { "-o", "--log", "--failed" };
	struct world *w = *state;
	const char *words[] = { NULL, "-", "-d", "out", "list", NULL };
	struct run_spec spec = { .words = words };

	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(options); i++) {
		FILE *f = fopen(world_path(w, "list"), "we");
		struct run *run;

		assert_non_null(f);
		for (int k = 0; k < 500; k++)
			(void)fprintf(f, "http://127.0.0.1:%u%s/%d\n", w->port,
			    i == 2 ? "/status/404" : "/gen/3000", k);
		assert_int_equal(fclose(f), 0);
		words[0] = options[i];
		/* -o - and --dir do not go together. */
		words[2] = i == 0 ? "list" : "-d";
		words[3] = i == 0 ? NULL : "out";
		run = run_start(w, &spec);
		assert_int_equal(close(run->out_fd), 0);
		run->out_fd = -1;
		(void)run_finish(run);
		assert_int_equal(run->signal, 0);
		expect_exit(run, 3);
		expect_says(run, "Broken pipe");
	}
}

static void
a_broken_standard_error_does_not_stop_the_run(void **state)
{
	static const char *words[] = { "-v", "-d", "out", "--progress", "plain",
		"list", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	world_write(w, "list",
	    world_text(w, "%s\n%s\n%s\n", origin_url(w, "/status/404"),
		origin_url(w, "/delay/100/5/a"), origin_url(w, "/gen/5/b")));
	run = run_start(w, &spec);
	assert_int_equal(close(run->err_fd), 0);
	run->err_fd = -1;
	expect_exit(run_finish(run), 1);
	expect_generated(w, "out", "/delay/100/5/a");
	expect_generated(w, "out", "/gen/5/b");
}

/* A reader of bodies that takes its time must not keep a stop waiting. */
static void
a_slow_reader_can_be_interrupted(void **state)
{
	static const char *const words[] = { "-c", "5", "-o", "-", "list",
		NULL };
	struct run_spec spec = { .words = words, .is_fed = true };
	struct world *w = *state;
	struct run *run;
	int out;

	origin_start(w, NULL, NULL);
	world_write(w, "list",
	    world_text(w, "%s\n%s\n", origin_url(w, "/gen/3M/a"),
		origin_url(w, "/gen/3M/b")));
	run = run_start(w, &spec);
	out = run->out_fd; /* not read from */
	run->out_fd = -1;
	origin_wait(w, "sent", 6000000);
	run_signal(run, SIGINT);
	for (int i = 0; i < 20; i++)
		world_pause();
	run_signal(run, SIGINT);
	expect_exit(run_finish(run), 7);
	assert_int_equal(close(out), 0);
}

/* ---- Progress ----------------------------------------------------------- */

static void
a_terminal_shows_one_line_of_progress_and_a_clean_end(void **state)
{
	struct world *w = *state;
	struct run *run = start_slow_run(w, "10", 60, true);
	const char *summary;
	size_t at = 0;

	/* It is drawn more than once, over itself. */
	run_wait_for(run, "\r", &at);
	run_wait_for(run, "10 in flight", &at);
	run_wait_for(run, "\r", &at);
	run_wait_for(run, "requests/s", &at);
	expect_exit(run_finish(run), 0);
	summary = strstr(run_err(run), "bulkfetch: 60 fetched");
	assert_non_null(summary);
	/* Nothing of the line is left in front of the summary. */
	assert_true(summary > run_err(run));
	assert_true(
	    summary[-1] == 'K' || summary[-1] == '\r' || summary[-1] == '\n');
	if (run_is_wrapped())
		return; /* others write to the terminal as well */
	/* No line of it is longer than the terminal is wide. */
	for (const char *line = run_err(run); *line != '\0';) {
		size_t len = strcspn(line, "\r\n");

		assert_true(len <= 80 + strlen("\033[K"));
		line += len + (line[len] != '\0');
	}
}

static void
failures_do_not_run_into_the_progress_line(void **state)
{
	struct world *w = *state;
	static const char *words[] = { "-d", "out", "list", NULL };
	struct run_spec spec = { .words = words, .has_terminal = true };
	struct run *run;
	const char *at;

	origin_start(
	    w, "/late: delay 800; head 404 \"Content-Length: 0\"\n", NULL);
	world_write(w, "list",
	    world_text(w, "%s\n%s\n", origin_url(w, "/late"),
		origin_url(w, "/delay/1200/5/a")));
	run = run_spec(w, &spec);
	expect_exit(run, 1);
	at = strstr(run_err(run), "bulkfetch: http://");
	assert_non_null(at);
	assert_true(at == run_err(run) || at[-1] == 'K' || at[-1] == '\r' ||
	    at[-1] == '\n');
	at = strchr(at, '\n');
	assert_non_null(at);
}

static void
without_a_terminal_there_is_no_progress_unless_asked_for(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	run = bulkfetch(w, "-d", "out", origin_url(w, "/delay/600/5/a"), NULL);
	expect_exit(run, 0);
	expect_says_not(run, "\r");
	expect_says_not(run, "in flight");
	run = bulkfetch(w, "--progress", "plain", "-d", "out",
	    origin_url(w, "/delay/5600/5/a"), NULL);
	expect_exit(run, 0);
	expect_says(run, "1 in flight");
	expect_says_not(run, "\r");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(the_first_signal_drains_what_is_in_flight),
		WORLD_TEST(what_is_ignored_at_the_start_stays_ignored),
		WORLD_TEST(the_second_signal_stops_at_once),
		WORLD_TEST(sigusr1_prints_the_summary_and_the_run_goes_on),
		WORLD_TEST(sigpipe_never_kills),
		WORLD_TEST(a_broken_standard_error_does_not_stop_the_run),
		WORLD_TEST(a_slow_reader_can_be_interrupted),
		WORLD_TEST(
		    a_terminal_shows_one_line_of_progress_and_a_clean_end),
		WORLD_TEST(failures_do_not_run_into_the_progress_line),
		WORLD_TEST(
		    without_a_terminal_there_is_no_progress_unless_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
