#include "sys/openssl.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "sys/dynlib.h"

DYNLIB_NOTE(
    OPENSSL_SONAME, "https", "https:// (TLS 1.2 and 1.3)", "recommended");

/* What was found, the same for all runs of a process.  `state` is written last
 * and read first; the table is never freed. */
static struct {
	dynlib_state state;
	_Atomic(struct openssl *) table;
} openssl;

/* The functions of libcrypto are found through libssl, which needs it. */
static bool
find_library(struct openssl *table)
{
	static const char *const names[] = { OPENSSL_SONAME, NULL };
	/* clang-format off */
#define SYMBOL(returns, name, parameters) { #name, &table->name },
	const struct dynlib_symbol symbols[] = {
		OPENSSL_FUNCTIONS(SYMBOL)
		{ .name = NULL },
	};
#undef SYMBOL
	/* clang-format on */

	return dynlib_open(names, symbols);
}

/* Threads may come here at a time: the first to publish a table wins. */
static enum dynlib_found
open_library(void)
{
	struct openssl *table = malloc(sizeof(*table));
	struct openssl *none = NULL;

	if (table == NULL)
		return DYNLIB_UNKNOWN; /* to be asked again */
	if (!find_library(table)) {
		free(table);
		return DYNLIB_MISSING;
	}
	if (!atomic_compare_exchange_strong(&openssl.table, &none, table))
		free(table);
	return DYNLIB_OPEN;
}

const struct openssl *
openssl_get(void)
{
	return dynlib_find_once(&openssl.state, open_library) == DYNLIB_OPEN
	    ? atomic_load(&openssl.table)
	    : NULL;
}

const char *
openssl_version(void)
{
	const struct openssl *o = openssl_get();

	return o != NULL ? o->OpenSSL_version(0) : NULL;
}
