/*
 * turns against a model: the same random operations are done to both, and what
 * turns answers must be what the model allows.  The model knows no queues and
 * no heaps; it looks at everybody each time.
 */
#include "exact.h"

#include <stdbool.h>
#include <stdio.h>

#include "fetch/pace.h"
#include "fetch/turns.h"

#define TURNS 40
#define HOSTS 6
#define STEPS 10000
#define START_MS INT64_C(5000)

struct model_turn {
	enum turn_state state;
	unsigned host;
	int64_t at_ms;       /* DELAYED until then */
	unsigned joined_at;  /* QUEUED since that step, ... */
	int64_t joined_late; /* ... those of one step in this order */
};

struct model_host {
	int64_t parked_until_ms;
	unsigned failures;
	bool is_down;
	struct pace pace;
	/* For fairness; counted in steps. */
	bool was_ready;
	unsigned ready_since;
	unsigned last_next; /* that turns_next() let one begin; 0: never */
};

static struct {
	struct turns_limits limits;
	struct turns *turns;
	struct turn turn[TURNS];
	char key[HOSTS][32];
	struct model_turn m[TURNS];
	struct model_host host[HOSTS];
	struct pace pace;
	int64_t now_ms;
	unsigned step;
	uint32_t random;
	unsigned answers[3]; /* how often turns_ask() gave each */
	unsigned begun;      /* by turns_next() */
	unsigned sent_home;
} w;

/* A small generator, the same on every machine. */
static uint32_t
pick(uint32_t below)
{
	w.random = w.random * 1664525 + 1013904223;
	return (w.random >> 8) % below;
}

static struct slice
key_of(unsigned host)
{
	return slice_str(w.key[host]);
}

/* ---- The model ---------------------------------------------------------- */

static unsigned
count_turns(unsigned host, enum turn_state state)
{
	unsigned count = 0;

	for (unsigned i = 0; i < TURNS; i++)
		count += w.m[i].host == host && w.m[i].state == state;
	return count;
}

static int64_t
host_due(const struct model_host *h)
{
	int64_t pace_ms = pace_due_ms(&h->pace);

	return pace_ms > h->parked_until_ms ? pace_ms : h->parked_until_ms;
}

/* What nobody has a turn for and of what there is nothing to know any more is
 * forgotten: its pace begins anew. */
static void
model_forget(unsigned host)
{
	struct model_host *h = &w.host[host];

	if (count_turns(host, TURN_GOING) + count_turns(host, TURN_QUEUED) +
		count_turns(host, TURN_DELAYED) >
	    0)
		return;
	if (!h->is_down && h->failures == 0 && host_due(h) <= w.now_ms)
		pace_init(&h->pace, w.limits.rate_per_host);
}

static bool
is_full(unsigned host)
{
	return w.limits.max_per_host > 0 &&
	    count_turns(host, TURN_GOING) >= w.limits.max_per_host;
}

/* Nothing but the general pace keeps a turn of this host from beginning. */
static bool
may_begin(unsigned host)
{
	const struct model_host *h = &w.host[host];

	return !h->is_down && !is_full(host) && host_due(h) <= w.now_ms;
}

static bool
is_ready(unsigned host)
{
	return count_turns(host, TURN_QUEUED) > 0 && may_begin(host);
}

static void
note_ready(void)
{
	for (unsigned i = 0; i < HOSTS; i++) {
		bool now = is_ready(i);

		if (now && !w.host[i].was_ready)
			w.host[i].ready_since = w.step;
		w.host[i].was_ready = now;
	}
}

static void
model_pass_time(void)
{
	for (unsigned i = 0; i < TURNS; i++) {
		struct model_turn *m = &w.m[i];

		if (m->state != TURN_DELAYED || m->at_ms > w.now_ms)
			continue;
		m->state = TURN_QUEUED;
		m->joined_at = w.step;
		m->joined_late = m->at_ms;
	}
	for (unsigned i = 0; i < HOSTS; i++)
		model_forget(i);
	note_ready();
}

static bool
is_before(const struct model_turn *a, const struct model_turn *b)
{
	if (a->joined_at != b->joined_at)
		return a->joined_at < b->joined_at;
	return a->joined_late < b->joined_late;
}

static void
model_go(unsigned i)
{
	w.m[i].state = TURN_GOING;
	pace_take(&w.pace, w.now_ms);
	pace_take(&w.host[w.m[i].host].pace, w.now_ms);
}

static unsigned
count_ready(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < HOSTS; i++)
		count += is_ready(i);
	return count;
}

static enum turns_answer
model_ask(unsigned host)
{
	if (w.host[host].is_down)
		return TURNS_DOWN;
	if (count_turns(host, TURN_QUEUED) > 0 || !may_begin(host))
		return TURNS_WAIT;
	if (w.limits.rate.count > 0 &&
	    (count_ready() > 0 || !pace_is_due(&w.pace, w.now_ms)))
		return TURNS_WAIT;
	return TURNS_GO;
}

