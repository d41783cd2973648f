/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"

#include "http/url.h"

/* What becomes of a good URL; a NULL is as in the row's `text`. */
static const struct good {
	const char *in;
	const char *text;
	const char *host;
	const char *authority;
	const char *target;
	uint16_t port;
} good[] = {
	{ "http://example.com", "http://example.com/", "example.com",
	    "example.com", "/", 80 },
	{ "http://example.com/a/b?c", "http://example.com/a/b?c", "example.com",
	    "example.com", "/a/b?c", 80 },
	{ "HTTP://EXAMPLE.com:80/%7Efoo/../a b?c d#frag",
	    "http://example.com/a%20b?c%20d", "example.com", "example.com",
	    "/a%20b?c%20d", 80 },
	{ "https://h", "https://h/", "h", "h", "/", 443 },
	{ "https://h:443/", "https://h/", "h", "h", "/", 443 },
	{ "https://h:80/", "https://h:80/", "h", "h:80", "/", 80 },
	{ "http://h:443/", "http://h:443/", "h", "h:443", "/", 443 },
	{ "http://h:/", "http://h/", "h", "h", "/", 80 },
	{ "http://h:0080/", "http://h/", "h", "h", "/", 80 },
	{ "http://h:000000000000000000000000000000081/", "http://h:81/", "h",
	    "h:81", "/", 81 },
	{ "http://h:65535/", "http://h:65535/", "h", "h:65535", "/", 65535 },
	{ "http://h?q", "http://h/?q", "h", "h", "/?q", 80 },
	{ "http://h?", "http://h/?", "h", "h", "/?", 80 },
	{ "http://h#f", "http://h/", "h", "h", "/", 80 },
	{ "http://h/a#f?g/../h", "http://h/a", "h", "h", "/a", 80 },
	{ "http://h/a?b#c?d", "http://h/a?b", "h", "h", "/a?b", 80 },
	{ "http://h/?a?b/../c", "http://h/?a?b/../c", "h", "h", "/?a?b/../c",
	    80 },
	/* userinfo does not show */
	{ "http://u:p@h/", "http://h/", "h", "h", "/", 80 },
	{ "http://u@h:81/", "http://h:81/", "h", "h:81", "/", 81 },
	{ "http://u:p@w@h:81/x@y", "http://h:81/x@y", "h", "h:81", "/x@y", 81 },
	{ "http://@h/", "http://h/", "h", "h", "/", 80 },
	/* dot segments: RFC 3986, sections 5.2.4 and 5.4 */
	{ "http://h/a/b/c/./../../g", "http://h/a/g", "h", "h", "/a/g", 80 },
	{ "http://h/..", "http://h/", "h", "h", "/", 80 },
	{ "http://h/.", "http://h/", "h", "h", "/", 80 },
	{ "http://h/../../x", "http://h/x", "h", "h", "/x", 80 },
	{ "http://h/a/..", "http://h/", "h", "h", "/", 80 },
	{ "http://h/a/.", "http://h/a/", "h", "h", "/a/", 80 },
	{ "http://h/a/b/..", "http://h/a/", "h", "h", "/a/", 80 },
	{ "http://h//../x", "http://h/x", "h", "h", "/x", 80 },
	{ "http://h/a//../b", "http://h/a/b", "h", "h", "/a/b", 80 },
	{ "http://h/a/..//b", "http://h//b", "h", "h", "//b", 80 },
	{ "http://h/.../..a/.b/c..", "http://h/.../..a/.b/c..", "h", "h",
	    "/.../..a/.b/c..", 80 },
	{ "http://h/%2e%2e/%2E/x", "http://h/%2e%2e/%2E/x", "h", "h",
	    "/%2e%2e/%2E/x", 80 },
	{ "http://h/a b/../c", "http://h/c", "h", "h", "/c", 80 },
	/* escapes */
	{ "http://h/%41%zz%", "http://h/%41%25zz%25", "h", "h", "/%41%25zz%25",
	    80 },
	{ "http://h/%%41%4", "http://h/%25%41%254", "h", "h", "/%25%41%254",
	    80 },
	{ "http://h/\"<>\\^`{|}", "http://h/%22%3C%3E%5C%5E%60%7B%7C%7D", "h",
	    "h", "/%22%3C%3E%5C%5E%60%7B%7C%7D", 80 },
	{ "http://h/a[]=1?b[]=2", "http://h/a[]=1?b[]=2", "h", "h",
	    "/a[]=1?b[]=2", 80 },
	{ "http://h/;p=1,!$&'()*+:@-._~", "http://h/;p=1,!$&'()*+:@-._~", "h",
	    "h", "/;p=1,!$&'()*+:@-._~", 80 },
	{ "http://h/\xc3\xa4?\xff", "http://h/%C3%A4?%FF", "h", "h",
	    "/%C3%A4?%FF", 80 },
	{ "http://h/#\xc3\xa4 \"", "http://h/", "h", "h", "/", 80 },
	/* hosts */
	{ "http://my_host.a-b.c1/", "http://my_host.a-b.c1/", "my_host.a-b.c1",
	    "my_host.a-b.c1", "/", 80 },
	{ "http://%45x%61mple%2Ecom/", "http://example.com/", "example.com",
	    "example.com", "/", 80 },
	{ "http://h./", "http://h./", "h", "h.", "/", 80 },
	{ "http://1.2.3.4:8/", "http://1.2.3.4:8/", "1.2.3.4", "1.2.3.4:8", "/",
	    8 },
	{ "http://0.0.0.255/", "http://0.0.0.255/", "0.0.0.255", "0.0.0.255",
	    "/", 80 },
	{ "http://1.2.3.4./", "http://1.2.3.4./", "1.2.3.4", "1.2.3.4.", "/",
	    80 },
	{ "http://1.2.3.4a/", "http://1.2.3.4a/", "1.2.3.4a", "1.2.3.4a", "/",
	    80 },
	{ "http://0x7f.x/", "http://0x7f.x/", "0x7f.x", "0x7f.x", "/", 80 },
	{ "http://[::1]:8080/", "http://[::1]:8080/", "::1", "[::1]:8080", "/",
	    8080 },
	{ "http://u@[::1]", "http://[::1]/", "::1", "[::1]", "/", 80 },
	{ "http://[FE80::A%25eth0]:80/", "http://[fe80::a%25eth0]/",
	    "fe80::a%eth0", "[fe80::a%25eth0]", "/", 80 },
	{ "http://u@[fe80::a%eth0]:8/", "http://[fe80::a%25eth0]:8/",
	    "fe80::a%eth0", "[fe80::a%25eth0]:8", "/", 8 },
};

