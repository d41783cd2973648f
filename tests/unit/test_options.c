#include "exact.h"

#include <errno.h>
#include <stdio.h>

#include "words.h"

/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "refuse.h"

static const struct wrong_words wrong[] = {
	{ { "-c", "abc" },
	    "--concurrency: 'abc' is not a number from 1 to 100000 (wget's -c: "
	    "parts are continued by themselves, and --resume goes on with a "
	    "run)" },
	{ { "-curls.txt" },
	    "--concurrency: 'urls.txt' is not a number from 1 to 100000 "
	    "(wget's -c: parts are continued by themselves, and --resume goes "
	    "on with a run)" },
	{ { "--concurrency=abc" },
	    "--concurrency: 'abc' is not a number from 1 to 100000" },
	{ { "-c", "0" },
	    "--concurrency: '0' is not a number from 1 to 100000" },
	{ { "-c", "100001" },
	    "--concurrency: '100001' is not a number from 1 to 100000" },
	{ { "-c", "1 " },
	    "--concurrency: '1 ' is not a number from 1 to 100000" },
	{ { "--jobs", "-1" },
	    "--concurrency: '-1' is not a number from 1 to 100000" },
	{ { "--parallel-max=" },
	    "--concurrency: '' is not a number from 1 to 100000" },
	{ { "-c" }, "--concurrency: N is missing" },
	{ { "-qc" }, "--concurrency: N is missing" },
	{ { "urls", "--dir" }, "--dir: DIR is missing" },
	{ { "-d", "" }, "--dir: '' is not a name" },
	{ { "--output=" }, "--output: '' is not a name" },
	{ { "--log", "" }, "--log: '' is not a name" },
	{ { "--failed=" }, "--failed: '' is not a name" },
	{ { "-u", "" }, "--user: '' is not a name" },
	{ { "--connect-timeout", "1s" },
	    "--connect-timeout: '1s' is not a number of seconds from 0 to "
	    "34560000" },
	{ { "--head-timeout", "-1" },
	    "--head-timeout: '-1' is not a number of seconds from 0 to "
	    "34560000" },
	{ { "--idle-timeout=" },
	    "--idle-timeout: '' is not a number of seconds from 0 to "
	    "34560000" },
	{ { "--max-time", "34560001" },
	    "--max-time: '34560001' is not a number of seconds from 0 to "
	    "34560000" },
	{ { "--max-filesize", "1X" },
	    "--max-filesize: '1X' is not a size in octets, such as 1000000, "
	    "500K or 2G" },
	{ { "--connect-timeout", "" },
	    "--connect-timeout: '' is not a number of seconds from 0 to "
	    "34560000" },
	{ { "--max-redirs", "101" },
	    "--max-redirs: '101' is not a number from 0 to 100" },
	{ { "--max-redirs", "-1" },
	    "--max-redirs: '-1' is not a number from 0 to 100" },
	{ { "--max-redirect=x" },
	    "--max-redirs: 'x' is not a number from 0 to 100" },
	{ { "--retry", "1001" },
	    "--retry: '1001' is not a number from 0 to 1000" },
	{ { "--retry", "" }, "--retry: '' is not a number from 0 to 1000" },
	{ { "--retry", "4294967298" },
	    "--retry: '4294967298' is not a number from 0 to 1000" },
	{ { "--retry-delay", "1s" },
	    "--retry-delay: '1s' is not a number of seconds from 0 to "
	    "34560000" },
	{ { "--retry-max-time", "34560000.001" },
	    "--retry-max-time: '34560000.001' is not a number of seconds from "
	    "0 to 34560000" },
	{ { "--max-retry-after", "soon" },
	    "--max-retry-after: 'soon' is not a number of seconds from 0 to "
	    "34560000" },
	{ { "--max-per-host", "100001" },
	    "--max-per-host: '100001' is not a number from 0 to 100000" },
	{ { "--max-host-errors", "1000001" },
	    "--max-host-errors: '1000001' is not a number from 0 to "
	    "1000000" },
	{ { "--look-ahead", "1000001" },
	    "--look-ahead: '1000001' is not a number from 0 to 1000000" },
	{ { "--rate", "0" },
	    "--rate: '0' is not a rate such as 20/s, 300/m or 5000/h" },
	{ { "--rate", "20/" },
	    "--rate: '20/' is not a rate such as 20/s, 300/m or 5000/h" },
	{ { "--rate", "20/min" },
	    "--rate: '20/min' is not a rate such as 20/s, 300/m or 5000/h" },
	{ { "--rate", "0.5/s" },
	    "--rate: '0.5/s' is not a rate such as 20/s, 300/m or 5000/h" },
	{ { "--rate-per-host=1000000001/d" },
	    "--rate-per-host: '1000000001/d' is not a rate such as 20/s, 300/m "
	    "or 5000/h" },
	{ { "--limit-rate", "2m" },
	    "--limit-rate: '2m' is not a size in octets, such as 1000000, 500K "
	    "or 2G" },
	{ { "--max-transfer", "-1" },
	    "--max-transfer: '-1' is not a size in octets, such as 1000000, "
	    "500K or 2G" },
	{ { "--max-duration", "8h" },
	    "--max-duration: '8h' is not a number of seconds from 0 to "
	    "34560000" },
	{ { "--max-drain", "-1" },
	    "--max-drain: '-1' is not a number of seconds from 0 to "
	    "34560000" },
	{ { "--max-errors", "5%%" },
	    "--max-errors: '5%%' is not a number from 1 on, or a share such as "
	    "5%" },
	{ { "--max-errors", "%" },
	    "--max-errors: '%' is not a number from 1 on, or a share such as "
	    "5%" },
	{ { "--max-errors", "0.0%" },
	    "--max-errors: '0.0%' is not a number from 1 on, or a share such "
	    "as 5%" },
	{ { "--max-errors", "100.001%" },
	    "--max-errors: '100.001%' is not a number from 1 on, or a share "
	    "such as 5%" },
	{ { "--max-errors", "1.5" },
	    "--max-errors: '1.5' is not a number from 1 on, or a share such as "
	    "5%" },
	{ { "--max-errors", "" },
	    "--max-errors: '' is not a number from 1 on, or a share such as "
	    "5%" },
	{ { "-L5" }, "unknown option '-5'" },
	{ { "--location=yes" }, "--location takes no value" },
	{ { "--no-location=no" }, "--no-location takes no value" },
	{ { "--max-errors", "0" },
	    "--max-errors: '0' is not a number from 1 on, or a share such as "
	    "5%" },
	{ { "--progress", "dots" },
	    "--progress: 'dots' is not auto, bar, plain or none" },
	{ { "-X", "GE T" },
	    "--request: 'GE T' is not a method to fetch with, as PUT is" },
	{ { "-X", "" },
	    "--request: '' is not a method to fetch with, as PUT is" },
	{ { "-XCONNECT" },
	    "--request: 'CONNECT' is not a method to fetch with, as PUT is" },
	{ { "--data", "@body.json" },
	    "--data: '@body.json' is not read from a file; see --data-file" },
	{ { "--data-file", "-" },
	    "--data-file: '-' is not a file: standard input is for lists" },
	{ { "--data-file=" }, "--data-file: '' is not the name of a file" },
	{ { "--dns-servers=" },
	    "--dns-servers: '' is not a list of addresses between commas" },
	{ { "--dns-servers", "::1,,::2" },
	    "--dns-servers: '::1,,::2' is not a list of addresses between "
	    "commas" },
	{ { "--dns-servers", "::1," },
	    "--dns-servers: '::1,' is not a list of addresses between "
	    "commas" },
	{ { "--dns-servers=1,2,3,4,5,6,7,8,9" },
	    "--dns-servers: more than 8 name servers" },
	{ { "--dns-servers" }, "--dns-servers: ADDR,... is missing" },
	{ { "--dns-max-inflight=0" },
	    "--dns-max-inflight: '0' is not a number from 1 to 65535" },
	{ { "--dns-max-inflight", "65536" },
	    "--dns-max-inflight: '65536' is not a number from 1 to 65535" },
	{ { "--resolve=" }, "--resolve: '' is not HOST:PORT:ADDR,..." },
	{ { "--connect-to", "" },
	    "--connect-to: '' is not HOST1:PORT1:HOST2:PORT2" },
	{ { "--interface=" }, "--interface: '' is not NAME|ADDR,..." },
	{ { "--address-list=" }, "--address-list: '' is not a name" },
	{ { "--unix-socket=" }, "--unix-socket: '' is not a name" },
	{ { "-x" }, "--proxy: URL is missing" },
	{ { "-U", "" }, "--proxy-user: '' is not a name" },
	{ { "--proxytunnel=yes" }, "--proxytunnel takes no value" },
	{ { "-46=" }, "unknown option '-='" },
	{ { "" }, "a LIST has an empty name" },
	{ { "--", "" }, "a LIST has an empty name" },
};

