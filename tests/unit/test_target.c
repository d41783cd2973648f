#include "exact.h"

#include "base/hash.h"
#include "collect/target.h"

static void
tells_directory_and_file_apart(void **state)
{
	static const struct {
		const char *prefix;
		const char *name;
		const char *dir;
		const char *base;
	} rows[] = {
		{ "", "a", "", "a" },
		{ "", "h/a", "h", "a" },
		{ "", "h/a/b", "h/a", "b" },
		{ "out/", "a", "", "a" },
		{ "out/", "h/a", "h", "a" },
		{ "/", "h/a", "h", "a" },
	};
	struct target t;

	(void)state;
	target_init(&t);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char all[64];

		assert_false(err_is(target_set(
		    &t, slice_str(rows[i].prefix), slice_str(rows[i].name))));
		expect_text("dir", target_dir(&t), rows[i].dir);
		assert_string_equal(target_base(&t), rows[i].base);
		(void)strcpy(all, rows[i].prefix);
		(void)strcat(all, rows[i].name);
		assert_string_equal(target_name(&t), all);
		assert_false(t.is_moved);
		assert_true(
		    target_hash(&t) == hash_octets(slice_str(rows[i].name), 0));
	}
	target_fini(&t);
}

static uint64_t
hash_nocase(const char *prefix, const char *name)
{
	struct target t;
	uint64_t hash;

	target_init(&t);
	assert_false(
	    err_is(target_set(&t, slice_str(prefix), slice_str(name))));
	hash = target_hash_nocase(&t);
	target_fini(&t);
	return hash;
}

static void
hashes_either_case_alike(void **state)
{
	char lower[201] = { 0 };
	char upper[201] = { 0 };

	(void)state;
	/* Of each length about the pieces in which it is done. */
	for (size_t len = 1; len < sizeof(lower); len++) {
		memset(lower, 'z', len);
		memset(upper, 'Z', len);
		assert_true(
		    hash_nocase("", lower) == hash_nocase("out/", upper));
		upper[len - 1] = 'Y';
		assert_false(hash_nocase("", lower) == hash_nocase("", upper));
	}
	assert_false(hash_nocase("", "[") == hash_nocase("", "{"));
}

static void
takes_marks(void **state)
{
	struct target t;
	struct target_state state_before;

	(void)state;
	target_init(&t);
	assert_false(
	    err_is(target_set(&t, slice_str("out/"), slice_str("h/a/b/c"))));
	assert_false(err_is(target_move_dir(&t, slice_str("h/a%dir/b%dir"))));
	assert_true(t.is_moved);
	assert_string_equal(target_name(&t), "out/h/a%dir/b%dir/c");
	assert_string_equal(target_base(&t), "c");
	expect_text("dir", target_dir(&t), "h/a%dir/b%dir");
	assert_false(err_is(target_mark_file(&t)));
	assert_string_equal(target_base(&t), "c%file");
	assert_int_equal(t.marks, TARGET_MARK_FILE);
	state_before = target_save(&t);
	assert_false(err_is(target_mark_hash(&t, 0x1234)));
	assert_string_equal(target_base(&t), "c%file%~0000000000001234");
	assert_int_equal(t.marks, TARGET_MARK_FILE | TARGET_MARK_HASH);
	expect_text("plain", target_plain(&t), "c");
	target_restore(&t, state_before);
	assert_string_equal(target_base(&t), "c%file");
	assert_int_equal(t.marks, TARGET_MARK_FILE);
	assert_false(
	    err_is(target_set(&t, slice_str("out/"), slice_str("h/x"))));
	assert_false(t.is_moved);
	assert_string_equal(target_name(&t), "out/h/x");
	target_fini(&t);
}

static void
keeps_no_memory_of_a_long_name(void **state)
{
	static char name[100000];
	struct target t;

	(void)state;
	memset(name, 'a', sizeof(name));
	target_init(&t);
	assert_false(err_is(
	    target_set(&t, slice_str(""), slice_of(name, sizeof(name)))));
	assert_false(err_is(target_set(&t, slice_str(""), slice_str("a"))));
	assert_true(t.name.cap < 4096);
	target_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_directory_and_file_apart),
		cmocka_unit_test(hashes_either_case_alike),
		cmocka_unit_test(takes_marks),
		cmocka_unit_test(keeps_no_memory_of_a_long_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
