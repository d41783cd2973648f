/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=slurp_file */
#include "exact.h"
#include "refuse.h"
#include "scratch.h"

#include "net/resolver_hosts.h"
#include "sys/slurp.h"

static int slurp_errno; /* what slurp_file() fails with; 0: nothing */
static unsigned slurps;

struct err __real_slurp_file(const char *path, struct buf *out);
struct err __wrap_slurp_file(const char *path, struct buf *out);

struct err
__wrap_slurp_file(const char *path, struct buf *out)
{
	slurps++;
	if (slurp_errno != 0)
		return err_code(ERR_FILE, slurp_errno);
	return __real_slurp_file(path, out);
}

static const char hosts[] = "# a comment\n"
			    "127.0.0.1\tlocalhost\n"
			    "::1\t\tlocalhost ip6-localhost\n"
			    "10.0.0.1 one One.Example\r\n"
			    "10.0.0.2 two one\n"
			    "not-an-address three\n"
			    "10.0.0.3 three\n"
			    "10.0.1.1 many\n10.0.1.2 many\n10.0.1.3 many\n"
			    "10.0.1.4 many\n10.0.1.5 many\n10.0.1.6 many\n"
			    "10.0.1.7 many\n10.0.1.8 many\n10.0.1.9 many\n";

static void
must_not_be_called(void *ctx)
{
	(void)ctx;
	fail_msg("answered later");
}

/* "addr,addr," or the name of the failure. */
static const char *
look_up_octets(struct resolver *r, struct slice host)
{
	static char out[LOOKUP_ADDRS_MAX * ENDPOINT_TEXT_MAX];
	struct lookup l = { .fn = must_not_be_called };
	size_t len = 0;

	assert_true(r->start(r, &l, host, 8080));
	r->cancel(r, &l);
	if (err_is(l.err)) {
		assert_int_equal(l.count, 0);
		return err_name(l.err.kind);
	}
	assert_true(l.count > 0);
	for (size_t i = 0; i < l.count; i++) {
		char text[ENDPOINT_TEXT_MAX];

		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s,",
		    endpoint_format(&l.addrs[i], text));
		assert_int_equal(ntohs(l.addrs[i].addr.in.sin_port), 8080);
	}
	return out;
}

static const char *
look_up(struct resolver *r, const char *host)
{
	return look_up_octets(r, slice_str(host));
}

static struct resolver *
new_resolver(const char *content)
{
	static char path[128];
	struct resolver *r;

	if (content != NULL)
		scratch_write("hosts", content, 0600);
	(void)snprintf(path, sizeof(path), "%s/hosts", scratch_dir);
	assert_false(err_is(resolver_hosts_new(path, &r)));
	return r;
}

static void
finds_addresses_in_the_order_of_the_file(void **state)
{
	static const struct {
		const char *host;
		const char *answer;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1," },
		{ "2001:db8::1", "2001:db8::1," },
		{ "one", "10.0.0.1,10.0.0.2," },
		{ "one.example", "10.0.0.1," },
		{ "two", "10.0.0.2," },
		{ "three", "10.0.0.3," },
		{ "localhost", "127.0.0.1,::1," },
		{ "ip6-localhost", "::1," },
		{ "a.b.localhost", "127.0.0.1,::1," },
		{ "notlocalhost", "resolve" },
		{ "four", "resolve" },
		{ "on", "resolve" },
		{ "not-an-address", "resolve" },
		{ "many",
		    "10.0.1.1,10.0.1.2,10.0.1.3,10.0.1.4,"
		    "10.0.1.5,10.0.1.6,10.0.1.7,10.0.1.8," },
	};
	struct resolver *r = new_resolver(hosts);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		expect_text(cases[i].host, slice_str(look_up(r, cases[i].host)),
		    cases[i].answer);
	r->free(r);
}

static void
the_file_is_read_once_and_only_for_a_name(void **state)
{
	struct resolver *r = new_resolver(hosts);

	(void)state;
	slurps = 0;
	(void)look_up(r, "192.0.2.1");
	assert_int_equal(slurps, 0);
	(void)look_up(r, "one");
	(void)look_up(r, "four");
	(void)look_up(r, "two");
	assert_int_equal(slurps, 1);
	r->free(r);
}

static void
a_missing_file_is_as_good_as_an_empty_one(void **state)
{
	struct resolver *r = new_resolver(NULL);

	(void)state;
	assert_string_equal(look_up(r, "one"), "resolve");
	assert_string_equal(look_up(r, "localhost"), "127.0.0.1,::1,");
	assert_string_equal(look_up(r, "192.0.2.1"), "192.0.2.1,");
	r->free(r);
	r = new_resolver("");
	assert_string_equal(look_up(r, "one"), "resolve");
	r->free(r);
}

static void
without_a_descriptor_the_file_is_not_taken_for_missing(void **state)
{
	struct resolver *r = new_resolver(hosts);

	(void)state;
	slurp_errno = EMFILE;
	assert_string_equal(look_up(r, "one"), "shortage");
	assert_string_equal(look_up(r, "192.0.2.1"), "192.0.2.1,");
	slurp_errno = 0;
	assert_string_equal(look_up(r, "one"), "10.0.0.1,10.0.0.2,");
	r->free(r);
}

static void
without_memory_one_lookup_fails_and_the_next_does_not(void **state)
{
	struct resolver *r = new_resolver(hosts);
	struct resolver *none;
	size_t n;

	(void)state;
	refuse_begin(1);
	assert_int_equal(resolver_hosts_new("", &none).kind, ERR_NOMEM);
	assert_true(refuse_end());
	r->free(r);
	for (n = 1;; n++) {
		const char *answer;

		assert_false(
		    err_is(resolver_hosts_new(scratch_path("hosts"), &r)));
		refuse_begin(n);
		answer = look_up(r, "192.0.2.1");
		assert_string_equal(answer, "192.0.2.1,");
		answer = look_up(r, "two");
		if (!refuse_end()) {
			r->free(r);
			break;
		}
		assert_string_equal(answer, "memory");
		assert_string_equal(look_up(r, "two"), "10.0.0.2,");
		r->free(r);
	}
	assert_true(n > 3);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_addresses_in_the_order_of_the_file),
		TEST(the_file_is_read_once_and_only_for_a_name),
		TEST(a_missing_file_is_as_good_as_an_empty_one),
		TEST(without_a_descriptor_the_file_is_not_taken_for_missing),
		TEST(without_memory_one_lookup_fails_and_the_next_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
