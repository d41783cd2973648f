/*
 * hosts: what comes out lies in what went in, in order, without blanks, line
 * ends or comments, and an address never comes without a name.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* `word` lies in [from, end) and is one word; where it ends. */
static const uint8_t *
check(struct slice word, const uint8_t *from, const uint8_t *end)
{
	assert(word.len > 0 && word.ptr >= from);
	assert(word.len <= (size_t)(end - word.ptr));
	for (size_t i = 0; i < word.len; i++)
		assert(word.ptr[i] != ' ' && word.ptr[i] != '\t' &&
		    word.ptr[i] != '\r' && word.ptr[i] != '\n' &&
		    word.ptr[i] != '#');
	return word.ptr + word.len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	const uint8_t *at = data;
	struct slice addr;
	struct slice names;
	struct slice name;

	while (hosts_next(&text, &addr, &names)) {
		size_t count = 0;

		at = check(addr, at, data + size);
		while (hosts_next_name(&names, &name)) {
			at = check(name, at, data + size);
			count++;
		}
		assert(count > 0 && names.len == 0);
	}
	assert(text.len == 0);
	return 0;
}
