/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait */
/* link: -Wl,--wrap=dns_client_new,--wrap=dns_client_free,--wrap=dns_client_configure,--wrap=dns_client_ask,--wrap=dns_client_set_awaited,--wrap=dns_client_cancel,--wrap=dns_client_get_stats */
/* Other names than the one asked for: the search list, and aliases. */
#include "stub_bench.h"

/* ---- The search list ---------------------------------------------------- */

#define SEARCH "nameserver 198.51.100.53\nsearch one.test two.test\n"

static void
names_are_searched_for_in_turn(void **state)
{
	struct asker a;

	(void)state;
	configure(SEARCH);
	ask(&a, "db");
	expect_questions("AAAA db.one.test, A db.one.test");
	say_both("db.one.test", DNS_NXDOMAIN);
	assert_int_equal(a.calls, 0);
	expect_questions("AAAA db.two.test, A db.two.test");
	fake_found("db.two.test", 300, V4);
	fake_say("db.two.test", DNS_AAAA, DNS_NODATA);
	expect_told(&a, V4);
	/* A detour is no failure of the host's. */
	expect_stats(1, 0, 0, 0, 0, 0);
	expect_cached("db", V4);
	/* Even where the next name is known already. */
	ask(&a, "web.two.test.");
	say_both("web.two.test", DNS_SERVFAIL);
	ask(&a, "www.two.test.");
	fake_found("www.two.test", 300, V4);
	fake_found("www.two.test", 300, V6);
	ask(&a, "www");
	say_both("www.one.test", DNS_NXDOMAIN);
	expect_told(&a, V6 "," V4);
	ask(&a, "web");
	say_both("web.one.test", DNS_NXDOMAIN);
	expect_told(&a, "dns: the name servers failed (SERVFAIL)");
	expect_stats(2, 1, 0, 0, 1, 0);
	/* With a dot there is nothing to search for. */
	ask(&a, "db.");
	expect_questions("AAAA db, A db");
	say_both("db", DNS_NXDOMAIN);
	expect_told(&a, "resolve: no such host (NXDOMAIN)");
	expect_stats(2, 1, 1, 0, 1, 0);
}

static void
the_search_ends_with_the_name_itself(void **state)
{
	struct asker a;

	(void)state;
	configure(SEARCH);
	ask(&a, "db");
	say_both("db.one.test", DNS_NXDOMAIN);
	say_both("db.two.test", DNS_NXDOMAIN);
	expect_questions("AAAA db, A db");
	say_both("db", DNS_NXDOMAIN);
	expect_told(&a, "resolve: no such host (NXDOMAIN)");
	expect_stats(0, 0, 1, 0, 0, 0);
	expect_cached("db", "resolve: no such host (NXDOMAIN)");
	assert_int_equal(fake_client.asked, 6);
}

static void
a_name_that_exists_without_addresses_is_remembered(void **state)
{
	struct asker a;

	(void)state;
	configure(SEARCH);
	ask(&a, "db");
	say_both("db.one.test", DNS_NODATA);
	say_both("db.two.test", DNS_NXDOMAIN);
	say_both("db", DNS_NXDOMAIN);
	expect_told(&a, "resolve: the host has no address (NODATA)");
}

/* The name behind it could be somebody else's. */
static void
a_candidate_that_cannot_be_found_out_ends_the_search(void **state)
{
	struct asker a;

	(void)state;
	configure(SEARCH);
	ask(&a, "db");
	say_both("db.one.test", DNS_NXDOMAIN);
	say_both("db.two.test", DNS_TIMEOUT);
	expect_told(&a, "dns: no answer from the name servers");
	expect_questions("");
	expect_stats(0, 0, 0, 0, 0, 1);
}

static void
lookups_that_searched_apart_meet_at_the_same_name(void **state)
{
	struct asker a;
	struct asker b;

	(void)state;
	configure(SEARCH);
	ask(&a, "db");
	ask(&b, "db.two.test.");
	say_both("db.one.test", DNS_NXDOMAIN);
	expect_questions("AAAA db.two.test, A db.two.test");
	say_both("db.two.test", DNS_NXDOMAIN);
	/* The one is at its end, the other is not. */
	expect_told(&b, "resolve: no such host (NXDOMAIN)");
	expect_stats(0, 0, 1, 0, 0, 0);
	assert_int_equal(a.calls, 0);
	fake_found("db", 300, V4);
	fake_found("db", 300, V6);
	expect_told(&a, V6 "," V4);
}

static void
the_deadline_goes_on_from_name_to_name(void **state)
{
	struct asker a;

	(void)state;
	configure(SEARCH);
	asker_init(&a);
	a.lookup.deadline_ms = reactor_now_ms(bench.reactor) + 1000;
	assert_false(start(&a, "db"));
	pass_ms(900);
	say_both("db.one.test", DNS_NXDOMAIN);
	pass_ms(99);
	assert_int_equal(a.calls, 0);
	pass_ms(1);
	expect_told(&a, "timeout: longer than --max-time");
	expect_questions("");
}

