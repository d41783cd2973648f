#include "exact.h"

#include "words.h"

#define HTTP BULKFETCH_SCHEME_HTTP
#define HTTPS BULKFETCH_SCHEME_HTTPS

/* The rest is in test_options.c. */

static void
takes_what_concerns_https(void **state)
{
	static const char *const words[] = { "--cacert=ca", "--capath", "dir",
		"--cert=cert", "--key=key", "--pass-file=pass",
		"--pinnedpubkey=pin", NULL };
	static const char *const more[] = { "--ciphers", "list", "-k",
		"--tlsv1.3", "--insecure", "--tlsv1.2", NULL };
	static const char *const last[] = { "--tlsv1.2", "--tlsv1.3", NULL };
	struct options o;

	(void)state;
	assert_null(words_parse(&o, words));
	assert_string_equal(o.fetch.ca_file, "ca");
	assert_string_equal(o.fetch.ca_dir, "dir");
	assert_string_equal(o.fetch.cert_file, "cert");
	assert_string_equal(o.fetch.key_file, "key");
	assert_string_equal(o.fetch.pass_file, "pass");
	assert_string_equal(o.fetch.pinned_pubkey, "pin");
	assert_null(o.fetch.ciphers);
	/* Nothing of it holds unless it is asked for. */
	assert_false(o.fetch.is_insecure);
	assert_false(o.fetch.needs_tls13);
	assert_int_equal(o.fetch.schemes, 0);
	assert_int_equal(o.fetch.redirect_schemes, 0);
	options_fini(&o);
	assert_null(words_parse(&o, more));
	assert_string_equal(o.fetch.ciphers, "list");
	assert_true(o.fetch.is_insecure);
	assert_false(o.fetch.needs_tls13);
	options_fini(&o);
	/* The last one counts. */
	assert_null(words_parse(&o, last));
	assert_true(o.fetch.needs_tls13);
	options_fini(&o);
}

static void
takes_schemes_as_curl_writes_them(void **state)
{
	static const struct {
		const char *list;
		unsigned schemes;
	} rows[] = {
		{ "http", HTTP | HTTPS },
		{ "+http", HTTP | HTTPS },
		{ "=http", HTTP },
		{ "=https", HTTPS },
		{ "=HTTPS", HTTPS },
		{ "-http", HTTPS },
		{ "-https", HTTP },
		{ "=all", HTTP | HTTPS },
		{ "all", HTTP | HTTPS },
		{ "-all,https", HTTPS },
		{ "-all,+http", HTTP },
		{ "-all,http,https", HTTP | HTTPS },
		{ "=http,https", HTTP | HTTPS },
		{ "=http,=https", HTTPS },
		{ "=http,-http,+https", HTTPS },
		{ "https,-http", HTTPS },
		{ "=https,", HTTPS },
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		const char *words[] = { i % 2 == 0 ? "--proto"
						   : "--proto-redir",
			rows[i / 2].list, NULL };
		struct options o;
		const char *text = words_parse(&o, words);

		if (text != NULL)
			fail_msg("%s", text);
		if ((i % 2 == 0 ? o.fetch.schemes : o.fetch.redirect_schemes) !=
		    rows[i / 2].schemes)
			fail_msg("%s: %u", rows[i / 2].list,
			    i % 2 == 0 ? o.fetch.schemes
				       : o.fetch.redirect_schemes);
		assert_int_equal(
		    i % 2 == 0 ? o.fetch.redirect_schemes : o.fetch.schemes, 0);
		options_fini(&o);
	}
}

#define NO_LIST "is not a list of http, https and all, such as =https"

static const struct wrong_words wrong[] = {
	{ { "--proto", "" }, "--proto: '' " NO_LIST },
	{ { "--proto", "=" }, "--proto: '=' " NO_LIST },
	{ { "--proto", "," }, "--proto: ',' " NO_LIST },
	{ { "--proto", "ftp" }, "--proto: 'ftp' " NO_LIST },
	{ { "--proto", "=https,ftp" }, "--proto: '=https,ftp' " NO_LIST },
	{ { "--proto", "==http" }, "--proto: '==http' " NO_LIST },
	{ { "--proto", "http https" }, "--proto: 'http https' " NO_LIST },
	{ { "--proto", "http:" }, "--proto: 'http:' " NO_LIST },
	{ { "--proto", ",http" }, "--proto: ',http' " NO_LIST },
	{ { "--proto-redir", "httpss" }, "--proto-redir: 'httpss' " NO_LIST },
	{ { "--proto", "-all" },
	    "--proto: '-all' is not a list that leaves a scheme" },
	{ { "--proto", "-http,-https" },
	    "--proto: '-http,-https' is not a list that leaves a scheme" },
	{ { "--proto-redir=-all" },
	    "--proto-redir: '-all' is not a list that leaves a scheme" },
	{ { "--cacert", "" }, "--cacert: '' is not a name" },
	{ { "--ciphers=" }, "--ciphers: '' is not a name" },
	{ { "--pinnedpubkey=" }, "--pinnedpubkey: '' is not a name" },
	{ { "--cert" }, "--cert: FILE is missing" },
};

static void
says_what_is_wrong_with_the_others(void **state)
{
	(void)state;
	expect_refused(wrong, COUNT(wrong));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_concerns_https),
		cmocka_unit_test(takes_schemes_as_curl_writes_them),
		cmocka_unit_test(says_what_is_wrong_with_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
