/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray */
#include "exact.h"
#include "refuse.h"
#include "scratch.h"

#include "route/address_list.h"

#define MAX 8

static struct address_list *
read_list(const char *content, sa_family_t family)
{
	struct address_list *l = NULL;
	size_t line = 99;
	struct err err;

	(void)unlink(scratch_path("list"));
	scratch_write("list", content, 0644);
	err = address_list_new(scratch_path("list"), family, &l, &line);
	if (err_is(err))
		fail_msg("line %zu: %s", line, err.why);
	assert_int_equal(line, 0);
	return l;
}

/* "addr:port,addr:port," */
static const char *
next(struct address_list *l, uint16_t port, size_t max)
{
	static char out[MAX * (ENDPOINT_TEXT_MAX + 7)];
	struct endpoint addrs[MAX];
	size_t len = 0;
	size_t count = address_list_next(l, port, addrs, max);

	assert_true(count <= max);
	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char text[ENDPOINT_TEXT_MAX];

		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s:%u,",
		    endpoint_format(&addrs[i], text), endpoint_port(&addrs[i]));
	}
	return out;
}

static void
reads_addresses_with_and_without_ports(void **state)
{
	struct address_list *l = read_list("# front ends\n"
					   "\n"
					   "10.0.0.1\r\n"
					   " 10.0.0.2:8080\t# a comment\n"
					   "#10.0.0.3\n"
					   "::1\n"
					   "[::2]#\n"
					   "   \t\n"
					   "[::3]:81",
	    AF_UNSPEC);

	(void)state;
	assert_string_equal(next(l, 80, MAX),
	    "10.0.0.1:80,10.0.0.2:8080,::1:80,::2:80,::3:81,");
	address_list_free(l);
	address_list_free(NULL);
}

static void
gives_them_in_turn_without_end(void **state)
{
	struct address_list *l =
	    read_list("10.0.0.1\n10.0.0.2\n10.0.0.3\n", AF_UNSPEC);

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_string_equal(next(l, 80, 2), "10.0.0.1:80,10.0.0.2:80,");
		assert_string_equal(next(l, 81, 2), "10.0.0.2:81,10.0.0.3:81,");
		assert_string_equal(
		    next(l, 80, MAX), "10.0.0.3:80,10.0.0.1:80,10.0.0.2:80,");
	}
	address_list_free(l);

	l = read_list("10.0.0.1", AF_UNSPEC);
	for (int i = 0; i < 3; i++)
		assert_string_equal(next(l, 80, MAX), "10.0.0.1:80,");
	address_list_free(l);
}

static void
passes_over_the_other_family(void **state)
{
	const char *content = "::1\n10.0.0.1\n::2\n10.0.0.2\n";
	struct address_list *l = read_list(content, AF_INET);
	size_t line = 99;

	(void)state;
	assert_string_equal(next(l, 80, MAX), "10.0.0.1:80,10.0.0.2:80,");
	address_list_free(l);
	l = read_list(content, AF_INET6);
	assert_string_equal(next(l, 80, MAX), "::1:80,::2:80,");
	address_list_free(l);

	(void)unlink(scratch_path("list"));
	scratch_write("list", "::1\n::2\n", 0644);
	expect_kind("none",
	    address_list_new(scratch_path("list"), AF_INET, &l, &line),
	    ERR_REQUEST);
	assert_int_equal(line, 0);
}

