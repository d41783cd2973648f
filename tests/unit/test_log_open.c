/*
 * Opening a log that is there: locks, and what a kill or a crash has left.
 */
/* link: -Wl,--wrap=flock,--wrap=ftruncate */
#include "scratch.h"

#include <sys/file.h>

#include "bulkfetch.h"

static int flock_errno;     /* what flock(2) fails with, or 0 */
static int ftruncate_errno; /* the same */

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __real_ftruncate(int fd, off_t len);
int __wrap_ftruncate(int fd, off_t len);

int
__wrap_flock(int fd, int operation)
{
	if (flock_errno == 0)
		return __real_flock(fd, operation);
	errno = flock_errno;
	return -1;
}

int
__wrap_ftruncate(int fd, off_t len)
{
	if (ftruncate_errno == 0)
		return __real_ftruncate(fd, len);
	errno = ftruncate_errno;
	return -1;
}

static const char first[] =
    "{\"n\":1,\"url\":\"http://h/1\",\"ok\":true,\"status\":200}\n";
static const char second[] =
    "{\"n\":12,\"url\":\"http://h/2\",\"ok\":false,\"status\":404}";

static struct bulkfetch_problem problem;

static int
try_open(enum bulkfetch_log_format format, bool is_append,
    struct bulkfetch_log **log)
{
	const struct bulkfetch_log_options options = {
		.format = format,
		.is_append = is_append,
	};

	memset(&problem, 0, sizeof(problem));
	return bulkfetch_log_open(scratch_path("log"), &options, log, &problem);
}

/* Replace the file. */
static void
put_file(struct slice a, struct slice b, size_t nuls)
{
	int fd = open(scratch_path("log"), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, a.ptr, a.len), a.len);
	assert_int_equal(write(fd, b.ptr, b.len), b.len);
	assert_int_equal(
	    __real_ftruncate(fd, (off_t)(a.len + b.len + nuls)), 0);
	assert_int_equal(close(fd), 0);
}

/* Opened to append, what there is then? */
static void
expect_mended(
    const char *row, enum bulkfetch_log_format format, struct slice content)
{
	struct bulkfetch_log *log;

	if (try_open(format, true, &log) != 0)
		fail_msg("%s: %s", row, problem.text);
	scratch_expect("log", content);
	assert_int_equal(bulkfetch_log_close(log), 0);
	scratch_expect("log", content);
}

/* ---- Locks -------------------------------------------------------------- */

static void
lets_one_run_alone_write_to_it(void **state)
{
	struct bulkfetch_log *log;
	struct bulkfetch_log *other;

	(void)state;
	put_file(slice_str(first), slice_str(second), 0);
	assert_int_equal(try_open(BULKFETCH_LOG_JSON, true, &log), 0);
	put_file(slice_str(first), slice_str(second), 0);
	for (int is_append = 0; is_append < 2; is_append++) {
		assert_int_equal(
		    try_open(BULKFETCH_LOG_JSON, is_append == 1, &other),
		    EWOULDBLOCK);
		assert_int_equal(problem.sys, EWOULDBLOCK);
		assert_false(problem.is_usage);
		assert_non_null(strstr(problem.text, scratch_path("log")));
		assert_non_null(
		    strstr(problem.text, ": another run is writing it"));
		/* Neither emptied nor mended. */
		assert_int_equal(
		    try_open(BULKFETCH_LOG_FAILED, is_append == 1, &other),
		    EWOULDBLOCK);
	}
	assert_int_equal(bulkfetch_log_close(log), 0);
	assert_int_equal(try_open(BULKFETCH_LOG_JSON, true, &log), 0);
	scratch_expect("log", slice_str(first));
	assert_int_equal(bulkfetch_log_close(log), 0);
}

static void
leaves_the_file_of_another_run_as_it_is(void **state)
{
	struct bulkfetch_log *log;
	int fd;

	(void)state;
	put_file(slice_str(first), slice_str(second), 3);
	fd = open(scratch_path("log"), O_RDONLY);
	assert_int_equal(__real_flock(fd, LOCK_EX), 0);
	for (int is_append = 0; is_append < 2; is_append++) {
		struct stat st;

		assert_int_equal(
		    try_open(BULKFETCH_LOG_JSON, is_append == 1, &log),
		    EWOULDBLOCK);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(
		    st.st_size, strlen(first) + strlen(second) + 3);
	}
	assert_int_equal(close(fd), 0);
}

