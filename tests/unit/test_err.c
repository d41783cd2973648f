#include "exact.h"

static void
carries_kind_errno_and_reason(void **state)
{
	struct err err = err_none();

	(void)state;
	assert_false(err_is(err));
	assert_int_equal(err.sys, 0);
	err = err_of(ERR_LIMIT);
	assert_true(err_is(err));
	assert_int_equal(err.sys, 0);
	assert_null(err.why);
	err = err_why(ERR_REQUEST, "no host");
	assert_int_equal(err.kind, ERR_REQUEST);
	assert_string_equal(err.why, "no host");
	errno = ECONNREFUSED;
	err = err_sys(ERR_CONNECT);
	errno = 0;
	assert_int_equal(err.kind, ERR_CONNECT);
	assert_int_equal(err.sys, ECONNREFUSED);
	err = err_code(ERR_FILE, ENOSPC);
	assert_int_equal(err.sys, ENOSPC);
}

static void
every_kind_has_a_word_of_its_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ERR_KINDS; i++) {
		const char *name = err_name((enum err_kind)i);

		assert_non_null(name);
		assert_true(name[0] != '\0');
		for (const char *at = name; *at != '\0'; at++)
			assert_true((*at >= 'a' && *at <= 'z') || *at == '-');
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(
			    name, err_name((enum err_kind)k));
	}
}

/* Logs have them, and what reads logs. */
static void
words_stay_what_they_are(void **state)
{
	static const struct {
		enum err_kind kind;
		const char *name;
	} rows[] = {
		{ ERR_CONNECT, "connect" },
		{ ERR_TLS, "tls" },
		{ ERR_NO_TLS, "tls-unavailable" },
		{ ERR_IO, "reset" },
		{ ERR_TRUNCATED, "truncated" },
		{ ERR_TIMEOUT, "timeout" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(err_name(rows[i].kind), rows[i].name);
}

static void
every_kind_has_a_sentence(void **state)
{
	char text[200];

	(void)state;
	for (unsigned i = 0; i < ERR_KINDS; i++) {
		const char *told =
		    err_text(err_of((enum err_kind)i), text, sizeof(text));

		assert_non_null(told);
		assert_true(strlen(told) > 3);
	}
}

static void
tells_reason_before_errno_before_kind(void **state)
{
	const struct err both = {
		.kind = ERR_FILE, .sys = ENOSPC, .why = "cannot write"
	};
	/* A mark for who retries, not for people. */
	const struct err refusal = {
		.kind = ERR_PROXY, .sys = EACCES, .why = "not through here"
	};
	char text[200];

	(void)state;
	assert_string_equal(
	    err_text(refusal, text, sizeof(text)), "not through here");
	assert_string_equal(
	    err_text(err_why(ERR_REQUEST, "no host"), text, sizeof(text)),
	    "no host");
	assert_string_equal(
	    err_text(err_code(ERR_CONNECT, ECONNREFUSED), text, sizeof(text)),
	    "Connection refused");
	assert_string_equal(err_text(both, text, sizeof(text)),
	    "cannot write: No space left on device");
	assert_string_equal(
	    err_text(err_code(ERR_IO, 99999), text, sizeof(text)),
	    "errno 99999");
	assert_string_equal(
	    err_text(err_of(ERR_TIMEOUT), text, sizeof(text)), "timed out");
}

static void
stays_within_the_text_it_is_given(void **state)
{
	const struct err err = {
		.kind = ERR_FILE, .sys = ENOSPC, .why = "cannot write"
	};
	char *text = malloc(8);

	(void)state;
	assert_non_null(text);
	assert_string_equal(err_text(err, text, 8), "cannot ");
	free(text);
}

static void
tells_a_shortage_from_other_failures(void **state)
{
	static const struct {
		int sys;
		bool is_shortage;
	} rows[] = {
		{ 0, false },
		{ EMFILE, true },
		{ ENFILE, true },
		{ ENOBUFS, true },
		{ EADDRNOTAVAIL, false },
		{ ECONNREFUSED, false },
		{ ENOSPC, false },
		{ EAGAIN, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(
		    err_is_shortage(rows[i].sys), rows[i].is_shortage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_kind_errno_and_reason),
		cmocka_unit_test(every_kind_has_a_word_of_its_own),
		cmocka_unit_test(words_stay_what_they_are),
		cmocka_unit_test(every_kind_has_a_sentence),
		cmocka_unit_test(tells_reason_before_errno_before_kind),
		cmocka_unit_test(stays_within_the_text_it_is_given),
		cmocka_unit_test(tells_a_shortage_from_other_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
