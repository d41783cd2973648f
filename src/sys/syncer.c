#include "sys/syncer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct syncer {
	int fd;       /* owned: our end of the pair */
	pid_t pid;    /* of the process, which is ours to wait for */
	bool is_busy; /* has been asked and not answered */
};

/* ---- The process -------------------------------------------------------- */

/* Before Linux 5.9 it has to be done one by one. */
static void
close_span(unsigned first, unsigned last)
{
	struct rlimit limit = { .rlim_cur = 0 };

	if (close_range(first, last, 0) == 0)
		return;
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; fd++)
		(void)close((int)fd);
}

/* Close all descriptors but two. */
static void
close_others(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b);
	unsigned high = (unsigned)(a < b ? b : a);

	if (low > 0)
		close_span(0, low - 1);
	if (high > low + 1)
		close_span(low + 1, high - 1);
	close_span(high + 1, ~0U);
}

/* An octet asks for a sync, an errno value answers. */
static _Noreturn void
serve(int fd, int dir, pid_t parent)
{
	char octet;

	close_others(fd, dir);
	(void)prctl(PR_SET_NAME, "bulkfetch-sync");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before that. */
	if (getppid() != parent)
		_exit(0);
	while (recv(fd, &octet, sizeof(octet), 0) == sizeof(octet)) {
		int sys = syncfs(dir) == 0 ? 0 : errno;

		if (send(fd, &sys, sizeof(sys), MSG_NOSIGNAL) != sizeof(sys))
			break;
	}
	_exit(0);
}

/* Fork with all signals blocked, so that no handler of ours runs over there. */
static struct err
start(struct syncer *s, int fd, int dir)
{
	pid_t parent = getpid();
	sigset_t all;
	sigset_t before;
	struct err err = err_none();

	(void)sigfillset(&all);
	if (sigprocmask(SIG_BLOCK, &all, &before) == -1)
		return err_sys(ERR_FILE);
	s->pid = fork();
	if (s->pid == 0)
		serve(fd, dir, parent);
	/* EAGAIN, too many processes, is EWOULDBLOCK, which means a lock to
	 * those above. */
	if (s->pid == -1)
		err = err_code(ERR_FILE, errno == EAGAIN ? ENOMEM : errno);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}

/* ---- Our end ------------------------------------------------------------ */

struct err
syncer_new(const char *dir, struct syncer **out)
{
	struct syncer *s = malloc(sizeof(*s));
	struct err err;
	int ends[2];
	int fd;

	if (s == NULL)
		return err_of(ERR_NOMEM);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1) {
		err = err_sys(ERR_FILE);
		goto release;
	}
	/* Whole messages, and an end when either side is gone. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1) {
		err = err_sys(ERR_FILE);
		goto close_dir;
	}
	err = start(s, ends[1], fd);
	(void)close(ends[1]);
	if (err_is(err)) {
		(void)close(ends[0]);
		goto close_dir;
	}
	(void)close(fd);
	s->fd = ends[0];
	s->is_busy = false;
	*out = s;
	return err_none();
close_dir:
	(void)close(fd);
release:
	free(s);
	return err;
}

void
syncer_free(struct syncer *s)
{
	if (s == NULL)
		return;
	(void)close(s->fd);
	(void)kill(s->pid, SIGKILL);
	/* A disk that does not answer is not waited for. */
	while (waitpid(s->pid, NULL, s->is_busy ? WNOHANG : 0) == -1 &&
	    errno == EINTR)
		;
	free(s);
}

struct err
syncer_begin(struct syncer *s)
{
	const char octet = 0;

	if (send(s->fd, &octet, sizeof(octet), MSG_NOSIGNAL) == -1)
		return err_sys(ERR_FILE);
	s->is_busy = true;
	return err_none();
}

bool
syncer_poll(struct syncer *s, int timeout_ms, struct err *err)
{
	struct pollfd pollfd = { .fd = s->fd, .events = POLLIN };
	int sys;
	ssize_t got;

	if (poll(&pollfd, 1, timeout_ms) != 1)
		return false;
	got = recv(s->fd, &sys, sizeof(sys), MSG_DONTWAIT);
	if (got == sizeof(sys))
		*err = sys == 0 ? err_none() : err_code(ERR_FILE, sys);
	else /* without an answer it is gone */
		*err = err_code(ERR_FILE, EIO);
	s->is_busy = false;
	return true;
}
