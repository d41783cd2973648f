#include "http/request.h"

#include <string.h>

#include "base/ascii.h"
#include "base/num.h"
#include "bulkfetch.h"
#include "http/basic.h"
#include "http/fields.h"

/* A field of the user's; a removal leaves a default out. */
struct user_field {
	struct slice name;
	struct slice value;
	bool is_removal;
};

/* The fields that we have an opinion on. */
enum known_field {
	FIELD_OTHER,
	FIELD_ACCEPT,
	FIELD_AUTHORIZATION,
	FIELD_CONTENT_LENGTH,
	FIELD_CONTENT_TYPE,
	FIELD_EXPECT,
	FIELD_HOST,
	FIELD_REFERER,
	FIELD_TE,
	FIELD_TRAILER,
	FIELD_TRANSFER_ENCODING,
	FIELD_UPGRADE,
	FIELD_USER_AGENT,
	FIELD_KINDS
};

static const struct {
	const char *name;
	bool frames; /* says where the message ends or what it turns into */
} known_fields[FIELD_KINDS] = {
	[FIELD_OTHER] = { "", false },
	[FIELD_ACCEPT] = { "Accept", false },
	[FIELD_AUTHORIZATION] = { "Authorization", false },
	[FIELD_CONTENT_LENGTH] = { "Content-Length", true },
	[FIELD_CONTENT_TYPE] = { "Content-Type", false },
	[FIELD_EXPECT] = { "Expect", true },
	[FIELD_HOST] = { "Host", false },
	[FIELD_REFERER] = { "Referer", false },
	[FIELD_TE] = { "TE", true },
	[FIELD_TRAILER] = { "Trailer", true },
	[FIELD_TRANSFER_ENCODING] = { "Transfer-Encoding", true },
	[FIELD_UPGRADE] = { "Upgrade", true },
	[FIELD_USER_AGENT] = { "User-Agent", false },
};

/* What the user said of each known field: the default is then not sent. */
struct spoken {
	bool of[FIELD_KINDS];
};

static enum known_field
known_field(struct slice name)
{
	for (size_t i = FIELD_OTHER + 1; i < FIELD_KINDS; i++) {
		if (slice_eq_nocase_str(name, known_fields[i].name))
			return (enum known_field)i;
	}
	return FIELD_OTHER;
}

static bool
is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is_tchar(s.ptr[i]))
			return false;
	}
	return s.len > 0;
}

static bool
is_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is(s.ptr[i], ASCII_FIELD))
			return false;
	}
	return true;
}

/* Append "Name: value", checked. */
static struct err
append_field(struct buf *out, struct slice name, struct slice value)
{
	struct err err = buf_reserve(out, name.len + value.len + 4);

	if (err_is(err))
		return err;
	if (!is_value(value))
		return err_why(ERR_REQUEST, "a control octet in a field");
	(void)buf_append(out, name);
	(void)buf_append_str(out, value.len > 0 ? ": " : ":");
	(void)buf_append(out, value);
	(void)buf_append_str(out, "\r\n");
	return err_none();
}

static struct err
append_known(struct buf *out, enum known_field which, const char *value)
{
	return append_field(
	    out, slice_str(known_fields[which].name), slice_str(value));
}

/* "Name: value", "Name:" or "Name;". */
static struct err
split_field(const char *text, struct user_field *field)
{
	struct slice line = slice_str(text);
	size_t colon = slice_find(line, ':');

	*field = (struct user_field){ .name = slice_first(line, colon) };
	if (colon < line.len) {
		field->value = slice_trim(slice_from(line, colon + 1));
		field->is_removal = field->value.len == 0;
	} else if (line.len > 0 && line.ptr[line.len - 1] == ';') {
		field->name.len--;
	} else {
		return err_why(ERR_REQUEST, "a field without a colon");
	}
	if (!is_token(field->name))
		return err_why(ERR_REQUEST, "a malformed field name");
	return err_none();
}

static bool
has_member(struct slice list, const char *wanted)
{
	struct slice member;

	while (fields_next_member(&list, &member)) {
		if (slice_eq_nocase_str(member, wanted))
			return true;
	}
	return false;
}

