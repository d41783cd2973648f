#include "sys/idn.h"

#include <stdatomic.h>
#include <string.h>

#include "base/utf8.h"
#include "sys/dynlib.h"

/* The first version that knows UTS 46. */
#define VERSION_MIN "2.0.0"

/* Of idn2.h, which need not be there when this is compiled. */
#define IDN2_OK 0
#define IDN2_MALLOC (-100)
#define IDN2_NFC_INPUT 1
#define IDN2_NONTRANSITIONAL 8

DYNLIB_NOTE(IDN_SONAME, "idn",
    "Host names that are not ASCII (IDNA 2008, UTS 46)", "recommended");

typedef int (*lookup_fn)(const uint8_t *name, uint8_t **out, int flags);
typedef const char *(*strerror_fn)(int code);
typedef void (*free_fn)(void *ptr);
typedef const char *(*version_fn)(const char *least);

/*
 * What was found, which is the same for all runs of a process.  Threads that
 * look for it at a time write the same.  `state` is written last and read
 * first.
 */
static struct {
	dynlib_state state;
	_Atomic(lookup_fn) lookup;
	_Atomic(strerror_fn) strerror;
	_Atomic(free_fn) free;
	_Atomic(version_fn) version;
} idn2;

static enum dynlib_found
find_library(void)
{
	static const char *const names[] = { IDN_SONAME, NULL };
	lookup_fn lookup = NULL;
	strerror_fn strerror = NULL;
	free_fn free = NULL;
	version_fn version = NULL;
	const struct dynlib_symbol symbols[] = {
		{ "idn2_lookup_u8", &lookup },
		{ "idn2_strerror", &strerror },
		{ "idn2_free", &free },
		{ "idn2_check_version", &version },
		{ .name = NULL },
	};

	if (!dynlib_open(names, symbols))
		return DYNLIB_MISSING;
	if (version(VERSION_MIN) == NULL)
		return DYNLIB_OLD;
	atomic_store(&idn2.lookup, lookup);
	atomic_store(&idn2.strerror, strerror);
	atomic_store(&idn2.free, free);
	atomic_store(&idn2.version, version);
	return DYNLIB_OPEN;
}

static enum dynlib_found
open_library(void)
{
	return dynlib_find_once(&idn2.state, find_library);
}

static struct err
check_library(void)
{
	switch (open_library()) {
	case DYNLIB_OPEN:
		return err_none();
	case DYNLIB_OLD:
		return err_why(ERR_REQUEST,
		    IDN_SONAME " is older than " VERSION_MIN
			       ": non-ASCII host names need a newer one");
	case DYNLIB_UNKNOWN:
	case DYNLIB_MISSING:
		break;
	}
	return err_why(ERR_REQUEST,
	    IDN_SONAME " is not there: non-ASCII host names need it");
}

static struct err
check_name(struct slice name)
{
	if (name.len > IDN_NAME_MAX)
		return err_why(ERR_REQUEST, "a host name that is too long");
	if (slice_find(name, '\0') < name.len)
		return err_why(
		    ERR_REQUEST, "an octet that may not stand in a host name");
	if (!utf8_is_valid(name))
		return err_why(
		    ERR_REQUEST, "a non-ASCII host name that is not UTF-8");
	return err_none();
}

struct err
idn_to_ascii(struct slice name, struct buf *out)
{
	struct err err = check_name(name);
	uint8_t text[IDN_NAME_MAX + 1];
	uint8_t *ascii = NULL;
	free_fn release;
	int code;

	if (!err_is(err))
		err = check_library();
	if (err_is(err))
		return err;
	if (name.len > 0)
		memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	code = atomic_load(&idn2.lookup)(
	    text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (code == IDN2_MALLOC)
		return err_of(ERR_NOMEM);
	if (code != IDN2_OK)
		return err_why(ERR_REQUEST, atomic_load(&idn2.strerror)(code));
	err = buf_append_str(out, (const char *)ascii);
	release = atomic_load(&idn2.free);
	release(ascii);
	return err;
}

const char *
idn_version(void)
{
	if (open_library() != DYNLIB_OPEN)
		return NULL;
	return atomic_load(&idn2.version)(NULL);
}
