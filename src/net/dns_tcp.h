/*
 * dns_tcp - questions over TCP, one to a connection (RFC 7766, section 8: each
 * message has its length in two octets in front).
 *
 * Whoever asks has the time; a connection waits until it is dropped.
 */
#ifndef BULKFETCH_NET_DNS_TCP_H
#define BULKFETCH_NET_DNS_TCP_H

#include "base/buf.h"
#include "base/slice.h"
#include "net/dns_client.h"
#include "net/dns_ids.h"
#include "net/dns_udp.h"

#define DNS_TCP_MESSAGE_MAX 65535

/* Called from the reactor. */
struct dns_tcp_ops {
	/* One message is all that is heard: the question has to be dropped in
	 * here, which is what `message` is lent for. */
	void (*answered)(void *ctx, struct dns_query *q, struct slice message);
	/* The connection failed or ended early; the question is no longer
	 * out. */
	void (*broken)(void *ctx, struct dns_query *q);
	/* Called last, when one of the above was. */
	void (*settled)(void *ctx);
};

struct dns_tcp;

struct dns_conn {
	struct dns_tcp *tcp; /* borrowed */
	struct watch watch;
	int fd;                  /* owned; -1: free */
	struct dns_query *query; /* borrowed */
	size_t out_len;
	size_t sent; /* of `out` */
	uint8_t out[2 + DNS_QUERY_MAX];
	struct buf in; /* the answer with its length */
};

struct dns_tcp {
	struct reactor *reactor; /* borrowed */
	struct dns_ids *ids;     /* borrowed */
	const struct dns_tcp_ops *ops;
	void *ctx; /* borrowed */
	struct dns_conn conns[DNS_TCP_SOCKETS_MAX];
};

/* Holds nothing while nothing is out. */
void dns_tcp_init(struct dns_tcp *t, struct reactor *reactor,
    struct dns_ids *ids, const struct dns_tcp_ops *ops, void *ctx);

/* Connect to `ep` and ask; sets `id` and `carrier`. */
enum dns_sending dns_tcp_send(
    struct dns_tcp *t, struct dns_query *q, const struct endpoint *ep);

/* The question is out no more. */
void dns_tcp_drop(struct dns_tcp *t, struct dns_query *q);

#endif
