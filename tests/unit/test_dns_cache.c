/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"

#include <malloc.h>
#include <stdio.h>

#include "net/dns_cache.h"

/* Some instant. */
#define NOW_MS INT64_C(1000000000)

static struct dns_name
name_of(const char *text)
{
	struct dns_name name;

	assert_true(dns_name_parse(slice_str(text), &name));
	return name;
}

static struct dns_name
numbered(unsigned i)
{
	char text[64];

	/* 30 octets */
	(void)snprintf(text, sizeof(text), "host-%08u.numbered.example", i);
	return name_of(text);
}

static struct dns_cache *
new_cache(size_t octets)
{
	struct dns_cache *c;

	assert_false(err_is(dns_cache_new(octets, &c)));
	return c;
}

/* With `count` addresses; sixteen in a row differ in every octet. */
static struct dns_answer
answer_of(enum dns_verdict verdict, uint32_t ttl_s, size_t count)
{
	struct dns_answer answer = {
		.verdict = verdict,
		.ttl_s = ttl_s,
		.count = count,
	};

	for (size_t i = 0; i < count; i++)
		for (size_t octet = 0; octet < 16; octet++)
			answer.addrs[i][octet] = (uint8_t)(16 * i + octet);
	return answer;
}

static void
put(struct dns_cache *c, const struct dns_name *name, enum dns_verdict verdict,
    uint32_t ttl_s, int64_t now_ms)
{
	struct dns_answer answer =
	    answer_of(verdict, ttl_s, verdict == DNS_FOUND ? 1 : 0);

	dns_cache_put(c, name, DNS_A, &answer, now_ms);
}

static bool
has(struct dns_cache *c, const struct dns_name *name, int64_t now_ms)
{
	struct dns_cached cached;

	return dns_cache_find(c, name, DNS_A, now_ms, &cached);
}

static void
finds_what_was_put_by_name_and_type(void **state)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	struct dns_cache *c = new_cache(DNS_CACHE_OCTETS);
	struct dns_name name = name_of("www.example");
	struct dns_name other = name_of("www.example.net");
	struct dns_cached cached;

	(void)state;
	assert_false(has(c, &name, NOW_MS));
	for (size_t t = 0; t < COUNT(types); t++) {
		struct dns_answer answer =
		    answer_of(DNS_FOUND, 60, t == 0 ? 3 : DNS_ADDRS_MAX);

		assert_false(
		    dns_cache_find(c, &name, types[t], NOW_MS, &cached));
		dns_cache_put(c, &name, types[t], &answer, NOW_MS);
	}
	for (size_t t = 0; t < COUNT(types); t++) {
		struct dns_answer answer = answer_of(DNS_FOUND, 60, 32);
		size_t len = t == 0 ? 4 : 16;

		assert_true(
		    dns_cache_find(c, &name, types[t], NOW_MS, &cached));
		assert_int_equal(cached.verdict, DNS_FOUND);
		assert_int_equal(cached.count, t == 0 ? 3 : DNS_ADDRS_MAX);
		assert_int_equal(cached.turn, 0);
		for (size_t i = 0; i < cached.count; i++)
			assert_memory_equal(
			    cached.addrs + i * len, answer.addrs[i], len);
		assert_false(
		    dns_cache_find(c, &other, types[t], NOW_MS, &cached));
	}
	dns_cache_free(c);
}

