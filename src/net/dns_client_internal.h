/*
 * dns_client_internal - what dns_client.c and dns_client_receive.c share: the
 * former decides whom to ask when, the latter what an answer means.
 *
 *                                  .-- truncated, --.
 *           admit         choose   v   without EDNS |
 *   WAITING -----> READY -------> CHOSEN -----> UDP, TCP --answer--> IDLE
 *                   ^ \ \                          |                  ^
 *                   |  \ `-nobody left-> ENDED ----|-----timer--------'
 *                   |   `-> PAUSED                 |
 *                   `---------`---- next server ---'
 *
 * A question counts as `inflight` from READY on until it is ENDED or IDLE.  One
 * that nobody waits for goes to ENDED from anywhere when another one needs its
 * place.
 */
#ifndef BULKFETCH_NET_DNS_CLIENT_INTERNAL_H
#define BULKFETCH_NET_DNS_CLIENT_INTERNAL_H

#include "net/dns_client.h"
#include "net/dns_ids.h"
#include "net/dns_servers.h"
#include "net/dns_tcp.h"
#include "net/dns_udp.h"

enum dns_query_state {
	QUERY_IDLE,    /* not ours; zero */
	QUERY_WAITING, /* for its turn */
	QUERY_READY,   /* for whom to ask */
	QUERY_CHOSEN,  /* for a socket */
	QUERY_UDP,
	QUERY_TCP,
	QUERY_PAUSED, /* between rounds */
	QUERY_ENDED,  /* to be told of its verdict */
};

struct dns_client {
	struct reactor *reactor; /* borrowed */
	struct dns_client_config config;
	struct dns_servers servers;
	unsigned max_inflight;
	unsigned inflight;
	bool is_short;       /* of descriptors, when last asked for one */
	struct timer timer;  /* for what ended, places that became free, and
			      * shortages; always armed */
	struct list waiting; /* QUERY_WAITING */
	struct list ready;   /* READY, and CHOSEN for UDP */
	struct list streams; /* CHOSEN for TCP */
	struct list out;     /* UDP, TCP, PAUSED */
	struct list spare;   /* by `spare`: inflight, for nobody */
	struct list ended;   /* ENDED */
	struct list telling; /* ENDED, and of those that are told now */
	struct dns_client_stats stats;
	struct dns_ids ids;
	struct dns_udp udp;
	struct dns_tcp tcp;
};

/* To the end of `list`; NULL: to none. */
void dns_query_enter(
    struct dns_query *q, enum dns_query_state next, struct list *list);

/* From what it is out on, if it is; `was_lost` as for dns_udp_drop(). */
void dns_query_withdraw(struct dns_query *q, bool was_lost);

/* Ask whoever is next. */
void dns_query_go_on(struct dns_query *q);

/* Ask the same server, in another way. */
void dns_query_insist(struct dns_query *q);

/* No answer came, within the timeout or ever. */
void dns_query_note_failed(struct dns_query *q);

/* It could not be asked: so says the kernel, or its connection has ended. */
void dns_query_note_unreachable(struct dns_query *q);

/* Send what may be sent.  Calls back nobody.  `ctx` is the client. */
void dns_client_pump(void *ctx);

/* The answers; `ctx` is the client. */
extern const struct dns_udp_ops dns_client_udp_ops;
extern const struct dns_tcp_ops dns_client_tcp_ops;

#endif
