#include "exact.h"

#include <stdio.h>

#include "dns/resolv_conf.h"

/* "server,server;search,search;ndots timeout attempts rotate tcp" */
static const char *
read_all(struct slice text, char *out, size_t cap)
{
	struct resolv_conf conf;
	char name[DNS_NAME_TEXT_MAX];
	size_t len = 0;

	resolv_conf_parse(text, &conf);
	for (size_t i = 0; i < conf.server_count; i++)
		len += (size_t)snprintf(out + len, cap - len, "%.*s,",
		    (int)conf.servers[i].len,
		    (const char *)conf.servers[i].ptr);
	len += (size_t)snprintf(out + len, cap - len, ";");
	for (size_t i = 0; i < conf.search_count; i++)
		len += (size_t)snprintf(out + len, cap - len, "%s,",
		    dns_name_format(&conf.search[i], name));
	(void)snprintf(out + len, cap - len, ";%u %u %u %d %d", conf.ndots,
	    conf.timeout_s, conf.attempts, conf.is_rotated, conf.uses_tcp);
	return out;
}

static void
reads_what_well_formed_lines_say(void **state)
{
	static const struct {
		struct slice text;
		const char *read;
	} rows[] = {
		{ TEXT(""), ";;1 2 3 0 0" },
		{ TEXT("\n\n# nameserver 1.1.1.1\n; domain x\n"),
		    ";;1 2 3 0 0" },
		{ TEXT("nameserver 192.0.2.1"), "192.0.2.1,;;1 2 3 0 0" },
		{ TEXT("nameserver\t192.0.2.1 \r\nnameserver  2001:db8::1\n"),
		    "192.0.2.1,2001:db8::1,;;1 2 3 0 0" },
		{ TEXT("nameserver 192.0.2.1 192.0.2.2\n"),
		    "192.0.2.1,;;1 2 3 0 0" },
		{ TEXT("nameserver 192.0.2.1 # ours\n"),
		    "192.0.2.1,;;1 2 3 0 0" },
		/* Whether it is an address is for the caller to find out. */
		{ TEXT("nameserver nonsense\n"), "nonsense,;;1 2 3 0 0" },
		/* Not at the line's front, another case, nothing behind. */
		{ TEXT(" nameserver 192.0.2.1\nNameserver 192.0.2.2\n"
		       "nameserver\nnameserver # 192.0.2.3\nsearch\n"
		       "nameserver192.0.2.4\nserver 192.0.2.5\n"),
		    ";;1 2 3 0 0" },
		{ TEXT("nameserver 1\nnameserver 2\nnameserver 3\n"
		       "nameserver 4\nnameserver 5\nnameserver 6\n"
		       "nameserver 7\nnameserver 8\nnameserver 9\n"),
		    "1,2,3,4,5,6,7,8,;;1 2 3 0 0" },
		{ TEXT("search a.example B.Example.\n"),
		    ";a.example,b.example,;1 2 3 0 0" },
		{ TEXT("options rotate\nsearch a b"), ";a,b,;1 2 3 1 0" },
		{ TEXT("search a\noptions rotate"), ";a,;1 2 3 1 0" },
		{ TEXT("search a ; b\n"), ";a,;1 2 3 0 0" },
		{ TEXT("search a\nsearch b c\n"), ";b,c,;1 2 3 0 0" },
		{ TEXT("search a b\ndomain c\n"), ";c,;1 2 3 0 0" },
		{ TEXT("domain a\nsearch b c\nsearch\n"), ";b,c,;1 2 3 0 0" },
		{ TEXT("domain a b\n"), ";a,;1 2 3 0 0" },
		{ TEXT("domain a..x b\n"), ";;1 2 3 0 0" },
		{ TEXT("search a .b c..d e\n"), ";a,e,;1 2 3 0 0" },
		{ TEXT("search a\nsearch .\n"), ";;1 2 3 0 0" },
		{ TEXT("search 1 2 3 4 5 6 7 8 9 a b c d e f . 10 11 12\n"),
		    ";1,2,3,4,5,6,7,8,9,a,b,c,d,e,f,10,;1 2 3 0 0" },
		{ TEXT("options ndots:2 timeout:4 attempts:5 rotate use-vc\n"),
		    ";;2 4 5 1 1" },
		{ TEXT("options ndots:2\noptions timeout:4\noptions ndots:3\n"),
		    ";;3 4 3 0 0" },
		{ TEXT("options ndots:0 timeout:0 attempts:0\n"),
		    ";;0 1 1 0 0" },
		{ TEXT("options ndots:16 timeout:31 attempts:6\n"),
		    ";;15 30 5 0 0" },
		{ TEXT("options ndots:99999999999999999999999999\n"),
		    ";;15 2 3 0 0" },
		{ TEXT("options ndots:0000000000000000000000002\n"),
		    ";;2 2 3 0 0" },
		{ TEXT("options ndots: timeout:-1 attempts:2x ndots:0x2\n"),
		    ";;1 2 3 0 0" },
		{ TEXT("options timeout:99999999999x attempts :2 ndots\n"),
		    ";;1 2 3 0 0" },
		{ TEXT("options edns0 Rotate use-vc2 trust-ad\n"),
		    ";;1 2 3 0 0" },
		{ TEXT("options # rotate\nsortlist 192.0.2.0\n"),
		    ";;1 2 3 0 0" },
		{ TEXT("\0nameserver 1\nnameserver \0\1\xff\n"),
		    ",;;1 2 3 0 0" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = exact_copy(rows[i].text);
		char out[512];

		(void)read_all(text, out, sizeof(out));
		if (strcmp(out, rows[i].read) != 0)
			fail_msg("row %zu: \"%s\" instead of \"%s\"", i, out,
			    rows[i].read);
		exact_free(text);
	}
}

/* The names asked for in turn, each with a ',' behind. */
static const char *
candidates(
    const struct resolv_conf *conf, struct slice host, char *out, size_t cap)
{
	struct dns_name name;
	char text[DNS_NAME_TEXT_MAX];
	size_t len = 0;

	out[0] = '\0';
	for (size_t at = 0; resolv_conf_candidate(conf, host, &at, &name);
	     at++) {
		assert_true(at <= conf->search_count);
		len += (size_t)snprintf(
		    out + len, cap - len, "%s,", dns_name_format(&name, text));
	}
	return out;
}

static void
asks_for_the_names_of_the_search_list_and_then_for_the_host(void **state)
{
	static const struct {
		const char *conf;
		const char *host;
		const char *names;
	} rows[] = {
		{ "", "host", "host," },
		{ "", "host.", "host," },
		{ "", "a.b", "a.b," },
		{ "search x y.z", "Host", "host.x,host.y.z,host," },
		{ "search x y.z", "host.", "host," },
		{ "search x y.z", "a.b", "a.b," },
		{ "search x\noptions ndots:2", "a.b", "a.b.x,a.b," },
		{ "search x\noptions ndots:2", "a.b.", "a.b," },
		{ "search x\noptions ndots:2", "a.b.c", "a.b.c," },
		{ "search x\noptions ndots:0", "a", "a," },
		{ "search x", "", "" },
		{ "search x", ".", "" },
		{ "search x", "a..b", "" },
		{ "search x", ".a", "" },
		{ "search x", "a b", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice host = exact_copy(slice_str(rows[i].host));
		struct resolv_conf conf;
		char out[256];

		resolv_conf_parse(slice_str(rows[i].conf), &conf);
		(void)candidates(&conf, host, out, sizeof(out));
		if (strcmp(out, rows[i].names) != 0)
			fail_msg("row %zu: \"%s\" instead of \"%s\"", i, out,
			    rows[i].names);
		exact_free(host);
	}
}

static void
passes_over_candidates_that_are_too_long(void **state)
{
	struct slice host = TEXT("12345678901234567890123456789012345678901234"
				 "567890");
	struct resolv_conf conf;
	char text[2048];
	char out[2048];
	char expected[512];
	size_t at = 0;
	struct dns_name name;
	char zone[203];

	(void)state;
	/* 50 octets, a dot, and 202 are the longest name. */
	memset(zone, 'x', sizeof(zone));
	for (size_t i = 20; i < sizeof(zone); i += 20)
		zone[i] = '.';
	zone[202] = '\0';
	(void)snprintf(text, sizeof(text),
	    "search %s.y z %s q%s q%s z2 q%s\noptions ndots:15", zone, zone,
	    zone, zone, zone);
	resolv_conf_parse(slice_str(text), &conf);
	assert_int_equal(conf.search_count, 7);
	assert_true(resolv_conf_candidate(&conf, host, &at, &name));
	assert_int_equal(at, 1);
	at = 3;
	assert_true(resolv_conf_candidate(&conf, host, &at, &name));
	assert_int_equal(at, 5);
	(void)snprintf(expected, sizeof(expected),
	    "%.*s.z,%.*s.%s,%.*s.z2,%.*s,", (int)host.len,
	    (const char *)host.ptr, (int)host.len, (const char *)host.ptr, zone,
	    (int)host.len, (const char *)host.ptr, (int)host.len,
	    (const char *)host.ptr);
	assert_string_equal(
	    candidates(&conf, host, out, sizeof(out)), expected);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_well_formed_lines_say),
		cmocka_unit_test(
		    asks_for_the_names_of_the_search_list_and_then_for_the_host),
		cmocka_unit_test(passes_over_candidates_that_are_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