/* What is refused, and words of the reason. */
static const struct bad {
	struct slice in;
	enum err_kind kind;
	const char *why;
} bad[] = {
	{ TEXT(""), ERR_REQUEST, "no http://" },
	{ TEXT("example.com/x"), ERR_REQUEST, "no http://" },
	{ TEXT("example.com:80/x"), ERR_REQUEST, "no http://" },
	{ TEXT("localhost:80"), ERR_REQUEST, "no http://" },
	{ TEXT("//example.com/x"), ERR_REQUEST, "no http://" },
	{ TEXT("1http://h/"), ERR_REQUEST, "no http://" },
	{ TEXT("http"), ERR_REQUEST, "no http://" },
	{ TEXT(" http://h/"), ERR_REQUEST, "no http://" },
	{ TEXT("ftp://h/"), ERR_SCHEME, "neither" },
	{ TEXT("mailto:x"), ERR_SCHEME, "neither" },
	{ TEXT("httpx://h/"), ERR_SCHEME, "neither" },
	{ TEXT("http:"), ERR_REQUEST, "no //" },
	{ TEXT("http:x"), ERR_REQUEST, "no //" },
	{ TEXT("http:/x"), ERR_REQUEST, "no //" },
	{ TEXT("http:\\\\h\\x"), ERR_REQUEST, "no //" },
	{ TEXT("http://"), ERR_REQUEST, "no host" },
	{ TEXT("http:///x"), ERR_REQUEST, "no host" },
	{ TEXT("http://?q"), ERR_REQUEST, "no host" },
	{ TEXT("http://:80/"), ERR_REQUEST, "no host" },
	{ TEXT("http://u@/"), ERR_REQUEST, "no host" },
	{ TEXT("http://./"), ERR_REQUEST, "no host" },
	{ TEXT("http://h:99999/"), ERR_REQUEST, "port" },
	{ TEXT("http://h:65536/"), ERR_REQUEST, "port" },
	{ TEXT("http://h:0/"), ERR_REQUEST, "port" },
	{ TEXT("http://h:+80/"), ERR_REQUEST, "port" },
	{ TEXT("http://h:-1/"), ERR_REQUEST, "port" },
	{ TEXT("http://h:8 0/"), ERR_REQUEST, "port" },
	{ TEXT("http://h:80:80/"), ERR_REQUEST, "port" },
	{ TEXT("http://h:18446744073709551696/"), ERR_REQUEST, "port" },
	{ TEXT("http://::1/"), ERR_REQUEST, "port" },
	{ TEXT("http://h/\n"), ERR_REQUEST, "control" },
	{ TEXT("http://h/\t"), ERR_REQUEST, "control" },
	{ TEXT("http://h/a\0b"), ERR_REQUEST, "control" },
	{ TEXT("http://h/?\x7f"), ERR_REQUEST, "control" },
	{ TEXT("http://h/#\r"), ERR_REQUEST, "control" },
	{ TEXT("http://h\r\nX: y/"), ERR_REQUEST, "control" },
	{ TEXT("http://u\1@h/"), ERR_REQUEST, "control" },
	{ TEXT("http://a b/"), ERR_REQUEST, "host name" },
	{ TEXT("http://a%20b/"), ERR_REQUEST, "host name" },
	{ TEXT("http://a%00b/"), ERR_REQUEST, "host name" },
	{ TEXT("http://a%2fb/"), ERR_REQUEST, "host name" },
	{ TEXT("http://a%4/"), ERR_REQUEST, "host name" },
	{ TEXT("http://a\\b/"), ERR_REQUEST, "host name" },
	{ TEXT("http://a~b/"), ERR_REQUEST, "host name" },
	{ TEXT("http://a]/"), ERR_REQUEST, "host name" },
	{ TEXT("http://b\xc3\xbc"
	       "cher.de/"),
	    ERR_REQUEST, "non-ASCII" },
	{ TEXT("http://b%C3%BCcher.de/"), ERR_REQUEST, "non-ASCII" },
	{ TEXT("http://a..b/"), ERR_REQUEST, "empty label" },
	{ TEXT("http://.a/"), ERR_REQUEST, "empty label" },
	{ TEXT("http://a../"), ERR_REQUEST, "empty label" },
	{ TEXT("http://0x7f.1/"), ERR_REQUEST, "IPv4" },
	{ TEXT("http://127.1/"), ERR_REQUEST, "IPv4" },
	{ TEXT("http://1.2.3/"), ERR_REQUEST, "IPv4" },
	{ TEXT("http://1.2.3.4.5/"), ERR_REQUEST, "IPv4" },
	{ TEXT("http://1.2.3.256/"), ERR_REQUEST, "IPv4" },
	{ TEXT("http://1.2.3.04/"), ERR_REQUEST, "IPv4" },
	{ TEXT("http://2130706433/"), ERR_REQUEST, "IPv4" },
	{ TEXT("http://0x7F000001/"), ERR_REQUEST, "IPv4" },
	{ TEXT("http://a.0x/"), ERR_REQUEST, "IPv4" },
	{ TEXT("http://%31/"), ERR_REQUEST, "IPv4" },
	{ TEXT("http://[::1"), ERR_REQUEST, "']'" },
	{ TEXT("http://[::1/]"), ERR_REQUEST, "']'" },
	{ TEXT("http://[::1]x/"), ERR_REQUEST, "IPv6" },
	{ TEXT("http://[]/"), ERR_REQUEST, "IPv6" },
	{ TEXT("http://[1.2.3.4]/"), ERR_REQUEST, "IPv6" },
	{ TEXT("http://[v1.x]/"), ERR_REQUEST, "IPv6" },
	{ TEXT("http://[::1%25]/"), ERR_REQUEST, "zone" },
	{ TEXT("http://[::1%]/"), ERR_REQUEST, "zone" },
	{ TEXT("http://[::1%25a/b]/"), ERR_REQUEST, "']'" },
	{ TEXT("http://[::1%25a%20b]/"), ERR_REQUEST, "zone" },
};

