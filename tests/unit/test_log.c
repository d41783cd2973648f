/* link: -Wl,--wrap=openat,--wrap=write,--wrap=fchmod,--wrap=close,--wrap=renameat,--wrap=renameat2,--wrap=syscall,--wrap=flock,--wrap=fstatat,--wrap=mkdirat */
#include "faults.h"
#include "scratch.h"

#include <signal.h>
#include <sys/wait.h>

#include "bulkfetch.h"
#include "source/records.h"

#define LOG_TEXT(text) \
	{ \
		(text), sizeof(text) - 1 \
	}

static int
open_at(const char *path, enum bulkfetch_log_format format,
    const volatile bool *is_given_up, struct bulkfetch_log **log,
    struct bulkfetch_problem *problem)
{
	const struct bulkfetch_log_options options = { .format = format,
		.is_given_up = is_given_up };

	return bulkfetch_log_open(path, &options, log, problem);
}

static struct bulkfetch_log *
open_log(enum bulkfetch_log_format format)
{
	struct bulkfetch_problem problem;
	struct bulkfetch_log *log;

	if (open_at(scratch_path("log"), format, NULL, &log, &problem) != 0)
		fail_msg("%s", problem.text);
	return log;
}

static const struct bulkfetch_result fetched = {
	.n = 7,
	.line = 7,
	.list = "urls.txt",
	.url = LOG_TEXT("http://h/a\"b"),
	.host = LOG_TEXT("h"),
	.ok = true,
	.status = 200,
	.file = "out/h/a\"b",
	.bytes = 1024,
	.tries = 1,
	.ip = "127.0.0.1",
	.queued_ms = 0,
	.dns_ms = -1,
	.connect_ms = 2,
	.tls_ms = -1,
	.ttfb_ms = 3,
	.total_ms = 12345678901,
};

static const struct bulkfetch_result failed = {
	.n = 8,
	.line = 1,
	.list = "second \"list\"",
	.url = LOG_TEXT("http://h/\xff"),
	.error = "connect",
	.message = "Connection refused",
	.stage = "connect",
	.tries = 2,
	.queued_ms = 1,
	.dns_ms = -1,
	.connect_ms = -1,
	.tls_ms = -1,
	.ttfb_ms = -1,
	.total_ms = 9,
};

static void
writes_a_json_object_a_line(void **state)
{
	struct bulkfetch_log *log = open_log(BULKFETCH_LOG_JSON);
	struct bulkfetch_result skipped = fetched;

	(void)state;
	skipped.is_skipped = true;
	skipped.is_moved = true;
	skipped.is_url_cut = true;
	skipped.proxy = (struct bulkfetch_text)LOG_TEXT("http://p:3128");
	skipped.status = 0;
	skipped.list = NULL;
	assert_int_equal(bulkfetch_log_add(log, &fetched), 0);
	assert_int_equal(bulkfetch_log_add(log, &failed), 0);
	assert_int_equal(bulkfetch_log_add(log, &skipped), 0);
	scratch_expect_text("log", "");
	assert_int_equal(bulkfetch_log_flush(log), 0);
	scratch_expect_text("log",
	    "{\"n\":7,\"url\":\"http://h/a\\\"b\",\"ok\":true,\"status\":200,"
	    "\"error\":null,\"stage\":null,\"file\":\"out/h/a\\\"b\","
	    "\"bytes\":1024,\"tries\":1,\"ip\":\"127.0.0.1\",\"queued\":0,"
	    "\"dns\":null,\"connect\":2,\"tls\":null,\"ttfb\":3,"
	    "\"total\":12345678901}\n"
	    "{\"n\":8,\"url\":\"http://h/\\u00ff\",\"ok\":false,"
	    "\"status\":null,\"error\":\"connect\",\"stage\":\"connect\","
	    "\"file\":null,\"bytes\":0,\"tries\":2,\"ip\":null,\"queued\":1,"
	    "\"dns\":null,\"connect\":null,\"tls\":null,\"ttfb\":null,"
	    "\"total\":9,\"message\":\"Connection refused\","
	    "\"list\":\"second \\\"list\\\"\",\"line\":1}\n"
	    "{\"n\":7,\"url\":\"http://h/a\\\"b\",\"ok\":true,\"status\":null,"
	    "\"error\":null,\"stage\":null,\"file\":\"out/h/a\\\"b\","
	    "\"bytes\":1024,\"tries\":1,\"ip\":\"127.0.0.1\",\"queued\":0,"
	    "\"dns\":null,\"connect\":2,\"tls\":null,\"ttfb\":3,"
	    "\"total\":12345678901,\"skipped\":true,\"moved\":true,"
	    "\"url_cut\":true,\"proxy\":\"http://p:3128\"}\n");
	assert_int_equal(bulkfetch_log_close(log), 0);
}

