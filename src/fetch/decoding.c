#include "fetch/decoding.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/brotli.h"
#include "sys/zlib.h"
#include "sys/zstd.h"

static const struct {
	struct err (*make)(struct decoder **decoder);
	const char *(*version)(void); /* NULL without the library */
} kinds[CODING_KINDS] = {
	[CODING_GZIP] = { zlib_new_gzip, zlib_version },
	[CODING_DEFLATE] = { zlib_new_deflate, zlib_version },
	[CODING_BR] = { brotli_new, brotli_version },
	[CODING_ZSTD] = { zstd_new, zstd_version },
};

struct err
decoding_check(enum coding coding)
{
	struct decoder *decoder = NULL;
	struct err err = err_none();

	/* Making one says which file it is that is missing. */
	if (kinds[coding].version() == NULL)
		err = kinds[coding].make(&decoder);
	assert(decoder == NULL);
	return err;
}

void
decoding_list(char text[DECODING_LIST_MAX])
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < CODING_KINDS; i++) {
		if (err_is(decoding_check((enum coding)i)))
			continue;
		(void)snprintf(text + len, DECODING_LIST_MAX - len, "%s%s",
		    len > 0 ? ", " : "", coding_name((enum coding)i));
		len = strlen(text);
	}
}

void
decoding_room_fini(struct decoding_room *room)
{
	for (size_t i = 0; i < CODINGS_MAX; i++) {
		free(room->pieces[i]);
		room->pieces[i] = NULL;
	}
}

struct err
decoding_init(struct decoding *d, const struct codings *codings)
{
	d->count = 0;
	d->len = 0;
	d->failed = 0;
	for (size_t i = 0; i < codings->count; i++) {
		uint8_t **piece = &d->room->pieces[i];
		struct err err;

		if (*piece == NULL)
			*piece = malloc(DECODING_PIECE);
		if (*piece == NULL)
			return err_of(ERR_NOMEM);
		err = kinds[codings->of[i]].make(&d->decoders[i]);
		if (err_is(err))
			return err;
		d->codings[i] = codings->of[i];
		d->came[i] = 0;
		d->count++;
	}
	return err_none();
}

void
decoding_fini(struct decoding *d)
{
	while (d->count > 0) {
		struct decoder *decoder = d->decoders[--d->count];

		decoder->ops->free(decoder);
	}
}

const char *
decoding_failed(const struct decoding *d)
{
	return coding_name(d->codings[d->failed]);
}

/* ---- Octets ------------------------------------------------------------- */

static struct err
write_piece(struct decoding *d, bool is_last)
{
	struct slice piece = slice_of(d->room->pieces[d->count - 1], d->len);

	d->len = 0;
	return d->write(d->ctx, piece, is_last);
}

static struct err
note_coming(struct decoding *d, size_t at, size_t len)
{
	if (len > d->max_coded - d->came[at])
		return err_why(ERR_LIMIT, "larger than --max-filesize");
	d->came[at] += len;
	return err_none();
}

/* One call of a decoder, that has room. */
static struct err
decode(struct decoding *d, size_t at, struct decoder_io *io)
{
	struct decoder *decoder = d->decoders[at];
	struct err err = decoder->ops->decode(decoder, io);

	if (err_is(err))
		d->failed = at;
	return err;
}

static bool
is_at_end(const struct decoding *d, size_t at)
{
	return d->decoders[at]->ops->is_at_end(d->decoders[at]);
}

/* The last decoder's octets gather in its piece until that is full. */
static struct err
feed_last(struct decoding *d, struct slice in)
{
	size_t at = d->count - 1;
	struct decoder_io io = { .in = in };

	do {
		struct err err;

		if (d->len == DECODING_PIECE) {
			err = write_piece(d, false);
			if (err_is(err))
				return err;
		}
		io.out = d->room->pieces[at] + d->len;
		io.room = DECODING_PIECE - d->len;
		err = decode(d, at, &io);
		if (err_is(err))
			/* cppcheck-suppress returnDanglingLifetime ; static */
			return err;
		d->len = DECODING_PIECE - io.room;
		/* At its end nothing is held back, and a full piece may be
		 * the only one. */
	} while (io.room == 0 && !(io.in.len == 0 && is_at_end(d, at)));
	return err_none();
}

/* Those of any other go to the next one; there are few. */
static struct err
feed(struct decoding *d, size_t at, struct slice in)
{
	struct err err = note_coming(d, at, in.len);
	struct decoder_io io = { .in = in };

	if (err_is(err))
		return err;
	if (at == d->count - 1)
		return feed_last(d, in);
	do {
		io.out = d->room->pieces[at];
		io.room = DECODING_PIECE;
		err = decode(d, at, &io);
		if (!err_is(err) && io.room < DECODING_PIECE)
			err = feed(d, at + 1,
			    slice_of(
				d->room->pieces[at], DECODING_PIECE - io.room));
		if (err_is(err))
			/* cppcheck-suppress returnDanglingLifetime ; static */
			return err;
	} while (io.room == 0);
	return err_none();
}

struct err
decoding_end(struct decoding *d)
{
	if (d->came[0] == 0 && d->may_be_empty)
		return err_none();
	for (size_t i = 0; i < d->count; i++) {
		if (!is_at_end(d, i)) {
			d->failed = i;
			return err_why(ERR_CODING, "the coded body ends early");
		}
	}
	return err_none();
}

struct err
decoding_push(struct decoding *d, struct slice in, bool is_last)
{
	struct err err = err_none();

	if (in.len > 0)
		err = feed(d, 0, in);
	if (!err_is(err) && is_last)
		err = decoding_end(d);
	if (!err_is(err) && (is_last || d->len > 0))
		err = write_piece(d, is_last);
	return err;
}
