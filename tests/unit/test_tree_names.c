/* link: -Wl,--wrap=openat,--wrap=write,--wrap=fchmod,--wrap=close,--wrap=renameat,--wrap=renameat2,--wrap=syscall,--wrap=flock,--wrap=fstatat,--wrap=mkdirat */
#include "tree_bench.h"

/* ---- Nothing outside ---------------------------------------------------- */

static void
writes_nothing_through_symlinks(void **state)
{
	(void)state;
	assert_int_equal(mkdir(scratch_path("out"), 0755), 0);
	assert_int_equal(mkdir(scratch_path("out/h"), 0755), 0);
	assert_int_equal(mkdir(scratch_path("outside"), 0755), 0);
	scratch_write("outside/victim", "precious", 0644);
	assert_int_equal(symlink("../../outside", scratch_path("out/h/d")), 0);
	assert_int_equal(
	    symlink(scratch_path("outside"), scratch_path("out/evil")), 0);
	assert_int_equal(
	    symlink("../../outside/victim", scratch_path("out/h/f")), 0);
	assert_int_equal(
	    symlink("../../outside/new", scratch_path("out/h/g")), 0);
	begin_run(
	    (struct bulkfetch_tree_options){ .dir = scratch_path("out") });
	for (unsigned how = 0; how < ARRIVALS; how++) {
		expect_stored(
		    "http://h/d/victim", "x", how, "out/h/d%dir/victim", true);
		expect_stored("http://evil/victim", "x", how,
		    "out/evil%dir/victim", true);
		expect_stored("http://h/f", "x", how, "out/h/f", false);
		expect_stored("http://h/g", "x", how, "out/h/g", false);
	}
	scratch_expect_text("outside/victim", "precious");
	expect_count("outside", 1);
}

static void
writes_nothing_above_its_directory(void **state)
{
	static const char *const urls[] = { "http://h/%2e%2e/%2e%2e/x",
		"http://h/..%2f..%2fx", "http://h/../../x",
		"http://h/a?../../x", "http://h/%2Fetc/x" };
	static const char *const templates[] = { NULL, "%{path}", "%{query}",
		"%{host}/%{query}/x", "%{name}" };

	(void)state;
	assert_int_equal(mkdir(scratch_path("out"), 0755), 0);
	for (size_t t = 0; t < COUNT(templates); t++) {
		begin_run(
		    (struct bulkfetch_tree_options){ .dir = scratch_path("out"),
			.name_template = templates[t] });
		for (size_t i = 0; i < COUNT(urls); i++) {
			assert_int_equal(
			    collect(&tree, urls[i], "x", ARRIVES_WHOLE), 0);
			assert_memory_equal(collected_file,
			    scratch_path("out/"), strlen(scratch_path("out/")));
			assert_null(strstr(collected_file, "/../"));
		}
		expect_count(".", 1);
	}
}

static void
replaces_what_is_no_file(void **state)
{
	(void)state;
	assert_int_equal(mkdir(scratch_path("h"), 0755), 0);
	assert_int_equal(mkfifo(scratch_path("h/fifo"), 0666), 0);
	begin_run(options());
	expect_stored("http://h/fifo", "x", ARRIVES_WHOLE, "h/fifo", false);
	expect_count("h", 1);
}

/* ---- Names that are taken ----------------------------------------------- */

static void
keeps_files_and_directories_of_one_name_apart(void **state)
{
	(void)state;
	for (unsigned how = 0; how < ARRIVALS; how++) {
		begin_run(options());
		expect_stored("http://h/a", "1", how, "h/a", false);
		expect_stored("http://h/a/b", "2", how, "h/a%dir/b", true);
		expect_stored(
		    "http://h/a/b/c", "3", how, "h/a%dir/b%dir/c", true);
		expect_stored("http://h/x/y", "4", how, "h/x/y", false);
		expect_stored("http://h/x", "5", how, "h/x%file", true);
		/* The same names again, in another order. */
		begin_run(options());
		expect_stored("http://h/x", "6", how, "h/x%file", true);
		expect_stored(
		    "http://h/a/b/c", "7", how, "h/a%dir/b%dir/c", true);
		expect_stored("http://h/a/b", "8", how, "h/a%dir/b", true);
		expect_stored("http://h/a", "9", how, "h/a", false);
		expect_stored("http://h/x/y", "0", how, "h/x/y", false);
		scratch_expect_text("h/a%dir/b%dir/c", "7");
		expect_count("h", 4);
		end_run();
		assert_int_equal(scratch_teardown(state), 0);
		assert_int_equal(scratch_setup(state), 0);
	}
}

