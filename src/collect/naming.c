#include "collect/naming.h"

#include "base/hash.h"
#include "base/num.h"
#include "base/text.h"

/* "/%empty" for a '/' is the most that one octet can become. */
#define GROWTH_MAX 7

/* What comes on top: an index, a hash, a few separators. */
#define EXTRA_MAX 64

#define HASH_LEN (2 + 16) /* "%~" and the digits */

/* Append where room was reserved. */
static void
put(struct buf *out, struct slice s)
{
	if (s.len > 0)
		memcpy(out->ptr + out->len, s.ptr, s.len);
	out->len += s.len;
}

static void
put_hash(struct buf *out, uint64_t hash)
{
	char digits[16];

	num_format_hex64(hash, digits);
	put(out, slice_str(NAMING_MARK_HASH));
	put(out, slice_of(digits, sizeof(digits)));
}

static void
put_flat(struct buf *out, struct slice text)
{
	size_t at;

	while ((at = slice_find(text, '/')) < text.len) {
		put(out, slice_first(text, at));
		put(out, slice_str("%:"));
		text = slice_from(text, at + 1);
	}
	put(out, text);
}

/* The component from `start` on is there in full: make it a safe name. */
static void
end_component(struct buf *out, size_t start)
{
	struct slice text = slice_from(buf_slice(out), start);
	uint64_t hash;

	if (text.len == 0) {
		put(out, slice_str("%empty"));
	} else if (slice_eq_str(text, ".") || slice_eq_str(text, "..")) {
		out->len = start;
		put(out, slice_str(text.len == 1 ? "%." : "%.."));
	} else if (text.len > NAMING_COMPONENT_MAX) {
		hash = hash_octets(text, 0);
		out->len = start + NAMING_COMPONENT_MAX - HASH_LEN;
		put_hash(out, hash);
	}
}

/* The name from `start` on is there in full: see that it is not too long. */
static void
end_path(struct buf *out, size_t start)
{
	struct slice text = slice_from(buf_slice(out), start);
	uint64_t hash;

	if (text.len <= NAMING_PATH_MAX)
		return;
	hash = hash_octets(text, 0);
	out->len = start + NAMING_PATH_MAX - HASH_LEN;
	while (out->ptr[out->len - 1] != '/')
		out->len--;
	put_hash(out, hash);
}

/* Components of `text` but for the last, which is returned. */
static struct slice
put_leading(struct buf *out, struct slice text)
{
	size_t start;
	size_t at;

	while ((at = slice_find(text, '/')) < text.len) {
		start = out->len;
		put(out, slice_first(text, at));
		end_component(out, start);
		put(out, slice_str("/"));
		text = slice_from(text, at + 1);
	}
	return text;
}

static struct err
reserve(struct buf *out, size_t len)
{
	if (len > NAMING_SPACE_MAX / GROWTH_MAX - EXTRA_MAX)
		return err_of(ERR_LIMIT);
	return buf_reserve(out, GROWTH_MAX * len + EXTRA_MAX);
}

static bool
has_nul(struct slice text)
{
	return slice_find(text, '\0') < text.len;
}

struct err
naming_append(const struct bulkfetch_request *request, struct buf *out)
{
	struct slice host = text_slice(request->authority);
	struct slice path = text_slice(request->path);
	struct slice query = text_slice(request->query);
	struct err err = reserve(out, host.len + path.len + query.len);
	size_t start = out->len;
	size_t last;

	if (err_is(err))
		return err;
	if (has_nul(host) || has_nul(path) || has_nul(query))
		return err_why(ERR_REQUEST, "NUL in the URL");
	put_flat(out, host);
	end_component(out, start);
	put(out, slice_str("/"));
	if (path.len > 0 && path.ptr[0] == '/')
		path = slice_from(path, 1);
	path = put_leading(out, path);
	last = out->len;
	put(out, path.len > 0 ? path : slice_str(NAMING_INDEX));
	if (query.ptr != NULL) {
		put(out, slice_str("?"));
		put_flat(out, query);
	}
	end_component(out, last);
	end_path(out, start);
	return err_none();
}

struct err
naming_append_path(struct slice text, struct buf *out)
{
	struct err err = reserve(out, text.len);
	size_t start = out->len;
	size_t last;

	if (err_is(err))
		return err;
	if (has_nul(text))
		return err_why(ERR_REQUEST, "NUL in the file name");
	text = put_leading(out, text);
	last = out->len;
	put(out, text);
	end_component(out, last);
	end_path(out, start);
	return err_none();
}

struct err
naming_append_flat(struct slice text, struct buf *out)
{
	struct err err = reserve(out, text.len);

	if (!err_is(err))
		put_flat(out, text);
	return err;
}

struct slice
naming_last(struct slice path)
{
	size_t at;

	while ((at = slice_find(path, '/')) < path.len)
		path = slice_from(path, at + 1);
	return path.len > 0 ? path : slice_str(NAMING_INDEX);
}

struct err
naming_append_hash(uint64_t hash, struct buf *out)
{
	struct err err = buf_reserve(out, HASH_LEN);

	if (!err_is(err))
		put_hash(out, hash);
	return err;
}

uint64_t
naming_hash(const struct bulkfetch_request *request)
{
	uint64_t seed = 0;

	if (request->userinfo.len > 0)
		seed = hash_octets(text_slice(request->userinfo), 0);
	return hash_octets(text_slice(request->url), seed);
}

unsigned
naming_kinds(const struct bulkfetch_request *request)
{
	struct slice path = text_slice(request->path);
	size_t index_len = strlen("/" NAMING_INDEX);
	unsigned kinds = slice_eq_str(text_slice(request->scheme), "http")
	    ? NAMING_HTTP
	    : NAMING_HTTPS;

	if (request->userinfo.len > 0)
		kinds |= NAMING_USERINFO;
	if (path.len == 0 || path.ptr[path.len - 1] == '/')
		kinds |= NAMING_SLASH;
	else if (path.len >= index_len &&
	    slice_eq_str(
		slice_from(path, path.len - index_len), "/" NAMING_INDEX))
		kinds |= NAMING_LITERAL;
	return kinds;
}

bool
naming_is_shared(unsigned kinds, unsigned seen)
{
	unsigned schemes = NAMING_HTTP | NAMING_HTTPS;
	unsigned index = NAMING_SLASH | NAMING_LITERAL;

	if ((seen & schemes) == schemes || (seen & NAMING_USERINFO) != 0)
		return true;
	return (kinds & index) != 0 && (seen & index) == index;
}
