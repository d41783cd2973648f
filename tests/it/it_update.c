/* --update, --timestamping and --remote-time: runs from cron. */
#include "harness.h"

#include "../origin/pattern.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* 2020-01-01T00:00:00Z, which is what version 0 says; a day each later. */
#define VERSION_0_S 1577836800
#define DAY_S 86400

static struct stat
stat_of(struct world *w, const char *target)
{
	char *name = world_text(w, "out/%s%s", origin_host(w), target);
	struct stat st;

	if (lstat(world_path(w, name), &st) == -1)
		fail_msg("%s is not there", name);
	return st;
}

static bool
is_untouched(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* One run over "list" with the option; the log is "log". */
static struct run *
update(struct world *w, const char *option)
{
	(void)unlink(world_path(w, "log"));
	return bulkfetch(w, option, "--retry", "0", "-d", "out", "--log", "log",
	    "list", NULL);
}

static size_t
count_unchanged(struct world *w)
{
	struct records r = records_read(w, "log");

	return records_count(&r, "unchanged", "true");
}

static struct origin_request
last_request(struct world *w)
{
	size_t count;
	struct origin_request *requests = origin_heads(w, &count);

	assert_true(count > 0);
	return requests[count - 1];
}

/* ---- Both ways ---------------------------------------------------------- */

static const char *const options[] = { "--update", "--timestamping" };

static const char *const targets[] = { "/ver/10/a", "/ver/300000/b",
	"/weak/3M/c", "/dated/1000/d", "/ver/0/e", "/ver/9/f?g=h" };

static void
write_targets(struct world *w)
{
	char *list = world_text(w, "%s", "");

	for (size_t i = 0; i < COUNT(targets); i++)
		list = world_text(w, "%s%s\n", list, origin_url(w, targets[i]));
	world_write(w, "list", list);
}

static void
expect_targets(struct world *w)
{
	for (size_t i = 0; i < COUNT(targets); i++)
		expect_generated(w, "out", targets[i]);
}

static void
what_is_current_is_unchanged_and_untouched(void **state)
{
	struct world *w = *state;

	for (size_t k = 0; k < COUNT(options); k++) {
		struct stat before[COUNT(targets)];
		uint64_t sent;
		struct run *run;

		origin_start(w, NULL, NULL);
		write_targets(w);
		expect_exit(update(w, options[k]), 0);
		expect_targets(w);
		assert_int_equal(count_unchanged(w), 0);
		for (size_t i = 0; i < COUNT(targets); i++)
			before[i] = stat_of(w, targets[i]);
		sent = origin_stat(w, "sent");
		run = update(w, options[k]);
		expect_exit(run, 0);
		expect_says(run, "unchanged");
		assert_int_equal(count_unchanged(w), COUNT(targets));
		for (size_t i = 0; i < COUNT(targets); i++) {
			struct stat after = stat_of(w, targets[i]);

			if (!is_untouched(&before[i], &after))
				fail_msg("%s was touched", targets[i]);
		}
		/* Heads alone. */
		assert_true(origin_stat(w, "sent") - sent < 5000);
		assert_int_equal(
		    origin_stat(w, "requests"), 2 * COUNT(targets));
	}
}

static void
what_has_changed_is_replaced(void **state)
{
	struct world *w = *state;

	for (size_t k = 0; k < COUNT(options); k++) {
		origin_start(w, NULL, NULL);
		write_targets(w);
		(void)update(w, options[k]);
		for (uint64_t version = 1; version < 4; version++) {
			origin_set_version(w, version);
			expect_exit(update(w, options[k]), 0);
			assert_int_equal(count_unchanged(w), 0);
			expect_targets(w);
			expect_exit(update(w, options[k]), 0);
			assert_int_equal(count_unchanged(w), COUNT(targets));
		}
	}
}

static void
what_is_gone_fails_and_keeps_its_file(void **state)
{
	static const unsigned statuses[] = { 404, 410, 500, 403 };
	struct world *w = *state;

	for (size_t k = 0; k < COUNT(options); k++) {
		for (size_t i = 0; i < COUNT(statuses); i++) {
			struct stat before;
			struct stat after;
			struct records r;

			origin_start(w,
			    world_text(w,
				"/ver/10/a on 2: head %u \"Content-Length: "
				"3\"; body 3\n"
				"/ver/10/a on 3: head 200 \"Content-Length: "
				"10\"; body 5; close\n",
				statuses[i]),
			    NULL);
			world_write(w, "list", origin_url(w, "/ver/10/a"));
			expect_exit(update(w, options[k]), 0);
			before = stat_of(w, "/ver/10/a");
			expect_exit(update(w, options[k]), 4);
			r = records_read(w, "log");
			expect_member(&r, r.lines[0], "status",
			    world_text(w, "%u", statuses[i]));
			after = stat_of(w, "/ver/10/a");
			assert_true(is_untouched(&before, &after));
			/* A replacement that breaks off is none. */
			expect_exit(update(w, options[k]), 4);
			after = stat_of(w, "/ver/10/a");
			assert_true(is_untouched(&before, &after));
			expect_generated(w, "out", "/ver/10/a");
			/* And what is known of it still holds. */
			expect_exit(update(w, options[k]), 0);
			assert_int_equal(count_unchanged(w), 1);
		}
	}
}

static void
what_was_deleted_is_fetched_again(void **state)
{
	struct world *w = *state;

	for (size_t k = 0; k < COUNT(options); k++) {
		struct origin_request request;

		origin_start(w, NULL, NULL);
		world_write(w, "list", origin_url(w, "/ver/10/a"));
		expect_exit(update(w, options[k]), 0);
		assert_int_equal(
		    unlink(world_path(
			w, world_text(w, "out/%s/ver/10/a", origin_host(w)))),
		    0);
		expect_exit(update(w, options[k]), 0);
		expect_generated(w, "out", "/ver/10/a");
		request = last_request(w);
		expect_field(w, &request, "If-None-Match", NULL);
		expect_field(w, &request, "If-Modified-Since", NULL);
	}
}

/* A reader who opens the name again and again while it is replaced. */
static void
a_reader_sees_the_old_file_or_the_new_one_whole(void **state)
{
	enum { VERSIONS = 6 };
	static const char *const target = "/ver/300000/a";
	static const char *const words[] = { "--update", "--limit-rate", "2M",
		"-d", "out", "list", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	size_t reads = 0;

	origin_start(w, NULL, NULL);
	world_write(w, "list", origin_url(w, target));
	expect_exit(run_spec(w, &spec), 0);
	for (uint64_t version = 1; version < VERSIONS; version++) {
		struct run *run;
		bool is_new = false;

		origin_set_version(w, version);
		run = run_start(w, &spec);
		while (!is_new) {
			struct slice octets = world_read(w,
			    world_text(w, "out/%s%s", origin_host(w), target));
			uint64_t seen = 0;

			assert_int_equal(octets.len, 300000);
			while (seen <= version &&
			    !pattern_matches(
				pattern_seed(slice_str(target), seen), 0,
				octets))
				seen++;
			assert_in_range(seen, version - 1, version);
			is_new = seen == version;
			reads++;
			for (int i = 0; i < 5; i++)
				world_pause();
			if (world_now_ms() > run->deadline_ms)
				fail_msg("version %llu does not come",
				    (unsigned long long)version);
		}
		expect_exit(run_finish(run), 0);
	}
	assert_true(reads > VERSIONS);
	assert_int_equal(origin_stat(w, "requests"), VERSIONS);
}

/* Killed at any moment, an update leaves files of one version or the other, and
 * the next one brings them all up to date. */
static void
kills_leave_whole_files_that_are_updated_later(void **state)
{
	enum { URLS = 40, LEN = 150000, KILLS = 12 };
	static const char *const words[] = { "--update", "-c", "4",
		"--limit-rate", "30M", "-d", "out", "list", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	char *host;

	origin_start(w, NULL, NULL);
	host = origin_host(w);
	origin_add_urls(w, "list", "127.0.0.1", "/ver/150000/", URLS);
	expect_exit(run_spec(w, &spec), 0);
	for (uint64_t version = 1; version <= KILLS; version++) {
		uint64_t requests = origin_stat(w, "requests");
		struct run *run;

		origin_set_version(w, version);
		run = run_start(w, &spec);
		origin_wait(w, "requests", requests + 3 * version);
		run_signal(run, SIGKILL);
		(void)run_finish(run);
		for (int i = 0; i < URLS; i++) {
			char *target = world_text(w, "/ver/150000/%d", i);
			struct slice octets = world_read(
			    w, world_text(w, "out/%s%s", host, target));
			uint64_t seen = 0;

			assert_int_equal(octets.len, LEN);
			while (seen <= version &&
			    !pattern_matches(
				pattern_seed(slice_str(target), seen), 0,
				octets))
				seen++;
			assert_true(seen <= version);
		}
	}
	expect_exit(run_spec(w, &spec), 0);
	expect_urls(w, "out", "127.0.0.1", "/ver/150000/", URLS);
	(void)update(w, "--update");
	assert_int_equal(count_unchanged(w), URLS);
}

/* ---- The store ---------------------------------------------------------- */

static void
both_validators_are_sent_as_they_came(void **state)
{
	struct world *w = *state;
	struct origin_request request;

	origin_start(w,
	    "/x: head 200 \"ETag: W/\\\"a,b\\\"\" \"Last-Modified: Sat, 29 "
	    "Feb 2020 12:34:56 GMT\" \"Content-Length: 0\"\n",
	    NULL);
	world_write(w, "list", origin_url(w, "/x"));
	expect_exit(update(w, "--update"), 0);
	expect_exit(update(w, "--update"), 0);
	request = last_request(w);
	expect_field(w, &request, "If-None-Match", "W/\"a,b\"");
	expect_field(
	    w, &request, "If-Modified-Since", "Sat, 29 Feb 2020 12:34:56 GMT");
}

static void
a_304_that_nobody_asked_for_is_a_failure(void **state)
{
	struct world *w = *state;

	origin_start(w, "/x: head 304 \"ETag: \\\"a\\\"\"\n", NULL);
	world_write(w, "list", origin_url(w, "/x"));
	expect_exit(update(w, "--update"), 4);
	assert_int_equal(count_unchanged(w), 0);
}

static void
what_has_no_validator_is_fetched_every_time(void **state)
{
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	world_write(w, "list", origin_url(w, "/gen/10/a"));
	for (size_t i = 0; i < 3; i++) {
		struct origin_request request;

		expect_exit(update(w, "--update"), 0);
		request = last_request(w);
		expect_field(w, &request, "If-None-Match", NULL);
		expect_field(w, &request, "If-Modified-Since", NULL);
		assert_int_equal(count_unchanged(w), 0);
		expect_generated(w, "out", "/gen/10/a");
	}
}

/* What a run does not ask for stays known. */
static void
a_run_over_a_part_of_the_list_forgets_nothing(void **state)
{
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "all", "127.0.0.1", "/ver/100/", 50);
	origin_add_urls(w, "part", "127.0.0.1", "/ver/100/", 5);
	for (int i = 0; i < 3; i++) {
		struct run *run = bulkfetch(w, "--update", "-d", "out", "--log",
		    "log", i == 1 ? "part" : "all", NULL);

		expect_exit(run, 0);
	}
	assert_int_equal(count_unchanged(w), 50);
}

/* The names in "out" that are no directories of hosts. */
static size_t
overwrite_stores(struct world *w, struct slice octets)
{
	DIR *dir = opendir(world_path(w, "out"));
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_type != DT_REG)
			continue;
		world_write_octets(
		    w, world_text(w, "out/%s", entry->d_name), octets);
		count++;
	}
	(void)closedir(dir);
	return count;
}

