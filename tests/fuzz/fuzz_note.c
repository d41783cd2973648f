/*
 * note: what is read leads nowhere but below the root, holds no control octet,
 * and is written again octet for octet.  To get past the sum, which no fuzzer
 * guesses, the input is read with a sum of our own, too.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/num.h"
#include "collect/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		assert(!ascii_is_control(text.ptr[i]));
}

static void
check_file(struct slice path)
{
	size_t end;

	do {
		struct slice name;

		end = slice_find(path, '/');
		name = slice_first(path, end);
		assert(name.len > 0);
		assert(!slice_eq_str(name, ".") && !slice_eq_str(name, ".."));
		path = slice_from(path, end < path.len ? end + 1 : end);
	} while (path.len > 0);
}

static void
check(struct slice in)
{
	struct note again;
	struct note note;
	struct buf out;

	if (!note_read(in, &note))
		return;
	assert(note.boot.len == NOTE_BOOT_LEN);
	check_text(note.boot);
	check_text(note.file);
	check_file(note.file);
	check_text(note.url);
	check_text(note.from);
	check_text(note.etag);
	check_text(note.last_modified);
	assert((note.etag.len > 0) != (note.last_modified.len > 0));
	buf_init(&out, NOTE_MAX + 64);
	if (!err_is(note_write(&note, &out))) {
		assert(note_read(buf_slice(&out), &again));
		assert(slice_eq(again.url, note.url));
		assert(again.left.ino == note.left.ino);
		assert(again.total == note.total);
	}
	buf_fini(&out);
}

static void
check_with_sum(struct slice in)
{
	char digits[16];
	struct buf text;

	buf_init(&text, NOTE_MAX + 64);
	num_format_hex64(hash_octets(in, 0), digits);
	if (!err_is(buf_append(&text, in)) &&
	    !err_is(buf_append_str(&text, "sum ")) &&
	    !err_is(buf_append(&text, slice_of(digits, sizeof(digits)))) &&
	    !err_is(buf_append_octet(&text, '\n')))
		check(buf_slice(&text));
	buf_fini(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);

	check(in);
	check_with_sum(in);
	return 0;
}
