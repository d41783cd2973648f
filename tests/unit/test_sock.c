/* link: -Wl,--wrap=socket,--wrap=connect,--wrap=setsockopt */
#include "exact.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#include "scratch.h"
#include "sys/sock.h"

static int socket_errno; /* what socket() fails with; 0: nothing */
static int connect_errno;
static bool connect_fails_streams_alone;
static int device_errno; /* what SO_BINDTODEVICE fails with */
static char device_bound[IF_NAME_MAX];

int __real_socket(int family, int type, int protocol);
int __real_connect(int fd, const struct sockaddr *addr, socklen_t len);
int __wrap_socket(int family, int type, int protocol);
int __real_setsockopt(
    int fd, int level, int name, const void *value, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *addr, socklen_t len);
int __wrap_setsockopt(
    int fd, int level, int name, const void *value, socklen_t len);

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
	int type = 0;
	socklen_t type_len = sizeof(type);

	(void)getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len);
	if (connect_errno == 0 ||
	    (connect_fails_streams_alone && type != SOCK_STREAM))
		return __real_connect(fd, addr, len);
	errno = connect_errno;
	return -1;
}

/* Binding to a device takes a privilege on older systems: as if done. */
int
__wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (level != SOL_SOCKET || name != SO_BINDTODEVICE)
		return __real_setsockopt(fd, level, name, value, len);
	if (device_errno != 0) {
		errno = device_errno;
		return -1;
	}
	assert_true(len < sizeof(device_bound));
	memcpy(device_bound, value, len);
	device_bound[len] = '\0';
	return 0;
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

static void
reads_addresses_with_ports(void **state)
{
	static const struct {
		struct slice text;
		const char *shown; /* NULL: refused */
		uint16_t given;
		uint16_t port;
	} rows[] = {
		{ TEXT("10.0.0.1"), "10.0.0.1", 53, 53 },
		{ TEXT("10.0.0.1:5353"), "10.0.0.1", 53, 5353 },
		{ TEXT("10.0.0.1:65535"), "10.0.0.1", 0, 65535 },
		{ TEXT("::1"), "::1", 53, 53 },
		{ TEXT("1:2:3:4:5:6:7:8"), "1:2:3:4:5:6:7:8", 53, 53 },
		{ TEXT("[::1]"), "::1", 53, 53 },
		{ TEXT("[::1]:1"), "::1", 53, 1 },
		{ TEXT("10.0.0.1"), NULL, 0, 0 },
		{ TEXT("::1"), NULL, 0, 0 },
		{ TEXT("[::1]"), NULL, 0, 0 },
		{ TEXT(""), NULL, 53, 0 },
		{ TEXT(":"), NULL, 53, 0 },
		{ TEXT(":53"), NULL, 53, 0 },
		{ TEXT("[]"), NULL, 53, 0 },
		{ TEXT("[]:53"), NULL, 53, 0 },
		{ TEXT("["), NULL, 53, 0 },
		{ TEXT("[::1"), NULL, 53, 0 },
		{ TEXT("[::1]53"), NULL, 53, 0 },
		{ TEXT("[::1]:"), NULL, 53, 0 },
		{ TEXT("[::1]:53:"), NULL, 53, 0 },
		{ TEXT("10.0.0.1:"), NULL, 53, 0 },
		{ TEXT("10.0.0.1:0"), NULL, 53, 0 },
		{ TEXT("10.0.0.1:65536"), NULL, 53, 0 },
		{ TEXT("10.0.0.1:+1"), NULL, 53, 0 },
		{ TEXT("10.0.0.1:1 "), NULL, 53, 0 },
		{ TEXT("10.0.0.1:1:2"), NULL, 53, 0 },
		{ TEXT("localhost:53"), NULL, 53, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = exact_copy(rows[i].text);
		const char *row = (const char *)rows[i].text.ptr;
		char shown[ENDPOINT_TEXT_MAX];
		struct endpoint ep;
		bool is_read = endpoint_parse_port(text, rows[i].given, &ep);

		if (is_read != (rows[i].shown != NULL))
			fail_msg("%s: %s", row, is_read ? "taken" : "refused");
		if (is_read) {
			assert_string_equal(
			    endpoint_format(&ep, shown), rows[i].shown);
			assert_int_equal(endpoint_port(&ep), rows[i].port);
		}
		exact_free(text);
	}
}

static void
the_same_in_family_address_port_and_scope(void **state)
{
	struct endpoint eps[8];

	(void)state;
	eps[0] = parse("10.0.0.1", 80);
	eps[1] = parse("10.0.0.1", 81);
	eps[2] = parse("10.0.0.2", 80);
	eps[3] = parse("fe80::1", 80);
	eps[4] = parse("fe80::1", 81);
	eps[5] = parse("fe80::2", 80);
	eps[6] = eps[3];
	eps[6].addr.in6.sin6_scope_id = 1;
	assert_true(endpoint_local("/x", &eps[7]));
	for (size_t i = 0; i < COUNT(eps); i++) {
		for (size_t j = 0; j < COUNT(eps); j++)
			assert_int_equal(endpoint_eq(&eps[i], &eps[j]), i == j);
	}
	/* What is not compared. */
	eps[0].addr.in.sin_zero[0] = 1;
	eps[2] = parse("10.0.0.1", 80);
	assert_true(endpoint_eq(&eps[0], &eps[2]));
}

static void
a_unix_socket_is_known_by_its_path(void **state)
{
	struct sockaddr_un un;
	char longest[sizeof(un.sun_path) + 1];
	char copy[] = "/x";
	char shown[ENDPOINT_TEXT_MAX];
	struct endpoint a;
	struct endpoint b;

	(void)state;
	assert_false(endpoint_local("", &a));
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(un.sun_path)] = '\0';
	assert_false(endpoint_local(longest, &a));
	longest[sizeof(un.sun_path) - 1] = '\0';
	assert_true(endpoint_local(longest, &a));
	assert_true(endpoint_local("/x", &a));
	assert_true(endpoint_local(copy, &b));
	assert_true(endpoint_eq(&a, &b));
	copy[1] = 'y';
	assert_false(endpoint_eq(&a, &b));
	/* Neither a port nor a numeric address. */
	endpoint_set_port(&a, 80);
	assert_string_equal(a.addr.local.path, "/x");
	assert_string_equal(endpoint_format(&a, shown), "");
}

