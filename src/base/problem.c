#include "base/problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
problem_errno(struct err err)
{
	if (!err_is(err))
		return 0;
	if (err.sys != 0)
		return err.sys;
	if (err.kind == ERR_NOMEM)
		return ENOMEM;
	return err.kind == ERR_LIMIT ? ENAMETOOLONG : EINVAL;
}

int
problem_set(struct bulkfetch_problem *problem, struct err err, const char *what,
    const char *name)
{
	char shown[256];
	char reason[128];
	const char *text = err_text(err, reason, sizeof(reason));

	problem->sys = problem_errno(err);
	problem->is_usage = false;
	if (name == NULL) {
		(void)snprintf(
		    problem->text, sizeof(problem->text), "%s: %s", what, text);
		return problem->sys;
	}
	(void)bulkfetch_escape((struct bulkfetch_text){ name, strlen(name) },
	    shown, sizeof(shown));
	(void)snprintf(problem->text, sizeof(problem->text), "%s '%s': %s",
	    what, shown, text);
	return problem->sys;
}

bool
problem_refuse(struct bulkfetch_problem *problem, bool is_usage, int sys,
    const char *format, ...)
{
	va_list args;

	*problem =
	    (struct bulkfetch_problem){ .sys = sys, .is_usage = is_usage };
	va_start(args, format);
	(void)vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	return false;
}

bool
problem_refuse_err(struct bulkfetch_problem *problem, struct err err)
{
	char text[128];

	return problem_refuse(problem, err.kind == ERR_REQUEST, err.sys, "%s",
	    err_text(err, text, sizeof(text)));
}
