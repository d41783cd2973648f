/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=pread */
#include "logged.h"

#include "refuse.h"

#include "source/done.h"

static unsigned pread_left; /* calls up to the one that fails; 0: none does */

ssize_t __real_pread(int fd, void *octets, size_t len, off_t at);
ssize_t __wrap_pread(int fd, void *octets, size_t len, off_t at);

ssize_t
__wrap_pread(int fd, void *octets, size_t len, off_t at)
{
	if (pread_left > 0 && --pread_left == 0) {
		errno = EIO;
		return -1;
	}
	return __real_pread(fd, octets, len, at);
}

static struct bulkfetch_resumed resumed;
static struct bulkfetch_problem problem;

static int
try(enum bulkfetch_resume_how how, const char *const *names, size_t count,
    struct bulkfetch_source *source)
{
	memset(&problem, 0, sizeof(problem));
	memset(&resumed, 0, sizeof(resumed));
	return bulkfetch_resume_new(
	    "log", how, names, count, source, &resumed, &problem);
}

/* What is left to do of the list "list". */
static void
expect_left(enum bulkfetch_resume_how how, const char *items)
{
	const char *const names[] = { "list" };
	struct bulkfetch_source source;

	if (try(how, names, 1, &source) != 0)
		fail_msg("%s", problem.text);
	assert_string_equal(logged_items(&source), items);
	source.free(source.ctx);
}

/* `count` lines, all of them with a result; `edit` may change line `at`. */
static void
put_list(uint64_t count, uint64_t at, const char *edit)
{
	FILE *list = fopen("list", "w");

	assert_non_null(list);
	for (uint64_t n = 1; n <= count; n++) {
		if (n == at)
			(void)fputs(edit, list);
		else
			(void)fprintf(
			    list, "http://h/%llu\n", (unsigned long long)n);
	}
	assert_int_equal(fclose(list), 0);
}

static void
put_log(uint64_t count)
{
	struct bulkfetch_log *log = logged_open("log");
	char url[32];

	for (uint64_t n = 1; n <= count; n++) {
		(void)snprintf(
		    url, sizeof(url), "http://h/%llu", (unsigned long long)n);
		logged_add(log, n, url, LOGGED_OK);
	}
	assert_int_equal(bulkfetch_log_close(log), 0);
}

static void
goes_on_with_what_has_no_result(void **state)
{
	struct bulkfetch_log *log = logged_open("log");

	(void)state;
	logged_put("list", "# a list\nu2\nu3\n\nu5\nu6\nu7\n");
	logged_add(log, 5, "u5", LOGGED_FAILED);
	logged_add(log, 2, "u2", LOGGED_OK);
	logged_add(log, 6, "u6", LOGGED_STOPPED);
	assert_int_equal(bulkfetch_log_close(log), 0);
	expect_left(BULKFETCH_RESUME, "3:u3 6:u6 7:u7 ");
	assert_int_equal(resumed.ok, 1);
	assert_int_equal(resumed.failed, 1);
	assert_int_equal(resumed.foreign, 0);
	expect_left(BULKFETCH_RESUME_FAILED, "3:u3 5:u5 6:u6 7:u7 ");
}

static void
takes_all_when_the_log_is_empty(void **state)
{
	(void)state;
	logged_put("list", "u1\nu2\n");
	logged_put("log", "");
	expect_left(BULKFETCH_RESUME, "1:u1 2:u2 ");
	assert_int_equal(resumed.ok + resumed.failed + resumed.foreign, 0);
}

/* A result that is there stays when the next try was broken off. */
static void
goes_by_the_last_result_of_each(void **state)
{
	struct bulkfetch_log *log = logged_open("log");

	(void)state;
	logged_put("list", "u1\nu2\nu3\n");
	logged_add(log, 1, "u1", LOGGED_FAILED);
	logged_add(log, 2, "u2", LOGGED_FAILED);
	logged_add(log, 3, "u3", LOGGED_OK);
	logged_add(log, 1, "u1", LOGGED_OK);
	logged_add(log, 2, "u2", LOGGED_STOPPED);
	logged_add(log, 3, "u3", LOGGED_FAILED);
	assert_int_equal(bulkfetch_log_close(log), 0);
	expect_left(BULKFETCH_RESUME, "");
	assert_int_equal(resumed.ok, 1);
	assert_int_equal(resumed.failed, 2);
	expect_left(BULKFETCH_RESUME_FAILED, "2:u2 3:u3 ");
	expect_left(BULKFETCH_RETRY_FAILED, "2:u2 3:u3 ");
}