static const struct {
	const char *address;
	bool is_good;
} ipv6[] = {
	{ "::", true },
	{ "::1", true },
	{ "1::", true },
	{ "1:2:3:4:5:6:7:8", true },
	{ "1:2:3:4:5:6:7::", true },
	{ "::2:3:4:5:6:7:8", true },
	{ "2001:db8::ff00:42:8329", true },
	{ "::ffff:1.2.3.4", true },
	{ "::1.2.3.4", true },
	{ "1:2:3:4:5:6:1.2.3.4", true },
	{ "0001::", true },
	{ ":", false },
	{ ":::", false },
	{ "1:", false },
	{ ":1", false },
	{ "1::2::3", false },
	{ "1:2:3:4:5:6:7", false },
	{ "1:2:3:4:5:6:7:8:9", false },
	{ "1:2:3:4:5:6:7::8", false },
	{ "1:2:3:4:5:6:7:8::", false },
	{ "::1:2:3:4:5:6:7:8", false },
	{ "00001::", false },
	{ "12345::", false },
	{ "g::", false },
	{ "::1.2.3", false },
	{ "::1.2.3.4.5", false },
	{ "::1.2.3.256", false },
	{ "::1.2.3.4:5", false },
	{ "1:2:3:4:5:6:7:1.2.3.4", false },
	{ "::.", false },
	{ "1.2.3.4::", false },
	{ " ::1", false },
};

