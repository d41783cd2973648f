/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=sock_connect,--wrap=resolver_system_new,--wrap=tls_open,--wrap=stream_tls_begin */
#include "exact.h"

#include "fake_run.h"
#include "net/stream_tcp.h"
#include "net/stream_tls.h"

/* Transfers by https, with a handshake that a test writes: what is behind it is
 * plain. */

static struct {
	unsigned begun;
	unsigned breaks; /* handshakes that are to fail */
	bool is_worth_anew;
	const char *words;
	char host[32];
	char origin[64];
} shaking;

struct err __wrap_tls_open(struct tls *t);
struct err __wrap_stream_tls_begin(
    struct stream *s, struct tls *t, struct slice host, struct slice origin);

struct err
__wrap_tls_open(struct tls *t)
{
	(void)t;
	return err_none();
}

static struct stream_io
shake(struct stream *s)
{
	if (shaking.breaks == 0) {
		s->ops = &stream_tcp_ops;
		return stream_ok(0);
	}
	shaking.breaks--;
	s->is_worth_anew = shaking.is_worth_anew;
	s->words = shaking.words;
	return stream_fail(s, err_of(ERR_TLS));
}

static void
close_shaking(struct stream *s)
{
	s->ops = &stream_tcp_ops;
	s->ops->close(s);
}

static const struct stream_ops shaking_ops = {
	.handshake = shake,
	.close = close_shaking,
};

struct err
__wrap_stream_tls_begin(
    struct stream *s, struct tls *t, struct slice host, struct slice origin)
{
	(void)t;
	shaking.begun++;
	(void)snprintf(shaking.host, sizeof(shaking.host), "%.*s",
	    (int)host.len, (const char *)host.ptr);
	(void)snprintf(shaking.origin, sizeof(shaking.origin), "%.*s",
	    (int)origin.len, (const char *)origin.ptr);
	s->ops = &shaking_ops;
	return err_none();
}

static int
begin(void **state)
{
	memset(&shaking, 0, sizeof(shaking));
	return world_setup(state);
}

static void
speaks_tls_with_the_host_of_the_url(void **state)
{
	const struct told *t = world_fetch_one("https://a:4433/ok");

	(void)state;
	assert_true(t->ok);
	assert_int_equal(shaking.begun, 1);
	assert_string_equal(shaking.host, "a");
	assert_string_equal(shaking.origin, "https://a:4433");
}

static void
http_is_left_alone(void **state)
{
	(void)state;
	assert_true(world_fetch_one("http://a/ok")->ok);
	assert_int_equal(shaking.begun, 0);
}

/* Of a session that was offered: at once, and without one. */
static void
what_the_offer_broke_is_tried_anew_once(void **state)
{
	static const struct {
		unsigned breaks;
		bool is_worth_anew;
		unsigned retries;
		bool is_ok;
		unsigned begun;
	} rows[] = {
		{ 1, true, 0, true, 2 },
		{ 2, true, 0, false, 2 },
		{ 1, false, 2, false, 1 },
		{ 2, true, 2, false, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct told *t;

		(void)begin(NULL);
		world.options.retries = rows[i].retries;
		shaking.breaks = rows[i].breaks;
		shaking.is_worth_anew = rows[i].is_worth_anew;
		shaking.words = "what it was";
		t = world_fetch_one("https://a/ok");
		assert_int_equal(t->ok, rows[i].is_ok);
		assert_int_equal(shaking.begun, rows[i].begun);
		assert_int_equal(t->results, 1);
		if (t->ok)
			continue;
		assert_string_equal(t->error, "tls");
		assert_string_equal(t->stage, "tls");
		assert_string_equal(t->message, "what it was");
	}
}

/* Words are of their own failure, not of one that came later. */
static void
words_are_of_the_failure_that_they_tell(void **state)
{
	const struct told *t;

	(void)state;
	world.options.retries = 1;
	world.options.retry_all_errors = true;
	shaking.breaks = 1;
	shaking.words = "what it was";
	t = world_fetch_one("https://a/404");
	assert_string_equal(t->error, "status");
	assert_string_equal(t->message, "404 Not Found");
	assert_int_equal(t->tries, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, world_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(speaks_tls_with_the_host_of_the_url),
		TEST(http_is_left_alone),
		TEST(what_the_offer_broke_is_tried_anew_once),
		TEST(words_are_of_the_failure_that_they_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
