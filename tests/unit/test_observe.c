#include "words.h"

#include "cli/observe.h"

/* Does what the words say, for as long as the test looks. */
static struct bulkfetch_observer
observe_words(const char *const words[])
{
	static struct options o;
	static struct console console;
	static struct observe ob;
	struct bulkfetch_problem problem;
	struct bulkfetch_observer observer;

	assert_null(words_parse(&o, words));
	console_init(&console);
	assert_true(observe_init(&ob, &o, &console, &problem));
	observer = observe_observer(&ob);
	observe_fini(&ob);
	options_fini(&o);
	return observer;
}

/* A log that waits for the disk is flushed although nothing happens. */
static void
ticks_for_progress_and_for_the_disk(void **state)
{
	static const struct {
		const char *words[WORDS_MAX];
		unsigned least_ms;
		unsigned most_ms;
	} rows[] = {
		{ { "--progress=none" }, 0, 0 },
		{ { "--progress=bar" }, 1, 500 },
		{ { "--progress=plain" }, 1, 1000 },
		{ { "--progress=bar", "-q" }, 0, 0 },
		{ { "--progress=none", "--log=l" }, 0, 0 },
		{ { "--progress=none", "--log=l", "--durable" }, 1, 100 },
		{ { "--progress=bar", "--log=l", "--durable" }, 1, 100 },
		{ { "--progress=plain", "--log=l", "--durable" }, 1, 100 },
		{ { "-s", "--log=l", "--durable" }, 1, 100 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_in_range(observe_words(rows[i].words).tick_ms,
		    rows[i].least_ms, rows[i].most_ms);
}

static void
hears_as_much_as_is_said(void **state)
{
	static const struct {
		const char *words[WORDS_MAX];
		enum bulkfetch_level level;
	} rows[] = {
		{ { "-s" }, BULKFETCH_LEVEL_ERROR },
		{ { "-sv" }, BULKFETCH_LEVEL_ERROR },
		{ { "-q" }, BULKFETCH_LEVEL_WARNING },
		{ { "list" }, BULKFETCH_LEVEL_WARNING },
		{ { "-v" }, BULKFETCH_LEVEL_INFO },
		{ { "-vv" }, BULKFETCH_LEVEL_DEBUG },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(
		    observe_words(rows[i].words).level_max, rows[i].level);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_for_progress_and_for_the_disk),
		cmocka_unit_test(hears_as_much_as_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
