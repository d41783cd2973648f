#include "exact.h"

#include "base/hash.h"
#include "collect/made.h"

static void
knows_who_made_a_name(void **state)
{
	struct made *m;

	(void)state;
	assert_false(err_is(made_new(&m)));
	assert_int_equal(made_find(m, 1, 10), MADE_UNKNOWN);
	made_add(m, 1, 10);
	assert_int_equal(made_find(m, 1, 10), MADE_BY_URL);
	assert_int_equal(made_find(m, 1, 11), MADE_BY_OTHER);
	made_add(m, 1, 11);
	assert_int_equal(made_find(m, 1, 10), MADE_BY_OTHER);
	made_free(m);
}

static void
forgets_rather_than_grow(void **state)
{
	struct made *m;
	unsigned known = 0;

	(void)state;
	assert_false(err_is(made_new(&m)));
	for (uint64_t name = 1; name <= 100000; name++)
		made_add(m, name, ~name);
	for (uint64_t name = 1; name <= 100000; name++) {
		enum made_by by = made_find(m, name, ~name);

		assert_int_not_equal(by, MADE_BY_OTHER);
		known += by == MADE_BY_URL;
	}
	assert_int_equal(made_find(m, 100000, ~UINT64_C(100000)), MADE_BY_URL);
	assert_true(known >= 10000);
	assert_true(known < 100000);
	made_free(m);
}

static uint64_t
name(uint64_t i)
{
	return hash_octets(slice_of(&i, sizeof(i)), 0);
}

static void
never_forgets_what_was_kept(void **state)
{
	uint64_t count = 1000000;
	unsigned mistaken = 0;
	struct made *m;

	(void)state;
	assert_false(err_is(made_new(&m)));
	assert_false(made_may_be_kept(m, 0));
	for (uint64_t i = 0; i < count; i++)
		assert_false(err_is(made_keep(m, name(i))));
	for (uint64_t i = 0; i < count; i++)
		assert_true(made_may_be_kept(m, name(i)));
	for (uint64_t i = count; i < 2 * count; i++)
		mistaken += made_may_be_kept(m, name(i));
	assert_true(mistaken < count / 2000);
	made_free(m);
	made_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_who_made_a_name),
		cmocka_unit_test(forgets_rather_than_grow),
		cmocka_unit_test(never_forgets_what_was_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
