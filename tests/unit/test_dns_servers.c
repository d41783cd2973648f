#include "exact.h"

#include "net/dns_servers.h"

#define NONE SIZE_MAX

static struct dns_servers s;

/* Whom a question of `now_ms` would go to; NONE for nobody. */
static size_t
next(size_t first, unsigned skip, int64_t now_ms)
{
	struct dns_choice choice;

	if (!dns_servers_next(&s, first, skip, now_ms, &choice))
		return NONE;
	assert_false(choice.is_probe);
	return choice.server;
}

static void
expect_probe(size_t server, int64_t now_ms)
{
	struct dns_choice choice;

	assert_true(dns_servers_next(&s, 0, 0, now_ms, &choice));
	assert_int_equal(choice.server, server);
	assert_true(choice.is_probe);
}

/* So many questions that all go out and fail at `now_ms`. */
static void
fail_all(size_t server, unsigned times, int64_t now_ms)
{
	for (unsigned i = 0; i < times; i++)
		dns_servers_failed(&s, server, now_ms, now_ms);
}

static void
asks_each_once_from_the_first_on(void **state)
{
	(void)state;
	dns_servers_init(&s, 3, false);
	assert_int_equal(dns_servers_first(&s), 0);
	assert_int_equal(dns_servers_first(&s), 0);
	assert_int_equal(next(0, 0, 0), 0);
	assert_int_equal(next(0, 1, 0), 1);
	assert_int_equal(next(0, 3, 0), 2);
	assert_int_equal(next(0, 7, 0), NONE);
	assert_int_equal(next(2, 0, 0), 2);
	assert_int_equal(next(2, 4, 0), 0);
	assert_int_equal(next(2, 5, 0), 1);
}

static void
begins_with_another_one_each_time_when_rotated(void **state)
{
	(void)state;
	dns_servers_init(&s, 3, true);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(dns_servers_first(&s), i % 3);
}

static void
without_servers_there_is_nobody_to_ask(void **state)
{
	(void)state;
	for (int is_rotated = 0; is_rotated < 2; is_rotated++) {
		dns_servers_init(&s, 0, is_rotated == 1);
		assert_int_equal(dns_servers_first(&s), 0);
		assert_int_equal(dns_servers_first(&s), 0);
		assert_int_equal(next(0, 0, 0), NONE);
	}
}

static void
a_server_that_fails_in_a_row_is_passed_over(void **state)
{
	(void)state;
	dns_servers_init(&s, 2, false);
	fail_all(0, DNS_SERVER_FAILURES - 1, 100);
	assert_int_equal(next(0, 0, 100), 0);
	dns_servers_heard(&s, 0, 150);
	fail_all(0, DNS_SERVER_FAILURES - 1, 200);
	assert_int_equal(next(0, 0, 200), 0);
	fail_all(0, 1, 200);
	assert_int_equal(next(0, 0, 200), 1);
	/* Nobody else is worth asking either. */
	assert_int_equal(next(0, 2, 200), NONE);
	assert_int_equal(next(0, 0, 200 + DNS_SERVER_BAN_MS - 1), 1);
}

static void
what_it_said_since_tells_that_it_lives(void **state)
{
	(void)state;
	dns_servers_init(&s, 2, false);
	dns_servers_heard(&s, 0, 101);
	for (unsigned i = 0; i < 10 * DNS_SERVER_FAILURES; i++)
		dns_servers_failed(&s, 0, 100, 2100);
	assert_int_equal(next(0, 0, 2100), 0);
	for (unsigned i = 0; i < DNS_SERVER_FAILURES; i++)
		dns_servers_failed(&s, 0, 101, 2101);
	assert_int_equal(next(0, 0, 2101), 1);
}

static void
one_question_at_a_time_finds_out(void **state)
{
	int64_t now_ms = 0;
	int64_t ban_ms = DNS_SERVER_BAN_MS;

	(void)state;
	dns_servers_init(&s, 2, false);
	fail_all(0, DNS_SERVER_FAILURES, now_ms);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(next(0, 0, now_ms + ban_ms - 1), 1);
		now_ms += ban_ms;
		expect_probe(0, now_ms);
		assert_int_equal(next(0, 0, now_ms), 1);
		/* What was sent before does not count. */
		dns_servers_failed(&s, 0, now_ms - 1, now_ms);
		dns_servers_failed(&s, 0, now_ms, now_ms + 500);
		dns_servers_end_probe(&s, 0);
		now_ms += 500;
		assert_int_equal(next(0, 0, now_ms), 1);
		ban_ms *= 2;
		if (ban_ms > DNS_SERVER_BAN_MAX_MS)
			ban_ms = DNS_SERVER_BAN_MAX_MS;
	}
	now_ms += ban_ms;
	expect_probe(0, now_ms);
	/* Neither answered nor failed: somebody else tries. */
	dns_servers_end_probe(&s, 0);
	expect_probe(0, now_ms);
	dns_servers_heard(&s, 0, now_ms + 3);
	dns_servers_end_probe(&s, 0);
	assert_int_equal(next(0, 0, now_ms + 3), 0);
	/* And the next time begins with the shortest ban. */
	now_ms += 4;
	fail_all(0, DNS_SERVER_FAILURES, now_ms);
	assert_int_equal(next(0, 0, now_ms + DNS_SERVER_BAN_MS - 1), 1);
	expect_probe(0, now_ms + DNS_SERVER_BAN_MS);
}

static void
a_crowd_that_fails_together_counts_once(void **state)
{
	(void)state;
	dns_servers_init(&s, 2, false);
	fail_all(0, 1000, 0);
	assert_int_equal(next(0, 0, DNS_SERVER_BAN_MS - 1), 1);
	expect_probe(0, DNS_SERVER_BAN_MS);
}

static void
when_all_are_passed_over_all_are_asked(void **state)
{
	(void)state;
	dns_servers_init(&s, 3, false);
	for (size_t i = 0; i < 3; i++)
		fail_all(i, DNS_SERVER_FAILURES, 0);
	assert_int_equal(next(0, 0, 1), 0);
	assert_int_equal(next(0, 1, 1), 1);
	assert_int_equal(next(1, 2, 1), 2);
	assert_int_equal(next(0, 7, 1), NONE);
	dns_servers_heard(&s, 2, 2);
	assert_int_equal(next(0, 0, 2), 2);
	assert_int_equal(next(0, 4, 2), NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_each_once_from_the_first_on),
		cmocka_unit_test(
		    begins_with_another_one_each_time_when_rotated),
		cmocka_unit_test(without_servers_there_is_nobody_to_ask),
		cmocka_unit_test(a_server_that_fails_in_a_row_is_passed_over),
		cmocka_unit_test(what_it_said_since_tells_that_it_lives),
		cmocka_unit_test(one_question_at_a_time_finds_out),
		cmocka_unit_test(a_crowd_that_fails_together_counts_once),
		cmocka_unit_test(when_all_are_passed_over_all_are_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
