#include "session.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "ask.h"
#include "pattern.h"
#include "player.h"
#include "sys/clock.h"

/* Input held back while an answer is being played. */
#define HELD_MAX (1U << 20)
/* Output that the kernel would not take. */
#define UNSENT_MAX SESSION_OUT_ROOM
/* How long to read on after a FIN of ours. */
#define LINGER_MS 5000

enum session_state {
	SESSION_ASK,    /* a request's head is to come */
	SESSION_BODY,   /* its body is to come */
	SESSION_PLAY,   /* octets are being made */
	SESSION_WAIT,   /* not before the timer */
	SESSION_STALL,  /* nothing more, ever */
	SESSION_SKIP,   /* a body that was answered early is to come */
	SESSION_CLOSE,  /* what was made leaves, then FIN */
	SESSION_RESET,  /* what was made leaves, then RST */
	SESSION_LINGER, /* reading to the end after our FIN */
	SESSION_GONE,
};

/* What a step needs before the machine can move again. */
enum want { WANT_AGAIN, WANT_READ, WANT_WRITE, WANT_TIME, WANT_NOTHING };

struct session {
	struct list link; /* in env->sessions */
	struct session_env *env;
	int fd;      /* owned */
	uint64_t id; /* in the log */
	enum session_state state;
	struct watch watch;
	struct timer timer;
	struct buf in;      /* owned: left over from former callbacks */
	struct slice input; /* all there is, during a callback */
	struct buf out;     /* owned: unsent from former callbacks */
	struct answer answer;
	struct player player;
	const struct rule *rule; /* being played; NULL: the answer is */
	uint64_t seed;           /* of what the rule generates */
	uint64_t requests;
	uint64_t body_left; /* octets of the request's body to come */
	bool is_last;       /* close after this answer */
	bool is_control;    /* asks for counters: not counted itself */
	bool has_raised;    /* made journal.peak what it is */
	bool is_ended;      /* the client has sent its last octet */
};

static enum want
session_enter(struct session *s, enum session_state next)
{
	s->state = next;
	return next == SESSION_GONE ? WANT_NOTHING : WANT_AGAIN;
}

static void
session_free(struct session *s)
{
	struct session_env *env = s->env;

	reactor_remove_fd(env->reactor, &s->watch, true);
	reactor_disarm(env->reactor, &s->timer);
	(void)close(s->fd);
	list_remove(&s->link);
	if (!s->is_control)
		env->journal.open--;
	answer_fini(&s->answer);
	buf_fini(&s->in);
	buf_fini(&s->out);
	free(s);
}

/* ---- Octets in and out -------------------------------------------------- */

/* Read once, and add that to s->input. */
static void
read_input(struct session *s)
{
	ssize_t n = recv(s->fd, s->env->in, SESSION_IN_ROOM, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		n = 0;
	else if (n <= 0)
		s->is_ended = true;
	if (n > 0 && s->in.len == 0)
		s->input = slice_of(s->env->in, (size_t)n);
	else if (n > 0 &&
	    err_is(buf_append(&s->in, slice_of(s->env->in, (size_t)n))))
		s->is_ended = true;
	if (s->in.len > 0)
		s->input = buf_slice(&s->in);
}

/* Keep what was not used of the input for the next callback. */
static void
keep_input(struct session *s)
{
	if (s->in.len > 0)
		buf_drop(&s->in, s->in.len - s->input.len);
	else if (err_is(buf_append(&s->in, s->input)))
		s->is_ended = true;
	s->input = slice_of(NULL, 0);
}

/* Send; the count of octets that went, -1 when the connection is broken. */
static ssize_t
send_some(struct session *s, struct slice octets)
{
	ssize_t n = send(s->fd, octets.ptr, octets.len, MSG_NOSIGNAL);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0)
		s->env->journal.sent += (uint64_t)n;
	return n;
}

