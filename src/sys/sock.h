/*
 * sock - TCP sockets and their addresses, non-blocking and close-on-exec.
 */
#ifndef BULKFETCH_SYS_SOCK_H
#define BULKFETCH_SYS_SOCK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/slice.h"

/* An address and port to connect to. */
struct endpoint {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr;
	socklen_t len;
};

/* Enough for any numeric address with a scope, and the NUL. */
#define ENDPOINT_TEXT_MAX (INET6_ADDRSTRLEN + 1 + IF_NAME_MAX)
#define IF_NAME_MAX 16

/*
 * A numeric IPv4 or IPv6 address, the latter without brackets and perhaps
 * with a zone ("fe80::1%eth0").  False when `text` is neither.
 */
bool endpoint_parse(struct slice text, uint16_t port, struct endpoint *out);

/* The numeric address, without the port.  Returns `text`. */
const char *endpoint_format(
    const struct endpoint *ep, char text[ENDPOINT_TEXT_MAX]);

/*
 * A socket on its way to `ep`.  ERR_SHORTAGE when descriptors or buffers are
 * used up, else ERR_CONNECT.  That the connection was refused is
 * often known only when the socket becomes writable and is used.
 */
struct err sock_connect(const struct endpoint *ep, int *fd);

/* Send small segments at once; a hint whose failure does not matter. */
void sock_set_nodelay(int fd);

#endif
