/*
 * dns_bench - a reactor, a dns_client, the fake servers it asks, and questions
 * that write down what they are told.  With fake_time.h and fake_dns.h, whose
 * link lines a test needs.
 */
#ifndef BULKFETCH_TESTS_UNIT_DNS_BENCH_H
#define BULKFETCH_TESTS_UNIT_DNS_BENCH_H

#include "exact.h"
#include "fake_dns.h"
#include "fake_time.h"

#include <stdio.h>

#include "net/dns_client.h"

struct asking {
	struct dns_query query;
	unsigned told;
	int64_t told_ms; /* since the start */
	struct dns_answer answer;
	void (*then)(struct asking *a); /* at the end of being told */
};

static struct {
	struct reactor *reactor;
	struct dns_client *client;
	struct dns_client_config config;
	unsigned told; /* in all */
	bool is_asking;
} bench;

static void
bench_on_answer(void *ctx, struct dns_query *q, const struct dns_answer *answer)
{
	struct asking *a = ctx;

	assert_ptr_equal(q, &a->query);
	assert_false(bench.is_asking);
	a->told++;
	a->told_ms = fake_now_ms - FAKE_START_MS;
	a->answer = *answer;
	bench.told++;
	if (a->then != NULL)
		a->then(a);
}

/* `count` servers, in order, 1 s, 2 rounds. */
static inline void
bench_open(size_t count, unsigned max_inflight)
{
	memset(&bench, 0, sizeof(bench));
	fake_dns_reset();
	fake_now_ms = FAKE_START_MS;
	assert_false(err_is(reactor_new(&bench.reactor)));
	assert_false(
	    err_is(dns_client_new(bench.reactor, max_inflight, &bench.client)));
	bench.config = (struct dns_client_config){
		.server_count = count, .timeout_ms = 1000, .attempts = 2
	};
	for (size_t i = 0; i < count; i++)
		bench.config.servers[i] = fake_dns_open()->ep;
	dns_client_configure(bench.client, &bench.config);
}

static inline void
bench_close(void)
{
	dns_client_free(bench.client);
	reactor_free(bench.reactor);
	fake_dns_reset();
}

static inline void
bench_ask_type(struct asking *a, const char *name, enum dns_type type)
{
	a->query.type = type;
	a->query.fn = bench_on_answer;
	a->query.ctx = a;
	assert_true(dns_name_parse(slice_str(name), &a->query.name));
	bench.is_asking = true;
	dns_client_ask(bench.client, &a->query);
	bench.is_asking = false;
}

static inline void
bench_ask(struct asking *a, const char *name)
{
	bench_ask_type(a, name, DNS_A);
}

/* Until so many answers have been told, in all. */
static inline void
bench_until(unsigned told)
{
	for (unsigned rounds = 0; bench.told < told; rounds++) {
		assert_true(rounds < 1000000);
		assert_false(err_is(reactor_run_once(bench.reactor, true)));
	}
	assert_int_equal(bench.told, told);
}

static void
bench_on_end(void *ctx)
{
	(void)ctx; /* it only wakes the reactor */
}

/* Deal with all that comes within so long. */
static inline void
bench_run_for(int64_t ms)
{
	int64_t end_ms = fake_now_ms + ms;
	struct timer end;

	timer_init(&end, bench_on_end, NULL);
	assert_false(err_is(reactor_arm(bench.reactor, &end, end_ms)));
	while (fake_now_ms < end_ms)
		assert_false(err_is(reactor_run_once(bench.reactor, true)));
	reactor_disarm(bench.reactor, &end);
}

/* Ask and wait; the verdict. */
static inline enum dns_verdict
bench_resolve(struct asking *a, const char *name)
{
	*a = (struct asking){ 0 };
	bench_ask(a, name);
	bench_until(bench.told + 1);
	return a->answer.verdict;
}

static inline struct dns_client_stats
bench_stats(void)
{
	struct dns_client_stats stats;

	dns_client_get_stats(bench.client, &stats);
	return stats;
}

#endif
