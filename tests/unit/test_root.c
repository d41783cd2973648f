#include "scratch.h"

#include "collect/root.h"

static void
makes_the_directory_and_those_above_it(void **state)
{
	static const char *const names[] = { "a", "b/c/d", "e//f///g/", "b/c",
		"b/./c/../h" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		int fd = -1;

		assert_false(err_is(root_open(scratch_path(names[i]), &fd)));
		assert_int_not_equal(fd, -1);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		assert_int_equal(close(fd), 0);
		assert_true(S_ISDIR(scratch_mode(names[i])));
	}
}

static void
may_be_reached_by_a_symlink(void **state)
{
	int fd = -1;

	(void)state;
	assert_int_equal(mkdir(scratch_path("real"), 0700), 0);
	assert_int_equal(symlink("real", scratch_path("link")), 0);
	assert_false(err_is(root_open(scratch_path("link/below"), &fd)));
	assert_int_equal(close(fd), 0);
	assert_true(S_ISDIR(scratch_mode("real/below")));
}

static void
says_why_there_is_none(void **state)
{
	int fd = -1;

	(void)state;
	scratch_write("file", "", 0644);
	assert_int_equal(symlink("/nowhere/x", scratch_path("gone")), 0);
	assert_int_equal(root_open(scratch_path("file"), &fd).sys, ENOTDIR);
	assert_int_equal(root_open(scratch_path("file/x"), &fd).sys, ENOTDIR);
	assert_int_equal(root_open(scratch_path("gone"), &fd).sys, ENOENT);
	assert_int_equal(root_open("", &fd).sys, ENOENT);
	assert_int_equal(root_open("/proc/nowhere", &fd).sys, ENOENT);
}

static void
leads_to_names_in_it(void **state)
{
	static const struct {
		const char *dir;
		const char *prefix;
	} rows[] = {
		{ ".", "" },
		{ "./", "" },
		{ "out", "out/" },
		{ "out///", "out/" },
		{ "./out", "./out/" },
		{ "/", "/" },
		{ "//", "/" },
		{ "/a/b", "/a/b/" },
		{ "..", "../" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;

		buf_init(&out, 100);
		assert_false(err_is(root_append_prefix(rows[i].dir, &out)));
		expect_text(rows[i].dir, buf_slice(&out), rows[i].prefix);
		buf_fini(&out);
	}
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_the_directory_and_those_above_it),
		TEST(may_be_reached_by_a_symlink),
		TEST(says_why_there_is_none),
		TEST(leads_to_names_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
