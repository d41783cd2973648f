/*
 * redirect - the way that one request takes through redirects (RFC 9110,
 * section 15.4), from the URL of the list to the present one.
 *
 * A `struct redirects` is made at the first redirect and belongs to the
 * transfer; most never have one.  Pure but for its memory.
 */
#ifndef BULKFETCH_FETCH_REDIRECT_H
#define BULKFETCH_FETCH_REDIRECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "bulkfetch.h"
#include "http/response.h"
#include "http/url.h"

struct redirects {
	struct url url;    /* where it has led to, in `space` */
	struct buf space;  /* owned */
	struct buf former; /* owned: where the URL before it lies */
	unsigned count;    /* redirects followed */
	bool is_rewritten; /* the method has become GET, without a body */
	bool is_foreign;   /* `url` is of another origin than the list's */
	/* Hashes of the URLs so far, the list's first. */
	uint64_t seen[BULKFETCH_REDIRECTS_MAX + 1];
};

/* The longest URL that a redirect may lead to: servers take no more, and a list
 * has its own bound. */
#define REDIRECT_URL_MAX ((size_t)16 * 1024)

/* Whether `status` is one of 301, 302, 303, 307 and 308. */
bool redirect_is(unsigned status);

/* Begin with nothing followed.  ERR_NOMEM. */
struct err redirects_new(struct redirects **r);

/* NULL is fine. */
void redirects_free(struct redirects *r);

/* What the method of the list's request is. */
enum redirect_method {
	REDIRECT_SAFE, /* GET or HEAD, which stay what they are */
	REDIRECT_POST, /* 301 and 302 turn it into GET, as browsers have it */
	REDIRECT_OTHER,
};

/*
 * Follow the redirect `res`, at most `max` in all.  `listed` is the URL of the
 * list, whose userinfo is kept within its origin.  ERR_REDIRECT with the
 * reason: no Location, one that cannot be used, too many, a loop (the same URL
 * with the same method again, which without cookies has no end); ERR_NOMEM.
 * After a failure `r` is as before.
 */
struct err redirect_follow(struct redirects *r, const struct response *res,
    const struct url *listed, enum redirect_method method, unsigned max);

#endif
