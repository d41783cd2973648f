/*
 * routes - which way a request takes: straight to its host, to what
 * --connect-to, --resolve, --address-list or --unix-socket say instead, or by a
 * proxy.
 *
 * Policy without I/O, but for reading the list of addresses at the start.
 */
#ifndef BULKFETCH_ROUTE_ROUTES_H
#define BULKFETCH_ROUTE_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "bulkfetch.h"
#include "http/url.h"
#include "route/proxy.h"
#include "sys/sock.h"

struct routes;

/* The way of one request.  Slices lie in the URL, or in the routes. */
struct route {
	struct slice host; /* to look up and connect to, or to ask the proxy
			    * for; a final dot kept */
	uint16_t port;
	const struct proxy *proxy; /* lent by the routes; NULL: none */
	bool is_absolute; /* the proxy takes the request itself (RFC 9112,
			   * section 3.2.2), rather than giving us a tunnel:
			   * never to where --connect-to leads instead */
	bool keeps_order; /* of the addresses, as it comes from a list: in turn,
			   * rather than as families go */
	struct err err;   /* the proxy for it is none that can be used:
			   * ERR_PROXY, EACCES and the reason */
};

/*
 * The options are borrowed as long as the routes live.  The user's
 * Proxy-Authorization field among them, which request_form_init() has checked,
 * is for the proxies, and wins over their credentials.  Fails with ERR_REQUEST
 * or ERR_FILE and `*problem` set, or with ERR_NOMEM.  An https proxy that is of
 * no use fails its requests alone, since one in the environment may be others'.
 */
struct err routes_new(const struct bulkfetch_options *options,
    struct routes **out, struct bulkfetch_problem *problem);
void routes_free(struct routes *r);

/* The way for `url`.  With `out->err` it is none. */
void routes_find(
    const struct routes *r, const struct url *url, struct route *out);

/*
 * Addresses for `route` that need no lookup: the Unix socket, the next of the
 * list of addresses, a --resolve entry (of the proxy's host, where there is a
 * proxy); up to `max` in `out`.  `*is_known` is false when the host, or the
 * proxy's, has to be looked up; true with 0 when there is none of the family
 * wanted.  For the address that a SOCKS proxy is to be told
 * (proxy_wants_addr()) ask with a copy of the route that has no proxy.
 */
size_t routes_addrs(struct routes *r, const struct route *route,
    struct endpoint *out, size_t max, bool *is_known);

#endif
