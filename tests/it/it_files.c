/* Where bodies go, and that a file that can be read is complete. */
#include "harness.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../origin/pattern.h"

/* Every path has four octets. */
#define FOUR "/*: head 200 \"Content-Length: 4\"; body 4\n"

/* ---- Names -------------------------------------------------------------- */

static void
files_are_named_after_their_urls(void **state)
{
	static const struct {
		const char *path;   /* as listed */
		const char *target; /* as asked for */
		const char *file;   /* below HOST:PORT */
	} rows[] = {
		{ "", "/", "index.html" },
		{ "/a", "/a", "a" },
		{ "/dir/", "/dir/", "dir/index.html" },
		{ "/dir/b/c.d", "/dir/b/c.d", "dir/b/c.d" },
		{ "/q?x=1&y=2", "/q?x=1&y=2", "q?x=1&y=2" },
		{ "/q?x=2", "/q?x=2", "q?x=2" },
		{ "/q?", "/q?", "q?" },
		{ "/r?a/b", "/r?a/b", "r?a%:b" },
		{ "/dir/?x", "/dir/?x", "dir/index.html?x" },
		{ "/s#fragment", "/s", "s" },
		{ "/e//f", "/e//f", "e/%empty/f" },
		{ "/g/./h/../i", "/g/i", "g/i" },
		{ "/../../etc/passwd", "/etc/passwd", "etc/passwd" },
		{ "/%2e%2e/%2E/j", "/%2e%2e/%2E/j", "%2e%2e/%2E/j" },
		{ "/%41%62", "/%41%62", "%41%62" },
		{ "/%zz%", "/%25zz%25", "%25zz%25" },
		{ "/k%2fl", "/k%2fl", "k%2fl" },
		{ "/m%00n", "/m%00n", "m%00n" },
		{ "/o p", "/o%20p", "o%20p" },
		{ "/\xc3\xa4", "/%C3%A4", "%C3%A4" },
		{ "/.hidden", "/.hidden", ".hidden" },
		{ "/...", "/...", "..." },
		{ "/~t", "/~t", "~t" },
		{ "/-d", "/-d", "-d" },
	};
	struct world *w = *state;
	char *list = world_text(w, "%s", "");

	origin_start(w, FOUR, NULL);
	for (size_t i = 0; i < COUNT(rows); i++)
		list =
		    world_text(w, "%s%s\n", list, origin_url(w, rows[i].path));
	world_write(w, "list", list);
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log", "list", NULL), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (origin_count(w, rows[i].target) != 1)
			fail_msg("%s was not asked for", rows[i].target);
		expect_pattern(w,
		    world_text(w, "out/%s/%s", origin_host(w), rows[i].file),
		    rows[i].target, 4);
	}
	assert_int_equal(world_count_files(w, "out"), COUNT(rows));
}

/* The log names a file for each URL; no two the same, each right. */
static void
expect_separate_files(struct world *w, const char *log, size_t count)
{
	struct records r = records_read(w, log);

	assert_int_equal(r.count, count);
	for (size_t i = 0; i < r.count; i++) {
		char *url = json_get(w, r.lines[i], "url");
		char *file = json_get(w, r.lines[i], "file");
		const char *target = strchr(url + strlen("http://"), '/');

		expect_member(&r, r.lines[i], "ok", "true");
		expect_pattern(w, file, target, 4);
		assert_int_equal(records_count(&r, "file", file), 1);
	}
}

static void
different_urls_have_different_files_however_alike_they_are(void **state)
{
	struct world *w = *state;
	char *list = world_text(w, "%s", "");
	char *longer = world_alloc(w, 8000);
	size_t count = 0;

	origin_start(w, FOUR, NULL);
	memset(longer, 'x', 7000);
	for (int i = 0; i < 40; i++) {
		list = world_text(w, "%s%s\n", list,
		    origin_url(w, world_text(w, "/%d/same", i)));
		list = world_text(w, "%s%s\n", list,
		    origin_url(w, world_text(w, "/same?%d", i)));
		list = world_text(w, "%s%s\n", list,
		    origin_url(w, world_text(w, "/%s%d", longer, i)));
		list = world_text(w, "%s%s\n", list,
		    origin_url(w, world_text(w, "/t/%s/%d", longer, i)));
		list = world_text(
		    w, "%shttp://127.0.0.%d:%u/same\n", list, i + 2, w->port);
		count += 5;
	}
	world_write(w, "list", list);
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log", "list", NULL), 0);
	expect_separate_files(w, "log", count);
	assert_int_equal(world_count_files(w, "out"), count);
}

