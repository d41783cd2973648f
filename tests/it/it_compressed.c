/* --compressed: bodies as gzip, brotli and zstd code them; those that are not
 * whole are in it_compressed_not.c. */
#include "coded.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#define CODINGS "gzip, deflate, br, zstd"

/* ---- What is whole ------------------------------------------------------ */

static void
every_coding_is_undone_in_each_framing(void **state)
{
	struct world *w = *state;
	struct slice plain;
	struct slice gzip;
	struct slice br;

	if (!coded_has_tools(w))
		skip();
	plain = coded_lines(w, 40000);
	gzip = coded_through(w, "gzip -9n", plain);
	br = coded_through(w, "brotli -c", plain);
	const struct {
		const char *fields;
		struct slice body;
		struct slice plain;
	} rows[] = {
		{ "\"Content-Encoding: gzip\"", gzip, plain },
		{ "\"Content-Encoding: x-gzip\"", gzip, plain },
		{ "\"content-encoding: GZIP\"",
		    coded_through(w, "gzip -1", plain), plain },
		{ "\"Content-Encoding: deflate\"", coded_bare(gzip), plain },
		{ "\"Content-Encoding: deflate\"", coded_zlib(w, gzip, plain),
		    plain },
		{ "\"Content-Encoding: br\"", br, plain },
		{ "\"Content-Encoding: zstd\"",
		    coded_through(w, "zstd -c -19 --check", plain), plain },
		{ "\"Content-Encoding: gzip, br\"",
		    coded_through(w, "brotli -c", gzip), plain },
		{ "\"Content-Encoding: br\" \"Content-Encoding: gzip\"",
		    coded_through(w, "gzip -n", br), plain },
		{ "\"Content-Encoding: gzip\"", coded_join(w, gzip, gzip),
		    coded_join(w, plain, plain) },
		{ "\"Content-Encoding: identity\"", plain, plain },
		{ "\"Content-Encoding: br\"",
		    coded_through(w, "brotli -c", slice_str("")),
		    slice_str("") },
		{ "\"Content-Encoding: gzip\"",
		    coded_through(w, "gzip -c", slice_str("x")),
		    slice_str("x") },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int framing = 0; framing < FRAMINGS; framing++) {
			struct origin_request *requests;
			struct records r;
			size_t count;

			origin_start(w,
			    world_text(w, "/a: %s\n",
				coded_answer(w, (enum framing)framing,
				    rows[i].fields, rows[i].body)),
			    NULL);
			coded_fetch(w, 0, NULL, NULL);
			expect_file(w, coded_file(w, "/a"), rows[i].plain);
			r = records_read(w, "log");
			assert_int_equal(record_number(&r, r.lines[0], "bytes"),
			    rows[i].plain.len);
			requests = origin_heads(w, &count);
			assert_int_equal(count, 1);
			expect_field(
			    w, &requests[0], "Accept-Encoding", CODINGS);
			assert_int_equal(world_count_files(w, "out"), 1);
		}
	}
}

/* One octet at a time, and with moments between odd pieces. */
static void
it_does_not_matter_how_it_comes(void **state)
{
	static const char *const commands[] = { "gzip", "brotli -c",
		"zstd -c" };
	static const char *const codings[] = { "gzip", "br", "zstd" };
	struct world *w = *state;
	struct slice plain;

	if (!coded_has_tools(w))
		skip();
	plain = coded_lines(w, 50);
	for (size_t i = 0; i < COUNT(commands); i++) {
		struct slice body = coded_through(w, commands[i], plain);

		origin_start(w,
		    world_text(w,
			"/a: head 200 \"Content-Encoding: %s\" "
			"\"Content-Length: %zu\"; drip 1; send %s\n",
			codings[i], body.len, coded_word(w, body)),
		    NULL);
		coded_fetch(w, 0, NULL, NULL);
		expect_file(w, coded_file(w, "/a"), plain);
	}
}

