/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=resolver_system_new */
/* Bodies that are continued, and copies that are still good. */
#include "fake_script.h"

/* What the collector was asked for, and what it answers. */
static struct {
	struct bulkfetch_copy copy;
	bool has_copy;
	unsigned suspended;
	unsigned resumed;
	unsigned kept;
	uint64_t resumed_at;
	uint64_t begun_at; /* offset of the last begin() */
	uint64_t length;   /* that it was told */
	char url[64];
	bool refuses_to_suspend;
	struct fault resume;
	struct fault keep;
	unsigned left;
} part;

static int
part_begin(void *ctx, const struct bulkfetch_response *response, void **body)
{
	part.begun_at = response->offset;
	part.length = response->length;
	(void)snprintf(part.url, sizeof(part.url), "%.*s",
	    (int)response->url.len, response->url.ptr);
	return world_begin(ctx, response, body);
}

static bool
part_suspend(void *ctx, void *body)
{
	const struct fake_body *b = body;

	(void)ctx;
	assert_int_equal(b->phase, BODY_BEGUN);
	part.suspended++;
	return !part.refuses_to_suspend;
}

static int
part_resume(void *ctx, void *body, uint64_t len)
{
	const struct fake_body *b = body;

	(void)ctx;
	assert_int_equal(b->phase, BODY_BEGUN);
	assert_int_equal(b->len, len);
	part.resumed++;
	part.resumed_at = len;
	return fault_strikes(&part.resume) ? part.resume.sys : 0;
}

static int
part_current(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_copy *copy)
{
	(void)ctx;
	assert_true(request->url.len > 0);
	*copy = part.copy;
	return part.has_copy;
}

static int
part_keep(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_stored *stored)
{
	(void)ctx;
	assert_true(request->url.len > 0);
	if (fault_strikes(&part.keep))
		return part.keep.sys;
	part.kept++;
	stored->file = "kept";
	return 0;
}

static void
part_leave(void *ctx, void *body)
{
	part.left++;
	world_abort(ctx, body);
}

static void
part_start(const struct move *moves, size_t count)
{
	memset(&part, 0, sizeof(part));
	script_begin(moves, count);
	world.options.retries = 2;
	world.collector.begin = part_begin;
	world.collector.suspend = part_suspend;
	world.collector.resume = part_resume;
	world.collector.current = part_current;
	world.collector.keep = part_keep;
}

#define BEGIN(validator) \
	"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n" validator "\r\n01234"
#define REST_OF(etag, first, last, total, fields) \
	"HTTP/1.1 206 OK\r\nETag: " etag "\r\nContent-Range: bytes " first \
	"-" last "/" total "\r\n" fields "\r\n"
#define REST(first, last, total, fields) \
	REST_OF("\"v\"", first, last, total, fields)
#define WHOLE "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"

static void
goes_on_where_it_ended(void **state)
{
	static const struct move moves[] = {
		{ "GET /x", "Range", BEGIN("ETag: \"v\"\r\n"), true },
		{ "Range: bytes=5-\r\nIf-Range: \"v\"\r\n", NULL,
		    REST("5", "9", "10", "Content-Length: 5\r\n") "56", true },
		{ "Range: bytes=7-\r\nIf-Range: \"v\"\r\n", NULL,
		    REST("7", "9", "10",
			"Transfer-Encoding: chunked\r\n") "3\r\n789\r\n0\r\n"
							  "\r\n",
		    false },
	};
	const struct told *t;

	(void)state;
	part_start(moves, COUNT(moves));
	t = script_fetch("http://a/x");
	assert_true(t->ok);
	assert_int_equal(t->bytes, 10);
	assert_int_equal(t->received, 10);
	assert_int_equal(t->continued_at, 7);
	assert_int_equal(t->tries, 3);
	assert_int_equal(world.begun, 1);
	assert_int_equal(part.suspended, 2);
	assert_int_equal(part.resumed_at, 7);
	assert_int_equal(world.committed, 1);
}

