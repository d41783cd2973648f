/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=resolver_system_new,--wrap=nofile_raise,--wrap=nofile_count_open,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"

#include "fake_run.h"
#include "sys/nofile.h"

#define NOFILE_OPEN 6

static uint64_t nofile_limit;

uint64_t __wrap_nofile_raise(void);
uint64_t __wrap_nofile_count_open(void);

uint64_t
__wrap_nofile_raise(void)
{
	return nofile_limit;
}

uint64_t
__wrap_nofile_count_open(void)
{
	return NOFILE_OPEN;
}

static int
setup(void **state)
{
	nofile_limit = 1 << 20;
	return world_setup(state);
}

static void
refuses_options_that_make_no_sense(void **state)
{
	static const char *const bad_field[] = { "Content-Length: 5" };
	static const struct {
		unsigned concurrency;
		uint64_t max_time_ms;
		const char *method;
		const char *const *fields;
	} cases[] = {
		{ 0, 0, NULL, NULL },
		{ BULKFETCH_CONCURRENCY_MAX + 1, 0, NULL, NULL },
		{ 1, BULKFETCH_DURATION_MAX_MS + 1, NULL, NULL },
		{ 1, 0, "GET IT", NULL },
		{ 1, 0, NULL, bad_field },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bulkfetch_problem problem = { .text = "" };

		world.options.concurrency = cases[i].concurrency;
		world.options.max_time_ms = cases[i].max_time_ms;
		world.options.method = cases[i].method;
		world.options.fields = cases[i].fields;
		world.options.field_count = cases[i].fields != NULL;
		assert_null(bulkfetch_new(&world.options, &world.source,
		    &world.collector, &world.observer, &problem));
		assert_true(problem.is_usage);
		assert_true(strlen(problem.text) > 0);
	}
	bulkfetch_free(NULL);
}

static void
a_run_need_not_be_run(void **state)
{
	(void)state;
	assert_true(world_new());
	bulkfetch_wake(world.run);
	bulkfetch_free(world.run);
}

static void
makes_do_with_the_descriptors_there_are(void **state)
{
	static const char *const urls[] = { "http://a/ok", "http://b/last" };
	static const struct {
		uint64_t limit;
		unsigned wanted;
		bool is_short;
	} cases[] = {
		{ NOFILE_OPEN + 8, 200, true },
		{ 20, 200, true },
		{ 40, 200, true },
		{ 40, 5, false },
		{ 1024, 1000, true },
		{ 1024, 200, false },
		{ UINT64_MAX, 1000, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned wanted = cases[i].wanted;
		struct bulkfetch_stats stats;

		(void)world_setup(NULL);
		nofile_limit = cases[i].limit;
		world.options.concurrency = wanted;
		/* Short all the same, once: that is no second warning. */
		fake_plan.fate = FAKE_FAILS;
		fake_plan.times = cases[i].is_short;
		fake_plan.sys = EMFILE;
		world.urls = urls;
		world.urls_len = COUNT(urls);
		world.url_count = 500;
		assert_true(world_new());
		bulkfetch_get_stats(world.run, &stats);
		assert_int_equal(stats.concurrency < wanted, cases[i].is_short);
		/* A socket and a file each, unless there is only one. */
		assert_true(stats.concurrency >= 1);
		if (stats.concurrency > 1)
			assert_in_range(2 * stats.concurrency + NOFILE_OPEN, 0,
			    cases[i].limit);
		assert_int_equal(world_go(&stats), BULKFETCH_END_LIST);
		assert_int_equal(stats.fetched, 500);
		assert_int_equal(world.warnings, cases[i].is_short);
	}
}

static void
whatever_allocation_is_refused_each_request_has_one_result(void **state)
{
	static const char *const urls[] = {
		"http://a/ok",
		"http://user:password@b/last",
		"http://two/404",
		"nonsense",
		"http://later/chunked",
		"http://a/nonsense",
		"http://a/half",
		"http://a/split",
	};
	unsigned refused_new = 0;
	unsigned failed = 0;
	size_t n;

	(void)state;
	for (n = 1;; n++) {
		struct bulkfetch_stats stats;
		bool is_made;

		(void)setup(NULL);
		world.options.concurrency = 2;
		world.options.credentials = "user:password";
		world.urls = urls;
		world.urls_len = COUNT(urls);
		world.url_count = 4 * COUNT(urls);
		refuse_begin(n);
		is_made = world_new();
		if (!is_made) {
			assert_true(refuse_end());
			refused_new++;
			continue;
		}
		assert_int_equal(world_go(&stats), BULKFETCH_END_LIST);
		if (!refuse_end())
			break;
		for (size_t i = 0; i < world.given; i++) {
			if (strcmp(world.told[i].error, "memory") == 0)
				failed++;
		}
		(void)world_teardown(NULL);
	}
	assert_in_range(refused_new, 5, 100);
	/* One request at most for each; some have ways around it. */
	assert_in_range(failed, 5, n - refused_new);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refuses_options_that_make_no_sense),
		TEST(a_run_need_not_be_run),
		TEST(makes_do_with_the_descriptors_there_are),
		TEST(
		    whatever_allocation_is_refused_each_request_has_one_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
