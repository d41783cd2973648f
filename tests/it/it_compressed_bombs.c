/* --compressed: what takes long to decode does not hold up anything else. */
#include "coded.h"

#include <signal.h>
#include <stdio.h>

#define OTHERS 40

/* In one receive: zstd's frames of 256 MiB of zeros, 6 GiB together. */
static struct slice
make_zeros(struct world *w)
{
	coded_shell(w,
	    "head -c 268435456 /dev/zero | zstd -c -1 >z; "
	    "for i in 1 2 3 4 5 6 7 8; do cat z z z; done >bomb");
	return world_read(w, "bomb");
}

/* Members of gzip without an octet, 2 GiB of them, in frames of zstd. */
static struct slice
make_nothing(struct world *w)
{
	coded_shell(w,
	    "gzip -n </dev/null >e; for i in 1 2 3 4 5 6 7; do "
	    "cat e e e e e e e e >f; mv f e; done; zstd -c e >z; "
	    "for i in 1 2 3 4 5 6 7; do cat z z z z z z z; done >bomb");
	return world_read(w, "bomb");
}

static void
serve(struct world *w, const char *codings, struct slice body)
{
	origin_start(w,
	    world_text(w, "/a: %s\n",
		coded_answer(w, BY_LENGTH,
		    world_text(w, "\"Content-Encoding: %s\"", codings), body)),
	    NULL);
}

static void
max_time_holds_for_a_bomb(void **state)
{
	struct world *w = *state;
	int seconds = run_slowness() == 1 ? 1 : 5;
	const char *words[] = { "--compressed", "-o", "-", "--log", "log",
		"--retry", "0", "--max-time", world_text(w, "%d", seconds),
		NULL, NULL };
	struct run_spec spec = { .words = words, .out = "null" };

	if (!coded_has_tools(w))
		skip();
	coded_shell(w, "ln -s /dev/null null");
	for (int i = 0; i < 2; i++) {
		struct records r;
		struct run *run;

		if (i == 0)
			serve(w, "zstd", make_zeros(w));
		else
			serve(w, "gzip, zstd", make_nothing(w));
		words[9] = origin_url(w, "/a");
		run = run_spec(w, &spec);
		expect_exit(run, 4);
		assert_in_range(run->took_ms, seconds * 900,
		    seconds * 1000 + 700 * run_slowness());
		r = records_read(w, "log");
		expect_member(&r, r.lines[0], "error", "timeout");
		expect_member(&r, r.lines[0], "stage", "body");
		expect_member(
		    &r, r.lines[0], "message", "longer than --max-time");
		coded_shell(w, "rm log");
	}
}

/* All the others are through before it, and it stops when it is told to. */
static void
others_go_on_and_signals_are_heard(void **state)
{
	const char *words[] = { "--compressed", "-c", "2", "-d", "out", "--log",
		"log", "list", NULL };
	struct world *w = *state;
	struct run_spec spec = { .words = words };
	int64_t stopped_ms;
	struct records r;
	struct run *run;
	size_t at = 0;

	if (!coded_has_tools(w))
		skip();
	serve(w, "gzip, zstd", make_nothing(w));
	world_write(w, "list", world_text(w, "%s\n", origin_url(w, "/a")));
	origin_add_urls(w, "list", "127.0.0.2", "/gen/500/", OTHERS);
	run = run_start(w, &spec);
	origin_wait(w, "requests", 1 + OTHERS);
	run_signal(run, SIGINT);
	run_wait_for(run, "again to stop at once", &at);
	run_signal(run, SIGINT);
	stopped_ms = world_now_ms();
	expect_exit(run_finish(run), 7);
	assert_true(world_now_ms() - stopped_ms < 1000 * run_slowness());
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "ok", "true"), OTHERS);
	expect_member(&r, records_find(&r, "n", "1"), "error", "stopped");
	expect_urls(w, "out", "127.0.0.2", "/gen/500/", OTHERS);
	assert_int_equal(world_count_files(w, "out"), OTHERS);
}

/* Several turns each, and the next request behind them. */
static void
bodies_of_several_turns_share_a_connection(void **state)
{
	struct world *w = *state;
	struct slice body;
	int mib = run_slowness() == 1 ? 40 : 4;

	if (!coded_has_tools(w))
		skip();
	coded_shell(
	    w, world_text(w, "head -c %d /dev/zero >zeros", mib * 1048576));
	body = coded_through(w, "brotli -c",
	    coded_through(w, "gzip -n", world_read(w, "zeros")));
	for (int framing = 0; framing < FRAMINGS; framing++) {
		origin_start(w,
		    world_text(w, "/*: %s\n",
			coded_answer(w, (enum framing)framing,
			    "\"Content-Encoding: gzip, br\"", body)),
		    NULL);
		coded_clean(w);
		expect_exit(bulkfetch(w, "--compressed", "-c", "1", "-d", "out",
				origin_url(w, "/a"), origin_url(w, "/b"),
				origin_url(w, "/c"), NULL),
		    0);
		for (int i = 0; i < 3; i++)
			coded_shell(w,
			    world_text(w, "cmp zeros 'out/%s/%c'",
				origin_host(w), 'a' + i));
		assert_int_equal(origin_stat(w, "accepted"),
		    framing == TO_THE_CLOSE ? 3 : 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(max_time_holds_for_a_bomb),
		WORLD_TEST(others_go_on_and_signals_are_heard),
		WORLD_TEST(bodies_of_several_turns_share_a_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
