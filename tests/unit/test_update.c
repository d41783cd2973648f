/* link: -Wl,--wrap=pread,--wrap=pwrite,--wrap=fdatasync,--wrap=write,--wrap=renameat */
#include "asked.h"
#include "scratch.h"

#include <sys/file.h>

#include "collect/update.h"

static int root = -1;
static struct update *store;

/* ---- Calls that are counted, and fail ----------------------------------- */

enum call { CALL_PREAD, CALL_PWRITE, CALL_SYNC, CALL_WRITE, CALL_RENAME };

static unsigned calls[5];
static int failing = -1; /* all of them */

ssize_t __real_pread(int fd, void *ptr, size_t len, off_t at);
ssize_t __real_pwrite(int fd, const void *ptr, size_t len, off_t at);
int __real_fdatasync(int fd);
ssize_t __real_write(int fd, const void *ptr, size_t len);
int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
ssize_t __wrap_pread(int fd, void *ptr, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *ptr, size_t len, off_t at);
int __wrap_fdatasync(int fd);
ssize_t __wrap_write(int fd, const void *ptr, size_t len);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);

static bool
fails(enum call call)
{
	calls[call]++;
	errno = ENOSPC;
	return failing == (int)call;
}

ssize_t
__wrap_pread(int fd, void *ptr, size_t len, off_t at)
{
	return fails(CALL_PREAD) ? -1 : __real_pread(fd, ptr, len, at);
}

ssize_t
__wrap_pwrite(int fd, const void *ptr, size_t len, off_t at)
{
	return fails(CALL_PWRITE) ? -1 : __real_pwrite(fd, ptr, len, at);
}

/* Not waited for in tests. */
int
__wrap_fdatasync(int fd)
{
	(void)fd;
	return fails(CALL_SYNC) ? -1 : 0;
}

ssize_t
__wrap_write(int fd, const void *ptr, size_t len)
{
	return fails(CALL_WRITE) ? -1 : __real_write(fd, ptr, len);
}

int
__wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return fails(CALL_RENAME) ? -1
				  : __real_renameat(from_dir, from, to_dir, to);
}

/* ---- Runs --------------------------------------------------------------- */

static struct err
end_run(void)
{
	struct err err = update_close(store);

	store = NULL;
	return err;
}

static void
begin_run(void)
{
	(void)end_run();
	assert_false(err_is(update_open(root, &store)));
}

