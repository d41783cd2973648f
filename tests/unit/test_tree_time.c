/* link: -Wl,--wrap=openat,--wrap=write,--wrap=fchmod,--wrap=close,--wrap=renameat,--wrap=renameat2,--wrap=syscall,--wrap=flock,--wrap=fstatat,--wrap=mkdirat */
#include "tree_bench.h"

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define DATE_S 784111777
#define FIELDS "Last-Modified: " DATE "\r\n"

static struct bulkfetch_tree_options
timestamping(void)
{
	struct bulkfetch_tree_options o = options();

	o.is_timestamping = true;
	return o;
}

static int64_t
mtime_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(scratch_path(name), &st), 0);
	return st.st_mtim.tv_sec;
}

static void
set_mtime(const char *name, int64_t time)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = time } };

	assert_int_equal(utimensat(AT_FDCWD, scratch_path(name), times, 0), 0);
}

/* ---- Modification times ------------------------------------------------- */

static void
gives_files_the_time_of_last_modified(void **state)
{
	struct bulkfetch_tree_options o = options();

	(void)state;
	o.sets_mtime = true;
	collect_answer.fields = FIELDS;
	for (int atomic = 0; atomic < 2; atomic++) {
		o.is_atomic = atomic != 0;
		begin_run(o);
		for (unsigned how = 0; how < ARRIVALS; how++) {
			expect_stored("http://h/a", "x", how, "h/a", false);
			assert_int_equal(mtime_of("h/a"), DATE_S);
			expect_stored("http://h/a", "y", how, "h/a", false);
			assert_int_equal(mtime_of("h/a"), DATE_S);
			assert_int_equal(unlink(scratch_path("h/a")), 0);
		}
	}
	/* Not unless asked to. */
	begin_run(options());
	expect_stored("http://h/a", "x", ARRIVES_WHOLE, "h/a", false);
	assert_true(mtime_of("h/a") > DATE_S);
}

static void
leaves_the_time_alone_where_there_is_no_date(void **state)
{
	static const char *const fields[] = {
		NULL,
		"",
		"Last-Modified: yesterday\r\n",
		"Last-Modified: Sun, 06 Nov 1960 08:49:37 GMT\r\n",
		"Last-Modified:\r\n",
		"Date: " DATE "\r\n",
	};
	struct bulkfetch_tree_options o = options();

	(void)state;
	o.sets_mtime = true;
	begin_run(o);
	for (size_t i = 0; i < COUNT(fields); i++) {
		collect_answer.fields = fields[i];
		expect_stored("http://h/a", "x", ARRIVES_SPLIT, "h/a", false);
		assert_true(mtime_of("h/a") > DATE_S);
	}
	/* Nor is it an error page's. */
	collect_answer.fields = FIELDS;
	collect_answer.status = 404;
	expect_stored("http://h/a", "x", ARRIVES_SPLIT, "h/a", false);
	assert_true(mtime_of("h/a") > DATE_S);
}

static void
takes_two_more_calls_for_the_time(void **state)
{
	struct bulkfetch_tree_options o = options();

	(void)state;
	o.sets_mtime = true;
	collect_answer.fields = FIELDS;
	begin_run(o);
	expect_stored("http://h/x", "x", ARRIVES_WHOLE, "h/x", false);
	faults_reset();
	assert_int_equal(collect(&tree, "http://h/a", "x", ARRIVES_WHOLE), 0);
	/* Those that are counted are as ever: futimens and fstat are not. */
	assert_int_equal(faults_total(), 4);
}

/* ---- --timestamping ----------------------------------------------------- */

static void
asks_for_what_is_newer_than_the_file(void **state)
{
	(void)state;
	collect_answer.fields = FIELDS;
	begin_run(timestamping());
	assert_int_equal(collect_current(&tree, "http://h/a"), 0);
	expect_stored("http://h/a", "old", ARRIVES_WHOLE, "h/a", false);
	begin_run(timestamping());
	assert_int_equal(collect_current(&tree, "http://h/a"), 1);
	assert_true(collected_copy.is_whole);
	assert_int_equal(collected_copy.len, 3);
	assert_int_equal(collected_copy.total, 3);
	assert_string_equal(collected_copy.last_modified, DATE);
	assert_string_equal(collected_copy.etag, "");
	assert_string_equal(collected_copy.url, "");
	/* It is current... */
	assert_int_equal(collect_keep(&tree, "http://h/a"), 0);
	assert_string_equal(collected_file, scratch_path("h/a"));
	assert_false(collected_moved);
	scratch_expect_text("h/a", "old");
	/* ...or it is not. */
	expect_stored("http://h/a", "new", ARRIVES_WHOLE, "h/a", false);
	expect_count("h", 1);
}

