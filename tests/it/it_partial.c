/* Bodies that end early are continued, and never mixed of two versions; what
 * another run has left is in it_continue.c. */
#include "harness.h"

#include "../origin/pattern.h"
#include "../origin/versioned.h"

#include <stdio.h>

#define MIB (1 << 20)

static char *
etag_of(struct world *w, const char *target)
{
	struct validators v;

	validators_init(&v, VALIDATOR_STRONG,
	    pattern_seed(slice_str(target), w->origin_version),
	    w->origin_version);
	return world_text(w, "%s", v.etag);
}

static void
expect_from(struct world *w, const struct origin_request *request,
    long long first, const char *if_range)
{
	expect_field(w, request, "Range", world_text(w, "bytes=%lld-", first));
	expect_field(w, request, "If-Range", if_range);
}

static void
a_truncated_body_is_continued_where_it_ended(void **state)
{
	static const struct {
		const char *target;
		uint64_t cut;
		size_t requests;
	} rows[] = {
		{ "/cut/1M/4M/a", MIB, 4 },
		{ "/cut/1/3/a", 1, 3 },
		{ "/cut/70000/200001/a", 70000, 3 },
		{ "/cut/3M/4M/a?b=c", 3 * MIB, 2 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t from = (rows[i].requests - 1) * rows[i].cut;
		struct origin_request *requests;
		struct records r;
		struct slice record;
		size_t count;

		origin_start(w, NULL, NULL);
		expect_exit(bulkfetch(w, "--retry", "3", "--retry-delay",
				"0.01", "-d", "out", "--log", "log",
				origin_url(w, rows[i].target), NULL),
		    0);
		expect_generated(w, "out", rows[i].target);
		requests = origin_heads(w, &count);
		assert_int_equal(count, rows[i].requests);
		expect_field(w, &requests[0], "Range", NULL);
		for (size_t k = 1; k < count; k++)
			expect_from(w, &requests[k],
			    (long long)(k * rows[i].cut),
			    etag_of(w, rows[i].target));
		r = records_read(w, "log");
		record = r.lines[0];
		assert_int_equal(
		    record_number(&r, record, "tries"), rows[i].requests);
		assert_int_equal(
		    record_number(&r, record, "continued_at"), from);
	}
	assert_int_equal(world_count_files(w, "out"), COUNT(rows));
}

static void
a_date_long_past_is_as_good_as_an_etag(void **state)
{
	struct world *w = *state;
	struct origin_request *requests;
	size_t count;

	origin_start(w, NULL, NULL);
	expect_exit(bulkfetch(w, "--retry-delay", "0.01", "-d", "out",
			origin_url(w, "/cut/100k/dated/200k/a"), NULL),
	    0);
	expect_generated(w, "out", "/cut/100k/dated/200k/a");
	requests = origin_heads(w, &count);
	assert_int_equal(count, 2);
	expect_from(w, &requests[1], 102400, "Wed, 01 Jan 2020 00:00:00 GMT");
}

/*
 * The first response is cut, and what it says of its version does not do to
 * put parts together: the second request is for all of it.  What the first
 * sends of the body is wrong, so that no part of it may be kept.
 */
static void
without_a_strong_validator_it_starts_again(void **state)
{
	static const char *const fields[] = {
		"",
		"\"ETag: W/\\\"weak\\\"\"",
		"\"ETag: unquoted\"",
		"\"ETag: W/\\\"weak\\\"\" \"Last-Modified: Wed, 01 Jan 2020 "
		"00:00:00 GMT\" \"Date: Thu, 02 Jan 2020 00:00:00 GMT\"",
		"\"Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT\" \"Date: Wed, "
		"01 Jan 2020 00:00:59 GMT\"",
		"\"Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT\" \"Date: Tue, "
		"31 Dec 2019 00:00:00 GMT\"",
		"\"Last-Modified: some day\"",
		"\"Accept-Ranges: none\"",
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(fields); i++) {
		struct origin_request *requests;
		size_t count;

		origin_start(w,
		    world_text(w,
			"/ver/300000/a on 1: head 200 \"Content-Length: "
			"300000\" %s; from 7; body 200000; close\n",
			fields[i]),
		    NULL);
		expect_exit(bulkfetch(w, "--retry-delay", "0.01", "-d", "out",
				origin_url(w, "/ver/300000/a"), NULL),
		    0);
		expect_generated(w, "out", "/ver/300000/a");
		requests = origin_heads(w, &count);
		assert_int_equal(count, 2);
		expect_field(w, &requests[1], "Range", NULL);
		expect_field(w, &requests[1], "If-Range", NULL);
	}
}

static void
what_is_always_cut_and_weak_fails_and_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct records r;

	origin_start(w, NULL, NULL);
	expect_exit(bulkfetch(w, "--retry-delay", "0.01", "-d", "out", "--log",
			"log", origin_url(w, "/cut/1M/weak/3M/a"), NULL),
	    4);
	assert_int_equal(origin_stat(w, "requests"), 3);
	assert_int_equal(world_count_files(w, "out"), 0);
	r = records_read(w, "log");
	expect_member(&r, r.lines[0], "error", "truncated");
}

