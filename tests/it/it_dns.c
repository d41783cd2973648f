/* Names: asked for of real name servers, and of one that misbehaves. */
#include "harness.h"

#include <stdio.h>
#include <unistd.h>

#include "dns.h"

static const char *const dnsmasq_lines = "local-ttl=3600\n"
					 "address=/n.test/127.0.0.1\n"
					 "host-record=six.test,::1\n"
					 "host-record=both.test,127.0.0.4,::1\n"
					 "cname=al.test,both.test\n"
					 "cname=al2.test,al.test\n"
					 "txt-record=empty.test,nothing\n";

static const char *
url_of(struct world *w, const char *host, const char *path)
{
	return world_text(w, "http://%s:%u%s", host, w->port, path);
}

/* Append a URL for each of the hosts PREFIX0SUFFIX, PREFIX1SUFFIX and so on. */
static void
add_hosts(struct world *w, const char *list, const char *prefix,
    const char *suffix, size_t count)
{
	FILE *f = fopen(world_path(w, list), "ae");

	assert_non_null(f);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(f, "http://%s%zu%s:%u/gen/9/x\n", prefix, i,
		    suffix, w->port);
	assert_int_equal(fclose(f), 0);
}

static void
expect_hosts(
    struct world *w, const char *prefix, const char *suffix, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect_generated_from(w, "out",
		    world_text(w, "%s%zu%s:%u", prefix, i, suffix, w->port),
		    "/gen/9/x");
}

/* One URL for each of these hosts, up to a NULL. */
static void
write_hosts(struct world *w, const char *const *hosts)
{
	const char *text = "";

	for (size_t i = 0; hosts[i] != NULL; i++)
		text = world_text(
		    w, "%s%s\n", text, url_of(w, hosts[i], "/gen/9/x"));
	world_write(w, "list", text);
}

static struct slice
record_of(struct world *w, const struct records *r, const char *host)
{
	return records_find(r, "url", url_of(w, host, "/gen/9/x"));
}

/* A list of those hosts fails for that reason; without trying again. */
static void
expect_failure(struct world *w, const struct dns *dns, const char *host,
    const char *error, const char *message)
{
	const char *const hosts[] = { host, NULL };
	struct records r;

	(void)unlink(world_path(w, "log"));
	write_hosts(w, hosts);
	/* 4: all have failed. */
	expect_exit(bulkfetch(w, "--dns-servers", dns->addr, "--retry", "0",
			"-d", "out", "--log", "log", "list", NULL),
	    4);
	r = records_read(w, "log");
	expect_member(&r, record_of(w, &r, host), "error", error);
	expect_member(&r, record_of(w, &r, host), "stage", "dns");
	expect_member(&r, record_of(w, &r, host), "message", message);
}

/* ---- Real servers ------------------------------------------------------- */

static void
names_lead_to_their_addresses(void **state)
{
	static const struct {
		const char *host;
		const char *ip;   /* of the one family */
		const char * or ; /* or of the other */
	} rows[] = {
		{ "a.n.test", "127.0.0.1", NULL },
		{ "six.test", "::1", NULL },
		{ "both.test", "::1", "127.0.0.4" },
		{ "al.test", "::1", "127.0.0.4" },
		{ "al2.test", "::1", "127.0.0.4" },
		{ "A.N.Test.", "127.0.0.1", NULL },
	};
	struct world *w = *state;
	const char *text = "";
	struct records r;
	struct dns dns;
	struct run *run;

	if (!dnsmasq_start(w, &dns, dnsmasq_lines, ""))
		skip();
	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(rows); i++)
		text = world_text(w, "%s%s\n", text,
		    url_of(w, rows[i].host, world_text(w, "/gen/9/%zu", i)));
	world_write(w, "list", text);
	run = bulkfetch(w, "-v", "--dns-servers", dns.addr, "-d", "out",
	    "--log", "log", "list", NULL);
	expect_exit(run, 0);
	expect_summary(run, COUNT(rows), 0, 0);
	expect_says(run, world_text(w, "name servers: %s\n", dns.addr));
	expect_says(run, "bulkfetch: a.n.test: 127.0.0.1 in ");
	expect_says(run, "bulkfetch: both.test: ::1 127.0.0.4 in ");
	expect_says(run, " ms (from the name servers)\n");
	r = records_read(w, "log");
	assert_int_equal(r.count, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice record =
		    records_find(&r, "n", world_text(w, "%zu", i + 1));

		assert_in_range(
		    record_number(&r, record, "dns"), 0, run->took_ms);
		if (rows[i].or == NULL)
			expect_member(&r, record, "ip", rows[i].ip);
	}
	assert_int_equal(records_count(&r, "ip", "127.0.0.1"), 2);
	assert_int_equal(records_count(&r, "ip", "::1") +
		records_count(&r, "ip", "127.0.0.4"),
	    4);
}

