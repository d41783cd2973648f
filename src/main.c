/*
 * bulkfetch, the program: options to a list source, a collector and an
 * observer, one run, and an exit status.  The library is used through its face
 * alone, as by any other program.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bulkfetch.h"
#include "cli/inputs.h"
#include "cli/option_table.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/put.h"
#include "cli/report.h"
#include "cli/summary.h"

enum status {
	STATUS_OK = 0,
	STATUS_SOME_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_FILE = 3,
	STATUS_NONE_FETCHED = 4,
	STATUS_STOPPED_EARLY = 5,
	STATUS_INTERRUPTED = 7,
};

/* What signal handlers see; nothing else in the program is global. */
static struct bulkfetch *volatile signal_run;
static volatile sig_atomic_t signal_interrupts;
static volatile sig_atomic_t signal_wants_summary;
static volatile bool signal_is_given_up; /* interrupted twice */

struct program {
	struct options options;
	struct bulkfetch_source source;
	struct bulkfetch_collector collector;
	struct bulkfetch_observer observer;
	struct bulkfetch_log *log;    /* or NULL */
	struct bulkfetch_log *failed; /* or NULL */
	struct report *report;        /* NULL when failures are not told */
	struct progress progress;
	bool is_drain_told;
	bool has_file_failure; /* of the local file system */
};

/* ---- Lines on standard error -------------------------------------------- */

static void
write_stderr(struct program *p, const char *text)
{
	progress_clear(&p->progress);
	put_text(STDERR_FILENO, text);
}

static void
say(struct program *p, const char *level, const char *line)
{
	char text[1536];

	(void)snprintf(text, sizeof(text), "bulkfetch: %s%s\n", level, line);
	write_stderr(p, text);
}

static void
print_line(void *ctx, const char *line)
{
	say(ctx, "", line);
}

static void
print_summary(struct program *p, const struct bulkfetch_stats *stats)
{
	char text[SUMMARY_MAX];

	write_stderr(p, summary_compose(stats, text, sizeof(text)));
}

static enum status
fail(struct program *p, const struct bulkfetch_problem *problem)
{
	say(p, "", problem->text);
	if (!problem->is_usage)
		return STATUS_FILE;
	write_stderr(p, "Try 'bulkfetch --help'.\n");
	return STATUS_USAGE;
}

/* ---- The observer ------------------------------------------------------- */

static int
observe_result(void *ctx, const struct bulkfetch_result *result)
{
	struct program *p = ctx;
	int failure = 0;

	if (p->log != NULL)
		failure = bulkfetch_log_add(p->log, result);
	if (result->ok)
		return failure;
	if (strcmp(result->error, "file") == 0)
		p->has_file_failure = true;
	if (failure == 0 && p->failed != NULL)
		failure = bulkfetch_log_add(p->failed, result);
	if (p->report != NULL)
		report_failure(p->report, result);
	return failure;
}

static int
observe_flush(void *ctx)
{
	struct program *p = ctx;
	int failure = 0;

	if (p->log != NULL)
		failure = bulkfetch_log_flush(p->log);
	if (failure == 0 && p->failed != NULL)
		failure = bulkfetch_log_flush(p->failed);
	return failure;
}

static void
observe_tick(void *ctx, const struct bulkfetch_stats *stats)
{
	struct program *p = ctx;
	char line[80];

	if (signal_wants_summary) {
		signal_wants_summary = 0;
		print_summary(p, stats);
	}
	if (signal_interrupts > 0 && stats->in_flight > 0 &&
	    !p->is_drain_told) {
		p->is_drain_told = true;
		(void)snprintf(line, sizeof(line),
		    "finishing %u in flight; again to stop at once",
		    stats->in_flight);
		if (!p->options.is_silent)
			say(p, "", line);
	}
	progress_show(&p->progress, stats);
}

static void
observe_message(void *ctx, enum bulkfetch_level level, const char *text)
{
	static const char *const levels[] = {
		[BULKFETCH_LEVEL_ERROR] = "",
		[BULKFETCH_LEVEL_WARNING] = "warning: ",
		[BULKFETCH_LEVEL_INFO] = "",
		[BULKFETCH_LEVEL_DEBUG] = "debug: ",
	};

	say(ctx, levels[level], text);
}

static enum bulkfetch_level
level_max(const struct options *o)
{
	if (o->is_silent)
		return BULKFETCH_LEVEL_ERROR;
	if (o->verbosity >= 2)
		return BULKFETCH_LEVEL_DEBUG;
	return o->verbosity == 1 ? BULKFETCH_LEVEL_INFO
				 : BULKFETCH_LEVEL_WARNING;
}

/* ---- Signals ------------------------------------------------------------ */

