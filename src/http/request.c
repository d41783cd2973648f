#include "http/request.h"

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
	FIELD_ACCEPT_ENCODING,
	FIELD_AUTHORIZATION,
	FIELD_CONTENT_LENGTH,
	FIELD_CONTENT_TYPE,
	FIELD_COOKIE,
	FIELD_COOKIE2,
	FIELD_EXPECT,
	FIELD_HOST,
	FIELD_IF_MATCH,
	FIELD_IF_MODIFIED_SINCE,
	FIELD_IF_NONE_MATCH,
	FIELD_IF_RANGE,
	FIELD_IF_UNMODIFIED_SINCE,
	FIELD_PROXY_AUTHORIZATION,
	FIELD_RANGE,
	FIELD_REFERER,
	FIELD_TE,
	FIELD_TRAILER,
	FIELD_TRANSFER_ENCODING,
	FIELD_UPGRADE,
	FIELD_USER_AGENT,
	FIELD_KINDS
};

enum trait {
	TRAIT_PLAIN,
	TRAIT_FRAMES,    /* says where the message ends or what it turns into */
	TRAIT_PROXY,     /* meant for the proxy alone */
	TRAIT_PRIVATE,   /* meant for the origin of the list's URL alone */
	TRAIT_RANGE,     /* asks for a part */
	TRAIT_CONDITION, /* asks for an answer only if */
};

static const struct {
	const char *name;
	enum trait trait;
} known_fields[FIELD_KINDS] = {
	[FIELD_OTHER] = { "", TRAIT_PLAIN },
	[FIELD_ACCEPT] = { "Accept", TRAIT_PLAIN },
	[FIELD_ACCEPT_ENCODING] = { "Accept-Encoding", TRAIT_PLAIN },
	[FIELD_AUTHORIZATION] = { "Authorization", TRAIT_PRIVATE },
	[FIELD_CONTENT_LENGTH] = { "Content-Length", TRAIT_FRAMES },
	[FIELD_CONTENT_TYPE] = { "Content-Type", TRAIT_PLAIN },
	[FIELD_COOKIE] = { "Cookie", TRAIT_PRIVATE },
	[FIELD_COOKIE2] = { "Cookie2", TRAIT_PRIVATE },
	[FIELD_EXPECT] = { "Expect", TRAIT_FRAMES },
	[FIELD_HOST] = { "Host", TRAIT_PRIVATE },
	[FIELD_IF_MATCH] = { "If-Match", TRAIT_CONDITION },
	[FIELD_IF_MODIFIED_SINCE] = { "If-Modified-Since", TRAIT_CONDITION },
	[FIELD_IF_NONE_MATCH] = { "If-None-Match", TRAIT_CONDITION },
	[FIELD_IF_RANGE] = { "If-Range", TRAIT_RANGE },
	[FIELD_IF_UNMODIFIED_SINCE] = { "If-Unmodified-Since",
	    TRAIT_CONDITION },
	[FIELD_PROXY_AUTHORIZATION] = { "Proxy-Authorization", TRAIT_PROXY },
	[FIELD_RANGE] = { "Range", TRAIT_RANGE },
	[FIELD_REFERER] = { "Referer", TRAIT_PLAIN },
	[FIELD_TE] = { "TE", TRAIT_FRAMES },
	[FIELD_TRAILER] = { "Trailer", TRAIT_FRAMES },
	[FIELD_TRANSFER_ENCODING] = { "Transfer-Encoding", TRAIT_FRAMES },
	[FIELD_UPGRADE] = { "Upgrade", TRAIT_FRAMES },
	[FIELD_USER_AGENT] = { "User-Agent", TRAIT_PLAIN },
};

/* What the user said of each known field: the default is then not sent. */
struct spoken {
	bool of[FIELD_KINDS];
	bool has_range; /* and did not leave it out */
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

static struct err
check_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is(s.ptr[i], ASCII_FIELD))
			return err_why(
			    ERR_REQUEST, "a control octet in a field");
	}
	return err_none();
}