static void
passes_over_lines_that_are_no_records(void **state)
{
	(void)state;
	logged_put("list", "u1\nu2\n");
	logged_put("log",
	    "{\"n\":1,\"url\":\"u1\",\"ok\":true,\"a\":1}\n"
	    "somebody's note\n"
	    "\n"
	    "{\"n\":99999999999999,\"url\":\"u\",\"ok\":true,\"a\":1}\n"
	    "{\"n\":2,\"url\":\"u2\",\"ok\":tr");
	expect_left(BULKFETCH_RESUME, "2:u2 ");
	assert_int_equal(resumed.ok, 1);
	assert_int_equal(resumed.foreign, 4);
}

static void
counts_through_all_lists_as_the_first_run_did(void **state)
{
	const char *const names[] = { "a", "http://x/", "b" };
	struct bulkfetch_log *log = logged_open("log");
	struct bulkfetch_source source;
	uint64_t done;
	uint64_t total;

	(void)state;
	logged_put("a", "u1\nu2\n");
	logged_put("b", "u4\nu5\n");
	logged_add(log, 1, "u1", LOGGED_OK);
	logged_add(log, 3, "http://x/", LOGGED_OK);
	logged_add(log, 4, "u4", LOGGED_OK);
	assert_int_equal(bulkfetch_log_close(log), 0);
	if (try(BULKFETCH_RESUME, names, COUNT(names), &source) != 0)
		fail_msg("%s", problem.text);
	assert_true(source.position(source.ctx, &done, &total));
	assert_int_equal(done, 0);
	assert_int_equal(total, 6 + 9 + 6);
	assert_string_equal(logged_items(&source), "2:u2 5:u5 ");
	assert_true(source.position(source.ctx, &done, &total));
	assert_int_equal(done, total);
	source.free(source.ctx);
}

/* ---- Changed lists ------------------------------------------------------ */

static void
refuses_a_list_that_has_changed(void **state)
{
	static const struct {
		uint64_t count; /* lines of the list; the log has 200 */
		uint64_t at;
		const char *edit;
		const char *text; /* the problem, behind the list's path */
	} cases[] = {
		{ 200, 100, "http://h/0\n",
		    ": lines 65 to 128 are not those that " },
		{ 200, 1, "http://h/0\n",
		    ": lines 1 to 64 are not those that " },
		{ 200, 200, "http://h/0\n",
		    ": lines 193 to 200 are not those that " },
		{ 200, 200, "http://h/2000\n", ": lines 193 to 200 are not" },
		{ 200, 100, "#http://h/100\n", ": lines 65 to 128 are not" },
		{ 200, 100, "\n", ": lines 65 to 128 are not" },
		/* One more, one less: all that follows has moved. */
		{ 200, 64, "http://h/64\nhttp://h/new\n",
		    ": lines 65 to 128 are not" },
		{ 201, 128, "", ": lines 65 to 128 are not" },
		{ 200, 150, "http://h/151\nhttp://h/150\n",
		    ": lines 129 to 192 are not" },
		/* Shorter. */
		{ 199, 0, NULL, ", line 199: the last one, but " },
		{ 128, 0, NULL, ", line 128: the last one, but " },
		{ 1, 0, NULL, ", line 1: the last one, but " },
		{ 201, 200, "#\n", ": lines 193 to 199 are not those" },
	};
	const char *const names[] = { "list" };
	struct bulkfetch_source source;

	(void)state;
	put_log(200);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char expected[256];

		put_list(cases[i].count, cases[i].at, cases[i].edit);
		assert_int_equal(
		    try(BULKFETCH_RESUME, names, 1, &source), EINVAL);
		assert_true(problem.is_usage);
		(void)snprintf(expected, sizeof(expected), "%s%s", names[0],
		    cases[i].text);
		if (strncmp(problem.text, expected, strlen(expected)) != 0)
			fail_msg("case %zu: %s", i, problem.text);
		assert_non_null(strstr(problem.text, "has changed"));
		assert_non_null(strstr(problem.text, "log"));
		assert_int_equal(
		    try(BULKFETCH_RESUME_FAILED, names, 1, &source), EINVAL);
	}
}

