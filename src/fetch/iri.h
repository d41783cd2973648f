/*
 * iri - url_parse() and url_resolve() for hosts in any script (RFC 3987): what
 * these refuse for its non-ASCII host is read with the host's ASCII form (UTS
 * 46), for which libidn2 is opened (sys/idn.h).  They fail as those do, and as
 * idn_to_ascii() does.
 */
#ifndef BULKFETCH_FETCH_IRI_H
#define BULKFETCH_FETCH_IRI_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "http/url.h"

struct err iri_parse(struct slice in, struct buf *space, struct url *url);

struct err iri_resolve(const struct url *base, struct slice reference,
    struct buf *space, struct url *url);

#endif