/* Parse a copy that has not an octet to spare. */
static struct err
parse(struct slice in, struct buf *space, struct url *url)
{
	struct slice copy = exact_copy(in);
	struct err err = url_parse(copy, space, url);

	exact_free(copy);
	return err;
}

static bool
is_inside(struct slice inner, struct slice outer)
{
	return inner.ptr >= outer.ptr &&
	    inner.ptr + inner.len <= outer.ptr + outer.len;
}

static void
normalises_what_it_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		const struct good *g = &good[i];
		struct buf space;
		struct url url;

		buf_init(&space, URL_SPACE_MAX);
		expect_kind(
		    g->in, parse(slice_str(g->in), &space, &url), ERR_NONE);
		expect_text(g->in, url.text, g->text);
		expect_text(g->in, url.host, g->host);
		expect_text(g->in, url.authority, g->authority);
		expect_text(g->in, url.target, g->target);
		assert_int_equal(url.port, g->port);
		buf_fini(&space);
	}
}

static void
gives_the_same_for_what_it_gave(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		const char *text = good[i].text;
		struct buf space;
		struct url url;

		buf_init(&space, URL_SPACE_MAX);
		expect_kind(
		    text, parse(slice_str(text), &space, &url), ERR_NONE);
		expect_text(text, url.text, text);
		expect_text(text, url.host, good[i].host);
		assert_false(url.has_userinfo);
		buf_fini(&space);
	}
}

static void
points_into_its_space_behind_what_was_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct buf space;
		struct slice all;
		struct url url;

		buf_init(&space, URL_SPACE_MAX);
		assert_false(err_is(buf_append_str(&space, "before")));
		assert_false(
		    err_is(parse(slice_str(good[i].in), &space, &url)));
		assert_memory_equal(space.ptr, "before", 6);
		all = slice_from(buf_slice(&space), 6);
		assert_ptr_equal(url.text.ptr, all.ptr);
		assert_true(is_inside(url.text, all));
		assert_true(is_inside(url.scheme, url.text));
		assert_true(is_inside(url.authority, url.text));
		assert_true(is_inside(url.host, all));
		assert_true(is_inside(url.target, url.text));
		assert_true(is_inside(url.path, url.target));
		assert_true(!url.has_query || is_inside(url.query, url.target));
		assert_true(!url.has_userinfo || is_inside(url.userinfo, all));
		buf_fini(&space);
	}
}

static void
refuses_with_a_reason_and_leaves_space_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *row = (const char *)bad[i].in.ptr;
		struct buf space;
		struct url url;
		struct err err;

		buf_init(&space, URL_SPACE_MAX);
		assert_false(err_is(buf_append_str(&space, "before")));
		err = parse(bad[i].in, &space, &url);
		expect_kind(row, err, bad[i].kind);
		if (err.why == NULL || strstr(err.why, bad[i].why) == NULL)
			fail_msg("%s: reason \"%s\"", row, err.why);
		expect_text(row, buf_slice(&space), "before");
		buf_fini(&space);
	}
}