static void
expect_has(const char *text, bool is_expected)
{
	static char content[4096];
	int fd = open(scratch_path("log"), O_RDONLY);
	ssize_t len = read(fd, content, sizeof(content) - 1);

	assert_true(len > 0);
	content[len] = '\0';
	assert_int_equal(close(fd), 0);
	if ((strstr(content, text) != NULL) != is_expected)
		fail_msg("%s: %s", text, content);
}

static void
tells_of_redirects_and_of_what_was_there_before(void **state)
{
	static const char *const members[] = {
		",\"unchanged\":true",
		",\"redirects\":3,\"final_url\":\"https://x/\\\"?\"",
		",\"continued_at\":18446744073709551615",
	};
	struct bulkfetch_result r = fetched;

	(void)state;
	for (int has_them = 0; has_them < 2; has_them++) {
		struct bulkfetch_log *log = open_log(BULKFETCH_LOG_JSON);

		assert_int_equal(bulkfetch_log_add(log, &r), 0);
		assert_int_equal(bulkfetch_log_close(log), 0);
		for (size_t i = 0; i < COUNT(members); i++)
			expect_has(members[i], has_them == 1);
		r.is_unchanged = true;
		r.redirects = 3;
		r.final_url = (struct bulkfetch_text)LOG_TEXT("https://x/\"?");
		r.continued_at = UINT64_MAX;
	}
}

/* What is read back goes by that. */
static void
begins_each_record_with_number_url_and_ok(void **state)
{
	struct bulkfetch_log *log = open_log(BULKFETCH_LOG_JSON);
	struct bulkfetch_result stopped = failed;
	uint8_t content[4096];
	struct slice in;
	struct record record;
	int fd;

	(void)state;
	stopped.error = "stopped";
	assert_int_equal(bulkfetch_log_add(log, &fetched), 0);
	assert_int_equal(bulkfetch_log_add(log, &failed), 0);
	assert_int_equal(bulkfetch_log_add(log, &stopped), 0);
	assert_int_equal(bulkfetch_log_close(log), 0);
	fd = open(scratch_path("log"), O_RDONLY);
	in = slice_of(content, (size_t)read(fd, content, sizeof(content)));
	assert_int_equal(close(fd), 0);
	assert_int_equal(records_next(&in, &record), RECORDS_RECORD);
	assert_int_equal(record.n, fetched.n);
	assert_true(record.ok && record.is_result);
	expect_text("url", record.url, "http://h/a\\\"b");
	assert_int_equal(records_next(&in, &record), RECORDS_RECORD);
	assert_int_equal(record.n, failed.n);
	assert_true(!record.ok && record.is_result);
	assert_int_equal(records_next(&in, &record), RECORDS_RECORD);
	assert_false(record.is_result);
	assert_int_equal(in.len, 0);
}

static void
lists_failures_to_be_fed_in_again(void **state)
{
	static const struct {
		struct bulkfetch_text url;
		bool is_cut;
		const char *line; /* without the newline */
	} rows[] = {
		{ LOG_TEXT("http://h/a"), false, "http://h/a" },
		{ LOG_TEXT("no url"), false, "no url" },
		{ LOG_TEXT("http://h/\xff\x01"), false, "http://h/\xff\x01" },
		{ LOG_TEXT("http://h/aaa"), true, "# line 5: too bad" },
		{ LOG_TEXT("a\nb"), false, "# line 5: too bad" },
		{ LOG_TEXT("a\0b"), false, "# line 5: too bad" },
		{ LOG_TEXT(""), false, "# line 5: too bad" },
		{ LOG_TEXT("#a"), false, "# line 5: too bad" },
		{ LOG_TEXT(" a"), false, "# line 5: too bad" },
		{ LOG_TEXT("a\t"), false, "# line 5: too bad" },
		{ LOG_TEXT("a\r"), false, "# line 5: too bad" },
		{ LOG_TEXT("\xef\xbb\xbf"
			   "a"),
		    false, "# line 5: too bad" },
	};
	struct bulkfetch_log *log = open_log(BULKFETCH_LOG_FAILED);
	char expected[1024];
	size_t len = 0;

	(void)state;
	assert_int_equal(bulkfetch_log_add(log, &fetched), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bulkfetch_result r = failed;

		r.line = 5;
		r.url = rows[i].url;
		r.is_url_cut = rows[i].is_cut;
		r.message = "too bad";
		assert_int_equal(bulkfetch_log_add(log, &r), 0);
		len += (size_t)snprintf(expected + len, sizeof(expected) - len,
		    "%s\n", rows[i].line);
	}
	assert_int_equal(bulkfetch_log_close(log), 0);
	scratch_expect_text("log", expected);
}

