#include "sys/sock.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/num.h"

_Static_assert(IF_NAME_MAX == IF_NAMESIZE, "room for an interface's name");

/* "eth0" or "2" to an interface index; 0 when there is no such interface. */
static uint32_t
scope_parse(const char *zone)
{
	uint64_t index;

	if (num_parse_u64(slice_str(zone), UINT32_MAX, &index))
		return (uint32_t)index;
	return if_nametoindex(zone);
}

bool
endpoint_parse(struct slice text, uint16_t port, struct endpoint *out)
{
	struct endpoint ep = { 0 };
	char copy[ENDPOINT_TEXT_MAX];
	char *zone;

	if (text.len >= sizeof(copy) || slice_find(text, 0) < text.len)
		return false;
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, &ep.addr.in.sin_addr) == 1) {
		ep.addr.in.sin_family = AF_INET;
		ep.addr.in.sin_port = htons(port);
		ep.len = sizeof(ep.addr.in);
		*out = ep;
		return true;
	}
	zone = strchr(copy, '%');
	if (zone != NULL) {
		*zone++ = '\0';
		ep.addr.in6.sin6_scope_id = scope_parse(zone);
		if (ep.addr.in6.sin6_scope_id == 0)
			return false;
	}
	if (inet_pton(AF_INET6, copy, &ep.addr.in6.sin6_addr) != 1)
		return false;
	ep.addr.in6.sin6_family = AF_INET6;
	ep.addr.in6.sin6_port = htons(port);
	ep.len = sizeof(ep.addr.in6);
	*out = ep;
	return true;
}

/* Each connection has its address written down, and inet_ntop() goes by
 * sprintf(), which takes twenty times as long. */
static void
format_ipv4(const struct in_addr *in, char text[ENDPOINT_TEXT_MAX])
{
	uint32_t addr = ntohl(in->s_addr);
	char *p = text;

	for (int shift = 24; shift >= 0; shift -= 8) {
		unsigned octet = addr >> shift & 0xff;

		if (octet >= 100)
			*p++ = (char)('0' + octet / 100);
		if (octet >= 10)
			*p++ = (char)('0' + octet / 10 % 10);
		*p++ = (char)('0' + octet % 10);
		*p++ = shift > 0 ? '.' : '\0';
	}
}

const char *
endpoint_format(const struct endpoint *ep, char text[ENDPOINT_TEXT_MAX])
{
	char zone[IF_NAMESIZE];
	size_t len;

	text[0] = '\0';
	if (ep->addr.sa.sa_family == AF_UNIX)
		return text;
	if (ep->addr.sa.sa_family == AF_INET) {
		format_ipv4(&ep->addr.in.sin_addr, text);
		return text;
	}
	(void)inet_ntop(
	    AF_INET6, &ep->addr.in6.sin6_addr, text, ENDPOINT_TEXT_MAX);
	len = strlen(text);
	if (ep->addr.in6.sin6_scope_id != 0 &&
	    if_indextoname(ep->addr.in6.sin6_scope_id, zone) != NULL)
		(void)snprintf(
		    text + len, ENDPOINT_TEXT_MAX - len, "%%%s", zone);
	return text;
}

uint16_t
endpoint_port(const struct endpoint *ep)
{
	return ntohs(ep->addr.sa.sa_family == AF_INET6 ? ep->addr.in6.sin6_port
						       : ep->addr.in.sin_port);
}

void
endpoint_set_port(struct endpoint *ep, uint16_t port)
{
	if (ep->addr.sa.sa_family == AF_INET6)
		ep->addr.in6.sin6_port = htons(port);
	else if (ep->addr.sa.sa_family == AF_INET)
		ep->addr.in.sin_port = htons(port);
}

bool
endpoint_eq(const struct endpoint *a, const struct endpoint *b)
{
	if (a->len != b->len || a->addr.sa.sa_family != b->addr.sa.sa_family)
		return false;
	switch (a->addr.sa.sa_family) {
	case AF_INET:
		return a->addr.in.sin_port == b->addr.in.sin_port &&
		    a->addr.in.sin_addr.s_addr == b->addr.in.sin_addr.s_addr;
	case AF_INET6:
		return a->addr.in6.sin6_port == b->addr.in6.sin6_port &&
		    a->addr.in6.sin6_scope_id == b->addr.in6.sin6_scope_id &&
		    memcmp(&a->addr.in6.sin6_addr, &b->addr.in6.sin6_addr,
			sizeof(a->addr.in6.sin6_addr)) == 0;
	default:
		return strcmp(a->addr.local.path, b->addr.local.path) == 0;
	}
}

