/*
 * partial - bodies that a killed run has left unfinished, for a later run to go
 * on with.
 *
 * A body that is worth it has a note (collect/note.h) in the directory
 * PARTIAL_DIR, from the time when its temporary file (sys/outfile.h) is opened,
 * or has grown large, until it is committed or given up.  The note is named by
 * the key of the temporary file.
 *
 * A file that is gone on with is never a mix of two versions:
 *
 * - While there is a note, its file holds the beginning of one version, that of
 *   the note's validator.  A file is only ever added to by the body that made
 *   it; who takes the file over for something else empties it and removes the
 *   note, with the file's lock held, before anything is written.
 * - Which file is meant is told by device, inode and time of birth, so that
 *   another one in its place is not taken for it.
 * - The rest is asked for with If-Range: it comes only if the version is still
 *   the same.  When it comes, note and file are looked at again, with the
 *   file's lock held: the note must be the one whose validator was sent.
 * - After a crash of the system a file's length may promise more than was
 *   written: notes of another boot are void.
 *
 * A note is no more than a hint that anybody might have written.  It leads to
 * files of that run's kind in the directory of that URL's file, and to nothing
 * else.
 */
#ifndef BULKFETCH_COLLECT_PARTIAL_H
#define BULKFETCH_COLLECT_PARTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "collect/dirs.h"
#include "collect/note.h"

/* No URL's name (collect/naming.h) looks like this. */
#define PARTIAL_DIR ".partial%.bulkfetch"

/* Smaller bodies are fetched again. */
#define PARTIAL_MIN ((uint64_t)1 << 20)

struct partials;

/*
 * Look for the notes of earlier runs in the directory `root`, whose descriptor
 * is borrowed; those that are void are removed.  ERR_NOMEM; that there is
 * nothing to be read is no failure.
 */
struct err partials_new(int root, struct dirs *dirs, struct partials **p);

/* PARTIAL_DIR is removed when it is empty. */
void partials_free(struct partials *p);

/* Whether earlier runs have left notes, and one for `key`. */
bool partials_have_any(const struct partials *p);
bool partials_have(const struct partials *p, uint64_t key);

/* The note for `key`, if an earlier run has left one; its texts are lent until
 * the next call. */
bool partials_find(struct partials *p, uint64_t key, struct note *note);

/* Its validator is going to be sent; and whether the note for `key` that was
 * told of last is this one. */
void partials_tell(struct partials *p, uint64_t key, const struct note *note);
bool partials_is_told(
    const struct partials *p, uint64_t key, const struct note *note);

/* Write a note, over what is there; `boot` is filled in.  False when it cannot
 * be: the body then does without. */
bool partials_write(struct partials *p, uint64_t key, struct note *note);

/* There is no note for `key` any more.  ERR_FILE with the errno. */
struct err partials_forget(struct partials *p, uint64_t key);

#endif
