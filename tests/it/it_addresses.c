/* Where connections lead to and come from: several addresses, both families,
 * silent ones, lists of addresses, sources, Unix sockets. */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* Every request has a connection of its own. */
#define CLOSING "-H", "Connection: close"

/* ---- A server with several addresses ------------------------------------ */

/* nginx at 127.0.0.1 and up, all on one port; it writes down who came where. */
struct fronts {
	struct nginx nginx;
	unsigned port;
	int reserved; /* a socket that keeps the port free for nginx */
};

static void
reserve_port(struct fronts *f)
{
	const int on = 1;
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);

	f->reserved = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_not_equal(f->reserved, -1);
	assert_int_equal(
	    setsockopt(f->reserved, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)),
	    0);
	assert_int_equal(
	    bind(f->reserved, (const struct sockaddr *)&addr, len), 0);
	assert_int_equal(
	    getsockname(f->reserved, (struct sockaddr *)&addr, &len), 0);
	f->port = ntohs(addr.sin_port);
}

static void
fronts_start(struct world *w, struct fronts *f, unsigned count)
{
	char *conf = world_text(w, "access_log fronts.log fronts;");

	reserve_port(f);
	for (unsigned i = 1; i <= count; i++)
		conf =
		    world_text(w, "%s listen 127.0.0.%u:%u;", conf, i, f->port);
	world_mkdir(w, "www");
	world_write(w, "www/a", "hello");
	if (!nginx_start(w, &f->nginx, "www",
		"log_format fronts '$server_port $server_addr $remote_addr';",
		conf)) {
		(void)close(f->reserved);
		skip();
	}
	/* When it answers it listens everywhere. */
	expect_exit(
	    bulkfetch(w, "-o", "warm",
		world_text(w, "http://127.0.0.1:%u/a", f->nginx.port), NULL),
	    0);
	(void)close(f->reserved);
}

static void
write_urls(
    struct world *w, const struct fronts *f, const char *host, size_t count)
{
	char *text = world_text(w, "%s", "");

	for (size_t i = 0; i < count; i++)
		text = world_text(
		    w, "%shttp://%s:%u/a?%zu\n", text, host, f->port, i);
	world_write(w, "list", text);
}

/* Lines "PORT TO FROM" that have it all; NULL is any. */
static size_t
count_visits(
    struct world *w, const struct fronts *f, const char *to, const char *from)
{
	const char *log = world_read_text(w, "fronts.log");
	size_t count = 0;

	for (const char *line = log; *line != '\0';
	     line = strchr(line, '\n') + 1) {
		char words[3][64];

		if (strchr(line, '\n') == NULL)
			break; /* half of one is there */
		assert_int_equal(sscanf(line, "%63s %63s %63s", words[0],
				     words[1], words[2]),
		    3);
		count += strtoul(words[0], NULL, 10) == f->port &&
		    (to == NULL || strcmp(words[1], to) == 0) &&
		    (from == NULL || strcmp(words[2], from) == 0);
	}
	return count;
}

/* It logs a visit when that is over, which may be after the program's end. */
static void
expect_visits(struct world *w, const struct fronts *f, size_t count)
{
	int64_t until_ms = world_now_ms() + 10000;

	while (
	    count_visits(w, f, NULL, NULL) < count && world_now_ms() < until_ms)
		world_pause();
	assert_int_equal(count_visits(w, f, NULL, NULL), count);
}

/* ---- Several addresses of a name ---------------------------------------- */

static void
the_addresses_of_a_name_are_used_in_rotation(void **state)
{
	enum { URLS = 60 };
	struct world *w = *state;
	struct fronts f;
	struct records r;

	fronts_start(w, &f, 3);
	write_urls(w, &f, "a.test", URLS);
	expect_exit(bulkfetch(w, "-c", "4", CLOSING, "--resolve",
			world_text(w, "a.test:%u:127.0.0.1,127.0.0.2,127.0.0.3",
			    f.port),
			"-d", "out", "--log", "log", "list", NULL),
	    0);
	assert_int_equal(world_count_files(w, "out"), URLS);
	expect_visits(w, &f, URLS);
	r = records_read(w, "log");
	for (unsigned i = 1; i <= 3; i++) {
		const char *addr = world_text(w, "127.0.0.%u", i);

		assert_int_equal(count_visits(w, &f, addr, NULL), URLS / 3);
		assert_int_equal(records_count(&r, "ip", addr), URLS / 3);
	}
}