static void
asks_for_all_without_a_whole_file(void **state)
{
	(void)state;
	assert_int_equal(mkdir(scratch_path("h"), 0755), 0);
	assert_int_equal(mkdir(scratch_path("h/dir"), 0755), 0);
	scratch_write("h/half", "x", 0);
	scratch_write("h/file", "x", 0644);
	assert_int_equal(symlink("file", scratch_path("h/link")), 0);
	begin_run(timestamping());
	assert_int_equal(collect_current(&tree, "http://h/file"), 1);
	assert_int_equal(collect_current(&tree, "http://h/none"), 0);
	assert_int_equal(collect_current(&tree, "http://h/no/ne"), 0);
	assert_int_equal(collect_current(&tree, "http://h/dir"), 0);
	assert_int_equal(collect_current(&tree, "http://h/half"), 0);
	assert_int_equal(collect_current(&tree, "http://h/link"), 0);
	assert_int_equal(collect_current(&tree, "http://other/"), 0);
	/* Times that HTTP has no word for. */
	set_mtime("h/file", -1);
	assert_int_equal(collect_current(&tree, "http://h/file"), 0);
	set_mtime("h/file", 0);
	assert_int_equal(collect_current(&tree, "http://h/file"), 1);
	assert_string_equal(
	    collected_copy.last_modified, "Thu, 01 Jan 1970 00:00:00 GMT");
}

static void
finds_files_that_had_to_be_moved(void **state)
{
	static const char *const one = "http://one/f";
	static const char *const two = "http://two/f";
	struct bulkfetch_tree_options o = timestamping();

	(void)state;
	o.name_template = "%{name}";
	begin_run(o);
	expect_stored(one, "1", ARRIVES_WHOLE, "f", false);
	expect_stored(two, "22", ARRIVES_WHOLE, moved("f", two), true);
	begin_run(o);
	assert_int_equal(collect_current(&tree, two), 1);
	assert_int_equal(collected_copy.len, 2);
	assert_int_equal(collect_keep(&tree, two), 0);
	assert_string_equal(collected_file, scratch_path(moved("f", two)));
	assert_true(collected_moved);
	assert_int_equal(collect_current(&tree, one), 1);
	assert_int_equal(collected_copy.len, 1);
	assert_int_equal(collect_keep(&tree, one), 0);
	assert_string_equal(collected_file, scratch_path("f"));
}

/* A file that was found current is this run's, however long ago. */
static void
never_replaces_what_it_has_kept(void **state)
{
	static const char *const one = "http://one/f";
	static const char *const two = "http://two/f";
	struct bulkfetch_tree_options o = timestamping();

	(void)state;
	o.name_template = "%{name}";
	begin_run(o);
	expect_stored(one, "1", ARRIVES_WHOLE, "f", false);
	begin_run(o);
	assert_int_equal(collect_current(&tree, one), 1);
	assert_int_equal(collect_keep(&tree, one), 0);
	for (unsigned i = 0; i < 20000; i++) {
		char url[64];

		(void)snprintf(url, sizeof(url), "http://h/%u", i);
		assert_int_equal(collect(&tree, url, "x", ARRIVES_WHOLE), 0);
	}
	expect_stored(two, "2", ARRIVES_WHOLE, moved("f", two), true);
	scratch_expect_text("f", "1");
}

static void
fails_when_what_was_current_has_gone(void **state)
{
	(void)state;
	begin_run(timestamping());
	expect_stored("http://h/a", "x", ARRIVES_WHOLE, "h/a", false);
	assert_int_equal(collect_current(&tree, "http://h/a"), 1);
	assert_int_equal(unlink(scratch_path("h/a")), 0);
	assert_int_equal(collect_keep(&tree, "http://h/a"), ENOENT);
	assert_int_equal(rmdir(scratch_path("h")), 0);
	tree.shrink(tree.ctx);
	assert_int_equal(collect_keep(&tree, "http://h/a"), ENOENT);
}

static void
passes_on_what_goes_wrong(void **state)
{
	(void)state;
	begin_run(timestamping());
	faults_set(FAULT_SYSCALL, 1, 100, EMFILE);
	assert_int_equal(collect_current(&tree, "http://h/a"), -EMFILE);
	faults_set(FAULT_SYSCALL, 1, 100, EMFILE);
	assert_int_equal(collect_keep(&tree, "http://h/a"), EMFILE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_files_the_time_of_last_modified),
		TEST(leaves_the_time_alone_where_there_is_no_date),
		TEST(takes_two_more_calls_for_the_time),
		TEST(asks_for_what_is_newer_than_the_file),
		TEST(asks_for_all_without_a_whole_file),
		TEST(finds_files_that_had_to_be_moved),
		TEST(never_replaces_what_it_has_kept),
		TEST(fails_when_what_was_current_has_gone),
		TEST(passes_on_what_goes_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
