/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"
#include "scratch.h"

#include "route/routes.h"

#define MAX 8

static struct bulkfetch_options options;
static struct bulkfetch_problem problem;
static struct routes *routes;

static int
setup(void **state)
{
	options = (struct bulkfetch_options){ .concurrency = 1 };
	problem = (struct bulkfetch_problem){ .text = "" };
	routes = NULL;
	return scratch_setup(state);
}

static int
teardown(void **state)
{
	routes_free(routes);
	return scratch_teardown(state);
}

static void
make(void)
{
	routes_free(routes);
	routes = NULL;
	if (err_is(routes_new(&options, &routes, &problem)))
		fail_msg("%s", problem.text);
}

/* "host:port", " by PROXY" with a proxy, and " absolute" if so. */
static const char *
way(const char *url_text)
{
	static char out[256];
	struct buf space;
	struct url url;
	struct route route;

	buf_init(&space, URL_SPACE_MAX);
	expect_kind(
	    url_text, url_parse(slice_str(url_text), &space, &url), ERR_NONE);
	routes_find(routes, &url, &route);
	(void)snprintf(out, sizeof(out), "%.*s:%u%s%.*s%s", (int)route.host.len,
	    (const char *)route.host.ptr, route.port,
	    route.proxy != NULL ? " by " : "",
	    route.proxy != NULL ? (int)route.proxy->text.len : 0,
	    route.proxy != NULL ? (const char *)route.proxy->text.ptr : "",
	    route.is_absolute ? " absolute" : "");
	buf_fini(&space);
	return out;
}

/* What the way of the URL is. */
static struct route
route_of(const char *url_text)
{
	struct buf space;
	struct url url;
	struct route route;

	buf_init(&space, URL_SPACE_MAX);
	expect_kind(
	    url_text, url_parse(slice_str(url_text), &space, &url), ERR_NONE);
	routes_find(routes, &url, &route);
	buf_fini(&space);
	/* They were the URL's. */
	route.host = slice_of(NULL, 0);
	return route;
}

/* "addr:port,addr:port," on the way of the URL; "look up" when unknown. */
static const char *
addrs_some(const char *url_text, size_t max)
{
	static char out[MAX * (ENDPOINT_TEXT_MAX + 7)];
	struct endpoint found[MAX];
	struct buf space;
	struct url url;
	struct route route;
	bool is_known;
	size_t count;
	size_t len = 0;

	buf_init(&space, URL_SPACE_MAX);
	expect_kind(
	    url_text, url_parse(slice_str(url_text), &space, &url), ERR_NONE);
	routes_find(routes, &url, &route);
	count = routes_addrs(routes, &route, found, max, &is_known);
	buf_fini(&space);
	assert_true(count <= max);
	assert_true(is_known || count == 0);
	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char text[ENDPOINT_TEXT_MAX];

		if (found[i].addr.sa.sa_family == AF_UNIX)
			len += (size_t)snprintf(out + len, sizeof(out) - len,
			    "%s,", found[i].addr.local.path);
		else
			len += (size_t)snprintf(out + len, sizeof(out) - len,
			    "%s:%u,", endpoint_format(&found[i], text),
			    endpoint_port(&found[i]));
	}
	return is_known ? out : "look up";
}

static const char *
addrs(const char *url_text)
{
	return addrs_some(url_text, MAX);
}

static void
goes_straight_to_the_host_by_itself(void **state)
{
	static const struct {
		const char *url;
		const char *way;
	} rows[] = {
		{ "http://a.example/", "a.example:80" },
		{ "https://a.example/", "a.example:443" },
		{ "http://A.Example:8080/", "a.example:8080" },
		{ "http://a.example./", "a.example.:80" },
		{ "http://a.example.:81/", "a.example.:81" },
		{ "http://10.0.0.1./", "10.0.0.1:80" },
		{ "http://[2001:DB8::1]:81/", "2001:db8::1:81" },
		{ "http://[fe80::1%25eth0]/", "fe80::1%eth0:80" },
		{ "http://u:p@a.example/", "a.example:80" },
	};

	(void)state;
	make();
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_string_equal(way(rows[i].url), rows[i].way);
		assert_string_equal(addrs(rows[i].url), "look up");
	}
}

