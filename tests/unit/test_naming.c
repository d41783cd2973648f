#include "asked.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/text.h"
#include "collect/naming.h"

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A200 A50 A50 A50 A50

static const struct {
	const char *url;
	const char *name;
} cases[] = {
	{ "http://h/", "h/index.html" },
	{ "http://h", "h/index.html" },
	{ "http://H.Example/A", "h.example/A" },
	{ "http://h:80/a", "h/a" },
	{ "http://h:8080/a", "h:8080/a" },
	{ "http://h./a", "h./a" },
	{ "http://127.0.0.1:81/a", "127.0.0.1:81/a" },
	{ "http://[::1]/a", "[::1]/a" },
	{ "http://[::1]:8080/a", "[::1]:8080/a" },
	{ "http://u:p@h/a", "h/a" },
	{ "http://h/a/", "h/a/index.html" },
	{ "http://h/a/?q", "h/a/index.html?q" },
	{ "http://h/?", "h/index.html?" },
	{ "http://h/a?", "h/a?" },
	{ "http://h/a?b=c&d", "h/a?b=c&d" },
	{ "http://h/a?b/c/d", "h/a?b%:c%:d" },
	{ "http://h/a?../../x", "h/a?..%:..%:x" },
	{ "http://h/a?/", "h/a?%:" },
	{ "http://h/a?b?c", "h/a?b?c" },
	{ "http://h//", "h/%empty/index.html" },
	{ "http://h//a", "h/%empty/a" },
	{ "http://h/a///b", "h/a/%empty/%empty/b" },
	{ "http://h/a%2Fb", "h/a%2Fb" },
	{ "http://h/%2e%2e/b", "h/%2e%2e/b" },
	{ "http://h/a/../../b", "h/b" },
	{ "http://h/a b", "h/a%20b" },
	{ "http://h/%", "h/%25" },
	{ "http://h/%empty", "h/%25empty" },
	{ "http://h/a?%:", "h/a?%25:" },
	{ "http://h/x%~0123456789abcdef", "h/x%25~0123456789abcdef" },
	{ "http://h/.hidden", "h/.hidden" },
	{ "http://h/...", "h/..." },
	{ "http://h/a#f", "h/a" },
	{ "http://h/" A200, "h/" A200 },
};

static void
expect_name(
    const char *row, const struct bulkfetch_request *request, const char *name)
{
	struct buf out;

	buf_init(&out, NAMING_SPACE_MAX);
	assert_false(err_is(naming_append(request, &out)));
	expect_text(row, buf_slice(&out), name);
	buf_fini(&out);
}

static void
keeps_the_octets_of_the_url(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf space;
		struct bulkfetch_request request =
		    asked_for(slice_str(cases[i].url), 1, &space);

		expect_name(cases[i].url, &request, cases[i].name);
		buf_fini(&space);
	}
}

static void
appends_behind_what_is_there(void **state)
{
	struct buf space;
	struct bulkfetch_request request =
	    asked_for(slice_str("http://h/a"), 1, &space);
	struct buf out;

	(void)state;
	buf_init(&out, NAMING_SPACE_MAX);
	assert_false(err_is(buf_append_str(&out, "dir/")));
	assert_false(err_is(naming_append(&request, &out)));
	expect_text("all", buf_slice(&out), "dir/h/a");
	buf_fini(&out);
	buf_fini(&space);
}

/* Normalising leaves none of these, but a program of its own may ask. */
static void
disarms_what_no_normalised_url_has(void **state)
{
	static const struct {
		const char *host;
		const char *path;
		const char *name;
	} rows[] = {
		{ "..", "/a", "%../a" },
		{ ".", "/a", "%./a" },
		{ "", "/a", "%empty/a" },
		{ "a/../b", "/c", "a%:..%:b/c" },
		{ "h", "/..", "h/%.." },
		{ "h", "/../../etc/passwd", "h/%../%../etc/passwd" },
		{ "h", "/./a", "h/%./a" },
		{ "h", "", "h/index.html" },
		{ "h", "a", "h/a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bulkfetch_request request = {
			.authority = asked_text(slice_str(rows[i].host)),
			.path = asked_text(slice_str(rows[i].path)),
		};

		expect_name(rows[i].name, &request, rows[i].name);
	}
}

static void
refuses_a_nul(void **state)
{
	static const struct slice nul = TEXT("/a\0b");
	struct bulkfetch_request request = {
		.authority = { "h", 1 },
		.path = asked_text(nul),
	};
	struct buf out;

	(void)state;
	buf_init(&out, NAMING_SPACE_MAX);
	expect_kind("path", naming_append(&request, &out), ERR_REQUEST);
	expect_kind("name", naming_append_path(nul, &out), ERR_REQUEST);
	buf_fini(&out);
}

