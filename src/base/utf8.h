/*
 * utf8 - tell well-formed UTF-8 (RFC 3629) from other octets.
 */
#ifndef BULKFETCH_BASE_UTF8_H
#define BULKFETCH_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* Octets of the well-formed character at the front of `s`, 1 to 4; 0 when
 * there is none. */
size_t utf8_char_len(struct slice s);

bool utf8_is_valid(struct slice s);

#endif
