#include "exact.h"

#include <errno.h>

#include "words.h"

static const struct wrong_words senseless[] = {
	{ { "--head", "--data", "a" }, "--head: a HEAD request has no data" },
	{ { "-I", "--data-file", "a" }, "--head: a HEAD request has no data" },
	{ { "-XHEAD", "--data", "a" }, "--head: a HEAD request has no data" },
	{ { "-I", "-X", "GET" },
	    "--head asks for HEAD and --request for another method" },
	{ { "-I", "-o", "x" },
	    "--head writes no files, so --output means nothing; results are in "
	    "--log" },
	{ { "-I", "-o", "-" },
	    "--head writes no files, so --output means nothing; results are in "
	    "--log" },
	{ { "-I", "--skip-existing" },
	    "--head writes no files, so --skip-existing means nothing" },
	{ { "-I", "--update" },
	    "--head writes no files, so --update means nothing" },
	{ { "-XHEAD", "-N" },
	    "--head writes no files, so --timestamping means nothing" },
	{ { "-I", "-R" },
	    "--head writes no files, so --remote-time means nothing" },
	{ { "-I", "--durable", "--log=l" },
	    "--head writes no files, so --durable means nothing" },
	{ { "-o-", "--skip-existing" },
	    "--skip-existing: there are no files with --output -" },
	{ { "-o-", "--update" },
	    "--update: there are no files with --output -" },
	{ { "-o-", "--timestamping" },
	    "--timestamping: there are no files with --output -" },
	{ { "-o-", "--remote-time" },
	    "--remote-time: there are no files with --output -" },
	{ { "-o-", "--durable", "--log=l" },
	    "--durable: there are no files with --output -" },
	{ { "--durable" },
	    "--durable is about what the log says: it needs --log FILE" },
	{ { "--durable", "--log=-" },
	    "--durable is about what the log says: it needs --log FILE, not "
	    "standard output" },
	{ { "--update", "-N" },
	    "--update and --timestamping are two ways to tell what has "
	    "changed; one is enough" },
	{ { "--update", "--skip-existing" },
	    "--update asks whether a file has changed, and --skip-existing "
	    "does not want to know" },
	{ { "-N", "--skip-existing" },
	    "--timestamping asks whether a file has changed, and "
	    "--skip-existing does not want to know" },
};

static void
refuses_what_would_mean_nothing(void **state)
{
	(void)state;
	expect_refused(senseless, COUNT(senseless));
}

static const struct wrong_words mixed[] = {
	{ { "-o", "-", "--log", "-" },
	    "--output and --log cannot both be standard output" },
	{ { "--failed=-", "-o-" },
	    "--output and --failed cannot both be standard output" },
	{ { "--failed=-", "--log=-" },
	    "--log and --failed cannot both be standard output" },
	{ { "--fail-with-body", "--skip-existing" },
	    "--skip-existing would take the bodies of failures that "
	    "--fail-with-body stores for the real ones" },
	{ { "--fail-with-body", "--update" },
	    "--update would take the bodies of failures that --fail-with-body "
	    "stores for the real ones" },
	{ { "--fail-with-body", "-N" },
	    "--timestamping would take the bodies of failures that "
	    "--fail-with-body stores for the real ones" },
	{ { "-o%{name}", "--skip-existing" },
	    "--skip-existing: another URL's file may have that name; use "
	    "%{hash} or %{n} in --output" },
	{ { "-o%{host}/%{name}", "--resume", "--log=l" },
	    "a resumed run might replace files of the run before by those of "
	    "other URLs; use %{hash} or %{n} in --output" },
	{ { "-o%{name}", "--retry-failed", "--log=l" },
	    "a resumed run might replace files of the run before by those of "
	    "other URLs; use %{hash} or %{n} in --output" },
	{ { "-o%{n}", "--update" },
	    "--update: another URL's file may have that name; use %{hash} in "
	    "--output" },
	{ { "-o%{n:6}%{ext}", "-N" },
	    "--timestamping: another URL's file may have that name; use "
	    "%{hash} in --output" },
	{ { "--update", "--data=a" },
	    "--update works with GET requests alone" },
	{ { "--update", "-XPOST" }, "--update works with GET requests alone" },
	{ { "-N", "--data-file=f", "-XGET" },
	    "--timestamping works with GET requests alone" },
	{ { "--update", "-H", "Range: bytes=0-5" },
	    "--update makes requests conditional itself; it cannot be with "
	    "--header 'Range: bytes=0-5'" },
	{ { "--update", "-HA: b", "-Hif-none-match:\"x\"" },
	    "--update makes requests conditional itself; it cannot be with "
	    "--header 'if-none-match:\"x\"'" },
	{ { "-N", "-H", "If-Modified-Since: x" },
	    "--timestamping makes requests conditional itself; it cannot be "
	    "with --header 'If-Modified-Since: x'" },
	{ { "-N", "-H", "If-Unmodified-Since;" },
	    "--timestamping makes requests conditional itself; it cannot be "
	    "with --header 'If-Unmodified-Since;'" },
	{ { "--update", "-H", "IF-MATCH: *" },
	    "--update makes requests conditional itself; it cannot be with "
	    "--header 'IF-MATCH: *'" },
	{ { "--update", "-H", "If-Range: x" },
	    "--update makes requests conditional itself; it cannot be with "
	    "--header 'If-Range: x'" },
};

static void
refuses_what_would_lose_or_mix_data(void **state)
{
	(void)state;
	expect_refused(mixed, COUNT(mixed));
}

