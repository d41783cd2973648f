#include "cli/usage.h"

#include <stdarg.h>
#include <stdio.h>

bool
usage_refuse(struct bulkfetch_problem *problem, const char *format, ...)
{
	va_list args;

	*problem = (struct bulkfetch_problem){ .is_usage = true };
	va_start(args, format);
	(void)vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	return false;
}

const char *
usage_shown(const char *word, size_t len, char space[USAGE_SHOWN_MAX])
{
	struct bulkfetch_text text = { .ptr = word, .len = len };

	return bulkfetch_escape(text, space, USAGE_SHOWN_MAX);
}
