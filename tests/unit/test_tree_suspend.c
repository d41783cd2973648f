/* link: -Wl,--wrap=openat,--wrap=write,--wrap=fchmod,--wrap=close,--wrap=renameat,--wrap=renameat2,--wrap=syscall,--wrap=flock,--wrap=fstatat,--wrap=mkdirat */
#include "tree_bench.h"

/* A body of 8 octets of which some have come when it is suspended. */
static void *
begin_and_suspend(const char *url, const char *content)
{
	void *body;

	assert_int_equal(collect_begin(&tree, url, 8, &body), 0);
	if (content[0] != '\0')
		assert_int_equal(
		    tree.write(tree.ctx, body, collect_text(content), false),
		    0);
	assert_true(tree.suspend(tree.ctx, body));
	return body;
}

static void
goes_on_with_a_suspended_body(void **state)
{
	static const struct {
		const char *before;
		uint64_t len;
		const char *after;
		const char *whole;
	} rows[] = {
		{ "1234", 4, "5678", "12345678" },
		{ "1234", 2, "abcdef", "12abcdef" },
		{ "1234", 0, "abcdefgh", "abcdefgh" },
		{ "", 0, "abcdefgh", "abcdefgh" },
	};
	unsigned fds;

	(void)state;
	for (int atomic = 0; atomic < 2; atomic++) {
		struct bulkfetch_tree_options o = options();

		o.is_atomic = atomic != 0;
		begin_run(o);
		expect_stored("http://h/x", "", ARRIVES_WHOLE, "h/x", false);
		fds = scratch_open_fds();
		for (size_t i = 0; i < COUNT(rows); i++) {
			void *body =
			    begin_and_suspend("http://h/a", rows[i].before);

			assert_int_equal(scratch_open_fds(), fds);
			assert_int_equal(
			    tree.resume(tree.ctx, body, rows[i].len), 0);
			assert_int_equal(tree.write(tree.ctx, body,
					     collect_text(rows[i].after), true),
			    0);
			assert_int_equal(collect_commit(&tree, body), 0);
			scratch_expect_text("h/a", rows[i].whole);
			assert_int_equal(scratch_open_fds(), fds);
			expect_count("h", 2);
		}
	}
}

/* As with splice(2), which goes by the descriptor's offset. */
static void
goes_on_by_way_of_the_descriptor(void **state)
{
	void *body;

	(void)state;
	begin_run(options());
	assert_int_equal(collect_begin(&tree, "http://h/a", 1 << 20, &body), 0);
	assert_int_equal(
	    tree.write(tree.ctx, body, collect_text("1234"), false), 0);
	assert_int_equal(write(tree.fd(tree.ctx, body), "56", 2), 2);
	assert_true(tree.suspend(tree.ctx, body));
	assert_int_equal(tree.fd(tree.ctx, body), -1);
	assert_int_equal(tree.resume(tree.ctx, body, 6), 0);
	assert_int_equal(write(tree.fd(tree.ctx, body), "78", 2), 2);
	assert_int_equal(collect_commit(&tree, body), 0);
	scratch_expect_text("h/a", "12345678");
}

static void
leaves_nothing_of_a_suspended_body_that_is_given_up(void **state)
{
	(void)state;
	begin_run(options());
	expect_stored("http://h/x", "", ARRIVES_WHOLE, "h/x", false);
	tree.abort(tree.ctx, begin_and_suspend("http://h/a", "1234"));
	tree.abort(tree.ctx, begin_and_suspend("http://h/a", ""));
	expect_count("h", 1);
}

static void
never_suspends_what_is_whole(void **state)
{
	void *body;

	(void)state;
	begin_run(options());
	assert_int_equal(collect_begin(&tree, "http://h/a", 1, &body), 0);
	assert_int_equal(
	    tree.write(tree.ctx, body, collect_text("x"), true), 0);
	assert_false(tree.suspend(tree.ctx, body));
	tree.abort(tree.ctx, body);
	expect_count("h", 0);
}

static void
gives_up_what_is_not_as_it_was_left(void **state)
{
	(void)state;
	begin_run(options());
	expect_stored("http://h/x", "", ARRIVES_WHOLE, "h/x", false);
	for (int how = 0; how < 3; how++) {
		void *body = begin_and_suspend("http://h/a", "1234");
		uint64_t len = 4;
		char name[512];

		(void)snprintf(name, sizeof(name), "h/.%016llx%%.bulkfetch",
		    (unsigned long long)hash_octets(slice_str("a"),
			hash_octets(slice_str("http://h/a"), 0)));
		assert_true(scratch_exists(name));
		if (how == 0) /* more than was written */
			len = 5;
		else if (how == 1)
			assert_int_equal(unlink(scratch_path(name)), 0);
		else /* somebody else's, now */
			assert_int_equal(
			    rename(scratch_path("h/x"), scratch_path(name)), 0);
		assert_int_equal(tree.resume(tree.ctx, body, len), ESTALE);
		tree.abort(tree.ctx, body);
		/* What is not ours is left. */
		expect_count("h", 1);
		assert_true(scratch_exists(name) == (how == 2));
	}
	/* Nor is there anything behind the beginning of nothing. */
	void *body = begin_and_suspend("http://h/b", "");

	assert_int_equal(tree.resume(tree.ctx, body, 1), ESTALE);
	tree.abort(tree.ctx, body);
}

