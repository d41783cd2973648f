/*
 * tree_body - a body on its way into a file of the tree.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/problem.h"
#include "collect/naming.h"
#include "collect/tree_internal.h"
#include "collect/version.h"

/* A buffer that is worth keeping for the next name. */
#define KEEP_MAX 4096

/* Enough for a head that tells of a version (tree_version.c) and two URLs. */
#define MEMO_MAX (1 << 20)

/* From here on a descriptor for splice(2) is worth opening. */
#define SPLICE_MIN 65536

/* ---- Bodies ------------------------------------------------------------- */

struct body *
tree_take_body(struct tree *t)
{
	struct body *b = t->spare;

	if (b != NULL) {
		t->spare = b->next;
		return b;
	}
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return NULL;
	target_init(&b->place.target);
	buf_init(&b->memo, MEMO_MAX);
	return b;
}

/* Its name stays readable until the body is taken again. */
void
tree_give_body(struct tree *t, struct body *b)
{
	if (b->memo.cap > KEEP_MAX)
		buf_fini(&b->memo);
	b->next = t->spare;
	t->spare = b;
}

void
tree_free_body(struct body *b)
{
	if (b == NULL)
		return;
	buf_fini(&b->memo);
	target_fini(&b->place.target);
	free(b);
}

/* Begin with the name for `request`. */
struct err
tree_set_body(
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

/* Nothing to write, for functions that are given something. */
static const struct slice nothing;

static struct err
put_in_dir(struct tree *t, struct body *b, int dir, struct slice data)
{
	return outfile_put(dir, target_base(&b->place.target), &t->rules, data,
	    tree_make_stamp(t, b));
}

static struct err
open_in_dir(struct tree *t, struct body *b, int dir, struct slice data)
{
	uint64_t key = tree_temp_key(b);
	struct err err = outfile_open(&b->temp, dir, key, &t->rules);

	(void)data;
	if (err_is(err) ||
	    !(b->temp.was_left || partials_have(t->partials, key)))
		return err;
	/* What a note says of it must not outlive its old content. */
	err = partials_forget(t->partials, key);
	if (err_is(err))
		outfile_close(&b->temp);
	return err;
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
	struct err err = in_dir(t, b, open_in_dir, nothing);

	if (err_is(err))
		return err;
	b->state = BODY_OPEN;
	tree_write_note(t, b);
	return err;
}

/* A whole body. */
static struct err
put(struct tree *t, struct body *b, struct slice data)
{
	struct err err = err_code(ERR_FILE, EEXIST);
	bool is_taken = b->place.is_taken;

	if (!t->is_atomic && !is_taken)
		err = in_dir(t, b, put_in_dir, data);
	if (!err_is(err)) {
		b->state = BODY_PUT;
		place_remember(&t->places, &b->place);
		return err;
	}
	if (err.sys != EEXIST)
		return err;
	b->place.is_taken = is_taken || !t->is_atomic;
	/* All of it is here: nothing to go on with. */
	b->note = NOTE_NONE;
	err = open_temp(t, b);
	return err_is(err) ? err : outfile_write(&b->temp, data);
}

int
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
	if (err_is(err))
		return problem_errno(err);
	b->gone += data.len;
	if (b->note == NOTE_WANTED)
		tree_write_note(t, b);
	return 0;
}

int
tree_fd(void *ctx, void *body)
{
	struct tree *t = ctx;
	struct body *b = body;

	/* A failure to open comes up again in the write that follows. */
	if (b->state == BODY_NAMED && b->is_large)
		(void)open_temp(t, b);
	/* Until there is a note we want to see how much it is. */
	return b->state == BODY_OPEN && b->note != NOTE_WANTED ? b->temp.fd
							       : -1;
}

/* Go on with what an earlier run has left. */
static struct err
go_on(struct tree *t, struct body *b, const struct bulkfetch_response *response)
{
	uint64_t key = tree_temp_key(b);
	const struct dir *dir;
	struct note note;
	struct err err;

	err = dirs_get(t->dirs, target_dir(&b->place.target), DIRS_FIND, &dir);
	if (err.sys == ENOENT)
		return err_code(ERR_FILE, ESTALE);
	if (!err_is(err) && dir->is_marked)
		err = target_move_dir(&b->place.target, dir->path);
	if (err_is(err))
		return err;
	if (!tree_find_note(t, b, dir, response->request, &note) ||
	    !partials_is_told(t->partials, key, &note) ||
	    (note.total != BULKFETCH_LENGTH_UNKNOWN &&
		response->length != note.total))
		return err_code(ERR_FILE, ESTALE);
	err = outfile_continue(&b->temp, dir->fd, &t->rules, &note.left);
	if (err_is(err))
		return err;
	/* Nobody else can change that any more. */
	if (!partials_find(t->partials, key, &note) ||
	    !partials_is_told(t->partials, key, &note))
		err = err_code(ERR_FILE, ESTALE);
	if (!err_is(err))
		err = outfile_start_at(&b->temp, response->offset);
	if (err_is(err)) {
		outfile_close(&b->temp);
		return err;
	}
	b->state = BODY_OPEN;
	b->note = NOTE_WRITTEN;
	b->gone = response->offset;
	return err;
}