static void
an_address_that_refuses_is_passed_over(void **state)
{
	enum { URLS = 60 };
	struct world *w = *state;
	struct fronts f;
	struct records r;

	fronts_start(w, &f, 2);
	write_urls(w, &f, "a.test", URLS);
	expect_exit(
	    bulkfetch(w, "-c", "4", CLOSING, "--retry", "0", "--resolve",
		world_text(
		    w, "a.test:%u:127.0.0.9,127.0.0.1,127.0.0.2", f.port),
		"-d", "out", "--log", "log", "list", NULL),
	    0);
	expect_visits(w, &f, URLS);
	/* The one behind it gets its share: both have some. */
	assert_true(count_visits(w, &f, "127.0.0.1", NULL) >= URLS / 4);
	assert_true(count_visits(w, &f, "127.0.0.2", NULL) >= URLS / 4);
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "ip", "127.0.0.1"),
	    count_visits(w, &f, "127.0.0.1", NULL));
	assert_int_equal(records_count(&r, "tries", "1"), URLS);
}

static void
a_name_whose_addresses_all_refuse_fails(void **state)
{
	struct world *w = *state;
	struct fronts f;
	struct run *run;
	struct records r;

	fronts_start(w, &f, 1);
	write_urls(w, &f, "a.test", 1);
	run = bulkfetch(w, "-v", "--retry", "0", "--resolve",
	    world_text(w, "a.test:%u:127.0.0.8,127.0.0.9", f.port), "-d", "out",
	    "--log", "log", "list", NULL);
	expect_exit(run, 4);
	expect_says(run, "Connection refused");
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "error", "connect"), 1);
	assert_int_equal(records_count(&r, "stage", "connect"), 1);
}

/* ---- Families ----------------------------------------------------------- */

static bool
has_ipv6(void)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6,
		.sin6_addr = in6addr_loopback };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has = fd != -1 &&
	    bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0;

	if (fd != -1)
		(void)close(fd);
	if (!has)
		print_message("skipped: no IPv6 on this machine\n");
	return has;
}

static void
the_family_asked_for_is_used(void **state)
{
	static const struct {
		const char *addrs;
		const char *option;
		const char *ip; /* NULL: none will do */
	} cases[] = {
		{ "[::1],127.0.0.1", "--location", "::1" },
		{ "127.0.0.1,::1", "--location", "::1" },
		{ "[::1],127.0.0.1", "-4", "127.0.0.1" },
		{ "127.0.0.1,[::1]", "-6", "::1" },
		{ "[::1]", "-4", NULL },
		{ "127.0.0.1", "-6", NULL },
	};
	struct world *w = *state;

	if (!has_ipv6())
		skip();
	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *log = world_text(w, "log%zu", i);
		struct records r;

		expect_exit(
		    bulkfetch(w, cases[i].option, "--resolve",
			world_text(w, "a.test:%u:%s", w->port, cases[i].addrs),
			"-d", world_text(w, "out%zu", i), "--log", log,
			origin_url_at(w, "a.test", "/gen/9/a"), NULL),
		    cases[i].ip != NULL ? 0 : 4);
		r = records_read(w, log);
		assert_int_equal(r.count, 1);
		assert_int_equal(records_count(&r, "ip", cases[i].ip), 1);
		assert_int_equal(
		    records_count(&r, "error", "resolve"), cases[i].ip == NULL);
	}
}

/* ---- Elsewhere than the URL says ---------------------------------------- */

static void
requests_are_connected_to_another_host(void **state)
{
	struct world *w = *state;
	struct origin_request *requests;
	size_t count;

	origin_start(w, NULL, NULL);
	expect_exit(
	    bulkfetch(w, "--connect-to",
		world_text(w, "a.test:80:127.0.0.5:%u", w->port),
		"--connect-to", world_text(w, "::127.0.0.6:%u", w->port), "-d",
		"out", "--log", "log", "http://a.test/gen/9/a",
		"http://b.test:81/gen/9/b", NULL),
	    0);
	expect_generated_from(w, "out", "a.test", "/gen/9/a");
	expect_generated_from(w, "out", "b.test:81", "/gen/9/b");
	requests = origin_heads(w, &count);
	assert_int_equal(count, 2);
	for (size_t i = 0; i < count; i++)
		expect_field(w, &requests[i], "Host",
		    origin_is_for(&requests[i], "/gen/9/a") ? "a.test"
							    : "b.test:81");
}

