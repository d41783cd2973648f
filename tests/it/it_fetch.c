/* Whole lists, right to the octet, over a bounded number of connections. */
#include "harness.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../origin/pattern.h"

#define SMALL_LEN 1024
#define LARGE_LEN (16U << 20)
/* Different contents among the large files; the others are links to them. */
#define LARGE_SOURCES 4

/* A list being composed; each URL has a line. */
static char *
list_of(
    struct world *w, size_t count, char *(*url)(struct world *w, size_t number))
{
	struct buf list;
	char *text;

	buf_init(&list, 256U << 20);
	for (size_t i = 0; i < count; i++) {
		struct slice line = slice_str(url(w, i));

		assert_false(err_is(buf_append(&list, line)));
		assert_false(err_is(buf_append_octet(&list, '\n')));
	}
	assert_false(err_is(buf_append_octet(&list, 0)));
	text = world_text(w, "%s", (const char *)list.ptr);
	buf_fini(&list);
	return text;
}

/* ---- nginx -------------------------------------------------------------- */

static void
make_file(struct world *w, const char *name, const char *target, size_t len)
{
	uint8_t *octets = malloc(len);

	assert_non_null(octets);
	pattern_fill(pattern_seed(slice_str(target), 0), 0, octets, len);
	world_write_octets(w, name, slice_of(octets, len));
	free(octets);
}

static char *
small_target(struct world *w, size_t number)
{
	return world_text(w, "/small/%zu/%zu.html", number % 100, number);
}

/* The contents of a large file are those of this target. */
static char *
large_source(struct world *w, size_t number)
{
	return world_text(w, "/large/%zu.bin", number % LARGE_SOURCES);
}

static char *
large_target(struct world *w, size_t number)
{
	return world_text(w, "/large/%zu.bin", number);
}

static void
make_site(struct world *w, size_t smalls, size_t larges)
{
	world_mkdir(w, "www");
	world_mkdir(w, "www/small");
	world_mkdir(w, "www/large");
	for (size_t i = 0; i < 100; i++)
		world_mkdir(w, world_text(w, "www/small/%zu", i));
	for (size_t i = 0; i < smalls; i++) {
		char *target = small_target(w, i);

		make_file(w, world_text(w, "www%s", target), target, SMALL_LEN);
	}
	for (size_t i = 0; i < larges; i++) {
		char *name = world_text(w, "www%s", large_target(w, i));

		if (i < LARGE_SOURCES)
			make_file(w, name, large_source(w, i), LARGE_LEN);
		else
			assert_int_equal(link(world_path(w,
						  world_text(w, "www%s",
						      large_source(w, i))),
					     world_path(w, name)),
			    0);
	}
}

/* Small and large ones in turn. */
static void
write_site_list(struct world *w, unsigned port, size_t smalls, size_t larges)
{
	FILE *f = fopen(world_path(w, "list"), "we");
	size_t each = smalls / larges;

	assert_non_null(f);
	for (size_t i = 0; i < smalls; i++) {
		(void)fprintf(
		    f, "http://127.0.0.1:%u%s\n", port, small_target(w, i));
		if (i % each == 0 && i / each < larges)
			(void)fprintf(f, "http://127.0.0.1:%u%s\n", port,
			    large_target(w, i / each));
	}
	assert_int_equal(fclose(f), 0);
}

static void
expect_site(struct world *w, const char *dir, size_t smalls, size_t larges)
{
	for (size_t i = 0; i < smalls; i++) {
		char *target = small_target(w, i);

		expect_pattern(
		    w, world_text(w, "%s%s", dir, target), target, SMALL_LEN);
	}
	for (size_t i = 0; i < larges; i++)
		expect_pattern(w,
		    world_text(w, "%s%s", dir, large_target(w, i)),
		    large_source(w, i), LARGE_LEN);
	assert_int_equal(world_count_files(w, dir), smalls + larges);
}

