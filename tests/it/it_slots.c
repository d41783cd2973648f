/* One slot never blocks another: whatever a peer does holds its own slot, and
 * that for a bounded time. */
#include "harness.h"

#include <stdio.h>
#include <unistd.h>

#define GOOD 200

/* What bad peers do, and what is told of it. */
static const struct {
	const char *name;
	const char *moves;
	const char *error; /* one of these words */
} evils[] = {
	{ "nothing at all", "stall", "timeout" },
	{ "a head of an octet now and then",
	    "drip 300; head 200 \"Content-Length: 5\"; body 5", "timeout" },
	{ "half a head", "send \"HTTP/1.1 200 OK\\r\\nContent\"; stall",
	    "timeout" },
	{ "a body that stalls",
	    "head 200 \"Content-Length: 100\"; body 50; stall", "timeout" },
	{ "a large body that stalls",
	    "head 200 \"Content-Length: 3000000\"; body 1000000; stall",
	    "timeout" },
	{ "a body of an octet now and then",
	    "head 200 \"Content-Length: 1000\"; drip 300; body 1000",
	    "timeout" },
	{ "a body without end, an octet now and then",
	    "head 200; drip 300; forever { body 1000 }", "timeout" },
	{ "an endless head",
	    "send \"HTTP/1.1 200 OK\\r\\n\"; forever { send \"X-A: b\\r\\n\" }",
	    "limit" },
	{ "an endless field",
	    "send \"HTTP/1.1 200 OK\\r\\nX: \"; forever { send "
	    "\"0123456789\" }",
	    "limit" },
	{ "endless interim responses", "forever { head 103 \"A: b\" }",
	    "limit timeout" },
	{ "slow interim responses", "forever { head 103; delay 100 }",
	    "limit timeout" },
	{ "endless trailers",
	    "head 200 \"Transfer-Encoding: chunked\"; send "
	    "\"1\\r\\na\\r\\n0\\r\\n\"; forever { send \"X: y\\r\\n\" }",
	    "limit protocol" },
	{ "an endless chunk extension",
	    "head 200 \"Transfer-Encoding: chunked\"; send \"1;\"; forever { "
	    "send \"0123456789\" }",
	    "limit protocol" },
	{ "chunks of an octet now and then",
	    "head 200 \"Transfer-Encoding: chunked\"; forever { send "
	    "\"1\\r\\na\\r\\n\"; delay 300 }",
	    "timeout" },
	{ "a redirect that stalls",
	    "delay 300; head 302 \"Location: /evil/0\" \"Content-Length: 0\"",
	    "timeout" },
	{ "a redirect whose body stalls",
	    "head 302 \"Location: /evil/0\" \"Content-Length: 9\"; stall",
	    "timeout" },
	{ "a failure whose body stalls",
	    "head 404 \"Content-Length: 9\"; stall", "status timeout" },
	{ "a failure without end", "head 404; forever { body 100000 }",
	    "status" },
};

static void
start_evil_origin(struct world *w)
{
	char *script = world_text(w, "%s", "");

	for (size_t i = 0; i < COUNT(evils); i++)
		script = world_text(
		    w, "%s/evil/%zu: %s\n", script, i, evils[i].moves);
	/* Each hop takes its time, and there is no end of them. */
	origin_start(w, script, NULL);
}

/* All the evils first, with black holes and endless redirects among them. */
static size_t
write_evil_list(struct world *w, unsigned black_hole)
{
	FILE *f;

	origin_add_urls(w, "list", "127.0.0.1", "/evil/", COUNT(evils));
	f = fopen(world_path(w, "list"), "ae");
	assert_non_null(f);
	(void)fprintf(f, "http://127.0.0.1:%u/\n", black_hole);
	(void)fprintf(f, "%s\n", origin_url(w, "/hops/1000000/gen/9/a"));
	assert_int_equal(fclose(f), 0);
	origin_add_urls(w, "list", "127.0.0.1", "/gen/9/", GOOD);
	return COUNT(evils) + 2;
}

static void
expect_evil_records(struct world *w)
{
	struct records r = records_read(w, "log");

	assert_int_equal(r.count, COUNT(evils) + 2 + GOOD);
	assert_int_equal(records_count(&r, "ok", "true"), GOOD);
	for (size_t i = 0; i < COUNT(evils); i++) {
		struct slice record =
		    records_find(&r, "n", world_text(w, "%zu", i + 1));
		const char *error = json_get(w, record, "error");

		if (error == NULL || strstr(evils[i].error, error) == NULL)
			fail_msg("%s: %s", evils[i].name,
			    error != NULL ? error : "no error");
	}
	expect_member(
	    &r, records_find(&r, "stage", "connect"), "error", "timeout");
	assert_int_equal(records_count(&r, "error", "redirect"), 1);
}

#define TIMES \
	"--connect-timeout", "1", "--head-timeout", "1", "--idle-timeout", \
	    "1", "--max-time", "2", "--retry", "0"

/* With two slots more than there are bad peers, the good ones do not wait. */
static void
bad_peers_do_not_hold_up_good_ones(void **state)
{
	struct world *w = *state;
	unsigned black_hole;
	int listener = world_listen(w, true, &black_hole);
	struct origin_request *requests;
	struct run *run;
	size_t count;
	int64_t last_ms = 0;
	size_t evil;

	start_evil_origin(w);
	evil = write_evil_list(w, black_hole);
	run = bulkfetch(w, "-c", world_text(w, "%zu", evil + 2), TIMES, "-d",
	    "out", "--log", "log", "list", NULL);
	expect_exit(run, 1);
	expect_summary(run, GOOD, 0, evil);
	expect_urls(w, "out", "127.0.0.1", "/gen/9/", GOOD);
	assert_int_equal(world_count_files(w, "out"), GOOD);
	expect_evil_records(w);
	requests = origin_requests(w, &count);
	for (size_t i = 0; i < count; i++) {
		if (strncmp(requests[i].line, "GET /gen/", 9) == 0)
			last_ms = requests[i].at_ms;
	}
	if (run_is_bare())
		assert_true(last_ms - requests[0].at_ms < 900);
	/* The longest bound is --max-time. */
	assert_in_range(run->took_ms, 1900, 3500 * run_slowness());
	assert_int_equal(close(listener), 0);
}

/* With two slots in all, each of them is free again after its time. */
static void
bad_peers_hold_a_slot_only_for_their_time(void **state)
{
	struct world *w = *state;
	unsigned black_hole;
	int listener = world_listen(w, true, &black_hole);
	struct run *run;
	size_t evil;

	start_evil_origin(w);
	evil = write_evil_list(w, black_hole);
	run = bulkfetch(
	    w, "-c", "4", TIMES, "-d", "out", "--log", "log", "list", NULL);
	expect_exit(run, 1);
	expect_summary(run, GOOD, 0, evil);
	expect_urls(w, "out", "127.0.0.1", "/gen/9/", GOOD);
	expect_evil_records(w);
	assert_true(
	    run->took_ms < (int64_t)(evil / 4 + 2) * 2000 * run_slowness());
	assert_int_equal(close(listener), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(bad_peers_do_not_hold_up_good_ones),
		WORLD_TEST(bad_peers_hold_a_slot_only_for_their_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
