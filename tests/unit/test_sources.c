/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=getifaddrs,--wrap=freeifaddrs,--wrap=if_nametoindex,--wrap=socket,--wrap=bind */
#include "exact.h"
#include "refuse.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "route/sources.h"

#define MAX 12

/* The interfaces of the machine as a test has it. */
static struct ifaddrs world[MAX];
static struct sockaddr_storage world_addrs[MAX];
static char world_names[MAX][IF_NAMESIZE + 1];
static size_t world_count;
static int getifaddrs_errno; /* what it fails with; 0: nothing */
static unsigned lists_lent;
static int nametoindex_errno;

/* Addresses that cannot be bound to, and why. */
static const char *unbound[4];
static int bind_errno;
static int socket_errno;
static sa_family_t socket_family_missing;

int __real_socket(int family, int type, int protocol);
int __wrap_getifaddrs(struct ifaddrs **out);
void __wrap_freeifaddrs(struct ifaddrs *list);
unsigned __wrap_if_nametoindex(const char *name);
int __wrap_socket(int family, int type, int protocol);
int __wrap_bind(int fd, const struct sockaddr *sa, socklen_t len);

int
__wrap_getifaddrs(struct ifaddrs **out)
{
	if (getifaddrs_errno != 0) {
		errno = getifaddrs_errno;
		return -1;
	}
	lists_lent++;
	for (size_t i = 0; i < world_count; i++)
		world[i].ifa_next = i + 1 < world_count ? &world[i + 1] : NULL;
	*out = world;
	return 0;
}

void
__wrap_freeifaddrs(struct ifaddrs *list)
{
	assert_ptr_equal(list, world);
	lists_lent--;
}

unsigned
__wrap_if_nametoindex(const char *name)
{
	if (nametoindex_errno != 0) {
		errno = nametoindex_errno;
		return 0;
	}
	for (unsigned i = 0; i < world_count; i++) {
		if (strcmp(world_names[i], name) == 0)
			return i + 1;
	}
	errno = ENODEV;
	return 0;
}

int
__wrap_socket(int family, int type, int protocol)
{
	if (socket_errno != 0) {
		errno = socket_errno;
		return -1;
	}
	if (family == socket_family_missing && family != AF_UNSPEC) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	/* The machine that tests may have no IPv6. */
	return __real_socket(AF_INET, type, protocol);
}

int
__wrap_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct endpoint ep = { .len = len };
	char text[ENDPOINT_TEXT_MAX];

	(void)fd;
	memcpy(&ep.addr, sa, len);
	assert_int_equal(endpoint_port(&ep), 0);
	(void)endpoint_format(&ep, text);
	for (size_t i = 0; i < COUNT(unbound); i++) {
		if (unbound[i] != NULL && strcmp(unbound[i], text) == 0) {
			errno = bind_errno;
			return -1;
		}
	}
	return 0;
}

/* `addr` NULL: an interface without one of its own. */
static void
add_interface(const char *name, const char *address, uint32_t scope)
{
	struct ifaddrs *at = &world[world_count];
	struct endpoint ep;

	assert_true(world_count < MAX);
	(void)strcpy(world_names[world_count], name);
	*at = (struct ifaddrs){ .ifa_name = world_names[world_count] };
	if (address != NULL) {
		assert_true(endpoint_parse(slice_str(address), 0, &ep));
		if (scope != 0)
			ep.addr.in6.sin6_scope_id = scope;
		memcpy(&world_addrs[world_count], &ep.addr, ep.len);
		at->ifa_addr = (struct sockaddr *)&world_addrs[world_count];
	}
	world_count++;
}

static int
setup(void **state)
{
	(void)state;
	world_count = 0;
	memset(unbound, 0, sizeof(unbound));
	memset(world_addrs, 0, sizeof(world_addrs));
	bind_errno = EADDRNOTAVAIL;
	getifaddrs_errno = socket_errno = nametoindex_errno = 0;
	socket_family_missing = AF_UNSPEC;
	add_interface("lo", "127.0.0.1", 0);
	add_interface("lo", "::1", 0);
	add_interface("eth0", NULL, 0);
	add_interface("eth0", "192.0.2.1", 0);
	add_interface("eth0", "192.0.2.2", 0);
	add_interface("eth0", "2001:db8::1", 0);
	add_interface("eth0", "fe80::1", 2);
	add_interface("eth0:1", "192.0.2.3", 0);
	add_interface("wlan0", "fe80::2", 3);
	add_interface("tun0", NULL, 0);
	/* Packet sockets have addresses as well. */
	world_addrs[world_count].ss_family = AF_PACKET;
	add_interface("tun0", NULL, 0);
	world[world_count - 1].ifa_addr =
	    (struct sockaddr *)&world_addrs[world_count - 1];
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	assert_int_equal(lists_lent, 0);
	return 0;
}

