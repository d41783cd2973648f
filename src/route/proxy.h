/*
 * proxy - one proxy as a URL names it: "[scheme://][user:password@]host[:port]"
 * with the schemes http, socks4 (or socks), socks4a, socks5 and socks5h; http
 * without one, port 1080 without one, as curl has it.
 *
 * Pure: values and their text.
 */
#ifndef BULKFETCH_ROUTE_PROXY_H
#define BULKFETCH_ROUTE_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define PROXY_TEXT_MAX ((size_t)8192)
#define PROXY_PORT 1080

/* What proxy_set_value() takes, which some tickets come near to. */
#define PROXY_VALUE_MAX ((size_t)32768)

/* What SOCKS takes of a name or password (RFC 1929). */
#define PROXY_SOCKS_WORD_MAX 255

enum proxy_kind {
	PROXY_HTTP,
	PROXY_SOCKS4,  /* is told an IPv4 address */
	PROXY_SOCKS4A, /* is told a name */
	PROXY_SOCKS5,  /* is told an address (RFC 1928) */
	PROXY_SOCKS5H, /* is told a name */
};

struct proxy {
	enum proxy_kind kind;
	struct buf text;   /* owned: "scheme://host:port", for people, and a key
			  * for its connections; no credentials */
	struct slice host; /* in `text`, without brackets; lower case, a
			    * name's final dot kept; a zone behind '%' */
	uint16_t port;
	const char *agent; /* borrowed: what tunnels are asked for as
			    * (User-Agent); NULL: bulkfetch, "": nobody */
	bool has_credentials;
	struct buf user;     /* owned, decoded */
	struct buf password; /* owned, decoded */
	struct buf field;    /* owned: a whole Proxy-Authorization line (RFC
			      * 9110, section 11.7.2) with CRLF; empty without
			      * credentials, and for SOCKS */
};

/*
 * Read `text`; `credentials` ("user:password", not encoded) win over its own,
 * NULL for none.  ERR_REQUEST and a reason: another scheme (https:// has one of
 * its own), a bad host or port, something behind the port but a '/', control
 * octets, a colon in a user name for Basic, SOCKS credentials that are too
 * long, a password for SOCKS4, which has none; ERR_NOMEM.  `*p` is then as
 * after proxy_fini().
 */
struct err proxy_init(
    struct proxy *p, const char *text, const char *credentials);
void proxy_fini(struct proxy *p);

/*
 * Send HTTP proxies `value`, which is a field's, instead of Basic credentials;
 * nothing if it is empty.  SOCKS has no fields.  ERR_LIMIT with a reason beyond
 * PROXY_VALUE_MAX octets, ERR_NOMEM; `p` is then as before.
 */
struct err proxy_set_value(struct proxy *p, struct slice value);

/* Whether it wants addresses, which are ours to look up. */
static inline bool
proxy_wants_addr(const struct proxy *p)
{
	return p->kind == PROXY_SOCKS4 || p->kind == PROXY_SOCKS5;
}

#endif
