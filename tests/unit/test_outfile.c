/* link: -Wl,--wrap=openat,--wrap=write,--wrap=fchmod,--wrap=close,--wrap=renameat,--wrap=renameat2,--wrap=syscall,--wrap=flock,--wrap=fstatat,--wrap=mkdirat */
#include "faults.h"
#include "scratch.h"

#include "sys/outfile.h"

#define KEY UINT64_C(0x123456789abcdef0)
#define TEMP ".123456789abcdef0%.bulkfetch"
#define TEMP_1 ".123456789abcdef0%1.bulkfetch"

static int dir;
static struct outfile_rules rules;

static int
setup(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	faults_reset();
	(void)umask(022);
	dir = open(scratch_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return dir == -1 || err_is(outfile_probe(dir, &rules)) ? -1 : 0;
}

static int
teardown(void **state)
{
	faults_reset();
	(void)close(dir);
	return scratch_teardown(state);
}

static void
expect_sys(struct err err, int sys)
{
	expect_kind("kind", err, sys == 0 ? ERR_NONE : ERR_FILE);
	assert_int_equal(err.sys, sys);
}

/* ---- The rules ---------------------------------------------------------- */

static void
finds_out_what_the_umask_leaves(void **state)
{
	static const struct {
		mode_t mask;
		mode_t mode;
		bool can_put;
	} rows[] = {
		{ 022, 0644, true },
		{ 0, 0666, true },
		{ 077, 0600, true },
		{ 0777, 0, false },
	};
	struct outfile_rules found;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)umask(rows[i].mask);
		expect_sys(outfile_probe(dir, &found), 0);
		assert_int_equal(found.mode, rows[i].mode);
		assert_true(found.keeps_mode);
		assert_true(outfile_can_put(&found) == rows[i].can_put);
	}
	(void)umask(022);
	assert_int_equal(scratch_count("."), 0);
}

/* What vfat does without "quiet", and without modes of its own. */
static void
sees_that_modes_are_not_kept(void **state)
{
	struct outfile_rules found;
	struct outfile f;

	(void)state;
	faults_set(FAULT_FCHMOD, 1, 100, EPERM);
	expect_sys(outfile_probe(dir, &found), 0);
	assert_false(found.keeps_mode);
	assert_false(outfile_can_put(&found));
	expect_sys(outfile_open(&f, dir, KEY, &found), 0);
	expect_sys(outfile_write(&f, slice_str("abc")), 0);
	expect_sys(outfile_finish(&f, &found, NULL), 0);
	expect_sys(outfile_rename(&f, dir, "a", false), 0);
	scratch_expect_text("a", "abc");
}

static void
sees_that_case_is_not_told_apart(void **state)
{
	struct outfile_rules found;

	(void)state;
	expect_sys(outfile_probe(dir, &found), 0);
	assert_false(found.folds_case);
	fault_folds_case = true;
	expect_sys(outfile_probe(dir, &found), 0);
	assert_true(found.folds_case);
	assert_int_equal(scratch_count("."), 0);
}

/* Of a run that was killed while it looked. */
static void
removes_what_an_earlier_look_has_left(void **state)
{
	struct outfile_rules found;

	(void)state;
	scratch_write(".0000000000000000%p.bulkfetch", "", 0);
	expect_sys(outfile_probe(dir, &found), 0);
	assert_int_equal(found.mode, 0644);
	assert_int_equal(scratch_count("."), 0);
}

