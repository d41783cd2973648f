/* link: -Wl,--wrap=openat,--wrap=write,--wrap=fchmod,--wrap=close,--wrap=renameat,--wrap=renameat2,--wrap=syscall,--wrap=flock,--wrap=fstatat,--wrap=mkdirat */
#include "tree_bench.h"

/* ---- What is promised of any file --------------------------------------- */

static void
stores_bodies_however_they_arrive(void **state)
{
	(void)state;
	for (int atomic = 0; atomic < 2; atomic++) {
		struct bulkfetch_tree_options o = options();

		o.is_atomic = atomic != 0;
		begin_run(o);
		for (unsigned how = 0; how < ARRIVALS; how++) {
			char url[32];

			(void)snprintf(url, sizeof(url), "http://h/d/%u", how);
			expect_stored(url, "some body", how, url + 7, false);
			/* Again: replaced. */
			expect_stored(url, "another", how, url + 7, false);
		}
		expect_count("h/d", ARRIVALS);
	}
}

static void
stores_empty_bodies(void **state)
{
	void *body;

	(void)state;
	begin_run(options());
	expect_stored("http://h/a", "", ARRIVES_WHOLE, "h/a", false);
	expect_stored("http://h/b", "", ARRIVES_CHUNKED, "h/b", false);
	/* Without a single write. */
	assert_int_equal(
	    collect_begin(&tree, "http://h/c", BULKFETCH_LENGTH_UNKNOWN, &body),
	    0);
	assert_int_equal(collect_commit(&tree, body), 0);
	scratch_expect_text("h/c", "");
	expect_count("h", 3);
}

static void
takes_four_calls_for_a_whole_body_in_a_known_directory(void **state)
{
	(void)state;
	begin_run(options());
	expect_stored("http://h/d/a", "x", ARRIVES_WHOLE, "h/d/a", false);
	faults_reset();
	for (int i = 0; i < 10; i++) {
		char url[32];

		(void)snprintf(url, sizeof(url), "http://h/d/%d", i);
		assert_int_equal(collect(&tree, url, "x", ARRIVES_WHOLE), 0);
	}
	assert_int_equal(faults[FAULT_OPENAT].calls, 10);
	assert_int_equal(faults[FAULT_WRITE].calls, 10);
	assert_int_equal(faults[FAULT_FCHMOD].calls, 10);
	assert_int_equal(faults[FAULT_CLOSE].calls, 10);
	assert_int_equal(faults_total(), 40);
}

static void
shows_nothing_of_a_body_that_is_not_whole(void **state)
{
	unsigned fds;
	void *body;

	(void)state;
	begin_run(options());
	expect_stored("http://h/a", "old", ARRIVES_WHOLE, "h/a", false);
	fds = scratch_open_fds();
	for (int i = 0; i < 2; i++) {
		const char *url = i == 0 ? "http://h/a" : "http://h/b";

		assert_int_equal(collect_begin(&tree, url, 10, &body), 0);
		assert_int_equal(scratch_open_fds(), fds);
		expect_count("h", 1);
		assert_int_equal(
		    tree.write(tree.ctx, body, collect_text("12345"), false),
		    0);
		scratch_expect_text("h/a", "old");
		assert_false(scratch_exists("h/b"));
		tree.abort(tree.ctx, body);
		assert_int_equal(scratch_open_fds(), fds);
		expect_count("h", 1);
	}
	/* Not begun at all; and whole, but not wanted any more. */
	assert_int_equal(collect_begin(&tree, "http://h/b", 10, &body), 0);
	tree.abort(tree.ctx, body);
	assert_int_equal(collect_begin(&tree, "http://h/b", 3, &body), 0);
	assert_int_equal(
	    tree.write(tree.ctx, body, collect_text("abc"), true), 0);
	tree.abort(tree.ctx, body);
	expect_count("h", 1);
	scratch_expect_text("h/a", "old");
}

