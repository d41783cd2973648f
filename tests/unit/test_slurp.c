/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"
#include "scratch.h"

#include "sys/slurp.h"

static void
reads_a_file_of_any_size_up_to_the_maximum(void **state)
{
	static const struct {
		size_t size;
		size_t max;
		enum err_kind kind;
	} cases[] = {
		{ 0, 0, ERR_NONE },
		{ 0, 10, ERR_NONE },
		{ 1, 10, ERR_NONE },
		{ 10, 10, ERR_NONE },
		{ 11, 10, ERR_LIMIT },
		{ 1, 0, ERR_LIMIT },
		{ 16384, 16384, ERR_NONE },
		{ 16385, 16384, ERR_LIMIT },
		{ 100000, 100000, ERR_NONE },
		{ 100000, 200000, ERR_NONE },
		{ 100001, 100000, ERR_LIMIT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t size = cases[i].size;
		char *content = malloc(size + 1);
		struct buf out;

		assert_non_null(content);
		for (size_t at = 0; at < size; at++)
			content[at] = (char)('a' + at % 26);
		content[size] = '\0';
		scratch_write("file", content, 0600);
		buf_init(&out, cases[i].max);
		expect_kind("file", slurp_file(scratch_path("file"), &out),
		    cases[i].kind);
		if (cases[i].kind == ERR_NONE)
			expect_slice(
			    "file", buf_slice(&out), slice_of(content, size));
		else
			assert_true(out.len <= cases[i].max);
		buf_fini(&out);
		free(content);
		assert_int_equal(unlink(scratch_path("file")), 0);
	}
}

static void
appends_to_what_is_there(void **state)
{
	struct buf out;

	(void)state;
	scratch_write("file", "world", 0600);
	buf_init(&out, 12);
	assert_false(err_is(buf_append_str(&out, "hello, ")));
	assert_false(err_is(slurp_file(scratch_path("file"), &out)));
	expect_text("both", buf_slice(&out), "hello, world");
	assert_int_equal(
	    slurp_file(scratch_path("file"), &out).kind, ERR_LIMIT);
	buf_fini(&out);
}

static void
says_why_a_file_cannot_be_read(void **state)
{
	struct buf out;
	struct err err;
	unsigned fds = scratch_open_fds();

	(void)state;
	buf_init(&out, 1000);
	err = slurp_file(scratch_path("missing"), &out);
	assert_int_equal(err.kind, ERR_FILE);
	assert_int_equal(err.sys, ENOENT);
	err = slurp_file(scratch_dir, &out);
	assert_int_equal(err.kind, ERR_FILE);
	assert_int_equal(err.sys, EISDIR);
	scratch_write("file", "octets", 0600);
	buf_fini(&out);
	refuse_begin(1);
	err = slurp_file(scratch_path("file"), &out);
	assert_true(refuse_end());
	assert_int_equal(err.kind, ERR_NOMEM);
	assert_int_equal(scratch_open_fds(), fds);
	buf_fini(&out);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_a_file_of_any_size_up_to_the_maximum),
		TEST(appends_to_what_is_there),
		TEST(says_why_a_file_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
