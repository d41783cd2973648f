/* --compressed: bodies that are not whole, too large, or a part. */
#include "coded.h"

#include <signal.h>

#define MIB (1 << 20)

/* ---- What is not whole -------------------------------------------------- */

static void
what_is_not_whole_is_a_failure_and_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct slice plain;
	struct slice gzip;
	struct slice wrong;
	struct slice br;
	struct slice zstd;

	if (!coded_has_tools(w))
		skip();
	plain = coded_lines(w, 40000);
	gzip = coded_through(w, "gzip -9n", plain);
	br = coded_through(w, "brotli -c", plain);
	zstd = coded_through(w, "zstd -c --check", plain);
	wrong = coded_join(w, gzip, slice_str(""));
	((uint8_t *)(uintptr_t)wrong.ptr)[wrong.len - 8] ^= 1;
	const struct {
		const char *coding;
		struct slice body;
		const char *says;
	} rows[] = {
		{ "gzip", slice_first(gzip, gzip.len / 2),
		    "gzip: the coded body ends early" },
		{ "gzip", slice_first(gzip, gzip.len - 1),
		    "gzip: the coded body ends early" },
		{ "gzip", slice_first(gzip, gzip.len - 8),
		    "gzip: the coded body ends early" },
		{ "gzip", wrong, "gzip: incorrect data check" },
		{ "gzip", coded_join(w, gzip, slice_str("x")),
		    "gzip: octets behind the end of the coded body" },
		{ "gzip", plain, "gzip: incorrect header check" },
		{ "deflate", slice_first(coded_bare(gzip), 1000),
		    "deflate: the coded body ends early" },
		{ "br", slice_first(br, br.len - 1),
		    "br: the coded body ends early" },
		{ "br", coded_join(w, br, slice_str("\n")),
		    "br: octets behind the end of the coded body" },
		{ "zstd", slice_first(zstd, zstd.len - 4),
		    "zstd: the coded body ends early" },
		{ "zstd", coded_join(w, zstd, gzip),
		    "zstd: octets behind the end of the coded body" },
		/* The outer one is whole. */
		{ "gzip, br",
		    coded_through(
			w, "brotli -c", slice_first(gzip, gzip.len - 8)),
		    "gzip: the coded body ends early" },
		{ "compress", plain,
		    "the content coding 'compress' is not known" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int framing = BY_LENGTH; framing <= IN_CHUNKS; framing++) {
			origin_start(w,
			    world_text(w, "/a: %s\n",
				coded_answer(w, (enum framing)framing,
				    world_text(w, "\"Content-Encoding: %s\"",
					rows[i].coding),
				    rows[i].body)),
			    NULL);
			coded_fetch(w, 4, NULL, NULL);
			expect_not_coded(w, "coding", rows[i].says);
			/* It would be the same again. */
			assert_int_equal(origin_stat(w, "requests"), 1);
		}
	}
	origin_start(w,
	    "/a: head 200 \"Content-Encoding: x\" \"Content-Length: 1\"; send "
	    "\"x\"\n",
	    NULL);
	coded_fetch(w, 4, "--retry-all-errors", NULL);
	expect_not_coded(w, "coding", "the content coding 'x' is not known");
	assert_int_equal(origin_stat(w, "requests"), 3);
}

/* As likely as not, the connection broke. */
static void
a_coded_body_that_ends_with_its_connection_is_tried_again(void **state)
{
	struct world *w = *state;
	struct slice plain;
	struct slice body;

	if (!coded_has_tools(w))
		skip();
	plain = coded_lines(w, 4000);
	body = coded_through(w, "gzip", plain);
	origin_start(w,
	    world_text(w, "/a on 1: %s\n/a: %s\n",
		coded_answer(w, TO_THE_CLOSE, "\"Content-Encoding: gzip\"",
		    slice_first(body, body.len - 3)),
		coded_answer(
		    w, TO_THE_CLOSE, "\"Content-Encoding: gzip\"", body)),
	    NULL);
	coded_fetch(w, 0, NULL, NULL);
	expect_file(w, coded_file(w, "/a"), plain);
	assert_int_equal(origin_stat(w, "requests"), 2);
}

/* ---- Bombs -------------------------------------------------------------- */