static void
each_new_connection_takes_the_next_of_a_list_of_addresses(void **state)
{
	enum { URLS = 80, FRONTS = 8 };
	struct world *w = *state;
	struct fronts f;
	char *list = world_text(w, "# front ends\n");

	fronts_start(w, &f, FRONTS);
	for (unsigned i = 1; i <= FRONTS; i++)
		list = world_text(w,
		    i % 2 == 0 ? "%s127.0.0.%u\n" : "%s127.0.0.%u # odd\n",
		    list, i);
	world_write(w, "fronts", list);
	write_urls(w, &f, "a.test", URLS);
	expect_exit(bulkfetch(w, "-c", "5", CLOSING, "--address-list", "fronts",
			"-d", "out", "list", NULL),
	    0);
	assert_int_equal(world_count_files(w, "out"), URLS);
	expect_visits(w, &f, URLS);
	for (unsigned i = 1; i <= FRONTS; i++)
		assert_int_equal(
		    count_visits(w, &f, world_text(w, "127.0.0.%u", i), NULL),
		    URLS / FRONTS);
}

static void
both_families_of_a_list_of_addresses_are_used(void **state)
{
	enum { URLS = 30 };
	static const char *const addrs[] = { "127.0.0.1", "127.0.0.2", "::1" };
	struct world *w = *state;
	struct records r;

	if (!has_ipv6())
		skip();
	origin_start(w, NULL, NULL);
	world_write(w, "fronts", "127.0.0.1\n127.0.0.2\n::1\n");
	origin_add_urls(w, "list", "a.test", "/gen/9/", URLS);
	expect_exit(bulkfetch(w, "-c", "3", CLOSING, "--address-list", "fronts",
			"-d", "out", "--log", "log", "list", NULL),
	    0);
	r = records_read(w, "log");
	for (size_t i = 0; i < COUNT(addrs); i++)
		assert_int_equal(
		    records_count(&r, "ip", addrs[i]), URLS / COUNT(addrs));
}

static void
a_list_of_addresses_may_hold_some_that_refuse(void **state)
{
	enum { URLS = 60 };
	struct world *w = *state;
	struct fronts f;

	fronts_start(w, &f, 2);
	world_write(w, "fronts",
	    "127.0.0.1\n127.0.0.8\n127.0.0.9\n127.0.0.2\n127.0.0.7\n");
	write_urls(w, &f, "a.test", URLS);
	expect_exit(bulkfetch(w, "-c", "5", CLOSING, "--retry", "0",
			"--address-list", "fronts", "-d", "out", "list", NULL),
	    0);
	expect_visits(w, &f, URLS);
	assert_true(count_visits(w, &f, "127.0.0.1", NULL) > 0);
	assert_true(count_visits(w, &f, "127.0.0.2", NULL) > 0);
}

static void
fetches_through_a_unix_socket(void **state)
{
	struct world *w = *state;
	struct nginx nginx;
	struct run *run;
	struct records r;

	world_mkdir(w, "www");
	world_write(w, "www/a", "hello");
	if (!nginx_start(w, &nginx, "www", "",
		world_text(w, "listen unix:%s;", world_path(w, "socket"))))
		skip();
	expect_exit(
	    bulkfetch(w, "-o", "warm",
		world_text(w, "http://127.0.0.1:%u/a", nginx.port), NULL),
	    0);
	expect_exit(
	    bulkfetch(w, "--unix-socket", "socket", "-d", "out", "--log", "log",
		"http://a.test/a", "http://b.test:81/a", NULL),
	    0);
	expect_text_file(w, "out/a.test/a", "hello");
	expect_text_file(w, "out/b.test:81/a", "hello");
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "ip", NULL), 2);

	run = bulkfetch(w, "-v", "--retry", "0", "--unix-socket", "nobody",
	    "-d", "out2", "http://a.test/a", NULL);
	expect_exit(run, 4);
	expect_says(run, "No such file or directory");
}

/* ---- Sources ------------------------------------------------------------ */

