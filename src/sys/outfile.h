/*
 * outfile - files that can be read only when they are complete.
 *
 * Octets that are there in full go to their final name at once, in a file
 * without permission bits that gets its mode when it is whole
 * (outfile_put()).  Others are written to a temporary name beside it, locked
 * with flock(2), and renamed (struct outfile).  After a kill, what has no
 * permission bits or a temporary name is unfinished; outfile_open() finds
 * what a killed run has left behind for the same key and uses it again.
 *
 * A temporary file can also be left on purpose and be gone on with, by the same
 * run (outfile_suspend(), outfile_resume()) or by a later one
 * (outfile_continue()).  Its content is never a mix: who uses a leftover again
 * for something else empties it, with its lock held, before anything is
 * written; and both ways of going on look, with the lock held, whether it is
 * the file that was left.  A suspended file's mode says that it is none of
 * those that other runs under way may take for abandoned; and a run that began
 * later and takes it all the same changes its ctime, which is looked at.
 *
 * Temporary names are ".KEY%.bulkfetch" with KEY in 16 hexadecimal digits, and
 * ".KEY%1.bulkfetch" ... where that one is in use; no name of
 * collect/naming.h looks like this.
 *
 * A directory is a descriptor that the caller owns, O_PATH suffices; names are
 * single components.  Failures are ERR_FILE with the errno.
 */
#ifndef BULKFETCH_SYS_OUTFILE_H
#define BULKFETCH_SYS_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"
#include "base/slice.h"

/* How files come out below one directory. */
struct outfile_rules {
	mode_t mode;     /* of a finished file: what the umask, or the
			  * directory's default ACL, leaves of 0666 */
	bool keeps_mode; /* false: the file system makes up permission bits */
	struct timespec begun; /* on the file system's clock: what it changes
				* from now on has this ctime or a later one,
				* what it changed before has an earlier one */
	bool folds_case;       /* names that differ in case are one file's */
};

/*
 * Find out the rules by making and removing a file in `dir`; fails where a
 * file cannot be made.  May wait for a tick of the file system's clock, 10 ms
 * or so.
 */
struct err outfile_probe(int dir, struct outfile_rules *rules);

/* Whether outfile_put() is a way to go, or only the temporary name is. */
static inline bool
outfile_can_put(const struct outfile_rules *rules)
{
	return rules->keeps_mode && rules->mode != 0;
}

/* What a finished file is besides its content. */
struct outfile_stamp {
	bool sets_mtime; /* give it this `mtime`; no matter if that fails */
	bool is_known;   /* what follows is what the finished file has */
	struct timespec mtime;
	uint64_t len;
};

/*
 * Create `name` with `data` as all of its content.  EEXIST when something of
 * that name is there, a dangling symlink included; after other failures
 * nothing is.  `stamp` may be NULL, here and below.
 */
struct err outfile_put(int dir, const char *name,
    const struct outfile_rules *rules, struct slice data,
    struct outfile_stamp *stamp);

#define OUTFILE_TEMP_SIZE 64

struct outfile {
	int fd;        /* owned; -1 when closed */
	bool was_left; /* outfile_open() has found it, and emptied it */
	char temp[OUTFILE_TEMP_SIZE];
};

/* Create an empty temporary file for `key`, locked. */
struct err outfile_open(struct outfile *f, int dir, uint64_t key,
    const struct outfile_rules *rules);

/* Append all of `data`. */
struct err outfile_write(struct outfile *f, struct slice data);

/* Which file a temporary one is, and how it was left. */
struct outfile_left {
	uint64_t dev;
	uint64_t ino;
	struct timespec born;    /* 0 where the file system does not know */
	struct timespec changed; /* its ctime */
	uint64_t len;
};

/* Look at it while it is open. */
struct err outfile_look(const struct outfile *f, struct outfile_left *left);

/*
 * Close it, lock and all, and remember how it was left.  Fails where modes are
 * not kept; closed it is in any case.
 */
struct err outfile_suspend(struct outfile *f, const struct outfile_rules *rules,
    struct outfile_left *left);

/*
 * Open a suspended file again, to write on behind its first `len` octets.
 * ESTALE unless it is still there, nobody else's and as it was left.
 */
struct err outfile_resume(
    struct outfile *f, int dir, const struct outfile_left *left, uint64_t len);

/*
 * The same with `f->temp` of an earlier run, abandoned by now; `changed` and
 * `len` of `left` are not looked at.  Until outfile_start_at() the file is
 * only held.
 */
struct err outfile_continue(struct outfile *f, int dir,
    const struct outfile_rules *rules, const struct outfile_left *left);

/* Write on behind the first `len` octets of a file that is open; ESTALE when it
 * has fewer. */
struct err outfile_start_at(struct outfile *f, uint64_t len);

/* Whether `name` is one that outfile_open() might choose for `key`. */
bool outfile_is_temp(const char *name, uint64_t key);

/*
 * The content is whole: set the mode and close.  What close(2) has to say,
 * about quota on NFS for one, counts.  Rename or discard afterwards.
 */
struct err outfile_finish(struct outfile *f, const struct outfile_rules *rules,
    struct outfile_stamp *stamp);

/*
 * Give it its final name.  EEXIST without `may_replace` when that is taken;
 * a directory is never replaced.
 */
struct err outfile_rename(
    const struct outfile *f, int dir, const char *name, bool may_replace);

/* Close, if open. */
void outfile_close(struct outfile *f);

/* Remove the temporary name; errors have nobody to care. */
void outfile_unlink(const struct outfile *f, int dir);

#endif
