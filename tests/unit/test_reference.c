/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"

#include "http/url.h"

/* The base of RFC 3986, section 5.4. */
#define RFC "http://a/b/c/d;p?q"

static const struct {
	const char *base;
	const char *reference;
	const char *text;
} good[] = {
	/* section 5.4.1 */
	{ RFC, "g", "http://a/b/c/g" },
	{ RFC, "./g", "http://a/b/c/g" },
	{ RFC, "g/", "http://a/b/c/g/" },
	{ RFC, "/g", "http://a/g" },
	{ RFC, "//g", "http://g/" },
	{ RFC, "?y", "http://a/b/c/d;p?y" },
	{ RFC, "g?y", "http://a/b/c/g?y" },
	{ RFC, "#s", "http://a/b/c/d;p?q" },
	{ RFC, "g#s", "http://a/b/c/g" },
	{ RFC, "g?y#s", "http://a/b/c/g?y" },
	{ RFC, ";x", "http://a/b/c/;x" },
	{ RFC, "g;x", "http://a/b/c/g;x" },
	{ RFC, "g;x?y#s", "http://a/b/c/g;x?y" },
	{ RFC, "", "http://a/b/c/d;p?q" },
	{ RFC, ".", "http://a/b/c/" },
	{ RFC, "./", "http://a/b/c/" },
	{ RFC, "..", "http://a/b/" },
	{ RFC, "../", "http://a/b/" },
	{ RFC, "../g", "http://a/b/g" },
	{ RFC, "../..", "http://a/" },
	{ RFC, "../../", "http://a/" },
	{ RFC, "../../g", "http://a/g" },
	/* section 5.4.2 */
	{ RFC, "../../../g", "http://a/g" },
	{ RFC, "../../../../g", "http://a/g" },
	{ RFC, "/./g", "http://a/g" },
	{ RFC, "/../g", "http://a/g" },
	{ RFC, "g.", "http://a/b/c/g." },
	{ RFC, ".g", "http://a/b/c/.g" },
	{ RFC, "g..", "http://a/b/c/g.." },
	{ RFC, "..g", "http://a/b/c/..g" },
	{ RFC, "./../g", "http://a/b/g" },
	{ RFC, "./g/.", "http://a/b/c/g/" },
	{ RFC, "g/./h", "http://a/b/c/g/h" },
	{ RFC, "g/../h", "http://a/b/c/h" },
	{ RFC, "g;x=1/./y", "http://a/b/c/g;x=1/y" },
	{ RFC, "g;x=1/../y", "http://a/b/c/y" },
	{ RFC, "g?y/./x", "http://a/b/c/g?y/./x" },
	{ RFC, "g?y/../x", "http://a/b/c/g?y/../x" },
	{ RFC, "g#s/./x", "http://a/b/c/g" },
	{ RFC, "g#s/../x", "http://a/b/c/g" },
	{ RFC, "http:g", "http://a/b/c/g" },
	/* the base's own scheme without "//", as browsers read it */
	{ RFC, "HTTP:g", "http://a/b/c/g" },
	{ RFC, "http:/g", "http://a/g" },
	{ RFC, "http:?y", "http://a/b/c/d;p?y" },
	{ RFC, "http:", "http://a/b/c/d;p?q" },
	{ RFC, "http:#s", "http://a/b/c/d;p?q" },
	{ RFC, "http:g:h", "http://a/b/c/g:h" },
	{ RFC, "http:http://h/", "http://a/b/c/http://h/" },
	{ "https://a/b", "https:g", "https://a/g" },
	/* no path, no query, both empty */
	{ "http://a", "", "http://a/" },
	{ "http://a", "g", "http://a/g" },
	{ "http://a", "..", "http://a/" },
	{ "http://a", "?y", "http://a/?y" },
	{ "http://a/b", "?q=1", "http://a/b?q=1" },
	{ "http://a/b?c", "?q=1", "http://a/b?q=1" },
	{ "http://a/b?c", "?", "http://a/b?" },
	{ "http://a/b?", "", "http://a/b?" },
	{ "http://a/b?", "#f", "http://a/b?" },
	{ "http://a/b?c/d", "g", "http://a/g" },
	{ "http://a/b?c", "#", "http://a/b?c" },
	{ "http://a/b//c", "..", "http://a/b/" },
	{ "http://a/b//c", "g", "http://a/b//g" },
	/* other authorities */
	{ RFC, "//host", "http://host/" },
	{ "https://a/", "//host", "https://host/" },
	{ RFC, "//host:81/x", "http://host:81/x" },
	{ RFC, "//HOST:080/X", "http://host/X" },
	{ "https://a/", "//host:443", "https://host/" },
	{ "https://a/", "//host:80", "https://host:80/" },
	{ RFC, "//[::1]:8/", "http://[::1]:8/" },
	{ "http://a:81/b", "g", "http://a:81/g" },
	{ "http://[FE80::1%25eth0]:81/b", "/g",
	    "http://[fe80::1%25eth0]:81/g" },
	{ "http://a./b", "g", "http://a./g" },
	{ RFC, "http://h", "http://h/" },
	{ RFC, "HTTPS://User@Example.COM:443/A/../B?C#D",
	    "https://example.com/B?C" },
	{ RFC, "http://h/../../x", "http://h/x" },
	/* blanks and octets that are to be escaped */
	{ RFC, " g ", "http://a/b/c/g" },
	{ RFC, "\t http://h/\t", "http://h/" },
	{ RFC, " ", "http://a/b/c/d;p?q" },
	{ RFC, "g h?i j", "http://a/b/c/g%20h?i%20j" },
	{ RFC, "/\xc3\xa4?\xff", "http://a/%C3%A4?%FF" },
	{ RFC, "/%C3%A4%zz%", "http://a/%C3%A4%25zz%25" },
	{ RFC, "/%2e%2e/%2F", "http://a/%2e%2e/%2F" },
	{ "http://a/b c/d%zz", "?y", "http://a/b%20c/d%25zz?y" },
	{ "http://a/b c/d%zz", "", "http://a/b%20c/d%25zz" },
	{ RFC, "g#\xc3\xa4 \"", "http://a/b/c/g" },
	/* a '\' is no '/': none of these leads to another host */
	{ RFC, "\\\\h\\x", "http://a/b/c/%5C%5Ch%5Cx" },
	{ RFC, "\\/h/x", "http://a/b/c/%5C/h/x" },
	{ RFC, "/\\h/x", "http://a/%5Ch/x" },
	{ RFC, "/\\/h", "http://a/%5C/h" },
	{ RFC, "http:\\\\h\\x", "http://a/b/c/%5C%5Ch%5Cx" },
	{ RFC, "http:/\\h", "http://a/%5Ch" },
	{ RFC, "//a\\@h/x", "http://h/x" },
	{ RFC, "..\\..\\x", "http://a/b/c/..%5C..%5Cx" },
	/* what looks like a scheme and is none */
	{ RFC, "/g:h", "http://a/g:h" },
	{ RFC, "./g:h", "http://a/b/c/g:h" },
	{ RFC, "?g:h", "http://a/b/c/d;p?g:h" },
	{ RFC, "1:2", "http://a/b/c/1:2" },
	{ RFC, ":2", "http://a/b/c/:2" },
	{ RFC, "\xc3\xa4:b", "http://a/b/c/%C3%A4:b" },
	{ RFC, "www.example.com/x", "http://a/b/c/www.example.com/x" },
};

