/*
 * decoder - the interface of what undoes one content coding, octets in, octets
 * out.  There is a file for each library that knows one: sys/zlib.h,
 * sys/brotli.h, sys/zstd.h.
 *
 * Input and room may be cut anywhere without a difference to what comes out.
 * A decoder keeps no pointer to either between calls.
 */
#ifndef BULKFETCH_SYS_DECODER_H
#define BULKFETCH_SYS_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* Both ends of a call, which move on in it. */
struct decoder_io {
	struct slice in;
	uint8_t *out;
	size_t room; /* octets at `out` */
};

struct decoder {
	const struct decoder_ops *ops;
};

struct decoder_ops {
	/*
	 * Decode until `io->in` is used up or there is no room left.  While
	 * there is none, call again, even without input: something may be held
	 * back.  With room left there is not.
	 *
	 * ERR_CODING with a reason: malformed data, or octets behind the end;
	 * ERR_NOMEM.  `*io` has moved somehow then, and the decoder is spent.
	 */
	struct err (*decode)(struct decoder *d, struct decoder_io *io);

	/* Whether all that has come is whole, checks and trailers included;
	 * nothing is held back then. */
	bool (*is_at_end)(const struct decoder *d);

	void (*free)(struct decoder *d);
};

/* What all decoders say of octets that come when nothing more should. */
#define DECODER_BEHIND "octets behind the end of the coded body"

#endif
