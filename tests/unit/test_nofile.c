/* link: -Wl,--wrap=getrlimit,--wrap=setrlimit,--wrap=opendir */
#include "exact.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sys/nofile.h"

static bool get_fails;
static bool set_fails;
static bool opendir_fails;
static struct rlimit limit;

int __real_getrlimit(int resource, struct rlimit *out);
int __wrap_getrlimit(int resource, struct rlimit *out);
int __real_setrlimit(int resource, const struct rlimit *in);
int __wrap_setrlimit(int resource, const struct rlimit *in);
DIR *__real_opendir(const char *name);
DIR *__wrap_opendir(const char *name);

/* A sanitizer's runtime, linked in, has questions and limits of its own. */
int
__wrap_getrlimit(int resource, struct rlimit *out)
{
	if (resource != RLIMIT_NOFILE)
		return __real_getrlimit(resource, out);
	*out = limit;
	return get_fails ? -1 : 0;
}

int
__wrap_setrlimit(int resource, const struct rlimit *in)
{
	if (resource != RLIMIT_NOFILE)
		return __real_setrlimit(resource, in);
	if (set_fails)
		return -1;
	limit = *in;
	return 0;
}

DIR *
__wrap_opendir(const char *name)
{
	if (!opendir_fails)
		return __real_opendir(name);
	errno = EMFILE;
	return NULL;
}

static void
raises_the_limit_as_far_as_it_goes(void **state)
{
	static const struct {
		rlim_t cur;
		rlim_t max;
		bool get_fails;
		bool set_fails;
		uint64_t in_force;
	} cases[] = {
		{ 1024, 4096, false, false, 4096 },
		{ 4096, 4096, false, false, 4096 },
		{ 40, 40, false, true, 40 },
		{ 1024, 4096, false, true, 1024 },
		{ 1024, RLIM_INFINITY, false, false, UINT64_MAX },
		{ 0, 0, true, false, 256 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		limit = (struct rlimit){ cases[i].cur, cases[i].max };
		get_fails = cases[i].get_fails;
		set_fails = cases[i].set_fails;
		assert_int_equal(nofile_raise(), cases[i].in_force);
	}
}

static void
counts_the_descriptors_that_are_open(void **state)
{
	uint64_t before = nofile_count_open();
	int fds[5];

	(void)state;
	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = dup(0);
	assert_int_equal(nofile_count_open(), before + COUNT(fds));
	for (size_t i = 0; i < COUNT(fds); i++)
		(void)close(fds[i]);
	assert_int_equal(nofile_count_open(), before);
}

static void
guesses_where_nothing_can_be_counted(void **state)
{
	(void)state;
	opendir_fails = true;
	assert_in_range(nofile_count_open(), 3, 20);
	opendir_fails = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raises_the_limit_as_far_as_it_goes),
		cmocka_unit_test(counts_the_descriptors_that_are_open),
		cmocka_unit_test(guesses_where_nothing_can_be_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
