/* What the command line makes of one run after the other: locks, records that
 * are gone on with, and exit statuses. */
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

/* Hold the lock that a run has on a file of its own. */
static int
lock(struct world *w, const char *name)
{
	int fd = open(world_path(w, name), O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	return fd;
}

static void
records_of_another_run_are_left_alone(void **state)
{
	static const char *const rows[][6] = {
		{ "--log", "held", "list" },
		{ "--log", "held", "--resume", "list" },
		{ "--log", "held", "--resume-failed", "list" },
		{ "--log", "held", "--retry-failed" },
		{ "--failed", "held", "list" },
		{ "--log", "held", "--failed", "free", "list" },
		{ "--log", "free", "--failed", "held", "list" },
	};
	static const char record[] = "{\"n\":1,\"url\":\"http://h/\",";
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	world_write(w, "list", origin_url(w, "/gen/5/a"));
	world_write(w, "free", "what was there\n");
	world_write(w, "held", record);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *words[] = { rows[i][0], rows[i][1], rows[i][2],
			rows[i][3], rows[i][4], NULL };
		struct run_spec spec = { .words = words };
		int fd = lock(w, "held");
		struct run *run = run_spec(w, &spec);

		expect_exit(run, 75);
		expect_says(run, "'held': another run");
		expect_text_file(w, "held", record);
		expect_text_file(w, "free", "what was there\n");
		assert_int_equal(close(fd), 0);
	}
	assert_int_equal(origin_stat(w, "requests"), 0);
}

static void
a_run_that_is_resumed_says_where_it_stands(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	world_write(w, "list",
	    world_text(w, "%s\n%s\n%s\n", origin_url(w, "/gen/5/a"),
		origin_url(w, "/status/404"), origin_url(w, "/gen/5/b")));
	/* The log need not be there. */
	run =
	    bulkfetch(w, "-d", "out", "--log", "log", "--resume", "list", NULL);
	expect_exit(run, 1);
	expect_says(run, "nothing is done by log yet");
	expect_summary(run, 2, 0, 1);
	run =
	    bulkfetch(w, "-d", "out", "--log", "log", "--resume", "list", NULL);
	expect_exit(run, 0);
	expect_says(run, "resuming: 2 done, 1 failed, from log\n");
	expect_says(run, "nothing left to do but what failed");
	expect_says(run, "--resume-failed");
	run = bulkfetch(
	    w, "-d", "out", "--log", "log", "--resume", "list", "-q", NULL);
	expect_exit(run, 0);
	expect_silence(run);
	assert_int_equal(origin_count(w, "/gen/5/a"), 1);
	assert_int_equal(origin_count(w, "/status/404"), 1);
	assert_int_equal(records_read(w, "log").count, 3);
}

/* All that is tried fails, but that is not all that there is. */
static void
a_retry_that_fails_does_not_mean_that_nothing_was_fetched(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	world_write(w, "list",
	    world_text(w, "%s\n%s\n", origin_url(w, "/gen/5/a"),
		origin_url(w, "/status/404")));
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log", "list", NULL), 1);
	run = bulkfetch(w, "-d", "out", "--log", "log", "--retry-failed", NULL);
	expect_exit(run, 1);
	expect_summary(run, 0, 0, 1);
	run = bulkfetch(
	    w, "-d", "out", "--log", "log", "--resume-failed", "list", NULL);
	expect_exit(run, 1);
	expect_summary(run, 0, 0, 1);
	expect_exit(bulkfetch(w, "-d", "out", "--log", "other",
			origin_url(w, "/status/404"), NULL),
	    4);
	expect_exit(
	    bulkfetch(w, "-d", "out", "--log", "other", "--retry-failed", NULL),
	    4);
}

static void
a_retry_needs_its_log_and_no_standard_input(void **state)
{
	static const char *const words[] = { "--log", "log", "--retry-failed",
		"-d", "out", NULL };
	struct run_spec fed = { .words = words, .is_fed = true };
	struct world *w = *state;
	struct run *run;
	int in;

	origin_start(w,
	    "/later on 1: head 404 \"Content-Length: 0\"\n"
	    "/later: head 200 \"Content-Length: 2\"; send \"ok\"\n",
	    NULL);
	run = bulkfetch(w, "--log", "log", "--retry-failed", NULL);
	expect_exit(run, 3);
	expect_says(run, "no log 'log'");
	assert_false(world_has(w, "log"));
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log",
			origin_url(w, "/later"), NULL),
	    4);
	run = run_start(w, &fed);
	in = run->in;
	run->in = -1; /* stays open */
	expect_exit(run_finish(run), 0);
	assert_int_equal(close(in), 0);
	expect_text_file(
	    w, world_text(w, "out/%s/later", origin_host(w)), "ok");
	run = bulkfetch(w, "--log", "log", "--retry-failed", NULL);
	expect_exit(run, 0);
	expect_says(run, "nothing left to do\n");
}

/* Those of the run before stay there unless they are tried again. */
static void
the_list_of_failures_goes_on_with_the_run(void **state)
{
	struct world *w = *state;
	const char *first;
	const char *second;

	origin_start(w, NULL, NULL);
	first = world_text(w, "%s\n", origin_url(w, "/status/404"));
	second = world_text(w, "%s\n", origin_url(w, "/status/410"));
	world_write(w, "list", first);
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log", "--failed",
			"failed", "list", NULL),
	    4);
	expect_text_file(w, "failed", first);
	world_write(w, "list", world_text(w, "%s%s", first, second));
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log", "--failed",
			"failed", "--resume", "list", NULL),
	    4);
	expect_text_file(w, "failed", world_text(w, "%s%s", first, second));
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log", "--failed",
			"failed", "--retry-failed", NULL),
	    4);
	assert_int_equal(strlen(world_read_text(w, "failed")),
	    strlen(first) + strlen(second));
	/* A list that has changed changes nothing. */
	world_write(w, "list", world_text(w, "%s%s", second, first));
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log", "--failed",
			"failed", "--resume-failed", "list", NULL),
	    2);
	assert_int_equal(strlen(world_read_text(w, "failed")),
	    strlen(first) + strlen(second));
}

