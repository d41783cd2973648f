#include "http/response.h"

#include <string.h>

#include "base/ascii.h"
#include "base/num.h"
#include "http/fields.h"

/* A 'd' of the form stands for any digit, a 'D' for one from 1 on. */
static const char status_form[] = "HTTP/1.d Ddd";
#define STATUS_FORM_LEN (sizeof(status_form) - 1)

/* Empty lines before the status line that are passed over. */
#define EMPTY_MAX 2

/* What the fields say about the body and the connection. */
struct framing_fields {
	bool has_length;
	bool has_coding; /* a Transfer-Encoding field */
	bool is_chunked; /* chunked is one of the codings */
	bool is_other;   /* something else is */
	bool has_close;  /* Connection: close */
	bool has_keep;   /* Connection: keep-alive */
	uint64_t length;
};

/*
 * The octets of empty lines at the front; `in.len` when it is too early to
 * tell what follows them.
 */
static size_t
count_empty(struct slice in)
{
	size_t at = 0;

	while (at < in.len && at < EMPTY_MAX) {
		if (in.ptr[at] == '\n')
			at++;
		else if (in.ptr[at] == '\r' && at + 1 == in.len)
			return in.len;
		else if (in.ptr[at] == '\r' && in.ptr[at + 1] == '\n' &&
		    at + 2 <= EMPTY_MAX)
			at += 2;
		else
			break;
	}
	return at;
}

/* Whether `in` is, or can still become, a status line. */
static bool
can_be_status(struct slice in)
{
	size_t len = in.len < STATUS_FORM_LEN ? in.len : STATUS_FORM_LEN;

	for (size_t i = 0; i < len; i++) {
		uint8_t octet = in.ptr[i];

		if (status_form[i] == 'd' || status_form[i] == 'D') {
			if (!ascii_is_digit(octet))
				return false;
			if (status_form[i] == 'D' && octet == '0')
				return false;
		} else if (octet != (uint8_t)status_form[i]) {
			return false;
		}
	}
	return in.len <= STATUS_FORM_LEN || in.ptr[len] == ' ' ||
	    in.ptr[len] == '\r' || in.ptr[len] == '\n';
}

/*
 * Where the head ends, behind its empty line; 0 when that is not there yet.
 * `scan->at` moves to the first line end that is still in doubt.
 */
static size_t
find_end(struct response_scan *scan, struct slice in)
{
	size_t at = scan->at;

	while (at < in.len) {
		size_t next = at + slice_find(slice_from(in, at), '\n') + 1;

		if (next > in.len) {
			at = in.len;
			break;
		}
		if (next == in.len)
			break;
		if (in.ptr[next] == '\n')
			return next + 1;
		if (in.ptr[next] == '\r') {
			if (next + 1 == in.len)
				break;
			if (in.ptr[next + 1] == '\n')
				return next + 2;
		}
		at = next;
	}
	scan->at = at;
	return 0;
}

/* A Content-Length: a number, or a list of equal ones (RFC 9110, 8.6). */
static struct err
read_length(struct framing_fields *said, struct slice value)
{
	struct slice member;
	bool any = false;

	while (fields_next_member(&value, &member)) {
		uint64_t length;

		any = true;
		/* Offsets of files and of splice(2) are signed. */
		if (!num_parse_u64(member, INT64_MAX, &length))
			return err_why(
			    ERR_PROTOCOL, "a malformed Content-Length");
		if (said->has_length && said->length != length)
			return err_why(
			    ERR_PROTOCOL, "Content-Length values that differ");
		said->has_length = true;
		said->length = length;
	}
	if (!any)
		return err_why(ERR_PROTOCOL, "an empty Content-Length");
	return err_none();
}

static void
read_coding(struct framing_fields *said, struct slice value)
{
	struct slice member;

	said->has_coding = true;
	while (fields_next_member(&value, &member)) {
		if (slice_eq_nocase_str(member, "chunked") && !said->is_chunked)
			said->is_chunked = true;
		else
			said->is_other = true;
	}
}

