/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect */
#include "exact.h"

#include "conn_bench.h"

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

/*
 * A stream over TCP that has to read in order to send, and to write in order
 * to shake hands, as TLS may: the peer has to say 'h' before it is answered,
 * and 'k' before the request.
 */
struct odd {
	const struct stream_ops *tcp;
	bool is_greeted; /* 'h' has come */
	bool has_waited; /* for writability, once */
	bool has_key;    /* 'k' has come */
	int send_errno;  /* what sending fails with; 0: nothing */
};

#define ODD_MAX 64

static struct odd odd_by_fd[ODD_MAX];

static struct odd *
odd_of(const struct stream *s)
{
	assert_in_range(s->fd, 0, ODD_MAX - 1);
	return &odd_by_fd[s->fd];
}

static struct stream_io
read_octet(struct stream *s, uint8_t expected)
{
	uint8_t octet = 0;
	struct stream_io io = odd_of(s)->tcp->recv(s, &octet, 1);

	if (io.status == STREAM_OK)
		assert_int_equal(octet, expected);
	return io;
}

static struct stream_io
odd_handshake(struct stream *s)
{
	struct odd *odd = odd_of(s);
	struct stream_io io = { .status = STREAM_OK };

	if (!odd->is_greeted)
		io = read_octet(s, 'h');
	if (io.status != STREAM_OK)
		return io;
	odd->is_greeted = true;
	if (!odd->has_waited)
		io.status = STREAM_WAIT_WRITE;
	odd->has_waited = true;
	return io;
}

static struct stream_io
odd_send(struct stream *s, const struct iovec *iov, int iov_count)
{
	struct odd *odd = odd_of(s);
	struct stream_io io;

	if (odd->send_errno != 0)
		return stream_fail(s, err_code(ERR_IO, odd->send_errno));
	if (!odd->has_key) {
		io = read_octet(s, 'k');
		if (io.status != STREAM_OK)
			return io;
		odd->has_key = true;
	}
	return odd->tcp->send(s, iov, iov_count);
}

static struct stream_io
odd_recv(struct stream *s, void *to, size_t cap)
{
	struct odd *odd = odd_of(s);

	if (!odd->has_key) {
		struct stream_io io = read_octet(s, 'k');

		odd->has_key = io.status == STREAM_OK;
		if (!odd->has_key)
			return io;
	}
	return odd->tcp->recv(s, to, cap);
}

static int
odd_plain_fd(const struct stream *s)
{
	(void)s;
	return -1;
}

static void
odd_close(struct stream *s)
{
	odd_of(s)->tcp->close(s);
}

static const struct stream_ops odd_ops = {
	.handshake = odd_handshake,
	.send = odd_send,
	.recv = odd_recv,
	.plain_fd = odd_plain_fd,
	.close = odd_close,
};

static int send_errno;

/* Put the odd stream in the place of the plain one. */
static void
make_odd(struct conn *c)
{
	struct stream *s = &c->stream;

	*odd_of(s) = (struct odd){ .tcp = s->ops, .send_errno = send_errno };
	s->ops = &odd_ops;
}

static void
odd_open(void)
{
	bench_open();
	bench.before_start = make_odd;
}

static int
odd_setup(void **state)
{
	(void)state;
	odd_open();
	return 0;
}

static void
waits_for_whatever_the_stream_waits_for(void **state)
{
	static const char *const requests[] = { "GET /first\r\n\r\n",
		"POST /second\r\n\r\n" };
	struct talk t[2];
	struct conn c[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		talk_init(&t[i]);
		t[i].request = slice_str(requests[i]);
		assert_false(err_is(talk_connect(&t[i], &c[i])));
	}
	bench_run();
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(c[i].state, CONN_HANDSHAKE);
		fake_say_str(i, "h");
	}
	bench_run();
	for (unsigned i = 0; i < 2; i++) {
		/* Composed both, and neither is out: they must not mix. */
		assert_int_equal(c[i].state, CONN_SEND);
		assert_int_equal(t[i].composed, 1);
		fake_say_str(i, "k");
	}
	bench_run();
	for (unsigned i = 0; i < 2; i++) {
		char heard[64];

		assert_int_equal(c[i].state, CONN_HEAD);
		expect_text("request",
		    slice_of(heard, fake_hear(i, heard, sizeof(heard))),
		    requests[i]);
		fake_say_str(i, HELLO);
	}
	bench_run();
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(t[i].err.kind, ERR_NONE);
		assert_true(t[i].was_open);
		conn_close(&c[i]);
		talk_fini(&t[i]);
	}
}

static void
a_handshake_that_ends_or_hangs_is_told_as_such(void **state)
{
	static const enum err_kind kinds[] = { ERR_TRUNCATED, ERR_TIMEOUT };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct talk t;
		struct conn c;

		odd_open();
		bench.env.connect_timeout_ms = 10000;
		talk_init(&t);
		assert_false(err_is(talk_connect(&t, &c)));
		bench_run();
		assert_int_equal(c.state, CONN_HANDSHAKE);
		if (kinds[i] == ERR_TRUNCATED)
			fake_close(0);
		bench_run_after(10000);
		assert_int_equal(t.dones, 1);
		assert_int_equal(t.err.kind, kinds[i]);
		assert_int_equal(c.failed_in, CONN_HANDSHAKE);
		talk_fini(&t);
		bench_close();
	}
}

/* What has no descriptor to splice from is received. */
static void
a_stream_that_is_not_plain_is_not_spliced(void **state)
{
	struct slice body = bench_octets('0', 200000);
	struct slice rest = body;
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	t.sink = 0;
	assert_false(err_is(talk_connect(&t, &c)));
	bench_run();
	fake_say_str(0, "hkHTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
	bench_run();
	assert_int_equal(c.state, CONN_BODY);
	while (t.dones == 0) {
		rest = slice_from(rest, fake_offer(0, rest));
		bench_run();
	}
	assert_int_equal(t.sunk, 0);
	expect_slice("body", buf_slice(&t.body), body);
	conn_close(&c);
	talk_fini(&t);
	exact_free(body);
}

static void
a_shortage_in_the_middle_is_told_from_a_break(void **state)
{
	static const struct {
		int sys;
		enum err_kind kind;
	} cases[] = {
		{ ENOBUFS, ERR_SHORTAGE },
		{ ECONNRESET, ERR_IO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct talk t;
		struct conn c;

		odd_open();
		send_errno = cases[i].sys;
		talk_init(&t);
		assert_false(err_is(talk_connect(&t, &c)));
		bench_run();
		fake_say_str(0, "h");
		bench_run();
		assert_int_equal(t.dones, 1);
		assert_int_equal(t.err.kind, cases[i].kind);
		assert_int_equal(t.err.sys, cases[i].sys);
		talk_fini(&t);
		bench_close();
	}
	send_errno = 0;
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, odd_setup, bench_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(waits_for_whatever_the_stream_waits_for),
		cmocka_unit_test(
		    a_handshake_that_ends_or_hangs_is_told_as_such),
		TEST(a_stream_that_is_not_plain_is_not_spliced),
		cmocka_unit_test(a_shortage_in_the_middle_is_told_from_a_break),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