/* Connections in nginx's log, each counted once; `*lines` of the log. */
static size_t
count_connections(const char *log, size_t *lines)
{
	unsigned long long seen[4096];
	size_t count = 0;

	*lines = 0;
	for (; log != NULL && *log != '\0'; log = strchr(log, '\n')) {
		unsigned long long number;
		size_t i = 0;

		log += *log == '\n';
		if (*log == '\0')
			break;
		number = strtoull(log, NULL, 10);
		while (i < count && seen[i] != number)
			i++;
		if (i == count && count < COUNT(seen))
			seen[count++] = number;
		(*lines)++;
	}
	return count;
}

static void
fetches_small_and_large_files_from_nginx(void **state)
{
	struct world *w = *state;
	size_t smalls = run_slowness() == 1 ? 20000 : 1000;
	size_t larges = run_slowness() == 1 ? 64 : 4;
	const char *const words[] = { "-c", "200", "-d", "out", "list", NULL };
	struct run_spec spec = { .words = words, .seconds = 120 };
	struct nginx nginx;
	struct run *run;
	char *dir;
	size_t lines;

	make_site(w, smalls, larges);
	if (!nginx_start(w, &nginx, "www", "", ""))
		skip();
	write_site_list(w, nginx.port, smalls, larges);
	run = run_spec(w, &spec);
	expect_exit(run, 0);
	expect_summary(run, smalls + larges, 0, 0);
	dir = world_text(w, "out/127.0.0.1:%u", nginx.port);
	expect_site(w, dir, smalls, larges);
	assert_int_equal(world_count_files(w, "out"), smalls + larges);
	assert_true(count_connections(nginx_log(w), &lines) <= 200);
	assert_int_equal(lines, smalls + larges);
}

/* nginx says "Connection: close" every so many requests. */
static void
goes_on_when_nginx_closes_connections_now_and_then(void **state)
{
	struct world *w = *state;
	size_t smalls = run_slowness() == 1 ? 2000 : 200;
	struct nginx nginx;
	struct run *run;

	make_site(w, smalls, 1);
	if (!nginx_start(w, &nginx, "www", "keepalive_requests 7;", ""))
		skip();
	write_site_list(w, nginx.port, smalls, 1);
	run = bulkfetch(w, "-c", "20", "-d", "out", "list", NULL);
	expect_exit(run, 0);
	expect_site(
	    w, world_text(w, "out/127.0.0.1:%u", nginx.port), smalls, 1);
}

/* ---- Our own origin ----------------------------------------------------- */

static char *
small_url(struct world *w, size_t number)
{
	return origin_url(w, world_text(w, "/gen/100/%zu", number));
}

static void
asks_for_each_url_once_over_as_many_connections_as_allowed(void **state)
{
	struct world *w = *state;
	size_t count = run_slowness() == 1 ? 3000 : 300;
	struct run *run;

	origin_start(w, NULL, NULL);
	world_write(w, "list", list_of(w, count, small_url));
	run = bulkfetch(w, "-c", "7", "-d", "out", "list", NULL);
	expect_exit(run, 0);
	expect_summary(run, count, 0, 0);
	expect_says(run, "7 connections opened, 7 open at most");
	assert_int_equal(origin_stat(w, "accepted"), 7);
	assert_int_equal(origin_stat(w, "peak"), 7);
	assert_int_equal(origin_stat(w, "requests"), count);
	for (size_t i = 0; i < count; i++)
		expect_generated(w, "out", world_text(w, "/gen/100/%zu", i));
}

static char *
host_url(struct world *w, size_t number)
{
	return world_text(w, "http://127.0.0.%zu:%u/gen/100/%zu",
	    number % 250 + 1, w->port, number);
}

/* Sockets that the process has open now, as /proc tells. */
static size_t
count_sockets(pid_t pid)
{
	char path[64];
	char target[64];
	struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		ssize_t len = readlinkat(
		    dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		count += len > 7 && memcmp(target, "socket:", 7) == 0;
	}
	if (dir != NULL)
		(void)closedir(dir);
	return count;
}

