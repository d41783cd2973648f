/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=pipe2,--wrap=splice */
#include "exact.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "conn_bench.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define LARGE ((size_t)1000000)

static unsigned splices;
static bool has_no_pipe;

int __real_pipe2(int fds[2], int flags);
int __wrap_pipe2(int fds[2], int flags);
ssize_t __real_splice(int from, off64_t *from_at, int to, off64_t *to_at,
    size_t len, unsigned flags);
ssize_t __wrap_splice(int from, off64_t *from_at, int to, off64_t *to_at,
    size_t len, unsigned flags);

int
__wrap_pipe2(int fds[2], int flags)
{
	if (!has_no_pipe)
		return __real_pipe2(fds, flags);
	errno = EMFILE;
	return -1;
}

ssize_t
__wrap_splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t len,
    unsigned flags)
{
	splices++;
	return __real_splice(from, from_at, to, to_at, len, flags);
}

/* Data goes to the sink as well, as a collector would have it. */
static struct err
data_to_sink(void *owner, struct slice data, bool is_last)
{
	struct talk *t = owner;

	if (t->sink != -1 && data.len > 0)
		assert_int_equal(write(t->sink, data.ptr, data.len), data.len);
	return bench_data(owner, data, is_last);
}

static struct exchange_ops ops;

static void
open_talk(struct talk *t, int sink)
{
	talk_init(t);
	ops = bench_ops;
	ops.data = data_to_sink;
	t->exchange.ops = &ops;
	t->sink = sink;
	splices = 0;
}

/* All of it, however slowly it is taken. */
static void
say_all(const struct talk *t, struct slice octets)
{
	while (octets.len > 0 && t->dones == 0) {
		octets = slice_from(octets, fake_offer(0, octets));
		bench_run();
	}
}

static void
expect_sink(int sink, struct slice octets)
{
	void *content;

	assert_int_equal(lseek(sink, 0, SEEK_END), octets.len);
	content = mmap(NULL, octets.len, PROT_READ, MAP_SHARED, sink, 0);
	assert_ptr_not_equal(content, MAP_FAILED);
	assert_true(slice_eq(slice_of(content, octets.len), octets));
	assert_int_equal(munmap(content, octets.len), 0);
}

static int
new_sink(void)
{
	int fd = memfd_create("sink", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	return fd;
}

static void
a_large_body_goes_past_us_to_the_sink(void **state)
{
	static const struct {
		const char *name;
		const char *head;
		bool ends;
		bool has_no_pipe;
		int flags; /* of the sink */
		bool is_open;
	} cases[] = {
		{ "length", OK "Content-Length: 1000000\r\n\r\n", false, false,
		    0, true },
		{ "length, ended", OK "Content-Length: 1000000\r\n\r\n", true,
		    false, 0, false },
		{ "length, close",
		    OK "Connection: close\r\nContent-Length: 1000000\r\n\r\n",
		    false, false, 0, false },
		{ "up to the end", OK "\r\n", true, false, 0, false },
		{ "no pipe", OK "Content-Length: 1000000\r\n\r\n", false, true,
		    0, true },
		{ "copied", OK "Content-Length: 1000000\r\n\r\n", false, false,
		    O_APPEND, true },
	};
	struct slice body = bench_octets('0', LARGE);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int sink = new_sink();
		struct talk t;
		struct conn c;

		bench_open();
		open_talk(&t, sink);
		has_no_pipe = cases[i].has_no_pipe;
		assert_int_equal(fcntl(sink, F_SETFL, cases[i].flags), 0);
		talk_until_head(&t, &c);
		fake_say_str(0, cases[i].head);
		say_all(&t, body);
		if (cases[i].ends)
			fake_close(0);
		bench_run();
		if (t.dones != 1 || err_is(t.err) ||
		    conn_is_open(&c) != cases[i].is_open)
			fail_msg("%s: %s", cases[i].name, err_name(t.err.kind));
		assert_int_equal(t.sunk + t.body.len, LARGE);
		assert_int_equal(t.sunk == 0, cases[i].has_no_pipe);
		assert_int_equal(splices == 0, cases[i].has_no_pipe);
		expect_sink(sink, body);
		conn_close(&c);
		talk_fini(&t);
		bench_close();
		(void)close(sink);
	}
	has_no_pipe = false;
	exact_free(body);
}