static struct err
add_user_field(
    struct request_form *form, const char *text, struct spoken *spoken)
{
	struct user_field field = { 0 };
	enum known_field which;
	struct err err = split_field(text, &field);

	if (err_is(err))
		return err;
	which = known_field(field.name);
	/* Expect and its like are never sent: leaving them out is granted. */
	if (known_fields[which].frames &&
	    (!field.is_removal || which == FIELD_CONTENT_LENGTH))
		return err_why(ERR_REQUEST, "a field that frames the message");
	if (which == FIELD_HOST && (field.is_removal || spoken->of[which]))
		return err_why(ERR_REQUEST, "not exactly one Host field");
	spoken->of[which] = true;
	if (field.is_removal)
		return err_none();
	if (slice_eq_nocase_str(field.name, "Connection") &&
	    has_member(field.value, "close"))
		form->is_closing = true;
	return append_field(&form->fields, field.name, field.value);
}

static struct err
add_user_fields(struct request_form *form, const struct request_wishes *wishes,
    struct spoken *spoken)
{
	for (size_t i = 0; i < wishes->field_count; i++) {
		struct err err =
		    add_user_field(form, wishes->fields[i], spoken);

		if (err_is(err))
			return err;
	}
	return err_none();
}

/* POST and its like say so when they have no body (RFC 9110, section 8.6). */
static bool
expects_body(struct slice method)
{
	return slice_eq_str(method, "POST") || slice_eq_str(method, "PUT") ||
	    slice_eq_str(method, "PATCH");
}

static struct err
add_body_fields(struct request_form *form, const struct request_wishes *wishes,
    const struct spoken *spoken)
{
	char digits[NUM_U64_MAX_LEN];
	uint64_t len = wishes->has_body ? wishes->body_len : 0;
	struct slice value = slice_of(digits, num_format_u64(len, digits));
	struct err err;

	if (!wishes->has_body && !expects_body(buf_slice(&form->method)))
		return err_none();
	err = append_field(&form->fields,
	    slice_str(known_fields[FIELD_CONTENT_LENGTH].name), value);
	if (err_is(err) || !wishes->has_body || spoken->of[FIELD_CONTENT_TYPE])
		return err;
	return append_known(&form->fields, FIELD_CONTENT_TYPE,
	    "application/x-www-form-urlencoded");
}

static struct err
add_fields(struct request_form *form, const struct request_wishes *wishes)
{
	const char *agent = wishes->user_agent != NULL
	    ? wishes->user_agent
	    : "bulkfetch/" BULKFETCH_VERSION;
	struct spoken spoken = { 0 };
	struct err err = add_user_fields(form, wishes, &spoken);

	if (!err_is(err) && !spoken.of[FIELD_USER_AGENT] && agent[0] != '\0')
		err = append_known(&form->fields, FIELD_USER_AGENT, agent);
	if (!err_is(err) && !spoken.of[FIELD_ACCEPT])
		err = append_known(&form->fields, FIELD_ACCEPT, "*/*");
	if (!err_is(err) && !spoken.of[FIELD_REFERER] &&
	    wishes->referer != NULL)
		err =
		    append_known(&form->fields, FIELD_REFERER, wishes->referer);
	if (!err_is(err))
		err = add_body_fields(form, wishes, &spoken);
	form->has_host = spoken.of[FIELD_HOST];
	form->has_authorization = spoken.of[FIELD_AUTHORIZATION];
	return err;
}

static struct err
append_authorization(struct slice credentials, struct buf *out)
{
	size_t before = out->len;
	struct err err = buf_append_str(out, "Authorization: ");

	if (!err_is(err))
		err = basic_append(credentials, out);
	if (!err_is(err))
		err = buf_append_str(out, "\r\n");
	if (err_is(err))
		out->len = before;
	return err;
}

static struct err
set_method(struct request_form *form, const struct request_wishes *wishes)
{
	static const char *const idempotent[] = { "GET", "HEAD", "OPTIONS",
		"TRACE", "PUT", "DELETE" };
	struct slice method = slice_str(wishes->method);

	if (wishes->method == NULL)
		method = slice_str(wishes->has_body ? "POST" : "GET");
	if (!is_token(method))
		return err_why(ERR_REQUEST, "a malformed method");
	if (slice_eq_str(method, "CONNECT"))
		return err_why(ERR_REQUEST, "CONNECT asks for no URL");
	form->is_head = slice_eq_str(method, "HEAD");
	for (size_t i = 0; i < sizeof(idempotent) / sizeof(*idempotent); i++) {
		if (slice_eq_str(method, idempotent[i]))
			form->is_idempotent = true;
	}
	return buf_append(&form->method, method);
}