static void
one_family_is_used_alone(void **state)
{
	static const char *const hosts[] = { "both.test", NULL };
	static const struct {
		const char *option;
		const char *ip;
		const char *asked;
		const char *other;
	} rows[] = {
		{ "-4", "127.0.0.4", "query[A]", "query[AAAA]" },
		{ "-6", "::1", "query[AAAA]", "query[A]" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *log = world_text(w, "log%zu", i);
		struct records r;
		struct dns dns;
		size_t before;

		if (!dnsmasq_start(w, &dns, dnsmasq_lines, ""))
			skip();
		origin_start(w, NULL, NULL);
		write_hosts(w, hosts);
		before = dns_count(w, &dns, rows[i].other);
		expect_exit(bulkfetch(w, rows[i].option, "--dns-servers",
				dns.addr, "-d", world_text(w, "out%zu", i),
				"--log", log, "list", NULL),
		    0);
		r = records_read(w, log);
		expect_member(&r, r.lines[0], "ip", rows[i].ip);
		assert_int_equal(
		    dns_count(
			w, &dns, world_text(w, "%s both.test", rows[i].asked)),
		    1);
		assert_int_equal(dns_count(w, &dns, rows[i].other), before);
	}
}

static void
what_there_is_not_is_told_apart(void **state)
{
	struct world *w = *state;
	struct dns dns;

	if (!dnsmasq_start(w, &dns, dnsmasq_lines, ""))
		skip();
	origin_start(w, NULL, NULL);
	expect_failure(
	    w, &dns, "nope.test", "resolve", "no such host (NXDOMAIN)");
	expect_failure(w, &dns, "empty.test", "resolve",
	    "the host has no address (NODATA)");
}

static void
each_of_many_names_is_asked_for_once(void **state)
{
	enum { NAMES = 2000, COPIES = 2 };
	struct world *w = *state;
	size_t names = NAMES / (size_t)run_slowness();
	struct dns dns;
	struct run *run;

	if (!dnsmasq_start(w, &dns, dnsmasq_lines, ""))
		skip();
	origin_start(w, NULL, NULL);
	for (int i = 0; i < COPIES; i++)
		add_hosts(w, "list", "a", ".n.test", names);
	/* That there is no IPv6 address dnsmasq says without telling for how
	 * long, so that would be asked for again after a while. */
	run = bulkfetch(w, "-4", "-c", "200", "--dns-servers", dns.addr, "-d",
	    "out", "list", NULL);
	expect_exit(run, 0);
	expect_summary(run, COPIES * names, 0, 0);
	assert_int_equal(world_count_files(w, "out"), names);
	assert_int_equal(world_octets(w, "out"), 9 * names);
	expect_says(run, world_text(w, "%zu names resolved", names));
	assert_int_equal(dns_count(w, &dns, "query[A] a"), names);
	assert_int_equal(dns_count(w, &dns, "query[AAAA] a"), 0);
}

static void
connections_of_one_name_share_its_lookup(void **state)
{
	enum { URLS = 200 };
	struct world *w = *state;
	struct dns dns;
	struct run *run;

	if (!dnsmasq_start(w, &dns, dnsmasq_lines, ""))
		skip();
	origin_start(w, NULL, NULL);
	origin_add_urls(w, "list", "both.test", "/delay/2/9/", URLS);
	run = bulkfetch(w, "-v", "-c", "50", "--dns-servers", dns.addr, "-d",
	    "out", "list", NULL);
	expect_exit(run, 0);
	expect_summary(run, URLS, 0, 0);
	expect_urls(w, "out", "both.test", "/delay/2/9/", URLS);
	expect_says(run, "1 name resolved");
	assert_int_equal(dns_count(w, &dns, "query[A] both.test"), 1);
	assert_int_equal(dns_count(w, &dns, "query[AAAA] both.test"), 1);
}

/* 200 addresses do not fit into a datagram. */
static void
a_long_answer_is_fetched_over_tcp(void **state)
{
	enum { ADDRS = 200 };
	static const char *const hosts[] = { "big.test", NULL };
	struct world *w = *state;
	const char *text = "";
	struct dns dns;
	struct run *run;

	for (int i = 0; i < ADDRS; i++)
		text = world_text(w, "%s127.1.0.%d big.test\n", text, i + 1);
	if (!dnsmasq_start(w, &dns, dnsmasq_lines, text))
		skip();
	origin_start(w, NULL, NULL);
	write_hosts(w, hosts);
	run = bulkfetch(
	    w, "-v", "--dns-servers", dns.addr, "-d", "out", "list", NULL);
	expect_exit(run, 0);
	expect_says(run, "big.test: 127.1.0.");
	/* A, truncated; AAAA; and A over TCP. */
	expect_says(run, "3 queries");
}

static void
unbound_is_understood_as_well(void **state)
{
	static const char lines[] =
	    "  local-data: \"a.test. 60 A 127.0.0.5\"\n"
	    "  local-data: \"b.test. 60 AAAA ::1\"\n"
	    "  local-data: \"c.test. 60 TXT none\"\n"
	    "  local-data: \"d.test. 60 CNAME a.test.\"\n"
	    "  local-zone: \"refused.test.\" refuse\n";
	static const char *const hosts[] = { "a.test", "b.test", "d.test",
		NULL };
	struct world *w = *state;
	struct records r;
	struct dns dns;

	if (!unbound_start(w, &dns, lines))
		skip();
	origin_start(w, NULL, NULL);
	write_hosts(w, hosts);
	expect_exit(bulkfetch(w, "--dns-servers", dns.addr, "-d", "out",
			"--log", "log", "list", NULL),
	    0);
	r = records_read(w, "log");
	expect_member(&r, record_of(w, &r, "a.test"), "ip", "127.0.0.5");
	expect_member(&r, record_of(w, &r, "b.test"), "ip", "::1");
	expect_member(&r, record_of(w, &r, "d.test"), "ip", "127.0.0.5");
	expect_failure(
	    w, &dns, "nope.test", "resolve", "no such host (NXDOMAIN)");
	expect_failure(
	    w, &dns, "c.test", "resolve", "the host has no address (NODATA)");
	expect_failure(w, &dns, "refused.test", "dns",
	    "the name servers refuse (REFUSED)");
}

/* ---- Servers that fail -------------------------------------------------- */

static void
servers_that_do_not_answer_are_passed_over(void **state)
{
	enum { NAMES = 200 };
	struct world *w = *state;

	for (int is_deaf = 0; is_deaf < 2; is_deaf++) {
		struct dns none;
		struct dns live;
		struct run *run;

		if (is_deaf)
			dns_deaf(w, &none);
		else
			dns_dead(w, &none);
		dns_script_start(w, &live);
		origin_start(w, NULL, NULL);
		(void)unlink(world_path(w, "list"));
		add_hosts(w, "list", "ok.a", ".test", NAMES);
		run = bulkfetch(w, "-c", "20", "--retry", "0", "--dns-servers",
		    world_text(w, "%s,%s", none.addr, live.addr), "-d",
		    world_text(w, "out%d", is_deaf), "list", NULL);
		expect_exit(run, 0);
		expect_summary(run, NAMES, 0, 0);
		/* Its silence is waited for by those asked first. */
		assert_true(run->took_ms < 8000 * run_slowness());
	}
}

static void
failures_to_find_out_are_told_apart(void **state)
{
	static const struct {
		const char *host;
		const char *error;
		const char *message;
	} rows[] = {
		{ "servfail.test", "dns",
		    "the name servers failed (SERVFAIL)" },
		{ "refused.test", "dns", "the name servers refuse (REFUSED)" },
		{ "nxdomain.test", "resolve", "no such host (NXDOMAIN)" },
		{ "nodata.test", "resolve",
		    "the host has no address (NODATA)" },
		{ "formerr.test", "dns", "the name servers failed (SERVFAIL)" },
		{ "hangup.test", "dns", "no answer from the name servers" },
		{ "ring.test", "dns", "the name servers failed (SERVFAIL)" },
		{ "loop.test", "dns", "the name servers failed (SERVFAIL)" },
		{ "alias40.test", "dns", "the name servers failed (SERVFAIL)" },
	};
	struct world *w = *state;
	const char *hosts[COUNT(rows) + 2];
	struct records r;
	struct dns dns;
	struct run *run;

	dns_script_start(w, &dns);
	origin_start(w, NULL, NULL);
	for (size_t i = 0; i < COUNT(rows); i++)
		hosts[i] = rows[i].host;
	hosts[COUNT(rows)] = "ok.test";
	hosts[COUNT(rows) + 1] = NULL;
	write_hosts(w, hosts);
	run = bulkfetch(w, "--dns-servers", dns.addr, "--retry", "0", "-d",
	    "out", "--log", "log", "list", NULL);
	expect_exit(run, 1);
	expect_summary(run, 1, 0, COUNT(rows));
	expect_says(run, "1 name resolved");
	expect_says(
	    run, "9 failed (NXDOMAIN 1, NODATA 1, SERVFAIL 6, no answer 1)");
	r = records_read(w, "log");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice record = record_of(w, &r, rows[i].host);

		expect_member(&r, record, "error", rows[i].error);
		expect_member(&r, record, "message", rows[i].message);
		expect_member(&r, record, "stage", "dns");
	}
}

