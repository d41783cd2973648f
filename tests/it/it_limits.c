/* Descriptors, disks and sizes that run out. */
#include "harness.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* "/gen/SIZE/0" and so on, a line each. */
static void
write_list(struct world *w, const char *size, size_t count)
{
	FILE *f = fopen(world_path(w, "list"), "we");

	assert_non_null(f);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(
		    f, "http://127.0.0.1:%u/gen/%s/%zu\n", w->port, size, i);
	assert_int_equal(fclose(f), 0);
}

static size_t
count_text(const char *in, const char *text)
{
	size_t count = 0;

	while ((in = strstr(in, text)) != NULL) {
		in += strlen(text);
		count++;
	}
	return count;
}

/* ---- Descriptors -------------------------------------------------------- */

static void
few_descriptors_cost_one_warning_and_no_url(void **state)
{
	static const char *const sizes[] = { "100", "300k" };
	static const rlim_t limits[] = { 40, 20, 14 };
	static const char *const words[] = { "-c", "200", "-d", "out", "list",
		"--log", "log", "--failed", "failed", NULL };
	struct world *w = *state;

	if (run_is_wrapped())
		skip();
	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		write_list(w, sizes[i], 300);
		for (size_t k = 0; k < COUNT(limits); k++) {
			struct run_spec spec = {
				.words = words,
				.nofile = limits[k],
			};
			struct run *run = run_spec(w, &spec);

			expect_exit(run, 0);
			expect_summary(run, 300, 0, 0);
			assert_int_equal(
			    count_text(run_err(run), "warning"), 1);
			for (size_t n = 0; n < 300; n++)
				expect_generated(w, "out",
				    world_text(w, "/gen/%s/%zu", sizes[i], n));
		}
	}
}

/* Descriptors that are open already count. */
static void
enough_descriptors_cost_no_warning(void **state)
{
	static const char *const words[] = { "-c", "50", "-d", "out", "list",
		NULL };
	struct run_spec spec = { .words = words, .nofile = 1024 };
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	write_list(w, "100", 300);
	run = run_spec(w, &spec);
	expect_exit(run, 0);
	expect_says_not(run, "warning");
	expect_says(run, "50 connections opened");
}

/* So few that nothing can be done: told, rather than left to hang. */
static void
hardly_any_descriptor_is_told(void **state)
{
	static const char *const words[] = { "-c", "200", "-d", "out", "list",
		NULL };
	struct world *w = *state;

	if (run_is_wrapped())
		skip();
	origin_start(w, NULL, NULL);
	write_list(w, "100", 20);
	for (rlim_t limit = 4; limit < 12; limit++) {
		struct run_spec spec = { .words = words, .nofile = limit };
		struct run *run = run_spec(w, &spec);

		assert_int_equal(run->signal, 0);
		if (run->status != 0) {
			expect_exit(run, 3);
			assert_true(run->err.len > 0);
		}
	}
}

static void
many_directories_do_not_use_up_descriptors(void **state)
{
	static const char *const words[] = { "-c", "30", "-d", "out", "list",
		NULL };
	struct run_spec spec = { .words = words, .nofile = 60 };
	struct world *w = *state;
	FILE *f;

	if (run_is_wrapped())
		skip();
	origin_start(w, NULL, NULL);
	f = fopen(world_path(w, "list"), "we");
	assert_non_null(f);
	for (int i = 0; i < 2000; i++)
		(void)fprintf(f, "http://127.0.0.1:%u/gen/9/%d/%d/f\n", w->port,
		    i % 500, i);
	assert_int_equal(fclose(f), 0);
	expect_exit(run_spec(w, &spec), 0);
	for (int i = 0; i < 2000; i++)
		expect_generated(
		    w, "out", world_text(w, "/gen/9/%d/%d/f", i % 500, i));
}

/* ---- Sizes -------------------------------------------------------------- */

static void
a_file_size_limit_fails_its_url_and_leaves_nothing(void **state)
{
	const char *words[] = { "-d", "out", "--log", "log", NULL, NULL, NULL,
		NULL };
	struct run_spec spec = { .words = words, .fsize = 200000 };
	struct world *w = *state;
	struct records r;
	struct run *run;

	if (run_is_wrapped())
		skip();
	origin_start(w, NULL, NULL);
	words[4] = origin_url(w, "/gen/100/a");
	words[5] = origin_url(w, "/gen/300000/b");
	words[6] = origin_url(w, "/chunked/300000/c");
	run = run_spec(w, &spec);
	assert_int_equal(run->signal, 0);
	expect_exit(run, 3);
	expect_generated(w, "out", "/gen/100/a");
	assert_int_equal(world_count_files(w, "out"), 1);
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "error", "file"), 2);
	expect_says(run, "File too large");
}

static void
what_is_larger_than_allowed_fails_and_leaves_nothing(void **state)
{
	static const char *const kinds[] = { "gen", "chunked", "close" };
	static const char *const sizes[] = { "1000", "1001", "5M" };
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	for (size_t k = 0; k < COUNT(kinds); k++) {
		for (size_t s = 0; s < COUNT(sizes); s++) {
			char *target =
			    world_text(w, "/%s/%s/f", kinds[k], sizes[s]);
			char *dir = world_text(w, "out%zu%zu", k, s);
			struct run *run = bulkfetch(w, "-d", dir, "--log",
			    "log", "--max-filesize", "1000",
			    origin_url(w, target), NULL);
			struct records r = records_read(w, "log");

			expect_exit(run, s == 0 ? 0 : 4);
			if (s == 0) {
				expect_generated(w, dir, target);
				continue;
			}
			expect_member(&r, r.lines[0], "error", "limit");
			assert_int_equal(world_count_files(w, dir), 0);
		}
	}
	/* A length that is told is believed: nothing large is sent. */
	assert_true(origin_stat(w, "sent") < 20000000);
}

