#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define SECONDS_DEFAULT 30
#define SLOWNESS 12
#define WRAP_WORDS_MAX 16

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER true
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER false
#endif

/* ---- Which program, and how slow ---------------------------------------- */

static const char *
wrap_text(void)
{
	const char *wrap = getenv("BULKFETCH_WRAP");

	return wrap != NULL ? wrap : "";
}

bool
run_is_wrapped(void)
{
	return wrap_text()[0] != '\0';
}

bool
run_is_bare(void)
{
	return !run_is_wrapped() && !HAS_SANITIZER;
}

int
run_slowness(void)
{
	if (run_is_wrapped())
		return SLOWNESS;
	return HAS_SANITIZER ? 3 : 1;
}

const char *
program_path(const char *name, const char *below)
{
	static char path[PATH_MAX];
	char relative[PATH_MAX];
	const char *given = getenv(name);
	const char *build = getenv("BUILD");

	(void)snprintf(relative, sizeof(relative), "%s/%s",
	    build != NULL ? build : "build", below);
	if (given == NULL)
		given = relative;
	if (realpath(given, path) == NULL)
		fail_msg("%s: %s", given, strerror(errno));
	return path;
}

/* BULKFETCH_WRAP at its blanks; the count of words. */
static size_t
split_wrap(struct world *w, const char **words)
{
	char *text = world_text(w, "%s", wrap_text());
	size_t count = 0;
	char *rest = NULL;

	for (char *word = strtok_r(text, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		assert_true(count < WRAP_WORDS_MAX);
		words[count++] = word;
	}
	return count;
}

/* ---- The child ---------------------------------------------------------- */

/* What the child finds as its standard streams. */
struct streams {
	int in;
	int out;
	int err;
};

static void
set_limit(int which, rlim_t value)
{
	struct rlimit limit = { .rlim_cur = value, .rlim_max = value };

	if (value > 0 && setrlimit((__rlimit_resource_t)which, &limit) == -1)
		_exit(126);
}

void
run_set_sanitizers(void)
{
	(void)setenv("ASAN_OPTIONS", "exitcode=99", 0);
	(void)setenv("LSAN_OPTIONS", "exitcode=99", 0);
	(void)setenv("UBSAN_OPTIONS", "halt_on_error=1:exitcode=99", 0);
}

static void
set_environment(const struct run_spec *spec)
{
	static const char *const names[] = { "http_proxy", "https_proxy",
		"HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE" };

	run_set_sanitizers();
	(void)setenv("LC_ALL", "C", 1);
	(void)setenv("TERM", "xterm", 1);
	for (size_t i = 0; i < COUNT(names); i++)
		(void)unsetenv(names[i]);
	for (size_t i = 0; i < COUNT(spec->env) && spec->env[i] != NULL; i++)
		(void)putenv((char *)(uintptr_t)spec->env[i]);
}

static void
exec_child(const struct world *w, const struct run_spec *spec,
    const struct streams *streams, const char *const *words)
{
	/* cmocka's and our own dispositions are not the program's. */
	(void)signal(SIGPIPE, SIG_DFL);
	if (chdir(w->dir) == -1 || dup2(streams->in, STDIN_FILENO) == -1 ||
	    dup2(streams->out, STDOUT_FILENO) == -1 ||
	    dup2(streams->err, STDERR_FILENO) == -1)
		_exit(126);
	set_environment(spec);
	if (spec->umask != 0)
		(void)umask(spec->umask);
	set_limit(RLIMIT_NOFILE, spec->nofile);
	set_limit(RLIMIT_FSIZE, spec->fsize);
	(void)execvp(words[0], (char *const *)(uintptr_t)words);
	_exit(127);
}

static void
compose_words(struct world *w, const struct run_spec *spec, const char **words)
{
	size_t count = split_wrap(w, words);

	words[count++] = spec->program != NULL
	    ? spec->program
	    : world_text(w, "%s", program_path("BULKFETCH", "bulkfetch"));
	for (size_t i = 0; spec->words[i] != NULL; i++) {
		assert_true(i < RUN_WORDS_MAX);
		words[count++] = spec->words[i];
	}
	words[count] = NULL;
}

/* ---- Streams ------------------------------------------------------------ */

static void
make_pipe(int *ours, int *theirs, bool is_theirs_reading)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	*ours = fds[is_theirs_reading ? 1 : 0];
	*theirs = fds[is_theirs_reading ? 0 : 1];
	(void)fcntl(*ours, F_SETFL, O_NONBLOCK);
}