static bool
is_before(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec ||
	    (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

static void
tells_files_of_earlier_runs_by_their_ctime(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct outfile_rules next;
		struct stat st;

		expect_sys(
		    outfile_put(dir, "a", &rules, slice_str("a"), NULL), 0);
		expect_sys(outfile_probe(dir, &next), 0);
		expect_sys(
		    outfile_put(dir, "b", &next, slice_str("b"), NULL), 0);
		assert_int_equal(stat(scratch_path("a"), &st), 0);
		assert_true(is_before(st.st_ctim, next.begun));
		assert_int_equal(stat(scratch_path("b"), &st), 0);
		assert_false(is_before(st.st_ctim, next.begun));
		assert_int_equal(unlink(scratch_path("a")), 0);
		assert_int_equal(unlink(scratch_path("b")), 0);
	}
}

static void
says_when_no_file_can_be_made(void **state)
{
	struct outfile_rules found;

	(void)state;
	faults_set(FAULT_OPENAT, 1, 1, EACCES);
	expect_sys(outfile_probe(dir, &found), EACCES);
	assert_int_equal(scratch_count("."), 0);
}

/* ---- At one go ---------------------------------------------------------- */

static void
puts_a_file_with_four_calls(void **state)
{
	(void)state;
	faults_reset();
	expect_sys(outfile_put(dir, "a", &rules, slice_str("hello"), NULL), 0);
	assert_int_equal(faults[FAULT_OPENAT].calls, 1);
	assert_int_equal(faults[FAULT_WRITE].calls, 1);
	assert_int_equal(faults[FAULT_FCHMOD].calls, 1);
	assert_int_equal(faults[FAULT_CLOSE].calls, 1);
	assert_int_equal(faults_total(), 4);
	scratch_expect_text("a", "hello");
	assert_int_equal(scratch_mode("a"), S_IFREG | 0644);
}

static void
puts_an_empty_file(void **state)
{
	(void)state;
	expect_sys(outfile_put(dir, "a", &rules, slice_str(""), NULL), 0);
	scratch_expect_text("a", "");
}

static void
never_puts_over_what_is_there(void **state)
{
	(void)state;
	scratch_write("file", "old", 0600);
	assert_int_equal(mkdir(scratch_path("dir"), 0700), 0);
	assert_int_equal(symlink("/nowhere/at/all", scratch_path("link")), 0);
	expect_sys(
	    outfile_put(dir, "file", &rules, slice_str("x"), NULL), EEXIST);
	expect_sys(
	    outfile_put(dir, "dir", &rules, slice_str("x"), NULL), EEXIST);
	expect_sys(
	    outfile_put(dir, "link", &rules, slice_str("x"), NULL), EEXIST);
	scratch_expect_text("file", "old");
}

static void
leaves_nothing_when_a_put_fails(void **state)
{
	static const struct {
		enum fault_call call;
		unsigned n;
		int sys;
		size_t write_max;
	} rows[] = {
		{ FAULT_OPENAT, 1, EMFILE, 0 },
		{ FAULT_OPENAT, 1, ENOSPC, 0 },
		{ FAULT_WRITE, 1, ENOSPC, 0 },
		{ FAULT_WRITE, 2, ENOSPC, 3 },
		{ FAULT_WRITE, 2, EDQUOT, 3 },
		{ FAULT_WRITE, 1, EFBIG, 0 },
		{ FAULT_FCHMOD, 1, EPERM, 0 },
		{ FAULT_CLOSE, 1, EDQUOT, 0 },
		{ FAULT_CLOSE, 1, EIO, 0 },
	};
	unsigned fds = scratch_open_fds();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		faults_reset();
		fault_write_max = rows[i].write_max;
		faults_set(rows[i].call, rows[i].n, rows[i].n, rows[i].sys);
		expect_sys(
		    outfile_put(dir, "a", &rules, slice_str("hello"), NULL),
		    rows[i].sys);
		assert_int_equal(scratch_count("."), 0);
		assert_int_equal(scratch_open_fds(), fds);
	}
}

static void
goes_on_after_short_and_interrupted_writes(void **state)
{
	(void)state;
	fault_write_max = 2;
	faults_set(FAULT_WRITE, 2, 3, EINTR);
	expect_sys(outfile_put(dir, "a", &rules, slice_str("hello"), NULL), 0);
	scratch_expect_text("a", "hello");
}

/* ---- By way of a temporary name ----------------------------------------- */

static void
shows_nothing_before_the_rename(void **state)
{
	struct outfile f;

	(void)state;
	expect_sys(outfile_open(&f, dir, KEY, &rules), 0);
	assert_string_equal(f.temp, TEMP);
	expect_sys(outfile_write(&f, slice_str("hel")), 0);
	expect_sys(outfile_write(&f, slice_str("lo")), 0);
	assert_int_equal(scratch_count("."), 1);
	assert_int_equal(scratch_mode(TEMP) & 0444, 0);
	expect_sys(outfile_finish(&f, &rules, NULL), 0);
	assert_int_equal(f.fd, -1);
	assert_int_equal(scratch_count("."), 1);
	expect_sys(outfile_rename(&f, dir, "a", false), 0);
	assert_int_equal(scratch_count("."), 1);
	scratch_expect_text("a", "hello");
	assert_int_equal(scratch_mode("a"), S_IFREG | 0644);
}

static void
replaces_only_when_told_to(void **state)
{
	/* RENAME_NOREPLACE, and kernels or file systems without it. */
	static const int answers[] = { 0, EINVAL, ENOSYS };
	struct outfile f;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		faults_reset();
		if (answers[i] != 0)
			faults_set(FAULT_RENAMEAT2, 1, 100, answers[i]);
		scratch_write("a", "old", 0600);
		expect_sys(outfile_open(&f, dir, KEY, &rules), 0);
		expect_sys(outfile_write(&f, slice_str("new")), 0);
		expect_sys(outfile_finish(&f, &rules, NULL), 0);
		expect_sys(outfile_rename(&f, dir, "a", false), EEXIST);
		scratch_expect_text("a", "old");
		expect_sys(outfile_rename(&f, dir, "a", true), 0);
		scratch_expect_text("a", "new");
		expect_sys(outfile_open(&f, dir, KEY, &rules), 0);
		expect_sys(outfile_finish(&f, &rules, NULL), 0);
		expect_sys(outfile_rename(&f, dir, "b", false), 0);
		scratch_expect_text("b", "");
		assert_int_equal(unlink(scratch_path("a")), 0);
		assert_int_equal(unlink(scratch_path("b")), 0);
	}
}

