/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"

#include <stdio.h>

#include "route/fixed_names.h"

#define MAX 8

static struct fixed_names *
make(const char *const *texts, size_t count)
{
	struct fixed_names *f = NULL;
	const char *bad = NULL;
	struct err err = fixed_names_new(texts, count, &f, &bad);

	if (err_is(err))
		fail_msg("%s: %s", bad, err.why);
	return f;
}

/* "addr:port,addr:port," as found; "-" when there is no entry. */
static const char *
find_some(struct fixed_names *f, const char *host, uint16_t port,
    sa_family_t family, size_t max)
{
	static char out[FIXED_ADDRS_MAX * (ENDPOINT_TEXT_MAX + 7)];
	struct slice name = exact_copy(slice_str(host));
	struct endpoint addrs[FIXED_ADDRS_MAX];
	bool is_known;
	size_t len = 0;
	size_t count =
	    fixed_names_find(f, name, port, family, addrs, max, &is_known);

	exact_free(name);
	assert_true(count <= max);
	assert_true(is_known || count == 0);
	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char text[ENDPOINT_TEXT_MAX];

		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s:%u,",
		    endpoint_format(&addrs[i], text), endpoint_port(&addrs[i]));
	}
	return is_known ? out : "-";
}

static const char *
find(struct fixed_names *f, const char *host, uint16_t port)
{
	return find_some(f, host, port, AF_UNSPEC, MAX);
}

static void
finds_host_and_port(void **state)
{
	static const char *const texts[] = {
		"a.example:80:10.0.0.1",
		"a.example:443:10.0.0.2",
		"+B.Example.:80:::1",
		"c:80:[2001:db8::1]",
		"[2001:DB8::2]:80:10.0.0.3",
		"10.0.0.9:80:10.0.0.4",
	};
	struct fixed_names *f = make(texts, COUNT(texts));

	(void)state;
	assert_string_equal(find(f, "a.example", 80), "10.0.0.1:80,");
	assert_string_equal(find(f, "a.example", 443), "10.0.0.2:443,");
	assert_string_equal(find(f, "a.example", 81), "-");
	assert_string_equal(find(f, "A.example", 80), "10.0.0.1:80,");
	assert_string_equal(find(f, "a.example.", 80), "10.0.0.1:80,");
	assert_string_equal(find(f, "b.example", 80), "::1:80,");
	assert_string_equal(find(f, "c", 80), "2001:db8::1:80,");
	assert_string_equal(find(f, "2001:db8:0::2", 80), "10.0.0.3:80,");
	assert_string_equal(find(f, "10.0.0.9", 80), "10.0.0.4:80,");
	assert_string_equal(find(f, "x.a.example", 80), "-");
	assert_string_equal(find(f, "", 80), "-");
	assert_string_equal(find(f, ":::", 80), "-");
	fixed_names_free(f);
}

static void
begins_with_another_address_each_time(void **state)
{
	static const char *const texts[] = {
		"a:1:10.0.0.1,::1,10.0.0.2,[::2],10.0.0.3",
	};
	struct fixed_names *f = make(texts, COUNT(texts));

	(void)state;
	assert_string_equal(find_some(f, "a", 1, AF_INET, MAX),
	    "10.0.0.1:1,10.0.0.2:1,10.0.0.3:1,");
	assert_string_equal(find_some(f, "a", 1, AF_INET, MAX),
	    "10.0.0.2:1,10.0.0.3:1,10.0.0.1:1,");
	assert_string_equal(find_some(f, "a", 1, AF_INET, MAX),
	    "10.0.0.3:1,10.0.0.1:1,10.0.0.2:1,");
	assert_string_equal(
	    find_some(f, "a", 1, AF_INET, 2), "10.0.0.1:1,10.0.0.2:1,");
	assert_string_equal(
	    find_some(f, "a", 1, AF_INET6, MAX), "::1:1,::2:1,");
	assert_string_equal(
	    find_some(f, "a", 1, AF_INET6, MAX), "::2:1,::1:1,");
	assert_string_equal(find_some(f, "a", 1, AF_UNSPEC, 1), "::1:1,");
	assert_string_equal(find_some(f, "a", 1, AF_UNSPEC, 0), "");
	fixed_names_free(f);
}