/*
 * 250 hosts and 10 connections: those that are idle have to give way.  The
 * origin may see the new connection before the end of the old one, so sockets
 * are counted at this end; one can be closed and another opened while that is
 * being done.
 */
static void
idle_connections_count_and_give_way_to_other_hosts(void **state)
{
	struct world *w = *state;
	const char *const words[] = { "-c", "10", "-d", "out", "list", NULL };
	struct run_spec spec = { .words = words };
	struct run *run;

	origin_start(w, NULL, NULL);
	world_write(w, "list", list_of(w, 1000, host_url));
	run = run_start(w, &spec);
	while (origin_stat(w, "requests") < 1000) {
		assert_true(count_sockets(run->pid) <= 12);
		assert_true(world_now_ms() < run->deadline_ms);
	}
	expect_exit(run_finish(run), 0);
	expect_summary(run, 1000, 0, 0);
	expect_says(run, " 10 open at most");
	for (size_t i = 0; i < 1000; i++) {
		char *target = world_text(w, "/gen/100/%zu", i);

		expect_pattern(w,
		    world_text(w, "out/127.0.0.%zu:%u%s", i % 250 + 1, w->port,
			target),
		    target, 100);
	}
}

/* Requests for one host find their connection again. */
static void
the_least_recently_used_connection_is_the_one_that_goes(void **state)
{
	struct world *w = *state;
	struct buf list;

	origin_start(w, NULL, NULL);
	buf_init(&list, 65536);
	for (unsigned i = 0; i < 40; i++) {
		char *line = world_text(w,
		    "http://127.0.0.1:%u/gen/1/%u\n"
		    "http://127.0.0.%u:%u/gen/1/%u\n",
		    w->port, i, i + 2, w->port, i);

		assert_false(err_is(buf_append_str(&list, line)));
	}
	world_write_octets(w, "list", buf_slice(&list));
	buf_fini(&list);
	/* One after the other, in two slots: 127.0.0.1 is always the newer of
	 * the two when a place is needed. */
	expect_exit(bulkfetch(w, "-c", "2", "-d", "out", "list", NULL), 0);
	assert_in_range(origin_stat(w, "accepted"), 41, 60);
}

static void
stores_every_kind_and_size_of_body(void **state)
{
	static const char *const kinds[] = { "gen", "chunked", "close", "fresh",
		"delay/30" };
	static const unsigned sizes[] = { 0, 1, 2, 1023, 1024, 1025, 16383,
		16384, 16385, 65535, 65536, 65537, 131072, 262144, 262145,
		1000003, 5000011 };
	struct world *w = *state;
	char *targets[COUNT(kinds) * COUNT(sizes)];
	size_t count = 0;
	struct buf list;
	struct run *run;

	origin_start(w, NULL, NULL);
	buf_init(&list, 65536);
	for (size_t k = 0; k < COUNT(kinds); k++) {
		for (size_t s = 0; s < COUNT(sizes); s++) {
			targets[count] =
			    world_text(w, "/%s/%u/f", kinds[k], sizes[s]);
			assert_false(err_is(buf_append_str(
			    &list, origin_url(w, targets[count++]))));
			assert_false(err_is(buf_append_octet(&list, '\n')));
		}
	}
	world_write_octets(w, "list", buf_slice(&list));
	buf_fini(&list);
	for (const char *const *c =
		 (const char *const[]){ "1", "4", "100", NULL };
	     *c != NULL; c++) {
		char *dir = world_text(w, "out%s", *c);

		run = bulkfetch(w, "-c", *c, "-d", dir, "list", NULL);
		expect_exit(run, 0);
		for (size_t i = 0; i < count; i++)
			expect_generated(w, dir, targets[i]);
		assert_int_equal(world_count_files(w, dir), count);
	}
}

