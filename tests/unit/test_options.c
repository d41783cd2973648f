#include "exact.h"

#include <errno.h>
#include <stdio.h>

#include "cli/option_table.h"
#include "cli/options.h"

/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "refuse.h"

#define WORDS_MAX 8

/* Parse words up to a NULL; the text of the problem, or NULL. */
static const char *
parse(struct options *o, const char *const words[])
{
	static struct bulkfetch_problem problem;
	size_t count = 0;

	while (words[count] != NULL)
		count++;
	if (options_parse(o, words, count, &problem))
		return NULL;
	assert_true(problem.is_usage);
	return problem.text;
}

/* Words that are wrong, and what is said about them. */
static const struct bad {
	const char *words[WORDS_MAX];
	const char *text;
} bad[] = {
	{ { "-c", "abc" },
	    "--concurrency: 'abc' is not a number from 1 to 100000 (wget's -c, "
	    "\"continue\", is not there under this letter)" },
	{ { "-curls.txt" },
	    "--concurrency: 'urls.txt' is not a number from 1 to 100000 "
	    "(wget's -c, \"continue\", is not there under this letter)" },
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
	    "--connect-timeout: '1s' is not a number of seconds from 0 (none) "
	    "to 34560000" },
	{ { "--head-timeout", "-1" },
	    "--head-timeout: '-1' is not a number of seconds from 0 (none) to "
	    "34560000" },
	{ { "--idle-timeout=" },
	    "--idle-timeout: '' is not a number of seconds from 0 (none) to "
	    "34560000" },
	{ { "--max-time", "34560001" },
	    "--max-time: '34560001' is not a number of seconds from 0 (none) "
	    "to 34560000" },
	{ { "--max-filesize", "1X" },
	    "--max-filesize: '1X' is not a size in octets, such as 1000000, "
	    "500K or 2G" },
	{ { "--max-errors", "0" },
	    "--max-errors: '0' is not a number from 1 on" },
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
	{ { "--head", "--data", "a" }, "--head: a HEAD request has no data" },
	{ { "-I", "--data-file", "a" }, "--head: a HEAD request has no data" },
	{ { "-XHEAD", "--data", "a" }, "--head: a HEAD request has no data" },
	{ { "-I", "-o", "x" },
	    "--head writes no files, so --output means nothing; results are in "
	    "--log" },
	{ { "-I", "-o", "-" },
	    "--head writes no files, so --output means nothing; results are in "
	    "--log" },
	{ { "-I", "--skip-existing" },
	    "--head writes no files, so --skip-existing means nothing" },
	{ { "-I", "-X", "GET" },
	    "--head asks for HEAD and --request for another method" },
	{ { "-o", "-", "--log", "-" },
	    "--output and --log cannot both be standard output" },
	{ { "--failed=-", "-o-" },
	    "--output and --failed cannot both be standard output" },
	{ { "--failed=-", "--log=-" },
	    "--log and --failed cannot both be standard output" },
	{ { "-o%{name}", "--skip-existing" },
	    "--skip-existing: another URL's file may have that name; use "
	    "%{hash} or %{n} in --output" },
	{ { "--fail-with-body", "--skip-existing" },
	    "--skip-existing would take the bodies of failures that "
	    "--fail-with-body stores for the real ones" },
	{ { "-o-", "--skip-existing" },
	    "--skip-existing: there are no files with --output -" },
	{ { "" }, "a LIST has an empty name" },
	{ { "--", "" }, "a LIST has an empty name" },

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
	{ { "--resume" }, "unknown option '--resume'" },
	{ { "--retry", "3" },
	    "unknown option '--retry': failures are not tried again; see "
	    "--failed" },
	{ { "-z" }, "unknown option '-z'" },
	{ { "-q9" }, "unknown option '-9'" },
	{ { "-\033" }, "unknown option '-\\x1b'" },
	{ { "-atomic" }, "unknown option '-a'; did you mean '--atomic'?" },
	{ { "--fail-" },
	    "option '--fail-' may mean --fail-with-body, --fail-early" },
	{ { "--max" },
	    "option '--max' may mean --max-filesize, --max-time, "
	    "--max-errors" },
	{ { "--p=5" }, "option '--p' may mean --progress, --parallel-max" },
	{ { "--quiet=yes" }, "--quiet takes no value" },
	{ { "--help=me" }, "--help takes no value" },

	{ { "-O" },
	    "unknown option '-O': files are named after their URLs; see "
	    "--output" },
	{ { "-P", "8" },
	    "unknown option '-P': see --dir (wget) or --concurrency (xargs)" },
	{ { "-t3" },
	    "unknown option '-t': see --connect-timeout, --idle-timeout and "
	    "--max-time" },
	{ { "-m", "5" }, "unknown option '-m': see --max-time (curl)" },
	{ { "-w", "1" }, "unknown option '-w': see --log for results" },
	{ { "-i", "urls.txt" },
	    "unknown option '-i': name the list as an argument" },
	{ { "-j5" }, "unknown option '-j': see --concurrency" },
	{ { "-nc" }, "unknown option '-n': see --skip-existing" },
	{ { "--input-file=urls.txt" },
	    "unknown option '--input-file': name the list as an argument" },
	{ { "--timeout", "3" },
	    "unknown option '--timeout': see --connect-timeout, "
	    "--idle-timeout and --max-time" },
	{ { "--parallel" }, "unknown option '--parallel': see --concurrency" },
};