static void
a_proxy_is_for_the_urls_of_its_scheme(void **state)
{
	(void)state;
	options.http_proxy = "p:1";
	make();
	assert_string_equal(way("http://a/"), "a:80 by http://p:1 absolute");
	assert_string_equal(way("https://a/"), "a:443");

	options.https_proxy = "http://q:2";
	make();
	assert_string_equal(way("http://a/"), "a:80 by http://p:1 absolute");
	assert_string_equal(way("https://a/"), "a:443 by http://q:2");

	options.http_proxy = "";
	make();
	assert_string_equal(way("http://a/"), "a:80");
	assert_string_equal(way("https://a/"), "a:443 by http://q:2");
}

static void
no_proxy_is_used_for_the_hosts_without(void **state)
{
	(void)state;
	options.http_proxy = options.https_proxy = "p:1";
	options.no_proxy = "b.example, 10.0.0.0/8";
	make();
	assert_string_equal(way("http://a/"), "a:80 by http://p:1 absolute");
	assert_string_equal(way("http://x.b.example/"), "x.b.example:80");
	assert_string_equal(way("http://b.example./"), "b.example.:80");
	assert_string_equal(way("https://b.example/"), "b.example:443");
	assert_string_equal(way("http://10.1.2.3/"), "10.1.2.3:80");
}

static void
no_proxy_goes_by_the_urls_host(void **state)
{
	static const char *const rules[] = { "a:80:b.example:", "c:80:d:" };

	(void)state;
	options.http_proxy = "p:1";
	options.no_proxy = "b.example c";
	options.connect_tos = rules;
	options.connect_to_count = 2;
	make();
	assert_string_equal(way("http://a/"), "b.example:80 by http://p:1");
	assert_string_equal(way("http://c/"), "d:80");
}

static void
a_tunnel_when_wished_for(void **state)
{
	(void)state;
	options.http_proxy = options.https_proxy = "p:1";
	options.uses_tunnel = true;
	make();
	assert_string_equal(way("http://a/"), "a:80 by http://p:1");
	assert_string_equal(way("https://a/"), "a:443 by http://p:1");
}

/* The field's value that its proxy gets, NULL without. */
static void
expect_said(const char *url, const char *value)
{
	const struct proxy *proxy = route_of(url).proxy;
	char line[64] = "";

	if (value != NULL)
		(void)snprintf(
		    line, sizeof(line), "Proxy-Authorization: %s\r\n", value);
	assert_non_null(proxy);
	expect_text(url, buf_slice(&proxy->field), line);
}

/* -A is told to proxies as it is to hosts. */
static void
proxies_are_asked_as_the_user_says(void **state)
{
	struct route route;
	struct buf space;
	struct url url;

	(void)state;
	options.http_proxy = "p:1";
	options.user_agent = "me/1";
	options.uses_tunnel = true;
	make();
	buf_init(&space, URL_SPACE_MAX);
	assert_false(err_is(url_parse(slice_str("http://a/"), &space, &url)));
	routes_find(routes, &url, &route);
	assert_string_equal(route.proxy->agent, "me/1");
	buf_fini(&space);
}

static void
what_the_user_says_to_proxies_wins_over_credentials(void **state)
{
	static const char *const fields[] = { "X: y",
		"proxy-authorization: Bearer t" };
	static const char *const none[] = { "Proxy-Authorization:" };

	(void)state;
	options.http_proxy = "u:p@p:1";
	options.https_proxy = "q:1";
	make();
	expect_said("http://a/", "Basic dTpw");
	expect_said("https://a/", NULL);

	options.fields = fields;
	options.field_count = 1;
	make();
	expect_said("http://a/", "Basic dTpw");
	options.field_count = 2;
	make();
	expect_said("http://a/", "Bearer t");
	expect_said("https://a/", "Bearer t");

	options.proxy_credentials = "a:b";
	make();
	expect_said("http://a/", "Bearer t");
	options.fields = none;
	options.field_count = 1;
	make();
	expect_said("http://a/", NULL);
	expect_said("https://a/", NULL);

	options.http_proxy = "socks5://u:p@p:1";
	options.fields = fields;
	options.field_count = 2;
	make();
	expect_said("http://a/", NULL);
}