static unsigned
count_sent_home(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < HOSTS; i++) {
		if (w.host[i].is_down)
			count += count_turns(i, TURN_QUEUED) +
			    count_turns(i, TURN_DELAYED);
	}
	return count;
}

static int64_t
model_due(void)
{
	int64_t due_ms = INT64_MAX;

	if (count_sent_home() > 0)
		return 0;
	for (unsigned i = 0; i < TURNS; i++) {
		const struct model_turn *m = &w.m[i];
		int64_t at_ms = INT64_MAX;

		if (m->state == TURN_DELAYED)
			at_ms = m->at_ms;
		else if (m->state == TURN_QUEUED && !is_full(m->host))
			at_ms = host_due(&w.host[m->host]);
		if (at_ms < due_ms)
			due_ms = at_ms;
	}
	return due_ms > pace_due_ms(&w.pace) ? due_ms : pace_due_ms(&w.pace);
}

/* ---- The operations, on both -------------------------------------------- */

static void
do_ask(unsigned i, unsigned host)
{
	enum turns_answer expected;
	enum turns_answer answer;

	model_pass_time();
	expected = model_ask(host);
	answer = turns_ask(w.turns, &w.turn[i], key_of(host), w.now_ms);
	assert_int_equal(answer, expected);
	w.answers[answer]++;
	w.m[i].host = host;
	if (answer == TURNS_GO) {
		model_go(i);
	} else if (answer == TURNS_WAIT) {
		w.m[i].state = TURN_QUEUED;
		w.m[i].joined_at = w.step;
		w.m[i].joined_late = INT64_MAX;
	}
}

static void
do_wait(unsigned i, unsigned host)
{
	w.m[i].state = TURN_DELAYED;
	w.m[i].host = host;
	w.m[i].at_ms = w.now_ms + pick(400) - 50;
	turns_wait(w.turns, &w.turn[i], key_of(host), w.m[i].at_ms);
}

static void
do_leave(unsigned i)
{
	w.m[i].state = TURN_OUT;
	turns_leave(w.turns, &w.turn[i], w.now_ms);
	model_forget(w.m[i].host);
}

/* Turn `i` was let begin: it could, and it was its turn. */
static void
check_begun(unsigned i)
{
	unsigned host = w.m[i].host;
	struct model_host *h = &w.host[host];

	assert_int_equal(w.m[i].state, TURN_QUEUED);
	assert_true(may_begin(host));
	assert_true(pace_is_due(&w.pace, w.now_ms));
	for (unsigned k = 0; k < TURNS; k++) {
		if (w.m[k].state == TURN_QUEUED && w.m[k].host == host)
			assert_false(is_before(&w.m[k], &w.m[i]));
	}
	/* Nobody was ready all the time since the last one of this host and
	 * got nothing. */
	for (unsigned k = 0; k < HOSTS; k++) {
		const struct model_host *other = &w.host[k];

		if (k != host && h->last_next > 0 && is_ready(k))
			assert_false(other->ready_since < h->last_next &&
			    other->last_next < h->last_next);
	}
	h->last_next = w.step;
	model_go(i);
	w.begun++;
}

static void
do_next(void)
{
	bool is_down = true;
	unsigned sent_home;
	struct turn *turn;
	unsigned i;

	model_pass_time();
	sent_home = count_sent_home();
	turn = turns_next(w.turns, w.now_ms, &is_down);
	assert_int_equal(is_down, sent_home > 0);
	if (turn == NULL) {
		assert_true(
		    count_ready() == 0 || !pace_is_due(&w.pace, w.now_ms));
		return;
	}
	i = (unsigned)(turn - w.turn);
	if (!is_down) {
		check_begun(i);
		return;
	}
	assert_true(w.host[w.m[i].host].is_down);
	assert_true(
	    w.m[i].state == TURN_QUEUED || w.m[i].state == TURN_DELAYED);
	w.m[i].state = TURN_OUT;
	w.sent_home++;
}

static void
do_park(unsigned host)
{
	int64_t until_ms = w.now_ms + pick(300) - 20;

	turns_park(w.turns, key_of(host), until_ms, w.now_ms);
	if (until_ms <= w.now_ms)
		return;
	if (until_ms > w.host[host].parked_until_ms)
		w.host[host].parked_until_ms = until_ms;
}

static void
do_note_connect(unsigned host)
{
	bool is_connected = pick(3) > 0;
	struct model_host *h = &w.host[host];
	bool is_news =
	    turns_note_connect(w.turns, key_of(host), is_connected, w.now_ms);

	if (w.limits.max_host_errors == 0) {
		assert_false(is_news);
		return;
	}
	h->failures = is_connected ? 0 : h->failures + 1;
	assert_int_equal(
	    is_news, !h->is_down && h->failures >= w.limits.max_host_errors);
	h->is_down |= is_news;
	model_forget(host);
}