/* It is only a memory: without it everything is fetched, and nothing worse. */
static void
a_store_that_is_spoilt_does_no_harm(void **state)
{
	static const struct slice spoilt[] = {
		{ .ptr = (const uint8_t *)"", .len = 0 },
		{ .ptr = (const uint8_t *)"nonsense", .len = 8 },
		{ .ptr = (const uint8_t *)"\0\xff\n\0\0\0\0\0\0", .len = 9 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(spoilt); i++) {
		origin_start(w, NULL, NULL);
		write_targets(w);
		expect_exit(update(w, "--update"), 0);
		assert_true(overwrite_stores(w, spoilt[i]) > 0);
		origin_set_version(w, 1);
		expect_exit(update(w, "--update"), 0);
		expect_targets(w);
		expect_exit(update(w, "--update"), 0);
		assert_int_equal(count_unchanged(w), COUNT(targets));
	}
}

static void
thousands_of_files_are_remembered(void **state)
{
	size_t urls = run_is_wrapped() ? 500 : 20000;
	struct world *w = *state;

	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "127.0.0.1", "/ver/100/", urls);
	for (int i = 0; i < 2; i++)
		expect_exit(update(w, "--update"), 0);
	assert_int_equal(count_unchanged(w), urls);
	assert_int_equal(origin_stat(w, "requests"), 2 * urls);
}