static void
a_port_can_be_set(void **state)
{
	struct endpoint ep = parse("10.0.0.1", 80);

	(void)state;
	endpoint_set_port(&ep, 8080);
	assert_int_equal(endpoint_port(&ep), 8080);
	assert_int_equal(ep.addr.in.sin_port, htons(8080));
	ep = parse("::1", 80);
	endpoint_set_port(&ep, 65535);
	assert_int_equal(endpoint_port(&ep), 65535);
	assert_int_equal(ep.addr.in6.sin6_port, htons(65535));
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

static void
comes_from_the_address_that_it_is_bound_to(void **state)
{
	struct sock_source from = { .device = "lo" };
	struct endpoint ep;
	struct endpoint peer = { .len = sizeof(peer.addr) };
	char shown[ENDPOINT_TEXT_MAX];
	int listener = listen_at("127.0.0.1", &ep);
	int accepted;
	int fd;

	(void)state;
	assert_int_not_equal(listener, -1);
	from.addr = parse("127.0.0.5", 0);
	device_bound[0] = '\0';
	assert_false(err_is(sock_connect(&ep, &from, &fd)));
	assert_string_equal(device_bound, "lo");
	accepted = accept(listener, &peer.addr.sa, &peer.len);
	assert_int_not_equal(accepted, -1);
	assert_string_equal(endpoint_format(&peer, shown), "127.0.0.5");
	(void)close(accepted);
	(void)close(fd);
	/* Any address, from one device. */
	from.addr.len = 0;
	device_bound[0] = '\0';
	assert_false(err_is(sock_connect(&ep, &from, &fd)));
	assert_string_equal(device_bound, "lo");
	(void)close(fd);
	(void)close(listener);
}

static void
the_address_has_to_do_where_a_device_takes_a_privilege(void **state)
{
	struct sock_source from = { .device = "lo" };
	struct endpoint ep;
	int listener = listen_at("127.0.0.1", &ep);
	struct err err;
	int fd;

	(void)state;
	assert_int_not_equal(listener, -1);
	from.addr = parse("127.0.0.5", 0);
	device_errno = EPERM;
	assert_false(err_is(sock_connect(&ep, &from, &fd)));
	(void)close(fd);
	device_errno = ENODEV;
	err = sock_connect(&ep, &from, &fd);
	expect_kind("device", err, ERR_CONNECT);
	assert_int_equal(err.sys, ENODEV);
	device_errno = 0;
	(void)close(listener);
}

static void
an_address_that_is_not_ours_is_no_shortage(void **state)
{
	struct sock_source from = { .device = "" };
	struct endpoint ep = parse("127.0.0.1", 1);
	int before = dup(0);
	int after;
	struct err err;
	int fd;

	(void)state;
	(void)close(before);
	from.addr = parse("192.0.2.1", 0);
	err = sock_connect(&ep, &from, &fd);
	expect_kind("bind", err, ERR_CONNECT);
	assert_int_equal(err.sys, EADDRNOTAVAIL);
	after = dup(0);
	(void)close(after);
	assert_int_equal(before, after);
}

static void
ports_that_are_used_up_are_a_shortage(void **state)
{
	struct sock_source from = { .device = "" };
	struct endpoint ep = parse("127.0.0.1", 1);
	int before = dup(0);
	int after;
	struct err err;
	int fd;

	(void)state;
	(void)close(before);
	from.addr = parse("127.0.0.5", 0);
	connect_errno = EADDRNOTAVAIL;
	for (int i = 0; i < 4; i++) {
		/* A datagram has ports of its own; without an address to come
		 * from it cannot be sent either. */
		connect_fails_streams_alone = i % 2 == 0;
		err = sock_connect(&ep, i < 2 ? NULL : &from, &fd);
		expect_kind("connect", err,
		    connect_fails_streams_alone ? ERR_SHORTAGE : ERR_CONNECT);
		assert_int_equal(err.sys, EADDRNOTAVAIL);
	}
	/* Nothing else says so, though a datagram could be sent. */
	connect_fails_streams_alone = true;
	connect_errno = ECONNREFUSED;
	expect_kind("refused", sock_connect(&ep, NULL, &fd), ERR_CONNECT);
	connect_errno = 0;
	connect_fails_streams_alone = false;
	after = dup(0);
	(void)close(after);
	assert_int_equal(before, after);
}

static void
connects_datagrams_to_one_peer(void **state)
{
	static const char *const addresses[] = { "127.0.0.1", "::1" };

	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++) {
		struct endpoint ep = parse(addresses[i], 0);
		struct endpoint peer = { .len = sizeof(peer.addr) };
		int server =
		    socket(ep.addr.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		char octet;
		int fd;

		if (server == -1 || bind(server, &ep.addr.sa, ep.len) == -1) {
			(void)close(server);
			continue; /* no IPv6 here */
		}
		assert_int_equal(getsockname(server, &ep.addr.sa, &ep.len), 0);
		assert_false(err_is(sock_connect_udp(&ep, &fd)));
		assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
		assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
		assert_int_equal(getpeername(fd, &peer.addr.sa, &peer.len), 0);
		assert_true(endpoint_eq(&ep, &peer));
		assert_int_equal(recv(fd, &octet, 1, 0), -1);
		assert_int_equal(errno, EAGAIN);
		assert_int_equal(send(fd, "x", 1, 0), 1);
		assert_int_equal(recv(server, &octet, 1, 0), 1);
		(void)close(fd);
		(void)close(server);
	}
}

static void
a_datagram_socket_fails_as_a_stream_does(void **state)
{
	struct endpoint ep = parse("127.0.0.1", 53);
	int before = dup(0);
	int after;
	int fd;

	(void)state;
	(void)close(before);
	for (int which = 0; which < 2; which++) {
		*(which == 0 ? &socket_errno : &connect_errno) = EMFILE;
		expect_kind(
		    "shortage", sock_connect_udp(&ep, &fd), ERR_SHORTAGE);
		*(which == 0 ? &socket_errno : &connect_errno) = ENETUNREACH;
		expect_kind("failure", sock_connect_udp(&ep, &fd), ERR_CONNECT);
		socket_errno = connect_errno = 0;
	}
	after = dup(0);
	(void)close(after);
	assert_int_equal(before, after);
}

/* A listening Unix socket `name` with room for `backlog` + 1. */
static int
listen_local(const char *name, int backlog, struct endpoint *ep)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const char *path = scratch_path(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_true(endpoint_local(path, ep));
	return fd;
}

static void
connects_to_unix_sockets(void **state)
{
	struct endpoint ep;
	int listener = listen_local("socket", 4, &ep);
	char octet = 0;
	int peer;
	int fd;

	(void)state;
	assert_false(err_is(sock_connect(&ep, NULL, &fd)));
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	sock_set_nodelay(fd);
	peer = accept(listener, NULL, NULL);
	assert_int_not_equal(peer, -1);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(recv(peer, &octet, 1, 0), 1);
	assert_int_equal(octet, 'x');
	(void)close(peer);
	(void)close(fd);
	(void)close(listener);
}

static void
a_unix_sockets_full_queue_is_a_shortage(void **state)
{
	struct endpoint ep;
	int listener = listen_local("socket", 0, &ep);
	int fds[16];
	size_t count = 0;
	struct err err = err_none();
	int peer;

	(void)state;
	while (count < COUNT(fds)) {
		err = sock_connect(&ep, NULL, &fds[count]);
		if (err_is(err))
			break;
		count++;
	}
	assert_true(count > 0 && count < COUNT(fds));
	expect_kind("full", err, ERR_SHORTAGE);
	/* Once there is room it goes on. */
	peer = accept(listener, NULL, NULL);
	assert_false(err_is(sock_connect(&ep, NULL, &fds[count])));
	(void)close(peer);
	for (size_t i = 0; i <= count; i++)
		(void)close(fds[i]);
	(void)close(listener);
}

static void
a_unix_socket_that_nobody_listens_to_is_a_failure(void **state)
{
	struct endpoint ep;
	int listener = listen_local("socket", 0, &ep);
	struct err err;
	int fd;

	(void)state;
	(void)close(listener);
	err = sock_connect(&ep, NULL, &fd);
	expect_kind("nobody", err, ERR_CONNECT);
	assert_int_equal(err.sys, ECONNREFUSED);
	assert_int_equal(unlink(ep.addr.local.path), 0);
	err = sock_connect(&ep, NULL, &fd);
	expect_kind("nothing", err, ERR_CONNECT);
	assert_int_equal(err.sys, ENOENT);
}

#define SCRATCH_TEST(name) \
	cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_numeric_addresses),
		cmocka_unit_test(reads_and_writes_zones),
		cmocka_unit_test(refuses_what_is_no_numeric_address),
		cmocka_unit_test(reads_addresses_with_ports),
		cmocka_unit_test(the_same_in_family_address_port_and_scope),
		cmocka_unit_test(a_unix_socket_is_known_by_its_path),
		cmocka_unit_test(a_port_can_be_set),
		cmocka_unit_test(connects_without_blocking_and_closes_on_exec),
		cmocka_unit_test(tells_a_shortage_from_a_refusal),
		cmocka_unit_test(
		    a_connection_that_takes_its_time_is_no_failure),
		cmocka_unit_test(comes_from_the_address_that_it_is_bound_to),
		cmocka_unit_test(
		    the_address_has_to_do_where_a_device_takes_a_privilege),
		cmocka_unit_test(an_address_that_is_not_ours_is_no_shortage),
		cmocka_unit_test(ports_that_are_used_up_are_a_shortage),
		cmocka_unit_test(connects_datagrams_to_one_peer),
		cmocka_unit_test(a_datagram_socket_fails_as_a_stream_does),
		SCRATCH_TEST(connects_to_unix_sockets),
		SCRATCH_TEST(a_unix_sockets_full_queue_is_a_shortage),
		SCRATCH_TEST(a_unix_socket_that_nobody_listens_to_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
