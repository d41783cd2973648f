#include "sys/dynlib.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

/* Find all the symbols, and write their addresses only then. */
static bool
bind_symbols(void *library, const struct dynlib_symbol *symbols)
{
	for (const struct dynlib_symbol *s = symbols; s->name != NULL; s++) {
		if (dlsym(library, s->name) == NULL)
			return false;
	}
	for (const struct dynlib_symbol *s = symbols; s->name != NULL; s++) {
		void *address = dlsym(library, s->name);

		/* C has no cast from an object to a function; POSIX says that
		 * both pointers look the same. */
		memcpy(s->to, &address, sizeof(address));
	}
	return true;
}

/* The first object is the program itself, which names the dynamic linker unless
 * it does without.  Nonzero ends the walk: 1 without one, 2 with one. */
static int
look_at_program(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	(void)ctx;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			return 2;
	}
	return 1;
}

bool
dynlib_is_possible(void)
{
	return dl_iterate_phdr(look_at_program, NULL) == 2;
}

bool
dynlib_open(const char *const *names, const struct dynlib_symbol *symbols)
{
	if (!dynlib_is_possible())
		return false;
	for (; *names != NULL; names++) {
		void *library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);

		if (library == NULL)
			continue;
		if (bind_symbols(library, symbols))
			return true;
		(void)dlclose(library);
	}
	return false;
}

enum dynlib_found
dynlib_find_once(dynlib_state *state, enum dynlib_found (*find)(void))
{
	enum dynlib_found before = atomic_load(state);
	enum dynlib_found found;

	if (before != DYNLIB_UNKNOWN)
		return before;
	found = find();
	if (!atomic_compare_exchange_strong(state, &before, found))
		return before;
	return found;
}
