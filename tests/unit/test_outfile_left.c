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

/* A temporary file with some content, open. */
static void
begin(struct outfile *f, const char *content)
{
	expect_sys(outfile_open(f, dir, KEY, &rules), 0);
	expect_sys(outfile_write(f, slice_str(content)), 0);
}

/* Finish it, and see what is in it. */
static void
expect_finished(struct outfile *f, const char *content)
{
	expect_sys(outfile_finish(f, &rules, NULL), 0);
	expect_sys(outfile_rename(f, dir, "a", true), 0);
	scratch_expect_text("a", content);
	assert_int_equal(scratch_mode("a"), S_IFREG | 0644);
	assert_int_equal(unlink(scratch_path("a")), 0);
}

/* ---- Within a run ------------------------------------------------------- */

static void
goes_on_where_it_was_suspended(void **state)
{
	static const struct {
		uint64_t len;
		const char *content;
	} rows[] = {
		{ 5, "12345abc" },
		{ 3, "123abc" },
		{ 0, "abc" },
	};
	unsigned fds = scratch_open_fds();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct outfile_left left;
		struct outfile f;

		begin(&f, "12345");
		expect_sys(outfile_suspend(&f, &rules, &left), 0);
		assert_int_equal(f.fd, -1);
		assert_int_equal(scratch_open_fds(), fds);
		assert_int_equal(left.len, 5);
		assert_int_equal(scratch_mode(TEMP) & 0444, 0);
		expect_sys(outfile_resume(&f, dir, &left, rows[i].len), 0);
		expect_sys(outfile_write(&f, slice_str("abc")), 0);
		expect_finished(&f, rows[i].content);
		assert_int_equal(scratch_count("."), 0);
	}
}

static void
can_be_suspended_often(void **state)
{
	struct outfile_left left;
	struct outfile f;

	(void)state;
	begin(&f, "");
	for (uint64_t i = 0; i < 5; i++) {
		expect_sys(outfile_write(&f, slice_str("x")), 0);
		expect_sys(outfile_suspend(&f, &rules, &left), 0);
		expect_sys(outfile_resume(&f, dir, &left, i + 1), 0);
	}
	expect_finished(&f, "xxxxx");
}

