/*
 * fuzz_list - a list gives the same texts and count of lines whole and split
 * where its first octet says; none is longer than it may be or begins or ends
 * with a blank.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "source/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t
add_line(const struct line *line, uint64_t sum)
{
	struct slice text = line->text;

	assert(text.len > 0 && text.len <= LINES_TEXT_MAX);
	assert(line->number > 0);
	assert(memchr(text.ptr, '\n', text.len) == NULL);
	if (line->is_cut)
		assert(text.len == LINES_CUT_LEN);
	else
		assert(!ascii_is_blank(text.ptr[text.len - 1]));
	assert(text.ptr[0] != '#' && !ascii_is_blank(text.ptr[0]));
	return hash_octets(text, sum + line->number);
}

/* All texts and their numbers as one value. */
static uint64_t
sum_of_lines(struct slice list, size_t step)
{
	static struct lines lines;
	struct line line;
	uint64_t sum = 0;
	uint64_t last = 0;

	lines_init(&lines);
	while (list.len > 0) {
		size_t len = list.len < step ? list.len : step;
		struct slice in = slice_first(list, len);

		list = slice_from(list, len);
		while (lines_next(&lines, &in, &line)) {
			assert(line.number > last);
			last = line.number;
			sum = add_line(&line, sum);
		}
		assert(in.len == 0);
	}
	if (lines_finish(&lines, &line))
		sum = add_line(&line, sum);
	return sum + lines_count(&lines);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice list = slice_of(data, size);
	size_t step;

	if (size == 0)
		return 0;
	step = data[0] == 0 ? 1 : data[0];
	list = slice_from(list, 1);
	assert(sum_of_lines(list, step) == sum_of_lines(list, SIZE_MAX));
	return 0;
}
