/*
 * syncer - have a file system synced (syncfs(2)) by a process of our own, so
 * that the event loop never waits for a disk.
 *
 * The process is forked when the syncer is made.  It holds two descriptors,
 * the directory and its end of a socket pair, and nothing else of ours: no
 * lock lives on in it.  All signals are blocked in it, as they are meant for
 * the program; it ends when the other end of the socket is closed, or with the
 * thread that made it.  A program that waits for any child will hear of it.
 *
 * Since Linux 5.8 syncfs(2) tells of every write that has failed since the
 * directory was opened; before, of none.
 */
#ifndef BULKFETCH_SYS_SYNCER_H
#define BULKFETCH_SYS_SYNCER_H

#include <stdbool.h>

#include "base/err.h"

struct syncer;

/* For the file system of the directory `dir`.  ERR_FILE, ERR_NOMEM. */
struct err syncer_new(const char *dir, struct syncer **out);

/* Does not wait for a sync under way.  NULL is fine. */
void syncer_free(struct syncer *s);

/* Begin a sync; none may be under way.  ERR_FILE when the process is gone. */
struct err syncer_begin(struct syncer *s);

/*
 * Whether the sync under way has ended by `timeout_ms` (0: by now), or a
 * signal came.  Then `*err` tells how, ERR_FILE: what was written before may
 * be lost, and the syncer is of no more use.
 */
bool syncer_poll(struct syncer *s, int timeout_ms, struct err *err);

#endif