static void
connections_come_from_the_addresses_asked_for(void **state)
{
	static const struct {
		const char *sources;
		const char *from[2];
	} cases[] = {
		{ "127.0.0.2,127.0.0.3", { "127.0.0.2", "127.0.0.3" } },
		{ "host!127.0.0.4", { "127.0.0.4", "127.0.0.4" } },
		{ "lo", { "127.0.0.1", "127.0.0.1" } },
	};
	enum { URLS = 40 };
	struct world *w = *state;
	struct fronts f;
	struct run *run;

	fronts_start(w, &f, 1);
	write_urls(w, &f, "127.0.0.1", URLS);
	for (size_t i = 0; i < COUNT(cases); i++) {
		expect_exit(bulkfetch(w, "-c", "4", CLOSING, "--interface",
				cases[i].sources, "-d",
				world_text(w, "out%zu", i), "list", NULL),
		    0);
		expect_visits(w, &f, (i + 1) * URLS);
	}
	assert_int_equal(count_visits(w, &f, NULL, "127.0.0.2"), URLS / 2);
	assert_int_equal(count_visits(w, &f, NULL, "127.0.0.3"), URLS / 2);
	assert_int_equal(count_visits(w, &f, NULL, "127.0.0.4"), URLS);
	assert_int_equal(count_visits(w, &f, NULL, "127.0.0.1"), URLS);

	run = bulkfetch(
	    w, "--interface", "192.0.2.77", "-d", "none", "list", NULL);
	expect_exit(run, 2);
	expect_says(run, "192.0.2.77");
}

/* ---- A network of one's own --------------------------------------------- */

static int outside = -1; /* the network that the test was started in */

/* Run `ip` with these words. */
static void
ip(struct world *w, const char *const *words)
{
	const struct run_spec spec = {
		.program = world_find_program(w, "ip"),
		.words = words,
	};

	expect_exit(run_spec(w, &spec), 0);
}

/* From now on this process and its children are in a network with nothing but
 * a loopback interface. */
static void
enter_network(struct world *w)
{
	static const char *const up[] = { "link", "set", "lo", "up", NULL };

	if (world_find_program(w, "ip") == NULL)
		skip();
	outside = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (outside == -1 || unshare(CLONE_NEWNET) == -1) {
		print_message(
		    "skipped: no network of one's own: %s\n", strerror(errno));
		if (outside != -1)
			(void)close(outside);
		outside = -1;
		skip();
	}
	ip(w, up);
}

static int
leave_network(void **state)
{
	int failed = world_teardown(state);

	if (outside == -1)
		return failed;
	if (setns(outside, CLONE_NEWNET) == -1)
		failed = -1;
	(void)close(outside);
	outside = -1;
	return failed;
}

/* Packets to these addresses come back to lo, which drops them as nobody's. */
static void
make_silent(struct world *w)
{
	static const char *const v4[] = { "route", "add", "192.0.2.0/24", "dev",
		"lo", NULL };
	static const char *const v6[] = { "-6", "route", "add", "2001:db8::/64",
		"dev", "lo", NULL };

	if (!has_ipv6())
		skip();
	ip(w, v4);
	ip(w, v6);
}

static void
ipv4_wins_where_ipv6_is_silent_and_is_remembered(void **state)
{
	enum { URLS = 40 };
	struct world *w = *state;
	struct records r;
	struct run *run;

	enter_network(w);
	make_silent(w);
	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "a.test", "/gen/9/", URLS);
	run = bulkfetch(w, "-c", "1", CLOSING, "--resolve",
	    world_text(w, "a.test:%u:2001:db8::1,127.0.0.1", w->port), "-d",
	    "out", "--log", "log", "list", NULL);
	expect_exit(run, 0);
	expect_urls(w, "out", "a.test", "/gen/9/", URLS);
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "ip", "127.0.0.1"), URLS);
	assert_true(
	    record_number(&r, records_find(&r, "n", "1"), "connect") >= 249);
	/* Each would take 250 ms if it were forgotten. */
	assert_true(run->took_ms < 250 * URLS / 2 * run_slowness());
}

static void
silent_addresses_cost_a_quarter_of_a_second_each(void **state)
{
	struct world *w = *state;
	struct records r;
	struct run *run;
	long long connect_ms;

	enter_network(w);
	make_silent(w);
	origin_start(w, NULL, NULL);
	run = bulkfetch(w, "--resolve",
	    world_text(w, "a.test:%u:192.0.2.1,2001:db8::1,192.0.2.2,127.0.0.1",
		w->port),
	    "-d", "out", "--log", "log", origin_url_at(w, "a.test", "/gen/9/a"),
	    NULL);
	expect_exit(run, 0);
	expect_generated_from(
	    w, "out", world_text(w, "a.test:%u", w->port), "/gen/9/a");
	r = records_read(w, "log");
	connect_ms = record_number(&r, records_find(&r, "n", "1"), "connect");
	assert_true(connect_ms >= 3 * 250 - 1);
	if (run_is_bare())
		assert_true(connect_ms < 3 * 250 + 2000);
}

