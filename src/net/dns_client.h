/*
 * dns_client - one question to the name servers until one of them answers, or
 * all have failed to: over UDP (dns_udp.h) from sockets whose ports the kernel
 * picks at random and that are given up after a few questions, over TCP
 * (dns_tcp.h) where an answer does not fit.
 *
 * The servers are asked in their order, or beginning with another one each
 * time, in as many rounds as there are attempts:
 *
 *  - One that is silent for the timeout, which doubles each round, is asked
 *    again in the next round.
 *  - So is one that cannot be reached, but then the round begins after a pause:
 *    it may be starting.
 *  - One that fails, refuses or talks nonsense has had its say on this
 *    question.  The next one is asked at once.
 *
 * Servers that were silent or unreachable several times in a row are passed
 * over for a while and then tried again with one question (dns_servers.h).
 * When nobody is left to ask, the verdict is the best that was heard:
 * DNS_SERVFAIL over DNS_REFUSED over DNS_TIMEOUT.
 *
 * At most `max_inflight` questions are under way, and over UDP as many as the
 * sockets hold; the others wait in the order they came.  Where descriptors are
 * used up they wait as well.  One that nobody waits for any more gives way to
 * them, and one that was not answered in a round stands back behind them.  A
 * question fails with DNS_SERVFAIL for our own sake only when memory for its
 * timer, or a random number, is refused.
 *
 * An answer is taken only from the server asked, with the id, name, type and
 * class asked for.  Answers are told from the reactor, never before
 * dns_client_ask() returns; whoever is told may ask and cancel.
 */
#ifndef BULKFETCH_NET_DNS_CLIENT_H
#define BULKFETCH_NET_DNS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "dns/message.h"
#include "sys/reactor.h"
#include "sys/sock.h"

#define DNS_SERVERS_MAX 8

/* Questions that a socket is used for before another takes its place. */
#define DNS_SOCKET_QUERIES 64

/* Descriptors in use at most: what is beyond waits. */
#define DNS_UDP_SOCKETS_MAX 24
#define DNS_TCP_SOCKETS_MAX 8

/* No answer is waited for longer, unless the timeout itself is. */
#define DNS_TIMEOUT_MAX_MS 30000

/* Before a round after one in which a server could not be reached; doubles
 * each round. */
#define DNS_PAUSE_MS 200

/* Until descriptors are asked for again, unless some become free before. */
#define DNS_SHORTAGE_MS 50

struct dns_client;
struct dns_query;

/* `answer` is lent for the call; DNS_TIMEOUT when no server gave one.  The
 * query is free again. */
typedef void (*dns_query_fn)(
    void *ctx, struct dns_query *q, const struct dns_answer *answer);

/* The asker's, in place until it is answered or cancelled; all zero before it
 * is first asked, but for what the asker sets. */
struct dns_query {
	struct dns_name name; /* set by the asker */
	enum dns_type type;
	dns_query_fn fn;
	void *ctx; /* borrowed */

	/* The client's own: */
	struct dns_client *client;
	struct list link;  /* in the list that goes with `state` */
	struct list spare; /* in the list of those that nobody waits for */
	struct timer timer;
	void *carrier;   /* the socket or connection that it is out on */
	int64_t sent_ms; /* the last time */
	uint16_t id;
	uint16_t tried;  /* times sent, in all */
	uint8_t server;  /* of the servers as configured, asked last */
	uint8_t first;   /* the server that a round begins with */
	uint8_t round;   /* over all servers, from 0 */
	uint8_t asked;   /* set of servers: in this round */
	uint8_t settled; /* set of servers: those that have had their say */
	uint8_t state;
	bool has_edns;
	bool is_tcp;
	bool is_probe;            /* dns_servers.h */
	bool has_to_pause;        /* before the next round */
	enum dns_verdict verdict; /* the best so far of those that failed */
};

struct dns_client_config {
	struct endpoint servers[DNS_SERVERS_MAX];
	size_t server_count; /* 0: every question ends with DNS_TIMEOUT */
	unsigned timeout_ms;
	unsigned attempts; /* rounds */
	bool is_rotated;
	bool uses_tcp; /* for every question */
};

struct dns_client_stats {
	uint64_t queries; /* sent, again or over TCP included */
	uint64_t tcp;     /* of them over TCP */
	uint64_t foreign; /* datagrams that were no answers to anything */
};

struct err dns_client_new(
    struct reactor *reactor, unsigned max_inflight, struct dns_client **out);
/* Nothing may be under way; not from a callback. */
void dns_client_free(struct dns_client *c);

/* What is under way goes on with the servers that there are then; what is known
 * of those that stay is kept.  `config` is copied. */
void dns_client_configure(
    struct dns_client *c, const struct dns_client_config *config);

/* `q` must not be under way. */
void dns_client_ask(struct dns_client *c, struct dns_query *q);

/*
 * Whether anybody waits for the answer to `q`, as somebody does when it is
 * asked.  One that nobody waits for goes on while there is a place for it, but
 * when another one needs that it fails, with the best verdict so far.  Harmless
 * when it is not under way.
 */
void dns_client_set_awaited(
    struct dns_client *c, struct dns_query *q, bool is_awaited);

/* `q` is free again and is told nothing; harmless when it is not under way.
 * Sends nothing: its place is given to another one from the reactor. */
void dns_client_cancel(struct dns_client *c, struct dns_query *q);

void dns_client_get_stats(
    const struct dns_client *c, struct dns_client_stats *stats);

#endif
