#include "exact.h"

#include "http/validator.h"

/* 2023-11-14T22:13:20Z */
#define NOW INT64_C(1700000000)

static void
tells_entity_tags_strong_and_weak(void **state)
{
	static const struct {
		struct slice etag;
		bool is_strong;
		bool is_etag;
	} rows[] = {
		{ TEXT("\"xyzzy\""), true, true },
		{ TEXT("\"\""), true, true },
		{ TEXT("\"W/\""), true, true },
		{ TEXT("\"a,b;c\\d'e!\x7e\""), true, true },
		{ TEXT("\"\x80\xff\""), true, true },
		{ TEXT("\"65a0c1f2-400\""), true, true },
		{ TEXT("W/\"xyzzy\""), false, true },
		{ TEXT("W/\"\""), false, true },
		{ TEXT(""), false, false },
		{ TEXT("\""), false, false },
		{ TEXT("xyzzy"), false, false },
		{ TEXT("\"xyzzy"), false, false },
		{ TEXT("xyzzy\""), false, false },
		{ TEXT("'xyzzy'"), false, false },
		{ TEXT("\"a\"b\""), false, false },
		{ TEXT("\"a\\\"b\""), false, false },
		{ TEXT("\"a\", \"b\""), false, false },
		{ TEXT("\"a b\""), false, false },
		{ TEXT("\"a\tb\""), false, false },
		{ TEXT("\"a\r\n b\""), false, false },
		{ TEXT("\"a\0b\""), false, false },
		{ TEXT("\"a\x7f\""), false, false },
		{ TEXT(" \"a\""), false, false },
		{ TEXT("\"a\" "), false, false },
		{ TEXT("w/\"a\""), false, false },
		{ TEXT("W\"a\""), false, false },
		{ TEXT("W/"), false, false },
		{ TEXT("W"), false, false },
		{ TEXT("W/\""), false, false },
		{ TEXT("W/xyzzy"), false, false },
		{ TEXT("W/ \"a\""), false, false },
		{ TEXT("W/W/\"a\""), false, false },
		{ TEXT("*"), false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice etag = exact_copy(rows[i].etag);

		if (validator_is_strong_etag(etag) != rows[i].is_strong ||
		    validator_is_etag(etag) != rows[i].is_etag)
			fail_msg("%s", (const char *)rows[i].etag.ptr);
		exact_free(etag);
	}
}

static void
finds_what_if_range_may_say(void **state)
{
	static const char date[] = "Tue, 14 Nov 2023 22:13:20 GMT";
	static const char minute[] = "Tue, 14 Nov 2023 22:12:20 GMT";
	static const char less[] = "Tue, 14 Nov 2023 22:12:21 GMT";
	static const struct {
		const char *etag;
		const char *last_modified;
		const char *date;
		const char *result;
	} rows[] = {
		{ "\"a\"", "", "", "\"a\"" },
		{ "\"a\"", minute, date, "\"a\"" },
		/* an entity tag that is not strong rules out the date, too */
		{ "W/\"a\"", minute, date, "" },
		{ "a", minute, date, "" },
		{ "", minute, date, minute },
		{ "", "Sun Nov  6 08:49:37 1994", date,
		    "Sun Nov  6 08:49:37 1994" },
		{ "", "Sunday, 06-Nov-94 08:49:37 GMT", date,
		    "Sunday, 06-Nov-94 08:49:37 GMT" },
		{ "", less, date, "" },
		{ "", date, date, "" },
		{ "", date, minute, "" },
		{ "", minute, "", "" },
		{ "", minute, "now", "" },
		{ "", "1994", date, "" },
		{ "", "", date, "" },
		{ "", "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct response res = {
			.etag = exact_copy(slice_str(rows[i].etag)),
			.last_modified =
			    exact_copy(slice_str(rows[i].last_modified)),
			.date = exact_copy(slice_str(rows[i].date)),
		};

		expect_text(rows[i].last_modified,
		    validator_for_range(&res, NOW), rows[i].result);
		exact_free(res.date);
		exact_free(res.last_modified);
		exact_free(res.etag);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_entity_tags_strong_and_weak),
		cmocka_unit_test(finds_what_if_range_may_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
