/* --durable: what the log calls done is on the disk. */
#include "harness.h"

#include <signal.h>
#include <stdio.h>

#define URLS 300
#define LARGE_URLS 20

static void
write_list(struct world *w)
{
	origin_add_urls(w, "list", "127.0.0.1", "/gen/900/", URLS);
	origin_add_urls(w, "list", "127.0.0.1", "/gen/300000/", LARGE_URLS);
}

static void
expect_list(struct world *w)
{
	struct records r = records_read(w, "log");

	expect_urls(w, "out", "127.0.0.1", "/gen/900/", URLS);
	expect_urls(w, "out", "127.0.0.1", "/gen/300000/", LARGE_URLS);
	/* Besides, there may be records of what was stopped. */
	assert_int_equal(records_count(&r, "ok", "true"), URLS + LARGE_URLS);
}

/* ---- What was called ---------------------------------------------------- */

#define TRACED 40
#define SYNCS_MAX 4096

/* A file: how the trace names it, and the lines, from 1, where it was last
 * changed and where its record was written. */
struct traced {
	char *as_fd;    /* what is done to it */
	char *as_entry; /* what it is renamed to */
	char *as_text;  /* in its record */
	size_t changed;
	size_t logged;
};

struct sync {
	size_t begun;
	size_t ended;
};

struct trace {
	struct traced files[TRACED];
	struct sync syncs[SYNCS_MAX];
	size_t sync_count;
	size_t lines;
};

/* Half of the files are small, the others come to be by a rename. */
static struct trace *
trace_new(struct world *w)
{
	struct trace *t = world_alloc(w, sizeof(*t));

	for (int i = 0; i < TRACED; i++) {
		const char *size = i % 2 == 0 ? "900" : "300000";

		t->files[i] = (struct traced){
			.as_fd = world_text(w, "/%s/%d>", size, i / 2),
			.as_entry = world_text(w, "/%s>, \"%d\"", size, i / 2),
			.as_text = world_text(w, "/%s/%d\\\"", size, i / 2),
		};
	}
	return t;
}

/* A call may be told of in two lines: as unfinished, and when it is resumed. */
static void
note_sync(struct trace *t, const char *line)
{
	assert_true(t->sync_count < SYNCS_MAX);
	if (strstr(line, "resumed>") != NULL) {
		t->syncs[t->sync_count++].ended = t->lines;
		return;
	}
	t->syncs[t->sync_count].begun = t->lines;
	if (strstr(line, "<unfinished") == NULL)
		t->syncs[t->sync_count++].ended = t->lines;
}

static void
note_line(struct trace *t, const char *line)
{
	bool is_log =
	    strstr(line, "write(") != NULL && strstr(line, "/log>") != NULL;

	t->lines++;
	if (strstr(line, "syncfs") != NULL)
		note_sync(t, line);
	for (size_t i = 0; i < TRACED; i++) {
		struct traced *file = &t->files[i];

		if (is_log && strstr(line, file->as_text) != NULL)
			file->logged = t->lines;
		else if (!is_log &&
		    (strstr(line, file->as_fd) != NULL ||
			strstr(line, file->as_entry) != NULL))
			file->changed = t->lines;
	}
}

static void
expect_synced(const struct trace *t, const struct traced *file)
{
	if (file->changed == 0 || file->logged == 0)
		fail_msg("%s is not in the trace", file->as_fd);
	for (size_t i = 0; i < t->sync_count; i++) {
		if (t->syncs[i].begun > file->changed &&
		    t->syncs[i].ended < file->logged)
			return;
	}
	fail_msg("%s was logged before it was on the disk", file->as_fd);
}

static void
a_record_is_written_after_its_file_is_on_the_disk(void **state)
{
	static const char calls[] =
	    "trace=write,fchmod,rename,renameat,renameat2,linkat,syncfs";
	struct world *w = *state;
	const char *strace = world_find_program(w, "strace");
	const char *words[] = { "-o", "trace", "-f", "-y", "-s", "1000000",
		"-e", calls, NULL, "--durable", "--log", "log", "-c", "4", "-d",
		"out", "list", NULL };
	struct run_spec spec = { .words = words, .program = strace };
	struct trace *t = trace_new(w);
	char *rest = NULL;
	char *text;

	if (strace == NULL || !run_is_bare())
		skip();
	words[8] = world_text(w, "%s", program_path("BULKFETCH", "bulkfetch"));
	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/delay/10/900/", TRACED / 2);
	origin_add_urls(
	    w, "list", "127.0.0.1", "/delay/10/300000/", TRACED / 2);
	expect_exit(run_spec(w, &spec), 0);
	text = world_text(w, "%s", world_read_text(w, "trace"));
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		note_line(t, line);
	for (size_t i = 0; i < TRACED; i++)
		expect_synced(t, &t->files[i]);
	/* In groups: there are fewer of them than files. */
	assert_in_range(t->sync_count, 1, TRACED - 1);
}

/* ---- What remains ------------------------------------------------------- */

static void
a_durable_run_ends_with_everything_logged(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	write_list(w);
	run = bulkfetch(
	    w, "--durable", "-d", "out", "--log", "log", "list", NULL);
	expect_exit(run, 0);
	expect_list(w);
}

/* Records that wait for the disk are not lost by a signal. */
static void
a_durable_run_that_is_stopped_logs_what_it_has(void **state)
{
	static const char *const words[] = { "--durable", "--resume", "-c", "5",
		"--rate", "300/s", "-d", "out", "--log", "log", "list", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	struct records r;
	struct run *run;

	origin_start(w, NULL, NULL);
	write_list(w);
	run = run_start(w, &spec);
	origin_wait(w, "requests", 50);
	run_signal(run, SIGINT);
	expect_exit(run_finish(run), 7);
	r = records_read(w, "log");
	assert_int_equal(
	    records_count(&r, "ok", "true"), origin_stat(w, "requests"));
	assert_int_equal(
	    world_count_files(w, "out"), origin_stat(w, "requests"));
	expect_exit(run_spec(w, &spec), 0);
	expect_list(w);
	assert_int_equal(origin_stat(w, "requests"), URLS + LARGE_URLS);
}

static void
what_a_killed_durable_run_has_logged_is_there(void **state)
{
	static const char *const words[] = { "--durable", "--resume", "-c", "5",
		"-d", "out", "--log", "log", "list", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	write_list(w);
	for (uint64_t i = 1; i < 10; i++) {
		struct run *run = run_start(w, &spec);

		origin_wait(w, "requests", i * 10);
		run_signal(run, SIGKILL);
		(void)run_finish(run);
	}
	expect_exit(run_spec(w, &spec), 0);
	expect_list(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_record_is_written_after_its_file_is_on_the_disk),
		WORLD_TEST(a_durable_run_ends_with_everything_logged),
		WORLD_TEST(a_durable_run_that_is_stopped_logs_what_it_has),
		WORLD_TEST(what_a_killed_durable_run_has_logged_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
