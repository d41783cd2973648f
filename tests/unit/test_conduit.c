/* link: -Wl,--wrap=pipe2,--wrap=splice */
#include "exact.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/conduit.h"

static int pipe_errno;   /* what pipe2() fails with; 0: nothing */
static int splice_errno; /* what splice() from a socket fails with */
static unsigned pipes;

int __real_pipe2(int fds[2], int flags);
int __wrap_pipe2(int fds[2], int flags);
ssize_t __real_splice(int from, off64_t *from_at, int to, off64_t *to_at,
    size_t len, unsigned flags);
ssize_t __wrap_splice(int from, off64_t *from_at, int to, off64_t *to_at,
    size_t len, unsigned flags);

int
__wrap_pipe2(int fds[2], int flags)
{
	pipes++;
	if (pipe_errno == 0)
		return __real_pipe2(fds, flags);
	errno = pipe_errno;
	return -1;
}

ssize_t
__wrap_splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t len,
    unsigned flags)
{
	if (splice_errno == 0)
		return __real_splice(from, from_at, to, to_at, len, flags);
	errno = splice_errno;
	splice_errno = 0;
	return -1;
}

/* A socket, its peer and an empty file. */
struct scene {
	struct conduit conduit;
	int from;
	int peer;
	int to;
};

static void
open_scene(struct scene *s)
{
	int fds[2];

	conduit_init(&s->conduit);
	assert_int_equal(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
	    0);
	s->from = fds[0];
	s->peer = fds[1];
	s->to = memfd_create("to", MFD_CLOEXEC);
	assert_int_not_equal(s->to, -1);
}

static void
close_scene(struct scene *s)
{
	conduit_fini(&s->conduit);
	conduit_fini(&s->conduit);
	(void)close(s->from);
	if (s->peer != -1)
		(void)close(s->peer);
	(void)close(s->to);
}

static struct conduit_io
move(struct scene *s, size_t max)
{
	return conduit_move(&s->conduit, s->from, s->to, max);
}

static void
say(const struct scene *s, const char *text)
{
	assert_int_equal(
	    write(s->peer, text, strlen(text)), (ssize_t)strlen(text));
}

static void
expect_file(const struct scene *s, const char *text)
{
	char octets[256];
	ssize_t n = pread(s->to, octets, sizeof(octets), 0);

	assert_true(n >= 0);
	expect_text("file", slice_of(octets, (size_t)n), text);
}

static void
moves_what_is_there_and_no_more_than_asked(void **state)
{
	struct scene s;
	struct conduit_io io;

	(void)state;
	open_scene(&s);
	io = move(&s, 100);
	assert_int_equal(io.status, CONDUIT_WAIT);
	say(&s, "hello, world");
	io = move(&s, 5);
	assert_int_equal(io.status, CONDUIT_MOVED);
	assert_int_equal(io.len, 5);
	expect_file(&s, "hello");
	io = move(&s, 100);
	assert_int_equal(io.len, 7);
	expect_file(&s, "hello, world");
	assert_int_equal(move(&s, 100).status, CONDUIT_WAIT);
	(void)close(s.peer);
	s.peer = -1;
	assert_int_equal(move(&s, 100).status, CONDUIT_END);
	close_scene(&s);
}

static void
copies_by_hand_where_a_file_cannot_be_spliced_to(void **state)
{
	struct scene s;
	struct conduit_io io;

	(void)state;
	open_scene(&s);
	assert_int_equal(fcntl(s.to, F_SETFL, O_APPEND), 0);
	say(&s, "hello, ");
	io = move(&s, 100);
	assert_int_equal(io.status, CONDUIT_MOVED);
	assert_int_equal(io.len, 7);
	say(&s, "world");
	assert_int_equal(move(&s, 100).len, 5);
	expect_file(&s, "hello, world");
	close_scene(&s);
}

static void
a_pair_that_is_unfit_has_lost_nothing(void **state)
{
	struct scene s;
	char octet;

	(void)state;
	open_scene(&s);
	say(&s, "x");
	pipe_errno = EMFILE;
	assert_int_equal(move(&s, 100).status, CONDUIT_UNFIT);
	pipe_errno = 0;
	splice_errno = EINVAL;
	assert_int_equal(move(&s, 100).status, CONDUIT_UNFIT);
	assert_int_equal(read(s.from, &octet, 1), 1);
	close_scene(&s);
}

static void
tells_a_broken_socket_from_a_broken_file(void **state)
{
	struct scene s;
	struct conduit_io io;

	(void)state;
	open_scene(&s);
	splice_errno = EINTR;
	assert_int_equal(move(&s, 100).status, CONDUIT_WAIT);
	splice_errno = ECONNRESET;
	io = move(&s, 100);
	assert_int_equal(io.status, CONDUIT_FAILED_READ);
	assert_int_equal(io.sys, ECONNRESET);
	close_scene(&s);

	open_scene(&s);
	(void)close(s.to);
	s.to = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_not_equal(s.to, -1);
	say(&s, "lost");
	io = move(&s, 100);
	assert_int_equal(io.status, CONDUIT_FAILED_WRITE);
	assert_int_equal(io.sys, ENOSPC);
	/* What was on its way is gone; the next body does not get it. */
	(void)close(s.to);
	s.to = memfd_create("to", MFD_CLOEXEC);
	say(&s, "kept");
	assert_int_equal(move(&s, 100).len, 4);
	expect_file(&s, "kept");
	close_scene(&s);
}

static void
one_pipe_serves_all_and_is_opened_when_needed(void **state)
{
	struct scene s;

	(void)state;
	pipes = 0;
	open_scene(&s);
	assert_int_equal(pipes, 0);
	for (int i = 0; i < 5; i++) {
		say(&s, "x");
		assert_int_equal(move(&s, 100).status, CONDUIT_MOVED);
	}
	assert_int_equal(pipes, 1);
	assert_true((fcntl(s.conduit.in, F_GETFD) & FD_CLOEXEC) != 0);
	close_scene(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_what_is_there_and_no_more_than_asked),
		cmocka_unit_test(
		    copies_by_hand_where_a_file_cannot_be_spliced_to),
		cmocka_unit_test(a_pair_that_is_unfit_has_lost_nothing),
		cmocka_unit_test(tells_a_broken_socket_from_a_broken_file),
		cmocka_unit_test(one_pipe_serves_all_and_is_opened_when_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