static void
keeps_a_comment_to_one_line(void **state)
{
	struct bulkfetch_log *log = open_log(BULKFETCH_LOG_FAILED);
	struct bulkfetch_result r = failed;

	(void)state;
	r.is_url_cut = true;
	r.list = NULL;
	r.message = "bad\nhttp://evil/";
	assert_int_equal(bulkfetch_log_add(log, &r), 0);
	r.message = NULL;
	assert_int_equal(bulkfetch_log_add(log, &r), 0);
	assert_int_equal(bulkfetch_log_close(log), 0);
	scratch_expect_text(
	    "log", "# line 8: bad\\x0ahttp://evil/\n# line 8: failed\n");
}

/* All that has been written so far ends in a newline, at any time. */
static void
writes_whole_lines_alone(void **state)
{
	struct bulkfetch_log *log = open_log(BULKFETCH_LOG_JSON);
	off_t seen = 0;
	int fd = open(scratch_path("log"), O_RDONLY);

	(void)state;
	faults_reset();
	for (int i = 0; i < 20000; i++) {
		off_t size;
		char last;

		assert_int_equal(bulkfetch_log_add(log, &fetched), 0);
		size = lseek(fd, 0, SEEK_END);
		if (size == seen)
			continue;
		seen = size;
		assert_int_equal(pread(fd, &last, 1, size - 1), 1);
		assert_int_equal(last, '\n');
	}
	/* In large pieces. */
	assert_true(faults[FAULT_WRITE].calls < 100);
	assert_true(faults[FAULT_WRITE].calls > 50);
	assert_int_equal(bulkfetch_log_close(log), 0);
	assert_int_equal(close(fd), 0);
}

static void
takes_lines_of_any_length(void **state)
{
	struct bulkfetch_log *log = open_log(BULKFETCH_LOG_JSON);
	static char url[65536];
	struct bulkfetch_result r = fetched;
	struct stat st;

	(void)state;
	memset(url, '\xff', sizeof(url));
	r.url = (struct bulkfetch_text){ url, sizeof(url) };
	r.redirects = 1;
	r.final_url = r.url;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(bulkfetch_log_add(log, &fetched), 0);
		assert_int_equal(bulkfetch_log_add(log, &r), 0);
	}
	assert_int_equal(bulkfetch_log_close(log), 0);
	assert_int_equal(stat(scratch_path("log"), &st), 0);
	assert_true(st.st_size > 10 * 2 * 6 * 65536);
	assert_true(st.st_size < 10 * (2 * 6 * 65536 + 1000));
}

static void
begins_anew_and_appends(void **state)
{
	struct bulkfetch_log *log;
	int fd;

	(void)state;
	scratch_write("log", "old", 0644);
	log = open_log(BULKFETCH_LOG_FAILED);
	scratch_expect_text("log", "");
	/* Somebody writes a line of their own into it. */
	fd = open(scratch_path("log"), O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "mark\n", 5), 5);
	assert_int_equal(close(fd), 0);
	assert_int_equal(bulkfetch_log_add(log, &failed), 0);
	assert_int_equal(bulkfetch_log_close(log), 0);
	scratch_expect_text("log", "mark\nhttp://h/\xff\n");
}

static void
writes_nothing_after_a_failure(void **state)
{
	struct bulkfetch_log *log = open_log(BULKFETCH_LOG_FAILED);

	(void)state;
	faults_reset();
	faults_set(FAULT_WRITE, 1, 1, ENOSPC);
	assert_int_equal(bulkfetch_log_add(log, &failed), 0);
	assert_int_equal(bulkfetch_log_flush(log), ENOSPC);
	assert_int_equal(bulkfetch_log_add(log, &failed), ENOSPC);
	assert_int_equal(bulkfetch_log_flush(log), ENOSPC);
	assert_int_equal(bulkfetch_log_close(log), ENOSPC);
	scratch_expect_text("log", "");
	log = open_log(BULKFETCH_LOG_FAILED);
	faults_reset();
	faults_set(FAULT_CLOSE, 1, 1, EDQUOT);
	assert_int_equal(bulkfetch_log_close(log), EDQUOT);
	assert_int_equal(bulkfetch_log_close(NULL), 0);
}