static int
setup(void **state)
{
	failing = -1;
	if (scratch_setup(state) != 0)
		return -1;
	root = open(scratch_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	failing = -1;
	(void)end_run();
	(void)close(root);
	return scratch_teardown(state);
}

static struct update_key
key_of(const char *url)
{
	struct buf space;
	struct bulkfetch_request request = asked_for(slice_str(url), 1, &space);
	struct update_key key = update_key(store, &request);

	buf_fini(&space);
	return key;
}

/* Note that `url` has this validator, and is that long. */
static void
note(const char *url, const char *etag, uint64_t len)
{
	struct update_key key = key_of(url);
	struct update_entry entry = {
		.etag = slice_str(etag),
		.len = len,
		.mtime = { .tv_sec = 1, .tv_nsec = 2 },
	};

	update_note(store, &key, &entry);
}

/* An empty `etag`: there is nothing. */
static void
expect(const char *url, const char *etag, uint64_t len)
{
	struct update_key key = key_of(url);
	struct update_entry entry;
	bool is_there = update_find(store, &key, &entry);

	if (is_there != (etag[0] != '\0'))
		fail_msg("%s: %s", url, is_there ? "there" : "not there");
	if (!is_there)
		return;
	expect_text(url, entry.etag, etag);
	assert_int_equal(entry.len, len);
	assert_int_equal(entry.mtime.tv_sec, 1);
	assert_int_equal(entry.mtime.tv_nsec, 2);
}

/* The store and nothing beside it. */
static void
expect_store_alone(void)
{
	assert_true(scratch_exists(UPDATE_NAME));
	assert_int_equal(scratch_count("."), 1);
}

/* ---- From run to run ---------------------------------------------------- */

static void
remembers_from_one_run_to_the_next(void **state)
{
	(void)state;
	begin_run();
	expect("http://h/a", "", 0);
	note("http://h/a", "\"a\"", 1);
	note("http://h/b", "\"b\"", 2);
	/* From the next run on. */
	expect("http://h/a", "", 0);
	assert_false(err_is(end_run()));
	expect_store_alone();
	begin_run();
	expect("http://h/a", "\"a\"", 1);
	expect("http://h/b", "\"b\"", 2);
	expect("http://h/c", "", 0);
	/* What is not told of is carried over; the last word counts. */
	note("http://h/b", "\"x\"", 8);
	note("http://h/b", "\"y\"", 9);
	note("http://h/c", "\"c\"", 3);
	begin_run();
	expect("http://h/a", "\"a\"", 1);
	expect("http://h/b", "\"y\"", 9);
	expect("http://h/c", "\"c\"", 3);
	/* Nothing to be said any more. */
	note("http://h/a", "", 0);
	begin_run();
	expect("http://h/a", "", 0);
	expect("http://h/b", "\"y\"", 9);
	assert_false(err_is(end_run()));
	expect_store_alone();
}

static void
tells_urls_and_users_apart(void **state)
{
	static const char *const urls[] = { "http://h/", "https://h/",
		"http://u@h/", "http://v@h/", "http://h/?", "http://h:81/" };

	(void)state;
	begin_run();
	for (size_t i = 0; i < COUNT(urls); i++) {
		char etag[8];

		(void)snprintf(etag, sizeof(etag), "\"%zu\"", i);
		note(urls[i], etag, i);
	}
	begin_run();
	for (size_t i = 0; i < COUNT(urls); i++) {
		char etag[8];

		(void)snprintf(etag, sizeof(etag), "\"%zu\"", i);
		expect(urls[i], etag, i);
	}
}

static void
keeps_all_that_an_entry_says(void **state)
{
	static const struct update_entry entry = {
		.etag = TEXT("W/\"a\""),
		.last_modified = TEXT("Sun, 06 Nov 1994 08:49:37 GMT"),
		.url = TEXT("https://other/x"),
		.len = 1,
		.mtime = { .tv_sec = -1, .tv_nsec = 999999999 },
		.marks = 3,
	};
	struct update_entry found;
	struct update_key key;

	(void)state;
	begin_run();
	key = key_of("http://h/");
	update_note(store, &key, &entry);
	begin_run();
	key = key_of("http://h/");
	assert_true(update_find(store, &key, &found));
	expect_slice("etag", found.etag, entry.etag);
	expect_slice("date", found.last_modified, entry.last_modified);
	expect_slice("url", found.url, entry.url);
	assert_int_equal(found.mtime.tv_sec, -1);
	assert_int_equal(found.mtime.tv_nsec, 999999999);
	assert_int_equal(found.marks, 3);
	assert_false(found.forgets);
}

static void
forgets_what_does_not_fit(void **state)
{
	static char etag[VERSION_FIELD_MAX + 2];

	(void)state;
	memset(etag, 'a', sizeof(etag) - 1);
	begin_run();
	note("http://h/a", "\"a\"", 1);
	begin_run();
	note("http://h/a", etag, 1);
	begin_run();
	expect("http://h/a", "", 0);
}

static void
rewrites_nothing_when_nothing_has_changed(void **state)
{
	struct stat before;
	struct stat after;

	(void)state;
	begin_run();
	assert_false(err_is(end_run()));
	assert_int_equal(scratch_count("."), 0);
	begin_run();
	note("http://h/a", "\"a\"", 1);
	begin_run();
	assert_int_equal(stat(scratch_path(UPDATE_NAME), &before), 0);
	expect("http://h/a", "\"a\"", 1);
	assert_false(err_is(end_run()));
	assert_int_equal(stat(scratch_path(UPDATE_NAME), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	expect_store_alone();
}

/* ---- A great many ------------------------------------------------------- */

static const char *
nth(unsigned i)
{
	static char url[64];

	(void)snprintf(url, sizeof(url), "http://host/path/%u.html", i);
	return url;
}

static const char *
nth_etag(unsigned i, unsigned version)
{
	static char etag[64];

	(void)snprintf(etag, sizeof(etag), "\"%08x-%u\"", i, version);
	return etag;
}

static void
finds_any_of_a_great_many(void **state)
{
	unsigned count = 200000; /* several ranges to merge */
	struct stat st;

	(void)state;
	begin_run();
	for (unsigned i = 0; i < count; i++)
		note(nth(i), nth_etag(i, 1), i);
	begin_run();
	assert_int_equal(stat(scratch_path(UPDATE_NAME), &st), 0);
	assert_in_range(st.st_size, 1, count * 100);
	memset(calls, 0, sizeof(calls));
	for (unsigned i = 0; i < count; i++)
		expect(nth(i), nth_etag(i, 1), i);
	/* Two small reads each. */
	assert_in_range(calls[CALL_PREAD], 2 * count, 2 * count + 10);
	memset(calls, 0, sizeof(calls));
	for (unsigned i = count; i < count + 1000; i++)
		expect(nth(i), "", 0);
	assert_in_range(calls[CALL_PREAD], 1000, 2000);
	/* Some have changed, some are new. */
	for (unsigned i = 0; i < 2 * count; i += 4)
		note(nth(i), nth_etag(i, 2), i);
	begin_run();
	for (unsigned i = 0; i < 2 * count; i++) {
		if (i % 4 == 0)
			expect(nth(i), nth_etag(i, 2), i);
		else
			expect(nth(i), i < count ? nth_etag(i, 1) : "", i);
	}
	assert_false(err_is(end_run()));
	expect_store_alone();
}

/* ---- What can go wrong -------------------------------------------------- */

static void
keeps_others_out_while_it_is_at_work(void **state)
{
	struct update *other;
	struct err err;

	(void)state;
	begin_run();
	note("http://h/a", "\"a\"", 1);
	err = update_open(root, &other);
	expect_kind("second", err, ERR_FILE);
	assert_int_equal(err.sys, EWOULDBLOCK);
	assert_non_null(err.why);
	begin_run();
	expect("http://h/a", "\"a\"", 1);
}

/* As seen by the run that comes after a kill at any time. */
static void
has_the_old_store_after_a_kill(void **state)
{
	(void)state;
	begin_run();
	note("http://h/a", "\"a\"", 1);
	assert_false(err_is(end_run()));
	scratch_write(UPDATE_RUN_NAME, "half of what a run noted", 0600);
	scratch_write(UPDATE_NEW_NAME, "half of a store", 0600);
	begin_run();
	expect("http://h/a", "\"a\"", 1);
	note("http://h/b", "\"b\"", 2);
	begin_run();
	expect("http://h/a", "\"a\"", 1);
	expect("http://h/b", "\"b\"", 2);
	assert_false(err_is(end_run()));
	expect_store_alone();
}

static void
has_the_old_store_when_the_new_one_cannot_be_written(void **state)
{
	static const enum call rows[] = { CALL_WRITE, CALL_PWRITE, CALL_SYNC,
		CALL_RENAME };
	unsigned fds = scratch_open_fds();

	(void)state;
	begin_run();
	note("http://h/a", "\"a\"", 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err;

		begin_run();
		note("http://h/a", "\"b\"", 2);
		failing = (int)rows[i];
		err = end_run();
		failing = -1;
		assert_int_equal(err.sys, ENOSPC);
		expect_store_alone();
		assert_int_equal(scratch_open_fds(), fds);
		begin_run();
		expect("http://h/a", "\"a\"", 1);
	}
}

/* A disk that is full for a while. */
static void
keeps_what_it_could_write_of_a_run(void **state)
{
	unsigned count = 200000;

	(void)state;
	begin_run();
	for (unsigned i = 0; i < count; i++) {
		if (i == count / 2)
			failing = CALL_WRITE;
		note(nth(i), nth_etag(i, 1), i);
	}
	failing = -1;
	assert_int_equal(end_run().sys, ENOSPC);
	begin_run();
	expect(nth(0), nth_etag(0, 1), 0);
	expect(nth(count - 1), "", 0);
}

static void
finds_nothing_when_it_cannot_read(void **state)
{
	(void)state;
	begin_run();
	note("http://h/a", "\"a\"", 1);
	begin_run();
	failing = CALL_PREAD;
	expect("http://h/a", "", 0);
}

static size_t
load(uint8_t *octets, size_t size)
{
	int fd = open(scratch_path(UPDATE_NAME), O_RDONLY);
	ssize_t n = read(fd, octets, size);

	assert_int_equal(close(fd), 0);
	assert_in_range(n, 1, size - 1);
	return (size_t)n;
}

static void
save(const uint8_t *octets, size_t len)
{
	int fd =
	    open(scratch_path(UPDATE_NAME), O_WRONLY | O_TRUNC | O_CREAT, 0600);

	assert_int_equal(write(fd, octets, len), len);
	assert_int_equal(close(fd), 0);
}

/* What is found of them is right. */
static unsigned
count_found(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 20; i++) {
		struct update_key key = key_of(nth(i));
		struct update_entry entry;

		if (!update_find(store, &key, &entry))
			continue;
		expect_text("etag", entry.etag, nth_etag(i, 1));
		assert_int_equal(entry.len, i);
		count++;
	}
	return count;
}

static void
finds_nothing_wrong_in_a_damaged_store(void **state)
{
	uint8_t octets[8192];
	unsigned least = 20;
	size_t len;

	(void)state;
	begin_run();
	for (unsigned i = 0; i < 20; i++)
		note(nth(i), nth_etag(i, 1), i);
	assert_false(err_is(end_run()));
	len = load(octets, sizeof(octets));
	for (size_t i = 0; i < len; i++) {
		unsigned found;

		octets[i] ^= (uint8_t)(1U << i % 8);
		save(octets, len);
		begin_run();
		found = count_found();
		assert_in_range(found, 0, 20);
		least = found < least ? found : least;
		/* It is carried over as far as it is good; a disk takes its
		 * time, so not each time. */
		if (i % 5 == 0) {
			note("http://h/new", "\"n\"", 7);
			begin_run();
			(void)count_found();
			expect("http://h/new", "\"n\"", 7);
		}
		(void)end_run();
		octets[i] ^= (uint8_t)(1U << i % 8);
	}
	assert_int_equal(least, 0);
	/* Torn, or with something behind it. */
	for (size_t cut = 0; cut < len; cut += 7) {
		save(octets, cut);
		begin_run();
		assert_int_equal(count_found(), 0);
	}
	octets[len] = 0;
	save(octets, len + 1);
	begin_run();
	assert_int_equal(count_found(), 0);
	(void)end_run();
	save(octets, len);
	begin_run();
	assert_int_equal(count_found(), 20);
}

static void
takes_nothing_else_for_a_store(void **state)
{
	(void)state;
	scratch_write("victim", "precious", 0600);
	for (int i = 0; i < 4; i++) {
		if (i == 0)
			assert_int_equal(
			    mkdir(scratch_path(UPDATE_NAME), 0700), 0);
		else if (i == 1)
			assert_int_equal(
			    mkfifo(scratch_path(UPDATE_NAME), 0600), 0);
		else if (i == 2)
			assert_int_equal(
			    symlink("victim", scratch_path(UPDATE_NAME)), 0);
		else
			scratch_write(UPDATE_NAME, "", 0600);
		/* Nor may what is written lead to one. */
		assert_int_equal(
		    link(scratch_path("victim"), scratch_path(UPDATE_NEW_NAME)),
		    0);
		begin_run();
		expect("http://h/a", "", 0);
		note("http://h/a", "\"a\"", 1);
		assert_true(err_is(end_run()) == (i == 0));
		begin_run();
		expect("http://h/a", i == 0 ? "" : "\"a\"", 1);
		(void)end_run();
		assert_int_equal(remove(scratch_path(UPDATE_NAME)), 0);
		scratch_expect_text("victim", "precious");
		assert_int_equal(scratch_count("."), 1);
	}
}

static void
locks_no_other_file(void **state)
{
	struct err err;

	(void)state;
	scratch_write("victim", "precious", 0600);
	assert_int_equal(symlink("victim", scratch_path(UPDATE_RUN_NAME)), 0);
	err = update_open(root, &store);
	assert_int_equal(err.sys, ELOOP);
	assert_int_equal(unlink(scratch_path(UPDATE_RUN_NAME)), 0);
	assert_int_equal(
	    link(scratch_path("victim"), scratch_path(UPDATE_RUN_NAME)), 0);
	assert_true(err_is(update_open(root, &store)));
	store = NULL;
	scratch_expect_text("victim", "precious");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(remembers_from_one_run_to_the_next),
		TEST(tells_urls_and_users_apart),
		TEST(keeps_all_that_an_entry_says),
		TEST(forgets_what_does_not_fit),
		TEST(rewrites_nothing_when_nothing_has_changed),
		TEST(finds_any_of_a_great_many),
		TEST(keeps_others_out_while_it_is_at_work),
		TEST(has_the_old_store_after_a_kill),
		TEST(has_the_old_store_when_the_new_one_cannot_be_written),
		TEST(keeps_what_it_could_write_of_a_run),
		TEST(finds_nothing_when_it_cannot_read),
		TEST(finds_nothing_wrong_in_a_damaged_store),
		TEST(takes_nothing_else_for_a_store),
		TEST(locks_no_other_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