static void
what_lies_behind_a_redirect_is_remembered(void **state)
{
	struct world *w = *state;
	struct records r;

	origin_start(w, NULL, NULL);
	world_write(w, "list", origin_url(w, "/redirect/302/ver/100/a"));
	expect_exit(update(w, "--update"), 0);
	expect_exit(update(w, "--update"), 0);
	r = records_read(w, "log");
	expect_member(&r, r.lines[0], "ok", "true");
	origin_set_version(w, 1);
	expect_exit(update(w, "--update"), 0);
	expect_pattern(w,
	    world_text(w, "out/%s/redirect/302/ver/100/a", origin_host(w)),
	    "/ver/100/a", 100);
}

/* ---- Times -------------------------------------------------------------- */

static void
remote_time_sets_the_time_of_modification(void **state)
{
	static const char *const both[] = { "--remote-time", "--timestamping" };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(both); i++) {
		origin_start(w, NULL, NULL);
		origin_set_version(w, 3);
		write_targets(w);
		expect_exit(update(w, both[i]), 0);
		for (size_t k = 0; k < COUNT(targets); k++)
			assert_int_equal(stat_of(w, targets[k]).st_mtim.tv_sec,
			    VERSION_0_S + 3 * DAY_S);
	}
}

static void
without_it_files_are_as_old_as_they_are(void **state)
{
	struct world *w = *state;
	time_t now = time(NULL);

	origin_start(w, NULL, NULL);
	write_targets(w);
	expect_exit(bulkfetch(w, "-d", "out", "list", NULL), 0);
	for (size_t k = 0; k < COUNT(targets); k++)
		assert_true(stat_of(w, targets[k]).st_mtim.tv_sec >= now - 5);
}

