/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"

#include <stdio.h>

#include "route/proxy.h"

static const char *const names[] = {
	[PROXY_HTTP] = "http",
	[PROXY_SOCKS4] = "socks4",
	[PROXY_SOCKS4A] = "socks4a",
	[PROXY_SOCKS5] = "socks5",
	[PROXY_SOCKS5H] = "socks5h",
};

static void
expect_empty(const struct proxy *p)
{
	assert_int_equal(p->text.len, 0);
	assert_int_equal(p->host.len, 0);
	assert_int_equal(p->user.len, 0);
	assert_int_equal(p->password.len, 0);
	assert_int_equal(p->field.len, 0);
	assert_null(p->text.ptr);
	assert_false(p->has_credentials);
}

static void
expect_problem(const char *text, const char *credentials, const char *why)
{
	struct proxy p;
	struct err err = proxy_init(&p, text, credentials);

	expect_kind(text, err, ERR_REQUEST);
	assert_non_null(err.why);
	if (strstr(err.why, why) == NULL)
		fail_msg("%s: \"%s\" instead of \"%s\"", text, err.why, why);
	expect_empty(&p);
	proxy_fini(&p);
}

static void
reads_scheme_host_and_port(void **state)
{
	static const struct {
		const char *text;
		const char *shown;
		const char *host;
		enum proxy_kind kind;
		uint16_t port;
	} rows[] = {
		{ "proxy", "http://proxy:1080", "proxy", PROXY_HTTP, 1080 },
		{ "proxy:3128", "http://proxy:3128", "proxy", PROXY_HTTP,
		    3128 },
		{ "http://proxy", "http://proxy:1080", "proxy", PROXY_HTTP,
		    1080 },
		{ "HTTP://Proxy.Example:80/", "http://proxy.example:80",
		    "proxy.example", PROXY_HTTP, 80 },
		{ "http://proxy:/", "http://proxy:1080", "proxy", PROXY_HTTP,
		    1080 },
		{ "http:8080", "http://http:8080", "http", PROXY_HTTP, 8080 },
		{ "socks5", "http://socks5:1080", "socks5", PROXY_HTTP, 1080 },
		{ "proxy.example.", "http://proxy.example.:1080",
		    "proxy.example.", PROXY_HTTP, 1080 },
		{ "10.0.0.1:65535", "http://10.0.0.1:65535", "10.0.0.1",
		    PROXY_HTTP, 65535 },
		{ "10.0.0.1.:1", "http://10.0.0.1:1", "10.0.0.1", PROXY_HTTP,
		    1 },
		{ "[::1]", "http://[::1]:1080", "::1", PROXY_HTTP, 1080 },
		{ "[2001:DB8::1]:81", "http://[2001:db8::1]:81", "2001:db8::1",
		    PROXY_HTTP, 81 },
		{ "http://[fe80::1%25Eth0]:81/", "http://[fe80::1%Eth0]:81",
		    "fe80::1%Eth0", PROXY_HTTP, 81 },
		{ "[fe80::1%eth0]", "http://[fe80::1%eth0]:1080",
		    "fe80::1%eth0", PROXY_HTTP, 1080 },
		{ "socks4://p:1", "socks4://p:1", "p", PROXY_SOCKS4, 1 },
		{ "socks://p:1/", "socks4://p:1", "p", PROXY_SOCKS4, 1 },
		{ "SOCKS4a://p", "socks4a://p:1080", "p", PROXY_SOCKS4A, 1080 },
		{ "socks5://p:9", "socks5://p:9", "p", PROXY_SOCKS5, 9 },
		{ "socks5h://[::1]:9", "socks5h://[::1]:9", "::1",
		    PROXY_SOCKS5H, 9 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct proxy p;

		expect_kind(
		    rows[i].text, proxy_init(&p, rows[i].text, NULL), ERR_NONE);
		expect_text(rows[i].text, buf_slice(&p.text), rows[i].shown);
		expect_text(rows[i].text, p.host, rows[i].host);
		assert_string_equal(names[p.kind], names[rows[i].kind]);
		assert_int_equal(p.port, rows[i].port);
		assert_false(p.has_credentials);
		assert_int_equal(p.field.len, 0);
		assert_true(p.host.ptr > p.text.ptr &&
		    p.host.ptr + p.host.len < p.text.ptr + p.text.len);
		assert_true(proxy_wants_addr(&p) ==
		    (p.kind == PROXY_SOCKS4 || p.kind == PROXY_SOCKS5));
		proxy_fini(&p);
		expect_empty(&p);
	}
}

static void
reads_credentials_and_writes_the_field_for_http(void **state)
{
	static const struct {
		const char *text;
		const char *credentials;
		const char *user;
		const char *password;
		const char *field;
	} rows[] = {
		{ "u:p@h", NULL, "u", "p",
		    "Proxy-Authorization: Basic dTpw\r\n" },
		{ "http://Aladdin:open%20sesame@h:1/", NULL, "Aladdin",
		    "open sesame",
		    "Proxy-Authorization: Basic "
		    "QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n" },
		/* The last '@' ends them; later colons are the password's. */
		{ "u:p@ss:w@h", NULL, "u", "p@ss:w",
		    "Proxy-Authorization: Basic dTpwQHNzOnc=\r\n" },
		{ "u@h", NULL, "u", "", "Proxy-Authorization: Basic dTo=\r\n" },
		{ ":@h", NULL, "", "", "Proxy-Authorization: Basic Og==\r\n" },
		{ "u%40x:%3A@h", NULL, "u@x", ":",
		    "Proxy-Authorization: Basic dUB4Ojo=\r\n" },
		/* The other ones win, and are taken as they are. */
		{ "u:p@h", "a:b%20", "a", "b%20",
		    "Proxy-Authorization: Basic YTpiJTIw\r\n" },
		{ "u:%zz@h", "a", "a", "",
		    "Proxy-Authorization: Basic YTo=\r\n" },
		{ "h", "", "", "", "Proxy-Authorization: Basic Og==\r\n" },
		{ "h", "a:b:c", "a", "b:c",
		    "Proxy-Authorization: Basic YTpiOmM=\r\n" },
		{ "socks5://u:p@h", NULL, "u", "p", "" },
		{ "socks5h://h", "us%65r:pass", "us%65r", "pass", "" },
		{ "socks4a://us%65r@h", NULL, "user", "", "" },
		{ "socks5://u%3Av:p@h", NULL, "u:v", "p", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct proxy p;

		expect_kind(rows[i].text,
		    proxy_init(&p, rows[i].text, rows[i].credentials),
		    ERR_NONE);
		assert_true(p.has_credentials);
		expect_text(rows[i].text, buf_slice(&p.user), rows[i].user);
		expect_text(
		    rows[i].text, buf_slice(&p.password), rows[i].password);
		expect_text(rows[i].text, buf_slice(&p.field), rows[i].field);
		assert_null(memchr(p.text.ptr, '@', p.text.len));
		expect_text(rows[i].text, p.host, "h");
		proxy_fini(&p);
	}
}

static void
an_empty_userinfo_is_none(void **state)
{
	struct proxy p;

	(void)state;
	expect_kind("@h", proxy_init(&p, "http://@h", NULL), ERR_NONE);
	assert_false(p.has_credentials);
	assert_int_equal(p.field.len, 0);
	proxy_fini(&p);
}

static void
says_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		const char *credentials;
		const char *why;
	} rows[] = {
		{ "", NULL, "no host" },
		{ "http://", NULL, "no host" },
		{ "://h", NULL, "something behind" },
		{ ":80", NULL, "no host" },
		{ "http://u:p@", NULL, "no host" },
		{ "https://h", NULL, "TLS" },
		{ "HTTPS://h:1", NULL, "TLS" },
		{ "ftp://h", NULL, "scheme" },
		{ "socks6://h", NULL, "scheme" },
		{ "h:0", NULL, "port" },
		{ "h:65536", NULL, "port" },
		{ "h:+1", NULL, "port" },
		{ "h:1:2", NULL, "port" },
		{ "h:1 ", NULL, "port" },
		{ " h", NULL, "octet" },
		{ "h/x", NULL, "behind" },
		{ "h//", NULL, "behind" },
		{ "h/?", NULL, "behind" },
		{ "h?", NULL, "behind" },
		{ "h#", NULL, "behind" },
		{ "u:p/w@h", NULL, "behind" },
		{ "h_\x7f", NULL, "control" },
		{ "h\n", NULL, "control" },
		{ "http://\th", NULL, "control" },
		{ "h\xc3\xa9", NULL, "non-ASCII" },
		{ "a..b", NULL, "empty label" },
		{ "127.1", NULL, "IPv4" },
		{ "[::1", NULL, "']'" },
		{ "[::1]x", NULL, "IPv6" },
		{ "[:::]", NULL, "IPv6" },
		{ "::1", NULL, "port" },
		{ "fe80::1", NULL, "port" },
		{ "[::1%]", NULL, "zone" },
		{ "u%3av:p@h", NULL, "colon" },
		{ "u:%0d%0aX@h", NULL, "control octet in cred" },
		{ "u%00:p@h", NULL, "control octet in cred" },
		{ "u:%zz@h", NULL, "'%'" },
		{ "u%4:p@h", NULL, "'%'" },
		{ "h", "a\r\nb:c", "control octet in cred" },
		{ "h", "a:b\x01", "control octet in cred" },
		{ "socks4://u:p@h", NULL, "SOCKS4" },
		{ "socks4a://h", "u:p", "SOCKS4" },
		{ "socks5://u:%0a@h", NULL, "control octet in cred" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_problem(rows[i].text, rows[i].credentials, rows[i].why);
}

/* "PREFIX", `count` times 'x', "SUFFIX". */
static const char *
padded(const char *prefix, size_t count, const char *suffix)
{
	static char text[PROXY_VALUE_MAX + 128];

	assert_true(count < sizeof(text) - 64);
	(void)snprintf(text, sizeof(text), "%s", prefix);
	memset(text + strlen(prefix), 'x', count);
	(void)strcpy(text + strlen(prefix) + count, suffix);
	return text;
}

static void
texts_names_and_passwords_have_a_longest(void **state)
{
	const size_t most = PROXY_TEXT_MAX;
	struct proxy p;

	(void)state;
	expect_kind("text", proxy_init(&p, padded("u:", most - 4, "@h"), NULL),
	    ERR_NONE);
	assert_int_equal(p.password.len, most - 4);
	proxy_fini(&p);
	expect_problem(padded("u:", most - 3, "@h"), NULL, "8 KiB");

	expect_kind(
	    "credentials", proxy_init(&p, "h", padded("", most, "")), ERR_NONE);
	assert_int_equal(p.user.len, most);
	proxy_fini(&p);
	expect_problem("h", padded("", most + 1, ""), "8 KiB");

	expect_kind("socks5",
	    proxy_init(&p, padded("socks5://u:", 255, "@h"), NULL), ERR_NONE);
	proxy_fini(&p);
	expect_problem(padded("socks5://u:", 256, "@h"), NULL, "255");
	expect_problem(padded("socks5h://", 256, "@h"), NULL, "255");
	expect_problem(padded("socks4a://", 256, "@h"), NULL, "255");

	expect_problem(padded("", 64, ""), NULL, "too long");
	expect_problem(padded("", most, ""), NULL, "too long");
	expect_problem(padded("[fe80::1%", most - 10, "]:"), NULL, "8 KiB");
}

static void
sends_what_it_is_told_instead_of_basic(void **state)
{
	static const char *const texts[] = { "h", "u:p@h" };
	struct slice value = slice_str(padded("", PROXY_VALUE_MAX + 1, ""));

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct proxy p;

		expect_kind(texts[i], proxy_init(&p, texts[i], NULL), ERR_NONE);
		expect_kind("set", proxy_set_value(&p, slice_str("Bearer t")),
		    ERR_NONE);
		expect_text(texts[i], buf_slice(&p.field),
		    "Proxy-Authorization: Bearer t\r\n");
		expect_kind("long", proxy_set_value(&p, value), ERR_LIMIT);
		expect_text(texts[i], buf_slice(&p.field),
		    "Proxy-Authorization: Bearer t\r\n");
		expect_kind("longest",
		    proxy_set_value(&p, slice_first(value, PROXY_VALUE_MAX)),
		    ERR_NONE);
		assert_int_equal(p.field.len,
		    strlen("Proxy-Authorization: \r\n") + PROXY_VALUE_MAX);
		expect_kind(
		    "none", proxy_set_value(&p, slice_of(NULL, 0)), ERR_NONE);
		assert_int_equal(p.field.len, 0);
		proxy_fini(&p);
	}
}

static void
socks_has_no_fields(void **state)
{
	struct proxy p;

	(void)state;
	expect_kind("socks", proxy_init(&p, "socks5://u:p@h", NULL), ERR_NONE);
	expect_kind("set", proxy_set_value(&p, slice_str("a")), ERR_NONE);
	assert_int_equal(p.field.len, 0);
	expect_text("user", buf_slice(&p.user), "u");
	proxy_fini(&p);
}

static void
keeps_its_field_when_memory_is_refused(void **state)
{
	/* More than there is room for already. */
	struct slice value = slice_str(padded("", 5000, ""));
	struct proxy p;

	(void)state;
	expect_kind("u:p@h", proxy_init(&p, "u:p@h", NULL), ERR_NONE);
	refuse_begin(1);
	expect_kind("set", proxy_set_value(&p, value), ERR_NOMEM);
	assert_true(refuse_end());
	expect_text(
	    "kept", buf_slice(&p.field), "Proxy-Authorization: Basic dTpw\r\n");
	proxy_fini(&p);
}

static void
fails_alone_when_memory_is_refused(void **state)
{
	static const char *const texts[] = { "http://u:p@proxy:3128",
		"socks5://u:p@[fe80::1%25eth0]:1" };
	size_t refused = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		for (size_t n = 1;; n++) {
			struct proxy p;
			struct err err;

			refuse_begin(n);
			err = proxy_init(&p, texts[i], NULL);
			if (!refuse_end()) {
				expect_kind(texts[i], err, ERR_NONE);
				proxy_fini(&p);
				break;
			}
			refused++;
			expect_kind(texts[i], err, ERR_NOMEM);
			expect_empty(&p);
			proxy_fini(&p);
		}
	}
	assert_true(refused >= 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_scheme_host_and_port),
		cmocka_unit_test(
		    reads_credentials_and_writes_the_field_for_http),
		cmocka_unit_test(an_empty_userinfo_is_none),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(texts_names_and_passwords_have_a_longest),
		cmocka_unit_test(sends_what_it_is_told_instead_of_basic),
		cmocka_unit_test(socks_has_no_fields),
		cmocka_unit_test(keeps_its_field_when_memory_is_refused),
		cmocka_unit_test(fails_alone_when_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
