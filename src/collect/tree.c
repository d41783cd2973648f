/*
 * tree - the collector that makes a file for each response below a directory.
 *
 * A body that is whole in its first write is put under its final name at once;
 * any other one, and one whose name is taken, goes to a temporary name and is
 * renamed by commit() (sys/outfile.h).  Nothing is held open for a body before
 * its first octets.
 *
 *	NAMED --first write is the last--> PUT --------commit--> (gone)
 *	  |  `--any other write, fd()----> OPEN --rename--commit--> (gone)
 *	  `-- commit: as an empty last write
 *
 * Whether a name may be replaced that is there already is decided at the end
 * (collect/place.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "bulkfetch.h"
#include "collect/dirs.h"
#include "collect/naming.h"
#include "collect/pattern.h"
#include "collect/place.h"
#include "collect/problem.h"
#include "collect/root.h"
#include "sys/outfile.h"

/* Descriptors of directories: at most, and as a share of RLIMIT_NOFILE. */
#define DIRS_MAX 1024
#define DIRS_SHARE 8

/* A buffer that is worth keeping for the next name. */
#define KEEP_MAX 4096

/* From here on a descriptor for splice(2) is worth opening. */
#define SPLICE_MIN 65536

enum body_state {
	BODY_NAMED, /* nothing on disk */
	BODY_OPEN,  /* `temp` is open, in the directory of `place` */
	BODY_PUT,   /* complete, in `place` */
};

struct body {
	struct body *next; /* in tree.spare */
	enum body_state state;
	struct place place;
	struct outfile temp;
	bool is_large; /* or may be */
};

struct tree {
	int root; /* owned */
	struct outfile_rules rules;
	bool is_atomic;
	struct pattern *pattern; /* owned, or NULL */
	struct dirs *dirs;       /* owned */
	struct places places;
	struct buf prefix;  /* "DIR/", or empty */
	struct buf scratch; /* a name in the making */
	struct body *spare; /* owned */
	struct body *shown; /* owned: the name that has() gives */
};

/* ---- Bodies ------------------------------------------------------------- */

static struct body *
take_body(struct tree *t)
{
	struct body *b = t->spare;

	if (b != NULL) {
		t->spare = b->next;
		return b;
	}
	b = calloc(1, sizeof(*b));
	if (b != NULL)
		target_init(&b->place.target);
	return b;
}

/* Its name stays readable until the body is taken again. */
static void
give_body(struct tree *t, struct body *b)
{
	b->next = t->spare;
	t->spare = b;
}

static void
free_body(struct body *b)
{
	if (b == NULL)
		return;
	target_fini(&b->place.target);
	free(b);
}

/* Begin with the name for `request`. */
static struct err
set_body(
    struct tree *t, struct body *b, const struct bulkfetch_request *request)
{
	struct err err;

	b->state = BODY_NAMED;
	place_begin(&t->places, &b->place, request);
	/* Names are longer on the way than in the end: not in each body. */
	if (t->scratch.cap > KEEP_MAX)
		buf_fini(&t->scratch);
	buf_clear(&t->scratch);
	if (t->pattern != NULL)
		err = pattern_append(t->pattern, request, &t->scratch);
	else
		err = naming_append(request, &t->scratch);
	if (err_is(err))
		return err;
	return target_set(
	    &b->place.target, buf_slice(&t->prefix), buf_slice(&t->scratch));
}

/* ---- Writing ------------------------------------------------------------ */

typedef struct err (*in_dir_fn)(
    struct tree *t, struct body *b, int dir, struct slice data);

static struct err
put_in_dir(struct tree *t, struct body *b, int dir, struct slice data)
{
	return outfile_put(dir, target_base(&b->place.target), &t->rules, data);
}

static struct err
open_in_dir(struct tree *t, struct body *b, int dir, struct slice data)
{
	uint64_t key = hash_octets(
	    slice_str(target_base(&b->place.target)), b->place.url_hash);

	(void)data;
	return outfile_open(&b->temp, dir, key, &t->rules);
}

/*
 * Do `fn` in the body's directory; once more after making the directory anew
 * if somebody has removed it, and after giving up what is cached if
 * descriptors are short.
 */
