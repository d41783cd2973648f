/* nginx: limits, conditions, ranges, and files that change under way. */
#include "harness.h"

#include "../origin/pattern.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t
version_seed(uint64_t version)
{
	return pattern_seed(slice_str("/ver/0"), version);
}

/* Put that version of a file in place at once, as a careful editor would. */
static void
publish(struct world *w, const char *name, uint64_t version, size_t len)
{
	uint8_t *octets = malloc(len);

	assert_non_null(octets);
	pattern_fill(version_seed(version), 0, octets, len);
	world_write_octets(w, "www/.new", slice_of(octets, len));
	free(octets);
	assert_int_equal(rename(world_path(w, "www/.new"),
			     world_path(w, world_text(w, "www/%s", name))),
	    0);
}

/* Which version of `len` octets the file is; fails when it is a mix. */
static uint64_t
version_of(struct world *w, const char *name, uint64_t most, size_t len)
{
	struct slice octets = world_read(w, name);

	if (octets.len != len)
		fail_msg("%s has %zu octets", name, octets.len);
	for (uint64_t version = 0; version <= most; version++) {
		if (pattern_matches(version_seed(version), 0, octets))
			return version;
	}
	fail_msg("%s is of no version", name);
	return 0;
}

static void
write_list(struct world *w, const struct nginx *nginx, size_t count)
{
	FILE *f = fopen(world_path(w, "list"), "we");

	assert_non_null(f);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(f, "http://127.0.0.1:%u/a?%zu\n", nginx->port, i);
	assert_int_equal(fclose(f), 0);
}

static char *
file_of(struct world *w, const struct nginx *nginx, size_t i)
{
	return world_text(w, "out/127.0.0.1:%u/a?%zu", nginx->port, i);
}

/* Lines of the log, CONNECTION STATUS URI, with that status. */
static size_t
count_status(struct world *w, const char *status)
{
	const char *text = world_text(w, " %s ", status);
	const char *at = nginx_log(w);
	size_t count = 0;

	while ((at = strstr(at, text)) != NULL) {
		at += strlen(text);
		count++;
	}
	return count;
}

/* ---- Limits ------------------------------------------------------------- */

static void
its_limits_are_come_back_to_until_everything_is_fetched(void **state)
{
	static const struct {
		const char *http_conf;
		const char *server_conf;
		const char *status;
	} rows[] = {
		{ "limit_req_zone $binary_remote_addr zone=z:1m rate=100r/s;",
		    "limit_req zone=z burst=5 nodelay;", "503" },
		{ "limit_req_zone $binary_remote_addr zone=z:1m rate=100r/s;",
		    "limit_req zone=z burst=10 nodelay; limit_req_status 429; "
		    "add_header "
		    "Retry-After 1 always;",
		    "429" },
	};
	enum { URLS = 50, LEN = 2000 };
	struct world *w = *state;

	world_mkdir(w, "www");
	publish(w, "a", 0, LEN);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *dir = world_text(w, "out%zu", i);
		struct nginx nginx;
		struct run *run;

		if (!nginx_start(w, &nginx, "www", rows[i].http_conf,
			rows[i].server_conf))
			skip();
		write_list(w, &nginx, URLS);
		run = bulkfetch(w, "-c", "10", "--retry", "100",
		    "--retry-delay", "0.05", "-d", dir, "list", NULL);
		expect_exit(run, 0);
		for (size_t n = 0; n < URLS; n++)
			(void)version_of(w,
			    world_text(
				w, "%s/127.0.0.1:%u/a?%zu", dir, nginx.port, n),
			    0, LEN);
		assert_true(count_status(w, rows[i].status) > 0);
		assert_int_equal(count_status(w, "200"), URLS);
		nginx_stop(w, &nginx);
	}
}

/* ---- Conditions and ranges ---------------------------------------------- */

