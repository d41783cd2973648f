/*
 * tree_internal - what the files of collect/tree share: tree.c (the whole),
 * tree_body.c (a body on its way into a file), tree_version.c (which version it
 * is of) and tree_earlier.c (what earlier runs have left).
 *
 * A body that is whole in its first write is put under its final name at once;
 * any other one, and one whose name is taken, goes to a temporary name and is
 * renamed by commit() (sys/outfile.h).  Nothing is held open for a body before
 * its first octets, nor while it is suspended.
 *
 *	NAMED --first write is the last--> PUT --------commit--> (gone)
 *	  |  `--any other write, fd()----> OPEN --rename--commit--> (gone)
 *	  |                                |  ^
 *	  |                         suspend|  |resume
 *	  |                                v  |
 *	  |                                LEFT
 *	  `-- commit: as an empty last write
 *
 * Whether a name may be replaced that is there already is decided at the end
 * (collect/place.h).
 */
#ifndef BULKFETCH_COLLECT_TREE_INTERNAL_H
#define BULKFETCH_COLLECT_TREE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "bulkfetch.h"
#include "collect/dirs.h"
#include "collect/partial.h"
#include "collect/pattern.h"
#include "collect/place.h"
#include "collect/update.h"
#include "http/date.h"
#include "sys/outfile.h"

enum body_state {
	BODY_NAMED, /* nothing on disk */
	BODY_OPEN,  /* `temp` is open, in the directory of `place` */
	BODY_LEFT,  /* suspended: `temp` is closed, and `left` knows it */
	BODY_PUT,   /* complete, in `place` */
};

/* A note for later runs (collect/partial.h). */
enum body_note {
	NOTE_NONE,
	NOTE_WANTED, /* once there is enough to go on with */
	NOTE_WRITTEN,
};

struct body {
	struct body *next; /* in tree.spare */
	enum body_state state;
	struct place place;
	struct outfile temp;
	struct outfile_left left;
	uint64_t resume_at; /* octets of it that are good */
	bool is_large;      /* or may be */
	enum body_note note;
	uint64_t total;  /* of the body, or BULKFETCH_LENGTH_UNKNOWN */
	uint64_t gone;   /* octets of it that write() has seen */
	struct buf memo; /* copies of what is lent by begin(), where that will
			  * be of use: head, final URL, URL */
	size_t head_len; /* 0: nothing of it is */
	size_t from_len;
	uint64_t user_hash;
	bool is_success;
	struct update_key key;      /* with tree.update */
	bool has_entry;             /* there is one of an earlier run */
	struct outfile_stamp stamp; /* with a memo */
};

struct tree {
	int root; /* owned */
	struct outfile_rules rules;
	bool is_atomic;
	bool is_timestamping;
	bool sets_mtime;
	struct pattern *pattern; /* owned, or NULL */
	struct dirs *dirs;       /* owned */
	struct places places;
	struct partials *partials; /* owned */
	struct update *update;     /* owned, or NULL */
	struct buf prefix;         /* "DIR/", or empty */
	struct buf scratch;        /* a name in the making */
	struct body *spare;        /* owned */
	struct body *shown; /* owned: the name that has() and its kin give */
	char shown_date[DATE_LEN]; /* that current() gives */
};

/* ---- tree_body.c -------------------------------------------------------- */

/* A body's handle; its name stays readable after it is given back, until it is
 * taken again.  NULL when memory is refused. */
struct body *tree_take_body(struct tree *t);
void tree_give_body(struct tree *t, struct body *b);
void tree_free_body(struct body *b);

/* Begin with the name for `request`. */
struct err tree_set_body(
    struct tree *t, struct body *b, const struct bulkfetch_request *request);

/* ---- tree_version.c: which version a body is of ------------------------- */

/* Copy what of `response` will be of use later. */
struct err tree_keep_memo(
    struct tree *t, struct body *b, const struct bulkfetch_response *response);

/* What the body's file is to be given, and what it then has; NULL for a plain
 * one. */
struct outfile_stamp *tree_make_stamp(const struct tree *t, struct body *b);

/* Note in the store that the file is there. */
void tree_note_version(struct tree *t, struct body *b);

/* The key of the body's temporary file, and of its note. */
uint64_t tree_temp_key(const struct body *b);

/* The temporary file is open, or has grown: write a note of it, if it is worth
 * one and large enough by now. */
void tree_write_note(struct tree *t, struct body *b);

/* The note is not needed any more. */
void tree_forget_note(struct tree *t, struct body *b);

/*
 * The note that an earlier run has left for `b`, named for `request`, whose
 * file is in `dir`; its texts are lent until the next look at any.
 */
bool tree_find_note(struct tree *t, struct body *b, const struct dir *dir,
    const struct bulkfetch_request *request, struct note *note);

/* ---- The collector, as in bulkfetch.h ----------------------------------- */

int tree_begin(
    void *ctx, const struct bulkfetch_response *response, void **body);
int tree_write(void *ctx, void *body, struct bulkfetch_text text, bool is_last);
int tree_fd(void *ctx, void *body);
bool tree_suspend(void *ctx, void *body);
int tree_resume(void *ctx, void *body, uint64_t len);
int tree_commit(void *ctx, void *body, struct bulkfetch_stored *stored);
void tree_abort(void *ctx, void *body);
void tree_leave(void *ctx, void *body);
int tree_has(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_stored *stored);
int tree_current(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_copy *copy);
int tree_keep(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_stored *stored);

#endif
