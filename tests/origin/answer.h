/*
 * answer - what the origin says to requests that no script is for: generated
 * files (pattern.h), the echo, its own counters, or 404.
 *
 * An answer is a few moves and the octets they send.
 */
#ifndef ORIGIN_ANSWER_H
#define ORIGIN_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ask.h"
#include "base/buf.h"
#include "base/err.h"
#include "journal.h"
#include "player.h"

/* Text, from, body, close. */
#define ANSWER_MOVES_MAX 4

struct answer {
	struct buf text; /* owned: what is sent literally */
	struct move moves[ANSWER_MOVES_MAX];
	size_t move_count;
	uint64_t seed;
	bool is_echo; /* the request's body is still to be appended */
};

/* Allocates nothing. */
void answer_init(struct answer *a);
void answer_fini(struct answer *a);

/* Whether `ask` is for the origin's own counters, below "/-/". */
bool answer_is_control(const struct ask *ask);

/*
 * Replace the answer by the one to `ask`; `*version` is set by "/-/version/N".
 * ERR_NOMEM, ERR_LIMIT.
 */
struct err answer_control(struct answer *a, const struct ask *ask,
    const struct journal *journal, uint64_t *version);
struct err answer_generated(
    struct answer *a, const struct ask *ask, uint64_t version);

/* Some of the request's body, for those answers that show it. */
struct err answer_add_body(struct answer *a, struct slice octets);

/* Begin to play; borrows the answer until the end. */
void answer_play(struct answer *a, struct player *player);

#endif
