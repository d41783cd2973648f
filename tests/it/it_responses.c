/* Responses, decent and hostile: each fails its own request at most. */
#include "harness.h"

#include <stdio.h>

/* How a request may end. */
#define OK "ok"

struct row {
	const char *name;
	const char *moves; /* the origin's answer */
	const char *ends;  /* OK, or the words that the log may say, with
			     * blanks between */
	uint64_t len;      /* of the generated body, if OK */
};

/* Answers to GET. */
static const struct row rows[] = {
	{ "a plain one", "head 200 \"Content-Length: 10\"; body 10", OK, 10 },
	{ "an empty one", "head 200 \"Content-Length: 0\"", OK, 0 },
	{ "octet by octet", "drip 1; head 200 \"Content-Length: 10\"; body 10",
	    OK, 10 },
	{ "chunked octet by octet",
	    "drip 1; head 200 \"Transfer-Encoding: chunked\"; chunked 9", OK,
	    9 },
	{ "any case and blanks",
	    "head 200 \"cONTENT-lENGTH: \\t 10 \\t \";"
	    "body 10",
	    OK, 10 },
	{ "no blank behind the colon",
	    "head 200 \"Content-Length:10\"; body 10", OK, 10 },
	{ "a repeated length",
	    "head 200 \"Content-Length: 10\" "
	    "\"Content-Length: 10\"; body 10",
	    OK, 10 },
	{ "a listed length", "head 200 \"Content-Length: 10, 10\"; body 10", OK,
	    10 },
	{ "a length with zeros in front",
	    "head 200 \"Content-Length: 00010\"; body 10", OK, 10 },
	{ "bare line feeds",
	    "send \"HTTP/1.1 200 OK\\nContent-Length: 3\\n\\n\"; body 3", OK,
	    3 },
	{ "an obsolete fold",
	    "head 200 \"X-Fold: a\\r\\n b\\r\\n\\tc\" \"Content-Length: 3\";"
	    "body 3",
	    OK, 3 },
	{ "no reason",
	    "send \"HTTP/1.1 200\\r\\nContent-Length: 3\\r\\n\\r\\n\"; body 3",
	    OK, 3 },
	{ "an empty reason",
	    "send \"HTTP/1.1 200 \\r\\nContent-Length: 3\\r\\n\\r\\n\"; body 3",
	    OK, 3 },
	{ "a reason beyond ASCII",
	    "send \"HTTP/1.1 200 \\xc3\\xa4\\xff\\r\\nContent-Length: 3"
	    "\\r\\n\\r\\n\"; body 3",
	    OK, 3 },
	{ "an empty line in front",
	    "send \"\\r\\n\"; head 200 \"Content-Length: 3\"; body 3", OK, 3 },
	{ "interim responses",
	    "head 100; head 102 \"X: y\"; head 103; "
	    "head 200 \"Content-Length: 3\"; body 3",
	    OK, 3 },
	{ "an interim one with a length",
	    "head 103 \"Content-Length: 5\"; head 200 \"Content-Length: 3\";"
	    "body 3",
	    OK, 3 },
	{ "201", "head 201 \"Content-Length: 3\"; body 3", OK, 3 },
	{ "204", "head 204", OK, 0 },
	{ "204 that tells a length", "head 204 \"Content-Length: 5\"", OK, 0 },
	{ "HTTP/1.0 to the end",
	    "send \"HTTP/1.0 200 OK\\r\\n\\r\\n\"; body 1000; close", OK,
	    1000 },
	{ "HTTP/1.0 kept alive",
	    "send \"HTTP/1.0 200 OK\\r\\nContent-Length: 7\\r\\n"
	    "Connection: keep-alive\\r\\n\\r\\n\"; body 7",
	    OK, 7 },
	{ "HTTP/1.0 and left open",
	    "send \"HTTP/1.0 200 OK\\r\\nContent-Length: 7\\r\\n\\r\\n\";"
	    "body 7",
	    OK, 7 },
	{ "HTTP/1.1 to the end", "head 200; body 5000; close", OK, 5000 },
	{ "nothing to the end", "head 200; close", OK, 0 },
	{ "chunked", "head 200 \"Transfer-Encoding: chunked\"; chunked 9000",
	    OK, 9000 },
	{ "chunked in capitals",
	    "head 200 \"TRANSFER-ENCODING:  Chunked \"; chunked 900", OK, 900 },
	{ "chunked and nothing",
	    "head 200 \"Transfer-Encoding: chunked\"; send \"0\\r\\n\\r\\n\"",
	    OK, 0 },
	{ "chunked with bare line feeds",
	    "head 200 \"Transfer-Encoding: chunked\"; send \"5\\n\"; body 5;"
	    "send \"\\n0\\n\\n\"",
	    OK, 5 },
	{ "chunked with many trailers",
	    "head 200 \"Transfer-Encoding: chunked\"; send \"5\\r\\n\"; body 5;"
	    "send \"\\r\\n0\\r\\n\"; repeat 100 { send \"X: y\\r\\n\" };"
	    "send \"\\r\\n\"",
	    OK, 5 },
	{ "chunked and a length",
	    "head 200 \"Content-Length: 3\" "
	    "\"Transfer-Encoding: chunked\"; chunked 900",
	    OK, 900 },
	{ "a length and chunked",
	    "head 200 \"Transfer-Encoding: chunked\" "
	    "\"Content-Length: 3\"; chunked 900",
	    OK, 900 },
	{ "a large head",
	    "send \"HTTP/1.1 200 OK\\r\\n\"; repeat 900 { send "
	    "\"X-Field: 0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789"
	    "01234567890123456789012345678901234567890\\r\\n\" };"
	    "send \"Content-Length: 3\\r\\n\\r\\n\"; body 3",
	    OK, 3 },
	{ "closed behind the end",
	    "head 200 \"Content-Length: 10\"; body 10; close", OK, 10 },
	{ "reset behind the end",
	    "head 200 \"Content-Length: 10\"; body 10; delay 20; reset", OK,
	    10 },
	{ "a pause in the head",
	    "send \"HTTP/1.1 200 OK\\r\\nContent-\"; delay 100;"
	    "send \"Length: 3\\r\\n\\r\\n\"; body 3",
	    OK, 3 },
	{ "a pause in the body",
	    "head 200 \"Content-Length: 10\"; body 5; delay 100; body 5", OK,
	    10 },

	{ "surplus",
	    "head 200 \"Content-Length: 5\"; body 5; head 200 "
	    "\"Content-Length: 3\"; send \"BAD\"",
	    OK, 5 },
	{ "surplus behind nothing",
	    "head 200 \"Content-Length: 0\"; head 200 \"Content-Length: 3\";"
	    "send \"BAD\"",
	    OK, 0 },
	{ "surplus behind chunks",
	    "head 200 \"Transfer-Encoding: chunked\"; chunked 50; head 200 "
	    "\"Content-Length: 3\"; send \"BAD\"",
	    OK, 50 },
	{ "a body behind 204",
	    "head 204; head 200 \"Content-Length: 3\"; send \"BAD\"", OK, 0 },
	{ "one octet of surplus",
	    "head 200 \"Content-Length: 5\"; body 5; send \"\\n\"", OK, 5 },

	{ "no octet", "close", "truncated reset", 0 },
	{ "a reset at once", "reset", "reset", 0 },
	{ "a head cut off", "send \"HTTP/1.1 200 OK\\r\\nContent-Le\"; close",
	    "truncated", 0 },
	{ "a head cut off by a reset",
	    "send \"HTTP/1.1 200 OK\\r\\nContent-Le\"; reset",
	    "truncated reset", 0 },
	{ "interim responses and no more", "head 100; head 103; close",
	    "truncated", 0 },
	{ "a short body", "head 200 \"Content-Length: 10\"; body 9; close",
	    "truncated", 0 },
	{ "no body", "head 200 \"Content-Length: 10\"; close", "truncated", 0 },
	{ "a large short body",
	    "head 200 \"Content-Length: 5000000\"; body 4999999; close",
	    "truncated", 0 },
	{ "a reset in the body",
	    "head 200 \"Content-Length: 10\"; body 5; reset", "reset", 0 },
	{ "a reset in a large body",
	    "head 200 \"Content-Length: 50000000\"; body 5000000; reset",
	    "reset", 0 },
	{ "a reset in a body without length",
	    "head 200; body 50000; delay 50; reset", "reset", 0 },
	{ "no last chunk",
	    "head 200 \"Transfer-Encoding: chunked\"; send \"5\\r\\n\"; body 5;"
	    "send \"\\r\\n\"; close",
	    "truncated", 0 },
	{ "half a last chunk",
	    "head 200 \"Transfer-Encoding: chunked\"; send \"5\\r\\n\"; body 5;"
	    "send \"\\r\\n0\\r\\n\"; close",
	    "truncated", 0 },
	{ "a short chunk",
	    "head 200 \"Transfer-Encoding: chunked\"; send \"5\\r\\n\"; body 4;"
	    "close",
	    "truncated", 0 },

	{ "differing lengths",
	    "head 200 \"Content-Length: 5\" "
	    "\"Content-Length: 6\"; body 6",
	    "protocol", 0 },
	{ "a list of differing lengths",
	    "head 200 \"Content-Length: 5, 6\"; body 6", "protocol", 0 },
	{ "a negative length", "head 200 \"Content-Length: -5\"; body 5",
	    "protocol", 0 },
	{ "a signed length", "head 200 \"Content-Length: +5\"; body 5",
	    "protocol", 0 },
	{ "an empty length", "head 200 \"Content-Length: \"; body 5; close",
	    "protocol", 0 },
	{ "a length with a tail", "head 200 \"Content-Length: 5a\"; body 5",
	    "protocol", 0 },
	{ "a length in hexadecimal", "head 200 \"Content-Length: 0x5\"; body 5",
	    "protocol", 0 },
	{ "a length beyond 64 bits",
	    "head 200 \"Content-Length: 18446744073709551616\"; body 5",
	    "protocol", 0 },
	{ "HTTP/0.9", "send \"<html>Hello</html>\\r\\n\"; close", "protocol",
	    0 },
	{ "HTTP/0.9 and binary", "send \"\\0\\x01\\xff\"; stall", "protocol",
	    0 },
	{ "HTTP/2", "send \"HTTP/2.0 200 OK\\r\\n\\r\\n\"; close", "protocol",
	    0 },
	{ "an HTTP/2 frame", "send \"\\0\\0\\x12\\x04\\0\\0\\0\\0\\0\"; stall",
	    "protocol", 0 },
	{ "another protocol", "send \"220 ready\\r\\n\"; stall", "protocol",
	    0 },
	{ "a TLS alert", "send \"\\x15\\x03\\x01\\0\\x02\\x02\\x50\"; close",
	    "protocol", 0 },
	{ "a status of two digits",
	    "send \"HTTP/1.1 20 OK\\r\\nContent-Length: 0\\r\\n\\r\\n\"",
	    "protocol", 0 },
	{ "a status of four digits",
	    "send \"HTTP/1.1 2000 OK\\r\\nContent-Length: 0\\r\\n\\r\\n\"",
	    "protocol", 0 },
	{ "a status of letters",
	    "send \"HTTP/1.1 abc OK\\r\\nContent-Length: 0\\r\\n\\r\\n\"",
	    "protocol", 0 },
	{ "a NUL in a field",
	    "head 200 \"X: a\\0b\" \"Content-Length: 3\"; body 3", "protocol",
	    0 },
	{ "a bare CR in a field",
	    "head 200 \"X: a\\rb\" \"Content-Length: 3\"; body 3", "protocol",
	    0 },
	{ "a blank before a colon",
	    "head 200 \"Content-Length : 3\"; body 3; close", "protocol", 0 },
	{ "no colon", "head 200 \"Content-Length 3\"; body 3; close",
	    "protocol", 0 },
	{ "no name", "head 200 \": 3\"; body 3; close", "protocol", 0 },
	{ "a fold in the first field",
	    "head 200 \" Content-Length: 3\"; body 3; close", "protocol", 0 },
	{ "a switch of protocols",
	    "head 101 \"Upgrade: h2c\" \"Connection: upgrade\"", "protocol",
	    0 },
	{ "an unknown coding",
	    "head 200 \"Transfer-Encoding: gzip\"; body 5; close", "protocol",
	    0 },
	{ "codings over chunks",
	    "head 200 \"Transfer-Encoding: gzip, chunked\"; chunked 5",
	    "protocol", 0 },
	{ "chunked not last",
	    "head 200 \"Transfer-Encoding: chunked, gzip\"; chunked 5",
	    "protocol", 0 },
	{ "chunked twice",
	    "head 200 \"Transfer-Encoding: chunked, chunked\"; chunked 5",
	    "protocol", 0 },
	{ "chunked in HTTP/1.0",
	    "send \"HTTP/1.0 200 OK\\r\\nTransfer-Encoding: chunked"
	    "\\r\\n\\r\\n\"; chunked 5; close",
	    "protocol", 0 },
	{ "a chunk without a size",
	    "head 200 \"Transfer-Encoding: chunked\"; send \"zz\\r\\n\"; stall",
	    "protocol", 0 },
	{ "a chunk of negative size",
	    "head 200 \"Transfer-Encoding: chunked\"; send \"-5\\r\\n\"; stall",
	    "protocol", 0 },
	{ "a chunk size beyond 64 bits",
	    "head 200 \"Transfer-Encoding: chunked\"; send "
	    "\"10000000000000005\\r\\n\"; body 5; stall",
	    "protocol", 0 },
	{ "a chunk longer than its size",
	    "head 200 \"Transfer-Encoding: chunked\"; send \"5\\r\\n\"; body 9;"
	    "stall",
	    "protocol", 0 },

	{ "a redirection that is not followed",
	    "head 301 \"Location: /gen/5/elsewhere\" \"Content-Length: 3\";"
	    "body 3",
	    "status", 0 },
	{ "304", "head 304 \"Content-Length: 7\"", "status", 0 },
	{ "401", "head 401 \"Content-Length: 3\"; body 3", "status", 0 },
	{ "404 with chunks",
	    "head 404 \"Transfer-Encoding: chunked\"; chunked 3000", "status",
	    0 },
	{ "404 to the end", "head 404; body 3000; close", "status", 0 },
	{ "500 and large", "head 500 \"Content-Length: 1000000\"; body 1000000",
	    "status", 0 },
	{ "503 cut off", "head 503 \"Content-Length: 10\"; body 5; close",
	    "status truncated", 0 },
	{ "999", "head 999 \"Content-Length: 3\"; body 3", "status", 0 },

	{ "silence", "stall", "timeout", 0 },
	{ "silence in the head", "send \"HTTP/1.1 200 OK\\r\\n\"; stall",
	    "timeout", 0 },
	{ "silence in the body",
	    "head 200 \"Content-Length: 10\"; body 5; stall", "timeout", 0 },
	{ "silence between chunks",
	    "head 200 \"Transfer-Encoding: chunked\"; send \"5\\r\\n\"; body 5;"
	    "send \"\\r\\n\"; stall",
	    "timeout", 0 },
	{ "silence where the end would be", "head 200; body 5; stall",
	    "timeout", 0 },
	{ "a head that drips",
	    "drip 100; head 200 \"X: "
	    "0123456789012345678901234567890123456789\" "
	    "\"Content-Length: 0\"",
	    "timeout", 0 },
	{ "interim responses without end", "forever { head 103; delay 20 }",
	    "timeout limit", 0 },
	{ "interim responses without end and fast",
	    "forever { head 103 \"X: 0123456789\" }", "timeout limit", 0 },

	{ "a head without end",
	    "send \"HTTP/1.1 200 OK\\r\\n\";"
	    "forever { send \"X-Field: 0123456789012345678901234567890\\r\\n\" "
	    "}",
	    "limit", 0 },
	{ "a field without end",
	    "send \"HTTP/1.1 200 OK\\r\\nX: \"; forever { send \"0123456789\" "
	    "}",
	    "limit", 0 },
	{ "a status line without end",
	    "send \"HTTP/1.1 200 \"; forever { send \"0123456789\" }", "limit",
	    0 },
	{ "too many fields",
	    "send \"HTTP/1.1 200 OK\\r\\n\"; repeat 5000 { send \"A: b\\r\\n\" "
	    "};"
	    "send \"Content-Length: 0\\r\\n\\r\\n\"",
	    "limit", 0 },
	{ "an extension without end",
	    "head 200 \"Transfer-Encoding: chunked\"; send \"5;a=\"; forever { "
	    "send \"0123456789\" }",
	    "limit", 0 },
	{ "trailers without end",
	    "head 200 \"Transfer-Encoding: chunked\"; send \"5\\r\\n\"; body 5;"
	    "send \"\\r\\n0\\r\\n\"; forever { send \"X: 0123456789\\r\\n\" }",
	    "limit", 0 },
	{ "zeros without end",
	    "head 200 \"Transfer-Encoding: chunked\"; forever { send \"0\" }",
	    "limit protocol", 0 },
};

