#include "route/proxy.h"

#include "base/ascii.h"
#include "base/num.h"
#include "http/basic.h"
#include "http/host.h"
#include "http/url.h"

static const struct {
	const char *scheme;
	const char *front; /* of the text */
	enum proxy_kind kind;
} schemes[] = {
	{ "http", "http://", PROXY_HTTP },
	{ "socks4", "socks4://", PROXY_SOCKS4 },
	/* What desktops put into all_proxy. */
	{ "socks", "socks4://", PROXY_SOCKS4 },
	{ "socks4a", "socks4a://", PROXY_SOCKS4A },
	{ "socks5", "socks5://", PROXY_SOCKS5 },
	{ "socks5h", "socks5h://", PROXY_SOCKS5H },
};

/* Room for either kind of field, an old one and a new one at a time. */
#define PROXY_FIELD_MAX (PROXY_VALUE_MAX + 4 * PROXY_TEXT_MAX)

/* The pieces of the text as they were written. */
struct pieces {
	const char *front; /* "scheme://" */
	bool has_userinfo;
	struct slice userinfo;
	struct slice host; /* with brackets */
	struct slice port; /* empty without one */
};

static struct err
check_octets(struct slice in)
{
	for (size_t i = 0; i < in.len; i++) {
		if (ascii_is_control(in.ptr[i]))
			return err_why(ERR_REQUEST, "a control octet");
	}
	return err_none();
}

static struct err
cut_scheme(struct slice *rest, struct proxy *p, struct pieces *pieces)
{
	size_t len = url_scheme_len(*rest);
	struct slice scheme = slice_first(*rest, len);
	struct slice behind = slice_from(*rest, len);

	p->kind = PROXY_HTTP;
	pieces->front = "http://";
	if (len == 0 || behind.len < 3 ||
	    !slice_eq_str(slice_first(behind, 3), "://"))
		return err_none(); /* "host:port" looks like a scheme, too */
	*rest = slice_from(behind, 3);
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		if (slice_eq_nocase_str(scheme, schemes[i].scheme)) {
			p->kind = schemes[i].kind;
			pieces->front = schemes[i].front;
			return err_none();
		}
	}
	if (slice_eq_nocase_str(scheme, "https"))
		return err_why(ERR_REQUEST,
		    "proxies reached over TLS (https://) are not supported");
	return err_why(ERR_REQUEST,
	    "a scheme other than http, socks4, socks4a, socks5 and socks5h");
}

/* Where the authority ends (RFC 3986, section 3.2). */
static size_t
authority_len(struct slice in)
{
	size_t len = 0;

	while (len < in.len && in.ptr[len] != '/' && in.ptr[len] != '?' &&
	    in.ptr[len] != '#')
		len++;
	return len;
}

/* Userinfo ends at the last '@', as in a URL. */
static struct err
cut_authority(struct slice rest, struct pieces *pieces)
{
	size_t end = authority_len(rest);
	struct slice behind = slice_from(rest, end);
	const uint8_t *at;

	rest = slice_first(rest, end);
	if (behind.len > 0 && !slice_eq_str(behind, "/"))
		return err_why(ERR_REQUEST,
		    "something behind the host and port ('/', '?' and '#' in "
		    "credentials are written as %2F, %3F and %23)");
	at = rest.len > 0 ? memrchr(rest.ptr, '@', rest.len) : NULL;
	if (at != NULL) {
		end = (size_t)(at - rest.ptr);
		pieces->userinfo = slice_first(rest, end);
		pieces->has_userinfo = end > 0;
		rest = slice_from(rest, end + 1);
	}
	return host_split_port(rest, &pieces->host, &pieces->port);
}

static struct err
read_port(struct slice text, uint16_t *port)
{
	uint64_t value = PROXY_PORT;

	if (text.len > 0 &&
	    (!num_parse_u64(text, UINT16_MAX, &value) || value == 0))
		return err_why(ERR_REQUEST, "a bad port");
	*port = (uint16_t)value;
	return err_none();
}

/* host_put() writes a zone as URLs have it; lookups want a bare '%'. */
static void
unescape_zone(struct buf *text, size_t at, size_t zone_len)
{
	uint8_t *percent = text->ptr + at;

	memmove(percent + 1, percent + 3, zone_len + 1); /* and the ']' */
	text->len -= 2;
}

/* Compose the text, in which the host lies. */
static struct err
compose(struct proxy *p, const struct pieces *pieces)
{
	struct host host = { 0 };
	struct err err = buf_append_str(&p->text, pieces->front);
	size_t begin = p->text.len;
	size_t name_len;
	uint8_t *to;

	if (!err_is(err))
		err = buf_reserve(&p->text,
		    pieces->host.len + HOST_ADDED_MAX + 1 + NUM_U64_MAX_LEN);
	if (err_is(err))
		return err;
	to = p->text.ptr + begin;
	err = host_put(pieces->host, &to, &host);
	if (err_is(err))
		return err;
	p->text.len = (size_t)(to - p->text.ptr);
	name_len = host.name.len;
	if (host.kind == URL_HOST_IPV6) {
		begin++;
		if (host.zone.len > 0) {
			unescape_zone(
			    &p->text, begin + name_len, host.zone.len);
			name_len += 1 + host.zone.len;
		}
	} else if (host.kind == URL_HOST_NAME) {
		name_len = p->text.len - begin; /* the final dot */
	} else {
		p->text.len = begin + name_len;
	}
	p->host = slice_of(p->text.ptr + begin, name_len);
	/* There is room: the host stays in place. */
	(void)buf_append_octet(&p->text, ':');
	(void)buf_append_u64(&p->text, p->port);
	return err_none();
}

