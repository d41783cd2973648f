/* link: -Wl,--wrap=openat,--wrap=write,--wrap=fchmod,--wrap=close,--wrap=renameat,--wrap=renameat2,--wrap=syscall,--wrap=flock,--wrap=fstatat,--wrap=mkdirat */
#include "tree_bench.h"

#include <signal.h>
#include <sys/wait.h>

/* ---- After a kill ------------------------------------------------------- */

/* A run that is killed with two bodies under way. */
static void
be_killed(void)
{
	pid_t pid = fork();
	int status;

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		void *bodies[2];

		begin_run(options());
		(void)collect_begin(&tree, "http://h/large", 100, &bodies[0]);
		(void)tree.write(
		    tree.ctx, bodies[0], collect_text("half"), false);
		(void)collect(&tree, "http://h/done", "x", ARRIVES_SPLIT);
		/* Between open and fchmod of a body that is whole. */
		int dir = open(scratch_path("h"), O_RDONLY | O_DIRECTORY);
		int fd = openat(dir, "small", O_WRONLY | O_CREAT, 0);

		(void)!write(fd, "ha", 2);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void
replaces_what_a_killed_run_left(void **state)
{
	(void)state;
	be_killed();
	expect_count("h", 3);
	assert_false(scratch_exists("h/large"));
	assert_int_equal(scratch_mode("h/small"), S_IFREG);
	scratch_expect_text("h/done", "x");
	begin_run((struct bulkfetch_tree_options){
	    .dir = scratch_dir, .skip_existing = true });
	assert_int_equal(collect_has(&tree, "http://h/large"), 0);
	assert_int_equal(collect_has(&tree, "http://h/small"), 0);
	assert_int_equal(collect_has(&tree, "http://h/done"), 1);
	expect_stored(
	    "http://h/large", "whole", ARRIVES_SPLIT, "h/large", false);
	expect_stored("http://h/small", "all", ARRIVES_WHOLE, "h/small", false);
	expect_count("h", 3);
}

/* ---- --skip-existing ---------------------------------------------------- */

static void
has_what_is_complete(void **state)
{
	struct bulkfetch_tree_options o = options();

	(void)state;
	begin_run(o);
	assert_null(tree.has);
	expect_stored("http://h/a", "x", ARRIVES_WHOLE, "h/a", false);
	expect_stored("http://h/a/b", "x", ARRIVES_WHOLE, "h/a%dir/b", true);
	expect_stored("http://h/x/y", "x", ARRIVES_WHOLE, "h/x/y", false);
	expect_stored("http://h/x", "x", ARRIVES_WHOLE, "h/x%file", true);
	assert_int_equal(symlink("a", scratch_path("h/link")), 0);
	o.skip_existing = true;
	begin_run(o);
	assert_int_equal(collect_has(&tree, "http://h/a"), 1);
	assert_string_equal(collected_file, scratch_path("h/a"));
	assert_int_equal(collect_has(&tree, "http://h/a/b"), 1);
	assert_string_equal(collected_file, scratch_path("h/a%dir/b"));
	assert_true(collected_moved);
	assert_int_equal(collect_has(&tree, "http://h/x"), 1);
	assert_string_equal(collected_file, scratch_path("h/x%file"));
	assert_int_equal(collect_has(&tree, "http://h/link"), 0);
	assert_int_equal(collect_has(&tree, "http://h/none"), 0);
	assert_int_equal(collect_has(&tree, "http://h/no/ne"), 0);
	assert_int_equal(collect_has(&tree, "http://other/a"), 0);
	assert_int_equal(collect_has(&tree, "http://h/a/c/d"), 0);
	/* It looks, and makes nothing. */
	expect_count(".", 1);
	expect_count("h", 5);
	expect_count("h/a%dir", 1);
}

static void
has_of_names_that_meet_what_is_the_urls_own(void **state)
{
	static const char *const one = "http://h/1";
	static const char *const two = "http://h/2";
	static const char *const three = "http://h/3";
	struct bulkfetch_tree_options o = options();

	(void)state;
	o.name_template = "all";
	o.skip_existing = true;
	begin_run(o);
	assert_int_equal(collect_has(&tree, one), 0);
	expect_stored(one, "1", ARRIVES_WHOLE, "all", false);
	/* Made a moment ago, by another URL. */
	assert_int_equal(collect_has(&tree, two), 0);
	expect_stored(two, "2", ARRIVES_WHOLE, moved("all", two), true);
	/* Of this run and its own. */
	assert_int_equal(collect_has(&tree, one), 1);
	assert_int_equal(collect_has(&tree, two), 1);
	assert_string_equal(collected_file, scratch_path(moved("all", two)));
	begin_run(o);
	assert_int_equal(collect_has(&tree, two), 1);
	assert_string_equal(collected_file, scratch_path(moved("all", two)));
	assert_true(collected_moved);
	assert_int_equal(collect_has(&tree, one), 1);
	assert_string_equal(collected_file, scratch_path("all"));
	assert_false(collected_moved);
	/* The first one's, as this run has found; not to be replaced. */
	assert_int_equal(collect_has(&tree, three), 0);
	expect_stored(three, "3", ARRIVES_WHOLE, moved("all", three), true);
	scratch_expect_text("all", "1");
}

static void
passes_on_what_goes_wrong_while_looking(void **state)
{
	(void)state;
	begin_run((struct bulkfetch_tree_options){
	    .dir = scratch_dir, .skip_existing = true });
	faults_set(FAULT_SYSCALL, 1, 100, EMFILE);
	assert_int_equal(collect_has(&tree, "http://h/a"), -EMFILE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(replaces_what_a_killed_run_left),
		TEST(has_what_is_complete),
		TEST(has_of_names_that_meet_what_is_the_urls_own),
		TEST(passes_on_what_goes_wrong_while_looking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
