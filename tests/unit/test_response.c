#include "exact.h"

#include "base/buf.h"
#include "http/fields.h"
#include "http/response.h"

#define OK "HTTP/1.1 200 OK\r\n"

/*
 * Input and what comes of it: the kind of failure, or "STATUS MINOR FRAMING
 * LENGTH PERSISTENT [REASON] FIELDS" and how many octets are left behind the
 * head; NULL where octets are missing.
 */
static const struct row {
	struct slice in;
	bool to_head;
	enum err_kind kind;
	const char *result;
	size_t rest;
} rows[] = {
	/* the status line */
	{ TEXT("HTTP/1.1 200 OK\r\n\r\n"), false, ERR_NONE,
	    "200 1 close 0 - [OK] ", 0 },
	{ TEXT("HTTP/1.1 200\r\nA: b\r\n\r\nbody"), false, ERR_NONE,
	    "200 1 close 0 - [] A=b;", 4 },
	{ TEXT("HTTP/1.1 200 \r\n\r\n"), false, ERR_NONE, "200 1 close 0 - [] ",
	    0 },
	{ TEXT("HTTP/1.1 200\n\n"), false, ERR_NONE, "200 1 close 0 - [] ", 0 },
	{ TEXT("HTTP/1.1 200  \tNot  so OK\xff \r\n\r\n"), false, ERR_NONE,
	    "200 1 close 0 - [Not  so OK\xff] ", 0 },
	{ TEXT("HTTP/1.0 404 No\r\nContent-Length: 0\r\n\r\n"), false, ERR_NONE,
	    "404 0 length 0 - [No] Content-Length=0;", 0 },
	{ TEXT("HTTP/1.7 999 X\r\nContent-Length: 0\r\n\r\n"), false, ERR_NONE,
	    "999 1 length 0 keep [X] Content-Length=0;", 0 },
	{ TEXT("\r\nHTTP/1.1 200 OK\r\n\r\nX"), false, ERR_NONE,
	    "200 1 close 0 - [OK] ", 1 },
	{ TEXT("\n\nHTTP/1.1 200 OK\n\n"), false, ERR_NONE,
	    "200 1 close 0 - [OK] ", 0 },
	{ TEXT("\nHTTP/1.1 200 OK\n\r\nX"), false, ERR_NONE,
	    "200 1 close 0 - [OK] ", 1 },
	{ TEXT("\n\n\nHTTP/1.1 200 OK\n\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("\r\n\r\nHTTP/1.1 200 OK\n\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("\n\r\nHTTP/1.1 200 OK\n\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("\rHTTP/1.1 200 OK\n\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/2.0 200 OK\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/2 200\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/0.9 200 OK\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/1.10 200 OK\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("http/1.1 200 OK\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("ICY 200 OK\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("SSH-2.0"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("<html>"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/1.1 20\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/1.1 2000 OK\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/1.1 099 OK\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/1.1 -20 OK\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/1.1  200 OK\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/1.1\t200 OK\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/1.1 200OK\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/1.1 200 a\0b\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/1.1 200 a\rb\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/1.1 200\rb\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/1.1 101 X\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },

	/* octets are missing */
	{ TEXT(""), false, ERR_NONE, NULL, 0 },
	{ TEXT("\r"), false, ERR_NONE, NULL, 1 },
	{ TEXT("\r\n"), false, ERR_NONE, NULL, 2 },
	{ TEXT("HTTP/1.1 200 OK\r\nA: b\r\n\r"), false, ERR_NONE, NULL, 24 },
	{ TEXT("HTTP/1.1 200 OK\r\nA: b\r\n"), false, ERR_NONE, NULL, 23 },

	/* fields */
	{ TEXT(OK "A: b\r\n c\r\nD:e\n\n"), false, ERR_NONE,
	    "200 1 close 0 - [OK] A=b\r\n c;D=e;", 0 },
	{ TEXT(OK "A: b\r\n \r\n\r\n"), false, ERR_NONE,
	    "200 1 close 0 - [OK] A=b;", 0 },
	{ TEXT(OK " A: b\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "A : b\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "A: b\0\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "A: b\rc\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "nonsense\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },

	/* Content-Length */
	{ TEXT(OK "Content-Length: 12\r\n\r\nabc"), false, ERR_NONE,
	    "200 1 length 12 keep [OK] Content-Length=12;", 3 },
	{ TEXT(OK "content-LENGTH:007\r\n\r\n"), false, ERR_NONE,
	    "200 1 length 7 keep [OK] content-LENGTH=007;", 0 },
	{ TEXT(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), false,
	    ERR_NONE,
	    "200 1 length 5 keep [OK] Content-Length=5;Content-Length=5;", 0 },
	{ TEXT(OK "Content-Length: 5, 5,05\r\n\r\n"), false, ERR_NONE,
	    "200 1 length 5 keep [OK] Content-Length=5, 5,05;", 0 },
	{ TEXT(OK "Content-Length: 9223372036854775807\r\n\r\n"), false,
	    ERR_NONE,
	    "200 1 length 9223372036854775807 keep [OK] "
	    "Content-Length=9223372036854775807;",
	    0 },
	{ TEXT(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), false,
	    ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "Content-Length: 5, 6\r\n\r\n"), false, ERR_PROTOCOL, NULL,
	    0 },
	{ TEXT(OK "Content-Length:\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "Content-Length: ,\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "Content-Length: -1\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "Content-Length: +1\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "Content-Length: 1 2\r\n\r\n"), false, ERR_PROTOCOL, NULL,
	    0 },
	{ TEXT(OK "Content-Length: 1\r\n 2\r\n\r\n"), false, ERR_PROTOCOL, NULL,
	    0 },
	{ TEXT(OK "Content-Length: 0x1\r\n\r\n"), false, ERR_PROTOCOL, NULL,
	    0 },
	{ TEXT(OK "Content-Length: 1;\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "Content-Length: \"1\"\r\n\r\n"), false, ERR_PROTOCOL, NULL,
	    0 },
	{ TEXT(OK "Content-Length: 1.0\r\n\r\n"), false, ERR_PROTOCOL, NULL,
	    0 },
	{ TEXT(OK "Content-Length: 9223372036854775808\r\n\r\n"), false,
	    ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "Content-Length: 18446744073709551621\r\n\r\n"), false,
	    ERR_PROTOCOL, NULL, 0 },

	/* Transfer-Encoding */
	{ TEXT(OK "Transfer-Encoding: chunked\r\n\r\n"), false, ERR_NONE,
	    "200 1 chunked 0 keep [OK] Transfer-Encoding=chunked;", 0 },
	{ TEXT(OK "transfer-encoding: ,CHUNKED\r\n\r\n"), false, ERR_NONE,
	    "200 1 chunked 0 keep [OK] transfer-encoding=,CHUNKED;", 0 },
	{ TEXT(OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"),
	    false, ERR_NONE,
	    "200 1 chunked 0 - [OK] Transfer-Encoding=chunked;"
	    "Content-Length=5;",
	    0 },
	{ TEXT(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
	    false, ERR_NONE,
	    "200 1 chunked 0 - [OK] Content-Length=5;"
	    "Transfer-Encoding=chunked;",
	    0 },
	{ TEXT(OK "Transfer-Encoding: gzip, chunked\r\n\r\n"), false,
	    ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"
		  "\r\n"),
	    false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "Transfer-Encoding: chunked, chunked\r\n\r\n"), false,
	    ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "Transfer-Encoding: chunked, identity\r\n\r\n"), false,
	    ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "Transfer-Encoding: identity\r\n\r\n"), false, ERR_PROTOCOL,
	    NULL, 0 },
	{ TEXT(OK "Transfer-Encoding: xchunked\r\n\r\n"), false, ERR_PROTOCOL,
	    NULL, 0 },
	{ TEXT(OK "Transfer-Encoding: chunked;a=b\r\n\r\n"), false,
	    ERR_PROTOCOL, NULL, 0 },
	{ TEXT(OK "Transfer-Encoding:\r\n\r\n"), false, ERR_PROTOCOL, NULL, 0 },
	{ TEXT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), false,
	    ERR_PROTOCOL, NULL, 0 },

	/* no body */
	{ TEXT(OK "Content-Length: 5\r\n\r\n"), true, ERR_NONE,
	    "200 1 none 0 keep [OK] Content-Length=5;", 0 },
	{ TEXT(OK "Transfer-Encoding: chunked\r\n\r\n"), true, ERR_NONE,
	    "200 1 none 0 keep [OK] Transfer-Encoding=chunked;", 0 },
	{ TEXT(OK "\r\n"), true, ERR_NONE, "200 1 none 0 keep [OK] ", 0 },
	{ TEXT("HTTP/1.1 204 N\r\nContent-Length: 5\r\n\r\n"), false, ERR_NONE,
	    "204 1 none 0 keep [N] Content-Length=5;", 0 },
	{ TEXT("HTTP/1.1 304 N\r\n\r\n"), false, ERR_NONE,
	    "304 1 none 0 keep [N] ", 0 },
	{ TEXT("HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), false,
	    ERR_NONE, "100 1 none 0 keep [C] ", 19 },
	{ TEXT("HTTP/1.1 103 E\r\nContent-Length: 5\r\n\r\n"), false, ERR_NONE,
	    "103 1 none 0 keep [E] Content-Length=5;", 0 },
	{ TEXT("HTTP/1.1 205 R\r\nContent-Length: 0\r\n\r\n"), false, ERR_NONE,
	    "205 1 length 0 keep [R] Content-Length=0;", 0 },

	/* persistence */
	{ TEXT("HTTP/1.1 204 N\r\nConnection: close\r\n\r\n"), false, ERR_NONE,
	    "204 1 none 0 - [N] Connection=close;", 0 },
	{ TEXT("HTTP/1.1 204 N\r\nconnection: Foo, CLOSE\r\n\r\n"), false,
	    ERR_NONE, "204 1 none 0 - [N] connection=Foo, CLOSE;", 0 },
	{ TEXT("HTTP/1.1 204 N\r\nConnection: a\r\nConnection: close\r\n\r\n"),
	    false, ERR_NONE,
	    "204 1 none 0 - [N] Connection=a;Connection=close;", 0 },
	{ TEXT("HTTP/1.1 204 N\r\nConnection: closed\r\n\r\n"), false, ERR_NONE,
	    "204 1 none 0 keep [N] Connection=closed;", 0 },
	{ TEXT("HTTP/1.1 204 N\r\nKeep-Alive: close\r\n\r\n"), false, ERR_NONE,
	    "204 1 none 0 keep [N] Keep-Alive=close;", 0 },
	{ TEXT("HTTP/1.0 204 N\r\n\r\n"), false, ERR_NONE,
	    "204 0 none 0 - [N] ", 0 },
	{ TEXT("HTTP/1.0 204 N\r\nConnection: Keep-Alive\r\n\r\n"), false,
	    ERR_NONE, "204 0 none 0 keep [N] Connection=Keep-Alive;", 0 },
	{ TEXT("HTTP/1.0 204 N\r\nConnection: keep-alive, close\r\n\r\n"),
	    false, ERR_NONE, "204 0 none 0 - [N] Connection=keep-alive, close;",
	    0 },
	{ TEXT(OK "Connection: keep-alive\r\n\r\n"), false, ERR_NONE,
	    "200 1 close 0 - [OK] Connection=keep-alive;", 0 },
};

static const char *const framings[] = {
	[RESPONSE_NO_BODY] = "none",
	[RESPONSE_LENGTH] = "length",
	[RESPONSE_CHUNKED] = "chunked",
	[RESPONSE_CLOSE] = "close",
};

/* The response in words, as in the table. */
static void
describe(const struct response *res, struct buf *out)
{
	struct slice lines = res->fields;
	struct field field;
	bool more = true;

	(void)buf_append_u64(out, res->status);
	(void)buf_append_octet(out, ' ');
	(void)buf_append_u64(out, res->minor);
	(void)buf_append_octet(out, ' ');
	(void)buf_append_str(out, framings[res->framing]);
	(void)buf_append_octet(out, ' ');
	(void)buf_append_u64(out, res->length);
	(void)buf_append_str(out, res->is_persistent ? " keep [" : " - [");
	(void)buf_append(out, res->reason);
	(void)buf_append_str(out, "] ");
	while (!err_is(fields_next(&lines, &field, &more)) && more) {
		(void)buf_append(out, field.name);
		(void)buf_append_octet(out, '=');
		(void)buf_append(out, field.value);
		(void)buf_append_octet(out, ';');
	}
}

/*
 * Show the parser `first` octets of `in`, then `step` more each time, every
 * time in another place.
 */
static struct err
parse(const struct row *row, size_t first, size_t step, struct buf *out,
    size_t *rest)
{
	struct response_scan scan;
	size_t len = first;

	response_scan_init(&scan);
	for (;;) {
		struct response res;
		bool whole = false;
		struct slice in = exact_copy(slice_first(row->in, len));
		struct err err =
		    response_parse(&scan, in, row->to_head, &res, &whole);

		*rest = row->in.len;
		if (!err_is(err) && whole) {
			describe(&res, out);
			assert_ptr_equal(res.head.ptr, in.ptr);
			*rest -= res.head.len;
		}
		exact_free(in);
		if (err_is(err) || whole || len == row->in.len)
			return err;
		len = row->in.len - len < step ? row->in.len : len + step;
	}
}

static void
expect_row(const struct row *row, size_t first, size_t step)
{
	const char *name = (const char *)row->in.ptr;
	struct buf out;
	size_t rest = 0;

	buf_init(&out, 4096);
	expect_kind(name, parse(row, first, step, &out, &rest), row->kind);
	expect_text(name, buf_slice(&out), row->result);
	if (row->kind == ERR_NONE && rest != row->rest)
		fail_msg("%s: %zu octets left", name, rest);
	buf_fini(&out);
}

static void
parses_the_same_however_it_is_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = rows[i].in.len;

		expect_row(&rows[i], len, 1);
		expect_row(&rows[i], 0, 1);
		for (size_t at = 1; at < len; at++)
			expect_row(&rows[i], at, len);
	}
}

static void
refuses_a_wrong_beginning_at_once(void **state)
{
	static const char *const begins[] = { "S", "SSH-2.0", "h", "HTTQ",
		"HTTP/2", "HTTP/1.x", "HTTP/1.1x", "HTTP/1.1 x", "HTTP/1.1 0",
		"HTTP/1.1 20 ", "HTTP/1.1 200x", "\r\r", "\n\n\n", "\0" };

	(void)state;
	for (size_t i = 0; i < COUNT(begins); i++) {
		struct slice in = slice_str(begins[i]);
		struct response_scan scan;
		struct response res;
		bool whole;

		if (in.len == 0)
			in.len = 1;
		response_scan_init(&scan);
		expect_kind(begins[i],
		    response_parse(&scan, in, false, &res, &whole),
		    ERR_PROTOCOL);
	}
}

static void
leaves_the_result_alone_until_it_is_whole(void **state)
{
	struct response res = { .status = 42 };
	struct response_scan scan;
	bool whole = true;

	(void)state;
	response_scan_init(&scan);
	assert_false(err_is(response_parse(
	    &scan, slice_str("HTTP/1.1 200 OK\r\n"), false, &res, &whole)));
	assert_false(whole);
	assert_int_equal(res.status, 42);
	whole = true;
	assert_true(err_is(response_parse(&scan,
	    slice_str("HTTP/1.1 200 OK\r\nA\r\n\r\n"), false, &res, &whole)));
	assert_int_equal(res.status, 42);
	assert_true(whole);
}

/* A head of `count` times "A: b" and a field that fills it up to `len`. */
static void
compose(struct buf *head, size_t count, size_t len)
{
	(void)buf_append_str(head, OK);
	for (size_t i = 0; i < count; i++)
		(void)buf_append_str(head, "A: b\r\n");
	if (len > 0) {
		(void)buf_append_str(head, "F:");
		while (head->len < len - 4)
			(void)buf_append_octet(head, 'x');
		(void)buf_append_str(head, "\r\n");
	}
	(void)buf_append_str(head, "\r\n");
}

static void
holds_heads_to_their_limits(void **state)
{
	static const struct {
		size_t count; /* field lines */
		size_t len;   /* octets, 0 for no padding */
		size_t shown; /* of them to the parser, 0 for all */
		enum err_kind kind;
		bool whole;
	} limits[] = {
		{ RESPONSE_FIELDS_MAX, 0, 0, ERR_NONE, true },
		{ RESPONSE_FIELDS_MAX + 1, 0, 0, ERR_LIMIT, false },
		{ 1, RESPONSE_HEAD_MAX, 0, ERR_NONE, true },
		{ 1, RESPONSE_HEAD_MAX + 1, 0, ERR_LIMIT, false },
		{ 1, RESPONSE_HEAD_MAX + 1, RESPONSE_HEAD_MAX, ERR_NONE,
		    false },
		{ 1, RESPONSE_HEAD_MAX + 9, RESPONSE_HEAD_MAX + 1, ERR_LIMIT,
		    false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++) {
		struct response_scan scan;
		struct response res;
		struct slice in;
		struct buf head;
		bool whole = false;

		buf_init(&head, 2 * RESPONSE_HEAD_MAX);
		compose(&head, limits[i].count, limits[i].len);
		in = buf_slice(&head);
		if (limits[i].shown > 0)
			in.len = limits[i].shown;
		in = exact_copy(in);
		response_scan_init(&scan);
		expect_kind("limit",
		    response_parse(&scan, in, false, &res, &whole),
		    limits[i].kind);
		assert_int_equal(whole, limits[i].whole);
		exact_free(in);
		buf_fini(&head);
	}
}

static void
looks_at_each_octet_once_however_often_it_is_asked(void **state)
{
	struct response_scan scan;
	struct response res;
	struct buf head;
	bool whole = false;

	(void)state;
	buf_init(&head, RESPONSE_HEAD_MAX);
	compose(&head, 1, 10000);
	response_scan_init(&scan);
	for (size_t len = 0; len < head.len; len++) {
		assert_false(err_is(response_parse(&scan,
		    slice_first(buf_slice(&head), len), false, &res, &whole)));
		assert_false(whole);
		/* only a line end in doubt is looked at again */
		assert_true(scan.at + 2 >= len);
	}
	buf_fini(&head);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_the_same_however_it_is_split),
		cmocka_unit_test(refuses_a_wrong_beginning_at_once),
		cmocka_unit_test(leaves_the_result_alone_until_it_is_whole),
		cmocka_unit_test(holds_heads_to_their_limits),
		cmocka_unit_test(
		    looks_at_each_octet_once_however_often_it_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
