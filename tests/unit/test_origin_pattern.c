#include "exact.h"

#include "../origin/pattern.h"

static void
the_pattern_is_the_same_from_every_offset(void **state)
{
	uint64_t seed = pattern_seed(slice_str("/gen/100/a"), 0);
	uint8_t whole[100];
	uint8_t part[100];

	(void)state;
	pattern_fill(seed, 0, whole, sizeof(whole));
	for (size_t at = 0; at < sizeof(whole); at++) {
		for (size_t len = 0; at + len <= sizeof(whole); len++) {
			pattern_fill(seed, at, part, len);
			assert_memory_equal(part, whole + at, len);
			assert_true(pattern_matches(
			    seed, at, slice_of(whole + at, len)));
		}
	}
	whole[99] ^= 1;
	assert_false(pattern_matches(seed, 0, slice_of(whole, sizeof(whole))));
	assert_int_not_equal(seed, pattern_seed(slice_str("/gen/100/b"), 0));
}

static void
only_files_with_validators_have_versions(void **state)
{
	static const struct {
		const char *target;
		bool has_versions;
	} rows[] = {
		{ "/gen/5/a", false },
		{ "/status/200", false },
		{ "/redirect/302/ver/5/a", false },
		{ "/ver/5", true },
		{ "/weak/5/a", true },
		{ "/dated/5/a", true },
		{ "/cut/1/5/a", true },
		{ "/other", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice target = slice_str(rows[i].target);
		uint64_t first = pattern_seed(target, 0);
		uint64_t second = pattern_seed(target, 1);

		assert_int_equal(first != second, rows[i].has_versions);
	}
}

static void
reads_the_generated_paths(void **state)
{
	static const struct {
		const char *target;
		struct generated g; /* a cut of 0: none */
	} good[] = {
		{ "/gen/0/", { .kind = GENERATED_PLAIN } },
		{ "/gen/12", { .kind = GENERATED_PLAIN, .size = 12 } },
		{ "/gen/16M/a/b?c",
		    { .kind = GENERATED_PLAIN, .size = 16 << 20 } },
		{ "/chunked/1k/a",
		    { .kind = GENERATED_CHUNKED, .size = 1024 } },
		{ "/close/5/a", { .kind = GENERATED_CLOSE, .size = 5 } },
		{ "/fresh/5/a", { .kind = GENERATED_FRESH, .size = 5 } },
		{ "/delay/100/5/a",
		    { .kind = GENERATED_PLAIN, .size = 5, .delay_ms = 100 } },
		{ "/ver/5/a", { .kind = GENERATED_VERSIONED, .size = 5 } },
		{ "/weak/5/a",
		    { .kind = GENERATED_VERSIONED,
			.size = 5,
			.validator = VALIDATOR_WEAK } },
		{ "/dated/5/a",
		    { .kind = GENERATED_VERSIONED,
			.size = 5,
			.validator = VALIDATOR_DATE } },
		{ "/cut/3/5/a",
		    { .kind = GENERATED_VERSIONED, .size = 5, .cut = 3 } },
		{ "/cut/3/ver/5/a",
		    { .kind = GENERATED_VERSIONED, .size = 5, .cut = 3 } },
		{ "/cut/1M/weak/4M/a",
		    { .kind = GENERATED_VERSIONED,
			.size = 4 << 20,
			.validator = VALIDATOR_WEAK,
			.cut = 1 << 20 } },
		{ "/cut/3/dated/5/a",
		    { .kind = GENERATED_VERSIONED,
			.size = 5,
			.validator = VALIDATOR_DATE,
			.cut = 3 } },
		{ "/redirect/301/gen/5/a",
		    { .kind = GENERATED_REDIRECT,
			.status = 301,
			.hops = 1,
			.rest = TEXT("gen/5/a") } },
		{ "/redirect/307/http://h:1/a?b",
		    { .kind = GENERATED_REDIRECT,
			.status = 307,
			.hops = 1,
			.rest = TEXT("http://h:1/a?b") } },
		{ "/redirect/302",
		    { .kind = GENERATED_REDIRECT, .status = 302, .hops = 1 } },
		{ "/hops/3/gen/5/a",
		    { .kind = GENERATED_REDIRECT,
			.status = 302,
			.hops = 3,
			.rest = TEXT("gen/5/a") } },
		{ "/status/404", { .kind = GENERATED_STATUS, .status = 404 } },
		{ "/status/503/a",
		    { .kind = GENERATED_STATUS, .status = 503 } },
		{ "/echo", { .kind = GENERATED_ECHO } },
		{ "/echo/a", { .kind = GENERATED_ECHO } },
	};
	static const char *const bad[] = { "", "/", "/gen", "/gen/", "/gen/a/5",
		"/gen/-1/a", "/delay/x/5/a", "/delay/5", "/status/",
		"/status/1000", "/other", "gen/5/a", "/cut/5", "/cut/x/5/a",
		"/cut/5/gen/5/a", "/redirect/", "/redirect/x/a", "/hops/0/a",
		"/hops/x" };
	struct generated g;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct slice target = exact_copy(slice_str(good[i].target));
		const struct generated *want = &good[i].g;

		assert_true(generated_parse(target, &g));
		assert_int_equal(g.kind, want->kind);
		assert_int_equal(g.size, want->size);
		assert_int_equal(g.delay_ms, want->delay_ms);
		assert_int_equal(
		    g.status, want->status > 0 ? want->status : 200);
		assert_int_equal(g.validator, want->validator);
		assert_true(
		    g.cut == (want->cut > 0 ? want->cut : GENERATED_UNCUT));
		assert_int_equal(g.hops, want->hops);
		assert_true(slice_eq(g.rest, want->rest));
		exact_free(target);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct slice target = exact_copy(slice_str(bad[i]));

		assert_false(generated_parse(target, &g));
		exact_free(target);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pattern_is_the_same_from_every_offset),
		cmocka_unit_test(only_files_with_validators_have_versions),
		cmocka_unit_test(reads_the_generated_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
