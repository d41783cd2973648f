#include "source/lines.h"

#include <string.h>

#include "base/ascii.h"

static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };

/* All but `part`, which needs no value and is large. */
void
lines_init(struct lines *lines)
{
	lines->state = LINES_MARK;
	lines->is_begun = false;
	lines->ended = 0;
	lines->mark_len = 0;
	lines->part_len = 0;
}

uint64_t
lines_count(const struct lines *lines)
{
	return lines->ended + (lines->is_begun ? 1 : 0);
}

static void
end_line(struct lines *lines)
{
	lines->ended++;
	lines->is_begun = false;
	lines->part_len = 0;
	lines->state = LINES_START;
}

/* Add to `part` what it has room for. */
static void
keep(struct lines *lines, struct slice text)
{
	size_t room = sizeof(lines->part) - lines->part_len;
	size_t len = text.len < room ? text.len : room;

	if (len == 0)
		return;
	memcpy(lines->part + lines->part_len, text.ptr, len);
	lines->part_len += len;
}

/* `text` is too long: give its beginning and pass over the rest. */
static bool
cut_text(struct lines *lines, struct slice text, struct line *line)
{
	*line = (struct line){
		.text = slice_first(text, LINES_CUT_LEN),
		.number = lines_count(lines),
		.is_cut = true,
	};
	lines->state = LINES_COMMENT;
	return true;
}

/* A whole text, from its first octet to before the LF or the end. */
static bool
whole_text(struct lines *lines, struct slice text, struct line *line)
{
	if (text.len > 0 && text.ptr[text.len - 1] == '\r')
		text.len--;
	*line = (struct line){
		.text = slice_trim(text),
		.number = lines_count(lines),
	};
	return line->text.len > 0;
}

/* The mark is dropped; what only began like it is text. */
static void
step_mark(struct lines *lines, struct slice *in)
{
	lines->is_begun = true;
	if (in->ptr[0] == mark[lines->mark_len]) {
		lines->mark_len++;
		*in = slice_from(*in, 1);
		if (lines->mark_len < sizeof(mark))
			return;
		lines->mark_len = 0;
		lines->state = LINES_START;
		return;
	}
	keep(lines, slice_of(mark, lines->mark_len));
	lines->state = lines->mark_len > 0 ? LINES_TEXT : LINES_START;
	lines->mark_len = 0;
}

static void
step_start(struct lines *lines, struct slice *in)
{
	lines->is_begun = true;
	while (in->len > 0 && ascii_is_blank(in->ptr[0]))
		*in = slice_from(*in, 1);
	if (in->len == 0)
		return;
	if (in->ptr[0] == '\n') {
		*in = slice_from(*in, 1);
		end_line(lines);
	} else {
		lines->state = in->ptr[0] == '#' ? LINES_COMMENT : LINES_TEXT;
	}
}

static void
step_comment(struct lines *lines, struct slice *in)
{
	size_t end = slice_find(*in, '\n');

	if (end == in->len) {
		*in = slice_from(*in, end);
		return;
	}
	*in = slice_from(*in, end + 1);
	end_line(lines);
}

/* A piece of a text without its line's end: is it certain to be too long? */
static bool
is_too_long(const struct lines *lines, struct slice piece)
{
	size_t room = sizeof(lines->part) - lines->part_len;

	if (room == 0 || piece.len != room)
		return piece.len > room;
	/* All but the last octet would do, if that is the CR of a CRLF. */
	return piece.ptr[piece.len - 1] != '\r';
}

static bool
step_text(struct lines *lines, struct slice *in, struct line *line)
{
	size_t end = slice_find(*in, '\n');
	struct slice text = slice_first(*in, end);
	bool is_whole = end < in->len;
	bool is_long = is_too_long(lines, text);
	bool found;

	/* The ordinary case: the line stands in the input as a whole. */
	if (!is_whole || lines->part_len > 0) {
		keep(lines, text);
		text = slice_of(lines->part, lines->part_len);
	}
	*in = slice_from(*in, end);
	if (is_long)
		found = cut_text(lines, text, line);
	else
		found = is_whole && whole_text(lines, text, line);
	if (is_whole) {
		*in = slice_from(*in, 1);
		end_line(lines);
	}
	return found;
}

bool
lines_next(struct lines *lines, struct slice *in, struct line *line)
{
	bool found = false;

	while (!found && in->len > 0) {
		switch (lines->state) {
		case LINES_MARK:
			step_mark(lines, in);
			break;
		case LINES_START:
			step_start(lines, in);
			break;
		case LINES_TEXT:
			found = step_text(lines, in, line);
			break;
		case LINES_COMMENT:
			step_comment(lines, in);
			break;
		}
	}
	return found;
}

bool
lines_finish(struct lines *lines, struct line *line)
{
	if (lines->state == LINES_MARK)
		keep(lines, slice_of(mark, lines->mark_len));
	else if (lines->state != LINES_TEXT)
		return false;
	lines->state = LINES_COMMENT;
	return whole_text(lines, slice_of(lines->part, lines->part_len), line);
}
