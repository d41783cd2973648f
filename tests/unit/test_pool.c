/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect */
#include "exact.h"

#include "conn_bench.h"
#include "net/pool.h"

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define CLOSING \
	"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

static struct pool pool;

static void
give_to_pool(struct talk *t)
{
	pool_give(&pool, t->conn);
}

static struct err
try_connect(struct talk *t, const char *origin)
{
	struct err err;

	talk_init(t);
	talk_add_addr(t, "192.0.2.1");
	t->plan.addrs = t->addrs;
	err = pool_connect(
	    &pool, slice_str(origin), &t->plan, &t->exchange, &t->conn);
	if (!err_is(err)) {
		conn_start(t->conn);
		bench_run();
	}
	return err;
}

static struct conn *
connect_to(struct talk *t, const char *origin)
{
	assert_false(err_is(try_connect(t, origin)));
	t->then = give_to_pool;
	return t->conn;
}

/* Have the connection idle in the pool. */
static struct conn *
make_idle(const char *origin)
{
	struct talk t;
	struct conn *c = connect_to(&t, origin);

	fake_say_str(fake_peer_count - 1, HELLO);
	bench_run();
	assert_int_equal(t.dones, 1);
	talk_fini(&t);
	return c;
}

static struct conn *
take(const char *origin)
{
	return pool_take_idle(&pool, slice_str(origin));
}

static int
setup(void **state)
{
	(void)state;
	bench_open();
	assert_false(err_is(pool_init(&pool, &bench.env, 4)));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pool_fini(&pool);
	pool_fini(&pool);
	bench_close();
	return 0;
}

static void
gives_the_most_recently_used_of_the_origin(void **state)
{
	struct conn *a1 = make_idle("http://a:80");
	struct conn *b = make_idle("http://b:80");
	struct conn *a2 = make_idle("http://a:80");

	(void)state;
	assert_int_equal(pool.open, 3);
	assert_null(take("http://c:80"));
	assert_null(take("http://a:8"));
	assert_null(take("http://a:800"));
	assert_ptr_equal(take("http://a:80"), a2);
	assert_ptr_equal(take("http://a:80"), a1);
	assert_null(take("http://a:80"));
	pool_give(&pool, a2);
	pool_give(&pool, a1);
	assert_ptr_equal(take("http://a:80"), a1);
	pool_give(&pool, a1);
	assert_ptr_equal(take("http://b:80"), b);
	pool_give(&pool, b);
	assert_int_equal(pool.opened, 3);
}

/* Nobody asked for them, and the reactor has not seen them yet. */
static void
what_came_while_it_was_idle_makes_it_unfit(void **state)
{
	(void)state;
	(void)make_idle("http://a:80");
	fake_say_str(fake_peer_count - 1, HELLO);
	assert_null(take("http://a:80"));
	assert_int_equal(pool.open, 0);
	(void)make_idle("http://a:80");
	fake_close(fake_peer_count - 1);
	assert_null(take("http://a:80"));
	assert_int_equal(pool.open, 0);
}

static void
the_least_recently_used_gives_way(void **state)
{
	struct talk t;
	struct conn *c;

	(void)state;
	(void)make_idle("http://a:80");
	(void)make_idle("http://b:80");
	(void)make_idle("http://c:80");
	(void)make_idle("http://d:80");
	c = take("http://a:80");
	pool_give(&pool, c);
	assert_int_equal(pool.open, 4);
	(void)connect_to(&t, "http://e:80");
	assert_int_equal(pool.open, 4);
	assert_int_equal(pool.peak, 4);
	assert_true(fake_hears_end(1));
	assert_null(take("http://b:80"));
	c = take("http://a:80");
	assert_non_null(c);
	pool_give(&pool, c);
	fake_say_str(4, CLOSING);
	bench_run();
	assert_int_equal(pool.open, 3);
	assert_int_equal(pool.peak, 4);
	assert_int_equal(pool.opened, 5);
	talk_fini(&t);
}

