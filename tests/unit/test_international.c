#include "exact.h"

#include <stdbool.h>

#include "http/international.h"
#include "http/url.h"

/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "refuse.h"

#define E "\xc3\xa9" /* e with an acute accent */

/* What the fake below was given, and what it is to give. */
static char asked[128];
static const char *answer;

static struct err
fake_to_ascii(struct slice name, struct buf *out)
{
	assert_true(name.len < sizeof(asked));
	memcpy(asked, name.ptr, name.len);
	asked[name.len] = '\0';
	if (answer == NULL)
		return err_why(ERR_REQUEST, "not today");
	return buf_append_str(out, answer);
}

static const struct {
	struct slice in;
	const char *name; /* NULL: not international */
	const char *out;  /* with the host "xn--9ca.x" */
} rows[] = {
	{ TEXT("http://" E ".x/"), E ".x", "http://xn--9ca.x/" },
	{ TEXT("http://" E ".x"), E ".x", "http://xn--9ca.x" },
	{ TEXT("HTTPS://" E "?q"), E, "HTTPS://xn--9ca.x?q" },
	{ TEXT("http://" E "#" E), E, "http://xn--9ca.x#" E },
	{ TEXT("http://" E ":81/" E), E, "http://xn--9ca.x:81/" E },
	{ TEXT("http://" E ":/"), E, "http://xn--9ca.x:/" },
	{ TEXT("//" E "/a"), E, "//xn--9ca.x/a" },
	{ TEXT(" \t//" E " "), E, " \t//xn--9ca.x " },
	/* Escapes are of the host's own octets, as RFC 3986 has them. */
	{ TEXT("http://%C3%A9.x/"), E ".x", "http://xn--9ca.x/" },
	{ TEXT("http://%c3%a9%2E%58/"), E ".X", "http://xn--9ca.x/" },
	{ TEXT("http://a%2f" E "/"), "a/" E, "http://xn--9ca.x/" },
	/* Userinfo ends at the last '@'. */
	{ TEXT("http://u:p@" E "/"), E, "http://u:p@xn--9ca.x/" },
	{ TEXT("http://" E ":@" E "@" E ":8/@"), E,
	    "http://" E ":@" E "@xn--9ca.x:8/@" },
	/* ASCII hosts, whatever else there is. */
	{ TEXT("http://x/" E), NULL, NULL },
	{ TEXT("http://" E "@x/"), NULL, NULL },
	{ TEXT("http://x?" E), NULL, NULL },
	{ TEXT("http://x#//" E), NULL, NULL },
	{ TEXT("http://%41/"), NULL, NULL },
	{ TEXT("http://x:" E "/"), NULL, NULL },
	{ TEXT("http://%C/%A9"), NULL, NULL },
	{ TEXT("http://[::1%25" E "]/"), NULL, NULL },
	/* No host at all. */
	{ TEXT(""), NULL, NULL },
	{ TEXT(E), NULL, NULL },
	{ TEXT("/" E), NULL, NULL },
	{ TEXT("/"), NULL, NULL },
	{ TEXT("//"), NULL, NULL },
	{ TEXT("http:"), NULL, NULL },
	{ TEXT("http:/" E), NULL, NULL },
	{ TEXT("http:" E), NULL, NULL },
	{ TEXT("h" E "://" E "/"), NULL, NULL },
	{ TEXT("/a//" E), NULL, NULL },
};

static void
knows_hosts_that_are_not_ascii(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice in = exact_copy(rows[i].in);

		if (international_is(in) != (rows[i].name != NULL))
			fail_msg("row %zu", i);
		exact_free(in);
	}
}

static void
rewrites_the_host_and_nothing_else(void **state)
{
	(void)state;
	answer = "xn--9ca.x";
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice in = exact_copy(rows[i].in);
		struct buf out;

		buf_init(&out, 256);
		assert_false(err_is(buf_append_str(&out, "before")));
		if (rows[i].name != NULL) {
			expect_kind(rows[i].name,
			    international_rewrite(in, fake_to_ascii, &out),
			    ERR_NONE);
			assert_string_equal(asked, rows[i].name);
			expect_text("before", slice_first(buf_slice(&out), 6),
			    "before");
			expect_text("rewritten", slice_from(buf_slice(&out), 6),
			    rows[i].out);
			assert_false(
			    international_is(slice_from(buf_slice(&out), 6)));
		}
		buf_fini(&out);
		exact_free(in);
	}
}

static void
expect_refused(struct slice in, const char *given, const char *why)
{
	struct buf out;
	struct err err;

	buf_init(&out, 256);
	answer = given;
	err = international_rewrite(in, fake_to_ascii, &out);
	expect_kind(given != NULL ? given : "refused", err, ERR_REQUEST);
	assert_string_equal(err.why, why);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

/* U+2100 is "a/c" in ASCII, and "a/c" would be the host "a". */
static void
takes_nothing_for_a_host_that_is_none(void **state)
{
	static const char *const answers[] = { "a/c", "a@b", "a:b", "a?b",
		"a#b", "a%62", "a b", "a\x7f", "[::1]", "", "a\\b", E };
	struct slice in = TEXT("http://" E "/x");

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++)
		expect_refused(in, answers[i],
		    "an octet that may not stand in a host name");
	expect_refused(in, NULL, "not today");
	expect_refused((struct slice)TEXT("http://" E "%zz/"), "x",
	    "a '%' without two hexadecimal digits");
	expect_refused((struct slice)TEXT("/" E), "x", "no host");
}

static void
refuses_what_is_longer_than_any_url(void **state)
{
	enum { LEN = 7 + 2 * URL_MAX_LEN };
	char *text = malloc(LEN);
	struct buf out;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', LEN);
	memcpy(text, "http://" E, 9);
	expect_refused(
	    slice_of(text, LEN), "x", "a host name that is too long");
	text[9] = '/';
	buf_init(&out, LEN - 2);
	answer = "x";
	expect_kind("room",
	    international_rewrite(slice_of(text, LEN), fake_to_ascii, &out),
	    ERR_LIMIT);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
	free(text);
}

static void
changes_nothing_when_memory_is_refused(void **state)
{
	struct slice in = TEXT("http://" E ".x/");
	size_t refused = 0;
	bool is_over = false;

	(void)state;
	answer = "xn--9ca.x";
	for (size_t n = 1; !is_over; n++) {
		struct buf out;
		struct err err;

		buf_init(&out, 256);
		refuse_begin(n);
		err = international_rewrite(in, fake_to_ascii, &out);
		is_over = !refuse_end();
		expect_kind("memory", err, is_over ? ERR_NONE : ERR_NOMEM);
		assert_int_equal(out.len, is_over ? 17 : 0);
		refused += !is_over;
		buf_fini(&out);
	}
	assert_int_equal(refused, 3);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_hosts_that_are_not_ascii),
		cmocka_unit_test(rewrites_the_host_and_nothing_else),
		cmocka_unit_test(takes_nothing_for_a_host_that_is_none),
		cmocka_unit_test(refuses_what_is_longer_than_any_url),
		cmocka_unit_test(changes_nothing_when_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