static const struct {
	struct slice reference;
	enum err_kind kind;
	const char *why;
} bad[] = {
	{ TEXT("ftp://h/"), ERR_SCHEME, "neither" },
	{ TEXT("mailto:x"), ERR_SCHEME, "neither" },
	{ TEXT("javascript:alert(1)"), ERR_SCHEME, "neither" },
	{ TEXT("file:///etc/passwd"), ERR_SCHEME, "neither" },
	{ TEXT("g:h"), ERR_SCHEME, "neither" },
	{ TEXT("data:,x"), ERR_SCHEME, "neither" },
	{ TEXT("httpx:g"), ERR_SCHEME, "neither" },
	{ TEXT("https:g"), ERR_REQUEST, "no //" },
	{ TEXT("https:/g"), ERR_REQUEST, "no //" },
	{ TEXT("https:\\\\h"), ERR_REQUEST, "no //" },
	{ TEXT("www.example.com:80/x"), ERR_REQUEST, "no http://" },
	{ TEXT("//"), ERR_REQUEST, "no host" },
	{ TEXT("///"), ERR_REQUEST, "no host" },
	{ TEXT("///h/x"), ERR_REQUEST, "no host" },
	{ TEXT("http://"), ERR_REQUEST, "no host" },
	{ TEXT("http:///x"), ERR_REQUEST, "no host" },
	{ TEXT("//:81/"), ERR_REQUEST, "no host" },
	{ TEXT("//u@/"), ERR_REQUEST, "no host" },
	{ TEXT("//?q"), ERR_REQUEST, "no host" },
	{ TEXT("//#f"), ERR_REQUEST, "no host" },
	{ TEXT("//h:0/"), ERR_REQUEST, "port" },
	{ TEXT("//h:99999/"), ERR_REQUEST, "port" },
	{ TEXT("//h:x/"), ERR_REQUEST, "port" },
	{ TEXT("//a b/"), ERR_REQUEST, "host name" },
	{ TEXT("//h\\x/"), ERR_REQUEST, "host name" },
	{ TEXT("http://h\\/x"), ERR_REQUEST, "host name" },
	{ TEXT("//b\xc3\xbc"
	       "cher.de/"),
	    ERR_REQUEST, "non-ASCII" },
	{ TEXT("//127.1/"), ERR_REQUEST, "IPv4" },
	{ TEXT("//[::1/"), ERR_REQUEST, "']'" },
	{ TEXT("/a\r\nX: y"), ERR_REQUEST, "control" },
	{ TEXT("/a\r\n b"), ERR_REQUEST, "control" },
	{ TEXT("/a\rb"), ERR_REQUEST, "control" },
	{ TEXT("/a\nb"), ERR_REQUEST, "control" },
	{ TEXT("/a\0b"), ERR_REQUEST, "control" },
	{ TEXT("\0"), ERR_REQUEST, "control" },
	{ TEXT("\r\n"), ERR_REQUEST, "control" },
	{ TEXT("/a\tb"), ERR_REQUEST, "control" },
	{ TEXT("/a\x7f"), ERR_REQUEST, "control" },
	{ TEXT("?a\n"), ERR_REQUEST, "control" },
	{ TEXT("#a\0"), ERR_REQUEST, "control" },
	{ TEXT("//h\r\n/"), ERR_REQUEST, "control" },
	{ TEXT("//u\1@h/"), ERR_REQUEST, "control" },
	{ TEXT("http://h\0/"), ERR_REQUEST, "control" },
};