static void
an_answer_holds_as_long_as_it_says_within_bounds(void **state)
{
	static const struct {
		enum dns_verdict verdict;
		uint32_t ttl_s;
		int64_t holds_s;
	} rows[] = {
		{ DNS_FOUND, 0, DNS_CACHE_TTL_MIN },
		{ DNS_FOUND, DNS_CACHE_TTL_MIN - 1, DNS_CACHE_TTL_MIN },
		{ DNS_FOUND, 300, 300 },
		{ DNS_FOUND, DNS_CACHE_TTL_MAX + 1, DNS_CACHE_TTL_MAX },
		{ DNS_FOUND, UINT32_MAX, DNS_CACHE_TTL_MAX },
		{ DNS_NODATA, 0, DNS_CACHE_NEGATIVE_MIN },
		{ DNS_NODATA, 300, 300 },
		{ DNS_NXDOMAIN, 0, DNS_CACHE_NEGATIVE_MIN },
		{ DNS_NXDOMAIN, 300, 300 },
		{ DNS_NXDOMAIN, DNS_CACHE_NEGATIVE_MAX + 1,
		    DNS_CACHE_NEGATIVE_MAX },
		{ DNS_SERVFAIL, 300, DNS_CACHE_FAILURE },
		{ DNS_REFUSED, 300, DNS_CACHE_FAILURE },
		{ DNS_TIMEOUT, 300, DNS_CACHE_FAILURE },
	};
	struct dns_cache *c = new_cache(DNS_CACHE_OCTETS);

	(void)state;
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct dns_name name = numbered(i);
		int64_t end_ms = NOW_MS + 1000 * rows[i].holds_s;
		struct dns_cached cached;

		put(c, &name, rows[i].verdict, rows[i].ttl_s, NOW_MS);
		assert_true(
		    dns_cache_find(c, &name, DNS_A, end_ms - 1, &cached));
		assert_int_equal(cached.verdict, rows[i].verdict);
		assert_int_equal(
		    cached.count, rows[i].verdict == DNS_FOUND ? 1 : 0);
		if (has(c, &name, end_ms))
			fail_msg("row %u", i);
	}
	dns_cache_free(c);
}

static void
failures_in_a_row_are_kept_ever_longer(void **state)
{
	static const struct {
		enum dns_verdict verdict;
		int64_t holds_s;
	} rows[] = {
		{ DNS_TIMEOUT, 1 },
		{ DNS_TIMEOUT, 2 },
		{ DNS_SERVFAIL, 4 },
		{ DNS_REFUSED, 8 },
		{ DNS_TIMEOUT, 16 },
		{ DNS_TIMEOUT, 32 },
		{ DNS_TIMEOUT, DNS_CACHE_FAILURE_MAX },
		{ DNS_TIMEOUT, DNS_CACHE_FAILURE_MAX },
		{ DNS_NXDOMAIN, DNS_CACHE_NEGATIVE_MIN },
		{ DNS_TIMEOUT, 1 },
		{ DNS_TIMEOUT, 2 },
		{ DNS_FOUND, DNS_CACHE_TTL_MIN },
		{ DNS_SERVFAIL, 1 },
	};
	struct dns_cache *c = new_cache(DNS_CACHE_OCTETS);
	struct dns_name name = name_of("www.example");
	int64_t now_ms = NOW_MS;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t end_ms = now_ms + 1000 * rows[i].holds_s;

		put(c, &name, rows[i].verdict, 0, now_ms);
		if (!has(c, &name, end_ms - 1) || has(c, &name, end_ms))
			fail_msg("row %zu", i);
		now_ms = end_ms + 5000;
	}
	dns_cache_free(c);
}

static void
a_new_answer_takes_the_place_of_the_one_before(void **state)
{
	struct dns_cache *c = new_cache(DNS_CACHE_OCTETS);
	struct dns_name name = name_of("www.example");
	struct dns_answer answer = answer_of(DNS_FOUND, 600, 3);
	struct dns_cached cached;

	(void)state;
	put(c, &name, DNS_FOUND, 60, NOW_MS);
	dns_cache_put(c, &name, DNS_A, &answer, NOW_MS);
	assert_true(dns_cache_find(c, &name, DNS_A, NOW_MS + 599999, &cached));
	assert_int_equal(cached.count, 3);
	put(c, &name, DNS_NXDOMAIN, 60, NOW_MS);
	assert_true(dns_cache_find(c, &name, DNS_A, NOW_MS, &cached));
	assert_int_equal(cached.verdict, DNS_NXDOMAIN);
	assert_int_equal(cached.count, 0);
	dns_cache_free(c);
}

