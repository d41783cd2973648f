/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"

#include "bulkfetch.h"
#include "http/request.h"

#define AGENT "User-Agent: bulkfetch/" BULKFETCH_VERSION "\r\n"
#define ACCEPT "Accept: */*\r\n"
#define FORM_TYPE "Content-Type: application/x-www-form-urlencoded\r\n"

static const struct row {
	const char *url;
	struct request_wishes wishes; /* fields and field_count: below */
	const char *fields[4];
	const char *head;
} rows[] = {
	{ "http://h/a?b", { 0 }, { 0 },
	    "GET /a?b HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT "\r\n" },
	{ "http://h:81", { .method = "HEAD" }, { 0 },
	    "HEAD / HTTP/1.1\r\nHost: h:81\r\n" AGENT ACCEPT "\r\n" },
	{ "http://[::1]:81", { 0 }, { 0 },
	    "GET / HTTP/1.1\r\nHost: [::1]:81\r\n" AGENT ACCEPT "\r\n" },
	{ "http://[fe80::1%25eth0]:81", { 0 }, { 0 },
	    "GET / HTTP/1.1\r\nHost: [fe80::1]:81\r\n" AGENT ACCEPT "\r\n" },
	{ "http://h./", { 0 }, { 0 },
	    "GET / HTTP/1.1\r\nHost: h.\r\n" AGENT ACCEPT "\r\n" },
	{ "http://h/", { .user_agent = "me", .referer = "http://r/" }, { 0 },
	    "GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: me\r\n" ACCEPT
	    "Referer: http://r/\r\n\r\n" },
	{ "http://h/", { .user_agent = "" }, { 0 },
	    "GET / HTTP/1.1\r\nHost: h\r\n" ACCEPT "\r\n" },
	/* bodies */
	{ "http://h/", { .has_body = true, .body_len = 12 }, { 0 },
	    "POST / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT
	    "Content-Length: 12\r\n" FORM_TYPE "\r\n" },
	{ "http://h/", { .method = "PUT", .has_body = true },
	    { "content-type: text/plain" },
	    "PUT / HTTP/1.1\r\nHost: h\r\ncontent-type: text/plain\r\n" AGENT
		ACCEPT "Content-Length: 0\r\n\r\n" },
	{ "http://h/", { .has_body = true, .body_len = UINT64_MAX },
	    { "Content-Type:" },
	    "POST / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT
	    "Content-Length: 18446744073709551615\r\n\r\n" },
	{ "http://h/", { .method = "POST" }, { 0 },
	    "POST / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT
	    "Content-Length: 0\r\n\r\n" },
	{ "http://h/", { .method = "DELETE" }, { 0 },
	    "DELETE / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT "\r\n" },
	/* the user's fields */
	{ "http://h/", { 0 }, { "X-A: 1", "X-B:\t2 ", "X-A:3: 4", "X-C;" },
	    "GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-B: 2\r\nX-A: 3: 4\r\n"
	    "X-C:\r\n" AGENT ACCEPT "\r\n" },
	{ "http://h/", { .user_agent = "me", .referer = "r" },
	    { "USER-AGENT: you", "accept: a/b", "Referer:", "X:" },
	    "GET / HTTP/1.1\r\nHost: h\r\nUSER-AGENT: you\r\naccept: a/b\r\n"
	    "\r\n" },
	{ "http://h/", { 0 }, { "User-Agent:", "Accept: ", "Expect:", "TE:" },
	    "GET / HTTP/1.1\r\nHost: h\r\n\r\n" },
	{ "http://h/", { 0 }, { "host: other" },
	    "GET / HTTP/1.1\r\nhost: other\r\n" AGENT ACCEPT "\r\n" },
	/* codings: the user's word wins, and a part is not to be coded */
	{ "http://h/", { .accept_encoding = "gzip, br" }, { 0 },
	    "GET / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT
	    "Accept-Encoding: gzip, br\r\n\r\n" },
	{ "http://h/", { .accept_encoding = "gzip, br" },
	    { "accept-encoding: x" },
	    "GET / HTTP/1.1\r\nHost: h\r\naccept-encoding: x\r\n" AGENT ACCEPT
	    "\r\n" },
	{ "http://h/", { .accept_encoding = "gzip, br" },
	    { "Accept-Encoding:" },
	    "GET / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT "\r\n" },
	{ "http://h/", { .accept_encoding = "gzip, br" },
	    { "Range: bytes=0-9" },
	    "GET / HTTP/1.1\r\nHost: h\r\nRange: bytes=0-9\r\n" AGENT ACCEPT
	    "Accept-Encoding: identity\r\n\r\n" },
	{ "http://h/", { .accept_encoding = "gzip, br" }, { "Range:" },
	    "GET / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT
	    "Accept-Encoding: gzip, br\r\n\r\n" },
	{ "http://h/", { 0 }, { "Range: bytes=0-9" },
	    "GET / HTTP/1.1\r\nHost: h\r\nRange: bytes=0-9\r\n" AGENT ACCEPT
	    "\r\n" },
	/* what is the proxy's: never here */
	{ "http://h/", { 0 },
	    { "Proxy-Authorization: a", "X: y", "PROXY-authorization;" },
	    "GET / HTTP/1.1\r\nHost: h\r\nX: y\r\n" AGENT ACCEPT "\r\n" },
	{ "http://h/", { 0 }, { "Host;" },
	    "GET / HTTP/1.1\r\nHost:\r\n" AGENT ACCEPT "\r\n" },
	/* credentials: a:b is YTpi, u:p is dTpw */
	{ "http://h/", { .credentials = "a:b" }, { 0 },
	    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YTpi\r\n" AGENT
		ACCEPT "\r\n" },
	{ "http://u:p@h/", { .credentials = "a:b" }, { 0 },
	    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpw\r\n" AGENT
		ACCEPT "\r\n" },
	{ "http://%75%3Ap@h/", { 0 }, { 0 },
	    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpw\r\n" AGENT
		ACCEPT "\r\n" },
	{ "http://@h/", { .credentials = "a:b" }, { 0 },
	    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YTpi\r\n" AGENT
		ACCEPT "\r\n" },
	{ "http://u:p@h/", { .credentials = "a:b" },
	    { "authorization: Bearer t" },
	    "GET / HTTP/1.1\r\nHost: h\r\nauthorization: Bearer t\r\n" AGENT
		ACCEPT "\r\n" },
	{ "http://u:p@h/", { .credentials = "a:b" }, { "Authorization:" },
	    "GET / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT "\r\n" },
};

#define FOREIGN .is_foreign = true
#define REWRITTEN .is_rewritten = true

/* What redirects leave of the wishes. */
static const struct row redirected[] = {
	/* to another origin: nothing that was meant for the first one */
	{ "http://h/", { FOREIGN, .credentials = "a:b", .referer = "r" }, { 0 },
	    "GET / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT "Referer: r\r\n\r\n" },
	{ "http://h/", { FOREIGN },
	    { "Authorization: a", "cookie: b", "COOKIE2: c", "X-D: d" },
	    "GET / HTTP/1.1\r\nHost: h\r\nX-D: d\r\n" AGENT ACCEPT "\r\n" },
	{ "http://h/", { FOREIGN },
	    { "Proxy-Authorization: a", "host: b", "Cookie;", "Cookies: c" },
	    "GET / HTTP/1.1\r\nHost: h\r\nCookies: c\r\n" AGENT ACCEPT "\r\n" },
	{ "http://h/", { FOREIGN }, { "Host;", "Accept:", "User-Agent: u" },
	    "GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: u\r\n\r\n" },
	/* but its own userinfo (u:p is dTpw) ... */
	{ "http://u:p@h/", { FOREIGN, .credentials = "a:b" },
	    { "Authorization: Bearer t" },
	    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpw\r\n" AGENT
		ACCEPT "\r\n" },
	/* ... unless the user wants no Authorization at all */
	{ "http://u:p@h/", { FOREIGN, .credentials = "a:b" },
	    { "Authorization:" },
	    "GET / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT "\r\n" },
	{ "http://h/", { FOREIGN, .has_body = true, .body_len = 3 }, { 0 },
	    "POST / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT
	    "Content-Length: 3\r\n" FORM_TYPE "\r\n" },
	/* into GET: nothing of the body */
	{ "http://h/", { REWRITTEN, .has_body = true, .body_len = 3 }, { 0 },
	    "GET / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT "\r\n" },
	{ "http://h/", { REWRITTEN, .method = "POST" }, { 0 },
	    "GET / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT "\r\n" },
	{ "http://h/", { REWRITTEN, .method = "PUT", .has_body = true },
	    { "Content-Type: a/b", "content-encoding: gzip", "Content-X: y" },
	    "GET / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT "\r\n" },
	{ "http://h/", { REWRITTEN, .method = "HEAD" }, { "Content-Type:" },
	    "HEAD / HTTP/1.1\r\nHost: h\r\n" AGENT ACCEPT "\r\n" },
	{ "http://h/", { REWRITTEN, .method = "DELETE", .credentials = "a:b" },
	    { "Content: a", "X-Content-Y: b", "Cookie: c", "Content-;" },
	    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YTpi\r\n"
	    "Content: a\r\nX-Content-Y: b\r\nCookie: c\r\n" AGENT ACCEPT
	    "\r\n" },
	/* both */
	{ "http://h/",
	    { FOREIGN, REWRITTEN, .has_body = true, .credentials = "a:b" },
	    { "Host: o", "Cookie: c", "Content-Type: a/b", "Range: bytes=0-" },
	    "GET / HTTP/1.1\r\nHost: h\r\nRange: bytes=0-\r\n" AGENT ACCEPT
	    "\r\n" },
};

/* The row's wishes with its fields. */
static struct request_wishes
wishes_of(const struct row *row)
{
	struct request_wishes wishes = row->wishes;

	wishes.fields = row->fields;
	while (wishes.field_count < COUNT(row->fields) &&
	    row->fields[wishes.field_count] != NULL)
		wishes.field_count++;
	return wishes;
}

/* Form and write a request, appended to `out`. */
static struct err
compose(const char *text, const struct request_wishes *wishes, struct buf *out)
{
	struct request_form form;
	struct buf space;
	struct url url;
	struct err err = request_form_init(&form, wishes);

	buf_init(&space, URL_SPACE_MAX);
	if (!err_is(err))
		err = url_parse(slice_str(text), &space, &url);
	if (!err_is(err))
		err = request_write(&form, &url, NULL, out);
	buf_fini(&space);
	request_form_fini(&form);
	return err;
}

static void
expect_row(const struct row *row)
{
	struct request_wishes wishes = wishes_of(row);
	struct buf out;

	buf_init(&out, REQUEST_HEAD_MAX);
	(void)buf_append_str(&out, "before");
	expect_kind(row->url, compose(row->url, &wishes, &out), ERR_NONE);
	assert_memory_equal(out.ptr, "before", 6);
	expect_text(row->url, slice_from(buf_slice(&out), 6), row->head);
	buf_fini(&out);
}

static void
writes_what_was_wished(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_row(&rows[i]);
}

static void
leaves_out_what_a_redirect_has_made_void(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(redirected); i++)
		expect_row(&redirected[i]);
}

static void
refuses_what_would_break_the_message(void **state)
{
	static const struct {
		struct request_wishes wishes;
		const char *field;
	} bad[] = {
		{ { .method = "" }, NULL },
		{ { .method = "GET /" }, NULL },
		{ { .method = "GET\r\n" }, NULL },
		{ { .method = "CONNECT" }, NULL },
		{ { .user_agent = "a\r\nX: y" }, NULL },
		{ { .user_agent = "a\x7f" }, NULL },
		{ { .referer = "a\nb" }, NULL },
		{ { 0 }, "" },
		{ { 0 }, "X" },
		{ { 0 }, ": b" },
		{ { 0 }, ":" },
		{ { 0 }, ";" },
		{ { 0 }, "X; y" },
		{ { 0 }, "X : y" },
		{ { 0 }, " X: y" },
		{ { 0 }, "X y: z" },
		{ { 0 }, "X: y\r\nZ: a" },
		{ { 0 }, "X: y\rz" },
		{ { 0 }, "X: y\nz" },
		{ { 0 }, "X: \x01" },
		{ { 0 }, "X\r\nY: z" },
		{ { 0 }, "Content-Length: 5" },
		{ { 0 }, "Content-Length:" },
		{ { 0 }, "content-length;" },
		{ { 0 }, "Transfer-Encoding: chunked" },
		{ { 0 }, "TE: trailers" },
		{ { 0 }, "Trailer: x" },
		{ { 0 }, "upgrade: h2c" },
		{ { 0 }, "Expect: 100-continue" },
		{ { 0 }, "Host:" },
		{ { 0 }, "Proxy-Authorization: a\r\nX: y" },
		{ { 0 }, "Proxy-Authorization: a\x7f" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct request_wishes wishes = bad[i].wishes;
		struct request_form form;
		struct err err;

		if (bad[i].field != NULL) {
			wishes.fields = &bad[i].field;
			wishes.field_count = 1;
		}
		err = request_form_init(&form, &wishes);
		if (err.kind != ERR_REQUEST || err.why == NULL)
			fail_msg("row %zu: err %s", i, err_name(err.kind));
		assert_null(form.fields.ptr);
		request_form_fini(&form);
	}
}

static void
finds_what_is_said_to_proxies(void **state)
{
	static const struct {
		const char *fields[4];
		const char *value; /* NULL: nothing is said */
	} words[] = {
		{ { NULL }, NULL },
		{ { "X: y", "Authorization: a", "Proxy-Authorizations: b" },
		    NULL },
		{ { "X: y", "proxy-authorization: \tBearer  a \t" },
		    "Bearer  a" },
		{ { "Proxy-Authorization: a", "Proxy-Authorization: b",
		      "X: y" },
		    "b" },
		{ { "Proxy-Authorization:" }, "" },
		{ { "Proxy-Authorization; " }, NULL },
		{ { "Proxy-Authorization;" }, "" },
		{ { "Proxy-Authorization: a", "PROXY-AUTHORIZATION:" }, "" },
		{ { "Proxy-Authorization:", "Proxy-Authorization: a" }, "a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		struct slice value = slice_str("as before");
		size_t count = 0;
		bool is_said;

		while (words[i].fields[count] != NULL)
			count++;
		is_said =
		    request_find_proxy_field(words[i].fields, count, &value);
		assert_int_equal(is_said, words[i].value != NULL);
		expect_text(
		    "value", value, is_said ? words[i].value : "as before");
	}
}

static void
refuses_a_second_host(void **state)
{
	static const char *const fields[] = { "Host: a", "host: b" };
	struct request_wishes wishes = { .fields = fields, .field_count = 2 };
	struct request_form form;

	(void)state;
	assert_int_equal(request_form_init(&form, &wishes).kind, ERR_REQUEST);
}

static void
knows_what_the_methods_mean(void **state)
{
	static const struct {
		const char *method;
		bool is_rewritten;
		bool is_get;
		bool is_head;
		bool is_idempotent;
	} methods[] = {
		{ NULL, false, true, false, true },
		{ "GET", false, true, false, true },
		{ "HEAD", false, false, true, true },
		{ "PUT", false, false, false, true },
		{ "DELETE", false, false, false, true },
		{ "OPTIONS", false, false, false, true },
		{ "TRACE", false, false, false, true },
		{ "POST", false, false, false, false },
		{ "PATCH", false, false, false, false },
		{ "head", false, false, false, false },
		{ "get", false, false, false, false },
		{ "BREW", false, false, false, false },
		{ NULL, true, true, false, true },
		{ "HEAD", true, false, true, true },
		{ "POST", true, true, false, true },
		{ "BREW", true, true, false, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(methods); i++) {
		struct request_wishes wishes = { .method = methods[i].method,
			.is_rewritten = methods[i].is_rewritten };
		struct request_form form;

		assert_false(err_is(request_form_init(&form, &wishes)));
		assert_int_equal(form.is_get, methods[i].is_get);
		assert_int_equal(form.is_head, methods[i].is_head);
		assert_int_equal(form.is_idempotent, methods[i].is_idempotent);
		request_form_fini(&form);
	}
}

static void
says_what_the_user_has_a_word_on(void **state)
{
	static const struct {
		const char *field;
		bool has_authorization;
		bool has_range;
		bool has_conditions;
	} words[] = {
		{ "X: y", false, false, false },
		{ "Authorization: a", true, false, false },
		{ "authorization:", true, false, false },
		{ "Range: bytes=0-1", false, true, false },
		{ "range;", false, true, false },
		{ "Range:", false, true, false },
		{ "If-Range: \"a\"", false, true, false },
		{ "If-Match: *", false, false, true },
		{ "If-None-Match: *", false, false, true },
		{ "IF-NONE-MATCH:", false, false, true },
		{ "If-Modified-Since: x", false, false, true },
		{ "If-Unmodified-Since: x", false, false, true },
		{ "If: (a)", false, false, false },
		{ "Ranges: a", false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		struct request_wishes wishes = { .fields = &words[i].field,
			.field_count = 1 };
		struct request_form form;

		assert_false(err_is(request_form_init(&form, &wishes)));
		if (form.has_authorization != words[i].has_authorization ||
		    form.has_range != words[i].has_range ||
		    form.has_conditions != words[i].has_conditions)
			fail_msg("%s", words[i].field);
		request_form_fini(&form);
		assert_false(form.has_authorization || form.has_range ||
		    form.has_conditions || form.is_get);
	}
}

static void
leaves_out_as_it_was_when_it_does_not_fit(void **state)
{
	struct request_wishes wishes = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, 50);
	(void)buf_append_str(&out, "before");
	assert_int_equal(compose("http://h/", &wishes, &out).kind, ERR_LIMIT);
	assert_int_equal(compose("http://u@h/", &wishes, &out).kind, ERR_LIMIT);
	expect_text("out", buf_slice(&out), "before");
	buf_fini(&out);
}

static void
survives_each_refused_allocation(void **state)
{
	static const char *const fields[] = { "X: y", "Z:" };
	struct request_wishes wishes = { .fields = fields,
		.field_count = 2,
		.credentials = "a:b",
		.referer = "r",
		.has_body = true };

	(void)state;
	for (size_t n = 1;; n++) {
		struct buf out;
		struct err err;

		buf_init(&out, REQUEST_HEAD_MAX);
		refuse_begin(n);
		err = compose("http://u:p@h/", &wishes, &out);
		if (!refuse_end()) {
			assert_false(err_is(err));
			buf_fini(&out);
			assert_true(n > 5);
			break;
		}
		assert_int_equal(err.kind, ERR_NOMEM);
		assert_int_equal(out.len, 0);
		buf_fini(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_was_wished),
		cmocka_unit_test(refuses_what_would_break_the_message),
		cmocka_unit_test(finds_what_is_said_to_proxies),
		cmocka_unit_test(refuses_a_second_host),
		cmocka_unit_test(leaves_out_what_a_redirect_has_made_void),
		cmocka_unit_test(knows_what_the_methods_mean),
		cmocka_unit_test(says_what_the_user_has_a_word_on),
		cmocka_unit_test(leaves_out_as_it_was_when_it_does_not_fit),
		cmocka_unit_test(survives_each_refused_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