static void
a_lower_limit_holds_as_soon_as_it_can(void **state)
{
	struct talk t[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		(void)connect_to(&t[i], "http://a:80");
	(void)make_idle("http://b:80");
	pool.limit = 1;
	for (unsigned i = 0; i < 2; i++) {
		fake_say_str(i, HELLO);
		bench_run();
		assert_true(fake_hears_end(i));
	}
	assert_int_equal(pool.open, 2);
	assert_int_equal(pool_close_idle(&pool), 1);
	assert_int_equal(pool_close_idle(&pool), 0);
	fake_say_str(2, HELLO);
	bench_run();
	assert_int_equal(pool.open, 1);
	assert_non_null(take("http://a:80"));
	pool_give(&pool, t[2].conn);
	for (unsigned i = 0; i < 3; i++)
		talk_fini(&t[i]);
}

static void
an_idle_connection_that_the_peer_closed_is_dropped(void **state)
{
	(void)state;
	(void)make_idle("http://a:80");
	(void)make_idle("http://a:80");
	fake_close(1);
	fake_say_str(0, "HTTP/1.1 408 Request Timeout\r\n\r\n");
	bench_run();
	assert_int_equal(pool.open, 0);
	assert_null(take("http://a:80"));
}

static struct conn *taken;

/* The exchange is over: take a connection to another origin at once. */
static void
take_another(struct talk *t)
{
	pool_give(&pool, t->conn);
	taken = take("http://a:80");
}

/* Its end is known, but it has not been told yet. */
static void
an_idle_connection_with_an_event_on_its_way_is_not_given(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++) {
		struct talk t;

		taken = NULL;
		(void)make_idle("http://a:80");
		(void)connect_to(&t, "http://b:80");
		t.then = take_another;
		/* Whichever the kernel tells of first. */
		if (order == 0)
			fake_say_str(fake_peer_count - 1, HELLO);
		fake_say_str(fake_peer_count - 2, HELLO);
		if (order == 1)
			fake_say_str(fake_peer_count - 1, HELLO);
		bench_run();
		assert_int_equal(t.dones, 1);
		assert_null(taken);
		assert_int_equal(pool.open, 1);
		assert_int_equal(pool_close_idle(&pool), 1);
		talk_fini(&t);
	}
}

static void
a_failure_to_connect_leaves_nothing_behind(void **state)
{
	struct talk t;
	struct err err;

	(void)state;
	fake_plan.fate = FAKE_FAILS;
	fake_plan.times = 2;
	fake_plan.sys = EMFILE;
	assert_int_equal(try_connect(&t, "http://a:80").kind, ERR_SHORTAGE);
	fake_plan.sys = ENETUNREACH;
	err = try_connect(&t, "http://a:80");
	assert_int_equal(err.kind, ERR_CONNECT);
	assert_int_equal(err.sys, ENETUNREACH);
	assert_int_equal(t.dones, 0);
	assert_int_equal(pool.open, 0);
	assert_int_equal(pool.opened, 0);
	assert_int_equal(pool.origins.count, 0);
}

static void
origins_do_not_pile_up(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		char origin[32];

		(void)snprintf(origin, sizeof(origin), "http://host%d:80", i);
		(void)make_idle(origin);
		assert_true(pool.open <= 4);
		assert_int_equal(pool.origins.count, pool.open);
	}
	assert_int_equal(pool.peak, 4);
	assert_int_equal(pool.opened, 200);
	assert_int_equal(pool_close_idle(&pool), 4);
	assert_int_equal(pool.origins.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_the_most_recently_used_of_the_origin),
		TEST(what_came_while_it_was_idle_makes_it_unfit),
		TEST(the_least_recently_used_gives_way),
		TEST(a_lower_limit_holds_as_soon_as_it_can),
		TEST(an_idle_connection_that_the_peer_closed_is_dropped),
		TEST(an_idle_connection_with_an_event_on_its_way_is_not_given),
		TEST(a_failure_to_connect_leaves_nothing_behind),
		TEST(origins_do_not_pile_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