static void
a_body_of_nothing_is_an_empty_file(void **state)
{
	static const char *const moves[] = {
		"head 200 \"Content-Encoding: gzip\" \"Content-Length: 0\"",
		"head 200 \"Content-Encoding: gzip\" "
		"\"Transfer-Encoding: chunked\"; send \"0\\r\\n\\r\\n\"",
		"head 204 \"Content-Encoding: gzip\"",
		"head 200 \"Content-Encoding: none, such\" "
		"\"Content-Length: 0\"",
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(moves); i++) {
		origin_start(w, world_text(w, "/a: %s\n", moves[i]), NULL);
		coded_fetch(w, 0, NULL, NULL);
		expect_text_file(w, coded_file(w, "/a"), "");
	}
	/* But not where only the connection has ended. */
	if (!coded_has_tools(w))
		skip();
	origin_start(w,
	    "/a: head 200 \"Connection: close\" \"Content-Encoding: gzip\"; "
	    "close\n",
	    NULL);
	coded_fetch(w, 4, "--retry", "0");
	expect_not_coded(w, "truncated", "the coded body ends early");
}

static void
head_requests_have_nothing_to_decode(void **state)
{
	struct world *w = *state;

	origin_start(w,
	    "/a: head 200 \"Content-Encoding: gzip\" \"Content-Length: 9\"\n",
	    NULL);
	coded_fetch(w, 0, "--head", NULL);
	assert_int_equal(world_count_files(w, "out"), 0);
}

static void
standard_output_gets_what_is_decoded(void **state)
{
	struct world *w = *state;
	struct slice plain;
	struct run *run;

	if (!coded_has_tools(w))
		skip();
	plain = coded_lines(w, 30000);
	origin_start(w,
	    world_text(w, "/a: %s\n",
		coded_answer(w, BY_LENGTH, "\"Content-Encoding: gzip\"",
		    coded_through(w, "gzip", plain))),
	    NULL);
	run = bulkfetch(
	    w, "--compressed", "-o", "-", "-q", origin_url(w, "/a"), NULL);
	expect_exit(run, 0);
	assert_int_equal(run->out.len, plain.len);
	assert_memory_equal(run_out(run), plain.ptr, plain.len);
}

static void
without_the_option_bodies_are_stored_as_they_come(void **state)
{
	struct world *w = *state;
	struct slice body = slice_str("not really gzip");
	struct origin_request *requests;
	struct records r;
	size_t count;

	origin_start(w,
	    world_text(w, "/a: %s\n",
		coded_answer(
		    w, BY_LENGTH, "\"Content-Encoding: gzip, such\"", body)),
	    NULL);
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log",
			origin_url(w, "/a"), NULL),
	    0);
	expect_file(w, coded_file(w, "/a"), body);
	requests = origin_heads(w, &count);
	expect_field(w, &requests[0], "Accept-Encoding", NULL);
	r = records_read(w, "log");
	assert_int_equal(record_number(&r, r.lines[0], "bytes"), body.len);
}

static void
bodies_of_failures_are_decoded_too_and_others_are_not_looked_at(void **state)
{
	struct world *w = *state;
	struct slice plain;
	struct slice body;
	struct records r;

	if (!coded_has_tools(w))
		skip();
	plain = coded_lines(w, 500);
	body = coded_through(w, "brotli -c", plain);
	origin_start(w,
	    world_text(w,
		"/a: head 404 \"Content-Encoding: br\" "
		"\"Content-Length: %zu\"; send %s\n",
		body.len, coded_word(w, body)),
	    NULL);
	coded_fetch(w, 4, "--fail-with-body", NULL);
	expect_file(w, coded_file(w, "/a"), plain);
	r = records_read(w, "log");
	expect_member(&r, r.lines[0], "error", "status");
	expect_member(&r, r.lines[0], "message", "404 As Scripted");
	coded_fetch(w, 4, NULL, NULL);
	r = records_read(w, "log");
	expect_member(&r, r.lines[0], "error", "status");

	/* Nothing can be stored of one with a coding that is not known. */
	origin_start(w,
	    "/a: head 404 \"Content-Encoding: such\" \"Content-Length: 3\"; "
	    "send \"abc\"\n",
	    NULL);
	coded_fetch(w, 4, "--fail-with-body", NULL);
	r = records_read(w, "log");
	expect_member(&r, r.lines[0], "error", "status");
	expect_member(&r, r.lines[0], "message", "404 As Scripted");
	assert_int_equal(world_count_files(w, "out"), 0);

	origin_start(w,
	    "/a: head 302 \"Location: /gen/9/b\" \"Content-Length: 3\" "
	    "\"Content-Encoding: such\"; send \"abc\"\n",
	    NULL);
	coded_fetch(w, 0, NULL, NULL);
}

