#include "sys/zlib.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "sys/dynlib.h"

/* Of zlib.h, which need not be there when this is compiled. */
#define Z_NO_FLUSH 0
#define Z_OK 0
#define Z_STREAM_END 1
#define Z_NEED_DICT 2
#define Z_MEM_ERROR (-4)
#define Z_BUF_ERROR (-5)
#define WINDOW_BITS 15 /* all of 32 KiB; negative: without a header, */
#define GZIP_BITS (WINDOW_BITS + 16) /* ... and this: with that of gzip */

/* It compares the first digit, and the size of the structure. */
#define VERSION "1.2.3"

/* z_stream, which is the same in all of libz.so.1. */
struct stream {
	const uint8_t *next_in;
	unsigned avail_in;
	unsigned long total_in;
	uint8_t *next_out;
	unsigned avail_out;
	unsigned long total_out;
	const char *msg; /* static */
	void *state;
	void *(*zalloc)(void *opaque, unsigned count, unsigned size);
	void (*zfree)(void *opaque, void *ptr);
	void *opaque;
	int data_type;
	unsigned long adler;
	unsigned long reserved;
};

DYNLIB_NOTE(ZLIB_SONAME, "gzip",
    "Bodies coded with gzip or deflate (--compressed)", "recommended");

typedef const char *(*version_fn)(void);
typedef int (*init_fn)(
    struct stream *z, int window_bits, const char *version, int size);
typedef int (*inflate_fn)(struct stream *z, int flush);
typedef int (*reset_fn)(struct stream *z);
typedef int (*end_fn)(struct stream *z);

/* As in sys/idn.c: threads that look for it at a time write the same. */
static struct {
	dynlib_state state;
	_Atomic(version_fn) version;
	_Atomic(init_fn) init;
	_Atomic(inflate_fn) inflate;
	_Atomic(reset_fn) reset;
	_Atomic(end_fn) end;
} zlib;

static enum dynlib_found
find_library(void)
{
	static const char *const names[] = { ZLIB_SONAME, NULL };
	version_fn version = NULL;
	init_fn init = NULL;
	inflate_fn inflate = NULL;
	reset_fn reset = NULL;
	end_fn end = NULL;
	const struct dynlib_symbol symbols[] = {
		{ "zlibVersion", &version },
		{ "inflateInit2_", &init },
		{ "inflate", &inflate },
		{ "inflateReset", &reset },
		{ "inflateEnd", &end },
		{ .name = NULL },
	};

	if (!dynlib_open(names, symbols))
		return DYNLIB_MISSING;
	atomic_store(&zlib.version, version);
	atomic_store(&zlib.init, init);
	atomic_store(&zlib.inflate, inflate);
	atomic_store(&zlib.reset, reset);
	atomic_store(&zlib.end, end);
	return DYNLIB_OPEN;
}

static bool
open_library(void)
{
	return dynlib_find_once(&zlib.state, find_library) == DYNLIB_OPEN;
}

const char *
zlib_version(void)
{
	return open_library() ? atomic_load(&zlib.version)() : NULL;
}

/* ---- A decoder ---------------------------------------------------------- */

enum phase {
	PHASE_NEW,     /* deflate: its first octet will tell what it is */
	PHASE_WITHIN,  /* a stream, or a member */
	PHASE_BETWEEN, /* behind one: the end, or another one */
};

struct inflater {
	struct decoder decoder;
	struct stream z;
	enum phase phase;
	bool has_stream; /* `z` is to be ended */
	bool is_gzip;
	bool is_first; /* no member was whole so far */
};

static struct inflater *
of(struct decoder *d)
{
	return (struct inflater *)d;
}

static struct err
begin_stream(struct inflater *f, int window_bits)
{
	int code = atomic_load(&zlib.init)(
	    &f->z, window_bits, VERSION, (int)sizeof(f->z));

	if (code == Z_MEM_ERROR)
		return err_of(ERR_NOMEM);
	if (code != Z_OK)
		return err_why(
		    ERR_CODING, ZLIB_SONAME " is not of a kind that is known");
	f->has_stream = true;
	f->phase = PHASE_WITHIN;
	return err_none();
}

/*
 * CM is 8 and CINFO at most 7 in zlib's first octet (RFC 1950, section 2.2).
 * Bare, that would be a stored block with a bit set in the padding behind its
 * type, which no encoder does.
 */
static int
bits_of_deflate(uint8_t first)
{
	bool is_zlib = (first & 0x0f) == 8 && first >> 4 <= 7;

	return is_zlib ? WINDOW_BITS : -WINDOW_BITS;
}

