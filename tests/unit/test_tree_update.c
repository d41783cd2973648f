/* link: -Wl,--wrap=openat,--wrap=write,--wrap=fchmod,--wrap=close,--wrap=renameat,--wrap=renameat2,--wrap=syscall,--wrap=flock,--wrap=fstatat,--wrap=mkdirat,--wrap=pread */
#include "tree_bench.h"

#include <signal.h>
#include <sys/wait.h>

#include "collect/update.h"

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static unsigned preads;

ssize_t __real_pread(int fd, void *ptr, size_t len, off_t at);
ssize_t __wrap_pread(int fd, void *ptr, size_t len, off_t at);

ssize_t
__wrap_pread(int fd, void *ptr, size_t len, off_t at)
{
	preads++;
	return __real_pread(fd, ptr, len, at);
}

static struct bulkfetch_tree_options
update(void)
{
	struct bulkfetch_tree_options o = options();

	o.is_update = true;
	return o;
}

/* Fetch `url` with an ETag. */
static void
fetch(const char *url, const char *content, const char *etag, const char *name)
{
	char fields[128];

	(void)snprintf(fields, sizeof(fields), "ETag: %s\r\n", etag);
	collect_answer.fields = fields;
	expect_stored(url, content, ARRIVES_WHOLE, name, false);
	collect_answer.fields = NULL;
}

static void
expect_etag(const char *url, const char *etag)
{
	int rc = collect_current(&tree, url);

	if (rc != (etag[0] != '\0'))
		fail_msg("%s: %d", url, rc);
	assert_string_equal(collected_copy.etag, etag);
	assert_true(rc == 0 || collected_copy.is_whole);
}

