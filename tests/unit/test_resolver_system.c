/* link: -Wl,--wrap=clock_now_ms,--wrap=epoll_wait,--wrap=slurp_file,--wrap=stat */
/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
/* link: -Wl,--wrap=dns_client_new,--wrap=dns_client_free,--wrap=dns_client_configure,--wrap=dns_client_ask,--wrap=dns_client_set_awaited,--wrap=dns_client_cancel,--wrap=dns_client_get_stats */
#include "asker.h"
#include "exact.h"
#include "fake_dns_client.h"
#include "fake_time.h"
#include "refuse.h"
#include "scratch.h"

#include "net/resolver_system.h"
#include "sys/slurp.h"

#define V4 "192.0.2.1"
#define V6 "2001:db8::1"

static struct {
	struct reactor *reactor;
	struct resolver_options options;
	struct resolver *resolver;
	char paths[3][128];
	char told[8192]; /* lines */
	unsigned slurps;
	unsigned stats;
	int slurp_errno; /* what slurp_file() fails with; 0: nothing */
} bench;

struct err __real_slurp_file(const char *path, struct buf *out);
struct err __wrap_slurp_file(const char *path, struct buf *out);
int __real_stat(const char *path, struct stat *st);
int __wrap_stat(const char *path, struct stat *st);

struct err
__wrap_slurp_file(const char *path, struct buf *out)
{
	bench.slurps++;
	if (bench.slurp_errno != 0)
		return err_code(ERR_FILE, bench.slurp_errno);
	return __real_slurp_file(path, out);
}

int
__wrap_stat(const char *path, struct stat *st)
{
	bench.stats++;
	return __real_stat(path, st);
}

static const char hosts[] = "# a comment\n"
			    "127.0.0.1\tlocalhost\n"
			    "::1\t\tlocalhost ip6-localhost\n"
			    "10.0.0.1 one One.Example\r\n"
			    "2001:db8::2 two\n"
			    "0.0.0.0 blocked.invalid\n";

static void
on_tell(void *ctx, const char *text)
{
	size_t len = strlen(bench.told);

	assert_ptr_equal(ctx, &bench);
	(void)snprintf(
	    bench.told + len, sizeof(bench.told) - len, "%s\n", text);
}

static void
expect_tells(const char *expected)
{
	expect_text("told", slice_str(bench.told), expected);
	bench.told[0] = '\0';
}

/* As `bench.options` say. */
static void
open_resolver(void)
{
	if (bench.resolver != NULL)
		bench.resolver->free(bench.resolver);
	bench.resolver = NULL;
	assert_false(err_is(resolver_system_new(
	    &bench.options, bench.reactor, &bench.resolver)));
}

static int
setup(void **state)
{
	static const char *const names[] = { "hosts", "resolv", "nsswitch" };

	if (scratch_setup(state) != 0)
		return -1;
	memset(&bench, 0, sizeof(bench));
	memset(&fake_client, 0, sizeof(fake_client));
	fake_now_ms = FAKE_START_MS;
	assert_false(err_is(reactor_new(&bench.reactor)));
	for (size_t i = 0; i < COUNT(names); i++)
		(void)snprintf(bench.paths[i], sizeof(bench.paths[i]), "%s/%s",
		    scratch_dir, names[i]);
	bench.options = (struct resolver_options){
		.hosts_path = bench.paths[0],
		.resolv_path = bench.paths[1],
		.nsswitch_path = bench.paths[2],
		.tell_ctx = &bench,
	};
	open_resolver();
	return 0;
}

static int
teardown(void **state)
{
	bench.resolver->free(bench.resolver);
	reactor_free(bench.reactor);
	return scratch_teardown(state);
}

static bool
start(struct asker *asker, const char *host)
{
	return bench.resolver->start(
	    bench.resolver, &asker->lookup, slice_str(host), ASKER_PORT);
}

static void
cancel(struct asker *asker)
{
	bench.resolver->cancel(bench.resolver, &asker->lookup);
}

