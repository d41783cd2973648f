/*
 * A log whose records wait for the disk.
 */
/* link: -Wl,--wrap=syncfs,--wrap=fsync */
#include "fake_disk.h"

#include "bulkfetch.h"

static unsigned fsyncs;
static int fsync_errno;
static volatile bool is_given_up;

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int
__wrap_fsync(int fd)
{
	fsyncs++;
	if (fsync_errno == 0)
		return __real_fsync(fd);
	errno = fsync_errno;
	return -1;
}

/* Of failures: a line is the URL, and no more. */
static struct bulkfetch_log *
open_log(void)
{
	const struct bulkfetch_log_options options = {
		.format = BULKFETCH_LOG_FAILED,
		.durable_dir = scratch_dir,
		.is_given_up = &is_given_up,
	};
	struct bulkfetch_problem problem;
	struct bulkfetch_log *log;

	if (bulkfetch_log_open(scratch_path("log"), &options, &log, &problem) !=
	    0)
		fail_msg("%s", problem.text);
	return log;
}

static int
add(struct bulkfetch_log *log, const char *url, size_t len)
{
	const struct bulkfetch_result result = { .url = { url, len } };

	return bulkfetch_log_add(log, &result);
}

/* As the loop does, until the log has become `text`. */
static void
flush_until(struct bulkfetch_log *log, const char *text)
{
	struct stat st = { 0 };

	for (int ms = 0; (size_t)st.st_size < strlen(text); ms++) {
		if (ms == DISK_PATIENCE_MS)
			fail_msg("nothing is written");
		assert_int_equal(bulkfetch_log_flush(log), 0);
		assert_int_equal(stat(scratch_path("log"), &st), 0);
		(void)usleep(1000);
	}
	scratch_expect_text("log", text);
}

static void
writes_a_record_after_the_disk_is_synced(void **state)
{
	struct bulkfetch_log *log = open_log();

	(void)state;
	atomic_store(&disk->is_held, true);
	assert_int_equal(bulkfetch_log_flush(log), 0);
	assert_int_equal(add(log, "a", 1), 0);
	assert_int_equal(bulkfetch_log_flush(log), 0);
	disk_await(1);
	assert_int_equal(bulkfetch_log_flush(log), 0);
	scratch_expect_text("log", "");
	atomic_store(&disk->is_held, false);
	flush_until(log, "a\n");
	assert_int_equal(bulkfetch_log_flush(log), 0);
	assert_int_equal(bulkfetch_log_close(log), 0);
	assert_int_equal(atomic_load(&disk->begun), 1);
	scratch_expect_text("log", "a\n");
}

/* What comes while a sync is under way may not have been there for it. */
static void
lets_later_records_wait_for_the_next_sync(void **state)
{
	struct bulkfetch_log *log = open_log();

	(void)state;
	atomic_store(&disk->is_held, true);
	assert_int_equal(add(log, "a", 1), 0);
	assert_int_equal(bulkfetch_log_flush(log), 0);
	disk_await(1);
	assert_int_equal(add(log, "b", 1), 0);
	assert_int_equal(add(log, "c", 1), 0);
	atomic_store(&disk->is_held, false);
	/* The flush that writes the first begins the second. */
	while (atomic_load(&disk->begun) == 1) {
		struct stat st;

		assert_int_equal(stat(scratch_path("log"), &st), 0);
		assert_in_range(st.st_size, 0, 2);
		assert_int_equal(bulkfetch_log_flush(log), 0);
	}
	flush_until(log, "a\nb\nc\n");
	assert_int_equal(bulkfetch_log_close(log), 0);
	assert_int_equal(atomic_load(&disk->begun), 2);
}

static void
waits_for_all_records_when_it_is_closed(void **state)
{
	struct bulkfetch_log *log = open_log();

	(void)state;
	fsyncs = 0;
	assert_int_equal(add(log, "a", 1), 0);
	assert_int_equal(bulkfetch_log_flush(log), 0);
	assert_int_equal(add(log, "b", 1), 0);
	assert_int_equal(bulkfetch_log_close(log), 0);
	scratch_expect_text("log", "a\nb\n");
	/* The log itself then is on the disk as well. */
	assert_int_equal(fsyncs, 1);
	log = open_log();
	fsync_errno = EIO;
	assert_int_equal(bulkfetch_log_close(log), EIO);
	fsync_errno = 0;
}

static void
never_writes_what_could_not_be_synced(void **state)
{
	struct bulkfetch_log *log = open_log();
	int failure = 0;

	(void)state;
	atomic_store(&disk->sys, EIO);
	assert_int_equal(add(log, "a", 1), 0);
	while (failure == 0)
		failure = bulkfetch_log_flush(log);
	assert_int_equal(failure, EIO);
	/* Not even if the disk thinks better of it. */
	atomic_store(&disk->sys, 0);
	assert_int_equal(add(log, "b", 1), EIO);
	assert_int_equal(bulkfetch_log_flush(log), EIO);
	assert_int_equal(bulkfetch_log_close(log), EIO);
	scratch_expect_text("log", "");
	assert_int_equal(atomic_load(&disk->begun), 1);

	log = open_log();
	atomic_store(&disk->sys, ENOSPC);
	assert_int_equal(add(log, "a", 1), 0);
	assert_int_equal(bulkfetch_log_close(log), ENOSPC);
	scratch_expect_text("log", "");
}