static void
on_interrupt(int number)
{
	int saved = errno;
	struct bulkfetch *run = signal_run;

	(void)number;
	signal_interrupts++;
	if (signal_interrupts > 2)
		_exit(STATUS_INTERRUPTED);
	signal_is_given_up = signal_interrupts == 2;
	if (run != NULL) {
		bulkfetch_stop(run,
		    signal_is_given_up ? BULKFETCH_STOP_NOW
				       : BULKFETCH_STOP_DRAIN);
		bulkfetch_wake(run);
	}
	errno = saved;
}

static void
on_summary_wanted(int number)
{
	int saved = errno;
	struct bulkfetch *run = signal_run;

	(void)number;
	signal_wants_summary = 1;
	if (run != NULL)
		bulkfetch_wake(run);
	errno = saved;
}

/* Without SA_RESTART: a write to a slow reader must be interrupted. */
static void
handle(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(number, &action, NULL);
}

static void
handle_signals(struct bulkfetch *run)
{
	struct sigaction hangup;

	signal_run = run;
	handle(SIGINT, on_interrupt);
	handle(SIGTERM, on_interrupt);
	handle(SIGUSR1, on_summary_wanted);
	/* nohup(1) has it ignored. */
	if (sigaction(SIGHUP, NULL, &hangup) == 0 &&
	    hangup.sa_handler != SIG_IGN)
		handle(SIGHUP, on_interrupt);
}

/* ---- One run ------------------------------------------------------------ */

static bool
open_lists(struct program *p, struct bulkfetch_problem *problem)
{
	static const char *const standard_input[] = { "-" };
	const struct options *o = &p->options;

	if (o->list_count > 0)
		return bulkfetch_lists_new(
			   o->lists, o->list_count, &p->source, problem) == 0;
	if (isatty(STDIN_FILENO)) {
		*problem = (struct bulkfetch_problem){
			.is_usage = true,
			.text = "no LIST is given and standard input is a "
				"terminal",
		};
		return false;
	}
	return bulkfetch_lists_new(standard_input, 1, &p->source, problem) == 0;
}

static bool
open_collector(struct program *p, struct bulkfetch_problem *problem)
{
	const struct options *o = &p->options;

	if (o->is_head) {
		bulkfetch_null_new(&p->collector);
		return true;
	}
	if (o->is_to_stdout)
		return bulkfetch_stream_new(STDOUT_FILENO, &signal_is_given_up,
			   &p->collector, problem) == 0;
	return bulkfetch_tree_new(&o->tree, &p->collector, problem) == 0;
}

/* Last of all, as they truncate what is there. */
static bool
open_logs(struct program *p, struct bulkfetch_problem *problem)
{
	const struct options *o = &p->options;

	const struct bulkfetch_log_options log = {
		.format = BULKFETCH_LOG_JSON,
		.is_given_up = &signal_is_given_up,
	};
	const struct bulkfetch_log_options failed = {
		.format = BULKFETCH_LOG_FAILED,
		.is_given_up = &signal_is_given_up,
	};

	if (o->log != NULL &&
	    bulkfetch_log_open(o->log, &log, &p->log, problem) != 0)
		return false;
	return o->failed == NULL ||
	    bulkfetch_log_open(o->failed, &failed, &p->failed, problem) == 0;
}

/* A bar and results on one terminal would write over each other. */
static enum progress_mode
progress_mode(const struct options *o)
{
	if (o->progress == PROGRESS_AUTO && o->has_stdout &&
	    isatty(STDOUT_FILENO))
		return PROGRESS_NONE;
	return o->progress;
}

static bool
prepare(struct program *p, struct bulkfetch_problem *problem)
{
	struct options *o = &p->options;

	if (!inputs_check(o, problem) || !inputs_load(o, problem))
		return false;
	if (!open_lists(p, problem) || !open_collector(p, problem))
		return false;
	if (!o->is_quiet && !o->is_silent) {
		p->report = report_new(o->verbosity > 0, print_line, p);
		if (p->report == NULL) {
			*problem = (struct bulkfetch_problem){ .sys = ENOMEM,
				.text = "out of memory" };
			return false;
		}
		progress_init(&p->progress, progress_mode(o), STDERR_FILENO,
		    getenv("TERM"));
	}
	p->observer = (struct bulkfetch_observer){
		.ctx = p,
		.result = observe_result,
		.flush = observe_flush,
		.tick = observe_tick,
		.tick_ms = progress_tick_ms(&p->progress),
		.message = observe_message,
		.level_max = level_max(o),
	};
	return true;
}

