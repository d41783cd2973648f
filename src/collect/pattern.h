/*
 * pattern - file names after the user's template (-o).
 *
 *	%{n}		number of the request in the run; %{n:6} with zeros in
 *			front to 6 digits
 *	%{host}		host[:port]
 *	%{path}		the URL's path, "index.html" behind a final slash
 *	%{name}		its last component
 *	%{ext}		".jpg" of that, or nothing
 *	%{query}	what follows the '?', or nothing
 *	%{hash}		16 hexadecimal digits of hash_octets() over the URL
 *	%%		a '%'
 *
 * '/' in the template, and in %{path}, separates directories.  What comes out
 * is always a relative name without ".", ".." or empty components, marked and
 * cut as naming.h says.  Two URLs may well get the same one.
 *
 * Pure: no I/O.  The pattern owns a copy of its text.
 */
#ifndef BULKFETCH_COLLECT_PATTERN_H
#define BULKFETCH_COLLECT_PATTERN_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "bulkfetch.h"

struct pattern;

/*
 * Read the user's text.  ERR_REQUEST with the reason for the user in the `cap`
 * octets at `why`; ERR_NOMEM.
 */
struct err pattern_new(
    const char *text, struct pattern **p, char *why, size_t cap);

void pattern_free(struct pattern *p);

/*
 * Append the name for `request` to `out`, unterminated; fails as
 * naming_append() does.
 */
struct err pattern_append(struct pattern *p,
    const struct bulkfetch_request *request, struct buf *out);

#endif