static void
says_what_cannot_be_opened(void **state)
{
	struct bulkfetch_problem problem;
	struct bulkfetch_log *log;

	(void)state;
	assert_int_equal(open_at(scratch_path("no/log"), BULKFETCH_LOG_JSON,
			     NULL, &log, &problem),
	    ENOENT);
	assert_int_equal(problem.sys, ENOENT);
	assert_false(problem.is_usage);
	assert_non_null(strstr(problem.text, scratch_path("no/log")));
	assert_non_null(strstr(problem.text, "No such file"));
}

static void
takes_standard_output_for_a_dash(void **state)
{
	struct bulkfetch_problem problem;
	struct bulkfetch_log *log;
	int fd = open(scratch_path("out"), O_WRONLY | O_CREAT, 0644);
	int saved = dup(1);

	(void)state;
	(void)fflush(stdout);
	assert_int_equal(dup2(fd, 1), 1);
	assert_int_equal(
	    open_at("-", BULKFETCH_LOG_FAILED, NULL, &log, &problem), 0);
	assert_int_equal(bulkfetch_log_add(log, &failed), 0);
	assert_int_equal(bulkfetch_log_close(log), 0);
	assert_true(fcntl(1, F_GETFD) != -1);
	assert_int_equal(dup2(saved, 1), 1);
	assert_int_equal(close(saved), 0);
	assert_int_equal(close(fd), 0);
	scratch_expect_text("out", "http://h/\xff\n");
}

static volatile bool is_given_up;

static void
give_up(int signal)
{
	(void)signal;
	is_given_up = true;
}

/* A part of it goes into the pipe, and nobody reads. */
static void
stops_waiting_for_a_reader_when_it_is_given_up(void **state)
{
	struct sigaction action = { .sa_handler = give_up };
	struct bulkfetch_problem problem;
	struct bulkfetch_log *log;
	int failure = 0;
	int reader;
	pid_t pid;

	(void)state;
	is_given_up = false;
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	assert_int_equal(mkfifo(scratch_path("fifo"), 0600), 0);
	reader = open(scratch_path("fifo"), O_RDONLY | O_NONBLOCK);
	assert_int_not_equal(reader, -1);
	assert_int_equal(open_at(scratch_path("fifo"), BULKFETCH_LOG_JSON,
			     &is_given_up, &log, &problem),
	    0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) { /* one signal, the second one in the program */
		(void)usleep(100000);
		(void)kill(getppid(), SIGUSR1);
		_exit(0);
	}
	/* One that never ends would be killed here. */
	(void)alarm(30);
	for (int i = 0; i < 20000 && failure == 0; i++)
		failure = bulkfetch_log_add(log, &fetched);
	assert_int_equal(failure, EINTR);
	assert_true(is_given_up);
	assert_int_equal(bulkfetch_log_close(log), EINTR);
	(void)alarm(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(close(reader), 0);
}

/* What was stopped is to be found in the log. */
static void
writes_what_a_reader_takes_after_it_is_given_up(void **state)
{
	struct bulkfetch_problem problem;
	struct bulkfetch_log *log;
	struct stat st;

	(void)state;
	is_given_up = true;
	assert_int_equal(open_at(scratch_path("log"), BULKFETCH_LOG_JSON,
			     &is_given_up, &log, &problem),
	    0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(bulkfetch_log_add(log, &fetched), 0);
	assert_int_equal(bulkfetch_log_close(log), 0);
	assert_int_equal(stat(scratch_path("log"), &st), 0);
	assert_true(st.st_size > 200000);
}

static int
setup(void **state)
{
	faults_reset();
	return scratch_setup(state);
}

static int
teardown(void **state)
{
	faults_reset();
	return scratch_teardown(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writes_a_json_object_a_line),
		TEST(tells_of_redirects_and_of_what_was_there_before),
		TEST(begins_each_record_with_number_url_and_ok),
		TEST(lists_failures_to_be_fed_in_again),
		TEST(keeps_a_comment_to_one_line),
		TEST(writes_whole_lines_alone),
		TEST(takes_lines_of_any_length),
		TEST(begins_anew_and_appends),
		TEST(writes_nothing_after_a_failure),
		TEST(says_what_cannot_be_opened),
		TEST(takes_standard_output_for_a_dash),
		TEST(stops_waiting_for_a_reader_when_it_is_given_up),
		TEST(writes_what_a_reader_takes_after_it_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
