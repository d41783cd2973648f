#include "net/dns_client.h"

#include <assert.h>
#include <stdlib.h>

#include "net/dns_client_internal.h"

#define ATTEMPTS_MAX 100

_Static_assert(DNS_SERVERS_MAX <= 8, "a set of servers is one octet");

/* ---- A question's places ------------------------------------------------ */

static bool
is_inflight(const struct dns_query *q)
{
	switch ((enum dns_query_state)q->state) {
	case QUERY_IDLE:
	case QUERY_WAITING:
	case QUERY_ENDED:
		break;
	case QUERY_READY:
	case QUERY_CHOSEN:
	case QUERY_UDP:
	case QUERY_TCP:
	case QUERY_PAUSED:
		return true;
	}
	return false;
}

void
dns_query_enter(
    struct dns_query *q, enum dns_query_state next, struct list *list)
{
	q->state = (uint8_t)next;
	list_remove(&q->link);
	if (list != NULL)
		list_push_back(list, &q->link);
	if (!is_inflight(q))
		list_remove(&q->spare);
}

/* Have the timer fire then, or before.  Cannot fail: it is always armed. */
static void
wake_at(struct dns_client *c, int64_t at_ms)
{
	if (at_ms < c->timer.deadline_ms)
		(void)reactor_arm(c->reactor, &c->timer, at_ms);
}

static void
end_probe(struct dns_query *q)
{
	if (q->is_probe && q->server != DNS_SERVER_NONE)
		dns_servers_end_probe(&q->client->servers, q->server);
	q->is_probe = false;
}

void
dns_query_withdraw(struct dns_query *q, bool was_lost)
{
	struct dns_client *c = q->client;

	reactor_disarm(c->reactor, &q->timer);
	end_probe(q);
	if (q->carrier == NULL)
		return;
	if (q->state == QUERY_TCP)
		dns_tcp_drop(&c->tcp, q);
	else
		dns_udp_drop(&c->udp, q, was_lost);
	c->is_short = false;
}

/* The verdict is told a moment later, so that who asks again at each failure
 * does not keep the reactor from everything else. */
static void
end(struct dns_query *q)
{
	struct dns_client *c = q->client;

	if (is_inflight(q))
		c->inflight--;
	dns_query_enter(q, QUERY_ENDED, &c->ended);
	wake_at(c, reactor_now_ms(c->reactor) + 1);
}

/* For our own sake. */
static void
give_up(struct dns_query *q)
{
	q->verdict = DNS_SERVFAIL;
	end(q);
}

void
dns_query_go_on(struct dns_query *q)
{
	q->is_tcp = q->client->config.uses_tcp;
	dns_query_enter(q, QUERY_READY, &q->client->ready);
}

void
dns_query_insist(struct dns_query *q)
{
	struct dns_client *c = q->client;

	dns_query_enter(q, QUERY_CHOSEN, q->is_tcp ? &c->streams : &c->ready);
}

/* That TCP does not get through says nothing of UDP. */
void
dns_query_note_failed(struct dns_query *q)
{
	struct dns_client *c = q->client;

	if (q->server != DNS_SERVER_NONE && (!q->is_tcp || c->config.uses_tcp))
		dns_servers_failed(&c->servers, q->server, q->sent_ms,
		    reactor_now_ms(c->reactor));
}

void
dns_query_note_unreachable(struct dns_query *q)
{
	dns_query_note_failed(q);
	q->has_to_pause = true;
}

/* ---- Whom to ask -------------------------------------------------------- */

/* So long in the first round, and twice as long in each that follows. */
static int64_t
doubled_ms(int64_t first_ms, unsigned rounds, int64_t max_ms)
{
	while (rounds-- > 0 && first_ms < max_ms)
		first_ms *= 2;
	return first_ms < max_ms ? first_ms : max_ms;
}

static int64_t
timeout_ms(const struct dns_client *c, const struct dns_query *q)
{
	int64_t first_ms = c->config.timeout_ms;

	return doubled_ms(first_ms, q->round,
	    first_ms > DNS_TIMEOUT_MAX_MS ? first_ms : DNS_TIMEOUT_MAX_MS);
}

