/* Without libssl, which is opened when https is first needed. */
#include "harness.h"
#include "https.h"
#include "pki.h"
#include "tls_server.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>

#define LIBRARY "libssl.so.3"

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

/* Run while it is hidden; what else a test needs was started before. */
static struct run *
run_without(struct world *w, const char *path, const char *const *words)
{
	struct run_spec spec = { .words = words };
	struct run *run;

	if (!hide(path))
		skip();
	run = run_spec(w, &spec);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	return run;
}

static void
only_https_fails_and_says_what_is_missing(void **state)
{
	static const char *const words[] = { "-v", "-d", "out", "--log", "log",
		"list", NULL };
	struct world *w = *state;
	const char *path = find_library(w);
	struct slice record;
	struct records r;
	struct run *run;

	if (path == NULL)
		skip();
	origin_start(w, NULL, NULL);
	world_write(w, "list",
	    world_text(w, "%s\nhttps://127.0.0.1:%u/b\n%s\n%s\n",
		origin_url(w, "/gen/5/a"), w->port, origin_url(w, "/gen/5/c"),
		origin_url(w, "/redirect/302/https://127.0.0.1:1/d")));
	run = run_without(w, path, words);
	expect_exit(run, 1);
	expect_summary(run, 2, 0, 2);
	expect_says(run, LIBRARY);
	expect_generated(w, "out", "/gen/5/a");
	expect_generated(w, "out", "/gen/5/c");
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "error", "tls-unavailable"), 2);
	record = records_find(&r, "n", "2");
	expect_member(&r, record, "tries", "0");
	assert_non_null(strstr(json_get(w, record, "message"), LIBRARY));
}

static void
a_run_of_https_alone_has_fetched_nothing(void **state)
{
	static const char *const words[] = { "--log", "log",
		"https://127.0.0.1:1/a", "https://127.0.0.1:1/b", NULL };
	struct world *w = *state;
	const char *path = find_library(w);
	struct records r;
	struct run *run;

	if (path == NULL)
		skip();
	run = run_without(w, path, words);
	expect_exit(run, 4);
	expect_says(run, LIBRARY);
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "error", "tls-unavailable"), 2);
}

/* What a program says of bulkfetch; NULL, said so, without it. */
static const char *
told_by(struct world *w, const char *name, const char *option)
{
	const char *program = world_find_program(w, name);
	const char *file =
	    world_text(w, "%s", program_path("BULKFETCH", "bulkfetch"));
	char *command;
	FILE *f;
	char *text = world_alloc(w, 65536);

	if (program == NULL)
		return NULL;
	command = world_text(w, "LC_ALL=C %s %s %s", program, option, file);
	f = popen(command, "re");
	assert_non_null(f);
	text[fread(text, 1, 65535, f)] = '\0';
	if (pclose(f) != 0)
		fail_msg("%s: %s", command, text);
	return text;
}

static void
nothing_but_libc_is_linked(void **state)
{
	static const char *const libc[] = { "linux-vdso.so", "libc.so",
		"ld-linux", "libdl.so", "libpthread.so" };
	char *rest = NULL;
	const char *told;

	if (!run_is_bare()) {
		print_message("skipped: sanitizers have libraries\n");
		skip();
	}
	told = told_by(*state, "ldd", "");
	if (told == NULL)
		skip();
	for (char *line = strtok_r((char *)(uintptr_t)told, "\n", &rest);
	     line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		bool is_known = false;

		for (size_t i = 0; i < COUNT(libc); i++)
			is_known = is_known || strstr(line, libc[i]) != NULL;
		if (!is_known)
			fail_msg("it needs %s", line);
	}
}

static void
packagers_are_told_of_the_library(void **state)
{
	const char *told = told_by(*state, "readelf", "-SW");

	if (told == NULL)
		skip();
	assert_non_null(strstr(told, ".note.dlopen"));
	told = told_by(*state, "readelf", "-p.note.dlopen");
	assert_non_null(strstr(told, LIBRARY));
}

/* http:// alone leaves it where it is. */
static void
it_is_not_opened_for_nothing(void **state)
{
	struct world *w = *state;
	const char *program = world_find_program(w, "strace");
	const char *const words[] = { "-f", "-o", "trace", "-e",
		"trace=openat,open",
		world_text(w, "%s", program_path("BULKFETCH", "bulkfetch")),
		"-d", "out", NULL, NULL };
	const char *all[COUNT(words)];
	struct run_spec spec = { .program = program, .words = all };

	if (program == NULL)
		skip();
	if (!run_is_bare()) {
		print_message("skipped: not to be traced\n");
		skip();
	}
	memcpy(all, words, sizeof(words));
	origin_start(w, NULL, NULL);
	all[8] = origin_url(w, "/gen/5/a");
	expect_exit(run_spec(w, &spec), 0);
	assert_null(strstr(world_read_text(w, "trace"), "libssl"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(only_https_fails_and_says_what_is_missing),
		WORLD_TEST(a_run_of_https_alone_has_fetched_nothing),
		WORLD_TEST(nothing_but_libc_is_linked),
		WORLD_TEST(packagers_are_told_of_the_library),
		WORLD_TEST(it_is_not_opened_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