/* ---- The table, served -------------------------------------------------- */

static char *
row_target(struct world *w, size_t i)
{
	return world_text(w, "/row/%zu", i);
}

/* Between the rows stand decent requests, which must not notice. */
static char *
decent_target(struct world *w, size_t i)
{
	return world_text(w, "/gen/%zu/decent", 100 + i);
}

static void
serve_rows(struct world *w)
{
	struct buf script;
	struct buf list;

	buf_init(&script, 1U << 20);
	buf_init(&list, 1U << 20);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *line =
		    world_text(w, "%s: %s\n", row_target(w, i), rows[i].moves);

		assert_false(err_is(buf_append_str(&script, line)));
	}
	assert_false(err_is(buf_append_octet(&script, 0)));
	origin_start(w, (const char *)script.ptr, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *urls =
		    world_text(w, "%s\n%s\n", origin_url(w, row_target(w, i)),
			origin_url(w, decent_target(w, i)));

		assert_false(err_is(buf_append_str(&list, urls)));
	}
	world_write_octets(w, "list", buf_slice(&list));
	buf_fini(&script);
	buf_fini(&list);
}

static bool
has_word(const char *words, const char *word)
{
	size_t len = strlen(word);
	const char *at = words;

	while ((at = strstr(at, word)) != NULL) {
		if ((at == words || at[-1] == ' ') &&
		    (at[len] == ' ' || at[len] == '\0'))
			return true;
		at += len;
	}
	return false;
}

