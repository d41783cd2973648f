/*
 * sock - sockets and their addresses, non-blocking and close-on-exec.
 */
#ifndef BULKFETCH_SYS_SOCK_H
#define BULKFETCH_SYS_SOCK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/slice.h"

/* An address and port to connect to, or a Unix socket's path. */
struct endpoint {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct {
			sa_family_t family; /* AF_UNIX */
			const char *path;   /* borrowed */
		} local;
	} addr;
	socklen_t len; /* 0: none at all */
};

#define IF_NAME_MAX 16

/* Where connections come from. */
struct sock_source {
	struct endpoint addr;     /* without a port; len is 0 for any */
	char device[IF_NAME_MAX]; /* SO_BINDTODEVICE; "" for any */
};

/* Enough for any numeric address with a scope, and the NUL. */
#define ENDPOINT_TEXT_MAX (INET6_ADDRSTRLEN + 1 + IF_NAME_MAX)

/*
 * A numeric IPv4 or IPv6 address, the latter without brackets and perhaps
 * with a zone ("fe80::1%eth0").  False when `text` is neither.
 */
bool endpoint_parse(struct slice text, uint16_t port, struct endpoint *out);

/*
 * The same with a port: "ADDR", "IPV4:PORT" or "[IPV6]:PORT", `port` where none
 * is written (0: one must be).
 */
bool endpoint_parse_port(
    struct slice text, uint16_t port, struct endpoint *out);

/* The numeric address, without the port; "" for a Unix socket.  Returns
 * `text`. */
const char *endpoint_format(
    const struct endpoint *ep, char text[ENDPOINT_TEXT_MAX]);

/* Of an IPv4 or IPv6 address. */
uint16_t endpoint_port(const struct endpoint *ep);
void endpoint_set_port(struct endpoint *ep, uint16_t port);

/* Family, address, port and scope are the same. */
bool endpoint_eq(const struct endpoint *a, const struct endpoint *b);

/* `path` is borrowed; false when it is longer than the system takes. */
bool endpoint_local(const char *path, struct endpoint *out);

/*
 * A socket on its way to `ep`, bound to `from` unless that is NULL.
 * ERR_SHORTAGE when descriptors, buffers or the ports of the address it would
 * come from are used up, or a Unix socket's queue is full; else ERR_CONNECT.
 * That the connection was refused is often known only when the socket becomes
 * writable and is used.
 */
struct err sock_connect(
    const struct endpoint *ep, const struct sock_source *from, int *fd);

/* A UDP socket that sends to and receives from `ep` alone, its port the
 * kernel's choice.  Fails as sock_connect() does. */
struct err sock_connect_udp(const struct endpoint *ep, int *fd);

/* Send small segments at once; a hint whose failure does not matter. */
void sock_set_nodelay(int fd);

#endif
