#include "exact.h"

#include <stdio.h>

#include "source/done.h"

/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "refuse.h"

static struct slice
url_of(uint64_t n, char out[32])
{
	return slice_of(out,
	    (size_t)snprintf(out, 32, "http://h/%llu", (unsigned long long)n));
}

static void
add(struct done *done, uint64_t n, bool ok)
{
	char url[32];

	assert_false(err_is(done_add(done, n, url_of(n, url), ok)));
}

static void
knows_results_and_those_that_were_ok(void **state)
{
	static const uint64_t numbers[] = { 1, 2, 64, 65, 262144, 262145,
		50000000, RECORDS_N_MAX };
	struct done done;

	(void)state;
	assert_false(err_is(done_init(&done)));
	for (size_t i = 0; i < COUNT(numbers); i++)
		add(&done, numbers[i], i % 2 == 0);
	for (size_t i = 0; i < COUNT(numbers); i++) {
		assert_true(done_has(&done, numbers[i]));
		assert_int_equal(done_is_ok(&done, numbers[i]), i % 2 == 0);
	}
	assert_false(done_has(&done, 3));
	assert_false(done_has(&done, 63));
	assert_false(done_has(&done, 66));
	assert_false(done_has(&done, RECORDS_N_MAX - 1));
	assert_int_equal(done.ok, 4);
	assert_int_equal(done.failed, 4);
	assert_int_equal(done.max_n, RECORDS_N_MAX);
	/* Outside. */
	assert_false(done_has(&done, 0));
	assert_false(done_is_ok(&done, RECORDS_N_MAX + 1));
	assert_false(done_has(&done, UINT64_MAX));
	done_fini(&done);
}

static void
counts_the_last_result_of_each(void **state)
{
	struct done done;

	(void)state;
	assert_false(err_is(done_init(&done)));
	add(&done, 5, false);
	add(&done, 5, true);
	add(&done, 6, true);
	add(&done, 6, false);
	add(&done, 6, false);
	assert_int_equal(done.ok, 1);
	assert_int_equal(done.failed, 1);
	assert_true(done_is_ok(&done, 5));
	assert_true(done_has(&done, 6));
	assert_false(done_is_ok(&done, 6));
	done_fini(&done);
}

static void
gives_a_failure_once(void **state)
{
	struct done done;

	(void)state;
	assert_false(err_is(done_init(&done)));
	add(&done, 5, false);
	add(&done, 6, true);
	assert_true(done_take_failed(&done, 5));
	assert_false(done_take_failed(&done, 5));
	assert_false(done_take_failed(&done, 6));
	assert_false(done_take_failed(&done, 7));
	done_fini(&done);
}

/* In any order, with repeats. */
static void
sums_up_each_line_once(void **state)
{
	struct done up;
	struct done down;
	char url[32];

	(void)state;
	assert_false(err_is(done_init(&up)));
	assert_false(err_is(done_init(&down)));
	for (uint64_t n = 1; n <= 200; n++) {
		add(&up, n, true);
		add(&down, 201 - n, true);
		add(&down, 201 - n, false);
	}
	for (uint64_t block = 0; block < 4; block++) {
		uint32_t sum = 0;

		for (uint64_t n = block * 64 + 1;
		     n <= block * 64 + 64 && n <= 200; n++)
			sum += done_hash(n, url_of(n, url));
		assert_int_equal(done_sum(&up, block), sum);
		assert_int_equal(done_sum(&down, block), sum);
		assert_false(done_is_empty(&up, block));
	}
	assert_true(done_is_empty(&up, 4));
	assert_true(done_is_empty(&up, UINT64_MAX / 64));
	assert_int_equal(done_sum(&up, 1000000), 0);
	done_fini(&up);
	done_fini(&down);
}

/* Two lines that changed places have the same URLs. */
static void
tells_lines_that_changed_places(void **state)
{
	struct slice a = TEXT("http://h/a");
	struct slice b = TEXT("http://h/b");

	(void)state;
	assert_int_not_equal((uint32_t)(done_hash(1, a) + done_hash(2, b)),
	    (uint32_t)(done_hash(1, b) + done_hash(2, a)));
}

static void
survives_a_refused_allocation(void **state)
{
	struct slice url = TEXT("http://h/a");
	struct done done = { 0 };

	(void)state;
	refuse_begin(1);
	expect_kind("init", done_init(&done), ERR_NOMEM);
	assert_true(refuse_end());
	done_fini(&done);
	assert_false(err_is(done_init(&done)));
	refuse_begin(1);
	expect_kind("add", done_add(&done, 1, url, true), ERR_NOMEM);
	assert_true(refuse_end());
	assert_false(done_has(&done, 1));
	assert_int_equal(done.ok + done.failed + done.max_n, 0);
	assert_false(err_is(done_add(&done, 1, url, true)));
	assert_true(done_has(&done, 1));
	done_fini(&done);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_results_and_those_that_were_ok),
		cmocka_unit_test(counts_the_last_result_of_each),
		cmocka_unit_test(gives_a_failure_once),
		cmocka_unit_test(sums_up_each_line_once),
		cmocka_unit_test(tells_lines_that_changed_places),
		cmocka_unit_test(survives_a_refused_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
