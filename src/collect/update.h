/*
 * update - what is remembered of each URL from one run to the next: which
 * version of its content is stored, and in which file.
 *
 * It is kept in one file of the tree's root, UPDATE_NAME (update_store.h),
 * which is read as it is during a run.  What the run adds is gathered beside
 * it, in UPDATE_RUN_NAME, sorted a few MiB at a time; at the end both are
 * merged into UPDATE_NEW_NAME, which takes the place of the old store by
 * rename(2).  Until then, and after a kill, the old one is good: an entry
 * counts only as long as its file has the length and modification time that it
 * tells of, so that files that the killed run, or anybody, has replaced are
 * fetched without a condition.
 *
 * To find an entry takes two pread(2) and to note one, as a rule, none; memory
 * is 5 MiB during a run and 12 MiB at its end, however many URLs there are, and
 * a URL takes some 100 octets of the file.  Nothing is rewritten when nothing
 * has changed.  What a run notes is found from the next run on.
 *
 * A store that is damaged is none; one that is damaged in places loses the
 * entries there.  Whoever loses an entry is fetched again.
 *
 * UPDATE_RUN_NAME is locked, so that one run at a time keeps the store.
 */
#ifndef BULKFETCH_COLLECT_UPDATE_H
#define BULKFETCH_COLLECT_UPDATE_H

#include <stdbool.h>

#include "base/err.h"
#include "bulkfetch.h"
#include "collect/update_record.h"

/* No URL's name (collect/naming.h) looks like these. */
#define UPDATE_NAME ".update%.bulkfetch"
#define UPDATE_RUN_NAME ".update%run.bulkfetch"
#define UPDATE_NEW_NAME ".update%new.bulkfetch"

struct update;

/*
 * Open the store of the directory `root`, whose descriptor is borrowed.
 * EWOULDBLOCK, with a reason, when another run has it; ERR_FILE with the errno;
 * ERR_NOMEM.
 */
struct err update_open(int root, struct update **u);

struct update_key update_key(
    const struct update *u, const struct bulkfetch_request *request);

/* The entry of an earlier run; its texts are lent until the next call. */
bool update_find(
    struct update *u, const struct update_key *key, struct update_entry *entry);

/*
 * From the next run on, the entry of `key` is `entry`; none if it does not fit
 * or says nothing.  When there is no room for more, this does nothing.
 */
void update_note(struct update *u, const struct update_key *key,
    const struct update_entry *entry);

/* Put the new store in place, if there is something new, and free; NULL is
 * fine.  Fails also when something could not be noted before.  After a failure
 * there is a good store still, without some of what is new. */
struct err update_close(struct update *u);

#endif
