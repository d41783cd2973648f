/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "asked.h"
#include "refuse.h"

#include <stdio.h>

#include "base/hash.h"
#include "collect/naming.h"
#include "collect/pattern.h"

static const struct {
	const char *pattern;
	const char *url;
	const char *name;
} cases[] = {
	{ "x", "http://h/a", "x" },
	{ "%{n}", "http://h/a", "42" },
	{ "%{n:6}", "http://h/a", "000042" },
	{ "%{n:06}.html", "http://h/a", "000042.html" },
	{ "%{n:1}", "http://h/a", "42" },
	{ "%{n:20}", "http://h/a", "00000000000000000042" },
	{ "%{host}", "http://H:8080/a", "h:8080" },
	{ "%{host}/%{path}", "http://h/a/b/c", "h/a/b/c" },
	{ "%{host}/%{path}", "http://h/a/b/?q", "h/a/b/index.html" },
	{ "%{path}", "http://h/", "index.html" },
	{ "%{path}.bak", "http://h/a/", "a/index.html.bak" },
	{ "%{path}", "http://h//a//b", "%empty/a/%empty/b" },
	{ "%{name}", "http://h/a/b.jpg?q", "b.jpg" },
	{ "%{name}", "http://h/a/", "index.html" },
	{ "%{name}", "http://h/%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd" },
	{ "%{query}", "http://h/a?b=c", "b=c" },
	{ "%{query}", "http://h/a", "%empty" },
	{ "%{query}", "http://h/a?../../x", "..%:..%:x" },
	{ "%{query}", "http://h/a?..", "%.." },
	{ "%{query}", "http://h/a?.", "%." },
	{ "d/%{query}/e", "http://h/a", "d/%empty/e" },
	{ ".%{query}", "http://h/a?.", "%.." },
	{ "%{n}%{ext}", "http://h/a/b.tar.gz", "42.gz" },
	{ "%{n}%{ext}", "http://h/a", "42" },
	{ "%{n}%{ext}", "http://h/.profile", "42" },
	{ "%{n}%{ext}", "http://h/a.", "42" },
	{ "%{n}%{ext}", "http://h/a.d/b", "42" },
	{ "%{n}%{ext}", "http://h/a/", "42.html" },
	{ "100%%", "http://h/a", "100%" },
	{ "%%{n}", "http://h/a", "%{n}" },
	{ "a%%%{n}%%b", "http://h/a", "a%42%b" },
	{ "a/b/c", "http://h/a", "a/b/c" },
	{ ".%{n}", "http://h/a", ".42" },
	{ "...", "http://h/a", "..." },
};

static void
makes_names_from_patterns(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pattern *p;
		struct buf space;
		struct buf out;
		char why[256] = "";
		struct bulkfetch_request request =
		    asked_for(slice_str(cases[i].url), 42, &space);

		if (err_is(pattern_new(cases[i].pattern, &p, why, sizeof(why))))
			fail_msg("%s: %s", cases[i].pattern, why);
		buf_init(&out, NAMING_SPACE_MAX);
		/* Twice: nothing of one name gets into the next. */
		for (int again = 0; again < 2; again++) {
			buf_clear(&out);
			assert_false(err_is(pattern_append(p, &request, &out)));
			expect_text(
			    cases[i].pattern, buf_slice(&out), cases[i].name);
		}
		pattern_free(p);
		buf_fini(&out);
		buf_fini(&space);
	}
}

static void
hashes_the_url_without_userinfo(void **state)
{
	struct pattern *p;
	struct buf space;
	struct buf out;
	char why[256];
	char expected[32];
	struct bulkfetch_request request =
	    asked_for(slice_str("http://u@h/a"), 1, &space);

	(void)state;
	assert_false(err_is(pattern_new("%{hash}", &p, why, sizeof(why))));
	buf_init(&out, NAMING_SPACE_MAX);
	assert_false(err_is(pattern_append(p, &request, &out)));
	(void)snprintf(expected, sizeof(expected), "%016llx",
	    (unsigned long long)hash_octets(slice_str("http://h/a"), 0));
	expect_text("hash", buf_slice(&out), expected);
	pattern_free(p);
	buf_fini(&out);
	buf_fini(&space);
}

static void
says_what_is_wrong_with_a_pattern(void **state)
{
	static const struct {
		const char *pattern;
		const char *word; /* must stand in the reason */
	} rows[] = {
		{ "", "--dir" },
		{ "/", "--dir" },
		{ "/etc/passwd", "--dir" },
		{ "a/", "--dir" },
		{ "a//b", "--dir" },
		{ "../a", "--dir" },
		{ "a/../b", "--dir" },
		{ "./a", "--dir" },
		{ "a/..", "--dir" },
		{ "%{foo}", "%{foo} is not known; there are %{n} %{host}" },
		{ "%{}", "%{} is not known" },
		{ "%{N}", "%{N} is not known" },
		{ "%{n:}", "%{n:} is not known" },
		{ "%{n:21}", "%{n:21} is not known" },
		{ "%{n:-1}", "%{n:-1} is not known" },
		{ "%{host:3}", "%{host:3} is not known" },
		{ "%{\033}", "%{\\x1b} is not known" },
		{ "%", "%%" },
		{ "a%", "%%" },
		{ "%d", "%{n}" },
		{ "%{n", "%{n}" },
		{ "%{", "%{n}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pattern *p;
		char why[256] = "";

		expect_kind(rows[i].pattern,
		    pattern_new(rows[i].pattern, &p, why, sizeof(why)),
		    ERR_REQUEST);
		if (strstr(why, rows[i].word) == NULL)
			fail_msg("%s: %s", rows[i].pattern, why);
	}
}

static void
survives_a_refused_allocation(void **state)
{
	bool refused = true;

	(void)state;
	for (size_t n = 1; refused; n++) {
		struct pattern *p = NULL;
		struct buf space;
		struct buf out;
		char why[256];
		struct bulkfetch_request request =
		    asked_for(slice_str("http://h/a"), 1, &space);
		struct err err;

		buf_init(&out, NAMING_SPACE_MAX);
		refuse_begin(n);
		err = pattern_new("%{n}/%{path}", &p, why, sizeof(why));
		if (!err_is(err))
			err = pattern_append(p, &request, &out);
		refused = refuse_end();
		expect_kind("err", err, refused ? ERR_NOMEM : ERR_NONE);
		pattern_free(p);
		buf_fini(&out);
		buf_fini(&space);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_names_from_patterns),
		cmocka_unit_test(hashes_the_url_without_userinfo),
		cmocka_unit_test(says_what_is_wrong_with_a_pattern),
		cmocka_unit_test(survives_a_refused_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
