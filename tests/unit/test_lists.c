#include "exact.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bulkfetch.h"

/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "refuse.h"

/* A folder of its own, which is the working directory during the tests. */
static char folder[] = "/tmp/test_lists.XXXXXX";

static int
enter_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
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
write_all(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void
make_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	write_all(fd, text);
	(void)close(fd);
}

static struct bulkfetch_source
open_lists(const char *const *names, size_t count)
{
	struct bulkfetch_problem problem = { 0 };
	struct bulkfetch_source source = { 0 };

	if (bulkfetch_lists_new(names, count, &source, &problem) != 0)
		fail_msg("%s", problem.text);
	return source;
}

static void
expect_item(struct bulkfetch_source *source, const char *url, uint64_t n,
    const char *list, uint64_t line)
{
	struct bulkfetch_item item = { 0 };

	assert_int_equal(source->next(source->ctx, &item), BULKFETCH_ITEM);
	expect_text(url, slice_of(item.url.ptr, item.url.len), url);
	assert_int_equal(item.n, n);
	assert_int_equal(item.line, line);
	assert_null(item.problem);
	if (list == NULL)
		assert_null(item.list);
	else
		assert_string_equal(item.list, list);
}

static void
expect_got(struct bulkfetch_source *source, enum bulkfetch_next expected)
{
	struct bulkfetch_item item;

	assert_int_equal(source->next(source->ctx, &item), expected);
}

static bool
is_readable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1;
}

static void
reads_several_lists_in_turn(void **state)
{
	const char *const names[] = { "a", "http://x/", "b", "empty", "c" };
	struct bulkfetch_source source;
	uint64_t done;
	uint64_t total;

	(void)state;
	make_file("a", "\xef\xbb\xbf# one\r\nu1\r\nu2");
	make_file("b", "\n u3\n");
	make_file("empty", "");
	make_file("c", "u4\n");
	source = open_lists(names, COUNT(names));
	assert_true(source.position(source.ctx, &done, &total));
	assert_int_equal(done, 0);
	assert_int_equal(total, 16 + 9 + 5 + 0 + 3);
	expect_item(&source, "u1", 2, "a", 2);
	assert_true(source.position(source.ctx, &done, &total));
	assert_int_equal(done, 14);
	expect_item(&source, "u2", 3, "a", 3);
	expect_item(&source, "http://x/", 4, NULL, 0);
	assert_true(source.position(source.ctx, &done, &total));
	assert_int_equal(done, 25);
	expect_item(&source, "u3", 6, "b", 2);
	expect_item(&source, "u4", 7, "c", 1);
	expect_got(&source, BULKFETCH_END);
	assert_true(source.position(source.ctx, &done, &total));
	assert_int_equal(done, total);
	assert_int_equal(total, 33);
	source.free(source.ctx);
}

static void
refuses_what_cannot_be_read_at_once(void **state)
{
	static const struct {
		const char *name;
		int sys;
		const char *text;
	} cases[] = {
		{ "missing", ENOENT, "missing: No such file or directory" },
		{ ".", EISDIR, ".: Is a directory" },
		{ "a/b", ENOTDIR, "a/b: Not a directory" },
		{ "\033[1m", ENOENT, "\\x1b[1m: No such file or directory" },
	};

	(void)state;
	make_file("a", "u1\n");
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const names[] = { "a", cases[i].name };
		struct bulkfetch_problem problem = { 0 };
		struct bulkfetch_source source;

		assert_int_equal(
		    bulkfetch_lists_new(names, 2, &source, &problem),
		    cases[i].sys);
		assert_int_equal(problem.sys, cases[i].sys);
		assert_false(problem.is_usage);
		assert_string_equal(problem.text, cases[i].text);
	}
}

static void
refuses_wrong_names_as_usage(void **state)
{
	const char *const twice[] = { "-", "-" };
	const char *const empty[] = { "" };
	struct bulkfetch_problem problem = { 0 };
	struct bulkfetch_source source;

	(void)state;
	assert_int_equal(
	    bulkfetch_lists_new(twice, 2, &source, &problem), EINVAL);
	assert_true(problem.is_usage);
	assert_string_equal(problem.text, "standard input is named twice");
	assert_int_equal(
	    bulkfetch_lists_new(empty, 1, &source, &problem), EINVAL);
	assert_true(problem.is_usage);
}

