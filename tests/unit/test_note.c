#include "exact.h"

#include "collect/note.h"

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static struct note
usual(void)
{
	return (struct note){
		.boot = TEXT(BOOT),
		.file = TEXT("h/d/.0123456789abcdef%.bulkfetch"),
		.left = { .dev = 1,
		    .ino = UINT64_MAX,
		    .born = { .tv_sec = 3, .tv_nsec = 999999999 } },
		.url = TEXT("http://h/d/a"),
		.user_hash = UINT64_C(0xfedcba9876543210),
		.from = TEXT("https://other/b?c"),
		.etag = TEXT("\"a\""),
		.total = 123456789,
	};
}

static void
expect_same(const struct note *a, const struct note *b)
{
	expect_slice("boot", a->boot, b->boot);
	expect_slice("file", a->file, b->file);
	assert_true(a->left.dev == b->left.dev);
	assert_true(a->left.ino == b->left.ino);
	assert_true(a->left.born.tv_sec == b->left.born.tv_sec);
	assert_true(a->left.born.tv_nsec == b->left.born.tv_nsec);
	expect_slice("url", a->url, b->url);
	assert_true(a->user_hash == b->user_hash);
	expect_slice("from", a->from, b->from);
	expect_slice("etag", a->etag, b->etag);
	expect_slice("date", a->last_modified, b->last_modified);
	assert_true(a->total == b->total);
}

/* Write `note`, and read that without an octet to spare. */
static void
expect_read_back(const struct note *note)
{
	struct note found;
	struct slice copy;
	struct buf text;

	buf_init(&text, NOTE_MAX);
	expect_kind("write", note_write(note, &text), ERR_NONE);
	copy = exact_copy(buf_slice(&text));
	assert_true(note_read(copy, &found));
	expect_same(&found, note);
	exact_free(copy);
	buf_fini(&text);
}

static void
reads_what_it_wrote(void **state)
{
	struct note note = usual();

	(void)state;
	expect_read_back(&note);
	note.total = BULKFETCH_LENGTH_UNKNOWN;
	expect_read_back(&note);
	note.etag = slice_of(NULL, 0);
	note.last_modified = slice_str(DATE);
	expect_read_back(&note);
	note.file = slice_str(".0123456789abcdef%.bulkfetch");
	note.left = (struct outfile_left){ 0 };
	expect_read_back(&note);
}

static void
tells_notes_apart(void **state)
{
	struct note note = usual();
	uint64_t sums[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct note found;
		struct buf text;

		buf_init(&text, NOTE_MAX);
		note.etag = i == 0 ? slice_str("\"a\"") : slice_str("\"b\"");
		assert_false(err_is(note_write(&note, &text)));
		assert_true(note_read(buf_slice(&text), &found));
		sums[i] = found.sum;
		buf_fini(&text);
	}
	assert_true(sums[0] != sums[1]);
}

enum part { BOOT_ID, FILE_NAME, URL, FROM, ETAG, LAST_MODIFIED };

static void
writes_nothing_that_it_would_not_read(void **state)
{
	static const struct {
		enum part part;
		const char *text;
	} rows[] = {
		{ BOOT_ID, "0123" },
		{ FILE_NAME, "" },
		{ FILE_NAME, "/etc/passwd" },
		{ FILE_NAME, "../a" },
		{ FILE_NAME, "a/../b" },
		{ FILE_NAME, "a/.." },
		{ FILE_NAME, "a//b" },
		{ FILE_NAME, "./a" },
		{ FILE_NAME, "a/" },
		{ FILE_NAME, "a\nb" },
		{ URL, "" },
		{ URL, "http://h/\nfrom x" },
		{ FROM, "" },
		{ FROM, "http://h/\x7f" },
		{ ETAG, "a" },
		{ ETAG, "W/\"a\"" },
		{ ETAG, "\"a\"\r\nX: y" },
		{ LAST_MODIFIED, "" },
		{ LAST_MODIFIED, "now" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = slice_str(rows[i].text);
		struct note note = usual();
		struct buf out;

		buf_init(&out, NOTE_MAX);
		switch (rows[i].part) {
		case BOOT_ID:
			note.boot = text;
			break;
		case FILE_NAME:
			note.file = text;
			break;
		case URL:
			note.url = text;
			break;
		case FROM:
			note.from = text;
			break;
		case ETAG:
			note.etag = text;
			break;
		case LAST_MODIFIED:
			note.etag = slice_of(NULL, 0);
			note.last_modified = text;
			break;
		}
		expect_kind(rows[i].text, note_write(&note, &out), ERR_LIMIT);
		buf_fini(&out);
	}
}

static void
has_a_maximum(void **state)
{
	static char url[NOTE_MAX];
	struct note note = usual();
	struct buf out;

	(void)state;
	memset(url, 'a', sizeof(url));
	note.url = slice_of(url, sizeof(url));
	buf_init(&out, NOTE_MAX);
	expect_kind("long", note_write(&note, &out), ERR_LIMIT);
	buf_fini(&out);
}

static void
reads_no_note_with_a_bit_changed_or_an_end_missing(void **state)
{
	struct note note = usual();
	struct note found;
	struct slice copy;
	struct buf text;

	(void)state;
	buf_init(&text, NOTE_MAX);
	assert_false(err_is(note_write(&note, &text)));
	for (size_t bit = 0; bit < 8 * text.len; bit++) {
		text.ptr[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_false(note_read(buf_slice(&text), &found));
		text.ptr[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t len = 0; len < text.len; len++) {
		copy = exact_copy(slice_first(buf_slice(&text), len));
		assert_false(note_read(copy, &found));
		exact_free(copy);
	}
	assert_false(err_is(buf_append_octet(&text, '\n')));
	assert_false(note_read(buf_slice(&text), &found));
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_wrote),
		cmocka_unit_test(tells_notes_apart),
		cmocka_unit_test(writes_nothing_that_it_would_not_read),
		cmocka_unit_test(has_a_maximum),
		cmocka_unit_test(
		    reads_no_note_with_a_bit_changed_or_an_end_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