/* Else the other one would have to go. */
static void
what_is_replaced_leaves_its_room(void **state)
{
	struct dns_cache *c = new_cache(4096);
	struct dns_name name = name_of("www.example");
	struct dns_name other = name_of("other.example");

	(void)state;
	put(c, &other, DNS_FOUND, 60, NOW_MS);
	for (size_t i = 0; i < 1000; i++) {
		struct dns_answer answer =
		    answer_of(DNS_FOUND, 600, 1 + i % DNS_ADDRS_MAX);

		dns_cache_put(c, &name, DNS_A, &answer, NOW_MS);
		put(c, &name, DNS_NXDOMAIN, 60, NOW_MS);
	}
	assert_true(has(c, &other, NOW_MS));
	dns_cache_free(c);
}

static void
an_alias_is_not_kept(void **state)
{
	struct dns_cache *c = new_cache(DNS_CACHE_OCTETS);
	struct dns_name name = name_of("www.example");
	struct dns_cached cached;

	(void)state;
	put(c, &name, DNS_ALIAS, 60, NOW_MS);
	assert_false(has(c, &name, NOW_MS));
	put(c, &name, DNS_FOUND, 60, NOW_MS);
	put(c, &name, DNS_ALIAS, 60, NOW_MS);
	assert_true(dns_cache_find(c, &name, DNS_A, NOW_MS, &cached));
	assert_int_equal(cached.verdict, DNS_FOUND);
	dns_cache_free(c);
}

static void
each_find_is_another_turn(void **state)
{
	struct dns_cache *c = new_cache(DNS_CACHE_OCTETS);
	struct dns_name name = name_of("www.example");
	struct dns_name other = name_of("other.example");
	struct dns_cached cached;

	(void)state;
	put(c, &name, DNS_FOUND, 60, NOW_MS);
	put(c, &other, DNS_FOUND, 60, NOW_MS);
	for (size_t i = 0; i < 5; i++) {
		assert_true(dns_cache_find(c, &name, DNS_A, NOW_MS, &cached));
		assert_int_equal(cached.turn, i);
	}
	assert_true(dns_cache_find(c, &other, DNS_A, NOW_MS, &cached));
	assert_int_equal(cached.turn, 0);
	/* A fresh answer goes on where the one before was. */
	put(c, &name, DNS_FOUND, 60, NOW_MS + 60000);
	assert_true(dns_cache_find(c, &name, DNS_A, NOW_MS + 60000, &cached));
	assert_int_equal(cached.turn, 5);
	dns_cache_free(c);
}

static void
what_was_used_least_recently_goes(void **state)
{
	struct dns_cache *c = new_cache((size_t)64 * 1024);
	struct dns_name first = numbered(0);
	struct dns_name second = numbered(1);
	unsigned kept = 0;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		struct dns_name name = numbered(i);

		put(c, &name, DNS_FOUND, 60, NOW_MS);
		assert_true(has(c, &first, NOW_MS));
	}
	assert_false(has(c, &second, NOW_MS));
	for (unsigned i = 1; i < 2000; i++) {
		struct dns_name name = numbered(i);
		bool is_kept = has(c, &name, NOW_MS);

		/* The latest ones, without a gap. */
		assert_true(is_kept || kept == 0);
		kept += is_kept;
	}
	/* 96 octets each, beside the table. */
	assert_in_range(kept, 630, 682);
	dns_cache_free(c);
}

