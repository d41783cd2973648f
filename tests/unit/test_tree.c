/* link: -Wl,--wrap=openat,--wrap=write,--wrap=fchmod,--wrap=close,--wrap=renameat,--wrap=renameat2,--wrap=syscall,--wrap=flock,--wrap=fstatat,--wrap=mkdirat */
#include "collecting.h"
#include "faults.h"
#include "scratch.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/hash.h"

static struct bulkfetch_collector tree;
static bool is_open;

static struct bulkfetch_tree_options
options(void)
{
	return (struct bulkfetch_tree_options){ .dir = scratch_dir };
}

static void
end_run(void)
{
	if (is_open)
		tree.free(tree.ctx);
	is_open = false;
}

/* A run ends, and another one begins. */
static void
begin_run(struct bulkfetch_tree_options o)
{
	struct bulkfetch_problem problem;

	end_run();
	if (bulkfetch_tree_new(&o, &tree, &problem) != 0)
		fail_msg("%s", problem.text);
	is_open = true;
}

static int
setup(void **state)
{
	faults_reset();
	(void)umask(022);
	return scratch_setup(state);
}

static int
teardown(void **state)
{
	faults_reset();
	end_run();
	return scratch_teardown(state);
}

/* Fetch `url`, and see that it is told to be, and is, in `name`. */
static void
expect_stored(const char *url, const char *content, enum arrival how,
    const char *name, bool is_moved)
{
	int sys = collect(&tree, url, content, how);

	if (sys != 0)
		fail_msg("%s: %s", url, strerror(sys));
	if (strcmp(collected_file, scratch_path(name)) != 0)
		fail_msg("%s is in %s", url, collected_file);
	if (collected_moved != is_moved)
		fail_msg("%s: moved", url);
	scratch_expect_text(name, content);
}

/* "NAME%~HASH" for the second of two URLs that meet; lent until the next. */
static const char *
moved(const char *name, const char *url)
{
	static char text[512];

	(void)snprintf(text, sizeof(text), "%s%%~%016llx", name,
	    (unsigned long long)hash_octets(slice_str(url), 0));
	return text;
}

/* Nothing in `name`, or below it, but `count` entries. */
static void
expect_count(const char *name, unsigned count)
{
	if (scratch_count(name) != count)
		fail_msg("%s has %u entries", name, scratch_count(name));
}

/* ---- What is promised of any file --------------------------------------- */

static void
stores_bodies_however_they_arrive(void **state)
{
	(void)state;
	for (int atomic = 0; atomic < 2; atomic++) {
		struct bulkfetch_tree_options o = options();

		o.is_atomic = atomic != 0;
		begin_run(o);
		for (unsigned how = 0; how < ARRIVALS; how++) {
			char url[32];

			(void)snprintf(url, sizeof(url), "http://h/d/%u", how);
			expect_stored(url, "some body", how, url + 7, false);
			/* Again: replaced. */
			expect_stored(url, "another", how, url + 7, false);
		}
		expect_count("h/d", ARRIVALS);
	}
}

static void
stores_empty_bodies(void **state)
{
	void *body;

	(void)state;
	begin_run(options());
	expect_stored("http://h/a", "", ARRIVES_WHOLE, "h/a", false);
	expect_stored("http://h/b", "", ARRIVES_CHUNKED, "h/b", false);
	/* Without a single write. */
	assert_int_equal(
	    collect_begin(&tree, "http://h/c", BULKFETCH_LENGTH_UNKNOWN, &body),
	    0);
	assert_int_equal(collect_commit(&tree, body), 0);
	scratch_expect_text("h/c", "");
	expect_count("h", 3);
}

