/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait */
/* link: -Wl,--wrap=dns_client_new,--wrap=dns_client_free,--wrap=dns_client_configure,--wrap=dns_client_ask,--wrap=dns_client_set_awaited,--wrap=dns_client_cancel,--wrap=dns_client_get_stats */
#include "stub_bench.h"

/* ---- Both types --------------------------------------------------------- */

static void
both_types_are_asked_for_and_given_by_turns(void **state)
{
	struct asker a;

	(void)state;
	ask(&a, "example.com");
	expect_questions("AAAA example.com, A example.com");
	fake_found("example.com", 300, "192.0.2.1,192.0.2.2,192.0.2.3");
	assert_int_equal(a.calls, 0);
	fake_found("example.com", 300, "2001:db8::1,2001:db8::2");
	expect_told(
	    &a, "2001:db8::1,192.0.2.1,2001:db8::2,192.0.2.2,192.0.2.3");
	expect_questions("");
	expect_stats(1, 0, 0, 0, 0, 0);
}

static void
one_family_asks_for_its_type_alone(void **state)
{
	static const struct {
		enum resolver_family family;
		const char *question;
		enum dns_type type;
		const char *addr;
		const char *nodata;
	} rows[] = {
		{ RESOLVER_IPV4, "A a.example", DNS_A, V4,
		    "resolve: the host has no IPv4 address (NODATA)" },
		{ RESOLVER_IPV6, "AAAA a.example", DNS_AAAA, V6,
		    "resolve: the host has no IPv6 address (NODATA)" },
	};
	struct asker a;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bench.options.family = rows[i].family;
		open_stub("nameserver 198.51.100.53\n");
		ask(&a, "a.example");
		expect_questions(rows[i].question);
		fake_found("a.example", 300, rows[i].addr);
		expect_told(&a, rows[i].addr);
		expect_cached("a.example", rows[i].addr);
		ask(&a, "b.example");
		fake_say("b.example", rows[i].type, DNS_NODATA);
		expect_told(&a, rows[i].nodata);
	}
}

static void
no_more_addresses_are_given_than_a_lookup_takes(void **state)
{
	struct asker a;

	(void)state;
	ask(&a, "a.example");
	fake_found("a.example", 300,
	    "192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4,192.0.2.5,192.0.2.6,"
	    "192.0.2.7,192.0.2.8,192.0.2.9,192.0.2.10");
	fake_found("a.example", 300, V6);
	assert_int_equal(a.lookup.count, LOOKUP_ADDRS_MAX);
	expect_told(&a,
	    "2001:db8::1,192.0.2.1,192.0.2.2,192.0.2.3,"
	    "192.0.2.4,192.0.2.5,192.0.2.6,192.0.2.7");
}

