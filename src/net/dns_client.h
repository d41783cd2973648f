/*
 * dns_client - one question to the name servers until one of them answers, or
 * all have failed to: over UDP from sockets whose ports the kernel picks at
 * random and that are given up after a few questions, over TCP where an answer
 * does not fit.
 *
 * The servers are asked in their order, or beginning with another one each
 * time; one that refuses or fails is passed over at once, one that is silent
 * after the timeout, which doubles each round.  Servers that were silent or
 * unreachable several times in a row are passed over for a while and then tried
 * again with one question (dns_servers.h).  At most `max_inflight` questions
 * are under way, the others wait in the order they came.
 *
 * An answer is taken only from the server asked, with the id, name, type and
 * class asked for.  Answers are told from the reactor, never before
 * dns_client_ask() returns.
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

struct dns_client;
struct dns_query;

/* `answer` is lent for the call; DNS_TIMEOUT when no server gave one.  The
 * query is free again. */
typedef void (*dns_query_fn)(
    void *ctx, struct dns_query *q, const struct dns_answer *answer);

/* The asker's, in place until it is answered or cancelled. */
struct dns_query {
	struct dns_name name; /* set by the asker */
	enum dns_type type;
	dns_query_fn fn;
	void *ctx; /* borrowed */

	/* The client's own: */
	struct list link; /* waiting, or of its socket */
	struct timer timer;
	void *carrier; /* the socket or connection that it is out on */
	uint16_t id;
	uint16_t tried; /* times sent, in all */
	uint8_t server; /* of the servers as configured, asked last */
	uint8_t state;
	bool has_edns;
	bool is_tcp;
	enum dns_verdict worst; /* what the best of the servers has said */
};

struct dns_client_config {
	struct endpoint servers[DNS_SERVERS_MAX];
	size_t server_count; /* 0: every question ends with DNS_TIMEOUT */
	unsigned timeout_ms;
	unsigned attempts;
	bool is_rotated;
	bool uses_tcp;
};

struct dns_client_stats {
	uint64_t queries; /* sent, again or over TCP included */
	uint64_t tcp;     /* of them over TCP */
	uint64_t foreign; /* datagrams that were no answers to anything */
};

struct err dns_client_new(
    struct reactor *reactor, unsigned max_inflight, struct dns_client **out);
/* Nothing may be under way. */
void dns_client_free(struct dns_client *c);

/* What is under way goes on with the servers that there are then. */
void dns_client_configure(
    struct dns_client *c, const struct dns_client_config *config);

void dns_client_ask(struct dns_client *c, struct dns_query *q);
void dns_client_cancel(struct dns_client *c, struct dns_query *q);
void dns_client_get_stats(
    const struct dns_client *c, struct dns_client_stats *stats);

#endif