static void
does_without_where_there_are_no_locks(void **state)
{
	static const int errors[] = { ENOLCK, EOPNOTSUPP, EINVAL };
	struct bulkfetch_log *log;

	(void)state;
	for (size_t i = 0; i < COUNT(errors); i++) {
		flock_errno = errors[i];
		assert_int_equal(try_open(BULKFETCH_LOG_JSON, true, &log), 0);
		assert_int_equal(bulkfetch_log_close(log), 0);
	}
}

/* ---- A torn end --------------------------------------------------------- */

static void
cuts_a_record_that_was_torn_anywhere(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(second); len++) {
		struct slice torn = slice_of(second, len);
		size_t nuls = len % 3 * 50;

		put_file(slice_str(first), torn, 0);
		expect_mended("torn", BULKFETCH_LOG_JSON, slice_str(first));
		put_file(slice_str(first), torn, nuls);
		expect_mended(
		    "with NULs", BULKFETCH_LOG_JSON, slice_str(first));
		/* The first of all. */
		put_file(slice_of(NULL, 0), torn, 0);
		expect_mended("alone", BULKFETCH_LOG_JSON, slice_of("", 0));
	}
}

static void
cuts_what_a_crash_has_left_without_octets(void **state)
{
	(void)state;
	put_file(slice_str(first), slice_of(NULL, 0), 100000);
	expect_mended("NULs", BULKFETCH_LOG_JSON, slice_str(first));
	put_file(slice_of(NULL, 0), slice_of(NULL, 0), 100000);
	expect_mended("nothing else", BULKFETCH_LOG_JSON, slice_of("", 0));
	put_file(slice_of(NULL, 0), slice_str("{\"n\":1,\"url\":\"h"), 100000);
	expect_mended("after a part", BULKFETCH_LOG_JSON, slice_of("", 0));
}

static void
finds_the_end_of_the_line_before_a_long_one(void **state)
{
	static char url[300000];
	struct slice torn;

	(void)state;
	memset(url, 'x', sizeof(url));
	memcpy(url, second, 20);
	for (size_t len = 16300; len < 16500; len += 7) {
		torn = slice_of(url, len);
		put_file(slice_str(first), torn, 0);
		expect_mended("long", BULKFETCH_LOG_JSON, slice_str(first));
	}
	torn = slice_of(url, sizeof(url));
	put_file(slice_str(first), torn, 0);
	expect_mended("longer", BULKFETCH_LOG_JSON, slice_str(first));
	put_file(slice_of(NULL, 0), torn, 0);
	expect_mended("alone", BULKFETCH_LOG_JSON, slice_of("", 0));
}

static void
appends_to_what_is_whole(void **state)
{
	const struct bulkfetch_result result = {
		.n = 2,
		.url = { "http://h/2", 10 },
		.ok = true,
		.dns_ms = -1,
	};
	struct bulkfetch_log *log;
	char content[2048];
	int fd;

	(void)state;
	put_file(slice_str(first), slice_str("a note between records\n"), 0);
	put_file(slice_str(first), slice_str("a note\n"), 0);
	assert_int_equal(try_open(BULKFETCH_LOG_JSON, true, &log), 0);
	assert_int_equal(bulkfetch_log_add(log, &result), 0);
	assert_int_equal(bulkfetch_log_close(log), 0);
	fd = open(scratch_path("log"), O_RDONLY);
	memset(content, 0, sizeof(content));
	assert_true(read(fd, content, sizeof(content) - 1) > 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(strncmp(content, first, strlen(first)), 0);
	assert_int_equal(
	    strncmp(content + strlen(first),
		"a note\n{\"n\":2,\"url\":\"http://h/2\",\"ok\":true,", 30),
	    0);
	/* And a new file is made. */
	assert_int_equal(unlink(scratch_path("log")), 0);
	assert_int_equal(try_open(BULKFETCH_LOG_JSON, true, &log), 0);
	assert_int_equal(bulkfetch_log_close(log), 0);
	scratch_expect_text("log", "");
}

/* ---- Files of others ---------------------------------------------------- */

static void
refuses_to_append_to_what_is_no_log(void **state)
{
	static const struct {
		struct slice content;
		size_t nuls;
	} cases[] = {
		{ TEXT("hello\n"), 0 },
		{ TEXT("hello"), 0 },
		{ TEXT("http://h/1\nhttp://h/2\n"), 0 },
		{ TEXT("\n"), 0 },
		{ TEXT("{\n"), 0 },
		{ TEXT("{}"), 0 },
		{ TEXT("{\"n\":1}\n"), 0 },
		{ TEXT("{\"n\":1,\"url\":\n"), 0 },
		{ TEXT("{\"name\":\"x\""), 0 },
		{ TEXT("\x7f"
		       "ELF"),
		    1000 },
		{ TEXT("\0\0\0\0 then something"), 0 },
		{ TEXT("\0\n"), 0 },
		/* A disk image, for all we know. */
		{ TEXT(""), (1 << 20) + 1 },
		/* Somebody has begun to write behind the records. */
		{ TEXT("{\"n\":1,\"url\":\"u\",\"ok\":true,}\na note"), 0 },
	};
	struct bulkfetch_log *log;
	struct stat st;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice content = cases[i].content;

		put_file(content, slice_of(NULL, 0), cases[i].nuls);
		if (try_open(BULKFETCH_LOG_JSON, true, &log) != EINVAL)
			fail_msg("case %zu", i);
		assert_true(problem.is_usage);
		assert_non_null(strstr(problem.text, "is no log of bulkfetch"));
		assert_int_equal(stat(scratch_path("log"), &st), 0);
		assert_int_equal(st.st_size, content.len + cases[i].nuls);
	}
	/* No lock of it is left behind. */
	put_file(slice_str(first), slice_of(NULL, 0), 0);
	expect_mended("a log", BULKFETCH_LOG_JSON, slice_str(first));
}

