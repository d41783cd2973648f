/*
 * dns_question - one type of one name, asked for over aliases: where a server
 * says of a name only what it is an alias of, that is asked for, up to
 * DNS_ALIASES_MAX times.  A loop, or a longer way, ends with DNS_SERVFAIL.
 */
#ifndef BULKFETCH_NET_DNS_QUESTION_H
#define BULKFETCH_NET_DNS_QUESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "net/dns_client.h"

struct dns_question;

/* `answer` is lent for the call, and never DNS_ALIAS; its TTL is the least on
 * the way.  The question is free again. */
typedef void (*dns_question_fn)(
    void *ctx, struct dns_question *question, const struct dns_answer *answer);

/* The asker's, in place while it is out. */
struct dns_question {
	struct dns_client *client; /* borrowed */
	struct dns_query query;
	dns_question_fn fn;
	void *ctx;                    /* borrowed */
	const struct dns_name *first; /* borrowed: what aliases began with */
	unsigned aliases;             /* followed so far */
	uint32_t ttl_s;               /* the least of theirs */
	bool is_out;
	bool is_awaited;
};

void dns_question_init(struct dns_question *question, struct dns_client *client,
    dns_question_fn fn, void *ctx);

/* `name` is borrowed while it is out.  As dns_client_ask(): never answers
 * before it returns. */
void dns_question_ask(struct dns_question *question,
    const struct dns_name *name, enum dns_type type);

/* As dns_client_set_awaited(), over aliases; also of one that is not out. */
void dns_question_set_awaited(struct dns_question *question, bool is_awaited);

/* Also one that is not out. */
void dns_question_cancel(struct dns_question *question);

#endif