/* Files are owned; root may do what others may not. */
static void
goes_on_without_privileges(void **state)
{
	uid_t uid = geteuid();

	if (uid == 0) {
		assert_int_equal(chmod(scratch_dir, 0777), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	goes_on_where_it_was_suspended(state);
	assert_int_equal(seteuid(uid), 0);
}

enum meddling {
	REMOVED,
	REPLACED,
	ADDED_TO,
	CUT,
	LINKED,
	LOCKED,
	SHORTER, /* than what is to be there */
	MEDDLINGS
};

/* Somebody is at the file; a descriptor to be closed, or -1. */
static int
meddle(enum meddling how)
{
	int fd = -1;

	switch (how) {
	case REMOVED:
		assert_int_equal(unlink(scratch_path(TEMP)), 0);
		break;
	case REPLACED:
		assert_int_equal(unlink(scratch_path(TEMP)), 0);
		scratch_write(TEMP, "12345", 0300);
		break;
	case ADDED_TO:
		fd = open(scratch_path(TEMP), O_WRONLY | O_APPEND);
		assert_int_equal(write(fd, "6", 1), 1);
		break;
	case CUT:
		assert_int_equal(truncate(scratch_path(TEMP), 5), 0);
		break;
	case LINKED:
		assert_int_equal(
		    link(scratch_path(TEMP), scratch_path("other")), 0);
		break;
	case LOCKED:
		fd = open(scratch_path(TEMP), O_WRONLY);
		assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
		break;
	case SHORTER:
	case MEDDLINGS:
		break;
	}
	return fd;
}

static void
goes_on_with_nothing_but_what_was_left(void **state)
{
	unsigned fds = scratch_open_fds();

	(void)state;
	for (unsigned how = 0; how < MEDDLINGS; how++) {
		struct timespec tick = { .tv_nsec = 20000000 };
		struct outfile_left left;
		struct outfile f;
		int fd;

		begin(&f, "12345");
		expect_sys(outfile_suspend(&f, &rules, &left), 0);
		/* So that a change has another time. */
		(void)nanosleep(&tick, NULL);
		fd = meddle(how);
		expect_sys(
		    outfile_resume(&f, dir, &left, how == SHORTER ? 6 : 5),
		    ESTALE);
		assert_int_equal(f.fd, -1);
		if (fd != -1)
			assert_int_equal(close(fd), 0);
		assert_int_equal(scratch_open_fds(), fds);
		(void)unlink(scratch_path(TEMP));
		(void)unlink(scratch_path("other"));
	}
}

/* The same URL twice, at the same time. */
static void
is_not_used_again_by_its_own_run_while_suspended(void **state)
{
	struct outfile_left left;
	struct outfile other;
	struct outfile f;

	(void)state;
	begin(&f, "12345");
	assert_false(f.was_left);
	expect_sys(outfile_suspend(&f, &rules, &left), 0);
	begin(&other, "another");
	assert_string_equal(other.temp, TEMP_1);
	expect_sys(outfile_resume(&f, dir, &left, 5), 0);
	expect_finished(&f, "12345");
	expect_finished(&other, "another");
}

/* The kill may have come while it was suspended. */
static void
is_used_again_by_a_later_run_and_then_not_gone_on_with(void **state)
{
	struct outfile_rules next;
	struct outfile_left left;
	struct outfile other;
	struct outfile f;

	(void)state;
	begin(&f, "12345");
	expect_sys(outfile_suspend(&f, &rules, &left), 0);
	expect_sys(outfile_probe(dir, &next), 0);
	expect_sys(outfile_open(&other, dir, KEY, &next), 0);
	assert_string_equal(other.temp, TEMP);
	assert_true(other.was_left);
	expect_sys(outfile_write(&other, slice_str("67890")), 0);
	expect_sys(outfile_resume(&f, dir, &left, 5), ESTALE);
	outfile_close(&other);
	expect_sys(outfile_resume(&f, dir, &left, 5), ESTALE);
}

static void
closes_what_cannot_be_suspended(void **state)
{
	static const struct {
		enum fault_call call;
		int sys;
	} rows[] = {
		{ FAULT_FCHMOD, EPERM },
		{ FAULT_CLOSE, EDQUOT },
	};
	unsigned fds = scratch_open_fds();
	struct outfile_rules none = rules;
	struct outfile_left left;
	struct outfile f;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(&f, "12345");
		faults_set(rows[i].call, 1, 1, rows[i].sys);
		expect_sys(outfile_suspend(&f, &rules, &left), rows[i].sys);
		assert_int_equal(scratch_open_fds(), fds);
	}
	faults_reset();
	none.keeps_mode = false;
	begin(&f, "12345");
	expect_sys(outfile_suspend(&f, &none, &left), EPERM);
	assert_int_equal(scratch_open_fds(), fds);
}

static void
says_why_it_cannot_go_on(void **state)
{
	static const struct {
		enum fault_call call;
		int sys;
		int expected;
	} rows[] = {
		{ FAULT_OPENAT, EMFILE, EMFILE },
		{ FAULT_OPENAT, ENFILE, ENFILE },
		{ FAULT_OPENAT, EACCES, ESTALE },
		{ FAULT_FLOCK, EWOULDBLOCK, ESTALE },
		{ FAULT_FLOCK, ENOLCK, 0 }, /* then there are none */
		{ FAULT_FSTATAT, EIO, ESTALE },
		{ FAULT_FCHMOD, EROFS, EROFS },
	};
	unsigned fds = scratch_open_fds();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct outfile_left left;
		struct outfile f;

		faults_reset();
		begin(&f, "12345");
		expect_sys(outfile_suspend(&f, &rules, &left), 0);
		faults_set(rows[i].call, 1, 1, rows[i].sys);
		expect_sys(outfile_resume(&f, dir, &left, 5), rows[i].expected);
		outfile_close(&f);
		assert_int_equal(scratch_open_fds(), fds);
		assert_int_equal(unlink(scratch_path(TEMP)), 0);
	}
}

