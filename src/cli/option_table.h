/*
 * option_table - every option once: what it is called, what it takes, where its
 * value goes and what --help says.  Parsing and help both follow the table.
 */
#ifndef BULKFETCH_CLI_OPTION_TABLE_H
#define BULKFETCH_CLI_OPTION_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/slice.h"

/* What an option takes, and the type of its member of `struct options`. */
enum option_kind {
	OPTION_FLAG,     /* nothing: bool */
	OPTION_COUNT,    /* nothing: unsigned, one up */
	OPTION_NUMBER,   /* 1 to `max`: uint64_t */
	OPTION_SECONDS,  /* 0 for none: uint64_t, milliseconds */
	OPTION_SIZE,     /* octets: uint64_t */
	OPTION_NAME,     /* not empty: const char * */
	OPTION_TEXT,     /* const char * */
	OPTION_METHOD,   /* a token of HTTP: const char * */
	OPTION_PROGRESS, /* enum progress_mode */
	OPTION_FIELD,    /* gathered in `fields` */
	OPTION_DATA,     /* gathered in `data`, like the next */
	OPTION_DATA_FILE,
};

struct option_row {
	const char *group; /* heading in the help, over its first row */
	const char *name;
	char letter;     /* or 0 */
	const char *arg; /* its name in the help; NULL when it takes none */
	enum option_kind kind;
	size_t at; /* offset of the member; unused when gathered */
	uint64_t max;
	const char *help;
	const char *letter_note; /* for a wrong value behind the letter */
};

/* The rows in the order of the help, ended by one without a name. */
extern const struct option_row option_rows[];

/* NULL when there is none. */
const struct option_row *option_find_letter(char letter);

/*
 * The option whose name, or synonym, is `name` or alone begins with it; NULL
 * when there is none.  When several begin so, NULL with them in `candidates`
 * ("--failed, --fail-early"), which is otherwise empty.
 */
const struct option_row *option_find_name(
    struct slice name, char *candidates, size_t cap);

/*
 * What to do instead of an option that other programs have and this one has
 * not, as a part of a sentence; NULL when there is nothing to say.
 */
const char *option_hint_letter(char letter);
const char *option_hint_name(struct slice name);

/* The name most like `name`, NULL when none is near. */
const char *option_nearest(struct slice name);

/* The text of --help, no line over 80 columns. */
void option_print_help(FILE *out);

#endif
