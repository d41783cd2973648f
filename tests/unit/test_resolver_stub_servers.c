/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait */
/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
/* link: -Wl,--wrap=dns_client_new,--wrap=dns_client_free,--wrap=dns_client_configure,--wrap=dns_client_ask,--wrap=dns_client_set_awaited,--wrap=dns_client_cancel,--wrap=dns_client_get_stats */
/* Which servers, what it tells of them, and what happens without memory. */
#include "refuse.h"
#include "stub_bench.h"

/* ---- Servers ------------------------------------------------------------ */

/* "ADDR:PORT ADDR:PORT" of what the client was told. */
static void
expect_servers(const char *expected)
{
	const struct dns_client_config *config = &fake_client.config;
	char text[1024] = "";
	size_t len = 0;

	for (size_t i = 0; i < config->server_count; i++) {
		char addr[ENDPOINT_TEXT_MAX];

		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%s:%u", len > 0 ? " " : "",
		    endpoint_format(&config->servers[i], addr),
		    endpoint_port(&config->servers[i]));
	}
	expect_text("servers", slice_str(text), expected);
}

static void
servers_are_those_of_the_options_else_of_the_file(void **state)
{
	struct endpoint own;

	(void)state;
	expect_servers("198.51.100.53:53");
	configure("nameserver 192.0.2.1\nnameserver 2001:db8::1\n"
		  "nameserver 192.0.2.1.2\nnameserver 192.0.2.2\n"
		  "options timeout:7 attempts:2 rotate use-vc\n");
	expect_servers("192.0.2.1:53 2001:db8::1:53 192.0.2.2:53");
	assert_int_equal(fake_client.config.timeout_ms, 7000);
	assert_int_equal(fake_client.config.attempts, 2);
	assert_true(fake_client.config.is_rotated);
	assert_true(fake_client.config.uses_tcp);
	/* As the manual page says. */
	configure("");
	expect_servers("127.0.0.1:53");
	assert_int_equal(fake_client.config.timeout_ms, RESOLV_TIMEOUT * 1000);
	assert_int_equal(fake_client.config.attempts, RESOLV_ATTEMPTS);
	assert_false(fake_client.config.is_rotated);
	assert_false(fake_client.config.uses_tcp);
	assert_true(endpoint_parse(slice_str("127.0.0.9"), 5353, &own));
	bench.options.servers = &own;
	bench.options.server_count = 1;
	open_stub("nameserver 192.0.2.1\noptions timeout:3\n");
	expect_servers("127.0.0.9:5353");
	assert_int_equal(fake_client.config.timeout_ms, 3000);
}

static void
without_a_server_nothing_is_waited_for(void **state)
{
	struct asker a;

	(void)state;
	configure("nameserver here\nnameserver there\n");
	expect_servers("");
	asker_init(&a);
	assert_true(start(&a, "a.example"));
	expect_text("none", slice_str(asker_answer(&a)),
	    "dns: no name server is known");
	expect_stats(0, 0, 0, 0, 0, 0);
	configure("nameserver 192.0.2.1\n");
	ask(&a, "a.example");
	cancel(&a);
}

static void
other_servers_are_asked_anew(void **state)
{
	struct asker a;

	(void)state;
	ask(&a, "a.example");
	say_both("a.example", DNS_NXDOMAIN);
	expect_cached("a.example", "resolve: no such host (NXDOMAIN)");
	/* The same servers would say the same. */
	configure("search x.test\nnameserver 198.51.100.53\n");
	expect_cached("a.example", "resolve: no such host (NXDOMAIN)");
	configure("nameserver 198.51.100.54\n");
	ask(&a, "a.example");
	/* What is under way goes on. */
	configure("nameserver 198.51.100.55\n");
	fake_found("a.example", 300, V4);
	fake_found("a.example", 300, V6);
	expect_told(&a, V6 "," V4);
	assert_int_equal(fake_client.configured, 4);
}

static void
so_many_questions_are_out_as_the_options_say(void **state)
{
	(void)state;
	assert_int_equal(fake_client.max_inflight, RESOLVER_INFLIGHT);
	bench.options.max_inflight = 7;
	open_stub("");
	assert_int_equal(fake_client.max_inflight, 7);
}

/* ---- What it tells ------------------------------------------------------ */

static void
expect_tells(const char *expected)
{
	expect_text("told", slice_str(bench.told), expected);
	bench.told[0] = '\0';
}

static void
tells_which_servers_and_what_they_said(void **state)
{
	struct asker a;

	(void)state;
	bench.options.tell = on_tell;
	bench.options.tell_ctx = &bench;
	open_stub("nameserver 192.0.2.1\nnameserver 2001:db8::1\n"
		  "nameserver \x1b[31mred\n");
	expect_tells("name server '\\x1b[31mred': not an address, passed "
		     "over\n"
		     "name servers: 192.0.2.1 2001:db8::1\n");
	/* The same once more is no news. */
	configure("nameserver 192.0.2.1\nnameserver 2001:db8::1\n");
	expect_tells("");
	ask(&a, "a.example");
	pass_ms(12);
	fake_found("a.example", 300, V4);
	fake_found("a.example", 300, V6);
	expect_tells(
	    "a.example: " V6 " " V4 " in 12 ms (from the name servers)\n");
	expect_cached("a.example", V6 "," V4);
	expect_tells("");
	ask(&a, "b.example");
	say_both("b.example", DNS_NXDOMAIN);
	expect_tells("b.example: no such host (NXDOMAIN) in 0 ms (from the "
		     "name servers)\n");
	ask(&a, "c.example");
	pass_ms(5000);
	say_both("c.example", DNS_TIMEOUT);
	expect_tells("c.example: no answer from the name servers in 5000 "
		     "ms\n");
	ask(&a, "d.example");
	fake_found("d.example", 300,
	    "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,"
	    "10.0.0.5,10.0.0.6,10.0.0.7,10.0.0.8,"
	    "10.0.0.9,10.0.0.10");
	pass_ms(RESOLVER_STUB_DELAY_MS);
	expect_tells("d.example: 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 "
		     "10.0.0.6 10.0.0.7 10.0.0.8 and 2 more in 50 ms (from "
		     "the name servers)\n");
	/* Late ones are for the cache. */
	fake_found("d.example", 300, V6);
	expect_tells("");
}