/* It waits for the disk, not for something else to happen. */
static void
a_durable_log_is_written_while_the_run_waits(void **state)
{
	static const char *words[] = { "-d", "out", "--log", "log", "--durable",
		"list", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	struct run *run;
	size_t at = 0;

	origin_start(w, "/hold: stall\n", NULL);
	world_write(w, "list",
	    world_text(w, "%s\n%s\n", origin_url(w, "/hold"),
		origin_url(w, "/gen/5/a")));
	run = run_start(w, &spec);
	while (!world_has(w, "log") || world_read(w, "log").len == 0) {
		assert_true(world_now_ms() < run->deadline_ms);
		world_pause();
	}
	expect_generated(w, "out", "/gen/5/a");
	run_signal(run, SIGINT);
	run_wait_for(run, "again to stop at once", &at);
	run_signal(run, SIGINT);
	expect_exit(run_finish(run), 7);
}

static void
files_that_are_current_count_as_had(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	world_write(w, "list",
	    world_text(w, "%s\n%s\n", origin_url(w, "/ver/50/a"),
		origin_url(w, "/ver/50/b")));
	run = bulkfetch(w, "-d", "out", "--update", "list", NULL);
	expect_exit(run, 0);
	expect_summary(run, 2, 0, 0);
	expect_says_not(run, "unchanged");
	run = bulkfetch(w, "-d", "out", "--update", "list", NULL);
	expect_exit(run, 0);
	expect_says(run, "bulkfetch: 2 unchanged, 0 fetched, 0 skipped, 0 f");
	/* One that fails among them is not all that there is. */
	world_write(w, "more",
	    world_text(w, "%s\n%s\n", origin_url(w, "/ver/50/a"),
		origin_url(w, "/status/404")));
	run = bulkfetch(w, "-d", "out", "--update", "more", NULL);
	expect_exit(run, 1);
	expect_says(run, "1 unchanged, 0 fetched, 0 skipped, 1 failed");
}

static void
two_runs_do_not_update_one_directory(void **state)
{
	static const char *words[] = { "-d", "out", "--update", "list", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	struct run *first;
	struct run *second;
	size_t at = 0;

	origin_start(w, "/hold: stall\n", NULL);
	world_write(w, "list", origin_url(w, "/hold"));
	first = run_start(w, &spec);
	origin_wait(w, "requests", 1);
	second = bulkfetch(
	    w, "-d", "out", "--update", origin_url(w, "/gen/5/a"), NULL);
	expect_exit(second, 75);
	expect_says(second, "another run");
	assert_int_equal(origin_stat(w, "requests"), 1);
	run_signal(first, SIGINT);
	run_wait_for(first, "again to stop at once", &at);
	run_signal(first, SIGINT);
	expect_exit(run_finish(first), 7);
	expect_exit(bulkfetch(w, "-d", "out", "--update",
			origin_url(w, "/gen/5/a"), NULL),
	    0);
}

static void
a_run_out_of_budget_has_a_status_of_its_own(void **state)
{
	static const struct {
		const char *option;
		int status;
		const char *says;
	} rows[] = {
		{ "--max-transfer=3000", 6, "--max-transfer" },
		{ "--max-duration=0.2", 6, "--max-duration" },
		{ "--max-errors=2", 5, "2 failures" },
		{ "--max-errors=20%", 5, "failures of" },
		{ "--fail-early", 5, "1 failure" },
	};
	struct world *w = *state;
	FILE *f;

	origin_start(w, NULL, NULL);
	f = fopen(world_path(w, "list"), "we");
	assert_non_null(f);
	for (int i = 0; i < 300; i++)
		(void)fprintf(f,
		    "http://127.0.0.1:%u/delay/5/1000/%d\n"
		    "http://127.0.0.1:%u/status/404/%d\n",
		    w->port, i, w->port, i);
	assert_int_equal(fclose(f), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct run *run = bulkfetch(w, "-d", "out", "-c", "2", "--log",
		    "log", rows[i].option, "list", NULL);

		expect_exit(run, rows[i].status);
		expect_says(run, "stopping after ");
		expect_says(run, rows[i].says);
		/* It can be gone on with. */
		run = bulkfetch(w, "-d", "out", "-q", "--log", "log",
		    "--resume", "list", NULL);
		expect_exit(run, 1);
		expect_urls(w, "out", "127.0.0.1", "/delay/5/1000/", 300);
		assert_int_equal(records_read(w, "log").count, 600);
		assert_int_equal(unlink(world_path(w, "log")), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(records_of_another_run_are_left_alone),
		WORLD_TEST(a_run_that_is_resumed_says_where_it_stands),
		WORLD_TEST(
		    a_retry_that_fails_does_not_mean_that_nothing_was_fetched),
		WORLD_TEST(a_retry_needs_its_log_and_no_standard_input),
		WORLD_TEST(the_list_of_failures_goes_on_with_the_run),
		WORLD_TEST(a_durable_log_is_written_while_the_run_waits),
		WORLD_TEST(files_that_are_current_count_as_had),
		WORLD_TEST(two_runs_do_not_update_one_directory),
		WORLD_TEST(a_run_out_of_budget_has_a_status_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
