/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=slurp_file */
#include "exact.h"
#include "refuse.h"
#include "scratch.h"

#include "net/host_names.h"
#include "sys/slurp.h"

static int slurp_errno; /* what slurp_file() fails with; 0: nothing */
static enum err_kind slurp_kind = ERR_FILE;
static unsigned slurps;

struct err __real_slurp_file(const char *path, struct buf *out);
struct err __wrap_slurp_file(const char *path, struct buf *out);

struct err
__wrap_slurp_file(const char *path, struct buf *out)
{
	slurps++;
	if (slurp_errno != 0 || slurp_kind != ERR_FILE)
		return err_code(slurp_kind, slurp_errno);
	return __real_slurp_file(path, out);
}

static char path[128];

/* With what `content` says, or without a file if it is NULL. */
static struct host_names *
new_names(const char *content)
{
	struct host_names *h;

	slurps = 0;
	slurp_errno = 0;
	slurp_kind = ERR_FILE;
	if (content != NULL)
		scratch_write("hosts", content, 0600);
	(void)snprintf(path, sizeof(path), "%s/hosts", scratch_dir);
	assert_false(err_is(host_names_new(path, &h)));
	return h;
}

/* Another file takes its place. */
static void
rewrite(const char *content)
{
	scratch_write("hosts.new", content, 0600);
	assert_int_equal(rename(scratch_path("hosts.new"), path), 0);
}

/* "addr,addr,"; "known" or "unknown" without any. */
static const char *
find(struct host_names *h, struct slice host, sa_family_t family, size_t max)
{
	static char out[32 * ENDPOINT_TEXT_MAX];
	struct endpoint found[32];
	struct slice exact = exact_copy(host);
	bool is_known;
	size_t count =
	    host_names_find(h, exact, 8080, family, found, max, &is_known);
	size_t len = 0;

	exact_free(exact);
	assert_true(count <= max);
	assert_true(is_known || count == 0);
	if (count == 0)
		return is_known ? "known" : "unknown";
	for (size_t i = 0; i < count; i++) {
		char text[ENDPOINT_TEXT_MAX];

		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s,",
		    endpoint_format(&found[i], text));
		assert_int_equal(endpoint_port(&found[i]), 8080);
	}
	return out;
}

static const char *
find_all(struct host_names *h, const char *host)
{
	return find(h, slice_str(host), AF_UNSPEC, 32);
}

static const char hosts[] = "# a comment\n"
			    "127.0.0.1\tlocalhost\n"
			    "::1\t\tlocalhost ip6-localhost\n"
			    "10.0.0.1 one One.Example\r\n"
			    "10.0.0.2 two one\n"
			    "not-an-address three four\n"
			    "10.0.0.3 three\n"
			    "::2 six\n";

static void
finds_addresses_in_the_order_of_the_file(void **state)
{
	static const struct {
		struct slice host;
		sa_family_t family;
		const char *answer;
	} rows[] = {
		{ TEXT("one"), AF_UNSPEC, "10.0.0.1,10.0.0.2," },
		{ TEXT("ONE"), AF_INET, "10.0.0.2,10.0.0.1," },
		{ TEXT("one.example"), AF_UNSPEC, "10.0.0.1," },
		{ TEXT("two"), AF_UNSPEC, "10.0.0.2," },
		{ TEXT("three"), AF_UNSPEC, "10.0.0.3," },
		{ TEXT("four"), AF_UNSPEC, "unknown" },
		{ TEXT("localhost"), AF_UNSPEC, "127.0.0.1,::1," },
		{ TEXT("localhost"), AF_INET, "127.0.0.1," },
		{ TEXT("localhost"), AF_INET6, "::1," },
		{ TEXT("six"), AF_INET, "known" },
		{ TEXT("six"), AF_INET6, "::2," },
		{ TEXT("one"), AF_INET6, "known" },
		{ TEXT("a.localhost"), AF_UNSPEC, "unknown" },
		{ TEXT("on"), AF_UNSPEC, "unknown" },
		{ TEXT("not-an-address"), AF_UNSPEC, "unknown" },
		{ TEXT("10.0.0.1"), AF_UNSPEC, "unknown" },
		{ TEXT(""), AF_UNSPEC, "unknown" },
		{ TEXT("\0"), AF_UNSPEC, "unknown" },
	};
	struct host_names *h = new_names(hosts);

	(void)state;
	assert_string_equal(find_all(h, "one"), "unknown");
	assert_int_equal(slurps, 0);
	assert_false(err_is(host_names_refresh(h)));
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *answer = find(h, rows[i].host, rows[i].family, 32);

		if (strcmp(answer, rows[i].answer) != 0)
			fail_msg("row %zu: %s", i, answer);
	}
	host_names_free(h);
}

