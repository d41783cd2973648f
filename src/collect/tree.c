/*
 * tree - the collector that makes a file for each response below a directory.
 */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/problem.h"
#include "collect/naming.h"
#include "collect/root.h"
#include "collect/tree_internal.h"

/* Descriptors of directories: at most, and as a share of RLIMIT_NOFILE. */
#define DIRS_MAX 1024
#define DIRS_SHARE 8

static void
tree_shrink(void *ctx)
{
	struct tree *t = ctx;

	dirs_shrink(t->dirs);
}

static int
tree_finish(void *ctx)
{
	struct tree *t = ctx;
	struct err err = update_close(t->update);

	t->update = NULL;
	return problem_errno(err);
}

static void
tree_free(void *ctx)
{
	struct tree *t = ctx;

	while (t->spare != NULL) {
		struct body *b = t->spare;

		t->spare = b->next;
		tree_free_body(b);
	}
	tree_free_body(t->shown);
	(void)update_close(t->update);
	partials_free(t->partials);
	places_fini(&t->places);
	dirs_free(t->dirs);
	pattern_free(t->pattern);
	buf_fini(&t->scratch);
	buf_fini(&t->prefix);
	if (t->root != -1)
		(void)close(t->root);
	free(t);
}

static size_t
dirs_bound(void)
{
	struct rlimit limit;
	rlim_t share;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return 1;
	/* The run will raise the soft limit to it. */
	share = limit.rlim_max / DIRS_SHARE;
	return share < DIRS_MAX ? (size_t)share : DIRS_MAX;
}

static struct err
tree_init(struct tree *t, const char *dir, bool is_update)
{
	struct err err = root_append_prefix(dir, &t->prefix);

	if (!err_is(err))
		err = root_open(dir, &t->root);
	if (!err_is(err))
		err = outfile_probe(t->root, &t->rules);
	if (!err_is(err))
		err = dirs_new(t->root, dirs_bound(), &t->dirs);
	if (!err_is(err))
		err = places_init(&t->places, &t->rules, t->pattern != NULL);
	if (!err_is(err))
		err = partials_new(t->root, t->dirs, &t->partials);
	if (!err_is(err) && is_update)
		err = update_open(t->root, &t->update);
	if (err_is(err))
		return err;
	t->shown = tree_take_body(t);
	return t->shown == NULL ? err_of(ERR_NOMEM) : err_none();
}

static int
set_pattern(
    struct tree *t, const char *pattern, struct bulkfetch_problem *problem)
{
	struct err err = pattern_new(
	    pattern, &t->pattern, problem->text, sizeof(problem->text));

	if (err.kind == ERR_NOMEM)
		return problem_set(problem, err, "output template", NULL);
	problem->is_usage = err_is(err);
	problem->sys = problem_errno(err);
	return problem->sys;
}

int
bulkfetch_tree_new(const struct bulkfetch_tree_options *options,
    struct bulkfetch_collector *collector, struct bulkfetch_problem *problem)
{
	const char *dir = options->dir != NULL ? options->dir : ".";
	struct tree *t = calloc(1, sizeof(*t));
	bool looks_back;
	struct err err;
	int sys;

	if (t == NULL)
		return problem_set(
		    problem, err_of(ERR_NOMEM), "output directory", dir);
	t->root = -1;
	buf_init(&t->prefix, NAMING_SPACE_MAX);
	buf_init(&t->scratch, NAMING_SPACE_MAX);
	if (options->name_template != NULL) {
		sys = set_pattern(t, options->name_template, problem);
		if (sys != 0) {
			tree_free(t);
			return sys;
		}
	}
	err = tree_init(t, dir, options->is_update);
	if (err_is(err)) {
		tree_free(t);
		return problem_set(problem, err, "output directory", dir);
	}
	t->is_atomic = options->is_atomic || !outfile_can_put(&t->rules);
	t->is_timestamping = options->is_timestamping;
	t->sets_mtime = options->sets_mtime || options->is_timestamping;
	looks_back = options->is_update || options->is_timestamping ||
	    partials_have_any(t->partials);
	*collector = (struct bulkfetch_collector){
		.ctx = t,
		.has = options->skip_existing ? tree_has : NULL,
		.current = looks_back ? tree_current : NULL,
		.keep = tree_keep,
		.begin = tree_begin,
		.write = tree_write,
		.fd = tree_fd,
		.suspend = tree_suspend,
		.resume = tree_resume,
		.commit = tree_commit,
		.abort = tree_abort,
		.leave = tree_leave,
		.shrink = tree_shrink,
		.finish = options->is_update ? tree_finish : NULL,
		.free = tree_free,
	};
	return 0;
}
