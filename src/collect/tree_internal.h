/*
 * tree_internal - what the files of collect/tree share: tree.c (the whole),
 * tree_body.c (a body on its way into a file) and tree_earlier.c (what earlier
 * runs have left).
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
#include "collect/pattern.h"
#include "collect/place.h"
#include "http/date.h"
#include "sys/outfile.h"

enum body_state {
	BODY_NAMED, /* nothing on disk */
	BODY_OPEN,  /* `temp` is open, in the directory of `place` */
	BODY_LEFT,  /* suspended: `temp` is closed, and `left` knows it */
	BODY_PUT,   /* complete, in `place` */
};

struct body {
	struct body *next; /* in tree.spare */
	enum body_state state;
	struct place place;
	struct outfile temp;
	struct outfile_left left;
	uint64_t resume_at; /* octets of it that are good */
	bool is_large;      /* or may be */
	struct buf head;    /* a copy of the response's where that will be of
			     * use, else empty */
};

struct tree {
	int root; /* owned */
	struct outfile_rules rules;
	bool is_atomic;
	bool sets_mtime;
	struct pattern *pattern; /* owned, or NULL */
	struct dirs *dirs;       /* owned */
	struct places places;
	struct buf prefix;  /* "DIR/", or empty */
	struct buf scratch; /* a name in the making */
	struct body *spare; /* owned */
	struct body *shown; /* owned: the name that has() and its kin give */
	char shown_date[DATE_LEN]; /* that current() gives */
};

/* A body's handle; its name stays readable after it is given back, until it is
 * taken again.  NULL when memory is refused. */
struct body *tree_take_body(struct tree *t);
void tree_give_body(struct tree *t, struct body *b);
void tree_free_body(struct body *b);

/* Begin with the name for `request`. */
struct err tree_set_body(
    struct tree *t, struct body *b, const struct bulkfetch_request *request);

/* Functions of the collector, as in bulkfetch.h. */
int tree_begin(
    void *ctx, const struct bulkfetch_response *response, void **body);
int tree_write(void *ctx, void *body, struct bulkfetch_text text, bool is_last);
int tree_fd(void *ctx, void *body);
bool tree_suspend(void *ctx, void *body);
int tree_resume(void *ctx, void *body, uint64_t len);
int tree_commit(void *ctx, void *body, struct bulkfetch_stored *stored);
void tree_abort(void *ctx, void *body);
int tree_has(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_stored *stored);
int tree_current(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_copy *copy);
int tree_keep(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_stored *stored);

#endif
