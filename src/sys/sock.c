#include "sys/sock.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
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

const char *
endpoint_format(const struct endpoint *ep, char text[ENDPOINT_TEXT_MAX])
{
	char zone[IF_NAMESIZE];
	size_t len;

	text[0] = '\0';
	if (ep->addr.sa.sa_family == AF_INET) {
		(void)inet_ntop(
		    AF_INET, &ep->addr.in.sin_addr, text, ENDPOINT_TEXT_MAX);
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

struct err
sock_connect(const struct endpoint *ep, int *fd)
{
	int s = socket(ep->addr.sa.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	struct err err;

	if (s == -1)
		return err_sys(
		    err_is_shortage(errno) ? ERR_SHORTAGE : ERR_CONNECT);
	if (connect(s, &ep->addr.sa, ep->len) == -1 && errno != EINPROGRESS &&
	    errno != EINTR) {
		err = err_sys(
		    err_is_shortage(errno) ? ERR_SHORTAGE : ERR_CONNECT);
		(void)close(s);
		return err;
	}
	*fd = s;
	return err_none();
}

void
sock_set_nodelay(int fd)
{
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}
