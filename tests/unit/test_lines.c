#include "exact.h"

#include <stdio.h>

#include "base/buf.h"
#include "source/lines.h"

/* A list, its texts as "NUMBER:TEXT|", and how many lines it has. */
static const struct row {
	const char *name;
	struct slice in;
	const char *texts;
	uint64_t count;
} rows[] = {
	{ "nothing", TEXT(""), "", 0 },
	{ "one line", TEXT("a\n"), "1:a|", 1 },
	{ "no newline at the end", TEXT("a\nb"), "1:a|2:b|", 2 },
	{ "CRLF", TEXT("a\r\nb\r\n"), "1:a|2:b|", 2 },
	{ "CRLF and LF", TEXT("a\r\nb\nc\r\n"), "1:a|2:b|3:c|", 3 },
	{ "CR at the very end", TEXT("a\r\nb\r"), "1:a|2:b|", 2 },
	{ "CR within", TEXT("a\rb\n"), "1:a\rb|", 1 },
	{ "two CRs", TEXT("a\r\r\n"), "1:a\r|", 1 },
	{ "blank lines", TEXT("\n\r\n \t\na\n\n"), "4:a|", 5 },
	{ "only blank lines", TEXT("\n\n"), "", 2 },
	{ "only a newline", TEXT("\n"), "", 1 },
	{ "blanks at the end", TEXT("a\n  "), "1:a|", 2 },
	{ "a CR alone", TEXT("\r"), "", 1 },
	{ "comments", TEXT("# a\na\n#\n\t #b\nb#c\n"), "2:a|5:b#c|", 5 },
	{ "a comment without a newline", TEXT("a\n#b"), "1:a|", 2 },
	{ "a comment with CRs", TEXT("#a\rb\r\nc\n"), "2:c|", 2 },
	{ "blanks around", TEXT(" \ta b \t\n\tc \r\n"), "1:a b|2:c|", 2 },
	{ "blanks behind the CR", TEXT("a\r \n"), "1:a\r|", 1 },
	{ "a mark",
	    TEXT("\xef\xbb\xbf"
		 "a\n"),
	    "1:a|", 1 },
	{ "a mark alone", TEXT("\xef\xbb\xbf"), "", 1 },
	{ "a mark, then blanks and a comment", TEXT("\xef\xbb\xbf  #a\nb"),
	    "2:b|", 2 },
	{ "a mark in the second line",
	    TEXT("a\n\xef\xbb\xbf"
		 "b\n"),
	    "1:a|2:\xef\xbb\xbf"
	    "b|",
	    2 },
	{ "two marks",
	    TEXT("\xef\xbb\xbf\xef\xbb\xbf"
		 "a"),
	    "1:\xef\xbb\xbf"
	    "a|",
	    1 },
	{ "half a mark",
	    TEXT("\xef\xbb"
		 "a\nb\n"),
	    "1:\xef\xbb"
	    "a|2:b|",
	    2 },
	{ "half a mark alone", TEXT("\xef\xbb"), "1:\xef\xbb|", 1 },
	{ "half a mark and a newline", TEXT("\xef\n"), "1:\xef|", 1 },
	{ "control octets", TEXT("a\0b\n\x01\x7f\n"), "1:a\0b|2:\x01\x7f|", 2 },
};

static void
add_text(struct buf *out, const struct line *line)
{
	assert_false(err_is(buf_append_u64(out, line->number)));
	assert_false(err_is(buf_append_str(out, line->is_cut ? "!" : ":")));
	assert_false(err_is(buf_append(out, line->text)));
	assert_false(err_is(buf_append_str(out, "|")));
}

/* Feed `piece` from an allocation of its own, freed before the next one. */
static void
feed(struct lines *lines, struct slice piece, struct buf *out)
{
	struct slice copy = exact_copy(piece);
	struct slice in = copy;
	struct line line;

	while (lines_next(lines, &in, &line))
		add_text(out, &line);
	assert_int_equal(in.len, 0);
	exact_free(copy);
}

/* Split `in` after `first` octets, then after each `step`. */
static uint64_t
split(struct slice in, size_t first, size_t step, struct buf *out)
{
	static struct lines lines;
	struct line line;

	lines_init(&lines);
	buf_clear(out);
	feed(&lines, slice_first(in, first), out);
	for (size_t at = first; at < in.len; at += step) {
		size_t len = in.len - at < step ? in.len - at : step;

		feed(&lines, slice_first(slice_from(in, at), len), out);
	}
	if (lines_finish(&lines, &line))
		add_text(out, &line);
	return lines_count(&lines);
}

static struct slice
expected_texts(const struct row *row)
{
	/* The one row with a NUL in what is expected. */
	if (strcmp(row->name, "control octets") == 0)
		return slice_of("1:a\0b|2:\x01\x7f|", 11);
	return slice_str(row->texts);
}