static void
asks_for_what_has_another_validator(void **state)
{
	static const struct {
		const char *fields;
		const char *etag;
		const char *last_modified;
	} rows[] = {
		{ "ETag: \"a\"\r\n", "\"a\"", "" },
		{ "ETag: W/\"a\"\r\n", "W/\"a\"", "" },
		{ "Last-Modified: " DATE "\r\n", "", DATE },
		{ "Last-Modified: " DATE "\r\nETag: \"a\"\r\n", "\"a\"", DATE },
		/* In the peer's words. */
		{ "Last-Modified: Sun Nov  6 08:49:37 1994\r\n", "",
		    "Sun Nov  6 08:49:37 1994" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (unsigned how = 0; how < ARRIVALS; how++) {
			begin_run(update());
			collect_answer.fields = rows[i].fields;
			expect_stored("http://h/a", "12345", how, "h/a", false);
			begin_run(update());
			assert_int_equal(
			    collect_current(&tree, "http://h/a"), 1);
			assert_true(collected_copy.is_whole);
			assert_int_equal(collected_copy.len, 5);
			assert_int_equal(collected_copy.total, 5);
			assert_string_equal(collected_copy.etag, rows[i].etag);
			assert_string_equal(collected_copy.last_modified,
			    rows[i].last_modified);
			assert_string_equal(collected_copy.url, "");
			assert_int_equal(collect_keep(&tree, "http://h/a"), 0);
			assert_string_equal(
			    collected_file, scratch_path("h/a"));
			assert_false(collected_moved);
			scratch_expect_text("h/a", "12345");
		}
	}
}

static void
asks_for_all_without_a_validator(void **state)
{
	static const struct {
		unsigned status;
		const char *fields;
	} rows[] = {
		{ 200, NULL }, { 200, "" },
		{ 200, "ETag: a\r\nLast-Modified: now\r\n" },
		{ 404, "ETag: \"a\"\r\n" }, /* an error page */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin_run(update());
		fetch("http://h/a", "x", "\"a\"", "h/a");
		begin_run(update());
		expect_etag("http://h/a", "\"a\"");
		collect_answer.status = rows[i].status;
		collect_answer.fields = rows[i].fields;
		expect_stored("http://h/a", "x", ARRIVES_SPLIT, "h/a", false);
		collect_answer = (struct collect_answer){ 0 };
		begin_run(update());
		expect_etag("http://h/a", "");
	}
}

static void
remembers_where_a_redirect_led(void **state)
{
	(void)state;
	begin_run(update());
	collect_answer.url = "http://other/b";
	fetch("http://h/a", "x", "\"a\"", "h/a");
	begin_run(update());
	expect_etag("http://h/a", "\"a\"");
	assert_string_equal(collected_copy.url, "http://other/b");
}

static void
replaces_a_changed_file_at_one_go(void **state)
{
	(void)state;
	begin_run(update());
	fetch("http://h/a", "old", "\"a\"", "h/a");
	begin_run(update());
	expect_etag("http://h/a", "\"a\"");
	faults_reset();
	collect_answer.fields = "ETag: \"b\"\r\n";
	assert_int_equal(collect(&tree, "http://h/a", "new", ARRIVES_WHOLE), 0);
	/* The temporary file at once, and no look whether the name is free. */
	assert_int_equal(faults[FAULT_OPENAT].calls, 1);
	scratch_expect_text("h/a", "new");
	expect_count("h", 1);
	begin_run(update());
	expect_etag("http://h/a", "\"b\"");
}

static void
keeps_the_old_file_and_its_entry_when_a_new_one_fails(void **state)
{
	void *body;

	(void)state;
	begin_run(update());
	fetch("http://h/a", "old", "\"a\"", "h/a");
	begin_run(update());
	assert_int_equal(collect_begin(&tree, "http://h/a", 8, &body), 0);
	assert_int_equal(
	    tree.write(tree.ctx, body, collect_text("1234"), false), 0);
	tree.abort(tree.ctx, body);
	begin_run(update());
	faults_set(FAULT_WRITE, 1, 1, ENOSPC);
	assert_int_equal(
	    collect(&tree, "http://h/a", "new", ARRIVES_WHOLE), ENOSPC);
	faults_reset();
	begin_run(update());
	expect_etag("http://h/a", "\"a\"");
	scratch_expect_text("h/a", "old");
	expect_count("h", 1);
}

enum meddling { REMOVED, CHANGED, TOUCHED, UNFINISHED, DIRECTORY, LINK, NAME };

static void
asks_for_all_when_the_file_is_not_the_stored_one(void **state)
{
	(void)state;
	for (unsigned how = 0; how <= NAME; how++) {
		begin_run(update());
		fetch("http://h/a", "x", "\"a\"", "h/a");
		begin_run(update());
		expect_etag("http://h/a", "\"a\"");
		switch ((enum meddling)how) {
		case REMOVED:
			assert_int_equal(unlink(scratch_path("h/a")), 0);
			break;
		case CHANGED:
			assert_int_equal(truncate(scratch_path("h/a"), 2), 0);
			break;
		case TOUCHED:
			assert_int_equal(
			    utimensat(AT_FDCWD, scratch_path("h/a"), NULL, 0),
			    0);
			break;
		case UNFINISHED:
			assert_int_equal(chmod(scratch_path("h/a"), 0), 0);
			break;
		case DIRECTORY:
			assert_int_equal(unlink(scratch_path("h/a")), 0);
			assert_int_equal(mkdir(scratch_path("h/a"), 0755), 0);
			break;
		case LINK:
			assert_int_equal(
			    rename(scratch_path("h/a"), scratch_path("h/b")),
			    0);
			assert_int_equal(symlink("b", scratch_path("h/a")), 0);
			break;
		case NAME:
			assert_int_equal(
			    rename(scratch_path("h"), scratch_path("g")), 0);
			tree.shrink(tree.ctx);
			begin_run(update());
			break;
		}
		expect_etag("http://h/a", "");
		assert_int_equal(collect_keep(&tree, "http://h/a"), ENOENT);
		end_run();
		assert_int_equal(scratch_teardown(state), 0);
		assert_int_equal(scratch_setup(state), 0);
	}
}

/* A run that replaces a file and is killed before it can say so. */
static void
asks_for_all_of_what_a_killed_run_replaced(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	begin_run(update());
	fetch("http://h/a", "old", "\"a\"", "h/a");
	fetch("http://h/b", "old", "\"b\"", "h/b");
	end_run();
	pid = fork();
	if (pid == 0) {
		begin_run(update());
		fetch("http://h/a", "new", "\"c\"", "h/a");
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	begin_run(update());
	expect_etag("http://h/a", "");
	expect_etag("http://h/b", "\"b\"");
}

static void
finds_files_that_had_to_be_moved(void **state)
{
	static const char *const one = "http://one/f";
	static const char *const two = "http://two/f";
	struct bulkfetch_tree_options o = update();

	(void)state;
	o.name_template = "%{name}";
	begin_run(o);
	fetch(one, "1", "\"1\"", "f");
	collect_answer.fields = "ETag: \"2\"\r\n";
	expect_stored(two, "22", ARRIVES_SPLIT, moved("f", two), true);
	/* Whoever comes first, and whether it has changed or not. */
	begin_run(o);
	expect_etag(two, "\"2\"");
	assert_int_equal(collect_keep(&tree, two), 0);
	assert_string_equal(collected_file, scratch_path(moved("f", two)));
	assert_true(collected_moved);
	expect_etag(one, "\"1\"");
	begin_run(o);
	collect_answer.fields = "ETag: \"3\"\r\n";
	expect_stored(two, "333", ARRIVES_WHOLE, moved("f", two), true);
	expect_etag(one, "\"1\"");
	assert_int_equal(collect_keep(&tree, one), 0);
	assert_string_equal(collected_file, scratch_path("f"));
	scratch_expect_text("f", "1");
	begin_run(o);
	expect_etag(two, "\"3\"");
}

static void
finds_files_beside_a_directory_of_their_name(void **state)
{
	(void)state;
	begin_run(update());
	fetch("http://h/a/b", "1", "\"1\"", "h/a/b");
	collect_answer.fields = "ETag: \"2\"\r\n";
	expect_stored("http://h/a", "2", ARRIVES_WHOLE, "h/a%file", true);
	fetch("http://h/x", "3", "\"3\"", "h/x");
	collect_answer.fields = "ETag: \"4\"\r\n";
	expect_stored("http://h/x/y", "4", ARRIVES_WHOLE, "h/x%dir/y", true);
	begin_run(update());
	expect_etag("http://h/a", "\"2\"");
	assert_int_equal(collect_keep(&tree, "http://h/a"), 0);
	assert_string_equal(collected_file, scratch_path("h/a%file"));
	expect_etag("http://h/x/y", "\"4\"");
	assert_int_equal(collect_keep(&tree, "http://h/x/y"), 0);
	assert_string_equal(collected_file, scratch_path("h/x%dir/y"));
	/* Changed, it keeps its name. */
	collect_answer.fields = "ETag: \"5\"\r\n";
	expect_stored("http://h/a", "5", ARRIVES_SPLIT, "h/a%file", true);
}

static void
never_replaces_what_it_has_kept(void **state)
{
	static const char *const one = "http://one/f";
	static const char *const two = "http://two/f";
	struct bulkfetch_tree_options o = update();

	(void)state;
	o.name_template = "%{name}";
	begin_run(o);
	fetch(one, "1", "\"1\"", "f");
	begin_run(o);
	expect_etag(one, "\"1\"");
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
takes_few_calls_for_what_has_not_changed(void **state)
{
	unsigned count = 1000;

	(void)state;
	begin_run(update());
	collect_answer.fields = "ETag: \"a\"\r\n";
	for (unsigned i = 0; i < count; i++) {
		char url[64];

		(void)snprintf(url, sizeof(url), "http://h/%u", i);
		assert_int_equal(collect(&tree, url, "x", ARRIVES_WHOLE), 0);
	}
	begin_run(update());
	expect_etag("http://h/0", "\"a\"");
	faults_reset();
	preads = 0;
	for (unsigned i = 0; i < count; i++) {
		char url[64];

		(void)snprintf(url, sizeof(url), "http://h/%u", i);
		assert_int_equal(collect_current(&tree, url), 1);
		assert_int_equal(collect_keep(&tree, url), 0);
	}
	/* For each of the two: the index, the record, the file. */
	assert_int_equal(faults[FAULT_FSTATAT].calls, 2 * count);
	assert_int_equal(faults_total(), 2 * count);
	assert_int_equal(preads, 4 * count);
}

static void
keeps_a_second_run_out(void **state)
{
	struct bulkfetch_tree_options o = update();
	struct bulkfetch_collector other;
	struct bulkfetch_problem problem;

	(void)state;
	begin_run(update());
	assert_int_equal(bulkfetch_tree_new(&o, &other, &problem), EWOULDBLOCK);
	assert_int_equal(problem.sys, EWOULDBLOCK);
	assert_false(problem.is_usage);
	assert_non_null(strstr(problem.text, scratch_dir));
	assert_non_null(strstr(problem.text, "another run"));
	/* One that does not care is fine. */
	o.is_update = false;
	assert_int_equal(bulkfetch_tree_new(&o, &other, &problem), 0);
	other.free(other.ctx);
}

static void
sets_times_as_well(void **state)
{
	struct bulkfetch_tree_options o = update();
	struct stat st;

	(void)state;
	o.sets_mtime = true;
	collect_answer.fields = "Last-Modified: " DATE "\r\n";
	for (unsigned how = 0; how < ARRIVALS; how++) {
		begin_run(o);
		expect_stored("http://h/a", "x", how, "h/a", false);
		assert_int_equal(stat(scratch_path("h/a"), &st), 0);
		assert_int_equal(st.st_mtim.tv_sec, 784111777);
		begin_run(o);
		assert_int_equal(collect_current(&tree, "http://h/a"), 1);
	}
}

/* Whatever fails, a condition is about the file that is there. */
static void
asks_by_no_wrong_validator_whatever_call_fails(void **state)
{
	(void)state;
	for (unsigned call = 0; call < FAULT_CALLS; call++) {
		bool was_hit = true;

		for (unsigned n = 1; was_hit; n++) {
			begin_run(update());
			fetch("http://h/a", "old", "\"old\"", "h/a");
			begin_run(update());
			faults_set(call, n, n, EIO);
			collect_answer.fields = "ETag: \"new\"\r\n";
			(void)collect_current(&tree, "http://h/a");
			(void)collect(
			    &tree, "http://h/a", "newer", ARRIVES_SPLIT);
			end_run();
			was_hit = faults[call].calls >= n;
			faults_reset();
			begin_run(update());
			if (collect_current(&tree, "http://h/a") == 0)
				assert_true(was_hit);
			else if (strcmp(collected_copy.etag, "\"old\"") == 0)
				scratch_expect_text("h/a", "old");
			else
				scratch_expect_text("h/a", "newer");
		}
	}
}

/* What anybody might have written into the store's place. */
static void
asks_nothing_that_no_response_said(void **state)
{
	static const struct update_entry rows[] = {
		{ .etag = TEXT("\"a\"\r\nX: y") },
		{ .etag = TEXT("a") },
		{ .last_modified = TEXT("today") },
		{ .etag = TEXT("\"a\""), .url = TEXT("http://h/\r\n") },
	};
	struct stat st;
	int root;

	(void)state;
	begin_run(update());
	fetch("http://h/a", "x", "\"a\"", "h/a");
	end_run();
	assert_int_equal(stat(scratch_path("h/a"), &st), 0);
	root = open(scratch_dir, O_PATH | O_DIRECTORY);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct update_entry entry = rows[i];
		struct bulkfetch_request request;
		struct update *u;
		struct update_key key;
		struct buf space;

		entry.len = 1;
		entry.mtime = st.st_mtim;
		assert_false(err_is(update_open(root, &u)));
		request = asked_for(slice_str("http://h/a"), 1, &space);
		key = update_key(u, &request);
		update_note(u, &key, &entry);
		assert_false(err_is(update_close(u)));
		buf_fini(&space);
		begin_run(update());
		expect_etag("http://h/a", "");
		end_run();
	}
	assert_int_equal(close(root), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(asks_for_what_has_another_validator),
		TEST(asks_for_all_without_a_validator),
		TEST(remembers_where_a_redirect_led),
		TEST(replaces_a_changed_file_at_one_go),
		TEST(keeps_the_old_file_and_its_entry_when_a_new_one_fails),
		TEST(asks_for_all_when_the_file_is_not_the_stored_one),
		TEST(asks_for_all_of_what_a_killed_run_replaced),
		TEST(finds_files_that_had_to_be_moved),
		TEST(finds_files_beside_a_directory_of_their_name),
		TEST(never_replaces_what_it_has_kept),
		TEST(takes_few_calls_for_what_has_not_changed),
		TEST(keeps_a_second_run_out),
		TEST(sets_times_as_well),
		TEST(asks_by_no_wrong_validator_whatever_call_fails),
		TEST(asks_nothing_that_no_response_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
