/*
 * conduit - one pipe for the whole process, through which octets go from a
 * socket to a file without passing through our memory (splice(2)).
 *
 * The pipe is empty between calls, so all connections share it.
 */
#ifndef BULKFETCH_SYS_CONDUIT_H
#define BULKFETCH_SYS_CONDUIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* What the pipe is asked to hold: a wake-up's worth of a fast connection. */
#define CONDUIT_SIZE (1024 * 1024)

struct conduit {
	int in;  /* owned, -1 while closed: the end written to */
	int out; /* owned, likewise */
	size_t size;
};

void conduit_init(struct conduit *c);
void conduit_fini(struct conduit *c);

enum conduit_status {
	CONDUIT_MOVED, /* `len` octets */
	CONDUIT_WAIT,  /* nothing there: wait for readability */
	CONDUIT_END,   /* the peer has ended */
	CONDUIT_UNFIT, /* this pair cannot be spliced: nothing was taken */
	CONDUIT_FAILED_READ,
	CONDUIT_FAILED_WRITE,
};

struct conduit_io {
	enum conduit_status status;
	int sys;    /* errno with the failures */
	size_t len; /* octets that reached `to` */
};

/*
 * Move what is there, at most `max` octets and a pipe full, from the
 * non-blocking socket `from` to the file `to`.  The pipe is opened on first
 * use; CONDUIT_UNFIT too when that fails.  After CONDUIT_FAILED_WRITE what was
 * taken from the socket is lost.
 */
struct conduit_io conduit_move(struct conduit *c, int from, int to, size_t max);

#endif
