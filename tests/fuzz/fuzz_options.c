/*
 * fuzz_options - words, each ended by a newline, are taken or refused with a
 * text that a terminal can show; what is taken is within its limits.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "cli/options.h"

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const char *const *words, size_t count)
{
	struct bulkfetch_problem problem = { 0 };
	struct options o;

	if (!options_parse(&o, words, count, &problem)) {
		size_t len = strnlen(problem.text, sizeof(problem.text));

		assert(problem.is_usage);
		assert(len > 0 && len < sizeof(problem.text));
		for (size_t i = 0; i < len; i++)
			assert(!ascii_is_control((uint8_t)problem.text[i]));
	} else if (!o.is_help && !o.is_version) {
		assert(o.fetch.concurrency >= 1);
		assert(o.fetch.concurrency <= BULKFETCH_CONCURRENCY_MAX);
		assert(o.fetch.idle_timeout_ms <= BULKFETCH_DURATION_MAX_MS);
		assert(o.list_count + o.field_count + o.data_count <= count);
		assert(!o.is_to_stdout || o.tree.name_template == NULL);
	}
	options_fini(&o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *words[WORDS_MAX];
	size_t count = 0;
	char *text = malloc(size + 1);
	char *rest = text;

	assert(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	while (count < WORDS_MAX && rest != NULL && *rest != '\0')
		words[count++] = strsep(&rest, "\n");
	check(words, count);
	free(text);
	return 0;
}