static void
an_entry_may_have_no_address_of_a_family(void **state)
{
	static const char *const texts[] = { "a:1:10.0.0.1", "*:1:10.0.0.2",
		"b:1:::1" };
	struct fixed_names *f = make(texts, COUNT(texts));

	(void)state;
	/* It is known all the same, and "*" is not asked. */
	assert_string_equal(find_some(f, "a", 1, AF_INET6, MAX), "");
	assert_string_equal(find_some(f, "b", 1, AF_INET, MAX), "");
	fixed_names_free(f);
}

static void
later_entries_replace_and_take_away(void **state)
{
	static const char *const texts[] = {
		"a:1:10.0.0.1",
		"b:1:10.0.0.2",
		"b:2:10.0.0.3",
		"A.:1:10.0.0.9",
		"-B:1",
		"-c:1",
		"d:1:10.0.0.4",
		"-d:1",
		"d:1:10.0.0.5",
	};
	struct fixed_names *f = make(texts, COUNT(texts));

	(void)state;
	assert_string_equal(find(f, "a", 1), "10.0.0.9:1,");
	assert_string_equal(find(f, "b", 1), "-");
	assert_string_equal(find(f, "b", 2), "10.0.0.3:2,");
	assert_string_equal(find(f, "c", 1), "-");
	assert_string_equal(find(f, "d", 1), "10.0.0.5:1,");
	fixed_names_free(f);
}

static void
a_star_counts_where_nothing_else_does(void **state)
{
	static const char *const texts[] = { "*:80:10.0.0.1", "a:80:10.0.0.2",
		"*:81:10.0.0.3", "-*:81" };
	struct fixed_names *f = make(texts, COUNT(texts));

	(void)state;
	assert_string_equal(find(f, "a", 80), "10.0.0.2:80,");
	assert_string_equal(find(f, "b", 80), "10.0.0.1:80,");
	assert_string_equal(find(f, "b", 81), "-");
	fixed_names_free(f);
}

static void
nothing_is_known_of_nothing(void **state)
{
	struct fixed_names *f = make(NULL, 0);

	(void)state;
	assert_string_equal(find(f, "a", 80), "-");
	fixed_names_free(f);
	fixed_names_free(NULL);
}

static void
keeps_thousands_apart(void **state)
{
	enum { N = 5000 };
	static char space[N][40];
	static const char *texts[N];
	struct fixed_names *f;

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		(void)snprintf(space[i], sizeof(space[i]),
		    "host%u:%u:10.0.%u.%u", i / 2, 80 + i % 2, i / 256,
		    i % 256);
		texts[i] = space[i];
	}
	f = make(texts, N);
	for (unsigned i = 0; i < N; i++) {
		char host[20];
		char expected[40];

		(void)snprintf(host, sizeof(host), "host%u", i / 2);
		(void)snprintf(expected, sizeof(expected), "10.0.%u.%u:%u,",
		    i / 256, i % 256, 80 + i % 2);
		assert_string_equal(
		    find(f, host, (uint16_t)(80 + i % 2)), expected);
	}
	fixed_names_free(f);
}