/* The first response is of another version, wrong from its first octet. */
static void
a_version_that_has_changed_starts_again(void **state)
{
	static const char *const targets[] = { "/ver/300000/a",
		"/ver/3M/large" };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(targets); i++) {
		struct origin_request *requests;
		struct records r;
		size_t count;

		origin_start(w,
		    world_text(w,
			"%s on 1: head 200 \"Content-Length: 3000000\" "
			"\"ETag: \\\"old\\\"\"; from 7; body 280000; reset\n",
			targets[i]),
		    NULL);
		expect_exit(
		    bulkfetch(w, "--retry-delay", "0.01", "-d", "out", "--log",
			"log", origin_url(w, targets[i]), NULL),
		    0);
		expect_generated(w, "out", targets[i]);
		requests = origin_heads(w, &count);
		assert_int_equal(count, 2);
		expect_field(w, &requests[1], "If-Range", "\"old\"");
		r = records_read(w, "log");
		expect_member(&r, r.lines[0], "continued_at", NULL);
	}
}

/*
 * What the second request, for the rest of 300000 octets from 100000 on, gets
 * instead of that.  Where the octets are not right they begin at 7: were they
 * kept, the file would show it.
 */
static const struct {
	const char *name;
	const char *moves;
	size_t requests;   /* until the file is right */
	const char *third; /* what the third one gets; NULL: all of it */
} answers[] = {
	{ "the rest",
	    "head 206 \"Content-Range: bytes 100000-299999/300000\" \"ETag: "
	    "\\\"e\\\"\" \"Content-Length: 200000\"; from 100000; body 200000",
	    2, NULL },
	{ "the rest in chunks, of an unknown total",
	    "head 206 \"Content-Range: bytes 100000-299999/*\" \"ETag: "
	    "\\\"e\\\"\" \"Transfer-Encoding: chunked\"; from 100000; "
	    "chunked 200000",
	    2, NULL },
	{ "no ETag",
	    "head 206 \"Content-Range: bytes 100000-299999/300000\" "
	    "\"Content-Length: 200000\"; from 7; body 200000",
	    3, NULL },
	{ "part of the rest, and then the rest",
	    "head 206 \"Content-Range: bytes 100000-299999/300000\" \"ETag: "
	    "\\\"e\\\"\" \"Content-Length: 200000\"; from 100000; body 50000; "
	    "close",
	    3,
	    "head 206 \"Content-Range: bytes 150000-299999/300000\" \"ETag: "
	    "\\\"e\\\"\" \"Content-Length: 150000\"; from 150000; body "
	    "150000" },
	{ "all of it",
	    "head 200 \"ETag: \\\"e\\\"\" \"Content-Length: 300000\"; from 0; "
	    "body 300000",
	    2, NULL },
	{ "another version",
	    "head 200 \"ETag: \\\"f\\\"\" \"Content-Length: 300000\"; from 0; "
	    "body 300000",
	    2, NULL },
	{ "another beginning",
	    "head 206 \"Content-Range: bytes 100001-299999/300000\" \"ETag: "
	    "\\\"e\\\"\" \"Content-Length: 199999\"; from 7; body 199999",
	    3, NULL },
	{ "an earlier beginning",
	    "head 206 \"Content-Range: bytes 99999-299999/300000\" \"ETag: "
	    "\\\"e\\\"\" \"Content-Length: 200001\"; from 7; body 200001",
	    3, NULL },
	{ "less than the rest",
	    "head 206 \"Content-Range: bytes 100000-199999/300000\" \"ETag: "
	    "\\\"e\\\"\" \"Content-Length: 100000\"; from 7; body 100000",
	    3, NULL },
	{ "another total",
	    "head 206 \"Content-Range: bytes 100000-399999/400000\" \"ETag: "
	    "\\\"e\\\"\" \"Content-Length: 300000\"; from 7; body 300000",
	    3, NULL },
	{ "another ETag",
	    "head 206 \"Content-Range: bytes 100000-299999/300000\" \"ETag: "
	    "\\\"f\\\"\" \"Content-Length: 200000\"; from 7; body 200000",
	    3, NULL },
	{ "no Content-Range",
	    "head 206 \"ETag: \\\"e\\\"\" \"Content-Length: 200000\"; from 7; "
	    "body 200000",
	    3, NULL },
	{ "a Content-Range of nothing",
	    "head 206 \"Content-Range: bytes */300000\" \"ETag: \\\"e\\\"\" "
	    "\"Content-Length: 200000\"; from 7; body 200000",
	    3, NULL },
	{ "a Content-Range that is none",
	    "head 206 \"Content-Range: bytes 100000-/300000\" \"ETag: "
	    "\\\"e\\\"\" \"Content-Length: 200000\"; from 7; body 200000",
	    3, NULL },
	{ "another unit",
	    "head 206 \"Content-Range: lines 100000-299999/300000\" \"ETag: "
	    "\\\"e\\\"\" \"Content-Length: 200000\"; from 7; body 200000",
	    3, NULL },
	{ "another length than the range's",
	    "head 206 \"Content-Range: bytes 100000-299999/300000\" \"ETag: "
	    "\\\"e\\\"\" \"Content-Length: 199999\"; from 7; body 199999",
	    3, NULL },
	{ "several ranges",
	    "head 206 \"Content-Type: multipart/byteranges; boundary=x\" "
	    "\"Content-Length: 200000\"; from 7; body 200000",
	    3, NULL },
	{ "416",
	    "head 416 \"Content-Range: bytes */5\" \"Content-Length: 9\"; body "
	    "9",
	    3, NULL },
};

