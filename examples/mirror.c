/*
 * mirror - keep files up to date and say what has changed: bulkfetch with its
 * own lists, tree and log, and an observer of one's own.
 *
 *	mirror DIR LOG LIST...
 *
 * fetches the URLs of the LISTs below DIR, asks only for what has changed since
 * the last time, and prints a line for each that has.  When it was killed, the
 * same words go on with what LOG does not call done.  Ends with status 0 if
 * nothing failed, and removes LOG, so that the next time begins anew.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <bulkfetch.h>

struct mirror {
	struct bulkfetch_log *log;
	uint64_t changed;
	uint64_t failed;
};

static int
mirror_result(void *ctx, const struct bulkfetch_result *result)
{
	struct mirror *mirror = ctx;
	char url[256];

	(void)bulkfetch_escape(result->url, url, sizeof(url));
	if (!result->ok) {
		mirror->failed++;
		printf("failed   %s: %s\n", url, result->message);
	} else if (!result->is_unchanged) {
		mirror->changed++;
		printf("changed  %s\n", url);
	}
	return bulkfetch_log_add(mirror->log, result);
}

/* Whole lines are written, so that a kill leaves a log to go on with. */
static int
mirror_flush(void *ctx)
{
	struct mirror *mirror = ctx;

	return bulkfetch_log_flush(mirror->log);
}

static int
complain(const struct bulkfetch_problem *problem)
{
	fprintf(stderr, "mirror: %s\n", problem->text);
	return 2;
}

/* Everything is open: run, and close the log. */
static int
run(struct mirror *mirror, const struct bulkfetch_source *source,
    const struct bulkfetch_collector *collector)
{
	const struct bulkfetch_observer observer = {
		.ctx = mirror,
		.result = mirror_result,
		.flush = mirror_flush,
	};
	struct bulkfetch_options options;
	struct bulkfetch_problem problem;
	struct bulkfetch *bulkfetch;
	enum bulkfetch_end end;

	bulkfetch_options_init(&options);
	options.max_per_host = 4;
	bulkfetch =
	    bulkfetch_new(&options, source, collector, &observer, &problem);
	if (bulkfetch == NULL)
		return complain(&problem);
	end = bulkfetch_run(bulkfetch);
	bulkfetch_free(bulkfetch);
	printf("%" PRIu64 " changed, %" PRIu64 " failed\n", mirror->changed,
	    mirror->failed);
	return end == BULKFETCH_END_LIST && mirror->failed == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct bulkfetch_tree_options tree = { .is_update = true };
	const struct bulkfetch_log_options log = { .is_append = true };
	struct bulkfetch_collector collector;
	struct bulkfetch_source source;
	struct bulkfetch_resumed resumed;
	struct bulkfetch_problem problem;
	struct mirror mirror = { 0 };
	int status;

	if (argc < 4) {
		fprintf(stderr, "usage: mirror DIR LOG LIST...\n");
		return 2;
	}
	tree.dir = argv[1];
	/* First the log, whose lock keeps a second mirror out. */
	if (bulkfetch_log_open(argv[2], &log, &mirror.log, &problem) != 0)
		return complain(&problem);
	if (bulkfetch_resume_new(argv[2], BULKFETCH_RESUME_FAILED,
		(const char *const *)argv + 3, (size_t)argc - 3, &source,
		&resumed, &problem) != 0)
		return complain(&problem);
	if (bulkfetch_tree_new(&tree, &collector, &problem) != 0)
		return complain(&problem);
	status = run(&mirror, &source, &collector);
	collector.free(collector.ctx);
	source.free(source.ctx);
	if (status == 0)
		(void)unlink(argv[2]); /* while it is still locked */
	return bulkfetch_log_close(mirror.log) == 0 ? status : 2;
}
