#include "exact.h"

#include <stdio.h>

#include "fetch/redirect.h"

struct trip {
	struct buf space;
	struct url listed;
	struct redirects *r;
};

static void
trip_begin(struct trip *trip, const char *listed)
{
	buf_init(&trip->space, URL_SPACE_MAX);
	assert_false(
	    err_is(url_parse(slice_str(listed), &trip->space, &trip->listed)));
	assert_false(err_is(redirects_new(&trip->r)));
}

static void
trip_end(struct trip *trip)
{
	redirects_free(trip->r);
	buf_fini(&trip->space);
}

static struct err
go(struct trip *trip, unsigned status, const char *location,
    enum redirect_method method, unsigned max)
{
	const struct response res = {
		.status = status,
		.location = slice_str(location),
	};

	return redirect_follow(trip->r, &res, &trip->listed, method, max);
}

static void
expect_at(const struct trip *trip, const char *url)
{
	if (!slice_eq_str(trip->r->url.text, url))
		fail_msg("at %.*s, not at %s", (int)trip->r->url.text.len,
		    (const char *)trip->r->url.text.ptr, url);
}

static void
knows_the_statuses_that_lead_on(void **state)
{
	(void)state;
	for (unsigned status = 0; status < 1000; status++)
		assert_int_equal(redirect_is(status),
		    status == 301 || status == 302 || status == 303 ||
			status == 307 || status == 308);
}

static void
each_location_is_relative_to_the_url_before(void **state)
{
	struct trip trip;

	(void)state;
	trip_begin(&trip, "http://a/b/c?d");
	assert_false(err_is(go(&trip, 301, "e", REDIRECT_SAFE, 10)));
	expect_at(&trip, "http://a/b/e");
	assert_false(err_is(go(&trip, 302, "//f/g/h", REDIRECT_SAFE, 10)));
	expect_at(&trip, "http://f/g/h");
	assert_false(err_is(go(&trip, 307, "?q=1", REDIRECT_SAFE, 10)));
	expect_at(&trip, "http://f/g/h?q=1");
	assert_false(err_is(go(&trip, 308, "../i#part", REDIRECT_SAFE, 10)));
	expect_at(&trip, "http://f/i");
	assert_int_equal(trip.r->count, 4);
	trip_end(&trip);
}

static void
a_failure_changes_nothing(void **state)
{
	static const struct {
		const char *location;
		const char *why;
	} cases[] = {
		{ NULL, "a redirect without Location" },
		{ "ftp://a/b",
		    "a redirect to another scheme than http and "
		    "https" },
		{ "javascript:x()",
		    "a redirect to another scheme than http "
		    "and https" },
		{ "http://a/b\rc", NULL },
		{ "http://a:99999/", NULL },
		{ "http:///", NULL },
		{ "", "a loop of redirects" },
		{ "http://a/x", "a loop of redirects" },
		{ "#f", "a loop of redirects" },
	};
	struct trip trip;

	(void)state;
	trip_begin(&trip, "http://a/x");
	assert_false(err_is(go(&trip, 301, "y", REDIRECT_SAFE, 10)));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err =
		    go(&trip, 301, cases[i].location, REDIRECT_SAFE, 10);

		if (err.kind != ERR_REDIRECT)
			fail_msg("%zu: %s", i, err_name(err.kind));
		assert_non_null(err.why);
		if (cases[i].why != NULL)
			assert_string_equal(err.why, cases[i].why);
		expect_at(&trip, "http://a/y");
		assert_int_equal(trip.r->count, 1);
	}
	trip_end(&trip);
}

static void
a_long_way_ends(void **state)
{
	static const unsigned maxima[] = { 0, 1, 10, BULKFETCH_REDIRECTS_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(maxima); i++) {
		struct trip trip;
		struct err err = err_none();
		char location[32];
		unsigned followed = 0;

		trip_begin(&trip, "http://a/x");
		while (!err_is(err)) {
			(void)snprintf(
			    location, sizeof(location), "/%u", followed);
			err =
			    go(&trip, 302, location, REDIRECT_SAFE, maxima[i]);
			followed += !err_is(err);
		}
		assert_int_equal(err.kind, ERR_REDIRECT);
		assert_string_equal(
		    err.why, "more redirects than --max-redirs");
		assert_int_equal(followed, maxima[i]);
		assert_int_equal(trip.r->count, maxima[i]);
		trip_end(&trip);
	}
}