static void
ask(struct asker *asker, const char *host)
{
	asker_init(asker);
	if (start(asker, host))
		fail_msg("%s: '%s' without asking", host, asker_answer(asker));
}

/* What is known without asking anybody. */
static void
expect_at_hand(const char *host, const char *expected)
{
	uint64_t asked = fake_client.asked;
	struct asker asker;

	asker_init(&asker);
	if (!start(&asker, host))
		fail_msg("%s: asks %s", host, fake_questions());
	assert_false(asker.lookup.was_asked);
	expect_text(host, slice_str(asker_answer(&asker)), expected);
	/* Harmless, and nothing comes later. */
	cancel(&asker);
	assert_int_equal(asker.calls, 0);
	assert_int_equal(fake_client.asked, asked);
}

static void
on_pause(void *ctx)
{
	*(bool *)ctx = true;
}

static void
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

/* In place of the file there is, as editors and daemons do it. */
static void
replace(const char *name, const char *content)
{
	scratch_write("new", content, 0644);
	assert_int_equal(rename(scratch_path("new"), scratch_path(name)), 0);
}

/* ---- Without asking ----------------------------------------------------- */

static void
numbers_and_local_names_are_answered_at_once(void **state)
{
	static const struct {
		const char *host;
		const char *any;
		const char *v4;
		const char *v6;
	} rows[] = {
		{ V4, V4, V4, "resolve: the host has no IPv6 address" },
		{ V6, V6, "resolve: the host has no IPv4 address", V6 },
		{ "localhost", "127.0.0.1,::1", "127.0.0.1", "::1" },
		{ "localhost.", "127.0.0.1,::1", "127.0.0.1", "::1" },
		{ "a.b.localhost", "127.0.0.1,::1", "127.0.0.1", "::1" },
		{ "a.b.localhost.", "127.0.0.1,::1", "127.0.0.1", "::1" },
	};
	static const enum resolver_family families[] = { RESOLVER_ANY,
		RESOLVER_IPV4, RESOLVER_IPV6 };

	(void)state;
	for (size_t f = 0; f < COUNT(families); f++) {
		bench.options.family = families[f];
		open_resolver();
		for (size_t i = 0; i < COUNT(rows); i++) {
			const char *const answers[] = { rows[i].any, rows[i].v4,
				rows[i].v6 };

			expect_at_hand(rows[i].host, answers[f]);
		}
	}
}

static void
the_hosts_file_goes_before_the_servers(void **state)
{
	static const struct {
		const char *host;
		const char *answer;
	} rows[] = {
		{ "one", "10.0.0.1" },
		{ "one.example", "10.0.0.1" },
		{ "ONE.example.", "10.0.0.1" },
		{ "two", "2001:db8::2" },
		{ "ip6-localhost", "::1" },
		/* Even where nobody would be asked. */
		{ "blocked.invalid", "0.0.0.0" },
	};
	struct asker a;

	(void)state;
	scratch_write("hosts", hosts, 0600);
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_at_hand(rows[i].host, rows[i].answer);
	ask(&a, "on");
	expect_questions("AAAA on, A on");
	cancel(&a);
	/* A name that the file has is not asked for in the other family. */
	bench.options.family = RESOLVER_IPV4;
	open_resolver();
	expect_at_hand("one", "10.0.0.1");
	expect_at_hand("two", "resolve: the host has no IPv4 address");
	expect_at_hand("localhost", "127.0.0.1");
}

static void
names_that_nobody_has_are_not_asked_for(void **state)
{
	static const char *const rows[] = { "invalid", "a.invalid",
		"a.INVALID.", "onion", "abc.def.onion", "abc.onion." };
	static const char *const others[] = { "notinvalid", "anonion",
		"invalid.example", "onion.example", "notlocalhost",
		"localhost.example" };
	struct asker a;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_at_hand(rows[i],
		    "resolve: no such host (.invalid and .onion are never "
		    "asked for)");
	for (size_t i = 0; i < COUNT(others); i++) {
		ask(&a, others[i]);
		cancel(&a);
	}
}

