/* --rate, --rate-per-host and --limit-rate: exact and smooth. */
#include "harness.h"

#include <stdio.h>

/* `value` is within `percent` of `wanted`. */
static void
expect_about(const char *what, double value, double wanted, double percent)
{
	if (value < wanted * (100 - percent) / 100 ||
	    value > wanted * (100 + percent) / 100)
		fail_msg("%s is %.1f instead of %.1f", what, value, wanted);
}

/* ---- Requests a second -------------------------------------------------- */

/*
 * Requests at `ms[0]` to `ms[count - 1]` came at so many a second: within 2 %
 * over all, and within 10 % in every second.
 */
static void
expect_pace(const int64_t *ms, size_t count, double a_second)
{
	int64_t last_ms = ms[count - 1] - ms[0];

	expect_about("the rate", 1000.0 * (double)(count - 1) / (double)last_ms,
	    a_second, 2);
	for (int64_t at_ms = 0; at_ms + 1000 <= last_ms; at_ms += 100) {
		size_t within = 0;

		for (size_t i = 0; i < count; i++)
			within += ms[i] - ms[0] >= at_ms &&
			    ms[i] - ms[0] < at_ms + 1000;
		expect_about("a second's rate", (double)within, a_second,
		    a_second < 50 ? 100 / a_second + 10 : 10);
	}
}

/* All of them at the same time: a run of these has little to do. */
static void
requests_begin_at_the_rate_asked_for(void **state)
{
	static const struct {
		const char *rate;
		double a_second;
		size_t urls;
	} rows[] = {
		{ "200/s", 200, 1000 },
		{ "200", 200, 600 },
		{ "1800/m", 30, 120 },
		{ "36000/h", 10, 40 },
		{ "1000/s", 1000, 5000 },
	};
	struct world *w = *state;
	struct run *runs[COUNT(rows)];
	struct origin_request *requests;
	size_t count;

	if (!run_is_bare())
		skip();
	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *list = world_text(w, "list%zu", i);
		const char *words[] = { "-c", "20", "--rate", rows[i].rate,
			"-d", "out", list, NULL };
		struct run_spec spec = { .words = words };

		origin_add_urls(w, list, "127.0.0.1",
		    world_text(w, "/gen/100/%zu/", i), rows[i].urls);
		runs[i] = run_start(w, &spec);
	}
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_exit(run_finish(runs[i]), 0);
	requests = origin_requests(w, &count);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *line = world_text(w, "GET /gen/100/%zu/", i);
		int64_t *ms = world_alloc(w, count * sizeof(*ms));
		size_t n = 0;

		for (size_t k = 0; k < count; k++) {
			if (strncmp(requests[k].line, line, strlen(line)) == 0)
				ms[n++] = requests[k].at_ms;
		}
		assert_int_equal(n, rows[i].urls);
		expect_pace(ms, n, rows[i].a_second);
	}
}

/* Retries and redirects are requests as well. */
static void
every_request_counts_for_the_rate(void **state)
{
	static const struct {
		const char *prefix;
		int status;
		size_t requests; /* of a URL */
	} rows[] = { { "/status/503/", 4, 3 }, { "/hops/2/gen/9/", 0, 3 } };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *list = world_text(w, "list%zu", i);
		struct origin_request *requests;
		size_t count;

		origin_start(w, NULL, NULL);
		origin_add_urls(w, list, "127.0.0.1", rows[i].prefix, 20);
		expect_exit(bulkfetch(w, "--rate", "40/s", "--retry-delay",
				"0.01", "-d", "out", list, NULL),
		    rows[i].status);
		requests = origin_requests(w, &count);
		assert_int_equal(count, 20 * rows[i].requests);
		assert_true(requests[count - 1].at_ms - requests[0].at_ms >=
		    (int64_t)(count - 1) * 25 * 98 / 100);
	}
}

static void
each_host_has_its_own_rate(void **state)
{
	enum { HOSTS = 3, URLS = 80 };
	struct world *w = *state;
	struct origin_request *requests;
	int64_t ms[HOSTS][URLS];
	size_t counts[HOSTS] = { 0 };
	struct run *run;
	size_t count;

	if (!run_is_bare())
		skip();
	origin_start(w, NULL, NULL);
	for (int i = 0; i < HOSTS; i++)
		origin_add_urls(w, "list", world_text(w, "127.0.0.%d", i + 1),
		    "/gen/9/", URLS);
	run =
	    bulkfetch(w, "--rate-per-host", "40/s", "-d", "out", "list", NULL);
	expect_exit(run, 0);
	requests = origin_heads(w, &count);
	assert_int_equal(count, HOSTS * URLS);
	for (size_t i = 0; i < count; i++) {
		const char *host = origin_field(w, &requests[i], "Host");
		int k = host[strlen("127.0.0.")] - '1';

		assert_in_range(k, 0, HOSTS - 1);
		ms[k][counts[k]++] = requests[i].at_ms;
	}
	for (int k = 0; k < HOSTS; k++) {
		assert_int_equal(counts[k], URLS);
		expect_pace(ms[k], URLS, 40);
	}
	/* At the same time, not one after the other. */
	assert_true(run->took_ms < 2800);
}