/* What a server has said once and for all is no reason to try again. */
static void
only_what_could_not_be_found_out_is_tried_again(void **state)
{
	static const char *const hosts[] = { "servfail.test", "nxdomain.test",
		"nodata.test", NULL };
	struct world *w = *state;
	struct records r;
	struct dns dns;

	dns_script_start(w, &dns);
	origin_start(w, NULL, NULL);
	write_hosts(w, hosts);
	expect_exit(bulkfetch(w, "--dns-servers", dns.addr, "--retry", "2",
			"--retry-delay", "0.01", "-d", "out", "--log", "log",
			"list", NULL),
	    4);
	r = records_read(w, "log");
	expect_member(&r, record_of(w, &r, "servfail.test"), "tries", "3");
	expect_member(&r, record_of(w, &r, "nxdomain.test"), "tries", "1");
	expect_member(&r, record_of(w, &r, "nodata.test"), "tries", "1");
}

/* Anybody can send a datagram; none of these is what was asked for. */
static void
answers_to_something_else_are_ignored(void **state)
{
	static const char *const hosts[] = { "wrongid100.test",
		"wrongname100.test", "wrongport100.test", NULL };
	struct world *w = *state;
	struct records r;
	struct dns dns;

	dns_script_start(w, &dns);
	origin_start(w, NULL, NULL);
	write_hosts(w, hosts);
	expect_exit(bulkfetch(w, "--dns-servers", dns.addr, "--retry", "0",
			"-d", "out", "--log", "log", "list", NULL),
	    0);
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "ip", "127.0.0.1"), 3);
	for (size_t i = 0; i < r.count; i++)
		assert_true(record_number(&r, r.lines[i], "dns") >= 99);
}