/* What is wrong with the end of a row, or NULL. */
static const char *
row_problem(struct world *w, const struct records *r, size_t i, const char *dir)
{
	const struct row *row = &rows[i];
	struct slice record =
	    records_find(r, "url", origin_url(w, row_target(w, i)));
	char *name =
	    world_text(w, "%s/%s%s", dir, origin_host(w), row_target(w, i));
	char *error = json_get(w, record, "error");

	if (strcmp(row->ends, OK) != 0) {
		if (world_has(w, name))
			return "it has left a file";
		return has_word(row->ends, error) ? NULL : error;
	}
	if (strcmp(json_get(w, record, "ok"), "true") != 0)
		return world_text(
		    w, "%s: %s", error, json_get(w, record, "message"));
	expect_pattern(w, name, row_target(w, i), row->len);
	return NULL;
}

static void
expect_rows(struct world *w, const char *log, const char *dir)
{
	struct records r = records_read(w, log);
	size_t wrong = 0;

	assert_int_equal(r.count, 2 * COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *problem = row_problem(w, &r, i, dir);

		if (problem != NULL) {
			print_message("%s: %s instead of %s\n", rows[i].name,
			    problem, rows[i].ends);
			wrong++;
		}
		expect_generated(w, dir, decent_target(w, i));
	}
	assert_int_equal(wrong, 0);
}

