#include "fetch/turns.h"

#include <assert.h>
#include <stdlib.h>

#include "fetch/known_hosts.h"
#include "fetch/pace.h"

/* How long a turn waits when there is no memory for its host: others end
 * meanwhile, and it must not begin unlimited. */
#define NO_MEMORY_WAIT_MS 100

/*
 * A host that is held is READY when it has a queue and nothing but the general
 * pace and the others keep it from beginning a request; TIMED when it has a
 * queue that can go on at due.key, parked or paced until then.  Whatever may
 * have changed that ends with settle().
 */
struct turns {
	struct turns_limits limits;
	bool limits_hosts; /* so that each must be known */
	struct pace pace;  /* of all together */
	struct known_hosts hosts;
	struct heap delayed; /* turns, by their time */
	struct heap timed;   /* hosts, by when they can go on */
	struct list ready;   /* hosts, the one whose turn it is first */
	struct list down;    /* hosts that are down with turns that wait */
	unsigned waiting;
};

struct err
turns_new(
    const struct turns_limits *limits, size_t capacity, struct turns **out)
{
	struct turns *t = malloc(sizeof(*t));
	struct err err;

	if (t == NULL)
		return err_of(ERR_NOMEM);
	*t = (struct turns){
		.limits = *limits,
		.limits_hosts =
		    limits->max_per_host > 0 || limits->rate_per_host.count > 0,
	};
	pace_init(&t->pace, limits->rate);
	heap_init(&t->delayed);
	heap_init(&t->timed);
	list_init(&t->ready);
	list_init(&t->down);
	err = known_hosts_init(&t->hosts, limits->rate_per_host, capacity);
	if (!err_is(err))
		err = heap_reserve(&t->delayed, capacity);
	if (!err_is(err))
		err = heap_reserve(&t->timed, capacity);
	if (err_is(err)) {
		turns_free(t);
		return err;
	}
	*out = t;
	return err_none();
}

void
turns_free(struct turns *t)
{
	if (t == NULL)
		return;
	known_hosts_fini(&t->hosts);
	heap_fini(&t->delayed);
	heap_fini(&t->timed);
	free(t);
}

void
turn_init(struct turn *turn)
{
	*turn = (struct turn){ .state = TURN_OUT };
	list_init(&turn->link);
	heap_node_init(&turn->node);
}

/* ---- Hosts -------------------------------------------------------------- */

static bool
is_full(const struct turns *t, const struct known_host *host)
{
	return t->limits.max_per_host > 0 &&
	    host->going >= t->limits.max_per_host;
}

static enum host_place
find_place(const struct turns *t, const struct known_host *host, int64_t now_ms)
{
	bool has_queue = !list_is_empty(&host->queue);

	if (host->is_down)
		return has_queue || !list_is_empty(&host->delayed) ? HOST_DOWN
								   : HOST_ASIDE;
	if (!has_queue || is_full(t, host))
		return HOST_ASIDE;
	return host_due_ms(host) <= now_ms ? HOST_READY : HOST_TIMED;
}

static void
put_aside(struct turns *t, struct known_host *host)
{
	list_remove(&host->link);
	heap_remove(&t->timed, &host->due);
	host->place = HOST_ASIDE;
}

/* Put a host where it belongs.  One that is READY and stays so keeps its place
 * among the others. */
static void
settle(struct turns *t, struct known_host *host, int64_t now_ms)
{
	enum host_place place = find_place(t, host, now_ms);

	if (place == host->place && place != HOST_TIMED)
		return;
	put_aside(t, host);
	host->place = place;
	switch (place) {
	case HOST_ASIDE:
		break;
	case HOST_TIMED: /* cannot fail: there is room for all with turns */
		(void)heap_add(&t->timed, &host->due, host_due_ms(host));
		break;
	case HOST_READY:
		list_push_back(&t->ready, &host->link);
		break;
	case HOST_DOWN:
		list_push_back(&t->down, &host->link);
		break;
	}
}

static void
settle_and_release(struct turns *t, struct known_host *host, int64_t now_ms)
{
	settle(t, host, now_ms);
	known_hosts_release(&t->hosts, host, now_ms);
}

/* ---- Turns -------------------------------------------------------------- */