static void
an_https_proxy_of_no_use_fails_https_alone(void **state)
{
	static const struct {
		const char *proxy;
		const char *why;
	} rows[] = {
		{ "https://p.example:443", "TLS" },
		{ "p:0", "a bad port" },
		{ "ftp://h", "scheme" },
	};

	(void)state;
	options.no_proxy = "b.example";
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		struct err err;

		options.https_proxy = rows[i / 2].proxy;
		options.http_proxy = i % 2 == 0 ? NULL : "p:1";
		make();
		assert_string_equal(way("http://a/"),
		    i % 2 == 0 ? "a:80" : "a:80 by http://p:1 absolute");
		assert_int_equal(route_of("http://a/").err.kind, ERR_NONE);
		assert_int_equal(
		    route_of("https://b.example/").err.kind, ERR_NONE);
		err = route_of("https://a/").err;
		expect_kind(rows[i / 2].proxy, err, ERR_PROXY);
		assert_int_equal(err.sys, EACCES);
		assert_non_null(strstr(err.why, rows[i / 2].why));
		assert_null(route_of("https://a/").proxy);
	}
	/* Where no proxy is used it makes no difference. */
	options.unix_socket = "/run/x";
	make();
	assert_int_equal(route_of("https://a/").err.kind, ERR_NONE);
}

static void
a_list_alone_keeps_the_order_of_addresses(void **state)
{
	(void)state;
	make();
	assert_false(route_of("http://a/").keeps_order);
	scratch_write("list", "10.0.0.1\n::1\n", 0644);
	options.address_list = scratch_path("list");
	make();
	assert_true(route_of("http://a/").keeps_order);
}

static void
socks_is_never_asked_for_whole_requests(void **state)
{
	static const char *const texts[] = { "socks4://p:1", "socks4a://p:1",
		"socks5://p:1", "socks5h://p:1" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		char expected[64];

		options.http_proxy = texts[i];
		make();
		(void)snprintf(
		    expected, sizeof(expected), "a:80 by %s", texts[i]);
		assert_string_equal(way("http://a/"), expected);
	}
}

static void
connects_elsewhere_by_the_first_rule(void **state)
{
	static const char *const rules[] = {
		"a:80:B.Example:81",
		"a:80:c:",
		"[::1]:80:[FE80::1%Eth0]:",
		"a.example:::8080",
		":443:c:",
		"keep:::",
		"*:*:other:9",
	};

	(void)state;
	options.connect_tos = rules;
	options.connect_to_count = COUNT(rules);
	make();
	assert_string_equal(way("http://a/"), "b.example:81");
	assert_string_equal(way("http://[0::1]/"), "fe80::1%Eth0:80");
	assert_string_equal(way("http://a.example./"), "a.example.:8080");
	assert_string_equal(way("https://x/"), "c:443");
	assert_string_equal(way("http://keep/"), "keep:80");
	assert_string_equal(way("http://x/"), "other:9");
}

static void
what_is_elsewhere_is_reached_by_a_tunnel(void **state)
{
	static const char *const rules[] = { "a::b:", "c:::81", "d::d:80",
		"e:::" };

	(void)state;
	options.http_proxy = "p:1";
	options.connect_tos = rules;
	options.connect_to_count = COUNT(rules);
	make();
	assert_string_equal(way("http://a/"), "b:80 by http://p:1");
	assert_string_equal(way("http://c/"), "c:81 by http://p:1");
	/* It is where it was. */
	assert_string_equal(way("http://d/"), "d:80 by http://p:1 absolute");
	assert_string_equal(way("http://e/"), "e:80 by http://p:1 absolute");
	assert_string_equal(way("http://f/"), "f:80 by http://p:1 absolute");
}