static void
make_terminal(int *ours, int *theirs)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	char name[64];

	*ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	assert_int_not_equal(*ours, -1);
	assert_int_equal(grantpt(*ours), 0);
	assert_int_equal(unlockpt(*ours), 0);
	assert_int_equal(ptsname_r(*ours, name, sizeof(name)), 0);
	*theirs = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_not_equal(*theirs, -1);
	(void)ioctl(*theirs, TIOCSWINSZ, &size);
}

static int
open_stream(const char *name, int flags)
{
	int fd = open(name, flags | O_CLOEXEC, 0666);

	if (fd == -1)
		fail_msg("%s: %s", name, strerror(errno));
	return fd;
}

static void
open_streams(
    struct run *run, const struct run_spec *spec, struct streams *streams)
{
	if (spec->is_fed) {
		make_pipe(&run->in, &streams->in, true);
	} else if (spec->input != NULL) {
		world_write(run->world, ".stdin", spec->input);
		streams->in =
		    open_stream(world_path(run->world, ".stdin"), O_RDONLY);
	} else {
		streams->in = open_stream("/dev/null", O_RDONLY);
	}
	if (spec->out != NULL)
		streams->out = open_stream(world_path(run->world, spec->out),
		    O_WRONLY | O_CREAT | O_TRUNC);
	else
		make_pipe(&run->out_fd, &streams->out, false);
	if (spec->has_terminal)
		make_terminal(&run->err_fd, &streams->err);
	else
		make_pipe(&run->err_fd, &streams->err, false);
}

struct run *
run_start(struct world *w, const struct run_spec *spec)
{
	int seconds = spec->seconds > 0 ? spec->seconds : SECONDS_DEFAULT;
	const char *words[RUN_WORDS_MAX + WRAP_WORDS_MAX + 2];
	struct run *run = world_alloc(w, sizeof(*run));
	struct streams streams;

	run->world = w;
	run->in = run->out_fd = run->err_fd = -1;
	buf_init(&run->out, RUN_OUTPUT_MAX);
	buf_init(&run->err, RUN_OUTPUT_MAX);
	compose_words(w, spec, words);
	open_streams(run, spec, &streams);
	run->begun_ms = world_now_ms();
	run->deadline_ms =
	    run->begun_ms + (int64_t)seconds * 1000 * run_slowness();
	run->pid = fork();
	assert_int_not_equal(run->pid, -1);
	if (run->pid == 0)
		exec_child(w, spec, &streams, words);
	world_add_child(w, run->pid, SIGKILL);
	(void)close(streams.in);
	(void)close(streams.out);
	(void)close(streams.err);
	return run;
}

/* ---- While it runs ------------------------------------------------------ */

static void
run_expire(struct run *run)
{
	(void)kill(run->pid, SIGKILL);
	fail_msg("still running after %lld ms; it said:\n%s",
	    (long long)(world_now_ms() - run->begun_ms), run_err(run));
}

/* Read what is there; at its end the descriptor is closed and -1. */
static void
drain(int *fd, struct buf *out)
{
	ssize_t n;

	while (*fd != -1) {
		assert_false(err_is(buf_reserve(out, 65537)));
		n = read(*fd, out->ptr + out->len, 65536);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n > 0) {
			out->len += (size_t)n;
			continue;
		}
		(void)close(*fd); /* a terminal ends with EIO */
		*fd = -1;
	}
	assert_false(err_is(buf_reserve(out, 1)));
	out->ptr[out->len] = '\0';
}

/*
 * The most memory the program has had.  Not from wait4(2), whose figure begins
 * with what we had ourselves when we forked.
 */
static void
sample_memory(struct run *run)
{
	char path[64];
	char line[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)run->pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "VmHWM:", 6) == 0)
			run->peak_kib = strtol(line + 6, NULL, 10);
	}
	if (f != NULL)
		(void)fclose(f);
}

/* Take output for at most `wait_ms`, or until there is room for input. */
static void
run_pump(struct run *run, int wait_ms, bool wants_input)
{
	struct pollfd fds[3] = {
		{ .fd = run->out_fd, .events = POLLIN },
		{ .fd = run->err_fd, .events = POLLIN },
		{ .fd = wants_input ? run->in : -1, .events = POLLOUT },
	};

	if (world_now_ms() > run->deadline_ms)
		run_expire(run);
	(void)poll(fds, 3, wait_ms);
	sample_memory(run);
	drain(&run->out_fd, &run->out);
	drain(&run->err_fd, &run->err);
}

