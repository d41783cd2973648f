#include "exact.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/progress.h"

static const struct bulkfetch_stats somewhere = {
	.fetched = 11000,
	.skipped = 1300,
	.failed = 45,
	.bytes = 12345678,
	.in_flight = 200,
	.elapsed_ms = 10000,
	.has_position = true,
	.position_done = 420000,
	.position_total = 1000000,
};

/* 1000 requests and 1 MiB a second before. */
static void
sample_before(struct progress *p)
{
	struct bulkfetch_stats before = somewhere;

	before.elapsed_ms -= 1000;
	before.fetched -= 1000;
	before.bytes -= 1048576;
	before.position_done -= 10000;
	/* The ring is filled, so that nothing older is left. */
	for (size_t i = 0; i < 2 * RATE_SAMPLES; i++) {
		p->requests.samples[i % RATE_SAMPLES] =
		    (struct rate_sample){ before.elapsed_ms,
			    before.fetched + before.failed };
		p->octets.samples[i % RATE_SAMPLES] =
		    (struct rate_sample){ before.elapsed_ms, before.bytes };
		p->position.samples[i % RATE_SAMPLES] =
		    (struct rate_sample){ before.elapsed_ms,
			    before.position_done };
	}
}

static void
leaves_out_what_does_not_fit(void **state)
{
	static const struct {
		size_t width;
		const char *text;
	} cases[] = {
		{ 100,
		    "[==========>                ] 12345 done, 45 failed, 200 "
		    "in flight, 1000/s, 1.0 MiB/s, 42%, ETA 0:58" },
		{ 83,
		    "[===>      ] 12345 done, 45 failed, 200 in flight, "
		    "1000/s, "
		    "1.0 MiB/s, 42%, ETA 0:58" },
		{ 79,
		    "12345 done, 45 failed, 200 in flight, 1000/s, 1.0 MiB/s, "
		    "42%, ETA 0:58" },
		{ 69,
		    "12345 done, 45 failed, 200 in flight, 1000/s, 1.0 MiB/s, "
		    "ETA 0:58" },
		{ 60, "12345 done, 45 failed, 1000/s, 1.0 MiB/s, ETA 0:58" },
		{ 40, "12345 done, 45 failed, 1000/s, ETA 0:58" },
		{ 38, "12345 done, 45 failed, ETA 0:58" },
		{ 25, "12345 done, 45 failed" },
		{ 10, "12345 done" },
		{ 9, "" },
		{ 0, "" },
	};
	struct progress p;

	(void)state;
	progress_init(&p, PROGRESS_BAR, -1, NULL);
	sample_before(&p);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256];

		assert_string_equal(progress_compose(&p, &somewhere,
					cases[i].width, text, sizeof(text)),
		    cases[i].text);
	}
}

/* Only runs in which something waits tell of it. */
static void
tells_what_waits_and_who_is_parked(void **state)
{
	static const struct {
		size_t width;
		const char *text;
	} cases[] = {
		{ 120,
		    "12345 done, 45 failed, 200 in flight, 1000 waiting, 2 "
		    "hosts parked, 1000/s, 1.0 MiB/s" },
		{ 80,
		    "12345 done, 45 failed, 1000 waiting, 2 hosts parked, "
		    "1000/s, 1.0 MiB/s" },
		{ 66,
		    "12345 done, 45 failed, 2 hosts parked, 1000/s, 1.0 "
		    "MiB/s" },
		{ 40, "12345 done, 45 failed, 2 hosts parked" },
		{ 36, "12345 done, 45 failed" },
	};
	struct bulkfetch_stats stats = somewhere;
	struct progress p;
	char text[256];

	(void)state;
	stats.fetched -= 5000;
	stats.unchanged = 5000;
	stats.has_position = false;
	stats.waiting = 1000;
	stats.parked_hosts = 2;
	progress_init(&p, PROGRESS_BAR, -1, NULL);
	sample_before(&p);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(progress_compose(&p, &stats, cases[i].width,
					text, sizeof(text)),
		    cases[i].text);
	stats.parked_hosts = 1;
	(void)progress_compose(&p, &stats, 120, text, sizeof(text));
	assert_non_null(strstr(text, ", 1 host parked, "));
}