static void
detours_lead_to_the_address(void **state)
{
	static const char *const hosts[] = { "cut.test", "many2000.test",
		"alias1.test", "alias12.test", "ttl0.test", NULL };
	struct world *w = *state;
	struct records r;
	struct dns dns;

	dns_script_start(w, &dns);
	origin_start(w, NULL, NULL);
	write_hosts(w, hosts);
	expect_exit(bulkfetch(w, "--dns-servers", dns.addr, "--retry", "0",
			"-d", "out", "--log", "log", "list", NULL),
	    0);
	r = records_read(w, "log");
	assert_int_equal(r.count, COUNT(hosts) - 1);
	assert_int_equal(dns_count(w, &dns, "tcp A many2000.test"), 1);
	assert_int_equal(dns_count(w, &dns, "tcp AAAA cut.test"), 1);
	assert_int_equal(dns_count(w, &dns, "udp A alias11.test"), 1);
}

/* Half of an answer is as good as a whole one, after a moment. */
static void
silence_for_one_family_costs_little(void **state)
{
	enum { NAMES = 300 };
	struct world *w = *state;
	struct dns dns;
	struct run *run;

	dns_script_start(w, &dns);
	origin_start(w, NULL, NULL);
	add_hosts(w, "list", "noaaaa.a", ".test", NAMES);
	/* Many more than may be out at a time. */
	run = bulkfetch(w, "-c", "100", "--dns-max-inflight", "32",
	    "--dns-servers", dns.addr, "-d", "out", "list", NULL);
	expect_exit(run, 0);
	expect_hosts(w, "noaaaa.a", ".test", NAMES);
	assert_true(run->took_ms >= 49);
	/* Each alone would be two seconds, at the least. */
	assert_true(run->took_ms < 1900 * run_slowness());
}

