/*
 * version - what --version says: of the program, and of the libraries that it
 * has found.
 */
#ifndef BULKFETCH_CLI_VERSION_H
#define BULKFETCH_CLI_VERSION_H

#include <stdio.h>

void version_print(FILE *out);

#endif
