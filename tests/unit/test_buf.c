/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"

#include "base/buf.h"

/* The invariant that the header promises. */
static void
check(const struct buf *b)
{
	assert_true(b->len <= b->cap);
	assert_true(b->cap <= b->max);
	assert_true(b->cap == 0 || b->ptr != NULL);
}

static void
allocates_nothing_until_it_must(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_null(b.ptr);
	check(&b);
	assert_false(err_is(buf_reserve(&b, 0)));
	assert_false(err_is(buf_append_str(&b, "")));
	assert_null(b.ptr);
	buf_fini(&b);
}

static void
appends_octets_text_and_numbers(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_false(err_is(buf_append(&b, slice_of("a\0b", 3))));
	assert_false(err_is(buf_append_str(&b, "cd")));
	assert_false(err_is(buf_append_octet(&b, 'e')));
	assert_false(err_is(buf_append_u64(&b, UINT64_MAX)));
	expect_slice(
	    "all", buf_slice(&b), slice_of("a\0bcde18446744073709551615", 26));
	check(&b);
	buf_fini(&b);
	assert_null(b.ptr);
	assert_int_equal(b.max, 100);
	assert_false(err_is(buf_append_str(&b, "again")));
	expect_text("again", buf_slice(&b), "again");
	buf_fini(&b);
}

static void
grows_to_its_maximum_and_no_further(void **state)
{
	static const size_t maxima[] = { 0, 1, 2, 255, 256, 257, 511, 513, 1000,
		100000 };

	(void)state;
	for (size_t i = 0; i < COUNT(maxima); i++) {
		struct buf b;

		buf_init(&b, maxima[i]);
		for (size_t n = 0; n < maxima[i]; n++) {
			assert_false(err_is(buf_append_octet(&b, (uint8_t)n)));
			check(&b);
		}
		assert_int_equal(b.len, maxima[i]);
		assert_int_equal(buf_append_octet(&b, 0).kind, ERR_LIMIT);
		assert_int_equal(b.len, maxima[i]);
		for (size_t n = 0; n < b.len; n++)
			assert_int_equal(b.ptr[n], (uint8_t)n);
		buf_fini(&b);
	}
}

static void
refuses_more_than_its_maximum_in_one_go(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	(void)buf_append_str(&b, "abc");
	assert_int_equal(buf_reserve(&b, 998).kind, ERR_LIMIT);
	assert_int_equal(buf_reserve(&b, SIZE_MAX).kind, ERR_LIMIT);
	assert_false(err_is(buf_reserve(&b, 997)));
	assert_int_equal(b.cap, 1000);
	expect_text("contents", buf_slice(&b), "abc");
	buf_fini(&b);
}

static void
reserved_room_needs_no_allocation(void **state)
{
	struct buf b;
	const uint8_t *ptr;

	(void)state;
	buf_init(&b, 10000);
	assert_false(err_is(buf_reserve(&b, 5000)));
	ptr = b.ptr;
	for (size_t n = 0; n < 5000; n++)
		(void)buf_append_octet(&b, 'x');
	assert_ptr_equal(b.ptr, ptr);
	buf_fini(&b);
}

static void
drops_from_the_front_and_clears(void **state)
{
	struct buf b;
	size_t cap;

	(void)state;
	buf_init(&b, 100);
	buf_drop(&b, 0);
	(void)buf_append_str(&b, "hello");
	cap = b.cap;
	buf_drop(&b, 2);
	expect_text("rest", buf_slice(&b), "llo");
	buf_drop(&b, 0);
	expect_text("rest", buf_slice(&b), "llo");
	buf_drop(&b, 3);
	assert_int_equal(b.len, 0);
	(void)buf_append_str(&b, "x");
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.cap, cap);
	buf_fini(&b);
}

static void
keeps_its_contents_when_memory_is_refused(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10000);
	refuse_begin(1);
	assert_int_equal(buf_append_str(&b, "abc").kind, ERR_NOMEM);
	assert_true(refuse_end());
	check(&b);
	assert_false(err_is(buf_append_str(&b, "abc")));
	refuse_begin(1);
	assert_int_equal(buf_reserve(&b, 5000).kind, ERR_NOMEM);
	assert_true(refuse_end());
	check(&b);
	expect_text("contents", buf_slice(&b), "abc");
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocates_nothing_until_it_must),
		cmocka_unit_test(appends_octets_text_and_numbers),
		cmocka_unit_test(grows_to_its_maximum_and_no_further),
		cmocka_unit_test(refuses_more_than_its_maximum_in_one_go),
		cmocka_unit_test(reserved_room_needs_no_allocation),
		cmocka_unit_test(drops_from_the_front_and_clears),
		cmocka_unit_test(keeps_its_contents_when_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