static void
gives_a_long_line_as_a_problem(void **state)
{
	const char *const names[] = { "long" };
	struct bulkfetch_source source;
	struct bulkfetch_item item;
	int fd = open("long", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	(void)state;
	assert_true(fd >= 0);
	for (int i = 0; i < 70000; i++)
		write_all(fd, "x");
	write_all(fd, "\nu2\n");
	(void)close(fd);
	source = open_lists(names, 1);
	assert_int_equal(source.next(source.ctx, &item), BULKFETCH_ITEM);
	assert_string_equal(item.problem, "longer than 65536 octets");
	assert_true(item.is_cut);
	assert_int_equal(item.url.len, 256);
	assert_int_equal(item.n, 1);
	expect_item(&source, "u2", 2, "long", 2);
	expect_got(&source, BULKFETCH_END);
	source.free(source.ctx);
}

static void
waits_for_a_fifo_and_its_writer(void **state)
{
	const char *const names[] = { "a", "fifo", "b" };
	struct bulkfetch_source source;
	uint64_t position;
	int writer;

	(void)state;
	make_file("a", "u1\n");
	make_file("b", "u4\n");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	source = open_lists(names, COUNT(names));
	assert_false(source.position(source.ctx, &position, &position));
	/* Looking at it has not opened it. */
	assert_int_equal(open("fifo", O_WRONLY | O_NONBLOCK), -1);
	expect_item(&source, "u1", 1, "a", 1);
	expect_got(&source, BULKFETCH_PENDING);
	expect_got(&source, BULKFETCH_PENDING);
	assert_false(is_readable(source.fd(source.ctx)));

	writer = open("fifo", O_WRONLY | O_NONBLOCK);
	assert_true(writer >= 0);
	expect_got(&source, BULKFETCH_PENDING);
	write_all(writer, "u");
	assert_true(is_readable(source.fd(source.ctx)));
	expect_got(&source, BULKFETCH_PENDING);
	write_all(writer, "2\nu3");
	expect_item(&source, "u2", 2, "fifo", 1);
	expect_got(&source, BULKFETCH_PENDING);
	(void)close(writer);
	assert_true(is_readable(source.fd(source.ctx)));
	expect_item(&source, "u3", 3, "fifo", 2);
	expect_item(&source, "u4", 4, "b", 1);
	expect_got(&source, BULKFETCH_END);
	source.free(source.ctx);
}

/* Give `fd` as standard input; the old one is returned. */
static int
replace_stdin(int fd)
{
	int saved = dup(STDIN_FILENO);

	assert_true(dup2(fd, STDIN_FILENO) == STDIN_FILENO);
	return saved;
}

static void
restore_stdin(int saved)
{
	assert_true(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
	(void)close(saved);
}

static void
reads_a_slow_pipe_without_changing_it(void **state)
{
	const char *const names[] = { "-" };
	struct bulkfetch_source source;
	int ends[2];
	int saved;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	saved = replace_stdin(ends[0]);
	source = open_lists(names, 1);
	expect_got(&source, BULKFETCH_PENDING);
	assert_int_equal(source.fd(source.ctx), STDIN_FILENO);
	for (const char *at = "u1\r\n\r\nu2"; *at != '\0'; at++) {
		char octet[] = { *at, '\0' };

		write_all(ends[1], octet);
		if (strcmp(at, "\n\r\nu2") == 0)
			expect_item(&source, "u1", 1, "-", 1);
		expect_got(&source, BULKFETCH_PENDING);
	}
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
	(void)close(ends[1]);
	expect_item(&source, "u2", 3, "-", 3);
	expect_got(&source, BULKFETCH_END);
	source.free(source.ctx);
	/* It is not ours to close. */
	assert_true(fcntl(STDIN_FILENO, F_GETFD) != -1);
	restore_stdin(saved);
	(void)close(ends[0]);
}

static void
reads_a_pipe_on_demand_only(void **state)
{
	const char *const names[] = { "-" };
	struct bulkfetch_source source;
	int ends[2];
	int saved;
	size_t before;
	size_t after = 0;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	saved = replace_stdin(ends[0]);
	source = open_lists(names, 1);
	for (before = 0; write(ends[1], "u\n", 2) == 2; before++)
		;
	for (int i = 0; i < 1000; i++)
		expect_item(
		    &source, "u", (uint64_t)i + 1, "-", (uint64_t)i + 1);
	while (write(ends[1], "u\n", 2) == 2)
		after++;
	assert_true(before * 2 >= 65536);
	assert_true(after * 2 <= 65536);
	source.free(source.ctx);
	restore_stdin(saved);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void
takes_devnull_and_a_file_as_standard_input(void **state)
{
	const char *const names[] = { "-" };
	struct bulkfetch_source source;
	uint64_t done;
	uint64_t total;
	int fd = open("/dev/null", O_RDONLY);
	int saved = replace_stdin(fd);

	(void)state;
	source = open_lists(names, 1);
	expect_got(&source, BULKFETCH_END);
	source.free(source.ctx);
	restore_stdin(saved);
	(void)close(fd);

	make_file("a", "skipped\nu1\n");
	fd = open("a", O_RDONLY);
	assert_int_equal(lseek(fd, 8, SEEK_SET), 8);
	saved = replace_stdin(fd);
	source = open_lists(names, 1);
	assert_true(source.position(source.ctx, &done, &total));
	assert_int_equal(total, 3);
	expect_item(&source, "u1", 1, "-", 1);
	expect_got(&source, BULKFETCH_END);
	source.free(source.ctx);
	restore_stdin(saved);
	(void)close(fd);
}

static void
refuses_a_standard_input_that_is_none(void **state)
{
	const char *const names[] = { "-" };
	struct bulkfetch_problem problem = { 0 };
	struct bulkfetch_source source;
	int fd = open("/dev/null", O_WRONLY);
	int saved = replace_stdin(fd);

	(void)state;
	assert_int_equal(
	    bulkfetch_lists_new(names, 1, &source, &problem), EBADF);
	assert_string_equal(
	    problem.text, "standard input: Bad file descriptor");
	(void)close(STDIN_FILENO);
	assert_int_equal(
	    bulkfetch_lists_new(names, 1, &source, &problem), EBADF);
	restore_stdin(saved);
	(void)close(fd);
}

static void
reads_on_in_a_list_that_grows(void **state)
{
	const char *const names[] = { "grows" };
	struct bulkfetch_source source;
	uint64_t done;
	uint64_t total;
	int fd = open("grows", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);

	(void)state;
	write_all(fd, "u1\n");
	source = open_lists(names, 1);
	expect_item(&source, "u1", 1, "grows", 1);
	write_all(fd, "u2\n");
	expect_item(&source, "u2", 2, "grows", 2);
	assert_true(source.position(source.ctx, &done, &total));
	assert_int_equal(done, 6);
	assert_int_equal(total, 6);
	expect_got(&source, BULKFETCH_END);
	source.free(source.ctx);
	(void)close(fd);
}

static void
tells_when_a_list_goes_away(void **state)
{
	const char *const names[] = { "a", "gone" };
	struct bulkfetch_source source;
	struct bulkfetch_item item;

	(void)state;
	make_file("a", "u1\n");
	make_file("gone", "u2\n");
	source = open_lists(names, 2);
	expect_item(&source, "u1", 1, "a", 1);
	assert_int_equal(unlink("gone"), 0);
	assert_int_equal(source.next(source.ctx, &item), BULKFETCH_ERROR);
	assert_int_equal(item.sys, ENOENT);
	assert_string_equal(item.problem, "gone: No such file or directory");
	source.free(source.ctx);
}

static void
holds_one_descriptor_for_a_thousand_lists(void **state)
{
	static const char *names[1000];
	static char space[1000][8];
	struct bulkfetch_source source;
	struct rlimit old;
	struct rlimit few;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		(void)snprintf(space[i], sizeof(space[i]), "l%zu", i);
		make_file(space[i], "u\n");
		names[i] = space[i];
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){ .rlim_cur = 30, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	source = open_lists(names, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++)
		expect_item(&source, "u", i + 1, names[i], 1);
	expect_got(&source, BULKFETCH_END);
	source.free(source.ctx);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void
lets_others_run_while_it_finds_nothing(void **state)
{
	const char *const names[] = { "comments" };
	struct bulkfetch_source source;
	struct bulkfetch_item item;
	int fd = open("comments", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	char line[1024];
	unsigned pendings = 0;

	(void)state;
	memset(line, '#', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < 3000; i++)
		assert_int_equal(write(fd, line, sizeof(line)), sizeof(line));
	write_all(fd, "u1\n");
	(void)close(fd);
	source = open_lists(names, 1);
	while (source.next(source.ctx, &item) == BULKFETCH_PENDING) {
		assert_true(is_readable(source.fd(source.ctx)));
		pendings++;
	}
	assert_int_equal(pendings, 2);
	expect_text("u1", slice_of(item.url.ptr, item.url.len), "u1");
	assert_int_equal(item.n, 3001);
	expect_got(&source, BULKFETCH_END);
	source.free(source.ctx);
}

static void
survives_a_refused_allocation(void **state)
{
	const char *const names[] = { "a", "http://x/" };
	struct bulkfetch_problem problem = { 0 };
	struct bulkfetch_source source;
	size_t n = 0;
	bool was_refused;
	int failure;

	(void)state;
	make_file("a", "u1\n");
	do {
		refuse_begin(++n);
		failure = bulkfetch_lists_new(names, 2, &source, &problem);
		was_refused = refuse_end();
		assert_int_equal(failure, was_refused ? ENOMEM : 0);
	} while (was_refused);
	assert_true(n > 2);
	source.free(source.ctx);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_several_lists_in_turn),
		cmocka_unit_test(refuses_what_cannot_be_read_at_once),
		cmocka_unit_test(refuses_wrong_names_as_usage),
		cmocka_unit_test(gives_a_long_line_as_a_problem),
		cmocka_unit_test(waits_for_a_fifo_and_its_writer),
		cmocka_unit_test(reads_a_slow_pipe_without_changing_it),
		cmocka_unit_test(reads_a_pipe_on_demand_only),
		cmocka_unit_test(takes_devnull_and_a_file_as_standard_input),
		cmocka_unit_test(refuses_a_standard_input_that_is_none),
		cmocka_unit_test(reads_on_in_a_list_that_grows),
		cmocka_unit_test(tells_when_a_list_goes_away),
		cmocka_unit_test(holds_one_descriptor_for_a_thousand_lists),
		cmocka_unit_test(lets_others_run_while_it_finds_nothing),
		cmocka_unit_test(survives_a_refused_allocation),
	};

	return cmocka_run_group_tests(tests, enter_folder, remove_folder);
}
