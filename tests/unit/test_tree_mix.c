/* link: -Wl,--wrap=openat,--wrap=write,--wrap=fchmod,--wrap=close,--wrap=renameat,--wrap=renameat2,--wrap=syscall,--wrap=flock,--wrap=fstatat,--wrap=mkdirat */
#include "partial_bench.h"

/* ---- Never a mix -------------------------------------------------------- */

/* A new body is begun for a URL that has a leftover. */
static void
voids_the_note_when_its_file_is_used_again(void **state)
{
	(void)state;
	for (int is_noted = 0; is_noted < 2; is_noted++) {
		void *body;

		leave_part();
		begin_run(options());
		expect_part(URL, PART, WHOLE);
		/* 200: another version. */
		collect_answer.fields =
		    is_noted ? "ETag: \"b\"\r\n" : "ETag: W/\"b\"\r\n";
		assert_int_equal(collect_begin(&tree, URL, WHOLE, &body), 0);
		assert_int_equal(
		    tree.write(tree.ctx, body, octets(5, PART), false), 0);
		assert_true(scratch_exists(note_of(URL)) == (is_noted != 0));
		/* As after a kill now. */
		if (is_noted) {
			assert_true(tree.suspend(tree.ctx, body));
			assert_int_equal(collect_current(&tree, URL), 0);
		}
		tree.abort(tree.ctx, body);
		end_run();
		expect_count("h", 0);
		expect_count(".", 1);
	}
}

/* By a run that knew of no notes when it began. */
static void
voids_a_note_that_it_did_not_know_of(void **state)
{
	int ready[2];
	int go[2];
	char octet;
	pid_t pid;
	int status;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		void *body;

		begin_run(options());
		(void)!write(ready[1], "x", 1);
		(void)!read(go[0], &octet, 1);
		collect_answer.fields = "";
		(void)collect_begin(&tree, URL, WHOLE, &body);
		(void)tree.write(tree.ctx, body, octets(5, MIB), false);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(read(ready[0], &octet, 1), 1);
	leave_part();
	assert_true(scratch_exists(note_of(URL)));
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(close(ready[i]), 0);
		assert_int_equal(close(go[i]), 0);
	}
	assert_false(scratch_exists(note_of(URL)));
	assert_int_equal(scratch_count("h"), 1);
	begin_run(options());
	assert_int_equal(collect_current(&tree, URL), 0);
}

/* The validator that was sent is the one of the file that is gone on with. */
static void
goes_on_with_nothing_but_what_it_told_of(void **state)
{
	void *other;
	void *body;

	(void)state;
	leave_part();
	begin_run(options());
	/* Not asked for. */
	assert_int_equal(begin_at(PART, WHOLE, &body), ESTALE);
	expect_part(URL, PART, WHOLE);
	/* More than there is; of another length; of another URL. */
	assert_int_equal(begin_at(PART + 1, WHOLE, &body), ESTALE);
	assert_int_equal(begin_at(PART, WHOLE + 1, &body), ESTALE);
	assert_int_equal(
	    begin_at(PART, BULKFETCH_LENGTH_UNKNOWN, &body), ESTALE);
	collect_answer = (struct collect_answer){ .status = 206, .offset = 9 };
	assert_int_equal(
	    collect_begin(&tree, "http://h/b", WHOLE, &body), ESTALE);
	/* Twice in one list: only once. */
	assert_int_equal(begin_at(PART, WHOLE, &other), 0);
	assert_int_equal(begin_at(PART, WHOLE, &body), ESTALE);
	assert_int_equal(collect_current(&tree, URL), 0);
	assert_int_equal(
	    tree.write(tree.ctx, other, octets(PART, WHOLE - PART), true), 0);
	assert_int_equal(collect_commit(&tree, other), 0);
	scratch_expect("h/a", slice(octets(0, WHOLE)));
	assert_int_equal(begin_at(PART, WHOLE, &body), ESTALE);
	expect_count("h", 1);
}

static void
starts_again_when_the_file_is_another_one(void **state)
{
	(void)state;
	for (int how = 0; how < 4; how++) {
		char temp[256];
		void *body;
		int fd = -1;

		leave_part();
		(void)snprintf(temp, sizeof(temp), "%s", temp_of(URL));
		begin_run(options());
		if (how < 3)
			expect_part(URL, PART, WHOLE);
		if (how == 0) {
			assert_int_equal(unlink(scratch_path(temp)), 0);
		} else if (how == 1) {
			assert_int_equal(unlink(scratch_path(temp)), 0);
			scratch_write(temp, "another", S_IWUSR);
		} else if (how == 2) {
			assert_int_equal(truncate(scratch_path(temp), 5), 0);
		} else { /* somebody is at it */
			fd = open(scratch_path(temp), O_WRONLY);
			assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
			assert_int_equal(collect_current(&tree, URL), 0);
		}
		assert_int_equal(begin_at(PART, WHOLE, &body), ESTALE);
		/* The ordinary way. */
		assert_int_equal(collect(&tree, URL, "all", ARRIVES_SPLIT), 0);
		scratch_expect_text("h/a", "all");
		if (fd != -1)
			assert_int_equal(close(fd), 0);
		end_run();
		assert_int_equal(scratch_teardown(state), 0);
		assert_int_equal(scratch_setup(state), 0);
	}
}