static void
gives_a_descriptor_for_large_bodies_alone(void **state)
{
	static const struct {
		uint64_t length;
		bool has_fd;
	} rows[] = {
		{ 0, false },
		{ 65535, false },
		{ 65536, true },
		{ BULKFETCH_LENGTH_UNKNOWN, true },
	};

	(void)state;
	begin_run(options());
	for (size_t i = 0; i < COUNT(rows); i++) {
		void *body;
		int fd;

		assert_int_equal(
		    collect_begin(&tree, "http://h/a", rows[i].length, &body),
		    0);
		fd = tree.fd(tree.ctx, body);
		assert_true((fd != -1) == rows[i].has_fd);
		assert_int_equal(tree.fd(tree.ctx, body), fd);
		tree.abort(tree.ctx, body);
		/* Nothing is made for a body that may be put at one go. */
		assert_true(scratch_exists("h") == rows[i].has_fd ||
		    scratch_count("h") == 0);
	}
}

static void
respects_the_umask(void **state)
{
	static const mode_t masks[] = { 0, 022, 077, 0777 };

	(void)state;
	for (size_t i = 0; i < COUNT(masks); i++) {
		assert_int_equal(mkdir(scratch_path("m"), 0777), 0);
		(void)umask(masks[i]);
		begin_run((struct bulkfetch_tree_options){
		    .dir = scratch_dir, .name_template = "m/%{n}-%{name}" });
		assert_int_equal(
		    collect(&tree, "http://h/a", "x", ARRIVES_WHOLE), 0);
		assert_int_equal(
		    collect(&tree, "http://h/b", "x", ARRIVES_SPLIT), 0);
		(void)umask(022);
		assert_int_equal(
		    scratch_mode("m/1-a"), S_IFREG | (0666 & ~masks[i]));
		assert_int_equal(
		    scratch_mode("m/1-b"), S_IFREG | (0666 & ~masks[i]));
		assert_int_equal(unlink(scratch_path("m/1-a")), 0);
		assert_int_equal(unlink(scratch_path("m/1-b")), 0);
		assert_int_equal(rmdir(scratch_path("m")), 0);
	}
}

/* ---- When the system refuses -------------------------------------------- */

static void
fails_with_the_errno_and_leaves_nothing(void **state)
{
	static const struct {
		enum arrival how;
		enum fault_call call;
		unsigned n;
		int sys;
	} rows[] = {
		{ ARRIVES_WHOLE, FAULT_OPENAT, 1, ENOSPC },
		{ ARRIVES_WHOLE, FAULT_WRITE, 1, ENOSPC },
		{ ARRIVES_WHOLE, FAULT_WRITE, 2, EDQUOT },
		{ ARRIVES_WHOLE, FAULT_WRITE, 1, EFBIG },
		{ ARRIVES_WHOLE, FAULT_FCHMOD, 1, EIO },
		{ ARRIVES_WHOLE, FAULT_CLOSE, 1, EDQUOT },
		{ ARRIVES_SPLIT, FAULT_OPENAT, 1, ENOSPC },
		{ ARRIVES_SPLIT, FAULT_WRITE, 1, ENOSPC },
		{ ARRIVES_SPLIT, FAULT_WRITE, 2, ENOSPC },
		{ ARRIVES_SPLIT, FAULT_FCHMOD, 1, EIO },
		{ ARRIVES_SPLIT, FAULT_CLOSE, 1, EDQUOT },
		{ ARRIVES_SPLIT, FAULT_RENAMEAT2, 1, EROFS },
		{ ARRIVES_CHUNKED, FAULT_CLOSE, 1, EIO },
	};
	unsigned fds;

	(void)state;
	begin_run(options());
	expect_stored("http://h/x", "", ARRIVES_WHOLE, "h/x", false);
	fds = scratch_open_fds();
	for (size_t i = 0; i < COUNT(rows); i++) {
		faults_reset();
		fault_write_max = rows[i].n == 2 ? 2 : 0;
		faults_set(rows[i].call, rows[i].n, rows[i].n, rows[i].sys);
		assert_int_equal(
		    collect(&tree, "http://h/a", "12345678", rows[i].how),
		    rows[i].sys);
		expect_count("h", 1);
		assert_int_equal(scratch_open_fds(), fds);
	}
	faults_reset();
	expect_stored("http://h/a", "x", ARRIVES_WHOLE, "h/a", false);
}

