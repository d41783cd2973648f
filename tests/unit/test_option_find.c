#include "exact.h"

#include <stdio.h>

#include "cli/option_find.h"
#include "cli/option_help.h"

#include "words.h"

static const struct wrong_words wrong[] = {
	{ { "--foo" }, "unknown option '--foo'" },
	{ { "--foo=bar" }, "unknown option '--foo'" },
	{ { "--concurency", "5" },
	    "unknown option '--concurency'; did you mean '--concurrency'?" },
	{ { "--fail-erly" },
	    "unknown option '--fail-erly'; did you mean '--fail-early'?" },
	{ { "--skip_existing" },
	    "unknown option '--skip_existing'; did you mean "
	    "'--skip-existing'?" },
	{ { "--\033[1m" }, "unknown option '--\\x1b[1m'" },
	{ { "--=x" }, "unknown option '--'" },
	{ { "-B" }, "unknown option '-B'" },
	{ { "-q9" }, "unknown option '-9'" },
	{ { "-\033" }, "unknown option '-\\x1b'" },
	{ { "-atomic" }, "unknown option '-a'; did you mean '--atomic'?" },
	{ { "--fail-" },
	    "option '--fail-' may mean --fail-with-body, --fail-early" },
	{ { "--max" },
	    "option '--max' may mean --max-filesize, --max-redirs, "
	    "--max-retry-after, --max-per-host, --max-host-errors, "
	    "--max-time, --max-errors, --max-duration, --max-transfer, "
	    "--max-drain, --max-redirect" },
	{ { "--p=5" },
	    "option '--p' may mean --pass-file, --pinnedpubkey, --proto, "
	    "--proto-redir, --proxy, --proxy-user, --proxytunnel, "
	    "--progress, --parallel-max" },
	{ { "--pro" },
	    "option '--pro' may mean --proto, --proto-redir, --proxy, "
	    "--proxy-user, --proxytunnel, --progress" },
	{ { "--quiet=yes" }, "--quiet takes no value" },
	{ { "--help=me" }, "--help takes no value" },
};

static void
says_what_may_have_been_meant(void **state)
{
	(void)state;
	expect_refused(wrong, COUNT(wrong));
}

/* Every option that is named there is one. */
static void
expect_options(const char *hint)
{
	char candidates[OPTION_CANDIDATES_MAX];

	while ((hint = strstr(hint, "--")) != NULL) {
		size_t len =
		    strspn(hint += 2, "abcdefghijklmnopqrstuvwxyz1246.-");

		if (option_find_name(slice_of(hint, len), candidates) == NULL)
			fail_msg("there is no option --%s", hint);
	}
}