/* "user:password" is split at the first colon, then decoded if it was in the
 * text. */
static struct err
set_credentials(struct proxy *p, struct slice in, bool is_encoded)
{
	size_t colon = slice_find(in, ':');
	struct slice user = slice_first(in, colon);
	struct slice password =
	    slice_from(in, colon < in.len ? colon + 1 : colon);
	struct err err;

	p->has_credentials = true;
	err = is_encoded ? url_percent_decode(user, &p->user)
			 : buf_append(&p->user, user);
	if (err_is(err))
		return err;
	return is_encoded ? url_percent_decode(password, &p->password)
			  : buf_append(&p->password, password);
}

/* What the way that they are sent allows. */
static struct err
check_credentials(const struct proxy *p)
{
	struct err err = check_octets(buf_slice(&p->user));

	if (!err_is(err))
		err = check_octets(buf_slice(&p->password));
	if (err_is(err))
		return err_why(ERR_REQUEST, "a control octet in credentials");
	switch (p->kind) {
	case PROXY_HTTP:
		if (slice_find(buf_slice(&p->user), ':') < p->user.len)
			return err_why(ERR_REQUEST, "a user name with a colon");
		return err_none();
	case PROXY_SOCKS4:
	case PROXY_SOCKS4A:
		if (p->password.len > 0)
			return err_why(ERR_REQUEST,
			    "a password, which SOCKS4 has no way to send");
		break;
	case PROXY_SOCKS5:
	case PROXY_SOCKS5H:
		break;
	}
	if (p->user.len > PROXY_SOCKS_WORD_MAX ||
	    p->password.len > PROXY_SOCKS_WORD_MAX)
		return err_why(ERR_REQUEST,
		    "a user name or password longer than SOCKS has (255)");
	return err_none();
}

static struct err
compose_field(struct proxy *p)
{
	struct buf plain;
	struct err err;

	buf_init(&plain, PROXY_TEXT_MAX + 1);
	err = buf_append(&plain, buf_slice(&p->user));
	if (!err_is(err))
		err = buf_append_octet(&plain, ':');
	if (!err_is(err))
		err = buf_append(&plain, buf_slice(&p->password));
	if (!err_is(err))
		err = basic_append_proxy_field(buf_slice(&plain), &p->field);
	buf_fini(&plain);
	return err;
}

static struct err
read_credentials(
    struct proxy *p, const struct pieces *pieces, const char *credentials)
{
	struct err err;

	if (credentials == NULL && !pieces->has_userinfo)
		return err_none();
	if (credentials != NULL && strlen(credentials) > PROXY_TEXT_MAX)
		return err_why(ERR_REQUEST, "credentials longer than 8 KiB");
	err = credentials != NULL
	    ? set_credentials(p, slice_str(credentials), false)
	    : set_credentials(p, pieces->userinfo, true);
	if (!err_is(err))
		err = check_credentials(p);
	if (!err_is(err) && p->kind == PROXY_HTTP)
		err = compose_field(p);
	return err;
}

static struct err
read_text(struct proxy *p, struct slice text, const char *credentials)
{
	struct pieces pieces = { 0 };
	struct err err;

	if (text.len > PROXY_TEXT_MAX)
		return err_why(ERR_REQUEST, "longer than 8 KiB");
	err = check_octets(text);
	if (!err_is(err))
		err = cut_scheme(&text, p, &pieces);
	if (!err_is(err))
		err = cut_authority(text, &pieces);
	if (!err_is(err))
		err = read_port(pieces.port, &p->port);
	if (!err_is(err))
		err = compose(p, &pieces);
	if (!err_is(err))
		err = read_credentials(p, &pieces, credentials);
	return err;
}

struct err
proxy_init(struct proxy *p, const char *text, const char *credentials)
{
	struct err err;

	*p = (struct proxy){ .kind = PROXY_HTTP };
	buf_init(&p->text, 2 * PROXY_TEXT_MAX);
	buf_init(&p->user, PROXY_TEXT_MAX);
	buf_init(&p->password, PROXY_TEXT_MAX);
	buf_init(&p->field, PROXY_FIELD_MAX);
	err = read_text(p, slice_of(text, strlen(text)), credentials);
	if (err_is(err))
		proxy_fini(p);
	return err;
}

struct err
proxy_set_value(struct proxy *p, struct slice value)
{
	static const char name[] = "Proxy-Authorization: ";
	struct err err;

	if (p->kind != PROXY_HTTP)
		return err_none();
	if (value.len > PROXY_VALUE_MAX)
		return err_why(ERR_LIMIT, "a value longer than 32 KiB");
	err = buf_reserve(&p->field, sizeof(name) + value.len + 2);
	if (err_is(err))
		return err;
	buf_clear(&p->field);
	if (value.len == 0)
		return err_none();
	(void)buf_append_str(&p->field, name);
	(void)buf_append(&p->field, value);
	(void)buf_append_str(&p->field, "\r\n");
	return err_none();
}

void
proxy_fini(struct proxy *p)
{
	buf_fini(&p->text);
	buf_fini(&p->user);
	buf_fini(&p->password);
	buf_fini(&p->field);
	p->host = slice_of(NULL, 0);
	p->port = 0;
	p->has_credentials = false;
}
