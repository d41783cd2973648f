/*
 * player - moves turned into octets, as many at a time as there is room for.
 *
 * Pure: no descriptor and no clock.  The player says when it has to wait; the
 * caller keeps the time.  Moves and octets are borrowed.
 */
#ifndef ORIGIN_PLAYER_H
#define ORIGIN_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "script.h"

/* The least room that player_fill() can work with. */
#define PLAYER_ROOM_MIN 256

/* Why player_fill() came back. */
enum play {
	PLAY_MORE,  /* no room left: send, and call again */
	PLAY_WAIT,  /* call again after that many ms */
	PLAY_STALL, /* never call again; leave the connection open */
	PLAY_CLOSE, /* end the connection in good order */
	PLAY_RESET, /* break the connection */
	PLAY_DONE,  /* the moves are at their end */
};

struct player {
	const struct move *moves;
	size_t count;
	const uint8_t *octets; /* what `at` of a MOVE_SEND refers to */
	uint64_t seed;         /* of the generated contents */
	uint64_t offset;       /* in them */
	size_t at;             /* the move being played */
	uint64_t done;         /* octets of it played */
	size_t chunk;          /* MOVE_CHUNKED: chunks begun */
	uint64_t drip_ms;      /* 0: full speed */
	/* Octets that drip: those from stage_at to stage_len are to come. */
	uint8_t stage[PLAYER_ROOM_MIN];
	size_t stage_at;
	size_t stage_len;
	uint64_t rounds[SCRIPT_DEPTH_MAX]; /* of each loop, to come */
	size_t depth;
};

void player_init(struct player *p, const struct move *moves, size_t count,
    const uint8_t *octets, uint64_t seed);

/*
 * Write the next octets into `out`, which has room for `room` of them, at least
 * PLAYER_ROOM_MIN.  Whatever the answer, `*len` octets are to be sent first.
 * `*wait_ms` is set with PLAY_WAIT.
 */
enum play player_fill(struct player *p, uint8_t *out, size_t room, size_t *len,
    uint64_t *wait_ms);

#endif