static void
go(struct turns *t, struct turn *turn, int64_t now_ms)
{
	turn->state = TURN_GOING;
	pace_take(&t->pace, now_ms);
	if (turn->host == NULL)
		return;
	turn->host->going++;
	pace_take(&turn->host->pace, now_ms);
}

/* Into the queue of its host, which it holds. */
static void
queue(struct turns *t, struct turn *turn, int64_t now_ms)
{
	turn->state = TURN_QUEUED;
	list_push_back(&turn->host->queue, &turn->link);
	settle(t, turn->host, now_ms);
}

/* Until `at_ms`, known to its host unless memory is short. */
static void
delay(struct turns *t, struct turn *turn, int64_t at_ms)
{
	turn->state = TURN_DELAYED;
	if (turn->host != NULL)
		list_push_back(&turn->host->delayed, &turn->link);
	/* Cannot fail: there is room for all turns. */
	(void)heap_add(&t->delayed, &turn->node, at_ms);
}

/* A delayed turn's time has come. */
static void
end_delay(struct turns *t, struct turn *turn, int64_t now_ms)
{
	list_remove(&turn->link);
	heap_remove(&t->delayed, &turn->node);
	if (turn->host == NULL)
		turn->host = known_hosts_hold(&t->hosts, turn->key);
	if (turn->host == NULL)
		delay(t, turn, now_ms + NO_MEMORY_WAIT_MS);
	else
		queue(t, turn, now_ms);
}

/* What time brings: delayed turns into their queues, hosts that may go on. */
static void
pass_time(struct turns *t, int64_t now_ms)
{
	struct heap_node *first;

	known_hosts_fade(&t->hosts, now_ms);
	while ((first = heap_peek(&t->delayed)) != NULL && first->key <= now_ms)
		end_delay(t, LIST_OBJECT(first, struct turn, node), now_ms);
	while ((first = heap_peek(&t->timed)) != NULL && first->key <= now_ms)
		settle(t, LIST_OBJECT(first, struct known_host, due), now_ms);
}

/* Whether a turn of `host`, which is not down, may go without overtaking. */
static bool
may_go(const struct turns *t, const struct known_host *host, int64_t now_ms)
{
	if (t->limits.rate.count > 0 &&
	    (!list_is_empty(&t->ready) || !pace_is_due(&t->pace, now_ms)))
		return false;
	return host == NULL ||
	    (list_is_empty(&host->queue) && !is_full(t, host) &&
		host_due_ms(host) <= now_ms);
}

enum turns_answer
turns_ask(struct turns *t, struct turn *turn, struct slice key, int64_t now_ms)
{
	assert(turn->state == TURN_OUT);
	turn->key = key;
	pass_time(t, now_ms);
	turn->host = t->limits_hosts ? known_hosts_hold(&t->hosts, key)
				     : known_hosts_find(&t->hosts, key);
	if (turn->host != NULL && turn->host->is_down) {
		known_hosts_release(&t->hosts, turn->host, now_ms);
		turn->host = NULL;
		return TURNS_DOWN;
	}
	if ((turn->host != NULL || !t->limits_hosts) &&
	    may_go(t, turn->host, now_ms)) {
		go(t, turn, now_ms);
		return TURNS_GO;
	}
	if (turn->host == NULL)
		turn->host = known_hosts_hold(&t->hosts, key);
	t->waiting++;
	if (turn->host != NULL)
		queue(t, turn, now_ms);
	else
		delay(t, turn, now_ms + NO_MEMORY_WAIT_MS);
	return TURNS_WAIT;
}

void
turns_wait(struct turns *t, struct turn *turn, struct slice key, int64_t at_ms)
{
	assert(turn->state == TURN_OUT);
	turn->key = key;
	turn->host = known_hosts_hold(&t->hosts, key);
	t->waiting++;
	delay(t, turn, at_ms);
	/* Nothing to settle but that a host that is down has a turn now: it
	 * is no matter of time. */
	if (turn->host != NULL && turn->host->is_down)
		settle(t, turn->host, 0);
}