static void
refuses_a_list_that_is_empty_now(void **state)
{
	const char *const names[] = { "list" };
	struct bulkfetch_source source;

	(void)state;
	put_log(3);
	logged_put("list", "# nothing\n");
	assert_int_equal(try(BULKFETCH_RESUME, names, 1, &source), EINVAL);
	assert_true(problem.is_usage);
	assert_non_null(strstr(problem.text, "the list is empty"));
	assert_int_equal(try(BULKFETCH_RESUME, NULL, 0, &source), EINVAL);
	assert_true(problem.is_usage);
}

static void
refuses_lines_that_have_become_comments(void **state)
{
	const char *const names[] = { "list" };
	struct bulkfetch_source source;
	FILE *list = fopen("list", "w");

	(void)state;
	put_log(192);
	assert_non_null(list);
	for (unsigned n = 1; n <= 192; n++)
		(void)fprintf(
		    list, "%shttp://h/%u\n", n > 64 && n <= 128 ? "#" : "", n);
	assert_int_equal(fclose(list), 0);
	assert_int_equal(try(BULKFETCH_RESUME, names, 1, &source), EINVAL);
	assert_non_null(strstr(problem.text, ", line 129: "));
	assert_non_null(strstr(problem.text, "lines before it"));
}

static void
accepts_what_does_not_change_a_line_with_a_result(void **state)
{
	static const char *const lists[] = {
		"u1\nu2\nu3\n",
		"u1\nu2\nu3",
		"u1\r\nu2\r\nu3\r\n",
		"\xef\xbb\xbfu1\n u2\t\nu3\n",
		/* Grown at its end, whose last line had no newline. */
		"u1\nu2\nu3\nu4\nu5\n",
		/* The second has no result. */
		"u1\nv2\nu3\n",
		"u1\n#\nu3\n",
	};
	static const char *const left[] = { "2:u2 ", "2:u2 ", "2:u2 ", "2:u2 ",
		"2:u2 4:u4 5:u5 ", "2:v2 ", "" };
	struct bulkfetch_log *log = logged_open("log");

	(void)state;
	logged_add(log, 1, "u1", LOGGED_OK);
	logged_add(log, 2, "u2", LOGGED_STOPPED);
	logged_add(log, 3, "u3", LOGGED_OK);
	assert_int_equal(bulkfetch_log_close(log), 0);
	for (size_t i = 0; i < COUNT(lists); i++) {
		logged_put("list", lists[i]);
		expect_left(BULKFETCH_RESUME, left[i]);
	}
}

/* Octets that the log escapes, and a line of which it has the beginning. */
static void
compares_any_octets_and_lines_that_were_cut(void **state)
{
	static const struct bulkfetch_text odd =
	    LOG_TEXT("a\"b\\c\x01\xff\xc3\xa4");
	static char line[70001];
	struct bulkfetch_log *log = logged_open("log");
	struct bulkfetch_result result = logged_result(1, odd, LOGGED_OK);
	const char *const names[] = { "list" };
	struct bulkfetch_source source;
	FILE *list;

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	assert_int_equal(bulkfetch_log_add(log, &result), 0);
	result = logged_result(
	    2, (struct bulkfetch_text){ line, 256 }, LOGGED_FAILED);
	result.is_url_cut = true;
	assert_int_equal(bulkfetch_log_add(log, &result), 0);
	assert_int_equal(bulkfetch_log_close(log), 0);
	for (int i = 0; i < 2; i++) {
		line[0] = i == 0 ? 'x' : 'y';
		list = fopen("list", "w");
		assert_non_null(list);
		(void)fprintf(list, "%s\n%s\n", odd.ptr, line);
		assert_int_equal(fclose(list), 0);
		if (i == 0)
			expect_left(BULKFETCH_RESUME, "");
		else
			assert_int_equal(
			    try(BULKFETCH_RESUME, names, 1, &source), EINVAL);
	}
}