static void
what_is_no_name_is_not_asked_for(void **state)
{
	static const char *const hosts[] = { "", ".", "a..b", ".a",
		("a123456789012345678901234567890123456789012345678901234567890"
		 "1234.example") };

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct asker a;

		asker_init(&a);
		/* The root is a name, but no host's. */
		if (!start(&a, hosts[i])) {
			fail_msg("'%s' asks: %s", hosts[i], fake_questions());
			return;
		}
		expect_text(hosts[i], slice_str(asker_answer(&a)),
		    "resolve: not a host name");
	}
	expect_stats(0, 0, 0, 0, 0, 0);
}

/* ---- Aliases ------------------------------------------------------------ */

static void
an_alias_is_asked_for_and_kept_under_the_first_name(void **state)
{
	struct asker a;

	(void)state;
	ask(&a, "a.example");
	fake_alias("a.example", DNS_A, 300, "b.example");
	expect_questions("AAAA a.example, A b.example");
	fake_alias("b.example", DNS_A, 10, "c.example");
	fake_say("a.example", DNS_AAAA, DNS_NODATA);
	assert_int_equal(a.calls, 0);
	fake_found("c.example", 300, V4);
	expect_told(&a, V4);
	expect_cached("a.example", V4);
	expect_stats(1, 1, 0, 0, 0, 0);
	/* The least TTL on the way counts. */
	pass_ms(11000);
	ask(&a, "a.example");
	expect_questions("A a.example");
	fake_alias("a.example", DNS_A, 20, "b.example");
	fake_alias("b.example", DNS_A, 300, "c.example");
	fake_found("c.example", 300, V4);
	expect_told(&a, V4);
	pass_ms(19000);
	expect_cached("a.example", V4);
	pass_ms(2000);
	ask(&a, "a.example");
	cancel(&a);
}

static void
what_an_alias_fails_with_is_the_names_failure(void **state)
{
	struct asker a;

	(void)state;
	ask(&a, "a.example");
	fake_alias("a.example", DNS_A, 300, "b.example");
	fake_alias("a.example", DNS_AAAA, 300, "b.example");
	say_both("b.example", DNS_NXDOMAIN);
	expect_told(&a, "resolve: no such host (NXDOMAIN)");
	expect_cached("a.example", "resolve: no such host (NXDOMAIN)");
	ask(&a, "c.example");
	fake_alias("c.example", DNS_A, 300, "b.example");
	fake_say("c.example", DNS_AAAA, DNS_NODATA);
	cancel(&a);
	expect_questions("");
}

static void
loops_of_aliases_end(void **state)
{
	static const char failure[] = "dns: the name servers failed (SERVFAIL)";
	struct asker a;

	(void)state;
	bench.options.family = RESOLVER_IPV4;
	open_stub("nameserver 198.51.100.53\n");
	/* Of itself; back to the first; and any other way, in the end. */
	ask(&a, "a.example");
	fake_alias("a.example", DNS_A, 300, "a.example");
	expect_told(&a, failure);
	ask(&a, "b.example");
	fake_alias("b.example", DNS_A, 300, "c.example");
	fake_alias("c.example", DNS_A, 300, "b.example");
	expect_told(&a, failure);
	expect_cached("b.example", failure);
	ask(&a, "d.example");
	fake_alias("d.example", DNS_A, 300, "e0.example");
	for (unsigned i = 0; a.calls == 0; i++) {
		assert_true(i <= DNS_ALIASES_MAX);
		fake_alias(i % 2 == 0 ? "e0.example" : "e1.example", DNS_A, 300,
		    i % 2 == 0 ? "e1.example" : "e0.example");
	}
	expect_told(&a, failure);
	assert_int_equal(fake_client.asked, 1 + 2 + 1 + DNS_ALIASES_MAX);
}

static void
as_many_aliases_as_are_allowed_are_followed(void **state)
{
	char name[32] = "a.example";
	struct asker a;

	(void)state;
	bench.options.family = RESOLVER_IPV4;
	open_stub("nameserver 198.51.100.53\n");
	ask(&a, name);
	for (int i = 0; i < DNS_ALIASES_MAX; i++) {
		char alias[32];

		(void)snprintf(alias, sizeof(alias), "a%d.example", i);
		fake_alias(name, DNS_A, 300, alias);
		(void)strcpy(name, alias);
	}
	fake_found(name, 300, V4);
	expect_told(&a, V4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STUB_TEST(names_are_searched_for_in_turn),
		STUB_TEST(the_search_ends_with_the_name_itself),
		STUB_TEST(a_name_that_exists_without_addresses_is_remembered),
		STUB_TEST(a_candidate_that_cannot_be_found_out_ends_the_search),
		STUB_TEST(lookups_that_searched_apart_meet_at_the_same_name),
		STUB_TEST(the_deadline_goes_on_from_name_to_name),
		STUB_TEST(what_is_no_name_is_not_asked_for),
		STUB_TEST(an_alias_is_asked_for_and_kept_under_the_first_name),
		STUB_TEST(what_an_alias_fails_with_is_the_names_failure),
		STUB_TEST(loops_of_aliases_end),
		STUB_TEST(as_many_aliases_as_are_allowed_are_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