void
turns_leave(struct turns *t, struct turn *turn, int64_t now_ms)
{
	struct known_host *host = turn->host;

	switch (turn->state) {
	case TURN_OUT:
		return;
	case TURN_GOING:
		if (host != NULL)
			host->going--;
		break;
	case TURN_QUEUED:
	case TURN_DELAYED:
		list_remove(&turn->link);
		heap_remove(&t->delayed, &turn->node);
		t->waiting--;
		break;
	}
	turn->state = TURN_OUT;
	turn->host = NULL;
	if (host != NULL)
		settle_and_release(t, host, now_ms);
}

/* Send one turn of a host that is down home. */
static struct turn *
next_of_down(struct turns *t, struct known_host *host, int64_t now_ms)
{
	struct list *from =
	    list_is_empty(&host->queue) ? &host->delayed : &host->queue;
	struct turn *turn = LIST_OBJECT(from->next, struct turn, link);

	turns_leave(t, turn, now_ms);
	return turn;
}

struct turn *
turns_next(struct turns *t, int64_t now_ms, bool *is_down)
{
	struct known_host *host;
	struct turn *turn;

	pass_time(t, now_ms);
	*is_down = !list_is_empty(&t->down);
	if (*is_down)
		return next_of_down(t,
		    LIST_OBJECT(t->down.next, struct known_host, link), now_ms);
	if (list_is_empty(&t->ready) || !pace_is_due(&t->pace, now_ms))
		return NULL;
	host = LIST_OBJECT(t->ready.next, struct known_host, link);
	turn = LIST_OBJECT(host->queue.next, struct turn, link);
	list_remove(&turn->link);
	t->waiting--;
	go(t, turn, now_ms);
	/* Behind the others, if it has more to begin. */
	put_aside(t, host);
	settle(t, host, now_ms);
	return turn;
}

static int64_t
first_key(const struct heap *heap)
{
	const struct heap_node *first = heap_peek(heap);

	return first != NULL ? first->key : INT64_MAX;
}

int64_t
turns_due_ms(const struct turns *t)
{
	int64_t due_ms = first_key(&t->delayed);

	if (!list_is_empty(&t->down))
		return 0;
	if (first_key(&t->timed) < due_ms)
		due_ms = first_key(&t->timed);
	if (!list_is_empty(&t->ready))
		due_ms = 0;
	if (due_ms < pace_due_ms(&t->pace))
		due_ms = pace_due_ms(&t->pace);
	return due_ms;
}

/* ---- What befalls hosts ------------------------------------------------- */

void
turns_park(struct turns *t, struct slice key, int64_t until_ms, int64_t now_ms)
{
	struct known_host *host;

	if (until_ms <= now_ms)
		return;
	host = known_hosts_hold(&t->hosts, key);
	if (host == NULL)
		return;
	known_hosts_park(&t->hosts, host, until_ms);
	settle_and_release(t, host, now_ms);
}

bool
turns_give_up(struct turns *t, struct slice key, int64_t now_ms)
{
	struct known_host *host = known_hosts_hold(&t->hosts, key);
	bool is_news;

	if (host == NULL)
		return true;
	is_news = !host->is_down;
	host->is_down = true;
	settle_and_release(t, host, now_ms);
	return is_news;
}

bool
turns_note_connect(
    struct turns *t, struct slice key, bool is_connected, int64_t now_ms)
{
	struct known_host *host;
	bool is_news = false;

	if (t->limits.max_host_errors == 0)
		return false;
	host = is_connected ? known_hosts_find(&t->hosts, key)
			    : known_hosts_hold(&t->hosts, key);
	if (host == NULL)
		return false;
	if (is_connected)
		host->failures = 0;
	else if (++host->failures >= t->limits.max_host_errors)
		is_news = !host->is_down;
	host->is_down |= is_news;
	settle_and_release(t, host, now_ms);
	return is_news;
}

bool
turns_are_open(const struct turns *t, int64_t now_ms)
{
	return pace_is_due(&t->pace, now_ms);
}

int64_t
turns_open_ms(const struct turns *t)
{
	return pace_due_ms(&t->pace);
}

unsigned
turns_waiting(const struct turns *t)
{
	return t->waiting;
}

unsigned
turns_parked(const struct turns *t, int64_t now_ms)
{
	return known_hosts_parked(&t->hosts, now_ms);
}