static enum status
status_of(const struct program *p, enum bulkfetch_end end,
    const struct bulkfetch_stats *stats)
{
	/* Given up may be the writing of results, or of the log. */
	if (end == BULKFETCH_END_STOPPED || signal_is_given_up)
		return STATUS_INTERRUPTED;
	if (end == BULKFETCH_END_OUTPUT || end == BULKFETCH_END_SOURCE ||
	    p->has_file_failure)
		return STATUS_FILE;
	if (end == BULKFETCH_END_ERRORS)
		return STATUS_STOPPED_EARLY;
	if (stats->failed == 0)
		return STATUS_OK;
	return stats->fetched + stats->skipped > 0 ? STATUS_SOME_FAILED
						   : STATUS_NONE_FETCHED;
}

static void
tell_end(struct program *p, const struct bulkfetch_stats *stats)
{
	const struct options *o = &p->options;

	progress_clear(&p->progress);
	if (p->report != NULL)
		report_finish(p->report);
	if (!o->is_silent && (!o->is_quiet || stats->failed > 0))
		print_summary(p, stats);
}

/* `is_told`: why nothing can be written any more. */
static bool
close_log(struct program *p, struct bulkfetch_log *log, const char *name,
    bool is_told)
{
	int failure = bulkfetch_log_close(log);
	char line[128];

	if (failure == 0 || is_told)
		return failure == 0;
	(void)snprintf(
	    line, sizeof(line), "%s: %s", name, strerrordesc_np(failure));
	say(p, "", line);
	return false;
}

static enum status
run(struct program *p, struct bulkfetch *bulkfetch)
{
	struct bulkfetch_stats stats;
	enum bulkfetch_end end;
	enum status status;
	bool is_told;
	bool are_closed;

	handle_signals(bulkfetch);
	end = bulkfetch_run(bulkfetch);
	signal_run = NULL;
	bulkfetch_get_stats(bulkfetch, &stats);
	status = status_of(p, end, &stats);
	is_told = end == BULKFETCH_END_OUTPUT;
	are_closed = close_log(p, p->log, "--log", is_told);
	are_closed = close_log(p, p->failed, "--failed", is_told) && are_closed;
	p->log = NULL;
	p->failed = NULL;
	if (end == BULKFETCH_END_STOPPED && !p->options.is_silent)
		say(p, "", "interrupted");
	if (!are_closed && status != STATUS_INTERRUPTED)
		status = STATUS_FILE;
	tell_end(p, &stats);
	return status;
}

static enum status
fetch(struct program *p)
{
	struct bulkfetch_problem problem = { 0 };
	struct bulkfetch *bulkfetch;
	enum status status;

	if (!prepare(p, &problem))
		return fail(p, &problem);
	bulkfetch = bulkfetch_new(&p->options.fetch, &p->source, &p->collector,
	    &p->observer, &problem);
	if (bulkfetch == NULL)
		return fail(p, &problem);
	if (open_logs(p, &problem))
		status = run(p, bulkfetch);
	else
		status = fail(p, &problem);
	bulkfetch_free(bulkfetch);
	return status;
}

/* ---- The program -------------------------------------------------------- */

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
close_stdout(struct program *p)
{
	char line[128];
	bool had_failed = ferror(stdout) != 0;

	if (fclose(stdout) == 0 && !had_failed)
		return STATUS_OK;
	(void)snprintf(line, sizeof(line), "standard output: %s",
	    strerrordesc_np(errno != 0 ? errno : EIO));
	say(p, "", line);
	return STATUS_FILE;
}

static enum status
run_words(struct program *p, const char *const *words, size_t count)
{
	struct bulkfetch_problem problem = { 0 };

	if (!options_parse(&p->options, words, count, &problem))
		return fail(p, &problem);
	if (p->options.is_help) {
		option_print_help(stdout);
		return close_stdout(p);
	}
	if (p->options.is_version) {
		(void)printf("bulkfetch %s\n", BULKFETCH_VERSION);
		return close_stdout(p);
	}
	return fetch(p);
}

int
main(int argc, char **argv)
{
	struct program p = { .progress = { .mode = PROGRESS_NONE } };
	enum status status;

	if (!fill_standard_descriptors())
		return STATUS_FILE;
	(void)signal(SIGPIPE, SIG_IGN);
	/* A file beyond the limit of sizes is to fail with EFBIG, alone. */
	(void)signal(SIGXFSZ, SIG_IGN);
	status = run_words(
	    &p, (const char *const *)argv + 1, argc > 0 ? (size_t)argc - 1 : 0);
	/* Only after errors before the run. */
	(void)bulkfetch_log_close(p.log);
	(void)bulkfetch_log_close(p.failed);
	report_free(p.report);
	if (p.collector.free != NULL)
		p.collector.free(p.collector.ctx);
	if (p.source.free != NULL)
		p.source.free(p.source.ctx);
	options_fini(&p.options);
	return (int)status;
}