static struct sources *
make(const char *const *texts, size_t count)
{
	struct sources *s = NULL;
	const char *bad = NULL;
	struct err err = sources_new(texts, count, &s, &bad);

	if (err_is(err))
		fail_msg("%s: %s %d", bad, err.why, err.sys);
	return s;
}

/* One round of a family: "addr@device,addr@device," */
static const char *
round_of(struct sources *s, sa_family_t family)
{
	static char out[512];
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sources_count(s, family); i++) {
		const struct sock_source *source = sources_next(s, family);
		char text[ENDPOINT_TEXT_MAX];

		assert_int_equal(source->addr.addr.sa.sa_family, family);
		assert_int_equal(endpoint_port(&source->addr), 0);
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s@%s,",
		    endpoint_format(&source->addr, text), source->device);
	}
	return out;
}

static void
reads_curls_forms(void **state)
{
	static const struct {
		const char *text;
		const char *ipv4;
		const char *ipv6;
	} rows[] = {
		{ "192.0.2.9", "192.0.2.9@,", "" },
		{ "host!192.0.2.9", "192.0.2.9@,", "" },
		{ "2001:db8::9", "", "2001:db8::9@," },
		{ "host!2001:db8::9", "", "2001:db8::9@," },
		{ "lo", "127.0.0.1@lo,", "::1@lo," },
		{ "if!lo", "127.0.0.1@lo,", "::1@lo," },
		{ "eth0", "192.0.2.1@eth0,192.0.2.2@eth0,192.0.2.3@eth0,",
		    "2001:db8::1@eth0," },
		{ "eth0:1", "192.0.2.3@eth0,", "" },
		{ "192.0.2.9, eth0:1 ,lo",
		    "192.0.2.9@,192.0.2.3@eth0,"
		    "127.0.0.1@lo,",
		    "::1@lo," },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sources *s = make(&rows[i].text, 1);

		assert_string_equal(round_of(s, AF_INET), rows[i].ipv4);
		assert_string_equal(round_of(s, AF_INET6), rows[i].ipv6);
		/* And once more round. */
		assert_string_equal(round_of(s, AF_INET), rows[i].ipv4);
		sources_free(s);
	}
}

static void
gives_them_in_turn_each_family_for_itself(void **state)
{
	static const char *const texts[] = { "192.0.2.1,2001:db8::1",
		"192.0.2.2" };
	struct sources *s = make(texts, 2);
	const struct sock_source *first = sources_next(s, AF_INET);
	const struct sock_source *sixth = sources_next(s, AF_INET6);
	const struct sock_source *second = sources_next(s, AF_INET);

	(void)state;
	assert_int_equal(sources_count(s, AF_INET), 2);
	assert_int_equal(sources_count(s, AF_INET6), 1);
	assert_false(endpoint_eq(&first->addr, &second->addr));
	assert_ptr_equal(sources_next(s, AF_INET), first);
	assert_ptr_equal(sources_next(s, AF_INET6), sixth);
	assert_ptr_equal(sources_next(s, AF_INET), second);
	sources_free(s);
	sources_free(NULL);
}

static void
there_may_be_none_of_a_family(void **state)
{
	const char *text = "192.0.2.1";
	struct sources *s = make(&text, 1);

	(void)state;
	assert_int_equal(sources_count(s, AF_INET6), 0);
	assert_null(sources_next(s, AF_INET6));
	sources_free(s);
}

static void
link_local_addresses_count_where_there_is_no_other(void **state)
{
	const char *text = "wlan0";
	struct sources *s = make(&text, 1);
	const struct sock_source *source = sources_next(s, AF_INET6);

	(void)state;
	assert_int_equal(sources_count(s, AF_INET), 0);
	assert_int_equal(sources_count(s, AF_INET6), 1);
	assert_int_equal(source->addr.addr.in6.sin6_scope_id, 3);
	assert_string_equal(source->device, "wlan0");
	sources_free(s);
}

static void
leaves_out_what_cannot_be_bound_to_if_others_can(void **state)
{
	const char *text = "eth0";
	struct sources *s;
	const char *bad = NULL;
	struct err err;

	(void)state;
	unbound[0] = "192.0.2.1";
	unbound[1] = "2001:db8::1";
	s = make(&text, 1);
	assert_string_equal(
	    round_of(s, AF_INET), "192.0.2.2@eth0,192.0.2.3@eth0,");
	assert_string_equal(round_of(s, AF_INET6), "");
	sources_free(s);

	unbound[2] = "192.0.2.2";
	unbound[3] = "192.0.2.3";
	s = NULL;
	err = sources_new(&text, 1, &s, &bad);
	expect_kind("eth0", err, ERR_REQUEST);
	assert_int_equal(err.sys, EADDRNOTAVAIL);
	assert_ptr_equal(bad, text);

	setup(NULL);
	socket_family_missing = AF_INET6;
	s = make(&text, 1);
	assert_string_equal(round_of(s, AF_INET),
	    "192.0.2.1@eth0,192.0.2.2@eth0,192.0.2.3@eth0,");
	assert_string_equal(round_of(s, AF_INET6), "");
	sources_free(s);
}