static void
a_time_that_is_none_leaves_the_file_as_it_is(void **state)
{
	static const char *const dates[] = { "yesterday", "",
		"Wed, 31 Feb 2020 00:00:00 GMT", "0", "-1",
		"Wed, 01 Jan 2020 00:00:00" };
	struct world *w = *state;
	time_t now = time(NULL);

	for (size_t i = 0; i < COUNT(dates); i++) {
		origin_start(w,
		    world_text(w,
			"/x: head 200 \"Last-Modified: %s\" "
			"\"Content-Length: 5\"; body 5\n",
			dates[i]),
		    NULL);
		world_write(w, "list", origin_url(w, "/x"));
		expect_exit(update(w, "--remote-time"), 0);
		assert_true(stat_of(w, "/x").st_mtim.tv_sec >= now - 5);
	}
}

/* A file that the user has touched is asked for by its new time. */
static void
timestamping_goes_by_the_files_own_times(void **state)
{
	struct world *w = *state;
	struct timespec times[2] = { { .tv_sec = VERSION_0_S - DAY_S },
		{ .tv_sec = VERSION_0_S - DAY_S } };
	struct origin_request request;

	origin_start(w, NULL, NULL);
	world_write(w, "list", origin_url(w, "/ver/100/a"));
	expect_exit(update(w, "--timestamping"), 0);
	expect_exit(update(w, "--timestamping"), 0);
	request = last_request(w);
	expect_field(
	    w, &request, "If-Modified-Since", "Wed, 01 Jan 2020 00:00:00 GMT");
	expect_field(w, &request, "If-None-Match", NULL);
	assert_int_equal(
	    utimensat(AT_FDCWD,
		world_path(
		    w, world_text(w, "out/%s/ver/100/a", origin_host(w))),
		times, 0),
	    0);
	expect_exit(update(w, "--timestamping"), 0);
	assert_int_equal(count_unchanged(w), 0);
	request = last_request(w);
	expect_field(
	    w, &request, "If-Modified-Since", "Tue, 31 Dec 2019 00:00:00 GMT");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(what_is_current_is_unchanged_and_untouched),
		WORLD_TEST(what_has_changed_is_replaced),
		WORLD_TEST(what_is_gone_fails_and_keeps_its_file),
		WORLD_TEST(what_was_deleted_is_fetched_again),
		WORLD_TEST(a_reader_sees_the_old_file_or_the_new_one_whole),
		WORLD_TEST(kills_leave_whole_files_that_are_updated_later),
		WORLD_TEST(both_validators_are_sent_as_they_came),
		WORLD_TEST(a_304_that_nobody_asked_for_is_a_failure),
		WORLD_TEST(what_has_no_validator_is_fetched_every_time),
		WORLD_TEST(a_run_over_a_part_of_the_list_forgets_nothing),
		WORLD_TEST(a_store_that_is_spoilt_does_no_harm),
		WORLD_TEST(thousands_of_files_are_remembered),
		WORLD_TEST(what_lies_behind_a_redirect_is_remembered),
		WORLD_TEST(remote_time_sets_the_time_of_modification),
		WORLD_TEST(without_it_files_are_as_old_as_they_are),
		WORLD_TEST(a_time_that_is_none_leaves_the_file_as_it_is),
		WORLD_TEST(timestamping_goes_by_the_files_own_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
