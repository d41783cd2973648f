/*
 * json: any octets make a string that is UTF-8, holds no control octet, ends
 * where it should and reads back as what went in.  Escaping for terminals
 * keeps to its room and leaves no control octet either.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "bulkfetch.h"
#include "collect/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The octet that is written at `*at`, which is moved behind it. */
static uint8_t
read_octet(const uint8_t **at)
{
	const uint8_t *p = *at;

	if (*p != '\\') {
		*at = p + 1;
		return *p;
	}
	if (p[1] != 'u') {
		*at = p + 2;
		return p[1];
	}
	assert(p[2] == '0' && p[3] == '0');
	*at = p + 6;
	return (uint8_t)(ascii_hex_value(p[4]) << 4 | ascii_hex_value(p[5]));
}

static void
check_json(struct slice in)
{
	uint8_t *out = malloc(JSON_STRING_MAX(in.len));
	const uint8_t *at = out + 1;
	uint8_t *end;

	if (out == NULL)
		return;
	end = json_string(out, in);
	assert((size_t)(end - out) <= JSON_STRING_MAX(in.len));
	assert(end - out >= 2 && out[0] == '"' && end[-1] == '"');
	assert(utf8_is_valid(slice_of(out, (size_t)(end - out))));
	for (const uint8_t *p = out; p < end; p++)
		assert(!ascii_is_control(*p));
	for (size_t i = 0; i < in.len; i++)
		assert(read_octet(&at) == in.ptr[i]);
	assert(at == end - 1);
	free(out);
}

static void
check_escape(struct slice in, size_t cap)
{
	struct bulkfetch_text text = { (const char *)in.ptr, in.len };
	char *out = malloc(cap);

	if (out == NULL)
		return;
	(void)bulkfetch_escape(text, out, cap);
	assert(strlen(out) < cap);
	for (const char *p = out; *p != '\0'; p++)
		assert(!ascii_is_control((uint8_t)*p));
	assert(utf8_is_valid(slice_str(out)));
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);

	check_json(in);
	check_escape(in, 4 * size + 1);
	check_escape(in, size / 2 + 1);
	return 0;
}