/* Resolve a copy of `reference` that has not an octet to spare. */
static struct err
resolve(const char *base, struct slice reference, struct buf *space,
    struct url *url)
{
	struct slice copy = exact_copy(reference);
	struct buf base_space;
	struct url from;
	struct err err;

	buf_init(&base_space, URL_SPACE_MAX);
	assert_false(err_is(url_parse(slice_str(base), &base_space, &from)));
	err = url_resolve(&from, copy, space, url);
	buf_fini(&base_space);
	exact_free(copy);
	return err;
}

static void
resolves_as_rfc_3986_has_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct slice reference = slice_str(good[i].reference);
		struct buf space;
		struct url url;

		buf_init(&space, URL_SPACE_MAX);
		assert_false(err_is(buf_append_str(&space, "before")));
		expect_kind(good[i].reference,
		    resolve(good[i].base, reference, &space, &url), ERR_NONE);
		expect_text(good[i].reference, url.text, good[i].text);
		assert_memory_equal(space.ptr, "before", 6);
		assert_ptr_equal(url.text.ptr, space.ptr + 6);
		buf_fini(&space);
	}
}

static void
is_at_its_end_when_it_resolves_its_own_result(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct buf space;
		struct url url;

		buf_init(&space, URL_SPACE_MAX);
		expect_kind(good[i].text,
		    resolve(
			good[i].base, slice_str(good[i].text), &space, &url),
		    ERR_NONE);
		expect_text(good[i].text, url.text, good[i].text);
		buf_fini(&space);
	}
}

static void
refuses_with_a_reason_and_leaves_space_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *row = (const char *)bad[i].reference.ptr;
		struct buf space;
		struct url url;
		struct err err;

		buf_init(&space, URL_SPACE_MAX);
		assert_false(err_is(buf_append_str(&space, "before")));
		err = resolve(RFC, bad[i].reference, &space, &url);
		expect_kind(row, err, bad[i].kind);
		if (err.why == NULL || strstr(err.why, bad[i].why) == NULL)
			fail_msg("%s: reason \"%s\"", row, err.why);
		expect_text(row, buf_slice(&space), "before");
		buf_fini(&space);
	}
}

