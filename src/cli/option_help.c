#include "cli/option_help.h"

#include <string.h>

#include "cli/option_table.h"

#define HELP_COLUMN 28
#define HELP_WIDTH 79

/* Print `text` from `column` on, wrapped between words. */
static void
print_wrapped(FILE *out, const char *text, size_t column)
{
	while (column < HELP_COLUMN)
		column += (size_t)fprintf(out, " ");
	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + len > HELP_WIDTH) {
			(void)fprintf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			column += (size_t)fprintf(out, " ");
		}
		column += (size_t)fprintf(out, "%.*s", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
	(void)fprintf(out, "\n");
}

static void
print_row(FILE *out, const struct option_row *row)
{
	char letter[] = { '-', row->letter, ',', '\0' };
	size_t column;

	if (row->group != NULL)
		(void)fprintf(out, "\n%s:\n", row->group);
	column = (size_t)fprintf(out, "  %-3s --%s%s%s",
	    row->letter != 0 ? letter : "", row->name,
	    row->arg != NULL ? " " : "", row->arg != NULL ? row->arg : "");
	if (column + 2 > HELP_COLUMN) {
		(void)fprintf(out, "\n");
		column = 0;
	}
	print_wrapped(out, row->help, column);
}

void
option_help_print(FILE *out)
{
	(void)fputs(
	    "Usage: bulkfetch [OPTION]... [LIST]...\n"
	    "Fetch every URL of the LISTs over a fixed number of "
	    "connections.\n\n"
	    "A LIST is a file with a URL on each line, '-' for standard "
	    "input, or a URL.\n"
	    "Without a LIST, standard input is read unless it is a "
	    "terminal.\n",
	    out);
	for (const struct option_row *row = option_rows; row->name; row++)
		print_row(out, row);
	(void)fputs(
	    "\nExit status: 0 all fetched, 1 some failed, 2 wrong usage, "
	    "3 local file error,\n4 none succeeded, 5 stopped by --fail-early "
	    "or --max-errors, 6 stopped by\n--max-duration or --max-transfer, "
	    "7 interrupted, 75 another run holds the log.\n"
	    "After 5, 6 and 7 --resume goes on.\n"
	    "The manual: man bulkfetch\n",
	    out);
}