static void
pause_query(struct dns_query *q)
{
	struct dns_client *c = q->client;
	int64_t ms =
	    doubled_ms(DNS_PAUSE_MS, q->round - 1U, DNS_TIMEOUT_MAX_MS);

	q->has_to_pause = false;
	if (err_is(reactor_arm(
		c->reactor, &q->timer, reactor_now_ms(c->reactor) + ms)))
		give_up(q);
	else
		dns_query_enter(q, QUERY_PAUSED, &c->out);
}

/*
 * Nobody has answered it, and others have not been asked at all yet: those go
 * first, so that many silent names hold up no others for longer than a round.
 */
static void
stand_back(struct dns_query *q)
{
	struct dns_client *c = q->client;

	c->inflight--;
	dns_query_enter(q, QUERY_WAITING, &c->waiting);
}

/* Everybody who may know was asked in this round.  Where all have had their say
 * the rounds that are left have nobody to ask, and take no time. */
static void
end_round(struct dns_query *q)
{
	struct dns_client *c = q->client;

	if (++q->round >= c->config.attempts) {
		end(q);
		return;
	}
	q->asked = 0;
	if (q->has_to_pause)
		pause_query(q);
	else if (!list_is_empty(&c->waiting))
		stand_back(q);
}

/* Takes the first one that is READY further: to CHOSEN, PAUSED, ENDED, or into
 * the next round. */
static void
choose(struct dns_query *q)
{
	struct dns_client *c = q->client;
	struct dns_choice choice;

	if (!dns_servers_next(&c->servers, q->first, q->asked | q->settled,
		reactor_now_ms(c->reactor), &choice)) {
		end_round(q);
		return;
	}
	q->server = (uint8_t)choice.server;
	q->is_probe = choice.is_probe;
	q->asked = (uint8_t)(q->asked | 1U << choice.server);
	q->has_edns = c->servers.servers[choice.server].has_edns;
	if (q->is_tcp)
		dns_query_enter(q, QUERY_CHOSEN, &c->streams);
	else
		q->state = QUERY_CHOSEN; /* and stays first */
}

/* ---- Giving way --------------------------------------------------------- */

/* End the one that nobody has been waiting for longest, of those that are in
 * `state`, or of all; false when there is none. */
static bool
end_spare(struct dns_client *c, enum dns_query_state state)
{
	for (struct list *at = c->spare.next; at != &c->spare; at = at->next) {
		struct dns_query *q = LIST_OBJECT(at, struct dns_query, spare);

		if (state == QUERY_IDLE || q->state == (uint8_t)state) {
			dns_query_withdraw(q, false);
			end(q);
			return true;
		}
	}
	return false;
}

/* For one that waits. */
static bool
has_place(struct dns_client *c)
{
	return c->inflight < c->max_inflight || end_spare(c, QUERY_IDLE);
}

/* ---- Sending ------------------------------------------------------------ */

static enum dns_sending
put_out(struct dns_client *c, struct dns_query *q)
{
	const struct endpoint *ep = &c->config.servers[q->server];

	if (q->is_tcp)
		return dns_tcp_send(&c->tcp, q, ep);
	return dns_udp_send(&c->udp, q, ep);
}

static void
note_sent(struct dns_client *c, struct dns_query *q)
{
	dns_query_enter(q, q->is_tcp ? QUERY_TCP : QUERY_UDP, &c->out);
	q->tried++;
	c->stats.queries++;
	c->stats.tcp += q->is_tcp;
	if (err_is(reactor_arm(
		c->reactor, &q->timer, q->sent_ms + timeout_ms(c, q)))) {
		dns_query_withdraw(q, false);
		give_up(q);
	}
}

/* Send a question that is CHOSEN, or make room for it first; false when it has
 * to wait. */
static bool
dispatch(struct dns_client *c, struct dns_query *q)
{
	q->sent_ms = reactor_now_ms(c->reactor);
	switch (put_out(c, q)) {
	case DNS_SENT:
		note_sent(c, q);
		break;
	case DNS_NO_ROOM:
		return end_spare(c, q->is_tcp ? QUERY_TCP : QUERY_UDP);
	case DNS_SHORT:
		c->is_short = true;
		wake_at(c, q->sent_ms + DNS_SHORTAGE_MS);
		return false;
	case DNS_UNREACHABLE:
		dns_query_note_unreachable(q);
		end_probe(q);
		dns_query_go_on(q);
		break;
	case DNS_NO_ID:
		end_probe(q);
		give_up(q);
		break;
	}
	return true;
}