static void
keeps_userinfo_with_the_whole_authority_alone(void **state)
{
	static const char base[] = "http://u:p@w@a:81/b/c?d";
	static const struct {
		const char *reference;
		const char *text;
		const char *userinfo; /* NULL: none */
	} rows[] = {
		{ "g", "http://a:81/b/g", "u:p%40w" },
		{ "/g", "http://a:81/g", "u:p%40w" },
		{ "?q", "http://a:81/b/c?q", "u:p%40w" },
		{ "", "http://a:81/b/c?d", "u:p%40w" },
		{ "http:g", "http://a:81/b/g", "u:p%40w" },
		{ "x@y", "http://a:81/b/x@y", "u:p%40w" },
		{ "/x@y", "http://a:81/x@y", "u:p%40w" },
		{ "\\\\h@i", "http://a:81/b/%5C%5Ch@i", "u:p%40w" },
		{ "//h", "http://h/", NULL },
		{ "//a:81/g", "http://a:81/g", NULL },
		{ "http://a:81/b/c", "http://a:81/b/c", NULL },
		{ "https://a:81/", "https://a:81/", NULL },
		{ "//v:r@a:81/g", "http://a:81/g", "v:r" },
		{ "http://v@h/", "http://h/", "v" },
		{ "//@a/", "http://a/", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice reference = slice_str(rows[i].reference);
		struct buf space;
		struct url url;

		buf_init(&space, URL_SPACE_MAX);
		expect_kind(rows[i].reference,
		    resolve(base, reference, &space, &url), ERR_NONE);
		expect_text(rows[i].reference, url.text, rows[i].text);
		assert_int_equal(url.has_userinfo, rows[i].userinfo != NULL);
		expect_text(rows[i].reference, url.userinfo, rows[i].userinfo);
		buf_fini(&space);
	}
}

/* `head` and then `count` times 'a'; freed by the caller. */
static struct buf
long_text(const char *head, size_t count)
{
	struct buf text;

	buf_init(&text, 16 * URL_MAX_LEN);
	assert_false(err_is(buf_append_str(&text, head)));
	assert_false(err_is(buf_reserve(&text, count)));
	memset(text.ptr + text.len, 'a', count);
	text.len += count;
	return text;
}

static void
holds_references_and_results_to_the_limit_of_urls(void **state)
{
	static const struct {
		const char *head;
		size_t count;
		enum err_kind kind;
	} rows[] = {
		{ "/", URL_MAX_LEN - 9, ERR_NONE }, /* "http://h/" before it */
		{ "/", URL_MAX_LEN - 8, ERR_REQUEST },
		{ "", URL_MAX_LEN, ERR_REQUEST },
		{ "", URL_MAX_LEN + 1, ERR_REQUEST },
		{ "", 15 * URL_MAX_LEN, ERR_REQUEST },
		{ "?", URL_MAX_LEN, ERR_REQUEST },
		{ "http://h/", URL_MAX_LEN - 9, ERR_NONE },
		{ "http://h/", URL_MAX_LEN - 8, ERR_REQUEST },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf reference = long_text(rows[i].head, rows[i].count);
		struct buf space;
		struct url url;

		buf_init(&space, URL_SPACE_MAX);
		expect_kind(rows[i].head,
		    resolve("http://h/", buf_slice(&reference), &space, &url),
		    rows[i].kind);
		buf_fini(&space);
		buf_fini(&reference);
	}
}

/* A base that normalising has made as long as it can. */
static void
takes_the_longest_base(void **state)
{
	static const char authority[] = "http://u@h/";
	struct buf text;
	struct buf base_space;
	struct buf space;
	struct url base;
	struct url url;

	(void)state;
	text = long_text(authority, URL_MAX_LEN - (sizeof(authority) - 1));
	memset(text.ptr + sizeof(authority) - 1, ' ',
	    text.len - (sizeof(authority) - 1));
	buf_init(&base_space, URL_SPACE_MAX);
	buf_init(&space, URL_SPACE_MAX);
	assert_false(err_is(url_parse(buf_slice(&text), &base_space, &base)));
	expect_kind("empty", url_resolve(&base, slice_str(""), &space, &url),
	    ERR_REQUEST);
	expect_kind(
	    "/g", url_resolve(&base, slice_str("/g"), &space, &url), ERR_NONE);
	expect_text("/g", url.text, "http://h/g");
	expect_kind(
	    "g", url_resolve(&base, slice_str("g"), &space, &url), ERR_NONE);
	expect_text("g", url.text, "http://h/g");
	buf_fini(&space);
	buf_fini(&base_space);
	buf_fini(&text);
}

static void
tells_origins_apart(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool is_same;
	} rows[] = {
		{ "http://h/", "http://h/x?y", true },
		{ "http://h/", "HTTP://H:80", true },
		{ "http://u:p@h/", "http://v@h/", true },
		{ "https://h/", "https://h:443/", true },
		{ "http://h:81/", "http://h:0081/", true },
		{ "http://[::1]/", "http://[::1]:80/", true },
		{ "http://[FE80::1%eth0]/", "http://[fe80::1%25eth0]/", true },
		{ "http://h/", "https://h/", false },
		{ "http://h:443/", "https://h/", false },
		{ "http://h:443/", "https://h:443/", false },
		{ "http://h/", "http://h:81/", false },
		{ "http://h/", "http://www.h/", false },
		{ "http://h/", "http://i/", false },
		{ "http://h/", "http://h./", false },
		{ "http://h/", "http://hh/", false },
		{ "http://[fe80::1%25eth0]/", "http://[fe80::1%25eth1]/",
		    false },
		{ "http://[fe80::1%25eth0]/", "http://[fe80::1]/", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf space_a;
		struct buf space_b;
		struct url a;
		struct url b;

		buf_init(&space_a, URL_SPACE_MAX);
		buf_init(&space_b, URL_SPACE_MAX);
		assert_false(
		    err_is(url_parse(slice_str(rows[i].a), &space_a, &a)));
		assert_false(
		    err_is(url_parse(slice_str(rows[i].b), &space_b, &b)));
		if (url_has_same_origin(&a, &b) != rows[i].is_same ||
		    url_has_same_origin(&b, &a) != rows[i].is_same)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
		buf_fini(&space_b);
		buf_fini(&space_a);
	}
}

static void
finds_schemes(void **state)
{
	static const struct {
		const char *in;
		size_t len;
	} rows[] = {
		{ "", 0 },
		{ ":", 0 },
		{ "http", 0 },
		{ "http:", 4 },
		{ "http://h/", 4 },
		{ "a+b-c.1:x", 7 },
		{ "1a:", 0 },
		{ "+a:", 0 },
		{ "a/b:", 0 },
		{ "a?b:", 0 },
		{ "a#b:", 0 },
		{ "a b:", 0 },
		{ "a%41:", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice in = exact_copy(slice_str(rows[i].in));

		assert_int_equal(url_scheme_len(in), rows[i].len);
		exact_free(in);
	}
}

static void
survives_each_refused_allocation(void **state)
{
	struct buf base_space;
	struct url base;

	(void)state;
	buf_init(&base_space, URL_SPACE_MAX);
	assert_false(err_is(url_parse(slice_str(RFC), &base_space, &base)));
	for (size_t n = 1;; n++) {
		struct buf space;
		struct url url;
		struct err err;

		buf_init(&space, URL_SPACE_MAX);
		refuse_begin(n);
		err = url_resolve(&base, slice_str("../g"), &space, &url);
		if (!refuse_end()) {
			assert_false(err_is(err));
			assert_int_equal(n, 3);
			buf_fini(&space);
			break;
		}
		assert_int_equal(err.kind, ERR_NOMEM);
		assert_int_equal(space.len, 0);
		buf_fini(&space);
	}
	buf_fini(&base_space);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolves_as_rfc_3986_has_it),
		cmocka_unit_test(is_at_its_end_when_it_resolves_its_own_result),
		cmocka_unit_test(refuses_with_a_reason_and_leaves_space_alone),
		cmocka_unit_test(keeps_userinfo_with_the_whole_authority_alone),
		cmocka_unit_test(
		    holds_references_and_results_to_the_limit_of_urls),
		cmocka_unit_test(takes_the_longest_base),
		cmocka_unit_test(tells_origins_apart),
		cmocka_unit_test(finds_schemes),
		cmocka_unit_test(survives_each_refused_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