static void
takes_four_calls_for_a_whole_body_in_a_known_directory(void **state)
{
	(void)state;
	begin_run(options());
	expect_stored("http://h/d/a", "x", ARRIVES_WHOLE, "h/d/a", false);
	faults_reset();
	for (int i = 0; i < 10; i++) {
		char url[32];

		(void)snprintf(url, sizeof(url), "http://h/d/%d", i);
		assert_int_equal(collect(&tree, url, "x", ARRIVES_WHOLE), 0);
	}
	assert_int_equal(faults[FAULT_OPENAT].calls, 10);
	assert_int_equal(faults[FAULT_WRITE].calls, 10);
	assert_int_equal(faults[FAULT_FCHMOD].calls, 10);
	assert_int_equal(faults[FAULT_CLOSE].calls, 10);
	assert_int_equal(faults_total(), 40);
}

static void
shows_nothing_of_a_body_that_is_not_whole(void **state)
{
	unsigned fds;
	void *body;

	(void)state;
	begin_run(options());
	expect_stored("http://h/a", "old", ARRIVES_WHOLE, "h/a", false);
	fds = scratch_open_fds();
	for (int i = 0; i < 2; i++) {
		const char *url = i == 0 ? "http://h/a" : "http://h/b";

		assert_int_equal(collect_begin(&tree, url, 10, &body), 0);
		assert_int_equal(scratch_open_fds(), fds);
		expect_count("h", 1);
		assert_int_equal(
		    tree.write(tree.ctx, body, collect_text("12345"), false),
		    0);
		scratch_expect_text("h/a", "old");
		assert_false(scratch_exists("h/b"));
		tree.abort(tree.ctx, body);
		assert_int_equal(scratch_open_fds(), fds);
		expect_count("h", 1);
	}
	/* Not begun at all; and whole, but not wanted any more. */
	assert_int_equal(collect_begin(&tree, "http://h/b", 10, &body), 0);
	tree.abort(tree.ctx, body);
	assert_int_equal(collect_begin(&tree, "http://h/b", 3, &body), 0);
	assert_int_equal(
	    tree.write(tree.ctx, body, collect_text("abc"), true), 0);
	tree.abort(tree.ctx, body);
	expect_count("h", 1);
	scratch_expect_text("h/a", "old");
}

static void
gives_a_descriptor_for_large_bodies_alone(void **state)
{
	static const struct {
		uint64_t length;
		bool has_fd;
	} rows[] = {
		{ 0, false },
		{ 65535, false },
		{ 65536, true },
		{ BULKFETCH_LENGTH_UNKNOWN, true },
	};

	(void)state;
	begin_run(options());
	for (size_t i = 0; i < COUNT(rows); i++) {
		void *body;
		int fd;

		assert_int_equal(
		    collect_begin(&tree, "http://h/a", rows[i].length, &body),
		    0);
		fd = tree.fd(tree.ctx, body);
		assert_true((fd != -1) == rows[i].has_fd);
		assert_int_equal(tree.fd(tree.ctx, body), fd);
		tree.abort(tree.ctx, body);
		/* Nothing is made for a body that may be put at one go. */
		assert_true(scratch_exists("h") == rows[i].has_fd ||
		    scratch_count("h") == 0);
	}
}

static void
respects_the_umask(void **state)
{
	static const mode_t masks[] = { 0, 022, 077, 0777 };

	(void)state;
	for (size_t i = 0; i < COUNT(masks); i++) {
		assert_int_equal(mkdir(scratch_path("m"), 0777), 0);
		(void)umask(masks[i]);
		begin_run((struct bulkfetch_tree_options){
		    .dir = scratch_dir, .name_template = "m/%{n}-%{name}" });
		assert_int_equal(
		    collect(&tree, "http://h/a", "x", ARRIVES_WHOLE), 0);
		assert_int_equal(
		    collect(&tree, "http://h/b", "x", ARRIVES_SPLIT), 0);
		(void)umask(022);
		assert_int_equal(
		    scratch_mode("m/1-a"), S_IFREG | (0666 & ~masks[i]));
		assert_int_equal(
		    scratch_mode("m/1-b"), S_IFREG | (0666 & ~masks[i]));
		assert_int_equal(unlink(scratch_path("m/1-a")), 0);
		assert_int_equal(unlink(scratch_path("m/1-b")), 0);
		assert_int_equal(rmdir(scratch_path("m")), 0);
	}
}