/* What the allocator gives is what is counted. */
static void
far_more_names_than_fit_stay_within_the_bound(void **state)
{
	struct dns_cache *c;
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	size_t taken;
	unsigned kept = 0;

	(void)state;
	c = new_cache(DNS_CACHE_OCTETS);
	for (unsigned i = 0; i < 200000; i++) {
		struct dns_name name = numbered(i);

		put(c, &name, i % 3 == 0 ? DNS_NXDOMAIN : DNS_FOUND, 60,
		    NOW_MS);
	}
	taken = mallinfo2().uordblks + mallinfo2().hblkhd - before;
	/* Under a sanitizer or valgrind it tells nothing: 0. */
	assert_true(taken <= DNS_CACHE_OCTETS + 8192);
	for (unsigned i = 0; i < 200000; i++) {
		struct dns_name name = numbered(i);

		kept += has(c, &name, NOW_MS);
	}
	/* 80 to 96 octets each, beside the table. */
	assert_in_range(kept, 40000, DNS_CACHE_OCTETS / 80);
	dns_cache_free(c);
}

static void
without_room_nothing_is_kept(void **state)
{
	static const size_t sizes[] = { 0, 100, 300 };
	struct dns_name name = numbered(1);

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct dns_cache *c = new_cache(sizes[i]);

		put(c, &name, DNS_FOUND, 60, NOW_MS);
		assert_false(has(c, &name, NOW_MS));
		dns_cache_free(c);
	}
}

static void
the_longest_names_and_the_root_are_kept(void **state)
{
	struct dns_cache *c = new_cache(DNS_CACHE_OCTETS);
	struct dns_name root = { .len = 1, .octets = { 0 } };
	struct dns_name longest = { .len = DNS_NAME_MAX };
	struct dns_answer answer = answer_of(DNS_FOUND, 60, DNS_ADDRS_MAX);
	struct dns_cached cached;

	(void)state;
	memset(longest.octets, 'x', sizeof(longest.octets));
	put(c, &root, DNS_NXDOMAIN, 60, NOW_MS);
	dns_cache_put(c, &longest, DNS_AAAA, &answer, NOW_MS);
	assert_true(has(c, &root, NOW_MS));
	assert_true(dns_cache_find(c, &longest, DNS_AAAA, NOW_MS, &cached));
	assert_memory_equal(cached.addrs, answer.addrs, sizeof(answer.addrs));
	dns_cache_free(c);
}

static void
without_memory_an_answer_is_not_kept_nor_the_one_before(void **state)
{
	struct dns_name name = name_of("www.example");
	struct dns_name other = name_of("other.example");
	struct dns_cache *c;

	(void)state;
	for (size_t n = 1; n <= 2; n++) {
		refuse_begin(n);
		assert_int_equal(
		    dns_cache_new(DNS_CACHE_OCTETS, &c).kind, ERR_NOMEM);
		assert_true(refuse_end());
	}
	c = new_cache(4096);
	put(c, &other, DNS_FOUND, 600, NOW_MS);
	for (size_t i = 0; i < 1000; i++) {
		put(c, &name, DNS_FOUND, 600, NOW_MS);
		refuse_begin(1);
		put(c, &name, DNS_NXDOMAIN, 60, NOW_MS);
		assert_true(refuse_end());
		assert_false(has(c, &name, NOW_MS));
	}
	/* Nor is its room lost. */
	assert_true(has(c, &other, NOW_MS));
	put(c, &name, DNS_FOUND, 60, NOW_MS);
	assert_true(has(c, &name, NOW_MS));
	dns_cache_free(c);
	dns_cache_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_put_by_name_and_type),
		cmocka_unit_test(
		    an_answer_holds_as_long_as_it_says_within_bounds),
		cmocka_unit_test(failures_in_a_row_are_kept_ever_longer),
		cmocka_unit_test(
		    a_new_answer_takes_the_place_of_the_one_before),
		cmocka_unit_test(what_is_replaced_leaves_its_room),
		cmocka_unit_test(an_alias_is_not_kept),
		cmocka_unit_test(each_find_is_another_turn),
		cmocka_unit_test(what_was_used_least_recently_goes),
		cmocka_unit_test(far_more_names_than_fit_stay_within_the_bound),
		cmocka_unit_test(without_room_nothing_is_kept),
		cmocka_unit_test(the_longest_names_and_the_root_are_kept),
		cmocka_unit_test(
		    without_memory_an_answer_is_not_kept_nor_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
