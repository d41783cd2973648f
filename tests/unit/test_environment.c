#include "exact.h"

#include "cli/environment.h"

/* The environment of one row: "name=value" each. */
static const char *const *variables;

static char *
get(const char *name)
{
	size_t len = strlen(name);

	for (const char *const *v = variables; *v != NULL; v++) {
		if (strncmp(*v, name, len) == 0 && (*v)[len] == '=')
			return (char *)(uintptr_t)(*v + len + 1);
	}
	return NULL;
}

#define VARIABLES_MAX 6

static const struct {
	const char *variables[VARIABLES_MAX];
	const char *proxy;    /* --proxy */
	const char *no_proxy; /* --noproxy */
	const char *http;
	const char *https;
	const char *none;
} rows[] = {
	{ .http = NULL },
	{ { "http_proxy=a" }, .http = "a" },
	{ { "https_proxy=a" }, .https = "a" },
	{ { "all_proxy=a" }, .http = "a", .https = "a" },
	{ { "http_proxy=a", "all_proxy=b" }, .http = "a", .https = "b" },
	{ { "https_proxy=a", "all_proxy=b" }, .http = "b", .https = "a" },
	{ { "no_proxy=x" }, .none = "x" },
	/* In capitals, but for the one that a request could set. */
	{ { "HTTP_PROXY=a" }, .http = NULL },
	{ { "HTTP_PROXY=a", "ALL_PROXY=b" }, .http = "b", .https = "b" },
	{ { "HTTPS_PROXY=a", "ALL_PROXY=b", "NO_PROXY=c" }, .http = "b",
	    .https = "a", .none = "c" },
	{ { "HTTPS_PROXY=A", "ALL_PROXY=B", "NO_PROXY=C", "https_proxy=a",
	      "all_proxy=b", "no_proxy=c" },
	    .http = "b", .https = "a", .none = "c" },
	/* Empty ones are none. */
	{ { "http_proxy=", "all_proxy=b" }, .http = "b", .https = "b" },
	{ { "https_proxy=", "HTTPS_PROXY=a", "no_proxy=", "NO_PROXY=c" },
	    .https = "a", .none = "c" },
	{ { "http_proxy=", "all_proxy=", "no_proxy=" }, .http = NULL },
	/* The command line goes before. */
	{ { "http_proxy=a", "https_proxy=b", "no_proxy=c" }, .proxy = "p",
	    .http = "p", .https = "p", .none = "c" },
	{ { "http_proxy=a", "all_proxy=b" }, .proxy = "", .http = "",
	    .https = "" },
	{ { "http_proxy=a", "no_proxy=c" }, .no_proxy = "d", .http = "a",
	    .none = "d" },
	{ { "http_proxy=a", "no_proxy=*" }, .no_proxy = "", .http = "a",
	    .none = "" },
};

static void
expect_proxy(size_t row, const char *what, const char *is, const char *expected)
{
	if ((is == NULL) != (expected == NULL) ||
	    (is != NULL && strcmp(is, expected) != 0))
		fail_msg("row %zu, %s: %s instead of %s", row, what,
		    is != NULL ? is : "none",
		    expected != NULL ? expected : "none");
}

static void
names_proxies_as_curl_reads_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *set[VARIABLES_MAX + 1] = { NULL };
		struct options o = {
			.proxy = rows[i].proxy,
			.fetch.no_proxy = rows[i].no_proxy,
		};

		memcpy(set, rows[i].variables, sizeof(rows[i].variables));
		variables = set;
		environment_apply(&o, get);
		expect_proxy(i, "http", o.fetch.http_proxy, rows[i].http);
		expect_proxy(i, "https", o.fetch.https_proxy, rows[i].https);
		expect_proxy(i, "no_proxy", o.fetch.no_proxy, rows[i].none);
	}
}

static void
has_no_say_where_the_place_to_connect_to_is_given(void **state)
{
	static const char *const all[] = { "http_proxy=a", "https_proxy=b",
		"all_proxy=c", NULL };
	struct options list = { .fetch.address_list = "l" };
	struct options path = { .fetch.unix_socket = "s", .proxy = "" };

	(void)state;
	variables = all;
	environment_apply(&list, get);
	assert_null(list.fetch.http_proxy);
	assert_null(list.fetch.https_proxy);
	environment_apply(&path, get);
	assert_null(path.fetch.http_proxy);
	assert_null(path.fetch.https_proxy);
}

static void
names_a_file_for_the_secrets_of_tls(void **state)
{
	static const struct {
		const char *variables[VARIABLES_MAX];
		const char *file;
	} cases[] = {
		{ { "SSLKEYLOGFILE=/tmp/k" }, "/tmp/k" },
		{ { "SSLKEYLOGFILE=" }, NULL },
		{ { "sslkeylogfile=/tmp/k" }, NULL },
		{ { NULL }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		/* Wherever requests go. */
		struct options o = { .fetch.unix_socket =
					 i % 2 != 0 ? "s" : NULL };

		variables = cases[i / 2].variables;
		environment_apply(&o, get);
		expect_proxy(i, "file", o.fetch.tls_keylog, cases[i / 2].file);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_proxies_as_curl_reads_it),
		cmocka_unit_test(
		    has_no_say_where_the_place_to_connect_to_is_given),
		cmocka_unit_test(names_a_file_for_the_secrets_of_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
