/*
 * naming - the file name of a URL: HOST[:PORT]/PATH[?QUERY], in the octets of
 * the normalised URL, percent-escapes left as they are, "index.html" behind a
 * final slash.
 *
 * Two URLs get two names because what is not the URL's own text begins with
 * '%' and no two hexadecimal digits, which no normalised URL contains:
 *
 *	%empty		a segment without octets, not the last: "a//b"
 *	%:		a '/' within the query
 *	%. %..		a segment "." or ".." (normalising leaves none)
 *	TEXT%~HASH	a component longer than NAMING_COMPONENT_MAX, cut; HASH
 *			is 16 digits of hash_octets() over all of it
 *	DIR/.../%~HASH	a name longer than NAMING_PATH_MAX, cut after a
 *			component; HASH is over the whole name
 *	NAME%~HASH	a name that another URL's response took in this run;
 *			HASH is naming_hash() of the URL
 *	NAME%dir	a directory whose name a file has
 *	NAME%file	a file whose name a directory has
 *
 * Nor do the names that are kept for other things: temporary ones
 * (sys/outfile.h), PARTIAL_DIR (collect/partial.h), UPDATE_NAME and its kin
 * (collect/update.h).
 *
 * So names meet only where the hashes do, and where URLs differ in what the
 * name leaves out: scheme, userinfo, and "/a/" beside "/a/index.html".
 * naming_kinds() and naming_is_shared() tell when that can be.  Where the file
 * system takes names that differ in case for one, it can always be.
 *
 * Pure: no I/O, nothing kept.
 */
#ifndef BULKFETCH_COLLECT_NAMING_H
#define BULKFETCH_COLLECT_NAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "bulkfetch.h"

/* Leaves room for marks and within the 255 octets that file systems take. */
#define NAMING_COMPONENT_MAX 200

/* Leaves room for marks within the kernel's PATH_MAX of 4096. */
#define NAMING_PATH_MAX 3000

/* The maximum of a buffer that any name can be made in: the longest URL of
 * http/url.h, each octet tripled and then made "/%empty". */
#define NAMING_SPACE_MAX (2 << 20)

#define NAMING_MARK_DIR "%dir"
#define NAMING_MARK_FILE "%file"
#define NAMING_MARK_HASH "%~"
#define NAMING_INDEX "index.html"

/*
 * Append the name for `request` to `out`, unterminated.  ERR_REQUEST for a URL
 * with a NUL in it, and as buf_append() does.
 */
struct err naming_append(
    const struct bulkfetch_request *request, struct buf *out);

/*
 * The same for a name that was put together elsewhere: `text` is split at
 * its slashes, and each component marked and cut as above.
 */
struct err naming_append_path(struct slice text, struct buf *out);

/* Append `text` as a part of one component: '/' becomes "%:". */
struct err naming_append_flat(struct slice text, struct buf *out);

/* The last component of `path`, NAMING_INDEX when there is none. */
struct slice naming_last(struct slice path);

/* Append "%~" and the 16 digits of `hash`. */
struct err naming_append_hash(uint64_t hash, struct buf *out);

/* What tells URLs apart: the normalised URL and the userinfo. */
uint64_t naming_hash(const struct bulkfetch_request *request);

/* What a URL has that its name does not show. */
enum naming_kind {
	NAMING_HTTP = 1 << 0,
	NAMING_HTTPS = 1 << 1,
	NAMING_USERINFO = 1 << 2,
	NAMING_SLASH = 1 << 3,   /* the path ends in '/' */
	NAMING_LITERAL = 1 << 4, /* the path ends in "/index.html" */
};

unsigned naming_kinds(const struct bulkfetch_request *request);

/*
 * Whether a URL of these kinds may share its name with another one, when
 * `seen` are all the kinds there have been.
 */
bool naming_is_shared(unsigned kinds, unsigned seen);

#endif