static void
numbers_cost_no_look_at_a_file(void **state)
{
	(void)state;
	expect_at_hand(V4, V4);
	expect_at_hand(V6, V6);
	assert_int_equal(bench.slurps, 0);
	assert_int_equal(bench.stats, 0);
}

/* ---- Asking ------------------------------------------------------------- */

static void
other_names_are_asked_for_as_resolv_conf_says(void **state)
{
	struct resolver_stats stats;
	struct asker a;

	(void)state;
	scratch_write("resolv",
	    "nameserver 198.51.100.1\nsearch x.test\noptions ndots:2\n", 0600);
	ask(&a, "a.example");
	assert_int_equal(fake_client.config.server_count, 1);
	expect_questions("AAAA a.example.x.test, A a.example.x.test");
	fake_say("a.example.x.test", DNS_AAAA, DNS_NXDOMAIN);
	fake_say("a.example.x.test", DNS_A, DNS_NXDOMAIN);
	fake_found("a.example", 300, V4);
	fake_found("a.example", 300, V6);
	expect_told(&a, V6 "," V4);
	expect_at_hand("a.example", V6 "," V4);
	bench.resolver->get_stats(bench.resolver, &stats);
	assert_int_equal(stats.queries, 4);
	assert_int_equal(stats.resolved, 1);
	assert_int_equal(stats.cached, 1);
	/* A search list does not make a name that nobody has. */
	ask(&a, "a.b.invalidated");
	cancel(&a);
}

static void
without_resolv_conf_this_machine_is_asked(void **state)
{
	char text[ENDPOINT_TEXT_MAX];
	struct asker a;

	(void)state;
	ask(&a, "a.example");
	assert_int_equal(fake_client.config.server_count, 1);
	assert_string_equal(
	    endpoint_format(&fake_client.config.servers[0], text), "127.0.0.1");
	cancel(&a);
}

static void
a_file_that_is_no_such_file_is_as_good_as_empty(void **state)
{
	static char large[RESOLVER_CONF_MAX + 100];
	struct asker a;

	(void)state;
	/* Directories; and one that is far too large. */
	assert_int_equal(mkdir(bench.paths[0], 0700), 0);
	assert_int_equal(mkdir(bench.paths[1], 0700), 0);
	ask(&a, "one");
	assert_int_equal(fake_client.config.server_count, 1);
	cancel(&a);
	assert_int_equal(rmdir(bench.paths[1]), 0);
	memset(large, '\n', sizeof(large) - 1);
	memcpy(large, "nameserver 192.0.2.1\nnameserver 192.0.2.2\n", 42);
	scratch_write("resolv", large, 0600);
	open_resolver();
	ask(&a, "one");
	assert_int_equal(fake_client.config.server_count, 1);
	cancel(&a);
}

/* ---- Changes ------------------------------------------------------------ */

static void
changed_files_are_read_again_after_a_while(void **state)
{
	struct asker a;

	(void)state;
	scratch_write("hosts", "10.0.0.1 one\n", 0600);
	scratch_write("resolv", "nameserver 198.51.100.1\n", 0600);
	expect_at_hand("one", "10.0.0.1");
	ask(&a, "two");
	assert_int_equal(fake_client.configured, 1);
	assert_int_equal(bench.slurps, 2);
	replace("hosts", "10.0.0.1 one\n10.0.0.2 two\n");
	replace("resolv", "nameserver 198.51.100.1\nnameserver 198.51.100.2\n");
	pass_ms(RESOLVER_RELOAD_MS - 1);
	expect_at_hand("one", "10.0.0.1");
	cancel(&a);
	ask(&a, "two");
	cancel(&a);
	assert_int_equal(bench.slurps, 2);
	pass_ms(1);
	expect_at_hand("two", "10.0.0.2");
	ask(&a, "three");
	cancel(&a);
	assert_int_equal(fake_client.configured, 2);
	assert_int_equal(fake_client.config.server_count, 2);
	assert_int_equal(bench.slurps, 4);
}