static const struct wrong_words resumed[] = {
	{ { "--resume" },
	    "--resume needs the log of the run before: --log FILE" },
	{ { "--resume-failed", "list" },
	    "--resume-failed needs the log of the run before: --log FILE" },
	{ { "--retry-failed" },
	    "--retry-failed needs the log of the run before: --log FILE" },
	{ { "--resume", "--log", "-" },
	    "--resume reads the log, which cannot be standard output" },
	{ { "--resume-failed", "--log=-" },
	    "--resume-failed reads the log, which cannot be standard output" },
	{ { "--retry-failed", "--log", "-" },
	    "--retry-failed reads the log, which cannot be standard output" },
	{ { "--resume", "--resume-failed", "--log=l" },
	    "--resume leaves failures alone and --resume-failed tries them "
	    "again; give one of them" },
	{ { "--retry-failed", "--resume", "--log=l" },
	    "--resume leaves failures alone and --retry-failed tries them "
	    "again; give one of them" },
	{ { "--retry-failed", "--resume-failed", "--log=l" },
	    "--resume-failed goes on with the lists and --retry-failed does "
	    "not read them; give one of them" },
	{ { "--retry-failed", "--log=l", "urls\n.txt" },
	    "--retry-failed takes its URLs from the log alone, so there can be "
	    "no LIST 'urls\\x0a.txt'" },
	{ { "--retry-failed", "--log=l", "-" },
	    "--retry-failed takes its URLs from the log alone, so there can be "
	    "no LIST '-'" },
};

static void
refuses_to_resume_what_cannot_be(void **state)
{
	(void)state;
	expect_refused(resumed, COUNT(resumed));
}

static const struct wrong_words ways[] = {
	{ { "-4", "-6" },
	    "--ipv4 and --ipv6 together leave no addresses; without either, "
	    "both kinds are used" },
	{ { "--address-list=l", "--unix-socket=s" },
	    "--address-list and --unix-socket are two places to connect to; "
	    "give one of them" },
	{ { "--address-list=l", "--connect-to=:::" },
	    "--address-list says where to connect to for every host, so "
	    "--connect-to means nothing" },
	{ { "--resolve=a:1:::1", "--address-list=l" },
	    "--address-list says where to connect to for every host, so "
	    "--resolve means nothing" },
	{ { "--address-list=l", "-x", "http://me:secret@h" },
	    "--address-list connects to its addresses and --proxy to the "
	    "proxy; give one of them" },
	{ { "--unix-socket=s", "--connect-to=:::" },
	    "--unix-socket says where to connect to for every host, so "
	    "--connect-to means nothing" },
	{ { "--unix-socket=s", "--resolve=a:1:::1" },
	    "--unix-socket says where to connect to for every host, so "
	    "--resolve means nothing" },
	{ { "--unix-socket=s", "--interface=lo" },
	    "--unix-socket goes by no interface, so --interface means "
	    "nothing" },
	{ { "--unix-socket=s", "--proxy=h" },
	    "--unix-socket connects to the socket and --proxy to the proxy; "
	    "give one of them" },
};

static void
refuses_two_ways_at_once(void **state)
{
	(void)state;
	expect_refused(ways, COUNT(ways));
}

static const struct wrong_words keys[] = {
	{ { "--key=k" }, "--key is the key of a certificate: it needs --cert" },
	{ { "--pass-file=p" },
	    "--pass-file is for the key of a certificate: it needs --cert" },
	{ { "--key=k", "--pass-file=p", "--cacert=c" },
	    "--key is the key of a certificate: it needs --cert" },
};

static void
refuses_a_key_without_its_certificate(void **state)
{
	(void)state;
	expect_refused(keys, COUNT(keys));
}

/* What stands next to the cases above. */
static void
takes_what_goes_together(void **state)
{
	static const char *const rows[][WORDS_MAX] = {
		{ "-I", "-XHEAD", "--log=-" },
		{ "-I", "--resume", "--log=l", "list" },
		{ "-o-", "--log=l", "--failed=f" },
		{ "-o-", "--resume", "--log=l" },
		{ "-o%{n}", "--resume", "--log=l" },
		{ "-o%{n:8}%{ext}", "--retry-failed", "--log=l" },
		{ "-o%{hash}", "--update" },
		{ "-o%{hash}%{ext}", "-N" },
		{ "-o%{name}", "-R" },
		{ "--update", "-R", "--atomic", "-XGET" },
		{ "--update", "--resume", "--log=l", "--durable" },
		{ "--update", "-HIf: x", "-HRange-Unit: x", "-Hifrange: y" },
		{ "-HRange: bytes=0-5", "--skip-existing" },
		{ "--fail-with-body", "-R" },
		{ "--skip-existing", "--resume", "--log=l" },
		{ "--durable", "--log=l", "--failed=-" },
		{ "--no-location", "--max-redirs=5" },
		{ "--retry=0", "--retry-all-errors" },
		{ "-4", "-4", "--interface=lo", "--address-list=l" },
		{ "--address-list=l", "-x", "", "--noproxy=*" },
		{ "--unix-socket=s", "--proxy=" },
		{ "--connect-to=:::", "--resolve=a:1:::1", "-xh", "-p" },
		{ "--cert=c" },
		{ "--cert=c", "--pass-file=p" },
		{ "--pass-file=p", "--key=k", "--cert=c" },
		{ "--cacert=c", "--capath=d", "-k", "--pinnedpubkey=p" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct options o;
		const char *text = words_parse(&o, rows[i]);

		if (text != NULL)
			fail_msg("row %zu: %s", i, text);
		options_fini(&o);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_would_mean_nothing),
		cmocka_unit_test(refuses_what_would_lose_or_mix_data),
		cmocka_unit_test(refuses_to_resume_what_cannot_be),
		cmocka_unit_test(refuses_two_ways_at_once),
		cmocka_unit_test(refuses_a_key_without_its_certificate),
		cmocka_unit_test(takes_what_goes_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
