/*
 * stub_bench - a stub over a client that asks nobody, and a clock that leaps.  A
 * test that includes this has the link lines of fake_dns_client.h and
 * fake_time.h.
 */
#ifndef BULKFETCH_TESTS_UNIT_STUB_BENCH_H
#define BULKFETCH_TESTS_UNIT_STUB_BENCH_H

#include "asker.h"
#include "exact.h"
#include "fake_dns_client.h"
#include "fake_time.h"

#include "net/resolver_stub.h"

#define V4 "192.0.2.1"
#define V6 "2001:db8::1"

static struct {
	struct reactor *reactor;
	struct resolver_options options;
	struct resolver_stub *stub;
	char told[8192]; /* lines */
} bench;

static inline void
on_tell(void *ctx, const char *text)
{
	size_t len = strlen(bench.told);

	assert_ptr_equal(ctx, &bench);
	(void)snprintf(
	    bench.told + len, sizeof(bench.told) - len, "%s\n", text);
}

static inline void
configure(const char *text)
{
	struct resolv_conf conf;
	struct slice copy = exact_copy(slice_str(text));

	resolv_conf_parse(copy, &conf);
	resolver_stub_configure(bench.stub, &conf);
	exact_free(copy);
}

/* As `bench.options` say. */
static inline void
open_stub(const char *conf)
{
	resolver_stub_free(bench.stub);
	assert_false(err_is(
	    resolver_stub_new(&bench.options, bench.reactor, &bench.stub)));
	configure(conf);
}

static int
stub_setup(void **state)
{
	(void)state;
	memset(&bench, 0, sizeof(bench));
	memset(&fake_client, 0, sizeof(fake_client));
	fake_now_ms = FAKE_START_MS;
	assert_false(err_is(reactor_new(&bench.reactor)));
	open_stub("nameserver 198.51.100.53\n");
	return 0;
}

static int
stub_teardown(void **state)
{
	(void)state;
	resolver_stub_free(bench.stub);
	reactor_free(bench.reactor);
	return 0;
}

/* True when it was answered at once. */
static inline bool
start(struct asker *asker, const char *host)
{
	return resolver_stub_start(
	    bench.stub, &asker->lookup, slice_str(host), ASKER_PORT);
}

/* Begin to ask for a host whose answer is not at hand. */
static inline void
ask(struct asker *asker, const char *host)
{
	asker_init(asker);
	assert_false(start(asker, host));
	assert_true(asker->lookup.was_asked);
	assert_int_equal(asker->calls, 0);
}

/* Ask for what has to be in the cache. */
static inline void
expect_cached(const char *host, const char *expected)
{
	struct asker asker;

	asker_init(&asker);
	assert_true(start(&asker, host));
	assert_false(asker.lookup.was_asked);
	expect_text(host, slice_str(asker_answer(&asker)), expected);
	assert_int_equal(asker.calls, 0);
}

static inline void
cancel(struct asker *asker)
{
	resolver_stub_cancel(bench.stub, &asker->lookup);
}

static void
on_pause(void *ctx)
{
	*(bool *)ctx = true;
}

/* Let so much time pass, and what is due by then happen. */
static inline void
pass_ms(int64_t ms)
{
	bool is_over = false;
	struct timer timer;

	timer_init(&timer, on_pause, &is_over);
	assert_false(err_is(reactor_arm(
	    bench.reactor, &timer, reactor_now_ms(bench.reactor) + ms)));
	while (!is_over)
		assert_false(err_is(reactor_run_once(bench.reactor, true)));
}

static struct resolver_stats
stats(void)
{
	struct resolver_stats s;

	resolver_stub_get_stats(bench.stub, &s);
	return s;
}

static inline void
expect_stats(uint64_t resolved, uint64_t cached, uint64_t nxdomain,
    uint64_t nodata, uint64_t servfail, uint64_t timeouts)
{
	struct resolver_stats s = stats();

	assert_int_equal(s.resolved, resolved);
	assert_int_equal(s.cached, cached);
	assert_int_equal(s.nxdomain, nxdomain);
	assert_int_equal(s.nodata, nodata);
	assert_int_equal(s.servfail, servfail);
	assert_int_equal(s.timeouts, timeouts);
	assert_int_equal(s.queries, fake_client.asked);
}

/* Both types have the same verdict. */
static inline void
say_both(const char *name, enum dns_verdict verdict)
{
	fake_say(name, DNS_AAAA, verdict);
	fake_say(name, DNS_A, verdict);
}

#define STUB_TEST(name) \
	cmocka_unit_test_setup_teardown(name, stub_setup, stub_teardown)

#endif