/* ---- When the system refuses -------------------------------------------- */

static void
fails_with_the_errno_and_leaves_nothing(void **state)
{
	static const struct {
		enum arrival how;
		enum fault_call call;
		unsigned n;
		int sys;
	} rows[] = {
		{ ARRIVES_WHOLE, FAULT_OPENAT, 1, ENOSPC },
		{ ARRIVES_WHOLE, FAULT_WRITE, 1, ENOSPC },
		{ ARRIVES_WHOLE, FAULT_WRITE, 2, EDQUOT },
		{ ARRIVES_WHOLE, FAULT_WRITE, 1, EFBIG },
		{ ARRIVES_WHOLE, FAULT_FCHMOD, 1, EIO },
		{ ARRIVES_WHOLE, FAULT_CLOSE, 1, EDQUOT },
		{ ARRIVES_SPLIT, FAULT_OPENAT, 1, ENOSPC },
		{ ARRIVES_SPLIT, FAULT_WRITE, 1, ENOSPC },
		{ ARRIVES_SPLIT, FAULT_WRITE, 2, ENOSPC },
		{ ARRIVES_SPLIT, FAULT_FCHMOD, 1, EIO },
		{ ARRIVES_SPLIT, FAULT_CLOSE, 1, EDQUOT },
		{ ARRIVES_SPLIT, FAULT_RENAMEAT2, 1, EROFS },
		{ ARRIVES_CHUNKED, FAULT_CLOSE, 1, EIO },
	};
	unsigned fds;

	(void)state;
	begin_run(options());
	expect_stored("http://h/x", "", ARRIVES_WHOLE, "h/x", false);
	fds = scratch_open_fds();
	for (size_t i = 0; i < COUNT(rows); i++) {
		faults_reset();
		fault_write_max = rows[i].n == 2 ? 2 : 0;
		faults_set(rows[i].call, rows[i].n, rows[i].n, rows[i].sys);
		assert_int_equal(
		    collect(&tree, "http://h/a", "12345678", rows[i].how),
		    rows[i].sys);
		expect_count("h", 1);
		assert_int_equal(scratch_open_fds(), fds);
	}
	faults_reset();
	expect_stored("http://h/a", "x", ARRIVES_WHOLE, "h/a", false);
}

static void
keeps_the_old_file_when_its_replacement_fails(void **state)
{
	static const struct {
		enum fault_call call;
		unsigned n;
		int sys;
	} rows[] = {
		{ FAULT_OPENAT, 2, ENOSPC },
		{ FAULT_WRITE, 1, ENOSPC },
		{ FAULT_FCHMOD, 1, EIO },
		{ FAULT_CLOSE, 1, EDQUOT },
		{ FAULT_FSTATAT, 1, EIO },
	};

	(void)state;
	begin_run(options());
	expect_stored("http://h/a", "old", ARRIVES_WHOLE, "h/a", false);
	for (size_t i = 0; i < COUNT(rows); i++) {
		faults_reset();
		faults_set(rows[i].call, rows[i].n, rows[i].n, rows[i].sys);
		assert_int_equal(
		    collect(&tree, "http://h/a", "new", ARRIVES_WHOLE),
		    rows[i].sys);
		scratch_expect_text("h/a", "old");
		expect_count("h", 1);
	}
}