static void
keeps_the_old_file_when_its_replacement_fails(void **state)
{
	static const struct {
		enum fault_call call;
		unsigned n;
		int sys;
	} rows[] = {
		{ FAULT_OPENAT, 2, ENOSPC },
		{ FAULT_WRITE, 1, ENOSPC },
		{ FAULT_FCHMOD, 1, EIO },
		{ FAULT_CLOSE, 1, EDQUOT },
		{ FAULT_FSTATAT, 1, EIO },
	};

	(void)state;
	begin_run(options());
	expect_stored("http://h/a", "old", ARRIVES_WHOLE, "h/a", false);
	for (size_t i = 0; i < COUNT(rows); i++) {
		faults_reset();
		faults_set(rows[i].call, rows[i].n, rows[i].n, rows[i].sys);
		assert_int_equal(
		    collect(&tree, "http://h/a", "new", ARRIVES_WHOLE),
		    rows[i].sys);
		scratch_expect_text("h/a", "old");
		expect_count("h", 1);
	}
}

static void
asks_again_when_descriptors_are_short(void **state)
{
	static const int shortages[] = { EMFILE, ENFILE };

	(void)state;
	begin_run(options());
	for (size_t i = 0; i < COUNT(shortages); i++) {
		for (unsigned how = 0; how <= ARRIVES_CHUNKED; how++) {
			struct bulkfetch_text data = collect_text("12345678");
			bool is_last = how == ARRIVES_WHOLE;
			void *body;

			faults_reset();
			expect_stored(
			    "http://h/x", "", ARRIVES_WHOLE, "h/x", false);
			assert_int_equal(
			    collect_begin(&tree, "http://h/a", data.len, &body),
			    0);
			/* A cached directory is given up for it... */
			faults_set(FAULT_OPENAT, 1, 1, shortages[i]);
			assert_int_equal(
			    tree.write(tree.ctx, body, data, is_last), 0);
			tree.abort(tree.ctx, body);
			/* ...and if that is not enough, nothing is lost. */
			assert_int_equal(
			    collect_begin(&tree, "http://h/a", data.len, &body),
			    0);
			faults_set(FAULT_OPENAT, 1, 100, shortages[i]);
			assert_int_equal(
			    tree.write(tree.ctx, body, data, is_last),
			    shortages[i]);
			faults_reset();
			assert_int_equal(
			    tree.write(tree.ctx, body, data, is_last), 0);
			assert_int_equal(collect_commit(&tree, body), 0);
			scratch_expect_text("h/a", data.ptr);
			assert_int_equal(unlink(scratch_path("h/a")), 0);
		}
	}
}

static void
renames_where_modes_are_not_kept(void **state)
{
	(void)state;
	faults_set(FAULT_FCHMOD, 1, 1000, EPERM);
	begin_run(options());
	expect_stored("http://h/a", "x", ARRIVES_WHOLE, "h/a", false);
	expect_stored("http://h/a", "y", ARRIVES_WHOLE, "h/a", false);
	expect_stored("http://h/b", "x", ARRIVES_CHUNKED, "h/b", false);
	assert_true(faults[FAULT_RENAMEAT2].calls > 0);
	expect_count("h", 2);
}

static void
does_without_new_system_calls(void **state)
{
	(void)state;
	faults_set(FAULT_SYSCALL, 1, 1000, ENOSYS);
	faults_set(FAULT_RENAMEAT2, 1, 1000, EINVAL);
	begin_run((struct bulkfetch_tree_options){
	    .dir = scratch_dir, .is_atomic = true });
	expect_stored("http://h/a/b", "x", ARRIVES_WHOLE, "h/a/b", false);
	expect_stored("http://h/a/b", "y", ARRIVES_SPLIT, "h/a/b", false);
	expect_stored("http://h/a", "z", ARRIVES_SPLIT, "h/a%file", true);
}