static void
a_file_and_a_directory_of_one_name_both_have_room(void **state)
{
	static const char *const orders[][2] = { { "/x", "/x/y" },
		{ "/x/y", "/x" } };
	struct world *w = *state;

	origin_start(w, FOUR, NULL);
	for (size_t i = 0; i < COUNT(orders); i++) {
		char *dir = world_text(w, "out%zu", i);

		expect_exit(bulkfetch(w, "-c", "1", "-d", dir, "--log", "log",
				origin_url(w, orders[i][0]),
				origin_url(w, orders[i][1]), NULL),
		    0);
		expect_separate_files(w, "log", 2);
	}
	expect_pattern(
	    w, world_text(w, "out0/%s/x%%dir/y", origin_host(w)), "/x/y", 4);
	expect_pattern(
	    w, world_text(w, "out1/%s/x%%file", origin_host(w)), "/x", 4);
}

static void
the_same_url_has_the_same_file_on_every_run(void **state)
{
	struct world *w = *state;
	char *url;

	origin_start(w, FOUR, NULL);
	url = origin_url(w, "/a/b?c");
	for (int i = 0; i < 3; i++) {
		expect_exit(bulkfetch(w, "-d", "out", url, url, NULL), 0);
		assert_int_equal(world_count_files(w, "out"), 1);
	}
	expect_pattern(
	    w, world_text(w, "out/%s/a/b?c", origin_host(w)), "/a/b?c", 4);
}

/* ---- Templates ---------------------------------------------------------- */

static void
a_template_names_the_files(void **state)
{
	struct world *w = *state;

	origin_start(w, FOUR, NULL);
	world_write(w, "list",
	    world_text(w, "# one\n%s\n%s\n", origin_url(w, "/d/a.jpg?x=1"),
		origin_url(w, "/b")));
	expect_exit(bulkfetch(w, "-d", "out", "-o",
			"%{n:3}/%{name}-%{query}%{ext}%%", "list", NULL),
	    0);
	expect_pattern(w, "out/002/a.jpg-x=1.jpg%", "/d/a.jpg?x=1", 4);
	expect_pattern(w, "out/003/b-%", "/b", 4);
}

static void
urls_that_meet_in_a_template_keep_their_own_files(void **state)
{
	static const char *const templates[] = { "same", "d/%{name}",
		"%{host}" };
	struct world *w = *state;
	char *list = world_text(w, "%s", "");

	origin_start(w, FOUR, NULL);
	for (int i = 0; i < 30; i++)
		list = world_text(w, "%s%s\n", list,
		    origin_url(w, world_text(w, "/%d/name", i)));
	world_write(w, "list", list);
	for (size_t i = 0; i < COUNT(templates); i++) {
		char *dir = world_text(w, "out%zu", i);
		struct records r;

		expect_exit(bulkfetch(w, "-d", dir, "-o", templates[i], "--log",
				"log", "list", NULL),
		    0);
		expect_separate_files(w, "log", 30);
		assert_int_equal(world_count_files(w, dir), 30);
		r = records_read(w, "log");
		assert_int_equal(records_count(&r, "moved", "true"), 29);
	}
}

static void
no_template_leads_out_of_the_directory(void **state)
{
	static const char *const templates[] = { "../x", "../../../%{name}",
		"/x", "a/../../x", "..", "%{name}/../../x" };
	struct world *w = *state;

	origin_start(w, FOUR, NULL);
	for (size_t i = 0; i < COUNT(templates); i++) {
		struct run *run;

		world_mkdir(w, world_text(w, "in%zu", i));
		run = bulkfetch(w, "-d", world_text(w, "in%zu/out", i), "-o",
		    templates[i], origin_url(w, "/.."), origin_url(w, "/a"),
		    NULL);
		assert_true(run->status == 0 || run->status == 2);
		assert_int_equal(
		    world_count_files(w, world_text(w, "in%zu", i)),
		    world_count_files(w, world_text(w, "in%zu/out", i)));
		assert_false(world_has(w, "x"));
		assert_int_not_equal(access("/x", F_OK), 0);
	}
}

static void
a_template_that_says_nothing_known_is_a_usage_error(void **state)
{
	static const char *const templates[] = { "%{nonsense}", "%{n", "%x",
		"%{n:x}", "%" };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(templates); i++)
		expect_exit(bulkfetch(w, "-o", templates[i],
				"http://127.0.0.1:1/", NULL),
		    2);
}