static void
run_rows(struct world *w, const char *concurrency)
{
	/* What is looked at is the one response to the one request. */
	const char *words[] = { "-c", concurrency, "-d", "out", "--log", "log",
		"--head-timeout", "1.5", "--idle-timeout", "0.7", "--retry",
		"0", "--no-location", "list", NULL };
	struct run_spec spec = { .words = words, .seconds = 60 };

	/* Valgrind is no peer to be timed out. */
	if (run_slowness() > 1) {
		words[7] = "6";
		words[9] = "4";
	}
	serve_rows(w);
	expect_exit(run_spec(w, &spec), 1);
	expect_rows(w, "log", "out");
}

/* Every request meets what the one before it has left behind. */
static void
each_response_fails_its_own_request_at_most(void **state)
{
	run_rows(*state, "1");
}

static void
many_responses_at_a_time_do_so_as_well(void **state)
{
	run_rows(*state, "30");
}

/* ---- HEAD --------------------------------------------------------------- */

static const struct row head_rows[] = {
	{ "a length", "head 200 \"Content-Length: 1000\"", OK, 0 },
	{ "chunked", "head 200 \"Transfer-Encoding: chunked\"", OK, 0 },
	{ "no length", "head 200", OK, 0 },
	{ "an interim one", "head 103; head 200 \"Content-Length: 5\"", OK, 0 },
	{ "a body that must not be there",
	    "head 200 \"Content-Length: 5\"; send \"HTTP/\"", OK, 0 },
	{ "404", "head 404 \"Content-Length: 5\"", "status", 0 },
	{ "304", "head 304", "status", 0 },
	{ "differing lengths",
	    "head 200 \"Content-Length: 5\" \"Content-Length: 6\"", "protocol",
	    0 },
	{ "a head cut off", "send \"HTTP/1.1 200 OK\\r\\n\"; close",
	    "truncated", 0 },
};

