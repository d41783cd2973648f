#include "exact.h"

#include "fetch/retry.h"

static bool
is_worth(const struct bulkfetch_options *o, enum err_kind kind, unsigned status)
{
	const struct retry_case c = {
		.err = err_of(kind),
		.status = status,
		.is_idempotent = true,
		.was_sent = true,
	};

	return retry_is_worth(o, &c);
}

static void
what_may_be_different_the_next_time_is_worth_it(void **state)
{
	static const enum err_kind worth[] = { ERR_CONNECT, ERR_IO,
		ERR_TRUNCATED, ERR_TIMEOUT };
	static const enum err_kind not_worth[] = { ERR_NOMEM, ERR_REQUEST,
		ERR_SCHEME, ERR_RESOLVE, ERR_PROTOCOL, ERR_CODING, ERR_LIMIT,
		ERR_REDIRECT, ERR_HOST_DOWN, ERR_FILE, ERR_STOPPED,
		ERR_SHORTAGE, ERR_TLS, ERR_NO_TLS };
	const struct bulkfetch_options o = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(worth); i++)
		assert_true(is_worth(&o, worth[i], 0));
	for (size_t i = 0; i < COUNT(not_worth); i++)
		assert_false(is_worth(&o, not_worth[i], 0));
}

static void
some_statuses_are_worth_it(void **state)
{
	static const unsigned worth[] = { 408, 429, 500, 502, 503, 504 };
	const struct bulkfetch_options o = { 0 };
	size_t found = 0;

	(void)state;
	for (unsigned status = 100; status <= 999; status++) {
		bool is_listed = false;

		for (size_t i = 0; i < COUNT(worth); i++)
			is_listed = is_listed || worth[i] == status;
		found += is_listed;
		assert_int_equal(is_worth(&o, ERR_STATUS, status), is_listed);
	}
	assert_int_equal(found, COUNT(worth));
}

static void
all_errors_are_but_what_is_gone_and_what_is_ours(void **state)
{
	static const enum err_kind never[] = { ERR_NOMEM, ERR_REQUEST,
		ERR_SCHEME, ERR_LIMIT, ERR_HOST_DOWN, ERR_FILE, ERR_STOPPED,
		ERR_SHORTAGE, ERR_NO_TLS };
	const struct bulkfetch_options o = { .retry_all_errors = true };

	(void)state;
	assert_false(is_worth(&o, ERR_STATUS, 404));
	assert_false(is_worth(&o, ERR_STATUS, 410));
	assert_true(is_worth(&o, ERR_STATUS, 403));
	assert_true(is_worth(&o, ERR_STATUS, 501));
	assert_true(is_worth(&o, ERR_PROTOCOL, 0));
	assert_true(is_worth(&o, ERR_CODING, 0));
	assert_true(is_worth(&o, ERR_RESOLVE, 0));
	assert_true(is_worth(&o, ERR_REDIRECT, 302));
	assert_true(is_worth(&o, ERR_TLS, 0));
	for (size_t i = 0; i < COUNT(never); i++)
		assert_false(is_worth(&o, never[i], 0));
}

/* RFC 9110, section 9.2.2: not unless the peer cannot have seen it. */
static void
what_is_not_idempotent_is_repeated_only_if_asked(void **state)
{
	struct retry_case c = { .err = err_of(ERR_IO), .was_sent = true };
	struct bulkfetch_options o = { .retry_all_errors = true };

	(void)state;
	assert_false(retry_is_worth(&o, &c));
	c.was_sent = false;
	assert_true(retry_is_worth(&o, &c));
	c.was_sent = true;
	o.retry_unsafe = true;
	assert_true(retry_is_worth(&o, &c));
}

static void
waits_up_to_twice_as_long_each_time(void **state)
{
	const struct bulkfetch_options o = { 0 };
	int64_t max_ms = 1000;

	(void)state;
	for (unsigned retries = 0; retries < 1000; retries++) {
		assert_int_equal(retry_delay_ms(&o, retries, 0), 0);
		assert_int_equal(
		    retry_delay_ms(&o, retries, (uint64_t)max_ms), max_ms);
		assert_int_equal(
		    retry_delay_ms(&o, retries, (uint64_t)max_ms + 1), 0);
		assert_in_range(
		    retry_delay_ms(&o, retries, UINT64_MAX), 0, max_ms);
		max_ms = max_ms * 2 < 600000 ? max_ms * 2 : 600000;
	}
}

static void
waits_as_long_as_the_user_says(void **state)
{
	const struct bulkfetch_options o = { .retry_delay_ms = 2500 };

	(void)state;
	assert_int_equal(retry_delay_ms(&o, 0, 77), 2500);
	assert_int_equal(retry_delay_ms(&o, 9, UINT64_MAX), 2500);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_may_be_different_the_next_time_is_worth_it),
		cmocka_unit_test(some_statuses_are_worth_it),
		cmocka_unit_test(
		    all_errors_are_but_what_is_gone_and_what_is_ours),
		cmocka_unit_test(
		    what_is_not_idempotent_is_repeated_only_if_asked),
		cmocka_unit_test(waits_up_to_twice_as_long_each_time),
		cmocka_unit_test(waits_as_long_as_the_user_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