static void
says_what_is_wrong_and_where(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} rows[] = {
		{ "", "form" },
		{ "-", "form" },
		{ "a", "form" },
		{ "a:80", "form" },
		{ "-a", "form" },
		{ "-a:80:10.0.0.1", "form" },
		{ "-a:80:", "form" },
		{ "a:80:", "address" },
		{ "a:80:10.0.0.1,", "address" },
		{ "a:80:,10.0.0.1", "address" },
		{ "a:80:10.0.0.1, 10.0.0.2", "address" },
		{ "a:80:10.0.0", "address" },
		{ "a:80:10.0.0.1:80", "address" },
		{ "a:80:b", "address" },
		{ "a:80:[::1", "address" },
		{ "a:80:[]", "address" },
		{ ":80:10.0.0.1", "no host" },
		{ "a b:80:10.0.0.1", "octet" },
		{ "::1:80:10.0.0.1", "no host" },
		{ "**:80:10.0.0.1", "octet" },
		{ "a:0:10.0.0.1", "port" },
		{ "a:*:10.0.0.1", "port" },
		{ "-a:65536", "port" },
	};
	struct fixed_names *f;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *const texts[] = { "x:1:10.0.0.1", rows[i].text,
			"also wrong" };
		const char *bad = NULL;
		struct err err = fixed_names_new(texts, 3, &f, &bad);

		expect_kind(rows[i].text, err, ERR_REQUEST);
		assert_ptr_equal(bad, rows[i].text);
		assert_non_null(err.why);
		if (strstr(err.why, rows[i].why) == NULL)
			fail_msg("%s: \"%s\"", rows[i].text, err.why);
	}
}

static void
a_host_and_its_zone_have_a_longest(void **state)
{
	char text[400] = "[::ffff:ffff%";
	const char *const texts[] = { text };
	const char *bad = NULL;
	struct fixed_names *f = NULL;

	(void)state;
	/* Written as the system does, "::255.255.255.255", it is longer. */
	memset(text + strlen(text), 'x', 254 - strlen(text) - 1);
	(void)strcat(text, "]:80:10.0.0.1");
	expect_kind("254", fixed_names_new(texts, 1, &f, &bad), ERR_REQUEST);
	assert_ptr_equal(bad, text);
	memcpy(text, "[::1%xxxxxxxx", 13);
	f = make(texts, 1);
	fixed_names_free(f);
}

static void
an_entry_has_64_addresses_at_most(void **state)
{
	char text[65 * 12] = "a:80:";
	const char *const texts[] = { text };
	const char *bad = NULL;
	struct fixed_names *f = NULL;

	(void)state;
	for (int i = 0; i < 63; i++)
		(void)strcat(text, "10.0.0.1,");
	(void)strcat(text, "10.0.0.2");
	f = make(texts, 1);
	(void)find_some(f, "a", 80, AF_UNSPEC, FIXED_ADDRS_MAX);
	assert_non_null(
	    strstr(find_some(f, "a", 80, AF_UNSPEC, FIXED_ADDRS_MAX),
		"10.0.0.1:80,10.0.0.2:80,10.0.0.1:80,"));
	fixed_names_free(f);
	(void)strcat(text, ",10.0.0.3");
	expect_kind("65", fixed_names_new(texts, 1, &f, &bad), ERR_REQUEST);
	assert_ptr_equal(bad, text);
}

static void
fails_alone_when_memory_is_refused(void **state)
{
	static const char *const texts[] = { "a:1:10.0.0.1", "b:1:10.0.0.1",
		"a:1:10.0.0.2" };
	size_t n;

	(void)state;
	for (n = 1;; n++) {
		struct fixed_names *f = NULL;
		const char *bad = NULL;
		struct err err;

		refuse_begin(n);
		err = fixed_names_new(texts, 3, &f, &bad);
		if (!refuse_end()) {
			expect_kind("new", err, ERR_NONE);
			fixed_names_free(f);
			break;
		}
		expect_kind("new", err, ERR_NOMEM);
		assert_null(f);
	}
	assert_true(n > 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_host_and_port),
		cmocka_unit_test(begins_with_another_address_each_time),
		cmocka_unit_test(an_entry_may_have_no_address_of_a_family),
		cmocka_unit_test(later_entries_replace_and_take_away),
		cmocka_unit_test(a_star_counts_where_nothing_else_does),
		cmocka_unit_test(nothing_is_known_of_nothing),
		cmocka_unit_test(keeps_thousands_apart),
		cmocka_unit_test(says_what_is_wrong_and_where),
		cmocka_unit_test(a_host_and_its_zone_have_a_longest),
		cmocka_unit_test(an_entry_has_64_addresses_at_most),
		cmocka_unit_test(fails_alone_when_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