/* Another member, or an octet that is nobody's. */
static struct err
begin_member(struct inflater *f, uint8_t first)
{
	if (!f->is_gzip || first != 0x1f)
		return err_why(ERR_CODING, DECODER_BEHIND);
	(void)atomic_load (&zlib.reset)(&f->z);
	f->phase = PHASE_WITHIN;
	return err_none();
}

static struct err
begin(struct inflater *f, uint8_t first)
{
	switch (f->phase) {
	case PHASE_NEW:
		return begin_stream(f, bits_of_deflate(first));
	case PHASE_BETWEEN:
		return begin_member(f, first);
	case PHASE_WITHIN:
		break;
	}
	return err_none();
}

static unsigned
clamp(size_t len)
{
	return len < UINT_MAX ? (unsigned)len : UINT_MAX;
}

static struct err
refuse(const struct inflater *f, int code)
{
	if (code == Z_MEM_ERROR)
		return err_of(ERR_NOMEM);
	/* What begins like a member but does not go on so. */
	if (!f->is_first && f->z.total_in <= 2)
		return err_why(ERR_CODING, DECODER_BEHIND);
	if (code == Z_NEED_DICT)
		return err_why(ERR_CODING, "a dictionary is needed");
	return err_why(
	    ERR_CODING, f->z.msg != NULL ? f->z.msg : "malformed data");
}

/* One call of the library; Z_BUF_ERROR only says that nothing was to do. */
static struct err
step(struct inflater *f, struct decoder_io *io)
{
	struct stream *z = &f->z;
	size_t used;
	int code;

	z->next_in = io->in.ptr;
	z->avail_in = clamp(io->in.len);
	z->next_out = io->out;
	z->avail_out = clamp(io->room);
	code = atomic_load(&zlib.inflate)(z, Z_NO_FLUSH);
	used = clamp(io->in.len) - z->avail_in;
	io->in = slice_from(io->in, used);
	io->room -= (size_t)(z->next_out - io->out);
	io->out = z->next_out;
	if (code == Z_STREAM_END) {
		f->phase = PHASE_BETWEEN;
		f->is_first = false;
		return err_none();
	}
	return code == Z_OK || code == Z_BUF_ERROR ? err_none()
						   : refuse(f, code);
}

static struct err
decode(struct decoder *d, struct decoder_io *io)
{
	struct inflater *f = of(d);

	for (;;) {
		struct err err = err_none();

		if (f->phase != PHASE_WITHIN && io->in.len == 0)
			return err;
		if (io->in.len > 0)
			err = begin(f, io->in.ptr[0]);
		if (!err_is(err))
			err = step(f, io);
		if (err_is(err) || io->room == 0 ||
		    (f->phase == PHASE_WITHIN && io->in.len == 0))
			return err;
	}
}

static bool
is_at_end(const struct decoder *d)
{
	return ((const struct inflater *)d)->phase == PHASE_BETWEEN;
}

static void
free_inflater(struct decoder *d)
{
	struct inflater *f = of(d);

	if (f->has_stream)
		(void)atomic_load (&zlib.end)(&f->z);
	free(f);
}

static const struct decoder_ops ops = {
	.decode = decode,
	.is_at_end = is_at_end,
	.free = free_inflater,
};

static struct err
new_inflater(bool is_gzip, struct inflater **out)
{
	struct inflater *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return err_of(ERR_NOMEM);
	f->decoder.ops = &ops;
	f->is_gzip = is_gzip;
	f->is_first = true;
	*out = f;
	return err_none();
}

struct err
zlib_new_gzip(struct decoder **decoder)
{
	struct inflater *f;
	struct err err;

	if (!open_library())
		return err_why(
		    ERR_CODING, ZLIB_SONAME " is not there: gzip needs it");
	err = new_inflater(true, &f);
	if (err_is(err))
		return err;
	err = begin_stream(f, GZIP_BITS);
	if (err_is(err)) {
		free_inflater(&f->decoder);
		return err;
	}
	*decoder = &f->decoder;
	return err_none();
}

struct err
zlib_new_deflate(struct decoder **decoder)
{
	struct inflater *f;
	struct err err;

	if (!open_library())
		return err_why(
		    ERR_CODING, ZLIB_SONAME " is not there: deflate needs it");
	err = new_inflater(false, &f);
	if (!err_is(err))
		*decoder = &f->decoder;
	return err;
}