static void
do_give_up(unsigned host)
{
	assert_int_equal(turns_give_up(w.turns, key_of(host), w.now_ms),
	    !w.host[host].is_down);
	w.host[host].is_down = true;
}

static void
do_something(void)
{
	unsigned i = pick(TURNS);
	unsigned what = pick(1000);

	w.step++;
	if (what < 300)
		w.now_ms += pick(8);
	else if (what < 305)
		w.now_ms += pick(1000);
	else if (what < 600)
		do_next();
	else if (what < 650)
		do_park(pick(HOSTS));
	else if (what < 660)
		do_note_connect(pick(HOSTS));
	else if (what == 660 && w.step > STEPS / 2)
		do_give_up(pick(HOSTS));
	else if (w.m[i].state != TURN_OUT && what < 850)
		do_leave(i);
	else if (w.m[i].state == TURN_OUT && what < 950)
		do_ask(i, pick(pick(HOSTS) + 1));
	else if (w.m[i].state == TURN_OUT)
		do_wait(i, pick(pick(HOSTS) + 1));
	note_ready();
}

static void
compare(void)
{
	unsigned waiting = 0;
	unsigned parked = 0;
	int64_t due_ms = turns_due_ms(w.turns);
	int64_t expected_ms = model_due();

	for (unsigned i = 0; i < TURNS; i++) {
		waiting +=
		    w.m[i].state == TURN_QUEUED || w.m[i].state == TURN_DELAYED;
		/* Who joins its queue is seen to at the next opportunity. */
		if (w.turn[i].state != TURN_DELAYED ||
		    w.m[i].state != TURN_QUEUED)
			assert_int_equal(w.turn[i].state, w.m[i].state);
	}
	for (unsigned i = 0; i < HOSTS; i++)
		parked += w.host[i].parked_until_ms > w.now_ms;
	assert_int_equal(turns_waiting(w.turns), waiting);
	assert_int_equal(turns_parked(w.turns, w.now_ms), parked);
	assert_int_equal(
	    turns_are_open(w.turns, w.now_ms), pace_is_due(&w.pace, w.now_ms));
	assert_true(due_ms >= 0);
	/* What has passed is due, no matter since when. */
	if (due_ms > w.now_ms || expected_ms > w.now_ms)
		assert_int_equal(due_ms, expected_ms);
}

static void
play(const struct turns_limits *limits, uint32_t seed)
{
	memset(&w, 0, sizeof(w));
	w.limits = *limits;
	w.random = seed;
	w.now_ms = START_MS;
	pace_init(&w.pace, limits->rate);
	assert_false(err_is(turns_new(limits, TURNS, &w.turns)));
	for (unsigned i = 0; i < TURNS; i++)
		turn_init(&w.turn[i]);
	for (unsigned i = 0; i < HOSTS; i++) {
		(void)snprintf(
		    w.key[i], sizeof(w.key[i]), "http://host%u:80", i);
		pace_init(&w.host[i].pace, limits->rate_per_host);
	}
	for (unsigned i = 0; i < STEPS; i++) {
		do_something();
		compare();
	}
	/* It was no idle talk. */
	assert_true(w.answers[TURNS_GO] > 10 && w.answers[TURNS_WAIT] > 10 &&
	    w.answers[TURNS_DOWN] > 0);
	assert_true(w.begun > 10);
	assert_true(w.sent_home > 0);
	for (unsigned i = 0; i < TURNS; i++)
		turns_leave(w.turns, &w.turn[i], w.now_ms);
	assert_int_equal(turns_waiting(w.turns), 0);
	turns_free(w.turns);
}

static void
does_what_the_model_allows(void **state)
{
	static const struct turns_limits rows[] = {
		{ 0 },
		{ .max_per_host = 1 },
		{ .max_per_host = 3, .max_host_errors = 4 },
		{ .rate = { 500, 1000 } },
		{ .rate = { 100, 1000 }, .max_per_host = 2 },
		{ .rate_per_host = { 100, 1000 } },
		{ .rate_per_host = { 2500, 1000 }, .max_host_errors = 5 },
		{ .rate = { 300, 1000 }, .rate_per_host = { 70, 1000 } },
		{ .rate = { 3000, 1000 },
		    .rate_per_host = { 700, 1000 },
		    .max_per_host = 2,
		    .max_host_errors = 6 },
		{ .max_host_errors = 3 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (uint32_t seed = 1; seed <= 3; seed++) {
			print_message("limits %zu, seed %u\n", i, seed);
			play(&rows[i], seed);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_what_the_model_allows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
