#include "base/slice.h"

#include "base/ascii.h"

bool
slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	/* Names mostly come in the case they are known by. */
	if (slice_eq(a, b))
		return true;
	for (size_t i = 0; i < a.len; i++) {
		if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
			return false;
	}
	return true;
}

struct slice
slice_trim(struct slice s)
{
	while (s.len > 0 && ascii_is_blank(s.ptr[0]))
		s = slice_from(s, 1);
	while (s.len > 0 && ascii_is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}
