#include "exact.h"

#include "collect/target.h"
#include "collect/update_record.h"

static const struct update_key key = { { UINT64_C(0x0123456789abcdef),
    UINT64_C(0xfedcba9876543210) } };

static const struct update_entry entries[] = {
	{ .etag = TEXT("\"a\""),
	    .last_modified = TEXT("Sun, 06 Nov 1994 08:49:37 GMT"),
	    .url = TEXT("http://h/x"),
	    .len = UINT64_MAX,
	    .mtime = { .tv_sec = 784111777, .tv_nsec = 999999999 },
	    .marks = TARGET_MARK_FILE | TARGET_MARK_HASH },
	{ .etag = TEXT("W/\"\"") },
	{ .last_modified = TEXT("x"), .mtime = { .tv_sec = -1 } },
	{ .forgets = true },
};

/* The octets of an entry, without one to spare; freed with exact_free(). */
static struct slice
write_exactly(const struct update_entry *entry)
{
	uint8_t out[UPDATE_RECORD_MAX];
	size_t len;

	assert_true(update_record_fits(entry));
	len = update_record_write(&key, entry, out);
	assert_in_range(len, UPDATE_RECORD_MIN, UPDATE_RECORD_MAX);
	return exact_copy(slice_of(out, len));
}

static void
reads_what_it_wrote(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(entries); i++) {
		const struct update_entry *e = &entries[i];
		struct slice record = write_exactly(e);
		struct update_entry found;
		struct update_key k;
		size_t used = 0;

		assert_int_equal(
		    update_record_read(record, &k, &found, &used), UPDATE_READ);
		assert_int_equal(used, record.len);
		assert_true(k.word[0] == key.word[0]);
		assert_true(k.word[1] == key.word[1]);
		expect_slice("etag", found.etag, e->etag);
		expect_slice("date", found.last_modified, e->last_modified);
		expect_slice("url", found.url, e->url);
		assert_true(found.len == e->len);
		assert_true(found.mtime.tv_sec == e->mtime.tv_sec);
		assert_true(found.mtime.tv_nsec == e->mtime.tv_nsec);
		assert_int_equal(found.marks, e->marks);
		assert_true(found.forgets == e->forgets);
		exact_free(record);
	}
}

static void
takes_a_hundred_octets_for_what_servers_say(void **state)
{
	const struct update_entry usual = {
		.etag = TEXT("\"65f1a2b3-1f40\""),
		.last_modified = TEXT("Sun, 06 Nov 1994 08:49:37 GMT"),
	};
	struct slice record = write_exactly(&usual);

	(void)state;
	assert_in_range(record.len, 1, 100);
	exact_free(record);
}

static void
waits_for_the_rest_of_a_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(entries); i++) {
		struct slice record = write_exactly(&entries[i]);

		for (size_t len = 0; len < record.len; len++) {
			struct slice part =
			    exact_copy(slice_first(record, len));
			struct update_entry found;
			struct update_key k;
			size_t used;

			assert_int_equal(
			    update_record_read(part, &k, &found, &used),
			    UPDATE_SHORT);
			exact_free(part);
		}
		exact_free(record);
	}
}

static void
reads_no_record_with_a_bit_changed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(entries); i++) {
		struct slice record = write_exactly(&entries[i]);
		uint8_t *octets = (uint8_t *)(uintptr_t)record.ptr;

		for (size_t bit = 0; bit < 8 * record.len; bit++) {
			struct update_entry found;
			struct update_key k;
			size_t used;

			octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
			assert_int_not_equal(
			    update_record_read(record, &k, &found, &used),
			    UPDATE_READ);
			octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
		exact_free(record);
	}
}

static void
knows_what_is_too_much(void **state)
{
	static uint8_t octets[UPDATE_URL_MAX + 1];
	static const struct {
		size_t etag;
		size_t last_modified;
		size_t url;
		bool fits;
	} rows[] = {
		{ VERSION_FIELD_MAX, VERSION_FIELD_MAX, UPDATE_URL_MAX, true },
		{ VERSION_FIELD_MAX + 1, 0, 0, false },
		{ 1, VERSION_FIELD_MAX + 1, 0, false },
		{ 1, 0, UPDATE_URL_MAX + 1, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct update_entry e = {
			.etag = slice_of(octets, rows[i].etag),
			.last_modified =
			    slice_of(octets, rows[i].last_modified),
			.url = slice_of(octets, rows[i].url),
		};

		assert_true(update_record_fits(&e) == rows[i].fits);
		if (rows[i].fits) {
			struct slice record = write_exactly(&e);

			assert_int_equal(record.len, UPDATE_RECORD_MAX);
			exact_free(record);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_wrote),
		cmocka_unit_test(takes_a_hundred_octets_for_what_servers_say),
		cmocka_unit_test(waits_for_the_rest_of_a_record),
		cmocka_unit_test(reads_no_record_with_a_bit_changed),
		cmocka_unit_test(knows_what_is_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
