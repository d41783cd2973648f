/*
 * relay - stands between a client and a server and plays them one trick a
 * connection, which may be told by TLS records (RFC 8446, section 5.1).
 *
 * It is a child of ours without threads and timers; what it has seen so far is
 * in memory that it shares with the test.
 */
#ifndef BULKFETCH_TESTS_IT_RELAY_H
#define BULKFETCH_TESTS_IT_RELAY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "world.h"

/* Octets and records are those of the server, records counted from 0. */
enum relay_trick {
	RELAY_PASS,  /* none */
	RELAY_SPLIT, /* each octet is sent by itself, both ways */
	RELAY_FIN,   /* the connection ends after `at` octets */
	RELAY_RESET, /* the same by RST */
	RELAY_STALL, /* nothing passes any more, either way, after `at` octets */
	RELAY_MUTE, /* it ends without the close_notify that the server sends */
	RELAY_ALERT, /* instead of record `at` there is an alert, and the end */
	RELAY_FLIP,  /* in record `at` of application data a bit is wrong */
};

struct relay_plan {
	enum relay_trick trick;
	uint64_t at;
	uint8_t alert;   /* its description, RFC 8446, section 6 */
	unsigned spoils; /* only the first so many connections; 0: all */
};

struct relay_seen {
	unsigned accepted;     /* connections */
	unsigned tricked;      /* those whose trick came to be */
	uint64_t octets;       /* of the newest connection, from the server */
	uint64_t records;      /* the same, passed on */
	uint64_t data_records; /* those of application data among them */
};

struct relay {
	pid_t pid;
	unsigned port;                          /* at 127.0.0.1 */
	const volatile struct relay_seen *seen; /* until relay_stop() */
};

/* Pass on to `port` of 127.0.0.1 by that plan. */
void relay_start(struct world *w, struct relay *r, unsigned port,
    const struct relay_plan *plan);

void relay_stop(struct world *w, struct relay *r);

#endif
