/*
 * partial_bench - runs that are killed in the middle of a large body, and what
 * comes after them.  With tree_bench.h, whose link line a test needs.
 */
#ifndef BULKFETCH_TESTS_UNIT_PARTIAL_BENCH_H
#define BULKFETCH_TESTS_UNIT_PARTIAL_BENCH_H

#include "tree_bench.h"

#include <signal.h>
#include <sys/wait.h>

#include "collect/partial.h"

#define MIB (1 << 20)
#define PART MIB
#define WHOLE (MIB + MIB / 2)
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define LATER "Sun, 06 Nov 1994 09:49:37 GMT"
#define URL "http://h/a"

/* Octets of a body, told apart by where they stand. */
static inline struct bulkfetch_text
octets(size_t at, size_t len)
{
	static char all[2 * MIB];

	assert_true(at + len <= sizeof(all));
	if (all[1] == '\0')
		for (size_t i = 0; i < sizeof(all); i++)
			all[i] = (char)('!' + i % 89 + (i >> 12) % 5);
	return (struct bulkfetch_text){ all + at, len };
}

static inline struct slice
slice(struct bulkfetch_text text)
{
	return slice_of(text.ptr, text.len);
}

/* The names of a URL's temporary file and of its note; lent, one of each. */
static inline const char *
temp_of(const char *url)
{
	static char name[256];

	(void)snprintf(name, sizeof(name), "h/.%016llx%%.bulkfetch",
	    (unsigned long long)hash_octets(slice_str(strrchr(url, '/') + 1),
		hash_octets(slice_str(url), 0)));
	return name;
}

static inline const char *
note_of(const char *url)
{
	static char name[256];

	(void)snprintf(name, sizeof(name), "%s/%.16s", PARTIAL_DIR,
	    temp_of(url) + strlen("h/."));
	return name;
}

/* A run that gets `len` octets of a response of `length` and is killed. */
static inline void
be_killed(const char *url, uint64_t length, size_t len, enum arrival how)
{
	pid_t pid;
	int status;

	end_run();
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		size_t first = len < 1000 ? len : 1000;
		void *body;
		int fd;

		begin_run(options());
		(void)collect_begin(&tree, url, length, &body);
		(void)tree.write(tree.ctx, body, octets(0, first), false);
		fd = how == ARRIVES_SPLICED ? tree.fd(tree.ctx, body) : -1;
		if (fd != -1)
			(void)!write(
			    fd, octets(first, len - first).ptr, len - first);
		for (size_t at = first; fd == -1 && at < len; at += 65536)
			(void)tree.write(tree.ctx, body,
			    octets(at, len - at < 65536 ? len - at : 65536),
			    false);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/* The usual case: 1 MiB of 1.5 has come, with a strong ETag. */
static inline void
leave_part(void)
{
	collect_answer = (struct collect_answer){ .fields = "ETag: \"a\"\r\n" };
	be_killed(URL, WHOLE, PART, ARRIVES_SPLIT);
	collect_answer = (struct collect_answer){ 0 };
}

static inline void
expect_part(const char *url, uint64_t len, uint64_t total)
{
	assert_int_equal(collect_current(&tree, url), 1);
	assert_false(collected_copy.is_whole);
	assert_int_equal(collected_copy.len, len);
	assert_int_equal(collected_copy.total, total);
}

/* Go on with `url` behind `offset`, to the end. */
static inline void
go_on(const char *url, uint64_t offset, uint64_t total)
{
	void *body;

	collect_answer.status = 206;
	collect_answer.offset = offset;
	assert_int_equal(collect_begin(&tree, url, total, &body), 0);
	assert_int_equal(
	    tree.write(tree.ctx, body, octets(offset, total - offset), true),
	    0);
	assert_int_equal(collect_commit(&tree, body), 0);
	collect_answer = (struct collect_answer){ 0 };
}

static inline int
begin_at(uint64_t offset, uint64_t total, void **body)
{
	int sys;

	collect_answer.status = 206;
	collect_answer.offset = offset;
	sys = collect_begin(&tree, URL, total, body);
	collect_answer = (struct collect_answer){ 0 };
	return sys;
}

#endif
