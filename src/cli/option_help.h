/*
 * option_help - the text of --help, composed from the table of options.
 */
#ifndef BULKFETCH_CLI_OPTION_HELP_H
#define BULKFETCH_CLI_OPTION_HELP_H

#include <stdio.h>

/* No line is over 80 columns. */
void option_help_print(FILE *out);

#endif