static void
fails_when_the_syncing_process_is_gone(void **state)
{
	struct bulkfetch_log *log = open_log();

	(void)state;
	atomic_store(&disk->is_held, true);
	assert_int_equal(add(log, "a", 1), 0);
	assert_int_equal(bulkfetch_log_flush(log), 0);
	disk_await(1);
	assert_int_equal(kill(atomic_load(&disk->pid), SIGKILL), 0);
	assert_int_equal(bulkfetch_log_close(log), EIO);
	scratch_expect_text("log", "");
}

static void
gives_up_waiting_when_it_is_told_so(void **state)
{
	struct bulkfetch_log *log = open_log();

	(void)state;
	atomic_store(&disk->is_held, true);
	assert_int_equal(add(log, "a", 1), 0);
	assert_int_equal(bulkfetch_log_flush(log), 0);
	is_given_up = true;
	(void)alarm(30);
	assert_int_equal(bulkfetch_log_close(log), EINTR);
	(void)alarm(0);
	is_given_up = false;
	scratch_expect_text("log", "");
}

/* Given up, it says so rather than wait for room. */
static void
holds_back_no_more_than_its_share(void **state)
{
	static char url[65536];
	struct bulkfetch_log *log = open_log();
	size_t len = 0;
	int failure;

	(void)state;
	memset(url, 'x', sizeof(url));
	atomic_store(&disk->is_held, true);
	is_given_up = true;
	(void)alarm(30);
	while ((failure = add(log, url, sizeof(url))) == 0)
		len += sizeof(url) + 1;
	assert_int_equal(failure, EINTR);
	assert_in_range(len, 7U << 20, 8U << 20);
	assert_int_equal(bulkfetch_log_close(log), EINTR);
	(void)alarm(0);
	is_given_up = false;
	scratch_expect_text("log", "");
}

/* Without a flush, as one round of the loop may bring more than fits. */
static void
waits_for_the_disk_when_there_is_no_more_room(void **state)
{
	static char url[65536];
	struct bulkfetch_log *log = open_log();
	struct stat st;

	(void)state;
	memset(url, 'x', sizeof(url));
	for (int i = 0; i < 300; i++)
		assert_int_equal(add(log, url, sizeof(url)), 0);
	assert_int_equal(bulkfetch_log_close(log), 0);
	assert_int_equal(stat(scratch_path("log"), &st), 0);
	assert_int_equal(st.st_size, 300 * 65537);
	assert_in_range(atomic_load(&disk->begun), 4, 6);
}

/* The process that syncs would keep it, were it not closed in there. */
static void
leaves_no_lock_behind(void **state)
{
	struct bulkfetch_log *log = open_log();
	struct bulkfetch_log *other;
	struct bulkfetch_problem problem;
	const struct bulkfetch_log_options options = {
		.format = BULKFETCH_LOG_FAILED,
		.durable_dir = scratch_dir,
	};

	(void)state;
	/* Its process is forked while the first log is open. */
	assert_int_equal(bulkfetch_log_open(
			     scratch_path("other"), &options, &other, &problem),
	    0);
	assert_int_equal(add(other, "a", 1), 0);
	assert_int_equal(bulkfetch_log_flush(other), 0);
	disk_await(1);
	assert_int_equal(bulkfetch_log_close(log), 0);
	log = open_log();
	assert_int_equal(bulkfetch_log_close(log), 0);
	assert_int_equal(bulkfetch_log_close(other), 0);
}

static void
says_when_the_directory_is_none(void **state)
{
	struct bulkfetch_problem problem;
	struct bulkfetch_log *log;
	const struct bulkfetch_log_options options = {
		.format = BULKFETCH_LOG_JSON,
		.durable_dir = scratch_path("missing"),
	};

	(void)state;
	assert_int_equal(
	    bulkfetch_log_open(scratch_path("log"), &options, &log, &problem),
	    ENOENT);
	assert_non_null(strstr(problem.text, scratch_path("missing")));
	assert_false(scratch_exists("log"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, disk_setup, disk_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(writes_a_record_after_the_disk_is_synced),
		TEST(lets_later_records_wait_for_the_next_sync),
		TEST(waits_for_all_records_when_it_is_closed),
		TEST(never_writes_what_could_not_be_synced),
		TEST(fails_when_the_syncing_process_is_gone),
		TEST(gives_up_waiting_when_it_is_told_so),
		TEST(holds_back_no_more_than_its_share),
		TEST(waits_for_the_disk_when_there_is_no_more_room),
		TEST(leaves_no_lock_behind),
		TEST(says_when_the_directory_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