/* ---- How much at a time, and for how long ------------------------------- */

static void
no_more_queries_are_out_than_allowed(void **state)
{
	enum { NAMES = 12, LATE_MS = 50 };
	struct world *w = *state;
	struct dns dns;
	struct run *run;

	dns_script_start(w, &dns);
	origin_start(w, NULL, NULL);
	add_hosts(w, "list", "late50.a", ".test", NAMES);
	run = bulkfetch(w, "-4", "-c", "20", "--dns-servers", dns.addr,
	    "--dns-max-inflight", "2", "-d", "out", "list", NULL);
	expect_exit(run, 0);
	expect_hosts(w, "late50.a", ".test", NAMES);
	assert_true(run->took_ms >= NAMES / 2 * LATE_MS);
	(void)unlink(world_path(w, "list"));
	add_hosts(w, "list", "late50.b", ".test", NAMES);
	run = bulkfetch(w, "-4", "-c", "20", "--dns-servers", dns.addr, "-d",
	    "out", "list", NULL);
	expect_exit(run, 0);
	if (run_is_bare())
		assert_true(run->took_ms < NAMES / 2 * LATE_MS);
}

static void
names_that_nobody_answers_for_hold_up_no_others(void **state)
{
	enum { SILENT = 30, NAMES = 300 };
	struct world *w = *state;
	struct records r;
	struct dns dns;
	struct run *run;

	dns_script_start(w, &dns);
	origin_start(w, NULL, NULL);
	add_hosts(w, "list", "silent.a", ".test", SILENT);
	add_hosts(w, "list", "ok.a", ".test", NAMES);
	run = bulkfetch(w, "-4", "-c", "10", "--max-time", "1", "--retry", "0",
	    "--dns-servers", dns.addr, "-d", "out", "--log", "log", "list",
	    NULL);
	expect_exit(run, 1);
	expect_summary(run, NAMES, 0, SILENT);
	assert_int_equal(world_count_files(w, "out"), NAMES);
	r = records_read(w, "log");
	assert_int_equal(records_count(&r, "error", "timeout"), SILENT);
	assert_int_equal(
	    records_count(&r, "message", "longer than --max-time"), SILENT);
	/* All of them at once, though there are but ten connections. */
	assert_true(run->took_ms >= 990);
	assert_true(run->took_ms < 2500 * run_slowness());
}

/* ---- The system's files ------------------------------------------------- */

/* Run with these files in place of those of /etc, which root alone can. */
static struct run *
run_with_etc(struct world *w, const char *const *files, const char *options)
{
	const char *program = world_find_program(w, "unshare");
	const char *words[] = { "-m", "sh", "-ec", NULL, NULL };
	struct run_spec spec = { .program = program, .words = words };
	const char *script = "";

	if (program == NULL)
		return NULL;
	if (geteuid() != 0) {
		print_message("only root can put files over those of /etc\n");
		return NULL;
	}
	for (size_t i = 0; files[i] != NULL; i++) {
		if (access(world_text(w, "/etc/%s", files[i]), F_OK) != 0) {
			print_message("there is no /etc/%s\n", files[i]);
			return NULL;
		}
		script = world_text(w, "%smount --bind %s /etc/%s; ", script,
		    world_path(w, files[i]), files[i]);
	}
	words[3] = world_text(w, "%sexec %s %s", script,
	    program_path("BULKFETCH", "bulkfetch"), options);
	return run_spec(w, &spec);
}