/* ---- What is asked for -------------------------------------------------- */

static void
the_users_fields_win(void **state)
{
	static const struct {
		const char *field;
		const char *accept;
	} rows[] = {
		{ "Accept-Encoding: br;q=1, *;q=0", "br;q=1, *;q=0" },
		{ "Accept-Encoding:", NULL },
		{ "X-A: b", CODINGS },
		/* A part cannot be decoded. */
		{ "Range: bytes=0-", "identity" },
		{ "Range:", CODINGS },
	};
	struct world *w = *state;
	struct slice plain;

	if (!coded_has_tools(w))
		skip();
	plain = coded_lines(w, 500);
	origin_start(w,
	    world_text(w, "/a: %s\n",
		coded_answer(w, BY_LENGTH, "\"Content-Encoding: gzip\"",
		    coded_through(w, "gzip", plain))),
	    NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct origin_request *requests;
		size_t count;

		coded_fetch(w, 0, "-H", rows[i].field);
		expect_file(w, coded_file(w, "/a"), plain);
		requests = origin_heads(w, &count);
		assert_int_equal(count, i + 1);
		expect_field(
		    w, &requests[i], "Accept-Encoding", rows[i].accept);
	}
	origin_start(w,
	    "/a: head 206 \"Content-Range: bytes 0-2/9\" \"Content-Length: 3\" "
	    "\"Content-Encoding: gzip\"; send \"abc\"\n",
	    NULL);
	coded_fetch(w, 4, "-H", "Range: bytes=0-2");
	expect_not_coded(
	    w, "coding", "a part of a coded body cannot be decoded");
}

/* ---- Versions ----------------------------------------------------------- */

static void
what_was_decoded_is_known_the_next_time(void **state)
{
	static const char *const options[] = { "--update", "--timestamping" };
	struct world *w = *state;
	struct nginx nginx;

	if (!coded_has_tools(w))
		skip();
	world_mkdir(w, "www");
	(void)coded_lines(w, 40000);
	coded_shell(w, "cp plain www/a");
	if (!nginx_start(w, &nginx, "www", "",
		"default_type text/plain; gzip on; gzip_types text/plain;"))
		skip();
	for (size_t i = 0; i < COUNT(options); i++) {
		char *url = world_text(w, "http://127.0.0.1:%u/a", nginx.port);
		char *file = world_text(w, "out/127.0.0.1:%u/a", nginx.port);

		coded_clean(w);
		coded_shell(w, "cp -p plain www/a");
		for (int run = 0; run < 4; run++) {
			struct records r;
			bool is_new = run == 0 || run == 3;

			if (run == 3)
				coded_shell(w, "sleep 1; seq 2 50000 >www/a");
			(void)unlink(world_path(w, "log"));
			expect_exit(bulkfetch(w, options[i], "--compressed",
					"-d", "out", "--log", "log", url, NULL),
			    0);
			r = records_read(w, "log");
			assert_int_equal(
			    records_count(&r, "unchanged", "true"), !is_new);
			coded_shell(w, world_text(w, "cmp www/a '%s'", file));
		}
	}
	assert_non_null(strstr(nginx_log(w), " 304 "));
	nginx_stop(w, &nginx);
}

/* ---- Libraries ---------------------------------------------------------- */

/* Put nothing in the library's place, for this process and its children;
 * false, said so, where that is not allowed. */
static bool
hide(struct world *w, const char *name)
{
	void *library = dlopen(name, RTLD_LAZY);
	struct link_map *map = NULL;

	if (library == NULL || dlinfo(library, RTLD_DI_LINKMAP, &map) == -1) {
		print_message("skipped: no %s\n", name);
		return false;
	}
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("/dev/null", world_text(w, "%s", map->l_name), NULL, MS_BIND,
		NULL) == -1) {
		print_message(
		    "skipped: no mounts of one's own: %s\n", strerror(errno));
		return false;
	}
	return true;
}

