/*
 * dns_udp - the UDP sockets of a dns_client, and which question is out on which
 * of them.
 *
 * A socket is connected, so that the kernel passes on nothing but what its
 * server sends and tells when nobody is there.  It is used for
 * DNS_SOCKET_QUERIES questions, or until one of them was lost, and closed when
 * the last is over.  At the bound of sockets, or of descriptors, those that
 * wait for their last answers are used further.  Memory is fixed.
 */
#ifndef BULKFETCH_NET_DNS_UDP_H
#define BULKFETCH_NET_DNS_UDP_H

#include "base/slice.h"
#include "net/dns_client.h"
#include "net/dns_ids.h"

/* No server of those that are configured. */
#define DNS_SERVER_NONE UINT8_MAX

/* More in a datagram than we say that there may be. */
#define DNS_DATAGRAM_MAX 4096

/* Datagrams by one call. */
#define DNS_UDP_BATCH 16

enum dns_sending {
	DNS_SENT,
	DNS_NO_ROOM,     /* wait until another one is over */
	DNS_SHORT,       /* the same, or some time: descriptors are used up */
	DNS_UNREACHABLE, /* the server, as the kernel has it */
	DNS_NO_ID,       /* the kernel has no random numbers */
};

/* Called from the reactor, `broken` also from dns_udp_send(). */
struct dns_udp_ops {
	/* False: it is no answer to that.  The question stays out until it is
	 * dropped, which may happen in here. */
	bool (*answered)(void *ctx, struct dns_query *q, struct slice message);
	/* The server cannot be reached; the question is no longer out.  Not to
	 * be answered with dns_udp_send(). */
	void (*broken)(void *ctx, struct dns_query *q);
	/* All that had come was dealt with. */
	void (*settled)(void *ctx);
};

struct dns_udp;

/* Questions out: the first `count` of `ids` and `queries`. */
struct dns_socket {
	struct dns_udp *udp; /* borrowed */
	struct watch watch;
	int fd; /* owned; -1: free */
	uint8_t server;
	bool is_retired; /* to be closed when nothing is out */
	unsigned used;   /* questions in all */
	unsigned count;
	uint16_t ids[DNS_SOCKET_QUERIES];
	struct dns_query *queries[DNS_SOCKET_QUERIES]; /* borrowed */
};

struct dns_udp {
	struct reactor *reactor; /* borrowed */
	struct dns_ids *ids;     /* borrowed */
	const struct dns_udp_ops *ops;
	void *ctx;                  /* borrowed */
	struct dns_socket *reading; /* not to be closed now; or NULL */
	uint64_t foreign;           /* datagrams that answered nothing */
	struct dns_socket sockets[DNS_UDP_SOCKETS_MAX];
	uint8_t in[DNS_UDP_BATCH][DNS_DATAGRAM_MAX];
};

void dns_udp_init(struct dns_udp *u, struct reactor *reactor,
    struct dns_ids *ids, const struct dns_udp_ops *ops, void *ctx);
/* Close the sockets; nothing may be out. */
void dns_udp_fini(struct dns_udp *u);

/* Ask q->server, which is at `ep`; sets `id` and `carrier`.  That a datagram
 * has found no room on its way is not told: it is lost. */
enum dns_sending dns_udp_send(
    struct dns_udp *u, struct dns_query *q, const struct endpoint *ep);

/* The question is out no more; `was_lost`: no answer has come. */
void dns_udp_drop(struct dns_udp *u, struct dns_query *q, bool was_lost);

/* Server i has become map[i], or none. */
void dns_udp_renumber(struct dns_udp *u, const uint8_t map[DNS_SERVERS_MAX]);

#endif