/* Any octet of a note changed, or an end cut off. */
static void
believes_no_note_that_is_not_whole(void **state)
{
	static char text[NOTE_MAX];
	static char bad[NOTE_MAX];
	size_t len;
	int fd;

	(void)state;
	leave_part();
	fd = open(scratch_path(note_of(URL)), O_RDONLY);
	len = (size_t)read(fd, text, sizeof(text));
	assert_int_equal(close(fd), 0);
	for (size_t i = 0; i <= 2 * len; i++) {
		size_t bad_len = i < len ? len : i - len;

		memcpy(bad, text, len);
		if (i < len)
			bad[i] = (char)(bad[i] ^ 1 << i % 8);
		fd = open(scratch_path(note_of(URL)),
		    O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(write(fd, bad, bad_len), bad_len);
		assert_int_equal(close(fd), 0);
		begin_run(options());
		if (bad_len < len || i < len) {
			assert_null(tree.current);
			assert_false(scratch_exists(note_of(URL)));
			end_run();
			assert_false(scratch_exists(PARTIAL_DIR));
			assert_int_equal(
			    mkdir(scratch_path(PARTIAL_DIR), 0700), 0);
		} else {
			expect_part(URL, PART, WHOLE);
		}
	}
}

static void
removes_notes_of_what_has_gone(void **state)
{
	(void)state;
	leave_part();
	assert_int_equal(unlink(scratch_path(temp_of(URL))), 0);
	begin_run(options());
	assert_null(tree.current);
	assert_false(scratch_exists(note_of(URL)));
	/* Nobody else's files. */
	scratch_write(PARTIAL_DIR "/README", "", 0644);
	scratch_write(PARTIAL_DIR "/0123456789ABCDEF", "", 0644);
	scratch_write(PARTIAL_DIR "/0123456789abcdef", "", 0644);
	begin_run(options());
	expect_count(PARTIAL_DIR, 2);
}

/* A note that is right in all but the file that it leads to, if one like that
 * can be written at all. */
static void
forge_note(const char *file)
{
	struct note note = {
		.file = slice_str(file),
		.url = slice_str(URL),
		.from = slice_str(URL),
		.etag = slice_str("\"a\""),
		.total = WHOLE,
	};
	char boot[NOTE_BOOT_LEN];
	struct outfile f;
	struct buf text;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY);

	assert_int_equal(read(fd, boot, sizeof(boot)), sizeof(boot));
	assert_int_equal(close(fd), 0);
	note.boot = slice_of(boot, sizeof(boot));
	f.fd = open(scratch_path(file), O_PATH | O_NOFOLLOW);
	if (f.fd != -1) {
		assert_false(err_is(outfile_look(&f, &note.left)));
		assert_int_equal(close(f.fd), 0);
	}
	buf_init(&text, NOTE_MAX);
	if (!err_is(note_write(&note, &text)) &&
	    !err_is(buf_append_octet(&text, '\0'))) {
		(void)mkdir(scratch_path(PARTIAL_DIR), 0700);
		(void)unlink(scratch_path(note_of(URL)));
		scratch_write(note_of(URL), (const char *)text.ptr, 0600);
	}
	buf_fini(&text);
}

static void
goes_on_with_a_forged_note_that_is_right(void **state)
{
	(void)state;
	leave_part();
	assert_int_equal(unlink(scratch_path(note_of(URL))), 0);
	forge_note(temp_of(URL));
	begin_run(options());
	expect_part(URL, PART, WHOLE);
}

/* A note that somebody has written to lead us elsewhere. */
static void
goes_nowhere_else_for_a_note(void **state)
{
	char elsewhere[512];
	const char *const files[] = { "victim", "out/victim", "../victim",
		"h/../victim", "/etc/passwd", "link/victim", "h/victim", "h/a",
		elsewhere };
	struct stat st;

	(void)state;
	assert_int_equal(mkdir(scratch_path("h"), 0755), 0);
	assert_int_equal(mkdir(scratch_path("out"), 0755), 0);
	scratch_write("victim", "precious", 0200);
	scratch_write("out/victim", "precious", 0200);
	scratch_write("h/victim", "precious", 0200);
	/* The right name, in another directory. */
	(void)snprintf(
	    elsewhere, sizeof(elsewhere), "out/%s", temp_of(URL) + 2);
	scratch_write(elsewhere, "precious", 0200);
	assert_int_equal(symlink("../out", scratch_path("link")), 0);
	for (size_t i = 0; i < COUNT(files); i++) {
		void *body;

		forge_note(files[i]);
		begin_run(options());
		assert_int_equal(collect_current(&tree, URL), 0);
		assert_int_equal(begin_at(4, WHOLE, &body), ESTALE);
		end_run();
	}
	assert_int_equal(chmod(scratch_path("victim"), 0644), 0);
	scratch_expect_text("victim", "precious");
	assert_int_equal(chmod(scratch_path("out/victim"), 0644), 0);
	scratch_expect_text("out/victim", "precious");
	assert_int_equal(stat(scratch_path("h/victim"), &st), 0);
	assert_int_equal(st.st_size, 8);
	assert_int_equal(stat(scratch_path(elsewhere), &st), 0);
	assert_int_equal(st.st_size, 8);
}

