/*
 * console - what the program says on standard error: lines with its name in
 * front, summaries, and the progress line, which gives way to them.
 */
#ifndef BULKFETCH_CLI_CONSOLE_H
#define BULKFETCH_CLI_CONSOLE_H

#include "bulkfetch.h"
#include "cli/options.h"
#include "cli/progress.h"

struct console {
	struct progress progress;
	bool is_quiet;  /* failures are not told one by one, nor progress */
	bool is_silent; /* nor anything but what ends the run */
};

/* Until console_begin() there is no progress, and everything is said. */
void console_init(struct console *c);
void console_begin(struct console *c, const struct options *o);

/* What ends the run. */
void console_say(struct console *c, const char *line);

/* The same with "warning: " or the like in front. */
void console_say_level(
    struct console *c, enum bulkfetch_level level, const char *line);

/* What is good to know: not if quiet or silent. */
void console_tell(struct console *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What must be known: not if silent. */
void console_warn(struct console *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void console_summarise(struct console *c, const struct bulkfetch_stats *stats);

/* Why a run could not be begun. */
void console_explain(
    struct console *c, const struct bulkfetch_problem *problem);

#endif
