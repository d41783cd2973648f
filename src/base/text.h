/*
 * text - the texts of bulkfetch.h as slices, and slices as such texts: two
 * names for the same thing on both sides of the public face.
 */
#ifndef BULKFETCH_BASE_TEXT_H
#define BULKFETCH_BASE_TEXT_H

#include "base/slice.h"
#include "bulkfetch.h"

static inline struct slice
text_slice(struct bulkfetch_text text)
{
	return slice_of(text.ptr, text.len);
}

static inline struct bulkfetch_text
text_from(struct slice s)
{
	return (
	    struct bulkfetch_text){ .ptr = (const char *)s.ptr, .len = s.len };
}

#endif
