#include "http/chunked.h"

#include "base/ascii.h"

void
chunked_init(struct chunked *dec)
{
	*dec = (struct chunked){ .state = CHUNKED_SIZE };
}

/* Count an octet of a line or of the trailers. */
static struct err
count_octet(struct chunked *dec, size_t max, const char *why)
{
	if (dec->line_len == max)
		return err_why(ERR_LIMIT, why);
	dec->line_len++;
	return err_none();
}

/*
 * One octet of text that runs up to a line end and that nobody reads.
 * `*ended` is set when it was the LF.
 */
static struct err
pass_over(struct chunked *dec, uint8_t octet, bool *ended)
{
	*ended = octet == '\n';
	if (dec->has_cr && octet != '\n')
		return err_why(ERR_PROTOCOL, "a bare CR in chunked framing");
	dec->has_cr = octet == '\r';
	if (octet != '\n' && octet != '\r' && !ascii_is(octet, ASCII_FIELD))
		return err_why(
		    ERR_PROTOCOL, "a control octet in chunked framing");
	return err_none();
}

/*
 * Keep account of a whole size line: it may be as long as any size needs and as
 * its chunk's data, and what is beyond that adds up over the body.
 */
static struct err
count_line(struct chunked *dec)
{
	size_t spent = dec->waste_len + dec->line_len;
	size_t beyond =
	    spent > CHUNKED_LINE_USUAL ? spent - CHUNKED_LINE_USUAL : 0;

	dec->waste_len = beyond > dec->left ? beyond - (size_t)dec->left : 0;
	dec->line_len = 0;
	if (dec->waste_len > CHUNKED_WASTE_MAX)
		return err_why(ERR_LIMIT, "chunks are mostly framing");
	return err_none();
}

static struct err
step_ext(struct chunked *dec, uint8_t octet)
{
	bool ended;
	struct err err = pass_over(dec, octet, &ended);

	if (err_is(err) || !ended)
		return err;
	err = count_line(dec);
	if (err_is(err))
		return err;
	dec->state = dec->left > 0 ? CHUNKED_DATA : CHUNKED_TRAILER;
	return err_none();
}

static struct err
step_size(struct chunked *dec, uint8_t octet)
{
	if (ascii_is_hex(octet)) {
		if (dec->left >> 60 != 0)
			return err_why(ERR_PROTOCOL, "a chunk size overflows");
		dec->left = dec->left << 4 | ascii_hex_value(octet);
		dec->has_digit = true;
		return err_none();
	}
	if (!dec->has_digit)
		return err_why(ERR_PROTOCOL, "a chunk without a size");
	if (octet != ';' && octet != '\r' && octet != '\n' &&
	    !ascii_is_blank(octet))
		return err_why(ERR_PROTOCOL, "a malformed chunk size");
	dec->state = CHUNKED_EXT;
	dec->has_cr = false;
	return step_ext(dec, octet);
}

/* The line end behind a chunk's data. */
static struct err
step_data_end(struct chunked *dec, uint8_t octet)
{
	if (octet == '\r' && dec->state == CHUNKED_DATA_CR) {
		dec->state = CHUNKED_DATA_LF;
		return err_none();
	}
	if (octet != '\n')
		return err_why(
		    ERR_PROTOCOL, "chunk data is not followed by a line end");
	dec->state = CHUNKED_SIZE;
	dec->has_digit = false;
	return err_none();
}

static struct err
step_trailer_line(struct chunked *dec, uint8_t octet)
{
	bool ended;
	struct err err = pass_over(dec, octet, &ended);

	if (!err_is(err) && ended)
		dec->state = CHUNKED_TRAILER;
	return err;
}

static struct err
step_trailer(struct chunked *dec, uint8_t octet)
{
	if (octet == '\n') {
		dec->state = CHUNKED_DONE;
		return err_none();
	}
	if (octet == '\r') {
		dec->state = CHUNKED_END_LF;
		return err_none();
	}
	dec->state = CHUNKED_TRAILER_LINE;
	dec->has_cr = false;
	return step_trailer_line(dec, octet);
}

static struct err
step_end_lf(struct chunked *dec, uint8_t octet)
{
	if (octet != '\n')
		return err_why(ERR_PROTOCOL, "a bare CR in chunked framing");
	dec->state = CHUNKED_DONE;
	return err_none();
}

/* One octet of framing: any state but DATA and DONE. */
static struct err
step(struct chunked *dec, uint8_t octet)
{
	struct err err;

	switch (dec->state) {
	case CHUNKED_SIZE:
	case CHUNKED_EXT:
		err = count_octet(
		    dec, CHUNKED_LINE_MAX, "a chunk's size line is too long");
		if (err_is(err))
			return err;
		return dec->state == CHUNKED_SIZE ? step_size(dec, octet)
						  : step_ext(dec, octet);
	case CHUNKED_DATA_CR:
	case CHUNKED_DATA_LF:
		return step_data_end(dec, octet);
	case CHUNKED_TRAILER:
	case CHUNKED_TRAILER_LINE:
		err = count_octet(
		    dec, CHUNKED_TRAILER_MAX, "the trailers are too long");
		if (err_is(err))
			return err;
		return dec->state == CHUNKED_TRAILER
		    ? step_trailer(dec, octet)
		    : step_trailer_line(dec, octet);
	case CHUNKED_END_LF:
		return step_end_lf(dec, octet);
	case CHUNKED_DATA:
	case CHUNKED_DONE:
		break;
	}
	return err_none();
}

/*
 * One piece of data is given a call, and the framing on both sides of it is
 * consumed with it, so that a body that is here whole ends in one call.
 */
struct err
chunked_decode(
    struct chunked *dec, struct slice in, size_t *used, struct slice *data)
{
	struct slice piece = slice_of(in.ptr, 0);
	size_t at = 0;

	while (at < in.len && dec->state != CHUNKED_DONE) {
		if (dec->state == CHUNKED_DATA) {
			if (piece.len > 0)
				break;
			piece = slice_from(in, at);
			if (piece.len > dec->left)
				piece.len = (size_t)dec->left;
			dec->left -= piece.len;
			at += piece.len;
			if (dec->left == 0)
				dec->state = CHUNKED_DATA_CR;
		} else {
			struct err err = step(dec, in.ptr[at]);

			if (err_is(err))
				return err;
			at++;
		}
	}
	*used = at;
	*data = piece;
	return err_none();
}
