#include "https.h"

#include "harness.h"
#include "pki.h"

/* What all of them begin with; behind it comes what the test wants. */
static const char *const always[] = { "-v", "-d", "out", "--log", "log",
	"--retry-delay", "0.01" };

/* Seconds: 20,000 files on a busy machine. */
#define BOUND 120

/* The words of `args`, up to a NULL, behind the `count` that are there. */
static struct run *
fetch(struct world *w, struct run_spec *spec, const char **words, size_t count,
    va_list args)
{
	for (size_t i = 0; i < COUNT(always); i++)
		words[count++] = always[i];
	do {
		assert_true(count <= RUN_WORDS_MAX);
		words[count] = va_arg(args, const char *);
	} while (words[count++] != NULL);
	spec->words = words;
	spec->seconds = BOUND;
	if (world_has(w, "out"))
		assert_int_equal(world_remove(world_path(w, "out")), 0);
	return run_spec(w, spec);
}

struct run *
https_fetch(struct world *w, ...)
{
	const char *words[RUN_WORDS_MAX + 1] = { "--cacert",
		pki_file(w, "root.pem") };
	struct run_spec spec = { 0 };
	struct run *run;
	va_list args;

	va_start(args, w);
	run = fetch(w, &spec, words, 2, args);
	va_end(args);
	return run;
}

struct run *
https_fetch_distrusting(struct world *w, ...)
{
	const char *words[RUN_WORDS_MAX + 1];
	struct run_spec spec = { 0 };
	struct run *run;
	va_list args;

	va_start(args, w);
	run = fetch(w, &spec, words, 0, args);
	va_end(args);
	return run;
}

struct run *
https_fetch_by(struct world *w, const char *env, ...)
{
	const char *words[RUN_WORDS_MAX + 1];
	struct run_spec spec = { .env = { env } };
	struct run *run;
	va_list args;

	va_start(args, env);
	run = fetch(w, &spec, words, 0, args);
	va_end(args);
	return run;
}

void
expect_fetched(struct run *run)
{
	struct records r;

	expect_exit(run, 0);
	r = records_read(run->world, "log");
	assert_int_equal(r.count, 1);
	expect_member(&r, r.lines[0], "ok", "true");
	assert_int_equal(world_count_files(run->world, "out"), 1);
}

void
expect_failed(
    struct run *run, const char *error, const char *stage, const char *says)
{
	struct records r;

	expect_exit(run, 4);
	r = records_read(run->world, "log");
	assert_int_equal(r.count, 1);
	expect_member(&r, r.lines[0], "ok", "false");
	expect_member(&r, r.lines[0], "error", error);
	if (stage != NULL)
		expect_member(&r, r.lines[0], "stage", stage);
	if (says != NULL)
		expect_says(run, says);
	assert_int_equal(world_count_files(run->world, "out"), 0);
}

long long
https_tries(struct run *run)
{
	struct records r = records_read(run->world, "log");

	assert_int_equal(r.count, 1);
	return record_number(&r, r.lines[0], "tries");
}