static void
begins_a_list_of_failures_on_a_line_of_its_own(void **state)
{
	(void)state;
	put_file(slice_str("http://h/1\nhttp://h/2"), slice_of(NULL, 0), 0);
	expect_mended("no newline", BULKFETCH_LOG_FAILED,
	    slice_str("http://h/1\nhttp://h/2\n"));
	expect_mended("newline", BULKFETCH_LOG_FAILED,
	    slice_str("http://h/1\nhttp://h/2\n"));
	put_file(slice_of(NULL, 0), slice_of(NULL, 0), 0);
	expect_mended("empty", BULKFETCH_LOG_FAILED, slice_of("", 0));
}

static void
appends_to_a_fifo_as_to_any(void **state)
{
	struct bulkfetch_log *log;
	int reader;

	(void)state;
	assert_int_equal(mkfifo(scratch_path("log"), 0600), 0);
	reader = open(scratch_path("log"), O_RDONLY | O_NONBLOCK);
	flock_errno = EWOULDBLOCK; /* which is not asked for here */
	assert_int_equal(try_open(BULKFETCH_LOG_JSON, true, &log), 0);
	/* For writing alone, or a reader that goes would not be noticed. */
	assert_int_equal(close(reader), 0);
	assert_int_equal(open(scratch_path("log"), O_WRONLY | O_NONBLOCK), -1);
	assert_int_equal(errno, ENXIO);
	assert_int_equal(bulkfetch_log_close(log), 0);
}

static void
says_what_cannot_be_emptied_or_mended(void **state)
{
	struct bulkfetch_log *log;
	unsigned fds = scratch_open_fds();

	(void)state;
	put_file(slice_str(first), slice_str("{"), 0);
	for (int is_append = 0; is_append < 2; is_append++) {
		ftruncate_errno = EPERM;
		assert_int_equal(
		    try_open(BULKFETCH_LOG_JSON, is_append == 1, &log), EPERM);
		assert_false(problem.is_usage);
		assert_non_null(strstr(problem.text, "not permitted"));
	}
	assert_int_equal(scratch_open_fds(), fds);
}

static int
setup(void **state)
{
	flock_errno = 0;
	ftruncate_errno = 0;
	return scratch_setup(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(lets_one_run_alone_write_to_it),
		TEST(leaves_the_file_of_another_run_as_it_is),
		TEST(does_without_where_there_are_no_locks),
		TEST(cuts_a_record_that_was_torn_anywhere),
		TEST(cuts_what_a_crash_has_left_without_octets),
		TEST(finds_the_end_of_the_line_before_a_long_one),
		TEST(appends_to_what_is_whole),
		TEST(refuses_to_append_to_what_is_no_log),
		TEST(begins_a_list_of_failures_on_a_line_of_its_own),
		TEST(appends_to_a_fifo_as_to_any),
		TEST(says_what_cannot_be_emptied_or_mended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
