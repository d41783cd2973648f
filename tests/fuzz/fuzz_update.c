/*
 * update: what is read of a record lies within it, is written again octet for
 * octet, and more behind it changes nothing.  To get past the sum, which no
 * fuzzer guesses, the input is read with a sum of our own, too.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "collect/le.h"
#include "collect/update_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_within(struct slice text, struct slice all)
{
	assert(text.len == 0 ||
	    (text.ptr >= all.ptr && text.len <= all.len &&
		(size_t)(text.ptr - all.ptr) <= all.len - text.len));
}

static void
check(struct slice in)
{
	uint8_t again[UPDATE_RECORD_MAX];
	struct update_entry entry;
	struct update_key key;
	size_t used;

	switch (update_record_read(in, &key, &entry, &used)) {
	case UPDATE_SHORT:
		assert(in.len < UPDATE_RECORD_MAX);
		return;
	case UPDATE_BAD:
		return;
	case UPDATE_READ:
		break;
	}
	assert(used >= UPDATE_RECORD_MIN && used <= in.len);
	check_within(entry.etag, in);
	check_within(entry.last_modified, in);
	check_within(entry.url, in);
	assert(update_record_fits(&entry));
	assert(entry.forgets || entry.etag.len + entry.last_modified.len > 0);
	assert(update_record_write(&key, &entry, again) == used);
	assert(memcmp(again, in.ptr, used) == 0);
}

/* The sum that a record has, as the module computes it. */
static void
check_with_sum(struct slice in)
{
	uint8_t record[UPDATE_RECORD_MAX];

	if (in.len > sizeof(record) - 8)
		return;
	if (in.len > 0)
		memcpy(record, in.ptr, in.len);
	le_put64(record + in.len, hash_octets(in, UPDATE_RECORD_SEED));
	check(slice_of(record, in.len + 8));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);

	check(in);
	check_with_sum(in);
	return 0;
}