static void
tells_names_from_addresses(void **state)
{
	static const struct {
		const char *in;
		enum url_host_kind kind;
	} rows[] = {
		{ "http://h/", URL_HOST_NAME },
		{ "http://1.2.3.4/", URL_HOST_IPV4 },
		{ "http://1.2.3.4./", URL_HOST_IPV4 },
		{ "http://%31.2.3.4/", URL_HOST_IPV4 },
		{ "http://1.2.3.x/", URL_HOST_NAME },
		{ "http://[::1]/", URL_HOST_IPV6 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf space;
		struct url url;

		buf_init(&space, URL_SPACE_MAX);
		expect_kind(rows[i].in,
		    parse(slice_str(rows[i].in), &space, &url), ERR_NONE);
		assert_int_equal(url.host_kind, rows[i].kind);
		buf_fini(&space);
	}
}

static void
reads_ipv6_addresses_as_rfc_4291_has_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ipv6); i++) {
		struct buf text;
		struct buf space;
		struct url url;

		buf_init(&text, 100);
		buf_init(&space, URL_SPACE_MAX);
		(void)buf_append_str(&text, "http://[");
		(void)buf_append_str(&text, ipv6[i].address);
		(void)buf_append_str(&text, "]/");
		expect_kind(ipv6[i].address,
		    parse(buf_slice(&text), &space, &url),
		    ipv6[i].is_good ? ERR_NONE : ERR_REQUEST);
		buf_fini(&space);
		buf_fini(&text);
	}
}