static void
names_the_list_that_has_changed(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		const char *text;
	} cases[] = {
		/* In one block, so either may be it. */
		{ "u1\n", "x\n", "a, line 1, to b, line 1: not what log" },
		{ "x\n", "u2\n", "a, line 1, to b, line 1: not what log" },
		{ "", "u1\nx\n", "b: lines 1 to 2 are not those that log" },
		{ "#\nx\n", "u2\n", "a, line 2: not what log has a result" },
		{ "u1\n", "", "a, line 1: the last one, but log has" },
	};
	const char *const names[] = { "a", "b" };
	struct bulkfetch_log *log = logged_open("log");
	struct bulkfetch_source source;

	(void)state;
	logged_add(log, 1, "u1", LOGGED_OK);
	logged_add(log, 2, "u2", LOGGED_OK);
	assert_int_equal(bulkfetch_log_close(log), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		logged_put("a", cases[i].a);
		logged_put("b", cases[i].b);
		assert_int_equal(
		    try(BULKFETCH_RESUME, names, 2, &source), EINVAL);
		if (strncmp(problem.text, cases[i].text,
			strlen(cases[i].text)) != 0)
			fail_msg("case %zu: %s", i, problem.text);
	}
}

/* Blocks are those of the run, lines those of the list. */
static void
names_lines_as_the_list_counts_them(void **state)
{
	const char *const names[] = { "a", "list" };
	struct bulkfetch_log *log = logged_open("log");
	struct bulkfetch_source source;
	char url[32];

	(void)state;
	logged_put("a", "u1\n#\n#\n#\n#\n");
	for (uint64_t n = 1; n <= 200; n++) {
		(void)snprintf(
		    url, sizeof(url), "http://h/%llu", (unsigned long long)n);
		logged_add(log, n + 5, url, LOGGED_OK);
	}
	assert_int_equal(bulkfetch_log_close(log), 0);
	put_list(200, 70, "http://h/0\n");
	assert_int_equal(try(BULKFETCH_RESUME, names, 2, &source), EINVAL);
	assert_non_null(strstr(problem.text, "list: lines 60 to 123 are not"));
}

/* ---- Pipes -------------------------------------------------------------- */

/* A FIFO's two ends, so that it neither waits nor ends. */
static int
open_fifo(void)
{
	int fd;

	assert_int_equal(mkfifo("fifo", 0600), 0);
	fd = open("fifo", O_RDWR | O_NONBLOCK);
	assert_int_not_equal(fd, -1);
	return fd;
}

static void
put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void
compares_a_pipe_while_it_is_read(void **state)
{
	const char *const names[] = { "list", "fifo" };
	struct bulkfetch_log *log = logged_open("log");
	struct bulkfetch_source source;
	struct bulkfetch_item item;
	int fd = open_fifo();

	(void)state;
	logged_put("list", "u1\nu2\n");
	logged_add(log, 1, "u1", LOGGED_OK);
	logged_add(log, 3, "u3", LOGGED_OK);
	logged_add(log, 5, "u5", LOGGED_OK);
	assert_int_equal(bulkfetch_log_close(log), 0);
	for (int is_changed = 0; is_changed < 2; is_changed++) {
		assert_int_equal(try(BULKFETCH_RESUME, names, 2, &source), 0);
		assert_int_equal(
		    source.next(source.ctx, &item), BULKFETCH_ITEM);
		assert_int_equal(item.n, 2);
		assert_int_equal(
		    source.next(source.ctx, &item), BULKFETCH_PENDING);
		put(fd, is_changed == 0 ? "u3\nu4\nu5\n" : "u3\nu4\nx5\n");
		assert_int_equal(
		    source.next(source.ctx, &item), BULKFETCH_ITEM);
		assert_int_equal(item.n, 4);
		assert_int_equal(
		    source.next(source.ctx, &item), BULKFETCH_PENDING);
		put(fd, "u6\n");
		if (is_changed == 0) {
			assert_int_equal(
			    source.next(source.ctx, &item), BULKFETCH_ITEM);
			assert_int_equal(item.n, 6);
		} else {
			assert_int_equal(
			    source.next(source.ctx, &item), BULKFETCH_ERROR);
			assert_non_null(strstr(item.problem, "have changed"));
			assert_non_null(strstr(item.problem, "fifo"));
			assert_int_equal(item.sys, 0);
		}
		source.free(source.ctx);
	}
	assert_int_equal(close(fd), 0);
}