/* Send what former callbacks left, then what this one has made. */
static enum want
flush(struct session *s)
{
	struct session_env *env = s->env;
	size_t made = env->out_len;
	ssize_t n;

	env->out_len = 0;
	if (s->out.len > 0) {
		n = send_some(s, buf_slice(&s->out));
		if (n == -1)
			return session_enter(s, SESSION_GONE);
		buf_drop(&s->out, (size_t)n);
		return s->out.len > 0 ? WANT_WRITE : WANT_AGAIN;
	}
	if (made == 0)
		return WANT_AGAIN;
	n = send_some(s, slice_of(env->out, made));
	if (n == -1 ||
	    err_is(
		buf_append(&s->out, slice_of(env->out + n, made - (size_t)n))))
		return session_enter(s, SESSION_GONE);
	return s->out.len > 0 ? WANT_WRITE : WANT_AGAIN;
}

/* ---- Requests ----------------------------------------------------------- */

/* Requests for counters leave no trace in them. */
static void
uncount(struct session *s)
{
	struct journal *journal = &s->env->journal;

	if (s->is_control)
		return;
	s->is_control = true;
	journal->accepted--;
	journal->open--;
	if (s->has_raised)
		journal->peak--;
}

static const struct rule *
find_rule(struct session_env *env, struct slice target)
{
	uint64_t visit;

	if (env->script.rule_count == 0 || !script_knows(&env->script, target))
		return NULL;
	visit = journal_visit(&env->journal, target);
	return script_find(&env->script, false, target, visit);
}

/* Count the request and choose what to play for it. */
static struct err
choose(struct session *s, const struct ask *ask)
{
	struct journal *journal = &s->env->journal;

	s->rule = NULL;
	if (answer_is_control(ask)) {
		uncount(s);
		return answer_control(
		    &s->answer, ask, journal, &s->env->version);
	}
	journal_add(journal, clock_now_ms(), s->id, ask->line, ask->head);
	s->rule = find_rule(s->env, ask->target);
	if (s->rule == NULL)
		return answer_generated(&s->answer, ask, s->env->version);
	s->answer.is_echo = false;
	s->seed = pattern_seed(ask->target, s->env->version);
	return err_none();
}

static enum want
begin_play(struct session *s)
{
	const struct script *script = &s->env->script;

	if (s->rule != NULL)
		player_init(&s->player, script_moves(script, s->rule),
		    s->rule->move_count, script->octets.ptr, s->seed);
	else
		answer_play(&s->answer, &s->player);
	return session_enter(s, SESSION_PLAY);
}

/* ---- Steps -------------------------------------------------------------- */

static enum want
step_ask(struct session *s)
{
	struct ask ask;

	switch (ask_parse(s->input, &ask)) {
	case ASK_MORE:
		if (s->is_ended)
			return session_enter(s, SESSION_CLOSE);
		return WANT_READ;
	case ASK_BAD:
		return session_enter(s, SESSION_CLOSE);
	case ASK_READY:
		break;
	}
	s->requests++;
	s->body_left = ask.body_len;
	s->is_last = ask.is_last || s->requests == s->env->requests_max;
	if (err_is(choose(s, &ask)))
		return session_enter(s, SESSION_GONE);
	s->input = slice_from(s->input, ask.head.len);
	if (s->body_left > 0 && (s->rule == NULL || !s->rule->is_early))
		return session_enter(s, SESSION_BODY);
	return begin_play(s);
}

/* Take what there is of the request's body. */
static struct slice
take_body(struct session *s)
{
	size_t len =
	    s->input.len < s->body_left ? s->input.len : (size_t)s->body_left;
	struct slice body = slice_first(s->input, len);

	s->body_left -= len;
	s->input = slice_from(s->input, len);
	return body;
}

