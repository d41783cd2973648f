/*
 * tree_earlier - what earlier runs have left in the tree: whole files that need
 * not be fetched, or only if there is a newer version.
 */
#include <errno.h>

#include "collect/problem.h"
#include "collect/tree_internal.h"

/* IMF-fixdate has four digits for the year. */
#define TIME_MAX INT64_C(253402300799)

static struct bulkfetch_text
text_of(struct slice s)
{
	return (struct bulkfetch_text){ (const char *)s.ptr, s.len };
}

/* Name t->shown for `request`, in `*dir`; NULL when that is not there. */
static struct err
show(struct tree *t, const struct bulkfetch_request *request,
    const struct dir **dir)
{
	struct body *b = t->shown;
	struct err err = tree_set_body(t, b, request);

	*dir = NULL;
	if (!err_is(err))
		err = dirs_get(
		    t->dirs, target_dir(&b->place.target), DIRS_FIND, dir);
	if (!err_is(err) && (*dir)->is_marked)
		err = target_move_dir(&b->place.target, (*dir)->path);
	if (err.sys != ENOENT)
		return err;
	*dir = NULL;
	return err_none();
}

/* The same, and the complete file there. */
static struct err
show_file(struct tree *t, const struct bulkfetch_request *request,
    bool *is_there, struct place_file *file)
{
	const struct dir *dir;
	struct err err = show(t, request, &dir);

	*is_there = false;
	if (err_is(err) || dir == NULL)
		return err;
	return place_find(
	    &t->places, &t->shown->place, dir->fd, is_there, file);
}

/* The file of t->shown is good for this run, too. */
static struct err
keep_shown(struct tree *t, struct bulkfetch_stored *stored)
{
	const struct place *p = &t->shown->place;

	stored->file = target_name(&p->target);
	stored->is_moved = p->target.is_moved;
	return place_keep(&t->places, p);
}

int
tree_has(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_stored *stored)
{
	struct tree *t = ctx;
	struct place_file file;
	bool is_there;
	struct err err = show_file(t, request, &is_there, &file);

	if (!err_is(err) && is_there)
		err = keep_shown(t, stored);
	return err_is(err) ? -problem_errno(err) : is_there;
}

/* ---- Asking for a newer version ----------------------------------------- */

/* As its modification time has it. */
static struct err
find_by_time(struct tree *t, const struct bulkfetch_request *request,
    bool *is_there, struct bulkfetch_copy *copy)
{
	struct place_file file;
	struct err err = show_file(t, request, is_there, &file);

	if (err_is(err) || !*is_there)
		return err;
	*is_there = file.mtime.tv_sec >= 0 && file.mtime.tv_sec <= TIME_MAX;
	if (!*is_there)
		return err;
	date_format(file.mtime.tv_sec, t->shown_date);
	*copy = (struct bulkfetch_copy){
		.is_whole = true,
		.len = file.len,
		.total = file.len,
		.last_modified =
		    text_of(slice_of(t->shown_date, sizeof(t->shown_date))),
	};
	return err;
}

int
tree_current(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_copy *copy)
{
	struct tree *t = ctx;
	bool is_there = false;
	struct err err = find_by_time(t, request, &is_there, copy);

	return err_is(err) ? -problem_errno(err) : is_there;
}

int
tree_keep(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_stored *stored)
{
	struct tree *t = ctx;
	struct place_file file;
	bool is_there;
	struct err err = show_file(t, request, &is_there, &file);

	/* Somebody has removed it since. */
	if (!err_is(err) && !is_there)
		err = err_code(ERR_FILE, ENOENT);
	if (!err_is(err))
		err = keep_shown(t, stored);
	return problem_errno(err);
}