static void
never_replaces_a_directory(void **state)
{
	struct outfile f;

	(void)state;
	assert_int_equal(mkdir(scratch_path("a"), 0700), 0);
	expect_sys(outfile_open(&f, dir, KEY, &rules), 0);
	expect_sys(outfile_finish(&f, &rules, NULL), 0);
	expect_sys(outfile_rename(&f, dir, "a", false), EEXIST);
	expect_sys(outfile_rename(&f, dir, "a", true), EISDIR);
	assert_true(S_ISDIR(scratch_mode("a")));
	outfile_unlink(&f, dir);
	assert_int_equal(scratch_count("."), 1);
}

static void
replaces_a_symlink_and_not_what_it_points_to(void **state)
{
	struct outfile f;

	(void)state;
	scratch_write("victim", "precious", 0644);
	assert_int_equal(symlink("victim", scratch_path("a")), 0);
	expect_sys(outfile_open(&f, dir, KEY, &rules), 0);
	expect_sys(outfile_write(&f, slice_str("new")), 0);
	expect_sys(outfile_finish(&f, &rules, NULL), 0);
	expect_sys(outfile_rename(&f, dir, "a", true), 0);
	scratch_expect_text("victim", "precious");
	scratch_expect_text("a", "new");
}

static void
gives_each_body_in_flight_its_own_name(void **state)
{
	struct outfile f[15];

	(void)state;
	for (size_t i = 0; i < COUNT(f); i++) {
		expect_sys(outfile_open(&f[i], dir, KEY, &rules), 0);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(f[i].temp, f[j].temp);
	}
	assert_string_equal(f[1].temp, TEMP_1);
	assert_int_equal(scratch_count("."), COUNT(f));
	for (size_t i = 0; i < COUNT(f); i++) {
		outfile_close(&f[i]);
		outfile_unlink(&f[i], dir);
	}
	assert_int_equal(scratch_count("."), 0);
}

/* ---- After a kill ------------------------------------------------------- */

static void
uses_a_leftover_again(void **state)
{
	struct outfile f;

	(void)state;
	expect_sys(outfile_open(&f, dir, KEY, &rules), 0);
	expect_sys(outfile_write(&f, slice_str("half of it, and")), 0);
	outfile_close(&f); /* as the kernel does for the killed */
	expect_sys(outfile_open(&f, dir, KEY, &rules), 0);
	assert_string_equal(f.temp, TEMP);
	expect_sys(outfile_write(&f, slice_str("new")), 0);
	expect_sys(outfile_finish(&f, &rules, NULL), 0);
	expect_sys(outfile_rename(&f, dir, "a", false), 0);
	assert_int_equal(scratch_count("."), 1);
	scratch_expect_text("a", "new");
}

/* Killed between fchmod(2) and rename(2). */
static void
uses_a_leftover_that_has_its_mode(void **state)
{
	struct outfile_rules next;
	struct outfile f;

	(void)state;
	scratch_write(TEMP, "whole, of old", 0644);
	expect_sys(outfile_probe(dir, &next), 0);
	expect_sys(outfile_open(&f, dir, KEY, &next), 0);
	assert_string_equal(f.temp, TEMP);
	assert_int_equal(scratch_mode(TEMP) & 0444, 0);
	expect_sys(outfile_write(&f, slice_str("new")), 0);
	expect_sys(outfile_finish(&f, &next, NULL), 0);
	expect_sys(outfile_rename(&f, dir, "a", false), 0);
	assert_int_equal(scratch_count("."), 1);
	scratch_expect_text("a", "new");
	assert_int_equal(scratch_mode("a"), S_IFREG | 0644);
}

