#include "collect/note.h"

#include <string.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/num.h"
#include "http/date.h"
#include "http/validator.h"

#define MAGIC "bulkfetch-partial 1\n"
#define HASH_LEN 16
#define NSEC_MAX 999999999

/* ---- Writing ------------------------------------------------------------ */

static struct err
put_text(struct buf *out, const char *name, struct slice value)
{
	struct err err = buf_append_str(out, name);

	if (!err_is(err))
		err = buf_append(out, value);
	return err_is(err) ? err : buf_append_octet(out, '\n');
}

static struct err
put_hash(struct buf *out, const char *name, uint64_t hash)
{
	char digits[HASH_LEN];

	num_format_hex64(hash, digits);
	return put_text(out, name, slice_of(digits, sizeof(digits)));
}

static struct err
put_total(struct buf *out, uint64_t total)
{
	char digits[NUM_U64_MAX_LEN];

	if (total == BULKFETCH_LENGTH_UNKNOWN)
		return put_text(out, "total ", slice_str("-"));
	return put_text(
	    out, "total ", slice_of(digits, num_format_u64(total, digits)));
}

static struct err
put_id(struct buf *out, const struct outfile_left *left)
{
	uint64_t words[] = { left->dev, left->ino, (uint64_t)left->born.tv_sec,
		(uint64_t)left->born.tv_nsec };
	struct err err = buf_append_str(out, "id");

	for (size_t i = 0; i < 4 && !err_is(err); i++) {
		err = buf_append_octet(out, ' ');
		if (!err_is(err))
			err = buf_append_u64(out, words[i]);
	}
	return err_is(err) ? err : buf_append_octet(out, '\n');
}

static struct err
put_note(struct buf *out, const struct note *note)
{
	struct err err = buf_append_str(out, MAGIC);

	if (!err_is(err))
		err = put_text(out, "boot ", note->boot);
	if (!err_is(err))
		err = put_text(out, "file ", note->file);
	if (!err_is(err))
		err = put_id(out, &note->left);
	if (!err_is(err))
		err = put_text(out, "url ", note->url);
	if (!err_is(err))
		err = put_hash(out, "user ", note->user_hash);
	if (!err_is(err))
		err = put_text(out, "from ", note->from);
	if (!err_is(err) && note->etag.len > 0)
		err = put_text(out, "etag ", note->etag);
	else if (!err_is(err))
		err = put_text(out, "last-modified ", note->last_modified);
	return err_is(err) ? err : put_total(out, note->total);
}

struct err
note_write(const struct note *note, struct buf *out)
{
	size_t start = out->len;
	struct err err = put_note(out, note);
	struct note back;

	if (!err_is(err))
		err = put_hash(out, "sum ",
		    hash_octets(slice_from(buf_slice(out), start), 0));
	if (err_is(err))
		return err;
	/* A text with a line end in it, say. */
	if (!note_read(slice_from(buf_slice(out), start), &back))
		return err_of(ERR_LIMIT);
	return err_none();
}

/* ---- Reading ------------------------------------------------------------ */

/* The value of the line in front, which is called `name`. */
static bool
take_text(struct slice *in, const char *name, struct slice *value)
{
	size_t len = strlen(name);
	size_t end = slice_find(*in, '\n');

	if (end == in->len || end < len || memcmp(in->ptr, name, len) != 0)
		return false;
	*value = slice_of(in->ptr + len, end - len);
	*in = slice_from(*in, end + 1);
	for (size_t i = 0; i < value->len; i++)
		if (ascii_is_control(value->ptr[i]))
			return false;
	return true;
}

static bool
take_hash(struct slice *in, const char *name, uint64_t *hash)
{
	struct slice text;
	uint64_t value = 0;

	if (!take_text(in, name, &text) || text.len != HASH_LEN)
		return false;
	for (size_t i = 0; i < HASH_LEN; i++) {
		if (!ascii_is_hex(text.ptr[i]) ||
		    ascii_lower(text.ptr[i]) != text.ptr[i])
			return false;
		value = value << 4 | ascii_hex_value(text.ptr[i]);
	}
	*hash = value;
	return true;
}

static bool
take_total(struct slice *in, uint64_t *total)
{
	struct slice text;

	if (!take_text(in, "total ", &text))
		return false;
	*total = BULKFETCH_LENGTH_UNKNOWN;
	return slice_eq_str(text, "-") || num_parse_u64(text, INT64_MAX, total);
}

static bool
take_id(struct slice *in, struct outfile_left *left)
{
	struct slice text;
	uint64_t words[4];

	if (!take_text(in, "id ", &text))
		return false;
	for (size_t i = 0; i < 4; i++) {
		size_t end = slice_find(text, ' ');
		uint64_t max = i < 2 ? UINT64_MAX
		    : i == 2         ? INT64_MAX
				     : NSEC_MAX;

		if ((end < text.len) != (i < 3) ||
		    !num_parse_u64(slice_first(text, end), max, &words[i]))
			return false;
		text = slice_from(text, i < 3 ? end + 1 : end);
	}
	*left = (struct outfile_left){
		.dev = words[0],
		.ino = words[1],
		.born.tv_sec = (time_t)words[2],
		.born.tv_nsec = (long)words[3],
	};
	return true;
}

static bool
is_relative(struct slice path)
{
	while (path.len > 0) {
		size_t end = slice_find(path, '/');
		struct slice name = slice_first(path, end);

		if (name.len == 0 || slice_eq_str(name, ".") ||
		    slice_eq_str(name, ".."))
			return false;
		if (end == path.len)
			return true;
		path = slice_from(path, end + 1);
	}
	return false;
}

static bool
take_validator(struct slice *in, struct note *note)
{
	int64_t time;

	note->etag = note->last_modified = slice_of(NULL, 0);
	if (take_text(in, "etag ", &note->etag))
		return validator_is_strong_etag(note->etag);
	/* `now` matters for two-digit years alone. */
	return take_text(in, "last-modified ", &note->last_modified) &&
	    date_parse(note->last_modified, 0, &time);
}

bool
note_read(struct slice in, struct note *note)
{
	struct slice all = in;
	struct slice rest;

	if (in.len > NOTE_MAX || !take_text(&in, "bulkfetch-partial ", &rest) ||
	    !slice_eq_str(rest, "1") || !take_text(&in, "boot ", &note->boot) ||
	    note->boot.len != NOTE_BOOT_LEN ||
	    !take_text(&in, "file ", &note->file) || !is_relative(note->file) ||
	    !take_id(&in, &note->left) || !take_text(&in, "url ", &note->url) ||
	    note->url.len == 0 || !take_hash(&in, "user ", &note->user_hash) ||
	    !take_text(&in, "from ", &note->from) || note->from.len == 0 ||
	    !take_validator(&in, note) || !take_total(&in, &note->total))
		return false;
	rest = slice_first(all, all.len - in.len);
	return take_hash(&in, "sum ", &note->sum) && in.len == 0 &&
	    note->sum == hash_octets(rest, 0);
}