/* `count` times `octet`, and `tail`. */
static struct slice
repeated(char octet, size_t count, const char *tail)
{
	size_t len = count + strlen(tail);
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, octet, count);
	memcpy(text + count, tail, strlen(tail));
	return slice_of(text, len);
}

static void
cuts_a_long_component_to_its_hash(void **state)
{
	struct slice one = repeated('a', NAMING_COMPONENT_MAX, "b");
	struct slice other = repeated('a', NAMING_COMPONENT_MAX, "c");
	char expected[NAMING_COMPONENT_MAX + 1];
	struct buf a;
	struct buf b;

	(void)state;
	buf_init(&a, NAMING_SPACE_MAX);
	buf_init(&b, NAMING_SPACE_MAX);
	assert_false(err_is(naming_append_path(one, &a)));
	assert_false(err_is(naming_append_path(other, &b)));
	assert_int_equal(a.len, NAMING_COMPONENT_MAX);
	assert_int_equal(b.len, NAMING_COMPONENT_MAX);
	assert_false(slice_eq(buf_slice(&a), buf_slice(&b)));
	memcpy(expected, one.ptr, NAMING_COMPONENT_MAX - 18);
	(void)snprintf(expected + NAMING_COMPONENT_MAX - 18, 19, "%%~%016llx",
	    (unsigned long long)hash_octets(one, 0));
	expect_text("cut", buf_slice(&a), expected);
	buf_fini(&a);
	buf_fini(&b);
	exact_free(one);
	exact_free(other);
}

static void
cuts_a_long_name_between_components(void **state)
{
	struct buf text;
	struct buf out;
	struct buf again;

	(void)state;
	buf_init(&text, NAMING_SPACE_MAX);
	buf_init(&out, NAMING_SPACE_MAX);
	buf_init(&again, NAMING_SPACE_MAX);
	for (int i = 0; i < 400; i++)
		assert_false(err_is(buf_append_str(&text, "segment/")));
	assert_false(err_is(buf_append_str(&text, "x")));
	assert_false(err_is(naming_append_path(buf_slice(&text), &out)));
	assert_true(out.len <= NAMING_PATH_MAX);
	assert_true(out.len > NAMING_PATH_MAX - 50);
	assert_memory_equal(out.ptr + out.len - 19, "/%~", 3);
	text.ptr[text.len - 1] = 'y';
	assert_false(err_is(naming_append_path(buf_slice(&text), &again)));
	assert_int_equal(again.len, out.len);
	assert_memory_equal(again.ptr, out.ptr, out.len - 16);
	assert_memory_not_equal(
	    again.ptr + out.len - 16, out.ptr + out.len - 16, 16);
	buf_fini(&text);
	buf_fini(&out);
	buf_fini(&again);
}

static void
takes_the_longest_url_that_there_is(void **state)
{
	static const char octets[] = { 'a', '/', '%', ' ', '"' };

	(void)state;
	for (size_t i = 0; i < COUNT(octets); i++) {
		struct slice tail =
		    repeated(octets[i], URL_MAX_LEN - strlen("http://h/"), "");
		struct buf text;
		struct buf space;
		struct buf out;
		struct bulkfetch_request request;

		buf_init(&text, URL_MAX_LEN);
		buf_init(&out, NAMING_SPACE_MAX);
		assert_false(err_is(buf_append_str(&text, "http://h/")));
		assert_false(err_is(buf_append(&text, tail)));
		request = asked_for(buf_slice(&text), 1, &space);
		assert_false(err_is(naming_append(&request, &out)));
		assert_true(out.len <= NAMING_PATH_MAX);
		buf_fini(&text);
		buf_fini(&space);
		buf_fini(&out);
		exact_free(tail);
	}
}

/* ---- Different URLs have different names -------------------------------- */

