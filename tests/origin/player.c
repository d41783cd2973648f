#include "player.h"

#include <stdio.h>
#include <string.h>

#include "pattern.h"

/* A loop that sends nothing must not keep player_fill() for ever. */
#define IDLE_MOVES_MAX 10000
#define IDLE_WAIT_MS 1
/* Room for a chunk's line and the line end behind its octets. */
#define CHUNK_ROOM (PLAYER_ROOM_MIN / 2)
#define CHUNK_SIZES 20

/* Room, as the moves fill it. */
struct room {
	uint8_t *ptr;
	size_t left;
};

void
player_init(struct player *p, const struct move *moves, size_t count,
    const uint8_t *octets, uint64_t seed)
{
	p->moves = moves;
	p->count = count;
	p->octets = octets;
	p->seed = seed;
	p->offset = 0;
	p->at = 0;
	p->done = 0;
	p->chunk = 0;
	p->drip_ms = 0;
	p->depth = 0;
	p->stage_at = p->stage_len = 0;
}

static void
next_move(struct player *p)
{
	p->at++;
	p->done = 0;
	p->chunk = 0;
}

static size_t
at_most(const struct room *room, uint64_t len)
{
	return len < room->left ? (size_t)len : room->left;
}

static void
take_room(struct room *room, size_t len)
{
	room->ptr += len;
	room->left -= len;
}

/* ---- Moves that send ---------------------------------------------------- */

static void
fill_send(struct player *p, const struct move *move, struct room *room)
{
	size_t len = at_most(room, move->len - p->done);

	if (len > 0)
		memcpy(room->ptr, p->octets + move->at + p->done, len);
	take_room(room, len);
	p->done += len;
	if (p->done == move->len)
		next_move(p);
}

static void
fill_generated(struct player *p, struct room *room, size_t len)
{
	pattern_fill(p->seed, p->offset, room->ptr, len);
	take_room(room, len);
	p->offset += len;
	p->done += len;
}

static void
fill_body(struct player *p, const struct move *move, struct room *room)
{
	fill_generated(p, room, at_most(room, move->count - p->done));
	if (p->done == move->count)
		next_move(p);
}

/* 1, 2, 3, 5, 8 ... octets, and round again. */
static size_t
chunk_size(size_t number)
{
	size_t a = 1;
	size_t b = 2;

	for (size_t i = 0; i < number % CHUNK_SIZES; i++) {
		size_t sum = a + b;

		a = b;
		b = sum;
	}
	return a;
}

/* What stands before a chunk's octets, in some of the ways allowed. */
static size_t
format_chunk_line(size_t number, size_t size, char *out, size_t cap)
{
	int len;

	switch (number % 4) {
	case 0:
		len = snprintf(out, cap, "%zx\r\n", size);
		break;
	case 1:
		len = snprintf(out, cap, "%zX;ext\r\n", size);
		break;
	case 2:
		len = snprintf(out, cap, "000%zx\r\n", size);
		break;
	default:
		len = snprintf(out, cap, "%zx;n=v;m=\"a;b \\\" c\"\r\n", size);
		break;
	}
	return (size_t)len;
}

static void
fill_last_chunk(struct player *p, struct room *room)
{
	int len = snprintf((char *)room->ptr, room->left,
	    "0;last\r\nX-Chunks: %zu\r\nX-Empty:\r\n\r\n", p->chunk);

	take_room(room, (size_t)len);
	next_move(p);
}

/* One whole chunk, or the end with its trailers. */
static void
fill_chunk(struct player *p, const struct move *move, struct room *room)
{
	uint64_t left = move->count - p->done;
	size_t size = chunk_size(p->chunk);

	if (left == 0) {
		fill_last_chunk(p, room);
		return;
	}
	if (size > left)
		size = (size_t)left;
	if (size > room->left - CHUNK_ROOM)
		size = room->left - CHUNK_ROOM;
	take_room(room,
	    format_chunk_line(p->chunk, size, (char *)room->ptr, room->left));
	fill_generated(p, room, size);
	memcpy(room->ptr, "\r\n", 2);
	take_room(room, 2);
	p->chunk++;
}

