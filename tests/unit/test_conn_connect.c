/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=epoll_ctl,--wrap=send,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"

#include "conn_bench.h"
#include "net/dial.h"
#include "refuse.h"
#include "route/addresses.h"
#include "route/proxy.h"

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static unsigned ctls;
static int send_errno; /* what the next send fails with; 0: nothing */

int __real_epoll_ctl(int fd, int op, int of, struct epoll_event *event);
int __wrap_epoll_ctl(int fd, int op, int of, struct epoll_event *event);

int
__wrap_epoll_ctl(int fd, int op, int of, struct epoll_event *event)
{
	ctls++;
	return __real_epoll_ctl(fd, op, of, event);
}

ssize_t __real_send(int fd, const void *from, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *from, size_t len, int flags);

ssize_t
__wrap_send(int fd, const void *from, size_t len, int flags)
{
	if (send_errno == 0)
		return __real_send(fd, from, len, flags);
	errno = send_errno;
	send_errno = 0;
	return -1;
}

static void
open_all(void)
{
	bench_open();
	assert_false(err_is(addresses_new(&bench.env.addresses)));
	bench.env.connect_timeout_ms = 10000;
	ctls = 0;
}

static void
close_all(void)
{
	addresses_free(bench.env.addresses);
	bench_close();
}

static int
setup(void **state)
{
	(void)state;
	open_all();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	close_all();
	return 0;
}

/* A way, and a further address of the plan at once. */
static void
add(struct talk *t, const char *addr, enum fake_fate fate, int sys)
{
	fake_add_way(
	    &(struct fake_way){ .addr = addr, .fate = fate, .sys = sys });
	talk_add_addr(t, addr);
}

/* The order that is known for the plan's addresses: the first of them. */
static void
expect_first(const struct talk *t, const char *addr)
{
	struct endpoint addrs[BENCH_ADDRS_MAX];
	char text[ENDPOINT_TEXT_MAX];

	memcpy(addrs, t->addrs, sizeof(addrs));
	addresses_order(bench.env.addresses, slice_str("a.test"), addrs,
	    t->plan.count, reactor_now_ms(bench.reactor));
	assert_string_equal(endpoint_format(&addrs[0], text), addr);
}

/* The request has come to peer `i`. */
static void
expect_request(unsigned i, const struct talk *t)
{
	char heard[256];

	expect_slice("request",
	    slice_of(heard, fake_hear(i, heard, sizeof(heard))), t->request);
}

static void
finish(struct talk *t, struct conn *c, unsigned peer)
{
	fake_say_str(peer, HELLO);
	bench_run();
	assert_int_equal(t->dones, 1);
	assert_int_equal(t->err.kind, ERR_NONE);
	assert_true(t->was_open);
	conn_close(c);
	talk_fini(t);
}

/* ---- Several addresses -------------------------------------------------- */

static void
an_address_that_connects_at_once_costs_nothing_more(void **state)
{
	struct talk t[2];
	struct conn c[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		talk_init(&t[i]);
		talk_add_addr(&t[i], "192.0.2.1");
		talk_add_addr(&t[i], "192.0.2.2");
	}
	/* The first one has what all share allocated. */
	assert_false(err_is(talk_connect(&t[0], &c[0])));
	ctls = 0;
	bench.trace[0] = fake_tried[0] = '\0';
	refuse_begin(1);
	assert_false(err_is(talk_connect(&t[1], &c[1])));
	assert_false(refuse_end());
	assert_int_equal(c[1].state, CONN_HEAD);
	bench_run_after(60000);
	assert_int_equal(ctls, 1);
	assert_string_equal(fake_tried, "192.0.2.1");
	assert_string_equal(c[1].ip, "192.0.2.1");
	assert_string_equal(bench.trace, "connect handshake send head");
	expect_request(1, &t[1]);
	finish(&t[0], &c[0], 0);
	finish(&t[1], &c[1], 1);
}

static void
another_address_is_tried_when_the_first_is_silent(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	t.plan.name = slice_str("a.test");
	add(&t, "2001:db8::1", FAKE_HANGS, 0);
	add(&t, "192.0.2.2", FAKE_CONNECTS, 0);
	assert_false(err_is(talk_connect(&t, &c)));
	assert_int_equal(c.state, CONN_CONNECT);
	bench_run_after(DIAL_DELAY_MS - 1);
	assert_string_equal(fake_tried, "2001:db8::1");
	bench_run_after(1);
	assert_string_equal(fake_tried, "2001:db8::1 192.0.2.2");
	assert_string_equal(c.ip, "192.0.2.2");
	assert_int_equal(c.state, CONN_HEAD);
	assert_string_equal(
	    bench.trace, "connect handshake send connect handshake send head");
	assert_true(fake_hears_end(0));
	expect_request(1, &t);
	/* Remembered: by this family the next time. */
	expect_first(&t, "192.0.2.2");
	bench_run_after(ADDRESSES_PASS_MS);
	expect_first(&t, "192.0.2.2");
	finish(&t, &c, 1);
}