static void
makes_a_directory_again_that_somebody_removed(void **state)
{
	(void)state;
	begin_run(options());
	for (unsigned how = 0; how < ARRIVALS; how++) {
		expect_stored("http://h/d/a", "x", how, "h/d/a", false);
		assert_int_equal(unlink(scratch_path("h/d/a")), 0);
		assert_int_equal(rmdir(scratch_path("h/d")), 0);
		expect_stored("http://h/d/a", "x", how, "h/d/a", false);
		assert_int_equal(unlink(scratch_path("h/d/a")), 0);
		assert_int_equal(rmdir(scratch_path("h/d")), 0);
		assert_int_equal(rmdir(scratch_path("h")), 0);
	}
}

/* ---- Before the first request ------------------------------------------- */

static void
says_what_is_wrong_with_a_directory(void **state)
{
	struct bulkfetch_tree_options o = options();
	struct bulkfetch_problem problem;

	(void)state;
	scratch_write("fi\nle", "", 0644);
	o.dir = scratch_path("fi\nle");
	assert_int_equal(bulkfetch_tree_new(&o, &tree, &problem), ENOTDIR);
	assert_int_equal(problem.sys, ENOTDIR);
	assert_false(problem.is_usage);
	assert_non_null(strstr(problem.text, "fi\\x0ale"));
	assert_non_null(strstr(problem.text, "Not a directory"));
	o.dir = "/proc/self";
	assert_int_not_equal(bulkfetch_tree_new(&o, &tree, &problem), 0);
	assert_non_null(strstr(problem.text, "'/proc/self'"));
}

static void
says_what_is_wrong_with_a_template(void **state)
{
	struct bulkfetch_tree_options o = options();
	struct bulkfetch_problem problem;

	(void)state;
	o.name_template = "%{what}";
	assert_int_equal(bulkfetch_tree_new(&o, &tree, &problem), EINVAL);
	assert_true(problem.is_usage);
	assert_non_null(strstr(problem.text, "%{what}"));
	assert_non_null(strstr(problem.text, "%{name}"));
}

static void
works_in_the_working_directory(void **state)
{
	struct bulkfetch_tree_options o = { 0 };

	(void)state;
	assert_int_equal(chdir(scratch_dir), 0);
	begin_run(o);
	assert_int_equal(collect(&tree, "http://h/a", "x", ARRIVES_WHOLE), 0);
	assert_string_equal(collected_file, "h/a");
	/* A descriptor, not a name, is what it goes by. */
	assert_int_equal(chdir("/"), 0);
	expect_count("h", 1);
	assert_int_equal(collect(&tree, "http://h/b", "x", ARRIVES_SPLIT), 0);
	scratch_expect_text("h/b", "x");
}

static void
lives_with_few_descriptors(void **state)
{
	unsigned fds = scratch_open_fds();

	(void)state;
	begin_run(options());
	for (int i = 0; i < 1000; i++) {
		char url[64];

		(void)snprintf(url, sizeof(url), "http://h%d/a/b", i);
		assert_int_equal(collect(&tree, url, "x", ARRIVES_WHOLE), 0);
		/* The root and its cache, which is bounded. */
		assert_in_range(scratch_open_fds(), fds, fds + 1025);
	}
	tree.shrink(tree.ctx);
	assert_true(scratch_open_fds() <= fds + 3);
	end_run();
	assert_int_equal(scratch_open_fds(), fds);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stores_bodies_however_they_arrive),
		TEST(stores_empty_bodies),
		TEST(takes_four_calls_for_a_whole_body_in_a_known_directory),
		TEST(shows_nothing_of_a_body_that_is_not_whole),
		TEST(gives_a_descriptor_for_large_bodies_alone),
		TEST(respects_the_umask),
		TEST(fails_with_the_errno_and_leaves_nothing),
		TEST(keeps_the_old_file_when_its_replacement_fails),
		TEST(asks_again_when_descriptors_are_short),
		TEST(renames_where_modes_are_not_kept),
		TEST(does_without_new_system_calls),
		TEST(makes_a_directory_again_that_somebody_removed),
		TEST(says_what_is_wrong_with_a_directory),
		TEST(says_what_is_wrong_with_a_template),
		TEST(works_in_the_working_directory),
		TEST(lives_with_few_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