static struct dns_query *
first_of(struct list *list)
{
	if (list_is_empty(list))
		return NULL;
	return LIST_OBJECT(list->next, struct dns_query, link);
}

static void
admit(struct dns_client *c, struct dns_query *q)
{
	c->inflight++;
	q->first = (uint8_t)dns_servers_first(&c->servers);
	dns_query_go_on(q);
}

/* Those that are under way come before new ones. */
static struct dns_query *
next_ready(struct dns_client *c)
{
	if (list_is_empty(&c->ready) && !list_is_empty(&c->waiting) &&
	    has_place(c))
		admit(c, first_of(&c->waiting));
	return first_of(&c->ready);
}

static void
pump_ready(struct dns_client *c)
{
	struct dns_query *q;

	while (!c->is_short && (q = next_ready(c)) != NULL) {
		if (q->state == QUERY_READY)
			choose(q);
		if (q->state == QUERY_CHOSEN && !q->is_tcp && !dispatch(c, q))
			break;
	}
}

static void
pump_streams(struct dns_client *c)
{
	struct dns_query *q;

	while (!c->is_short && (q = first_of(&c->streams)) != NULL) {
		if (!dispatch(c, q))
			break;
	}
}

/* Whether a stream has failed at once, and is to go on. */
static bool
is_any_ready(struct dns_client *c)
{
	const struct dns_query *q = first_of(&c->ready);

	return !c->is_short && q != NULL && q->state == QUERY_READY;
}

void
dns_client_pump(void *ctx)
{
	struct dns_client *c = ctx;

	do {
		pump_ready(c);
		pump_streams(c);
	} while (is_any_ready(c));
}

/* ---- Timers ------------------------------------------------------------- */

static void
on_query_timer(void *ctx)
{
	struct dns_query *q = ctx;

	if (q->state != QUERY_PAUSED) {
		dns_query_note_failed(q);
		dns_query_withdraw(q, true);
	}
	dns_query_go_on(q);
	dns_client_pump(q->client);
}

/* Tell those that have ended so far. */
static void
tell_ended(struct dns_client *c)
{
	struct dns_query *q;

	while ((q = first_of(&c->ended)) != NULL)
		dns_query_enter(q, QUERY_ENDED, &c->telling);
	while ((q = first_of(&c->telling)) != NULL) {
		const struct dns_answer answer = { .verdict = q->verdict };

		dns_query_enter(q, QUERY_IDLE, NULL);
		q->fn(q->ctx, q, &answer); /* q may be gone now */
	}
}

static void
on_timer(void *ctx)
{
	struct dns_client *c = ctx;

	/* First of all, since the room in the reactor's heap that this timer
	 * has just left is not refused now. */
	(void)reactor_arm(c->reactor, &c->timer, INT64_MAX);
	c->is_short = false;
	tell_ended(c);
	dns_client_pump(c);
}

/* ---- Other servers ------------------------------------------------------ */

/* Where each server of before stands in `next`, or DNS_SERVER_NONE. */
static void
map_servers(const struct dns_client_config *before,
    const struct dns_client_config *next, uint8_t map[DNS_SERVERS_MAX])
{
	for (size_t i = 0; i < DNS_SERVERS_MAX; i++) {
		map[i] = DNS_SERVER_NONE;
		for (size_t j = next->server_count;
		     i < before->server_count && j-- > 0;) {
			if (endpoint_eq(&before->servers[i], &next->servers[j]))
				map[i] = (uint8_t)j;
		}
	}
}

/* A question under way begins a round of the servers that there are now. */
static void
renumber_query(struct dns_query *q, const uint8_t map[DNS_SERVERS_MAX])
{
	if (q->server != DNS_SERVER_NONE)
		q->server = map[q->server];
	if (q->server == DNS_SERVER_NONE)
		q->is_probe = false;
	q->first = 0;
	q->asked = 0;
	q->settled = 0;
}

static void
renumber_list(struct list *list, const uint8_t map[DNS_SERVERS_MAX])
{
	struct list *next;

	for (struct list *at = list->next; at != list; at = next) {
		struct dns_query *q = LIST_OBJECT(at, struct dns_query, link);

		next = at->next;
		renumber_query(q, map);
		if (q->state == QUERY_CHOSEN && q->server == DNS_SERVER_NONE)
			dns_query_go_on(q);
	}
}