static void
says_what_is_wrong_and_what_was_expected(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct options o;
		const char *text = parse(&o, bad[i].words);

		if (text == NULL)
			fail_msg("%s: taken", bad[i].words[0]);
		assert_string_equal(text, bad[i].text);
		options_fini(&o);
	}
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

		assert_null(parse(&o, spellings[i]));
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
	assert_null(parse(&o, words));
	assert_int_equal(o.fetch.concurrency, 50);
	assert_int_equal(o.fetch.connect_timeout_ms, 10000);
	assert_int_equal(o.fetch.head_timeout_ms, 60000);
	assert_int_equal(o.fetch.idle_timeout_ms, 30000);
	assert_int_equal(o.fetch.max_time_ms, 0);
	assert_int_equal(o.fetch.max_filesize, 0);
	assert_int_equal(o.fetch.max_errors, 0);
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
	assert_null(parse(&o, words));
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
draws_conclusions(void **state)
{
	static const char *const head[] = { "-XHEAD", NULL };
	static const char *const early[] = { "--fail-early", "--max-errors=5",
		NULL };
	static const char *const out[] = { "-o", "-", "--log=l", NULL };
	struct options o;

	(void)state;
	assert_null(parse(&o, head));
	assert_true(o.is_head);
	options_fini(&o);
	assert_null(parse(&o, early));
	assert_int_equal(o.fetch.max_errors, 1);
	options_fini(&o);
	assert_null(parse(&o, out));
	assert_true(o.is_to_stdout);
	assert_null(o.tree.name_template);
	options_fini(&o);
}

static void
answers_help_and_version_at_once(void **state)
{
	static const char *const help[] = { "-qh", "--nonsense", NULL };
	static const char *const version[] = { "-o-", "--log=-", "-V", "-z",
		NULL };
	struct options o;

	(void)state;
	assert_null(parse(&o, help));
	assert_true(o.is_help);
	options_fini(&o);
	assert_null(parse(&o, version));
	assert_true(o.is_version);
	options_fini(&o);
}

/* A value that each kind takes. */
static const char *
good_value(enum option_kind kind)
{
	switch (kind) {
	case OPTION_FLAG:
	case OPTION_COUNT:
		return NULL;
	case OPTION_NUMBER:
	case OPTION_SECONDS:
	case OPTION_SIZE:
		return "7";
	case OPTION_METHOD:
		return "PUT";
	case OPTION_PROGRESS:
		return "bar";
	case OPTION_NAME:
	case OPTION_TEXT:
	case OPTION_FIELD:
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
	char candidates[256];

	(void)state;
	for (const struct option_row *row = option_rows; row->name; row++) {
		const char *value = good_value(row->kind);
		char word[80];
		const char *const words[] = { word, NULL };
		struct options o;

		assert_ptr_equal(option_find_name(slice_str(row->name),
				     candidates, sizeof(candidates)),
		    row);
		if (row->letter != 0)
			assert_ptr_equal(option_find_letter(row->letter), row);
		assert_null(option_hint_name(slice_str(row->name)));
		assert_null(option_hint_letter(row->letter));
		assert_int_equal(row->arg != NULL, value != NULL);
		(void)snprintf(word, sizeof(word), "--%s%s%s", row->name,
		    value != NULL ? "=" : "", value != NULL ? value : "");
		assert_null(parse(&o, words));
		options_fini(&o);
	}
}

static void
finds_every_beginning_that_is_unambiguous(void **state)
{
	char candidates[256];

	(void)state;
	for (const struct option_row *row = option_rows; row->name; row++) {
		for (size_t len = 1; len < strlen(row->name); len++) {
			struct slice name = slice_of(row->name, len);
			const struct option_row *found = option_find_name(
			    name, candidates, sizeof(candidates));

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
	option_print_help(out);
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
		cmocka_unit_test(draws_conclusions),
		cmocka_unit_test(answers_help_and_version_at_once),
		cmocka_unit_test(has_sound_rows),
		cmocka_unit_test(finds_every_beginning_that_is_unambiguous),
		cmocka_unit_test(prints_help_with_every_option_in_80_columns),
		cmocka_unit_test(finds_every_option_in_the_manual),
		cmocka_unit_test(survives_a_refused_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
