/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"

#include <stdio.h>

#include "net/tls_sessions.h"
#include "refuse.h"

/* What one takes beyond its octets is not the test's to know. */
#define OVERHEAD_MAX ((size_t)128)

static struct tls_sessions sessions;

static void
open_with(size_t octets_max)
{
	assert_false(err_is(tls_sessions_init(&sessions, octets_max)));
}

static int
setup(void **state)
{
	(void)state;
	open_with(TLS_SESSIONS_OCTETS);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	tls_sessions_fini(&sessions);
	return 0;
}

static void
put(const char *key, const char *session)
{
	struct slice key_copy = exact_copy(slice_str(key));
	struct slice session_copy = exact_copy(slice_str(session));

	tls_sessions_put(&sessions, key_copy, session_copy);
	exact_free(key_copy);
	exact_free(session_copy);
}

/* NULL: there is none. */
static void
expect_taken(const char *key, const char *session)
{
	struct slice found = tls_sessions_take(&sessions, slice_str(key));

	if (session == NULL && found.ptr != NULL)
		fail_msg("%s: there is one", key);
	if (session != NULL && found.ptr == NULL)
		fail_msg("%s: there is none", key);
	if (session != NULL)
		expect_text(key, found, session);
}

static bool
is_wanted(const char *key)
{
	return tls_sessions_want(&sessions, slice_str(key));
}

static void
keeps_the_newest_of_each_origin(void **state)
{
	(void)state;
	expect_taken("a", NULL);
	put("a", "first");
	put("b", "other");
	expect_taken("a", "first");
	expect_taken("a", "first"); /* it is lent, and stays */
	put("a", "second, longer");
	expect_taken("a", "second, longer");
	expect_taken("b", "other");
	expect_taken("", NULL);
	expect_taken("ab", NULL);
	put("", "of no name");
	expect_taken("", "of no name");
}

static void
wants_one_where_there_is_none_or_an_offered_one(void **state)
{
	(void)state;
	assert_true(is_wanted("a"));
	put("a", "first");
	assert_false(is_wanted("a"));
	expect_taken("a", "first");
	assert_true(is_wanted("a"));
	put("a", "second");
	assert_false(is_wanted("a"));
	assert_true(is_wanted("b"));
}

static void
drops_what_was_offered_and_not_what_came_since(void **state)
{
	(void)state;
	tls_sessions_drop(&sessions, slice_str("a"));
	put("a", "first");
	tls_sessions_drop(&sessions, slice_str("a"));
	expect_taken("a", "first");
	tls_sessions_drop(&sessions, slice_str("a"));
	expect_taken("a", NULL);
	put("a", "second");
	expect_taken("a", "second");
	put("a", "third");
	tls_sessions_drop(&sessions, slice_str("a"));
	expect_taken("a", "third");
}

static void
keeps_none_that_is_too_large(void **state)
{
	char *large = malloc(TLS_SESSION_MAX + 2);

	(void)state;
	assert_non_null(large);
	memset(large, 'x', TLS_SESSION_MAX + 1);
	large[TLS_SESSION_MAX] = '\0';
	put("a", large);
	expect_taken("a", large);
	large[TLS_SESSION_MAX] = 'x';
	large[TLS_SESSION_MAX + 1] = '\0';
	/* The one before is old, and was replaced by the server. */
	put("a", large);
	expect_taken("a", NULL);
	put("b", large);
	expect_taken("b", NULL);
	assert_int_equal(sessions.octets, 0);
	free(large);
}

/* Keys of four octets, sessions of a hundred. */
static void
put_number(unsigned n)
{
	char key[16];
	char session[101];

	(void)snprintf(key, sizeof(key), "%04u", n);
	(void)snprintf(session, sizeof(session), "%0100u", n);
	put(key, session);
}

static bool
has_number(unsigned n)
{
	char key[16];

	(void)snprintf(key, sizeof(key), "%04u", n);
	return tls_sessions_take(&sessions, slice_str(key)).ptr != NULL;
}

static void
what_was_used_least_recently_gives_way(void **state)
{
	const size_t max = 8192;
	unsigned kept = 0;

	(void)state;
	tls_sessions_fini(&sessions);
	open_with(max);
	for (unsigned n = 0; n < 1000; n++) {
		put_number(n);
		assert_in_range(sessions.octets, 104, max);
		/* One that is taken again and again stays. */
		assert_true(has_number(0));
		assert_true(has_number(n));
	}
	for (unsigned n = 1; n < 1000; n++) {
		bool has = has_number(n);

		/* The newest ones, without a gap. */
		assert_true(kept == 0 || has);
		kept += has;
	}
	assert_in_range(kept, max / (104 + OVERHEAD_MAX) - 1, max / 104);
}

static void
a_session_that_alone_is_beyond_the_bound_is_not_kept(void **state)
{
	(void)state;
	tls_sessions_fini(&sessions);
	open_with(150);
	put("small", "a");
	put_number(1);
	assert_false(has_number(1));
	assert_int_equal(sessions.octets, 0);
	put("small", "a");
	expect_taken("small", "a");
}

static void
does_without_where_memory_is_refused(void **state)
{
	struct tls_sessions other;
	struct err err;

	(void)state;
	put("a", "first");
	refuse_begin(1);
	tls_sessions_put(&sessions, slice_str("b"), slice_str("other"));
	assert_true(refuse_end());
	expect_taken("b", NULL);
	expect_taken("a", "first");
	refuse_begin(1);
	tls_sessions_put(&sessions, slice_str("a"), slice_str("second"));
	assert_true(refuse_end());
	expect_taken("a", NULL);
	refuse_begin(1);
	err = tls_sessions_init(&other, TLS_SESSIONS_OCTETS);
	assert_true(refuse_end());
	expect_kind("init", err, ERR_NOMEM);
	tls_sessions_fini(&other);
}

static void
may_be_ended_before_it_has_begun(void **state)
{
	struct tls_sessions none;

	(void)state;
	memset(&none, 0, sizeof(none));
	tls_sessions_fini(&none);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* A server that breaks over its own sessions is offered none any more. */
static void
keeps_none_for_who_is_banned(void **state)
{
	struct tls_sessions s;
	const struct slice key = slice_str("https://a");
	const struct slice other = slice_str("https://b");

	(void)state;
	assert_false(err_is(tls_sessions_init(&s, 4096)));
	tls_sessions_put(&s, key, slice_str("one"));
	tls_sessions_put(&s, other, slice_str("two"));
	tls_sessions_ban(&s, key);
	assert_null(tls_sessions_take(&s, key).ptr);
	assert_false(tls_sessions_want(&s, key));
	tls_sessions_put(&s, key, slice_str("three"));
	tls_sessions_drop(&s, key);
	assert_null(tls_sessions_take(&s, key).ptr);
	assert_false(tls_sessions_want(&s, key));
	assert_true(slice_eq_str(tls_sessions_take(&s, other), "two"));
	tls_sessions_fini(&s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(keeps_the_newest_of_each_origin),
		TEST(wants_one_where_there_is_none_or_an_offered_one),
		TEST(drops_what_was_offered_and_not_what_came_since),
		TEST(keeps_none_that_is_too_large),
		TEST(what_was_used_least_recently_gives_way),
		TEST(a_session_that_alone_is_beyond_the_bound_is_not_kept),
		TEST(does_without_where_memory_is_refused),
		TEST(may_be_ended_before_it_has_begun),
		TEST(keeps_none_for_who_is_banned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