/* It becomes a directory while its body is on the way. */
static void
looks_again_when_a_body_is_whole(void **state)
{
	void *body;

	(void)state;
	begin_run(options());
	assert_int_equal(collect_begin(&tree, "http://h/a", 4, &body), 0);
	assert_int_equal(
	    tree.write(tree.ctx, body, collect_text("12"), false), 0);
	expect_stored("http://h/a/b", "x", ARRIVES_WHOLE, "h/a/b", false);
	assert_int_equal(
	    tree.write(tree.ctx, body, collect_text("34"), true), 0);
	assert_int_equal(collect_commit(&tree, body), 0);
	assert_true(collected_moved);
	scratch_expect_text("h/a%file", "1234");
	expect_count("h", 2);
}

static void
never_replaces_another_urls_response(void **state)
{
	static const char *const first = "http://one/a/f";
	static const char *const second = "http://two/b/f";

	(void)state;
	for (unsigned i = 0; i < ARRIVALS * ARRIVALS; i++) {
		enum arrival a = i % ARRIVALS;
		enum arrival b = i / ARRIVALS;

		begin_run((struct bulkfetch_tree_options){
		    .dir = scratch_dir, .name_template = "%{name}" });
		expect_stored(first, "1", a, "f", false);
		expect_stored(second, "2", b, moved("f", second), true);
		/* Again: the same URL has the same name. */
		expect_stored(first, "3", a, "f", false);
		expect_stored(second, "4", b, moved("f", second), true);
		scratch_expect_text("f", "3");
		expect_count(".", 2);
		/* Another run: what is there is old. */
		begin_run((struct bulkfetch_tree_options){
		    .dir = scratch_dir, .name_template = "%{name}" });
		expect_stored(second, "5", b, "f", false);
		expect_stored(first, "6", a, moved("f", first), true);
		expect_count(".", 3);
		end_run();
		assert_int_equal(scratch_teardown(state), 0);
		assert_int_equal(scratch_setup(state), 0);
	}
}

/* Three URLs of one name on the way at once, ended in each order. */
static void
keeps_bodies_in_flight_apart(void **state)
{
	static const char *const urls[] = { "http://h/1", "http://h/2",
		"http://h/3", "http://h/1" };
	static const unsigned orders[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 },
		{ 1, 0, 3, 2 }, { 2, 3, 0, 1 } };
	static const char *const contents[] = { "1111", "2222", "3333",
		"1111" };

	(void)state;
	for (size_t o = 0; o < COUNT(orders); o++) {
		unsigned whole = 0;
		void *bodies[4];

		begin_run((struct bulkfetch_tree_options){
		    .dir = scratch_dir, .name_template = "all" });
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(
			    collect_begin(&tree, urls[i], 1 << 20, &bodies[i]),
			    0);
		for (size_t k = 0; k < 4; k++) {
			for (size_t i = 0; i < 4; i++)
				assert_int_equal(tree.write(tree.ctx, bodies[i],
						     (struct bulkfetch_text){
							 contents[i] + k, 1 },
						     k == 3),
				    0);
		}
		for (size_t k = 0; k < 4; k++) {
			unsigned i = orders[o][k];

			assert_int_equal(collect_commit(&tree, bodies[i]), 0);
			whole += !collected_moved;
			scratch_expect_text(
			    collected_file + strlen(scratch_dir) + 1,
			    contents[i]);
		}
		expect_count(".", 3);
		/* The URL that is there twice may have replaced itself. */
		assert_true(whole == 1 || whole == 2);
		end_run();
		assert_int_equal(scratch_teardown(state), 0);
		assert_int_equal(scratch_setup(state), 0);
	}
}

static void
loses_none_of_many_that_meet(void **state)
{
	unsigned count = 20000; /* more than it remembers */

	(void)state;
	begin_run((struct bulkfetch_tree_options){
	    .dir = scratch_dir, .name_template = "f%{query}" });
	for (unsigned i = 0; i < count; i++) {
		char url[64];

		(void)snprintf(url, sizeof(url), "http://h/?%u", i);
		assert_int_equal(collect(&tree, url, url, ARRIVES_WHOLE), 0);
		assert_false(collected_moved);
	}
	for (unsigned i = 0; i < count; i += 100) {
		char url[64];

		(void)snprintf(url, sizeof(url), "http://other/?%u", i);
		assert_int_equal(collect(&tree, url, url, ARRIVES_WHOLE), 0);
		assert_true(collected_moved);
	}
	expect_count(".", count + count / 100);
}