/* ---- Confinement -------------------------------------------------------- */

static void
symlinks_below_the_directory_are_not_followed(void **state)
{
	struct world *w = *state;
	char *host;

	origin_start(w, FOUR, NULL);
	host = world_text(w, "out/%s", origin_host(w));
	world_mkdir(w, "outside");
	world_write(w, "outside/file", "mine");
	world_mkdir(w, "out");
	world_mkdir(w, host);
	assert_int_equal(symlink("../../outside",
			     world_path(w, world_text(w, "%s/link", host))),
	    0);
	assert_int_equal(symlink("../../outside/file",
			     world_path(w, world_text(w, "%s/file", host))),
	    0);
	assert_int_equal(symlink("../../outside/new",
			     world_path(w, world_text(w, "%s/dangling", host))),
	    0);
	(void)bulkfetch(w, "-d", "out", "--log", "log",
	    origin_url(w, "/link/a"), origin_url(w, "/link/b/c"),
	    origin_url(w, "/file"), origin_url(w, "/dangling"), NULL);
	assert_int_equal(world_count_files(w, "outside"), 1);
	expect_text_file(w, "outside/file", "mine");
	expect_separate_files(w, "log", 4);
}

static void
the_directory_itself_may_be_a_symlink(void **state)
{
	struct world *w = *state;

	origin_start(w, FOUR, NULL);
	world_mkdir(w, "real");
	assert_int_equal(symlink("real", world_path(w, "out")), 0);
	expect_exit(
	    bulkfetch(w, "-d", "out/a/b", origin_url(w, "/x"), NULL), 0);
	expect_pattern(
	    w, world_text(w, "real/a/b/%s/x", origin_host(w)), "/x", 4);
}

static void
a_directory_that_cannot_be_made_is_told_at_once(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, FOUR, NULL);
	world_write(w, "file", "mine");
	run = bulkfetch(w, "-d", "file/out", origin_url(w, "/x"), NULL);
	expect_exit(run, 3);
	expect_says(run, "file/out");
	run = bulkfetch(w, "-d", "file", origin_url(w, "/x"), NULL);
	expect_exit(run, 3);
	if (geteuid() != 0) {
		world_mkdir(w, "closed");
		assert_int_equal(chmod(world_path(w, "closed"), 0555), 0);
		run = bulkfetch(w, "-d", "closed", origin_url(w, "/x"), NULL);
		expect_exit(run, 3);
	}
	assert_int_equal(origin_stat(w, "requests"), 0);
	expect_text_file(w, "file", "mine");
}

/* ---- What is there already ---------------------------------------------- */

static void
a_second_run_replaces_files_but_not_by_failures(void **state)
{
	struct world *w = *state;
	char *good;
	char *bad;

	origin_start(w,
	    "/good on 1: head 200 \"Content-Length: 3\"; send \"old\"\n"
	    "/good: head 200 \"Content-Length: 3\"; send \"new\"\n"
	    "/bad on 1: head 200 \"Content-Length: 3\"; send \"old\"\n"
	    "/bad on 2: head 200 \"Content-Length: 3\"; send \"ne\"; close\n"
	    "/bad on 3: head 200 \"Content-Length: 300000\"; body 200000; "
	    "reset\n"
	    "/bad: head 404 \"Content-Length: 3\"; send \"new\"\n",
	    NULL);
	good = world_text(w, "out/%s/good", origin_host(w));
	bad = world_text(w, "out/%s/bad", origin_host(w));
	expect_exit(bulkfetch(w, "--retry", "0", "-d", "out",
			origin_url(w, "/good"), origin_url(w, "/bad"), NULL),
	    0);
	expect_text_file(w, good, "old");
	for (int i = 0; i < 3; i++) {
		expect_exit(
		    bulkfetch(w, "--retry", "0", "-d", "out",
			origin_url(w, "/good"), origin_url(w, "/bad"), NULL),
		    1);
		expect_text_file(w, good, "new");
		expect_text_file(w, bad, "old");
		assert_int_equal(world_count_files(w, "out"), 2);
	}
}

