/*
 * dynlib - libraries of the system, opened when they are first needed
 * (dlopen(3)).  Each module that uses one declares it with DYNLIB_NOTE, so
 * that packagers see it in the program (.note.dlopen, readable with `readelf
 * -n`).
 */
#ifndef BULKFETCH_SYS_DYNLIB_H
#define BULKFETCH_SYS_DYNLIB_H

#include <stdbool.h>
#include <stddef.h>

/* One function of a library: its name, and where its address goes. */
struct dynlib_symbol {
	const char *name;
	void *to; /* a pointer to a function pointer */
};

/*
 * Open the first of `names` (NULL at the end) that there is and find all the
 * symbols in it (a row without a name ends them).  False: none there, or
 * symbols missing; nothing is open then.  It stays open for good.
 */
bool dynlib_open(const char *const *names, const struct dynlib_symbol *symbols);

#endif
