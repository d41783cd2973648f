/*
 * session - one connection to the origin, as a machine on the reactor.
 *
 *                +-> BODY -+                      +-> (freed)
 *	   ASK -+----------+-> PLAY <-> WAIT     |
 *	    ^                  | | +--> STALL ---+
 *	    +---[SKIP]<--------+ +----> CLOSE -> LINGER
 *
 * A connection to an address that the script knows begins with PLAY.  Octets
 * of several pipelined answers leave with one call.
 */
#ifndef ORIGIN_SESSION_H
#define ORIGIN_SESSION_H

#include <stdint.h>

#include "base/list.h"
#include "journal.h"
#include "script.h"
#include "sys/reactor.h"

#define SESSION_IN_ROOM (64U << 10)
#define SESSION_OUT_ROOM (128U << 10)

/* What all the sessions of an origin share; borrowed by each. */
struct session_env {
	struct reactor *reactor; /* owned by the origin, as all of this */
	struct script script;
	struct journal journal;
	uint64_t version;      /* of the files that come in versions */
	struct list sessions;  /* all of them */
	uint64_t requests_max; /* a connection's, then FIN; 0: no maximum */
	uint8_t *in;           /* SESSION_IN_ROOM octets, for one callback */
	uint8_t *out;          /* SESSION_OUT_ROOM octets, for one callback */
	size_t out_len;
};

struct err session_env_init(struct session_env *env);

/* Ends all the sessions, too. */
void session_env_fini(struct session_env *env);

/*
 * Serve the accepted `fd`, which it owns from now on, failing or not.  `local`
 * is the address that the client connected to, as text.
 */
void session_start(struct session_env *env, int fd, const char *local);

#endif