static void
fixed_names_need_no_lookup(void **state)
{
	static const char *const rules[] = { "a:80:b:81" };
	static const char *const resolves[] = { "a:80:10.0.0.1",
		"b:81:10.0.0.2,::2", "p:1:10.0.0.3" };

	(void)state;
	options.resolves = resolves;
	options.resolve_count = COUNT(resolves);
	make();
	assert_string_equal(addrs("http://a/"), "10.0.0.1:80,");
	assert_string_equal(addrs("http://a./"), "10.0.0.1:80,");
	assert_string_equal(addrs("http://a:81/"), "look up");

	/* What --connect-to says is looked up there. */
	options.connect_tos = rules;
	options.connect_to_count = 1;
	make();
	assert_string_equal(addrs("http://a/"), "10.0.0.2:81,::2:81,");
	assert_string_equal(addrs("http://a/"), "::2:81,10.0.0.2:81,");

	options.family = BULKFETCH_FAMILY_IPV6;
	make();
	assert_string_equal(addrs("http://a/"), "::2:81,");
	options.connect_to_count = 0;
	make();
	assert_string_equal(addrs("http://a/"), "");

	/* With a proxy it is the proxy's host. */
	options.family = BULKFETCH_FAMILY_IPV4;
	options.http_proxy = "socks5h://P:1";
	make();
	assert_string_equal(addrs("http://a/"), "10.0.0.3:1,");
	options.http_proxy = "p:2";
	make();
	assert_string_equal(addrs("http://a/"), "look up");
}

static void
an_address_list_is_for_every_host(void **state)
{
	static const char *const resolves[] = { "a:80:10.0.0.9" };

	(void)state;
	scratch_write("list", "10.0.0.1\n::1\n10.0.0.2:81\n", 0644);
	options.address_list = scratch_path("list");
	options.http_proxy = "p:1";
	options.resolves = resolves;
	options.resolve_count = 1;
	make();
	assert_string_equal(way("http://a/"), "a:80");
	assert_string_equal(
	    addrs("http://a/"), "10.0.0.1:80,::1:80,10.0.0.2:81,");
	assert_string_equal(addrs_some("http://b:8080/", 1), "::1:8080,");
	assert_string_equal(addrs_some("http://a/", 0), "");
	options.family = BULKFETCH_FAMILY_IPV6;
	make();
	assert_string_equal(addrs("http://a/"), "::1:80,");
}

static void
a_unix_socket_is_for_every_host(void **state)
{
	static const char *const rules[] = { "a:80:b:81" };

	(void)state;
	options.unix_socket = "/run/x";
	options.http_proxy = "p:1";
	options.connect_tos = rules;
	options.connect_to_count = 1;
	make();
	assert_string_equal(way("http://a/"), "a:80");
	assert_string_equal(addrs("http://a/"), "/run/x,");
	assert_string_equal(addrs_some("http://a/", 0), "");
}

static void
expect_problem(bool is_usage, const char *text)
{
	struct err err = routes_new(&options, &routes, &problem);

	expect_kind(text, err, is_usage ? ERR_REQUEST : ERR_FILE);
	assert_null(routes);
	if (strstr(problem.text, text) == NULL)
		fail_msg("\"%s\" instead of \"%s\"", problem.text, text);
	assert_int_equal(problem.is_usage, is_usage);
	problem = (struct bulkfetch_problem){ .text = "" };
	options = (struct bulkfetch_options){ .concurrency = 1 };
}

