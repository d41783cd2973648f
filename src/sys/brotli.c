#include "sys/brotli.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "sys/dynlib.h"

/* Of brotli/decode.h, which need not be there when this is compiled. */
#define RESULT_ERROR 0
#define RESULT_SUCCESS 1
#define RESULT_NEEDS_MORE_INPUT 2
#define RESULT_NEEDS_MORE_OUTPUT 3
/* Its errors from here to there are refused allocations. */
#define ERROR_ALLOC_FIRST (-30)
#define ERROR_ALLOC_LAST (-21)

DYNLIB_NOTE(BROTLI_SONAME, "brotli", "Bodies coded with br (--compressed)",
    "suggested");

struct state_of_brotli;
typedef void *(*alloc_fn)(void *opaque, size_t size);
typedef void (*free_fn)(void *opaque, void *ptr);
typedef struct state_of_brotli *(*create_fn)(
    alloc_fn alloc, free_fn free, void *opaque);
typedef void (*destroy_fn)(struct state_of_brotli *s);
typedef int (*decompress_fn)(struct state_of_brotli *s, size_t *in_len,
    const uint8_t **in, size_t *room, uint8_t **out, size_t *total);
typedef int (*error_fn)(const struct state_of_brotli *s);
typedef uint32_t (*version_fn)(void);

/* As in sys/idn.c: threads that look for it at a time write the same. */
static struct {
	dynlib_state state;
	_Atomic(create_fn) create;
	_Atomic(destroy_fn) destroy;
	_Atomic(decompress_fn) decompress;
	_Atomic(error_fn) error;
	_Atomic(version_fn) version;
} brotli;

static enum dynlib_found
find_library(void)
{
	static const char *const names[] = { BROTLI_SONAME, NULL };
	create_fn create = NULL;
	destroy_fn destroy = NULL;
	decompress_fn decompress = NULL;
	error_fn error = NULL;
	version_fn version = NULL;
	const struct dynlib_symbol symbols[] = {
		{ "BrotliDecoderCreateInstance", &create },
		{ "BrotliDecoderDestroyInstance", &destroy },
		{ "BrotliDecoderDecompressStream", &decompress },
		{ "BrotliDecoderGetErrorCode", &error },
		{ "BrotliDecoderVersion", &version },
		{ .name = NULL },
	};

	if (!dynlib_open(names, symbols))
		return DYNLIB_MISSING;
	atomic_store(&brotli.create, create);
	atomic_store(&brotli.destroy, destroy);
	atomic_store(&brotli.decompress, decompress);
	atomic_store(&brotli.error, error);
	atomic_store(&brotli.version, version);
	return DYNLIB_OPEN;
}

static bool
open_library(void)
{
	return dynlib_find_once(&brotli.state, find_library) == DYNLIB_OPEN;
}

const char *
brotli_version(void)
{
	static _Thread_local char text[32];
	uint32_t v;

	if (!open_library())
		return NULL;
	v = atomic_load(&brotli.version)();
	(void)snprintf(text, sizeof(text), "%u.%u.%u", (unsigned)(v >> 24),
	    (unsigned)(v >> 12 & 0xfff), (unsigned)(v & 0xfff));
	return text;
}

/* ---- A decoder ---------------------------------------------------------- */

struct unbrotli {
	struct decoder decoder;
	struct state_of_brotli *state; /* owned */
	bool is_at_end;
};

static struct err
refuse(const struct unbrotli *b)
{
	int code = atomic_load(&brotli.error)(b->state);

	if (code >= ERROR_ALLOC_FIRST && code <= ERROR_ALLOC_LAST)
		return err_of(ERR_NOMEM);
	return err_why(ERR_CODING, "malformed data");
}

static struct err
decode(struct decoder *d, struct decoder_io *io)
{
	struct unbrotli *b = (struct unbrotli *)d;
	int result = RESULT_SUCCESS;

	if (!b->is_at_end)
		result = atomic_load(&brotli.decompress)(b->state, &io->in.len,
		    &io->in.ptr, &io->room, &io->out, NULL);
	if (result == RESULT_ERROR)
		return refuse(b);
	b->is_at_end = result == RESULT_SUCCESS;
	/* It takes what it is given before it asks for more. */
	if (b->is_at_end && io->in.len > 0)
		return err_why(ERR_CODING, DECODER_BEHIND);
	return err_none();
}

static bool
is_at_end(const struct decoder *d)
{
	return ((const struct unbrotli *)d)->is_at_end;
}

static void
free_unbrotli(struct decoder *d)
{
	struct unbrotli *b = (struct unbrotli *)d;

	atomic_load (&brotli.destroy)(b->state);
	free(b);
}

static const struct decoder_ops ops = {
	.decode = decode,
	.is_at_end = is_at_end,
	.free = free_unbrotli,
};

struct err
brotli_new(struct decoder **decoder)
{
	struct unbrotli *b;

	if (!open_library())
		return err_why(
		    ERR_CODING, BROTLI_SONAME " is not there: br needs it");
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return err_of(ERR_NOMEM);
	b->decoder.ops = &ops;
	b->state = atomic_load(&brotli.create)(NULL, NULL, NULL);
	if (b->state == NULL) {
		free(b);
		return err_of(ERR_NOMEM);
	}
	*decoder = &b->decoder;
	return err_none();
}
