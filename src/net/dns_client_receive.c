#include "net/dns_client_internal.h"

/* note_verdict() takes the one that stands first. */
_Static_assert(DNS_SERVFAIL < DNS_REFUSED && DNS_REFUSED < DNS_TIMEOUT,
    "the better verdict on a failure is the lesser");

/* Whether it is the answer, rather than none. */
static bool
is_final(enum dns_verdict verdict)
{
	return verdict != DNS_SERVFAIL && verdict != DNS_REFUSED &&
	    verdict != DNS_TIMEOUT;
}

/* The server has had its say, and does not know. */
static void
note_verdict(struct dns_query *q, enum dns_verdict verdict)
{
	if (verdict < q->verdict)
		q->verdict = verdict;
	if (q->server != DNS_SERVER_NONE)
		q->settled = (uint8_t)(q->settled | 1U << q->server);
}

static void
note_heard(const struct dns_query *q)
{
	struct dns_client *c = q->client;

	if (q->server != DNS_SERVER_NONE)
		dns_servers_heard(
		    &c->servers, q->server, reactor_now_ms(c->reactor));
}

/* That it answers without EDNS only is the server's way, now that it has
 * answered; before, it could have been this one name's fault. */
static void
note_edns(const struct dns_query *q)
{
	if (!q->has_edns && q->server != DNS_SERVER_NONE)
		q->client->servers.servers[q->server].has_edns = false;
}

static void
tell(struct dns_query *q, const struct dns_answer *answer)
{
	dns_query_enter(q, QUERY_IDLE, NULL);
	q->client->inflight--;
	q->fn(q->ctx, q, answer); /* q may be gone now */
}

/* The server answers, but not like this. */
static void
ask_again(struct dns_query *q, enum dns_reading reading)
{
	if (reading == DNS_TRUNCATED)
		q->is_tcp = true;
	else
		q->has_edns = false;
	/* It is none of ours any more, if that was just changed. */
	if (q->server == DNS_SERVER_NONE)
		dns_query_go_on(q);
	else
		dns_query_insist(q);
}

/* What was read of a message that is this question's. */
static void
take_reading(struct dns_query *q, enum dns_reading reading,
    const struct dns_answer *answer)
{
	note_heard(q);
	dns_query_withdraw(q, false);
	if (reading == DNS_NO_EDNS ||
	    (reading == DNS_TRUNCATED && !q->is_tcp)) {
		ask_again(q, reading);
	} else if (reading != DNS_READ) {
		note_verdict(q, DNS_SERVFAIL);
		dns_query_go_on(q);
	} else if (!is_final(answer->verdict)) {
		note_verdict(q, answer->verdict);
		dns_query_go_on(q);
	} else {
		note_edns(q);
		tell(q, answer);
	}
}

static enum dns_reading
read_message(
    const struct dns_query *q, struct slice message, struct dns_answer *answer)
{
	return dns_answer_read(
	    message, q->id, &q->name, q->type, q->has_edns, answer);
}

static bool
on_datagram(void *ctx, struct dns_query *q, struct slice message)
{
	struct dns_answer answer;
	enum dns_reading reading = read_message(q, message, &answer);

	(void)ctx;
	if (reading == DNS_FOREIGN)
		return false;
	take_reading(q, reading, &answer);
	return true;
}

/* Over its own connection nothing but its answer makes sense. */
static void
on_message(void *ctx, struct dns_query *q, struct slice message)
{
	struct dns_answer answer;
	enum dns_reading reading = read_message(q, message, &answer);

	(void)ctx;
	take_reading(q, reading, &answer);
}

static void
on_broken(void *ctx, struct dns_query *q)
{
	struct dns_client *c = ctx;

	dns_query_note_unreachable(q);
	dns_query_withdraw(q, true);
	c->is_short = false;
	dns_query_go_on(q);
}

const struct dns_udp_ops dns_client_udp_ops = {
	.answered = on_datagram,
	.broken = on_broken,
	.settled = dns_client_pump,
};

const struct dns_tcp_ops dns_client_tcp_ops = {
	.answered = on_message,
	.broken = on_broken,
	.settled = dns_client_pump,
};