static void
says_which_line_is_wrong(void **state)
{
	static const struct {
		const char *content;
		size_t line;
	} rows[] = {
		{ "", 0 },
		{ "\n# nothing\n", 0 },
		{ "x\n", 1 },
		{ "10.0.0.1\n\nlocalhost", 3 },
		{ "10.0.0.1 10.0.0.2\n", 1 },
		{ "::1\n10.0.0.1:0\n", 2 },
		{ "10.0.0.1:\n", 1 },
		{ "10.0.0.1:65536\n", 1 },
		{ "[10.0.0.1\n", 1 },
		{ "[::1]80\n", 1 },
		{ "10.0.0.1\r\r\n", 1 },
		{ "10.0.0.0/8\n", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address_list *l = NULL;
		size_t line = 99;
		struct err err;

		(void)unlink(scratch_path("list"));
		scratch_write("list", rows[i].content, 0644);
		err = address_list_new(
		    scratch_path("list"), AF_UNSPEC, &l, &line);
		expect_kind(rows[i].content, err, ERR_REQUEST);
		assert_non_null(err.why);
		assert_int_equal(line, rows[i].line);
		assert_null(l);
	}
}

static void
says_why_a_file_cannot_be_read(void **state)
{
	struct address_list *l = NULL;
	size_t line = 99;
	struct err err;
	int fd;

	(void)state;
	err = address_list_new(scratch_path("none"), AF_UNSPEC, &l, &line);
	expect_kind("missing", err, ERR_FILE);
	assert_int_equal(err.sys, ENOENT);
	assert_int_equal(line, 0);

	/* A hole reads as zeros. */
	fd = open(scratch_path("large"), O_WRONLY | O_CREAT | O_EXCL, 0644);
	assert_int_equal(ftruncate(fd, (off_t)ADDRESS_LIST_OCTETS_MAX + 1), 0);
	assert_int_equal(close(fd), 0);
	err = address_list_new(scratch_path("large"), AF_UNSPEC, &l, &line);
	expect_kind("large", err, ERR_LIMIT);
	assert_non_null(err.why);
	assert_null(l);
}

static void
takes_a_million_addresses_and_no_more(void **state)
{
	const size_t most = ADDRESS_LIST_MAX;
	char *content = malloc(3 * (most + 1) + 1);
	struct address_list *l = NULL;
	size_t line;

	(void)state;
	assert_non_null(content);
	for (size_t i = 0; i <= most; i++)
		memcpy(content + 3 * i, "::\n", 3);
	content[3 * (most + 1)] = '\0';
	/* Only the last one differs. */
	(void)strcpy(content + 3 * (most - 1), "::1");
	l = read_list(content, AF_UNSPEC);
	for (size_t i = 1; i < most; i++) {
		struct endpoint ep;

		assert_int_equal(address_list_next(l, 80, &ep, 1), 1);
		assert_int_equal(ep.addr.in6.sin6_addr.s6_addr[15], 0);
	}
	assert_string_equal(next(l, 80, 2), "::1:80,:::80,");
	assert_string_equal(next(l, 80, 1), ":::80,");
	address_list_free(l);

	(void)memcpy(content + 3 * (most - 1), "::\n::\n", 7);
	(void)unlink(scratch_path("list"));
	scratch_write("list", content, 0644);
	expect_kind("more",
	    address_list_new(scratch_path("list"), AF_UNSPEC, &l, &line),
	    ERR_LIMIT);
	free(content);
}

static void
fails_alone_when_memory_is_refused(void **state)
{
	size_t n;

	(void)state;
	scratch_write("list", "::1\n", 0644);
	for (n = 1;; n++) {
		struct address_list *l = NULL;
		size_t line = 99;
		struct err err;

		refuse_begin(n);
		err = address_list_new(
		    scratch_path("list"), AF_UNSPEC, &l, &line);
		if (!refuse_end()) {
			expect_kind("new", err, ERR_NONE);
			address_list_free(l);
			break;
		}
		expect_kind("new", err, ERR_NOMEM);
		assert_null(l);
	}
	assert_true(n > 2);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_addresses_with_and_without_ports),
		TEST(gives_them_in_turn_without_end),
		TEST(passes_over_the_other_family),
		TEST(says_which_line_is_wrong),
		TEST(says_why_a_file_cannot_be_read),
		TEST(takes_a_million_addresses_and_no_more),
		TEST(fails_alone_when_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
