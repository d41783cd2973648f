#include "exact.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"
#include "sys/stamp.h"

static void
no_file_has_no_stamp(void **state)
{
	struct stamp none = stamp_of(scratch_path("none"));

	(void)state;
	assert_false(stamp_is(&none));
	assert_true(stamp_eq(&none, &(struct stamp){ 0 }));
}

static void
an_untouched_file_keeps_its_stamp(void **state)
{
	struct stamp first;
	struct stamp second;

	(void)state;
	scratch_write("file", "one", 0600);
	first = stamp_of(scratch_path("file"));
	second = stamp_of(scratch_path("file"));
	assert_true(stamp_is(&first));
	assert_true(stamp_eq(&first, &second));
}

static void
another_size_mode_time_or_file_is_another_stamp(void **state)
{
	static const struct timespec times[2] = { { 1000, 0 }, { 1000, 5 } };
	struct stamp before;
	struct stamp after;

	(void)state;
	scratch_write("changing", "onetwo", 0600);
	before = stamp_of(scratch_path("changing"));
	assert_int_equal(truncate(scratch_path("changing"), 5), 0);
	after = stamp_of(scratch_path("changing"));
	assert_false(stamp_eq(&before, &after));
	assert_int_equal(
	    utimensat(AT_FDCWD, scratch_path("changing"), times, 0), 0);
	before = stamp_of(scratch_path("changing"));
	assert_false(stamp_eq(&before, &after));
	/* The same octets and times under the same name, but another file. */
	scratch_write("other", "onetw", 0600);
	assert_int_equal(
	    utimensat(AT_FDCWD, scratch_path("other"), times, 0), 0);
	after = stamp_of(scratch_path("other"));
	assert_int_equal(before.size, after.size);
	assert_false(stamp_eq(&before, &after));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_file_has_no_stamp),
		cmocka_unit_test(an_untouched_file_keeps_its_stamp),
		cmocka_unit_test(
		    another_size_mode_time_or_file_is_another_stamp),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