static void
read_connection(struct framing_fields *said, struct slice value)
{
	struct slice member;

	while (fields_next_member(&value, &member)) {
		if (slice_eq_nocase_str(member, "close"))
			said->has_close = true;
		else if (slice_eq_nocase_str(member, "keep-alive"))
			said->has_keep = true;
	}
}

/*
 * Up to eight octets of a name with the bit set that tells lower case from
 * upper.  Where one of two names is all letters and '-', they are the same then
 * if they were but for case: CR alone would pass for '-', and is in no name.
 */
static inline uint64_t
fold_case(const void *octets, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, octets, len);
	return word | UINT64_MAX / 255 * 0x20;
}

/*
 * Whether a name that is as long as `known`, four octets or more, is that one.
 * `known` is a literal, so that this becomes a few comparisons with constants;
 * the last one overlaps the one before it.
 */
static inline bool
is_named(const struct field *field, const char *known)
{
	const uint8_t *name = field->name.ptr;
	size_t len = strlen(known);
	size_t step = len < 8 ? 4 : 8;
	size_t last = len - step;

	for (size_t at = 0; at < last; at += step) {
		if (fold_case(name + at, step) != fold_case(known + at, step))
			return false;
	}
	return fold_case(name + last, step) == fold_case(known + last, step);
}

/* Note a field's value, if it is the first of its name. */
static inline void
note(struct slice *noted, const struct field *field)
{
	if (noted->ptr == NULL)
		*noted = field->value;
}

/* The length of the name sorts out nearly all fields before a comparison. */
static struct err
read_field(struct framing_fields *said, const struct field *field,
    struct response *res)
{
	switch (field->name.len) {
	case sizeof("Date") - 1: /* and ETag */
		if (is_named(field, "Date"))
			note(&res->date, field);
		else if (is_named(field, "ETag"))
			note(&res->etag, field);
		break;
	case sizeof("Location") - 1:
		if (is_named(field, "Location"))
			note(&res->location, field);
		break;
	case sizeof("Connection") - 1:
		if (is_named(field, "Connection"))
			read_connection(said, field->value);
		break;
	case sizeof("Retry-After") - 1:
		if (is_named(field, "Retry-After"))
			note(&res->retry_after, field);
		break;
	case sizeof("Last-Modified") - 1: /* and Content-Range */
		if (is_named(field, "Last-Modified"))
			note(&res->last_modified, field);
		else if (is_named(field, "Content-Range"))
			note(&res->content_range, field);
		break;
	case sizeof("Content-Length") - 1:
		if (is_named(field, "Content-Length"))
			return read_length(said, field->value);
		break;
	case sizeof("Content-Encoding") - 1:
		if (is_named(field, "Content-Encoding"))
			note(&res->content_encoding, field);
		break;
	case sizeof("Transfer-Encoding") - 1:
		if (is_named(field, "Transfer-Encoding"))
			read_coding(said, field->value);
		break;
	default:
		break;
	}
	return err_none();
}

static struct err
read_fields(
    struct slice lines, struct framing_fields *said, struct response *res)
{
	size_t count = 0;

	for (;;) {
		struct field field;
		bool more;
		struct err err = fields_next(&lines, &field, &more);

		if (err_is(err) || !more)
			return err;
		if (++count > RESPONSE_FIELDS_MAX)
			return err_why(ERR_LIMIT, "too many field lines");
		err = read_field(said, &field, res);
		if (err_is(err))
			return err;
	}
}

/*
 * The status line at the front of `head`, of which can_be_status() holds;
 * `*used` octets with its line end.
 */
