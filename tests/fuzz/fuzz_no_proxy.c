/*
 * no_proxy: a list has what one of its entries has, and no other; the case of
 * letters changes nothing.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "route/no_proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
has_one_by_one(struct slice list, struct slice host)
{
	bool has = false;

	for (size_t i = 0; i < list.len;) {
		size_t end = i;

		while (end < list.len && list.ptr[end] != ',' &&
		    !ascii_is_blank(list.ptr[end]))
			end++;
		has =
		    has || no_proxy_has(slice_of(list.ptr + i, end - i), host);
		i = end + 1;
	}
	return has;
}

/* A host, and the list behind a line's end. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct slice host = slice_first(in, slice_find(in, '\n'));
	struct slice list =
	    slice_from(in, host.len < size ? host.len + 1 : size);
	bool has = no_proxy_has(list, host);
	uint8_t *upper = malloc(list.len + 1);

	assert(upper != NULL);
	for (size_t i = 0; i < list.len; i++)
		upper[i] = ascii_upper(list.ptr[i]);
	assert(no_proxy_has(slice_of(upper, list.len), host) == has);
	assert(has_one_by_one(list, host) == has);
	assert(no_proxy_has(slice_of("*", 1), host));
	free(upper);
	return 0;
}