static void
a_bomb_is_bounded_by_what_it_is_decoded_to(void **state)
{
	static const struct {
		const char *command;
		const char *coding;
	} rows[] = {
		{ "gzip", "gzip" },
		{ "brotli -c", "br" },
		{ "zstd -c", "zstd" },
		{ "gzip | brotli -c", "gzip, br" },
	};
	struct world *w = *state;

	if (!coded_has_tools(w))
		skip();
	coded_shell(w, "head -c 67108864 /dev/zero >zeros");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct records r;

		coded_shell(
		    w, world_text(w, "cat zeros | %s >bomb", rows[i].command));
		origin_start(w,
		    world_text(w, "/a: %s\n",
			coded_answer(w, BY_LENGTH,
			    world_text(
				w, "\"Content-Encoding: %s\"", rows[i].coding),
			    world_read(w, "bomb"))),
		    NULL);
		coded_fetch(w, 4, "--max-filesize", "1M");
		expect_not_coded(w, "limit", "larger than --max-filesize");
		r = records_read(w, "log");
		assert_in_range(
		    record_number(&r, r.lines[0], "bytes"), MIB, MIB + 65536);
		assert_int_equal(origin_stat(w, "requests"), 1);
		coded_fetch(w, 0, "--max-filesize", "64M");
		coded_shell(
		    w, world_text(w, "cmp zeros '%s'", coded_file(w, "/a")));
	}
}

/* What cannot be compressed gets longer by a little. */
static void
a_coded_body_may_be_longer_than_what_it_is_decoded_to(void **state)
{
	struct world *w = *state;
	struct slice plain;
	struct slice body;
	struct records r;

	if (!coded_has_tools(w))
		skip();
	coded_shell(w, "head -c 100000 /dev/urandom >plain");
	plain = world_read(w, "plain");
	body = coded_through(w, "gzip", plain);
	assert_true(body.len > plain.len);
	origin_start(w,
	    world_text(w, "/a: %s\n",
		coded_answer(w, BY_LENGTH, "\"Content-Encoding: gzip\"", body)),
	    NULL);
	coded_fetch(w, 0, "--max-filesize", "100000");
	expect_file(w, coded_file(w, "/a"), plain);
	coded_fetch(w, 4, "--max-filesize", "99999");
	/* So long that it cannot be: not even begun. */
	coded_fetch(w, 4, "--max-filesize", "100");
	r = records_read(w, "log");
	expect_member(&r, r.lines[0], "error", "limit");
	assert_int_equal(record_number(&r, r.lines[0], "bytes"), 0);
}

/* ---- Parts -------------------------------------------------------------- */

/* Nothing that is left of a coded body is gone on with, decoded or not. */
static void
the_next_try_begins_anew(void **state)
{
	static const char fields[] =
	    "\"Content-Encoding: gzip\" \"ETag: \\\"v\\\"\" "
	    "\"Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT\" "
	    "\"Date: Thu, 01 Jan 2026 00:00:00 GMT\"";
	struct world *w = *state;
	struct slice plain;
	struct slice body;

	if (!coded_has_tools(w))
		skip();
	plain = coded_lines(w, 40000);
	body = coded_through(w, "gzip", plain);
	for (int compressed = 0; compressed < 2; compressed++) {
		struct origin_request *requests;
		size_t count;

		origin_start(w,
		    world_text(w,
			"/a on 1: head 200 %s \"Content-Length: %zu\"; send "
			"%s; close\n/a: %s\n",
			fields, body.len,
			coded_word(w, slice_first(body, body.len / 2)),
			coded_answer(w, BY_LENGTH, fields, body)),
		    NULL);
		coded_clean(w);
		expect_exit(bulkfetch(w, "--retry-delay", "0.01", "-d", "out",
				origin_url(w, "/a"),
				compressed ? "--compressed" : NULL, NULL),
		    0);
		expect_file(w, coded_file(w, "/a"), compressed ? plain : body);
		requests = origin_heads(w, &count);
		assert_int_equal(count, 2);
		expect_field(w, &requests[1], "Range", NULL);
	}
}

