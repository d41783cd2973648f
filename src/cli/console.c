#include "cli/console.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/put.h"
#include "cli/summary.h"

#define LINE_MAX_LEN 1536

void
console_init(struct console *c)
{
	*c = (struct console){ .progress = { .mode = PROGRESS_NONE } };
}

/* A bar and results on one terminal would write over each other. */
static enum progress_mode
progress_mode(const struct options *o)
{
	if (o->is_quiet || o->is_silent)
		return PROGRESS_NONE;
	if (o->progress == PROGRESS_AUTO && o->has_stdout &&
	    isatty(STDOUT_FILENO))
		return PROGRESS_NONE;
	return o->progress;
}

void
console_begin(struct console *c, const struct options *o)
{
	c->is_quiet = o->is_quiet;
	c->is_silent = o->is_silent;
	progress_init(
	    &c->progress, progress_mode(o), STDERR_FILENO, getenv("TERM"));
}

static void
put(struct console *c, const char *text)
{
	progress_clear(&c->progress);
	put_text(STDERR_FILENO, text);
}

static void
put_line(struct console *c, const char *level, const char *line)
{
	char text[LINE_MAX_LEN];

	(void)snprintf(text, sizeof(text), "bulkfetch: %s%s\n", level, line);
	put(c, text);
}

void
console_say(struct console *c, const char *line)
{
	put_line(c, "", line);
}

void
console_say_level(
    struct console *c, enum bulkfetch_level level, const char *line)
{
	static const char *const levels[] = {
		[BULKFETCH_LEVEL_ERROR] = "",
		[BULKFETCH_LEVEL_WARNING] = "warning: ",
		[BULKFETCH_LEVEL_INFO] = "",
		[BULKFETCH_LEVEL_DEBUG] = "debug: ",
	};

	put_line(c, levels[level], line);
}

void
console_tell(struct console *c, const char *format, ...)
{
	char line[LINE_MAX_LEN - 32];
	va_list args;

	if (c->is_quiet || c->is_silent)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	put_line(c, "", line);
}

void
console_warn(struct console *c, const char *format, ...)
{
	char line[LINE_MAX_LEN - 32];
	va_list args;

	if (c->is_silent)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	console_say_level(c, BULKFETCH_LEVEL_WARNING, line);
}

void
console_summarise(struct console *c, const struct bulkfetch_stats *stats)
{
	char text[SUMMARY_MAX];

	put(c, summary_compose(stats, text, sizeof(text)));
}

void
console_explain(struct console *c, const struct bulkfetch_problem *problem)
{
	console_say(c, problem->text);
	if (problem->is_usage)
		put(c, "Try 'bulkfetch --help'.\n");
}
