#include "http/coding.h"

#include "http/fields.h"

static const char *const names[CODING_KINDS] = {
	[CODING_GZIP] = "gzip",
	[CODING_DEFLATE] = "deflate",
	[CODING_BR] = "br",
	[CODING_ZSTD] = "zstd",
};

const char *
coding_name(enum coding coding)
{
	return names[coding];
}

static bool
find_coding(struct slice name, enum coding *coding)
{
	/* RFC 9110, section 8.4.1.3: the two are the same. */
	if (slice_eq_nocase_str(name, "x-gzip"))
		name = slice_str(names[CODING_GZIP]);
	for (size_t i = 0; i < CODING_KINDS; i++) {
		if (slice_eq_nocase_str(name, names[i])) {
			*coding = (enum coding)i;
			return true;
		}
	}
	return false;
}

static struct err
read_line(struct slice list, struct codings *codings, struct slice *unknown)
{
	struct slice member;

	while (fields_next_member(&list, &member)) {
		enum coding coding;

		/* "none" is not registered, but sent, and curl reads it so. */
		if (slice_eq_nocase_str(member, "identity") ||
		    slice_eq_nocase_str(member, "none"))
			continue;
		if (!find_coding(member, &coding)) {
			*unknown = member;
			return err_why(
			    ERR_CODING, "a content coding that is not known");
		}
		if (codings->count == CODINGS_MAX)
			return err_why(ERR_LIMIT, "too many content codings");
		codings->of[codings->count++] = coding;
	}
	return err_none();
}

static void
reverse(struct codings *codings)
{
	for (size_t i = 0; i < codings->count / 2; i++) {
		enum coding *a = &codings->of[i];
		enum coding *b = &codings->of[codings->count - 1 - i];
		enum coding coding = *a;

		*a = *b;
		*b = coding;
	}
}

struct err
codings_read(
    struct slice fields, struct codings *codings, struct slice *unknown)
{
	struct codings found = { 0 };
	struct field field;
	bool more;

	while (!err_is(fields_next(&fields, &field, &more)) && more) {
		struct err err = err_none();

		if (slice_eq_nocase_str(field.name, "Content-Encoding"))
			err = read_line(field.value, &found, unknown);
		if (err_is(err))
			return err;
	}
	reverse(&found);
	*codings = found;
	return err_none();
}

bool
codings_are_in(struct slice fields)
{
	struct codings codings;
	struct slice unknown;

	return err_is(codings_read(fields, &codings, &unknown)) ||
	    codings.count > 0;
}
