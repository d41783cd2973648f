/*
 * naming: whatever a URL is made of, its name is relative, short enough, and
 * has no component that leads elsewhere.  The input is HOST NL PATH NL QUERY.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/naming.h"
#include "collect/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(struct slice name)
{
	assert(name.len > 0 && name.len <= NAMING_PATH_MAX);
	assert(slice_find(name, '\0') == name.len);
	for (bool more = true; more;) {
		size_t at = slice_find(name, '/');
		struct slice part = slice_first(name, at);

		assert(part.len > 0 && part.len <= NAMING_COMPONENT_MAX);
		assert(!slice_eq_str(part, ".") && !slice_eq_str(part, ".."));
		more = at < name.len;
		if (more)
			name = slice_from(name, at + 1);
	}
}

static struct bulkfetch_text
take_line(struct slice *in)
{
	size_t at = slice_find(*in, '\n');
	struct bulkfetch_text line = { (const char *)in->ptr, at };

	*in = slice_from(*in, at < in->len ? at + 1 : at);
	return line;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const patterns[] = { "%{host}/%{path}",
		"%{name}%{ext}", "%{query}", ".%{query}/%{path}/%{query}" };
	struct slice in = slice_of(data, size);
	struct bulkfetch_request request = { 0 };
	struct buf out;

	if (size == 0)
		return 0;
	request.authority = take_line(&in);
	request.path = take_line(&in);
	request.query = take_line(&in);
	buf_init(&out, NAMING_SPACE_MAX);
	if (!err_is(naming_append(&request, &out)))
		check(buf_slice(&out));
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct pattern *p;
		char why[64];

		buf_clear(&out);
		if (err_is(pattern_new(patterns[i], &p, why, sizeof(why))))
			break;
		if (!err_is(pattern_append(p, &request, &out)))
			check(buf_slice(&out));
		pattern_free(p);
	}
	buf_fini(&out);
	return 0;
}