static void
says_which_option_is_wrong(void **state)
{
	static const char *const rules[] = { "a:80:b:81", "a:\x1b:" };
	static const char *const resolves[] = { "a:80:10.0.0.1", "a:80:b" };
	static char long_field[PROXY_VALUE_MAX + 30];
	const char *field;
	char long_path[200];

	(void)state;
	options.connect_tos = rules;
	options.connect_to_count = 2;
	expect_problem(true, "--connect-to 'a:\\x1b:': a bad port");
	options.resolves = resolves;
	options.resolve_count = 2;
	expect_problem(true, "--resolve 'a:80:b': a bad address");

	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	options.unix_socket = long_path;
	expect_problem(true, "longer than a socket's");
	options.unix_socket = "";
	expect_problem(true, "--unix-socket '': a path that is empty");
	options.unix_socket = "/x";
	options.address_list = "/y";
	expect_problem(
	    true, "--unix-socket '/x': does not go with --address-list");

	options.address_list = "/nonexistent/x";
	expect_problem(false,
	    "--address-list '/nonexistent/x': No such file or directory");
	scratch_write("list", "10.0.0.1\nx\n", 0644);
	options.address_list = scratch_path("list");
	expect_problem(true, "line 2 of --address-list '");
	options.address_list = scratch_path("list");
	scratch_write("six", "::1\n", 0644);
	options.address_list = scratch_path("six");
	options.family = BULKFETCH_FAMILY_IPV4;
	expect_problem(true, "six': a list without an address to use");

	options.http_proxy = "ftp://h";
	expect_problem(true, "proxy 'ftp://h': a scheme other than");
	options.http_proxy = options.https_proxy = "h:0";
	expect_problem(true, "proxy 'h:0': a bad port");
	field = long_field;
	memset(long_field, 'x', sizeof(long_field));
	memcpy(long_field, "Proxy-Authorization:", 20);
	long_field[sizeof(long_field) - 1] = '\0';
	options.fields = &field;
	options.field_count = 1;
	options.http_proxy = "h:1";
	expect_problem(
	    true, "field 'Proxy-Authorization': a value longer than 32 KiB");
	options.http_proxy = "socks4://h";
	options.proxy_credentials = "u:p";
	expect_problem(true, "proxy 'socks4://h': a password");

	options.family = (enum bulkfetch_family)7;
	expect_problem(true, "neither IPv4 nor IPv6");
}

static void
a_problem_shows_no_password(void **state)
{
	(void)state;
	options.http_proxy = "http://user:secret@ho st:1";
	assert_true(err_is(routes_new(&options, &routes, &problem)));
	assert_null(strstr(problem.text, "secret"));
	assert_null(strstr(problem.text, "user"));
	assert_non_null(strstr(problem.text, "'ho st:1'"));
}

static void
fails_alone_when_memory_is_refused(void **state)
{
	static const char *const rules[] = { "a:80:b:81", "c:::" };
	static const char *const resolves[] = { "a:80:10.0.0.1" };
	static char long_field[5000];
	const char *field = long_field;
	size_t n;

	(void)state;
	/* Longer than what the credentials have made room for. */
	memset(long_field, 'x', sizeof(long_field) - 1);
	memcpy(long_field, "Proxy-Authorization:", 20);
	scratch_write("list", "::1\n", 0644);
	options.connect_tos = rules;
	options.connect_to_count = 2;
	options.resolves = resolves;
	options.resolve_count = 1;
	options.http_proxy = options.https_proxy = "u:p@h:1";
	options.address_list = scratch_path("list");
	options.fields = &field;
	options.field_count = 1;
	for (n = 1;; n++) {
		struct err err;

		refuse_begin(n);
		err = routes_new(&options, &routes, &problem);
		if (!refuse_end()) {
			expect_kind("new", err, ERR_NONE);
			break;
		}
		expect_kind("new", err, ERR_NOMEM);
		assert_null(routes);
	}
	assert_true(n > 15);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(goes_straight_to_the_host_by_itself),
		TEST(a_proxy_is_for_the_urls_of_its_scheme),
		TEST(no_proxy_is_used_for_the_hosts_without),
		TEST(no_proxy_goes_by_the_urls_host),
		TEST(a_tunnel_when_wished_for),
		TEST(proxies_are_asked_as_the_user_says),
		TEST(what_the_user_says_to_proxies_wins_over_credentials),
		TEST(an_https_proxy_of_no_use_fails_https_alone),
		TEST(a_list_alone_keeps_the_order_of_addresses),
		TEST(socks_is_never_asked_for_whole_requests),
		TEST(connects_elsewhere_by_the_first_rule),
		TEST(what_is_elsewhere_is_reached_by_a_tunnel),
		TEST(fixed_names_need_no_lookup),
		TEST(an_address_list_is_for_every_host),
		TEST(a_unix_socket_is_for_every_host),
		TEST(says_which_option_is_wrong),
		TEST(a_problem_shows_no_password),
		TEST(fails_alone_when_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