static void
head_requests_have_no_bodies_and_store_nothing(void **state)
{
	struct world *w = *state;
	char *script = world_text(w, "%s", "");
	char *list = world_text(w, "%s", "");
	struct records r;

	for (size_t i = 0; i < COUNT(head_rows); i++)
		script = world_text(
		    w, "%s/row/%zu: %s\n", script, i, head_rows[i].moves);
	origin_start(w, script, NULL);
	for (size_t i = 0; i < COUNT(head_rows); i++)
		list = world_text(w, "%s%s\n%s\n", list,
		    origin_url(w, row_target(w, i)),
		    origin_url(w, decent_target(w, i)));
	world_write(w, "list", list);
	expect_exit(bulkfetch(w, "-I", "--retry", "0", "-c", "1", "-d", "out",
			"--log", "log", "--idle-timeout", "3", "list", NULL),
	    1);
	assert_int_equal(world_count_files(w, "out"), 0);
	r = records_read(w, "log");
	for (size_t i = 0; i < COUNT(head_rows); i++) {
		struct slice record =
		    records_find(&r, "url", origin_url(w, row_target(w, i)));
		const char *ends = head_rows[i].ends;

		expect_member(
		    &r, record, "error", strcmp(ends, OK) == 0 ? NULL : ends);
		record =
		    records_find(&r, "url", origin_url(w, decent_target(w, i)));
		expect_member(&r, record, "ok", "true");
	}
	assert_null(strstr(origin_requests(w, &(size_t){ 0 })[0].line, "GET"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(each_response_fails_its_own_request_at_most),
		WORLD_TEST(many_responses_at_a_time_do_so_as_well),
		WORLD_TEST(head_requests_have_no_bodies_and_store_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