static void
says_what_is_wrong_and_what_was_expected(void **state)
{
	(void)state;
	expect_refused(wrong, COUNT(wrong));
}

/* One setting in many spellings. */
static void
takes_every_spelling_of_a_value(void **state)
{
	static const char *const spellings[][WORDS_MAX] = {
		{ "-c", "200", "urls" },
		{ "-c200", "urls" },
		{ "urls", "-c200" },
		{ "--concurrency", "200", "urls" },
		{ "--concurrency=200", "urls" },
		{ "--conc", "200", "urls" },
		{ "--jobs=200", "urls" },
		{ "--j", "200", "urls" },
		{ "urls", "--parallel-max", "200" },
		{ "urls", "--parallel-=200" },
		{ "-c", "5", "urls", "-c", "200" },
		{ "-c0200", "--", "urls" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(spellings); i++) {
		struct options o;

		assert_null(words_parse(&o, spellings[i]));
		assert_int_equal(o.fetch.concurrency, 200);
		assert_int_equal(o.list_count, 1);
		assert_string_equal(o.lists[0], "urls");
		options_fini(&o);
	}
}

static void
has_the_library_s_defaults(void **state)
{
	static const char *const words[] = { NULL };
	struct options o;

	(void)state;
	assert_null(words_parse(&o, words));
	assert_int_equal(o.fetch.concurrency, 50);
	assert_int_equal(o.fetch.connect_timeout_ms, 10000);
	assert_int_equal(o.fetch.head_timeout_ms, 60000);
	assert_int_equal(o.fetch.idle_timeout_ms, 30000);
	assert_int_equal(o.fetch.max_time_ms, 0);
	assert_int_equal(o.fetch.max_filesize, 0);
	assert_int_equal(o.fetch.max_errors, 0);
	assert_true(o.fetch.follows_redirects);
	assert_int_equal(o.fetch.max_redirects, 10);
	assert_int_equal(o.fetch.retries, 2);
	assert_int_equal(o.fetch.retry_delay_ms, 0);
	assert_int_equal(o.fetch.max_retry_after_ms, 3600000);
	assert_int_equal(o.fetch.max_per_host, 0);
	assert_int_equal(o.fetch.rate.count, 0);
	assert_int_equal(o.fetch.rate_per_host.count, 0);
	assert_int_equal(o.fetch.max_drain_ms, 30000);
	assert_int_equal(o.fetch.family, BULKFETCH_FAMILY_ANY);
	assert_int_equal(o.fetch.dns_server_count, 0);
	assert_int_equal(o.fetch.dns_max_inflight, 0);
	assert_null(o.proxy);
	assert_null(o.fetch.http_proxy);
	assert_null(o.fetch.no_proxy);
	assert_false(o.is_resumed);
	assert_int_equal(o.progress, PROGRESS_AUTO);
	assert_null(o.fetch.method);
	assert_null(o.fetch.user_agent);
	assert_null(o.tree.dir);
	assert_null(o.tree.name_template);
	assert_int_equal(o.list_count, 0);
	options_fini(&o);
}

static void
puts_every_value_in_its_place(void **state)
{
	static const char *const words[] = { "-d", "out", "-o", "%{n}", "-H",
		"A: b", "--header=C;", "-A", "", "-e", "ref", "-u", "me:pw",
		"-XPUT", "--data", "a=b", "--data-file", "f", "--data", "",
		"--atomic", "--fail-with-body", "--max-filesize", "2k",
		"--connect-timeout", "0.5", "--head-timeout=0",
		"--idle-timeout=1", "--max-time=90", "--max-errors=7", "--log",
		"l", "--failed", "-", "--progress", "plain", "-vqsv", "list",
		"-", "http://h/", "--", "-x", NULL };
	struct options o;

	(void)state;
	assert_null(words_parse(&o, words));
	assert_string_equal(o.tree.dir, "out");
	assert_string_equal(o.tree.name_template, "%{n}");
	assert_int_equal(o.fetch.field_count, 2);
	assert_string_equal(o.fetch.fields[0], "A: b");
	assert_string_equal(o.fetch.fields[1], "C;");
	assert_string_equal(o.fetch.user_agent, "");
	assert_string_equal(o.fetch.referer, "ref");
	assert_string_equal(o.fetch.credentials, "me:pw");
	assert_string_equal(o.fetch.method, "PUT");
	assert_int_equal(o.data_count, 3);
	assert_string_equal(o.data[0].text, "a=b");
	assert_false(o.data[0].is_file);
	assert_string_equal(o.data[1].text, "f");
	assert_true(o.data[1].is_file);
	assert_string_equal(o.data[2].text, "");
	assert_true(o.tree.is_atomic);
	assert_true(o.fetch.fail_with_body);
	assert_int_equal(o.fetch.max_filesize, 2048);
	assert_int_equal(o.fetch.connect_timeout_ms, 500);
	assert_int_equal(o.fetch.head_timeout_ms, 0);
	assert_int_equal(o.fetch.idle_timeout_ms, 1000);
	assert_int_equal(o.fetch.max_time_ms, 90000);
	assert_int_equal(o.fetch.max_errors, 7);
	assert_string_equal(o.log, "l");
	assert_string_equal(o.failed, "-");
	assert_int_equal(o.progress, PROGRESS_PLAIN);
	assert_int_equal(o.verbosity, 2);
	assert_true(o.is_quiet);
	assert_true(o.is_silent);
	assert_int_equal(o.list_count, 4);
	assert_string_equal(o.lists[0], "list");
	assert_string_equal(o.lists[1], "-");
	assert_string_equal(o.lists[2], "http://h/");
	assert_string_equal(o.lists[3], "-x");
	options_fini(&o);
}

static void
takes_what_limits_and_repeats_requests(void **state)
{
	static const char *const words[] = { "--max-redirs=0", "--retry",
		"1000", "--retry-delay=.5", "--retry-max-time", "600",
		"--retry-all-errors", "--retry-unsafe", "--max-retry-after=60",
		"--max-per-host", "4", "--rate", "20/s", "--rate-per-host=90/m",
		"--limit-rate", "3M", "--max-host-errors=5", "--look-ahead",
		"1000000", "--max-drain=0", "--max-duration", "3600",
		"--max-transfer=2G", NULL };
	const struct bulkfetch_options *f;
	struct options o;

	(void)state;
	assert_null(words_parse(&o, words));
	f = &o.fetch;
	assert_int_equal(f->max_redirects, 0);
	assert_int_equal(f->retries, 1000);
	assert_int_equal(f->retry_delay_ms, 500);
	assert_int_equal(f->retry_max_time_ms, 600000);
	assert_true(f->retry_all_errors);
	assert_true(f->retry_unsafe);
	assert_int_equal(f->max_retry_after_ms, 60000);
	assert_int_equal(f->max_per_host, 4);
	assert_int_equal(f->rate.count, 20);
	assert_int_equal(f->rate.per_ms, 1000);
	assert_int_equal(f->rate_per_host.count, 90);
	assert_int_equal(f->rate_per_host.per_ms, 60000);
	assert_int_equal(f->limit_rate, 3 << 20);
	assert_int_equal(f->max_host_errors, 5);
	assert_int_equal(f->look_ahead, 1000000);
	assert_int_equal(f->max_drain_ms, 0);
	assert_int_equal(f->max_duration_ms, 3600000);
	assert_int_equal(f->max_transfer, UINT64_C(2) << 30);
	options_fini(&o);
}

static void
takes_what_says_where_to_connect(void **state)
{
	static const char *const words[] = { "-4", "--dns-servers", "192.0.2.1",
		"--dns-servers=127.0.0.1:5353,[::1]:53", "--dns-max-inflight",
		"9", "--resolve", "a:80:192.0.2.7", "--connect-to",
		"::192.0.2.8:81", "--resolve=*:80:::1,::2", "--interface=eth0",
		"--interface", "192.0.2.9,lo", "-xsocks5h://h", "-U", "me:pw",
		"--noproxy", "", "-p", NULL };
	const struct bulkfetch_options *f;
	struct options o;

	(void)state;
	assert_null(words_parse(&o, words));
	f = &o.fetch;
	assert_int_equal(f->family, BULKFETCH_FAMILY_IPV4);
	/* The last one counts, of those between commas all. */
	assert_int_equal(f->dns_server_count, 2);
	assert_string_equal(f->dns_servers[0], "127.0.0.1:5353");
	assert_string_equal(f->dns_servers[1], "[::1]:53");
	assert_int_equal(f->dns_max_inflight, 9);
	assert_int_equal(f->resolve_count, 2);
	assert_string_equal(f->resolves[0], "a:80:192.0.2.7");
	assert_string_equal(f->resolves[1], "*:80:::1,::2");
	assert_int_equal(f->connect_to_count, 1);
	assert_string_equal(f->connect_tos[0], "::192.0.2.8:81");
	assert_int_equal(f->interface_count, 2);
	assert_string_equal(f->interfaces[0], "eth0");
	assert_string_equal(f->interfaces[1], "192.0.2.9,lo");
	assert_string_equal(o.proxy, "socks5h://h");
	assert_string_equal(f->proxy_credentials, "me:pw");
	assert_string_equal(f->no_proxy, "");
	assert_true(f->uses_tunnel);
	options_fini(&o);
}

static void
takes_other_places_to_connect_to(void **state)
{
	static const char *const list[] = { "-6", "--address-list", "l",
		"--dns-servers=1,2,3,4,5,6,7,8", NULL };
	static const char *const path[] = { "--unix-socket=/s", "-x", "",
		NULL };
	struct options o;

	(void)state;
	assert_null(words_parse(&o, list));
	assert_int_equal(o.fetch.family, BULKFETCH_FAMILY_IPV6);
	assert_string_equal(o.fetch.address_list, "l");
	assert_int_equal(o.fetch.dns_server_count, BULKFETCH_DNS_SERVERS_MAX);
	assert_string_equal(o.fetch.dns_servers[7], "8");
	options_fini(&o);
	assert_null(words_parse(&o, path));
	assert_string_equal(o.fetch.unix_socket, "/s");
	assert_string_equal(o.proxy, "");
	options_fini(&o);
}

static void
takes_what_concerns_files_and_runs(void **state)
{
	static const char *const update[] = { "--update", "-R", "--durable",
		"--log=l", NULL };
	static const char *const stamps[] = { "-N", "--remote-time", NULL };
	struct options o;

	(void)state;
	assert_null(words_parse(&o, update));
	assert_true(o.tree.is_update);
	assert_true(o.tree.sets_mtime);
	assert_true(o.is_durable);
	assert_false(o.tree.is_timestamping);
	options_fini(&o);
	assert_null(words_parse(&o, stamps));
	assert_true(o.tree.is_timestamping);
	assert_true(o.tree.sets_mtime);
	assert_false(o.tree.is_update);
	options_fini(&o);
}

/* The last one counts, also where one option has two kinds of values. */
static void
takes_a_number_or_a_share_of_errors(void **state)
{
	static const struct {
		const char *words[4];
		uint64_t count;
		double percent;
	} rows[] = {
		{ { "--max-errors=1" }, 1, 0 },
		{ { "--max-errors=18446744073709551615" }, UINT64_MAX, 0 },
		{ { "--max-errors=5%" }, 0, 5 },
		{ { "--max-errors=0.125%" }, 0, 0.125 },
		{ { "--max-errors=100%" }, 0, 100 },
		{ { "--max-errors=5%", "--max-errors=7" }, 7, 0 },
		{ { "--max-errors=7", "--max-errors=5%" }, 0, 5 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct options o;

		assert_null(words_parse(&o, rows[i].words));
		assert_true(o.fetch.max_errors == rows[i].count);
		assert_true(o.fetch.max_error_percent == rows[i].percent);
		options_fini(&o);
	}
}

static void
follows_redirects_unless_told_otherwise_last(void **state)
{
	static const struct {
		const char *words[4];
		bool follows;
	} rows[] = {
		{ { "list" }, true },
		{ { "-L" }, true },
		{ { "--no-location" }, false },
		{ { "-L", "--no-location" }, false },
		{ { "--no-location", "--location" }, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct options o;

		assert_null(words_parse(&o, rows[i].words));
		assert_int_equal(o.fetch.follows_redirects, rows[i].follows);
		options_fini(&o);
	}
}

static void
knows_how_a_run_is_resumed(void **state)
{
	static const struct {
		const char *words[4];
		bool is_resumed;
		enum bulkfetch_resume_how how;
	} rows[] = {
		{ { "--log=l" }, false, BULKFETCH_RESUME },
		{ { "--log=l", "--resume", "list" }, true, BULKFETCH_RESUME },
		{ { "--log=l", "--resume-failed" }, true,
		    BULKFETCH_RESUME_FAILED },
		{ { "--log=l", "--retry-failed" }, true,
		    BULKFETCH_RETRY_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct options o;

		assert_null(words_parse(&o, rows[i].words));
		assert_int_equal(o.is_resumed, rows[i].is_resumed);
		assert_int_equal(o.resume_how, rows[i].how);
		options_fini(&o);
	}
}

static void
draws_conclusions(void **state)
{
	static const char *const head[] = { "-XHEAD", NULL };
	static const char *const early[] = { "--fail-early", "--max-errors=5",
		NULL };
	static const char *const out[] = { "-o", "-", "--log=l", NULL };
	struct options o;

	(void)state;
	assert_null(words_parse(&o, head));
	assert_true(o.is_head);
	options_fini(&o);
	assert_null(words_parse(&o, early));
	assert_int_equal(o.fetch.max_errors, 1);
	options_fini(&o);
	assert_null(words_parse(&o, out));
	assert_true(o.is_to_stdout);
	assert_null(o.tree.name_template);
	options_fini(&o);
}

static void
answers_help_and_version_at_once(void **state)
{
	static const char *const help[] = { "-qh", "--nonsense", NULL };
	static const char *const version[] = { "-o-", "--log=-", "-V", "-B",
		NULL };
	struct options o;

	(void)state;
	assert_null(words_parse(&o, help));
	assert_true(o.is_help);
	options_fini(&o);
	assert_null(words_parse(&o, version));
	assert_true(o.is_version);
	options_fini(&o);
}

static void
survives_a_refused_allocation(void **state)
{
	static const char *const words[] = { "-q", "list", NULL };
	struct bulkfetch_problem problem = { 0 };
	size_t n = 0;
	bool was_refused;

	(void)state;
	do {
		struct options o;
		bool parsed;

		refuse_begin(++n);
		parsed = options_parse(&o, words, 2, &problem);
		was_refused = refuse_end();
		assert_int_equal(parsed, !was_refused);
		if (was_refused) {
			assert_false(problem.is_usage);
			assert_int_equal(problem.sys, ENOMEM);
		}
		options_fini(&o);
	} while (was_refused);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_wrong_and_what_was_expected),
		cmocka_unit_test(takes_every_spelling_of_a_value),
		cmocka_unit_test(has_the_library_s_defaults),
		cmocka_unit_test(puts_every_value_in_its_place),
		cmocka_unit_test(takes_what_limits_and_repeats_requests),
		cmocka_unit_test(takes_what_says_where_to_connect),
		cmocka_unit_test(takes_other_places_to_connect_to),
		cmocka_unit_test(takes_what_concerns_files_and_runs),
		cmocka_unit_test(takes_a_number_or_a_share_of_errors),
		cmocka_unit_test(follows_redirects_unless_told_otherwise_last),
		cmocka_unit_test(knows_how_a_run_is_resumed),
		cmocka_unit_test(draws_conclusions),
		cmocka_unit_test(answers_help_and_version_at_once),
		cmocka_unit_test(survives_a_refused_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