/* ---- In a later run ----------------------------------------------------- */

static void
continues_what_an_earlier_run_left(void **state)
{
	struct outfile_rules next;
	struct outfile_left left;
	struct outfile_left now;
	struct outfile f;

	(void)state;
	for (int suspended = 0; suspended < 2; suspended++) {
		begin(&f, "123");
		expect_sys(outfile_look(&f, &left), 0);
		expect_sys(outfile_write(&f, slice_str("45")), 0);
		if (suspended)
			expect_sys(outfile_suspend(&f, &rules, &now), 0);
		else
			outfile_close(&f);
		expect_sys(outfile_probe(dir, &next), 0);
		expect_sys(outfile_continue(&f, dir, &next, &left), 0);
		expect_sys(outfile_look(&f, &now), 0);
		assert_int_equal(now.len, 5);
		expect_sys(outfile_start_at(&f, 6), ESTALE);
		expect_sys(outfile_start_at(&f, 4), 0);
		expect_sys(outfile_write(&f, slice_str("abc")), 0);
		expect_finished(&f, "1234abc");
	}
}

static void
only_holds_what_it_continues(void **state)
{
	struct outfile_left left;
	struct outfile other;
	struct outfile f;
	struct stat st;

	(void)state;
	begin(&f, "12345");
	expect_sys(outfile_look(&f, &left), 0);
	outfile_close(&f);
	expect_sys(outfile_continue(&f, dir, &rules, &left), 0);
	expect_sys(outfile_open(&other, dir, KEY, &rules), 0);
	assert_string_equal(other.temp, TEMP_1);
	outfile_close(&other);
	outfile_close(&f);
	assert_int_equal(stat(scratch_path(TEMP), &st), 0);
	assert_int_equal(st.st_size, 5);
}

static void
continues_no_other_file(void **state)
{
	struct outfile_left left;
	struct outfile_left wrong;
	struct outfile f;
	int fd;

	(void)state;
	begin(&f, "12345");
	expect_sys(outfile_look(&f, &left), 0);
	/* In use. */
	fd = f.fd;
	expect_sys(outfile_continue(&f, dir, &rules, &left), ESTALE);
	assert_int_equal(close(fd), 0);
	wrong = left;
	wrong.ino++;
	expect_sys(outfile_continue(&f, dir, &rules, &wrong), ESTALE);
	wrong = left;
	wrong.dev++;
	expect_sys(outfile_continue(&f, dir, &rules, &wrong), ESTALE);
	wrong = left;
	wrong.born.tv_sec++;
	expect_sys(outfile_continue(&f, dir, &rules, &wrong), ESTALE);
	/* Another name of somebody's file. */
	assert_int_equal(link(scratch_path(TEMP), scratch_path("x")), 0);
	expect_sys(outfile_continue(&f, dir, &rules, &left), ESTALE);
	assert_int_equal(unlink(scratch_path("x")), 0);
	/* About to be renamed, by a process of now. */
	assert_int_equal(chmod(scratch_path(TEMP), 0644), 0);
	expect_sys(outfile_continue(&f, dir, &rules, &left), ESTALE);
	assert_int_equal(chmod(scratch_path(TEMP), S_IWUSR), 0);
	/* Where there are no locks, nobody knows. */
	faults_set(FAULT_FLOCK, 1, 1, ENOLCK);
	expect_sys(outfile_continue(&f, dir, &rules, &left), ESTALE);
	expect_sys(outfile_continue(&f, dir, &rules, &left), 0);
	outfile_close(&f);
	/* A link to it is not it. */
	assert_int_equal(rename(scratch_path(TEMP), scratch_path("x")), 0);
	assert_int_equal(symlink("x", scratch_path(TEMP)), 0);
	expect_sys(outfile_continue(&f, dir, &rules, &left), ESTALE);
	assert_int_equal(unlink(scratch_path(TEMP)), 0);
	expect_sys(outfile_continue(&f, dir, &rules, &left), ESTALE);
}