static void
what_two_types_come_to(void **state)
{
	static const struct {
		enum dns_verdict aaaa;
		enum dns_verdict a;
		const char *answer;
		uint64_t counts[5]; /* resolved, nxdomain, nodata, servfail,
				     * timeouts */
	} rows[] = {
		{ DNS_NXDOMAIN, DNS_NXDOMAIN,
		    "resolve: no such host (NXDOMAIN)", { 0, 1, 0, 0, 0 } },
		{ DNS_NODATA, DNS_NODATA,
		    "resolve: the host has no address (NODATA)",
		    { 0, 0, 1, 0, 0 } },
		{ DNS_NXDOMAIN, DNS_NODATA,
		    "resolve: the host has no address (NODATA)",
		    { 0, 0, 1, 0, 0 } },
		{ DNS_NODATA, DNS_FOUND, V4, { 1, 0, 0, 0, 0 } },
		{ DNS_NXDOMAIN, DNS_FOUND, V4, { 1, 0, 0, 0, 0 } },
		{ DNS_SERVFAIL, DNS_FOUND, V4, { 1, 0, 0, 0, 0 } },
		{ DNS_TIMEOUT, DNS_FOUND, V4, { 1, 0, 0, 0, 0 } },
		{ DNS_FOUND, DNS_REFUSED, V6, { 1, 0, 0, 0, 0 } },
		{ DNS_SERVFAIL, DNS_NODATA,
		    "dns: the name servers failed (SERVFAIL)",
		    { 0, 0, 0, 1, 0 } },
		{ DNS_NXDOMAIN, DNS_REFUSED,
		    "dns: the name servers refuse (REFUSED)",
		    { 0, 0, 0, 1, 0 } },
		{ DNS_TIMEOUT, DNS_NXDOMAIN,
		    "dns: no answer from the name servers", { 0, 0, 0, 0, 1 } },
		{ DNS_TIMEOUT, DNS_SERVFAIL,
		    "dns: the name servers failed (SERVFAIL)",
		    { 0, 0, 0, 1, 0 } },
		{ DNS_TIMEOUT, DNS_REFUSED,
		    "dns: the name servers refuse (REFUSED)",
		    { 0, 0, 0, 1, 0 } },
		{ DNS_TIMEOUT, DNS_TIMEOUT,
		    "dns: no answer from the name servers", { 0, 0, 0, 0, 1 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct asker a;

		open_stub("nameserver 198.51.100.53\n");
		ask(&a, "a.example");
		if (rows[i].aaaa == DNS_FOUND)
			fake_found("a.example", 300, V6);
		else
			fake_say("a.example", DNS_AAAA, rows[i].aaaa);
		assert_int_equal(a.calls, 0);
		if (rows[i].a == DNS_FOUND)
			fake_found("a.example", 300, V4);
		else
			fake_say("a.example", DNS_A, rows[i].a);
		expect_told(&a, rows[i].answer);
		expect_stats(rows[i].counts[0], 0, rows[i].counts[1],
		    rows[i].counts[2], rows[i].counts[3], rows[i].counts[4]);
		/* A failure is known for a while, too. */
		expect_cached("a.example", rows[i].answer);
	}
}

/* ---- The other type, waited for a little -------------------------------- */

static void
the_other_type_is_waited_for_so_long_and_goes_on_for_the_cache(void **state)
{
	struct asker a;

	(void)state;
	ask(&a, "a.example");
	fake_found("a.example", 300, V4);
	pass_ms(RESOLVER_STUB_DELAY_MS - 1);
	assert_int_equal(a.calls, 0);
	pass_ms(1);
	expect_told(&a, V4);
	expect_stats(1, 0, 0, 0, 0, 0);
	/* Nobody else waits for what was waited for already. */
	expect_questions("spare AAAA a.example");
	expect_cached("a.example", V4);
	fake_found("a.example", 300, V6);
	expect_cached("a.example", V6 "," V4);
	assert_int_equal(fake_client.asked, 2);
	assert_int_equal(fake_client.cancelled, 0);
	expect_stats(1, 2, 0, 0, 0, 0);
}

/* As it ends when others need its place. */
static void
the_other_type_may_be_given_up(void **state)
{
	struct asker a;

	(void)state;
	ask(&a, "a.example");
	fake_found("a.example", 300, V4);
	pass_ms(RESOLVER_STUB_DELAY_MS);
	expect_told(&a, V4);
	expect_questions("spare AAAA a.example");
	fake_say("a.example", DNS_AAAA, DNS_TIMEOUT);
	expect_cached("a.example", V4);
	expect_stats(1, 1, 0, 0, 0, 0);
	/* For a while. */
	pass_ms(1000);
	ask(&a, "a.example");
	expect_questions("AAAA a.example");
	fake_found("a.example", 300, V6);
	expect_told(&a, V6 "," V4);
}

/* It is asked for over an alias, and by then for nobody. */
static void
an_alias_followed_for_nobody_is_asked_for_by_nobody(void **state)
{
	struct asker a;

	(void)state;
	ask(&a, "a.example");
	fake_found("a.example", 300, V4);
	pass_ms(RESOLVER_STUB_DELAY_MS);
	expect_told(&a, V4);
	fake_alias("a.example", DNS_AAAA, 300, "b.example");
	expect_questions("spare AAAA b.example");
	fake_found("b.example", 300, V6);
	expect_cached("a.example", V6 "," V4);
}

static void
a_type_without_addresses_is_no_reason_to_stop_waiting(void **state)
{
	struct asker a;

	(void)state;
	ask(&a, "a.example");
	fake_say("a.example", DNS_A, DNS_NODATA);
	pass_ms(10 * RESOLVER_STUB_DELAY_MS);
	assert_int_equal(a.calls, 0);
	fake_found("a.example", 300, V6);
	expect_told(&a, V6);
}

static void
a_lookup_that_joins_late_waits_no_longer_than_the_first(void **state)
{
	struct asker a;
	struct asker b;

	(void)state;
	ask(&a, "a.example");
	fake_found("a.example", 300, "192.0.2.1,192.0.2.2");
	pass_ms(RESOLVER_STUB_DELAY_MS - 10);
	ask(&b, "a.example");
	pass_ms(10);
	expect_told(&a, "192.0.2.1,192.0.2.2");
	expect_told(&b, "192.0.2.2,192.0.2.1");
	assert_int_equal(fake_client.asked, 2);
}

/* Addresses that have outlived their time are no answer, however long the
 * other type takes. */
static void
what_has_expired_meanwhile_is_asked_for_again(void **state)
{
	struct asker a;
	struct asker b;

	(void)state;
	ask(&a, "a.example");
	fake_found("a.example", 10, V4);
	pass_ms(RESOLVER_STUB_DELAY_MS);
	expect_told(&a, V4);
	pass_ms(11000);
	expect_questions("spare AAAA a.example");
	ask(&b, "a.example");
	expect_questions("AAAA a.example, A a.example");
	assert_int_equal(fake_client.asked, 3);
	fake_found("a.example", 10, "192.0.2.9");
	pass_ms(RESOLVER_STUB_DELAY_MS);
	expect_told(&b, "192.0.2.9");
	/* Given up by all, that goes for the rest as well. */
	pass_ms(11000);
	ask(&b, "a.example");
	expect_questions("AAAA a.example, A a.example");
	cancel(&b);
	expect_questions("");
}

static void
one_type_out_of_the_cache_needs_the_other_alone(void **state)
{
	struct asker a;

	(void)state;
	ask(&a, "a.example");
	fake_found("a.example", 1000, V4);
	fake_found("a.example", 10, V6);
	expect_told(&a, V6 "," V4);
	pass_ms(11000);
	ask(&a, "a.example");
	expect_questions("AAAA a.example");
	pass_ms(RESOLVER_STUB_DELAY_MS);
	expect_told(&a, V4);
	/* The end leaves nothing behind: see the fake client. */
	assert_int_equal(fake_client.cancelled, 0);
}

/* ---- Many lookups ------------------------------------------------------- */

static void
lookups_of_one_name_share_its_questions_and_spread(void **state)
{
	static const char *const answers[] = { V6 ",192.0.2.1,192.0.2.2",
		V6 ",192.0.2.2,192.0.2.1" };
	enum { ASKERS = 50 };
	static struct asker askers[ASKERS];

	(void)state;
	for (size_t i = 0; i < ASKERS; i++)
		ask(&askers[i], i % 3 == 0 ? "A.Example." : "a.example");
	expect_questions("AAAA a.example, A a.example");
	fake_found("a.example", 300, "192.0.2.1,192.0.2.2");
	fake_found("a.example", 300, V6);
	for (size_t i = 0; i < ASKERS; i++)
		expect_told(&askers[i], answers[i % 2]);
	expect_stats(1, 0, 0, 0, 0, 0);
	for (size_t i = 0; i < ASKERS; i++)
		expect_cached("a.example", answers[i % 2]);
	expect_stats(1, ASKERS, 0, 0, 0, 0);
}

static void
names_are_told_apart(void **state)
{
	enum { NAMES = 300 };
	static struct asker askers[NAMES];
	static char hosts[NAMES][32];

	(void)state;
	for (size_t i = 0; i < NAMES; i++) {
		(void)snprintf(hosts[i], sizeof(hosts[i]), "n%zu.example", i);
		ask(&askers[i], hosts[i]);
	}
	assert_int_equal(fake_client.asked, 2 * NAMES);
	for (size_t i = NAMES; i-- > 0;) {
		char addr[32];

		(void)snprintf(
		    addr, sizeof(addr), "10.0.%zu.%zu", i / 250, i % 250);
		fake_found(hosts[i], 300, addr);
		fake_say(hosts[i], DNS_AAAA, DNS_NODATA);
		expect_told(&askers[i], addr);
	}
	expect_stats(NAMES, 0, 0, 0, 0, 0);
}

static void
the_last_one_that_cancels_takes_the_questions_along(void **state)
{
	struct asker a;
	struct asker b;

	(void)state;
	ask(&a, "a.example");
	ask(&b, "a.example");
	cancel(&a);
	cancel(&a);
	expect_questions("AAAA a.example, A a.example");
	fake_found("a.example", 300, V4);
	cancel(&b);
	expect_questions("");
	assert_int_equal(fake_client.cancelled, 1);
	assert_int_equal(a.calls + b.calls, 0);
	/* Nor does the delay come up any more. */
	pass_ms(2 * RESOLVER_STUB_DELAY_MS);
	/* It can be asked again, by the same one. */
	ask(&a, "a.example");
	expect_questions("AAAA a.example");
	fake_found("a.example", 300, V6);
	expect_told(&a, V6 "," V4);
	cancel(&a);
}

static struct asker *victim;

static void
cancel_victim(struct asker *asker)
{
	(void)asker;
	cancel(victim);
}

static void
whoever_is_told_may_cancel_others(void **state)
{
	struct asker a;
	struct asker b;
	struct asker c;

	(void)state;
	/* One that would be told next. */
	ask(&a, "a.example");
	ask(&b, "a.example");
	ask(&c, "a.example");
	a.then = cancel_victim;
	victim = &b;
	fake_say("a.example", DNS_A, DNS_NODATA);
	fake_found("a.example", 300, V6);
	expect_told(&a, V6);
	assert_int_equal(b.calls, 0);
	expect_told(&c, V6);
	/* One of another name. */
	ask(&a, "b.example");
	ask(&b, "c.example");
	a.then = cancel_victim;
	fake_say("b.example", DNS_A, DNS_NXDOMAIN);
	fake_say("b.example", DNS_AAAA, DNS_NXDOMAIN);
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.calls, 0);
	expect_questions("");
}

static const char *next_host;

static void
start_next(struct asker *asker)
{
	asker->then = NULL;
	asker->calls = 0;
	assert_false(start(asker, next_host));
}

static void
whoever_is_told_may_ask_again(void **state)
{
	struct asker a;
	struct asker b;

	(void)state;
	ask(&a, "a.example");
	ask(&b, "a.example");
	a.then = start_next;
	next_host = "b.example";
	fake_say("a.example", DNS_AAAA, DNS_NODATA);
	fake_found("a.example", 300, V4);
	assert_int_equal(a.calls, 0);
	expect_told(&b, V4);
	fake_say("b.example", DNS_AAAA, DNS_NODATA);
	fake_found("b.example", 300, "192.0.2.9");
	expect_told(&a, "192.0.2.9");
}

/* The same name again, when it was told after the delay. */
static void
whoever_is_told_late_may_ask_again_and_give_up(void **state)
{
	struct asker a;
	struct asker b;

	(void)state;
	/* What lives 0 s is kept for the floor; a full cache keeps nothing, so
	 * the name has to be another one here. */
	ask(&a, "a.example");
	ask(&b, "a.example");
	a.then = start_next;
	next_host = "b.example";
	b.then = cancel_victim;
	victim = &a;
	fake_found("a.example", 300, V4);
	pass_ms(RESOLVER_STUB_DELAY_MS);
	expect_told(&b, V4);
	assert_int_equal(a.calls, 0);
	expect_questions("spare AAAA a.example");
}

/* ---- The cache ---------------------------------------------------------- */

static void
answers_hold_as_long_as_their_servers_said(void **state)
{
	struct asker a;

	(void)state;
	ask(&a, "a.example");
	fake_found("a.example", 100, V4);
	fake_found("a.example", 100, V6);
	pass_ms(99000);
	expect_cached("a.example", V6 "," V4);
	pass_ms(2000);
	ask(&a, "a.example");
	expect_questions("AAAA a.example, A a.example");
	cancel(&a);
}

static void
that_there_is_no_such_name_is_known_for_a_while(void **state)
{
	struct asker a;

	(void)state;
	ask(&a, "a.example");
	fake_say("a.example", DNS_A, DNS_NXDOMAIN);
	fake_say("a.example", DNS_AAAA, DNS_NXDOMAIN);
	expect_told(&a, "resolve: no such host (NXDOMAIN)");
	pass_ms(250000);
	expect_cached("a.example", "resolve: no such host (NXDOMAIN)");
	expect_stats(0, 1, 1, 0, 0, 0);
	pass_ms(60000);
	ask(&a, "a.example");
	cancel(&a);
}

/* ---- Deadlines ---------------------------------------------------------- */

static void
a_deadline_ends_its_own_lookup_alone(void **state)
{
	struct asker a;
	struct asker b;

	(void)state;
	asker_init(&a);
	a.lookup.deadline_ms = reactor_now_ms(bench.reactor) + 1000;
	assert_false(start(&a, "a.example"));
	ask(&b, "a.example");
	pass_ms(999);
	assert_int_equal(a.calls, 0);
	pass_ms(1);
	expect_told(&a, "timeout: longer than --max-time");
	expect_questions("AAAA a.example, A a.example");
	fake_found("a.example", 300, V4);
	fake_found("a.example", 300, V6);
	expect_told(&b, V6 "," V4);
	expect_stats(1, 0, 0, 0, 0, 0);
}

static void
an_answer_in_time_ends_the_deadline(void **state)
{
	struct asker a;

	(void)state;
	asker_init(&a);
	a.lookup.deadline_ms = reactor_now_ms(bench.reactor) + 1000;
	assert_false(start(&a, "a.example"));
	fake_found("a.example", 300, V4);
	fake_found("a.example", 300, V6);
	pass_ms(2000);
	expect_told(&a, V6 "," V4);
	/* So does giving up. */
	asker_init(&a);
	a.lookup.deadline_ms = reactor_now_ms(bench.reactor) + 1000;
	assert_false(start(&a, "b.example"));
	cancel(&a);
	pass_ms(2000);
	assert_int_equal(a.calls, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STUB_TEST(both_types_are_asked_for_and_given_by_turns),
		STUB_TEST(one_family_asks_for_its_type_alone),
		STUB_TEST(no_more_addresses_are_given_than_a_lookup_takes),
		STUB_TEST(what_two_types_come_to),
		STUB_TEST(
		    the_other_type_is_waited_for_so_long_and_goes_on_for_the_cache),
		STUB_TEST(the_other_type_may_be_given_up),
		STUB_TEST(an_alias_followed_for_nobody_is_asked_for_by_nobody),
		STUB_TEST(
		    a_type_without_addresses_is_no_reason_to_stop_waiting),
		STUB_TEST(
		    a_lookup_that_joins_late_waits_no_longer_than_the_first),
		STUB_TEST(what_has_expired_meanwhile_is_asked_for_again),
		STUB_TEST(one_type_out_of_the_cache_needs_the_other_alone),
		STUB_TEST(lookups_of_one_name_share_its_questions_and_spread),
		STUB_TEST(names_are_told_apart),
		STUB_TEST(the_last_one_that_cancels_takes_the_questions_along),
		STUB_TEST(whoever_is_told_may_cancel_others),
		STUB_TEST(whoever_is_told_may_ask_again),
		STUB_TEST(whoever_is_told_late_may_ask_again_and_give_up),
		STUB_TEST(answers_hold_as_long_as_their_servers_said),
		STUB_TEST(that_there_is_no_such_name_is_known_for_a_while),
		STUB_TEST(a_deadline_ends_its_own_lookup_alone),
		STUB_TEST(an_answer_in_time_ends_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