struct pair {
	char *url;
	char *name;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(
	    ((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

static uint32_t
random_next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Few distinct pieces, those that marks are made of among them. */
static void
random_url(uint32_t *seed, char *out, size_t cap)
{
	static const char *const pieces[] = { "/", "/", "/", "a", "b", "?",
		"%2F", "%", ":", ".", "..", "index.html", "empty", "~", "%25",
		"dir", "file", "0123456789abcdef", "", " ", "=", A50 };
	unsigned count = random_next(seed) % 9;
	size_t len = (size_t)snprintf(
	    out, cap, "http://%s/", random_next(seed) % 2 ? "h" : "h.");

	for (unsigned i = 0; i < count; i++)
		len += (size_t)snprintf(out + len, cap - len, "%s",
		    pieces[random_next(seed) % COUNT(pieces)]);
}

static char *
text_of(struct slice s)
{
	return strndup((const char *)s.ptr, s.len);
}

static void
gives_different_urls_different_names(void **state)
{
	static struct pair pairs[10000];
	uint32_t seed = 1;
	size_t met = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		char url[1024];
		struct buf space;
		struct buf out;
		struct bulkfetch_request request;

		random_url(&seed, url, sizeof(url));
		request = asked_for(slice_str(url), 1, &space);
		/* The one pair that shares a name. */
		if ((naming_kinds(&request) & NAMING_LITERAL) != 0) {
			buf_fini(&space);
			i--;
			continue;
		}
		buf_init(&out, NAMING_SPACE_MAX);
		assert_false(err_is(naming_append(&request, &out)));
		pairs[i].url = text_of(text_slice(request.url));
		pairs[i].name = text_of(buf_slice(&out));
		buf_fini(&out);
		buf_fini(&space);
	}
	qsort(pairs, COUNT(pairs), sizeof(pairs[0]), by_name);
	for (size_t i = 1; i < COUNT(pairs); i++) {
		if (strcmp(pairs[i].name, pairs[i - 1].name) != 0)
			continue;
		met++;
		if (strcmp(pairs[i].url, pairs[i - 1].url) != 0)
			fail_msg("%s and %s are both %s", pairs[i].url,
			    pairs[i - 1].url, pairs[i].name);
	}
	assert_true(met < COUNT(pairs) / 2);
	for (size_t i = 0; i < COUNT(pairs); i++) {
		free(pairs[i].url);
		free(pairs[i].name);
	}
}

/* ---- What names leave out ----------------------------------------------- */

static void
tells_when_names_may_be_shared(void **state)
{
	static const struct {
		const char *url;
		const char *other;
		bool is_shared;
	} rows[] = {
		{ "http://h/a", "http://h/b", false },
		{ "http://h/a/", "http://h/b/", false },
		{ "http://h/a/", "http://h/a/index.html", true },
		{ "http://h/a/index.html", "http://h/a/", true },
		{ "http://h/index.html?q", "http://h/?q", true },
		{ "http://h/a/index.html", "http://h/a", false },
		{ "http://h/a", "http://u@h/a", true },
		{ "http://u@h/a", "http://v@h/a", true },
		{ "http://u@h/a", "http://h/a", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf space;
		struct buf other_space;
		struct bulkfetch_request request =
		    asked_for(slice_str(rows[i].url), 1, &space);
		struct bulkfetch_request other =
		    asked_for(slice_str(rows[i].other), 2, &other_space);
		unsigned kinds = naming_kinds(&request);

		assert_false(
		    naming_is_shared(kinds & ~(unsigned)NAMING_USERINFO,
			kinds & ~(unsigned)NAMING_USERINFO));
		if (naming_is_shared(kinds, kinds | naming_kinds(&other)) !=
		    rows[i].is_shared)
			fail_msg("%s beside %s", rows[i].url, rows[i].other);
		buf_fini(&space);
		buf_fini(&other_space);
	}
	assert_true(naming_is_shared(NAMING_HTTP, NAMING_HTTP | NAMING_HTTPS));
	assert_false(naming_is_shared(NAMING_HTTPS, NAMING_HTTPS));
}

static void
hashes_userinfo_with_the_url(void **state)
{
	struct buf spaces[3];
	struct bulkfetch_request plain =
	    asked_for(slice_str("http://h/a"), 1, &spaces[0]);
	struct bulkfetch_request u =
	    asked_for(slice_str("http://u@h/a"), 2, &spaces[1]);
	struct bulkfetch_request v =
	    asked_for(slice_str("http://v@h/a"), 3, &spaces[2]);

	(void)state;
	assert_true(naming_hash(&plain) != naming_hash(&u));
	assert_true(naming_hash(&u) != naming_hash(&v));
	assert_true(
	    naming_hash(&plain) == hash_octets(slice_str("http://h/a"), 0));
	for (size_t i = 0; i < COUNT(spaces); i++)
		buf_fini(&spaces[i]);
}

static void
finds_the_last_component(void **state)
{
	static const struct {
		const char *path;
		const char *last;
	} rows[] = {
		{ "/", "index.html" },
		{ "", "index.html" },
		{ "/a", "a" },
		{ "/a/b.c", "b.c" },
		{ "/a/", "index.html" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_text(rows[i].path, naming_last(slice_str(rows[i].path)),
		    rows[i].last);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_octets_of_the_url),
		cmocka_unit_test(appends_behind_what_is_there),
		cmocka_unit_test(disarms_what_no_normalised_url_has),
		cmocka_unit_test(refuses_a_nul),
		cmocka_unit_test(cuts_a_long_component_to_its_hash),
		cmocka_unit_test(cuts_a_long_name_between_components),
		cmocka_unit_test(takes_the_longest_url_that_there_is),
		cmocka_unit_test(gives_different_urls_different_names),
		cmocka_unit_test(tells_when_names_may_be_shared),
		cmocka_unit_test(hashes_userinfo_with_the_url),
		cmocka_unit_test(finds_the_last_component),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