/* A habit from another program, and the option that its hint names. */
static void
knows_the_habits_of_other_programs(void **state)
{
	static const struct {
		const char *words[3];
		const char *named;
	} rows[] = {
		{ { "-O" }, "see --output" },
		{ { "--remote-name-all" }, "see --output" },
		{ { "-P", "8" }, "see --dir (wget) or --concurrency (xargs)" },
		{ { "-t3" }, "see --retry (wget), or --connect-timeout" },
		{ { "-m", "5" }, "see --max-time (curl) or --retry (aria2)" },
		{ { "-w", "1" }, "--rate (wget)" },
		{ { "-i", "urls.txt" }, "name the list as an argument" },
		{ { "--input-file=urls.txt" }, "name the list as an argument" },
		{ { "-j5" }, "see --concurrency" },
		{ { "-nc" }, "see --skip-existing" },
		{ { "--timeout", "3" }, "see --connect-timeout, --idle-" },
		{ { "--parallel" }, "see --concurrency" },
		{ { "--tries=3" }, "see --retry, which counts" },
		{ { "--max-tries=3" }, "see --retry, which counts" },
		{ { "--retries", "3" }, "see --retry, which counts" },
		{ { "--retry-connrefused" }, "is tried again anyway" },
		{ { "--retry-on-http-error=503" }, "--retry-all-errors" },
		{ { "--waitretry=5" }, "see --retry-delay" },
		{ { "--retry-wait=5" }, "see --retry-delay" },
		{ { "--wait=1" }, "see --rate" },
		{ { "--delay=1" }, "see --rate" },
		{ { "--random-wait" }, "see --rate" },
		{ { "--max-connection-per-server=2" }, "see --max-per-host" },
		{ { "--max-overall-download-limit=1M" }, "see --limit-rate" },
		{ { "-Q5m" }, "see --max-transfer" },
		{ { "--quota=5m" }, "see --max-transfer" },
		{ { "--stop=60" }, "see --max-duration" },
		{ { "--halt", "now" }, "see --max-errors" },
		{ { "-C-" }, "see --resume" },
		{ { "--continue-at", "-" }, "see --resume" },
		{ { "--continue" }, "see --resume" },
		{ { "--joblog", "l" }, "see --log" },
		{ { "--save-session=s" }, "see --log and --resume" },
		{ { "--conditional-get=true" }, "see --update" },
		{ { "--etag-compare", "e" }, "see --update" },
		{ { "-z", "yesterday" }, "see --update and --timestamping" },
		{ { "--content-on-error" }, "see --fail-with-body" },
		{ { "--location-trusted" }, "credentials never go to" },
		{ { "--socks5=h:1" }, "see --proxy socks5://" },
		{ { "--socks5-hostname=h:1" }, "see --proxy socks5h://" },
		{ { "--socks4", "h" }, "see --proxy socks4://" },
		{ { "--socks4a", "h" }, "see --proxy socks4a://" },
		{ { "--preproxy", "h" }, "one proxy at a time" },
		{ { "--proxy1.0", "h" }, "see --proxy" },
		{ { "--all-proxy=h" }, "see --proxy" },
		{ { "--http-proxy=h" }, "or the variable http_proxy" },
		{ { "--https-proxy=h" }, "or the variable https_proxy" },
		{ { "--no-proxy" }, "see --noproxy for some hosts" },
		{ { "--proxy-password=x" }, "see --proxy-user NAME:PASSWORD" },
		{ { "--all-proxy-passwd=x" }, "see --proxy-user" },
		{ { "--proxy-ntlm" }, "--proxy-user is sent as Basic" },
		{ { "--doh-url", "u" }, "see --dns-servers" },
		{ { "--dns-interface=lo" }, "see --dns-servers" },
		{ { "--async-dns-server=::1" }, "see --dns-servers" },
		{ { "--dns-timeout=5" }, "/etc/resolv.conf" },
		{ { "--inet4-only" }, "see --ipv4" },
		{ { "--inet6-only" }, "see --ipv6" },
		{ { "--disable-ipv6=true" }, "see --ipv4" },
		{ { "--prefer-family=IPv6" }, "see --ipv4 and --ipv6" },
		{ { "--bind-address=::1" }, "see --interface" },
		{ { "--local-port=1-2" }, "see --interface" },
		{ { "--abstract-unix-socket=x" }, "see --unix-socket" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct options o;
		const char *text = words_parse(&o, rows[i].words);

		if (text == NULL || strstr(text, rows[i].named) == NULL)
			fail_msg("%s: %s", rows[i].words[0],
			    text != NULL ? text : "taken");
		assert_memory_equal(text, "unknown option '-", 17);
		expect_options(strstr(text, ": "));
		options_fini(&o);
	}
}

/* A value that each kind takes. */
static const char *
good_value(enum option_kind kind)
{
	switch (kind) {
	case OPTION_FLAG:
	case OPTION_FLAG_OFF:
	case OPTION_COUNT:
		return NULL;
	case OPTION_NUMBER:
	case OPTION_SECONDS:
	case OPTION_SIZE:
	case OPTION_PACE:
	case OPTION_ERRORS:
		return "7";
	case OPTION_METHOD:
		return "PUT";
	case OPTION_PROGRESS:
		return "bar";
	case OPTION_SCHEMES:
		return "=https";
	case OPTION_NAME:
	case OPTION_TEXT:
	case OPTION_SERVERS:
	case OPTION_FIELD:
	case OPTION_TEXTS:
	case OPTION_DATA:
	case OPTION_DATA_FILE:
		return "x";
	}
	return NULL;
}

/* Properties of the whole table. */
static void
has_sound_rows(void **state)
{
	char candidates[OPTION_CANDIDATES_MAX];

	(void)state;
	for (const struct option_row *row = option_rows; row->name; row++) {
		const char *value = good_value(row->kind);
		char word[80];
		/* Resuming and durability are about a log, keys about a
		 * certificate. */
		const char *const words[] = { word, "--log=l", "--cert=c",
			NULL };
		struct options o;

		assert_ptr_equal(
		    option_find_name(slice_str(row->name), candidates), row);
		if (row->letter != 0)
			assert_ptr_equal(option_find_letter(row->letter), row);
		assert_null(option_hint_name(slice_str(row->name)));
		assert_null(option_hint_letter(row->letter));
		assert_int_equal(row->arg != NULL, value != NULL);
		(void)snprintf(word, sizeof(word), "--%s%s%s", row->name,
		    value != NULL ? "=" : "", value != NULL ? value : "");
		assert_null(words_parse(&o, words));
		options_fini(&o);
	}
}

static void
finds_every_beginning_that_is_unambiguous(void **state)
{
	char candidates[OPTION_CANDIDATES_MAX];

	(void)state;
	for (const struct option_row *row = option_rows; row->name; row++) {
		for (size_t len = 1; len < strlen(row->name); len++) {
			struct slice name = slice_of(row->name, len);
			const struct option_row *found =
			    option_find_name(name, candidates);

			if (found != NULL) {
				/* This one, or one that is called so. */
				assert_true(found == row ||
				    slice_eq_str(name, found->name));
				assert_string_equal(candidates, "");
			} else if (option_hint_name(name) == NULL) {
				assert_non_null(strstr(candidates, row->name));
			}
		}
	}
}

static void
prints_help_with_every_option_in_80_columns(void **state)
{
	char *help = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&help, &len);
	size_t column = 0;

	(void)state;
	assert_non_null(out);
	option_help_print(out);
	assert_int_equal(fclose(out), 0);
	for (size_t i = 0; i < len; i++) {
		column = help[i] == '\n' ? 0 : column + 1;
		assert_true(column <= 80);
		assert_true(
		    help[i] == '\n' || (help[i] >= ' ' && help[i] <= '~'));
		assert_false(help[i] == '\n' && help[i - 1] == ' ');
	}
	assert_int_equal(help[len - 1], '\n');
	for (const struct option_row *row = option_rows; row->name; row++) {
		char name[80];

		(void)snprintf(name, sizeof(name), " --%s%s%s", row->name,
		    row->arg != NULL ? " " : "",
		    row->arg != NULL ? row->arg : "");
		assert_non_null(strstr(help, name));
	}
	assert_non_null(strstr(help, "  -c, --concurrency N"));
	free(help);
}

/* `make check` runs in the folder that has it. */
static void
finds_every_option_in_the_manual(void **state)
{
	static char manual[1 << 17];
	FILE *in = fopen("man/bulkfetch.1", "r");

	(void)state;
	if (in == NULL)
		skip();
	manual[fread(manual, 1, sizeof(manual) - 1, in)] = '\0';
	(void)fclose(in);
	for (const struct option_row *row = option_rows; row->name; row++) {
		char tag[80];

		(void)snprintf(tag, sizeof(tag), "Fl -%s%s%s", row->name,
		    row->arg != NULL ? " Ar " : "\n",
		    row->arg != NULL ? row->arg : "");
		if (strstr(manual, tag) == NULL)
			fail_msg("%s", tag);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_may_have_been_meant),
		cmocka_unit_test(knows_the_habits_of_other_programs),
		cmocka_unit_test(has_sound_rows),
		cmocka_unit_test(finds_every_beginning_that_is_unambiguous),
		cmocka_unit_test(prints_help_with_every_option_in_80_columns),
		cmocka_unit_test(finds_every_option_in_the_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
