/*
 * option_table - every option once: what it is called, what it takes, where its
 * value goes and what --help says.  Parsing and help both follow the table.
 */
#ifndef BULKFETCH_CLI_OPTION_TABLE_H
#define BULKFETCH_CLI_OPTION_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* What an option takes, and the type of its member of `struct options`. */
enum option_kind {
	OPTION_FLAG,     /* nothing: bool, true */
	OPTION_FLAG_OFF, /* nothing: bool, false */
	OPTION_COUNT,    /* nothing: unsigned, one up */
	OPTION_NUMBER,   /* `min` to `max`: unsigned */
	OPTION_SECONDS,  /* uint64_t, milliseconds */
	OPTION_SIZE,     /* octets: uint64_t */
	OPTION_PACE,     /* so many in a time: struct bulkfetch_pace */
	OPTION_ERRORS,   /* N or N%: one of two members of `fetch` */
	OPTION_NAME,     /* not empty: const char * */
	OPTION_TEXT,     /* const char * */
	OPTION_METHOD,   /* a token of HTTP: const char * */
	OPTION_PROGRESS, /* enum progress_mode */
	OPTION_SERVERS,  /* between commas: `dns_servers` */
	OPTION_SCHEMES,  /* as curl's --proto: unsigned */
	OPTION_FIELD,    /* gathered in `fields` */
	OPTION_TEXTS,    /* gathered, each not empty: struct options_texts */
	OPTION_DATA,     /* gathered in `data`, like the next */
	OPTION_DATA_FILE,
};

struct option_row {
	const char *group; /* heading in the help, over its first row */
	const char *name;
	char letter;     /* or 0 */
	const char *arg; /* its name in the help; NULL when it takes none */
	enum option_kind kind;
	size_t at;    /* offset of the member; unused when gathered */
	unsigned min; /* of an OPTION_NUMBER, as the next */
	unsigned max;
	const char *help;
	const char *letter_note; /* for a wrong value behind the letter */
};

/* The rows in the order of the help, ended by one without a name. */
extern const struct option_row option_rows[];

#endif
