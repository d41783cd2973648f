/* link: -Wl,--wrap=openat,--wrap=write,--wrap=fchmod,--wrap=close,--wrap=renameat,--wrap=renameat2,--wrap=syscall,--wrap=flock,--wrap=fstatat,--wrap=mkdirat */
#include "collecting.h"
#include "faults.h"
#include "scratch.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* Long enough for a temporary file. */
#define LARGE 300000

static struct bulkfetch_collector stream;
static volatile bool is_given_up;
static int out = -1;

static void
begin_stream(int flags)
{
	struct bulkfetch_problem problem;

	out = open(
	    scratch_path("out"), O_WRONLY | O_CREAT | flags | O_CLOEXEC, 0644);
	assert_int_not_equal(out, -1);
	assert_int_equal(bulkfetch_stream_new(out, NULL, &stream, &problem), 0);
}

static int
setup(void **state)
{
	faults_reset();
	is_given_up = false;
	stream.ctx = NULL;
	if (scratch_setup(state) != 0 || mkdir(scratch_path("tmp"), 0700) == -1)
		return -1;
	return setenv("TMPDIR", scratch_path("tmp"), 1);
}

static int
teardown(void **state)
{
	faults_reset();
	if (stream.ctx != NULL)
		stream.free(stream.ctx);
	if (out != -1)
		(void)close(out);
	out = -1;
	return scratch_teardown(state);
}

static char *
large_text(char octet)
{
	char *text = malloc(LARGE + 1);

	assert_non_null(text);
	memset(text, octet, LARGE);
	text[LARGE] = '\0';
	return text;
}

static void
writes_bodies_one_after_the_other(void **state)
{
	/* O_APPEND: no sendfile(2) to such a file. */
	static const int flags[] = { 0, O_APPEND };

	(void)state;
	for (size_t f = 0; f < COUNT(flags); f++) {
		static char expected[10 * LARGE];
		char *large = large_text('l');
		size_t len = 0;

		begin_stream(flags[f]);
		for (unsigned how = 0; how < ARRIVALS; how++) {
			assert_int_equal(
			    collect(&stream, "http://h/a", "small\n", how), 0);
			assert_string_equal(collected_file, "");
			assert_false(collected_moved);
			assert_int_equal(
			    collect(&stream, "http://h/b", large, how), 0);
			len +=
			    (size_t)sprintf(expected + len, "small\n%s", large);
		}
		assert_int_equal(len, ARRIVALS * (LARGE + 6));
		if (len < SCRATCH_CONTENT_MAX)
			scratch_expect("out", slice_of(expected, len));
		else
			assert_int_equal(lseek(out, 0, SEEK_END), len);
		/* Files for the while between are unlinked at once. */
		assert_int_equal(scratch_count("tmp"), 0);
		free(large);
		stream.free(stream.ctx);
		stream.ctx = NULL;
		assert_int_equal(close(out), 0);
		assert_int_equal(unlink(scratch_path("out")), 0);
		out = -1;
	}
}

static void
takes_one_call_for_a_whole_body(void **state)
{
	(void)state;
	begin_stream(0);
	faults_reset();
	for (int i = 0; i < 10; i++)
		assert_int_equal(
		    collect(&stream, "http://h/a", "x", ARRIVES_WHOLE), 0);
	assert_int_equal(faults[FAULT_WRITE].calls, 10);
	assert_int_equal(faults_total(), 10);
	/* Small ones that come in parts wait in memory. */
	assert_int_equal(
	    collect(&stream, "http://h/a", "xy", ARRIVES_CHUNKED), 0);
	assert_int_equal(faults_total(), 11);
}