/* Files in front of the pipe are compared at once all the same. */
static void
refuses_a_changed_file_in_front_of_a_pipe(void **state)
{
	const char *const names[] = { "list", "fifo" };
	struct bulkfetch_source source;
	int fd = open_fifo();

	(void)state;
	put_log(200);
	put_list(190, 10, "http://h/0\n");
	assert_int_equal(try(BULKFETCH_RESUME, names, 2, &source), EINVAL);
	assert_non_null(strstr(problem.text, ": lines 1 to 64 are not"));
	/* Its end is not that of the run. */
	put_list(190, 0, NULL);
	assert_int_equal(try(BULKFETCH_RESUME, names, 2, &source), 0);
	source.free(source.ctx);
	assert_int_equal(close(fd), 0);
}

static void
tells_of_a_pipe_that_ends_too_soon(void **state)
{
	const char *const names[] = { "-" };
	struct bulkfetch_source source;
	int ends[2];
	int saved = dup(STDIN_FILENO);

	(void)state;
	put_log(3);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	put(ends[1], "http://h/1\nhttp://h/2\n");
	(void)close(ends[1]);
	assert_int_equal(try(BULKFETCH_RESUME, names, 1, &source), 0);
	assert_non_null(strstr(logged_items(&source),
	    "error: standard input, line 2: the last one, but "));
	source.free(source.ctx);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	(void)close(saved);
	(void)close(ends[0]);
}

/* ---- Sizes -------------------------------------------------------------- */

static void
lets_others_run_while_it_skips(void **state)
{
	const char *const names[] = { "list" };
	struct bulkfetch_source source;
	struct bulkfetch_item item;
	unsigned pendings = 0;
	unsigned items = 0;
	enum bulkfetch_next got;

	(void)state;
	put_log(200000);
	put_list(200001, 0, NULL);
	assert_int_equal(try(BULKFETCH_RESUME, names, 1, &source), 0);
	while ((got = source.next(source.ctx, &item)) != BULKFETCH_END) {
		struct pollfd pollfd = { .fd = source.fd(source.ctx),
			.events = POLLIN };

		if (got == BULKFETCH_PENDING) {
			assert_int_equal(poll(&pollfd, 1, 0), 1);
			pendings++;
		} else {
			assert_int_equal(got, BULKFETCH_ITEM);
			assert_int_equal(item.n, 200001);
			items++;
		}
	}
	assert_int_equal(pendings, 3);
	assert_int_equal(items, 1);
	source.free(source.ctx);
}

/* A list source pauses in there; comparing ahead does not end with that. */
static void
compares_behind_a_long_comment(void **state)
{
	const char *const names[] = { "list" };
	struct bulkfetch_source source;
	FILE *list = fopen("list", "w");

	(void)state;
	assert_non_null(list);
	(void)fputs("http://h/1\n", list);
	for (int i = 0; i < 3000; i++)
		(void)fprintf(list, "#%01000d", 0);
	(void)fputs("\nhttp://h/0\n", list);
	assert_int_equal(fclose(list), 0);
	put_log(3);
	assert_int_equal(try(BULKFETCH_RESUME, names, 1, &source), EINVAL);
	assert_non_null(strstr(problem.text, "list: lines 1 to 3 are not"));
}

/* Records in every position to the blocks in which the log is read, and a line
 * that is longer than any record. */
static void
reads_a_log_however_its_lines_lie(void **state)
{
	static char filler[5000000];
	FILE *log = fopen("log", "w");
	FILE *list = fopen("list", "w");

	(void)state;
	assert_true(log != NULL && list != NULL);
	memset(filler, 'x', sizeof(filler) - 1);
	for (int n = 1; n <= 3000; n++) {
		int len = n % 997;

		(void)fprintf(list, "u%d%.*s\n", n, len, filler);
		if (n == 1500)
			(void)fprintf(log, "%s\n", filler);
		(void)fprintf(log,
		    "{\"n\":%d,\"url\":\"u%d%.*s\",\"ok\":%s,\"a\":\"%.*s\"}\n",
		    n, n, len, filler, n % 2 == 0 ? "true" : "false",
		    n * 7 % 1009, filler);
	}
	assert_int_equal(fclose(log), 0);
	assert_int_equal(fclose(list), 0);
	expect_left(BULKFETCH_RESUME, "");
	assert_int_equal(resumed.ok, 1500);
	assert_int_equal(resumed.failed, 1500);
	assert_int_equal(resumed.foreign, 1);
}

/* ---- Failures ----------------------------------------------------------- */