/* What was begun is not given up for another one that is begun later. */
static void
the_first_address_may_still_win(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	add(&t, "192.0.2.1", FAKE_HANGS, 0);
	add(&t, "192.0.2.2", FAKE_HANGS, 0);
	assert_false(err_is(talk_connect(&t, &c)));
	bench_run_after(DIAL_DELAY_MS);
	assert_string_equal(fake_tried, "192.0.2.1 192.0.2.2");
	fake_drain(0);
	bench_run();
	assert_string_equal(c.ip, "192.0.2.1");
	assert_int_equal(c.state, CONN_HEAD);
	assert_true(fake_hears_end(1));
	expect_request(0, &t);
	expect_first(&t, "192.0.2.1");
	finish(&t, &c, 0);
}

static void
a_late_connection_needs_no_race(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	add(&t, "192.0.2.1", FAKE_HANGS, 0);
	add(&t, "192.0.2.2", FAKE_CONNECTS, 0);
	assert_false(err_is(talk_connect(&t, &c)));
	bench_run_after(DIAL_DELAY_MS - 1);
	fake_drain(0);
	bench_run();
	assert_int_equal(c.state, CONN_HEAD);
	bench_run_after(5000);
	assert_string_equal(fake_tried, "192.0.2.1");
	expect_request(0, &t);
	finish(&t, &c, 0);
}