static void
its_answers_to_conditions_are_understood(void **state)
{
	static const char *const options[] = { "--update", "--timestamping" };
	enum { URLS = 20, LEN = 100000 };
	struct world *w = *state;
	struct nginx nginx;

	world_mkdir(w, "www");
	publish(w, "a", 0, LEN);
	if (!nginx_start(w, &nginx, "www", "", ""))
		skip();
	write_list(w, &nginx, URLS);
	for (size_t k = 0; k < COUNT(options); k++) {
		size_t before;

		expect_exit(
		    bulkfetch(w, options[k], "-d", "out", "list", NULL), 0);
		before = count_status(w, "304");
		expect_exit(
		    bulkfetch(w, options[k], "-d", "out", "list", NULL), 0);
		assert_int_equal(count_status(w, "304") - before, URLS);
	}
	/* A file of another second. */
	publish(w, "a", 1, LEN + 1);
	expect_exit(bulkfetch(w, "--update", "-d", "out", "list", NULL), 0);
	for (size_t i = 0; i < URLS; i++)
		assert_int_equal(
		    version_of(w, file_of(w, &nginx, i), 1, LEN + 1), 1);
}

/* Kill a run over "list" when "out" holds so much. */
static void
kill_at(struct world *w, uint64_t octets)
{
	static const char *const words[] = { "-d", "out", "list", NULL };
	struct run_spec spec = { .words = words };
	struct run *run = run_start(w, &spec);

	while (world_octets(w, "out") < octets) {
		if (world_now_ms() > run->deadline_ms)
			fail_msg("too little comes");
		world_pause();
	}
	run_signal(run, SIGKILL);
	(void)run_finish(run);
	assert_int_equal(run->signal, SIGKILL);
}

static void
its_ranges_continue_what_a_kill_has_left(void **state)
{
	enum { LEN = 6 << 20 };
	struct world *w = *state;
	struct nginx nginx;

	world_mkdir(w, "www");
	publish(w, "a", 0, LEN);
	if (!nginx_start(w, &nginx, "www", "", "limit_rate 8m;"))
		skip();
	write_list(w, &nginx, 1);
	kill_at(w, 2 << 20);
	expect_exit(bulkfetch(w, "-d", "out", "list", NULL), 0);
	(void)version_of(w, file_of(w, &nginx, 0), 0, LEN);
	assert_int_equal(count_status(w, "206"), 1);
	assert_int_equal(unlink(world_path(w, file_of(w, &nginx, 0))), 0);
	/* The file has changed since: from its beginning. */
	kill_at(w, 2 << 20);
	publish(w, "a", 1, LEN + 1);
	expect_exit(bulkfetch(w, "-d", "out", "list", NULL), 0);
	assert_int_equal(version_of(w, file_of(w, &nginx, 0), 1, LEN + 1), 1);
	assert_int_equal(count_status(w, "206"), 1);
	assert_int_equal(world_count_files(w, "out"), 1);
}

/* ---- Files that change under way ---------------------------------------- */

static void
every_file_is_of_one_version_while_they_change(void **state)
{
	enum { URLS = 300, LEN = 200000, VERSIONS = 30 };
	static const char *const words[] = { "-c", "8", "--limit-rate", "40M",
		"-d", "out", "list", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	struct nginx nginx;
	struct run *run;
	uint64_t last = 0;

	world_mkdir(w, "www");
	publish(w, "a", 0, LEN);
	if (!nginx_start(w, &nginx, "www", "", ""))
		skip();
	write_list(w, &nginx, URLS);
	run = run_start(w, &spec);
	for (uint64_t version = 1; version < VERSIONS; version++) {
		publish(w, "a", version, LEN);
		for (int i = 0; i < 10; i++)
			world_pause();
	}
	expect_exit(run_finish(run), 0);
	for (size_t i = 0; i < URLS; i++) {
		uint64_t version =
		    version_of(w, file_of(w, &nginx, i), VERSIONS - 1, LEN);

		if (version > last)
			last = version;
	}
	/* They did change. */
	assert_true(last > 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(
		    its_limits_are_come_back_to_until_everything_is_fetched),
		WORLD_TEST(its_answers_to_conditions_are_understood),
		WORLD_TEST(its_ranges_continue_what_a_kill_has_left),
		WORLD_TEST(every_file_is_of_one_version_while_they_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