/* Last-Modified counts when it is well before Date, and there is no ETag. */
static void
needs_a_strong_validator(void **state)
{
	static const struct {
		const char *reply;
		const char *wants;
	} cases[] = {
		{ BEGIN(""), NULL },
		{ BEGIN("ETag: W/\"v\"\r\n"), NULL },
		{ BEGIN("ETag: v\r\n"), NULL },
		{ BEGIN("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
		    NULL },
		{ BEGIN("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
			"Date: Sun, 06 Nov 1994 08:50:36 GMT\r\n"),
		    NULL },
		{ BEGIN("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
			"Date: Sun, 06 Nov 1994 08:50:37 GMT\r\n"),
		    "If-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n" },
		{ BEGIN("ETag: \"v\"\r\n"
			"Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
			"Date: Sun, 06 Nov 1994 08:50:37 GMT\r\n"),
		    "If-Range: \"v\"\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct move moves[] = {
			{ "GET /x", NULL, cases[i].reply, true },
			{ cases[i].wants,
			    cases[i].wants == NULL ? "ange:" : NULL, WHOLE,
			    false },
		};

		part_start(moves, COUNT(moves));
		assert_true(script_fetch("http://a/x")->ok);
		/* A 200 is the whole, whatever was asked for. */
		assert_int_equal(world.begun, 2);
		assert_int_equal(world.aborted, 1);
		assert_int_equal(part.resumed, 0);
		assert_int_equal(part.begun_at, 0);
	}
}

static void
what_does_not_fit_is_not_put_together(void **state)
{
	static const char *const rests[] = {
		REST("4", "9", "10", "Content-Length: 6\r\n") "456789",
		REST("6", "9", "10", "Content-Length: 4\r\n") "6789",
		REST("5", "8", "10", "Content-Length: 4\r\n") "5678",
		REST("5", "9", "11", "Content-Length: 5\r\n") "56789",
		REST("5", "10", "11", "Content-Length: 6\r\n") "56789a",
		REST("5", "9", "10", "Content-Length: 4\r\n") "5678",
		REST_OF(
		    "\"w\"", "5", "9", "10", "Content-Length: 5\r\n") "56789",
		/* It has the ETag that the whole has. */
		"HTTP/1.1 206 OK\r\nContent-Range: bytes 5-9/10\r\n"
		"Content-Length: 5\r\n\r\n56789",
		REST("5", "8", "*", "Content-Length: 4\r\n") "5678",
		"HTTP/1.1 206 OK\r\nContent-Length: 5\r\n\r\n56789",
		"HTTP/1.1 206 OK\r\nContent-Length: 5\r\n"
		"Content-Type: multipart/byteranges; boundary=x\r\n\r\n56789",
		"HTTP/1.1 416 x\r\nContent-Range: bytes */3\r\n"
		"Content-Length: 0\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rests); i++) {
		const struct move moves[] = {
			{ "GET /x", NULL, BEGIN("ETag: \"v\"\r\n"), true },
			{ "Range: bytes=5-", NULL, rests[i], false },
			{ "GET /x", "Range", WHOLE, false },
		};
		const struct told *t;

		part_start(moves, COUNT(moves));
		world.options.retries = 1; /* beginning anew costs none */
		t = script_fetch("http://a/x");
		if (!t->ok)
			fail_msg("%zu: %s", i, t->message);
		assert_int_equal(t->bytes, 10);
		assert_int_equal(t->continued_at, 0);
		assert_int_equal(part.begun_at, 0);
		assert_int_equal(world.committed, 1);
	}
}

static void
a_rest_of_another_length_is_not_taken(void **state)
{
	static const struct move moves[] = {
		{ "GET /x", NULL, BEGIN("ETag: \"v\"\r\n"), true },
		{ "Range: bytes=5-", NULL,
		    REST("5", "9", "10",
			"Transfer-Encoding: chunked\r\n") "3\r\n567\r\n0\r\n"
							  "\r\n",
		    false },
		{ "GET /x", "Range", WHOLE, false },
	};

	(void)state;
	part_start(moves, COUNT(moves));
	assert_true(script_fetch("http://a/x")->ok);
	assert_int_equal(world.begun, 2);
}

static void
a_part_survives_failures_in_between(void **state)
{
	static const struct move moves[] = {
		{ "GET /x", NULL, BEGIN("ETag: \"v\"\r\n"), true },
		{ "Range: bytes=5-", NULL,
		    "HTTP/1.1 503 x\r\nContent-Length: 4\r\n\r\nbusy", false },
		{ "Range: bytes=5-", NULL,
		    REST("5", "9", "*", "Content-Length: 5\r\n") "56789",
		    false },
	};
	const struct told *t;

	(void)state;
	for (size_t with_body = 0; with_body < 2; with_body++) {
		part_start(moves, COUNT(moves));
		world.options.fail_with_body = with_body != 0;
		t = script_fetch("http://a/x");
		assert_true(t->ok);
		assert_int_equal(t->bytes, 10);
		assert_int_equal(world.begun, 1);
		assert_int_equal(part.resumed, 1);
	}
}

static void
a_part_that_cannot_be_kept_is_fetched_anew(void **state)
{
	static const struct move moves[] = {
		{ "GET /x", NULL, BEGIN("ETag: \"v\"\r\n"), true },
		{ "GET /x", "Range", WHOLE, false },
	};
	static const struct move gone[] = {
		{ "GET /x", NULL, BEGIN("ETag: \"v\"\r\n"), true },
		{ "Range: bytes=5-", NULL,
		    REST("5", "9", "10", "Content-Length: 5\r\n") "56789",
		    false },
		{ "GET /x", "Range", WHOLE, false },
	};

	(void)state;
	part_start(moves, COUNT(moves));
	part.refuses_to_suspend = true;
	assert_true(script_fetch("http://a/x")->ok);
	assert_int_equal(world.aborted, 1);
	part_start(gone, COUNT(gone));
	part.resume = (struct fault){ ESTALE, 1 };
	assert_true(script_fetch("http://a/x")->ok);
	assert_int_equal(world.aborted, 1);
}

static void
nothing_is_left_when_there_are_no_retries_left(void **state)
{
	static const struct move moves[] = {
		{ NULL, NULL, BEGIN("ETag: \"v\"\r\n"), true },
		{ NULL, NULL, REST("5", "9", "10", "Content-Length: 5\r\n") "6",
		    true },
		{ NULL, NULL, REST("6", "9", "10", "Content-Length: 4\r\n"),
		    true },
	};
	const struct told *t;

	(void)state;
	part_start(moves, COUNT(moves));
	t = script_fetch("http://a/x");
	assert_string_equal(t->error, "truncated");
	assert_int_equal(world.begun, 1);
	assert_int_equal(world.aborted, 1);
	/* Unless the collector can keep it for the next run. */
	part_start(moves, COUNT(moves));
	world.collector.leave = part_leave;
	t = script_fetch("http://a/x");
	assert_string_equal(t->error, "truncated");
	assert_int_equal(part.left, 1);
}

/* The user's own Range is the user's own business. */
static void
the_users_range_is_not_meddled_with(void **state)
{
	static const char *const fields[] = { "Range: bytes=2-" };
	static const struct move moves[] = {
		{ "Range: bytes=2-\r\n", NULL,
		    REST("2", "9", "10", "Content-Length: 8\r\n") "23", true },
		{ "Range: bytes=2-\r\n", "If-Range",
		    REST("2", "9", "10", "Content-Length: 8\r\n") "23456789",
		    false },
	};
	const struct told *t;

	(void)state;
	part_start(moves, COUNT(moves));
	part.has_copy = true;
	part.copy.is_whole = true;
	world.options.fields = fields;
	world.options.field_count = 1;
	t = script_fetch("http://a/x");
	assert_true(t->ok);
	assert_int_equal(t->bytes, 8);
	assert_int_equal(part.suspended, 0);
}

/* ---- Copies of earlier runs --------------------------------------------- */

#define PART_TEXT(text) \
	{ \
		text, sizeof(text) - 1 \
	}

static void
an_unchanged_copy_is_kept(void **state)
{
	static const struct move moves[] = {
		{ "If-None-Match: \"v\"\r\n"
		  "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
		    NULL, "HTTP/1.1 304 Not Modified\r\n\r\n", false },
	};
	struct bulkfetch_stats stats;
	static const char *const urls[] = { "http://a/x" };
	const struct told *t = &world.told[0];

	(void)state;
	part_start(moves, COUNT(moves));
	part.has_copy = true;
	part.copy = (struct bulkfetch_copy){
		.is_whole = true,
		.etag = PART_TEXT("\"v\""),
		.last_modified = PART_TEXT("Sun, 06 Nov 1994 08:49:37 GMT"),
	};
	(void)world_fetch(urls, 1, 1, &stats);
	script_end();
	assert_true(t->ok);
	assert_true(t->is_unchanged);
	assert_true(t->has_file);
	assert_int_equal(t->status, 304);
	assert_int_equal(stats.unchanged, 1);
	assert_int_equal(stats.fetched, 0);
	assert_int_equal(part.kept, 1);
	assert_int_equal(world.begun, 0);
}

static void
a_changed_copy_is_fetched(void **state)
{
	static const struct move moves[] = {
		{ "If-None-Match: \"v\"", "If-Modified", WHOLE, false },
	};
	const struct told *t;

	(void)state;
	part_start(moves, COUNT(moves));
	part.has_copy = true;
	part.copy = (struct bulkfetch_copy){
		.is_whole = true,
		.etag = PART_TEXT("\"v\""),
	};
	t = script_fetch("http://a/x");
	assert_true(t->ok);
	assert_false(t->is_unchanged);
	assert_int_equal(world.committed, 1);
	assert_int_equal(part.kept, 0);
}

/* A validator is one of the URL that it came from, and of no other. */
static void
a_copy_from_behind_a_redirect_is_asked_for_there(void **state)
{
	static const struct move moves[] = {
		{ "GET /x", "If-None",
		    "HTTP/1.1 302 x\r\nLocation: /y\r\n"
		    "Content-Length: 0\r\n\r\n",
		    false },
		{ "GET /y HTTP/1.1\r\n", NULL,
		    "HTTP/1.1 304 Not Modified\r\n\r\n", false },
	};

	(void)state;
	part_start(moves, COUNT(moves));
	part.has_copy = true;
	part.copy = (struct bulkfetch_copy){
		.is_whole = true,
		.etag = PART_TEXT("\"v\""),
		.url = PART_TEXT("http://a/y"),
	};
	assert_true(script_fetch("http://a/x")->is_unchanged);
	/* One of the URL itself does not go with the redirect. */
	part_start(moves, COUNT(moves));
	part.has_copy = true;
	part.copy = (struct bulkfetch_copy){
		.is_whole = true,
		.etag = PART_TEXT("\"v\""),
		.url = PART_TEXT("http://a/elsewhere"),
	};
	assert_string_equal(script_fetch("http://a/x")->error, "status");
}

static void
a_304_that_nobody_asked_for_is_a_failure(void **state)
{
	static const struct move move = { NULL, "If-",
		"HTTP/1.1 304 Not Modified\r\n\r\n", false };

	(void)state;
	part_start(&move, 1);
	assert_string_equal(script_fetch("http://a/x")->error, "status");
	assert_int_equal(part.kept, 0);
}

static void
a_part_of_an_earlier_run_is_continued(void **state)
{
	static const struct move moves[] = {
		{ "Range: bytes=5-\r\nIf-Range: \"v\"\r\n", "If-None",
		    REST("5", "9", "10", "Content-Length: 5\r\n") "56789",
		    false },
	};
	const struct told *t;

	(void)state;
	part_start(moves, COUNT(moves));
	part.has_copy = true;
	part.copy = (struct bulkfetch_copy){
		.len = 5,
		.total = 10,
		.etag = PART_TEXT("\"v\""),
	};
	t = script_fetch("http://a/x");
	assert_true(t->ok);
	assert_int_equal(t->bytes, 10);
	assert_int_equal(t->received, 5);
	assert_int_equal(t->continued_at, 5);
	assert_int_equal(part.begun_at, 5);
	assert_int_equal(part.length, 10);
	assert_int_equal(world.committed, 1);
}

static void
a_part_of_an_earlier_run_that_went_away_is_fetched_anew(void **state)
{
	static const char *const rests[] = {
		REST("5", "9", "10", "Content-Length: 5\r\n") "56789",
		/* Too long to be read to its end for nothing. */
		REST("5", "99999", "100000", "Content-Length: 99995\r\n") "56",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rests); i++) {
		const struct move moves[] = {
			{ "Range: bytes=5-", NULL, rests[i], false },
			{ "GET /x", "Range", WHOLE, false },
		};

		part_start(moves, COUNT(moves));
		part.has_copy = true;
		part.copy = (struct bulkfetch_copy){
			.len = 5,
			.total = BULKFETCH_LENGTH_UNKNOWN,
			.etag = PART_TEXT("\"v\""),
		};
		world.begin = (struct fault){ ESTALE, 1 };
		assert_true(script_fetch("http://a/x")->ok);
		assert_int_equal(part.begun_at, 0);
	}
}