/* The name is the one that an earlier run's response of the same URL has. */
static struct err
aim(struct tree *t, struct body *b)
{
	struct update_entry entry;

	b->has_entry =
	    t->update != NULL && update_find(t->update, &b->key, &entry);
	if (!b->has_entry)
		return err_none();
	b->place.is_taken = true;
	return place_mark(&b->place, entry.marks);
}

int
tree_begin(void *ctx, const struct bulkfetch_response *response, void **body)
{
	struct tree *t = ctx;
	struct body *b = tree_take_body(t);
	struct err err;

	if (b == NULL)
		return ENOMEM;
	b->is_large = response->length >= SPLICE_MIN;
	b->total = response->length;
	b->gone = 0;
	err = tree_set_body(t, b, response->request);
	if (!err_is(err))
		err = tree_keep_memo(t, b, response);
	if (!err_is(err) && response->offset > 0)
		err = go_on(t, b, response);
	if (!err_is(err))
		err = aim(t, b);
	if (err_is(err)) {
		if (b->state == BODY_OPEN)
			outfile_close(&b->temp);
		tree_give_body(t, b);
		return problem_errno(err);
	}
	*body = b;
	return 0;
}

/* ---- Left, and gone on with --------------------------------------------- */

bool
tree_suspend(void *ctx, void *body)
{
	struct tree *t = ctx;
	struct body *b = body;

	if (b->state != BODY_OPEN)
		return b->state != BODY_PUT;
	if (err_is(outfile_suspend(&b->temp, &t->rules, &b->left)))
		return false;
	b->state = BODY_LEFT;
	return true;
}

static struct err
resume_in_dir(struct tree *t, struct body *b, int dir, struct slice data)
{
	(void)t;
	(void)data;
	return outfile_resume(&b->temp, dir, &b->left, b->resume_at);
}

static struct err
resume(struct tree *t, struct body *b, uint64_t len)
{
	struct err err;

	if (b->state == BODY_NAMED && len == 0)
		return err_none();
	if (b->state != BODY_LEFT)
		return err_code(ERR_FILE, ESTALE);
	b->resume_at = len;
	err = in_dir(t, b, resume_in_dir, nothing);
	if (!err_is(err))
		b->state = BODY_OPEN;
	return err;
}

int
tree_resume(void *ctx, void *body, uint64_t len)
{
	return problem_errno(resume(ctx, body, len));
}

/* ---- The end of a body -------------------------------------------------- */

/* Leave nothing behind. */
static void
discard(struct tree *t, struct body *b)
{
	const struct dir *dir;

	tree_forget_note(t, b);
	if (b->state == BODY_NAMED)
		return;
	/* What was left may be another's by now, and is not, if it opens. */
	if (b->state == BODY_LEFT && err_is(resume(t, b, 0)))
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
	struct err err =
	    outfile_finish(&b->temp, &t->rules, tree_make_stamp(t, b));

	if (!err_is(err))
		err = dirs_get(
		    t->dirs, target_dir(&b->place.target), DIRS_FIND, &dir);
	if (!err_is(err))
		err = place_take(&t->places, &b->place, dir->fd, &b->temp);
	if (!err_is(err))
		place_remember(&t->places, &b->place);
	return err;
}

int
tree_commit(void *ctx, void *body, struct bulkfetch_stored *stored)
{
	struct tree *t = ctx;
	struct body *b = body;
	struct err err = err_none();

	assert(b->state != BODY_LEFT);
	if (b->state == BODY_NAMED)
		err = put(t, b, nothing);
	if (b->state == BODY_OPEN && !err_is(err))
		err = finish(t, b);
	if (!err_is(err)) {
		tree_forget_note(t, b);
		tree_note_version(t, b);
		stored->file = target_name(&b->place.target);
		stored->is_moved = b->place.target.is_moved;
	} else {
		discard(t, b);
	}
	tree_give_body(t, b);
	return problem_errno(err);
}

void
tree_abort(void *ctx, void *body)
{
	struct tree *t = ctx;
	struct body *b = body;

	discard(t, b);
	tree_give_body(t, b);
}

void
tree_leave(void *ctx, void *body)
{
	struct tree *t = ctx;
	struct body *b = body;

	if (b->note != NOTE_WRITTEN) {
		tree_abort(ctx, body);
		return;
	}
	/* As a kill would leave it. */
	if (b->state == BODY_OPEN)
		outfile_close(&b->temp);
	tree_give_body(t, b);
}