static void
asks_again_when_descriptors_are_short(void **state)
{
	static const int shortages[] = { EMFILE, ENFILE };

	(void)state;
	begin_run(options());
	for (size_t i = 0; i < COUNT(shortages); i++) {
		for (unsigned how = 0; how <= ARRIVES_CHUNKED; how++) {
			struct bulkfetch_text data = collect_text("12345678");
			bool is_last = how == ARRIVES_WHOLE;
			void *body;

			faults_reset();
			expect_stored(
			    "http://h/x", "", ARRIVES_WHOLE, "h/x", false);
			assert_int_equal(
			    collect_begin(&tree, "http://h/a", data.len, &body),
			    0);
			/* A cached directory is given up for it... */
			faults_set(FAULT_OPENAT, 1, 1, shortages[i]);
			assert_int_equal(
			    tree.write(tree.ctx, body, data, is_last), 0);
			tree.abort(tree.ctx, body);
			/* ...and if that is not enough, nothing is lost. */
			assert_int_equal(
			    collect_begin(&tree, "http://h/a", data.len, &body),
			    0);
			faults_set(FAULT_OPENAT, 1, 100, shortages[i]);
			assert_int_equal(
			    tree.write(tree.ctx, body, data, is_last),
			    shortages[i]);
			faults_reset();
			assert_int_equal(
			    tree.write(tree.ctx, body, data, is_last), 0);
			assert_int_equal(collect_commit(&tree, body), 0);
			scratch_expect_text("h/a", data.ptr);
			assert_int_equal(unlink(scratch_path("h/a")), 0);
		}
	}
}

static void
renames_where_modes_are_not_kept(void **state)
{
	(void)state;
	faults_set(FAULT_FCHMOD, 1, 1000, EPERM);
	begin_run(options());
	expect_stored("http://h/a", "x", ARRIVES_WHOLE, "h/a", false);
	expect_stored("http://h/a", "y", ARRIVES_WHOLE, "h/a", false);
	expect_stored("http://h/b", "x", ARRIVES_CHUNKED, "h/b", false);
	assert_true(faults[FAULT_RENAMEAT2].calls > 0);
	expect_count("h", 2);
}

static void
does_without_new_system_calls(void **state)
{
	(void)state;
	faults_set(FAULT_SYSCALL, 1, 1000, ENOSYS);
	faults_set(FAULT_RENAMEAT2, 1, 1000, EINVAL);
	begin_run((struct bulkfetch_tree_options){
	    .dir = scratch_dir, .is_atomic = true });
	expect_stored("http://h/a/b", "x", ARRIVES_WHOLE, "h/a/b", false);
	expect_stored("http://h/a/b", "y", ARRIVES_SPLIT, "h/a/b", false);
	expect_stored("http://h/a", "z", ARRIVES_SPLIT, "h/a%file", true);
}

static void
makes_a_directory_again_that_somebody_removed(void **state)
{
	(void)state;
	begin_run(options());
	for (unsigned how = 0; how < ARRIVALS; how++) {
		expect_stored("http://h/d/a", "x", how, "h/d/a", false);
		assert_int_equal(unlink(scratch_path("h/d/a")), 0);
		assert_int_equal(rmdir(scratch_path("h/d")), 0);
		expect_stored("http://h/d/a", "x", how, "h/d/a", false);
		assert_int_equal(unlink(scratch_path("h/d/a")), 0);
		assert_int_equal(rmdir(scratch_path("h/d")), 0);
		assert_int_equal(rmdir(scratch_path("h")), 0);
	}
}

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

/* ---- After a kill ------------------------------------------------------- */