static void
begins_with_the_next_address_each_time(void **state)
{
	struct host_names *h = new_names("10.0.0.1 a b\n::1 a\n10.0.0.2 a\n"
					 "10.0.0.9 b\n10.0.0.3 a\n");
	const struct slice a = TEXT("a");
	const struct slice b = TEXT("b");

	(void)state;
	assert_false(err_is(host_names_refresh(h)));
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(find(h, a, AF_UNSPEC, 2), "10.0.0.1,::1,");
		assert_string_equal(find(h, a, AF_UNSPEC, 2), "::1,10.0.0.2,");
		assert_string_equal(
		    find(h, a, AF_UNSPEC, 2), "10.0.0.2,10.0.0.3,");
		assert_string_equal(
		    find(h, a, AF_UNSPEC, 2), "10.0.0.3,10.0.0.1,");
	}
	/* Each as often as the others, though one is passed over. */
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(
		    find(h, a, AF_INET, 32), "10.0.0.1,10.0.0.2,10.0.0.3,");
		assert_string_equal(
		    find(h, a, AF_INET, 32), "10.0.0.2,10.0.0.3,10.0.0.1,");
		assert_string_equal(
		    find(h, a, AF_INET, 32), "10.0.0.3,10.0.0.1,10.0.0.2,");
	}
	/* The turns of another name are its own. */
	assert_string_equal(find_all(h, "b"), "10.0.0.1,10.0.0.9,");
	assert_string_equal(find(h, a, AF_INET, 1), "10.0.0.1,");
	assert_string_equal(find_all(h, "b"), "10.0.0.9,10.0.0.1,");
	assert_string_equal(find(h, b, AF_UNSPEC, 0), "known");
	assert_string_equal(find_all(h, "b"), "10.0.0.1,10.0.0.9,");
	host_names_free(h);
}

