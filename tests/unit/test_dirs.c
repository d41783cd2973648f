/* link: -Wl,--wrap=openat,--wrap=write,--wrap=fchmod,--wrap=close,--wrap=renameat,--wrap=renameat2,--wrap=syscall,--wrap=flock,--wrap=fstatat,--wrap=mkdirat */
#include "faults.h"
#include "scratch.h"

#include <sys/syscall.h>

#include "collect/dirs.h"

static int root;

static int
setup(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	faults_reset();
	root = open(scratch_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	faults_reset();
	(void)close(root);
	return scratch_teardown(state);
}

/* Counting its calls makes sense where it is: not under an old valgrind. */
static void
need_openat2(void)
{
	if (syscall(SYS_openat2, root, "", NULL, 0) == -1 && errno == ENOSYS)
		skip();
	faults_reset();
}

static struct dirs *
open_dirs(size_t bound)
{
	struct dirs *d;

	assert_false(err_is(dirs_new(root, bound, &d)));
	return d;
}

/* `path` leads to the directory called `real`. */
static void
expect_dir(
    struct dirs *d, const char *path, enum dirs_how how, const char *real)
{
	struct slice copy = exact_copy(slice_str(path));
	const struct dir *dir;
	struct err err = dirs_get(d, copy, how, &dir);
	struct stat by_fd;
	struct stat by_name;

	exact_free(copy);
	if (err_is(err))
		fail_msg("%s: %s", path, strerror(err.sys));
	expect_text(path, dir->path, real);
	assert_true(dir->is_marked == (strcmp(path, real) != 0));
	assert_int_equal(fstat(dir->fd, &by_fd), 0);
	assert_int_equal(lstat(scratch_path(real), &by_name), 0);
	assert_true(S_ISDIR(by_name.st_mode));
	assert_true(by_fd.st_ino == by_name.st_ino);
}

static void
expect_failure(struct dirs *d, const char *path, enum dirs_how how, int sys)
{
	const struct dir *dir;
	struct err err = dirs_get(d, slice_str(path), how, &dir);

	expect_kind(path, err, ERR_FILE);
	assert_int_equal(err.sys, sys);
}

static void
makes_what_is_missing(void **state)
{
	struct dirs *d = open_dirs(8);

	(void)state;
	expect_failure(d, "a/b/c", DIRS_FIND, ENOENT);
	assert_int_equal(scratch_count("."), 0);
	expect_dir(d, "a/b/c", DIRS_MAKE, "a/b/c");
	expect_dir(d, "a/b/c", DIRS_FIND, "a/b/c");
	expect_dir(d, "a/b", DIRS_FIND, "a/b");
	expect_dir(d, "", DIRS_FIND, "");
	dirs_free(d);
}

static void
asks_the_kernel_once_for_a_directory(void **state)
{
	struct dirs *d;

	(void)state;
	need_openat2();
	d = open_dirs(8);
	assert_int_equal(mkdir(scratch_path("a"), 0700), 0);
	assert_int_equal(mkdir(scratch_path("a/b"), 0700), 0);
	faults_reset();
	for (int i = 0; i < 10; i++) {
		expect_dir(d, "a/b", DIRS_MAKE, "a/b");
		expect_dir(d, "a", DIRS_MAKE, "a");
	}
	assert_int_equal(faults_total(), 2);
	assert_int_equal(faults[FAULT_SYSCALL].calls, 2);
	dirs_free(d);
}

static void
holds_no_more_descriptors_than_it_may(void **state)
{
	static const size_t bounds[] = { 0, 1, 2, 5 };
	unsigned fds = scratch_open_fds();

	(void)state;
	for (size_t i = 0; i < COUNT(bounds); i++) {
		size_t bound = bounds[i] > 0 ? bounds[i] : 1;
		struct dirs *d = open_dirs(bounds[i]);

		for (int n = 0; n < 40; n++) {
			char path[32];

			(void)snprintf(
			    path, sizeof(path), "h/%d/%d", n % 7, n % 3);
			expect_dir(d, path, DIRS_MAKE, path);
			assert_true(dirs_count(d) <= bound);
			assert_true(scratch_open_fds() <= fds + bound);
		}
		dirs_free(d);
		assert_int_equal(scratch_open_fds(), fds);
	}
}

static void
keeps_the_most_recently_used(void **state)
{
	struct dirs *d;

	(void)state;
	need_openat2();
	d = open_dirs(2);
	expect_dir(d, "a", DIRS_MAKE, "a");
	expect_dir(d, "b", DIRS_MAKE, "b");
	expect_dir(d, "a", DIRS_MAKE, "a");
	expect_dir(d, "c", DIRS_MAKE, "c");
	faults_reset();
	expect_dir(d, "a", DIRS_MAKE, "a");
	expect_dir(d, "c", DIRS_MAKE, "c");
	assert_int_equal(faults_total(), 0);
	expect_dir(d, "b", DIRS_MAKE, "b");
	assert_int_equal(faults[FAULT_SYSCALL].calls, 1);
	dirs_free(d);
}

/* By openat2(), without it (old kernels), and where a sandbox forbids it. */
static const int openat2_answers[] = { 0, ENOSYS, EPERM, EAGAIN };

static void
answer_openat2(size_t i)
{
	faults_reset();
	if (openat2_answers[i] != 0)
		faults_set(FAULT_SYSCALL, 1, 1000, openat2_answers[i]);
}

static void
goes_beside_what_is_no_directory(void **state)
{
	(void)state;
	scratch_write("a", "file", 0644);
	assert_int_equal(mkdir(scratch_path("d"), 0700), 0);
	scratch_write("d/e", "file", 0644);
	for (size_t i = 0; i < COUNT(openat2_answers); i++) {
		struct dirs *d = open_dirs(8);

		answer_openat2(i);
		expect_failure(d, "a/x", DIRS_FIND, ENOENT);
		expect_dir(d, "a/b", DIRS_MAKE, "a%dir/b");
		expect_dir(d, "a/b/c", DIRS_MAKE, "a%dir/b/c");
		expect_dir(d, "a", DIRS_MAKE, "a%dir");
		expect_dir(d, "a%dir/b", DIRS_MAKE, "a%dir/b");
		expect_dir(d, "d/e/f", DIRS_MAKE, "d/e%dir/f");
		dirs_free(d);
	}
	scratch_expect_text("a", "file");
}

static void
never_follows_a_symlink(void **state)
{
	(void)state;
	assert_int_equal(mkdir(scratch_path("root"), 0700), 0);
	assert_int_equal(mkdir(scratch_path("outside"), 0700), 0);
	assert_int_equal(mkdir(scratch_path("root/in"), 0700), 0);
	assert_int_equal(symlink("../outside", scratch_path("root/up")), 0);
	assert_int_equal(
	    symlink(scratch_path("outside"), scratch_path("root/abs")), 0);
	assert_int_equal(symlink("in", scratch_path("root/inner")), 0);
	assert_int_equal(symlink("/nowhere", scratch_path("root/gone")), 0);
	assert_int_equal(symlink("loop", scratch_path("root/loop")), 0);
	(void)close(root);
	root = open(scratch_path("root"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < COUNT(openat2_answers); i++) {
		static const char *const links[] = { "up", "abs", "inner",
			"gone", "loop" };
		struct dirs *d = open_dirs(8);

		answer_openat2(i);
		for (size_t k = 0; k < COUNT(links); k++) {
			const struct dir *dir;
			char path[32];
			char real[32];

			(void)snprintf(path, sizeof(path), "%s/x", links[k]);
			(void)snprintf(
			    real, sizeof(real), "%s%%dir/x", links[k]);
			assert_false(err_is(
			    dirs_get(d, slice_str(path), DIRS_MAKE, &dir)));
			expect_text(path, dir->path, real);
		}
		dirs_free(d);
	}
	assert_int_equal(scratch_count("outside"), 0);
	assert_int_equal(scratch_count("root/in"), 0);
}

static void
makes_again_what_somebody_removed(void **state)
{
	struct dirs *d = open_dirs(8);

	(void)state;
	expect_dir(d, "a/b", DIRS_MAKE, "a/b");
	assert_int_equal(rmdir(scratch_path("a/b")), 0);
	assert_int_equal(rmdir(scratch_path("a")), 0);
	/* "a" is cached, but nothing can be made in it. */
	expect_dir(d, "a/c", DIRS_MAKE, "a/c");
	dirs_forget(d);
	expect_dir(d, "a/b", DIRS_MAKE, "a/b");
	dirs_free(d);
}

static void
gives_up_its_cache_when_descriptors_are_short(void **state)
{
	static const int shortages[] = { EMFILE, ENFILE };

	(void)state;
	need_openat2();
	for (size_t i = 0; i < COUNT(shortages); i++) {
		struct dirs *d = open_dirs(8);

		faults_reset();
		expect_dir(d, "a", DIRS_MAKE, "a");
		expect_dir(d, "b", DIRS_MAKE, "b");
		faults_set(FAULT_SYSCALL, 1, 1, shortages[i]);
		expect_dir(d, "c", DIRS_MAKE, "c");
		assert_int_equal(dirs_count(d), 1);
		faults_set(FAULT_SYSCALL, 1, 100, shortages[i]);
		expect_failure(d, "d", DIRS_MAKE, shortages[i]);
		assert_int_equal(dirs_count(d), 0);
		dirs_free(d);
	}
}

static void
shrinks_when_asked(void **state)
{
	struct dirs *d = open_dirs(8);

	(void)state;
	for (char name[] = "a"; name[0] < 'k'; name[0]++)
		expect_dir(d, name, DIRS_MAKE, name);
	assert_int_equal(dirs_count(d), 8);
	dirs_shrink(d);
	assert_int_equal(dirs_count(d), 1);
	for (char name[] = "a"; name[0] < 'k'; name[0]++)
		expect_dir(d, name, DIRS_MAKE, name);
	assert_int_equal(dirs_count(d), 4);
	for (int i = 0; i < 5; i++)
		dirs_shrink(d);
	expect_dir(d, "a", DIRS_MAKE, "a");
	expect_dir(d, "b", DIRS_MAKE, "b");
	assert_int_equal(dirs_count(d), 1);
	dirs_free(d);
}

static void
passes_on_what_goes_wrong(void **state)
{
	struct dirs *d = open_dirs(8);
	char name[400];

	(void)state;
	faults_set(FAULT_MKDIRAT, 1, 1, ENOSPC);
	expect_failure(d, "a", DIRS_MAKE, ENOSPC);
	faults_set(FAULT_MKDIRAT, 1, 1, EACCES);
	expect_failure(d, "a/b", DIRS_MAKE, EACCES);
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	expect_failure(d, name, DIRS_MAKE, ENAMETOOLONG);
	assert_int_equal(scratch_count("."), 0);
	dirs_free(d);
}

/* More components than the cache holds, as long as a name may get. */
static void
goes_as_deep_as_names_go(void **state)
{
	char path[3001];
	struct dirs *d = open_dirs(8);

	(void)state;
	for (size_t i = 0; i < sizeof(path) - 1; i++)
		path[i] = i % 2 == 0 ? 'a' : '/';
	path[sizeof(path) - 2] = '\0';
	expect_dir(d, path, DIRS_MAKE, path);
	expect_dir(d, path, DIRS_FIND, path);
	dirs_free(d);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_what_is_missing),
		TEST(asks_the_kernel_once_for_a_directory),
		TEST(holds_no_more_descriptors_than_it_may),
		TEST(keeps_the_most_recently_used),
		TEST(goes_beside_what_is_no_directory),
		TEST(never_follows_a_symlink),
		TEST(makes_again_what_somebody_removed),
		TEST(gives_up_its_cache_when_descriptors_are_short),
		TEST(shrinks_when_asked),
		TEST(passes_on_what_goes_wrong),
		TEST(goes_as_deep_as_names_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
