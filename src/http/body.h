/*
 * body - the octets after a response head, up to the end that its framing
 * names (RFC 9112, section 6.3).
 *
 * Pure, like the chunked decoder that it holds: feed it what arrives, store
 * what comes out, and ask body_is_done().  Octets behind the end are left
 * alone, so a caller sees a surplus as `used < in.len` with the body done.
 */
#ifndef BULKFETCH_HTTP_BODY_H
#define BULKFETCH_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "http/chunked.h"
#include "http/response.h"

struct body {
	enum response_framing framing;
	uint64_t left;          /* RESPONSE_LENGTH: octets to come */
	struct chunked chunked; /* RESPONSE_CHUNKED */
};

/* Begin the body of `res`. */
void body_init(struct body *body, const struct response *res);

/*
 * Decode the front of `in`; see chunked_decode() for `*used`, `*data` and
 * failures.  With RESPONSE_CLOSE everything is data.
 */
struct err body_decode(
    struct body *body, struct slice in, size_t *used, struct slice *data);

/* All the data is there, and only trailer fields are to come. */
bool body_in_trailer(const struct body *body);

/* Nothing is missing.  Never true of RESPONSE_CLOSE before body_end(). */
bool body_is_done(const struct body *body);

/*
 * The peer has ended the connection: ERR_TRUNCATED, with a reason, unless the
 * body is done or ends that way.
 */
struct err body_end(const struct body *body);

/*
 * Octets that can be moved past the decoder untouched (spliced): what is left
 * of RESPONSE_LENGTH, UINT64_MAX with RESPONSE_CLOSE, 0 with the others.
 */
uint64_t body_plain_left(const struct body *body);

/* `len` octets, at most body_plain_left(), were moved past the decoder. */
void body_skip_plain(struct body *body, uint64_t len);

#endif