/* What is behind a failure that was to be retried. */
static void
a_stopped_run_leaves_what_the_next_one_can_continue(void **state)
{
	static const char *const urls[] = { "http://a/x" };
	static const struct move moves[] = {
		{ "GET /x", NULL, BEGIN("ETag: \"v\"\r\n"), true },
		{ "Range: bytes=5-", NULL,
		    "HTTP/1.1 503 x\r\nRetry-After: 100\r\n"
		    "Content-Length: 0\r\n\r\n",
		    false },
	};
	struct bulkfetch_stats stats;

	(void)state;
	part_start(moves, COUNT(moves));
	world.collector.leave = part_leave;
	world.options.max_duration_ms = 50000;
	assert_int_equal(world_fetch(urls, 1, 1, &stats), BULKFETCH_END_BUDGET);
	script_end();
	assert_string_equal(world.told[0].error, "stopped");
	assert_int_equal(part.left, 1);
}

static void
a_copy_that_is_gone_when_it_is_kept_is_fetched(void **state)
{
	static const struct move moves[] = {
		{ "If-None-Match: \"v\"", NULL,
		    "HTTP/1.1 304 Not Modified\r\n\r\n", false },
		{ "GET /x", "If-None", WHOLE, false },
	};
	const struct told *t;

	(void)state;
	part_start(moves, COUNT(moves));
	part.has_copy = true;
	part.copy = (struct bulkfetch_copy){
		.is_whole = true,
		.etag = PART_TEXT("\"v\""),
	};
	part.keep = (struct fault){ ENOENT, 1 };
	t = script_fetch("http://a/x");
	assert_true(t->ok);
	assert_false(t->is_unchanged);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(goes_on_where_it_ended),
		TEST(needs_a_strong_validator),
		TEST(what_does_not_fit_is_not_put_together),
		TEST(a_rest_of_another_length_is_not_taken),
		TEST(a_part_survives_failures_in_between),
		TEST(a_part_that_cannot_be_kept_is_fetched_anew),
		TEST(nothing_is_left_when_there_are_no_retries_left),
		TEST(the_users_range_is_not_meddled_with),
		TEST(an_unchanged_copy_is_kept),
		TEST(a_changed_copy_is_fetched),
		TEST(a_copy_from_behind_a_redirect_is_asked_for_there),
		TEST(a_304_that_nobody_asked_for_is_a_failure),
		TEST(a_part_of_an_earlier_run_is_continued),
		TEST(a_part_of_an_earlier_run_that_went_away_is_fetched_anew),
		TEST(a_stopped_run_leaves_what_the_next_one_can_continue),
		TEST(a_copy_that_is_gone_when_it_is_kept_is_fetched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