static void
is_read_again_only_when_it_has_changed(void **state)
{
	struct host_names *h = new_names("10.0.0.1 a\n");

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_false(err_is(host_names_refresh(h)));
	assert_int_equal(slurps, 1);
	assert_string_equal(find_all(h, "a"), "10.0.0.1,");

	rewrite("10.0.0.2 a\n");
	assert_string_equal(find_all(h, "a"), "10.0.0.1,");
	for (unsigned i = 0; i < 3; i++)
		assert_false(err_is(host_names_refresh(h)));
	assert_int_equal(slurps, 2);
	assert_string_equal(find_all(h, "a"), "10.0.0.2,");

	assert_int_equal(unlink(path), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_false(err_is(host_names_refresh(h)));
	assert_int_equal(slurps, 2);
	assert_string_equal(find_all(h, "a"), "unknown");

	rewrite("10.0.0.3 a\n");
	assert_false(err_is(host_names_refresh(h)));
	assert_int_equal(slurps, 3);
	assert_string_equal(find_all(h, "a"), "10.0.0.3,");
	host_names_free(h);
}

static void
a_file_written_in_place_has_changed(void **state)
{
	static const struct timespec old[2] = { { .tv_sec = 1000 },
		{ .tv_sec = 1000 } };
	static const struct timespec later[2] = { { .tv_sec = 1000 },
		{ .tv_sec = 1000, .tv_nsec = 1 } };
	struct host_names *h = new_names("10.0.0.1 a\n");
	int fd = open(path, O_WRONLY);

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_int_equal(futimens(fd, old), 0);
	assert_false(err_is(host_names_refresh(h)));
	assert_int_equal(pwrite(fd, "10.0.0.2", 8, 0), 8);
	assert_int_equal(futimens(fd, later), 0);
	assert_false(err_is(host_names_refresh(h)));
	assert_string_equal(find_all(h, "a"), "10.0.0.2,");
	assert_int_equal(pwrite(fd, " b\n", 3, 10), 3);
	assert_int_equal(futimens(fd, later), 0);
	assert_false(err_is(host_names_refresh(h)));
	assert_string_equal(find_all(h, "b"), "10.0.0.2,");
	assert_int_equal(close(fd), 0);
	host_names_free(h);
}

static void
a_file_that_cannot_be_read_is_as_good_as_an_empty_one(void **state)
{
	static const struct {
		enum err_kind kind;
		int sys;
	} rows[] = {
		{ ERR_FILE, EACCES },
		{ ERR_FILE, EISDIR },
		{ ERR_FILE, EIO },
		{ ERR_LIMIT, 0 },
	};
	struct host_names *h = new_names(NULL);

	(void)state;
	assert_false(err_is(host_names_refresh(h)));
	assert_int_equal(slurps, 0);
	assert_string_equal(find_all(h, "a"), "unknown");
	for (size_t i = 0; i < COUNT(rows); i++) {
		rewrite("10.0.0.1 a\n");
		assert_false(err_is(host_names_refresh(h)));
		assert_string_equal(find_all(h, "a"), "10.0.0.1,");
		rewrite("10.0.0.2 a\n");
		slurp_kind = rows[i].kind;
		slurp_errno = rows[i].sys;
		slurps = 0;
		assert_false(err_is(host_names_refresh(h)));
		assert_false(err_is(host_names_refresh(h)));
		assert_int_equal(slurps, 1);
		assert_string_equal(find_all(h, "a"), "unknown");
		slurp_kind = ERR_FILE;
		slurp_errno = 0;
	}
	host_names_free(h);
}

static void
without_a_descriptor_or_memory_it_stays_as_it_was(void **state)
{
	static const struct {
		int sys;
		enum err_kind kind;
	} rows[] = {
		{ EMFILE, ERR_SHORTAGE },
		{ ENFILE, ERR_SHORTAGE },
		{ ENOMEM, ERR_NOMEM },
	};
	struct host_names *h = new_names("10.0.0.1 a\n");

	(void)state;
	slurp_errno = EMFILE;
	assert_int_equal(host_names_refresh(h).kind, ERR_SHORTAGE);
	assert_string_equal(find_all(h, "a"), "unknown");
	slurp_errno = 0;
	assert_false(err_is(host_names_refresh(h)));
	for (size_t i = 0; i < COUNT(rows); i++) {
		rewrite("10.0.0.2 a\n");
		slurp_errno = rows[i].sys;
		assert_int_equal(host_names_refresh(h).kind, rows[i].kind);
		assert_string_equal(find_all(h, "a"), "10.0.0.1,");
		slurp_errno = 0;
		assert_false(err_is(host_names_refresh(h)));
		assert_string_equal(find_all(h, "a"), "10.0.0.2,");
		rewrite("10.0.0.1 a\n");
		assert_false(err_is(host_names_refresh(h)));
	}
	host_names_free(h);
}

static void
survives_each_refused_allocation(void **state)
{
	struct host_names *h = new_names("10.0.0.1 a\n");
	struct host_names *none;
	size_t n;

	(void)state;
	refuse_begin(1);
	assert_int_equal(host_names_new("", &none).kind, ERR_NOMEM);
	assert_true(refuse_end());
	assert_false(err_is(host_names_refresh(h)));
	rewrite("10.0.0.2 a\n10.0.0.3 b\n");
	for (n = 1;; n++) {
		struct err err;

		refuse_begin(n);
		err = host_names_refresh(h);
		if (!refuse_end()) {
			assert_false(err_is(err));
			break;
		}
		assert_int_equal(err.kind, ERR_NOMEM);
		assert_string_equal(find_all(h, "a"), "10.0.0.1,");
		assert_string_equal(find_all(h, "b"), "unknown");
	}
	assert_true(n > 4);
	assert_string_equal(find_all(h, "a"), "10.0.0.2,");
	assert_string_equal(find_all(h, "b"), "10.0.0.3,");
	host_names_free(h);
	host_names_free(NULL);
}

/* `len` octets of 'x' at `out`. */
static struct slice
long_name(char *out, size_t len)
{
	memset(out, 'x', len);
	out[len] = '\0';
	return slice_of(out, len);
}

static void
names_longer_than_any_are_not_known(void **state)
{
	char name[300];
	char line[1000];
	struct host_names *h;

	(void)state;
	long_name(name, 256);
	(void)snprintf(
	    line, sizeof(line), "10.0.0.1 %s %s a\n", name + 1, name);
	h = new_names(line);
	assert_false(err_is(host_names_refresh(h)));
	assert_string_equal(
	    find(h, long_name(name, 255), AF_UNSPEC, 1), "10.0.0.1,");
	assert_string_equal(
	    find(h, long_name(name, 256), AF_UNSPEC, 1), "unknown");
	assert_string_equal(
	    find(h, long_name(name, 299), AF_UNSPEC, 1), "unknown");
	assert_string_equal(find_all(h, "a"), "10.0.0.1,");
	host_names_free(h);
}

static void
finds_every_name_of_a_long_file(void **state)
{
	static char content[200000];
	size_t len = 0;
	struct host_names *h;

	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		len += (size_t)snprintf(content + len, sizeof(content) - len,
		    "10.1.%u.%u n%u all\n", i / 256, i % 256, i);
	h = new_names(content);
	assert_false(err_is(host_names_refresh(h)));
	for (unsigned i = 0; i < 5000; i++) {
		char name[16];
		char addr[32];

		(void)snprintf(name, sizeof(name), "N%u", i);
		(void)snprintf(
		    addr, sizeof(addr), "10.1.%u.%u,", i / 256, i % 256);
		assert_string_equal(find_all(h, name), addr);
		assert_string_equal(
		    find(h, slice_str("all"), AF_INET, 1), addr);
	}
	assert_string_equal(find_all(h, "n5000"), "unknown");
	host_names_free(h);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_addresses_in_the_order_of_the_file),
		TEST(begins_with_the_next_address_each_time),
		TEST(is_read_again_only_when_it_has_changed),
		TEST(a_file_written_in_place_has_changed),
		TEST(a_file_that_cannot_be_read_is_as_good_as_an_empty_one),
		TEST(without_a_descriptor_or_memory_it_stays_as_it_was),
		TEST(survives_each_refused_allocation),
		TEST(names_longer_than_any_are_not_known),
		TEST(finds_every_name_of_a_long_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