static void
says_what_is_wrong_and_where(void **state)
{
	static const struct {
		const char *text;
		const char *why; /* NULL: an errno */
	} rows[] = {
		{ "", "neither" },
		{ ",", "neither" },
		{ "lo,", "neither" },
		{ ",lo", "neither" },
		{ "eth1", "neither" },
		{ "lo,eth1", "neither" },
		{ "if!", "neither" },
		{ "if!127.0.0.1", "neither" },
		{ "[::1]", "neither" },
		{ "192.0.2.0/24", "neither" },
		{ "a-name-that-is-longer-than-an-interface's", "neither" },
		{ "host!lo", "numeric" },
		{ "host!localhost", "numeric" },
		{ "host!", "numeric" },
		{ "tun0", "without an address" },
		{ "192.0.2.77", NULL },
		{ "lo,host!192.0.2.77", NULL },
	};

	(void)state;
	unbound[0] = "192.0.2.77";
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *const texts[] = { "lo", rows[i].text, "wrong" };
		struct sources *s = NULL;
		const char *bad = NULL;
		struct err err = sources_new(texts, 3, &s, &bad);

		expect_kind(rows[i].text, err, ERR_REQUEST);
		assert_ptr_equal(bad, rows[i].text);
		assert_null(s);
		if (rows[i].why == NULL)
			assert_int_equal(err.sys, EADDRNOTAVAIL);
		else if (strstr(err.why, rows[i].why) == NULL)
			fail_msg("%s: \"%s\"", rows[i].text, err.why);
	}
}

static void
tells_a_shortage_from_a_wrong_wish(void **state)
{
	static const struct {
		int *where;
		int sys;
		enum err_kind kind;
	} rows[] = {
		{ &socket_errno, EMFILE, ERR_SHORTAGE },
		{ &socket_errno, ENFILE, ERR_SHORTAGE },
		{ &socket_errno, ENOMEM, ERR_NOMEM },
		{ &socket_errno, EACCES, ERR_REQUEST },
		{ &getifaddrs_errno, EMFILE, ERR_SHORTAGE },
		{ &getifaddrs_errno, ENOMEM, ERR_NOMEM },
		{ &nametoindex_errno, EMFILE, ERR_SHORTAGE },
		{ &nametoindex_errno, ENODEV, ERR_REQUEST },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *text = "eth0";
		struct sources *s = NULL;
		const char *bad = NULL;

		*rows[i].where = rows[i].sys;
		expect_kind(
		    "eth0", sources_new(&text, 1, &s, &bad), rows[i].kind);
		assert_null(s);
		*rows[i].where = 0;
	}
}

static void
takes_4096_and_no_more(void **state)
{
	static const char *texts[SOURCES_MAX + 1];
	struct sources *s = NULL;
	const char *bad = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < SOURCES_MAX + 1; i++)
		texts[i] = i % 2 == 0 ? "192.0.2.1" : "2001:db8::1";
	s = make(texts, SOURCES_MAX);
	assert_int_equal(sources_count(s, AF_INET), SOURCES_MAX / 2);
	assert_int_equal(sources_count(s, AF_INET6), SOURCES_MAX / 2);
	sources_free(s);
	s = NULL;
	err = sources_new(texts, SOURCES_MAX + 1, &s, &bad);
	expect_kind("more", err, ERR_LIMIT);
	assert_non_null(err.why);
	assert_null(s);
}

static void
fails_alone_when_memory_is_refused(void **state)
{
	static const char *const texts[] = { "eth0,lo", "192.0.2.9" };
	size_t n;

	(void)state;
	for (n = 1;; n++) {
		struct sources *s = NULL;
		const char *bad = NULL;
		struct err err;

		refuse_begin(n);
		err = sources_new(texts, 2, &s, &bad);
		if (!refuse_end()) {
			expect_kind("new", err, ERR_NONE);
			sources_free(s);
			break;
		}
		expect_kind("new", err, ERR_NOMEM);
		assert_null(s);
	}
	assert_true(n > 3);
}

static void
leaves_no_descriptor_open(void **state)
{
	const char *text = "eth0,lo,192.0.2.9";
	int before = dup(0);
	int after;

	(void)state;
	(void)close(before);
	unbound[0] = "192.0.2.1";
	sources_free(make(&text, 1));
	after = dup(0);
	(void)close(after);
	assert_int_equal(before, after);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_curls_forms),
		TEST(gives_them_in_turn_each_family_for_itself),
		TEST(there_may_be_none_of_a_family),
		TEST(link_local_addresses_count_where_there_is_no_other),
		TEST(leaves_out_what_cannot_be_bound_to_if_others_can),
		TEST(says_what_is_wrong_and_where),
		TEST(tells_a_shortage_from_a_wrong_wish),
		TEST(takes_4096_and_no_more),
		TEST(fails_alone_when_memory_is_refused),
		TEST(leaves_no_descriptor_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