static enum want
step_body(struct session *s)
{
	if (err_is(answer_add_body(&s->answer, take_body(s))))
		return session_enter(s, SESSION_GONE);
	if (s->body_left == 0)
		return begin_play(s);
	return s->is_ended ? session_enter(s, SESSION_GONE) : WANT_READ;
}

static enum want
step_skip(struct session *s)
{
	(void)take_body(s);
	if (s->body_left == 0)
		return session_enter(s, SESSION_ASK);
	return s->is_ended ? session_enter(s, SESSION_GONE) : WANT_READ;
}

/* The moves are at their end. */
static enum want
end_play(struct session *s)
{
	if (s->is_last)
		return session_enter(s, SESSION_CLOSE);
	return session_enter(s, s->body_left > 0 ? SESSION_SKIP : SESSION_ASK);
}

static enum want
begin_wait(struct session *s, uint64_t wait_ms)
{
	int64_t now_ms = reactor_now_ms(s->env->reactor);

	if (err_is(reactor_arm(
		s->env->reactor, &s->timer, now_ms + (int64_t)wait_ms)))
		return session_enter(s, SESSION_GONE);
	return session_enter(s, SESSION_WAIT);
}

/* One buffer of octets; a large answer leaves the turn to others then. */
static enum want
step_play(struct session *s)
{
	struct session_env *env = s->env;
	size_t room = SESSION_OUT_ROOM - env->out_len;
	uint64_t wait_ms = 0;
	size_t len;
	enum play play;

	if (room < PLAYER_ROOM_MIN)
		return WANT_WRITE;
	play = player_fill(
	    &s->player, env->out + env->out_len, room, &len, &wait_ms);
	env->out_len += len;
	switch (play) {
	case PLAY_MORE:
		return WANT_WRITE;
	case PLAY_WAIT:
		return begin_wait(s, wait_ms);
	case PLAY_STALL:
		return session_enter(s, SESSION_STALL);
	case PLAY_CLOSE:
		return session_enter(s, SESSION_CLOSE);
	case PLAY_RESET:
		return session_enter(s, SESSION_RESET);
	case PLAY_DONE:
		break;
	}
	return end_play(s);
}

/* The timer moves it on. */
static enum want
step_wait(struct session *s)
{
	return s->is_ended ? session_enter(s, SESSION_GONE) : WANT_TIME;
}

static enum want
step_stall(struct session *s)
{
	s->input = slice_from(s->input, s->input.len);
	return s->is_ended ? session_enter(s, SESSION_GONE) : WANT_READ;
}

static enum want
step_close(struct session *s)
{
	int64_t deadline_ms = reactor_now_ms(s->env->reactor) + LINGER_MS;
	enum want want = flush(s);

	if (want != WANT_AGAIN)
		return want;
	if (s->is_ended || shutdown(s->fd, SHUT_WR) == -1 ||
	    err_is(reactor_arm(s->env->reactor, &s->timer, deadline_ms)))
		return session_enter(s, SESSION_GONE);
	return session_enter(s, SESSION_LINGER);
}

static enum want
step_reset(struct session *s)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	enum want want = flush(s);

	if (want != WANT_AGAIN)
		return want;
	(void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	return session_enter(s, SESSION_GONE);
}

static enum want
session_step(struct session *s)
{
	switch (s->state) {
	case SESSION_ASK:
		return step_ask(s);
	case SESSION_BODY:
		return step_body(s);
	case SESSION_PLAY:
		return step_play(s);
	case SESSION_WAIT:
		return step_wait(s);
	case SESSION_STALL:
	case SESSION_LINGER:
		return step_stall(s);
	case SESSION_SKIP:
		return step_skip(s);
	case SESSION_CLOSE:
		return step_close(s);
	case SESSION_RESET:
		return step_reset(s);
	case SESSION_GONE:
		return WANT_NOTHING;
	}
	return WANT_NOTHING;
}

/* ---- On the reactor ----------------------------------------------------- */

