#include "fetch/redirect.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/hash.h"
#include "fetch/iri.h"

bool
redirect_is(unsigned status)
{
	return status == 301 || status == 302 || status == 303 ||
	    status == 307 || status == 308;
}

struct err
redirects_new(struct redirects **out)
{
	struct redirects *r = malloc(sizeof(*r));

	if (r == NULL)
		return err_of(ERR_NOMEM);
	/* The hashes need no value. */
	memset(r, 0, offsetof(struct redirects, seen));
	buf_init(&r->space, URL_SPACE_MAX);
	buf_init(&r->former, URL_SPACE_MAX);
	*out = r;
	return err_none();
}

void
redirects_free(struct redirects *r)
{
	if (r == NULL)
		return;
	buf_fini(&r->space);
	buf_fini(&r->former);
	free(r);
}

static uint64_t
hash_of(const struct url *url, bool is_rewritten)
{
	return hash_octets(url->text, is_rewritten ? 1 : 0);
}

static bool
was_seen(const struct redirects *r, uint64_t hash)
{
	for (unsigned i = 0; i <= r->count; i++) {
		if (r->seen[i] == hash)
			return true;
	}
	return false;
}

/* Does this redirect turn the method into GET? */
static bool
rewrites(unsigned status, enum redirect_method method)
{
	if (method == REDIRECT_SAFE)
		return false;
	return status == 303 ||
	    (method == REDIRECT_POST && (status == 301 || status == 302));
}

/* The verdict on a Location, as that on a redirect. */
static struct err
as_redirect(struct err err)
{
	if (err.kind == ERR_SCHEME)
		err.why = "a redirect to another scheme than http and https";
	if (err_is(err) && err.kind != ERR_NOMEM)
		err.kind = ERR_REDIRECT;
	return err;
}

struct err
redirect_follow(struct redirects *r, const struct response *res,
    const struct url *listed, enum redirect_method method, unsigned max)
{
	const struct url *base = r->count > 0 ? &r->url : listed;
	bool is_rewritten = r->is_rewritten || rewrites(res->status, method);
	struct buf swap;
	struct url next;
	uint64_t hash;
	struct err err;

	if (res->location.ptr == NULL)
		return err_why(ERR_REDIRECT, "a redirect without Location");
	if (r->count == 0)
		r->seen[0] = hash_of(listed, false);
	/* The base stays where it is until the next one stands. */
	buf_clear(&r->former);
	err = iri_resolve(base, res->location, &r->former, &next);
	if (err_is(err))
		return as_redirect(err);
	if (next.text.len > REDIRECT_URL_MAX)
		return err_why(ERR_REDIRECT, "a redirect to too long a URL");
	hash = hash_of(&next, is_rewritten);
	if (was_seen(r, hash))
		return err_why(ERR_REDIRECT, "a loop of redirects");
	if (r->count >= max || r->count >= BULKFETCH_REDIRECTS_MAX)
		return err_why(
		    ERR_REDIRECT, "more redirects than --max-redirs");
	swap = r->space;
	r->space = r->former;
	r->former = swap;
	r->url = next;
	r->is_rewritten = is_rewritten;
	r->is_foreign = !url_has_same_origin(listed, &next);
	if (!r->is_foreign && !next.has_userinfo) {
		r->url.userinfo = listed->userinfo;
		r->url.has_userinfo = listed->has_userinfo;
	}
	r->seen[++r->count] = hash;
	/* Many may wait at a time, each with one. */
	buf_fini(&r->former);
	return err_none();
}
