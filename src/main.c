/*
 * bulkfetch, the program: words to options, one session, and an exit status.
 * The library is used through its face alone, as by any other program.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bulkfetch.h"
#include "cli/console.h"
#include "cli/option_help.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/version.h"

/*
 * A standard descriptor that is closed would be the next file opened.  What
 * takes its place fails as a closed one does, by being open the other way.
 */
static bool
fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			return false;
	}
	return true;
}

/* What was printed may still be refused, on a full disk for one. */
static enum status
close_stdout(struct console *console)
{
	char line[128];
	bool had_failed = ferror(stdout) != 0;

	if (fclose(stdout) == 0 && !had_failed)
		return STATUS_OK;
	(void)snprintf(line, sizeof(line), "standard output: %s",
	    strerrordesc_np(errno != 0 ? errno : EIO));
	console_say(console, line);
	return STATUS_FILE;
}

static enum status
run_words(struct options *o, const char *const *words, size_t count)
{
	struct bulkfetch_problem problem = { 0 };
	struct console console;

	console_init(&console);
	if (!options_parse(o, words, count, &problem)) {
		console_explain(&console, &problem);
		return status_of_problem(&problem);
	}
	if (o->is_help) {
		option_help_print(stdout);
		return close_stdout(&console);
	}
	if (o->is_version) {
		version_print(stdout);
		return close_stdout(&console);
	}
	return session_run(o, &console);
}

int
main(int argc, char **argv)
{
	struct options options;
	enum status status;

	if (!fill_standard_descriptors())
		return STATUS_FILE;
	(void)signal(SIGPIPE, SIG_IGN);
	/* A file beyond the limit of sizes is to fail with EFBIG, alone. */
	(void)signal(SIGXFSZ, SIG_IGN);
	status = run_words(&options, (const char *const *)argv + 1,
	    argc > 0 ? (size_t)argc - 1 : 0);
	options_fini(&options);
	return (int)status;
}