static void
speaks_to_ipv6_literals_and_names_of_the_hosts_file(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	run = bulkfetch(w, "-d", "out", "--log", "log",
	    world_text(w, "http://[::1]:%u/gen/9/a", w->port),
	    world_text(w, "http://localhost:%u/gen/9/b", w->port),
	    world_text(w, "http://LOCALHOST.:%u/gen/9/c", w->port),
	    world_text(w, "http://no.such.host.invalid:%u/gen/9/d", w->port),
	    NULL);
	expect_exit(run, 1);
	expect_summary(run, 3, 0, 1);
	expect_says(run, "resolve");
	expect_pattern(
	    w, world_text(w, "out/[::1]:%u/gen/9/a", w->port), "/gen/9/a", 9);
	expect_pattern(w, world_text(w, "out/localhost:%u/gen/9/b", w->port),
	    "/gen/9/b", 9);
}

/* The origin closes each connection after three answers, unannounced: some
 * requests go out on a connection that is closed already. */
static void
requests_on_dying_connections_are_sent_again(void **state)
{
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, "--requests-max=3");
	world_write(w, "list", list_of(w, 1000, small_url));
	run = bulkfetch(w, "-c", "10", "-d", "out", "list", NULL);
	expect_exit(run, 0);
	expect_summary(run, 1000, 0, 0);
	for (size_t i = 0; i < 1000; i++)
		expect_generated(w, "out", world_text(w, "/gen/100/%zu", i));
}

/* ---- Memory ------------------------------------------------------------- */

static long
peak_of_list(struct world *w, const char *list)
{
	const char *const words[] = { "-c", "200", "-o", "-", list, NULL };
	struct run_spec spec = {
		.words = words,
		.out = "/dev/null",
		.seconds = 120,
	};
	struct run *run = run_spec(w, &spec);

	expect_exit(run, 0);
	return run->peak_kib;
}

static void
memory_does_not_grow_with_the_list(void **state)
{
	struct world *w = *state;
	long few;
	long many;

	if (!run_is_bare())
		skip();
	origin_start(w, NULL, NULL);
	world_write(w, "few", list_of(w, 5000, small_url));
	world_write(w, "many", list_of(w, 100000, small_url));
	few = peak_of_list(w, "few");
	many = peak_of_list(w, "many");
	print_message("peak %ld KiB, %ld KiB\n", few, many);
	assert_true(many <= 16384);
	assert_true(many - few <= 512);
}

static void
memory_does_not_grow_with_the_body(void **state)
{
	struct world *w = *state;
	long small;
	long large;

	if (!run_is_bare())
		skip();
	origin_start(w, NULL, NULL);
	world_write(w, "small", origin_url(w, "/delay/300/1k/a"));
	world_write(w, "large",
	    world_text(w, "%s\n%s\n%s\n", origin_url(w, "/gen/1G/a"),
		origin_url(w, "/chunked/256M/a"),
		origin_url(w, "/close/256M/a")));
	small = peak_of_list(w, "small");
	large = peak_of_list(w, "large");
	print_message("peak %ld KiB, %ld KiB\n", small, large);
	assert_true(large <= 16384);
	assert_true(large - small <= 1024);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(fetches_small_and_large_files_from_nginx),
		WORLD_TEST(goes_on_when_nginx_closes_connections_now_and_then),
		WORLD_TEST(
		    asks_for_each_url_once_over_as_many_connections_as_allowed),
		WORLD_TEST(idle_connections_count_and_give_way_to_other_hosts),
		WORLD_TEST(
		    the_least_recently_used_connection_is_the_one_that_goes),
		WORLD_TEST(stores_every_kind_and_size_of_body),
		WORLD_TEST(speaks_to_ipv6_literals_and_names_of_the_hosts_file),
		WORLD_TEST(requests_on_dying_connections_are_sent_again),
		WORLD_TEST(memory_does_not_grow_with_the_list),
		WORLD_TEST(memory_does_not_grow_with_the_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