static void
skip_existing_skips_what_is_complete_and_only_that(void **state)
{
	struct world *w = *state;
	struct records r;
	struct run *run;
	char *host;

	origin_start(w, NULL, NULL);
	host = origin_host(w);
	world_write(w, "list",
	    world_text(w, "%s\n%s\n%s\n", origin_url(w, "/gen/10/a"),
		origin_url(w, "/gen/10/b"), origin_url(w, "/gen/1M/c")));
	expect_exit(bulkfetch(w, "-d", "out", "list", NULL), 0);
	run = bulkfetch(
	    w, "--skip-existing", "-d", "out", "--log", "log", "list", NULL);
	expect_exit(run, 0);
	expect_summary(run, 0, 3, 0);
	assert_int_equal(origin_stat(w, "requests"), 3);
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "ok", "true"), 3);
	/* As a kill leaves them: no permission bits; or not there yet. */
	world_write(w, world_text(w, "out/%s/gen/10/b", host), "half");
	assert_int_equal(
	    chmod(world_path(w, world_text(w, "out/%s/gen/10/b", host)), 0), 0);
	assert_int_equal(
	    unlink(world_path(w, world_text(w, "out/%s/gen/1M/c", host))), 0);
	run = bulkfetch(w, "--skip-existing", "-d", "out", "list", NULL);
	expect_exit(run, 0);
	expect_summary(run, 2, 1, 0);
	assert_int_equal(origin_count(w, "/gen/10/a"), 1);
	assert_int_equal(origin_count(w, "/gen/10/b"), 2);
	expect_generated(w, "out", "/gen/10/a");
	expect_generated(w, "out", "/gen/10/b");
	expect_generated(w, "out", "/gen/1M/c");
}

static void
atomic_makes_the_same_files(void **state)
{
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	expect_exit(
	    bulkfetch(w, "--atomic", "-d", "out", origin_url(w, "/gen/0/a"),
		origin_url(w, "/gen/10/b"), origin_url(w, "/chunked/100k/c"),
		origin_url(w, "/gen/3M/d"), NULL),
	    0);
	expect_generated(w, "out", "/gen/0/a");
	expect_generated(w, "out", "/gen/10/b");
	expect_generated(w, "out", "/chunked/100k/c");
	expect_generated(w, "out", "/gen/3M/d");
	assert_int_equal(world_count_files(w, "out"), 4);
}

static void
the_umask_is_respected(void **state)
{
	static const mode_t umasks[] = { 022, 027, 077, 0177 };
	struct world *w = *state;
	const char *words[] = { "-d", NULL, NULL, NULL, NULL };
	struct stat st;

	origin_start(w, NULL, NULL);
	words[2] = origin_url(w, "/gen/5/a");
	words[3] = origin_url(w, "/gen/300000/b");
	for (size_t i = 0; i < COUNT(umasks); i++) {
		struct run_spec spec = { .words = words, .umask = umasks[i] };
		char *dir = world_text(w, "out%zu", i);

		/* A directory without x for its owner is of use to root. */
		if (umasks[i] == 0177 && geteuid() != 0)
			continue;
		words[1] = dir;
		expect_exit(run_spec(w, &spec), 0);
		for (int k = 0; k < 2; k++) {
			char *name =
			    world_text(w, "%s/%s%s", dir, origin_host(w),
				k == 0 ? "/gen/5/a" : "/gen/300000/b");

			assert_int_equal(stat(world_path(w, name), &st), 0);
			assert_int_equal(st.st_mode & 07777, 0666 & ~umasks[i]);
		}
		assert_int_equal(stat(world_path(w, dir), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0777 & ~umasks[i]);
	}
}

/* ---- Kills -------------------------------------------------------------- */

/* For nftw(3), which hands nothing on: the prefix of names, and the count. */
static struct {
	size_t prefix_len;
	size_t complete;
} walk;

/* A file that may be read and has no temporary name holds all of its URL. */
static int
check_complete(
    const char *path, const struct stat *st, int type, struct FTW *where)
{
	const char *target = path + walk.prefix_len;
	struct generated g;

	(void)where;
	if (type != FTW_F || (st->st_mode & 0777) == 0 ||
	    strstr(path, "%.bulkfetch") != NULL)
		return 0;
	assert_true(generated_parse(slice_str(target), &g));
	assert_int_equal(st->st_size, g.size);
	walk.complete++;
	return 0;
}

static void
what_can_be_read_after_a_kill_is_complete(void **state)
{
	static const char *const words[] = { "-c", "20", "-d", "out", "list",
		NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	char *list = world_text(w, "%s", "");
	const size_t count = 400;
	char *root;

	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < count; i++)
		list = world_text(w, "%s%s\n", list,
		    origin_url(w,
			world_text(w, "/gen/%zu/f",
			    i % 20 == 0 ? 2000000 + i : 1 + i)));
	world_write(w, "list", list);
	root = world_path(w, world_text(w, "out/%s", origin_host(w)));
	for (uint64_t sent = 1; sent <= 8; sent++) {
		struct run *run = run_start(w, &spec);

		origin_wait(w, "sent", origin_stat(w, "sent") + sent * 1500000);
		run_signal(run, SIGKILL);
		(void)run_finish(run);
		walk.prefix_len = strlen(root);
		walk.complete = 0;
		(void)nftw(root, check_complete, 16, FTW_PHYS);
	}
	expect_exit(run_spec(w, &spec), 0);
	walk.complete = 0;
	(void)nftw(root, check_complete, 16, FTW_PHYS);
	assert_int_equal(walk.complete, count);
	assert_int_equal(world_count_files(w, "out"), count);
	for (size_t i = 0; i < count; i++)
		expect_generated(w, "out",
		    world_text(
			w, "/gen/%zu/f", i % 20 == 0 ? 2000000 + i : 1 + i));
}

/* ---- Standard output ---------------------------------------------------- */

static char *
body_target(struct world *w, size_t i)
{
	static const char *const kinds[] = { "gen", "chunked", "close",
		"delay/20" };
	static const unsigned sizes[] = { 100, 4097, 70001, 1000001 };

	return world_text(w, "/%s/%u/%zu", kinds[i % 4], sizes[i / 4 % 4], i);
}

/* Take the body that `out` begins with off its front; false without. */
static bool
take_body(struct world *w, struct slice *out, bool *taken, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct slice target = slice_str(body_target(w, i));
		struct generated g;

		assert_true(generated_parse(target, &g));
		if (taken[i] || out->len < g.size ||
		    !pattern_matches(pattern_seed(target, 0), 0,
			slice_first(*out, (size_t)g.size)))
			continue;
		taken[i] = true;
		*out = slice_from(*out, (size_t)g.size);
		return true;
	}
	return false;
}