static void
silence_all_around_ends_with_the_connect_timeout(void **state)
{
	struct world *w = *state;
	struct records r;
	struct run *run;

	enter_network(w);
	make_silent(w);
	run = bulkfetch(w, "-v", "--retry", "0", "--connect-timeout", "0.6",
	    "--resolve", "a.test:80:192.0.2.1,2001:db8::1,192.0.2.2", "-d",
	    "out", "--log", "log", "http://a.test/a", NULL);
	expect_exit(run, 4);
	expect_says(run, "not connected within --connect-timeout");
	assert_true(run->took_ms >= 600);
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "error", "timeout"), 1);
	assert_int_equal(records_count(&r, "stage", "connect"), 1);
}

/* A family that there is no way to costs nothing. */
static void
a_family_without_a_route_is_passed_over(void **state)
{
	enum { URLS = 20 };
	struct world *w = *state;
	struct records r;

	enter_network(w);
	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "a.test", "/gen/9/", URLS);
	expect_exit(
	    bulkfetch(w, "-c", "2", CLOSING, "--retry", "0", "--resolve",
		world_text(w, "a.test:%u:2001:db8::1,127.0.0.1", w->port), "-d",
		"out", "--log", "log", "list", NULL),
	    0);
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "ip", "127.0.0.1"), URLS);
}

/* A machine with `count` ports to connect from. */
static void
narrow_ports(unsigned count)
{
	static const char path[] = "/proc/sys/net/ipv4/ip_local_port_range";
	FILE *f = fopen(path, "we");

	if (f == NULL) {
		print_message("skipped: %s: %s\n", path, strerror(errno));
		skip();
	}
	assert_true(fprintf(f, "40000 %u\n", 40000 + count - 1) > 0);
	assert_int_equal(fclose(f), 0);
}

static void
used_up_ports_are_waited_for(void **state)
{
	enum { URLS = 200, PORTS = 40 };
	struct world *w = *state;
	struct run *run;

	enter_network(w);
	origin_start(w, NULL, NULL);
	narrow_ports(PORTS);
	origin_add_urls(w, "list", "127.0.0.1", "/delay/50/9/", URLS);
	run = bulkfetch(
	    w, "-c", "100", CLOSING, "--retry", "0", "-d", "out", "list", NULL);
	expect_exit(run, 0);
	expect_summary(run, URLS, 0, 0);
	expect_urls(w, "out", "127.0.0.1", "/delay/50/9/", URLS);
	expect_says(run, "out of descriptors or ports");
}

static void
more_sources_have_more_ports(void **state)
{
	enum { URLS = 70, PORTS = 40 };
	struct world *w = *state;
	struct run *run;

	enter_network(w);
	origin_start(w, NULL, NULL);
	narrow_ports(PORTS);
	/* All at once. */
	origin_add_urls(w, "list", "127.0.0.1", "/delay/1000/9/", URLS);
	run = bulkfetch(w, "-c", "70", CLOSING, "--retry", "0", "--interface",
	    "127.0.0.2,127.0.0.3", "-d", "out", "list", NULL);
	expect_exit(run, 0);
	expect_says_not(run, "out of descriptors or ports");
	expect_urls(w, "out", "127.0.0.1", "/delay/1000/9/", URLS);
	assert_true(origin_stat(w, "peak") > PORTS);
}

#define NETWORK_TEST(test) \
	cmocka_unit_test_setup_teardown(test, world_setup, leave_network)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(the_addresses_of_a_name_are_used_in_rotation),
		WORLD_TEST(an_address_that_refuses_is_passed_over),
		WORLD_TEST(a_name_whose_addresses_all_refuse_fails),
		WORLD_TEST(the_family_asked_for_is_used),
		WORLD_TEST(requests_are_connected_to_another_host),
		WORLD_TEST(
		    each_new_connection_takes_the_next_of_a_list_of_addresses),
		WORLD_TEST(both_families_of_a_list_of_addresses_are_used),
		WORLD_TEST(a_list_of_addresses_may_hold_some_that_refuse),
		WORLD_TEST(fetches_through_a_unix_socket),
		WORLD_TEST(connections_come_from_the_addresses_asked_for),
		NETWORK_TEST(ipv4_wins_where_ipv6_is_silent_and_is_remembered),
		NETWORK_TEST(silent_addresses_cost_a_quarter_of_a_second_each),
		NETWORK_TEST(silence_all_around_ends_with_the_connect_timeout),
		NETWORK_TEST(a_family_without_a_route_is_passed_over),
		NETWORK_TEST(used_up_ports_are_waited_for),
		NETWORK_TEST(more_sources_have_more_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
