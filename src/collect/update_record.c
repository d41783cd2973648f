#include "collect/update_record.h"

#include <string.h>

#include "base/hash.h"
#include "collect/le.h"
#include "collect/target.h"

/* Where things stand; the texts begin at HEAD_LEN. */
#define AT_KEY 0
#define AT_LEN 16
#define AT_MTIME 24
#define AT_MTIME_NSEC 32
#define AT_LENGTHS 36
#define AT_MARKS 42
#define AT_FLAGS 43
#define HEAD_LEN 44
#define SUM_LEN 8

#define FLAG_FORGETS 1

#define NSEC_MAX 999999999

bool
update_record_fits(const struct update_entry *entry)
{
	return entry->etag.len <= VERSION_FIELD_MAX &&
	    entry->last_modified.len <= VERSION_FIELD_MAX &&
	    entry->url.len <= UPDATE_URL_MAX;
}

static uint8_t *
put_text(uint8_t *out, struct slice text)
{
	if (text.len > 0)
		memcpy(out, text.ptr, text.len);
	return out + text.len;
}

size_t
update_record_write(const struct update_key *key,
    const struct update_entry *entry, uint8_t out[UPDATE_RECORD_MAX])
{
	uint8_t *end = out + HEAD_LEN;

	le_put64(out + AT_KEY, key->word[0]);
	le_put64(out + AT_KEY + 8, key->word[1]);
	le_put64(out + AT_LEN, entry->len);
	le_put64(out + AT_MTIME, (uint64_t)entry->mtime.tv_sec);
	le_put32(out + AT_MTIME_NSEC, (uint32_t)entry->mtime.tv_nsec);
	le_put16(out + AT_LENGTHS, (uint16_t)entry->etag.len);
	le_put16(out + AT_LENGTHS + 2, (uint16_t)entry->last_modified.len);
	le_put16(out + AT_LENGTHS + 4, (uint16_t)entry->url.len);
	out[AT_MARKS] = (uint8_t)entry->marks;
	out[AT_FLAGS] = entry->forgets ? FLAG_FORGETS : 0;
	end = put_text(end, entry->etag);
	end = put_text(end, entry->last_modified);
	end = put_text(end, entry->url);
	le_put64(end,
	    hash_octets(
		slice_of(out, (size_t)(end - out)), UPDATE_RECORD_SEED));
	return (size_t)(end - out) + SUM_LEN;
}

static struct slice
take_text(struct slice *rest, size_t len)
{
	struct slice text = slice_first(*rest, len);

	*rest = slice_from(*rest, len);
	return text;
}

enum update_read
update_record_read(struct slice in, struct update_key *key,
    struct update_entry *entry, size_t *used)
{
	struct update_entry found;
	size_t etag_len;
	size_t modified_len;
	size_t url_len;
	size_t sum_at;
	struct slice texts;

	if (in.len < UPDATE_RECORD_MIN)
		return UPDATE_SHORT;
	etag_len = le_get16(in.ptr + AT_LENGTHS);
	modified_len = le_get16(in.ptr + AT_LENGTHS + 2);
	url_len = le_get16(in.ptr + AT_LENGTHS + 4);
	if (etag_len > VERSION_FIELD_MAX || modified_len > VERSION_FIELD_MAX ||
	    url_len > UPDATE_URL_MAX)
		return UPDATE_BAD;
	sum_at = HEAD_LEN + etag_len + modified_len + url_len;
	if (in.len - SUM_LEN < sum_at)
		return UPDATE_SHORT;
	if (le_get64(in.ptr + sum_at) !=
	    hash_octets(slice_first(in, sum_at), UPDATE_RECORD_SEED))
		return UPDATE_BAD;
	texts = slice_from(in, HEAD_LEN);
	found = (struct update_entry){
		.etag = take_text(&texts, etag_len),
		.last_modified = take_text(&texts, modified_len),
		.url = take_text(&texts, url_len),
		.len = le_get64(in.ptr + AT_LEN),
		.mtime.tv_sec = (time_t)le_get64(in.ptr + AT_MTIME),
		.mtime.tv_nsec = (long)le_get32(in.ptr + AT_MTIME_NSEC),
		.marks = in.ptr[AT_MARKS],
		.forgets = in.ptr[AT_FLAGS] == FLAG_FORGETS,
	};
	if (found.mtime.tv_nsec > NSEC_MAX || in.ptr[AT_FLAGS] > FLAG_FORGETS ||
	    found.marks > (TARGET_MARK_FILE | TARGET_MARK_HASH) ||
	    (!found.forgets && etag_len + modified_len == 0))
		return UPDATE_BAD;
	key->word[0] = le_get64(in.ptr + AT_KEY);
	key->word[1] = le_get64(in.ptr + AT_KEY + 8);
	*entry = found;
	*used = sum_at + SUM_LEN;
	return UPDATE_READ;
}
