/*
 * dynlib - libraries of the system, opened when they are first needed
 * (dlopen(3)).  Each module that uses one declares it with DYNLIB_NOTE, so
 * that packagers see it in the program (.note.dlopen, readable with `readelf
 * -n`).
 */
#ifndef BULKFETCH_SYS_DYNLIB_H
#define BULKFETCH_SYS_DYNLIB_H

#include <elf.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* One function of a library: its name, and where its address goes. */
struct dynlib_symbol {
	const char *name;
	void *to; /* a pointer to a function pointer */
};

/* False in a program that was linked statically: it opens nothing. */
bool dynlib_is_possible(void);

/*
 * Open the first of `names` (NULL at the end) that there is and that has all
 * the symbols (a row without a name ends them).  False: there is none; then no
 * pointer was written, and nothing is open.  It stays open for good.
 */
bool dynlib_open(const char *const *names, const struct dynlib_symbol *symbols);

/* What came of looking for a library. */
enum dynlib_found {
	DYNLIB_UNKNOWN, /* nobody has looked, or it is to be done again */
	DYNLIB_MISSING,
	DYNLIB_OLD,
	DYNLIB_OPEN,
};

typedef _Atomic(enum dynlib_found) dynlib_state;

/*
 * Look for a library once in the life of the process, by `find`, which writes
 * down what it has found before it returns; what `*state` says after that.
 * Threads may come here at a time: all of them look, and write the same, and
 * what the first one says holds.
 */
enum dynlib_found dynlib_find_once(
    dynlib_state *state, enum dynlib_found (*find)(void));

/* ---- The note ----------------------------------------------------------- */

/* The owner and type of the UAPI group's "dlopen metadata for ELF files". */
#define DYNLIB_NOTE_OWNER "FDO"
#define DYNLIB_NOTE_TYPE 0x407c0c0a

/* Clang's AddressSanitizer would put guard octets behind it. */
#ifdef __clang__
#define DYNLIB_NOTE_UNGUARDED __attribute__((no_sanitize("address")))
#else
#define DYNLIB_NOTE_UNGUARDED
#endif

#define DYNLIB_JSON(soname, feature, description, priority) \
	"[{\"soname\":[\"" soname "\"],\"feature\":\"" feature \
	"\",\"description\":\"" description "\",\"priority\":\"" priority \
	"\"}]"

/*
 * At file scope, once a file: say that `soname` is opened, what for, and
 * whether it is "required", "recommended" or "suggested".  All are literals
 * without a quote or backslash in them.
 */
#define DYNLIB_NOTE(soname, feature, description, priority) \
	static const struct { \
		Elf32_Nhdr head; /* the same for both classes of ELF */ \
		char owner[sizeof(DYNLIB_NOTE_OWNER)]; \
		char json[sizeof( \
		    DYNLIB_JSON(soname, feature, description, priority))]; \
	} dynlib_note DYNLIB_NOTE_UNGUARDED \
	    __attribute__((used, section(".note.dlopen"), aligned(4))) = { \
		    .head = { \
			    .n_namesz = sizeof(dynlib_note.owner), \
			    .n_descsz = sizeof(dynlib_note.json), \
			    .n_type = DYNLIB_NOTE_TYPE, \
		    }, \
		    .owner = DYNLIB_NOTE_OWNER, \
		    .json = DYNLIB_JSON( \
			soname, feature, description, priority), \
	    }

#endif
