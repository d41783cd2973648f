#include "sys/dynlib.h"

#include <dlfcn.h>
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

bool
dynlib_open(const char *const *names, const struct dynlib_symbol *symbols)
{
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
