/*
 * dns_servers - which name server to ask next, and what is known of each.
 *
 * A server that was silent or unreachable DNS_SERVER_FAILURES times in a row,
 * and has said nothing since those questions went out, is passed over: for
 * DNS_SERVER_BAN_MS, then twice as long, up to DNS_SERVER_BAN_MAX_MS.  After
 * that one question at a time may go there to find out.  When all are
 * passed over all are asked as if none was.  Any answer ends it.
 *
 * Pure policy: no I/O, and the time is told.
 */
#ifndef BULKFETCH_NET_DNS_SERVERS_H
#define BULKFETCH_NET_DNS_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/dns_client.h"

/* Fewer could be one name that the server itself waits for in vain. */
#define DNS_SERVER_FAILURES 3

#define DNS_SERVER_BAN_MS 2000
#define DNS_SERVER_BAN_MAX_MS 60000

struct dns_server {
	unsigned failures; /* in a row */
	int64_t ban_ms;    /* of the last ban; 0: it answers */
	int64_t until_ms;  /* passed over until then */
	int64_t heard_ms;  /* last sign of life; INT64_MIN: none */
	bool is_probed;    /* the one question is under way */
	bool has_edns;     /* unless it is known not to */
};

struct dns_servers {
	struct dns_server servers[DNS_SERVERS_MAX];
	size_t count;
	size_t turn; /* the first one of the next question */
	bool is_rotated;
};

/* Nothing is known of `count` servers. */
void dns_servers_init(struct dns_servers *s, size_t count, bool is_rotated);

/* Where a new question begins: the first, or each in turn. */
size_t dns_servers_first(struct dns_servers *s);

/* What is to be asked; is_probe: end it by dns_servers_end_probe(). */
struct dns_choice {
	size_t server;
	bool is_probe;
};

/*
 * The next server from `first` on, round to the one before it, that is not in
 * the set `skip` (bit i: server i).  False when no other one is worth asking.
 */
bool dns_servers_next(struct dns_servers *s, size_t first, unsigned skip,
    int64_t now_ms, struct dns_choice *choice);

/* It has answered, whatever it was. */
void dns_servers_heard(struct dns_servers *s, size_t server, int64_t now_ms);

/* It did not answer a question of `sent_ms`, or could not be reached. */
void dns_servers_failed(
    struct dns_servers *s, size_t server, int64_t sent_ms, int64_t now_ms);

/* The question of the probe is over, answered or not. */
void dns_servers_end_probe(struct dns_servers *s, size_t server);

#endif
