/*
 * One call fails (faults_preload.c), each in turn: what is in the files and
 * what the log and the exit status say stays true.
 */
#include "harness.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

/* Beyond this only every eighth or so of a kind's calls is tried. */
#define FAULTS_DENSE 64

/* Of the calls whose failing is followed by another run. */
#define FAULTS_STRIDE 2

static const struct {
	const char *target;
	const char *content; /* the target whose octets it gets */
	uint64_t len;
} urls[] = {
	{ "/gen/100/a", "/gen/100/a", 100 },
	{ "/gen/0/empty", "/gen/0/empty", 0 },
	{ "/gen/5000/dir/b", "/gen/5000/dir/b", 5000 },
	{ "/chunked/3000/c", "/chunked/3000/c", 3000 },
	{ "/close/4000/d", "/close/4000/d", 4000 },
	{ "/fresh/700/e", "/fresh/700/e", 700 },
	{ "/gen/300000/large", "/gen/300000/large", 300000 },
	{ "/chunked/200000/large", "/chunked/200000/large", 200000 },
	{ "/close/150000/large", "/close/150000/large", 150000 },
	{ "/ver/1200000/larger", "/ver/1200000/larger", 1200000 },
	{ "/redirect/302/gen/300/f", "/gen/300/f", 300 },
	{ "/gen/200/g", "/gen/200/g", 200 },
};

/* What a single fault does to the run as a whole. */
enum harm {
	HARM_ANY,  /* one of the documented statuses */
	HARM_NONE, /* nothing is lost, even without a retry */
	HARM_ONE,  /* nothing is lost with one retry */
};

static const struct {
	const char *kind;
	const char *effect;
	enum harm harm;
} faults[] = {
	{ "send", "ECONNRESET", HARM_ONE },
	{ "send", "EPIPE", HARM_ONE },
	{ "send", "EINTR", HARM_NONE },
	{ "send", "short", HARM_NONE },
	{ "recv", "ECONNRESET", HARM_ONE },
	{ "recv", "EINTR", HARM_NONE },
	{ "connect", "ECONNREFUSED", HARM_ONE },
	{ "connect", "ETIMEDOUT", HARM_ONE },
	{ "socket", "EMFILE", HARM_NONE },
	{ "socket", "EACCES", HARM_ONE },
	{ "splice", "EIO", HARM_ANY },
	{ "splice", "EINVAL", HARM_ANY },
	{ "splice", "EINTR", HARM_NONE },
	{ "epoll_ctl", "ENOMEM", HARM_ANY },
	{ "epoll_ctl", "ENOSPC", HARM_ANY },
	{ "openat", "EMFILE", HARM_ANY },
	{ "openat", "EACCES", HARM_ANY },
	{ "openat", "ENOSPC", HARM_ANY },
	{ "openat2", "EMFILE", HARM_ANY },
	{ "openat2", "EIO", HARM_ANY },
	{ "write", "ENOSPC", HARM_ANY },
	{ "write", "EIO", HARM_ANY },
	{ "write", "EINTR", HARM_NONE },
	{ "write", "short", HARM_NONE },
	{ "rename", "EIO", HARM_ANY },
	{ "renameat2", "ENOSPC", HARM_ANY },
	{ "renameat2", "EINVAL", HARM_ANY },
	{ "unlinkat", "EIO", HARM_ANY },
	{ "fchmod", "EIO", HARM_ANY },
	{ "fchmod", "EPERM", HARM_ANY },
	{ "close", "EIO", HARM_ANY },
	{ "close", "ENOSPC", HARM_ANY },
	{ "malloc", "ENOMEM", HARM_ANY },
	{ "calloc", "ENOMEM", HARM_ANY },
	{ "realloc", "ENOMEM", HARM_ANY },
};

/* ---- What is there ------------------------------------------------------ */

/* For nftw(3), which hands nothing on. */
static size_t complete_count;

