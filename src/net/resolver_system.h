/*
 * resolver_system - the resolver of a run: numeric addresses, `localhost` and
 * the names below it (RFC 6761, section 6.3), the hosts file, and then the name
 * servers, over a cache (resolver_stub.h).
 *
 * The files are read when the first name is asked for and again when they have
 * changed, which is looked for every RESOLVER_RELOAD_MS at most while names
 * are asked for.  One that cannot be read is as good as empty.
 */
#ifndef BULKFETCH_NET_RESOLVER_SYSTEM_H
#define BULKFETCH_NET_RESOLVER_SYSTEM_H

#include "net/resolver.h"

#define RESOLVER_RELOAD_MS 5000

/* A file beyond this is no resolv.conf, nor an nsswitch.conf. */
#define RESOLVER_CONF_MAX ((size_t)(64 * 1024))

/* A query under way at a time, where the user has not said: what a forwarder
 * in a home router or in front of a container takes without dropping any
 * (dnsmasq: 150). */
#define RESOLVER_INFLIGHT 128

enum resolver_family { RESOLVER_ANY, RESOLVER_IPV4, RESOLVER_IPV6 };

/* What it points to is borrowed as long as the resolver lives. */
struct resolver_options {
	enum resolver_family family;    /* addresses of the other are left out,
				      * numeric ones too */
	const struct endpoint *servers; /* instead of the file's, if any */
	size_t server_count;
	unsigned max_inflight; /* queries; 0: RESOLVER_INFLIGHT */
	const char *hosts_path;
	const char *resolv_path;
	const char *nsswitch_path;
	/* For -v: what is consulted, and each name's answer with the time it
	 * took.  `text` is fit for a terminal.  May be NULL. */
	void (*tell)(void *ctx, const char *text);
	void *tell_ctx;
};

struct err resolver_system_new(const struct resolver_options *options,
    struct reactor *reactor, struct resolver **out);

#endif