static void
bodies_on_standard_output_never_interleave(void **state)
{
	static const char *const words[] = { "-c", "30", "-o", "-", "--retry",
		"0", "list", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	char *list = world_text(w, "%s", "");
	bool taken[80] = { false };
	struct slice out;
	struct run *run;
	size_t count = 0;

	origin_start(w,
	    "/short: head 200 \"Content-Length: 900000\"; body 800000; close\n"
	    "/reset: head 200; body 800000; delay 30; reset\n"
	    "/missing: head 404 \"Content-Length: 100\"; body 100\n",
	    NULL);
	for (size_t i = 0; i < COUNT(taken); i++)
		list = world_text(
		    w, "%s%s\n", list, origin_url(w, body_target(w, i)));
	list = world_text(w, "%s\n%s\n%s%s\n", origin_url(w, "/short"),
	    origin_url(w, "/reset"), list, origin_url(w, "/missing"));
	world_write(w, "list", list);
	run = run_spec(w, &spec);
	expect_exit(run, 1);
	expect_summary(run, COUNT(taken), 0, 3);
	out = slice_of(run->out.ptr, run->out.len);
	while (take_body(w, &out, taken, COUNT(taken)))
		count++;
	assert_int_equal(count, COUNT(taken));
	assert_int_equal(out.len, 0);
	assert_int_equal(world_count_files(w, "out"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(files_are_named_after_their_urls),
		WORLD_TEST(
		    different_urls_have_different_files_however_alike_they_are),
		WORLD_TEST(a_file_and_a_directory_of_one_name_both_have_room),
		WORLD_TEST(the_same_url_has_the_same_file_on_every_run),
		WORLD_TEST(a_template_names_the_files),
		WORLD_TEST(urls_that_meet_in_a_template_keep_their_own_files),
		WORLD_TEST(no_template_leads_out_of_the_directory),
		WORLD_TEST(a_template_that_says_nothing_known_is_a_usage_error),
		WORLD_TEST(symlinks_below_the_directory_are_not_followed),
		WORLD_TEST(the_directory_itself_may_be_a_symlink),
		WORLD_TEST(a_directory_that_cannot_be_made_is_told_at_once),
		WORLD_TEST(a_second_run_replaces_files_but_not_by_failures),
		WORLD_TEST(skip_existing_skips_what_is_complete_and_only_that),
		WORLD_TEST(atomic_makes_the_same_files),
		WORLD_TEST(the_umask_is_respected),
		WORLD_TEST(what_can_be_read_after_a_kill_is_complete),
		WORLD_TEST(bodies_on_standard_output_never_interleave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
