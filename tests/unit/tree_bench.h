/*
 * tree_bench - runs of the file tree in a temporary directory, one after the
 * other, and what they are expected to leave there.  For the tests of
 * collect/tree; with faults.h, whose link line a test needs.
 */
#ifndef BULKFETCH_TESTS_UNIT_TREE_BENCH_H
#define BULKFETCH_TESTS_UNIT_TREE_BENCH_H

#include "collecting.h"
#include "faults.h"
#include "scratch.h"

#include "base/hash.h"
#include "bulkfetch.h"

static struct bulkfetch_collector tree;
static bool is_open;

static inline struct bulkfetch_tree_options
options(void)
{
	return (struct bulkfetch_tree_options){ .dir = scratch_dir };
}

static inline void
end_run(void)
{
	if (is_open)
		tree.free(tree.ctx);
	is_open = false;
}

/* A run ends, and another one begins. */
static inline void
begin_run(struct bulkfetch_tree_options o)
{
	struct bulkfetch_problem problem;

	end_run();
	if (bulkfetch_tree_new(&o, &tree, &problem) != 0)
		fail_msg("%s", problem.text);
	is_open = true;
}

static inline int
setup(void **state)
{
	faults_reset();
	collect_answer = (struct collect_answer){ 0 };
	(void)umask(022);
	return scratch_setup(state);
}

static inline int
teardown(void **state)
{
	faults_reset();
	end_run();
	return scratch_teardown(state);
}

/* Fetch `url`, and see that it is told to be, and is, in `name`. */
static inline void
expect_stored(const char *url, const char *content, enum arrival how,
    const char *name, bool is_moved)
{
	int sys = collect(&tree, url, content, how);

	if (sys != 0)
		fail_msg("%s: %s", url, strerror(sys));
	if (strcmp(collected_file, scratch_path(name)) != 0)
		fail_msg("%s is in %s", url, collected_file);
	if (collected_moved != is_moved)
		fail_msg("%s: moved", url);
	scratch_expect_text(name, content);
}

/* "NAME%~HASH" for the second of two URLs that meet; lent until the next. */
static inline const char *
moved(const char *name, const char *url)
{
	static char text[512];

	(void)snprintf(text, sizeof(text), "%s%%~%016llx", name,
	    (unsigned long long)hash_octets(slice_str(url), 0));
	return text;
}

/* Nothing in `name`, or below it, but `count` entries. */
static inline void
expect_count(const char *name, unsigned count)
{
	if (scratch_count(name) != count)
		fail_msg("%s has %u entries", name, scratch_count(name));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
