#include "exact.h"

#include "base/buf.h"
#include "http/fields.h"

/* Lines, and "name=value|" for each field in them. */
static const struct {
	struct slice lines;
	const char *fields;
	enum err_kind kind;
} walks[] = {
	{ TEXT(""), "", ERR_NONE },
	{ TEXT("\r\n"), "", ERR_NONE },
	{ TEXT("\n"), "", ERR_NONE },
	{ TEXT("A: b\r\n"), "A=b|", ERR_NONE },
	{ TEXT("A: b\r\n\r\n"), "A=b|", ERR_NONE },
	{ TEXT("A: b\r\n\r\nC: d\r\n"), "A=b|", ERR_NONE },
	{ TEXT("A:b\r\nC:\t d \t\r\n\r\n"), "A=b|C=d|", ERR_NONE },
	{ TEXT("A: b\nC: d\n\n"), "A=b|C=d|", ERR_NONE },
	{ TEXT("A:\r\nB: \r\n"), "A=|B=|", ERR_NONE },
	{ TEXT("A: b: c\r\n"), "A=b: c|", ERR_NONE },
	{ TEXT("A: \x80\xff\r\n"), "A=\x80\xff|", ERR_NONE },
	{ TEXT("!#$%&'*+-.^_`|~1a: b\r\n"), "!#$%&'*+-.^_`|~1a=b|", ERR_NONE },
	/* obs-fold belongs to its field and is left in */
	{ TEXT("A: b\r\n c\r\nD: e\r\n"), "A=b\r\n c|D=e|", ERR_NONE },
	{ TEXT("A: b\n\tc\n  d\n"), "A=b\n\tc\n  d|", ERR_NONE },
	{ TEXT("A:\r\n b\r\n"), "A=b|", ERR_NONE },
	{ TEXT("A: b\r\n \r\nC: d\r\n"), "A=b|C=d|", ERR_NONE },
	{ TEXT("A:\r\n\r\n"), "A=|", ERR_NONE },

	{ TEXT(" A: b\r\n"), "", ERR_PROTOCOL },
	{ TEXT("\tA: b\r\n"), "", ERR_PROTOCOL },
	{ TEXT(": b\r\n"), "", ERR_PROTOCOL },
	{ TEXT("A : b\r\n"), "", ERR_PROTOCOL },
	{ TEXT("A\r\n"), "", ERR_PROTOCOL },
	{ TEXT("A"), "", ERR_PROTOCOL },
	{ TEXT("A b: c\r\n"), "", ERR_PROTOCOL },
	{ TEXT("A(: b\r\n"), "", ERR_PROTOCOL },
	{ TEXT("\xc4: b\r\n"), "", ERR_PROTOCOL },
	{ TEXT("A\0: b\r\n"), "", ERR_PROTOCOL },
	{ TEXT("A: b\0c\r\n"), "", ERR_PROTOCOL },
	{ TEXT("A: b\x7f\r\n"), "", ERR_PROTOCOL },
	{ TEXT("A: b\x1b[1m\r\n"), "", ERR_PROTOCOL },
	{ TEXT("A: b\rc\r\n"), "", ERR_PROTOCOL },
	{ TEXT("A: b\r\r\n"), "", ERR_PROTOCOL },
	{ TEXT("A: b\r\n c\rd\r\n"), "", ERR_PROTOCOL },
	{ TEXT("\rA: b\r\n"), "", ERR_PROTOCOL },
	{ TEXT("A: b\r\nC: d\r\nE f\r\n"), "A=b|C=d|", ERR_PROTOCOL },
};

/* Append "name=value|" for each field; the verdict on the last line. */
static struct err
walk(struct slice lines, struct buf *out)
{
	for (;;) {
		struct field field;
		bool more;
		struct err err = fields_next(&lines, &field, &more);

		if (err_is(err) || !more)
			return err;
		(void)buf_append(out, field.name);
		(void)buf_append_octet(out, '=');
		(void)buf_append(out, field.value);
		(void)buf_append_octet(out, '|');
	}
}

static void
walks_over_field_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(walks); i++) {
		const char *row = (const char *)walks[i].lines.ptr;
		struct slice lines = exact_copy(walks[i].lines);
		struct buf out;

		buf_init(&out, 1000);
		expect_kind(row, walk(lines, &out), walks[i].kind);
		expect_text(row, buf_slice(&out), walks[i].fields);
		buf_fini(&out);
		exact_free(lines);
	}
}

static void
leaves_results_alone_when_it_fails(void **state)
{
	struct slice lines = slice_str("A b\r\n");
	struct slice before = lines;
	struct field field = { .name = slice_str("untouched") };
	bool more = true;

	(void)state;
	assert_int_equal(fields_next(&lines, &field, &more).kind, ERR_PROTOCOL);
	assert_true(more);
	assert_ptr_equal(lines.ptr, before.ptr);
	assert_int_equal(lines.len, before.len);
	expect_text("name", field.name, "untouched");
}

static void
finds_the_first_field_of_a_name(void **state)
{
	static const char lines[] =
	    "Date: x\r\nX-A: 1\r\nx-a: 2\r\nLong:\r\n a\r\n\r\nBehind: y\r\n";
	static const struct {
		const char *name;
		const char *value; /* NULL: none */
	} rows[] = {
		{ "Date", "x" },
		{ "dATE", "x" },
		{ "X-a", "1" },
		{ "long", "a" },
		{ "Dat", NULL },
		{ "Dates", NULL },
		{ "", NULL },
		{ "Behind", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice value;
		bool found =
		    fields_find(slice_str(lines), rows[i].name, &value);

		if (found != (rows[i].value != NULL))
			fail_msg("%s: found %d", rows[i].name, found);
		if (found)
			expect_text(rows[i].name, value, rows[i].value);
	}
}

static void
takes_a_list_apart(void **state)
{
	static const struct {
		const char *list;
		const char *members; /* each with a '|' behind it */
	} rows[] = {
		{ "", "" },
		{ "a", "a|" },
		{ "a,b", "a|b|" },
		{ " a ,\tb ", "a|b|" },
		{ ",, a,,b , ,", "a|b|" },
		{ " , ", "" },
		{ "a b, c", "a b|c|" },
		{ "a=\"x,y\", b", "a=\"x,y\"|b|" },
		{ "\"x\\\",y\",b", "\"x\\\",y\"|b|" },
		{ "\"x,y", "\"x,y|" },
		{ "\"x\\", "\"x\\|" },
		{ "a\\,b", "a\\|b|" },
		{ "a,\r\n b\r\n ,c", "a|b|c|" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice copy = exact_copy(slice_str(rows[i].list));
		struct slice list = copy;
		struct slice member;
		struct buf out;

		buf_init(&out, 1000);
		while (fields_next_member(&list, &member)) {
			(void)buf_append(&out, member);
			(void)buf_append_octet(&out, '|');
		}
		expect_text(rows[i].list, buf_slice(&out), rows[i].members);
		buf_fini(&out);
		exact_free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_over_field_lines),
		cmocka_unit_test(leaves_results_alone_when_it_fails),
		cmocka_unit_test(finds_the_first_field_of_a_name),
		cmocka_unit_test(takes_a_list_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
