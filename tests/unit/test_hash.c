/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"

#include <stdio.h>

#include "base/hash.h"

/*
 * File names carry these values, so they may never change: a failure here
 * means that a release would name files differently.
 */
static void
values_are_the_same_in_every_release(void **state)
{
	static const struct {
		struct slice in;
		uint64_t seed;
		uint64_t hash;
	} rows[] = {
		{ TEXT(""), 0, UINT64_C(0x50720ca302037b77) },
		{ TEXT(""), 1, UINT64_C(0x321d75dea4883c2e) },
		{ TEXT("a"), 0, UINT64_C(0xaca0b45bd59db044) },
		{ TEXT("\0"), 0, UINT64_C(0xf22a8afd4bf16057) },
		{ TEXT("1234567"), 0, UINT64_C(0x96a6adebf8c85ea7) },
		{ TEXT("12345678"), 0, UINT64_C(0xd7276a8f7e034ca0) },
		{ TEXT("123456789"), 0, UINT64_C(0xb615bce4541bae85) },
		{ TEXT("http://example.com/a/b?c"), 0,
		    UINT64_C(0xe06cb4e387e46357) },
		{ TEXT("http://example.com/a/b?c"), 42,
		    UINT64_C(0xfb44e8f5589e080d) },
		{ TEXT("\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7"), 0,
		    UINT64_C(0x2a940d94050e2f85) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice in = exact_copy(rows[i].in);
		uint64_t hash = hash_octets(in, rows[i].seed);

		if (hash != rows[i].hash)
			fail_msg(
			    "row %zu: 0x%016llx", i, (unsigned long long)hash);
		exact_free(in);
	}
}

static void
every_octet_and_the_seed_count(void **state)
{
	uint8_t octets[40];

	(void)state;
	for (size_t len = 0; len <= sizeof(octets); len++) {
		struct slice s = slice_of(octets, len);
		uint64_t hash;

		memset(octets, 0, sizeof(octets));
		hash = hash_octets(s, 1);
		assert_true(hash_octets(s, 2) != hash);
		for (size_t bit = 0; bit < 8 * len; bit++) {
			octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_true(hash_octets(s, 1) != hash);
			octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_true(hash_octets(s, 1) == hash);
	}
}

static void
zeros_of_different_lengths_differ(void **state)
{
	static const uint8_t zeros[40];

	(void)state;
	for (size_t a = 0; a <= sizeof(zeros); a++) {
		for (size_t b = 0; b < a; b++)
			assert_true(hash_octets(slice_of(zeros, a), 0) !=
			    hash_octets(slice_of(zeros, b), 0));
	}
}

/* Numbered names fall evenly into chains: what lists of URLs look like. */
static void
numbered_names_spread_over_the_chains(void **state)
{
	static unsigned chains[1024];
	unsigned longest = 0;

	(void)state;
	for (unsigned i = 0; i < 8 * COUNT(chains); i++) {
		char name[64];
		int len =
		    snprintf(name, sizeof(name), "http://h/item-%06u.json", i);
		uint64_t hash = hash_octets(slice_of(name, (size_t)len), 0);
		unsigned *chain = &chains[hash % COUNT(chains)];

		if (++*chain > longest)
			longest = *chain;
	}
	/* A mean of 8; 30 or more has a chance of 1 in 10 million. */
	assert_in_range(longest, 8, 30);
}

static void
finds_all_nodes_of_a_hash(void **state)
{
	struct hash_node nodes[6];
	struct hash_table t;
	struct hash_node *node;
	unsigned seen = 0;

	(void)state;
	assert_false(err_is(hash_table_init(&t, 0)));
	/* 5 and 21 share a chain of the 16; 5 stands there three times */
	for (size_t i = 0; i < COUNT(nodes); i++)
		hash_table_add(&t, &nodes[i], i % 2 == 0 ? 5 : 21);
	assert_int_equal(t.count, COUNT(nodes));
	for (node = hash_table_first(&t, 5); node != NULL;
	     node = hash_table_next(node)) {
		assert_true(node->hash == 5);
		seen |= 1U << (node - nodes);
	}
	assert_int_equal(seen, 0x15);
	assert_null(hash_table_first(&t, 6));
	assert_null(hash_table_first(&t, 37));
	hash_table_fini(&t);
}

static void
removes_from_anywhere_in_a_chain(void **state)
{
	(void)state;
	for (size_t gone = 0; gone < 3; gone++) {
		struct hash_node nodes[3];
		struct hash_table t;
		size_t left = 0;

		assert_false(err_is(hash_table_init(&t, 3)));
		for (size_t i = 0; i < 3; i++)
			hash_table_add(&t, &nodes[i], 9);
		hash_table_remove(&t, &nodes[gone]);
		for (struct hash_node *node = hash_table_first(&t, 9);
		     node != NULL; node = hash_table_next(node)) {
			assert_ptr_not_equal(node, &nodes[gone]);
			left++;
		}
		assert_int_equal(left, 2);
		assert_int_equal(t.count, 2);
		hash_table_fini(&t);
	}
}

static void
has_a_power_of_two_of_chains(void **state)
{
	static const struct {
		size_t expected;
		size_t heads;
	} rows[] = {
		{ 0, 16 },
		{ 16, 16 },
		{ 17, 32 },
		{ 1000, 1024 },
		{ 1024, 1024 },
		{ 1025, 2048 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hash_table t;

		assert_false(err_is(hash_table_init(&t, rows[i].expected)));
		assert_int_equal(t.mask, rows[i].heads - 1);
		hash_table_fini(&t);
	}
}

static void
survives_a_refused_allocation(void **state)
{
	struct hash_table t;

	(void)state;
	refuse_begin(1);
	assert_int_equal(hash_table_init(&t, 100).kind, ERR_NOMEM);
	assert_true(refuse_end());
	hash_table_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_the_same_in_every_release),
		cmocka_unit_test(every_octet_and_the_seed_count),
		cmocka_unit_test(zeros_of_different_lengths_differ),
		cmocka_unit_test(numbered_names_spread_over_the_chains),
		cmocka_unit_test(finds_all_nodes_of_a_hash),
		cmocka_unit_test(removes_from_anywhere_in_a_chain),
		cmocka_unit_test(has_a_power_of_two_of_chains),
		cmocka_unit_test(survives_a_refused_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