/* The last of all tests: what is hidden stays so. */
static void
without_a_library_its_coding_is_not_asked_for(void **state)
{
	struct world *w = *state;
	struct slice gzip;
	struct slice br;
	struct origin_request *requests;
	struct run *run;
	struct records r;
	size_t count;

	if (!coded_has_tools(w))
		skip();
	gzip = coded_through(w, "gzip", slice_str("hello"));
	br = coded_through(w, "brotli -c", slice_str("hello"));
	if (!hide(w, "libz.so.1"))
		skip();
	origin_start(w,
	    world_text(w, "/a: %s\n/b: %s\n",
		coded_answer(w, BY_LENGTH, "\"Content-Encoding: gzip\"", gzip),
		coded_answer(w, BY_LENGTH, "\"Content-Encoding: br\"", br)),
	    NULL);
	world_write(w, "list",
	    world_text(
		w, "%s\n%s\n", origin_url(w, "/a"), origin_url(w, "/b")));
	run = bulkfetch(
	    w, "--compressed", "-v", "-d", "out", "--log", "log", "list", NULL);
	expect_exit(run, 1);
	expect_says(run, "libz.so.1 is not there: gzip needs it");
	expect_text_file(w, coded_file(w, "/b"), "hello");
	r = records_read(w, "log");
	expect_member(&r, records_find(&r, "n", "1"), "error", "coding");
	expect_member(&r, records_find(&r, "n", "1"), "message",
	    "libz.so.1 is not there: gzip needs it");
	requests = origin_heads(w, &count);
	expect_field(w, &requests[0], "Accept-Encoding", "br, zstd");

	origin_start(w,
	    "/a: head 404 \"Content-Encoding: gzip\" \"Content-Length: 3\"; "
	    "send \"abc\"\n",
	    NULL);
	coded_fetch(w, 4, "--fail-with-body", NULL);
	r = records_read(w, "log");
	expect_member(&r, r.lines[0], "error", "status");
	expect_member(&r, r.lines[0], "message", "404 As Scripted");

	if (!hide(w, "libbrotlidec.so.1") || !hide(w, "libzstd.so.1"))
		skip();
	origin_start(w, NULL, NULL);
	coded_clean(w);
	run = bulkfetch(
	    w, "--compressed", "-d", "out", origin_url(w, "/gen/5/a"), NULL);
	expect_exit(run, 0);
	expect_says(run, "no content coding is asked for");
	requests = origin_heads(w, &count);
	expect_field(w, &requests[0], "Accept-Encoding", NULL);
	expect_generated(w, "out", "/gen/5/a");
}

/* Packagers find what may be opened in the file, and nothing is linked. */
static void
the_program_tells_which_libraries_it_opens(void **state)
{
	struct world *w = *state;
	const char *program = program_path("BULKFETCH", "bulkfetch");
	const char *notes;

	if (world_find_program(w, "readelf") == NULL)
		skip();
	coded_shell(w,
	    world_text(w,
		"readelf -n -p .note.dlopen '%s' >notes; readelf -d '%s' | "
		"grep NEEDED >needed",
		program, program));
	notes = world_read_text(w, "notes");
	for (size_t i = 0; i < CODED_LIBRARIES; i++) {
		assert_non_null(strstr(notes,
		    world_text(
			w, "[{\"soname\":[\"%s\"]", coded_libraries[i])));
		assert_null(
		    strstr(world_read_text(w, "needed"), coded_libraries[i]));
	}
	assert_non_null(strstr(notes, "FDO"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(every_coding_is_undone_in_each_framing),
		WORLD_TEST(it_does_not_matter_how_it_comes),
		WORLD_TEST(a_body_of_nothing_is_an_empty_file),
		WORLD_TEST(head_requests_have_nothing_to_decode),
		WORLD_TEST(standard_output_gets_what_is_decoded),
		WORLD_TEST(without_the_option_bodies_are_stored_as_they_come),
		WORLD_TEST(
		    bodies_of_failures_are_decoded_too_and_others_are_not_looked_at),
		WORLD_TEST(the_users_fields_win),
		WORLD_TEST(what_was_decoded_is_known_the_next_time),
		WORLD_TEST(the_program_tells_which_libraries_it_opens),
		WORLD_TEST(without_a_library_its_coding_is_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
