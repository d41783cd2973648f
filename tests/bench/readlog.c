/*
 * readlog - what it takes to read the log of a long run back.
 *
 *	readlog [-d DIR] [LINES]
 *
 * Makes a list of LINES URLs (5,000,000) and a log with a result for each in
 * DIR (TMPDIR or /tmp), opens them with bulkfetch_resume_new() in a process of
 * its own, reads the source to its end, and prints what both steps took and
 * the peak of resident memory.  The files are in the page cache then, if they
 * fit.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bulkfetch.h"

#define LINES 5000000
#define LINES_MAX 1000000000

/* One in so many has failed. */
#define FAILED_EVERY 100

struct bench {
	uint64_t lines;
	char list[4096];
	char log[4096];
	uint64_t list_len; /* octets */
	uint64_t log_len;
};

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "readlog: %s: %s\n", what, strerror(errno));
	exit(2);
}

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- The files ---------------------------------------------------------- */

static int
compose_url(char *out, size_t cap, uint64_t n)
{
	return snprintf(out, cap, "http://host%llu.example.org/path/%llu.html",
	    (unsigned long long)(n % 1000), (unsigned long long)n);
}

static void
add_result(struct bulkfetch_log *log, const char *list, uint64_t n)
{
	char url[128];
	char file[128];
	int len = compose_url(url, sizeof(url), n);
	bool ok = n % FAILED_EVERY != 0;
	struct bulkfetch_result result = {
		.n = n,
		.list = list,
		.line = n,
		.url = { url, (size_t)len },
		.ok = ok,
		.status = ok ? 200 : 404,
		.error = ok ? NULL : "http",
		.message = ok ? NULL : "Not Found",
		.stage = ok ? NULL : "head",
		.file = ok ? file : NULL,
		.bytes = 1024 + n % 4096,
		.tries = 1,
		.ip = "192.0.2.1",
		.dns_ms = -1,
		.connect_ms = -1,
		.tls_ms = -1,
		.ttfb_ms = 12,
		.total_ms = 15,
	};

	(void)snprintf(file, sizeof(file), "out/%s", url + strlen("http://"));
	if (bulkfetch_log_add(log, &result) != 0)
		die("bulkfetch_log_add");
}

static uint64_t
size_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		die(path);
	return (uint64_t)st.st_size;
}

static void
make_files(struct bench *b)
{
	const struct bulkfetch_log_options options = {
		.format = BULKFETCH_LOG_JSON,
	};
	struct bulkfetch_problem problem;
	struct bulkfetch_log *log;
	FILE *list = fopen(b->list, "w");

	if (list == NULL)
		die(b->list);
	if (bulkfetch_log_open(b->log, &options, &log, &problem) != 0)
		die(problem.text);
	for (uint64_t n = 1; n <= b->lines; n++) {
		char url[128];

		(void)compose_url(url, sizeof(url), n);
		fprintf(list, "%s\n", url);
		add_result(log, b->list, n);
	}
	if (fclose(list) != 0 || bulkfetch_log_close(log) != 0)
		die("writing");
	b->list_len = size_of(b->list);
	b->log_len = size_of(b->log);
}

/* ---- Reading them ------------------------------------------------------- */

static uint64_t
count_items(struct bulkfetch_source *source)
{
	struct bulkfetch_item item;
	uint64_t count = 0;
	enum bulkfetch_next got;

	do {
		got = source->next(source->ctx, &item);
		count += got == BULKFETCH_ITEM;
	} while (got == BULKFETCH_ITEM || got == BULKFETCH_PENDING);
	if (got == BULKFETCH_ERROR)
		die(item.problem);
	return count;
}

static void
read_back(const struct bench *b, enum bulkfetch_resume_how how,
    const char *name, uint64_t list_len)
{
	const char *const names[] = { b->list };
	struct bulkfetch_source source;
	struct bulkfetch_resumed resumed;
	struct bulkfetch_problem problem;
	struct rusage usage;
	double start = now();
	double opened;
	uint64_t items;

	if (bulkfetch_resume_new(
		b->log, how, names, 1, &source, &resumed, &problem) != 0) {
		errno = problem.sys;
		die(problem.text);
	}
	opened = now() - start;
	start = now();
	items = count_items(&source);
	printf("%-15s %llu ok, %llu failed, %llu to do; open %.2f s (%.0f MB/s "
	       "of log and list), rest %.2f s (%.1f M lines/s)",
	    name, (unsigned long long)resumed.ok,
	    (unsigned long long)resumed.failed, (unsigned long long)items,
	    opened, (double)(b->log_len + list_len) / opened / 1e6,
	    now() - start, (double)b->lines / (now() - start) / 1e6);
	source.free(source.ctx);
	(void)getrusage(RUSAGE_SELF, &usage);
	printf(", peak %.1f MiB\n", (double)usage.ru_maxrss / 1024);
	fflush(stdout);
}

/* In a process of its own, so that each has its own peak. */
static void
measure(const struct bench *b, enum bulkfetch_resume_how how, const char *name,
    uint64_t list_len)
{
	pid_t pid = fork();
	int status;

	if (pid == -1)
		die("fork");
	if (pid == 0) {
		read_back(b, how, name, list_len);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) == -1 || status != 0)
		die("reading");
}

int
main(int argc, char **argv)
{
	const char *dir = getenv("TMPDIR");
	struct bench b = { .lines = LINES };
	char folder[2048];
	double start;

	if (argc > 2 && strcmp(argv[1], "-d") == 0) {
		dir = argv[2];
		argc -= 2;
		argv += 2;
	}
	if (argc > 1)
		b.lines = strtoull(argv[1], NULL, 10);
	if (b.lines == 0 || b.lines > LINES_MAX) {
		fprintf(stderr, "usage: readlog [-d DIR] [LINES]\n");
		return 2;
	}
	(void)snprintf(folder, sizeof(folder), "%s/readlog.XXXXXX",
	    dir != NULL ? dir : "/tmp");
	if (mkdtemp(folder) == NULL)
		die(folder);
	(void)snprintf(b.list, sizeof(b.list), "%s/list", folder);
	(void)snprintf(b.log, sizeof(b.log), "%s/log", folder);
	start = now();
	make_files(&b);
	printf("%llu lines, log %.2f GB, list %.2f GB, made in %.1f s\n",
	    (unsigned long long)b.lines, (double)b.log_len / 1e9,
	    (double)b.list_len / 1e9, now() - start);
	fflush(stdout);
	measure(&b, BULKFETCH_RESUME, "resume", b.list_len);
	measure(&b, BULKFETCH_RESUME_FAILED, "resume-failed", b.list_len);
	measure(&b, BULKFETCH_RETRY_FAILED, "retry-failed", 0);
	(void)unlink(b.list);
	(void)unlink(b.log);
	(void)rmdir(folder);
	return 0;
}