static int
remove_entry(
    const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static void
remove_tree(struct world *w, const char *name)
{
	(void)nftw(world_path(w, name), remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A file that may be read and has no temporary name. */
static int
count_complete(
    const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)where;
	complete_count += type == FTW_F && (st->st_mode & 0777) != 0 &&
	    strstr(path, "%.bulkfetch") == NULL;
	return 0;
}

/* Whether the file of a URL may be read; then it is right and whole. */
static bool
has_file(struct world *w, size_t i)
{
	char *name = world_text(w, "out/%s%s", origin_host(w), urls[i].target);
	struct stat st;

	if (stat(world_path(w, name), &st) != 0 || (st.st_mode & 0777) == 0)
		return false;
	expect_pattern(w, name, urls[i].content, urls[i].len);
	return true;
}

static struct records
read_log(struct world *w)
{
	if (!world_has(w, "log"))
		world_write(w, "log", "");
	return records_read(w, "log");
}

/* The record of a URL says "true", "false", or NULL: there is none. */
static const char *
find_ok(struct world *w, const struct records *r, size_t i)
{
	const char *n = world_text(w, "%zu", i + 1);
	size_t count = records_count(r, "n", n);
	struct slice record;

	assert_true(count <= 1);
	if (count == 0)
		return NULL;
	record = records_find(r, "n", n);
	expect_member(r, record, "url", origin_url(w, urls[i].target));
	return json_get(w, record, "ok");
}

/* Whether the list of failures has a URL. */
static bool
is_listed(struct world *w, size_t i)
{
	const char *url = origin_url(w, urls[i].target);

	return world_has(w, "failed") &&
	    strstr(world_read_text(w, "failed"), world_text(w, "%s\n", url)) !=
	    NULL;
}

/* ---- One run ------------------------------------------------------------ */

static const char *
describe(struct world *w, const struct run *run, const char *fault)
{
	return world_text(w, "%s: status %d, signal %d, %lld ms, said:\n%s",
	    fault, run->status, run->signal, (long long)run->took_ms,
	    run_err(run));
}

/* What the log, the list of failures and the file of a URL say is the same.
 * Where results cannot be written any more a file may have no record. */
static bool
is_true(bool is_told, bool has_file, const char *ok, bool is_listed)
{
	bool is_ok = ok != NULL && strcmp(ok, "true") == 0;

	if (!is_told)
		return ok == NULL || has_file == is_ok;
	return has_file == is_ok && is_listed == (ok != NULL && !is_ok);
}

/* Files, log and status agree. */
static void
check(struct world *w, const struct run *run, const char *fault)
{
	bool is_told = strstr(run_err(run), "cannot be written") == NULL;
	struct records r;
	size_t files = 0;
	size_t oks = 0;
	bool is_all;

	if (run->signal != 0)
		fail_msg("%s", describe(w, run, fault));
	r = read_log(w);
	for (size_t i = 0; i < COUNT(urls); i++) {
		bool has = has_file(w, i);
		bool listed = is_listed(w, i);
		const char *ok = find_ok(w, &r, i);

		files += has;
		oks += ok != NULL && strcmp(ok, "true") == 0;
		if (!is_true(is_told, has, ok, listed))
			fail_msg("%s: %s file, ok: %s, %slisted: %s",
			    urls[i].target, has ? "a" : "no",
			    ok != NULL ? ok : "no record", listed ? "" : "not ",
			    describe(w, run, fault));
	}
	is_all = r.count == COUNT(urls);
	if (!(run->status == 0 && is_all && oks == r.count) &&
	    !(run->status == 1 && is_all && oks < r.count && oks > 0) &&
	    !(run->status == 4 && is_all && oks == 0) &&
	    /* A file, or the log at its end; or it could not begin. */
	    !(run->status == 3 && (is_all || r.count == 0 || !is_told)))
		fail_msg("%zu records, %zu ok: %s", r.count, oks,
		    describe(w, run, fault));
	complete_count = 0;
	(void)nftw(world_path(w, "out"), count_complete, 16, FTW_PHYS);
	if (complete_count != files)
		fail_msg(
		    "%zu files: %s", complete_count, describe(w, run, fault));
}

/* The statuses that one kind of fault has led to, a bit each. */
static unsigned statuses;

/* "0 1 3" */
static const char *
list_statuses(struct world *w)
{
	char *text = world_text(w, "%s", "");

	for (unsigned i = 0; i < 8; i++) {
		if ((statuses >> i & 1) != 0)
			text = world_text(w, "%s %u", text, i);
	}
	return text;
}

/* Let the n-th call fail; whether there was one. */
static bool
try_fault(struct world *w, size_t f, unsigned n, bool may_retry)
{
	const char *words[] = { "-q", "-c", "3", "-d", "out", "--log", "log",
		"--failed", "failed", "--retry", may_retry ? "1" : "0",
		"--retry-delay", "0.001", "list", NULL };
	char *fault = world_text(
	    w, "BULKFETCH_FAULT=%s:%u:%s", faults[f].kind, n, faults[f].effect);
	struct run_spec spec = {
		.words = words,
		.env = { world_text(w, "LD_PRELOAD=%s",
			     program_path("FAULTS_PRELOAD",
				 "tests/it/faults_preload.so")),
		    fault },
	};
	bool is_harmless = faults[f].harm == HARM_NONE ||
	    (faults[f].harm == HARM_ONE && may_retry);
	struct run *run;

	remove_tree(w, "out");
	(void)remove(world_path(w, "log"));
	(void)remove(world_path(w, "failed"));
	run = run_spec(w, &spec);
	check(w, run, fault);
	statuses |= 1U << run->status;
	if (is_harmless && run->status != 0)
		fail_msg("%s", describe(w, run, fault));
	return strstr(run_err(run), "fault: hit") != NULL;
}

static void
write_list(struct world *w)
{
	char *list = world_text(w, "%s", "");

	for (size_t i = 0; i < COUNT(urls); i++)
		list = world_text(
		    w, "%s%s\n", list, origin_url(w, urls[i].target));
	world_write(w, "list", list);
}

/* A world to let faults happen in. */
static void
begin(struct world *w)
{
	if (!run_is_bare()) {
		print_message("faults need a program on its own\n");
		skip();
	}
	origin_start(w, NULL, NULL);
	write_list(w);
}

static void
try_all(struct world *w, bool may_retry)
{
	begin(w);
	for (size_t f = 0; f < COUNT(faults); f++) {
		unsigned n = 1;
		unsigned tried = 0;

		statuses = 0;
		if (may_retry && faults[f].harm != HARM_ONE)
			continue;
		for (; try_fault(w, f, n, may_retry); tried++)
			n += n < FAULTS_DENSE ? 1 : n / 8;
		print_message("%s %s: %u of %u calls, status%s\n",
		    faults[f].kind, faults[f].effect, tried, n - 1,
		    list_statuses(w));
	}
}

static void
whatever_fails_files_and_log_stay_true(void **state)
{
	try_all(*state, false);
}

static void
one_failure_of_the_network_costs_one_retry(void **state)
{
	try_all(*state, true);
}

/* Whatever was left behind: a run that goes on with it ends well. */
static void
after_any_failure_the_next_run_mends_it(void **state)
{
	struct world *w = *state;

	begin(w);
	for (size_t f = 0; f < COUNT(faults); f++) {
		for (unsigned n = 1 + (unsigned)f % FAULTS_STRIDE;
		     try_fault(w, f, n, false); n += FAULTS_STRIDE) {
			struct run *run = bulkfetch(w, "-q", "-d", "out",
			    "--log", "log", "--resume-failed", "list", NULL);

			if (run->status != 0)
				fail_msg("after %s:%u:%s: %s", faults[f].kind,
				    n, faults[f].effect,
				    describe(w, run, "the next run"));
			for (size_t i = 0; i < COUNT(urls); i++)
				assert_true(has_file(w, i));
			/* What could not be unlinked may stay, no more. */
			if (strcmp(faults[f].kind, "unlinkat") != 0)
				assert_int_equal(
				    world_count_files(w, "out"), COUNT(urls));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(whatever_fails_files_and_log_stay_true),
		WORLD_TEST(one_failure_of_the_network_costs_one_retry),
		WORLD_TEST(after_any_failure_the_next_run_mends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
