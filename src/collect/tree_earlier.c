/*
 * tree_earlier - what earlier runs have left in the tree: whole files that need
 * not be fetched, or only if there is a newer version, and beginnings of files.
 */
#include <errno.h>

#include "base/ascii.h"
#include "base/problem.h"
#include "collect/tree_internal.h"
#include "http/validator.h"

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

/* Could the texts be what a response said? */
static bool
is_sound(const struct update_entry *entry)
{
	int64_t time;

	for (size_t i = 0; i < entry->url.len; i++)
		if (ascii_is_control(entry->url.ptr[i]))
			return false;
	return (entry->etag.len == 0 || validator_is_etag(entry->etag)) &&
	    (entry->last_modified.len == 0 ||
		date_parse(entry->last_modified, 0, &time));
}

/* As the store has it, if the file is still the one that it tells of. */
static struct err
find_by_store(struct tree *t, const struct bulkfetch_request *request,
    bool *is_there, struct bulkfetch_copy *copy)
{
	struct update_key key = update_key(t->update, request);
	struct update_entry entry;
	struct place_file file;
	const struct dir *dir;
	struct err err;

	*is_there = false;
	if (!update_find(t->update, &key, &entry) || !is_sound(&entry))
		return err_none();
	err = show(t, request, &dir);
	if (!err_is(err) && dir != NULL)
		err = place_mark(&t->shown->place, entry.marks);
	if (err_is(err) || dir == NULL)
		return err;
	*is_there = place_look(&t->places, &t->shown->place, dir->fd, &file) &&
	    file.len == entry.len && file.mtime.tv_sec == entry.mtime.tv_sec &&
	    file.mtime.tv_nsec == entry.mtime.tv_nsec;
	*copy = (struct bulkfetch_copy){
		.is_whole = true,
		.len = entry.len,
		.total = entry.len,
		.etag = text_of(entry.etag),
		.last_modified = text_of(entry.last_modified),
		.url = text_of(entry.url),
	};
	return err;
}

static struct err
find_copy(struct tree *t, const struct bulkfetch_request *request,
    bool *is_there, struct bulkfetch_copy *copy)
{
	if (t->update != NULL)
		return find_by_store(t, request, is_there, copy);
	if (t->is_timestamping)
		return find_by_time(t, request, is_there, copy);
	*is_there = false;
	return err_none();
}

int
tree_keep(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_stored *stored)
{
	struct tree *t = ctx;
	struct bulkfetch_copy copy;
	bool is_there;
	struct err err = find_copy(t, request, &is_there, &copy);

	/* Somebody has removed it since. */
	if (!err_is(err) && !is_there)
		err = err_code(ERR_FILE, ENOENT);
	if (!err_is(err))
		err = keep_shown(t, stored);
	return problem_errno(err);
}

/* ---- Asking for the rest ------------------------------------------------ */

/* How many octets of a part that has `len` to go on behind: at least one is
 * asked for, so that there is an answer that tells of the version. */
static uint64_t
part_len(uint64_t len, uint64_t total)
{
	if (total == BULKFETCH_LENGTH_UNKNOWN)
		return len > 0 ? len - 1 : 0;
	if (len > total)
		return 0;
	return len < total || len == 0 ? len : len - 1;
}

/* How long the file of the note is, if nobody is at it. */
static struct err
measure(struct tree *t, const struct dir *dir, const struct note *note,
    uint64_t *len)
{
	struct outfile *temp = &t->shown->temp;
	struct outfile_left left = { 0 };
	struct err err =
	    outfile_continue(temp, dir->fd, &t->rules, &note->left);

	if (!err_is(err)) {
		err = outfile_look(temp, &left);
		outfile_close(temp);
	}
	*len = part_len(left.len, note->total);
	return err.sys == ESTALE ? err_none() : err;
}

static struct err
find_part(struct tree *t, const struct bulkfetch_request *request,
    bool *is_there, struct bulkfetch_copy *copy)
{
	struct body *b = t->shown;
	const struct dir *dir;
	struct note note;
	uint64_t len;
	struct err err;

	*is_there = false;
	err = show(t, request, &dir);
	if (err_is(err) || dir == NULL ||
	    !tree_find_note(t, b, dir, request, &note))
		return err;
	err = measure(t, dir, &note, &len);
	if (err_is(err) || len == 0)
		return err;
	partials_tell(t->partials, tree_temp_key(b), &note);
	*is_there = true;
	*copy = (struct bulkfetch_copy){
		.len = len,
		.total = note.total,
		.etag = text_of(note.etag),
		.last_modified = text_of(note.last_modified),
	};
	if (!slice_eq(note.from, note.url))
		copy->url = text_of(note.from);
	return err;
}

/* ---- Both --------------------------------------------------------------- */

int
tree_current(void *ctx, const struct bulkfetch_request *request,
    struct bulkfetch_copy *copy)
{
	struct tree *t = ctx;
	bool is_there = false;
	struct err err = err_none();

	/* The part is one of a newer version, if there is an older one. */
	if (partials_have_any(t->partials))
		err = find_part(t, request, &is_there, copy);
	if (!err_is(err) && !is_there)
		err = find_copy(t, request, &is_there, copy);
	return err_is(err) ? -problem_errno(err) : is_there;
}