static void
tells_ports_that_are_not_the_usual_ones(void **state)
{
	struct endpoint own[2];

	(void)state;
	bench.options.tell = on_tell;
	bench.options.tell_ctx = &bench;
	assert_true(endpoint_parse(slice_str("127.0.0.1"), 5353, &own[0]));
	assert_true(endpoint_parse(slice_str("::1"), 5300, &own[1]));
	bench.options.servers = own;
	bench.options.server_count = COUNT(own);
	open_stub("nameserver nonsense\n");
	expect_tells("name servers: 127.0.0.1:5353 [::1]:5300\n");
}

/* A name as long as can be, of octets that are shown in four letters each. */
static void
tells_the_longest_names_escaped(void **state)
{
	static const char octets[] = "\x1b\x1b\x1b\x1b\x1b\x1b\x1b";
	char host[256] = "";
	struct asker a;

	(void)state;
	bench.options.tell = on_tell;
	bench.options.tell_ctx = &bench;
	open_stub("nameserver 192.0.2.1\n");
	bench.told[0] = '\0';
	for (int i = 0; i < 30; i++) {
		(void)strcat(host, octets);
		(void)strcat(host, ".");
	}
	ask(&a, host);
	fake_found(host, 300, V4);
	fake_found(host, 300, V6);
	assert_null(strchr(bench.told, '\x1b'));
	assert_non_null(strstr(bench.told, V6 " " V4 " in 0 ms"));
}

/* ---- Shortage ----------------------------------------------------------- */

static void
without_memory_there_is_no_stub(void **state)
{
	struct resolver_stub *stub = NULL;
	size_t n;

	(void)state;
	for (n = 1;; n++) {
		struct err err;

		refuse_begin(n);
		err = resolver_stub_new(&bench.options, bench.reactor, &stub);
		if (!refuse_end()) {
			assert_false(err_is(err));
			break;
		}
		assert_int_equal(err.kind, ERR_NOMEM);
		assert_null(stub);
	}
	assert_true(n > 3);
	resolver_stub_free(stub);
	fake_client.refuses_new = true;
	assert_int_equal(
	    resolver_stub_new(&bench.options, bench.reactor, &stub).kind,
	    ERR_NOMEM);
	fake_client.refuses_new = false;
}

static void
without_memory_one_lookup_fails_and_the_next_does_not(void **state)
{
	size_t n;

	(void)state;
	for (n = 1;; n++) {
		struct asker a;
		bool is_answered;

		asker_init(&a);
		a.lookup.deadline_ms = reactor_now_ms(bench.reactor) + 1000;
		refuse_begin(n);
		is_answered = start(&a, "a.example");
		if (!refuse_end()) {
			assert_false(is_answered);
			cancel(&a);
			break;
		}
		assert_true(is_answered);
		assert_int_equal(a.lookup.err.kind, ERR_NOMEM);
		expect_questions("");
		expect_stats(0, 0, 0, 0, 0, 0);
		(void)stub_teardown(NULL);
		(void)stub_setup(NULL);
	}
	assert_true(n > 1);
}

#define SEARCH "nameserver 198.51.100.53\nsearch one.test two.test\n"

/* From the search on, in the middle of an answer. */
static void
without_memory_a_search_fails_as_well(void **state)
{
	struct asker a;

	(void)state;
	configure(SEARCH);
	ask(&a, "db");
	fake_say("db.one.test", DNS_A, DNS_NXDOMAIN);
	/* The cache would have its share of refusals before. */
	for (size_t n = 1; a.calls == 0; n++) {
		assert_true(n < 10);
		refuse_begin(n);
		fake_say("db.one.test", DNS_AAAA, DNS_NXDOMAIN);
		assert_true(refuse_end());
		if (a.calls == 0) {
			say_both("db.two.test", DNS_NXDOMAIN);
			say_both("db", DNS_NXDOMAIN);
			expect_told(&a, "resolve: no such host (NXDOMAIN)");
			open_stub(SEARCH);
			ask(&a, "db");
			fake_say("db.one.test", DNS_A, DNS_NXDOMAIN);
		}
	}
	assert_int_equal(a.lookup.err.kind, ERR_NOMEM);
	expect_questions("");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STUB_TEST(servers_are_those_of_the_options_else_of_the_file),
		STUB_TEST(without_a_server_nothing_is_waited_for),
		STUB_TEST(other_servers_are_asked_anew),
		STUB_TEST(so_many_questions_are_out_as_the_options_say),
		STUB_TEST(tells_which_servers_and_what_they_said),
		STUB_TEST(tells_ports_that_are_not_the_usual_ones),
		STUB_TEST(tells_the_longest_names_escaped),
		STUB_TEST(without_memory_there_is_no_stub),
		STUB_TEST(
		    without_memory_one_lookup_fails_and_the_next_does_not),
		STUB_TEST(without_memory_a_search_fails_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
