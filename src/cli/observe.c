#include "cli/observe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/signals.h"

/* How often a log that waits for the disk is looked at, at least. */
#define DURABLE_TICK_MS 100

static int
observe_result(void *ctx, const struct bulkfetch_result *result)
{
	struct observe *ob = ctx;
	int failure = 0;

	if (ob->log != NULL)
		failure = bulkfetch_log_add(ob->log, result);
	if (result->ok)
		return failure;
	if (strcmp(result->error, "file") == 0)
		ob->has_file_failure = true;
	if (failure == 0 && ob->failed != NULL)
		failure = bulkfetch_log_add(ob->failed, result);
	if (ob->report != NULL)
		report_failure(ob->report, result);
	return failure;
}

static int
observe_flush(void *ctx)
{
	struct observe *ob = ctx;
	int failure = 0;

	if (ob->log != NULL)
		failure = bulkfetch_log_flush(ob->log);
	if (failure == 0 && ob->failed != NULL)
		failure = bulkfetch_log_flush(ob->failed);
	return failure;
}

static void
tell_drain(struct observe *ob, unsigned in_flight)
{
	uint64_t drain_ms = ob->options->fetch.max_drain_ms;
	char bound[48] = "";
	char line[128];

	if (ob->console->is_silent)
		return;
	if (drain_ms > 0)
		(void)snprintf(bound, sizeof(bound), "stopping within %llu s, ",
		    ((unsigned long long)drain_ms + 999) / 1000);
	(void)snprintf(line, sizeof(line),
	    "%sfinishing %u in flight; again to stop at once", bound,
	    in_flight);
	console_say(ob->console, line);
}

static void
observe_tick(void *ctx, const struct bulkfetch_stats *stats)
{
	struct observe *ob = ctx;

	if (signals_take_summary())
		console_summarise(ob->console, stats);
	if (signals_have_interrupted() && stats->in_flight > 0 &&
	    !ob->is_drain_told) {
		ob->is_drain_told = true;
		tell_drain(ob, stats->in_flight);
	}
	progress_show(&ob->console->progress, stats);
}

static void
observe_message(void *ctx, enum bulkfetch_level level, const char *text)
{
	struct observe *ob = ctx;

	console_say_level(ob->console, level, text);
}

static void
print_line(void *ctx, const char *line)
{
	console_say(ctx, line);
}

bool
observe_init(struct observe *ob, const struct options *o,
    struct console *console, struct bulkfetch_problem *problem)
{
	*ob = (struct observe){ .options = o, .console = console };
	console_begin(console, o);
	if (o->is_quiet || o->is_silent)
		return true;
	ob->report = report_new(o->verbosity > 0, print_line, console);
	if (ob->report == NULL)
		*problem = (struct bulkfetch_problem){ .sys = ENOMEM,
			.text = "out of memory" };
	return ob->report != NULL;
}

void
observe_fini(struct observe *ob)
{
	(void)bulkfetch_log_close(ob->log);
	(void)bulkfetch_log_close(ob->failed);
	report_free(ob->report);
	*ob = (struct observe){ 0 };
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

static unsigned
tick_ms(const struct observe *ob)
{
	unsigned ms = progress_tick_ms(&ob->console->progress);

	if (!ob->options->is_durable || (ms > 0 && ms < DURABLE_TICK_MS))
		return ms;
	return DURABLE_TICK_MS;
}

struct bulkfetch_observer
observe_observer(struct observe *ob)
{
	return (struct bulkfetch_observer){
		.ctx = ob,
		.result = observe_result,
		.flush = observe_flush,
		.tick = observe_tick,
		.tick_ms = tick_ms(ob),
		.message = observe_message,
		.level_max = level_max(ob->options),
	};
}

static bool
close_log(struct observe *ob, struct bulkfetch_log **log, const char *name,
    bool is_told)
{
	int failure = bulkfetch_log_close(*log);
	char line[128];

	*log = NULL;
	if (failure == 0 || is_told)
		return failure == 0;
	(void)snprintf(
	    line, sizeof(line), "%s: %s", name, strerrordesc_np(failure));
	console_say(ob->console, line);
	return false;
}

bool
observe_close_logs(struct observe *ob, bool is_told)
{
	bool is_log_closed = close_log(ob, &ob->log, "--log", is_told);

	return close_log(ob, &ob->failed, "--failed", is_told) && is_log_closed;
}

void
observe_finish(struct observe *ob, const struct bulkfetch_stats *stats)
{
	const struct console *c = ob->console;

	progress_clear(&ob->console->progress);
	if (ob->report != NULL)
		report_finish(ob->report);
	if (!c->is_silent && (!c->is_quiet || stats->failed > 0))
		console_summarise(ob->console, stats);
}
