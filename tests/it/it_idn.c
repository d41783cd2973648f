/* Host names that are not ASCII, with libidn2 and without. */
#include "harness.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>

#define LIBRARY "libidn2.so.0"

#define BUECHER \
	"b\xc3\xbc" \
	"cher.localhost"
#define ASCII "xn--bcher-kva.localhost"

/* Names below "localhost" are this machine (RFC 6761). */
static char *
url_at(struct world *w, const char *host, const char *target)
{
	return world_text(w, "http://%s:%u%s", host, w->port, target);
}

/* The file of the library; NULL, said so, without one. */
static const char *
find_library(struct world *w)
{
	void *library = dlopen(LIBRARY, RTLD_LAZY);
	struct link_map *map = NULL;

	if (library == NULL || dlinfo(library, RTLD_DI_LINKMAP, &map) == -1) {
		print_message("skipped: " LIBRARY " is not there\n");
		return NULL;
	}
	return world_text(w, "%s", map->l_name);
}

static void
a_host_in_any_script_is_fetched_by_its_ascii_name(void **state)
{
	struct world *w = *state;
	const char *authority;
	const char *url;
	struct records r;
	size_t count;
	struct origin_request *requests;

	if (find_library(w) == NULL)
		skip();
	origin_start(w, NULL, NULL);
	authority = world_text(w, "%s:%u", ASCII, w->port);
	url = url_at(w, BUECHER, "/gen/500/a");
	world_write(w, "list",
	    world_text(w, "%s\n%s\n%s\n", url,
		url_at(w, "B%C3%9CCHER.localhost", "/gen/500/b"),
		url_at(w, ASCII, "/gen/500/c")));
	expect_exit(
	    bulkfetch(w, "-c", "1", "-d", "out", "--log", "log", "list", NULL),
	    0);
	expect_generated_from(w, "out", authority, "/gen/500/a");
	expect_generated_from(w, "out", authority, "/gen/500/b");
	expect_generated_from(w, "out", authority, "/gen/500/c");
	/* One host, so one connection. */
	assert_int_equal(origin_stat(w, "accepted"), 1);
	requests = origin_heads(w, &count);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++)
		expect_field(w, &requests[i], "Host", authority);
	/* The log has the URL as it was given. */
	r = records_read(w, "log");
	expect_member(&r, records_find(&r, "n", "1"), "url", url);
}

static void
a_redirect_may_lead_to_such_a_host(void **state)
{
	static const char *const hosts[] = { BUECHER, "b%C3%BCcher.localhost" };
	struct world *w = *state;

	if (find_library(w) == NULL)
		skip();
	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct records r;

		origin_start(w,
		    world_text(w,
			"/to: head 302 \"Location: //%s/gen/5/b\" "
			"\"Content-Length: 0\"\n",
			hosts[i]),
		    NULL);
		expect_exit(
		    bulkfetch(w, "--retry", "0", "-d", "out", "--log", "log",
			"--connect-to",
			world_text(w, "%s:80:127.0.0.1:%u", ASCII, w->port),
			origin_url(w, "/to"), NULL),
		    0);
		r = records_read(w, "log");
		expect_member(&r, records_find(&r, "n", "1"), "final_url",
		    "http://" ASCII "/gen/5/b");
	}
}

static void
a_name_that_cannot_be_is_a_failure_of_its_own(void **state)
{
	static const struct {
		const char *host;
		const char *says; /* NULL: in the library's words */
	} rows[] = {
		{ "\xe2\x98\x83.localhost", NULL }, /* a snowman */
		{ "\xff.localhost", "not UTF-8" },
		{ "%FF.localhost", "not UTF-8" },
		{ "-\xc3\xbc.localhost", NULL },
		/* "a/c" in ASCII: another host, were it believed. */
		{ "\xe2\x84\x80.localhost", "may not stand in a host name" },
		{ "\xc3\xbc..localhost", NULL },
	};
	struct world *w = *state;
	struct records r;
	struct run *run;
	FILE *f;

	if (find_library(w) == NULL)
		skip();
	origin_start(w, NULL, NULL);
	f = fopen(world_path(w, "list"), "we");
	assert_non_null(f);
	for (size_t i = 0; i < COUNT(rows); i++)
		(void)fprintf(f, "%s\n", url_at(w, rows[i].host, "/gen/5/a"));
	(void)fprintf(f, "%s\n", url_at(w, BUECHER, "/gen/5/a"));
	assert_int_equal(fclose(f), 0);
	run = bulkfetch(w, "-d", "out", "--log", "log", "-v", "list", NULL);
	expect_exit(run, 1);
	expect_summary(run, 1, 0, COUNT(rows));
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "error", "url"), COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_says(run, rows[i].says != NULL ? rows[i].says : "list:");
	assert_int_equal(origin_stat(w, "requests"), 1);
}

/* Put nothing in the library's place, for this process and its children;
 * false, said so, where that is not allowed. */
static bool
hide(const char *path)
{
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("/dev/null", path, NULL, MS_BIND, NULL) == -1) {
		print_message(
		    "skipped: no mounts of one's own: %s\n", strerror(errno));
		return false;
	}
	return true;
}

static void
without_the_library_only_such_hosts_fail_and_name_it(void **state)
{
	struct world *w = *state;
	const char *path = find_library(w);
	struct run *run;
	struct records r;

	if (path == NULL || !hide(path))
		skip();
	origin_start(w, NULL, NULL);
	world_write(w, "list",
	    world_text(w, "%s\n%s\n%s\n", url_at(w, BUECHER, "/gen/5/a"),
		url_at(w, ASCII, "/gen/5/b"), url_at(w, BUECHER, "/gen/5/c")));
	run = bulkfetch(w, "-d", "out", "--log", "log", "list", NULL);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	expect_exit(run, 1);
	expect_summary(run, 1, 0, 2);
	expect_says(run, LIBRARY " is not there: non-ASCII host names need it");
	expect_generated_from(
	    w, "out", world_text(w, "%s:%u", ASCII, w->port), "/gen/5/b");
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "error", "url"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_host_in_any_script_is_fetched_by_its_ascii_name),
		WORLD_TEST(a_redirect_may_lead_to_such_a_host),
		WORLD_TEST(a_name_that_cannot_be_is_a_failure_of_its_own),
		WORLD_TEST(
		    without_the_library_only_such_hosts_fail_and_name_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