/* A run that is killed with two bodies under way. */
static void
be_killed(void)
{
	pid_t pid = fork();
	int status;

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		void *bodies[2];

		begin_run(options());
		(void)collect_begin(&tree, "http://h/large", 100, &bodies[0]);
		(void)tree.write(
		    tree.ctx, bodies[0], collect_text("half"), false);
		(void)collect(&tree, "http://h/done", "x", ARRIVES_SPLIT);
		/* Between open and fchmod of a body that is whole. */
		int dir = open(scratch_path("h"), O_RDONLY | O_DIRECTORY);
		int fd = openat(dir, "small", O_WRONLY | O_CREAT, 0);

		(void)!write(fd, "ha", 2);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void
replaces_what_a_killed_run_left(void **state)
{
	(void)state;
	be_killed();
	expect_count("h", 3);
	assert_false(scratch_exists("h/large"));
	assert_int_equal(scratch_mode("h/small"), S_IFREG);
	scratch_expect_text("h/done", "x");
	begin_run((struct bulkfetch_tree_options){
	    .dir = scratch_dir, .skip_existing = true });
	assert_int_equal(collect_has(&tree, "http://h/large"), 0);
	assert_int_equal(collect_has(&tree, "http://h/small"), 0);
	assert_int_equal(collect_has(&tree, "http://h/done"), 1);
	expect_stored(
	    "http://h/large", "whole", ARRIVES_SPLIT, "h/large", false);
	expect_stored("http://h/small", "all", ARRIVES_WHOLE, "h/small", false);
	expect_count("h", 3);
}

/* ---- --skip-existing ---------------------------------------------------- */

static void
has_what_is_complete(void **state)
{
	struct bulkfetch_tree_options o = options();

	(void)state;
	begin_run(o);
	assert_null(tree.has);
	expect_stored("http://h/a", "x", ARRIVES_WHOLE, "h/a", false);
	expect_stored("http://h/a/b", "x", ARRIVES_WHOLE, "h/a%dir/b", true);
	expect_stored("http://h/x/y", "x", ARRIVES_WHOLE, "h/x/y", false);
	expect_stored("http://h/x", "x", ARRIVES_WHOLE, "h/x%file", true);
	assert_int_equal(symlink("a", scratch_path("h/link")), 0);
	o.skip_existing = true;
	begin_run(o);
	assert_int_equal(collect_has(&tree, "http://h/a"), 1);
	assert_string_equal(collected_file, scratch_path("h/a"));
	assert_int_equal(collect_has(&tree, "http://h/a/b"), 1);
	assert_string_equal(collected_file, scratch_path("h/a%dir/b"));
	assert_true(collected_moved);
	assert_int_equal(collect_has(&tree, "http://h/x"), 1);
	assert_string_equal(collected_file, scratch_path("h/x%file"));
	assert_int_equal(collect_has(&tree, "http://h/link"), 0);
	assert_int_equal(collect_has(&tree, "http://h/none"), 0);
	assert_int_equal(collect_has(&tree, "http://h/no/ne"), 0);
	assert_int_equal(collect_has(&tree, "http://other/a"), 0);
	assert_int_equal(collect_has(&tree, "http://h/a/c/d"), 0);
	/* It looks, and makes nothing. */
	expect_count(".", 1);
	expect_count("h", 5);
	expect_count("h/a%dir", 1);
}

static void
has_of_names_that_meet_what_is_the_urls_own(void **state)
{
	static const char *const one = "http://h/1";
	static const char *const two = "http://h/2";
	static const char *const three = "http://h/3";
	struct bulkfetch_tree_options o = options();

	(void)state;
	o.name_template = "all";
	o.skip_existing = true;
	begin_run(o);
	assert_int_equal(collect_has(&tree, one), 0);
	expect_stored(one, "1", ARRIVES_WHOLE, "all", false);
	/* Made a moment ago, by another URL. */
	assert_int_equal(collect_has(&tree, two), 0);
	expect_stored(two, "2", ARRIVES_WHOLE, moved("all", two), true);
	/* Of this run and its own. */
	assert_int_equal(collect_has(&tree, one), 1);
	assert_int_equal(collect_has(&tree, two), 1);
	assert_string_equal(collected_file, scratch_path(moved("all", two)));
	begin_run(o);
	assert_int_equal(collect_has(&tree, two), 1);
	assert_string_equal(collected_file, scratch_path(moved("all", two)));
	assert_true(collected_moved);
	assert_int_equal(collect_has(&tree, one), 1);
	assert_string_equal(collected_file, scratch_path("all"));
	assert_false(collected_moved);
	/* The first one's, as this run has found; not to be replaced. */
	assert_int_equal(collect_has(&tree, three), 0);
	expect_stored(three, "3", ARRIVES_WHOLE, moved("all", three), true);
	scratch_expect_text("all", "1");
}

static void
passes_on_what_goes_wrong_while_looking(void **state)
{
	(void)state;
	begin_run((struct bulkfetch_tree_options){
	    .dir = scratch_dir, .skip_existing = true });
	faults_set(FAULT_SYSCALL, 1, 100, EMFILE);
	assert_int_equal(collect_has(&tree, "http://h/a"), -EMFILE);
}

/* ---- Before the first request ------------------------------------------- */

static void
says_what_is_wrong_with_a_directory(void **state)
{
	struct bulkfetch_tree_options o = options();
	struct bulkfetch_problem problem;

	(void)state;
	scratch_write("fi\nle", "", 0644);
	o.dir = scratch_path("fi\nle");
	assert_int_equal(bulkfetch_tree_new(&o, &tree, &problem), ENOTDIR);
	assert_int_equal(problem.sys, ENOTDIR);
	assert_false(problem.is_usage);
	assert_non_null(strstr(problem.text, "fi\\x0ale"));
	assert_non_null(strstr(problem.text, "Not a directory"));
	o.dir = "/proc/self";
	assert_int_not_equal(bulkfetch_tree_new(&o, &tree, &problem), 0);
	assert_non_null(strstr(problem.text, "'/proc/self'"));
}

static void
says_what_is_wrong_with_a_template(void **state)
{
	struct bulkfetch_tree_options o = options();
	struct bulkfetch_problem problem;

	(void)state;
	o.name_template = "%{what}";
	assert_int_equal(bulkfetch_tree_new(&o, &tree, &problem), EINVAL);
	assert_true(problem.is_usage);
	assert_non_null(strstr(problem.text, "%{what}"));
	assert_non_null(strstr(problem.text, "%{name}"));
}

static void
works_in_the_working_directory(void **state)
{
	struct bulkfetch_tree_options o = { 0 };

	(void)state;
	assert_int_equal(chdir(scratch_dir), 0);
	begin_run(o);
	assert_int_equal(collect(&tree, "http://h/a", "x", ARRIVES_WHOLE), 0);
	assert_string_equal(collected_file, "h/a");
	/* A descriptor, not a name, is what it goes by. */
	assert_int_equal(chdir("/"), 0);
	expect_count("h", 1);
	assert_int_equal(collect(&tree, "http://h/b", "x", ARRIVES_SPLIT), 0);
	scratch_expect_text("h/b", "x");
}

static void
lives_with_few_descriptors(void **state)
{
	unsigned fds = scratch_open_fds();

	(void)state;
	begin_run(options());
	for (int i = 0; i < 1000; i++) {
		char url[64];

		(void)snprintf(url, sizeof(url), "http://h%d/a/b", i);
		assert_int_equal(collect(&tree, url, "x", ARRIVES_WHOLE), 0);
		/* The root and its cache, which is bounded. */
		assert_in_range(scratch_open_fds(), fds, fds + 1025);
	}
	tree.shrink(tree.ctx);
	assert_true(scratch_open_fds() <= fds + 3);
	end_run();
	assert_int_equal(scratch_open_fds(), fds);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stores_bodies_however_they_arrive),
		TEST(stores_empty_bodies),
		TEST(takes_four_calls_for_a_whole_body_in_a_known_directory),
		TEST(shows_nothing_of_a_body_that_is_not_whole),
		TEST(gives_a_descriptor_for_large_bodies_alone),
		TEST(respects_the_umask),
		TEST(fails_with_the_errno_and_leaves_nothing),
		TEST(keeps_the_old_file_when_its_replacement_fails),
		TEST(asks_again_when_descriptors_are_short),
		TEST(renames_where_modes_are_not_kept),
		TEST(does_without_new_system_calls),
		TEST(makes_a_directory_again_that_somebody_removed),
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
		TEST(replaces_what_a_killed_run_left),
		TEST(has_what_is_complete),
		TEST(has_of_names_that_meet_what_is_the_urls_own),
		TEST(passes_on_what_goes_wrong_while_looking),
		TEST(says_what_is_wrong_with_a_directory),
		TEST(says_what_is_wrong_with_a_template),
		TEST(works_in_the_working_directory),
		TEST(lives_with_few_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