static void
files_that_have_not_changed_are_looked_at_now_and_then(void **state)
{
	struct asker a;

	(void)state;
	scratch_write("hosts", "10.0.0.1 one\n", 0600);
	scratch_write("resolv", "nameserver 198.51.100.1\n", 0600);
	for (int i = 0; i < 100; i++) {
		ask(&a, "two");
		cancel(&a);
	}
	/* Once each. */
	assert_in_range(bench.stats, 1, 2);
	for (int i = 0; i < 3; i++) {
		pass_ms(RESOLVER_RELOAD_MS);
		ask(&a, "two");
		cancel(&a);
	}
	assert_int_equal(bench.slurps, 2);
	assert_in_range(bench.stats, 7, 8);
	assert_int_equal(fake_client.configured, 1);
}

static void
files_may_come_and_go(void **state)
{
	struct asker a;

	(void)state;
	ask(&a, "one");
	cancel(&a);
	scratch_write("hosts", "10.0.0.1 one\n", 0600);
	scratch_write("resolv", "search x.test\n", 0600);
	pass_ms(RESOLVER_RELOAD_MS);
	expect_at_hand("one", "10.0.0.1");
	ask(&a, "two");
	expect_questions("AAAA two.x.test, A two.x.test");
	cancel(&a);
	assert_int_equal(unlink(bench.paths[0]), 0);
	assert_int_equal(unlink(bench.paths[1]), 0);
	pass_ms(RESOLVER_RELOAD_MS);
	ask(&a, "one");
	expect_questions("AAAA one, A one");
	cancel(&a);
}

/* ---- Shortage ----------------------------------------------------------- */

static void
without_a_descriptor_no_file_is_taken_for_missing(void **state)
{
	struct asker a;

	(void)state;
	scratch_write("hosts", "10.0.0.1 one\n", 0600);
	scratch_write("resolv", "search x.test\n", 0600);
	bench.slurp_errno = EMFILE;
	asker_init(&a);
	assert_true(start(&a, "one"));
	assert_int_equal(a.lookup.err.kind, ERR_SHORTAGE);
	expect_at_hand(V4, V4);
	bench.slurp_errno = 0;
	expect_at_hand("one", "10.0.0.1");
	bench.slurp_errno = ENFILE;
	asker_init(&a);
	assert_true(start(&a, "two"));
	assert_int_equal(a.lookup.err.kind, ERR_SHORTAGE);
	bench.slurp_errno = 0;
	ask(&a, "two");
	expect_questions("AAAA two.x.test, A two.x.test");
	cancel(&a);
}

/* What was read before goes on meanwhile, and is not asked again at once. */
static void
a_shortage_later_changes_nothing(void **state)
{
	struct asker a;

	(void)state;
	scratch_write("hosts", "10.0.0.1 one\n", 0600);
	scratch_write("resolv", "search x.test\n", 0600);
	ask(&a, "two");
	cancel(&a);
	replace("hosts", "10.0.0.9 one\n10.0.0.2 two\n");
	replace("resolv", "search y.test\n");
	bench.slurp_errno = EMFILE;
	pass_ms(RESOLVER_RELOAD_MS);
	expect_at_hand("one", "10.0.0.1");
	ask(&a, "two");
	expect_questions("AAAA two.x.test, A two.x.test");
	cancel(&a);
	bench.slurp_errno = 0;
	pass_ms(RESOLVER_RELOAD_MS);
	expect_at_hand("one", "10.0.0.9");
	ask(&a, "three");
	expect_questions("AAAA three.y.test, A three.y.test");
	cancel(&a);
}

