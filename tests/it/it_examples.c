/* The library under another program than ours. */
#include "harness.h"

#include <stdio.h>

static void
a_program_has_a_source_and_a_collector_of_its_own(void **state)
{
	const char *words[] = { NULL, "1", "50", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	struct run *run;

	origin_start(w, NULL, NULL);
	words[0] = origin_url(w, "/chunked/1000/");
	spec.program = world_text(w, "%s", program_path("", "examples/sizes"));
	run = run_spec(w, &spec);
	expect_exit(run, 0);
	for (int i = 1; i <= 50; i++)
		assert_non_null(strstr(run_out(run),
		    world_text(w, "1000\t%s%d\n",
			origin_url(w, "/chunked/1000/"), i)));
	assert_non_null(strstr(run_out(run), "50000\ttotal\n"));
	assert_true(origin_stat(w, "accepted") <= 8);
}

static void
it_hears_of_each_failure(void **state)
{
	const char *words[] = { NULL, "7", "9", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	struct run *run;

	origin_start(w,
	    "/8: head 200 \"Content-Length: 5\"; body 4; close\n"
	    "/*: head 200 \"Content-Length: 5\"; body 5\n",
	    NULL);
	words[0] = origin_url(w, "/");
	spec.program = world_text(w, "%s", program_path("", "examples/sizes"));
	run = run_spec(w, &spec);
	expect_exit(run, 1);
	assert_non_null(strstr(run_out(run), "10\ttotal\n"));
	expect_says(run, world_text(w, "%s: body: ", origin_url(w, "/8")));
}

/* The hosts of the list are nowhere; localhost is where they are. */
static void
a_script_spreads_over_the_addresses_of_a_service(void **state)
{
	const char *words[] = { "localhost", "-4", "-d", "out", "list", NULL };
	struct run_spec spec = { .words = words };
	struct world *w = *state;
	char *script = realpath("examples/fronts", NULL);
	struct run *run;

	if (script == NULL) {
		print_message("not run from the top: skipped\n");
		skip();
	}
	origin_start(w, NULL, NULL);
	world_write(w, "list", origin_url_at(w, "front.invalid", "/gen/5/a"));
	spec.program = script;
	spec.env[0] = world_text(
	    w, "BULKFETCH=%s", program_path("BULKFETCH", "bulkfetch"));
	run = run_spec(w, &spec);
	expect_exit(run, 0);
	expect_says(run, "addresses of localhost");
	free(script);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_program_has_a_source_and_a_collector_of_its_own),
		WORLD_TEST(it_hears_of_each_failure),
		WORLD_TEST(a_script_spreads_over_the_addresses_of_a_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