static void
whatever_comes_for_the_rest_the_file_is_right(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(answers); i++) {
		struct run *run;

		origin_start(w,
		    world_text(w,
			"/gen/300000/a on 1: head 200 \"ETag: \\\"e\\\"\" "
			"\"Content-Length: 300000\"; body 100000; close\n"
			"/gen/300000/a on 2: %s\n"
			"/gen/300000/a on 3: %s\n",
			answers[i].moves,
			answers[i].third != NULL
			    ? answers[i].third
			    : "head 200 \"Content-Length: 300000\"; body "
			      "300000"),
		    NULL);
		run = bulkfetch(w, "--retry-delay", "0.01", "-d", "out",
		    origin_url(w, "/gen/300000/a"), NULL);
		if (run->status != 0 ||
		    origin_stat(w, "requests") != answers[i].requests)
			fail_msg("%s: status %d, %llu requests: %s",
			    answers[i].name, run->status,
			    (unsigned long long)origin_stat(w, "requests"),
			    run_err(run));
		expect_generated(w, "out", "/gen/300000/a");
	}
}

static void
a_part_that_nobody_asked_for_is_a_failure(void **state)
{
	struct world *w = *state;
	struct records r;

	origin_start(w,
	    "/x: head 206 \"Content-Range: bytes 0-99/200\" \"Content-Length: "
	    "100\"; body 100\n",
	    NULL);
	expect_exit(bulkfetch(w, "-d", "out", "--log", "log",
			origin_url(w, "/x"), NULL),
	    4);
	r = records_read(w, "log");
	expect_member(&r, r.lines[0], "error", "status");
	expect_member(&r, r.lines[0], "status", "206");
	assert_int_equal(world_count_files(w, "out"), 0);
	/* It is what was asked for where the user does. */
	expect_exit(bulkfetch(w, "-H", "Range: bytes=0-99", "-d", "out",
			origin_url(w, "/x"), NULL),
	    0);
}

/* A body of unknown length has a beginning as well. */
static void
a_chunked_body_that_breaks_off_comes_out_right(void **state)
{
	struct world *w = *state;

	origin_start(w,
	    "/ver/300000/a on 1: head 200 \"Transfer-Encoding: chunked\" "
	    "\"ETag: \\\"old\\\"\"; send \"20000\\r\\n\"; from 7; body 100000; "
	    "close\n",
	    NULL);
	expect_exit(bulkfetch(w, "--retry-delay", "0.01", "-d", "out",
			origin_url(w, "/ver/300000/a"), NULL),
	    0);
	expect_generated(w, "out", "/ver/300000/a");
}

/* Where a body cannot be kept for later it starts again. */
static void
standard_output_gets_whole_bodies_alone(void **state)
{
	static const char *const target = "/ver/300000/a";
	struct world *w = *state;
	struct slice out;
	struct run *run;

	origin_start(w,
	    world_text(w,
		"%s on 1: head 200 \"Content-Length: 300000\" \"ETag: "
		"\\\"old\\\"\"; from 7; body 200000; close\n",
		target),
	    NULL);
	run = bulkfetch(
	    w, "--retry-delay", "0.01", "-o", "-", origin_url(w, target), NULL);
	expect_exit(run, 0);
	out = slice_of(run->out.ptr, run->out.len);
	assert_int_equal(out.len, 300000);
	assert_true(
	    pattern_matches(pattern_seed(slice_str(target), 0), 0, out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_truncated_body_is_continued_where_it_ended),
		WORLD_TEST(a_date_long_past_is_as_good_as_an_etag),
		WORLD_TEST(without_a_strong_validator_it_starts_again),
		WORLD_TEST(
		    what_is_always_cut_and_weak_fails_and_leaves_nothing),
		WORLD_TEST(a_version_that_has_changed_starts_again),
		WORLD_TEST(whatever_comes_for_the_rest_the_file_is_right),
		WORLD_TEST(a_part_that_nobody_asked_for_is_a_failure),
		WORLD_TEST(a_chunked_body_that_breaks_off_comes_out_right),
		WORLD_TEST(standard_output_gets_whole_bodies_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