static struct err
in_dir(struct tree *t, struct body *b, in_dir_fn fn, struct slice data)
{
	const struct dir *dir;
	struct err err;

	for (int tries = 0;; tries++) {
		err = dirs_get(
		    t->dirs, target_dir(&b->place.target), DIRS_MAKE, &dir);
		if (!err_is(err) && dir->is_marked)
			err = target_move_dir(&b->place.target, dir->path);
		if (err_is(err))
			return err;
		err = fn(t, b, dir->fd, data);
		if (tries == 0 && err.sys == ENOENT)
			dirs_forget(t->dirs);
		else if (tries == 0 && (err.sys == EMFILE || err.sys == ENFILE))
			dirs_shrink(t->dirs);
		else
			return err;
	}
}

static struct err
open_temp(struct tree *t, struct body *b)
{
	struct err err = in_dir(t, b, open_in_dir, slice_of(NULL, 0));

	if (!err_is(err))
		b->state = BODY_OPEN;
	return err;
}

/* A whole body. */
static struct err
put(struct tree *t, struct body *b, struct slice data)
{
	struct err err = err_code(ERR_FILE, EEXIST);

	if (!t->is_atomic)
		err = in_dir(t, b, put_in_dir, data);
	if (!err_is(err)) {
		b->state = BODY_PUT;
		place_remember(&t->places, &b->place);
		return err;
	}
	if (err.sys != EEXIST)
		return err;
	b->place.is_taken = !t->is_atomic;
	err = open_temp(t, b);
	return err_is(err) ? err : outfile_write(&b->temp, data);
}

static int
tree_write(void *ctx, void *body, struct bulkfetch_text text, bool is_last)
{
	struct tree *t = ctx;
	struct body *b = body;
	struct slice data = slice_of(text.ptr, text.len);
	struct err err = err_none();

	if (b->state == BODY_NAMED && is_last)
		return problem_errno(put(t, b, data));
	if (b->state == BODY_NAMED)
		err = open_temp(t, b);
	if (!err_is(err))
		err = outfile_write(&b->temp, data);
	return problem_errno(err);
}

static int
tree_fd(void *ctx, void *body)
{
	struct tree *t = ctx;
	struct body *b = body;

	/* A failure to open comes up again in the write that follows. */
	if (b->state == BODY_NAMED && b->is_large)
		(void)open_temp(t, b);
	return b->state == BODY_OPEN ? b->temp.fd : -1;
}

static int
tree_begin(void *ctx, const struct bulkfetch_response *response, void **body)
{
	struct tree *t = ctx;
	struct body *b = take_body(t);
	struct err err;

	if (b == NULL)
		return ENOMEM;
	err = set_body(t, b, response->request);
	if (err_is(err)) {
		give_body(t, b);
		return problem_errno(err);
	}
	b->is_large = response->length >= SPLICE_MIN;
	*body = b;
	return 0;
}

/* ---- The end of a body -------------------------------------------------- */

/* Leave nothing behind. */
static void
discard(struct tree *t, struct body *b)
{
	const struct dir *dir;

	if (b->state == BODY_NAMED)
		return;
	if (b->state == BODY_OPEN)
		outfile_close(&b->temp);
	/* After the close, so that there is a descriptor for it. */
	if (err_is(dirs_get(
		t->dirs, target_dir(&b->place.target), DIRS_FIND, &dir)))
		return;
	if (b->state == BODY_OPEN)
		outfile_unlink(&b->temp, dir->fd);
	else
		(void)unlinkat(dir->fd, target_base(&b->place.target), 0);
}

static struct err
finish(struct tree *t, struct body *b)
{
	const struct dir *dir = NULL;
	struct err err = outfile_finish(&b->temp, &t->rules);

	if (!err_is(err))
		err = dirs_get(
		    t->dirs, target_dir(&b->place.target), DIRS_FIND, &dir);
	if (!err_is(err))
		err = place_take(&t->places, &b->place, dir->fd, &b->temp);
	if (!err_is(err))
		place_remember(&t->places, &b->place);
	return err;
}

static int
tree_commit(void *ctx, void *body, struct bulkfetch_stored *stored)
{
	struct tree *t = ctx;
	struct body *b = body;
	struct err err = err_none();

	if (b->state == BODY_NAMED)
		err = put(t, b, slice_of(NULL, 0));
	if (b->state == BODY_OPEN && !err_is(err))
		err = finish(t, b);
	if (!err_is(err)) {
		stored->file = target_name(&b->place.target);
		stored->is_moved = b->place.target.is_moved;
	} else {
		discard(t, b);
	}
	give_body(t, b);
	return problem_errno(err);
}

