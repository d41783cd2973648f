/*
 * tls_sessions - sessions of TLS to be resumed (RFC 8446, section 2.2; RFC
 * 5077), the newest of each origin, as octets.
 *
 * Bounded: what was used least recently goes.  Knows nothing of OpenSSL.
 */
#ifndef BULKFETCH_NET_TLS_SESSIONS_H
#define BULKFETCH_NET_TLS_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/slice.h"

/* What all sessions may take, keys included. */
#define TLS_SESSIONS_OCTETS ((size_t)(4 * 1024 * 1024))

/* A larger one, with a ticket of some size or a client's chain in it, is not
 * kept. */
#define TLS_SESSION_MAX ((size_t)16 * 1024)

struct tls_sessions {
	struct hash_table table;
	struct list used; /* least recently used last */
	uint64_t seed;
	size_t octets; /* octets <= octets_max */
	size_t octets_max;
};

struct err tls_sessions_init(struct tls_sessions *s, size_t octets_max);
void tls_sessions_fini(struct tls_sessions *s);

/* The session for `key`, lent until the next call; ptr is NULL without.  It is
 * to be offered to the server, so that another one is wanted from then on. */
struct slice tls_sessions_take(struct tls_sessions *s, struct slice key);

/*
 * Whether a session for `key` would be kept: there is none, or the one that
 * is was offered already.  (A server sends several; the others are for
 * connections that begin before there are new ones, which ours can share.)
 */
bool tls_sessions_want(const struct tls_sessions *s, struct slice key);

/* Keep `session`, in place of one before; or not, where memory is short. */
void tls_sessions_put(
    struct tls_sessions *s, struct slice key, struct slice session);

/* The server did not take what it was offered: drop that, unless there is
 * another one by now. */
void tls_sessions_drop(struct tls_sessions *s, struct slice key);

/* The server breaks over what it gave out itself: keep none for `key` any
 * more.  Forgotten, as sessions are, where there is no room or memory. */
void tls_sessions_ban(struct tls_sessions *s, struct slice key);

#endif