/* The same URL twice in a list. */
static void
keeps_suspended_bodies_of_one_url_apart(void **state)
{
	void *first;
	void *second;

	(void)state;
	begin_run(options());
	first = begin_and_suspend("http://h/a", "1111");
	second = begin_and_suspend("http://h/a", "2222");
	expect_count("h", 2);
	assert_int_equal(tree.resume(tree.ctx, first, 4), 0);
	assert_int_equal(tree.resume(tree.ctx, second, 4), 0);
	assert_int_equal(
	    tree.write(tree.ctx, first, collect_text("3333"), true), 0);
	assert_int_equal(
	    tree.write(tree.ctx, second, collect_text("4444"), true), 0);
	assert_int_equal(collect_commit(&tree, first), 0);
	scratch_expect_text("h/a", "11113333");
	assert_int_equal(collect_commit(&tree, second), 0);
	scratch_expect_text("h/a", "22224444");
	expect_count("h", 1);
}

static void
suspends_and_goes_on_when_descriptors_are_short(void **state)
{
	static const int shortages[] = { EMFILE, ENFILE };

	(void)state;
	begin_run(options());
	for (size_t i = 0; i < COUNT(shortages); i++) {
		void *body = begin_and_suspend("http://h/a", "1234");

		/* A cached directory is given up for it... */
		faults_set(FAULT_OPENAT, 1, 1, shortages[i]);
		assert_int_equal(tree.resume(tree.ctx, body, 4), 0);
		assert_true(tree.suspend(tree.ctx, body));
		/* ...and if that is not enough, nothing is lost. */
		faults_set(FAULT_OPENAT, 1, 100, shortages[i]);
		assert_int_equal(tree.resume(tree.ctx, body, 4), shortages[i]);
		faults_reset();
		assert_int_equal(tree.resume(tree.ctx, body, 4), 0);
		assert_int_equal(
		    tree.write(tree.ctx, body, collect_text("5678"), true), 0);
		assert_int_equal(collect_commit(&tree, body), 0);
		scratch_expect_text("h/a", "12345678");
		expect_count("h", 1);
	}
}

static void
gives_up_what_it_cannot_suspend(void **state)
{
	static const struct {
		enum fault_call call;
		int sys;
	} rows[] = {
		{ FAULT_FCHMOD, EPERM },
		{ FAULT_CLOSE, EDQUOT },
	};
	unsigned fds;

	(void)state;
	begin_run(options());
	expect_stored("http://h/x", "", ARRIVES_WHOLE, "h/x", false);
	fds = scratch_open_fds();
	for (size_t i = 0; i < COUNT(rows); i++) {
		void *body;

		assert_int_equal(
		    collect_begin(&tree, "http://h/a", 8, &body), 0);
		assert_int_equal(
		    tree.write(tree.ctx, body, collect_text("1234"), false), 0);
		faults_set(rows[i].call, 1, 1, rows[i].sys);
		assert_false(tree.suspend(tree.ctx, body));
		faults_reset();
		tree.abort(tree.ctx, body);
		expect_count("h", 1);
		assert_int_equal(scratch_open_fds(), fds);
	}
}

/* Where modes are not kept, nothing says that a file is suspended. */
static void
starts_again_where_modes_are_not_kept(void **state)
{
	void *body;

	(void)state;
	faults_set(FAULT_FCHMOD, 1, 1000, EPERM);
	begin_run(options());
	assert_int_equal(collect_begin(&tree, "http://h/a", 8, &body), 0);
	assert_int_equal(
	    tree.write(tree.ctx, body, collect_text("1234"), false), 0);
	assert_false(tree.suspend(tree.ctx, body));
	tree.abort(tree.ctx, body);
	expect_count("h", 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(goes_on_with_a_suspended_body),
		TEST(goes_on_by_way_of_the_descriptor),
		TEST(leaves_nothing_of_a_suspended_body_that_is_given_up),
		TEST(never_suspends_what_is_whole),
		TEST(gives_up_what_is_not_as_it_was_left),
		TEST(keeps_suspended_bodies_of_one_url_apart),
		TEST(suspends_and_goes_on_when_descriptors_are_short),
		TEST(gives_up_what_it_cannot_suspend),
		TEST(starts_again_where_modes_are_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