/* Play some of the move if it is one that sends, else return false. */
static bool
fill_move(struct player *p, struct room *room)
{
	const struct move *move = &p->moves[p->at];

	switch (move->kind) {
	case MOVE_SEND:
		fill_send(p, move, room);
		return true;
	case MOVE_BODY:
		fill_body(p, move, room);
		return true;
	case MOVE_CHUNKED:
		fill_chunk(p, move, room);
		return true;
	case MOVE_FROM:
	case MOVE_DELAY:
	case MOVE_DRIP:
	case MOVE_FLOW:
	case MOVE_STALL:
	case MOVE_CLOSE:
	case MOVE_RESET:
	case MOVE_REPEAT:
	case MOVE_AGAIN:
		break;
	}
	return false;
}

/* ---- Moves that steer --------------------------------------------------- */

static void
begin_loop(struct player *p, const struct move *move)
{
	if (move->count == 0) {
		p->at = move->at;
		return;
	}
	p->rounds[p->depth++] = move->count;
	next_move(p);
}

static void
end_loop(struct player *p, const struct move *move)
{
	uint64_t *rounds = &p->rounds[p->depth - 1];

	if (*rounds != SCRIPT_FOREVER)
		(*rounds)--;
	if (*rounds > 0) {
		p->at = move->at + 1;
		return;
	}
	p->depth--;
	next_move(p);
}

/* Play a move that sends nothing; PLAY_MORE when the next one may follow. */
static enum play
steer(struct player *p, uint64_t *wait_ms)
{
	const struct move *move = &p->moves[p->at];

	switch (move->kind) {
	case MOVE_FROM:
		p->offset = move->count;
		break;
	case MOVE_DELAY:
		*wait_ms = move->count;
		next_move(p);
		return PLAY_WAIT;
	case MOVE_DRIP:
		p->drip_ms = move->count;
		break;
	case MOVE_FLOW:
		p->drip_ms = 0;
		break;
	case MOVE_STALL:
		return PLAY_STALL;
	case MOVE_CLOSE:
		return PLAY_CLOSE;
	case MOVE_RESET:
		return PLAY_RESET;
	case MOVE_REPEAT:
		begin_loop(p, move);
		return PLAY_MORE;
	case MOVE_AGAIN:
		end_loop(p, move);
		return PLAY_MORE;
	case MOVE_SEND:
	case MOVE_BODY:
	case MOVE_CHUNKED:
		break;
	}
	next_move(p);
	return PLAY_MORE;
}

/* Play into the stage, from which octets leave one by one. */
static bool
fill_stage(struct player *p)
{
	struct room room = { .ptr = p->stage, .left = sizeof(p->stage) };

	if (!fill_move(p, &room))
		return false;
	p->stage_at = 0;
	p->stage_len = sizeof(p->stage) - room.left;
	return true;
}

enum play
player_fill(struct player *p, uint8_t *out, size_t out_room, size_t *len,
    uint64_t *wait_ms)
{
	struct room room = { .ptr = out, .left = out_room };
	enum play play = PLAY_MORE;

	for (int i = 0; play == PLAY_MORE; i++) {
		if (p->stage_at < p->stage_len) {
			*room.ptr = p->stage[p->stage_at++];
			take_room(&room, 1);
			*wait_ms = p->drip_ms;
			play = PLAY_WAIT;
		} else if (p->at == p->count) {
			play = PLAY_DONE;
		} else if (room.left < PLAYER_ROOM_MIN) {
			break;
		} else if (i == IDLE_MOVES_MAX) {
			*wait_ms = IDLE_WAIT_MS;
			play = PLAY_WAIT;
		} else if (p->drip_ms > 0 ? !fill_stage(p)
					  : !fill_move(p, &room)) {
			play = steer(p, wait_ms);
		}
	}
	*len = out_room - room.left;
	return play;
}
