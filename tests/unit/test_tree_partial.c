/* link: -Wl,--wrap=openat,--wrap=write,--wrap=fchmod,--wrap=close,--wrap=renameat,--wrap=renameat2,--wrap=syscall,--wrap=flock,--wrap=fstatat,--wrap=mkdirat */
#include "partial_bench.h"

/* ---- From one run to the next ------------------------------------------- */

static void
goes_on_with_what_a_killed_run_left(void **state)
{
	static const struct {
		enum arrival how;
		uint64_t length;
		size_t len;
		const char *fields;
		uint64_t part; /* what is told of it */
	} rows[] = {
		{ ARRIVES_SPLIT, WHOLE, PART, "ETag: \"a\"\r\n", PART },
		{ ARRIVES_SPLICED, WHOLE, PART + 1, "ETag: \"a\"\r\n",
		    PART + 1 },
		{ ARRIVES_SPLIT, WHOLE, 1, "ETag: \"a\"\r\n", 1 },
		{ ARRIVES_SPLIT, MIB, 7, "ETag: \"a\"\r\n", 7 },
		{ ARRIVES_SPLIT, WHOLE, PART,
		    "Last-Modified: " DATE "\r\nDate: " LATER "\r\n", PART },
		/* All of it: one octet is asked for again. */
		{ ARRIVES_SPLIT, WHOLE, WHOLE, "ETag: \"a\"\r\n", WHOLE - 1 },
		{ ARRIVES_CHUNKED, BULKFETCH_LENGTH_UNKNOWN, PART,
		    "ETag: \"a\"\r\n", PART - 1 },
		{ ARRIVES_SPLICED, BULKFETCH_LENGTH_UNKNOWN, PART,
		    "ETag: \"a\"\r\n", PART - 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool has_etag = rows[i].fields[0] == 'E';
		uint64_t total = rows[i].length != BULKFETCH_LENGTH_UNKNOWN
		    ? rows[i].length
		    : WHOLE;

		collect_answer.fields = rows[i].fields;
		be_killed(URL, rows[i].length, rows[i].len, rows[i].how);
		assert_true(scratch_exists(temp_of(URL)));
		assert_true(scratch_exists(note_of(URL)));
		begin_run(options());
		expect_part(URL, rows[i].part, rows[i].length);
		assert_string_equal(
		    collected_copy.etag, has_etag ? "\"a\"" : "");
		assert_string_equal(
		    collected_copy.last_modified, has_etag ? "" : DATE);
		assert_string_equal(collected_copy.url, "");
		go_on(URL, rows[i].part, total);
		scratch_expect("h/a", slice(octets(0, total)));
		assert_false(scratch_exists(note_of(URL)));
		expect_count("h", 1);
		end_run();
		expect_count(".", 1);
		assert_int_equal(unlink(scratch_path("h/a")), 0);
	}
}

static void
may_be_killed_again_and_again(void **state)
{
	(void)state;
	leave_part();
	for (unsigned i = 0; i < 3; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			void *body;

			begin_run(options());
			(void)collect_current(&tree, URL);
			(void)begin_at(collected_copy.len, WHOLE, &body);
			(void)tree.write(tree.ctx, body,
			    octets(collected_copy.len, 1000), false);
			(void)kill(getpid(), SIGKILL);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	begin_run(options());
	expect_part(URL, PART + 3000, WHOLE);
	/* Behind less than there is, too. */
	go_on(URL, PART - 5, WHOLE);
	scratch_expect("h/a", slice(octets(0, WHOLE)));
}

static void
goes_on_with_a_body_that_was_suspended_when_the_kill_came(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		void *body;

		begin_run(options());
		collect_answer.fields = "ETag: \"a\"\r\n";
		(void)collect_begin(&tree, URL, WHOLE, &body);
		(void)tree.write(tree.ctx, body, octets(0, PART), false);
		(void)tree.suspend(tree.ctx, body);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	begin_run(options());
	expect_part(URL, PART, WHOLE);
	go_on(URL, PART, WHOLE);
	scratch_expect("h/a", slice(octets(0, WHOLE)));
}

/* As a kill leaves it, but in order: leave() in place of abort(). */
static void
goes_on_with_what_a_stopped_run_left(void **state)
{
	static const struct {
		const char *fields;
		bool is_suspended;
		bool is_left;
	} rows[] = {
		{ "ETag: \"a\"\r\n", false, true },
		{ "ETag: \"a\"\r\n", true, true },
		{ "", false, false },
		{ "", true, false },
	};
	unsigned fds;
	void *body;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin_run(options());
		expect_stored("http://h/x", "", ARRIVES_WHOLE, "h/x", false);
		fds = scratch_open_fds();
		collect_answer.fields = rows[i].fields;
		assert_int_equal(collect_begin(&tree, URL, WHOLE, &body), 0);
		collect_answer.fields = NULL;
		assert_int_equal(
		    tree.write(tree.ctx, body, octets(0, PART), false), 0);
		if (rows[i].is_suspended)
			assert_true(tree.suspend(tree.ctx, body));
		tree.leave(tree.ctx, body);
		/* A descriptor of the directory of notes may stay. */
		assert_in_range(scratch_open_fds(), fds, fds + 1);
		expect_count("h", rows[i].is_left ? 2 : 1);
		begin_run(options());
		if (rows[i].is_left) {
			expect_part(URL, PART, WHOLE);
			go_on(URL, PART, WHOLE);
			scratch_expect("h/a", slice(octets(0, WHOLE)));
			assert_int_equal(unlink(scratch_path("h/a")), 0);
		} else {
			assert_int_equal(collect_current(&tree, URL), 0);
		}
		end_run();
		expect_count(".", 1);
	}
	/* Nothing of what has not begun, or is whole but not wanted. */
	begin_run(options());
	assert_int_equal(collect_begin(&tree, URL, 1, &body), 0);
	tree.leave(tree.ctx, body);
	assert_int_equal(collect_begin(&tree, URL, 1, &body), 0);
	assert_int_equal(
	    tree.write(tree.ctx, body, collect_text("x"), true), 0);
	tree.leave(tree.ctx, body);
	expect_count("h", 1);
}

static void
remembers_where_a_redirect_led(void **state)
{
	(void)state;
	collect_answer.url = "http://other/b";
	collect_answer.fields = "ETag: \"a\"\r\n";
	be_killed(URL, WHOLE, PART, ARRIVES_SPLIT);
	begin_run(options());
	expect_part(URL, PART, WHOLE);
	assert_string_equal(collected_copy.url, "http://other/b");
}

/* The only note there is. */
static void
read_note(char text[NOTE_MAX])
{
	DIR *dir = opendir(scratch_path(PARTIAL_DIR));
	struct dirent *entry;
	ssize_t n;
	int fd;

	assert_non_null(dir);
	do
		entry = readdir(dir);
	while (entry != NULL && entry->d_name[0] == '.');
	assert_non_null(entry);
	fd = openat(dirfd(dir), entry->d_name, O_RDONLY);
	n = read(fd, text, NOTE_MAX - 1);
	assert_in_range(n, 1, NOTE_MAX - 1);
	text[n] = '\0';
	assert_int_equal(close(fd), 0);
	assert_int_equal(closedir(dir), 0);
}

static void
keeps_no_password_in_clear(void **state)
{
	static char text[NOTE_MAX];
	void *body;

	(void)state;
	collect_answer.fields = "ETag: \"a\"\r\n";
	begin_run(options());
	assert_int_equal(
	    collect_begin(&tree, "http://u:secret@h/a", WHOLE, &body), 0);
	assert_int_equal(tree.write(tree.ctx, body, octets(0, 1000), false), 0);
	expect_count(PARTIAL_DIR, 1);
	read_note(text);
	assert_non_null(strstr(text, "http://h/a\n"));
	assert_null(strstr(text, "secret"));
	tree.abort(tree.ctx, body);
}

/* ---- Who gets a note ---------------------------------------------------- */

static void
notes_only_what_can_be_gone_on_with(void **state)
{
	static const struct {
		unsigned status;
		uint64_t length;
		size_t len;
		const char *fields;
		bool is_noted;
	} rows[] = {
		{ 200, MIB, 1000, "ETag: \"a\"\r\n", true },
		{ 200, MIB - 1, 1000, "ETag: \"a\"\r\n", false },
		{ 200, BULKFETCH_LENGTH_UNKNOWN, MIB - 1, "ETag: \"a\"\r\n",
		    false },
		{ 200, BULKFETCH_LENGTH_UNKNOWN, MIB, "ETag: \"a\"\r\n", true },
		{ 200, BULKFETCH_LENGTH_UNKNOWN, MIB, "", false },
		{ 200, MIB, 1000, "ETag: W/\"a\"\r\n", false },
		{ 200, MIB, 1000, "Last-Modified: " DATE "\r\n", false },
		{ 200, MIB, 1000, NULL, false },
		{ 206, MIB, 1000, "ETag: \"a\"\r\n", false },
		{ 404, MIB, 1000, "ETag: \"a\"\r\n", false },
	};

	(void)state;
	begin_run(options());
	for (size_t i = 0; i < COUNT(rows); i++) {
		void *body;

		collect_answer.status = rows[i].status;
		collect_answer.fields = rows[i].fields;
		assert_int_equal(
		    collect_begin(&tree, URL, rows[i].length, &body), 0);
		assert_int_equal(
		    tree.write(tree.ctx, body, octets(0, 10), false), 0);
		assert_int_equal(tree.write(tree.ctx, body,
				     octets(10, rows[i].len - 10), false),
		    0);
		if (scratch_exists(note_of(URL)) != rows[i].is_noted)
			fail_msg("row %zu", i);
		tree.abort(tree.ctx, body);
		assert_false(scratch_exists(note_of(URL)));
	}
	end_run();
	assert_false(scratch_exists(PARTIAL_DIR));
}

/* Those past which octets go have no note that could come too late. */
static void
gives_a_descriptor_once_the_note_is_there(void **state)
{
	static const struct {
		uint64_t length;
		const char *fields;
		bool has_fd; /* before the first MiB has come */
	} rows[] = {
		{ WHOLE, "ETag: \"a\"\r\n", true },
		{ BULKFETCH_LENGTH_UNKNOWN, "ETag: \"a\"\r\n", false },
		{ BULKFETCH_LENGTH_UNKNOWN, "", true },
	};

	(void)state;
	begin_run(options());
	for (size_t i = 0; i < COUNT(rows); i++) {
		void *body;

		collect_answer.fields = rows[i].fields;
		assert_int_equal(
		    collect_begin(&tree, URL, rows[i].length, &body), 0);
		assert_true((tree.fd(tree.ctx, body) != -1) == rows[i].has_fd);
		assert_int_equal(
		    tree.write(tree.ctx, body, octets(0, MIB), false), 0);
		assert_int_not_equal(tree.fd(tree.ctx, body), -1);
		tree.abort(tree.ctx, body);
	}
}

static void
costs_a_whole_body_nothing(void **state)
{
	(void)state;
	collect_answer.fields = "ETag: \"a\"\r\n";
	begin_run(options());
	assert_int_equal(collect(&tree, "http://h/x", "x", ARRIVES_WHOLE), 0);
	assert_null(tree.current);
	for (int i = 0; i < 2; i++) {
		void *body;

		assert_int_equal(collect_begin(&tree, URL, WHOLE, &body), 0);
		faults_reset();
		assert_int_equal(
		    tree.write(tree.ctx, body, octets(0, WHOLE), true), 0);
		assert_int_equal(collect_commit(&tree, body), 0);
		assert_false(scratch_exists(PARTIAL_DIR));
		if (i == 0)
			assert_int_equal(faults_total(), 4);
	}
}

static void
does_without_a_note_that_cannot_be_written(void **state)
{
	(void)state;
	for (int how = 0; how < 5; how++) {
		void *body;

		faults_reset();
		begin_run(options());
		assert_int_equal(
		    collect(&tree, "http://h/x", "x", ARRIVES_WHOLE), 0);
		if (how == 0)
			scratch_write(PARTIAL_DIR, "", 0644);
		else if (how == 1)
			assert_int_equal(
			    symlink("h", scratch_path(PARTIAL_DIR)), 0);
		else if (how == 2)
			faults_set(FAULT_MKDIRAT, 1, 10, EROFS);
		else if (how == 3) /* of the note, then of the body */
			faults_set(FAULT_WRITE, 1, 1, ENOSPC);
		else
			faults_set(FAULT_OPENAT, 3, 10, EMFILE);
		collect_answer.fields = "ETag: \"a\"\r\n";
		assert_int_equal(collect_begin(&tree, URL, WHOLE, &body), 0);
		assert_int_equal(
		    tree.write(tree.ctx, body, octets(0, MIB), false), 0);
		faults_reset();
		assert_int_equal(
		    tree.write(tree.ctx, body, octets(MIB, WHOLE - MIB), true),
		    0);
		assert_int_equal(collect_commit(&tree, body), 0);
		scratch_expect("h/a", slice(octets(0, WHOLE)));
		expect_count("h", 2);
		end_run();
		(void)remove(scratch_path(PARTIAL_DIR));
		assert_int_equal(unlink(scratch_path("h/a")), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(goes_on_with_what_a_killed_run_left),
		TEST(may_be_killed_again_and_again),
		TEST(goes_on_with_a_body_that_was_suspended_when_the_kill_came),
		TEST(goes_on_with_what_a_stopped_run_left),
		TEST(remembers_where_a_redirect_led),
		TEST(keeps_no_password_in_clear),
		TEST(notes_only_what_can_be_gone_on_with),
		TEST(gives_a_descriptor_once_the_note_is_there),
		TEST(costs_a_whole_body_nothing),
		TEST(does_without_a_note_that_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
