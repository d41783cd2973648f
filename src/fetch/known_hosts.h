/*
 * known_hosts - the hosts (origins: scheme, host and port) of which there is
 * something to know: what limits and failures have to do with.
 *
 * A host is known while somebody holds it, which everybody does who has a turn
 * for it, and after that as long as there is something to remember: that it is
 * parked, that its next request is not due yet, that it could not be connected
 * to or is down.  Of those that nobody holds KNOWN_HOSTS_IDLE_MAX are
 * remembered at most, the one let go of the longest ago is forgotten first; and
 * what has passed with time is forgotten with it.
 *
 * Every operation is O(1), or O(log n) in the hosts remembered, but for
 * known_hosts_parked().
 */
#ifndef BULKFETCH_FETCH_KNOWN_HOSTS_H
#define BULKFETCH_FETCH_KNOWN_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/slice.h"
#include "bulkfetch.h"
#include "fetch/pace.h"

/* 3 to 4 MB of them. */
#define KNOWN_HOSTS_IDLE_MAX 16384

/* Where turns.c has put a host that is held. */
enum host_place {
	HOST_ASIDE, /* nowhere: nothing of it waits, or only for a leave */
	HOST_TIMED, /* in the heap of those that may go on at some time */
	HOST_READY, /* in the list of those that may begin a request */
	HOST_DOWN,  /* in the list of those whose turns are to be sent home */
};

struct known_host {
	struct hash_node node;
	size_t holds;
	/* Of the one who holds it; when nobody does, in `remembered` and
	 * `fading`. */
	struct list link;
	struct heap_node due;

	int64_t parked_until_ms;
	struct list in_parked; /* since it was parked, maybe until long ago */
	struct pace pace;
	unsigned failures; /* to connect, in a row */
	bool is_down;

	/* For turns.c, which alone knows of turns. */
	enum host_place place;
	unsigned going;
	struct list queue;   /* of turns, first come first */
	struct list delayed; /* of turns, in no order */

	size_t key_len;
	uint8_t key[];
};

struct known_hosts {
	struct hash_table table;
	uint64_t seed;
	struct bulkfetch_pace rate; /* of each of them */
	struct list remembered;     /* those nobody holds, the latest first */
	size_t remembered_count;
	struct heap fading; /* those of them that time will let forget */
	struct list parked;
};

/* `capacity`: how many will be held at the same time, at most. */
struct err known_hosts_init(
    struct known_hosts *hosts, struct bulkfetch_pace rate, size_t capacity);

/* Forgets all of them, held or not. */
void known_hosts_fini(struct known_hosts *hosts);

/* Whether none is known, so that it is not worth to look. */
static inline bool
known_hosts_is_empty(const struct known_hosts *hosts)
{
	return hosts->table.count == 0;
}

/* The host `key` if it is known, held; else NULL. */
struct known_host *known_hosts_find(
    struct known_hosts *hosts, struct slice key);

/* The host `key`, made known if it was not, held; NULL when there is no
 * memory for it. */
struct known_host *known_hosts_hold(
    struct known_hosts *hosts, struct slice key);

/* Let go of a host; with the last hold it must be ASIDE. */
void known_hosts_release(
    struct known_hosts *hosts, struct known_host *host, int64_t now_ms);

/* Forget what has passed. */
void known_hosts_fade(struct known_hosts *hosts, int64_t now_ms);

/* Park a host until a time, or longer if it was parked for longer. */
void known_hosts_park(
    struct known_hosts *hosts, struct known_host *host, int64_t until_ms);

/* When it is neither parked nor has to wait for its own pace. */
int64_t host_due_ms(const struct known_host *host);

/* How many are parked.  For people to read now and then: it looks at each. */
unsigned known_hosts_parked(const struct known_hosts *hosts, int64_t now_ms);

#endif