struct err
request_form_init(
    struct request_form *form, const struct request_wishes *wishes)
{
	struct err err;

	*form = (struct request_form){ 0 };
	buf_init(&form->method, REQUEST_FORM_MAX);
	buf_init(&form->fields, REQUEST_FORM_MAX);
	buf_init(&form->credentials, REQUEST_FORM_MAX);
	err = set_method(form, wishes);
	if (!err_is(err))
		err = add_fields(form, wishes);
	if (!err_is(err) && wishes->credentials != NULL)
		err = append_authorization(
		    slice_str(wishes->credentials), &form->credentials);
	if (err_is(err))
		request_form_fini(form);
	return err;
}

void
request_form_fini(struct request_form *form)
{
	buf_fini(&form->credentials);
	buf_fini(&form->fields);
	buf_fini(&form->method);
	form->is_head = false;
	form->is_idempotent = false;
	form->has_host = false;
	form->is_closing = false;
	form->has_authorization = false;
}

static uint8_t *
put(uint8_t *to, struct slice s)
{
	if (s.len > 0)
		memcpy(to, s.ptr, s.len);
	return to + s.len;
}

static inline uint8_t *
put_str(uint8_t *to, const char *text)
{
	return put(to, slice_str(text));
}

/* The authority, less the zone of an IPv6 address (RFC 6874, section 4). */
static uint8_t *
put_host(uint8_t *to, const struct url *url)
{
	struct slice host = url->authority;

	if (url->host_kind == URL_HOST_IPV6) {
		size_t zone = slice_find(host, '%');

		to = put(to, slice_first(host, zone));
		host = slice_from(host, zone);
		host = slice_from(host, slice_find(host, ']'));
		if (host.len == 0)
			return to;
	}
	return put(to, host);
}

/* The whole head, with `authorization` a field line or nothing. */
static struct err
write_head(const struct request_form *form, const struct url *url,
    struct slice authorization, struct buf *out)
{
	static const char version[] = " HTTP/1.1\r\nHost: ";
	size_t room = form->method.len + 1 + url->target.len + sizeof(version) +
	    url->authority.len + 2 + authorization.len + form->fields.len + 2;
	struct err err = buf_reserve(out, room);
	uint8_t *to;

	if (err_is(err))
		return err;
	to = put(out->ptr + out->len, buf_slice(&form->method));
	*to++ = ' ';
	to = put(to, url->target);
	if (form->has_host) {
		to = put_str(to, " HTTP/1.1\r\n");
	} else {
		to = put_str(to, version);
		to = put_host(to, url);
		to = put_str(to, "\r\n");
	}
	to = put(to, authorization);
	to = put(to, buf_slice(&form->fields));
	to = put_str(to, "\r\n");
	out->len = (size_t)(to - out->ptr);
	return err_none();
}

/* The cold path: credentials in the URL. */
static struct err
write_with_userinfo(
    const struct request_form *form, const struct url *url, struct buf *out)
{
	struct buf plain;
	struct buf line;
	struct err err;

	buf_init(&plain, URL_SPACE_MAX);
	buf_init(&line, 2 * URL_SPACE_MAX);
	err = url_percent_decode(url->userinfo, &plain);
	if (!err_is(err))
		err = append_authorization(buf_slice(&plain), &line);
	if (!err_is(err))
		err = write_head(form, url, buf_slice(&line), out);
	buf_fini(&line);
	buf_fini(&plain);
	return err;
}

struct err
request_write(const struct request_form *form, const struct url *url,
    const struct request_extra *extra, struct buf *out)
{
	(void)extra;
	if (form->has_authorization)
		return write_head(form, url, slice_of(NULL, 0), out);
	if (url->userinfo.len > 0)
		return write_with_userinfo(form, url, out);
	return write_head(form, url, buf_slice(&form->credentials), out);
}