/* ---- Disks -------------------------------------------------------------- */

/*
 * A file system of that size at the world's "small", in a mount namespace of
 * this process; false, with the reason printed, without the right to do that.
 */
static bool
mount_small(struct world *w, const char *size)
{
	world_mkdir(w, "small");
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("none", world_path(w, "small"), "tmpfs", 0,
		world_text(w, "size=%s", size)) == -1) {
		print_message("skipped: cannot mount: %s\n", strerror(errno));
		return false;
	}
	return true;
}

static void
unmount_small(struct world *w)
{
	assert_int_equal(umount2(world_path(w, "small"), MNT_DETACH), 0);
}

static void
a_full_disk_fails_its_urls_and_leaves_no_short_file(void **state)
{
	static const char *const sizes[] = { "1000", "60000", "300000" };
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	if (!mount_small(w, "2m"))
		skip();
	for (size_t i = 0; i < COUNT(sizes); i++) {
		char *dir = world_text(w, "small/out%zu", i);
		struct records r;
		struct run *run;
		size_t fetched;

		write_list(w, sizes[i], 4000);
		run = bulkfetch(
		    w, "-c", "20", "-d", dir, "--log", "log", "list", NULL);
		expect_exit(run, 3);
		expect_says(run, "No space left on device");
		/* It ends once nothing can be written, not 4000 failures
		 * later. */
		assert_true(run->err.len < 20000);
		r = records_read(w, "log");
		fetched = records_count(&r, "ok", "true");
		assert_true(fetched > 0);
		assert_true(r.count < 4000);
		assert_int_equal(world_count_files(w, dir), fetched);
		for (size_t n = 0; n < r.count; n++) {
			char *url = json_get(w, r.lines[n], "url");

			if (strcmp(json_get(w, r.lines[n], "ok"), "true") == 0)
				expect_generated(w, dir, strchr(url + 7, '/'));
		}
		/* Room for the next size. */
		unmount_small(w);
		assert_int_equal(mount("none", world_path(w, "small"), "tmpfs",
				     0, "size=2m"),
		    0);
	}
	unmount_small(w);
}

/* One large body does not fit; what is small still does. */
static void
one_file_too_many_does_not_end_the_run(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	if (!mount_small(w, "3m"))
		skip();
	run = bulkfetch(w, "-c", "1", "-d", "small/out",
	    origin_url(w, "/gen/10/a"), origin_url(w, "/gen/5M/b"),
	    origin_url(w, "/gen/10/c"), origin_url(w, "/chunked/5M/d"),
	    origin_url(w, "/gen/10/e"), NULL);
	expect_exit(run, 3);
	expect_summary(run, 3, 0, 2);
	expect_generated(w, "small/out", "/gen/10/a");
	expect_generated(w, "small/out", "/gen/10/c");
	expect_generated(w, "small/out", "/gen/10/e");
	assert_int_equal(world_count_files(w, "small/out"), 3);
	unmount_small(w);
}

static void
a_log_that_cannot_be_written_ends_the_run(void **state)
{
	static const char *const options[] = { "--log", "--failed" };
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(options); i++) {
		struct run *run = bulkfetch(w, "-d", "out", options[i],
		    "/dev/full", origin_url(w, "/gen/5/a"),
		    origin_url(w, "/status/404"), NULL);

		expect_exit(run, 3);
		expect_says(run, "No space left on device");
		run = bulkfetch(w, "-d", "out", options[i],
		    "no/such/directory/log", origin_url(w, "/gen/5/b"), NULL);
		expect_exit(run, 3);
		expect_says(run, "no/such/directory/log");
		assert_int_equal(origin_count(w, "/gen/5/b"), 0);
	}
}

static void
standard_output_that_is_full_ends_the_run(void **state)
{
	const char *words[] = { "-c", "2", "-o", "-", "list", NULL };
	struct run_spec spec = { .words = words, .out = "/dev/full" };
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	write_list(w, "100", 1000);
	run = run_spec(w, &spec);
	expect_exit(run, 3);
	expect_says(run, "No space left on device");
	assert_true(origin_stat(w, "requests") < 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(few_descriptors_cost_one_warning_and_no_url),
		WORLD_TEST(enough_descriptors_cost_no_warning),
		WORLD_TEST(hardly_any_descriptor_is_told),
		WORLD_TEST(many_directories_do_not_use_up_descriptors),
		WORLD_TEST(a_file_size_limit_fails_its_url_and_leaves_nothing),
		WORLD_TEST(
		    what_is_larger_than_allowed_fails_and_leaves_nothing),
		WORLD_TEST(a_full_disk_fails_its_urls_and_leaves_no_short_file),
		WORLD_TEST(one_file_too_many_does_not_end_the_run),
		WORLD_TEST(a_log_that_cannot_be_written_ends_the_run),
		WORLD_TEST(standard_output_that_is_full_ends_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
