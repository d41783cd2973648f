/*
 * libraries - which libraries of the system there are, for bulkfetch.h.
 */
#include "bulkfetch.h"
#include "sys/brotli.h"
#include "sys/dynlib.h"
#include "sys/idn.h"
#include "sys/openssl.h"
#include "sys/zlib.h"
#include "sys/zstd.h"

static const struct {
	const char *purpose;
	const char *file;
	const char *(*version)(void);
} rows[] = {
	{ "https", OPENSSL_SONAME, openssl_version },
	{ "gzip", ZLIB_SONAME, zlib_version },
	{ "br", BROTLI_SONAME, brotli_version },
	{ "zstd", ZSTD_SONAME, zstd_version },
	{ "IDN", IDN_SONAME, idn_version },
};

bool
bulkfetch_find_library(size_t at, struct bulkfetch_library *library)
{
	if (at >= sizeof(rows) / sizeof(*rows))
		return false;
	*library = (struct bulkfetch_library){
		.purpose = rows[at].purpose,
		.file = rows[at].file,
		.version = rows[at].version(),
	};
	return true;
}

bool
bulkfetch_can_open_libraries(void)
{
	return dynlib_is_possible();
}
