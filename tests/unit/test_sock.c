/* link: -Wl,--wrap=socket,--wrap=connect */
#include "exact.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "sys/sock.h"

static int socket_errno; /* what socket() fails with; 0: nothing */
static int connect_errno;

int __real_socket(int family, int type, int protocol);
int __real_connect(int fd, const struct sockaddr *addr, socklen_t len);
int __wrap_socket(int family, int type, int protocol);
int __wrap_connect(int fd, const struct sockaddr *addr, socklen_t len);

int
__wrap_socket(int family, int type, int protocol)
{
	if (socket_errno == 0)
		return __real_socket(family, type, protocol);
	errno = socket_errno;
	return -1;
}

int
__wrap_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	if (connect_errno == 0)
		return __real_connect(fd, addr, len);
	errno = connect_errno;
	return -1;
}

static struct endpoint
parse(const char *text, uint16_t port)
{
	struct endpoint ep = { .len = 0 };

	if (!endpoint_parse(slice_str(text), port, &ep))
		fail_msg("%s: not an address", text);
	return ep;
}

static void
reads_and_writes_numeric_addresses(void **state)
{
	static const struct {
		const char *text;
		const char *shown; /* NULL: the same */
	} cases[] = {
		{ "0.0.0.0", NULL },
		{ "127.0.0.1", NULL },
		{ "255.255.255.255", NULL },
		{ "::", NULL },
		{ "::1", NULL },
		{ "2001:db8::8:800:200c:417a", NULL },
		{ "2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "::ffff:1.2.3.4", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice text = exact_copy(slice_str(cases[i].text));
		char shown[ENDPOINT_TEXT_MAX];
		struct endpoint ep = { .len = 0 };

		assert_true(endpoint_parse(text, 8080, &ep));
		assert_string_equal(endpoint_format(&ep, shown),
		    cases[i].shown != NULL ? cases[i].shown : cases[i].text);
		if (ep.addr.sa.sa_family == AF_INET)
			assert_int_equal(ep.addr.in.sin_port, htons(8080));
		else
			assert_int_equal(ep.addr.in6.sin6_port, htons(8080));
		exact_free(text);
	}
}

static void
reads_and_writes_zones(void **state)
{
	char name[IF_NAMESIZE];
	char text[ENDPOINT_TEXT_MAX];
	char shown[ENDPOINT_TEXT_MAX];
	struct endpoint ep;

	(void)state;
	if (if_indextoname(1, name) == NULL)
		skip();
	(void)snprintf(text, sizeof(text), "fe80::1%%%s", name);
	ep = parse(text, 80);
	assert_int_equal(ep.addr.in6.sin6_scope_id, 1);
	assert_string_equal(endpoint_format(&ep, shown), text);
	/* The kernel's own number will do. */
	ep = parse("fe80::1%1", 80);
	assert_int_equal(ep.addr.in6.sin6_scope_id, 1);
	/* One that is gone is left out. */
	ep.addr.in6.sin6_scope_id = 4000000000;
	assert_string_equal(endpoint_format(&ep, shown), "fe80::1");
}

static void
refuses_what_is_no_numeric_address(void **state)
{
	static const struct slice cases[] = {
		TEXT(""),
		TEXT("localhost"),
		TEXT("127.0.0.1 "),
		TEXT("127.0.0.1\0"),
		TEXT("127.0.0"),
		TEXT("127.0.0.256"),
		TEXT("127.0.0.01"),
		TEXT("[::1]"),
		TEXT("::1\0x"),
		TEXT(":::"),
		TEXT("fe80::1%"),
		TEXT("fe80::1%0"),
		TEXT("fe80::1%no-such-interface"),
		TEXT("fe80::1%4294967296"),
		TEXT("127.0.0.1%lo"),
		TEXT("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"
		     "%a-zone-that-is-longer-than-any-name-of-an-interface"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice text = exact_copy(cases[i]);
		struct endpoint ep;

		if (endpoint_parse(text, 80, &ep))
			fail_msg("%.*s: taken", (int)text.len,
			    (const char *)text.ptr);
		exact_free(text);
	}
}

/* A listening socket of the kernel's choice; its endpoint in `*ep`. */
static int
listen_at(const char *address, struct endpoint *ep)
{
	int fd;

	*ep = parse(address, 0);
	fd = socket(ep->addr.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (bind(fd, &ep->addr.sa, ep->len) == -1 || listen(fd, 1) == -1) {
		(void)close(fd);
		return -1;
	}
	assert_int_equal(getsockname(fd, &ep->addr.sa, &ep->len), 0);
	return fd;
}

static void
connects_without_blocking_and_closes_on_exec(void **state)
{
	static const char *const addresses[] = { "127.0.0.1", "::1" };

	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++) {
		struct endpoint ep;
		int listener = listen_at(addresses[i], &ep);
		int peer;
		int fd;

		if (listener == -1)
			continue; /* no IPv6 here */
		assert_false(err_is(sock_connect(&ep, NULL, &fd)));
		assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
		assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
		sock_set_nodelay(fd);
		peer = accept(listener, NULL, NULL);
		assert_int_not_equal(peer, -1);
		assert_int_equal(write(peer, "x", 1), 1);
		(void)close(peer);
		(void)close(fd);
		(void)close(listener);
	}
}

static void
tells_a_shortage_from_a_refusal(void **state)
{
	static const struct {
		int sys;
		enum err_kind kind;
	} cases[] = {
		{ EMFILE, ERR_SHORTAGE },
		{ ENFILE, ERR_SHORTAGE },
		{ ENOBUFS, ERR_SHORTAGE },
		{ EAFNOSUPPORT, ERR_CONNECT },
		{ EACCES, ERR_CONNECT },
		{ ECONNREFUSED, ERR_CONNECT },
		{ ENETUNREACH, ERR_CONNECT },
		{ EADDRNOTAVAIL, ERR_CONNECT },
	};
	struct endpoint ep = parse("127.0.0.1", 1);
	int before = dup(0);
	int after;

	(void)state;
	(void)close(before);
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (int which = 0; which < 2; which++) {
			struct err err;
			int fd;

			socket_errno = which == 0 ? cases[i].sys : 0;
			connect_errno = which == 1 ? cases[i].sys : 0;
			err = sock_connect(&ep, NULL, &fd);
			assert_int_equal(err.kind, cases[i].kind);
			assert_int_equal(err.sys, cases[i].sys);
		}
	}
	socket_errno = connect_errno = 0;
	/* Nothing was left open. */
	after = dup(0);
	(void)close(after);
	assert_int_equal(before, after);
}

static void
a_connection_that_takes_its_time_is_no_failure(void **state)
{
	static const int cases[] = { EINPROGRESS, EINTR };
	struct endpoint ep = parse("127.0.0.1", 1);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd;

		connect_errno = cases[i];
		assert_false(err_is(sock_connect(&ep, NULL, &fd)));
		(void)close(fd);
	}
	connect_errno = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_numeric_addresses),
		cmocka_unit_test(reads_and_writes_zones),
		cmocka_unit_test(refuses_what_is_no_numeric_address),
		cmocka_unit_test(connects_without_blocking_and_closes_on_exec),
		cmocka_unit_test(tells_a_shortage_from_a_refusal),
		cmocka_unit_test(
		    a_connection_that_takes_its_time_is_no_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