/* How the addresses fail, and which one is connected to, when. */
static void
what_fails_is_passed_over(void **state)
{
	static const struct {
		enum fake_fate first;
		enum fake_fate second;
		int sys;
		const char *trace;
	} cases[] = {
		{ FAKE_REFUSED, FAKE_REFUSED, 0,
		    "connect handshake send connect handshake send head" },
		{ FAKE_FAILS, FAKE_REFUSED, ENETUNREACH,
		    "connect handshake send connect handshake send head" },
		{ FAKE_REFUSED, FAKE_FAILS, EHOSTUNREACH,
		    "connect handshake send connect handshake send head" },
		{ FAKE_FAILS, FAKE_FAILS, EHOSTUNREACH,
		    "connect handshake send head" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct talk t;
		struct conn c;

		open_all();
		talk_init(&t);
		add(&t, "192.0.2.1", cases[i].first, cases[i].sys);
		add(&t, "192.0.2.2", cases[i].second, cases[i].sys);
		add(&t, "192.0.2.3", FAKE_CONNECTS, 0);
		assert_false(err_is(talk_connect(&t, &c)));
		bench_run();
		assert_int_equal(c.state, CONN_HEAD);
		assert_string_equal(c.ip, "192.0.2.3");
		assert_string_equal(bench.trace, cases[i].trace);
		expect_request(0, &t);
		expect_first(&t,
		    cases[i].sys == ENETUNREACH ? "192.0.2.1" : "192.0.2.3");
		finish(&t, &c, 0);
		close_all();
	}
}

static void
all_that_fail_are_told_of_by_the_first_failure(void **state)
{
	static const struct {
		enum fake_fate fates[2];
		int fails; /* the errno of FAKE_FAILS */
		int sys;   /* what is told */
	} cases[] = {
		{ { FAKE_REFUSED, FAKE_FAILS }, EHOSTUNREACH, ECONNREFUSED },
		{ { FAKE_FAILS, FAKE_REFUSED }, EHOSTUNREACH, EHOSTUNREACH },
		{ { FAKE_FAILS, FAKE_REFUSED }, ENETUNREACH, ECONNREFUSED },
		{ { FAKE_REFUSED, FAKE_REFUSED }, 0, ECONNREFUSED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct talk t;
		struct conn c;

		open_all();
		talk_init(&t);
		add(&t, "192.0.2.1", cases[i].fates[0], cases[i].fails);
		add(&t, "192.0.2.2", cases[i].fates[1], cases[i].fails);
		assert_false(err_is(talk_connect(&t, &c)));
		bench_run();
		assert_int_equal(t.dones, 1);
		assert_int_equal(t.err.kind, ERR_CONNECT);
		assert_int_equal(t.err.sys, cases[i].sys);
		assert_int_equal(c.failed_in, CONN_CONNECT);
		assert_false(t.was_open);
		talk_fini(&t);
		close_all();
	}
}

static void
all_that_fail_at_once_are_told_of_at_once(void **state)
{
	struct talk t;
	struct conn c;
	struct err err;

	(void)state;
	talk_init(&t);
	add(&t, "2001:db8::1", FAKE_FAILS, ENETUNREACH);
	add(&t, "192.0.2.2", FAKE_FAILS, EHOSTUNREACH);
	err = talk_connect(&t, &c);
	assert_int_equal(err.kind, ERR_CONNECT);
	assert_int_equal(err.sys, EHOSTUNREACH);
	assert_int_equal(t.dones, 0);
	talk_fini(&t);
}

static void
a_shortage_is_told_as_such(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	add(&t, "192.0.2.1", FAKE_FAILS, EMFILE);
	add(&t, "192.0.2.2", FAKE_CONNECTS, 0);
	assert_int_equal(talk_connect(&t, &c).kind, ERR_SHORTAGE);
	assert_string_equal(fake_tried, "192.0.2.1");
	talk_fini(&t);

	talk_init(&t);
	add(&t, "192.0.2.3", FAKE_REFUSED, 0);
	talk_add_addr(&t, "192.0.2.1");
	assert_false(err_is(talk_connect(&t, &c)));
	bench_run();
	assert_int_equal(t.dones, 1);
	assert_int_equal(t.err.kind, ERR_SHORTAGE);
	assert_int_equal(c.failed_in, CONN_CONNECT);
	talk_fini(&t);
}

/* It is ours, not the address's, and others would meet it as well. */
static void
a_shortage_of_buffers_passes_no_address_over(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	add(&t, "192.0.2.1", FAKE_CONNECTS, 0);
	add(&t, "192.0.2.2", FAKE_CONNECTS, 0);
	send_errno = ENOBUFS;
	assert_false(err_is(talk_connect(&t, &c)));
	bench_run();
	assert_int_equal(t.dones, 1);
	assert_int_equal(t.err.kind, ERR_SHORTAGE);
	assert_int_equal(t.err.sys, ENOBUFS);
	assert_string_equal(fake_tried, "192.0.2.1");
	expect_first(&t, "192.0.2.1");
	talk_fini(&t);
}

/* At once, and after a while. */
static void
an_address_that_connects_is_not_passed_over_any_more(void **state)
{
	static const enum fake_fate fates[] = { FAKE_CONNECTS, FAKE_HANGS };

	(void)state;
	for (size_t i = 0; i < COUNT(fates); i++) {
		struct talk t;
		struct conn c;

		open_all();
		talk_init(&t);
		add(&t, "192.0.2.1", fates[i], 0);
		add(&t, "192.0.2.2", FAKE_CONNECTS, 0);
		addresses_note_failure(bench.env.addresses, &t.addrs[0],
		    ECONNREFUSED, reactor_now_ms(bench.reactor));
		expect_first(&t, "192.0.2.2");
		assert_false(err_is(talk_connect(&t, &c)));
		if (fates[i] == FAKE_HANGS)
			fake_drain(0);
		bench_run();
		assert_int_equal(c.state, CONN_HEAD);
		expect_first(&t, "192.0.2.1");
		finish(&t, &c, 0);
		close_all();
	}
}

/* ---- How a race ends otherwise ------------------------------------------ */

/* Two silent addresses, and a race between them. */
static void
race_in_vain(struct talk *t, struct conn *c)
{
	add(t, "192.0.2.1", FAKE_HANGS, 0);
	add(t, "192.0.2.2", FAKE_HANGS, 0);
	assert_false(err_is(talk_connect(t, c)));
	bench_run_after(DIAL_DELAY_MS);
	assert_int_equal(fake_peer_count, 2);
	assert_int_equal(c->state, CONN_CONNECT);
}

static void
each_deadline_goes_on_through_a_race(void **state)
{
	static const struct {
		int64_t connect_ms;
		int64_t max_ms;
		int64_t ends_ms;
		const char *why;
		unsigned tried;
	} cases[] = {
		{ 10000, 0, 10000, "not connected within --connect-timeout",
		    2 },
		{ 10000, 7000, 7000, "longer than --max-time", 2 },
		{ 250, 0, 250, "not connected within --connect-timeout", 1 },
		{ 10000, 250, 250, "longer than --max-time", 1 },
		{ 100, 0, 100, "not connected within --connect-timeout", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct talk t;
		struct conn c;

		open_all();
		bench.env.connect_timeout_ms = cases[i].connect_ms;
		talk_init(&t);
		if (cases[i].max_ms > 0)
			t.exchange.deadline_ms =
			    FAKE_START_MS + cases[i].max_ms;
		add(&t, "192.0.2.1", FAKE_HANGS, 0);
		add(&t, "192.0.2.2", FAKE_HANGS, 0);
		assert_false(err_is(talk_connect(&t, &c)));
		if (cases[i].ends_ms > DIAL_DELAY_MS)
			bench_run_after(DIAL_DELAY_MS);
		bench_run_after(
		    FAKE_START_MS + cases[i].ends_ms - 1 - fake_now_ms);
		assert_int_equal(t.dones, 0);
		bench_run_after(1);
		assert_int_equal(t.dones, 1);
		assert_int_equal(t.err.kind, ERR_TIMEOUT);
		assert_string_equal(t.err.why, cases[i].why);
		assert_int_equal(fake_peer_count, cases[i].tried);
		for (unsigned k = 0; k < fake_peer_count; k++)
			assert_true(fake_hears_end(k));
		talk_fini(&t);
		close_all();
	}
}

static void
what_was_not_in_time_is_passed_over_for_a_while(void **state)
{
	(void)state;
	for (unsigned addrs = 1; addrs <= 2; addrs++) {
		struct talk t;
		struct conn c;

		open_all();
		talk_init(&t);
		add(&t, "192.0.2.1", FAKE_HANGS, 0);
		if (addrs == 2)
			add(&t, "192.0.2.2", FAKE_HANGS, 0);
		assert_false(err_is(talk_connect(&t, &c)));
		bench_run_after(DIAL_DELAY_MS);
		bench_run_after(10000);
		assert_int_equal(t.err.kind, ERR_TIMEOUT);
		talk_add_addr(&t, "192.0.2.9");
		expect_first(&t, "192.0.2.9");
		talk_fini(&t);
		close_all();
	}
}

static void
closing_breaks_a_race_off(void **state)
{
	struct talk t;
	struct conn c;

	(void)state;
	talk_init(&t);
	race_in_vain(&t, &c);
	conn_close(&c);
	bench_run_after(60000);
	assert_int_equal(t.dones, 0);
	assert_true(fake_hears_end(0));
	assert_true(fake_hears_end(1));
	talk_fini(&t);
}

/* Whatever allocation of a race is refused, the exchange is told once and no
 * descriptor is left. */
static void
survives_any_refused_allocation(void **state)
{
	size_t n;

	(void)state;
	for (n = 1;; n++) {
		struct talk t;
		struct conn c;
		struct err err;
		bool was_refused;

		open_all();
		talk_init(&t);
		add(&t, "192.0.2.1", FAKE_HANGS, 0);
		add(&t, "192.0.2.2", FAKE_HANGS, 0);
		refuse_begin(n);
		err = talk_connect(&t, &c);
		if (!err_is(err))
			bench_run_after(DIAL_DELAY_MS);
		was_refused = refuse_end();
		if (!was_refused)
			conn_close(&c);
		else
			assert_int_equal(
			    err_is(err) ? err.kind : t.err.kind, ERR_NOMEM);
		assert_int_equal(t.dones, was_refused && !err_is(err));
		for (unsigned i = 0; i < fake_peer_count; i++)
			assert_true(fake_hears_end(i));
		talk_fini(&t);
		close_all();
		if (!was_refused)
			break;
	}
	assert_true(n > 2);
}

/* ---- Proxies ------------------------------------------------------------ */

/* By which proxy, what it is asked, what it says, what is asked then. */
static void
a_proxy_is_asked_before_the_request(void **state)
{
	static const struct {
		const char *proxy;
		struct slice asked[2];
		struct slice said[2];
	} cases[] = {
		{ "http://proxy.test:3128",
		    { TEXT("CONNECT a.test:80 HTTP/1.1\r\n"
			   "Host: a.test:80\r\n") },
		    { TEXT("HTTP/1.1 200 OK\r\n\r\n") } },
		{ "socks4a://proxy.test",
		    { TEXT("\4\1\0\x50\0\0\0\1\0a.test\0") },
		    { TEXT("\0\x5a\0\0\0\0\0\0") } },
		{ "socks5h://proxy.test",
		    { TEXT("\5\1\0"), TEXT("\5\1\0\3\6a.test\0\x50") },
		    { TEXT("\5\0"), TEXT("\5\0\0\1\0\0\0\0\0\0") } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct proxy proxy;
		struct talk t;
		struct conn c;

		open_all();
		assert_false(err_is(proxy_init(&proxy, cases[i].proxy, NULL)));
		talk_init(&t);
		t.plan.proxy = &proxy;
		t.plan.host = slice_str("a.test");
		t.plan.port = 80;
		add(&t, "192.0.2.1", FAKE_REFUSED, 0);
		add(&t, "192.0.2.2", FAKE_CONNECTS, 0);
		assert_false(err_is(talk_connect(&t, &c)));
		assert_int_equal(t.composed, 0);
		for (size_t k = 0; k < 2 && cases[i].said[k].len > 0; k++) {
			char heard[512];
			size_t len;

			bench_run();
			assert_int_equal(c.state, CONN_HANDSHAKE);
			len = fake_hear(0, heard, sizeof(heard));
			expect_slice(cases[i].proxy,
			    slice_first(
				slice_of(heard, len), cases[i].asked[k].len),
			    cases[i].asked[k]);
			assert_int_equal(t.composed, 0);
			fake_say(0, cases[i].said[k]);
		}
		bench_run();
		assert_int_equal(c.state, CONN_HEAD);
		assert_string_equal(c.ip, "192.0.2.2");
		expect_request(0, &t);
		finish(&t, &c, 0);
		proxy_fini(&proxy);
		close_all();
	}
}

static void
what_a_proxy_fails_at_is_called_so(void **state)
{
	static const struct {
		enum fake_fate fate;
		int sys;
		const char *says; /* NULL: nothing */
		enum err_kind kind;
		int err_sys;
		const char *why;
		enum conn_state in;
	} cases[] = {
		{ FAKE_FAILS, EHOSTUNREACH, NULL, ERR_PROXY, EHOSTUNREACH, NULL,
		    CONN_CONNECT },
		{ FAKE_REFUSED, 0, NULL, ERR_PROXY, ECONNREFUSED, NULL,
		    CONN_CONNECT },
		{ FAKE_HANGS, 0, NULL, ERR_TIMEOUT, 0,
		    "not connected within --connect-timeout", CONN_CONNECT },
		{ FAKE_CONNECTS, 0, NULL, ERR_TIMEOUT, 0,
		    "the proxy gave no tunnel within --connect-timeout",
		    CONN_HANDSHAKE },
		{ FAKE_CONNECTS, 0, "HTTP/1.1 403 No\r\n\r\n", ERR_PROXY,
		    EACCES, "", CONN_HANDSHAKE },
	};
	struct proxy proxy;

	(void)state;
	assert_false(
	    err_is(proxy_init(&proxy, "http://proxy.test:3128", NULL)));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct talk t;
		struct conn c;
		struct err err;

		open_all();
		talk_init(&t);
		t.plan.proxy = &proxy;
		t.plan.host = slice_str("a.test");
		t.plan.port = 80;
		add(&t, "192.0.2.1", cases[i].fate, cases[i].sys);
		err = talk_connect(&t, &c);
		if (!err_is(err)) {
			bench_run();
			if (cases[i].says != NULL)
				fake_say_str(0, cases[i].says);
			bench_run_after(9999);
			assert_int_equal(t.dones, cases[i].kind != ERR_TIMEOUT);
			bench_run_after(1);
			assert_int_equal(t.dones, 1);
			assert_int_equal(c.failed_in, cases[i].in);
			err = t.err;
		}
		assert_int_equal(err.kind, cases[i].kind);
		assert_int_equal(err.sys, cases[i].err_sys);
		if (cases[i].why == NULL)
			assert_null(err.why);
		else
			assert_non_null(strstr(err.why, cases[i].why));
		assert_int_equal(t.composed, 0);
		talk_fini(&t);
		close_all();
	}
	proxy_fini(&proxy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_that_connects_at_once_costs_nothing_more),
		TEST(another_address_is_tried_when_the_first_is_silent),
		TEST(the_first_address_may_still_win),
		TEST(a_late_connection_needs_no_race),
		cmocka_unit_test(what_fails_is_passed_over),
		cmocka_unit_test(
		    all_that_fail_are_told_of_by_the_first_failure),
		TEST(all_that_fail_at_once_are_told_of_at_once),
		TEST(a_shortage_is_told_as_such),
		TEST(a_shortage_of_buffers_passes_no_address_over),
		cmocka_unit_test(
		    an_address_that_connects_is_not_passed_over_any_more),
		cmocka_unit_test(each_deadline_goes_on_through_a_race),
		cmocka_unit_test(
		    what_was_not_in_time_is_passed_over_for_a_while),
		TEST(closing_breaks_a_race_off),
		cmocka_unit_test(survives_any_refused_allocation),
		cmocka_unit_test(a_proxy_is_asked_before_the_request),
		cmocka_unit_test(what_a_proxy_fails_at_is_called_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
