/*
 * tree_version - which version of its content a body is of: told by its
 * response, and noted for later runs.
 */
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/text.h"
#include "collect/naming.h"
#include "collect/tree_internal.h"
#include "collect/version.h"

/* Longer heads are taken for such that say nothing of a version: real ones have
 * a few hundred octets. */
#define HEAD_MAX 16384

/* ---- What is kept of a response ----------------------------------------- */

static struct slice
memo_head(const struct body *b)
{
	return slice_first(buf_slice(&b->memo), b->head_len);
}

static struct slice
memo_from(const struct body *b)
{
	return slice_first(
	    slice_from(buf_slice(&b->memo), b->head_len), b->from_len);
}

static struct slice
memo_url(const struct body *b)
{
	return slice_from(buf_slice(&b->memo), b->head_len + b->from_len);
}

static void
read_version(const struct body *b, struct version *v)
{
	version_read(memo_head(b), (int64_t)time(NULL), v);
}

static uint64_t
user_hash(const struct bulkfetch_request *request)
{
	return request->userinfo.len > 0
	    ? hash_octets(text_slice(request->userinfo), 0)
	    : 0;
}

/* Whether a later run could go on with it, as far as its length tells. */
static bool
is_worth_note(const struct tree *t, const struct bulkfetch_response *response)
{
	bool is_sound = response->status == 200 ||
	    (response->status == 206 && response->offset > 0);

	return is_sound && response->length >= PARTIAL_MIN &&
	    t->rules.keeps_mode;
}

struct err
tree_keep_memo(
    struct tree *t, struct body *b, const struct bulkfetch_response *response)
{
	const struct bulkfetch_request *request = response->request;
	struct slice head = text_slice(response->head);
	struct slice url = text_slice(request->url);
	struct slice from =
	    response->url.len > 0 ? text_slice(response->url) : url;
	bool is_worth = is_worth_note(t, response);
	struct err err;

	b->note = NOTE_NONE;
	b->head_len = 0;
	b->is_success = response->status / 100 == 2;
	if (t->update == NULL && !t->sets_mtime && !is_worth)
		return err_none();
	if (t->update != NULL)
		b->key = update_key(t->update, request);
	if (head.len > HEAD_MAX)
		head.len = 0;
	buf_clear(&b->memo);
	err = buf_append(&b->memo, head);
	if (!err_is(err))
		err = buf_append(&b->memo, from);
	if (!err_is(err))
		err = buf_append(&b->memo, url);
	if (err_is(err))
		return err;
	b->head_len = head.len;
	b->from_len = from.len;
	b->user_hash = user_hash(request);
	if (is_worth)
		b->note = NOTE_WANTED;
	return err;
}

/* ---- For files that are whole ------------------------------------------- */

struct outfile_stamp *
tree_make_stamp(const struct tree *t, struct body *b)
{
	struct version v;

	if (t->update == NULL && !t->sets_mtime)
		return NULL;
	b->stamp = (struct outfile_stamp){ 0 };
	if (!t->sets_mtime || !b->is_success)
		return &b->stamp;
	read_version(b, &v);
	b->stamp.sets_mtime = v.last_modified.len > 0 && v.time >= 0;
	b->stamp.mtime.tv_sec = (time_t)v.time;
	return &b->stamp;
}

void
tree_note_version(struct tree *t, struct body *b)
{
	struct update_entry entry = { 0 };
	struct version v = { 0 };

	if (t->update == NULL)
		return;
	if (b->is_success && b->stamp.is_known) {
		read_version(b, &v);
		entry = (struct update_entry){
			.etag = v.etag,
			.last_modified = v.last_modified,
			.len = b->stamp.len,
			.mtime = b->stamp.mtime,
			.marks = b->place.target.marks,
		};
		if (!slice_eq(memo_from(b), memo_url(b)))
			entry.url = memo_from(b);
	}
	if (b->has_entry || entry.etag.len + entry.last_modified.len > 0)
		update_note(t->update, &b->key, &entry);
}

/* ---- For files that are not, if this run is killed ---------------------- */

uint64_t
tree_temp_key(const struct body *b)
{
	/* Marks of the name come and go: not of them. */
	return hash_octets(target_plain(&b->place.target), b->place.url_hash);
}

/* "DIR/TEMP". */
static struct err
append_file(struct slice dir, const char *temp, struct buf *out)
{
	struct err err = buf_append(out, dir);

	if (!err_is(err) && dir.len > 0)
		err = buf_append_octet(out, '/');
	return err_is(err) ? err : buf_append_str(out, temp);
}

/* The note, if it can be written. */
static bool
write_note(struct tree *t, struct body *b, struct slice validator, bool is_etag)
{
	struct note note = {
		.url = memo_url(b),
		.from = memo_from(b),
		.user_hash = b->user_hash,
		.total = b->total,
	};
	struct err err;

	if (is_etag)
		note.etag = validator;
	else
		note.last_modified = validator;
	buf_clear(&t->scratch);
	err = append_file(
	    target_dir(&b->place.target), b->temp.temp, &t->scratch);
	if (!err_is(err))
		err = outfile_look(&b->temp, &note.left);
	note.file = buf_slice(&t->scratch);
	return !err_is(err) &&
	    partials_write(t->partials, tree_temp_key(b), &note);
}

void
tree_write_note(struct tree *t, struct body *b)
{
	bool is_small =
	    b->total == BULKFETCH_LENGTH_UNKNOWN && b->gone < PARTIAL_MIN;
	struct version v;

	/* Small ones are looked at in the beginning alone. */
	if (b->note != NOTE_WANTED || (is_small && b->gone > 0))
		return;
	read_version(b, &v);
	if (v.for_range.len == 0)
		b->note = NOTE_NONE;
	if (is_small || b->note == NOTE_NONE)
		return;
	b->note = write_note(t, b, v.for_range, v.for_range.ptr == v.etag.ptr)
	    ? NOTE_WRITTEN
	    : NOTE_NONE;
}

void
tree_forget_note(struct tree *t, struct body *b)
{
	/* What stays is void, its file being gone. */
	if (b->note == NOTE_WRITTEN)
		(void)partials_forget(t->partials, tree_temp_key(b));
	b->note = NOTE_NONE;
}

/* ---- From an earlier run ------------------------------------------------ */

/* The file's own name in the note, if it is one for `b`, in `dir`. */
static bool
find_temp(const struct body *b, const struct dir *dir, const struct note *note,
    char temp[OUTFILE_TEMP_SIZE])
{
	size_t at = dir->path.len > 0 ? dir->path.len + 1 : 0;
	struct slice base;

	if (note->file.len <= at ||
	    !slice_eq(slice_first(note->file, dir->path.len), dir->path) ||
	    (at > 0 && note->file.ptr[at - 1] != '/'))
		return false;
	base = slice_from(note->file, at);
	if (base.len >= OUTFILE_TEMP_SIZE)
		return false;
	memcpy(temp, base.ptr, base.len);
	temp[base.len] = '\0';
	return outfile_is_temp(temp, tree_temp_key(b));
}

bool
tree_find_note(struct tree *t, struct body *b, const struct dir *dir,
    const struct bulkfetch_request *request, struct note *note)
{
	return partials_find(t->partials, tree_temp_key(b), note) &&
	    slice_eq(note->url, text_slice(request->url)) &&
	    note->user_hash == user_hash(request) &&
	    find_temp(b, dir, note, b->temp.temp);
}
