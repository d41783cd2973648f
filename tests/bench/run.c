/*
 * run - run a program and say what it took.
 *
 *	run -r RESULT [-t SECONDS] [-s SAMPLES] COMMAND [ARGUMENT...]
 *
 * RESULT receives one line: wall, user and system seconds, peak resident KiB,
 * and the exit status (128 + signal if it was killed, 124 after SECONDS).
 * SAMPLES receives a line a second while the program runs: seconds, resident
 * KiB, peak resident KiB, which shows whether memory grows or stands still.
 *
 * The peak is the kernel's own and starts at what this program has, a bit
 * over 1 MiB, because it survives exec.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	SECONDS_MAX = 3600,
	GRACE_S = 3, /* from SIGTERM to SIGKILL */
};

struct job {
	pid_t pid;
	double start;
	FILE *samples; /* owned; NULL without -s */
	int status;
	struct rusage usage;
};

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "run: %s: %s\n", what, strerror(errno));
	exit(2);
}

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double
seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static void
job_start(struct job *job, char **command, const sigset_t *mask)
{
	job->start = now();
	job->pid = fork();
	if (job->pid == -1)
		die("fork");
	if (job->pid == 0) {
		/* Nothing we started outlives us, however we end. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)sigprocmask(SIG_SETMASK, mask, NULL);
		(void)execvp(command[0], command);
		fprintf(stderr, "run: %s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
}

static void
job_sample(const struct job *job)
{
	char path[64];
	char line[256];
	long rss = 0;
	long peak = 0;
	FILE *file;

	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)job->pid);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	while (fgets(line, sizeof line, file) != NULL) {
		if (strncmp(line, "VmHWM:", 6) == 0)
			peak = strtol(line + 6, NULL, 10);
		else if (strncmp(line, "VmRSS:", 6) == 0)
			rss = strtol(line + 6, NULL, 10);
	}
	(void)fclose(file);
	/* After exit and before wait4 there is a status without memory. */
	if (peak > 0)
		fprintf(job->samples, "%.1f %ld %ld\n", now() - job->start, rss,
		    peak);
}

/* Until the child ends or `limit` is past; returns whether it has ended. */
static int
job_wait(struct job *job, double limit, const sigset_t *wake)
{
	for (;;) {
		pid_t pid = wait4(job->pid, &job->status, WNOHANG, &job->usage);
		double left = limit - now();
		struct timespec pause = { .tv_sec = 1 };

		if (pid == -1)
			die("wait4");
		if (pid == job->pid)
			return 1;
		if (left <= 0)
			return 0;
		if (left < 1)
			pause =
			    (struct timespec){ .tv_nsec = (long)(left * 1e9) };
		(void)sigtimedwait(wake, NULL, &pause);
		if (job->samples != NULL)
			job_sample(job);
	}
}

int
main(int argc, char **argv)
{
	struct job job = { 0 };
	FILE *result = NULL;
	long limit_s = SECONDS_MAX;
	int timed_out = 0;
	sigset_t wake;
	sigset_t mask;
	double wall;
	int opt;

	/* "+": the options of COMMAND are its own. */
	while ((opt = getopt(argc, argv, "+r:t:s:")) != -1) {
		if (opt == 'r')
			result = fopen(optarg, "we");
		else if (opt == 's')
			job.samples = fopen(optarg, "we");
		else if (opt == 't')
			limit_s = strtol(optarg, NULL, 10);
		else
			return 2;
		if (opt != 't' && (opt == 'r' ? result : job.samples) == NULL)
			die(optarg);
	}
	if (optind >= argc || result == NULL || limit_s < 1 ||
	    limit_s > SECONDS_MAX) {
		fputs("usage: run -r RESULT [-t SECONDS] [-s SAMPLES] "
		      "COMMAND...\n",
		    stderr);
		return 2;
	}
	(void)sigemptyset(&wake);
	(void)sigaddset(&wake, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &wake, &mask);
	job_start(&job, argv + optind, &mask);
	if (!job_wait(&job, job.start + (double)limit_s, &wake)) {
		timed_out = 1;
		(void)kill(job.pid, SIGTERM);
		if (!job_wait(&job, now() + GRACE_S, &wake)) {
			(void)kill(job.pid, SIGKILL);
			(void)job_wait(&job, now() + GRACE_S, &wake);
		}
	}
	wall = now() - job.start;
	fprintf(result, "%.6f %.6f %.6f %ld %d\n", wall,
	    seconds(job.usage.ru_utime), seconds(job.usage.ru_stime),
	    job.usage.ru_maxrss,
	    timed_out                   ? 124
		: WIFEXITED(job.status) ? WEXITSTATUS(job.status)
					: 128 + WTERMSIG(job.status));
	if (fclose(result) == EOF)
		die("result");
	return 0;
}
