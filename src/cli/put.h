/*
 * put - text to a terminal, or to whatever standard error is.
 */
#ifndef BULKFETCH_CLI_PUT_H
#define BULKFETCH_CLI_PUT_H

/*
 * Write all of `text` to `fd`, in one call as a rule, so that lines of several
 * programs do not mix.  There is nobody to tell of a failure.
 */
void put_text(int fd, const char *text);

#endif
