#include "sys/zstd.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "sys/dynlib.h"

/* Of zstd.h and zstd_errors.h, which need not be there when this is
 * compiled. */
#define PARAMETER_WINDOW_LOG_MAX 100
#define ERROR_WINDOW_TOO_LARGE 16
#define ERROR_MEMORY 64

/*
 * The longest header of a frame (RFC 8878, section 3.1.1).  Its octets go in
 * one by one: where a call has more of it, the library looks whether the frame
 * is whole in there, and then takes any window, or whether those octets begin a
 * frame of the formats before.  Both would hang on how the network cut it.
 */
#define HEADER_MAX 18

struct in_buffer {
	const void *src;
	size_t size;
	size_t pos;
};

struct out_buffer {
	void *dst;
	size_t size;
	size_t pos;
};

DYNLIB_NOTE(
    ZSTD_SONAME, "zstd", "Bodies coded with zstd (--compressed)", "suggested");

struct context;
typedef struct context *(*create_fn)(void);
typedef size_t (*free_fn)(struct context *c);
typedef size_t (*set_fn)(struct context *c, int parameter, int value);
typedef size_t (*decompress_fn)(
    struct context *c, struct out_buffer *out, struct in_buffer *in);
typedef unsigned (*is_error_fn)(size_t result);
typedef int (*code_fn)(size_t result);
typedef const char *(*name_fn)(size_t result);
typedef const char *(*version_fn)(void);

/* As in sys/idn.c: threads that look for it at a time write the same. */
static struct {
	dynlib_state state;
	_Atomic(create_fn) create;
	_Atomic(free_fn) free;
	_Atomic(set_fn) set;
	_Atomic(decompress_fn) decompress;
	_Atomic(is_error_fn) is_error;
	_Atomic(code_fn) code;
	_Atomic(name_fn) name;
	_Atomic(version_fn) version;
} zstd;

static enum dynlib_found
find_library(void)
{
	static const char *const names[] = { ZSTD_SONAME, NULL };
	create_fn create = NULL;
	free_fn release = NULL;
	set_fn set = NULL;
	decompress_fn decompress = NULL;
	is_error_fn is_error = NULL;
	code_fn code = NULL;
	name_fn name = NULL;
	version_fn version = NULL;
	const struct dynlib_symbol symbols[] = {
		{ "ZSTD_createDCtx", &create },
		{ "ZSTD_freeDCtx", &release },
		{ "ZSTD_DCtx_setParameter", &set },
		{ "ZSTD_decompressStream", &decompress },
		{ "ZSTD_isError", &is_error },
		{ "ZSTD_getErrorCode", &code },
		{ "ZSTD_getErrorName", &name },
		{ "ZSTD_versionString", &version },
		{ .name = NULL },
	};

	if (!dynlib_open(names, symbols))
		return DYNLIB_MISSING;
	atomic_store(&zstd.create, create);
	atomic_store(&zstd.free, release);
	atomic_store(&zstd.set, set);
	atomic_store(&zstd.decompress, decompress);
	atomic_store(&zstd.is_error, is_error);
	atomic_store(&zstd.code, code);
	atomic_store(&zstd.name, name);
	atomic_store(&zstd.version, version);
	return DYNLIB_OPEN;
}

static bool
open_library(void)
{
	return dynlib_find_once(&zstd.state, find_library) == DYNLIB_OPEN;
}

const char *
zstd_version(void)
{
	return open_library() ? atomic_load(&zstd.version)() : NULL;
}

/* ---- A decoder ---------------------------------------------------------- */

enum phase {
	PHASE_NEW,
	PHASE_WITHIN,  /* a frame */
	PHASE_BETWEEN, /* behind one: the end, or another one */
};

struct unzstd {
	struct decoder decoder;
	struct context *context; /* owned */
	enum phase phase;
	unsigned header_len; /* octets of this frame, up to HEADER_MAX */
};

static struct err
refuse(size_t result)
{
	switch (atomic_load(&zstd.code)(result)) {
	case ERROR_MEMORY:
		return err_of(ERR_NOMEM);
	case ERROR_WINDOW_TOO_LARGE:
		return err_why(ERR_CODING, "a window of more than 8 MiB");
	default:
		break;
	}
	return err_why(ERR_CODING, atomic_load(&zstd.name)(result));
}

/* One call of the library. */
static struct err
step(struct unzstd *z, struct decoder_io *io)
{
	bool is_header = z->header_len < HEADER_MAX && io->in.len > 0;
	struct in_buffer in = {
		.src = io->in.ptr,
		.size = is_header ? 1 : io->in.len,
	};
	struct out_buffer out = { .dst = io->out, .size = io->room };
	size_t result = atomic_load(&zstd.decompress)(z->context, &out, &in);

	if (is_header)
		z->header_len++;
	io->in = slice_from(io->in, in.pos);
	io->out += out.pos;
	io->room -= out.pos;
	if (atomic_load(&zstd.is_error)(result) != 0)
		return refuse(result);
	z->phase = result == 0 ? PHASE_BETWEEN : PHASE_WITHIN;
	return err_none();
}

/* A frame begins with that octet, or a skippable one; no format of the time
 * before RFC 8878 is taken for one. */
static struct err
begin_frame(struct unzstd *z, uint8_t first)
{
	if (first != 0x28 && first >> 4 != 5)
		return err_why(ERR_CODING,
		    z->phase == PHASE_NEW ? "no frame of zstd"
					  : DECODER_BEHIND);
	z->phase = PHASE_WITHIN;
	z->header_len = 0;
	return err_none();
}

static struct err
decode(struct decoder *d, struct decoder_io *io)
{
	struct unzstd *z = (struct unzstd *)d;

	for (;;) {
		struct err err = err_none();

		if (z->phase != PHASE_WITHIN && io->in.len == 0)
			return err;
		if (z->phase != PHASE_WITHIN)
			err = begin_frame(z, io->in.ptr[0]);
		if (!err_is(err))
			err = step(z, io);
		if (err_is(err) || io->room == 0 ||
		    (z->phase == PHASE_WITHIN && io->in.len == 0))
			return err;
	}
}

static bool
is_at_end(const struct decoder *d)
{
	return ((const struct unzstd *)d)->phase == PHASE_BETWEEN;
}

static void
free_unzstd(struct decoder *d)
{
	struct unzstd *z = (struct unzstd *)d;

	(void)atomic_load (&zstd.free)(z->context);
	free(z);
}

static const struct decoder_ops ops = {
	.decode = decode,
	.is_at_end = is_at_end,
	.free = free_unzstd,
};

struct err
zstd_new(struct decoder **decoder)
{
	struct unzstd *z;

	if (!open_library())
		return err_why(
		    ERR_CODING, ZSTD_SONAME " is not there: zstd needs it");
	z = calloc(1, sizeof(*z));
	if (z == NULL)
		return err_of(ERR_NOMEM);
	z->decoder.ops = &ops;
	z->context = atomic_load(&zstd.create)();
	if (z->context == NULL) {
		free(z);
		return err_of(ERR_NOMEM);
	}
	(void)atomic_load (&zstd.set)(
	    z->context, PARAMETER_WINDOW_LOG_MAX, ZSTD_WINDOW_LOG_MAX);
	*decoder = &z->decoder;
	return err_none();
}