/* While input is held back, only so much of it. */
static unsigned
events_for(const struct session *s, enum want want)
{
	if (want == WANT_WRITE)
		return REACTOR_WRITE;
	return s->in.len < HELD_MAX ? REACTOR_READ : 0;
}

/* Step until the machine has to wait; `s` may be freed. */
static void
session_run(struct session *s)
{
	enum want want = flush(s);

	while (want == WANT_AGAIN)
		want = session_step(s);
	if (want != WANT_NOTHING && s->env->out_len > 0 &&
	    flush(s) == WANT_WRITE)
		want = WANT_WRITE;
	s->env->out_len = 0;
	keep_input(s);
	if (s->state == SESSION_GONE ||
	    err_is(reactor_set_events(
		s->env->reactor, &s->watch, events_for(s, want))))
		session_free(s);
}

static void
on_event(void *ctx, unsigned events)
{
	struct session *s = ctx;

	if (s->watch.events == 0)
		s->is_ended = true; /* nothing but a hang-up is told then */
	s->input = buf_slice(&s->in);
	if ((events & s->watch.events & REACTOR_READ) != 0)
		read_input(s);
	session_run(s);
}

static void
on_time(void *ctx)
{
	struct session *s = ctx;

	s->input = buf_slice(&s->in);
	(void)session_enter(
	    s, s->state == SESSION_WAIT ? SESSION_PLAY : SESSION_GONE);
	session_run(s);
}

/* Play upon accepting, if the script says so for that address. */
static void
begin_session(struct session *s, const char *local)
{
	struct session_env *env = s->env;
	char name[64] = "@";
	uint64_t visit;

	if (env->script.rule_count == 0)
		return;
	strncat(name, local, sizeof(name) - 2);
	visit = journal_visit(&env->journal, slice_str(name));
	s->rule = script_find(&env->script, true, slice_str(local), visit);
	if (s->rule != NULL) {
		s->seed = pattern_seed(slice_str(name), 0);
		(void)begin_play(s);
	}
}

static void
count_session(struct session *s)
{
	struct journal *journal = &s->env->journal;

	s->id = ++journal->id_last;
	journal->accepted++;
	journal->open++;
	s->has_raised = journal->open > journal->peak;
	if (s->has_raised)
		journal->peak = journal->open;
}

void
session_start(struct session_env *env, int fd, const char *local)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)close(fd);
		return;
	}
	s->env = env;
	s->fd = fd;
	s->state = SESSION_ASK;
	watch_init(&s->watch, on_event, s);
	timer_init(&s->timer, on_time, s);
	buf_init(&s->in, HELD_MAX + SESSION_IN_ROOM);
	buf_init(&s->out, UNSENT_MAX);
	answer_init(&s->answer);
	list_push_back(&env->sessions, &s->link);
	count_session(s);
	if (err_is(reactor_add_fd(env->reactor, &s->watch, fd, REACTOR_READ))) {
		session_free(s);
		return;
	}
	begin_session(s, local);
	session_run(s);
}

/* ---- What they share ---------------------------------------------------- */

struct err
session_env_init(struct session_env *env)
{
	struct err err;

	*env = (struct session_env){ 0 };
	list_init(&env->sessions);
	script_init(&env->script);
	env->in = malloc(SESSION_IN_ROOM);
	env->out = malloc(SESSION_OUT_ROOM);
	err = journal_init(&env->journal);
	if (!err_is(err))
		err = reactor_new(&env->reactor);
	if (!err_is(err) && (env->in == NULL || env->out == NULL))
		err = err_of(ERR_NOMEM);
	return err;
}

void
session_env_fini(struct session_env *env)
{
	while (!list_is_empty(&env->sessions))
		session_free(
		    LIST_OBJECT(env->sessions.next, struct session, link));
	reactor_free(env->reactor);
	journal_fini(&env->journal);
	script_fini(&env->script);
	free(env->in);
	free(env->out);
}
