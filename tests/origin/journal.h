/*
 * journal - what the origin has seen: counters, the requests in order of
 * arrival, and how often each scripted path was asked for.
 */
#ifndef ORIGIN_JOURNAL_H
#define ORIGIN_JOURNAL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/slice.h"

/* The first so many octets of lines, and of whole heads, are kept. */
#define JOURNAL_LOG_MAX (32U << 20)
#define JOURNAL_HEADS_MAX (8U << 20)

struct journal {
	uint64_t accepted;
	uint64_t open;
	uint64_t peak; /* of `open` */
	uint64_t requests;
	uint64_t sent;            /* octets */
	uint64_t unlogged;        /* requests for which the log had no room */
	uint64_t headless;        /* requests whose head is not kept */
	uint64_t id_last;         /* number of the newest connection */
	struct buf log;           /* owned: lines */
	struct buf heads;         /* owned: whole heads */
	struct hash_table visits; /* owned nodes */
};

struct err journal_init(struct journal *j);
void journal_fini(struct journal *j);

/*
 * Log a request: "MS CONNECTION LINE\n", and with all of its head, as that
 * came, instead of the line.
 */
void journal_add(struct journal *j, int64_t now_ms, uint64_t connection,
    struct slice line, struct slice head);

/* Count a visit to `name`; how many there were, this one included. */
uint64_t journal_visit(struct journal *j, struct slice name);

/* The counters as "name value" lines. */
struct err journal_format_stats(const struct journal *j, struct buf *out);

#endif
