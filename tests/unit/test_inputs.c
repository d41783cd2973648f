#include "exact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/inputs.h"

static char folder[] = "/tmp/test_inputs.XXXXXX";

static void
make_file(const char *name, const char *text)
{
	FILE *out = fopen(name, "w");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static int
enter_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	make_file("urls", "http://x/\n");
	make_file("body", "a=b\n");
	return link("urls", "link") == 0 && symlink("urls", "symlink") == 0
	    ? 0
	    : -1;
}

static int
remove_folder(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void
parse(struct options *o, const char *const words[])
{
	struct bulkfetch_problem problem;
	size_t count = 0;

	while (words[count] != NULL)
		count++;
	if (!options_parse(o, words, count, &problem))
		fail_msg("%s", problem.text);
}

static void
never_lets_a_record_overwrite_an_input(void **state)
{
	static const struct {
		const char *words[6];
		const char *text; /* NULL: fine */
	} cases[] = {
		{ { "urls", "--log", "log", "--failed", "failed" }, NULL },
		{ { "urls", "--log", "urls" }, "--log: 'urls' is a LIST, too" },
		{ { "urls", "--failed", "urls" },
		    "--failed: 'urls' is a LIST, too" },
		{ { "urls", "--log", "./urls" },
		    "--log: './urls' is a LIST, too" },
		{ { "urls", "--log", "link" }, "--log: 'link' is a LIST, too" },
		{ { "urls", "--log", "symlink" },
		    "--log: 'symlink' is a LIST, too" },
		{ { "missing", "http://x/", "urls", "--log", "urls" },
		    "--log: 'urls' is a LIST, too" },
		{ { "urls", "--data-file", "body", "--log", "body" },
		    "--log: 'body' is a --data-file, too" },
		{ { "urls", "--address-list", "body", "--failed", "body" },
		    "--failed: 'body' is the --address-list, too" },
		{ { "urls", "--address-list", "body", "--log", "log" }, NULL },
		{ { "urls", "--log", "log", "--failed", "log" },
		    "--failed: 'log' is the file of --log, too" },
		{ { "urls", "--log", "log", "--failed", ".//log" },
		    "--failed: './/log' is the file of --log, too" },
		{ { "--log", "body", "--failed", "body" },
		    "--failed: 'body' is the file of --log, too" },
		{ { "--log", "log", "--failed", "other/log" }, NULL },
		{ { "--log", "log", "--failed", "/log" }, NULL },
		{ { "--log", "/dev/null", "--failed", "/dev/null" }, NULL },
		{ { "/dev/null", "--log", "/dev/null" }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bulkfetch_problem problem = { 0 };
		struct options o;

		parse(&o, cases[i].words);
		assert_int_equal(
		    inputs_check(&o, &problem), cases[i].text == NULL);
		if (cases[i].text != NULL) {
			assert_string_equal(problem.text, cases[i].text);
			assert_true(problem.is_usage);
		}
		options_fini(&o);
	}
}

static void
looks_behind_standard_input_and_output(void **state)
{
	static const char *const in[] = { "-", "--log", "urls", NULL };
	static const char *const silent[] = { "--failed", "urls", NULL };
	static const char *const out[] = { "urls", "-o", "-", NULL };
	struct bulkfetch_problem problem = { 0 };
	struct options o;
	int fd = open("urls", O_RDWR | O_APPEND);
	int saved = dup(STDIN_FILENO);
	bool is_fine;

	(void)state;
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	parse(&o, in);
	assert_false(inputs_check(&o, &problem));
	assert_string_equal(problem.text, "--log: 'urls' is a LIST, too");
	options_fini(&o);
	/* Without a LIST it is read as well. */
	parse(&o, silent);
	assert_false(inputs_check(&o, &problem));
	assert_string_equal(problem.text, "--failed: 'urls' is the list, too");
	options_fini(&o);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	(void)close(saved);

	parse(&o, out);
	(void)fflush(stdout);
	saved = dup(STDOUT_FILENO);
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	is_fine = inputs_check(&o, &problem);
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	assert_false(is_fine);
	assert_string_equal(problem.text, "--output: '-' is a LIST, too");
	options_fini(&o);
	(void)close(saved);
	(void)close(fd);
}

/* What is appended to, or read back, is an output none the less. */
static void
needs_a_file_to_resume_from(void **state)
{
	static const struct {
		const char *words[7];
		const char *text; /* NULL: fine */
		int sys;          /* 0: the command line is wrong */
	} cases[] = {
		{ { "urls", "--resume", "--log", "body" }, NULL, 0 },
		{ { "urls", "--resume", "--log", "not-yet" }, NULL, 0 },
		{ { "urls", "--resume-failed", "--log", "not-yet" }, NULL, 0 },
		{ { "--retry-failed", "--log", "body" }, NULL, 0 },
		{ { "urls", "--durable", "--log", "not-yet" }, NULL, 0 },
		{ { "urls", "--log", "fifo" }, NULL, 0 },
		{ { "--retry-failed", "--log", "not-yet" },
		    "--retry-failed: there is no log 'not-yet'", ENOENT },
		{ { "urls", "--resume", "--log", "/dev/null" },
		    "--log: '/dev/null' is no regular file, which resuming "
		    "needs",
		    0 },
		{ { "--retry-failed", "--log", "fifo" },
		    "--log: 'fifo' is no regular file, which resuming needs",
		    0 },
		{ { "urls", "--durable", "--log", "." },
		    "--log: '.' is no regular file, which --durable needs", 0 },
		{ { "urls", "--resume", "--log", "link" },
		    "--log: 'link' is a LIST, too", 0 },
		{ { "urls", "--resume", "--log", "body", "--failed=urls" },
		    "--failed: 'urls' is a LIST, too", 0 },
		{ { "--retry-failed", "--log", "body", "--failed", "body" },
		    "--failed: 'body' is the file of --log, too", 0 },
	};

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bulkfetch_problem problem = { 0 };
		struct options o;

		parse(&o, cases[i].words);
		assert_int_equal(
		    inputs_check(&o, &problem), cases[i].text == NULL);
		if (cases[i].text != NULL) {
			assert_string_equal(problem.text, cases[i].text);
			assert_int_equal(problem.sys, cases[i].sys);
			assert_int_equal(problem.is_usage, cases[i].sys == 0);
		}
		options_fini(&o);
	}
}

/* The log would have been truncated by then. */
static void
sees_that_another_run_writes_failures(void **state)
{
	static const char *const both[] = { "urls", "--log=l", "--failed=body",
		NULL };
	static const char *const one[] = { "urls", "--failed=body", NULL };
	struct bulkfetch_problem problem = { 0 };
	struct options o;
	int fd = open("body", O_RDWR);

	(void)state;
	assert_int_equal(flock(fd, LOCK_EX), 0);
	parse(&o, both);
	assert_false(inputs_check(&o, &problem));
	assert_int_equal(problem.sys, EWOULDBLOCK);
	assert_false(problem.is_usage);
	assert_string_equal(
	    problem.text, "--failed: 'body': another run is writing it");
	options_fini(&o);
	/* Nothing is lost when it is opened. */
	parse(&o, one);
	assert_true(inputs_check(&o, &problem));
	options_fini(&o);
	(void)close(fd);
	/* The look at it has left no lock. */
	parse(&o, both);
	assert_true(inputs_check(&o, &problem));
	assert_true(inputs_check(&o, &problem));
	options_fini(&o);
}

/* Without a list, standard input may be anything, the log itself as well. */
static void
does_not_look_at_standard_input_for_a_retry(void **state)
{
	static const char *const words[] = { "--retry-failed", "--log", "body",
		NULL };
	struct bulkfetch_problem problem = { 0 };
	struct options o;
	int fd = open("body", O_RDONLY);
	int saved = dup(STDIN_FILENO);
	bool is_fine;

	(void)state;
	parse(&o, words);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	is_fine = inputs_check(&o, &problem);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	assert_true(is_fine);
	options_fini(&o);
	(void)close(saved);
	(void)close(fd);
}

static void
joins_data_as_curl_does(void **state)
{
	static const struct {
		const char *words[7];
		const char *body; /* NULL: none */
	} cases[] = {
		{ { "urls" }, NULL },
		{ { "--data", "" }, "" },
		{ { "--data", "a=b" }, "a=b" },
		{ { "--data", "a=b", "--data", "c" }, "a=b&c" },
		{ { "--data-file", "body" }, "a=b\n" },
		{ { "--data", "x", "--data-file", "body", "--data", "y" },
		    "x&a=b\n&y" },
		{ { "--data-file", "/dev/null" }, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bulkfetch_problem problem = { 0 };
		struct options o;

		parse(&o, cases[i].words);
		assert_true(inputs_load(&o, &problem));
		assert_int_equal(o.fetch.has_body, cases[i].body != NULL);
		expect_text(cases[i].words[0],
		    slice_of(o.fetch.body.ptr, o.fetch.body.len),
		    cases[i].body);
		options_fini(&o);
	}
}

static void
refuses_data_that_cannot_be_read_or_held(void **state)
{
	static const char *const missing[] = { "--data-file", "missing", NULL };
	static const char *const folders[] = { "--data-file", ".", NULL };
	static const char *const endless[] = { "--data-file", "/dev/zero",
		NULL };
	struct bulkfetch_problem problem = { 0 };
	struct options o;

	(void)state;
	parse(&o, missing);
	assert_false(inputs_load(&o, &problem));
	assert_false(problem.is_usage);
	assert_string_equal(
	    problem.text, "--data-file: missing: No such file or directory");
	options_fini(&o);
	parse(&o, folders);
	assert_false(inputs_load(&o, &problem));
	assert_int_equal(problem.sys, EISDIR);
	options_fini(&o);
	parse(&o, endless);
	assert_false(inputs_load(&o, &problem));
	assert_true(problem.is_usage);
	assert_string_equal(
	    problem.text, "--data and --data-file: more than 64 MiB");
	options_fini(&o);
}

static void
takes_data_up_to_the_maximum(void **state)
{
	static const char *const words[] = { "--data-file", "large", NULL };
	struct bulkfetch_problem problem = { 0 };
	struct options o;

	(void)state;
	make_file("large", "");
	assert_int_equal(truncate("large", INPUTS_DATA_MAX), 0);
	parse(&o, words);
	assert_true(inputs_load(&o, &problem));
	assert_int_equal(o.fetch.body.len, INPUTS_DATA_MAX);
	options_fini(&o);
	assert_int_equal(truncate("large", INPUTS_DATA_MAX + 1), 0);
	parse(&o, words);
	assert_false(inputs_load(&o, &problem));
	options_fini(&o);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_lets_a_record_overwrite_an_input),
		cmocka_unit_test(looks_behind_standard_input_and_output),
		cmocka_unit_test(needs_a_file_to_resume_from),
		cmocka_unit_test(sees_that_another_run_writes_failures),
		cmocka_unit_test(does_not_look_at_standard_input_for_a_retry),
		cmocka_unit_test(joins_data_as_curl_does),
		cmocka_unit_test(refuses_data_that_cannot_be_read_or_held),
		cmocka_unit_test(takes_data_up_to_the_maximum),
	};

	return cmocka_run_group_tests(tests, enter_folder, remove_folder);
}
