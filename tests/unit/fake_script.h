/*
 * fake_script - servers of a fake_run that play a script: what each request of
 * the run must be like, and what answers it.
 */
#ifndef BULKFETCH_TESTS_UNIT_FAKE_SCRIPT_H
#define BULKFETCH_TESTS_UNIT_FAKE_SCRIPT_H

#include "fake_run.h"

struct move {
	const char *wants; /* somewhere in the request; NULL: anything */
	const char *lacks; /* nowhere in it; NULL */
	const char *reply;
	bool closes;
};

#define SCRIPT_MAX 64

static struct {
	const struct move *moves;
	size_t count;
	size_t at;
	int64_t at_ms[SCRIPT_MAX]; /* when each request came, from the start */
} script;

static void
script_answer(unsigned peer, const char *request)
{
	const struct move *move = &script.moves[script.at];

	if (script.at == script.count)
		fail_msg("one request too many: %s", request);
	if (move->wants != NULL && strstr(request, move->wants) == NULL)
		fail_msg("request %zu lacks '%s': %s", script.at + 1,
		    move->wants, request);
	if (move->lacks != NULL && strstr(request, move->lacks) != NULL)
		fail_msg("request %zu has '%s': %s", script.at + 1, move->lacks,
		    request);
	script.at_ms[script.at++] = fake_now_ms - FAKE_START_MS;
	fake_say_str(peer, move->reply);
	if (move->closes)
		fake_close(peer);
}

/* Forget what was, and play `moves` from now on. */
static inline void
script_begin(const struct move *moves, size_t count)
{
	(void)world_setup(NULL);
	assert_true(count <= SCRIPT_MAX);
	script.moves = moves;
	script.count = count;
	script.at = 0;
	world.answer = script_answer;
}

/* All of it was played. */
static inline void
script_end(void)
{
	assert_int_equal(script.at, script.count);
}

/* Fetch one URL by the script; what was told of it. */
static inline const struct told *
script_fetch(const char *url)
{
	const struct told *t = world_fetch_one(url);

	script_end();
	return t;
}

#define OK_5 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

#endif