static void
keeps_userinfo_beside_the_text(void **state)
{
	static const struct {
		const char *in;
		const char *userinfo; /* NULL: none */
	} rows[] = {
		{ "http://h/", NULL },
		{ "http://h/a@b", NULL },
		{ "http://h?a@b", NULL },
		{ "http://h#a@b", NULL },
		{ "http://@h/", "" },
		{ "http://u@h/", "u" },
		{ "http://User:Pass@h/", "User:Pass" },
		{ "http://u:p:q@h/", "u:p:q" },
		{ "http://u:p@w@h/", "u:p%40w" },
		{ "http://u%40x:%zz@h/", "u%40x:%25zz" },
		{ "http://u [\xc3\xa4]@h/", "u%20%5B%C3%A4%5D" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf space;
		struct url url;

		buf_init(&space, URL_SPACE_MAX);
		expect_kind(rows[i].in,
		    parse(slice_str(rows[i].in), &space, &url), ERR_NONE);
		assert_int_equal(url.has_userinfo, rows[i].userinfo != NULL);
		expect_text(rows[i].in, url.userinfo, rows[i].userinfo);
		buf_fini(&space);
	}
}

static void
splits_path_and_query(void **state)
{
	static const struct {
		const char *in;
		const char *path;
		const char *query; /* NULL: none */
	} rows[] = {
		{ "http://h", "/", NULL },
		{ "http://h?", "/", "" },
		{ "http://h/a?b?c", "/a", "b?c" },
		{ "http://h/a/../b?/../c d", "/b", "/../c%20d" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf space;
		struct url url;

		buf_init(&space, URL_SPACE_MAX);
		expect_kind(rows[i].in,
		    parse(slice_str(rows[i].in), &space, &url), ERR_NONE);
		expect_text(rows[i].in, url.path, rows[i].path);
		assert_int_equal(url.has_query, rows[i].query != NULL);
		expect_text(rows[i].in, url.query, rows[i].query);
		buf_fini(&space);
	}
}

/* "http://HEAD" and then `count` times `octet`, put before `tail`. */
static struct err
parse_long(const char *head, size_t count, uint8_t octet, const char *tail,
    struct buf *space, struct url *url)
{
	struct buf text;
	struct err err;

	buf_init(&text, 2 * URL_MAX_LEN);
	(void)buf_append_str(&text, head);
	for (size_t i = 0; i < count; i++)
		(void)buf_append_octet(&text, octet);
	(void)buf_append_str(&text, tail);
	err = parse(buf_slice(&text), space, url);
	buf_fini(&text);
	return err;
}

static void
holds_hosts_and_urls_to_their_limits(void **state)
{
	static const char labels[] =
	    "http://"
	    "a23456789.123456789.123456789.123456789.123456789."
	    "b23456789.123456789.123456789.123456789.123456789."
	    "c23456789.123456789.123456789.123456789.123456789."
	    "d23456789.123456789.123456789.123456789.123456789.";
	static const struct {
		const char *head;
		size_t count;
		uint8_t octet;
		const char *tail;
		enum err_kind kind;
	} rows[] = {
		{ "http://", 63, 'a', "/", ERR_NONE },
		{ "http://", 64, 'a', "/", ERR_REQUEST },
		{ labels, 53, 'a', "/", ERR_NONE },
		{ labels, 53, 'a', "./", ERR_NONE },
		{ labels, 54, 'a', "/", ERR_REQUEST },
		{ "http://h/", URL_MAX_LEN - 9, 'a', "", ERR_NONE },
		{ "http://h/", URL_MAX_LEN - 8, 'a', "", ERR_REQUEST },
		/* each octet tripled: URL_SPACE_MAX is enough */
		{ "http://h/", URL_MAX_LEN - 9, ' ', "", ERR_NONE },
		{ "http://h/", URL_MAX_LEN - 9, '%', "", ERR_NONE },
		{ "http://", URL_MAX_LEN - 9, ' ', "@h", ERR_NONE },
		{ "http://", URL_MAX_LEN - 9, '@', "@h", ERR_NONE },
		{ "http://[::1%", URL_MAX_LEN - 13, 'a', "]", ERR_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf space;
		struct url url;

		buf_init(&space, URL_SPACE_MAX);
		expect_kind(rows[i].head,
		    parse_long(rows[i].head, rows[i].count, rows[i].octet,
			rows[i].tail, &space, &url),
		    rows[i].kind);
		buf_fini(&space);
	}
}

static void
survives_a_refused_allocation(void **state)
{
	static const char in[] = "http://u:p@h/a b";

	(void)state;
	for (size_t n = 1;; n++) {
		struct buf space;
		struct url url;
		struct err err;

		buf_init(&space, URL_SPACE_MAX);
		refuse_begin(n);
		err = url_parse(slice_str(in), &space, &url);
		if (!refuse_end()) {
			assert_false(err_is(err));
			buf_fini(&space);
			break;
		}
		assert_int_equal(err.kind, ERR_NOMEM);
		assert_int_equal(space.len, 0);
		buf_fini(&space);
	}
}

static void
reports_a_space_that_is_too_small(void **state)
{
	struct buf space;
	struct url url;

	(void)state;
	buf_init(&space, 10);
	assert_int_equal(
	    url_parse(slice_str("http://h/abc"), &space, &url).kind, ERR_LIMIT);
	assert_int_equal(space.len, 0);
	buf_fini(&space);
}

static void
decodes_percent_escapes(void **state)
{
	static const struct {
		const char *in;
		struct slice out;
		enum err_kind kind;
	} rows[] = {
		{ "", TEXT(""), ERR_NONE },
		{ "abc", TEXT("abc"), ERR_NONE },
		{ "%41b%63", TEXT("Abc"), ERR_NONE },
		{ "a%00b", TEXT("a\0b"), ERR_NONE },
		{ "%fF%25", TEXT("\xff%"), ERR_NONE },
		{ "a+b", TEXT("a+b"), ERR_NONE },
		{ "%", TEXT(""), ERR_REQUEST },
		{ "a%4", TEXT(""), ERR_REQUEST },
		{ "%4g", TEXT(""), ERR_REQUEST },
		{ "%g4", TEXT(""), ERR_REQUEST },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice in = exact_copy(slice_str(rows[i].in));
		struct buf out;

		buf_init(&out, 100);
		expect_kind(
		    rows[i].in, url_percent_decode(in, &out), rows[i].kind);
		expect_slice(rows[i].in, buf_slice(&out), rows[i].out);
		buf_fini(&out);
		exact_free(in);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normalises_what_it_reads),
		cmocka_unit_test(gives_the_same_for_what_it_gave),
		cmocka_unit_test(points_into_its_space_behind_what_was_there),
		cmocka_unit_test(refuses_with_a_reason_and_leaves_space_alone),
		cmocka_unit_test(tells_names_from_addresses),
		cmocka_unit_test(reads_ipv6_addresses_as_rfc_4291_has_them),
		cmocka_unit_test(keeps_userinfo_beside_the_text),
		cmocka_unit_test(splits_path_and_query),
		cmocka_unit_test(holds_hosts_and_urls_to_their_limits),
		cmocka_unit_test(survives_a_refused_allocation),
		cmocka_unit_test(reports_a_space_that_is_too_small),
		cmocka_unit_test(decodes_percent_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