/* RFC 9110, section 15.4, and what browsers do. */
static void
some_redirects_turn_the_method_into_get(void **state)
{
	static const struct {
		unsigned status;
		enum redirect_method method;
		bool is_rewritten;
	} cases[] = {
		{ 301, REDIRECT_SAFE, false },
		{ 302, REDIRECT_SAFE, false },
		{ 303, REDIRECT_SAFE, false },
		{ 307, REDIRECT_SAFE, false },
		{ 308, REDIRECT_SAFE, false },
		{ 301, REDIRECT_POST, true },
		{ 302, REDIRECT_POST, true },
		{ 303, REDIRECT_POST, true },
		{ 307, REDIRECT_POST, false },
		{ 308, REDIRECT_POST, false },
		{ 301, REDIRECT_OTHER, false },
		{ 302, REDIRECT_OTHER, false },
		{ 303, REDIRECT_OTHER, true },
		{ 307, REDIRECT_OTHER, false },
		{ 308, REDIRECT_OTHER, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct trip trip;

		trip_begin(&trip, "http://a/x");
		assert_false(err_is(
		    go(&trip, cases[i].status, "/y", cases[i].method, 10)));
		if (trip.r->is_rewritten != cases[i].is_rewritten)
			fail_msg("%zu", i);
		/* Once GET, it stays GET. */
		assert_false(err_is(go(&trip, 307, "/z", cases[i].method, 10)));
		assert_int_equal(trip.r->is_rewritten, cases[i].is_rewritten);
		trip_end(&trip);
	}
}

/* The answer to a form, as it is often given. */
static void
the_same_url_with_another_method_is_no_loop(void **state)
{
	struct trip trip;

	(void)state;
	trip_begin(&trip, "http://a/x");
	assert_false(err_is(go(&trip, 303, "/x", REDIRECT_POST, 10)));
	assert_int_equal(
	    go(&trip, 303, "/x", REDIRECT_POST, 10).kind, ERR_REDIRECT);
	trip_end(&trip);
}

static void
userinfo_stays_within_its_origin(void **state)
{
	static const struct {
		const char *location;
		bool is_foreign;
		const char *userinfo;
	} cases[] = {
		{ "/y", false, "u:p" },
		{ "http://a/y", false, "u:p" },
		{ "http://A:80/y", false, "u:p" },
		{ "http://v:q@a/y", false, "v:q" },
		{ "http://b/y", true, "" },
		{ "//b/y", true, "" },
		{ "http://a:81/y", true, "" },
		{ "https://a/y", true, "" },
		{ "http://v:q@b/y", true, "v:q" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct trip trip;

		trip_begin(&trip, "http://u:p@a/x");
		assert_false(err_is(
		    go(&trip, 302, cases[i].location, REDIRECT_SAFE, 10)));
		if (trip.r->is_foreign != cases[i].is_foreign ||
		    !slice_eq_str(trip.r->url.userinfo, cases[i].userinfo))
			fail_msg("%s: %d, %.*s", cases[i].location,
			    trip.r->is_foreign, (int)trip.r->url.userinfo.len,
			    (const char *)trip.r->url.userinfo.ptr);
		/* Back home. */
		assert_false(
		    err_is(go(&trip, 302, "http://a/z", REDIRECT_SAFE, 10)));
		assert_false(trip.r->is_foreign);
		assert_true(slice_eq_str(trip.r->url.userinfo, "u:p"));
		trip_end(&trip);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_statuses_that_lead_on),
		cmocka_unit_test(each_location_is_relative_to_the_url_before),
		cmocka_unit_test(a_failure_changes_nothing),
		cmocka_unit_test(a_long_way_ends),
		cmocka_unit_test(some_redirects_turn_the_method_into_get),
		cmocka_unit_test(the_same_url_with_another_method_is_no_loop),
		cmocka_unit_test(userinfo_stays_within_its_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