/* A run is killed, or fails, with more than 1 MiB on the disk. */
static void
the_next_run_begins_anew(void **state)
{
	static const char fields[] =
	    "\"Content-Encoding: gzip\" \"ETag: \\\"v\\\"\"";
	struct world *w = *state;
	struct slice plain;
	struct slice body;

	if (!coded_has_tools(w))
		skip();
	coded_shell(w, "head -c 2000000 /dev/urandom >plain");
	plain = world_read(w, "plain");
	body = coded_through(w, "gzip -1", plain);
	for (int i = 0; i < 4; i++) {
		bool compressed = i % 2 == 0;
		const char *words[] = { "--retry", "0", "-d", "out",
			origin_url(w, "/a"), compressed ? "--compressed" : NULL,
			NULL };
		struct run_spec spec = { .words = words };
		struct origin_request *requests;
		struct run *run;
		size_t count;

		coded_clean(w);
		origin_start(w,
		    world_text(w,
			"/a on 1: head 200 %s \"Content-Length: %zu\"; send "
			"%s; %s\n/a: %s\n",
			fields, body.len,
			coded_word(w, slice_first(body, body.len - 100000)),
			i < 2 ? "stall" : "close",
			coded_answer(w, BY_LENGTH, fields, body)),
		    NULL);
		words[4] = origin_url(w, "/a");
		run = run_start(w, &spec);
		while (i < 2 && world_octets(w, "out") < 3 * MIB / 2)
			world_pause();
		if (i < 2)
			run_signal(run, SIGKILL);
		(void)run_finish(run);
		if (i >= 2)
			assert_int_equal(world_count_files(w, "out"), 0);
		expect_exit(run_spec(w, &spec), 0);
		expect_file(w, coded_file(w, "/a"), compressed ? plain : body);
		assert_int_equal(world_count_files(w, "out"), 1);
		requests = origin_heads(w, &count);
		assert_int_equal(count, 2);
		expect_field(w, &requests[1], "Range", NULL);
	}
}

/* The part was not coded, and the rest that comes is. */
static void
a_coded_rest_of_a_plain_part_is_not_taken(void **state)
{
	struct world *w = *state;
	struct origin_request *requests;
	struct slice plain;
	size_t count;

	if (!coded_has_tools(w))
		skip();
	plain = coded_lines(w, 500);
	origin_start(w,
	    world_text(w,
		"/a on 1: head 200 \"ETag: \\\"v\\\"\" \"Content-Length: 10\"; "
		"send \"01234\"; close\n"
		"/a on 2: head 206 \"ETag: \\\"v\\\"\" "
		"\"Content-Range: bytes 5-9/10\" \"Content-Length: 5\" "
		"\"Content-Encoding: gzip\"; send \"56789\"\n"
		"/a: %s\n",
		coded_answer(w, BY_LENGTH, "\"Content-Encoding: gzip\"",
		    coded_through(w, "gzip", plain))),
	    NULL);
	coded_fetch(w, 0, NULL, NULL);
	expect_file(w, coded_file(w, "/a"), plain);
	requests = origin_heads(w, &count);
	assert_int_equal(count, 3);
	expect_field(w, &requests[1], "Range", "bytes=5-");
	/* A 206 need not say what it is coded with. */
	expect_field(w, &requests[1], "Accept-Encoding", "identity");
}

/* Who asks for codings by a field may get one try coded and another not. */
static void
where_the_user_asks_for_codings_each_try_begins_anew(void **state)
{
	static const struct {
		const char *field;
		const char *range;
	} rows[] = {
		{ "Accept-Encoding: gzip", NULL },
		{ "Accept-Encoding: identity", "bytes=5-" },
		{ "Accept-Encoding:", "bytes=5-" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t count;

		coded_clean(w);
		origin_start(w,
		    "/a on 1: head 200 \"ETag: \\\"v\\\"\" \"Content-Length: "
		    "10\"; send \"01234\"; close\n"
		    "/a: head 200 \"ETag: \\\"v\\\"\" \"Content-Length: "
		    "10\"; send \"0123456789\"\n",
		    NULL);
		expect_exit(
		    bulkfetch(w, "-H", rows[i].field, "-d", "out",
			"--retry-delay", "0.01", origin_url(w, "/a"), NULL),
		    0);
		expect_field(
		    w, &origin_heads(w, &count)[1], "Range", rows[i].range);
		assert_int_equal(count, 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(what_is_not_whole_is_a_failure_and_leaves_nothing),
		WORLD_TEST(
		    a_coded_body_that_ends_with_its_connection_is_tried_again),
		WORLD_TEST(a_bomb_is_bounded_by_what_it_is_decoded_to),
		WORLD_TEST(
		    a_coded_body_may_be_longer_than_what_it_is_decoded_to),
		WORLD_TEST(the_next_try_begins_anew),
		WORLD_TEST(the_next_run_begins_anew),
		WORLD_TEST(a_coded_rest_of_a_plain_part_is_not_taken),
		WORLD_TEST(
		    where_the_user_asks_for_codings_each_try_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