static void
without_memory_there_is_no_resolver(void **state)
{
	struct resolver *r = NULL;
	size_t n;

	(void)state;
	for (n = 1;; n++) {
		struct err err;

		refuse_begin(n);
		err = resolver_system_new(&bench.options, bench.reactor, &r);
		if (!refuse_end()) {
			assert_false(err_is(err));
			break;
		}
		assert_int_equal(err.kind, ERR_NOMEM);
		assert_null(r);
	}
	assert_true(n > 4);
	r->free(r);
}

static void
without_memory_one_lookup_fails_and_the_next_does_not(void **state)
{
	size_t n;

	(void)state;
	scratch_write("hosts", hosts, 0600);
	scratch_write("resolv", "nameserver 198.51.100.1\n", 0600);
	for (n = 1;; n++) {
		struct asker a;
		bool is_answered;

		open_resolver();
		asker_init(&a);
		refuse_begin(n);
		is_answered = start(&a, "three");
		if (!refuse_end()) {
			assert_false(is_answered);
			cancel(&a);
			break;
		}
		assert_true(is_answered);
		assert_int_equal(a.lookup.err.kind, ERR_NOMEM);
		ask(&a, "three");
		cancel(&a);
		expect_at_hand("one", "10.0.0.1");
	}
	assert_true(n > 4);
}

/* ---- What it tells ------------------------------------------------------ */

static void
tells_once_whom_it_asks_and_whom_it_does_not(void **state)
{
	struct asker a;

	(void)state;
	bench.options.tell = on_tell;
	open_resolver();
	scratch_write("resolv", "nameserver 198.51.100.1\n", 0600);
	scratch_write("nsswitch",
	    "passwd: files ldap\n"
	    "hosts: files mdns4_minimal [NOTFOUND=return] dns myhostname\n",
	    0600);
	/* Not before somebody is asked. */
	expect_at_hand("localhost", "127.0.0.1,::1");
	expect_tells("");
	ask(&a, "a.example");
	expect_tells("name servers: 198.51.100.1\n"
		     "nsswitch.conf also names: mdns4_minimal myhostname; "
		     "not consulted\n");
	cancel(&a);
	replace("resolv", "nameserver 198.51.100.2\n");
	pass_ms(RESOLVER_RELOAD_MS);
	ask(&a, "a.example");
	expect_tells("name servers: 198.51.100.2\n");
	cancel(&a);
}

static void
nsswitch_conf_is_not_read_where_nobody_listens(void **state)
{
	struct asker a;

	(void)state;
	scratch_write("nsswitch", "hosts: files wins\n", 0600);
	ask(&a, "a.example");
	cancel(&a);
	/* Nothing tells of it, and there is nothing else in it for us. */
	assert_in_range(bench.slurps, 1, 2);
	expect_tells("");
	/* One that names nothing else is nothing to tell of. */
	bench.options.tell = on_tell;
	open_resolver();
	replace("nsswitch", "hosts: files dns\n");
	ask(&a, "a.example");
	expect_tells("name servers: 127.0.0.1\n");
	cancel(&a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_and_local_names_are_answered_at_once),
		TEST(the_hosts_file_goes_before_the_servers),
		TEST(names_that_nobody_has_are_not_asked_for),
		TEST(numbers_cost_no_look_at_a_file),
		TEST(other_names_are_asked_for_as_resolv_conf_says),
		TEST(without_resolv_conf_this_machine_is_asked),
		TEST(a_file_that_is_no_such_file_is_as_good_as_empty),
		TEST(changed_files_are_read_again_after_a_while),
		TEST(files_that_have_not_changed_are_looked_at_now_and_then),
		TEST(files_may_come_and_go),
		TEST(without_a_descriptor_no_file_is_taken_for_missing),
		TEST(a_shortage_later_changes_nothing),
		TEST(without_memory_there_is_no_resolver),
		TEST(without_memory_one_lookup_fails_and_the_next_does_not),
		TEST(tells_once_whom_it_asks_and_whom_it_does_not),
		TEST(nsswitch_conf_is_not_read_where_nobody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