static void
adopt(struct dns_client *c, const struct dns_client_config *config)
{
	assert(config->server_count <= DNS_SERVERS_MAX);
	c->config = *config;
	if (c->config.timeout_ms == 0)
		c->config.timeout_ms = 1;
	if (c->config.attempts == 0)
		c->config.attempts = 1;
	if (c->config.attempts > ATTEMPTS_MAX)
		c->config.attempts = ATTEMPTS_MAX;
}

void
dns_client_configure(
    struct dns_client *c, const struct dns_client_config *config)
{
	const struct dns_client_config before = c->config;
	const struct dns_servers known = c->servers;
	uint8_t map[DNS_SERVERS_MAX];

	adopt(c, config);
	map_servers(&before, &c->config, map);
	dns_servers_init(
	    &c->servers, c->config.server_count, c->config.is_rotated);
	for (size_t i = 0; i < known.count; i++) {
		if (map[i] != DNS_SERVER_NONE)
			c->servers.servers[map[i]] = known.servers[i];
	}
	dns_udp_renumber(&c->udp, map);
	renumber_list(&c->waiting, map);
	renumber_list(&c->out, map);
	renumber_list(&c->ready, map);
	renumber_list(&c->streams, map);
	dns_client_pump(c);
}

/* ---- The face ----------------------------------------------------------- */

struct err
dns_client_new(
    struct reactor *reactor, unsigned max_inflight, struct dns_client **out)
{
	struct dns_client *c = calloc(1, sizeof(*c));
	struct err err;

	if (c == NULL)
		return err_of(ERR_NOMEM);
	c->reactor = reactor;
	c->max_inflight = max_inflight > 0 ? max_inflight : 1;
	list_init(&c->waiting);
	list_init(&c->spare);
	list_init(&c->ready);
	list_init(&c->streams);
	list_init(&c->out);
	list_init(&c->ended);
	list_init(&c->telling);
	dns_udp_init(&c->udp, reactor, &c->ids, &dns_client_udp_ops, c);
	dns_tcp_init(&c->tcp, reactor, &c->ids, &dns_client_tcp_ops, c);
	timer_init(&c->timer, on_timer, c);
	/* Armed from now on, so that arming it never has to allocate. */
	err = reactor_arm(reactor, &c->timer, INT64_MAX);
	if (err_is(err)) {
		free(c);
		return err;
	}
	*out = c;
	return err;
}

void
dns_client_free(struct dns_client *c)
{
	if (c == NULL)
		return;
	reactor_disarm(c->reactor, &c->timer);
	dns_udp_fini(&c->udp);
	free(c);
}

void
dns_client_ask(struct dns_client *c, struct dns_query *q)
{
	q->client = c;
	list_init(&q->link);
	list_init(&q->spare);
	timer_init(&q->timer, on_query_timer, q);
	q->carrier = NULL;
	q->tried = 0;
	q->server = DNS_SERVER_NONE;
	q->round = 0;
	q->asked = 0;
	q->settled = 0;
	q->is_probe = false;
	q->has_to_pause = false;
	q->verdict = DNS_TIMEOUT;
	dns_query_enter(q, QUERY_WAITING, &c->waiting);
	dns_client_pump(c);
}

void
dns_client_set_awaited(
    struct dns_client *c, struct dns_query *q, bool is_awaited)
{
	if (q->state == QUERY_IDLE)
		return;
	list_remove(&q->spare);
	if (is_awaited)
		return;
	if (is_inflight(q)) {
		list_push_back(&c->spare, &q->spare);
		dns_client_pump(c);
	} else if (q->state == QUERY_WAITING) {
		end(q);
	}
}

/* What waits for its place is sent a moment later, as more may be cancelled
 * right now, and in the end all that waits. */
void
dns_client_cancel(struct dns_client *c, struct dns_query *q)
{
	if (q->state == QUERY_IDLE)
		return;
	if (is_inflight(q)) {
		c->inflight--;
		wake_at(c, reactor_now_ms(c->reactor) + 1);
	}
	dns_query_withdraw(q, false);
	dns_query_enter(q, QUERY_IDLE, NULL);
}

void
dns_client_get_stats(const struct dns_client *c, struct dns_client_stats *stats)
{
	*stats = c->stats;
	stats->foreign = c->udp.foreign;
}