static void
knows_its_names(void **state)
{
	static const struct {
		const char *name;
		bool is_temp;
	} rows[] = {
		{ TEMP, true },
		{ TEMP_1, true },
		{ ".123456789abcdef0%9.bulkfetch", true },
		{ ".123456789abcdef0%r0123456789abcdef.bulkfetch", true },
		{ ".123456789abcdef1%.bulkfetch", false },
		{ ".123456789abcdef0%/.bulkfetch", false },
		{ ".123456789abcdef0%../x.bulkfetch", false },
		{ ".123456789abcdef0%1.bulkfetc", false },
		{ ".123456789abcdef0%1.bulkfetch2", false },
		{ ".123456789abcdef0%"
		  "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
		  ".bulkfetch",
		    false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (outfile_is_temp(rows[i].name, KEY) != rows[i].is_temp)
			fail_msg("%s", rows[i].name);
}

/* ---- Modification times ------------------------------------------------- */

static void
expect_stamp(const char *name, const struct outfile_stamp *stamp)
{
	struct stat st;

	assert_true(stamp->is_known);
	assert_int_equal(stat(scratch_path(name), &st), 0);
	assert_int_equal(stamp->len, st.st_size);
	assert_int_equal(stamp->mtime.tv_sec, st.st_mtim.tv_sec);
	assert_int_equal(stamp->mtime.tv_nsec, st.st_mtim.tv_nsec);
}

static void
gives_files_a_modification_time_and_tells_of_it(void **state)
{
	struct outfile f;

	(void)state;
	for (int sets = 0; sets < 2; sets++) {
		struct outfile_stamp stamp = {
			.sets_mtime = sets != 0,
			.mtime.tv_sec = 784111777,
		};

		expect_sys(
		    outfile_put(dir, "a", &rules, slice_str("hello"), &stamp),
		    0);
		expect_stamp("a", &stamp);
		assert_true((stamp.mtime.tv_sec == 784111777) == (sets != 0));
		assert_int_equal(scratch_mode("a"), S_IFREG | 0644);
		begin(&f, "hi");
		stamp.mtime.tv_sec = 1;
		expect_sys(outfile_finish(&f, &rules, &stamp), 0);
		expect_sys(outfile_rename(&f, dir, "b", false), 0);
		expect_stamp("b", &stamp);
		assert_true((stamp.mtime.tv_sec == 1) == (sets != 0));
		assert_int_equal(unlink(scratch_path("a")), 0);
		assert_int_equal(unlink(scratch_path("b")), 0);
	}
}

static void
stores_a_file_whose_time_cannot_be_set(void **state)
{
	struct outfile_stamp stamp = {
		.sets_mtime = true,
		.mtime = { .tv_sec = 1, .tv_nsec = 2000000000 },
	};

	(void)state;
	expect_sys(
	    outfile_put(dir, "a", &rules, slice_str("hello"), &stamp), 0);
	scratch_expect_text("a", "hello");
	expect_stamp("a", &stamp);
	assert_true(stamp.mtime.tv_sec > 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(goes_on_where_it_was_suspended),
		TEST(can_be_suspended_often),
		TEST(goes_on_without_privileges),
		TEST(goes_on_with_nothing_but_what_was_left),
		TEST(is_not_used_again_by_its_own_run_while_suspended),
		TEST(is_used_again_by_a_later_run_and_then_not_gone_on_with),
		TEST(closes_what_cannot_be_suspended),
		TEST(says_why_it_cannot_go_on),
		TEST(continues_what_an_earlier_run_left),
		TEST(only_holds_what_it_continues),
		TEST(continues_no_other_file),
		TEST(knows_its_names),
		TEST(gives_files_a_modification_time_and_tells_of_it),
		TEST(stores_a_file_whose_time_cannot_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
