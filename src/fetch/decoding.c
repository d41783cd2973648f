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
	d->is_busy = false;
	d->is_last = false;
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
		d->in[i] = slice_of(NULL, 0);
		d->is_full[i] = false;
		buf_init(
		    &d->kept[i], i == 0 ? DECODING_PUSH_MAX : DECODING_PIECE);
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
		buf_fini(&d->kept[d->count]);
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

/* Octets that go into decoder `at`, which has none. */
static struct err
give(struct decoding *d, size_t at, struct slice in)
{
	if (in.len > d->max_coded - d->came[at])
		return err_why(ERR_LIMIT, "larger than --max-filesize");
	d->came[at] += in.len;
	d->in[at] = in;
	return err_none();
}

static bool
is_at_end(const struct decoding *d, size_t at)
{
	return d->decoders[at]->ops->is_at_end(d->decoders[at]);
}

/* One call of decoder `at`; the octets that it made. */
static struct err
decode(struct decoding *d, size_t at, size_t *made)
{
	struct decoder *decoder = d->decoders[at];
	size_t begin = at == d->count - 1 ? d->len : 0;
	struct decoder_io io = {
		.in = d->in[at],
		.out = d->room->pieces[at] + begin,
		.room = DECODING_PIECE - begin,
	};
	struct err err = decoder->ops->decode(decoder, &io);

	if (err_is(err)) {
		d->failed = at;
		/* cppcheck-suppress returnDanglingLifetime ; static */
		return err;
	}
	*made = DECODING_PIECE - begin - io.room;
	d->in[at] = io.in;
	if (io.in.len == 0)
		buf_fini(&d->kept[at]);
	/* At its end nothing is held back, and a full piece may be the only
	 * one. */
	d->is_full[at] = io.room == 0 && !(io.in.len == 0 && is_at_end(d, at));
	return err_none();
}

/* The last decoder's octets gather in its piece until that is full; those of
 * any other go into the next one. */
static struct err
step(struct decoding *d, size_t at)
{
	struct err err = err_none();
	size_t made;

	if (at == d->count - 1 && d->len == DECODING_PIECE)
		err = write_piece(d, false);
	if (!err_is(err))
		err = decode(d, at, &made);
	if (err_is(err))
		return err;
	d->made += made;
	if (at < d->count - 1)
		return give(d, at + 1, slice_of(d->room->pieces[at], made));
	d->len += made;
	return err_none();
}

/* The deepest decoder that has something to do, so that those behind it have
 * taken all that came out of it before. */
static bool
find_work(const struct decoding *d, size_t *at)
{
	for (size_t i = d->count; i > 0; i--) {
		if (d->in[i - 1].len > 0 || d->is_full[i - 1]) {
			*at = i - 1;
			return true;
		}
	}
	return false;
}

/* Leave nothing where it cannot stay. */
static struct err
put_off(struct decoding *d)
{
	d->is_busy = true;
	for (size_t i = 0; i < d->count; i++) {
		struct err err;

		if (d->in[i].len == 0 || d->kept[i].len > 0)
			continue;
		err = buf_append(&d->kept[i], d->in[i]);
		if (err_is(err))
			return err;
		d->in[i] = buf_slice(&d->kept[i]);
	}
	return d->len > 0 ? write_piece(d, false) : err_none();
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
decoding_go_on(struct decoding *d)
{
	struct err err = err_none();
	size_t at;

	d->made = 0;
	d->is_busy = false;
	while (!err_is(err) && find_work(d, &at)) {
		if (d->made >= d->turn)
			return put_off(d);
		err = step(d, at);
	}
	if (!err_is(err) && d->is_last)
		err = decoding_end(d);
	if (!err_is(err) && (d->is_last || d->len > 0))
		err = write_piece(d, d->is_last);
	return err;
}

struct err
decoding_push(struct decoding *d, struct slice in, bool is_last)
{
	struct err err;

	assert(!d->is_busy && !d->is_last);
	err = give(d, 0, in);
	d->is_last = is_last;
	return err_is(err) ? err : decoding_go_on(d);
}