static void
splits_the_same_however_the_input_is_split(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
		struct slice expected = expected_texts(row);

		for (size_t at = 0; at <= row->in.len; at++) {
			assert_int_equal(
			    split(row->in, at, SIZE_MAX / 2, &out), row->count);
			expect_slice(row->name, buf_slice(&out), expected);
		}
		assert_int_equal(split(row->in, 0, 1, &out), row->count);
		expect_slice(row->name, buf_slice(&out), expected);
	}
	buf_fini(&out);
}

/* A text of `len` octets with `before` and `after` around it. */
static struct slice
long_list(struct buf *b, const char *before, size_t len, const char *after)
{
	buf_clear(b);
	assert_false(err_is(buf_append_str(b, before)));
	assert_false(err_is(buf_reserve(b, len)));
	memset(b->ptr + b->len, 'x', len);
	b->len += len;
	assert_false(err_is(buf_append_str(b, after)));
	return buf_slice(b);
}

/* How a long text is to come out. */
static const struct long_row {
	const char *name;
	const char *before;
	size_t len;
	const char *after;
	bool is_cut;
	const char *rest; /* texts behind it */
} long_rows[] = {
	{ "the longest", "", LINES_TEXT_MAX, "\n", false, "" },
	{ "the longest, CRLF", "", LINES_TEXT_MAX, "\r\nb", false, "2:b|" },
	{ "the longest, CR at the end", "", LINES_TEXT_MAX, "\r", false, "" },
	{ "the longest, no newline", "", LINES_TEXT_MAX, "", false, "" },
	{ "the longest, blanks before", " \t ", LINES_TEXT_MAX, "\nb\n", false,
	    "2:b|" },
	{ "the longest, a mark before", "\xef\xbb\xbf", LINES_TEXT_MAX, "\n",
	    false, "" },
	{ "a CR too many", "", LINES_TEXT_MAX, "\r\r\nb\n", true, "2:b|" },
	{ "a CR within", "", LINES_TEXT_MAX, "\rx\nb\n", true, "2:b|" },
	{ "a blank too many", "", LINES_TEXT_MAX, " \nb\n", true, "2:b|" },
	{ "one too many", "", LINES_TEXT_MAX + 1, "\nb\n", true, "2:b|" },
	{ "one too many, CRLF", "", LINES_TEXT_MAX + 1, "\r\nb\n", true,
	    "2:b|" },
	{ "one too many, no newline", "", LINES_TEXT_MAX + 1, "", true, "" },
	{ "many times too long", "", 5 * LINES_TEXT_MAX, "\n\n#\nb", true,
	    "4:b|" },
};

static void
expect_long(const struct long_row *row, struct slice out)
{
	size_t len = row->is_cut ? LINES_CUT_LEN : row->len;
	struct slice text;

	expect_text(row->name, slice_first(out, 2), row->is_cut ? "1!" : "1:");
	text = slice_from(out, 2);
	assert_true(text.len > len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(text.ptr[i], 'x');
	assert_int_equal(text.ptr[len], '|');
	expect_text(row->name, slice_from(text, len + 1), row->rest);
}

static void
cuts_what_is_too_long(void **state)
{
	static const size_t steps[] = { 1, 7, 4096, 65535, 65536, 65537, 65538,
		SIZE_MAX / 2 };
	struct buf list;
	struct buf out;

	(void)state;
	buf_init(&list, 1 << 20);
	buf_init(&out, 1 << 20);
	for (const struct long_row *row = long_rows;
	     row < long_rows + COUNT(long_rows); row++) {
		struct slice in =
		    long_list(&list, row->before, row->len, row->after);

		for (size_t i = 0; i < COUNT(steps); i++) {
			(void)split(in, 0, steps[i], &out);
			expect_long(row, buf_slice(&out));
		}
		for (size_t back = 0; back < 8; back++) {
			(void)split(in, in.len - back, 1, &out);
			expect_long(row, buf_slice(&out));
		}
	}
	buf_fini(&list);
	buf_fini(&out);
}

static void
passes_over_long_comments_and_blanks(void **state)
{
	struct buf list;
	struct buf out;
	struct slice in;

	(void)state;
	buf_init(&list, 1 << 20);
	buf_init(&out, 1 << 10);
	in = long_list(&list, "#", 3 * LINES_TEXT_MAX, "\na\n");
	assert_int_equal(split(in, 0, 65536, &out), 2);
	expect_text("comment", buf_slice(&out), "2:a|");

	in = long_list(&list, "", 3 * LINES_TEXT_MAX, "a\n");
	memset(list.ptr, ' ', 3 * LINES_TEXT_MAX);
	assert_int_equal(split(in, 0, 65536, &out), 1);
	expect_text("blanks", buf_slice(&out), "1:a|");
	buf_fini(&list);
	buf_fini(&out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_the_same_however_the_input_is_split),
		cmocka_unit_test(cuts_what_is_too_long),
		cmocka_unit_test(passes_over_long_comments_and_blanks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