static void
keeps_urls_apart_that_share_a_default_name(void **state)
{
	static const struct {
		const char *first;
		const char *second;
		const char *name;
	} rows[] = {
		{ "http://h/a/", "http://h/a/index.html", "h/a/index.html" },
		{ "http://h/a/index.html", "http://h/a/", "h/a/index.html" },
		{ "http://h/?q", "http://h/index.html?q", "h/index.html?q" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin_run(options());
		expect_stored(
		    rows[i].first, "1", ARRIVES_WHOLE, rows[i].name, false);
		expect_stored(rows[i].second, "2", ARRIVES_WHOLE,
		    moved(rows[i].name, rows[i].second), true);
		expect_stored(
		    rows[i].first, "3", ARRIVES_WHOLE, rows[i].name, false);
		end_run();
		assert_int_equal(scratch_teardown(state), 0);
		assert_int_equal(scratch_setup(state), 0);
	}
	/* Users see pages of their own. */
	begin_run(options());
	expect_stored("http://u:1@h/a", "1", ARRIVES_WHOLE, "h/a", false);
	assert_int_equal(
	    collect(&tree, "http://v:2@h/a", "2", ARRIVES_WHOLE), 0);
	assert_true(collected_moved);
	scratch_expect_text("h/a", "1");
	expect_count("h", 2);
}

/* As on vfat, or where a directory was made with chattr +F. */
static void
keeps_urls_apart_that_differ_in_case(void **state)
{
	static const char *const lower = "http://h/a";
	static const char *const upper = "http://h/A";
	struct bulkfetch_tree_options o = options();

	(void)state;
	o.skip_existing = true;
	for (unsigned i = 0; i < ARRIVALS * ARRIVALS; i++) {
		enum arrival a = i % ARRIVALS;
		enum arrival b = i / ARRIVALS;
		char own[512];

		faults_reset();
		fault_folds_case = true;
		begin_run(o);
		assert_int_equal(collect(&tree, lower, "1", a), 0);
		assert_false(collected_moved);
		assert_int_equal(collect_has(&tree, upper), 0);
		assert_int_equal(collect(&tree, upper, "2", b), 0);
		assert_true(collected_moved);
		assert_string_equal(
		    collected_file, scratch_path(moved("h/A", upper)));
		scratch_expect_text("h/a", "1");
		(void)snprintf(own, sizeof(own), "%s", moved("h/a", upper));
		scratch_expect_text(own, "2");
		/* Each has its own, and replaces no other. */
		assert_int_equal(collect(&tree, upper, "3", b), 0);
		assert_int_equal(collect(&tree, lower, "4", a), 0);
		assert_false(collected_moved);
		scratch_expect_text("h/a", "4");
		scratch_expect_text(own, "3");
		expect_count("h", 2);
		/* A file that is there for one of two is not for both. */
		assert_int_equal(unlink(scratch_path(own)), 0);
		begin_run(o);
		assert_int_equal(collect_has(&tree, lower), 1);
		assert_int_equal(collect_has(&tree, upper), 0);
		end_run();
		assert_int_equal(scratch_teardown(state), 0);
		assert_int_equal(scratch_setup(state), 0);
	}
}

/* The default name tells URLs apart, however long ago one was made. */
static void
replaces_its_own_response_however_late(void **state)
{
	(void)state;
	begin_run(options());
	expect_stored("http://h/f", "1", ARRIVES_WHOLE, "h/f", false);
	for (unsigned i = 0; i < 20000; i++) {
		char url[64];

		(void)snprintf(url, sizeof(url), "http://h/many/%u", i);
		assert_int_equal(collect(&tree, url, "x", ARRIVES_WHOLE), 0);
	}
	expect_stored("http://h/f", "2", ARRIVES_WHOLE, "h/f", false);
}

static void
shortens_long_names(void **state)
{
	char url[4096] = "http://h/";
	size_t len = strlen(url);

	(void)state;
	begin_run(options());
	memset(url + len, 'a', 300);
	assert_int_equal(collect(&tree, url, "x", ARRIVES_WHOLE), 0);
	assert_int_equal(
	    strlen(collected_file), strlen(scratch_dir) + strlen("/h/") + 200);
	assert_int_equal(access(collected_file, R_OK), 0);
	/* A directory, then. */
	(void)strcat(url, "/x");
	assert_int_equal(collect(&tree, url, "x", ARRIVES_SPLIT), 0);
	assert_true(collected_moved);
	for (size_t i = 0; i < 1800; i++)
		(void)strcpy(url + len + 2 * i, "b/");
	assert_int_equal(collect(&tree, url, "x", ARRIVES_SPLIT), 0);
	assert_int_equal(access(collected_file, R_OK), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writes_nothing_through_symlinks),
		TEST(writes_nothing_above_its_directory),
		TEST(replaces_what_is_no_file),
		TEST(keeps_files_and_directories_of_one_name_apart),
		TEST(looks_again_when_a_body_is_whole),
		TEST(never_replaces_another_urls_response),
		TEST(keeps_bodies_in_flight_apart),
		TEST(loses_none_of_many_that_meet),
		TEST(keeps_urls_apart_that_share_a_default_name),
		TEST(keeps_urls_apart_that_differ_in_case),
		TEST(replaces_its_own_response_however_late),
		TEST(shortens_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