/* ---- What can go wrong -------------------------------------------------- */

static void
keeps_the_part_when_descriptors_are_short(void **state)
{
	void *body;

	(void)state;
	leave_part();
	begin_run(options());
	faults_set(FAULT_OPENAT, 1, 100, EMFILE);
	assert_int_equal(collect_current(&tree, URL), 0);
	faults_reset();
	expect_part(URL, PART, WHOLE);
	faults_set(FAULT_OPENAT, 2, 100, EMFILE);
	assert_int_equal(begin_at(PART, WHOLE, &body), EMFILE);
	faults_reset();
	expect_part(URL, PART, WHOLE);
	go_on(URL, PART, WHOLE);
	scratch_expect("h/a", slice(octets(0, WHOLE)));
}

static void
sets_what_is_needed_of_a_part_that_is_gone_on_with(void **state)
{
	struct bulkfetch_tree_options o = options();
	struct stat st;

	(void)state;
	leave_part();
	o.is_update = true;
	o.sets_mtime = true;
	begin_run(o);
	expect_part(URL, PART, WHOLE);
	collect_answer.fields = "ETag: \"a\"\r\nLast-Modified: " DATE "\r\n";
	go_on(URL, PART, WHOLE);
	assert_int_equal(stat(scratch_path("h/a"), &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, 784111777);
	begin_run(o);
	assert_int_equal(collect_current(&tree, URL), 1);
	assert_true(collected_copy.is_whole);
	assert_string_equal(collected_copy.etag, "\"a\"");
}

/* The part of a new version, beside the whole old one. */
static void
asks_for_the_rest_before_it_asks_for_what_is_newer(void **state)
{
	struct bulkfetch_tree_options o = options();

	(void)state;
	o.is_update = true;
	begin_run(o);
	collect_answer.fields = "ETag: \"old\"\r\n";
	assert_int_equal(collect(&tree, URL, "old", ARRIVES_WHOLE), 0);
	leave_part();
	begin_run(o);
	expect_part(URL, PART, WHOLE);
	scratch_expect_text("h/a", "old");
	go_on(URL, PART, WHOLE);
	scratch_expect("h/a", slice(octets(0, WHOLE)));
	expect_count("h", 1);
}

/* As the engine does: the rest if that can be had, else all of it; whatever
 * fails, there is the right file, or none. */
static void
fetch_the_rest_or_all(void)
{
	int sys = ESTALE;
	void *body;

	if (collect_current(&tree, URL) == 1)
		sys = begin_at(collected_copy.len, WHOLE, &body);
	if (sys == 0)
		sys = tree.write(
		    tree.ctx, body, octets(PART, WHOLE - PART), true);
	else if (collect_begin(&tree, URL, WHOLE, &body) == 0)
		sys = tree.write(tree.ctx, body, octets(0, WHOLE), true);
	else
		return;
	if (sys == 0)
		(void)collect_commit(&tree, body);
	else
		tree.abort(tree.ctx, body);
}

static void
stores_no_mix_whatever_call_fails(void **state)
{
	static const int answers[] = { EIO, EMFILE, ENOENT };
	unsigned fds;

	(void)state;
	for (unsigned i = 0; i < FAULT_CALLS * COUNT(answers); i++) {
		enum fault_call call = i / COUNT(answers);
		bool was_hit = true;

		for (unsigned n = 1; was_hit; n++) {
			leave_part();
			begin_run(options());
			fds = scratch_open_fds();
			faults_set(call, n, n, answers[i % COUNT(answers)]);
			fetch_the_rest_or_all();
			was_hit = faults[call].calls >= n;
			faults_reset();
			if (scratch_exists("h/a"))
				scratch_expect("h/a", slice(octets(0, WHOLE)));
			else
				assert_true(was_hit);
			/* Directories stay open. */
			assert_in_range(scratch_open_fds(), fds - 2, fds + 2);
			end_run();
			assert_int_equal(scratch_teardown(state), 0);
			assert_int_equal(scratch_setup(state), 0);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(voids_the_note_when_its_file_is_used_again),
		TEST(voids_a_note_that_it_did_not_know_of),
		TEST(goes_on_with_nothing_but_what_it_told_of),
		TEST(starts_again_when_the_file_is_another_one),
		TEST(believes_no_note_that_is_not_whole),
		TEST(removes_notes_of_what_has_gone),
		TEST(goes_on_with_a_forged_note_that_is_right),
		TEST(goes_nowhere_else_for_a_note),
		TEST(keeps_the_part_when_descriptors_are_short),
		TEST(sets_what_is_needed_of_a_part_that_is_gone_on_with),
		TEST(asks_for_the_rest_before_it_asks_for_what_is_newer),
		TEST(stores_no_mix_whatever_call_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
