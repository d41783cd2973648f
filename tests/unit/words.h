/*
 * words - the words of a command line, parsed for a test.
 */
#ifndef BULKFETCH_TESTS_UNIT_WORDS_H
#define BULKFETCH_TESTS_UNIT_WORDS_H

#include <stddef.h>

#include "cli/options.h"
#include "exact.h"

#define WORDS_MAX 8

/* Parse words up to a NULL; the text of the problem, or NULL. */
static inline const char *
words_parse(struct options *o, const char *const words[])
{
	static struct bulkfetch_problem problem;
	size_t count = 0;

	while (words[count] != NULL)
		count++;
	if (options_parse(o, words, count, &problem))
		return NULL;
	assert_true(problem.is_usage);
	return problem.text;
}

/* Words that are wrong, and what is said about them. */
struct wrong_words {
	const char *words[WORDS_MAX];
	const char *text;
};

static inline void
expect_refused(const struct wrong_words *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct options o;
		const char *text = words_parse(&o, rows[i].words);

		if (text == NULL)
			fail_msg("row %zu, %s: taken", i, rows[i].words[0]);
		assert_string_equal(text, rows[i].text);
		options_fini(&o);
	}
}

#endif