static void
without_a_sink_everything_is_handed_over(void **state)
{
	struct slice body = bench_octets('0', LARGE);
	struct talk t;
	struct conn c;

	(void)state;
	open_talk(&t, -1);
	talk_until_head(&t, &c);
	fake_say_str(0, OK "Content-Length: 1000000\r\n\r\n");
	say_all(&t, body);
	assert_int_equal(t.err.kind, ERR_NONE);
	assert_int_equal(splices, 0);
	assert_true(t.has_ended);
	expect_slice("body", buf_slice(&t.body), body);
	conn_close(&c);
	talk_fini(&t);
	exact_free(body);
}

/* Nor a chunked one, whatever its size. */
static void
a_small_body_is_not_spliced(void **state)
{
	int sink = new_sink();
	struct talk t;
	struct conn c;

	(void)state;
	open_talk(&t, sink);
	talk_until_head(&t, &c);
	fake_say_str(0, OK "Content-Length: 11\r\n\r\n");
	bench_run();
	fake_say_str(0, "hello, ");
	bench_run();
	fake_say_str(0, "body");
	bench_run();
	assert_int_equal(t.err.kind, ERR_NONE);
	talk_fini(&t);
	open_talk(&t, sink);
	talk_begin(&t, &c);
	fake_say_str(0, OK "Transfer-Encoding: chunked\r\n\r\nFFFFFFF\r\n");
	bench_run();
	fake_say_str(0, "data");
	bench_run();
	assert_int_equal(splices, 0);
	conn_close(&c);
	talk_fini(&t);
	(void)close(sink);
}

static void
octets_behind_a_spliced_body_are_not_the_next_response(void **state)
{
	struct slice body = bench_octets('0', LARGE);
	int sink = new_sink();
	struct talk t;
	struct conn c;

	(void)state;
	open_talk(&t, sink);
	talk_until_head(&t, &c);
	fake_say_str(0, OK "Content-Length: 1000000\r\n\r\n");
	bench_run();
	say_all(&t, slice_first(body, LARGE - 100000));
	bench_run();
	/* The rest and the surplus lie there together. */
	fake_say(0, slice_from(body, LARGE - 100000));
	fake_say_str(0, OK "Content-Length: 5\r\n\r\nwrong");
	bench_run();
	assert_int_equal(t.dones, 1);
	assert_int_equal(t.err.kind, ERR_NONE);
	assert_false(t.was_open);
	expect_sink(sink, body);
	talk_fini(&t);
	exact_free(body);
	(void)close(sink);
}

static void
tells_what_ended_a_spliced_body(void **state)
{
	static const struct err verdict = { .kind = ERR_LIMIT };
	struct slice body = bench_octets('0', LARGE);
	static const enum err_kind kinds[] = { ERR_TRUNCATED, ERR_LIMIT,
		ERR_FILE };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		int sink = i == 2 ? open("/dev/full", O_WRONLY | O_CLOEXEC)
				  : new_sink();
		struct talk t;
		struct conn c;

		bench_open();
		open_talk(&t, sink);
		if (i == 1)
			t.sunk_err = verdict;
		talk_until_head(&t, &c);
		fake_say_str(0, OK "Content-Length: 1000000\r\n\r\n");
		bench_run();
		fake_say(0, slice_first(body, 100000));
		if (i == 0)
			fake_close(0);
		bench_run();
		assert_int_equal(t.dones, 1);
		assert_int_equal(t.err.kind, kinds[i]);
		assert_int_equal(t.err.sys, i == 2 ? ENOSPC : 0);
		assert_int_equal(c.failed_in, CONN_BODY);
		assert_false(t.was_open);
		talk_fini(&t);
		bench_close();
		(void)close(sink);
	}
	exact_free(body);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_large_body_goes_past_us_to_the_sink),
		TEST(without_a_sink_everything_is_handed_over),
		TEST(a_small_body_is_not_spliced),
		TEST(octets_behind_a_spliced_body_are_not_the_next_response),
		cmocka_unit_test(tells_what_ended_a_spliced_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