static void
says_why_a_log_cannot_be_read(void **state)
{
	const char *const names[] = { "list" };
	const char *const missing[] = { "missing" };
	struct bulkfetch_source source;

	(void)state;
	logged_put("list", "u1\n");
	assert_int_equal(try(BULKFETCH_RESUME, names, 1, &source), ENOENT);
	assert_false(problem.is_usage);
	assert_non_null(strstr(problem.text, "log"));
	assert_int_equal(try(BULKFETCH_RETRY_FAILED, NULL, 0, &source), ENOENT);
	assert_int_equal(mkfifo("log", 0600), 0);
	assert_int_equal(try(BULKFETCH_RESUME, names, 1, &source), EINVAL);
	assert_true(problem.is_usage);
	assert_non_null(strstr(problem.text, "not a regular file"));
	assert_int_equal(unlink("log"), 0);
	assert_int_equal(bulkfetch_resume_new("-", BULKFETCH_RESUME, names, 1,
			     &source, &resumed, &problem),
	    EINVAL);
	assert_true(problem.is_usage);
	logged_put("log", "");
	assert_int_equal(try(BULKFETCH_RESUME, missing, 1, &source), ENOENT);
	assert_non_null(strstr(problem.text, "missing"));
}

static void
says_when_reading_fails(void **state)
{
	const char *const names[] = { "list" };
	struct bulkfetch_source source;
	struct bulkfetch_log *log = logged_open("log");

	(void)state;
	logged_put("list", "u1\n");
	logged_add(log, 1, "u1", LOGGED_FAILED);
	assert_int_equal(bulkfetch_log_close(log), 0);
	pread_left = 1;
	assert_int_equal(try(BULKFETCH_RESUME, names, 1, &source), EIO);
	pread_left = 1;
	assert_int_equal(try(BULKFETCH_RETRY_FAILED, NULL, 0, &source), EIO);
	assert_int_equal(try(BULKFETCH_RETRY_FAILED, NULL, 0, &source), 0);
	pread_left = 1;
	assert_string_equal(logged_items(&source),
	    "error: reading the log: Input/output error");
	source.free(source.ctx);
	pread_left = 0;
}

static void
survives_a_refused_allocation(void **state)
{
	static const enum bulkfetch_resume_how hows[] = { BULKFETCH_RESUME,
		BULKFETCH_RETRY_FAILED };
	const char *const names[] = { "list", "http://x/" };
	struct bulkfetch_source source;
	struct bulkfetch_log *log = logged_open("log");
	unsigned fds;

	(void)state;
	logged_put("list", "a\"b\n");
	logged_add(log, 1, "a\"b", LOGGED_FAILED);
	assert_int_equal(bulkfetch_log_close(log), 0);
	fds = scratch_open_fds();
	for (size_t i = 0; i < COUNT(hows); i++) {
		size_t n = 0;
		bool was_refused;
		int failure;

		do {
			refuse_begin(++n);
			failure = try(hows[i], names, 2, &source);
			was_refused = refuse_end();
			assert_int_equal(failure, was_refused ? ENOMEM : 0);
		} while (was_refused);
		assert_true(n > 4);
		source.free(source.ctx);
		assert_int_equal(scratch_open_fds(), fds);
	}
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, logged_setup, logged_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(goes_on_with_what_has_no_result),
		TEST(takes_all_when_the_log_is_empty),
		TEST(goes_by_the_last_result_of_each),
		TEST(passes_over_lines_that_are_no_records),
		TEST(counts_through_all_lists_as_the_first_run_did),
		TEST(refuses_a_list_that_has_changed),
		TEST(refuses_a_list_that_is_empty_now),
		TEST(refuses_lines_that_have_become_comments),
		TEST(accepts_what_does_not_change_a_line_with_a_result),
		TEST(compares_any_octets_and_lines_that_were_cut),
		TEST(names_the_list_that_has_changed),
		TEST(names_lines_as_the_list_counts_them),
		TEST(compares_a_pipe_while_it_is_read),
		TEST(refuses_a_changed_file_in_front_of_a_pipe),
		TEST(tells_of_a_pipe_that_ends_too_soon),
		TEST(lets_others_run_while_it_skips),
		TEST(compares_behind_a_long_comment),
		TEST(reads_a_log_however_its_lines_lie),
		TEST(says_why_a_log_cannot_be_read),
		TEST(says_when_reading_fails),
		TEST(survives_a_refused_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
