/*
 * session - one run of the program: a list source, a collector and an observer
 * are opened as the options say, run, and closed.
 *
 * What destroys something is done last: a log is truncated when nothing else
 * can go wrong any more.  A run that is resumed locks its log before it reads
 * it back, so that no other run writes to it meanwhile.
 */
#ifndef BULKFETCH_CLI_SESSION_H
#define BULKFETCH_CLI_SESSION_H

#include "cli/console.h"
#include "cli/options.h"
#include "cli/status.h"

/* `o` and `console` are borrowed for the call; the request's body is loaded
 * into `o`, and the environment's proxies. */
enum status session_run(struct options *o, struct console *console);

#endif