/* ---- Octets a second ---------------------------------------------------- */

#define SAMPLES_MAX 4096

struct samples {
	int64_t ms[SAMPLES_MAX];
	uint64_t octets[SAMPLES_MAX];
	size_t count;
};

/* How much there was at a time, between two samples in proportion. */
static double
octets_at(const struct samples *s, int64_t at_ms)
{
	size_t i = 1;
	double part;

	while (i + 1 < s->count && s->ms[i] < at_ms)
		i++;
	part =
	    (double)(at_ms - s->ms[i - 1]) / (double)(s->ms[i] - s->ms[i - 1]);
	return (double)s->octets[i - 1] +
	    part * (double)(s->octets[i] - s->octets[i - 1]);
}

/*
 * Within 2 % from the first octets to the last, and within 10 % in every
 * second.  Octets of heads count as well, but are few here.
 */
static void
expect_flow(const struct samples *s, double a_second)
{
	size_t first = 0;
	int64_t begin_ms;
	int64_t end_ms = s->ms[s->count - 1];

	while (s->octets[first] == 0)
		first++;
	begin_ms = s->ms[first];
	expect_about("the rate",
	    1000.0 * (double)(s->octets[s->count - 1] - s->octets[first]) /
		(double)(end_ms - begin_ms),
	    a_second, 2);
	for (int64_t at_ms = begin_ms; at_ms + 1000 <= end_ms; at_ms += 100)
		expect_about("a second's rate",
		    octets_at(s, at_ms + 1000) - octets_at(s, at_ms), a_second,
		    10);
}

static const struct {
	const char *limit;
	const char *c;
	const char *prefix;
	size_t count;
	uint64_t size;
	double a_second;
} flows[] = {
	{ "2M", "4", "/gen/3M/", 4, 3 << 20, 2 << 20 },
	{ "2M", "4", "/chunked/3M/", 4, 3 << 20, 2 << 20 },
	{ "1M", "20", "/gen/30000/", 200, 30000, 1 << 20 },
	{ "20M", "1", "/gen/100M/", 1, 100 << 20, 20 << 20 },
};

/* How many of the runs have not yet filled their directories. */
static size_t
sample_flows(struct world *w, struct samples *samples)
{
	size_t unfinished = 0;

	for (size_t i = 0; i < COUNT(flows); i++) {
		struct samples *s = &samples[i];
		uint64_t all = flows[i].count * flows[i].size;
		uint64_t octets = world_octets(w, world_text(w, "out%zu", i));
		int64_t now_ms = world_now_ms();

		if (s->count > 0 && s->octets[s->count - 1] == all)
			continue;
		/* A file that was just being renamed may not have been seen. */
		if (s->count > 0 && octets < s->octets[s->count - 1])
			octets = s->octets[s->count - 1];
		unfinished++;
		if (s->count > 0 && s->ms[s->count - 1] == now_ms)
			continue;
		if (s->count == SAMPLES_MAX)
			fail_msg(
			    "only %llu octets", (unsigned long long)octets);
		s->ms[s->count] = now_ms;
		s->octets[s->count++] = octets;
	}
	return unfinished;
}

static void
octets_come_at_the_rate_asked_for(void **state)
{
	struct world *w = *state;
	struct run *runs[COUNT(flows)];
	struct samples *samples =
	    world_alloc(w, COUNT(flows) * sizeof(*samples));

	if (!run_is_bare())
		skip();
	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(flows); i++) {
		const char *list = world_text(w, "list%zu", i);
		const char *words[] = { "-c", flows[i].c, "--limit-rate",
			flows[i].limit, "-d", world_text(w, "out%zu", i), list,
			NULL };
		struct run_spec spec = { .words = words };

		origin_add_urls(
		    w, list, "127.0.0.1", flows[i].prefix, flows[i].count);
		runs[i] = run_start(w, &spec);
	}
	while (sample_flows(w, samples) > 0) {
		for (int i = 0; i < 5; i++)
			world_pause();
	}
	for (size_t i = 0; i < COUNT(flows); i++) {
		expect_exit(run_finish(runs[i]), 0);
		expect_urls(w, world_text(w, "out%zu", i), "127.0.0.1",
		    flows[i].prefix, flows[i].count);
		expect_flow(&samples[i], flows[i].a_second);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(requests_begin_at_the_rate_asked_for),
		WORLD_TEST(every_request_counts_for_the_rate),
		WORLD_TEST(each_host_has_its_own_rate),
		WORLD_TEST(octets_come_at_the_rate_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