static void
fits_every_width_with_the_largest_numbers(void **state)
{
	struct bulkfetch_stats stats = {
		.fetched = UINT64_MAX,
		.failed = UINT64_MAX,
		.bytes = UINT64_MAX,
		.in_flight = UINT32_MAX,
		.waiting = UINT32_MAX,
		.parked_hosts = UINT32_MAX,
		.elapsed_ms = 1,
		.has_position = true,
		.position_done = 1,
		.position_total = UINT64_MAX,
	};
	struct progress p;

	(void)state;
	progress_init(&p, PROGRESS_BAR, -1, NULL);
	for (size_t width = 0; width < 300; width++) {
		char text[256];

		(void)progress_compose(&p, &stats, width, text, sizeof(text));
		assert_true(strlen(text) <= width);
		stats.position_done = UINT64_MAX / 300 * width;
		stats.elapsed_ms = width;
	}
}

static void
foresees_an_end_only_where_one_can_be_known(void **state)
{
	struct bulkfetch_stats stats = somewhere;
	struct progress p;
	char text[256];

	(void)state;
	progress_init(&p, PROGRESS_PLAIN, -1, NULL);
	sample_before(&p);
	stats.has_position = false;
	(void)progress_compose(&p, &stats, 200, text, sizeof(text));
	assert_string_equal(
	    text, "12345 done, 45 failed, 200 in flight, 1000/s, 1.0 MiB/s");
	stats.has_position = true;
	stats.position_done = stats.position_total;
	(void)progress_compose(&p, &stats, 200, text, sizeof(text));
	assert_null(strstr(text, "ETA"));
	assert_non_null(strstr(text, "100%"));
	stats.position_done = 0;
	(void)progress_compose(&p, &stats, 200, text, sizeof(text));
	assert_null(strstr(text, "ETA"));
	assert_non_null(strstr(text, "0%"));
}

static void
chooses_by_the_terminal(void **state)
{
	static const struct {
		enum progress_mode asked;
		const char *term;
		enum progress_mode got;
		bool has_tick;
	} cases[] = {
		{ PROGRESS_AUTO, "xterm", PROGRESS_NONE, false },
		{ PROGRESS_AUTO, "dumb", PROGRESS_NONE, false },
		{ PROGRESS_AUTO, NULL, PROGRESS_NONE, false },
		{ PROGRESS_BAR, "xterm", PROGRESS_BAR, true },
		{ PROGRESS_PLAIN, NULL, PROGRESS_PLAIN, true },
		{ PROGRESS_NONE, "xterm", PROGRESS_NONE, false },
	};
	int fd = open("/dev/null", O_WRONLY);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct progress p;

		progress_init(&p, cases[i].asked, fd, cases[i].term);
		assert_int_equal(p.mode, cases[i].got);
		assert_int_equal(progress_tick_ms(&p) > 0, cases[i].has_tick);
	}
	(void)close(fd);
}

/* What has come through a pipe since the last call. */
static const char *
drain(int fd)
{
	static char text[4096];
	ssize_t len = read(fd, text, sizeof(text) - 1);

	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void
prints_a_plain_line_every_five_seconds(void **state)
{
	struct bulkfetch_stats stats = { .fetched = 1 };
	struct progress p;
	int ends[2];
	unsigned lines = 0;

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	progress_init(&p, PROGRESS_PLAIN, ends[1], NULL);
	for (stats.elapsed_ms = 0; stats.elapsed_ms <= 23000;
	     stats.elapsed_ms += 1000) {
		const char *text;

		progress_show(&p, &stats);
		progress_clear(&p);
		text = drain(ends[0]);
		if (stats.elapsed_ms == 5000)
			assert_string_equal(text,
			    "bulkfetch: 0:05: 1 done, 0 failed, 0 in flight, "
			    "0.2/s, 0 B/s\n");
		lines += strchr(text, '\n') != NULL;
	}
	assert_int_equal(lines, 4);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void
draws_over_its_line_and_clears_it_once(void **state)
{
	struct bulkfetch_stats stats = { .fetched = 1 };
	struct progress p;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	progress_init(&p, PROGRESS_BAR, ends[1], NULL);
	progress_clear(&p);
	assert_string_equal(drain(ends[0]), "");
	progress_show(&p, &stats);
	assert_string_equal(drain(ends[0]),
	    "\r1 done, 0 failed, 0 in flight, 0/s, 0 B/s\033[K");
	progress_clear(&p);
	progress_clear(&p);
	assert_string_equal(drain(ends[0]), "\r\033[K");
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_out_what_does_not_fit),
		cmocka_unit_test(tells_what_waits_and_who_is_parked),
		cmocka_unit_test(fits_every_width_with_the_largest_numbers),
		cmocka_unit_test(foresees_an_end_only_where_one_can_be_known),
		cmocka_unit_test(chooses_by_the_terminal),
		cmocka_unit_test(prints_a_plain_line_every_five_seconds),
		cmocka_unit_test(draws_over_its_line_and_clears_it_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