static void
tree_abort(void *ctx, void *body)
{
	struct tree *t = ctx;
	struct body *b = body;

	discard(t, b);
	give_body(t, b);
}

/* ---- Files of earlier runs ---------------------------------------------- */

static int
tree_has(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_stored *stored)
{
	struct tree *t = ctx;
	struct body *b = t->shown;
	const struct dir *dir;
	bool is_there = false;
	struct err err = set_body(t, b, request);

	if (!err_is(err))
		err = dirs_get(
		    t->dirs, target_dir(&b->place.target), DIRS_FIND, &dir);
	if (err.sys == ENOENT)
		return 0;
	if (!err_is(err) && dir->is_marked)
		err = target_move_dir(&b->place.target, dir->path);
	if (!err_is(err))
		err = place_find(&t->places, &b->place, dir->fd, &is_there);
	if (err_is(err))
		return -problem_errno(err);
	if (!is_there)
		return 0;
	place_remember(&t->places, &b->place);
	stored->file = target_name(&b->place.target);
	stored->is_moved = b->place.target.is_moved;
	return 1;
}

/* ---- The whole ---------------------------------------------------------- */

static void
tree_shrink(void *ctx)
{
	struct tree *t = ctx;

	dirs_shrink(t->dirs);
}

static void
tree_free(void *ctx)
{
	struct tree *t = ctx;

	while (t->spare != NULL) {
		struct body *b = t->spare;

		t->spare = b->next;
		free_body(b);
	}
	free_body(t->shown);
	places_fini(&t->places);
	dirs_free(t->dirs);
	pattern_free(t->pattern);
	buf_fini(&t->scratch);
	buf_fini(&t->prefix);
	if (t->root != -1)
		(void)close(t->root);
	free(t);
}

static size_t
dirs_bound(void)
{
	struct rlimit limit;
	rlim_t share;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return 1;
	/* The run will raise the soft limit to it. */
	share = limit.rlim_max / DIRS_SHARE;
	return share < DIRS_MAX ? (size_t)share : DIRS_MAX;
}

static struct err
tree_init(struct tree *t, const char *dir)
{
	struct err err = root_append_prefix(dir, &t->prefix);

	if (!err_is(err))
		err = root_open(dir, &t->root);
	if (!err_is(err))
		err = outfile_probe(t->root, &t->rules);
	if (!err_is(err))
		err = dirs_new(t->root, dirs_bound(), &t->dirs);
	if (!err_is(err))
		err = places_init(&t->places, &t->rules, t->pattern != NULL);
	if (err_is(err))
		return err;
	t->shown = take_body(t);
	return t->shown == NULL ? err_of(ERR_NOMEM) : err_none();
}

static int
set_pattern(
    struct tree *t, const char *pattern, struct bulkfetch_problem *problem)
{
	struct err err = pattern_new(
	    pattern, &t->pattern, problem->text, sizeof(problem->text));

	if (err.kind == ERR_NOMEM)
		return problem_set(problem, err, "output template", NULL);
	problem->is_usage = err_is(err);
	problem->sys = problem_errno(err);
	return problem->sys;
}

int
bulkfetch_tree_new(const struct bulkfetch_tree_options *options,
    struct bulkfetch_collector *collector, struct bulkfetch_problem *problem)
{
	const char *dir = options->dir != NULL ? options->dir : ".";
	struct tree *t = calloc(1, sizeof(*t));
	struct err err;
	int sys;

	if (t == NULL)
		return problem_set(
		    problem, err_of(ERR_NOMEM), "output directory", dir);
	t->root = -1;
	buf_init(&t->prefix, NAMING_SPACE_MAX);
	buf_init(&t->scratch, NAMING_SPACE_MAX);
	if (options->name_template != NULL) {
		sys = set_pattern(t, options->name_template, problem);
		if (sys != 0) {
			tree_free(t);
			return sys;
		}
	}
	err = tree_init(t, dir);
	if (err_is(err)) {
		tree_free(t);
		return problem_set(problem, err, "output directory", dir);
	}
	t->is_atomic = options->is_atomic || !outfile_can_put(&t->rules);
	*collector = (struct bulkfetch_collector){
		.ctx = t,
		.has = options->skip_existing ? tree_has : NULL,
		.begin = tree_begin,
		.write = tree_write,
		.fd = tree_fd,
		.commit = tree_commit,
		.abort = tree_abort,
		.shrink = tree_shrink,
		.free = tree_free,
	};
	return 0;
}
