/*
 * validator - what tells versions of a representation apart: ETag and
 * Last-Modified (RFC 9110, section 8.8).  Pure.
 */
#ifndef BULKFETCH_HTTP_VALIDATOR_H
#define BULKFETCH_HTTP_VALIDATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "http/response.h"

/* Well-formed and strong: '"..."', not 'W/"..."'. */
bool validator_is_strong_etag(struct slice etag);

/* Well-formed, strong or weak. */
bool validator_is_etag(struct slice etag);

/*
 * What an If-Range field may say of `res`, for parts of two responses to be put
 * together (sections 13.1.5 and 8.8.2.2): its ETag if that is strong, else,
 * when there is no ETag, its Last-Modified if that is a date at least 60 s
 * before its Date.  Empty when there is neither.  `now`, in seconds, is for
 * two-digit years alone.
 */
struct slice validator_for_range(const struct response *res, int64_t now);

#endif
