#include "cli/session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bulkfetch.h"
#include "cli/environment.h"
#include "cli/inputs.h"
#include "cli/observe.h"
#include "cli/signals.h"
#include "cli/usage.h"

struct session {
	struct options *options; /* borrowed, as is the next */
	struct console *console;
	struct bulkfetch_source source;
	struct bulkfetch_collector collector;
	struct observe observe;
	struct bulkfetch *run;            /* owned */
	struct bulkfetch_resumed resumed; /* zero without */
};

/* ---- Opening ------------------------------------------------------------ */

static bool
open_collector(struct session *s, struct bulkfetch_problem *problem)
{
	const struct options *o = s->options;

	if (o->is_head) {
		bulkfetch_null_new(&s->collector);
		return true;
	}
	if (o->is_to_stdout)
		return bulkfetch_stream_new(STDOUT_FILENO, signals_given_up(),
			   &s->collector, problem) == 0;
	return bulkfetch_tree_new(&o->tree, &s->collector, problem) == 0;
}

static bool
open_source(struct session *s, struct bulkfetch_problem *problem)
{
	static const char *const standard_input[] = { "-" };
	const struct options *o = s->options;
	const char *const *names = o->lists;
	size_t count = o->list_count;

	if (count == 0 && !o->is_retry_failed) {
		if (isatty(STDIN_FILENO))
			return usage_refuse(problem,
			    "no LIST is given and standard input is a "
			    "terminal");
		names = standard_input;
		count = 1;
	}
	if (o->is_resumed)
		return bulkfetch_resume_new(o->log, o->resume_how, names, count,
			   &s->source, &s->resumed, problem) == 0;
	return bulkfetch_lists_new(names, count, &s->source, problem) == 0;
}

static bool
open_run(struct session *s, struct bulkfetch_problem *problem)
{
	const struct bulkfetch_observer observer =
	    observe_observer(&s->observe);

	s->run = bulkfetch_new(
	    &s->options->fetch, &s->source, &s->collector, &observer, problem);
	return s->run != NULL;
}

static bool
open_log(struct session *s, struct bulkfetch_problem *problem)
{
	const struct options *o = s->options;
	const char *dir = o->tree.dir != NULL ? o->tree.dir : ".";
	const struct bulkfetch_log_options log = {
		.format = BULKFETCH_LOG_JSON,
		.is_append = o->is_resumed,
		.durable_dir = o->is_durable ? dir : NULL,
		.is_given_up = signals_given_up(),
	};

	return o->log == NULL ||
	    bulkfetch_log_open(o->log, &log, &s->observe.log, problem) == 0;
}

/* Failures that are not tried again stay in the list of them. */
static bool
open_failed(struct session *s, struct bulkfetch_problem *problem)
{
	const struct options *o = s->options;
	const struct bulkfetch_log_options failed = {
		.format = BULKFETCH_LOG_FAILED,
		.is_append = o->is_resume,
		.is_given_up = signals_given_up(),
	};

	return o->failed == NULL ||
	    bulkfetch_log_open(
		o->failed, &failed, &s->observe.failed, problem) == 0;
}

/* The collector is before the log, which may ask for its directory's disk. */
static bool
open_all(struct session *s, struct bulkfetch_problem *problem)
{
	struct options *o = s->options;

	environment_apply(o, getenv);
	if (!inputs_check(o, problem) || !inputs_load(o, problem))
		return false;
	if (o->is_resumed)
		return open_collector(s, problem) && open_log(s, problem) &&
		    open_source(s, problem) && open_run(s, problem) &&
		    open_failed(s, problem);
	return open_source(s, problem) && open_collector(s, problem) &&
	    open_run(s, problem) && open_log(s, problem) &&
	    open_failed(s, problem);
}

static void
close_all(struct session *s)
{
	bulkfetch_free(s->run);
	observe_fini(&s->observe);
	if (s->collector.free != NULL)
		s->collector.free(s->collector.ctx);
	if (s->source.free != NULL)
		s->source.free(s->source.ctx);
}

/* ---- Telling ------------------------------------------------------------ */

static void
tell_begin(struct session *s)
{
	const struct options *o = s->options;
	char log[USAGE_SHOWN_MAX];

	if (!o->is_resumed)
		return;
	(void)usage_shown(o->log, strlen(o->log), log);
	if (s->resumed.ok + s->resumed.failed == 0)
		console_tell(s->console,
		    "nothing is done by %s yet; beginning at the beginning",
		    log);
	else
		console_tell(s->console,
		    "resuming: %llu done, %llu failed, from %s",
		    (unsigned long long)s->resumed.ok,
		    (unsigned long long)s->resumed.failed, log);
	if (s->resumed.foreign > 0)
		console_warn(s->console,
		    "%s: %llu line%s passed over, no record of a result", log,
		    (unsigned long long)s->resumed.foreign,
		    s->resumed.foreign == 1 ? "" : "s");
}

/* Whether the log of a resumed run left something to do for this one. */
static bool
had_work(const struct bulkfetch_stats *stats)
{
	return stats->fetched + stats->skipped + stats->unchanged +
	    stats->failed >
	    0;
}

static void
tell_end(struct session *s, enum bulkfetch_end end,
    const struct bulkfetch_stats *stats)
{
	const struct options *o = s->options;
	bool has_rest = o->is_resume && s->resumed.failed > 0;

	if (end == BULKFETCH_END_STOPPED && !o->is_silent)
		console_say(s->console, "interrupted");
	if (o->is_resumed && end == BULKFETCH_END_LIST && !had_work(stats))
		console_tell(s->console, "nothing left to do%s",
		    has_rest ? " but what failed; see --resume-failed" : "");
	observe_finish(&s->observe, stats);
}

/* ---- Running ------------------------------------------------------------ */

static enum status
run(struct session *s)
{
	struct bulkfetch_stats stats;
	enum bulkfetch_end end;
	struct outcome outcome;
	enum status status;
	bool are_closed;

	tell_begin(s);
	signals_attend(s->run);
	end = bulkfetch_run(s->run);
	signals_leave();
	bulkfetch_get_stats(s->run, &stats);
	are_closed =
	    observe_close_logs(&s->observe, end == BULKFETCH_END_OUTPUT);
	outcome = (struct outcome){
		.end = end,
		.is_given_up = *signals_given_up(),
		.has_file_failure = s->observe.has_file_failure || !are_closed,
		.ok = stats.fetched + stats.skipped + stats.unchanged,
		.ok_before = s->resumed.ok,
		.failed = stats.failed,
	};
	status = status_of_run(&outcome);
	tell_end(s, end, &stats);
	return status;
}

enum status
session_run(struct options *o, struct console *console)
{
	struct session s = { .options = o, .console = console };
	struct bulkfetch_problem problem = { 0 };
	enum status status;

	if (observe_init(&s.observe, o, console, &problem) &&
	    open_all(&s, &problem)) {
		status = run(&s);
	} else {
		console_explain(console, &problem);
		status = status_of_problem(&problem);
	}
	close_all(&s);
	return status;
}
