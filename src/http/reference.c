/*
 * reference - what url.h says of references: resolving one against a base, and
 * telling origins apart.
 *
 * The target is put together as text and given to url_parse(), so that there is
 * one place that normalises and refuses.
 */
#include "http/url.h"

#include <string.h>

/* What url_parse() has written of a base, and a reference. */
#define TARGET_MAX (URL_SPACE_MAX + URL_MAX_LEN)

static bool
begins_with(struct slice in, const char *text)
{
	size_t len = strlen(text);

	return in.len >= len && slice_eq_str(slice_first(in, len), text);
}

/*
 * Whether `reference` has another scheme than the base.  Its own one says
 * nothing and is taken off: "http:g" was a relative reference once (RFC 3986,
 * section 5.4.2), and browsers still read it so.
 */
static bool
has_other_scheme(struct slice *reference, struct slice base_scheme)
{
	size_t len = url_scheme_len(*reference);

	if (len == 0)
		return false;
	if (!slice_eq_nocase(slice_first(*reference, len), base_scheme))
		return true;
	*reference = slice_from(*reference, len + 1);
	return false;
}

/*
 * What of the base's path and query stands before a reference that has no
 * authority (RFC 3986, sections 5.2.2 and 5.2.3).
 */
static struct slice
kept_of_target(const struct url *base, struct slice reference)
{
	const uint8_t *slash;

	switch (reference.len > 0 ? reference.ptr[0] : '#') {
	case '#':
		return base->target;
	case '?':
		return base->path;
	case '/':
		return slice_of(NULL, 0);
	default:
		slash = memrchr(base->path.ptr, '/', base->path.len);
		return slice_first(
		    base->path, (size_t)(slash - base->path.ptr) + 1);
	}
}

/* The target of a reference without a scheme, not yet normalised. */
static struct err
compose(const struct url *base, struct slice reference, struct buf *out)
{
	struct err err = buf_reserve(
	    out, base->text.len + base->userinfo.len + 1 + reference.len);

	if (err_is(err))
		return err;
	(void)buf_append(out, base->scheme);
	if (begins_with(reference, "//")) {
		(void)buf_append_octet(out, ':');
	} else {
		(void)buf_append_str(out, "://");
		if (base->has_userinfo) {
			(void)buf_append(out, base->userinfo);
			(void)buf_append_octet(out, '@');
		}
		(void)buf_append(out, base->authority);
		(void)buf_append(out, kept_of_target(base, reference));
	}
	(void)buf_append(out, reference);
	return err_none();
}

struct err
url_resolve(const struct url *base, struct slice reference, struct buf *space,
    struct url *url)
{
	struct buf target;
	struct err err;

	reference = slice_trim(reference);
	if (reference.len > URL_MAX_LEN)
		return err_why(ERR_REQUEST, "a URL longer than 64 KiB");
	if (has_other_scheme(&reference, base->scheme))
		return url_parse(reference, space, url);
	buf_init(&target, TARGET_MAX);
	err = compose(base, reference, &target);
	if (!err_is(err))
		err = url_parse(buf_slice(&target), space, url);
	buf_fini(&target);
	return err;
}

/* An authority is in lower case and has no port that goes without saying. */
bool
url_has_same_origin(const struct url *a, const struct url *b)
{
	return slice_eq(a->scheme, b->scheme) &&
	    slice_eq(a->authority, b->authority);
}