/* Append "Name: value", checked. */
static struct err
append_field(struct buf *out, struct slice name, struct slice value)
{
	struct err err = buf_reserve(out, name.len + value.len + 4);

	if (!err_is(err))
		err = check_value(value);
	if (err_is(err))
		return err;
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
check_user_field(const struct user_field *field, enum known_field which,
    const struct spoken *spoken)
{
	/* Expect and its like are never sent: leaving them out is granted. */
	if (known_fields[which].trait == TRAIT_FRAMES &&
	    (!field->is_removal || which == FIELD_CONTENT_LENGTH))
		return err_why(ERR_REQUEST, "a field that frames the message");
	if (which == FIELD_HOST && (field->is_removal || spoken->of[which]))
		return err_why(ERR_REQUEST, "not exactly one Host field");
	return err_none();
}

/* Whether a redirect has made a field of the user's void. */
static bool
is_void(const struct request_wishes *wishes, const struct user_field *field,
    enum known_field which)
{
	static const char content[] = "Content-";
	size_t len = sizeof(content) - 1;

	if (wishes->is_foreign && !field->is_removal &&
	    known_fields[which].trait == TRAIT_PRIVATE)
		return true;
	return wishes->is_rewritten && field->name.len >= len &&
	    slice_eq_nocase_str(slice_first(field->name, len), content);
}

static struct err
add_user_field(struct request_form *form, const struct request_wishes *wishes,
    const char *text, struct spoken *spoken)
{
	struct user_field field = { 0 };
	enum known_field which;
	struct err err = split_field(text, &field);

	if (err_is(err))
		return err;
	which = known_field(field.name);
	err = check_user_field(&field, which, spoken);
	if (err_is(err) || is_void(wishes, &field, which))
		return err;
	spoken->of[which] = true;
	if (known_fields[which].trait == TRAIT_PROXY)
		return check_value(field.value);
	if (known_fields[which].trait == TRAIT_RANGE)
		form->has_range = true;
	if (known_fields[which].trait == TRAIT_CONDITION)
		form->has_conditions = true;
	if (field.is_removal)
		return err_none();
	if (which == FIELD_RANGE)
		spoken->has_range = true;
	if (which == FIELD_ACCEPT_ENCODING &&
	    !slice_eq_nocase_str(field.value, "identity"))
		form->has_codings = true;
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
		    add_user_field(form, wishes, wishes->fields[i], spoken);

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
	bool has_body = wishes->has_body && !wishes->is_rewritten;
	uint64_t len = has_body ? wishes->body_len : 0;
	struct slice value = slice_of(digits, num_format_u64(len, digits));
	struct err err;

	if (!has_body && !expects_body(buf_slice(&form->method)))
		return err_none();
	err = append_field(&form->fields,
	    slice_str(known_fields[FIELD_CONTENT_LENGTH].name), value);
	if (err_is(err) || !has_body || spoken->of[FIELD_CONTENT_TYPE])
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
	if (!err_is(err) && !spoken.of[FIELD_ACCEPT_ENCODING] &&
	    wishes->accept_encoding != NULL)
		err = append_known(&form->codings, FIELD_ACCEPT_ENCODING,
		    spoken.has_range ? "identity" : wishes->accept_encoding);
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
	if (wishes->is_rewritten && !form->is_head)
		method = slice_str("GET");
	form->is_get = slice_eq_str(method, "GET");
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
	buf_init(&form->codings, REQUEST_FORM_MAX);
	err = set_method(form, wishes);
	if (!err_is(err))
		err = add_fields(form, wishes);
	if (!err_is(err) && wishes->credentials != NULL && !wishes->is_foreign)
		err = basic_append_field(
		    slice_str(wishes->credentials), &form->credentials);
	if (form->has_authorization)
		buf_clear(&form->credentials);
	if (err_is(err))
		request_form_fini(form);
	return err;
}

bool
request_find_proxy_field(
    const char *const *fields, size_t count, struct slice *value)
{
	for (size_t i = count; i > 0; i--) {
		struct user_field field = { 0 };

		if (err_is(split_field(fields[i - 1], &field)) ||
		    known_field(field.name) != FIELD_PROXY_AUTHORIZATION)
			continue;
		*value = field.value;
		return true;
	}
	return false;
}

void
request_form_fini(struct request_form *form)
{
	buf_fini(&form->codings);
	buf_fini(&form->credentials);
	buf_fini(&form->fields);
	buf_fini(&form->method);
	*form = (struct request_form){ 0 };
}