static struct err
read_status(struct slice head, struct response *res, size_t *used)
{
	size_t end = slice_find(head, '\n');
	struct slice rest = slice_first(head, end);
	const uint8_t *digits = head.ptr + STATUS_FORM_LEN - 3;

	if (rest.len > 0 && rest.ptr[rest.len - 1] == '\r')
		rest.len--;
	res->minor = head.ptr[STATUS_FORM_LEN - 5] - (unsigned)'0';
	if (res->minor > 1)
		res->minor = 1;
	res->status = (digits[0] - (unsigned)'0') * 100 +
	    (digits[1] - (unsigned)'0') * 10 + (digits[2] - (unsigned)'0');
	rest = slice_from(rest, STATUS_FORM_LEN);
	for (size_t i = 0; i < rest.len; i++) {
		if (!ascii_is(rest.ptr[i], ASCII_FIELD))
			return err_why(
			    ERR_PROTOCOL, "a control octet in the status line");
	}
	res->reason = slice_trim(rest);
	*used = end + 1;
	return err_none();
}

/* How the body ends: RFC 9112, section 6.3, rule by rule. */
static struct err
decide_framing(
    const struct framing_fields *said, bool to_head, struct response *res)
{
	res->length = 0;
	if (to_head || res->status < 200 || res->status == 204 ||
	    res->status == 304) {
		res->framing = RESPONSE_NO_BODY;
	} else if (said->has_coding) {
		if (res->minor == 0)
			return err_why(ERR_PROTOCOL,
			    "Transfer-Encoding in an HTTP/1.0 response");
		if (said->is_other || !said->is_chunked)
			return err_why(ERR_PROTOCOL,
			    "a Transfer-Encoding other than chunked");
		res->framing = RESPONSE_CHUNKED;
	} else if (said->has_length) {
		res->framing = RESPONSE_LENGTH;
		res->length = said->length;
	} else {
		res->framing = RESPONSE_CLOSE;
	}
	return err_none();
}

static bool
decide_persistence(
    const struct framing_fields *said, const struct response *res)
{
	if (said->has_close || res->framing == RESPONSE_CLOSE)
		return false;
	if (said->has_coding && said->has_length)
		return false;
	return res->minor > 0 || said->has_keep;
}

static struct err
parse_head(struct slice head, size_t empty, bool to_head, struct response *res)
{
	struct framing_fields said = { 0 };
	struct slice lines = slice_from(head, empty);
	size_t used = 0;
	struct err err = read_status(lines, res, &used);

	if (err_is(err))
		return err;
	lines = slice_from(lines, used);
	/* Without the empty line at the end. */
	lines.len -= lines.len > 1 && lines.ptr[lines.len - 2] == '\r' ? 2 : 1;
	res->head = head;
	res->fields = lines;
	if (res->status == 101)
		return err_why(ERR_PROTOCOL, "an upgrade nobody asked for");
	err = read_fields(lines, &said, res);
	if (err_is(err))
		return err;
	err = decide_framing(&said, to_head, res);
	if (err_is(err))
		return err;
	res->is_persistent = decide_persistence(&said, res);
	return err_none();
}

struct err
response_parse(struct response_scan *scan, struct slice in, bool to_head,
    struct response *res, bool *whole)
{
	size_t max =
	    in.len < RESPONSE_HEAD_MAX ? in.len : (size_t)RESPONSE_HEAD_MAX;
	struct response parsed = { 0 };
	struct err err;
	size_t empty;
	size_t end;

	if (in.len == 0) {
		*whole = false;
		return err_none();
	}
	empty = count_empty(in);
	if (!can_be_status(slice_from(in, empty)))
		return err_why(ERR_PROTOCOL, "not an HTTP status line");
	if (scan->at < empty)
		scan->at = empty;
	end = find_end(scan, slice_first(in, max));
	if (end == 0 && in.len > RESPONSE_HEAD_MAX)
		return err_why(ERR_LIMIT, "the response head is too long");
	if (end == 0) {
		*whole = false;
		return err_none();
	}
	err = parse_head(slice_first(in, end), empty, to_head, &parsed);
	if (err_is(err))
		return err;
	*res = parsed;
	*whole = true;
	return err_none();
}
