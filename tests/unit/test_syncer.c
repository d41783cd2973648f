/* link: -Wl,--wrap=syncfs,--wrap=fork */
#include "fake_disk.h"

#include <sys/prctl.h>

#include "sys/syncer.h"

static bool refuses_fork;

pid_t __real_fork(void);
pid_t __wrap_fork(void);

pid_t
__wrap_fork(void)
{
	if (!refuses_fork)
		return __real_fork();
	errno = EAGAIN;
	return -1;
}

static struct syncer *
open_syncer(void)
{
	struct syncer *s;

	assert_false(err_is(syncer_new(scratch_dir, &s)));
	return s;
}

static struct err
wait_for(struct syncer *s)
{
	struct err err;

	assert_true(syncer_poll(s, DISK_PATIENCE_MS, &err));
	return err;
}

static void
syncs_when_it_is_asked_and_not_before(void **state)
{
	struct syncer *s = open_syncer();
	struct err err;

	(void)state;
	for (unsigned i = 1; i <= 3; i++) {
		assert_false(syncer_poll(s, 0, &err));
		assert_int_equal(atomic_load(&disk->begun), i - 1);
		assert_false(err_is(syncer_begin(s)));
		assert_false(err_is(wait_for(s)));
		assert_int_equal(atomic_load(&disk->begun), i);
	}
	syncer_free(s);
	syncer_free(NULL);
}

static void
waits_for_the_disk_in_another_process(void **state)
{
	struct syncer *s = open_syncer();
	struct err err;

	(void)state;
	atomic_store(&disk->is_held, true);
	assert_false(err_is(syncer_begin(s)));
	disk_await(1);
	assert_int_not_equal(atomic_load(&disk->pid), getpid());
	assert_false(syncer_poll(s, 0, &err));
	assert_false(syncer_poll(s, 20, &err));
	atomic_store(&disk->is_held, false);
	assert_false(err_is(wait_for(s)));
	syncer_free(s);
}

static void
tells_what_the_disk_says(void **state)
{
	struct syncer *s = open_syncer();
	struct err err;

	(void)state;
	atomic_store(&disk->sys, ENOSPC);
	assert_false(err_is(syncer_begin(s)));
	err = wait_for(s);
	expect_kind("full", err, ERR_FILE);
	assert_int_equal(err.sys, ENOSPC);
	syncer_free(s);
}

/* No lock of ours may live on in it, nor a pipe stay open. */
static void
has_no_descriptor_but_its_own_two(void **state)
{
	int high = fcntl(STDIN_FILENO, F_DUPFD, 1000);
	struct syncer *s = open_syncer();

	(void)state;
	assert_false(err_is(syncer_begin(s)));
	assert_false(err_is(wait_for(s)));
	assert_int_equal(atomic_load(&disk->fds), 2);
	syncer_free(s);
	assert_int_equal(close(high), 0);
}

static volatile sig_atomic_t handled;

static void
on_signal(int number)
{
	(void)number;
	handled++;
}

static void
is_not_ended_by_what_is_meant_for_the_program(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1,
		SIGPIPE, SIGQUIT, SIGTSTP };
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction old;
	struct syncer *s;
	sigset_t mask;

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	s = open_syncer();
	/* Here they are not blocked any longer than they were. */
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
	assert_int_equal(sigismember(&mask, SIGUSR1), 0);
	assert_false(err_is(syncer_begin(s)));
	assert_false(err_is(wait_for(s)));
	assert_true(atomic_load(&disk->blocks));
	for (size_t i = 0; i < COUNT(signals); i++)
		assert_int_equal(kill(atomic_load(&disk->pid), signals[i]), 0);
	assert_false(err_is(syncer_begin(s)));
	assert_false(err_is(wait_for(s)));
	assert_int_equal(handled, 0);
	syncer_free(s);
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
}

static void
fails_when_its_process_is_gone(void **state)
{
	struct syncer *s = open_syncer();
	struct err err;

	(void)state;
	atomic_store(&disk->is_held, true);
	assert_false(err_is(syncer_begin(s)));
	disk_await(1);
	assert_int_equal(kill(atomic_load(&disk->pid), SIGKILL), 0);
	err = wait_for(s);
	expect_kind("under way", err, ERR_FILE);
	assert_int_equal(err.sys, EIO);
	err = syncer_begin(s);
	expect_kind("before", err, ERR_FILE);
	assert_int_equal(err.sys, EPIPE);
	syncer_free(s);
}

static void
leaves_neither_process_nor_descriptor(void **state)
{
	unsigned fds = scratch_open_fds();
	struct syncer *s = open_syncer();

	(void)state;
	assert_int_equal(scratch_open_fds(), fds + 1);
	syncer_free(s);
	assert_int_equal(scratch_open_fds(), fds);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* As a user does who has lost his patience. */
static void
does_not_wait_for_a_sync_when_it_is_freed(void **state)
{
	struct syncer *s = open_syncer();

	(void)state;
	atomic_store(&disk->is_held, true);
	assert_false(err_is(syncer_begin(s)));
	disk_await(1);
	(void)alarm(30);
	syncer_free(s);
	(void)alarm(0);
	/* It has been killed, so it ends without having been let. */
	(void)waitpid(atomic_load(&disk->pid), NULL, 0);
	assert_int_equal(kill(atomic_load(&disk->pid), 0), -1);
	assert_int_equal(errno, ESRCH);
}

/* A parent that is killed while the disk is busy. */
static void
dies_with_its_parent(void **state)
{
	pid_t parent;
	pid_t orphan;

	(void)state;
	/* So that the orphan becomes ours to wait for. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	atomic_store(&disk->is_held, true);
	parent = fork();
	if (parent == 0) {
		struct syncer *s;

		if (!err_is(syncer_new(scratch_dir, &s)))
			(void)syncer_begin(s);
		for (;;)
			(void)pause();
	}
	disk_await(1);
	orphan = atomic_load(&disk->pid);
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	(void)alarm(30);
	assert_int_equal(waitpid(orphan, NULL, 0), orphan);
	(void)alarm(0);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void
says_why_it_cannot_be_made(void **state)
{
	unsigned fds = scratch_open_fds();
	struct syncer *s;
	struct err err;

	(void)state;
	err = syncer_new(scratch_path("missing"), &s);
	expect_kind("missing", err, ERR_FILE);
	assert_int_equal(err.sys, ENOENT);
	scratch_write("file", "", 0644);
	err = syncer_new(scratch_path("file"), &s);
	assert_int_equal(err.sys, ENOTDIR);
	refuses_fork = true;
	err = syncer_new(scratch_dir, &s);
	refuses_fork = false;
	expect_kind("fork", err, ERR_FILE);
	/* Not EAGAIN, which would be a lock. */
	assert_int_equal(err.sys, ENOMEM);
	assert_int_equal(scratch_open_fds(), fds);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, disk_setup, disk_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(syncs_when_it_is_asked_and_not_before),
		TEST(waits_for_the_disk_in_another_process),
		TEST(tells_what_the_disk_says),
		TEST(has_no_descriptor_but_its_own_two),
		TEST(is_not_ended_by_what_is_meant_for_the_program),
		TEST(fails_when_its_process_is_gone),
		TEST(leaves_neither_process_nor_descriptor),
		TEST(does_not_wait_for_a_sync_when_it_is_freed),
		TEST(dies_with_its_parent),
		TEST(says_why_it_cannot_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