static void
never_mixes_bodies(void **state)
{
	char *texts[3] = { large_text('a'), large_text('b'), large_text('c') };
	static char expected[3 * LARGE + 6];
	void *bodies[3];

	(void)state;
	begin_stream(0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(collect_begin(&stream, "http://h/a",
				     BULKFETCH_LENGTH_UNKNOWN, &bodies[i]),
		    0);
	for (size_t at = 0; at < LARGE; at += 1000) {
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(
			    stream.write(stream.ctx, bodies[i],
				(struct bulkfetch_text){ texts[i] + at, 1000 },
				false),
			    0);
	}
	assert_int_equal(
	    collect(&stream, "http://h/b", "whole\n", ARRIVES_WHOLE), 0);
	assert_int_equal(collect_commit(&stream, bodies[2]), 0);
	stream.abort(stream.ctx, bodies[1]);
	assert_int_equal(collect_commit(&stream, bodies[0]), 0);
	(void)sprintf(expected, "whole\n%s%s", texts[2], texts[0]);
	scratch_expect_text("out", expected);
	for (size_t i = 0; i < 3; i++)
		free(texts[i]);
}

static void
writes_nothing_of_a_body_that_is_given_up(void **state)
{
	unsigned fds;

	(void)state;
	begin_stream(0);
	fds = scratch_open_fds();
	for (int i = 0; i < 3; i++) {
		char *large = large_text('x');
		void *body;

		assert_int_equal(
		    collect_begin(&stream, "http://h/a", LARGE, &body), 0);
		if (i > 0)
			assert_int_equal(stream.write(stream.ctx, body,
					     (struct bulkfetch_text){ large,
						 i == 1 ? 100 : LARGE - 1 },
					     false),
			    0);
		stream.abort(stream.ctx, body);
		assert_int_equal(scratch_open_fds(), fds);
		free(large);
	}
	scratch_expect_text("out", "");
}

static void
gives_a_descriptor_for_large_bodies_alone(void **state)
{
	void *body;

	(void)state;
	begin_stream(0);
	assert_int_equal(collect_begin(&stream, "http://h/a", 10, &body), 0);
	assert_int_equal(stream.fd(stream.ctx, body), -1);
	stream.abort(stream.ctx, body);
	assert_int_equal(collect_begin(&stream, "http://h/a", LARGE, &body), 0);
	assert_int_not_equal(stream.fd(stream.ctx, body), -1);
	stream.abort(stream.ctx, body);
}

static void
falls_back_to_a_named_temporary_file(void **state)
{
	char *large = large_text('x');
	struct bulkfetch_problem problem = { 0 };
	struct bulkfetch_collector refused;

	(void)state;
	/* No O_TMPFILE, no mkostemp: a directory that has gone since. */
	assert_int_equal(mkdir(scratch_path("gone"), 0700), 0);
	assert_int_equal(setenv("TMPDIR", scratch_path("gone"), 1), 0);
	begin_stream(0);
	assert_int_equal(rmdir(scratch_path("gone")), 0);
	assert_int_equal(
	    collect(&stream, "http://h/a", large, ARRIVES_SPLIT), ENOENT);
	assert_int_equal(
	    collect(&stream, "http://h/a", "small", ARRIVES_SPLIT), 0);
	scratch_expect_text("out", "small");
	free(large);
	/* One that was never there is told of at the start. */
	assert_int_equal(
	    bulkfetch_stream_new(STDOUT_FILENO, NULL, &refused, &problem),
	    ENOENT);
	assert_non_null(strstr(problem.text, "temporary directory"));
}

/* ---- Output that is slow, or closed ------------------------------------- */

struct reader {
	int fd;
	size_t len;
	unsigned delay_us;
};

static void *
read_slowly(void *arg)
{
	struct reader *r = arg;
	static char chunk[10000];
	ssize_t n;

	while ((n = read(r->fd, chunk, sizeof(chunk))) > 0) {
		r->len += (size_t)n;
		if (r->delay_us > 0)
			(void)usleep(r->delay_us);
	}
	return NULL;
}

static void
waits_for_a_pipe_that_does_not_block(void **state)
{
	static const int flags[] = { 0, O_NONBLOCK };

	(void)state;
	for (size_t f = 0; f < COUNT(flags); f++) {
		struct bulkfetch_problem problem;
		char *large = large_text('x');
		struct reader r = { .delay_us = 100 };
		pthread_t thread;
		int fds[2];

		assert_int_equal(pipe(fds), 0);
		assert_int_equal(fcntl(fds[1], F_SETFL, flags[f]), 0);
		r.fd = fds[0];
		assert_int_equal(
		    pthread_create(&thread, NULL, read_slowly, &r), 0);
		assert_int_equal(
		    bulkfetch_stream_new(fds[1], NULL, &stream, &problem), 0);
		for (unsigned how = 0; how < ARRIVALS; how++)
			assert_int_equal(
			    collect(&stream, "http://h/a", large, how), 0);
		assert_int_equal(close(fds[1]), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_int_equal(r.len, ARRIVALS * LARGE);
		assert_int_equal(close(fds[0]), 0);
		stream.free(stream.ctx);
		stream.ctx = NULL;
		free(large);
	}
}

static void
fails_when_nobody_reads_any_more(void **state)
{
	struct bulkfetch_problem problem;
	int fds[2];

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(
	    bulkfetch_stream_new(fds[1], NULL, &stream, &problem), 0);
	for (unsigned how = 0; how < ARRIVALS; how++)
		assert_int_equal(
		    collect(&stream, "http://h/a", "body", how), EPIPE);
	assert_int_equal(close(fds[1]), 0);
}

static void
give_up(int signal)
{
	(void)signal;
	is_given_up = true;
}

static void
ignore(int signal)
{
	(void)signal;
}

static void
ends_a_wait_when_it_is_given_up(void **state)
{
	static const int flags[] = { 0, O_NONBLOCK };

	(void)state;
	for (size_t f = 0; f < COUNT(flags); f++) {
		struct bulkfetch_problem problem;
		struct sigaction action = { .sa_handler = give_up };
		char *large = large_text('x');
		pid_t pid;
		int fds[2];

		is_given_up = false;
		assert_int_equal(pipe(fds), 0);
		assert_int_equal(fcntl(fds[1], F_SETFL, flags[f]), 0);
		assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
		action.sa_handler = ignore;
		assert_int_equal(sigaction(SIGUSR2, &action, NULL), 0);
		assert_int_equal(bulkfetch_stream_new(
				     fds[1], &is_given_up, &stream, &problem),
		    0);
		pid = fork();
		assert_int_not_equal(pid, -1);
		if (pid == 0) { /* one to ignore, then one in earnest */
			for (int i = 0; i < 200; i++) {
				(void)usleep(20000);
				(void)kill(
				    getppid(), i < 3 ? SIGUSR2 : SIGUSR1);
			}
			_exit(0);
		}
		assert_int_equal(
		    collect(&stream, "http://h/a", large, ARRIVES_WHOLE),
		    EINTR);
		assert_true(is_given_up);
		/* A part of it is out: nothing may follow it. */
		assert_int_equal(
		    collect(&stream, "http://h/b", "x", ARRIVES_WHOLE), EINTR);
		(void)kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(close(fds[0]), 0);
		assert_int_equal(close(fds[1]), 0);
		stream.free(stream.ctx);
		stream.ctx = NULL;
		free(large);
	}
}

/*
 * The signal that counts comes while write(2) or sendfile(2) has moved a part,
 * which is then all that they tell; no other one follows.
 */
static void
ends_a_wait_after_one_signal(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * ARRIVALS; i++) {
		struct sigaction action = { .sa_handler = give_up };
		struct bulkfetch_problem problem;
		char *large = large_text('x');
		pid_t pid;
		int fds[2];

		is_given_up = false;
		/* sendfile(2) fills a pipe and returns, but not a socket. */
		if (i < ARRIVALS)
			assert_int_equal(pipe(fds), 0);
		else
			assert_int_equal(
			    socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
		assert_int_equal(bulkfetch_stream_new(
				     fds[1], &is_given_up, &stream, &problem),
		    0);
		pid = fork();
		assert_int_not_equal(pid, -1);
		if (pid == 0) {
			(void)usleep(100000);
			(void)kill(getppid(), SIGUSR1);
			_exit(0);
		}
		(void)alarm(30); /* instead of a wait without end */
		assert_int_equal(
		    collect(&stream, "http://h/a", large, i % ARRIVALS), EINTR);
		(void)alarm(0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(close(fds[0]), 0);
		assert_int_equal(close(fds[1]), 0);
		stream.free(stream.ctx);
		stream.ctx = NULL;
		free(large);
	}
}

static void
goes_on_after_short_writes(void **state)
{
	(void)state;
	begin_stream(0);
	fault_write_max = 3;
	faults_set(FAULT_WRITE, 2, 2, EINTR);
	assert_int_equal(
	    collect(&stream, "http://h/a", "0123456789", ARRIVES_WHOLE), 0);
	scratch_expect_text("out", "0123456789");
}

static void
writes_nothing_behind_half_a_body(void **state)
{
	(void)state;
	begin_stream(0);
	/* Nothing of it is out: the next one may follow. */
	faults_set(FAULT_WRITE, 1, 1, ENOSPC);
	assert_int_equal(
	    collect(&stream, "http://h/a", "01234567", ARRIVES_WHOLE), ENOSPC);
	assert_int_equal(
	    collect(&stream, "http://h/a", "abc", ARRIVES_WHOLE), 0);
	fault_write_max = 4;
	faults_set(FAULT_WRITE, 2, 2, ENOSPC);
	assert_int_equal(
	    collect(&stream, "http://h/b", "01234567", ARRIVES_WHOLE), ENOSPC);
	assert_int_equal(
	    collect(&stream, "http://h/c", "x", ARRIVES_SPLIT), ENOSPC);
	scratch_expect_text("out", "abc0123");
}

static void
says_when_there_is_no_output(void **state)
{
	struct bulkfetch_problem problem;

	(void)state;
	assert_int_equal(
	    bulkfetch_stream_new(999, NULL, &stream, &problem), EBADF);
	assert_int_equal(problem.sys, EBADF);
	assert_non_null(strstr(problem.text, "Bad file descriptor"));
	stream.ctx = NULL;
}

static void
null_keeps_nothing(void **state)
{
	struct bulkfetch_collector nothing;

	(void)state;
	bulkfetch_null_new(&nothing);
	faults_reset();
	for (unsigned how = 0; how < ARRIVES_SPLICED; how++) {
		assert_int_equal(
		    collect(&nothing, "http://h/a", "body", how), 0);
		assert_string_equal(collected_file, "");
	}
	assert_int_equal(faults_total(), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writes_bodies_one_after_the_other),
		TEST(takes_one_call_for_a_whole_body),
		TEST(never_mixes_bodies),
		TEST(writes_nothing_of_a_body_that_is_given_up),
		TEST(gives_a_descriptor_for_large_bodies_alone),
		TEST(falls_back_to_a_named_temporary_file),
		TEST(waits_for_a_pipe_that_does_not_block),
		TEST(fails_when_nobody_reads_any_more),
		TEST(ends_a_wait_when_it_is_given_up),
		TEST(ends_a_wait_after_one_signal),
		TEST(goes_on_after_short_writes),
		TEST(writes_nothing_behind_half_a_body),
		TEST(says_when_there_is_no_output),
		TEST(null_keeps_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