bool
endpoint_local(const char *path, struct endpoint *out)
{
	struct sockaddr_un un;

	if (path[0] == '\0' || strlen(path) >= sizeof(un.sun_path))
		return false;
	*out = (struct endpoint){ .len = sizeof(un) };
	out->addr.local.family = AF_UNIX;
	out->addr.local.path = path;
	return true;
}

bool
endpoint_parse_port(struct slice text, uint16_t port, struct endpoint *out)
{
	struct slice addr;
	uint64_t value = port;
	size_t end;

	if (text.len > 0 && text.ptr[0] == '[') {
		end = slice_find(text, ']');
		if (end == text.len)
			return false;
		addr = slice_first(slice_from(text, 1), end - 1);
		text = slice_from(text, end + 1);
		if (text.len > 0 && text.ptr[0] != ':')
			return false;
	} else {
		const uint8_t *colon =
		    text.len > 0 ? memrchr(text.ptr, ':', text.len) : NULL;

		end = slice_find(text, ':');
		/* More than one: an IPv6 address without a port. */
		if (colon == NULL || text.ptr + end != colon)
			end = text.len;
		addr = slice_first(text, end);
		text = slice_from(text, end);
	}
	if (text.len > 0 &&
	    !num_parse_u64(slice_from(text, 1), UINT16_MAX, &value))
		return false;
	return value > 0 && endpoint_parse(addr, (uint16_t)value, out);
}

/* ---- Sockets ------------------------------------------------------------ */

static struct err
fail(int sys)
{
	return err_code(err_is_shortage(sys) ? ERR_SHORTAGE : ERR_CONNECT, sys);
}

static int
open_socket(const struct endpoint *ep, int type)
{
	return socket(
	    ep->addr.sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* 0 or errno. */
static int
connect_to(int fd, const struct endpoint *ep)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const struct sockaddr *sa = &ep->addr.sa;

	if (sa->sa_family == AF_UNIX) {
		(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s",
		    ep->addr.local.path);
		sa = (const struct sockaddr *)&un;
	}
	if (connect(fd, sa, ep->len) == 0 || errno == EINPROGRESS ||
	    errno == EINTR)
		return 0;
	return errno;
}

struct err
sock_connect_udp(const struct endpoint *ep, int *fd)
{
	int s = open_socket(ep, SOCK_DGRAM);
	int sys;

	if (s == -1)
		return fail(errno);
	sys = connect_to(s, ep);
	if (sys != 0) {
		(void)close(s);
		return fail(sys);
	}
	*fd = s;
	return err_none();
}

/*
 * EADDRNOTAVAIL says that no port is free, or that there is no address to come
 * from.  A datagram needs the latter as well, and has ports of its own.
 */
static bool
are_ports_used_up(int sys, const struct endpoint *ep)
{
	int fd;

	if (sys != EADDRNOTAVAIL || err_is(sock_connect_udp(ep, &fd)))
		return false;
	(void)close(fd);
	return true;
}

/* 0 or errno.  The port is left to connect(), which may share it among
 * destinations. */
static int
bind_to(int fd, const struct sock_source *from)
{
	const int on = 1;

	/* Where it takes a privilege that we lack the address has to do. */
	if (from->device[0] != '\0' &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, from->device,
		(socklen_t)strlen(from->device)) == -1 &&
	    errno != EPERM)
		return errno;
	if (from->addr.len == 0)
		return 0;
	(void)setsockopt(
	    fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return bind(fd, &from->addr.addr.sa, from->addr.len) == -1 ? errno : 0;
}

struct err
sock_connect(const struct endpoint *ep, const struct sock_source *from, int *fd)
{
	int s = open_socket(ep, SOCK_STREAM);
	int sys = 0;

	if (s == -1)
		return fail(errno);
	if (from != NULL)
		sys = bind_to(s, from);
	if (sys == 0) {
		sys = connect_to(s, ep);
		if (sys == 0) {
			*fd = s;
			return err_none();
		}
		if (are_ports_used_up(sys, ep) ||
		    (sys == EAGAIN && ep->addr.sa.sa_family == AF_UNIX)) {
			(void)close(s);
			return err_code(ERR_SHORTAGE, sys);
		}
	}
	(void)close(s);
	return fail(sys);
}

void
sock_set_nodelay(int fd)
{
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}