/* Root may open anything; others only what its mode lets them. */
static void
uses_a_leftover_again_without_privileges(void **state)
{
	uid_t uid = geteuid();

	if (uid == 0) {
		assert_int_equal(chmod(scratch_dir, 0777), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	uses_a_leftover_again(state);
	assert_int_equal(seteuid(uid), 0);
}

static void
leaves_alone_what_is_no_leftover(void **state)
{
	struct outfile f;
	int fd = -1;

	(void)state;
	for (int i = 0; i < 6; i++) {
		switch (i) {
		case 0: /* finished, about to be renamed by its process */
			scratch_write(TEMP, "whole", 0644);
			break;
		case 1:
			assert_int_equal(mkdir(scratch_path(TEMP), 0700), 0);
			break;
		case 2:
			assert_int_equal(mkfifo(scratch_path(TEMP), 0600), 0);
			break;
		case 3:
			scratch_write("victim", "precious", S_IWUSR);
			assert_int_equal(
			    symlink("victim", scratch_path(TEMP)), 0);
			break;
		case 4: /* another name of somebody's file */
			assert_int_equal(
			    link(scratch_path("victim"), scratch_path(TEMP)),
			    0);
			break;
		default: /* in use by another process, as far as flock knows */
			scratch_write(TEMP, "half", S_IWUSR);
			fd = open(scratch_path(TEMP), O_WRONLY);
			assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
			break;
		}
		expect_sys(outfile_open(&f, dir, KEY, &rules), 0);
		assert_string_equal(f.temp, TEMP_1);
		outfile_close(&f);
		outfile_unlink(&f, dir);
		if (i == 0)
			scratch_expect_text(TEMP, "whole");
		assert_int_equal(remove(scratch_path(TEMP)), 0);
	}
	assert_int_equal(close(fd), 0);
	assert_int_equal(chmod(scratch_path("victim"), 0644), 0);
	scratch_expect_text("victim", "precious");
}

static void
does_without_locks_where_there_are_none(void **state)
{
	struct outfile f;

	(void)state;
	faults_set(FAULT_FLOCK, 1, 100, ENOLCK);
	expect_sys(outfile_open(&f, dir, KEY, &rules), 0);
	assert_string_equal(f.temp, TEMP);
	outfile_close(&f);
	/* Nobody can tell whether that is a leftover. */
	expect_sys(outfile_open(&f, dir, KEY, &rules), 0);
	assert_string_equal(f.temp, TEMP_1);
	outfile_close(&f);
}

static void
gives_up_a_file_that_another_process_took(void **state)
{
	struct outfile f;

	(void)state;
	faults_set(FAULT_FLOCK, 1, 1, EWOULDBLOCK);
	expect_sys(outfile_open(&f, dir, KEY, &rules), 0);
	assert_string_equal(f.temp, TEMP_1);
	outfile_close(&f);
}

static void
passes_on_what_goes_wrong(void **state)
{
	unsigned fds = scratch_open_fds();
	struct outfile f;

	(void)state;
	faults_set(FAULT_OPENAT, 1, 1, EMFILE);
	expect_sys(outfile_open(&f, dir, KEY, &rules), EMFILE);
	scratch_write(TEMP, "half", S_IWUSR);
	faults_set(FAULT_OPENAT, 2, 2, ENFILE);
	expect_sys(outfile_open(&f, dir, KEY, &rules), ENFILE);
	expect_sys(outfile_open(&f, dir, KEY, &rules), 0);
	faults_set(FAULT_WRITE, 2, 2, ENOSPC);
	fault_write_max = 2;
	expect_sys(outfile_write(&f, slice_str("hello")), ENOSPC);
	faults_set(FAULT_FCHMOD, 1, 1, EPERM);
	expect_sys(outfile_finish(&f, &rules, NULL), EPERM);
	assert_int_equal(f.fd, -1);
	outfile_unlink(&f, dir);
	assert_int_equal(scratch_count("."), 0);
	expect_sys(outfile_open(&f, dir, KEY, &rules), 0);
	faults_set(FAULT_CLOSE, 1, 1, EDQUOT);
	expect_sys(outfile_finish(&f, &rules, NULL), EDQUOT);
	assert_int_equal(f.fd, -1);
	assert_int_equal(scratch_open_fds(), fds);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_out_what_the_umask_leaves),
		TEST(sees_that_modes_are_not_kept),
		TEST(sees_that_case_is_not_told_apart),
		TEST(removes_what_an_earlier_look_has_left),
		TEST(tells_files_of_earlier_runs_by_their_ctime),
		TEST(says_when_no_file_can_be_made),
		TEST(puts_a_file_with_four_calls),
		TEST(puts_an_empty_file),
		TEST(never_puts_over_what_is_there),
		TEST(leaves_nothing_when_a_put_fails),
		TEST(goes_on_after_short_and_interrupted_writes),
		TEST(shows_nothing_before_the_rename),
		TEST(replaces_only_when_told_to),
		TEST(never_replaces_a_directory),
		TEST(replaces_a_symlink_and_not_what_it_points_to),
		TEST(gives_each_body_in_flight_its_own_name),
		TEST(uses_a_leftover_again),
		TEST(uses_a_leftover_that_has_its_mode),
		TEST(uses_a_leftover_again_without_privileges),
		TEST(leaves_alone_what_is_no_leftover),
		TEST(does_without_locks_where_there_are_none),
		TEST(gives_up_a_file_that_another_process_took),
		TEST(passes_on_what_goes_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