bool
run_feed(struct run *run, struct slice octets, int patience_ms, size_t *written)
{
	int64_t moved_ms = world_now_ms();

	*written = 0;
	while (*written < octets.len) {
		ssize_t n = write(
		    run->in, octets.ptr + *written, octets.len - *written);

		if (n > 0) {
			*written += (size_t)n;
			moved_ms = world_now_ms();
			continue;
		}
		if (errno != EAGAIN)
			return false;
		if (world_now_ms() - moved_ms > patience_ms)
			return false;
		run_pump(run, 20, true);
	}
	return true;
}

void
run_feed_text(struct run *run, const char *text)
{
	size_t written;

	if (!run_feed(run, slice_str(text), SECONDS_DEFAULT * 1000, &written))
		fail_msg("standard input is not read");
}

void
run_end_input(struct run *run)
{
	(void)close(run->in);
	run->in = -1;
}

void
run_signal(struct run *run, int signal)
{
	assert_int_equal(kill(run->pid, signal), 0);
}

void
run_wait_for(struct run *run, const char *text, size_t *at)
{
	for (;;) {
		const char *err = run_err(run);
		const char *found = strstr(err + *at, text);

		if (found != NULL) {
			*at = (size_t)(found - err) + strlen(text);
			return;
		}
		if (run->err_fd == -1)
			fail_msg("it ended without \"%s\":\n%s", text, err);
		run_pump(run, 100, false);
	}
}

/* What was collected lives as long as the world from now on. */
static void
give_to_world(struct world *w, struct buf *out)
{
	uint8_t *kept = world_alloc(w, out->len + 1);
	size_t len = out->len;

	if (len > 0)
		memcpy(kept, out->ptr, len);
	buf_fini(out);
	out->ptr = kept;
	out->len = len;
}

struct run *
run_finish(struct run *run)
{
	int status = 0;

	if (run->is_over)
		return run;
	if (run->in != -1)
		run_end_input(run);
	while (run->out_fd != -1 || run->err_fd != -1)
		run_pump(run, 10, false);
	while (waitpid(run->pid, &status, WNOHANG) == 0) {
		if (world_now_ms() > run->deadline_ms)
			run_expire(run);
		world_pause();
	}
	world_drop_child(run->world, run->pid);
	run->is_over = true;
	give_to_world(run->world, &run->out);
	give_to_world(run->world, &run->err);
	run->took_ms = world_now_ms() - run->begun_ms;
	run->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	run->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	if (run->status == RUN_STATUS_FAULT)
		fail_msg("a fault was found:\n%s", run_err(run));
	return run;
}

struct run *
run_spec(struct world *w, const struct run_spec *spec)
{
	return run_finish(run_start(w, spec));
}

struct run *
bulkfetch(struct world *w, ...)
{
	const char *words[RUN_WORDS_MAX + 1];
	struct run_spec spec = { .words = words };
	size_t count = 0;
	va_list args;

	va_start(args, w);
	do {
		assert_true(count <= RUN_WORDS_MAX);
		words[count] = va_arg(args, const char *);
	} while (words[count++] != NULL);
	va_end(args);
	return run_spec(w, &spec);
}

/* ---- How it ended ------------------------------------------------------- */

const char *
run_out(const struct run *run)
{
	return run->out.ptr != NULL ? (const char *)run->out.ptr : "";
}

const char *
run_err(const struct run *run)
{
	return run->err.ptr != NULL ? (const char *)run->err.ptr : "";
}

void
expect_exit(const struct run *run, int status)
{
	if (run->status != status)
		fail_msg("exit status %d, signal %d instead of %d:\n%s",
		    run->status, run->signal, status, run_err(run));
}

void
expect_says(const struct run *run, const char *text)
{
	if (strstr(run_err(run), text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, run_err(run));
}

void
expect_says_not(const struct run *run, const char *text)
{
	if (strstr(run_err(run), text) != NULL)
		fail_msg("\"%s\" in:\n%s", text, run_err(run));
}

void
expect_summary(const struct run *run, unsigned long long fetched,
    unsigned long long skipped, unsigned long long failed)
{
	char *text = world_text(run->world,
	    "bulkfetch: %llu fetched, %llu skipped, %llu failed", fetched,
	    skipped, failed);

	expect_says(run, text);
}

void
expect_silence(const struct run *run)
{
	/* Valgrind has its own word on system calls that it does not know. */
	if (run_is_wrapped())
		expect_says_not(run, "bulkfetch: ");
	else if (run->err.len > 0)
		fail_msg("it said:\n%s", run_err(run));
}
