/*
 * decoding - undoes the content codings of one response while it comes:
 * decoders of sys/ in a row, the first of which gets the body's octets.
 *
 * Decoded octets are handed on in pieces from room that all responses of a run
 * share, since nothing is left in there between two calls.  What is kept for a
 * response is its decoders.
 *
 *	push()  ->  decoder -> room -> decoder -> room  ->  write()
 *
 * A few octets can decode to gigabytes, for which nobody else must wait.  So a
 * call ends when the decoders have made DECODING_TURN octets, or a piece more:
 * the decoding is busy then, has a copy of what has not gone in yet, and wants
 * to be called again before it is given more.
 *
 *	push() --> busy? --> go_on() --> busy? --> ... --> push()
 */
#ifndef BULKFETCH_FETCH_DECODING_H
#define BULKFETCH_FETCH_DECODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "http/coding.h"
#include "sys/decoder.h"

/* Octets are handed on at the latest when there are so many. */
#define DECODING_PIECE ((size_t)64 * 1024)

/* What one call makes: a few milliseconds, for which all others wait.  Octets
 * between two codings count as well, since they need not come to anything. */
#define DECODING_TURN ((size_t)1024 * 1024)

/* What can be pushed at a time. */
#define DECODING_PUSH_MAX ((size_t)256 * 1024)

/* Room for decoding_list() and its NUL. */
#define DECODING_LIST_MAX 64

/* For all the responses of a run, one at a time; zero is fine. */
struct decoding_room {
	uint8_t *pieces[CODINGS_MAX]; /* owned: of DECODING_PIECE octets, or
				       * NULL; one behind each decoder */
};

void decoding_room_fini(struct decoding_room *room);

/* Decoded octets; a failure ends the decoding. */
typedef struct err (*decoding_write_fn)(
    void *ctx, struct slice data, bool is_last);

struct decoding {
	struct decoding_room *room; /* borrowed */
	decoding_write_fn write;
	void *ctx;
	/* Of coded octets, those between two codings too: no more than that go
	 * into any decoder; UINT64_MAX for any number. */
	uint64_t max_coded;
	size_t turn;       /* DECODING_TURN, or less for more turns */
	bool may_be_empty; /* a body without an octet is one, though not coded;
			    * else it has ended too early */

	size_t count;                          /* of decoders */
	struct decoder *decoders[CODINGS_MAX]; /* owned */
	enum coding codings[CODINGS_MAX];
	uint64_t came[CODINGS_MAX]; /* octets that went in there */
	/* Still to go in there: at most one piece behind the first of them, in
	 * the room, or in `kept` between calls. */
	struct slice in[CODINGS_MAX];
	struct buf kept[CODINGS_MAX];
	bool is_full[CODINGS_MAX]; /* it may hold octets back, since it had no
				    * room left */
	size_t failed; /* which of them has, after a failure of a decoder */
	size_t made;   /* by all of them, in this call */
	size_t len;    /* in the last piece, within a call */
	bool is_last;  /* nothing will be pushed any more */
	bool is_busy;
};

/*
 * Make the decoders.  `room`, `write`, `ctx`, `max_coded`, `turn` and
 * `may_be_empty` are the caller's, set before.  ERR_CODING, naming the file,
 * where a library is missing; ERR_NOMEM.  decoding_fini() is due in either case.
 */
struct err decoding_init(struct decoding *d, const struct codings *codings);
void decoding_fini(struct decoding *d);

/*
 * Undo the codings of the next octets, DECODING_PUSH_MAX at most, and write what
 * comes out.  With `is_last` they are the last ones: only when all of them
 * turned out to be whole the end is written, as the last and, if it is all there
 * is, the only piece.  Not while it is busy; it may be so afterwards.
 *
 * ERR_CODING with a reason for data that is malformed, ends early or does not
 * end in time; ERR_LIMIT for more than `max_coded`; ERR_NOMEM; what write()
 * failed with.  The decoding is spent then.
 */
struct err decoding_push(struct decoding *d, struct slice in, bool is_last);

/* Whether there is more to do of what was pushed. */
static inline bool
decoding_is_busy(const struct decoding *d)
{
	return d->is_busy;
}

/* While it is busy: do more of that.  Fails as decoding_push() does. */
struct err decoding_go_on(struct decoding *d);

/* The body is over, without a last push: was it whole?  ERR_CODING. */
struct err decoding_end(struct decoding *d);

/* What failed, when it was a decoder: "gzip". */
const char *decoding_failed(const struct decoding *d);

/* Whether that coding can be undone: opens its library.  ERR_CODING, naming the
 * file, where that is missing. */
struct err decoding_check(enum coding coding);

/* The codings that can be undone, as Accept-Encoding lists them: "gzip,
 * deflate, br, zstd", or less. */
void decoding_list(char text[DECODING_LIST_MAX]);

#endif