static void
the_files_of_the_system_are_heeded(void **state)
{
	static const char *const files[] = { "hosts", "resolv.conf",
		"nsswitch.conf", NULL };
	static const char *const hosts[] = { "in-hosts", "db", "db.b.test",
		"x.localhost", "gone.invalid", NULL };
	struct world *w = *state;
	struct records r;
	struct dns dns;
	struct run *run;

	if (!dnsmasq_start(w, &dns, "address=/b.test/127.0.0.1\n", ""))
		skip();
	origin_start(w, NULL, NULL);
	write_hosts(w, hosts);
	world_write(w, "hosts", "127.0.0.7 in-hosts\n");
	world_write(w, "resolv.conf",
	    "nameserver 192.0.2.1\nsearch a.test b.test\n"
	    "options timeout:1 attempts:1\n");
	world_write(
	    w, "nsswitch.conf", "hosts: files mymachines dns myhostname\n");
	run = run_with_etc(w, files,
	    world_text(w, "-v --dns-servers %s --retry 0 -d out --log log list",
		dns.addr));
	if (run == NULL)
		skip();
	expect_exit(run, 1);
	expect_summary(run, 4, 0, 1);
	expect_says(run,
	    "nsswitch.conf also names: mymachines myhostname; not consulted");
	r = records_read(w, "log");
	expect_member(&r, record_of(w, &r, "in-hosts"), "ip", "127.0.0.7");
	expect_member(&r, record_of(w, &r, "gone.invalid"), "error", "resolve");
	assert_int_equal(dns_count(w, &dns, "query[A] in-hosts"), 0);
	assert_int_equal(dns_count(w, &dns, "localhost from"), 0);
	assert_int_equal(dns_count(w, &dns, "invalid from"), 0);
	/* "db" is searched for, "db.b.test" is not. */
	assert_int_equal(dns_count(w, &dns, "query[A] db.a.test"), 1);
	assert_int_equal(dns_count(w, &dns, "query[A] db.b.test"), 1);
	assert_int_equal(dns_count(w, &dns, "query[A] db.b.test.a"), 0);
}

static void
timeouts_of_resolv_conf_end_the_waiting(void **state)
{
	static const char *const files[] = { "resolv.conf", NULL };
	static const char *const hosts[] = { "silent.test", "ok.test", NULL };
	struct world *w = *state;
	struct records r;
	struct dns dns;
	struct run *run;

	dns_script_start(w, &dns);
	origin_start(w, NULL, NULL);
	write_hosts(w, hosts);
	world_write(w, "resolv.conf", "options timeout:1 attempts:2\n");
	run = run_with_etc(w, files,
	    world_text(w, "-4 --dns-servers %s --retry 0 -d out --log log list",
		dns.addr));
	if (run == NULL)
		skip();
	expect_exit(run, 1);
	expect_says(run, "1 failed (no answer 1)");
	r = records_read(w, "log");
	expect_member(&r, record_of(w, &r, "silent.test"), "error", "dns");
	expect_member(&r, record_of(w, &r, "silent.test"), "message",
	    "no answer from the name servers");
	/* One second, and then two. */
	assert_int_equal(dns_count(w, &dns, "silent.test"), 2);
	assert_in_range(
	    record_number(&r, record_of(w, &r, "silent.test"), "dns"), 2990,
	    3500 + 1000 * run_slowness());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(names_lead_to_their_addresses),
		WORLD_TEST(one_family_is_used_alone),
		WORLD_TEST(what_there_is_not_is_told_apart),
		WORLD_TEST(each_of_many_names_is_asked_for_once),
		WORLD_TEST(connections_of_one_name_share_its_lookup),
		WORLD_TEST(a_long_answer_is_fetched_over_tcp),
		WORLD_TEST(unbound_is_understood_as_well),
		WORLD_TEST(servers_that_do_not_answer_are_passed_over),
		WORLD_TEST(failures_to_find_out_are_told_apart),
		WORLD_TEST(only_what_could_not_be_found_out_is_tried_again),
		WORLD_TEST(answers_to_something_else_are_ignored),
		WORLD_TEST(detours_lead_to_the_address),
		WORLD_TEST(silence_for_one_family_costs_little),
		WORLD_TEST(no_more_queries_are_out_than_allowed),
		WORLD_TEST(names_that_nobody_answers_for_hold_up_no_others),
		WORLD_TEST(the_files_of_the_system_are_heeded),
		WORLD_TEST(timeouts_of_resolv_conf_end_the_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
