#include "source/records.h"

#include <string.h>

#include "base/ascii.h"
#include "base/num.h"

static const char head[] = "{\"n\":";
static const char url_head[] = ",\"url\":\"";
static const char ok_head[] = "\",\"ok\":";

/* Take `text` off the front of `*in`. */
static bool
take(struct slice *in, const char *text)
{
	size_t len = strlen(text);

	if (in->len < len || memcmp(in->ptr, text, len) != 0)
		return false;
	*in = slice_from(*in, len);
	return true;
}

static struct slice
take_digits(struct slice *in)
{
	size_t len = 0;

	while (len < in->len && ascii_is_digit(in->ptr[len]))
		len++;
	*in = slice_from(*in, len);
	return slice_of(in->ptr - len, len);
}

/* Is the quote at `at` a part of the text, by an odd number of backslashes? */
static bool
is_escaped(struct slice text, size_t at)
{
	size_t count = 0;

	while (count < at && text.ptr[at - 1 - count] == '\\')
		count++;
	return count % 2 == 1;
}

/* Octets before the quote that ends the text; `text.len` without one. */
static size_t
text_len(struct slice text)
{
	size_t at = slice_find(text, '"');

	while (at < text.len && is_escaped(text, at))
		at += 1 + slice_find(slice_from(text, at + 1), '"');
	return at;
}

/* The word of a failure, which is within a few octets behind its "ok". */
static struct slice
error_word(struct slice rest)
{
	if (!take(&rest, ",\"status\":"))
		return slice_first(rest, 0);
	if (!take(&rest, "null"))
		(void)take_digits(&rest);
	if (!take(&rest, ",\"error\":\""))
		return slice_first(rest, 0);
	return slice_first(rest, slice_find(rest, '"'));
}

bool
records_parse(struct slice line, struct record *record)
{
	struct slice in = line;
	struct slice error;
	struct record r;

	/* No zero begins a number, nor is one. */
	if (!take(&in, head) || take(&in, "0") ||
	    !num_parse_u64(take_digits(&in), RECORDS_N_MAX, &r.n) ||
	    !take(&in, url_head))
		return false;
	r.url = slice_first(in, text_len(in));
	in = slice_from(in, r.url.len);
	if (!take(&in, ok_head))
		return false;
	r.ok = take(&in, "true");
	if (!r.ok && !take(&in, "false"))
		return false;
	if (in.len < 2 || in.ptr[0] != ',' || in.ptr[in.len - 1] != '}')
		return false;
	/* What a crash leaves of blocks that did not reach the disk. */
	if (slice_find(r.url, '\0') < r.url.len)
		return false;
	r.rest = in;
	error = r.ok ? slice_first(in, 0) : error_word(in);
	r.is_result =
	    r.url.len > 0 && !slice_eq_str(error, err_name(ERR_STOPPED));
	r.is_local = slice_eq_str(error, err_name(ERR_FILE)) ||
	    slice_eq_str(error, err_name(ERR_NOMEM)) ||
	    slice_eq_str(error, err_name(ERR_SHORTAGE)) ||
	    slice_eq_str(error, err_name(ERR_NO_TLS));
	*record = r;
	return true;
}

enum records_got
records_next(struct slice *in, struct record *record)
{
	size_t end = slice_find(*in, '\n');
	struct slice line = slice_first(*in, end);

	if (end == in->len)
		return RECORDS_MORE;
	*in = slice_from(*in, end + 1);
	return records_parse(line, record) ? RECORDS_RECORD : RECORDS_FOREIGN;
}

/* Like take(), but for a text that ends within. */
static bool
takes_all_of(struct slice in, const char *text)
{
	return in.len < strlen(text) &&
	    (in.len == 0 || memcmp(in.ptr, text, in.len) == 0);
}

bool
records_begins(struct slice text, bool is_torn)
{
	struct slice digits;

	if (is_torn && takes_all_of(text, head))
		return true;
	if (!take(&text, head))
		return false;
	digits = take_digits(&text);
	if (digits.len > NUM_U64_MAX_LEN)
		return false;
	if (is_torn && takes_all_of(text, url_head))
		return digits.len > 0 || text.len == 0;
	return digits.len > 0 && take(&text, url_head);
}

/* The octet that is escaped at the front of `*in`, behind the backslash. */
static bool
take_escaped(struct slice *in, uint8_t *octet)
{
	if (in->len > 0 && (in->ptr[0] == '"' || in->ptr[0] == '\\')) {
		*octet = in->ptr[0];
		*in = slice_from(*in, 1);
		return true;
	}
	if (!take(in, "u00") || in->len < 2 || !ascii_is_hex(in->ptr[0]) ||
	    !ascii_is_hex(in->ptr[1]))
		return false;
	*octet = (uint8_t)(ascii_hex_value(in->ptr[0]) << 4 |
	    ascii_hex_value(in->ptr[1]));
	*in = slice_from(*in, 2);
	return true;
}

struct err
records_text(struct slice escaped, struct buf *space, struct slice *text)
{
	size_t plain = slice_find(escaped, '\\');
	struct err err;

	if (plain == escaped.len) {
		*text = escaped;
		return err_none();
	}
	buf_clear(space);
	err = buf_reserve(space, escaped.len);
	if (err_is(err))
		return err;
	while (plain < escaped.len) {
		uint8_t octet;

		(void)buf_append(space, slice_first(escaped, plain));
		escaped = slice_from(escaped, plain + 1);
		if (!take_escaped(&escaped, &octet))
			return err_why(ERR_PROTOCOL, "escaped by others");
		(void)buf_append_octet(space, octet);
		plain = slice_find(escaped, '\\');
	}
	(void)buf_append(space, escaped);
	*text = buf_slice(space);
	return err_none();
}

struct err
records_url(const struct record *record, struct buf *space, struct slice *url)
{
	return records_text(record->url, space, url);
}

/*
 * A quote that is not escaped begins or ends a text, so ,"NAME": can stand
 * nowhere but before a value.
 */
bool
records_member(
    const struct record *record, const char *name, struct slice *value)
{
	char key[32];
	size_t len = strlen(name);
	const uint8_t *at;
	struct slice in;

	if (len + 4 > sizeof(key))
		return false;
	memcpy(key, ",\"", 2);
	memcpy(key + 2, name, len);
	memcpy(key + 2 + len, "\":", 2);
	at = memmem(record->rest.ptr, record->rest.len, key, len + 4);
	if (at == NULL)
		return false;
	in =
	    slice_from(record->rest, (size_t)(at - record->rest.ptr) + len + 4);
	if (take(&in, "\"")) {
		*value = slice_first(in, text_len(in));
		return value->len < in.len;
	}
	in.len = slice_find(in, ',');
	*value = slice_first(in, slice_find(in, '}'));
	return true;
}
